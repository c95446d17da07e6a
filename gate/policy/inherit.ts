import type { Gate } from "../model/gate.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Place } from "../model/place.ts";
import type { Policy, Tightening } from "../model/policy.ts";
import { combineDemands, type Demands } from "./combine.ts";
import { type PolicyFile, placeOf, type TestVector } from "./document.ts";
import { compareFacets, type Facets, writtenIn } from "./facets.ts";
import { modelFacets, toModel } from "./model-facets.ts";
import { type Problem, refusal } from "./problem.ts";
import { isEmptyRole, roleFacets, toRole } from "./role-facets.ts";
import { settleGate, toGate } from "./settle-gates.ts";
import { assertTightens, type Change, toTightenings } from "./weakening.ts";

/** A file and what it extends. A file that is extended twice is one object in both places. */
export interface Lineage {
  readonly file: PolicyFile;
  readonly parents: readonly Lineage[];
}

/** A test vector, and the gate that it is about as the file that holds the vector leaves it. */
export interface VectorCase {
  readonly gate: Gate;
  readonly vector: TestVector;
  readonly file: PolicyFile;
}

export interface Inherited {
  readonly policy: Policy;
  readonly vectors: readonly VectorCase[];
  readonly places: WrittenPlaces;
}

/**
 * Where the policy's own file writes what differences are told of: by gate (or `roles`, `models`), then by part, as
 * `with.min` or `validator.teams`. What only a parent says is not there.
 */
export type WrittenPlaces = ReadonlyMap<string, ReadonlyMap<string, Place>>;

/** What a file and its parents come to; sets, because a file may be reached over two parents. */
interface Settled {
  readonly demands: Demands;
  readonly tightenings: ReadonlySet<Tightening>;
  readonly vectors: ReadonlySet<VectorCase>;
}

/** What one file brings, and what is wrong with it. */
interface Extension {
  readonly changes: Change[];
  readonly problems: Problem[];
  readonly vectors: VectorCase[];
}

const NOTHING: Settled = {
  demands: { gates: new Map(), roles: new Map(), models: new Map() },
  tightenings: new Set(),
  vectors: new Set(),
};

/**
 * The policy that a file and its parents come to. A child may only tighten: throws GateError `POLICY_WEAKENS`
 * where it does not, `POLICY_CONFLICT` where two parents cannot both hold, and what is wrong with a gate
 * (`RULE_UNKNOWN`, `SCHEMA_*`, `CEL_*`, …; `POLICY_INVALID` where that is several things).
 */
export function inherit(lineage: Lineage): Inherited {
  const { demands, tightenings, vectors } = settle(lineage, new Map());
  const { document, path } = lineage.file;
  const policy: Policy = {
    name: document.name,
    version: document.version,
    mode: "enforcing",
    path,
    sources: sourcesOf(lineage),
    roles: Object.fromEntries(sorted(demands.roles).map(([name, facets]) => [name, toRole(facets)])),
    models: sorted(demands.models).map(([id, facets]) => toModel(id, facets)),
    gates: sorted(demands.gates).map(([, gate]) => toGate(gate)),
    tightenings: [...tightenings],
  };
  return { policy, vectors: [...vectors], places: placesIn(path, demands) };
}

function placesIn(path: string, { gates, roles, models }: Demands): WrittenPlaces {
  const ofAll = (things: Demands["roles"]) =>
    new Map([...things].flatMap(([name, facets]) => [...placesOf(facets, path, `${name}.`)]));
  return new Map([
    ["roles", ofAll(roles)],
    ["models", ofAll(models)],
    ...[...gates].map(([id, { facets }]) => [id, placesOf(facets, path)] as const),
  ]);
}

function placesOf(facets: Facets, path: string, prefix = ""): ReadonlyMap<string, Place> {
  const places = [...facets].flatMap(([what, { written }]) =>
    written?.place.path === path ? [[`${prefix}${what}`, written.place] as const] : [],
  );
  return new Map(places);
}

