import { GateError } from "../gate/model/error.ts";
import type { Repository } from "../gate/world.ts";

/** Revisions to compare, before they are looked up. */
export interface Revisions {
  readonly base: string;
  readonly head: string;
}

/** Where a change usually wants to go, best guess first. */
const USUAL_BASES = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** What no branch is called: an expression about one, as `main~2` or `@{upstream}`. */
const EXPRESSION = /[~^:]|@\{|\.\./;

/**
 * What to compare: the options, else what GitLab or Jenkins say of their merge request, else the usual base
 * branch against HEAD.
 */
export async function chooseRevisions(
  options: { readonly base?: string | undefined; readonly head?: string | undefined },
  repository: Repository,
  env: NodeJS.ProcessEnv,
): Promise<Revisions> {
  const ci = revisionsOfCi(env);
  const head = options.head ?? ci?.head ?? "HEAD";
  const base = options.base ?? ci?.base ?? (await usualBase(repository));
  return { base: (await findBranch(base, repository)) ?? base, head };
}

/** GitLab names the branches; its own base commit can be stale after a retarget, so the merge base is ours to find. */
function revisionsOfCi(env: NodeJS.ProcessEnv): Revisions | undefined {
  const gitlab = env.CI_MERGE_REQUEST_TARGET_BRANCH_NAME;
  if (gitlab) {
    const head = env.CI_MERGE_REQUEST_SOURCE_BRANCH_SHA || env.CI_COMMIT_SHA || "HEAD";
    return { base: `origin/${gitlab}`, head };
  }
  const jenkins = env.CHANGE_TARGET;
  return jenkins ? { base: `origin/${jenkins}`, head: env.GIT_COMMIT || "HEAD" } : undefined;
}

async function usualBase(repository: Repository): Promise<string> {
  for (const name of USUAL_BASES) {
    if ((await findBranch(name, repository)) !== undefined) return name;
  }
  throw new GateError("BASE_UNKNOWN", `Cannot choose a base: there is no ${USUAL_BASES.join(", ")}`, {
    fix: "Fetch the branch that the change wants to enter, and name it: --base <branch>; or run git remote set-head origin --auto",
  });
}

/**
 * The branch of that name, in full; undefined if there is none. To git a name is first of all a tag, which whoever
 * may push one can call as the branch that holds the policy.
 */
async function findBranch(name: string, repository: Repository): Promise<string | undefined> {
  if (COMMIT_ID.test(name) || EXPRESSION.test(name)) return undefined;
  for (const branch of [`refs/remotes/${name}`, `refs/heads/${name}`]) {
    if (await exists(repository, branch)) return branch;
  }
  return undefined;
}

/** Base of GitHub's REST API, without a slash at its end. Throws `USAGE` for what is no address. */
export function apiUrlOf(env: NodeJS.ProcessEnv): string {
  const text = env.GITHUB_API_URL || "https://api.github.com";
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text.replace(/\/+$/, "");
  throw new GateError("USAGE", `Cannot use GITHUB_API_URL: "${text}" is no address`, {
    fix: "Write it as https://api.github.com, or leave it away",
  });
}

/** A branch as people write it. */
export function shortName(revision: string): string {
  return revision.replace(/^refs\/(?:remotes|heads)\//, "");
}

/** A shallow clone cannot tell whether there is such a branch; then it is not one to choose. */
const ABSENT = new Set(["REVISION_UNKNOWN", "REVISION_SHALLOW", "REVISION_INVALID"]);

async function exists(repository: Repository, revision: string): Promise<boolean> {
  try {
    await repository.commit(revision);
    return true;
  } catch (cause) {
    if (cause instanceof GateError && ABSENT.has(cause.code)) return false;
    throw cause;
  }
}
