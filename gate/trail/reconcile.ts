import { gitOutput, runGit } from "../checkout/git.ts";
import { GateError } from "../model/error.ts";
import type { GitStore } from "./git-store.ts";
import { Ledger, type Move } from "./ledger.ts";
import { openTrail, readLog } from "./read.ts";
import type { TrailFile } from "./trail-file.ts";
import { Findings, type TrailFinding } from "./verify/report.ts";

/** What the governed repository did, held against what the trail says: offline, from two clones. */

const POLICY_PATHS = [":(glob).weighbridge/**"];

export interface ReconcileRequest {
  readonly store: GitStore;
  /** A clone of the governed repository; often the same folder. */
  readonly governed: string;
  /** The time to which heartbeats are expected. */
  readonly now: Date;
}

export interface Reconciliation {
  readonly origin: string;
  readonly size: number;
  /** First-parent commits since the beginning that touch what is governed. */
  readonly commits: number;
  readonly findings: readonly TrailFinding[];
  readonly undecided: readonly TrailFinding[];
  readonly notes: readonly string[];
}

/**
 * Finds what is missing: commits of the governed branch that no entry records, merges and deployments without a
 * passing decision before them, policy changes and hours of silence. A person's `gap.explained` closes a gap.
 */
export async function reconcile({ store, governed, now }: ReconcileRequest): Promise<Reconciliation> {
  const head = await openTrail(store);
  const ledger = new Ledger();
  const findings = new Findings();
  const leaveUnknown = (seq: number, id: string) => {
    ledger.takeUnknown(id);
    findings.leaveOpen("TRAIL_KIND_UNKNOWN", `entry ${seq} is of a kind that this version does not know`, {
      seq,
    });
  };
  for await (const entry of readLog(store, head, {}, leaveUnknown)) ledger.take(entry);
  const branch = await readBranch(governed, { file: head.file, ledger }, findings);
  checkCommits(branch, ledger, head.file, findings);
  checkDecisions(ledger, findings);
  checkHeartbeats(ledger, head.file, now, findings);
  noteRules(ledger, findings);
  checkAnchors(ledger, findings);
  const { origin, size } = head.checkpoint;
  const { undecided, notes } = findings;
  return { origin, size, commits: branch.governed.length, findings: findings.findings, undecided, notes };
}

/** First-parent commits of the governed branch after the genesis, oldest first. */
interface Branch {
  /** All of them, with their place. */
  readonly places: ReadonlyMap<string, number>;
  readonly governed: readonly string[];
  readonly policy: readonly string[];
}

interface Told {
  readonly file: TrailFile;
  readonly ledger: Ledger;
}

async function readBranch(governed: string, { file, ledger }: Told, findings: Findings): Promise<Branch> {
  const shallow = await gitOutput(governed, ["rev-parse", "--is-shallow-repository"]);
  if (shallow.toString("latin1").trim() === "true") {
    findings.leaveOpen("TRAIL_GOVERNED_SHALLOW", "the clone of the governed repository is shallow");
  }
  const ref = await findBranch(governed, file);
  const last = movesOf(ledger, file).at(-1);
  // Behind, or moved to another history: then its own commits do not tell that some are gone.
  for (const commit of new Set([file.genesis, ...(last === undefined ? [] : [last.after])])) {
    if (ledger.explains("branch-rewritten", commit) || (await isWithin(governed, commit, ref))) continue;
    const message = `${ref} does not hold commit ${commit}, which the trail says it did: fetch it, or find out who moved it`;
    findings.leaveOpen("TRAIL_GOVERNED_OTHER", message, { commit });
  }
  // Where the clone does not know the beginning, there is nothing to begin after.
  if (!(await isKnown(governed, file.genesis))) return { places: new Map(), governed: [], policy: [] };
  const range = `${file.genesis}..${ref}`;
  const listed = (paths: readonly string[]) => listCommits(governed, range, paths);
  const all = await listed([]);
  return {
    places: new Map([file.genesis, ...all].map((commit, place) => [commit, place])),
    governed: await listed(file.governed.globs.map((glob) => `:(glob)${glob}`)),
    policy: await listed(POLICY_PATHS),
  };
}

/** The governed branch, or what this clone knows of it. */
async function findBranch(governed: string, { governed: { branch } }: TrailFile): Promise<string> {
  const refs = [`refs/heads/${branch}`, `refs/remotes/origin/${branch}`];
  for (const ref of refs) {
    if (await isKnown(governed, ref)) return ref;
  }
  throw new GateError(
    "REVISION_UNKNOWN",
    `Cannot find the governed branch: ${governed} has no ${refs.join(" or ")}`,
    {
      fix: "Fetch the branch",
    },
  );
}

async function isKnown(governed: string, revision: string): Promise<boolean> {
  return (await runGit(governed, ["rev-parse", "--verify", "--quiet", `${revision}^{commit}`])).status === 0;
}

/** True if the commit is in the history of the ref. Other than 0 also where the clone does not know it. */
async function isWithin(governed: string, commit: string, ref: string): Promise<boolean> {
  return (await runGit(governed, ["merge-base", "--is-ancestor", commit, ref])).status === 0;
}

/** Recorded moves of the governed branch, in order. */
function movesOf({ moves }: Ledger, { governed: { branch } }: TrailFile): readonly Move[] {
  return moves.filter(({ ref }) => ref === branch || ref === `refs/heads/${branch}`);
}

