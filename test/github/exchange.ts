import type { Json } from "./description.ts";
import type { Issue, Permission, Pull, Repository, Token } from "./nouns.ts";
import { reaches } from "./reach.ts";
import type { GitHubState } from "./state.ts";

/** One request after the oracle and the permission check. */
export interface Call {
  readonly github: GitHubState;
  /** Origin of the stand-in, for the addresses in answers. */
  readonly origin: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly accept: string;
  readonly token: Token;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or bytes of another content type; nothing if absent. */
  readonly json?: Json;
  readonly raw?: { readonly contentType: string; readonly bytes: Buffer };
}

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

/** One operation: what its token must be allowed (any one of `permissions`), and what it does. */
export interface Route {
  /**
   * An App's JSON Web Token, a person's token, or an App's client id and secret; the token of an installation or of
   * a person if absent.
   */
  readonly auth?: "app" | "user" | "client";
  readonly permissions: readonly string[];
  readonly level: Permission;
  handle(call: Call): Reply;
}

/** By operation id. */
export type Routes = Readonly<Record<string, Route>>;

export function json(status: number, body: Json, headers: Record<string, string> = {}): Reply {
  return { status, json: body, headers };
}

/** GitHub's body of an error. */
export function problem(status: number, message: string, more: Record<string, Json> = {}): Reply {
  const documentation = "https://docs.github.com/rest";
  return json(status, { message, ...more, documentation_url: documentation, status: String(status) });
}

export const NOT_FOUND: Reply = problem(404, "Not Found");

/** The body that a field's own check failed with. */
export function invalid(resource: string, field: string, message: string): Reply {
  return problem(422, "Validation Failed", {
    errors: [{ resource, code: "unprocessable", field, message }],
  });
}

/** The repository that the path names, if the token may know of it. */
export function repositoryOf({ github, parameters, token }: Call): Repository | undefined {
  const { owner = "", repo = "" } = parameters;
  const repository = github.findRepository(owner, repo);
  if (repository === undefined) return undefined;
  return !repository.private || reaches(github, token, repository) ? repository : undefined;
}

/** The handler with the repository that the path names; 404 if the token may not know of it. */
export function withRepository(
  handler: (call: Call, repository: Repository) => Reply,
): (call: Call) => Reply {
  return (call) => {
    const repository = repositoryOf(call);
    return repository === undefined ? NOT_FOUND : handler(call, repository);
  };
}

/** The pull request that the path names, as an issue or as a pull request. */
export function pullOf(call: Call): Pull | undefined {
  const repository = repositoryOf(call);
  const number = Number(call.parameters.issue_number ?? call.parameters.pull_number);
  return call.github.pulls.find((pull) => pull.repository === repository && pull.number === number);
}

/** The handler with the pull request that the path names. */
export function withPull(handler: (call: Call, pull: Pull) => Reply): (call: Call) => Reply {
  return (call) => {
    const pull = pullOf(call);
    return pull === undefined ? NOT_FOUND : handler(call, pull);
  };
}

/** The pull request or issue that the path names. */
export function threadOf(call: Call): Pull | Issue | undefined {
  const repository = repositoryOf(call);
  const number = Number(call.parameters.issue_number);
  const isMeant = (each: Pull | Issue) => each.repository === repository && each.number === number;
  return call.github.pulls.find(isMeant) ?? call.github.issues.find(isMeant);
}

/** Address of something in the repository that the path names. */
export function repositoryUrl({ origin, parameters: { owner, repo } }: Call, path: string): string {
  return `${origin}/repos/${owner}/${repo}/${path}`;
}
