import { type PolicyFile, placeOf } from "./document.ts";
import { combineFacets, type Facet, type Facets, showFacet } from "./facets.ts";
import { type Problem, refusal } from "./problem.ts";
import { isEmptyRole, toRole } from "./role-facets.ts";
import type { SettledGate } from "./settle-gates.ts";

/** What can be inherited, by id or name. */
export interface Demands {
  readonly gates: ReadonlyMap<string, SettledGate>;
  readonly roles: ReadonlyMap<string, Facets>;
  readonly models: ReadonlyMap<string, Facets>;
}

/**
 * Demands that hold both parents': of each part the stricter. Throws GateError `POLICY_CONFLICT`, at the child
 * that extends both, where there is no such value.
 */
export function combineDemands(a: Demands, b: Demands, child: PolicyFile): Demands {
  const problems: Problem[] = [];
  const place = placeOf(child, ["extends"]);
  const refuse = (state: string) =>
    problems.push({
      code: "POLICY_CONFLICT",
      message: `Two parents ${state}`,
      place,
      fix: "Extend one of them",
    });
  const merge = (about: string, left: Facets, right: Facets): Facets => {
    const { facets, conflicts } = combineFacets(left, right);
    for (const name of conflicts) refuse(disagreement(`${about}.${name}`, left.get(name), right.get(name)));
    return facets;
  };
  const gates = mergeMaps(a.gates, b.gates, (left, right, id) => ({
    rule: left.rule,
    facets: merge(`gates.${id}`, left.facets, right.facets),
    texts: { ...left.texts, mapsTo: [...new Set([...left.texts.mapsTo, ...right.texts.mapsTo])] },
  }));
  const roles = mergeMaps(a.roles, b.roles, (left, right, name) => merge(`roles.${name}`, left, right));
  const models = mergeMaps(a.models, b.models, (left, right, id) => merge(`models.${id}`, left, right));
  for (const [name, facets] of roles) {
    if (isEmptyRole(toRole(facets))) refuse(`leave nobody in roles.${name}`);
  }
  if (problems.length > 0) throw refusal(child.name, problems, "POLICY_CONFLICT");
  return { gates, roles, models };
}

function mergeMaps<T>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
  merge: (left: T, right: T, key: string) => T,
): ReadonlyMap<string, T> {
  const merged = new Map(a);
  for (const [key, right] of b) {
    const left = a.get(key);
    // What comes from one grandparent over two parents is one object.
    merged.set(key, left === undefined || left === right ? right : merge(left, right, key));
  }
  return merged;
}

function disagreement(about: string, left: Facet | undefined, right: Facet | undefined): string {
  const said = [left, right].map((facet) => {
    const by = facet?.written?.by;
    return `${showFacet(facet)}${by === undefined ? "" : ` (${by})`}`;
  });
  return `disagree about ${about}: ${said.join(" and ")}`;
}
