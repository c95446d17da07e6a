import { runGit } from "../checkout/git.ts";
import { GateError } from "../model/error.ts";
import { authenticate } from "./authenticate.ts";
import { CHECKPOINT_FILE } from "./batch.ts";
import type { Checkpoint, SignedCheckpoint } from "./checkpoint.ts";
import type { Entry } from "./entry.ts";
import { type Edge, EMPTY_EDGE } from "./fold.ts";
import type { GitStore } from "./git-store.ts";
import { type Head, readHead } from "./head.ts";
import type { KeptState } from "./kept-state.ts";
import { hashesAt } from "./tile.ts";
import { parseTrailFile, TRAIL_FILE } from "./trail-file.ts";
import { readEdge, TreeReader } from "./tree-reader.ts";
import { checkAnchors } from "./verify/anchors.ts";
import { BundleThreads } from "./verify/bundle-threads.ts";
import { checkDescription, type Described, type Pin } from "./verify/description.ts";
import { EntryRules } from "./verify/entries.ts";
import { checkEvidence } from "./verify/evidence.ts";
import { checkHistory, type History, reportForeign } from "./verify/history.ts";
import { IdIndex } from "./verify/id-index.ts";
import { checkLayout, checkUnchanged, type Listing, readListing } from "./verify/listing.ts";
import { Findings, type Progress, type VerifyReport } from "./verify/report.ts";
import { compareRoots, expectedRoots } from "./verify/roots.ts";
import { checkSuccessions } from "./verify/succession.ts";
import { checkTree, readFile } from "./verify/tree.ts";
import { readWitnessed } from "./verify/witnessed.ts";

export interface VerifyRequest {
  readonly store: GitStore;
  /** 0: the last commit. 1: every commit of the branch as well. */
  readonly level: 0 | 1;
  readonly pin?: Pin;
  /** What the last run kept. */
  readonly since?: KeptState;
  /** A checkpoint that somebody kept: the trail has to extend it. */
  readonly kept?: Checkpoint;
  /** Which entries to read: those after `since`, if its commit is in this clone; or all, which is the default. */
  readonly entries?: "new" | "all";
  /** Sees each entry that is in order, as it goes by. */
  readonly visit?: (entry: Entry) => void;
  readonly onProgress?: Progress;
  /** Bundles from which on several processors read them; a number that pays if absent. */
  readonly threadsFrom?: number;
}

export interface Verification {
  readonly report: VerifyReport;
  /** What to keep for the next run; only if nothing was found, and nothing left open. */
  readonly state?: KeptState;
}

/**
 * Verifies a trail offline, with nothing but the clone and what the auditor kept. Whatever is wrong is a finding at
 * its place. Rejects `TRAIL_MISSING`, `OBJECT_MISSING` and other errors of reading: then nothing was decided.
 */
export async function verifyTrail(request: VerifyRequest): Promise<Verification> {
  const commit = await request.store.head();
  if (commit === undefined) {
    throw new GateError("TRAIL_MISSING", "Cannot verify the trail: this clone has no such branch", {
      fix: "Fetch it: git fetch origin weighbridge-trail:weighbridge-trail",
    });
  }
  const findings = new Findings();
  const listing = await readListing(request.store.gitFolder, commit, findings);
  const head = await openHead(request.store, { commit, listing }, findings);
  if (head === undefined) return { report: toReport(findings, { commit, level: request.level }) };
  const base = await openBase(request, head, findings);
  const threads = await startThreads(request, { head, listing, base });
  const { rules, checkpoints, described } = await run({
    request,
    head,
    listing,
    base,
    findings,
    threads,
  }).finally(() => threads?.close());
  const { origin, size, root } = head.checkpoint;
  const entriesRead = size - (base?.edge.size ?? 0);
  const report = toReport(findings, { commit, level: request.level, head, entriesRead, checkpoints });
  const isClean = findings.findings.length + findings.undecided.length === 0;
  if (!isClean || described?.began === undefined) return { report };
  const { began, approvers } = described;
  const { latest } = rules;
  const { level } = request;
  return {
    report,
    state: { origin, commit, size, root, level, began, approvers, latest, ids: rules.ids.bytes() },
  };
}

