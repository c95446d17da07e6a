import type { Members } from "../description.ts";
import {
  type Call,
  json,
  NOT_FOUND,
  problem,
  type Reply,
  type Routes,
  repositoryUrl,
  withRepository,
} from "../exchange.ts";
import { type Commit, commitsBetween, mergeBase, readCommit } from "../git/commits.ts";
import { diffCommits, type FileDiff } from "../git/diff.ts";
import { readRef } from "../git/refs.ts";
import { objectId } from "../git-data.ts";
import { fullName, type Repository } from "../nouns.ts";
import { paginated } from "../pagination.ts";
import { toCommit, toFile } from "../resources/commit.ts";
import { instant } from "../resources/times.ts";
import { toRepository, toUser } from "../resources.ts";
import type { Status } from "../state/checks.ts";

const CONTENTS = { permissions: ["contents"], level: "read" } as const;
const COMPARE_FILES_MAX = 300;
const COMPARE_COMMITS_MAX = 250;
const STATUSES_MAX = 1000;

export const COMMIT_ROUTES: Routes = {
  "repos/get-commit": { ...CONTENTS, handle: withRepository(getCommit) },
  "repos/get-branch": { ...CONTENTS, handle: withRepository(getBranch) },
  "repos/compare-commits-with-basehead": { ...CONTENTS, handle: withRepository(compare) },
  "repos/list-activities": { ...CONTENTS, handle: withRepository(listActivities) },
  "repos/create-commit-status": {
    ...{ permissions: ["statuses"], level: "write" },
    handle: withRepository(createStatus),
  },
  "repos/get-combined-status-for-ref": {
    ...{ permissions: ["statuses"], level: "read" },
    handle: withRepository(getCombinedStatus),
  },
};

function getCommit({ github, origin, parameters }: Call, repository: Repository): Reply {
  const id = objectId(repository, parameters.ref ?? "", "commit");
  const commit = id === undefined ? undefined : readCommit(repository, id);
  if (commit === undefined) return problem(422, `No commit found for SHA: ${parameters.ref}`);
  const [parent] = commit.parents;
  const files = parent === undefined ? [] : diffCommits(repository, parent, commit.id);
  return json(200, {
    ...toCommit(github, repository, commit),
    files: files
      .slice(0, COMPARE_FILES_MAX)
      .map((file) => toFile(origin, { repository, head: commit.id }, file)),
  });
}

function getBranch(call: Call, repository: Repository): Reply {
  const { github, origin } = call;
  const name = call.parameters.branch ?? "";
  const commit = readCommit(repository, readRef(repository, `refs/heads/${name}`) ?? "");
  if (commit === undefined) return problem(404, "Branch not found");
  const required = github.rules.requiredChecks(repository, name);
  return json(200, {
    name,
    commit: toCommit(github, repository, commit),
    _links: {
      self: repositoryUrl(call, `branches/${name}`),
      html: `${origin}/${fullName(repository)}/tree/${name}`,
    },
    protected: required.length > 0,
    protection: {
      enabled: required.length > 0,
      required_status_checks: {
        enforcement_level: required.length > 0 ? "non_admins" : "off",
        contexts: required.map(({ context }) => context),
        checks: required.map(({ context, appId }) => ({ context, app_id: appId ?? null })),
      },
    },
    protection_url: repositoryUrl(call, `branches/${name}/protection`),
  });
}

/** With three dots: what the head has since it left the base. */
function compare(call: Call, repository: Repository): Reply {
  const { github, origin, parameters } = call;
  const [from = "", to = ""] = (parameters.basehead ?? "").split("...");
  const [base, head] = [from, to].map((each) => objectId(repository, each.replace(/^[^:]*:/, ""), "commit"));
  const middle = base && head && mergeBase(repository, base, head);
  if (!base || !head) return NOT_FOUND;
  if (!middle) return problem(404, `No common ancestor between ${from} and ${to}.`);
  const ahead = commitsBetween(repository, base, head);
  const behind = commitsBetween(repository, head, base).length;
  const shown = (id: string) => toCommit(github, repository, readCommit(repository, id)!);
  const url = repositoryUrl(call, `compare/${parameters.basehead}`);
  return json(200, {
    ...{ url, html_url: url, permalink_url: url, diff_url: `${url}.diff`, patch_url: `${url}.patch` },
    ...{ base_commit: shown(base), merge_base_commit: shown(middle) },
    status: statusOf(ahead.length, behind),
    ...{ ahead_by: ahead.length, behind_by: behind, total_commits: ahead.length },
    commits: shownCommits(call.query, ahead).map((commit) => toCommit(github, repository, commit)),
    files: shownFiles(call.query, diffCommits(repository, middle, head)).map((file) =>
      toFile(origin, { repository, head }, file),
    ),
  });
}