function settle(lineage: Lineage, known: Map<Lineage, Settled>): Settled {
  const earlier = known.get(lineage);
  if (earlier !== undefined) return earlier;
  const { file, parents } = lineage;
  const inherited = parents
    .map((parent) => settle(parent, known))
    .reduce((all, parent) => combine(all, parent, file), NOTHING);
  const settled = extend(inherited, file);
  known.set(lineage, settled);
  return settled;
}

function combine(a: Settled, b: Settled, child: PolicyFile): Settled {
  return {
    demands: combineDemands(a.demands, b.demands, child),
    tightenings: new Set([...a.tightenings, ...b.tightenings]),
    vectors: new Set([...a.vectors, ...b.vectors]),
  };
}

function extend(inherited: Settled, file: PolicyFile): Settled {
  const extension: Extension = { changes: [], problems: [], vectors: [] };
  const demands = {
    gates: extendGates(inherited.demands.gates, file, extension),
    roles: extendRoles(inherited.demands.roles, file, extension),
    models: extendModels(inherited.demands.models, file, extension),
  };
  if (extension.problems.length > 0) throw refusal(file.name, extension.problems, "POLICY_INVALID");
  assertTightens(file, extension.changes);
  return {
    demands,
    tightenings: new Set([...inherited.tightenings, ...toTightenings(file, extension.changes)]),
    vectors: new Set([...inherited.vectors, ...extension.vectors]),
  };
}

function extendGates(inherited: Demands["gates"], file: PolicyFile, extension: Extension): Demands["gates"] {
  const gates = new Map(inherited);
  for (const [index, document] of file.document.gates.entries()) {
    const { id } = document;
    const settling = settleGate({ file, document, index }, inherited.get(id));
    if (settling.kind === "refused") {
      extension.problems.push(...settling.problems);
      continue;
    }
    gates.set(id, settling.gate);
    extension.changes.push({ kind: "gate", id, moves: settling.moves });
    const gate = toGate(settling.gate);
    extension.vectors.push(...document.testVectors.map((vector) => ({ gate, vector, file })));
  }
  return gates;
}

function extendRoles(inherited: Demands["roles"], file: PolicyFile, extension: Extension): Demands["roles"] {
  const roles = new Map(inherited);
  if (file.document.kind === "pack") return roles;
  for (const [id, role] of Object.entries(file.document.roles)) {
    const before = inherited.get(id);
    const stated = before === undefined ? { teams: [], users: [], exclusiveWith: [], ...role } : role;
    const after = new Map([...(before ?? []), ...roleFacets(stated, writtenIn(file, ["roles", id]))]);
    roles.set(id, after);
    if (before !== undefined) {
      extension.changes.push({ kind: "role", id, moves: compareFacets(before, after) });
    }
    if (isEmptyRole(toRole(after))) extension.problems.push(emptyRole(file, id));
  }
  return roles;
}

function emptyRole(file: PolicyFile, name: string): Problem {
  return {
    code: "ROLE_EMPTY",
    message: `Nobody is in the role ${name}`,
    place: placeOf(file, ["roles", name]),
    fix: `Write ${name}: { teams: [organisation/team] }`,
  };
}

function extendModels(
  inherited: Demands["models"],
  file: PolicyFile,
  extension: Extension,
): Demands["models"] {
  const models = new Map(inherited);
  if (file.document.kind === "pack") return models;
  for (const [index, model] of file.document.models.entries()) {
    const { id } = model;
    const before = inherited.get(id);
    const after = new Map([...(before ?? []), ...modelFacets(model, writtenIn(file, ["models", index]))]);
    models.set(id, after);
    if (before !== undefined) {
      extension.changes.push({ kind: "model", id, moves: compareFacets(before, after) });
    }
  }
  return models;
}

/** The file itself first, then its parents in the order of `extends`, each once. */
function sourcesOf(lineage: Lineage): Policy["sources"] {
  const seen = new Set<Lineage>();
  const visit = (each: Lineage): void => {
    if (seen.has(each)) return;
    seen.add(each);
    each.parents.forEach(visit);
  };
  visit(lineage);
  return [...seen].map(({ file: { name, digest } }) => ({ name, digest }));
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => byCodeUnits(a, b));
}