/** The signed statement that everything is compared with; undefined after a finding that leaves nothing to compare. */
async function openHead(
  { objects }: GitStore,
  { commit, listing }: { readonly commit: string; readonly listing: Listing },
  findings: Findings,
): Promise<Omit<Head, "note"> | undefined> {
  let path = TRAIL_FILE;
  try {
    const file = parseTrailFile(await requireFile(objects, listing, TRAIL_FILE));
    path = CHECKPOINT_FILE;
    const note = await requireFile(objects, listing, CHECKPOINT_FILE);
    return { commit, file, checkpoint: authenticate(note, file, CHECKPOINT_FILE) };
  } catch (cause) {
    if (!(cause instanceof GateError) || cause.code === "OBJECT_MISSING") throw cause;
    findings.addError(cause, { path });
    findings.note("No signed checkpoint stands for the entries, so they were not looked at.");
    return undefined;
  }
}

async function requireFile(
  objects: GitStore["objects"],
  listing: Listing,
  path: string,
): Promise<Uint8Array> {
  const bytes = await readFile(objects, listing, path);
  if (bytes !== undefined) return bytes;
  throw new GateError("TRAIL_FILE_MISSING", `Cannot read the trail: ${path} is not there`);
}

/** A commit that was verified before, and that this run goes on from. */
interface Base {
  readonly head: Head;
  readonly edge: Edge;
  readonly listing: Listing;
  readonly ids: IdIndex;
  readonly since: KeptState;
  readonly latest: string;
}

/** Undefined where all has to be read: what looked at less is nothing to go on from. */
async function openBase(
  { store, since, level, entries = "all" }: VerifyRequest,
  { commit, checkpoint }: Pick<Head, "commit" | "checkpoint">,
  findings: Findings,
): Promise<Base | undefined> {
  if (since === undefined || entries === "all" || since.level < level || since.size > checkpoint.size)
    return undefined;
  const question = ["merge-base", "--is-ancestor", since.commit, commit];
  if ((await runGit(store.gitFolder, question)).status !== 0) return undefined;
  const head = await readHead(store, since.commit);
  const edge = await readEdge(new TreeReader(store, since.commit, since.size), since.root);
  const listing = await readListing(store.gitFolder, since.commit, findings);
  return { head, edge, listing, since, ids: IdIndex.from(since.ids), latest: since.latest };
}

interface Run {
  readonly request: VerifyRequest;
  readonly head: Omit<Head, "note">;
  readonly listing: Listing;
  readonly base: Base | undefined;
  readonly findings: Findings;
  readonly threads: BundleThreads | undefined;
}

/** The history can be read meanwhile. */
async function startThreads(
  { store: { gitFolder }, visit, threadsFrom }: VerifyRequest,
  { head, listing, base }: Pick<Run, "head" | "listing" | "base">,
): Promise<BundleThreads | undefined> {
  if (visit !== undefined) return undefined;
  const [from, to] = [base?.edge.size ?? 0, head.checkpoint.size].map((size) => hashesAt(1, size));
  const range = { gitFolder, listing, from: from!, to: to! };
  return BundleThreads.start({ ...range, ...(threadsFrom !== undefined && { min: threadsFrom }) });
}

