import type { Layout, Outline } from "../artifact/layout.ts";
import type { Artifact, ChangeClass, FileChange, ModelVersion, TreeEntry } from "../model/change.ts";
import type { Manifest } from "../model/manifest.ts";
import { byCodeUnits } from "../model/order.ts";
import { canonical, digestOf } from "../parse/canonical.ts";
import { quote } from "../parse/excerpt.ts";
import { LOCK_NAME } from "./lock-outputs.ts";
import { folderOf, nameOf, relativePath } from "./path.ts";
import type { RecipeComparison } from "./recipe.ts";

/** What a change class is told from. */
export interface Comparison {
  readonly base?: ModelVersion;
  readonly head?: ModelVersion;
  /** The changed files that concern the model. */
  readonly files: readonly FileChange[];
  /** Of artifacts whose bytes differ and are in git on both sides, by path at head. */
  readonly outlines: ReadonlyMap<string, { readonly base: Outline; readonly head: Outline }>;
  /** Of the pipelines that make the model; absent where no lock has changed. */
  readonly recipe?: RecipeComparison;
}

export interface Classification {
  readonly changeClass: ChangeClass;
  /** Each a sentence, with the digests where they decided. */
  readonly reasons: readonly string[];
}

/** A comparison of two manifests that can be used. */
interface Pair {
  readonly base: Manifest;
  readonly head: Manifest;
}

/**
 * The class of a change to one model, told from digests: A only documents, B new weights or data under an equal
 * plan, C anything else and what cannot be compared, D no base, E ended. That it is a rollback only a trail can tell.
 */
export function classify(comparison: Comparison): Classification {
  const { base, head } = comparison;
  if (head === undefined) return { changeClass: "E", reasons: ["The head does not have the model any more"] };
  if (base === undefined) return { changeClass: "D", reasons: ["The merge base does not have the model"] };
  const unknown = [...unknownsOf(base, "merge base"), ...unknownsOf(head, "head")];
  if (base.manifest === undefined || head.manifest === undefined || unknown.length > 0) {
    return {
      changeClass: "C",
      reasons: unknown.length > 0 ? unknown : ["No manifest says what the model is"],
    };
  }
  const pair = { base: base.manifest, head: head.manifest };
  const artifacts = pairArtifacts(base, head);
  const refreshed = [...artifacts.flatMap(refreshOf), ...dataDifferences(comparison.files, pair)];
  const material = [
    ...artifacts.flatMap(incomparable),
    ...artifacts.flatMap((artifact) => outlineDifferences(artifact, comparison, pair)),
    ...(comparison.recipe?.differences ?? []),
    ...planDifferences(pair),
    ...otherFiles(comparison, pair),
  ];
  return decide({ pair, refreshed, material, results: resultDifferences(comparison.files, pair), head });
}

interface Differences {
  readonly pair: Pair;
  readonly head: ModelVersion;
  /** What a refresh may change. */
  readonly refreshed: readonly string[];
  /** Evaluation results: new with a new model, but never without one. */
  readonly results: readonly string[];
  readonly material: readonly string[];
}

function decide({ pair, head, refreshed, results, material }: Differences): Classification {
  const status =
    pair.base.status === pair.head.status ? [] : [`status ${pair.base.status} -> ${pair.head.status}`];
  // Whoever puts a model to rest leaves it as it is: gates spare what ends.
  const isAsItWas = refreshed.length === 0 && material.length === 0;
  if (status.length > 0 && pair.head.status === "retired" && isAsItWas) {
    return { changeClass: "E", reasons: status };
  }
  const found = [...status, ...material];
  if (found.length > 0) return { changeClass: "C", reasons: [...found, ...refreshed] };
  if (refreshed.length > 0) return { changeClass: "B", reasons: refreshed };
  if (results.length > 0) return { changeClass: "C", reasons: results };
  return { changeClass: "A", reasons: head.artifacts.map(({ path, digest }) => `${path} stays ${digest}`) };
}

/** Why a version cannot be compared. */
function unknownsOf(version: ModelVersion, side: string): string[] {
  const unknown = version.artifacts.filter(({ digest }) => digest === undefined);
  return [
    ...version.problems.map(({ code }) => `The manifest at the ${side} cannot be used: ${code}`),
    ...unknown.map(
      ({ path, problem }) => `${path} at the ${side} has no digest: ${problem?.code ?? "unknown"}`,
    ),
  ];
}

export interface ArtifactPair {
  readonly base: Artifact;
  readonly head: Artifact;
}

