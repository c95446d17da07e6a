import { basename } from "node:path";
import { metrics as metricsAdapter } from "../gate/adapter/metrics.ts";
import { subjectOf } from "../gate/change/artifacts.ts";
import { parseManifest } from "../gate/change/manifest.ts";
import { folderOf, foldersAbove, nameOf } from "../gate/change/path.ts";
import { readChangeSet } from "../gate/change/read.ts";
import type { Checkout } from "../gate/checkout.ts";
import type { Artifact, ModelChange, Tree, TreeEntry } from "../gate/model/change.ts";
import { GateError } from "../gate/model/error.ts";
import type { Repository } from "../gate/world.ts";
import { chooseIds, type FoundModel, manifestPath, manifestText } from "./scaffold.ts";

const CARD = /^(?:readme|model_card|modelcard)\.md$/i;
const METRICS = /^(?:metrics|eval(?:uation)?|scores)\.(?:json|ya?ml)$/i;
const METRICS_BYTES_MAX = 1_048_576;
/** Stands for a commit before all others. */
const NOTHING = "0".repeat(40);

export interface FoundModels {
  /** By folder. */
  readonly models: readonly FoundModel[];
  /** What no manifest could be written about, each a sentence. */
  readonly passedOver: readonly string[];
}

/** The models of the work tree that no manifest describes, as the engine sees them in a change from nothing. */
export async function findModels(repository: Checkout): Promise<FoundModels> {
  const change = await readChangeSet({ base: NOTHING, head: "worktree" }, fromNothing(repository));
  const described = change.models.filter((model) => !isUnclaimed(model));
  const artifacts = change.models.filter(isUnclaimed).flatMap(({ head }) => head?.artifacts ?? []);
  const refusals = artifacts.map((artifact) => refusalOf(artifact, described));
  const folders = groupByFolder(artifacts.filter((_, index) => refusals[index] === undefined));
  const ids = chooseIds([...folders.keys()], {
    root: basename(repository.directory),
    taken: described.map(({ id }) => id),
  });
  const tree = await repository.tree("worktree");
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
function refusalOf({ path, problem }: Artifact, described: readonly ModelChange[]): string | undefined {
  if (problem !== undefined) return problem.message;
  const manifests = described.flatMap(({ head }) => head?.manifest?.path ?? []);
  for (const folder of foldersAbove(path)) {
    const manifest = manifests.find((known) => folderOf(known) === folder);
    if (manifest !== undefined)
      return `${path} stands in the folder of ${manifest}: name it there, under artifacts`;
  }
  return undefined;
}

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
  readonly passedOver: string[];
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
    looking.passedOver.push(cause.message);
    return undefined;
  }
}

function isValid(model: FoundModel, passedOver: string[]): boolean {
  try {
    parseManifest(Buffer.from(manifestText(model)), manifestPath(model));
    return true;
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    passedOver.push(`No manifest can describe ${model.folder || "the root"}. ${cause.message}`);
    return false;
  }
}
