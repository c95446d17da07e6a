import type { PolicyDifference, Waiver } from "../model/policy.ts";
import type { Tighter } from "../rules/rule.ts";
import { compareFacets, type Facet, type Facets, showFacet } from "./facets.ts";

/**
 * What a change does to one waiver, sorted by part; `before` or `after` is undefined where it is not there. A waiver
 * more is a demand less. One that names fewer gates or ends earlier is stricter, and so is none at all; whatever
 * cannot be shown to be as strict as before counts as loosened: another scope, another approver.
 */
export function diffWaivers(
  before: Waiver | undefined,
  after: Waiver | undefined,
): readonly PolicyDifference[] {
  // Under another id it is another waiver, whose uses and renewals count from nothing.
  if (before?.id !== after?.id) return [...gone(before), ...brought(after)];
  if (before === undefined || after === undefined) return [];
  return compareFacets(waiverFacets(before), waiverFacets(after)).map(({ what, from, to, effect }) => ({
    gate: "waivers",
    what: `${after.id}.${what}`,
    from: showFacet(from),
    to: showFacet(to),
    effect,
    place: after.place,
  }));
}

function gone(waiver: Waiver | undefined): readonly PolicyDifference[] {
  if (waiver === undefined) return [];
  const { id, place } = waiver;
  const end = { from: "present", to: "removed", effect: "tightened" } as const;
  return [{ gate: "waivers", what: id, ...end, place: { path: place.path } }];
}

function brought(waiver: Waiver | undefined): readonly PolicyDifference[] {
  if (waiver === undefined) return [];
  const { id, gates, model, expires, place } = waiver;
  const to = `opens ${gates.join(", ")} for ${model} until ${expires}`;
  return [{ gate: "waivers", what: id, from: "none", to, effect: "loosened", place }];
}

/** What gives a waiver its effect; its texts demand nothing. */
function waiverFacets(waiver: Waiver): Facets {
  const { approvals, created, expires, floor, gates, maxUses, model, renewals, requestedBy, scope } = waiver;
  const written = (text: string) => ({
    written: { by: waiver.place.path, place: waiver.place, text },
  });
  const people = approvals.map(({ role, userId }) => `${role} ${userId}`);
  const facets: readonly (readonly [string, Facet])[] = [
    ["gates", facet("subset", gates)],
    ["model", facet("same", model)],
    ["scope", facet("same", scope)],
    ["requested_by", facet("same", requestedBy)],
    ["approvals", facet("same", people)],
    // A later beginning may be what makes a life short enough.
    ["created", facet("same", created)],
    ["expires", { ...facet("lower", Date.parse(expires)), ...written(expires) }],
    ["renewals", facet("lower", renewals)],
    ...(maxUses === undefined ? [] : [["max_uses", facet("lower", maxUses)] as const]),
    // For a ceiling it is the largest value, for other gates the least: which way is stricter the file does not say.
    ...(floor === undefined ? [] : [["floor", facet("same", floor)] as const]),
  ];
  return new Map(facets);
}

function facet(kind: Exclude<Tighter["kind"], "order" | "by-tier">, value: unknown): Facet {
  const tighter: Facet["tighter"] = { kind };
  return { tighter, value };
}
