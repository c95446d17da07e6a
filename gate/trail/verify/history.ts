import { gitOutput } from "../../checkout/git.ts";
import type { ObjectReader } from "../../checkout/objects.ts";
import { GateError } from "../../model/error.ts";
import { authenticate } from "../authenticate.ts";
import { batchIdOf, CHECKPOINT_FILE, parseMessage } from "../batch.ts";
import type { SignedCheckpoint } from "../checkpoint.ts";
import type { Entry } from "../entry.ts";
import { readBlob } from "../git-store.ts";
import { NOTE_BYTES_MAX } from "../note.ts";
import { type Succession, successionOf } from "../succession.ts";
import { parseTrailFile, TRAIL_FILE, TRAIL_FILE_BYTES_MAX, type TrailFile } from "../trail-file.ts";
import type { Findings, Progress } from "./report.ts";

/** Commits read at once. */
const WINDOW = 64;

/** What one commit of the history signed; its root is still to be compared with the entries. */
export interface Snapshot {
  readonly commit: string;
  readonly checkpoint: SignedCheckpoint;
  /** Size before it. */
  readonly from: number;
  readonly file: TrailFile;
  readonly succession: Succession;
}

export interface History {
  readonly snapshots: readonly Snapshot[];
  /** Commits that nobody with a log key made, and why. An explanation among the entries may clear them. */
  readonly foreign: readonly { readonly commit: string; readonly why: GateError }[];
  /** Some commit carries a signature of its own. */
  readonly isSigned: boolean;
  readonly isShallow: boolean;
  /** Every commit that was looked at, and the one that the run began after. */
  readonly commits: ReadonlySet<string>;
}

export interface HistoryCheck {
  readonly gitFolder: string;
  readonly objects: ObjectReader;
  readonly head: string;
  /** Where to begin: with the first commit, or after one that was verified before. */
  readonly after: { readonly commit: string; readonly size: number; readonly file: TrailFile } | undefined;
  readonly findings: Findings;
  readonly onProgress?: Progress;
}

/**
 * Goes through the commits from the first to the last: one line, one beginning, each with a checkpoint that its keys
 * signed, of a larger tree than the one before, and a message that says the same.
 */
export async function checkHistory(check: HistoryCheck): Promise<History> {
  const { objects, after, onProgress } = check;
  const ids = await listCommits(check);
  const isShallow = await askShallow(check);
  const files = new FileCache(objects);
  const snapshots: Snapshot[] = [];
  const foreign: { commit: string; why: GateError }[] = [];
  let [isSigned, last] = [false, after];
  const readWindow = (at: number) => {
    const reading = Promise.all(ids.slice(at, at + WINDOW).map((id) => readCommit(objects, files, id)));
    // What goes wrong is met where this is awaited.
    reading.catch(() => {});
    return reading;
  };
  let reading = readWindow(0);
  for (let at = 0; at < ids.length; at += WINDOW) {
    const commits = await reading;
    // Git finds the next while these are verified.
    reading = readWindow(at + WINDOW);
    onProgress?.("checkpoints", at, ids.length);
    for (const commit of commits) {
      checkShape(check, commit, { last, isFirst: after === undefined && commit.id === ids[0], isShallow });
      isSigned ||= commit.isSigned;
      try {
        const snapshot = toSnapshot(commit, last, isShallow);
        snapshots.push(snapshot);
        last = { commit: commit.id, size: snapshot.checkpoint.size, file: snapshot.file };
      } catch (why) {
        if (!(why instanceof GateError)) throw why;
        foreign.push({ commit: commit.id, why });
      }
    }
  }
  const commits = new Set(after === undefined ? ids : [after.commit, ...ids]);
  return { snapshots, foreign, isSigned, isShallow, commits };
}

/** A commit that no log key stands for is a finding, unless an entry explains it. */
export function reportForeign(
  { foreign }: History,
  entries: ReadonlyMap<number, Entry>,
  findings: Findings,
): void {
  for (const { commit, why } of foreign) {
    const explained = [...entries].find(
      ([, { predicate }]) => predicate.kind === "gap.explained" && predicate.gap?.object === commit,
    );
    if (explained === undefined) findings.add("TRAIL_FOREIGN_COMMIT", why.message, { commit });
    else findings.note(`Commit ${commit} is not the log's; entry ${explained[0]} explains it.`);
  }
}

interface Commit {
  readonly id: string;
  /** As git reads them. */
  readonly parents: readonly string[];
  /** Its header has the lines that git writes, in their order: other programs read the parents of another otherwise. */
  readonly isRegular: boolean;
  readonly isSigned: boolean;
  readonly message: string;
  readonly note: Uint8Array | undefined;
  /** What its trail.json says, or why that cannot be read. */
  readonly file: TrailFile | GateError | undefined;
}

async function listCommits({ gitFolder, head, after }: HistoryCheck): Promise<readonly string[]> {
  const range = after === undefined ? [head] : [head, `^${after.commit}`];
  const output = await gitOutput(gitFolder, ["rev-list", "--reverse", "--first-parent", ...range, "--"]);
  return output.toString("latin1").split("\n").slice(0, -1);
}

async function askShallow({ gitFolder, findings }: HistoryCheck): Promise<boolean> {
  const answer = await gitOutput(gitFolder, ["rev-parse", "--is-shallow-repository"]);
  if (answer.toString("latin1").trim() !== "true") return false;
  findings.leaveOpen(
    "TRAIL_HISTORY_SHALLOW",
    "this clone is shallow: what came before it cannot be verified",
  );
  return true;
}