async function run({ request, head, listing, base, findings, threads }: Run) {
  const { store, since, kept, visit } = request;
  const { objects } = store;
  const { file, checkpoint } = head;
  const edge = base?.edge ?? EMPTY_EDGE;
  const history = request.level === 0 ? undefined : await readHistory({ request, head, base, findings });
  const witnessed = await readWitnessed({ objects, listing }, file, findings);
  const expected = expectedRoots({ checkpoint, witnessed, since, kept, history }, findings);
  const layout = checkLayout(listing, checkpoint.size, findings);
  if (base !== undefined) checkUnchanged(base.listing, listing, findings);
  const rules = new EntryRules(findings, { ...(base ?? {}), visit });
  const roots = await checkTree({
    ...{ objects, listing, layout, findings, rules, edge, threads },
    size: checkpoint.size,
    root: checkpoint.root,
    ...(request.onProgress && { onProgress: request.onProgress }),
    sizes: [...new Set(expected.map(({ size }) => size))].filter((size) => size > edge.size),
  });
  await compareRoots({ expected, roots, earlier: earlierRoots(store, base) }, findings);
  if (history !== undefined) reportForeign(history, rules.integrity, findings);
  let described: Described | undefined;
  if (rules.count === checkpoint.size - edge.size) {
    checkSuccessions(history, rules.integrity, findings);
    const [entries, pin] = [rules.integrity, request.pin ?? {}];
    const verified = base && { ...base.since, file: base.head.file };
    described = await checkDescription({ objects, listing, file, base: verified, entries, pin, findings });
    const files = new Map([...layout.evidence].filter(([path]) => !base?.listing.has(path)));
    await checkEvidence({ objects, listing, files, claims: rules.evidence, findings });
    const anchors = new Map([...layout.anchors].filter(([path]) => !base?.listing.has(path)));
    await checkAnchors({ objects, listing, files: anchors, entries, findings });
  } else {
    const message =
      "some entries are damaged: whether trail.json and the evidence are what they say cannot be told";
    findings.leaveOpen("TRAIL_ENTRIES_DAMAGED", message);
  }
  addNotes({ request, history, hasAnchors: layout.anchors.size > 0 }, findings);
  return { rules, described, checkpoints: history?.snapshots.length ?? 1 };
}

function readHistory({ request, head, base, findings }: Omit<Run, "listing" | "threads">): Promise<History> {
  const { onProgress, store } = request;
  const { gitFolder, objects } = store;
  const { commit, file } = base?.head ?? {};
  const after = base && commit && file ? { commit, size: base.edge.size, file } : undefined;
  return checkHistory({
    ...{ gitFolder, objects, head: head.commit, after, findings },
    ...(onProgress && { onProgress }),
  });
}

/** Roots of sizes that the run does not pass again. */
function earlierRoots(
  { read, list }: GitStore,
  base: Base | undefined,
): (size: number) => Promise<Uint8Array | undefined> {
  if (base === undefined) return async () => undefined;
  const reader = new TreeReader({ read, list }, base.head.commit, base.edge.size);
  const end = base.edge.size;
  return async (size) => (size <= end ? reader.rootAt(size) : undefined);
}

interface Covered {
  readonly request: VerifyRequest;
  readonly history: History | undefined;
  readonly hasAnchors: boolean;
}

function addNotes({ request: { since, kept }, history, hasAnchors }: Covered, findings: Findings): void {
  if (since === undefined && kept === undefined) {
    findings.note(
      "A rollback to an older signed state cannot be seen from this clone alone: keep the state of a run.",
    );
  }
  if (history === undefined)
    findings.note("Only the last commit was verified, not the history of the branch.");
  else if (history.isSigned) {
    findings.note("Signatures of the commits themselves were not verified: git verify-commit does.");
  } else {
    findings.note(
      "The commits carry no signature of GitHub: nothing but its keys tells who wrote this trail.",
    );
  }
  if (hasAnchors) findings.note("Time stamps in anchor/ were not verified: openssl ts -verify does.");
  if (findings.unlisted > 0) findings.note(`${findings.unlisted} more findings are not listed.`);
}

interface Reported {
  readonly commit: string;
  readonly level: 0 | 1;
  readonly head?: { readonly checkpoint: SignedCheckpoint };
  readonly entriesRead?: number;
  readonly checkpoints?: number;
}

function toReport({ findings, undecided, notes }: Findings, reported: Reported): VerifyReport {
  const { commit, level, head, entriesRead = 0, checkpoints = 0 } = reported;
  const { origin = "", size = 0, root = new Uint8Array(0) } = head?.checkpoint ?? {};
  const signed = Buffer.from(root).toString("base64");
  return { origin, commit, size, root: signed, level, entriesRead, checkpoints, findings, undecided, notes };
}
