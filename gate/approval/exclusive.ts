import type { Policy } from "../model/policy.ts";
import type { Voter } from "./ballot.ts";

/** Ways to choose that are looked at; beyond them some stay undone, which can only keep a change closed. */
const CHOICES_MAX = 256;

/**
 * The ways in which those who hold roles that exclude one another can choose between them for the whole decision. In
 * one model everybody fills one seat anyway; this keeps the owner of one model from being the validator of another
 * beside it. One way, the people as they are, where nobody holds such roles.
 */
export function choicesOf(voters: readonly Voter[], roles: Policy["roles"]): readonly (readonly Voter[])[] {
  return voters.reduce<readonly (readonly Voter[])[]>(
    (ways, voter) => {
      const stances = stancesOf(voter, roles);
      const shown = stances.slice(0, Math.max(1, Math.floor(CHOICES_MAX / ways.length)));
      return ways.flatMap((way) => shown.map((stance) => [...way, stance]));
    },
    [[]],
  );
}

/** The person with each largest set of roles that do not exclude one another. */
function stancesOf(voter: Voter, roles: Policy["roles"]): readonly Voter[] {
  const sets = compatibleSets(voter.roles, roles, new Set());
  // Where there were too many to look at, the person acts in none.
  return (sets.length === 0 ? [[]] : sets).map((set) => ({ ...voter, roles: set }));
}

/** Takes the first clash apart both ways; sets that were met before are not looked at again. */
function compatibleSets(
  held: readonly string[],
  roles: Policy["roles"],
  known: Set<string>,
): readonly (readonly string[])[] {
  const key = held.join("\n");
  if (known.has(key) || known.size > CHOICES_MAX) return [];
  known.add(key);
  for (const [index, one] of held.entries()) {
    const other = held.slice(index + 1).find((role) => excludes(one, role, roles));
    if (other === undefined) continue;
    return [other, one].flatMap((left) =>
      compatibleSets(
        held.filter((role) => role !== left),
        roles,
        known,
      ),
    );
  }
  return [held];
}

/** It is enough that one of the two says so. */
function excludes(a: string, b: string, roles: Policy["roles"]): boolean {
  return [
    [a, b],
    [b, a],
  ].some(([one = "", other = ""]) => Object.hasOwn(roles, one) && roles[one]?.exclusiveWith.includes(other));
}
