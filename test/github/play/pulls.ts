import { sendPull } from "../events/pulls.ts";
import { tip } from "../git-data.ts";
import type { Account, Pull, Repository } from "../nouns.ts";
import type { GitHubState } from "../state.ts";
import { close, publishHead } from "./heads.ts";

export interface PullRequest {
  /** Branch; of `from` if the head is in a fork. */
  readonly head: string;
  readonly from?: Repository;
  readonly base?: string;
  readonly by: Account;
  readonly title?: string;
  readonly body?: string;
  readonly draft?: boolean;
}

export function openPull(github: GitHubState, repository: Repository, request: PullRequest): Pull {
  const { head, from = repository, base = repository.defaultBranch, by, title, body, draft } = request;
  const pull = github.addPull(repository, {
    author: by,
    head: { ref: head, sha: tip(from, head), repository: from },
    base: { ref: base, sha: tip(repository, base) },
    ...(title !== undefined && { title }),
    ...(body !== undefined && { body }),
    ...(draft !== undefined && { draft }),
  });
  publishHead(pull);
  sendPull(github, pull, { action: "opened", sender: by });
  return pull;
}

interface By {
  readonly by: Account;
}

export function closePull(github: GitHubState, pull: Pull, { by }: By): void {
  close(github, pull);
  sendPull(github, pull, { action: "closed", sender: by });
}

export function reopenPull(github: GitHubState, pull: Pull, { by }: By): void {
  pull.state = "open";
  delete pull.closedAt;
  pull.updatedAt = github.now();
  sendPull(github, pull, { action: "reopened", sender: by });
}

export interface PullEdit extends By {
  readonly title?: string;
  readonly body?: string;
  /** Another branch to go into. */
  readonly base?: string;
}

/** Edits the text of a pull request, or retargets it. */
export function editPull(github: GitHubState, pull: Pull, { by, title, body, base }: PullEdit): void {
  const changes = {
    ...(title !== undefined && { title: { from: pull.title } }),
    ...(body !== undefined && { body: { from: pull.body ?? "" } }),
    ...(base !== undefined && { base: { ref: { from: pull.base.ref }, sha: { from: pull.base.sha } } }),
  };
  pull.title = title ?? pull.title;
  pull.body = body ?? pull.body;
  if (base !== undefined) pull.base = { ref: base, sha: tip(pull.repository, base) };
  pull.updatedAt = github.now();
  sendPull(github, pull, { action: "edited", sender: by, more: { changes } });
}

export function convertToDraft(github: GitHubState, pull: Pull, { by }: By): void {
  pull.draft = true;
  sendPull(github, pull, { action: "converted_to_draft", sender: by });
}

export function markReady(github: GitHubState, pull: Pull, { by }: By): void {
  pull.draft = false;
  sendPull(github, pull, { action: "ready_for_review", sender: by });
}
