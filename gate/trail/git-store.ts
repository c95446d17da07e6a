import { spawn } from "node:child_process";
import { gitArguments, gitEnvironment, gitOutput, runGit } from "../checkout/git.ts";
import { readLayout } from "../checkout/layout.ts";
import { ObjectReader } from "../checkout/objects.ts";
import { GateError } from "../model/error.ts";
import {
  type AppendAnswer,
  assertBranchName,
  FILE_BYTES_MAX,
  type StoredCommit,
  type TrailCommit,
  type TrailStore,
} from "./store.ts";

export const DEFAULT_BRANCH = "weighbridge-trail";

/** A path of a trail: nothing that fast-import would read as a quote or a line end. */
const PATH = /^[A-Za-z0-9._/-]{1,200}$/;
const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const COMMITTER = "weighbridge <trail@weighbridge.invalid>";

const INCOMING = "refs/weighbridge/incoming";

/** Objects and references are on the disk before an append is said to have landed. */
export const DURABLE = ["-c", "core.fsync=committed,reference"];

/** A trail in a git repository on this machine, bare or not; `close` ends its git process. */
export interface GitStore extends TrailStore {
  readonly directory: string;
  /** The git folder that all work trees share. */
  readonly gitFolder: string;
  readonly objects: ObjectReader;
  close(): Promise<void>;
}

/**
 * The store over a branch of the repository that `directory` belongs to; with a `ref` of a remote's branch, one to
 * read. Rejects as `readLayout`.
 */
export async function openGitStore(
  directory: string,
  branch = DEFAULT_BRANCH,
  ref = `refs/heads/${branch}`,
): Promise<GitStore> {
  assertBranchName(branch);
  const { gitFolder } = await readLayout(directory);
  await assertPlain(gitFolder, ref);
  const objects = new ObjectReader(gitFolder);
  const head = () => readHead(objects, ref);
  return {
    directory,
    gitFolder,
    objects,
    staleMs: 0,
    head,
    read: (commit, paths) => Promise.all(paths.map((path) => readBlob(objects, `${commit}:${path}`))),
    list: (commit, folder) => listFolder(gitFolder, commit, folder),
    log: (commit, count) => readLog(gitFolder, commit, count),
    countAbove: (from, to) => countAbove(gitFolder, from, to),
    diff: (from, to) => listDifferences(gitFolder, from, to),
    append: (commit) => appendCommit({ gitFolder, ref, head }, commit),
    close: () => objects.close(),
  };
}

/** Rejects a branch that stands for another ref: what is written to it would land there. */
async function assertPlain(gitFolder: string, ref: string): Promise<void> {
  const listing = await gitOutput(gitFolder, ["for-each-ref", "--format=%(refname) %(symref)", ref]);
  const line = listing
    .toString("latin1")
    .split("\n")
    .find((text) => text.startsWith(`${ref} `));
  if (line === undefined || line === `${ref} `) return;
  throw new GateError(
    "TRAIL_BRANCH_INVALID",
    `Cannot use ${ref}: it stands for another ref, expected a commit`,
  );
}

async function readHead(objects: ObjectReader, ref: string): Promise<string | undefined> {
  const header = await objects.read(ref, () => () => {});
  if (header === undefined || header.type === "commit") return header?.oid;
  throw new GateError(
    "TRAIL_BRANCH_INVALID",
    `Cannot read ${ref}: it is a ${header.type}, expected a commit`,
  );
}

/** Whole content of a blob; undefined if there is none. */
export async function readBlob(
  objects: ObjectReader,
  name: string,
  bytesMax = FILE_BYTES_MAX,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  const header = await objects.read(name, ({ type, size }) => {
    if (type !== "blob") throw new GateError("TRAIL_FILE_INVALID", `Cannot read ${name}: it is a ${type}`);
    if (size > bytesMax) {
      throw new GateError("FILE_TOO_LARGE", `Cannot read ${name}: ${size} bytes, limit is ${bytesMax}`);
    }
    return (chunk) => chunks.push(chunk);
  });
  return header === undefined ? undefined : Buffer.concat(chunks);
}

async function listFolder(gitFolder: string, commit: string, folder: string): Promise<readonly string[]> {
  return [...(await listObjects(gitFolder, commit, [`${folder}/`])).keys()];
}

const TREE_LINE = /^[0-7]{6} [a-z]+ ([0-9a-f]+)\t(.+)$/s;

/** Object ids of all that lies in folders of a commit, by path: who reads many files by them looks up no path. */
export async function listObjects(
  gitFolder: string,
  commit: string,
  folders: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const listing = await gitOutput(gitFolder, ["ls-tree", "-r", "-z", commit, "--", ...folders]);
  const ids = new Map<string, string>();
  for (const line of listing.toString("latin1").split("\0").slice(0, -1)) {
    const [, id, path] = TREE_LINE.exec(line) ?? [];
    // Of a name that is there twice, git finds the first.
    if (id !== undefined && path !== undefined && !ids.has(path)) ids.set(path, id);
  }
  return ids;
}

async function listDifferences(gitFolder: string, from: string, to: string): Promise<readonly string[]> {
  const listing = await gitOutput(gitFolder, [
    "diff-tree",
    "-r",
    "-z",
    "--no-renames",
    "--name-only",
    from,
    to,
  ]);
  return listing.toString("latin1").split("\0").slice(0, -1);
}

