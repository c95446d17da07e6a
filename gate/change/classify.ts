import type { Artifact, ChangeClass, FileChange, ModelVersion, TreeEntry } from "../model/change.ts";
import type { Manifest } from "../model/manifest.ts";
import { canonical } from "../parse/canonical.ts";
import { folderOf, nameOf, relativePath } from "./path.ts";

/** What a change class is told from. */
export interface Comparison {
  readonly base?: ModelVersion;
  readonly head?: ModelVersion;
  /** The changed files that concern the model. */
  readonly files: readonly FileChange[];
  /** Formats of artifacts whose bytes differ and are in git on both sides, by path at head. */
  readonly formats: ReadonlyMap<string, { readonly base: string; readonly head: string }>;
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
    ...formatDifferences(comparison),
    ...planDifferences(pair),
    ...otherFiles(comparison.files, pair),
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

function formatDifferences({ formats }: Comparison): string[] {
  const differing = [...formats].filter(([, { base, head }]) => base !== head);
  return differing.map(([path, { base, head }]) => `${path}: format ${base} -> ${head}`);
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

function otherFiles(files: readonly FileChange[], pair: Pair): string[] {
  const others = files.filter((file) => rolesOf(file, pair).has("other"));
  return others.map((file) => `${contentOf(file)}: more than documents, artifacts, data and results`);
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
