import { posix } from "node:path";
import type { Digest } from "../gate/model/digest.ts";
import { knownDirection } from "../gate/model/metric-names.ts";

/** Models that stand in one folder, as far as they can be read off the files. */
export interface FoundModel {
  readonly id: string;
  /** From the repository's root; empty for the root itself. */
  readonly folder: string;
  readonly artifacts: readonly { readonly path: string; readonly digest: Digest }[];
  /** Digest that evidence about these artifacts has to name. */
  readonly subject: Digest;
  readonly card?: string;
  readonly metrics?: { readonly path: string; readonly names: readonly string[] };
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
    "# tier: T2                         # T1 is the most critical; context can only raise it",
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
    ...metrics.names.map(metricLine),
  ];
}

function metricLine(key: string): string {
  const name = key.split(".").at(-1) ?? key;
  const direction = knownDirection(name);
  const note = direction === undefined ? "  # direction: higher or lower, whichever is better" : "";
  const fields = [`name: ${quote(name)}`, ...(name === key ? [] : [`key: ${quote(key)}`])];
  if (direction !== undefined) fields.push(`direction: ${direction}`);
  return `      - { ${fields.join(", ")} }${note}`;
}

export function policyText(name: string, models: readonly FoundModel[]): string {
  return [
    "# The policy of this repository. It is read from the base branch: a pull request cannot change its own judge.",
    "weighbridge: 1",
    `policy: { name: ${quote(name)}, version: 1.0.0 }`,
    "extends: [core@1, performance@1]",
    "# roles:",
    "#   owner: { teams: [acme/credit-owners] }",
    "#   risk:  { users: [maria] }",
    ...(models.length === 0 ? [] : ["models:"]),
    ...models.map(
      ({ id, folder }) => `  - { id: ${quote(id)}, path: ${quote(folder === "" ? "." : folder)}, tier: T3 }`,
    ),
    "# gates:",
    "#   - id: auc-floor",
    "#     rule: metric.floor",
    "#     with: { metric: roc_auc, dataset: holdout, min: 0.78 }",
    "#     severity: block",
    "#     why: below 0.78 the model loses to the one that it replaces",
    "",
  ].join("\n");
}

/** A model id from a folder's name. */
export function idOf(folder: string, fallback: string): string {
  const name = (folder === "" ? fallback : posix.basename(folder)).toLowerCase();
  const id = name
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 64);
  return id === "" ? "model" : id;
}