/** Without a page the first 250, with one all of them, a page at a time. */
function shownCommits(query: URLSearchParams, commits: readonly Commit[]): readonly Commit[] {
  if (!query.has("page") && !query.has("per_page")) return commits.slice(0, COMPARE_COMMITS_MAX);
  const size = Math.min(Number(query.get("per_page") ?? 30), 100);
  const page = Number(query.get("page") ?? 1);
  return commits.slice((page - 1) * size, page * size);
}

/** On the first page alone, whatever its size. */
function shownFiles(query: URLSearchParams, files: readonly FileDiff[]): readonly FileDiff[] {
  return Number(query.get("page") ?? 1) === 1 ? files.slice(0, COMPARE_FILES_MAX) : [];
}

function statusOf(ahead: number, behind: number): string {
  if (ahead > 0) return behind > 0 ? "diverged" : "ahead";
  return behind > 0 ? "behind" : "identical";
}

function listActivities(call: Call, repository: Repository): Reply {
  const { github, origin, query } = call;
  const ref = query.get("ref");
  const activities = github.activities.filter(
    (each) =>
      each.repository === repository &&
      (ref === null || each.ref === ref || each.ref === `refs/heads/${ref}`) &&
      (query.get("actor") ?? each.actor?.login) === each.actor?.login &&
      (query.get("activity_type") ?? each.kind) === each.kind,
  );
  if (query.get("direction") !== "asc") activities.reverse();
  return paginated(
    call,
    activities.map(({ id, before, after, kind, actor, at, ...each }) => ({
      ...{ id, node_id: `PSH_${id}`, before, after, ref: each.ref },
      ...{ timestamp: instant(at), activity_type: kind },
      actor: actor === null ? null : toUser(origin, actor),
    })),
  );
}

function createStatus(call: Call, repository: Repository): Reply {
  const { github, origin, body, token } = call;
  const head = objectId(repository, call.parameters.sha ?? "", "commit");
  if (head === undefined) return problem(422, `No commit found for SHA: ${call.parameters.sha}`);
  const context = String(body.context ?? "default");
  const known = github.checks.statuses.filter((each) => each.head === head && each.context === context);
  if (known.length >= STATUSES_MAX) {
    return problem(422, `This SHA and context has reached the maximum number of statuses.`);
  }
  const text = (value: unknown) => (value === undefined || value === null ? null : String(value));
  const status: Status = {
    ...{ id: github.nextId(), repository, head, context, state: String(body.state) },
    ...{ description: text(body.description), targetUrl: text(body.target_url), createdAt: github.now() },
    ...(token.app !== undefined && { app: token.app }),
  };
  github.checks.statuses.push(status);
  return json(201, { ...toStatus(origin, status), creator: toUser(origin, token.account) });
}

function toStatus(origin: string, status: Status): Members {
  const { id, repository, head, context, state, description, targetUrl, createdAt } = status;
  const at = instant(createdAt);
  return {
    ...{ id, node_id: `SC_${id}`, context, state, description, target_url: targetUrl, avatar_url: null },
    url: `${origin}/repos/${fullName(repository)}/statuses/${head}`,
    ...{ created_at: at, updated_at: at },
  };
}

function getCombinedStatus(call: Call, repository: Repository): Reply {
  const { github, origin, parameters } = call;
  const head = objectId(repository, parameters.ref ?? "", "commit");
  if (head === undefined) return NOT_FOUND;
  const statuses = github.checks.statusesFor(repository, head);
  const has = (...states: string[]) => statuses.some(({ state }) => states.includes(state));
  const url = repositoryUrl(call, `commits/${head}`);
  return json(200, {
    state: has("error", "failure")
      ? "failure"
      : has("pending") || statuses.length === 0
        ? "pending"
        : "success",
    statuses: statuses.map((status) => toStatus(origin, status)),
    ...{ sha: head, total_count: statuses.length, repository: toRepository(origin, repository) },
    ...{ commit_url: url, url: `${url}/status` },
  });
}
