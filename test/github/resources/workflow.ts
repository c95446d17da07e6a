import type { Members } from "../description.ts";
import { fullName } from "../nouns.ts";
import { toRepository, toUser } from "../resources.ts";
import type { Job, WorkflowRun } from "../state/workflows.ts";
import { instant } from "./times.ts";

export function toWorkflowRun(origin: string, run: WorkflowRun): Members {
  const { id, repository, headRepository, name, path, event, branch, head, status, conclusion } = run;
  const url = `${origin}/repos/${fullName(repository)}/actions/runs/${id}`;
  const at = instant(run.createdAt);
  const workflow = `${origin}/repos/${fullName(repository)}/actions/workflows/1`;
  return {
    ...{ id, node_id: `WFR_${id}`, name, path, event, status, conclusion, display_title: name },
    ...{ head_branch: branch, head_sha: head, run_number: 1, run_attempt: run.attempt },
    ...{ workflow_id: 1, check_suite_id: id, check_suite_node_id: `CS_${id}` },
    ...{ url, html_url: `${origin}/${fullName(repository)}/actions/runs/${id}` },
    ...{ jobs_url: `${url}/jobs`, logs_url: `${url}/logs`, artifacts_url: `${url}/artifacts` },
    ...{ cancel_url: `${url}/cancel`, rerun_url: `${url}/rerun`, workflow_url: workflow },
    ...{ check_suite_url: `${url}/check-suite`, previous_attempt_url: null },
    ...{ created_at: at, updated_at: at, run_started_at: at },
    ...{ actor: toUser(origin, run.actor), triggering_actor: toUser(origin, run.actor) },
    ...{ referenced_workflows: [] },
    pull_requests: run.pulls.map((pull) => {
      const repo = {
        id: repository.id,
        name: repository.name,
        url: `${origin}/repos/${fullName(repository)}`,
      };
      return {
        ...{ id: pull.id, number: pull.number, url: `${repo.url}/pulls/${pull.number}` },
        head: { ref: pull.head.ref, sha: pull.head.sha, repo },
        base: { ref: pull.base.ref, sha: pull.base.sha, repo },
      };
    }),
    head_commit: {
      ...{ id: head, tree_id: head, message: name, timestamp: at },
      author: { name: "Tester", email: "tester@example.com" },
      committer: { name: "Tester", email: "tester@example.com" },
    },
    repository: toRepository(origin, repository),
    head_repository: toRepository(origin, headRepository),
  };
}

export function toJob(origin: string, run: WorkflowRun, job: Job): Members {
  const { id, name, attempt, conclusion, startedAt, completedAt } = job;
  const url = `${origin}/repos/${fullName(run.repository)}/actions`;
  return {
    ...{ id, run_id: run.id, run_url: `${url}/runs/${run.id}`, run_attempt: attempt, node_id: `CR_${id}` },
    ...{ head_sha: run.head, url: `${url}/jobs/${id}`, html_url: null, name, workflow_name: run.name },
    ...{ status: completedAt === null ? "in_progress" : "completed", conclusion, head_branch: run.branch },
    ...{ created_at: instant(startedAt), started_at: instant(startedAt) },
    completed_at: completedAt === null ? null : instant(completedAt),
    ...{
      check_run_url: `${origin}/repos/${fullName(run.repository)}/check-runs/${id}`,
      labels: ["ubuntu-latest"],
    },
    ...{ runner_id: 1, runner_name: "one", runner_group_id: 1, runner_group_name: "default", steps: [] },
  };
}
