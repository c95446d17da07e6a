import { execFileSync } from "node:child_process";
import { sendPull } from "../events/pulls.ts";
import { ancestors } from "../git/commits.ts";
import { readRef, writeRef } from "../git/refs.ts";
import type { Account, Pull, Repository } from "../nouns.ts";
import type { GitHubState } from "../state.ts";

/** What becomes of pull requests when a branch moves. */
interface Moved {
  readonly branch: string;
  readonly before: string;
  readonly after: string | undefined;
  readonly by: Account;
}

/** Pull requests from the branch get its new commit, and their base as it stands; without a branch they close. */
export function moveHeads(
  github: GitHubState,
  repository: Repository,
  { branch, before, after, by }: Moved,
): void {
  for (const pull of github.pullsFrom(repository, branch)) {
    pull.updatedAt = github.now();
    if (after === undefined) {
      close(github, pull);
      sendPull(github, pull, { action: "closed", sender: by });
      continue;
    }
    pull.head.sha = after;
    pull.base.sha = readRef(pull.repository, `refs/heads/${pull.base.ref}`) ?? pull.base.sha;
    publishHead(pull);
    sendPull(github, pull, { action: "synchronize", sender: by, more: { before, after } });
  }
}

/** The head as a ref of the repository that the pull request is in, which thereby has a fork's commits, too. */
export function publishHead({ repository, number, head }: Pull): void {
  const ref = `refs/pull/${number}/head`;
  if (head.repository !== null && head.repository.directory !== repository.directory) {
    const args = ["-C", repository.directory, "fetch", "--quiet", head.repository.directory];
    execFileSync("git", [...args, `+${head.sha}:${ref}`], { stdio: "ignore" });
  }
  writeRef(repository, ref, head.sha);
}

/** Pull requests into the branch whose head it has now were merged by that, as GitHub sees it. */
export function closeMerged(
  github: GitHubState,
  repository: Repository,
  { branch, after, by }: { branch: string; after: string; by: Account },
): void {
  const open = github.pulls.filter(
    (pull) => pull.state === "open" && pull.repository === repository && pull.base.ref === branch,
  );
  if (open.length === 0) return;
  const reached = ancestors(repository, after);
  for (const pull of open) {
    if (!reached.has(pull.head.sha)) continue;
    closeAsMerged(github, pull, { sha: after, by });
  }
}

export function closeAsMerged(
  github: GitHubState,
  pull: Pull,
  { sha, by }: { sha: string; by: Account },
): void {
  pull.merged = { sha, by, at: github.now() };
  close(github, pull);
  sendPull(github, pull, { action: "closed", sender: by });
}

export function close(github: GitHubState, pull: Pull): void {
  pull.state = "closed";
  pull.closedAt = github.now();
  pull.updatedAt = pull.closedAt;
}
