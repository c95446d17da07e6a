import { basename } from "node:path";
import { metrics as metricsAdapter } from "../gate/adapter/metrics.ts";
import { subjectOf } from "../gate/change/artifacts.ts";
import { parseManifest } from "../gate/change/manifest.ts";
import { folderOf, foldersAbove, nameOf } from "../gate/change/path.ts";
import { readChangeSet } from "../gate/change/read.ts";
import type { Checkout } from "../gate/checkout.ts";
import type { Artifact, ModelChange, Tree, TreeEntry } from "../gate/model/change.ts";
import { GateError } from "../gate/model/error.ts";
import { parsePolicy } from "../gate/policy/parse.ts";
import type { Repository } from "../gate/world.ts";
import { POLICY_PATH } from "./policy-file.ts";
import { chooseIds, type FoundModel, manifestPath, manifestText, policyText } from "./scaffold.ts";

const CARD = /^(?:readme|model_card|modelcard)\.md$/i;
const METRICS = /^(?:metrics|eval(?:uation)?|scores)\.(?:json|ya?ml)$/i;
const METRICS_BYTES_MAX = 1_048_576;
/** Stands for a commit before all others. */
const NOTHING = "0".repeat(40);

export interface FoundModels {
  /** By folder. */
  readonly models: readonly FoundModel[];
  readonly passedOver: readonly PassedOver[];
}

/** What no manifest could be written about. */
export interface PassedOver {
  /** A model file, the folder of several, or a file of metrics; only the models then lack a manifest. */
  readonly path: string;
  readonly isModel: boolean;
  readonly reason: string;
  readonly fix?: string;
}

/** The models of the work tree that no manifest describes, as the engine sees them in a change from nothing. */
export async function findModels(repository: Checkout): Promise<FoundModels> {
  const change = await readChangeSet({ base: NOTHING, head: "worktree" }, fromNothing(repository));
  const described = change.models.filter((model) => !isUnclaimed(model));
  const artifacts = change.models.filter(isUnclaimed).flatMap(({ head }) => head?.artifacts ?? []);
  const tree = await repository.tree("worktree");
  const refusals = artifacts.map((artifact) => refusalOf(artifact, described, tree));
  const folders = groupByFolder(artifacts.filter((_, index) => refusals[index] === undefined));
  const ids = chooseIds([...folders.keys()], {
    root: basename(repository.directory),
    taken: described.map(({ id }) => id),
  });
  const passedOver = refusals.filter((refusal) => refusal !== undefined);
  const models: FoundModel[] = [];
  for (const [folder, grouped] of folders) {
    const model = { id: ids.get(folder) ?? "model", folder, artifacts: grouped };
    models.push(...(await describe(model, { repository, tree, passedOver })));
  }
  return { models, passedOver };
}

function fromNothing(repository: Repository): Repository {
  return {
    ...repository,
    commit: async (revision) => (revision === NOTHING ? NOTHING : repository.commit(revision)),
    mergeBase: async () => NOTHING,
    tree: async (commit) => (commit === NOTHING ? new Map() : repository.tree(commit)),
  };
}

function isUnclaimed({ head }: ModelChange): boolean {
  return head?.problems.some(({ code }) => code === "MODEL_UNCLAIMED") === true;
}

/** Why a model file cannot be described in a manifest of its own. */
function refusalOf(
  { path, problem }: Artifact,
  described: readonly ModelChange[],
  tree: Tree,
): PassedOver | undefined {
  const refuse = (reason: string, fix?: string) => ({ path, isModel: true, reason, ...(fix && { fix }) });
  if (problem !== undefined) return refuse(problem.message, problem.fix);
  if (!path.isWellFormed()) {
    const reason = `${path} is not UTF-8, and neither a manifest nor a policy can name it`;
    return refuse(reason, "Rename what is not UTF-8 in it, then run weighbridge init");
  }
  const manifests = described.flatMap(({ head }) => head?.manifest?.path ?? []);
  for (const folder of foldersAbove(path)) {
    const manifest = manifests.find((known) => folderOf(known) === folder);
    if (manifest !== undefined)
      return refuse(`${path} stands in the folder of ${manifest}: name it there, under artifacts`);
  }
  const beside = manifestPath({ folder: folderOf(path) });
  if (!tree.has(beside)) return undefined;
  const isBroken = described.some(({ head }) => head?.problems.some(({ place }) => place?.path === beside));
  return isBroken
    ? refuse(
        `${path} has a ${beside} that cannot be read`,
        "Mend that file, and name the model under artifacts",
      )
    : refuse(foreignReason(path, beside), FOREIGN_FIX);
}

