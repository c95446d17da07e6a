import { execFileSync } from "node:child_process";
import type { Repository } from "../nouns.ts";
import { mergeBase, readCommit } from "./commits.ts";
import { readObject } from "./objects.ts";
import { type Change, changedFiles, type TreeEntry } from "./trees.ts";

/** One file of a comparison, in the words of the API. */
export interface FileDiff {
  readonly path: string;
  readonly previousPath?: string;
  readonly status: "added" | "removed" | "modified" | "renamed" | "changed";
  readonly mode: string;
  /** Blob on the head's side; of a removed file, the base's. */
  readonly id: string;
  readonly additions: number;
  readonly deletions: number;
  /** Without the header; none for bytes that are no text. */
  readonly patch?: string;
}

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
/** GitHub leaves the patch of a larger file out. */
const PATCH_BYTES_MAX = 500 * 1024;
const KEPT = new WeakMap<Repository, Map<string, readonly FileDiff[]>>();

/** What `head` changes since its merge base with `base`, renames found; computed by git once for each pair. */
export function diffSinceMergeBase(repository: Repository, base: string, head: string): readonly FileDiff[] {
  return diffCommits(repository, mergeBase(repository, base, head) ?? base, head);
}

export function diffCommits(repository: Repository, base: string, head: string): readonly FileDiff[] {
  if (base === head) return [];
  const kept = KEPT.get(repository) ?? new Map<string, readonly FileDiff[]>();
  KEPT.set(repository, kept);
  const key = `${base}..${head}`;
  const files = kept.get(key) ?? runDiff(repository, base, head);
  kept.set(key, files);
  return files;
}

function runDiff({ directory }: Repository, base: string, head: string): readonly FileDiff[] {
  const flags = ["-r", "-M", "--full-index", "-z", "--raw", "--numstat", "-p"];
  const output = execFileSync("git", ["-C", directory, "diff-tree", ...flags, base, head], {
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const fields = output.toString().split("\0");
  const { files, end } = parseRaw(fields);
  // What is left is one field, for git finds no patch for bytes with a zero among them.
  const patches = fields
    .slice(end)
    .join("\0")
    .split(/^(?=diff --git )/m)
    .filter((text) => text.trim() !== "");
  return files.map((file, index) => ({ ...file, ...patchOf(patches[index] ?? "") }));
}

/** How many files and lines a diff has. */
export interface DiffCounts {
  readonly files: number;
  readonly additions: number;
  readonly deletions: number;
}

const COUNTED = new WeakMap<Repository, Map<string, DiffCounts>>();

/** Counts of `diffSinceMergeBase`, without git where no rename has to be found and no file is long. */
export function countSinceMergeBase(repository: Repository, base: string, head: string): DiffCounts {
  const kept = COUNTED.get(repository) ?? new Map<string, DiffCounts>();
  COUNTED.set(repository, kept);
  const from = mergeBase(repository, base, head) ?? base;
  const key = `${from}..${head}`;
  const counts =
    kept.get(key) ?? countSimple(repository, from, head) ?? countDiff(diffCommits(repository, from, head));
  kept.set(key, counts);
  return counts;
}

function countDiff(files: readonly FileDiff[]): DiffCounts {
  const sum = (name: "additions" | "deletions") => files.reduce((total, file) => total + file[name], 0);
  return { files: files.length, additions: sum("additions"), deletions: sum("deletions") };
}

function countSimple(repository: Repository, base: string, head: string): DiffCounts | undefined {
  const [before, after] = [base, head].map((id) => readCommit(repository, id)?.tree ?? "");
  const changes = [...changedFiles(repository, before!, after!).values()];
  const has = (side: keyof Change) => changes.some((change) => change[side] === undefined);
  if (has("before") && has("after")) return undefined;
  const counts = changes.map((change) => countLines(repository, change));
  if (counts.some((each) => each === undefined)) return undefined;
  return {
    files: changes.length,
    additions: counts.reduce((total, each) => total + each!.additions, 0),
    deletions: counts.reduce((total, each) => total + each!.deletions, 0),
  };
}

type LineCounts = Omit<DiffCounts, "files">;
const LINES_MAX = 400;

/** Lines that one file gains and loses; undefined where that is not quickly said. */
function countLines(repository: Repository, { before, after }: Change): LineCounts | undefined {
  const [one, other] = [before, after].map((entry) => linesOf(repository, entry));
  if (one === undefined || other === undefined) return undefined;
  let start = 0;
  while (start < Math.min(one.length, other.length) && one[start] === other[start]) start += 1;
  const [left, right] = [one.slice(start), other.slice(start)];
  while (left.length > 0 && right.length > 0 && left.at(-1) === right.at(-1)) {
    left.pop();
    right.pop();
  }
  if (left.length * right.length > LINES_MAX ** 2) return undefined;
  const common = commonLines(left, right);
  return { additions: right.length - common, deletions: left.length - common };
}

/** Lines of a text; undefined for what git would not take for one. */
function linesOf(repository: Repository, entry: TreeEntry | undefined): string[] | undefined {
  if (entry === undefined) return [];
  const bytes = readObject(repository, entry.id)?.bytes;
  if (bytes === undefined || bytes.includes(0)) return undefined;
  return bytes
    .toString("latin1")
    .split(/(?<=\n)/)
    .filter((line) => line !== "");
}

/** Length of the longest common subsequence. */
function commonLines(left: readonly string[], right: readonly string[]): number {
  let row = new Array<number>(right.length + 1).fill(0);
  for (const line of left) {
    const next = [0];
    for (let at = 0; at < right.length; at++) {
      next.push(line === right[at] ? row[at]! + 1 : Math.max(row[at + 1]!, next[at]!));
    }
    row = next;
  }
  return row.at(-1)!;
}

/** `:mode mode id id S` and one or two paths for each file, then the line counts in the same order. */
function parseRaw(fields: readonly string[]): { files: FileDiff[]; end: number } {
  const files: Omit<FileDiff, "additions" | "deletions">[] = [];
  let at = 0;
  for (; fields[at]?.startsWith(":"); ) {
    const [oldMode = "", mode = "", oldId = "", id = "", letter = ""] = fields[at]!.slice(1).split(" ");
    const isRename = letter.startsWith("R");
    const [first = "", second = ""] = fields.slice(at + 1, at + 3);
    const status = statusOf(letter, oldId === id);
    files.push({
      path: isRename ? second : first,
      ...(isRename && { previousPath: first }),
      status,
      ...(status === "removed" ? { mode: oldMode, id: oldId } : { mode, id }),
    });
    at += isRename ? 3 : 2;
  }
  const counted = files.map((file) => {
    const [additions = "", deletions = "", path = ""] = fields[at]?.split("\t") ?? [];
    at += path === "" ? 3 : 1;
    return { ...file, additions: Number(additions) || 0, deletions: Number(deletions) || 0 };
  });
  return { files: counted, end: at };
}

function statusOf(letter: string, sameContent: boolean): FileDiff["status"] {
  if (letter === "A") return "added";
  if (letter === "D") return "removed";
  if (letter.startsWith("R")) return "renamed";
  // A file of another mode only, or that became a link.
  return letter === "T" || sameContent ? "changed" : "modified";
}

function patchOf(text: string): { patch?: string } {
  const start = text.search(/^@@ /m);
  if (start === -1 || text.length - start > PATCH_BYTES_MAX) return {};
  return { patch: text.slice(start).replace(/\n$/, "") };
}
