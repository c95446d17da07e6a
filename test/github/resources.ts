import type { Json, Members } from "./description.ts";
import type { Account, App, Comment, Pull, Repository } from "./state.ts";

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

export function toApp(origin: string, { id, slug, name, owner }: App): Members {
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
    permissions: {},
    events: [],
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
    ...{ language: null, license: null, default_branch: defaultBranch, topics: [], visibility: "public" },
    ...Object.fromEntries(REPOSITORY_COUNTS.map((count) => [count, 0])),
    ...{ has_issues: true, has_projects: false, has_wiki: false, has_pages: false, has_downloads: false },
    ...{ has_discussions: false, archived: false, disabled: false, is_template: false, allow_forking: true },
    web_commit_signoff_required: false,
    ...{ pushed_at: EPOCH, created_at: EPOCH, updated_at: EPOCH },
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

export function toPull(origin: string, pull: Pull, comments: number): Members {
  const { id, number, repository, author, title, body, state, locked, draft } = pull;
  const path = `${repository.owner.login}/${repository.name}`;
  const url = `${origin}/repos/${path}/pulls/${number}`;
  const html = `${origin}/${path}/pull/${number}`;
  const created = instant(pull.createdAt);
  return {
    ...{ id, node_id: `PR_${id}`, number, state, locked, draft, title, body, url, html_url: html },
    ...{
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      issue_url: `${origin}/repos/${path}/issues/${number}`,
    },
    ...addresses(url, ["comments", "commits", "review_comments", "review_comment", "statuses"]),
    user: toUser(origin, author),
    ...{
      labels: [],
      milestone: null,
      assignee: null,
      assignees: [],
      requested_reviewers: [],
      requested_teams: [],
    },
    ...{ created_at: created, updated_at: created, closed_at: null, merged_at: null, merge_commit_sha: null },
    base: toSide(origin, repository, pull.base),
    head: toSide(origin, pull.head.repository, pull.head),
    _links: Object.fromEntries(PULL_LINKS.map((name) => [name, { href: url }])),
    ...{
      author_association: "CONTRIBUTOR",
      auto_merge: null,
      merged: false,
      mergeable: null,
      rebaseable: null,
    },
    ...{
      mergeable_state: "unknown",
      merged_by: null,
      comments,
      review_comments: 0,
      maintainer_can_modify: false,
    },
    ...{ commits: 1, additions: 0, deletions: 0, changed_files: 1 },
  };
}

const PULL_LINKS: readonly string[] = [
  ...["comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self"],
];

function toSide(origin: string, repository: Repository, { ref, sha }: { ref: string; sha: string }): Members {
  return {
    label: `${repository.owner.login}:${ref}`,
    ref,
    sha,
    user: toUser(origin, repository.owner),
    repo: toRepository(origin, repository),
  };
}

export function toComment(origin: string, comment: Comment): Members {
  const { repository, number } = comment.pull;
  const path = `${repository.owner.login}/${repository.name}`;
  return {
    id: comment.id,
    node_id: `IC_${comment.id}`,
    url: `${origin}/repos/${path}/issues/comments/${comment.id}`,
    html_url: `${origin}/${path}/pull/${number}#issuecomment-${comment.id}`,
    issue_url: `${origin}/repos/${path}/issues/${number}`,
    body: comment.body,
    user: comment.author === null ? null : toUser(origin, comment.author),
    created_at: instant(comment.createdAt),
    updated_at: instant(comment.updatedAt),
    author_association: "NONE",
    performed_via_github_app: comment.app === undefined ? null : toApp(origin, comment.app),
  };
}

function addresses(url: string, names: readonly string[]): Members {
  return Object.fromEntries(names.map((name): [string, Json] => [`${name}_url`, `${url}/${name}`]));
}

/** RFC 3339 in whole seconds, as GitHub writes it. */
export function instant(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
