import { NOT_FOUND, problem, type Reply, type Route } from "./exchange.ts";
import { UNDECODABLE } from "./jwt.ts";
import type { Repository, Token } from "./nouns.ts";
import { reaches } from "./reach.ts";
import { allows } from "./state/apps.ts";
import { isAtLeast } from "./state/people.ts";
import type { GitHubState } from "./state.ts";

/** Who may do what: by the token's kind, by what it is allowed, and by the repositories that it reaches. */

const NOT_FOR_INTEGRATIONS = problem(403, "Resource not accessible by integration");

/** The token, or the answer to refuse with: unknown, over, suspended, of the wrong kind, or not allowed enough. */
export function admit(github: GitHubState, authorization: string | undefined, route: Route): Token | Reply {
  const token = route.auth === "client" ? github.findClient(authorization) : github.findToken(authorization);
  if (token === undefined) return problem(401, route.auth === "app" ? UNDECODABLE : "Bad credentials");
  if (typeof token === "string") return problem(401, token);
  return (
    kindRefusal(token, route) ?? standingRefusal(github, token) ?? permissionRefusal(token, route) ?? token
  );
}

function kindRefusal({ kind }: Token, { auth }: Route): Reply | undefined {
  if (auth === "client") return undefined;
  if (auth === "app") return kind === "app" ? undefined : problem(401, UNDECODABLE);
  if (kind === "app" || (auth === "user" && kind !== "user")) return NOT_FOR_INTEGRATIONS;
  return undefined;
}

function standingRefusal(github: GitHubState, { installation, account }: Token): Reply | undefined {
  const standing = github.apps.installations.find(({ id }) => id === installation?.id);
  if (standing?.suspendedAt !== undefined) return problem(403, "This installation has been suspended");
  if (account.state === "suspended") return problem(403, "Sorry. Your account was suspended");
  return undefined;
}

function permissionRefusal({ permissions }: Token, route: Route): Reply | undefined {
  // Everybody may read metadata.
  const isAllowed =
    route.permissions.length === 0 ||
    route.permissions.includes("metadata") ||
    route.permissions.some((name) => allows(permissions, name, route.level));
  return isAllowed ? undefined : NOT_FOR_INTEGRATIONS;
}

/** Why the token may not write to a repository that it can see; undefined if it may. */
export function writeRefusal(github: GitHubState, token: Token, repository: Repository): Reply | undefined {
  if (!reaches(github, token, repository)) return repository.private ? NOT_FOUND : NOT_FOR_INTEGRATIONS;
  const isPersonal = token.kind === "user";
  if (isPersonal && !isAtLeast(github.people.roleOf(repository, token.account), "write")) {
    return NOT_FOR_INTEGRATIONS;
  }
  if (repository.archived) return problem(403, "Repository was archived so is read-only.");
  return undefined;
}
