import { admit, writeRefusal } from "./access.ts";
import {
  type Answer,
  type ApiRequest,
  type Call,
  json,
  NOT_FOUND,
  problem,
  type Reply,
  type Routes,
} from "./exchange.ts";
import { answerGraphql } from "./graphql.ts";
import { LIMITS } from "./limits.ts";
import { findOperation, type Match, requestProblems, responseProblems } from "./oracle.ts";
import { rateHeaders } from "./rates.ts";
import { ACCOUNT_ROUTES } from "./routes/account.ts";
import { APP_ROUTES } from "./routes/apps.ts";
import { CHECK_ROUTES } from "./routes/checks.ts";
import { COMMENT_ROUTES } from "./routes/comments.ts";
import { COMMIT_ROUTES } from "./routes/commits.ts";
import { DEPLOYMENT_ROUTES } from "./routes/deployments.ts";
import { GIT_WRITE_ROUTES } from "./routes/git-write.ts";
import { GRAPHQL_ROOTS } from "./routes/graphql.ts";
import { HOOK_ROUTES } from "./routes/hooks.ts";
import { ISSUE_ROUTES } from "./routes/issues.ts";
import { LOGIN_ROUTES } from "./routes/logins.ts";
import { PEOPLE_ROUTES } from "./routes/people.ts";
import { PULL_ROUTES } from "./routes/pulls.ts";
import { REACTION_ROUTES } from "./routes/reactions.ts";
import { REPOSITORY_ROUTES } from "./routes/repository.ts";
import { RULE_ROUTES } from "./routes/rules.ts";
import { WORKFLOW_ROUTES } from "./routes/workflows.ts";
import type { GitHubState, Token } from "./state.ts";

const ROUTES: Routes = {
  ...ACCOUNT_ROUTES,
  ...APP_ROUTES,
  ...CHECK_ROUTES,
  ...COMMENT_ROUTES,
  ...COMMIT_ROUTES,
  ...DEPLOYMENT_ROUTES,
  ...GIT_WRITE_ROUTES,
  ...HOOK_ROUTES,
  ...ISSUE_ROUTES,
  ...LOGIN_ROUTES,
  ...PEOPLE_ROUTES,
  ...PULL_ROUTES,
  ...REACTION_ROUTES,
  ...REPOSITORY_ROUTES,
  ...RULE_ROUTES,
  ...WORKFLOW_ROUTES,
};
/** Versions that GitHub serves; without the header it would choose one for us. */
const API_VERSIONS: readonly unknown[] = ["2022-11-28", "2026-03-10"];

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
    name === "graphql" ? answerGraphql(request, github, GRAPHQL_ROOTS) : answerRest(request, github, origin);
  return { reply, violations: [...version, ...violations] };
}

function answerRest(request: ApiRequest, github: GitHubState, origin: string): Answer {
  const moved = movedTo(request, github, origin);
  if (moved !== undefined) return { reply: moved, violations: [] };
  const match = findOperation(request.method, request.path);
  if (match === undefined) return refuse(`${request.method} ${request.path} is not in the description`);
  const { operation } = match;
  const route = ROUTES[operation.id];
  if (route === undefined) return refuse(`${operation.id} is not served`);
  const admitted = admit(github, request.authorization, route);
  const reply = "status" in admitted ? admitted : spend(request, { match, token: admitted, github, origin });
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

/** Where a repository that was renamed or transferred is found by its old name. */
function movedTo(
  { method, path, query }: ApiRequest,
  { repositories }: GitHubState,
  origin: string,
): Reply | undefined {
  const { name = "", rest = "" } = /^\/repos\/(?<name>[^/]+\/[^/]+)(?<rest>\/.*)?$/.exec(path)?.groups ?? {};
  const repository = repositories.find(({ formerNames }) => formerNames.includes(name));
  if (repository === undefined) return undefined;
  const search = query.size > 0 ? `?${query}` : "";
  const url = `${origin}/repositories/${repository.id}${rest}${search}`;
  return json(method === "GET" ? 301 : 307, { message: "Moved Permanently", url }, { location: url });
}

interface Handling extends Pick<Call, "github" | "origin"> {
  readonly match: Match;
  readonly token: Token;
}

/** Counts the request against the hour's limit, and handles it if there is something left. */
function spend(request: ApiRequest, handling: Handling): Reply {
  const { github, token } = handling;
  const rate = github.rates.spend(token);
  const reply =
    rate.used > rate.limit
      ? problem(403, "API rate limit exceeded for installation.")
      : handle(request, handling);
  return { ...reply, headers: { ...rateHeaders(rate), ...reply.headers } };
}

function handle(request: ApiRequest, { match, token, github, origin }: Handling): Reply {
  const { path, query, body, accept } = request;
  const { operation, parameters } = match;
  const route = ROUTES[operation.id]!;
  const members = (body ?? {}) as Call["body"];
  const call: Call = { github, origin, token, path, query, accept, parameters, body: members };
  const { owner = "", repo = "" } = parameters;
  const repository = github.findRepository(owner, repo);
  const isWrite = repository !== undefined && route.level !== "read";
  const refusal = isWrite ? writeRefusal(github, token, repository) : undefined;
  return refusal ?? LIMITS[operation.id]?.(members) ?? route.handle(call);
}
