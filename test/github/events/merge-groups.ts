import type { Members } from "../description.ts";
import { readCommit, type Signature } from "../git/commits.ts";
import type { Account, Repository } from "../nouns.ts";
import { instant } from "../resources/times.ts";
import type { GitHubState } from "../state.ts";
import { notify } from "./notice.ts";

export interface Group {
  readonly repository: Repository;
  readonly base: { readonly ref: string; readonly sha: string };
  readonly head: { readonly ref: string; readonly sha: string };
  readonly by: Account;
}

export function sendMergeGroup(
  github: GitHubState,
  group: Group,
  { action, reason }: { action: "checks_requested" | "destroyed"; reason?: string },
): void {
  notify(github, {
    ...{ event: "merge_group", repository: group.repository, sender: group.by },
    own: () => ({ action, ...(reason !== undefined && { reason }), merge_group: toMergeGroup(group) }),
  });
}

function toMergeGroup({ repository, base, head }: Group): Members {
  const commit = readCommit(repository, head.sha)!;
  const person = ({ name, email }: Signature): Members => ({ name, email });
  return {
    ...{ head_sha: head.sha, head_ref: head.ref, base_sha: base.sha, base_ref: `refs/heads/${base.ref}` },
    head_commit: {
      ...{ id: commit.id, tree_id: commit.tree, message: commit.message.trimEnd() },
      timestamp: instant(commit.committer.at),
      ...{ author: person(commit.author), committer: person(commit.committer) },
    },
  };
}