async function readLog(gitFolder: string, commit: string, count: number): Promise<readonly StoredCommit[]> {
  const args = ["log", "--first-parent", "-z", `--max-count=${count}`, "--format=%H%n%P%n%B", commit, "--"];
  const log = (await gitOutput(gitFolder, args)).toString("utf8");
  return log
    .split("\0")
    .filter((text) => text !== "")
    .map((text) => {
      const [id = "", parents = "", ...message] = text.split("\n");
      return {
        id,
        parents: parents.split(" ").filter((parent) => parent !== ""),
        message: message.join("\n"),
      };
    });
}

async function countAbove(gitFolder: string, from: string, to: string): Promise<number | undefined> {
  // Other than 0 also where `from` is not in the repository any more.
  if ((await runGit(gitFolder, ["merge-base", "--is-ancestor", from, to])).status !== 0) return undefined;
  const count = await gitOutput(gitFolder, ["rev-list", "--count", to, `^${from}`, "--"]);
  return Number(count.toString("latin1"));
}

interface Branch {
  readonly gitFolder: string;
  readonly ref: string;
  readonly head: () => Promise<string | undefined>;
}

/** Objects first, then the branch: only if it still ends with the parent does it move to the new commit. */
async function appendCommit({ gitFolder, ref, head }: Branch, commit: TrailCommit): Promise<AppendAnswer> {
  if ((await head()) !== commit.parent) return { kind: "moved" };
  const id = await writeCommit(gitFolder, commit);
  const old = commit.parent ?? "0".repeat(id.length);
  const update = [...DURABLE, "update-ref", "--no-deref", "-m", "trail: append", ref, id, old];
  const { status, stderr } = await runGit(gitFolder, update);
  if (status === 0) return { kind: "landed", commit: id };
  const now = await head();
  if (now === id) return { kind: "landed", commit: id };
  if (now !== commit.parent) return { kind: "moved" };
  const cause = new GateError("GIT_FAILED", `Cannot move ${ref}: ${stderr}`);
  return { kind: "unknown", cause };
}

/** Writes a commit's objects through one `git fast-import`; the commit's id. No ref is left behind. */
export async function writeCommit(gitFolder: string, commit: TrailCommit): Promise<string> {
  const args = [...DURABLE, "fast-import", "--quiet", "--done", "--date-format=raw"];
  const output = await runGitWithInput(gitFolder, args, importStream(commit));
  const id = output.toString("latin1").trim();
  if (!COMMIT_ID.test(id))
    throw new GateError("GIT_FAILED", "Cannot write the commit: git fast-import gives no id");
  return id;
}

/** A commit as git-fast-import(1) reads it, and the question for its id. */
export function* importCommands(
  { parent, message, time, writes, deletes }: TrailCommit,
  ref: string,
): Generator<string | Uint8Array> {
  yield `commit ${ref}\nmark :1\ncommitter ${COMMITTER} ${time} +0000\n`;
  yield `data ${Buffer.byteLength(message)}\n${message}\n`;
  if (parent !== undefined) yield `from ${parent}\n`;
  for (const path of deletes) yield `D ${safePath(path)}\n`;
  for (const [path, bytes] of writes) {
    yield `M 100644 inline ${safePath(path)}\ndata ${bytes.length}\n`;
    yield bytes;
    yield "\n";
  }
  yield "\nget-mark :1\n";
}

/** The commit alone: the ref that fast-import needs meanwhile is reset to nothing before it ends. */
function* importStream(commit: TrailCommit): Generator<string | Uint8Array> {
  yield* importCommands(commit, INCOMING);
  yield `reset ${INCOMING}\nfrom ${"0".repeat(commit.parent?.length ?? 40)}\n\ndone\n`;
}

function safePath(path: string): string {
  if (!PATH.test(path)) throw new TypeError(`Cannot write ${JSON.stringify(path)}: it is no path of a trail`);
  return path;
}

async function runGitWithInput(
  directory: string,
  args: readonly string[],
  input: Iterable<string | Uint8Array>,
): Promise<Buffer> {
  const git = spawn("git", gitArguments(args), { cwd: directory, env: gitEnvironment(), windowsHide: true });
  const [output, errors]: Buffer[][] = [[], []];
  git.stdout.on("data", (chunk: Buffer) => output!.push(chunk));
  git.stderr.on("data", (chunk: Buffer) => errors!.push(chunk));
  // A pipe that breaks is seen by the exit status, too; without a listener it would end this process.
  git.stdin.on("error", () => {});
  const exit = new Promise<number | null>((resolve, reject) => {
    git.once("error", reject);
    git.once("close", resolve);
  });
  git.stdin.cork();
  for (const part of input) git.stdin.write(part);
  git.stdin.uncork();
  git.stdin.end();
  const status = await exit;
  if (status === 0) return Buffer.concat(output!);
  const words = Buffer.concat(errors!).toString("utf8").trim().replaceAll(/\s+/g, " ").slice(0, 500);
  throw new GateError("GIT_FAILED", `Cannot run git fast-import: status ${status}, ${words}`);
}
