import type { Json, Members } from "./description.ts";
import { commitsBetween, readCommit } from "./git/commits.ts";
import { countSinceMergeBase } from "./git/diff.ts";
import { readRef } from "./git/refs.ts";
import {
  type Account,
  type App,
  type Comment,
  fullName,
  type Issue,
  isPull,
  type Pull,
  type Repository,
} from "./nouns.ts";
import { instant, instantOrNull } from "./resources/times.ts";
import type { Registration } from "./state/apps.ts";
import type { GitHubState } from "./state.ts";

/** State as the API shows it: every member that GitHub's description requires, and few others. */

export function toUser(origin: string, { id, login, type }: Account): Members {
  const url = `${origin}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: `U_${id}`,
    avatar_url: `${origin}/avatars/${id}`,
    gravatar_id: "",
    url,
    html_url: `${origin}/${encodeURIComponent(login)}`,
    ...addresses(url, [
      ...["followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events"],
      "received_events",
    ]),
    type,
    site_admin: false,
  };
}

/** Events of today that the description of an App does not list among those that it may have asked for. */
const UNLISTED_EVENTS: ReadonlySet<string> = new Set([
  "deployment_protection_rule",
  "installation_target",
  "merge_group",
  "repository_ruleset",
]);

export function toApp(
  origin: string,
  { id, slug, name, owner, ...asked }: App & Partial<Registration>,
): Members {
  return {
    id,
    slug,
    node_id: `A_${id}`,
    owner: toUser(origin, owner),
    name,
    description: null,
    external_url: `${origin}/apps/${slug}`,
    html_url: `${origin}/apps/${slug}`,
    created_at: "2018-07-30T09:30:17Z",
    updated_at: "2018-07-30T09:30:17Z",
    permissions: { ...asked.permissions },
    events: (asked.events ?? []).filter((event) => !UNLISTED_EVENTS.has(event)),
    ...(asked.clientId !== undefined && { client_id: asked.clientId }),
  };
}

/** Wide enough for every description of a repository: full, nested in a pull request, in a delivery. */
export function toRepository(origin: string, repository: Repository): Members {
  const { id, owner, name, fork, defaultBranch } = repository;
  const fullName = `${owner.login}/${name}`;
  const url = `${origin}/repos/${fullName}`;
  const html = `${origin}/${fullName}`;
  return {
    id,
    node_id: `R_${id}`,
    name,
    full_name: fullName,
    private: repository.private,
    owner: toUser(origin, owner),
    html_url: html,
    description: null,
    fork,
    url,
    ...addresses(url, REPOSITORY_ADDRESSES),
    ...{ clone_url: html, git_url: html, ssh_url: html, svn_url: html, mirror_url: null, homepage: null },
    ...{
      language: null,
      license: null,
      default_branch: defaultBranch,
      topics: [],
      visibility: repository.private ? "private" : "public",
    },
    ...Object.fromEntries(REPOSITORY_COUNTS.map((count) => [count, 0])),
    ...{ has_issues: true, has_projects: false, has_wiki: false, has_pages: false, has_downloads: false },
    ...{
      has_discussions: false,
      archived: repository.archived,
      disabled: false,
      is_template: false,
      allow_forking: true,
    },
    web_commit_signoff_required: false,
    ...{ pushed_at: EPOCH, created_at: EPOCH },
    updated_at: repository.updatedAt === undefined ? EPOCH : instant(repository.updatedAt),
  };
}

const EPOCH = "2026-01-01T00:00:00Z";

const REPOSITORY_COUNTS: readonly string[] = [
  ...["forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers"],
  ...["watchers_count", "network_count", "subscribers_count"],
];

const REPOSITORY_ADDRESSES: readonly string[] = [
  ...["archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare"],
  ...["contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs"],
  ...[
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
  ],
  ...["milestones", "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers"],
  ...["subscription", "tags", "teams", "trees"],
];

/** A pull request in full. Whether it can be merged is for the one who asks: see `mergeability`. */
export function toPull(github: GitHubState, pull: Pull): Members {
  const { origin } = github;
  const { id, number, repository, author, title, body, state, locked, draft, merged } = pull;
  const url = `${origin}/repos/${fullName(repository)}/pulls/${number}`;
  const html = `${origin}/${fullName(repository)}/pull/${number}`;
  return {
    ...{ id, node_id: `PR_${id}`, number, state, locked, draft, title, body, url, html_url: html },
    ...{
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      issue_url: url.replace("/pulls/", "/issues/"),
    },
    ...addresses(url, ["comments", "commits", "review_comments", "review_comment", "statuses"]),
    user: toUser(origin, author.state === "deleted" ? github.ghost : author),
    ...{ labels: [], milestone: null, assignee: null, assignees: [] },
    ...{ requested_reviewers: [], requested_teams: [] },
    ...{ created_at: instant(pull.createdAt), updated_at: instant(pull.updatedAt) },
    ...{ closed_at: instantOrNull(pull.closedAt), merged_at: instantOrNull(merged?.at) },
    merge_commit_sha: merged?.sha ?? null,
    base: toSide(origin, pull.base, repository),
    head: toSide(origin, pull.head, pull.head.repository),
    _links: Object.fromEntries(PULL_LINKS.map((name) => [name, { href: url }])),
    ...{ author_association: "CONTRIBUTOR", auto_merge: null, active_lock_reason: null },
    ...{ merged: merged !== undefined, mergeable: null, rebaseable: null, mergeable_state: "unknown" },
    merged_by: merged === undefined ? null : toUser(origin, merged.by),
    comments: github.comments.filter(({ thread }) => thread === pull).length,
    ...{ review_comments: 0, maintainer_can_modify: false },
    ...countChanges(pull),
  };
}

function countChanges(pull: Pull): Members {
  const { repository, head } = pull;
  const base = baseTip(pull);
  if (readCommit(repository, base) === undefined || readCommit(repository, head.sha) === undefined) {
    return { commits: 0, additions: 0, deletions: 0, changed_files: 0 };
  }
  const { files, additions, deletions } = countSinceMergeBase(repository, base, head.sha);
  const commits = commitsBetween(repository, base, head.sha).length;
  return { commits, additions, deletions, changed_files: files };
}

/** What a pull request is compared with: its base branch as it stands, or as it stood when it was closed. */
export function baseTip({ repository, base, state }: Pull): string {
  return (state === "open" ? readRef(repository, `refs/heads/${base.ref}`) : undefined) ?? base.sha;
}

const PULL_LINKS: readonly string[] = [
  ...["comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self"],
];

function toSide(
  origin: string,
  { ref, sha }: { ref: string; sha: string },
  repository: Repository | null,
): Members {
  if (repository === null) return { label: `unknown:${ref}`, ref, sha, user: null, repo: null };
  return {
    label: `${repository.owner.login}:${ref}`,
    ref,
    sha,
    user: toUser(origin, repository.owner),
    repo: toRepository(origin, repository),
  };
}

export function toComment(origin: string, comment: Comment): Members {
  const { repository, number } = comment.thread;
  const path = fullName(repository);
  const page = isPull(comment.thread) ? "pull" : "issues";
  return {
    id: comment.id,
    node_id: `IC_${comment.id}`,
    url: `${origin}/repos/${path}/issues/comments/${comment.id}`,
    html_url: `${origin}/${path}/${page}/${number}#issuecomment-${comment.id}`,
    issue_url: `${origin}/repos/${path}/issues/${number}`,
    body: comment.body,
    user: comment.author === null ? null : toUser(origin, comment.author),
    created_at: instant(comment.createdAt),
    updated_at: instant(comment.updatedAt),
    author_association: "NONE",
    performed_via_github_app: comment.app === undefined ? null : toApp(origin, comment.app),
  };
}

