import { sendMergeGroup } from "../events/merge-groups.ts";
import { sendPull } from "../events/pulls.ts";
import { commitsBetween } from "../git/commits.ts";
import { mergeCommit, rebaseCommits, squashCommit } from "../git/merge.ts";
import { writeRef } from "../git/refs.ts";
import { tip } from "../git-data.ts";
import { missingChecks } from "../mergeability.ts";
import type { Account, Pull, Repository } from "../nouns.ts";
import type { GitHubState } from "../state.ts";
import { closeAsMerged } from "./heads.ts";
import { moveBranch, signatureOf } from "./pushes.ts";

type Method = "merge" | "squash" | "rebase";

export interface MergeRequest {
  readonly by: Account;
  readonly method?: Method;
  /** As an administrator may: past the required checks. */
  readonly bypass?: boolean;
}

/** Merges a pull request; the commit that came of it. Throws where GitHub would refuse. */
export function merge(
  github: GitHubState,
  pull: Pull,
  { by, method = "merge", bypass = false }: MergeRequest,
): string {
  const missing = missingChecks(github, pull);
  if (pull.state === "closed" || pull.draft)
    throw new Error(`Cannot merge: #${pull.number} is closed or a draft`);
  if (missing.length > 0 && !bypass) throw new Error(`Cannot merge: ${missing.join(", ")} is expected`);
  const { repository, base } = pull;
  const after = integrate(github, pull, { base: tip(repository, base.ref), by, method });
  if (after === "conflict") throw new Error(`Cannot merge: #${pull.number} conflicts with ${base.ref}`);
  // Merged before the branch moves, or the push would be taken for the merge.
  closeAsMerged(github, pull, { sha: after, by });
  moveBranch(github, repository, { branch: base.ref, after, by, kind: "pr_merge" });
  return after;
}

interface Integration {
  readonly base: string;
  readonly by: Account;
  readonly method: Method;
}

function integrate(github: GitHubState, pull: Pull, { base, by, method }: Integration): string {
  const { repository, head, number, title } = pull;
  const committer = signatureOf(github, github.webFlow);
  if (method === "rebase") {
    const commits = commitsBetween(repository, base, head.sha).filter(({ parents }) => parents.length < 2);
    return rebaseCommits(repository, { base, commits: commits.map(({ id }) => id), committer });
  }
  const request = { base, head: head.sha, author: signatureOf(github, by), committer };
  return method === "squash"
    ? squashCommit(repository, { ...request, message: `${title} (#${number})` })
    : mergeCommit(repository, {
        ...request,
        message: `Merge pull request #${number} from ${head.ref}\n\n${title}`,
      });
}

/** Some pull requests on top of their base, as a merge queue tries them. */
export interface MergeGroup {
  readonly repository: Repository;
  readonly pulls: readonly Pull[];
  readonly base: { readonly ref: string; readonly sha: string };
  readonly head: { readonly ref: string; readonly sha: string };
  /** The commit that each of them came to, in their order. */
  readonly merges: readonly string[];
  readonly by: Account;
}

interface QueueRequest {
  readonly by: Account;
  /** How the queue of the branch merges. */
  readonly method?: Method;
  /** The group that is before this one in the queue; its head is the base of this one. */
  readonly behind?: MergeGroup;
}

/** Puts pull requests of one base into the queue: builds the group's commit and asks for checks on it. */
export function enqueue(
  github: GitHubState,
  pulls: readonly Pull[],
  { by, method = "merge", behind }: QueueRequest,
): MergeGroup {
  const [first] = pulls;
  if (first === undefined) throw new Error("Cannot make a merge group: no pull request");
  const { repository } = first;
  const base = { ref: first.base.ref, sha: behind?.head.sha ?? tip(repository, first.base.ref) };
  let sha = base.sha;
  const merges: string[] = [];
  for (const pull of pulls) {
    sendPull(github, pull, { action: "enqueued", sender: by });
    sha = integrate(github, pull, { base: sha, by, method });
    if (sha === "conflict") throw new Error(`Cannot make a merge group: #${pull.number} conflicts`);
    merges.push(sha);
  }
  const ref = `refs/heads/gh-readonly-queue/${base.ref}/pr-${pulls.at(-1)?.number}-${base.sha}`;
  writeRef(repository, ref, sha);
  const group = { repository, pulls, base, head: { ref, sha }, merges, by };
  sendMergeGroup(github, group, { action: "checks_requested" });
  return group;
}

/** The group's checks passed: its commit becomes the base branch. */
export function mergeGroup(github: GitHubState, group: MergeGroup): void {
  const { repository, pulls, base, head, merges, by } = group;
  for (const [at, pull] of pulls.entries()) closeAsMerged(github, pull, { sha: merges[at] ?? head.sha, by });
  moveBranch(github, repository, { branch: base.ref, after: head.sha, by, kind: "merge_queue_merge" });
  destroyGroup(github, group, { reason: "merged" });
}

/** Takes the group apart; pull requests that it did not merge leave the queue. */
export function destroyGroup(
  github: GitHubState,
  group: MergeGroup,
  { reason }: { reason: "merged" | "invalidated" | "dequeued" },
): void {
  writeRef(group.repository, group.head.ref, undefined);
  sendMergeGroup(github, group, { action: "destroyed", reason });
  if (reason === "merged") return;
  for (const pull of group.pulls) {
    sendPull(github, pull, { action: "dequeued", sender: group.by, more: { reason: "CI_FAILURE" } });
  }
}
