import type { Role } from "../model/policy.ts";

/**
 * Logins of those who may act in the role at a moment (RFC 3339, UTC), beside the members of its teams: its users, and
 * its delegates from the first to the last of their days, both included.
 */
export function usersAt({ users, delegates = [] }: Role, now: string): readonly string[] {
  const today = now.slice(0, 10);
  const standing = delegates.filter(({ from, until }) => from <= today && today <= until);
  return [...new Set([...users, ...standing.map(({ user }) => user)])];
}
