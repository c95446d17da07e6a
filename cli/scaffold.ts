import { posix } from "node:path";
import { MANIFEST_NAME } from "../gate/change/manifest.ts";
import type { Artifact } from "../gate/model/change.ts";
import type { Digest } from "../gate/model/digest.ts";
import { knownDirection } from "../gate/model/metric-names.ts";

/** Models that stand in one folder, as far as they can be read off the files. */
export interface FoundModel {
  readonly id: string;
  /** From the repository's root; empty for the root itself. */
  readonly folder: string;
  readonly artifacts: readonly Artifact[];
  /** Digest that evidence about these artifacts has to name. */
  readonly subject: Digest;
  readonly card?: string;
  /** Where numbers stand in a file, as dotted paths. */
  readonly metrics?: { readonly path: string; readonly keys: readonly string[] };
}

export function manifestPath({ folder }: Pick<FoundModel, "folder">): string {
  return posix.join(folder, MANIFEST_NAME);
}

/** A JSON string is a YAML string too, whatever stands in it. */
const quote = (text: string) => JSON.stringify(text);

/** `model.yml` with what is known; what only people know stands there as a comment to fill in. */
export function manifestText(model: FoundModel): string {
  const relative = (path: string) => quote(posix.relative(model.folder, path));
  return [
    "weighbridge: 1",
    `id: ${quote(model.id)}`,
    "# owner: acme/credit-owners        # the team that answers for the model",
    "# purpose: Scores applications for consumer credit",
    "status: candidate                  # experiment, candidate, production, retired",
    "# next_review: 2027-06-30",
    "# tier: T2                         # T1 is the most critical; it can only make the model's tier stricter",
    ...contextLines(model),
    "artifacts:",
    ...model.artifacts.flatMap(({ path, digest }) => [
      `  - path: ${relative(path)}`,
      `    digest: ${digest}`,
    ]),
    ...evaluationLines(model, relative),
    "# data:                            # what it was trained and tested on, each by digest",
    "#   - { name: train, role: train, path: data/train.csv.dvc }",
    ...(model.card === undefined ? ["# card: README.md"] : [`card: ${relative(model.card)}`]),
    "",
  ].join("\n");
}

/** What only people know: nothing made up stands there, for silence is judged as the strictest. */
function contextLines(model: FoundModel): readonly string[] {
  return [
    ...(policyPath(model) === undefined
      ? [
          "# Judged as T1, the strictest, until the three below are filled in: no policy can name this folder.",
        ]
      : [
          "# Judged as the policy's models say; where they say no tier, as T1 until the three below are filled in.",
        ]),
    "# context:",
    "#   domain: consumer-credit        # the field of use; other where no word fits",
    "#   exposure: 2                    # how much depends on the model, 0 to 4",
    "#   purpose: 1                     # how much its use can do, 0 to 4",
  ];
}

function evaluationLines(model: FoundModel, relative: (path: string) => string): readonly string[] {
  const { metrics, subject } = model;
  if (metrics === undefined) {
    return [
      "# evaluation:                      # the plan: every metric named here has to be reported",
      "#   - path: metrics.json",
      "#     dataset: holdout",
      "#     role: test",
      `#     subject: ${subject}`,
      "#     metrics: [roc_auc]",
    ];
  }
  return [
    "evaluation:",
    `  - path: ${relative(metrics.path)}`,
    "    dataset: holdout",
    "    role: test",
    "    # The model that was measured. Evaluate again and write its digest here when the model changes.",
    `    subject: ${subject}`,
    "    metrics:",
    ...metrics.keys.map((key) => metricLine(key, metrics.keys)),
  ];
}

/** Under its last name, unless another has the same. */
function metricLine(key: string, keys: readonly string[]): string {
  const last = lastName(key);
  const name = keys.filter((other) => lastName(other) === last).length > 1 ? key : last;
  const direction = knownDirection(last);
  const note = direction === undefined ? "  # direction: higher or lower, whichever is better" : "";
  const fields = [`name: ${quote(name)}`, ...(name === key ? [] : [`key: ${quote(key)}`])];
  if (direction !== undefined) fields.push(`direction: ${direction}`);
  return `      - { ${fields.join(", ")} }${note}`;
}

function lastName(key: string): string {
  return key.split(".").at(-1) || key;
}

const POLICY_PATH = /^[^\\*?\u0000-\u001f]{1,400}$/;

/** What a policy names the model by: its folder, or its manifest where that is at the root, which has no name. */
function policyPath({ folder }: Pick<FoundModel, "folder">): string | undefined {
  if (folder === "") return MANIFEST_NAME;
  return POLICY_PATH.test(folder) ? folder : undefined;
}

export function policyText(repository: string, found: readonly FoundModel[]): string {
  const models = found.flatMap((model) => {
    const path = policyPath(model);
    return path === undefined ? [] : [{ id: model.id, path }];
  });
  return [
    "# The policy of this repository. It is read from the base branch: a pull request cannot change its own judge.",
    "weighbridge: 1",
    `policy: { name: ${quote(toId(repository).replaceAll(/[._]/g, "-"))}, version: 1.0.0 }`,
    "extends: [core@1, performance@1]",
    "# roles:",
    "#   owner: { teams: [acme/credit-owners] }",
    "#   risk:  { users: [maria] }",
    ...(models.length === 0 ? [] : ["models:"]),
    ...models.map(({ id, path }) => `  - { id: ${quote(id)}, path: ${quote(path)}, tier: T3 }`),
    "# gates:",
    "#   - id: auc-floor",
    "#     rule: metric.floor",
    "#     with: { metric: roc_auc, dataset: holdout, min: 0.78 }",
    "#     severity: block",
    "#     why: below 0.78 the model loses to the one that it replaces",
    "",
  ].join("\n");
}

/** An id for each folder: its name, its whole path where several have that name, and a number if need be. */
export function chooseIds(
  folders: readonly string[],
  { root, taken }: { readonly root: string; readonly taken: readonly string[] },
): ReadonlyMap<string, string> {
  const short = (folder: string) => toId(folder === "" ? root : posix.basename(folder));
  const used = new Set(taken);
  const shorts = folders.map(short);
  return new Map(
    folders.map((folder) => {
      const name = short(folder);
      const isClear = shorts.filter((other) => other === name).length === 1 && !used.has(name);
      const id = isClear ? name : firstUnused(toId(folder === "" ? root : folder), used);
      used.add(id);
      return [folder, id];
    }),
  );
}

function firstUnused(name: string, used: ReadonlySet<string>): string {
  let id = name;
  for (let number = 2; used.has(id); number++) id = `${name.slice(0, ID_CHARS_MAX - 6)}-${number}`;
  return id;
}

const ID_CHARS_MAX = 64;

/** What manifests and policies take for an id. */
function toId(text: string): string {
  const id = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, ID_CHARS_MAX)
    .replace(/[^a-z0-9]+$/, "");
  return id === "" ? "model" : id;
}
