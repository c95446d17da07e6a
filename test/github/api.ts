import { type Call, NOT_FOUND, problem, type Reply, type Route, type Routes } from "./exchange.ts";
import { graphqlReply } from "./graphql.ts";
import { LIMITS } from "./limits.ts";
import { findOperation, type Match, requestProblems, responseProblems } from "./oracle.ts";
import { ACCOUNT_ROUTES } from "./routes/account.ts";
import { COMMENT_ROUTES } from "./routes/comments.ts";
import { PULL_ROUTES } from "./routes/pulls.ts";
import { REPOSITORY_ROUTES } from "./routes/repository.ts";
import type { GitHubState, Token } from "./state.ts";

const ROUTES: Routes = { ...ACCOUNT_ROUTES, ...COMMENT_ROUTES, ...PULL_ROUTES, ...REPOSITORY_ROUTES };
/** Versions that GitHub serves; without the header it would choose one for us. */
const API_VERSIONS: readonly unknown[] = ["2022-11-28", "2026-03-10"];

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly authorization: string | undefined;
  readonly accept: string;
  readonly apiVersion: unknown;
}

/** The answer, and all that GitHub's description does not allow in the request or in the answer. */
export interface Answer {
  readonly reply: Reply;
  readonly violations: readonly string[];
}

/** Operation id of a request; `graphql`, or `unknown` where the description has none. */
export function nameOperation(method: string, path: string): string {
  if (path === "/graphql") return "graphql";
  return findOperation(method, path)?.operation.id ?? "unknown";
}

export function answer(request: ApiRequest, github: GitHubState, origin: string): Answer {
  const name = nameOperation(request.method, request.path);
  const version = API_VERSIONS.includes(request.apiVersion)
    ? []
    : [`${name}: X-GitHub-Api-Version is ${request.apiVersion}`];
  const { reply, violations } =
    name === "graphql" ? answerGraphql(request, github) : answerRest(request, github, origin);
  return { reply, violations: [...version, ...violations] };
}

function answerGraphql({ body, authorization }: ApiRequest, github: GitHubState): Answer {
  const reply = graphqlReply(body, github.findToken(authorization));
  return reply === undefined ? refuse("graphql: the document is not known") : { reply, violations: [] };
}

function answerRest(request: ApiRequest, github: GitHubState, origin: string): Answer {
  const match = findOperation(request.method, request.path);
  if (match === undefined) return refuse(`${request.method} ${request.path} is not in the description`);
  const { operation } = match;
  const route = ROUTES[operation.id];
  if (route === undefined) return refuse(`${operation.id} is not served`);
  const token = github.findToken(request.authorization);
  const reply = refusalOf(token, route) ?? handle(request, { match, route, token: token!, github, origin });
  return {
    reply,
    violations: [
      ...requestProblems(match, request.query, request.body),
      // Bytes are not described.
      ...(reply.raw === undefined ? responseProblems(operation, reply.status, reply.json) : []),
    ],
  };
}

function refuse(violation: string): Answer {
  return { reply: NOT_FOUND, violations: [violation] };
}

function refusalOf(token: Token | undefined, { permissions, level }: Route): Reply | undefined {
  if (token === undefined) return problem(401, "Bad credentials");
  // Everybody may read metadata, and `write` includes reading.
  const isAllowed =
    permissions.length === 0 ||
    permissions.includes("metadata") ||
    permissions.some((name) => token.permissions[name] === "write" || token.permissions[name] === level);
  return isAllowed ? undefined : problem(403, "Resource not accessible by integration");
}

interface Handling extends Pick<Call, "github" | "origin" | "token"> {
  readonly match: Match;
  readonly route: Route;
}

function handle({ path, query, body, accept }: ApiRequest, { match, route, ...rest }: Handling): Reply {
  const members = (body ?? {}) as Call["body"];
  const { operation, parameters } = match;
  return (
    LIMITS[operation.id]?.(members) ??
    route.handle({ ...rest, path, query, accept, parameters, body: members })
  );
}
