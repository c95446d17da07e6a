import { json, problem, type Reply } from "./exchange.ts";
import type { Token } from "./state.ts";

/**
 * GraphQL is not in GitHub's description, so the documents that we send are listed here, each with its answer.
 * `viewer` is whom the token acts as; unlike `GET /user` it answers for a workflow's token, too.
 */
const DOCUMENTS: ReadonlyMap<string, (token: Token) => Reply> = new Map([
  [
    "query { viewer { login databaseId } }",
    ({ account }: Token) => json(200, { data: { viewer: { login: account.login, databaseId: account.id } } }),
  ],
]);

/** The answer, or undefined for a document that nobody has checked against GitHub's schema. */
export function graphqlReply(body: unknown, token: Token | undefined): Reply | undefined {
  if (token === undefined) return problem(401, "Bad credentials");
  const { query } = (body ?? {}) as { query?: unknown };
  const words = typeof query === "string" ? query.trim().replace(/\s+/g, " ") : "";
  return DOCUMENTS.get(words)?.(token);
}