async function listCommits(
  governed: string,
  range: string,
  paths: readonly string[],
): Promise<readonly string[]> {
  const output = await gitOutput(governed, [
    "rev-list",
    "--reverse",
    "--first-parent",
    range,
    "--",
    ...paths,
  ]);
  return output.toString("latin1").split("\n").slice(0, -1);
}

/** Each governed commit is recorded once, each policy change too. */
function checkCommits(
  { places, governed, policy }: Branch,
  ledger: Ledger,
  file: TrailFile,
  findings: Findings,
): void {
  const recorded = new Map<string, Move[]>();
  const order = [...places.keys()];
  for (const move of movesOf(ledger, file)) {
    for (const commit of commitsOf(move, places, order)) {
      recorded.set(commit, [...(recorded.get(commit) ?? []), move]);
    }
  }
  for (const commit of governed) {
    const by = recorded.get(commit) ?? [];
    if (by.length === 1) continue;
    const code = by.length === 0 ? "merge-unrecorded" : "merge-twice";
    if (ledger.explains(code, commit)) continue;
    const state = by.length === 0 ? "is in no entry" : `is in entries ${by.map(({ seq }) => seq).join(", ")}`;
    findings.add("TRAIL_GAP_MERGE", `commit ${commit} of the governed branch ${state}`, { commit });
  }
  for (const commit of policy) {
    const by = recorded.get(commit) ?? [];
    // Said of the commit itself or of the merge that it came in by; a bypass says that nobody judged what it brought.
    const isSaid = by.some(({ kind, after }) => kind === "bypass" || ledger.policyCommits.has(after));
    if (isSaid || ledger.policyCommits.has(commit) || ledger.explains("policy-unrecorded", commit)) continue;
    findings.add("TRAIL_GAP_POLICY", `commit ${commit} changes the policy, no entry says so`, { commit });
  }
}

/** Commits that a move brought; the one it ended with if the clone does not know where it began. */
function commitsOf(
  { before, after }: Move,
  places: ReadonlyMap<string, number>,
  order: readonly string[],
): readonly string[] {
  const end = places.get(after);
  const start = before === undefined ? undefined : places.get(before);
  if (end === undefined) return [];
  return start === undefined || start >= end ? [after] : order.slice(start + 1, end + 1);
}

/** What was merged or deployed had a passing decision before, and what an entry builds on is there. */
function checkDecisions(ledger: Ledger, findings: Findings): void {
  for (const move of ledger.moves) {
    if (move.kind !== "merge" || move.isDecided || ledger.explains("merge-undecided", move.after)) continue;
    const { seq, after: commit } = move;
    findings.add("TRAIL_GAP_DECISION", `entry ${seq} merges ${commit} without a passing decision`, {
      seq,
      commit,
    });
  }
  for (const { seq, digest, isDecided } of ledger.deployed) {
    if (isDecided || ledger.explains("deploy-undecided", digest)) continue;
    findings.add("TRAIL_GAP_DECISION", `entry ${seq} deploys ${digest} without a passing decision`, { seq });
  }
  for (const { seq, ref } of ledger.danglingRefs) {
    findings.add("TRAIL_GAP_REF", `entry ${seq} builds on ${ref}, which no earlier entry is`, { seq });
  }
}

/** Silence is a signal: at most two intervals lie between heartbeats, and between the last one and now. */
function checkHeartbeats(ledger: Ledger, file: TrailFile, now: Date, findings: Findings): void {
  const { heartbeats } = ledger;
  const last = heartbeats.at(-1);
  if (last === undefined) {
    findings.note("The trail has no heartbeats: that nothing happened cannot be told from silence.");
    return;
  }
  const limitMs = 2 * file.heartbeat_minutes * 60_000;
  for (const [at, { seq, hour, time }] of heartbeats.entries()) {
    const next = heartbeats[at + 1]?.time ?? now.getTime();
    if (next - time <= limitMs || ledger.explains("heartbeat-silent", hour)) continue;
    const minutes = Math.round((next - time) / 60_000);
    const message = `no heartbeat followed that of entry ${seq} for ${minutes} minutes`;
    findings.add("TRAIL_GAP_SILENCE", message, { seq });
  }
}

/** Whoever loosens the rules for a while, and whoever mends them: from the commits alone it cannot be told which. */
function noteRules({ heartbeats }: Ledger, findings: Findings): void {
  const told = heartbeats.filter(({ rules }) => rules !== undefined);
  for (const [at, { seq, rules }] of told.entries()) {
    const before = told[at - 1];
    if (before === undefined || before.rules === rules) continue;
    findings.note(
      `The rules of the governed branch changed between entries ${before.seq} and ${seq}: ask who changed them, and for how long.`,
    );
  }
}

/** No entry states a time that a time stamp around it excludes. */
function checkAnchors(ledger: Ledger, findings: Findings): void {
  for (const anchor of ledger.anchors) {
    const seq = ledger.findOutsideAnchor(anchor);
    if (seq === undefined) continue;
    const message = `entry ${seq} states a time that the anchor of entry ${anchor.seq} excludes`;
    findings.add("TRAIL_TIME_OUTSIDE", message, { seq });
  }
}
