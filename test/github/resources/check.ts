import type { Members } from "../description.ts";
import { fullName } from "../nouns.ts";
import { toApp, toRepository } from "../resources.ts";
import type { CheckRun, CheckSuite } from "../state/checks.ts";
import type { GitHubState } from "../state.ts";
import { instant, instantOrNull } from "./times.ts";

export function toCheckRun(github: GitHubState, run: CheckRun): Members {
  const { origin } = github;
  const { id, suite, name, status, conclusion, externalId, detailsUrl, output, annotations } = run;
  const url = `${origin}/repos/${fullName(suite.repository)}/check-runs/${id}`;
  return {
    ...{ id, name, status, conclusion, url, external_id: externalId },
    node_id: `CR_${id}`,
    head_sha: suite.head,
    html_url: `${origin}/${fullName(suite.repository)}/runs/${id}`,
    details_url: detailsUrl,
    ...{ started_at: instant(run.startedAt), completed_at: instantOrNull(run.completedAt) },
    output: {
      ...output,
      annotations_count: annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: suite.id },
    app: toApp(origin, suite.app),
    pull_requests: toPullRequests(github, suite),
  };
}

/** Open pull requests of the repository itself with that head: GitHub names none of a fork's. */
export function toPullRequests(github: GitHubState, { repository, head }: CheckSuite): Members[] {
  const { origin } = github;
  const repo = { id: repository.id, name: repository.name, url: `${origin}/repos/${fullName(repository)}` };
  return github.pulls
    .filter((pull) => pull.state === "open" && pull.repository === repository)
    .filter((pull) => pull.head.repository === repository && pull.head.sha === head)
    .map((pull) => ({
      ...{ id: pull.id, number: pull.number, url: `${repo.url}/pulls/${pull.number}` },
      head: { ref: pull.head.ref, sha: pull.head.sha, repo },
      base: { ref: pull.base.ref, sha: pull.base.sha, repo },
    }));
}

export function toCheckSuite(github: GitHubState, suite: CheckSuite): Members {
  const { origin } = github;
  const { id, repository, head, branch, app, createdAt } = suite;
  const url = `${origin}/repos/${fullName(repository)}/check-suites/${id}`;
  const runs = github.checks.runs.filter((run) => run.suite === suite);
  const isDone = runs.length > 0 && runs.every(({ status }) => status === "completed");
  return {
    ...{ id, node_id: `CS_${id}`, head_branch: branch, head_sha: head, url },
    status: isDone ? "completed" : "queued",
    conclusion: isDone ? (runs.at(-1)?.conclusion ?? null) : null,
    ...{ before: null, after: head },
    pull_requests: toPullRequests(github, suite),
    app: toApp(origin, app),
    repository: toRepository(origin, repository),
    ...{ created_at: instant(createdAt), updated_at: instant(createdAt) },
    head_commit: {
      ...{ id: head, tree_id: head, message: "A commit", timestamp: instant(createdAt) },
      author: { name: "Tester", email: "tester@example.com" },
      committer: { name: "Tester", email: "tester@example.com" },
    },
    ...{ latest_check_runs_count: runs.length, check_runs_url: `${url}/check-runs` },
  };
}
