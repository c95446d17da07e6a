import type { Client } from "./client.ts";
import { readPages } from "./pages.ts";
import { at, flagAt, instantAt, numberAt, objectIdAt, optional, textAt } from "./shape.ts";
import type { RepositoryAddress } from "./writers.ts";

/** One run of a workflow, as GitHub tells of it: nothing of this can be written by the run. */
export interface WorkflowRun {
  readonly id: number;
  /** Of the workflow's file; with `@ref` where it is of another repository. */
  readonly path: string;
  readonly event: string;
  readonly head: string;
  readonly repositoryId: number;
  /** Absent where the fork was deleted. */
  readonly headRepositoryId?: number;
  readonly isCompleted: boolean;
  /** How it ended, in GitHub's word. */
  readonly conclusion?: string;
  /** How often it was started: what an earlier attempt left is still there. */
  readonly attempt: number;
}

/** A job of a run, of any attempt. Times in milliseconds since 1970, to the second. */
export interface RunJob {
  readonly conclusion?: string;
  readonly startedAt: number;
  /** Absent while it goes on. */
  readonly completedAt?: number;
}

export interface RunArtifact {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly isExpired: boolean;
  /** `sha256:` and hex digits, of the archive; older servers do not tell. */
  readonly digest?: string;
  /** Milliseconds since 1970, to the second. */
  readonly createdAt?: number;
}

const RUN_PAGES_MAX = 5;
const ARTIFACT_PAGES_MAX = 20;
const JOB_PAGES_MAX = 20;

/** All runs about a commit on one kind of event, the newest first. */
export async function readRuns(
  client: Client,
  { owner, repo }: RepositoryAddress,
  { head, event }: Pick<WorkflowRun, "head" | "event">,
): Promise<readonly WorkflowRun[]> {
  const runs = await readPages(client, "GET /repos/{owner}/{repo}/actions/runs", {
    parameters: { owner, repo, head_sha: head, event },
    within: "workflow_runs",
    pagesMax: RUN_PAGES_MAX,
  });
  return runs.map(toRun).sort((a, b) => b.id - a.id);
}

/** What a run has left behind, the newest first. */
export async function readArtifacts(
  client: Client,
  { owner, repo }: RepositoryAddress,
  runId: number,
): Promise<readonly RunArtifact[]> {
  const artifacts = await readPages(client, "GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts", {
    parameters: { owner, repo, run_id: runId },
    within: "artifacts",
    pagesMax: ARTIFACT_PAGES_MAX,
  });
  return artifacts.map(toArtifact).sort((a, b) => b.id - a.id);
}

/** The jobs of all attempts of a run: one that is started again in part keeps what its earlier jobs left. */
export async function readJobs(
  client: Client,
  { owner, repo }: RepositoryAddress,
  runId: number,
): Promise<readonly RunJob[]> {
  const jobs = await readPages(client, "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs", {
    parameters: { owner, repo, run_id: runId, filter: "all" },
    within: "jobs",
    pagesMax: JOB_PAGES_MAX,
  });
  return jobs.map(toJob);
}

function toRun(data: unknown): WorkflowRun {
  const headRepositoryId = optional(numberAt, data, "head_repository", "id");
  const conclusion = optional(textAt, data, "conclusion");
  return {
    id: numberAt(data, "id"),
    path: textAt(data, "path"),
    event: textAt(data, "event"),
    head: objectIdAt(data, "head_sha"),
    repositoryId: numberAt(data, "repository", "id"),
    ...(headRepositoryId !== undefined && { headRepositoryId }),
    isCompleted: at(data, "status") === "completed",
    ...(conclusion !== undefined && { conclusion }),
    attempt: optional(numberAt, data, "run_attempt") ?? 1,
  };
}

function toJob(data: unknown): RunJob {
  const conclusion = optional(textAt, data, "conclusion");
  const completedAt = optional(instantAt, data, "completed_at");
  return {
    startedAt: instantAt(data, "started_at"),
    ...(conclusion !== undefined && { conclusion }),
    ...(completedAt !== undefined && { completedAt }),
  };
}

function toArtifact(data: unknown): RunArtifact {
  const digest = optional(textAt, data, "digest");
  const createdAt = optional(instantAt, data, "created_at");
  return {
    ...{ id: numberAt(data, "id"), name: textAt(data, "name"), bytes: numberAt(data, "size_in_bytes") },
    isExpired: flagAt(data, "expired"),
    ...(digest !== undefined && { digest }),
    ...(createdAt !== undefined && { createdAt }),
  };
}