/** The artifacts that both sides have, by their path from the manifest: a model may move as a whole. */
export function pairArtifacts(base: ModelVersion, head: ModelVersion): ArtifactPair[] {
  const pathOf = (version: ModelVersion, { path }: Artifact) =>
    version.manifest === undefined ? path : fromManifest(version.manifest, path);
  const before = new Map(base.artifacts.map((artifact) => [pathOf(base, artifact), artifact]));
  return head.artifacts.flatMap((artifact) => {
    const earlier = before.get(pathOf(head, artifact));
    return earlier === undefined ? [] : [{ base: earlier, head: artifact }];
  });
}

function refreshOf({ base, head }: ArtifactPair): string[] {
  return base.digest === head.digest ? [] : [`${head.path}: ${base.digest} -> ${head.digest}`];
}

function incomparable({ base, head }: ArtifactPair): string[] {
  const algorithm = ({ digest }: Artifact) => digest?.split(":")[0];
  if (algorithm(base) === algorithm(head)) return [];
  return [`${head.path}: ${base.digest} cannot be compared with ${head.digest}`];
}

/** What is not the same in a file whose weights are new; of one that cannot be compared, that nothing else tells. */
function outlineDifferences(
  { base, head }: ArtifactPair,
  { files, outlines, recipe }: Comparison,
  pair: Pair,
): readonly string[] {
  if (base.digest === head.digest) return [];
  const outline = outlines.get(head.path);
  if (outline !== undefined && outline.base.format !== outline.head.format) {
    return [`${head.path}: format ${outline.base.format} -> ${outline.head.format}`];
  }
  const [before, after] = [outline?.base.layout, outline?.head.layout];
  if (before !== undefined && after !== undefined) return layoutDifferences(head.path, before, after);
  const isTold =
    recipe?.refreshed.has(head.path) ||
    isSameSize(base, head) ||
    ((outline === undefined || outline.head.isModel) && hasNewTrainingData(files, pair));
  if (isTold) return [];
  const why =
    outline === undefined
      ? "git keeps a pointer to its content"
      : `nothing reads the layout of this ${outline.head.format} file`;
  return [
    `${head.path}: ${base.digest} -> ${head.digest} cannot be compared, for ${why}, and neither new training data in ${pair.head.path} nor a dvc.lock tells that it is the same model on other data`,
  ];
}

/**
 * A safetensors file is its header and its tensors without a byte between them: another layout has another size, unless
 * somebody takes pains. Of what Git LFS or DVC keeps, no more can be told on every machine.
 */
function isSameSize(base: Artifact, head: Artifact): boolean {
  const [before, after] = [base.pointer?.size, head.pointer?.size];
  return /\.safetensors$/i.test(head.path) && before !== undefined && before === after;
}

/** Names that are spelled out; of a large network, thousands may differ. */
const TENSORS_SHOWN_MAX = 3;

