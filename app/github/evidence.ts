import { createHash } from "node:crypto";
import type { Tree } from "../../gate/model/change.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import { digestOf } from "../../gate/parse/canonical.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import type { EvidenceFile } from "../../gate/world.ts";
import type { Client } from "./client.ts";
import { ARCHIVE_BYTES_MAX, readArchive } from "./evidence-archive.ts";
import type { ApiRepository } from "./repository.ts";
import { type RunArtifact, readArtifacts, readJobs, readRuns, type WorkflowRun } from "./run.ts";
import { at } from "./shape.ts";
import { trustIn, type WorkflowTrust } from "./workflow.ts";
import type { RepositoryAddress } from "./writers.ts";

/** How a run ends that was neither stopped nor ran out of time: well, or because one of its jobs said no. */
const ENDED: ReadonlySet<string> = new Set(["success", "failure"]);
/** The artifact of the workflow that `init` writes, and the folder that it is downloaded to. */
export const EVIDENCE_ARTIFACT = "weighbridge-evidence";
const WORKFLOWS = ".github/workflows/";
/** The decision record of the Action in the same run, if the workflow keeps it. */
export const DECISION_ARTIFACT = "weighbridge-decision";

export interface EvidenceRequest extends RepositoryAddress {
  readonly repositoryId: number;
  /** Commit ids, as GitHub tells them. */
  readonly base: string;
  readonly head: string;
  /** Where the head is, if it still is somewhere. */
  readonly headRepositoryId?: number;
  readonly repository: ApiRepository;
  /**
   * What the run has to be of; a pull request's own if absent. A run that a person starts, or a push to any branch,
   * proves nothing of a pull request.
   */
  readonly event?: "pull_request" | "merge_group";
  /** Whether a run about the head may have had the workflow of a branch that anybody may write to. */
  readonly isUnguarded?: boolean;
  /** Workflows of other repositories that may bring evidence, as `owner/repo/.github/workflows/file.yml@ref`. */
  readonly workflows?: readonly string[];
}

export type RunEvidence =
  | {
      readonly kind: "found";
      readonly runId: number;
      readonly files: readonly EvidenceFile[];
      /** What the Action decided in the run: a claim. */
      readonly record?: DecisionRecord;
    }
  /** A run that could bring some has not ended. */
  | { readonly kind: "pending"; readonly runId: number }
  /** Runs about this head are there, and none of them is evidence. */
  | { readonly kind: "refused"; readonly reason: string }
  /** No run brings any. */
  | { readonly kind: "absent" };

/**
 * The evidence that a run about this head has left. The run is found by the head's id, never by what an artifact says
 * of itself, and its workflow has to be the base's. Rejects `EVIDENCE_*` where an artifact is hostile or foreign.
 */
export async function readEvidence(client: Client, request: EvidenceRequest): Promise<RunEvidence> {
  const { head, event = "pull_request" } = request;
  if (!(await mayHaveRuns(request))) return { kind: "absent" };
  const runs = (await readRuns(client, request, { head, event }))
    .filter((run) => isAbout(run, request))
    // What the change cannot touch goes before what it only did not.
    .sort((a, b) => Number(isNamed(b, request)) - Number(isNamed(a, request)));
  const reasons: string[] = [];
  for (const run of runs) {
    const trust = await trustInRun(run, request);
    if (trust.kind === "mistrusted") reasons.push(trust.reason);
    if (trust.kind !== "trusted") continue;
    if (!run.isCompleted) return { kind: "pending", runId: run.id };
    if (!ENDED.has(run.conclusion ?? "")) {
      reasons.push(`run ${run.id} did not come to its end`);
      continue;
    }
    const artifacts = await readArtifacts(client, request, run.id);
    const evidence = artifacts.find(({ name }) => name === EVIDENCE_ARTIFACT);
    // One that runs no more has left nothing; another may have.
    if (evidence === undefined) continue;
    const attested = trust.isNamed ? ({ attested: true } as const) : {};
    if (await isOfWholeJob(client, { request, run, evidence })) {
      return readFound(client, { request, run, artifacts, evidence, attested });
    }
    reasons.push(`the job of run ${run.id} that left ${EVIDENCE_ARTIFACT} did not succeed`);
  }
  const [reason] = reasons;
  return reason === undefined ? { kind: "absent" } : { kind: "refused", reason };
}

/**
 * Whether every job that ran when the artifact was made has succeeded: what a job left that was killed is a part of
 * what it measured. A run fails whenever the gate closes, so of such a run the jobs have to be asked; of one that
 * succeeded at once they need not be.
 */
async function isOfWholeJob(
  client: Client,
  { request, run, evidence }: Pick<Found, "request" | "run" | "evidence">,
): Promise<boolean> {
  if (run.conclusion === "success" && run.attempt === 1) return true;
  const { createdAt } = evidence;
  if (createdAt === undefined) return false;
  const jobs = (await readJobs(client, request, run.id)).filter(
    ({ startedAt, completedAt, conclusion }) =>
      // What was skipped takes no time, though it has one.
      conclusion !== "skipped" && startedAt <= createdAt && createdAt <= (completedAt ?? createdAt),
  );
  return jobs.length > 0 && jobs.every(({ conclusion }) => conclusion === "success");
}

/** Only a workflow of the base is believed, or one that is named. */
async function mayHaveRuns({ repository, base, workflows = [] }: EvidenceRequest): Promise<boolean> {
  if (workflows.length > 0) return true;
  return [...(await repository.tree(base)).keys()].some((path) => path.startsWith(WORKFLOWS));
}