/** An issue, or a pull request as one. */
export function toIssue(github: GitHubState, thread: Pull | Issue): Members {
  const { origin } = github;
  const { id, number, repository, author, title, body, state, locked } = thread;
  const url = `${origin}/repos/${fullName(repository)}/issues/${number}`;
  const html = `${origin}/${fullName(repository)}/${isPull(thread) ? "pull" : "issues"}/${number}`;
  const pullUrl = url.replace("/issues/", "/pulls/");
  const app = isPull(thread) ? undefined : thread.app;
  return {
    ...{ id, node_id: `I_${id}`, number, title, body, state, locked, url, html_url: html },
    ...{ repository_url: `${origin}/repos/${fullName(repository)}`, state_reason: null },
    ...addresses(url, ["comments", "events", "timeline"]),
    labels_url: `${url}/labels{/name}`,
    user: toUser(origin, author),
    labels: (isPull(thread) ? [] : thread.labels).map((name) => ({ name })),
    ...{ assignee: null, assignees: [], milestone: null, active_lock_reason: null },
    comments: github.comments.filter((comment) => comment.thread === thread).length,
    ...{ created_at: instant(thread.createdAt), updated_at: instant(thread.updatedAt) },
    ...{ closed_at: instantOrNull(thread.closedAt), author_association: "NONE" },
    performed_via_github_app: app === undefined ? null : toApp(origin, app),
    reactions: { url: `${url}/reactions`, total_count: 0, ...NO_REACTIONS },
    ...(isPull(thread) && {
      pull_request: {
        ...{ url: pullUrl, html_url: html, diff_url: `${html}.diff`, patch_url: `${html}.patch` },
        merged_at: instantOrNull(thread.merged?.at),
      },
    }),
  };
}

const NO_REACTIONS: Members = Object.fromEntries(
  ["+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket"].map((content) => [content, 0]),
);

function addresses(url: string, names: readonly string[]): Members {
  return Object.fromEntries(names.map((name): [string, Json] => [`${name}_url`, `${url}/${name}`]));
}
