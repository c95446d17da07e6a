import { GateError } from "../model/error.ts";
import type { Place } from "../model/place.ts";
import type { Packs } from "../world.ts";
import { type PolicyFile, placeOf } from "./document.ts";
import type { Lineage } from "./inherit.ts";
import { parsePack, parseRemote } from "./parse.ts";
import type { ParentReference } from "./reference.ts";

/** Parents above one another, and files in all: enough for firm, division, team and their packs. */
export const PARENT_DEPTH_MAX = 8;
export const PARENTS_MAX = 32;

interface Reading {
  readonly packs: Packs;
  /** Every parent that has been read, so that a diamond is read once. */
  readonly known: Map<string, Lineage>;
}

/**
 * The file with all its parents. Throws GateError `PARENT_UNAVAILABLE` where one cannot be had: without it the
 * policy would be weaker than it says. Also `PACK_UNKNOWN`, `PACK_MISNAMED`, `POLICY_CYCLE`, `POLICY_DEPTH`.
 */
export async function readLineage(file: PolicyFile, packs: Packs): Promise<Lineage> {
  return follow(file, [], { packs, known: new Map() });
}

/** A shipped pack with its parents, by `name@major`. */
export async function readPack(name: string, packs: Packs): Promise<Lineage> {
  const reference = { kind: "pack", text: name } as const;
  const file = await readParent(reference, { path: packPath(name) }, packs);
  return follow(file, [keyOf(reference)], { packs, known: new Map() });
}

async function follow(file: PolicyFile, trail: readonly string[], reading: Reading): Promise<Lineage> {
  const parents: Lineage[] = [];
  for (const [index, reference] of file.document.extends.entries()) {
    parents.push(await followOne(reference, placeOf(file, ["extends", index]), { trail, reading }));
  }
  return { file, parents };
}

async function followOne(
  reference: ParentReference,
  place: Place,
  { trail, reading }: { trail: readonly string[]; reading: Reading },
): Promise<Lineage> {
  const key = keyOf(reference);
  if (trail.includes(key)) {
    const circle = [...trail.slice(trail.indexOf(key)), key].join(" → ");
    throw new GateError("POLICY_CYCLE", `Cannot extend ${reference.text}: it extends itself, ${circle}`, {
      place,
    });
  }
  const earlier = reading.known.get(key);
  if (earlier !== undefined) return earlier;
  if (trail.length >= PARENT_DEPTH_MAX || reading.known.size >= PARENTS_MAX) {
    const state = `more than ${PARENT_DEPTH_MAX} parents above one another or ${PARENTS_MAX} in all`;
    throw new GateError("POLICY_DEPTH", `Cannot extend ${reference.text}: ${state}`, { place });
  }
  const file = await readParent(reference, place, reading.packs);
  const lineage = await follow(file, [...trail, key], reading);
  reading.known.set(key, lineage);
  return lineage;
}

async function readParent(reference: ParentReference, place: Place, packs: Packs): Promise<PolicyFile> {
  const bytes = await fetchParent(reference, place, packs);
  if (reference.kind === "remote") return parseRemote(bytes, reference.text);
  const file = parsePack(bytes, packPath(reference.text));
  const { name, version } = file.document;
  if (reference.text === `${name}@${version.split(".")[0]}`) return file;
  throw new GateError("PACK_MISNAMED", `Cannot extend ${reference.text}: its file holds ${name}@${version}`, {
    place: placeOf(file, ["pack", "name"]),
  });
}

async function fetchParent(reference: ParentReference, place: Place, packs: Packs): Promise<Uint8Array> {
  try {
    return await (reference.kind === "pack" ? packs.pack(reference.text) : packs.remote(reference.parent));
  } catch (cause) {
    const code = cause instanceof GateError ? cause.code : "PARENT_UNAVAILABLE";
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new GateError(code, `Cannot extend ${reference.text}: ${state}`, { place, cause });
  }
}

function packPath(name: string): string {
  return `policies/packs/${name}.yml`;
}

/** GitHub takes names of owners and repositories in any case. */
function keyOf(reference: ParentReference): string {
  if (reference.kind === "pack") return reference.text;
  const { owner, repo, path, commit } = reference.parent;
  return [`${owner}/${repo}`.toLowerCase(), `${path}@${commit}`].join("//");
}