function layoutDifferences(path: string, base: Layout, head: Layout): readonly string[] {
  const [before, after] = [tensorsOf(base), tensorsOf(head)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort(byCodeUnits);
  const differing = names.filter((name) => before.get(name) !== after.get(name));
  if (differing.length === 0) return [];
  const shown = differing
    .slice(0, TENSORS_SHOWN_MAX)
    .map((name) => `${quote(name)} ${before.get(name) ?? "absent"} -> ${after.get(name) ?? "absent"}`);
  const more = differing.length - shown.length;
  const digests = `layout ${digestOf([...before].sort())} -> ${digestOf([...after].sort())}`;
  return [`${path}: ${digests}: tensor ${shown.join(", ")}${more === 0 ? "" : ` and ${more} more`}`];
}

function tensorsOf(layout: Layout): ReadonlyMap<string, string> {
  return new Map(layout.map(({ name, dtype, shape }) => [name, `${dtype}[${shape.join(",")}]`]));
}

/** Whether the change says, by digest or by content, that the model learned from other data. */
function hasNewTrainingData(files: readonly FileChange[], { base, head }: Pair): boolean {
  const learned = ({ data }: Manifest) =>
    data.filter(({ role }) => role === "train" || role === "validation");
  const before = new Map(learned(base).map(({ name, digest }) => [name, digest]));
  return learned(head).some(({ name, digest, path }) => {
    const isPinnedAnew = before.has(name) && digest !== undefined && digest !== before.get(name);
    const isChanged = path !== undefined && files.some((file) => covers(path, file.path));
    return isPinnedAnew || isChanged;
  });
}

/** What of the manifest may not change in a refresh; what it says of results and digests is left out. */
function planOf(manifest: Manifest): Readonly<Record<string, unknown>> {
  const { owner, purpose, tier, context, notApplicable } = manifest;
  const pathOf = (path: string | undefined) =>
    path === undefined ? undefined : fromManifest(manifest, path);
  return {
    id: manifest.id,
    owner,
    purpose,
    tier,
    context,
    artifacts: manifest.artifacts.map(({ path }) => pathOf(path)).sort(),
    evaluation: manifest.evaluation.map(({ path, dataset, role, metrics }) => {
      return { path: pathOf(path), dataset, role, metrics };
    }),
    data: manifest.data.map(({ name, role, path }) => ({ name, role, path: pathOf(path) })),
    not_applicable: notApplicable,
  };
}

function planDifferences({ base, head }: Pair): string[] {
  const before = planOf(base);
  const differing = Object.entries(planOf(head)).filter(
    ([key, value]) => textOf(value) !== textOf(before[key]),
  );
  return differing.map(([key]) => `${head.path} changes ${key}`);
}

function textOf(value: unknown): string {
  return value === undefined ? "" : canonical(value);
}

function dataDifferences(files: readonly FileChange[], pair: Pair): string[] {
  const before = new Map(pair.base.data.map(({ name, digest }) => [name, digest]));
  const declared = pair.head.data.filter(({ name, digest }) => digest !== before.get(name));
  return [
    ...declared.map(
      ({ name, digest }) => `data ${name}: ${before.get(name) ?? "unpinned"} -> ${digest ?? "unpinned"}`,
    ),
    ...files.filter((file) => rolesOf(file, pair).has("data")).map((file) => `data ${contentOf(file)}`),
  ];
}

function resultDifferences(files: readonly FileChange[], pair: Pair): string[] {
  const statement = ({ evaluation }: Manifest) =>
    textOf(
      evaluation.map(({ datasetDigest, subject, producedAt }) => ({ datasetDigest, subject, producedAt })),
    );
  const isRestated = statement(pair.base) !== statement(pair.head);
  const changed = files.filter((file) => rolesOf(file, pair).has("results"));
  return [
    ...(isRestated
      ? [`${pair.head.path} changes what the results are about, and the model is the same`]
      : []),
    ...changed.map((file) => `results ${contentOf(file)}, and the model is the same`),
  ];
}

function otherFiles({ files, recipe }: Comparison, pair: Pair): string[] {
  const others = files.filter((file) => rolesOf(file, pair).has("other") && !isCompared(file, recipe));
  return others.map((file) => `${contentOf(file)}: more than documents, artifacts, data and results`);
}

/** A lock that was compared has said all that it has to say, and so have the data that it names. */
function isCompared({ path }: FileChange, recipe: RecipeComparison | undefined): boolean {
  if (recipe === undefined) return false;
  return nameOf(path) === LOCK_NAME || [...recipe.data].some((name) => covers(name, path));
}

function contentOf({ path, base, head }: FileChange): string {
  const id = (entry: TreeEntry | undefined) => (entry === undefined ? "absent" : `git:${entry.oid}`);
  return `${path}: ${id(base)} -> ${id(head)}`;
}

type Role = "manifest" | "artifact" | "data" | "results" | "document" | "other";

/** What a changed file is to the model, at base and at head. */
function rolesOf({ status, base, head }: FileChange, pair: Pair): ReadonlySet<Role> {
  const roles = new Set<Role>();
  if (base !== undefined && status !== "copied") roles.add(roleOf(base, pair.base));
  if (head !== undefined) roles.add(roleOf(head, pair.head));
  return roles;
}

function roleOf(entry: TreeEntry, manifest: Manifest): Role {
  const { path } = entry;
  const isAmong = (claims: readonly { readonly path?: string }[]) =>
    claims.some((claim) => claim.path !== undefined && covers(claim.path, path));
  if (path === manifest.path) return "manifest";
  if (isAmong(manifest.artifacts)) return "artifact";
  if (isAmong(manifest.data)) return "data";
  if (isAmong(manifest.evaluation)) return "results";
  return path === manifest.card || isDocument(entry) ? "document" : "other";
}

/** A claim is of a file, of its `.dvc` file, or of all in a folder. */
function covers(claim: string, path: string): boolean {
  return path === claim || path === `${claim}.dvc` || path.startsWith(`${claim}/`);
}

/** By extension. Not every `.txt`: vocabularies, labels and requirements are such, and change what a model does. */
const DOCUMENT = /\.(?:md|rst|png|jpe?g|gif|svg|webp)$/i;
const KNOWN_TEXT =
  /^(?:authors|changelog|citation|contributing|copying|history|licen[cs]e|notice|readme)(?:\.txt)?$/i;

function isDocument({ path, kind }: TreeEntry): boolean {
  const name = nameOf(path);
  return (kind === "file" || kind === "executable") && (DOCUMENT.test(name) || KNOWN_TEXT.test(name));
}

function fromManifest(manifest: Manifest, path: string): string {
  return relativePath(folderOf(manifest.path), path);
}
