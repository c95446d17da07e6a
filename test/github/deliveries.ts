import assert from "node:assert/strict";
import type { Members } from "./description.ts";
import { webhookProblems } from "./oracle.ts";
import { instant } from "./resources/times.ts";
import { toPull, toRepository, toUser } from "./resources.ts";
import type { GitHubState, Pull, Repository } from "./state.ts";

/**
 * Payloads of deliveries, which are also the event files of workflow runs. Each is checked against GitHub's
 * description before anybody sees it.
 */
export interface Sender {
  readonly origin: string;
  readonly github: GitHubState;
}

function checked(event: string, payload: Members): Members {
  assert.deepEqual(webhookProblems(event, payload), []);
  return payload;
}

function around({ origin, github }: Sender, repository: Repository): Members {
  return { repository: toRepository(origin, repository), sender: toUser(origin, github.owner) };
}

export function pullRequestEvent(sender: Sender, pull: Pull, action = "opened"): Members {
  return checked("pull_request", {
    action,
    number: pull.number,
    pull_request: toPull(sender.github, pull),
    ...(action === "synchronize" && { before: pull.base.sha, after: pull.head.sha }),
    ...around(sender, pull.repository),
  });
}

export interface Push {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

export function pushEvent(sender: Sender, repository: Repository, push: Push): Members {
  const zero = /^0+$/;
  return checked("push", {
    ...push,
    created: zero.test(push.before),
    deleted: zero.test(push.after),
    forced: false,
    base_ref: null,
    compare: `${sender.origin}/compare`,
    commits: [],
    head_commit: null,
    pusher: { name: "maria", email: null },
    ...around(sender, repository),
  });
}

export function mergeGroupEvent(
  sender: Sender,
  repository: Repository,
  group: { base: string; head: string },
): Members {
  const person = { name: "GitHub", email: "noreply@example.com" };
  return checked("merge_group", {
    action: "checks_requested",
    merge_group: {
      head_sha: group.head,
      head_ref: "refs/heads/gh-readonly-queue/main/pr-1",
      base_sha: group.base,
      base_ref: "refs/heads/main",
      head_commit: {
        id: group.head,
        tree_id: group.head,
        message: "Merge pull request #1",
        timestamp: instant(sender.github.now()),
        author: person,
        committer: person,
      },
    },
    ...around(sender, repository),
  });
}

export function workflowDispatchEvent(sender: Sender, repository: Repository, inputs: Members): Members {
  return checked("workflow_dispatch", {
    inputs,
    ref: "refs/heads/main",
    workflow: ".github/workflows/weighbridge.yml",
    ...around(sender, repository),
  });
}
