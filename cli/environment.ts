import { GateError } from "../gate/model/error.ts";
import type { Repository } from "../gate/world.ts";

/** Revisions to compare, before they are looked up. */
export interface Revisions {
  readonly base: string;
  readonly head: string;
}

/** Where a change usually wants to go, best guess first. */
const USUAL_BASES = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

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
  return { base, head };
}

/** GitLab names the branches; its own base commit can be stale after a retarget, so the merge base is ours to find. */
function revisionsOfCi(env: NodeJS.ProcessEnv): Revisions | undefined {
  const gitlab = env.CI_MERGE_REQUEST_TARGET_BRANCH_NAME;
  if (gitlab !== undefined) {
    const head = env.CI_MERGE_REQUEST_SOURCE_BRANCH_SHA || env.CI_COMMIT_SHA || "HEAD";
    return { base: `origin/${gitlab}`, head };
  }
  const jenkins = env.CHANGE_TARGET;
  return jenkins === undefined ? undefined : { base: `origin/${jenkins}`, head: env.GIT_COMMIT || "HEAD" };
}

async function usualBase(repository: Repository): Promise<string> {
  for (const name of USUAL_BASES) {
    if (await exists(repository, name)) return name;
  }
  throw new GateError("BASE_UNKNOWN", `Cannot choose a base: there is no ${USUAL_BASES.join(", ")}`, {
    fix: "Name it: weighbridge check --base <branch or commit>",
  });
}

async function exists(repository: Repository, revision: string): Promise<boolean> {
  try {
    await repository.commit(revision);
    return true;
  } catch (cause) {
    if (cause instanceof GateError && cause.code === "REVISION_UNKNOWN") return false;
    throw cause;
  }
}
