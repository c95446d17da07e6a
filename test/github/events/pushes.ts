import type { Json, Members } from "../description.ts";
import { ancestors, type Commit, commitsBetween, readCommit, type Signature } from "../git/commits.ts";
import { type Change, changedFiles } from "../git/trees.ts";
import { type Account, fullName, type Repository } from "../nouns.ts";
import { instant } from "../resources/times.ts";
import type { GitHubState } from "../state.ts";
import { notify } from "./notice.ts";

export const ZERO = "0".repeat(40);
const COMMITS_MAX = 2048;

export interface Push {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
  readonly sender: Account;
}

/** Tells of a ref that was moved, made or removed. */
export function sendPush(github: GitHubState, repository: Repository, push: Push): void {
  const { sender, ...refs } = push;
  notify(github, {
    ...{ event: "push", repository, sender },
    own: () => ({ ...refs, ...describe(github, repository, push) }),
  });
}

/** Whether history was thrown away. */
export function isForced(repository: Repository, before: string, after: string): boolean {
  return before !== ZERO && after !== ZERO && !ancestors(repository, after).has(before);
}

function describe(github: GitHubState, repository: Repository, { before, after, sender }: Push): Members {
  const { origin } = github;
  const from = before === ZERO ? undefined : before;
  const commits = after === ZERO ? [] : commitsBetween(repository, from ?? after, after);
  const head = readCommit(repository, after);
  const shown = (commit: Commit) => toPushed(github, repository, commit);
  return {
    ...{ created: before === ZERO, deleted: after === ZERO, forced: isForced(repository, before, after) },
    ...{ base_ref: null, compare: `${origin}/${fullName(repository)}/compare/${before}...${after}` },
    commits: commits.slice(-COMMITS_MAX).map(shown),
    head_commit: head === undefined ? null : shown(head),
    pusher: { name: sender.login, email: `${sender.login}@example.com` },
  };
}

function toPushed(github: GitHubState, repository: Repository, commit: Commit): Members {
  const person = ({ name, email }: Signature): Members => {
    const account = github.findByEmail(email);
    return { name, email, ...(account !== undefined && { username: account.login }) };
  };
  const parent = readCommit(repository, commit.parents[0] ?? "");
  const changes = changedFiles(repository, parent?.tree ?? "", commit.tree);
  const paths = (isMeant: (change: Change) => boolean): Json[] =>
    [...changes].flatMap(([path, change]) => (isMeant(change) ? [path] : []));
  return {
    ...{ id: commit.id, tree_id: commit.tree, distinct: true, message: commit.message.trimEnd() },
    timestamp: instant(commit.committer.at),
    url: `${github.origin}/${fullName(repository)}/commit/${commit.id}`,
    ...{ author: person(commit.author), committer: person(commit.committer) },
    added: paths(({ before }) => before === undefined),
    removed: paths(({ after }) => after === undefined),
    modified: paths(({ before, after }) => before !== undefined && after !== undefined),
  };
}
