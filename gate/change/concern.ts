import type { FileChange } from "../model/change.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Recipes } from "./lock-stages.ts";
import type { ManifestFile } from "./manifest-file.ts";
import { mayHaveId, mayName, namesOf } from "./mentions.ts";
import { foldersAbove } from "./path.ts";
import type { Side, SideName, Sides } from "./side.ts";

/** The manifests of one side that the change concerns, each with the changes that do. */
export type Concerned = Map<ManifestFile, Set<FileChange>>;

export interface Concern {
  readonly base: Concerned;
  readonly head: Concerned;
  /** What a manifest says that a touched path is: a model file, or a file or folder of data or results. */
  claimOf(path: string, side: SideName): Claim | undefined;
}

export type Claim = "artifact" | "data";
type Claims = ReadonlyMap<string, Claim>;

/**
 * Which models a change concerns: a touched path stands in the model's folder (the nearest manifest upwards has it)
 * or is named by its manifest, or it goes into what a pipeline makes and the manifest names. A manifest stands on both sides if it is on either, and brings those of the same id.
 */
export function findConcern(sides: Sides): Concern {
  const base = findConcerned(sides.base, sides.recipes);
  const head = findConcerned(sides.head, sides.recipes);
  addNamesakes(sides, head.concerned);
  addCounterparts(head.concerned, sides.base, base.concerned);
  addCounterparts(base.concerned, sides.head, head.concerned);
  const claimOf = (path: string, side: SideName) => {
    const isBroken = nearestManifest(path, sides[side])?.read().kind === "broken";
    // A manifest that cannot be read closes the gate by itself, and still has the artifacts that it had.
    const former = side === "head" && isBroken ? findClaim(path, base.claims) : undefined;
    return findClaim(path, side === "head" ? head.claims : base.claims) ?? former;
  };
  return { base: base.concerned, head: head.concerned, claimOf };
}

function findClaim(path: string, claims: Claims): Claim | undefined {
  const names = [path, path.replace(/\.dvc$/, "")];
  if (names.some((name) => claims.get(name) === "artifact")) return "artifact";
  return [...names, ...foldersAbove(path)].some((name) => claims.get(name) === "data") ? "data" : undefined;
}

function findConcerned(side: Side, { touched: remade }: Recipes): { concerned: Concerned; claims: Claims } {
  const concerned: Concerned = new Map();
  const claims = new Map<string, Claim>();
  for (const [path, cause] of side.touched) {
    const nearest = nearestManifest(path, side);
    if (nearest !== undefined) add(concerned, nearest, [cause]);
  }
  const causes = causesByPath(side);
  for (const [path, changes] of remade) addCauses(causes, [path, ...foldersAbove(path)], changes);
  const names = namesOf([...side.touched.keys(), ...remade.keys()]);
  for (const file of side.manifests.values()) {
    const mayConcern = causes.has(file.folder) || (file.bytes !== undefined && mayName(file.bytes, names));
    const result = mayConcern ? file.read() : undefined;
    if (result?.kind !== "manifest") continue;
    for (const [path, claim] of claimsOf(result.manifest)) {
      if (claims.get(path) !== "artifact") claims.set(path, claim);
    }
    const named = namedPaths(result.manifest).flatMap((path) => [
      ...(causes.get(path) ?? []),
      ...(causes.get(`${path}.dvc`) ?? []),
    ]);
    if (named.length > 0) add(concerned, file, named);
  }
  return { concerned, claims };
}

/** The changes at each touched path, and below each folder above it. */
function causesByPath(side: Side): Map<string, FileChange[]> {
  const causes = new Map<string, FileChange[]>();
  for (const [path, cause] of side.touched) addCauses(causes, [path, ...foldersAbove(path)], [cause]);
  return causes;
}

function addCauses(
  causes: Map<string, FileChange[]>,
  names: readonly string[],
  changes: Iterable<FileChange>,
): void {
  for (const name of names) {
    const list = causes.get(name);
    if (list === undefined) causes.set(name, [...changes]);
    else list.push(...changes);
  }
}

/** What belongs to the gate and to the platform is no model's, even where the model's folder is the whole repository. */
const NO_MODELS = /^\.(?:github|weighbridge)\//;

function nearestManifest(path: string, { manifests }: Side): ManifestFile | undefined {
  for (const folder of foldersAbove(path)) {
    const manifest = manifests.get(folder);
    if (manifest !== undefined) return folder === "" && NO_MODELS.test(path) ? undefined : manifest;
  }
  return undefined;
}

function claimsOf({ artifacts, data, evaluation }: Manifest): [path: string, claim: Claim][] {
  return [
    ...artifacts.map(({ path }): [string, Claim] => [path, "artifact"]),
    ...[...data, ...evaluation].flatMap(({ path }): [string, Claim][] =>
      path === undefined ? [] : [[path, "data"]],
    ),
  ];
}

/** All that it names, wherever that stands: artifacts, data, results and the card. */
export function namedPaths(manifest: Manifest): string[] {
  const claimed = claimsOf(manifest).map(([path]) => path);
  return manifest.card === undefined ? claimed : [...claimed, manifest.card];
}

/** Other manifests of the head with an id that a manifest has come by in this change. */
function addNamesakes({ base, head }: Sides, concerned: Concerned): void {
  const newcomers = new Map<string, FileChange[]>();
  for (const file of concerned.keys()) {
    const id = idOf(file);
    const cause = head.touched.get(file.path);
    if (id === undefined || cause === undefined || id === idOf(base.manifests.get(file.folder))) continue;
    newcomers.set(id, [cause]);
  }
  const ids = [...newcomers.keys()];
  if (ids.length === 0) return;
  for (const file of head.manifests.values()) {
    if (concerned.has(file) || file.bytes === undefined || !mayHaveId(file.bytes, ids)) continue;
    const causes = newcomers.get(idOf(file) ?? "");
    if (causes !== undefined) add(concerned, file, causes);
  }
}

function addCounterparts(from: Concerned, side: Side, to: Concerned): void {
  for (const { folder } of from.keys()) {
    const counterpart = side.manifests.get(folder);
    if (counterpart !== undefined) add(to, counterpart, []);
  }
}

/** The id that a manifest states; undefined if it cannot be read. */
export function idOf(file: ManifestFile | undefined): string | undefined {
  const result = file?.read();
  return result?.kind === "manifest" ? result.manifest.id : undefined;
}

function add(concerned: Concerned, file: ManifestFile, causes: readonly FileChange[]): void {
  const known = concerned.get(file) ?? new Set<FileChange>();
  for (const cause of causes) known.add(cause);
  concerned.set(file, known);
}
