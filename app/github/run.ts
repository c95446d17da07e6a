import type { Client } from "./client.ts";
import { readPages } from "./pages.ts";
import { at, flagAt, numberAt, objectIdAt, optional, textAt } from "./shape.ts";
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
}

export interface RunArtifact {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly isExpired: boolean;
  /** `sha256:` and hex digits, of the archive; older servers do not tell. */
  readonly digest?: string;
}

const RUN_PAGES_MAX = 5;
const ARTIFACT_PAGES_MAX = 20;

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

function toRun(data: unknown): WorkflowRun {
  const headRepositoryId = optional(numberAt, data, "head_repository", "id");
  return {
    id: numberAt(data, "id"),
    path: textAt(data, "path"),
    event: textAt(data, "event"),
    head: objectIdAt(data, "head_sha"),
    repositoryId: numberAt(data, "repository", "id"),
    ...(headRepositoryId !== undefined && { headRepositoryId }),
    isCompleted: at(data, "status") === "completed",
  };
}

function toArtifact(data: unknown): RunArtifact {
  const digest = optional(textAt, data, "digest");
  return {
    ...{ id: numberAt(data, "id"), name: textAt(data, "name"), bytes: numberAt(data, "size_in_bytes") },
    isExpired: flagAt(data, "expired"),
    ...(digest !== undefined && { digest }),
  };
}
