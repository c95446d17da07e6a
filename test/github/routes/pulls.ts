import {
  type Call,
  json,
  NOT_FOUND,
  problem,
  type Reply,
  type Routes,
  withPull,
  withRepository,
} from "../exchange.ts";
import { commitsBetween } from "../git/commits.ts";
import { diffSinceMergeBase } from "../git/diff.ts";
import { readRef } from "../git/refs.ts";
import { mergeability } from "../mergeability.ts";
import { fullName, type Pull, type Repository } from "../nouns.ts";
import { paginated } from "../pagination.ts";
import { openPull } from "../play/pulls.ts";
import { toCommit, toFile } from "../resources/commit.ts";
import { toReview } from "../resources/review.ts";
import { baseTip, toPull } from "../resources.ts";
import type { GitHubState } from "../state.ts";

const READ = { permissions: ["pull_requests"], level: "read" } as const;
export const FILES_MAX = 3000;
export const COMMITS_MAX = 250;

export const PULL_ROUTES: Routes = {
  "pulls/list": { ...READ, handle: withRepository(listPulls) },
  "pulls/create": {
    permissions: ["pull_requests"],
    level: "write",
    handle: withRepository(createPull),
  },
  "pulls/get": { ...READ, handle: withPull(getPull) },
  "pulls/list-files": { ...READ, handle: withPull(listFiles) },
  "pulls/list-commits": { ...READ, handle: withPull(listCommits) },
  "pulls/list-reviews": { ...READ, handle: withPull(listReviews) },
  "pulls/get-review": { ...READ, handle: withPull(getReview) },
  "repos/list-pull-requests-associated-with-commit": { ...READ, handle: withRepository(listPullsOfCommit) },
};

function listPulls(call: Call, repository: Repository): Reply {
  const { github, query } = call;
  const state = query.get("state") ?? "open";
  const head = query.get("head");
  const base = query.get("base");
  const pulls = github.pulls.filter(
    (pull) =>
      pull.repository === repository &&
      (state === "all" || pull.state === state) &&
      (base === null || pull.base.ref === base) &&
      (head === null || head === `${pull.head.repository?.owner.login}:${pull.head.ref}`),
  );
  const byTime = query.get("sort") === "updated" ? "updatedAt" : "createdAt";
  pulls.sort((a, b) => a[byTime].getTime() - b[byTime].getTime() || a.number - b.number);
  if ((query.get("direction") ?? (query.has("sort") && byTime !== "createdAt" ? "asc" : "desc")) === "desc") {
    pulls.reverse();
  }
  return paginated(
    call,
    pulls.map((pull) => toPull(github, pull)),
  );
}

/** From a branch of the repository itself. */
function createPull({ github, token, body }: Call, repository: Repository): Reply {
  const { title, draft } = body;
  const [base, label] = [String(body.base), String(body.head)];
  const owner = repository.owner.login;
  const head = label.startsWith(`${owner}:`) ? label.slice(owner.length + 1) : label;
  const [from, into] = [head, base].map((branch) => readRef(repository, `refs/heads/${branch}`));
  if (from === undefined || into === undefined) {
    return refused({ field: from === undefined ? "head" : "base", code: "invalid" });
  }
  if (title === undefined) return refused({ field: "title", code: "missing_field" });
  if (github.pullsFrom(repository, head).some((pull) => pull.base.ref === base)) {
    return refused({ code: "custom", message: `A pull request already exists for ${owner}:${head}.` });
  }
  if (commitsBetween(repository, into, from).length === 0) {
    return refused({ code: "custom", message: `No commits between ${base} and ${head}` });
  }
  const text = body.body === undefined ? {} : { body: String(body.body) };
  const pull = openPull(github, repository, {
    ...{ head, base, by: token.account, title: String(title), draft: draft === true, ...text },
  });
  return json(201, toPull(github, pull));
}

function refused(error: Readonly<Record<string, string>>): Reply {
  return problem(422, "Validation Failed", { errors: [{ resource: "PullRequest", ...error }] });
}

function getPull({ github }: Call, pull: Pull): Reply {
  return json(200, { ...toPull(github, pull), ...mergeability(github, pull) });
}

function listFiles(call: Call, pull: Pull): Reply {
  const { repository, head } = pull;
  const files = diffSinceMergeBase(repository, baseTip(pull), head.sha).slice(0, FILES_MAX);
  return paginated(
    call,
    files.map((file) => toFile(call.origin, { repository, head: head.sha }, file)),
  );
}

function listCommits(call: Call, pull: Pull): Reply {
  const { repository, head } = pull;
  const commits = commitsBetween(repository, baseTip(pull), head.sha).slice(0, COMMITS_MAX);
  return paginated(
    call,
    commits.map((commit) => toCommit(call.github, repository, commit)),
  );
}

/** In the order in which they were submitted. One that is pending is only shown to its author. */
function listReviews(call: Call, pull: Pull): Reply {
  const reviews = call.github.reviews.filter(
    (review) => review.pull === pull && (review.state !== "PENDING" || review.author === call.token.account),
  );
  return paginated(
    call,
    reviews.map((review) => toReview(call.origin, review)),
  );
}

function getReview({ github, origin, parameters }: Call, pull: Pull): Reply {
  const id = Number(parameters.review_id);
  const review = github.reviews.find((each) => each.pull === pull && each.id === id);
  return review === undefined ? NOT_FOUND : json(200, toReview(origin, review));
}

function listPullsOfCommit(call: Call, repository: Repository): Reply {
  const pulls = pullsOfCommit(call.github, repository, call.parameters.commit_sha ?? "");
  return paginated(
    call,
    pulls.map((pull) => toPull(call.github, pull)),
  );
}

/** Those that the commit was merged by, or that are open and have it. */
export function pullsOfCommit(github: GitHubState, repository: Repository, sha: string): readonly Pull[] {
  return github.pulls.filter(
    (pull) =>
      fullName(pull.repository) === fullName(repository) &&
      (pull.merged?.sha === sha ||
        pull.head.sha === sha ||
        (pull.state === "open" &&
          commitsBetween(repository, baseTip(pull), pull.head.sha).some(({ id }) => id === sha))),
  );
}
