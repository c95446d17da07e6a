import type { Account } from "./pull.ts";
import { at, numberAt, textAt } from "./shape.ts";

/** What is asked of whoever GraphQL calls an actor, to be read by `toActor`. */
export const ACTOR_FIELDS = `__typename login ${["User", "Bot", "Mannequin", "Organization"]
  .map((type) => `... on ${type} { databaseId }`)
  .join(" ")} ... on EnterpriseUserAccount { user { databaseId } }`;

/** People, by the names that GraphQL has for them. */
const PEOPLE: ReadonlySet<string> = new Set(["User", "EnterpriseUserAccount"]);

/** As `toAccount` reads it from the other API: undefined for an account that was deleted. */
export function toActor(data: unknown): Account | undefined {
  if (at(data) === undefined) return undefined;
  const [type, login] = [textAt(data, "__typename"), textAt(data, "login")];
  const isUser = type === "EnterpriseUserAccount";
  return {
    id: isUser ? numberAt(data, "user", "databaseId") : numberAt(data, "databaseId"),
    // GraphQL leaves out how the login of a bot ends.
    login: type === "Bot" && !login.endsWith("[bot]") ? `${login}[bot]` : login,
    isBot: !PEOPLE.has(type),
  };
}
