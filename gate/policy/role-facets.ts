import type { Delegate, Role } from "../model/policy.ts";
import type { RoleDocument } from "./document.ts";
import type { Facet, Facets, Written } from "./facets.ts";

/** Fewer people is stricter, and so is a longer list of roles that they may not take besides. */
const TIGHTER = {
  teams: { kind: "subset" },
  users: { kind: "subset" },
  exclusive_with: { kind: "superset" },
  delegates: { kind: "subset", default: [] },
} as const satisfies Record<string, Facet["tighter"]>;

/** The lists that the role states, each with the place that `writtenAt` finds for its name. */
export function roleFacets(
  role: RoleDocument,
  writtenAt: (what: string, value: unknown) => Written | undefined = () => undefined,
): Facets {
  const { teams, users, exclusiveWith, delegates } = role;
  const lists = { teams, users, exclusive_with: exclusiveWith, delegates };
  const facets = new Map<string, Facet>();
  for (const [what, value] of Object.entries(lists)) {
    if (value === undefined) continue;
    const written = writtenAt(what, value);
    const tighter = TIGHTER[what as keyof typeof TIGHTER];
    facets.set(what, { value, tighter, ...(written === undefined ? {} : { written }) });
  }
  return facets;
}

export function toRole(facets: Facets): Role {
  const list = (what: string) => {
    const value = facets.get(what)?.value;
    return Array.isArray(value) ? value.map(String) : [];
  };
  const delegates = facets.get("delegates")?.value;
  return {
    teams: list("teams"),
    users: list("users"),
    exclusiveWith: list("exclusive_with"),
    ...(isDelegates(delegates) && delegates.length > 0 ? { delegates } : {}),
  };
}

/** The schema has been checked: a list is one of delegates. */
function isDelegates(value: unknown): value is readonly Delegate[] {
  return Array.isArray(value);
}

/** A role that nobody can take closes every gate that asks for it, and for good. */
export function isEmptyRole({ teams, users }: Role): boolean {
  return teams.length === 0 && users.length === 0;
}
