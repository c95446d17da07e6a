import { sendDeploymentStatus, sendProtectionRule } from "../events/deployments.ts";
import { notify } from "../events/notice.ts";
import type { Account, Pull, Repository } from "../nouns.ts";
import { toWorkflowRun } from "../resources/workflow.ts";
import type { Deployment } from "../state/deployments.ts";
import type { Artifact, Job, WorkflowRun } from "../state/workflows.ts";
import type { GitHubState } from "../state.ts";

const MINUTE_MS = 60_000;

export interface RunRequest {
  readonly by: Account;
  readonly head: string;
  readonly branch: string;
  /** Where the head is; the repository itself if absent. */
  readonly from?: Repository;
  readonly name?: string;
  readonly path?: string;
  readonly event?: string;
  readonly conclusion?: string;
  readonly pulls?: readonly Pull[];
  /** How its jobs ended that ran one after the other; the artifacts are of the first. */
  readonly jobs?: Readonly<Record<string, string>>;
  /** Zip files by the artifact's name. */
  readonly artifacts?: Readonly<Record<string, Buffer>>;
}

/** A run of a workflow, from its start to its end. */
export function completeRun(github: GitHubState, repository: Repository, request: RunRequest): WorkflowRun {
  const { by, head, branch, from = repository, name = "weighbridge", event = "pull_request" } = request;
  const { path = ".github/workflows/weighbridge.yml", conclusion = "success", artifacts = {} } = request;
  const { jobs = { evaluate: conclusion === "failure" ? "success" : conclusion, weigh: conclusion } } =
    request;
  const isForeign = from !== repository;
  const run: WorkflowRun = {
    ...{ id: github.nextId(), repository, headRepository: from, name, path, event, branch, head, actor: by },
    // GitHub names no pull request of a fork.
    pulls: isForeign ? [] : (request.pulls ?? []),
    ...{ status: "completed", conclusion, attempt: 1, createdAt: github.now() },
    jobs: jobsOf(github, jobs),
  };
  github.workflowRuns.push(run);
  for (const [artifact, zip] of Object.entries(artifacts)) addArtifact(github, run, { name: artifact, zip });
  sendWorkflowRun(github, run, by);
  return run;
}

/** One after the other from a minute ago: what the run leaves now, the first has left. */
function jobsOf(github: GitHubState, jobs: Readonly<Record<string, string>>): readonly Job[] {
  const now = github.now().getTime();
  return Object.entries(jobs).map(([name, conclusion], at) => ({
    ...{ id: github.nextId(), name, attempt: 1, conclusion },
    startedAt: new Date(now + (at === 0 ? -MINUTE_MS : at * MINUTE_MS)),
    completedAt: new Date(now + at * MINUTE_MS + MINUTE_MS / 2),
  }));
}

export function addArtifact(
  github: GitHubState,
  run: WorkflowRun,
  { name, zip }: { name: string; zip: Buffer },
): Artifact {
  const artifact = { id: github.nextId(), run, name, zip, expired: false, createdAt: github.now() };
  github.artifacts.push(artifact);
  return artifact;
}

function sendWorkflowRun(github: GitHubState, run: WorkflowRun, sender: Account): void {
  notify(github, {
    ...{ event: "workflow_run", repository: run.repository, sender },
    own: () => ({
      action: "completed",
      workflow_run: toWorkflowRun(github.origin, run),
      workflow: toWorkflow(github, run),
    }),
  });
}

function toWorkflow({ origin }: GitHubState, { repository, name, path, createdAt }: WorkflowRun) {
  const url = `${origin}/repos/${repository.owner.login}/${repository.name}/actions/workflows/1`;
  const at = createdAt.toISOString();
  return {
    ...{ id: 1, node_id: "W_1", name, path, state: "active", created_at: at, updated_at: at },
    ...{ url, html_url: url, badge_url: `${url}/badge.svg` },
  };
}

export interface DeploymentRequest {
  readonly by: Account;
  readonly sha: string;
  readonly ref?: string;
  readonly environment?: string;
  /** The run that deploys, if it waits for the App's answer. */
  readonly run?: WorkflowRun;
  readonly pulls?: readonly Pull[];
}

/** Starts a deployment; of a `run`, the App is asked first. */
export function deploy(github: GitHubState, repository: Repository, request: DeploymentRequest): Deployment {
  const { by, sha, ref = repository.defaultBranch, environment = "production", run, pulls = [] } = request;
  const deployment: Deployment = {
    ...{ id: github.nextId(), repository, sha, ref, task: "deploy", environment, description: null },
    ...{ payload: {}, creator: by, createdAt: github.now() },
  };
  github.deployments.push(deployment);
  if (run !== undefined) sendProtectionRule(github, run, { deployment, sender: by, pulls });
  return deployment;
}

export function finishDeployment(
  github: GitHubState,
  deployment: Deployment,
  { by, state = "success" }: { by: Account; state?: string },
): void {
  const status = {
    ...{ id: github.nextId(), deployment, state, description: "", logUrl: "", environmentUrl: "" },
    ...{ creator: by, createdAt: github.now() },
  };
  github.deploymentStatuses.push(status);
  sendDeploymentStatus(github, status, by);
}
