import type { Members } from "../description.ts";
import type { Commit, Signature } from "../git/commits.ts";
import type { FileDiff } from "../git/diff.ts";
import { fullName, type Repository } from "../nouns.ts";
import { toUser } from "../resources.ts";
import type { GitHubState } from "../state.ts";
import { instant } from "./times.ts";

const UNSIGNED: Members = {
  ...{ verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null },
};

function toSignature({ name, email, at }: Signature): Members {
  return { name, email, date: instant(at) };
}

/** A commit as git data: nothing but what the object says. */
export function toGitCommit(origin: string, repository: Repository, commit: Commit): Members {
  const path = `${origin}/repos/${fullName(repository)}/git`;
  const url = `${path}/commits/${commit.id}`;
  return {
    ...{ sha: commit.id, node_id: `C_${commit.id}`, url, html_url: url, message: commit.message.trimEnd() },
    ...{ author: toSignature(commit.author), committer: toSignature(commit.committer) },
    tree: { sha: commit.tree, url: `${path}/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => {
      const parentUrl = `${path}/commits/${sha}`;
      return { sha, url: parentUrl, html_url: parentUrl };
    }),
    verification: UNSIGNED,
  };
}

/** A commit with the accounts that its e-mail addresses are linked to; null where there is none. */
export function toCommit(github: GitHubState, repository: Repository, commit: Commit): Members {
  const { origin } = github;
  const path = `${origin}/repos/${fullName(repository)}`;
  const linked = ({ email }: Signature) => {
    const account = github.findByEmail(email);
    return account === undefined ? null : toUser(origin, account);
  };
  const address = (sha: string) => ({
    sha,
    url: `${path}/commits/${sha}`,
    html_url: `${origin}/${fullName(repository)}/commit/${sha}`,
  });
  return {
    ...{
      ...address(commit.id),
      node_id: `C_${commit.id}`,
      comments_url: `${path}/commits/${commit.id}/comments`,
    },
    commit: {
      ...{ author: toSignature(commit.author), committer: toSignature(commit.committer) },
      ...{ message: commit.message.trimEnd(), comment_count: 0, verification: UNSIGNED },
      tree: { sha: commit.tree, url: `${path}/git/trees/${commit.tree}` },
      url: `${path}/git/commits/${commit.id}`,
    },
    ...{ author: linked(commit.author), committer: linked(commit.committer) },
    parents: commit.parents.map(address),
  };
}

/** One file of a comparison. */
export function toFile(origin: string, { repository, head }: FileOf, file: FileDiff): Members {
  const path = `${origin}/${fullName(repository)}`;
  const name = encodeURI(file.path);
  return {
    ...{ sha: file.id, filename: file.path, status: file.status },
    ...{ additions: file.additions, deletions: file.deletions, changes: file.additions + file.deletions },
    blob_url: `${path}/blob/${head}/${name}`,
    raw_url: `${path}/raw/${head}/${name}`,
    contents_url: `${origin}/repos/${fullName(repository)}/contents/${name}?ref=${head}`,
    ...(file.patch !== undefined && { patch: file.patch }),
    ...(file.previousPath !== undefined && { previous_filename: file.previousPath }),
  };
}

export interface FileOf {
  readonly repository: Repository;
  readonly head: string;
}