function isAbout(run: WorkflowRun, request: EvidenceRequest): boolean {
  const { head, event = "pull_request", repositoryId, headRepositoryId } = request;
  const isFromHead = headRepositoryId === undefined || run.headRepositoryId === headRepositoryId;
  return run.event === event && run.head === head && run.repositoryId === repositoryId && isFromHead;
}

function isNamed({ path }: WorkflowRun, { workflows = [] }: EvidenceRequest): boolean {
  return workflows.includes(path);
}

async function trustInRun(run: WorkflowRun, request: EvidenceRequest): Promise<WorkflowTrust> {
  const { repository, workflows = [], isUnguarded = false } = request;
  const [base, head] = await Promise.all([repository.tree(request.base), repository.tree(request.head)]);
  const source = { repository, base, head };
  const trust = await trustIn(run.path, source, { artifact: EVIDENCE_ARTIFACT, named: workflows });
  if (trust.kind !== "trusted" || trust.isNamed || !isUnguarded) return trust;
  const reason = `the commit was to go into another branch as well, and run ${run.id} may be of the workflow there`;
  return { kind: "mistrusted", reason };
}

interface Found {
  readonly request: EvidenceRequest;
  readonly run: WorkflowRun;
  readonly artifacts: readonly RunArtifact[];
  readonly evidence: RunArtifact;
  readonly attested: { readonly attested?: true };
}

async function readFound(
  client: Client,
  { request, run, artifacts, evidence, attested }: Found,
): Promise<RunEvidence> {
  if (evidence.isExpired) return { kind: "refused", reason: `the artifact of run ${run.id} has expired` };
  const files = await readArchive(await download(client, request, evidence), nameOf(evidence, run));
  const decision = artifacts.find(({ name, isExpired }) => name === DECISION_ARTIFACT && !isExpired);
  return {
    ...{ kind: "found", runId: run.id },
    // Where the workflow's second job downloads them: the Action and the App see the same paths.
    files: files.map(({ path, bytes }) => ({ path: `${EVIDENCE_ARTIFACT}/${path}`, bytes, ...attested })),
    ...(decision !== undefined && { record: await readRecord(client, request, { artifact: decision, run }) }),
  };
}

function nameOf({ name }: RunArtifact, { id }: WorkflowRun): string {
  return `artifact ${name} of run ${id}`;
}

async function download(
  client: Client,
  { owner, repo }: RepositoryAddress,
  { id, name, bytes, digest }: RunArtifact,
): Promise<Uint8Array> {
  if (bytes > ARCHIVE_BYTES_MAX) throw tooLarge(name, bytes);
  let chunks: Uint8Array[] = [];
  const route = "GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}";
  await client.download(route, { owner, repo, artifact_id: id, archive_format: "zip" }, () => {
    chunks = [];
    let size = 0;
    return (chunk) => {
      size += chunk.length;
      if (size > ARCHIVE_BYTES_MAX) throw tooLarge(name, size);
      chunks.push(chunk);
    };
  });
  const archive = Buffer.concat(chunks);
  const found = `sha256:${createHash("sha256").update(archive).digest("hex")}`;
  if (digest === undefined || digest === found) return archive;
  throw new GateError(
    "EVIDENCE_ARCHIVE",
    `Cannot read the artifact ${name}: it has ${found}, GitHub says ${digest}`,
  );
}

function tooLarge(name: string, bytes: number): GateError {
  const message = `Cannot read the artifact ${name}: ${bytes} bytes, limit is ${ARCHIVE_BYTES_MAX}`;
  return new GateError("EVIDENCE_LIMIT", message);
}

/** The Action's record, if it is whole and about this head and its files. What it decided is not believed. */
async function readRecord(
  client: Client,
  request: EvidenceRequest,
  { artifact, run }: { readonly artifact: RunArtifact; readonly run: WorkflowRun },
): Promise<DecisionRecord> {
  const name = nameOf(artifact, run);
  const files = await readArchive(await download(client, request, artifact), name);
  const file = files.find(({ path }) => path === "decision.json");
  if (file === undefined) throw foreign(name, "it holds no decision.json");
  const record = parseDecision(file.bytes, `${name}, decision.json`);
  const { change } = record.input;
  if (change.head !== request.head)
    throw foreign(name, `it is about ${change.head}, the head is ${request.head}`);
  if (hasStray(record, await request.repository.tree(request.head))) {
    throw foreign(name, "its files are not those of the head's tree");
  }
  const { digest, ...content } = record;
  if (digestOf(content) !== digest) throw foreign(name, "its digest is not that of its content");
  return record;
}

/** Whether the record says of a changed file another thing than the head's tree; nothing of it is believed. */
function hasStray({ input }: DecisionRecord, head: Tree): boolean {
  const files: readonly unknown[] = input.change.files;
  return files.some((file) => {
    const path = at(file, "path");
    const entry = typeof path === "string" ? head.get(path) : undefined;
    const isSame = at(file, "head", "oid") === entry?.oid && at(file, "head", "kind") === entry?.kind;
    return typeof path !== "string" || !isSame;
  });
}

function foreign(name: string, state: string): GateError {
  return new GateError("EVIDENCE_FOREIGN", `Cannot take ${name} for evidence about this change: ${state}`);
}
