import type { Json } from "./description.ts";
import type { GitHubState, Permission, Pull, Repository, Token } from "./state.ts";

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

/** One operation: what its token must be allowed (any one of `permissions`), and what it does. */
export interface Route {
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
  const names = token.repositories;
  const visible = names === undefined || names.includes(`${repository.owner.login}/${repository.name}`);
  return visible || !repository.private ? repository : undefined;
}

/** The pull request that the path names, as an issue or as a pull request. */
export function pullOf(call: Call): Pull | undefined {
  const repository = repositoryOf(call);
  const number = Number(call.parameters.issue_number ?? call.parameters.pull_number);
  return call.github.pulls.find((pull) => pull.repository === repository && pull.number === number);
}