async function readCommit(objects: ObjectReader, files: FileCache, id: string): Promise<Commit> {
  const [raw, note, file] = await Promise.all([
    readObject(objects, id),
    readBlob(objects, `${id}:${CHECKPOINT_FILE}`, NOTE_BYTES_MAX),
    files.read(`${id}:${TRAIL_FILE}`),
  ]);
  const end = raw.indexOf("\n\n");
  const header = raw.slice(0, end + 1);
  const [, lines = "", rest = ""] = REGULAR.exec(header) ?? [];
  return {
    id,
    parents: lines.split("\n").flatMap((line) => (line === "" ? [] : [line.slice("parent ".length)])),
    isRegular: REGULAR.test(header) && !MISPLACED.test(rest),
    isSigned: /^gpgsig(?:-sha256)? /m.test(rest),
    ...{ message: raw.slice(end + 2), note, file },
  };
}

/** Tree, parents, author, committer: git reads parents nowhere else (commit.c, parse_commit_buffer). */
const REGULAR =
  /^tree [0-9a-f]+\n((?:parent (?:[0-9a-f]{40}|[0-9a-f]{64})\n)*)author [^\n]*\ncommitter [^\n]*\n([\s\S]*)$/;
const MISPLACED = /^(?:tree|parent|author|committer) /m;

interface Setting {
  readonly last: HistoryCheck["after"];
  /** The first of all that this clone has. */
  readonly isFirst: boolean;
  readonly isShallow: boolean;
}

function checkShape(
  { findings }: HistoryCheck,
  { id, parents }: Commit,
  { last, isFirst, isShallow }: Setting,
): void {
  if (parents.length > 1) {
    findings.add("TRAIL_HISTORY_MERGED", `commit ${id} has ${parents.length} parents`, { commit: id });
  }
  if (parents.length === 0 && last !== undefined) {
    findings.add("TRAIL_HISTORY_BROKEN", `commit ${id} begins the history again`, { commit: id });
  }
  if (parents.length > 0 && isFirst && !isShallow) {
    findings.add("TRAIL_HISTORY_BROKEN", `commit ${id} begins the history, and names one before it`, {
      commit: id,
    });
  }
}

function toSnapshot(commit: Commit, last: HistoryCheck["after"], isShallow: boolean): Snapshot {
  if (!commit.isRegular) throw foreignCommit(commit, "its header is not one that git writes");
  if (commit.note === undefined || commit.file === undefined)
    throw foreignCommit(commit, "it has no checkpoint");
  if (commit.file instanceof GateError) throw commit.file;
  const { file } = commit;
  const checkpoint = authenticate(commit.note, file, `${CHECKPOINT_FILE} of ${commit.id}`);
  const trailers = parseMessage(commit.message);
  // Where a shallow clone begins, what came before is the commit's own word.
  const from = last?.size ?? (isShallow ? (trailers?.first ?? 0) : 0);
  const { size, root, text } = checkpoint;
  if (size <= from) throw foreignCommit(commit, `its tree of ${size} is not larger than ${from}`);
  const says = { first: from, last: size - 1, size, root: Buffer.from(root).toString("base64") };
  if (
    trailers?.first !== says.first ||
    trailers.last !== says.last ||
    trailers.size !== size ||
    trailers.root !== says.root
  ) {
    throw foreignCommit(commit, "its message does not say what its checkpoint does");
  }
  if (trailers.batchId !== batchIdOf(commit.parents[0], text))
    throw foreignCommit(commit, "its Batch-Id is wrong");
  const succession = last === undefined ? "same" : successionOf(last.file, file, size);
  return { commit: commit.id, checkpoint, from, file, succession };
}

function foreignCommit({ id }: Commit, state: string): GateError {
  return new GateError("TRAIL_FOREIGN_COMMIT", `commit ${id} is not the log's: ${state}`);
}

async function readObject(objects: ObjectReader, id: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  const header = await objects.read(id, ({ size }) => {
    if (size > NOTE_BYTES_MAX)
      throw new GateError("FILE_TOO_LARGE", `Cannot read commit ${id}: ${size} bytes`);
    return (chunk) => chunks.push(chunk);
  });
  if (header === undefined)
    throw new GateError("OBJECT_MISSING", `Cannot read commit ${id}: it is not in this clone`);
  return Buffer.concat(chunks).toString("utf8");
}

/** Keeps the file that nearly every commit shares, as it was parsed. */
class FileCache {
  readonly #objects: ObjectReader;
  readonly #known = new Map<string, Promise<Commit["file"]>>();

  constructor(objects: ObjectReader) {
    this.#objects = objects;
  }

  async read(name: string): Promise<Commit["file"]> {
    const header = await this.#objects.read(name, () => () => {});
    if (header === undefined) return undefined;
    const known = this.#known.get(header.oid) ?? this.#parse(header.oid);
    this.#known.set(header.oid, known);
    return known;
  }

  async #parse(oid: string): Promise<Commit["file"]> {
    const bytes = await readBlob(this.#objects, oid, TRAIL_FILE_BYTES_MAX);
    try {
      return bytes && parseTrailFile(bytes);
    } catch (cause) {
      if (cause instanceof GateError) return cause;
      throw cause;
    }
  }
}
