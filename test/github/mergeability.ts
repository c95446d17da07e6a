import type { Members } from "./description.ts";
import { ancestors, readCommit } from "./git/commits.ts";
import { mergeTrees } from "./git/merge.ts";
import type { Pull } from "./nouns.ts";
import { baseTip } from "./resources.ts";
import type { GitHubState } from "./state.ts";

/**
 * Whether the pull request can be merged, as GitHub tells it: not known when first asked about these two commits,
 * for it is worked out afterwards.
 */
export function mergeability(github: GitHubState, pull: Pull): Members {
  const base = baseTip(pull);
  const commits = `${base}..${pull.head.sha}`;
  const isThere = [base, pull.head.sha].every((id) => readCommit(pull.repository, id) !== undefined);
  if (pull.state === "closed" || pull.tried !== commits || !isThere) {
    pull.tried = commits;
    return { mergeable: null, rebaseable: null, mergeable_state: "unknown" };
  }
  const fits = mergeTrees(pull.repository, base, pull.head.sha) !== "conflict";
  return { mergeable: fits, rebaseable: fits, mergeable_state: stateOf(github, pull, fits) };
}

function stateOf(github: GitHubState, pull: Pull, fits: boolean): string {
  if (!fits) return "dirty";
  if (pull.draft) return "draft";
  if (missingChecks(github, pull).length > 0) return "blocked";
  return "clean";
}

/** Required checks that do not hold on the head; a strict branch also wants the head to have all of the base. */
export function missingChecks(github: GitHubState, pull: Pull): string[] {
  const { repository, base, head } = pull;
  const missing = github.rules
    .requiredChecks(repository, base.ref)
    .filter((check) => !github.checks.passes(repository, head.sha, check))
    .map(({ context }) => context);
  const isStrict = github.rules.protections.some(
    (each) => each.repository === repository && each.branch === base.ref && each.strict,
  );
  const isBehind = isStrict && !ancestors(repository, head.sha).has(baseTip(pull));
  return isBehind ? [...missing, "up to date with the base"] : missing;
}
