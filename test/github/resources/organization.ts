import type { Json, Members } from "../description.ts";
import type { Account } from "../nouns.ts";

export function toOrganization(origin: string, { id, login }: Account): Members {
  const url = `${origin}/orgs/${login}`;
  const addresses = ["repos", "events", "hooks", "issues"].map((name): [string, Json] => [
    `${name}_url`,
    `${url}/${name}`,
  ]);
  return {
    ...{ login, id, node_id: `O_${id}`, url, description: null },
    ...Object.fromEntries(addresses),
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${origin}/avatars/${id}`,
  };
}
