import type { Severity, SeverityByTier } from "../model/gate.ts";
import type { Policy, Waiver } from "../model/policy.ts";
import type { Packs, World } from "../world.ts";
import { type Inherited, inherit, type VectorCase, type WrittenPlaces } from "./inherit.ts";
import { readLineage, readPack } from "./lineage.ts";
import { locatePolicy } from "./locate.ts";
import { POLICY_BYTES_MAX, parsePolicy } from "./parse.ts";
import { parseWaiver, WAIVER_BYTES_MAX } from "./waivers.ts";

/** What holds where a branch has no policy: it is shown, and keeps nothing out. */
export const ADVISORY_PACK = "core@1";

export interface LoadedPolicy {
  readonly policy: Policy;
  readonly waivers: readonly Waiver[];
  /** Test vectors of the policy and its parents, for `policy test`. */
  readonly vectors: readonly VectorCase[];
  readonly places: WrittenPlaces;
}

/**
 * The policy and the waivers of a commit, which for a decision is the base: a change must not bring its own
 * judge. Throws GateError with a place for whatever cannot be read or does not hold; it never falls back.
 */
export async function loadPolicy(commit: string, world: World): Promise<LoadedPolicy> {
  const { repository, packs } = world;
  const located = locatePolicy(await repository.tree(commit));
  const files = await repository.read(located.waivers, WAIVER_BYTES_MAX);
  const waivers = located.waivers.map(({ path }, index) => parseWaiver(contentAt(files, index), path));
  if (located.policy === undefined) return { ...(await advisory(packs)), waivers };
  const content = await repository.read([located.policy], POLICY_BYTES_MAX);
  const file = parsePolicy(contentAt(content, 0), located.policy.path);
  return { ...inherit(await readLineage(file, packs)), waivers };
}

/** A shipped pack and its parents, as if it were the whole policy. */
export async function loadPack(name: string, packs: Packs): Promise<Inherited> {
  return inherit(await readPack(name, packs));
}

async function advisory(packs: Packs): Promise<Inherited> {
  const { policy, ...others } = await loadPack(ADVISORY_PACK, packs);
  const { path: _, ...rest } = policy;
  const gates = policy.gates.map((gate) => ({ ...gate, severity: atMostWarn(gate.severity) }));
  return { policy: { ...rest, mode: "advisory", gates }, ...others };
}

function atMostWarn({ T1, T2, T3, T4 }: SeverityByTier): SeverityByTier {
  const cap = (severity: Severity) => (severity === "block" ? "warn" : severity);
  return { T1: cap(T1), T2: cap(T2), T3: cap(T3), T4: cap(T4) };
}

function contentAt(files: readonly Uint8Array[], index: number): Uint8Array {
  const bytes = files[index];
  if (bytes === undefined) throw new RangeError("Cannot read files: the repository answered with fewer");
  return bytes;
}