function foreignReason(path: string, beside: string): string {
  return `${path} has no manifest, and ${beside}, where it would stand, is a file of another tool`;
}

const FOREIGN_FIX =
  "Name the model under artifacts in a model.yml of a folder above; or rename the other tool's file, then run weighbridge init";

/** By the path of the content, not of the `.dvc` file that stands for it. */
function groupByFolder(artifacts: readonly Artifact[]): ReadonlyMap<string, readonly Artifact[]> {
  const folders = new Map<string, Artifact[]>();
  for (const artifact of artifacts) {
    const path = artifact.path.replace(/\.dvc$/, "");
    const known = folders.get(folderOf(path)) ?? [];
    if (!known.some((other) => other.path === path)) known.push({ ...artifact, path });
    folders.set(folderOf(path), known);
  }
  return folders;
}

interface Looking {
  readonly repository: Checkout;
  readonly tree: Tree;
  readonly passedOver: PassedOver[];
}

/** The model with what stands beside it; nothing where a manifest could not say what its files are called. */
async function describe(
  model: Omit<FoundModel, "card" | "metrics" | "subject">,
  looking: Looking,
): Promise<readonly FoundModel[]> {
  const subject = subjectOf(model.artifacts, model.folder);
  if (subject === undefined) throw new TypeError(`${model.folder} has an artifact without a digest`);
  const beside = [...looking.tree.values()].filter(({ path }) => folderOf(path) === model.folder);
  const card = beside.find(({ path }) => CARD.test(nameOf(path)));
  const results = beside.find(({ path }) => METRICS.test(nameOf(path)));
  const found = { ...model, subject, ...(card === undefined ? {} : { card: card.path }) };
  const metrics = results === undefined ? undefined : await readMetrics(results, looking);
  const candidates = metrics === undefined ? [found] : [{ ...found, metrics }, found];
  const valid = candidates.find((candidate) => isValid(candidate, looking.passedOver));
  return valid === undefined ? [] : [valid];
}

async function readMetrics(entry: TreeEntry, looking: Looking): Promise<FoundModel["metrics"]> {
  try {
    const [bytes = new Uint8Array()] = await looking.repository.read([entry], METRICS_BYTES_MAX);
    const { items } = metricsAdapter.read({ path: entry.path, bytes });
    const keys = items.flatMap((item) => (item.kind === "metric" ? [item.name] : []));
    return keys.length === 0 ? undefined : { path: entry.path, keys };
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    looking.passedOver.push({ path: entry.path, isModel: false, reason: cause.message });
    return undefined;
  }
}

/** Whether the manifest and the policy that name the model can be read again. */
function isValid(model: FoundModel, passedOver: PassedOver[]): boolean {
  try {
    parseManifest(Buffer.from(manifestText(model)), manifestPath(model));
    parsePolicy(Buffer.from(policyText(model.id, [model])), POLICY_PATH);
    return true;
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    const folder = model.folder || "the root";
    const kind = cause.place?.path === POLICY_PATH ? "No policy" : "No manifest";
    passedOver.push({
      path: model.folder || ".",
      isModel: true,
      reason: `${kind} can describe ${folder}. ${cause.message}`,
      ...(cause.fix === undefined ? {} : { fix: cause.fix }),
    });
    return false;
  }
}
