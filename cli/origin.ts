import { runGit } from "../gate/checkout/git.ts";

/** A repository as GitHub names it. */
export interface RepositoryName {
  readonly owner: string;
  readonly repo: string;
}

const FULL_NAME = /^([A-Za-z0-9][A-Za-z0-9_-]{0,99})\/([\w.-]{1,100})$/;
/** `https://host/owner/repo.git`, `ssh://git@host:22/owner/repo`, and `git@host:owner/repo.git`. */
const REMOTE =
  /^(?:(?:https|ssh):\/\/(?:[^/@\s]+@)?([A-Za-z0-9.-]+)(?::\d{1,5})?\/|[\w.-]+@([A-Za-z0-9.-]+):)(.+?)(?:\.git)?\/?$/;

/** The repository that is meant: `GITHUB_REPOSITORY`, else the remote `origin`, if it is of the GitHub at `apiUrl`. */
export async function findRepository(
  directory: string,
  env: NodeJS.ProcessEnv,
  apiUrl: string,
): Promise<RepositoryName | undefined> {
  if (env.GITHUB_REPOSITORY) return parseName(env.GITHUB_REPOSITORY);
  const { status, stdout } = await runGit(directory, ["remote", "get-url", "origin"]);
  if (status !== 0) return undefined;
  const remote = parseRemote(stdout.toString("utf8").trim());
  return remote?.host === webHost(apiUrl) ? parseName(remote.path) : undefined;
}

/** Host and path of a remote's address; undefined for what is no address of a GitHub. */
export function parseRemote(address: string): { readonly host: string; readonly path: string } | undefined {
  const [, url, scp, path = ""] = REMOTE.exec(address) ?? [];
  const host = url ?? scp;
  return host === undefined ? undefined : { host: host.toLowerCase(), path };
}

/** Where people see the GitHub whose API this is: `api.github.com` is GitHub.com, `api.x.ghe.com` is x.ghe.com. */
function webHost(apiUrl: string): string {
  return new URL(apiUrl).hostname.replace(/^api\./, "");
}

function parseName(text: string): RepositoryName | undefined {
  const [, owner, repo] = FULL_NAME.exec(text) ?? [];
  return owner === undefined || repo === undefined ? undefined : { owner, repo };
}
