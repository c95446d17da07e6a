import { createHash } from "node:crypto";
import { GateError } from "../model/error.ts";
import {
  type ApiAnswer,
  failureOf,
  type GitHubApi,
  isDone,
  memberOf,
  noAnswer,
  toFailure,
} from "./github-api.ts";
import { PromiseCache } from "./promise-cache.ts";
import { FILE_BYTES_MAX, type StoredCommit, StoreUnavailable } from "./store.ts";

/** Objects kept in memory: they never change, and every flush reads most of what the one before read. */
const COMMITS_KEPT = 1_024;
const TREE_LINES_KEPT = 20_000;
const BLOB_BYTES_KEPT = 20 * 1024 * 1024;

/** After a read that GitHub could not answer. */
const UNAVAILABLE_SECONDS = 30;
/** Until a person has given back what the App may see. */
const HIDDEN_SECONDS = 300;

const NOT_FOUND = 404;
/** What a repository without a single commit answers about its git data. */
const EMPTY_REPOSITORY = 409;

const OID = /^[0-9a-f]{40}$/;
const MODE = /^(?:100644|100755|100664|120000|160000|040000)$/;

/** Where the trail is: owner and name of the repository. */
export interface GitHubRepository {
  readonly owner: string;
  readonly repo: string;
}

export interface GitHubCommit extends StoredCommit {
  readonly tree: string;
}

/** One line of a tree object. */
export interface GitHubTreeLine {
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly id: string;
  /** Of a blob, in bytes. */
  readonly size: number;
}

/**
 * Git objects of a repository on GitHub. What is read is whole and hashes to the id that it was asked by, or the read
 * is rejected `StoreUnavailable`: also where the App may not read, for then nothing is known of the trail, and while a
 * repository passes to another installation it is hidden from the one before. Of a commit the answer leaves out what its
 * id covers (the time zone, the signature's place), so commits are taken at GitHub's word; no decision rests on that,
 * for what a commit's tree holds is signed by the log.
 */
export class GitHubObjects {
  readonly #api: GitHubApi;
  readonly #repository: GitHubRepository;
  readonly #commits = new PromiseCache<GitHubCommit>(COMMITS_KEPT, () => 1);
  readonly #trees = new PromiseCache<readonly GitHubTreeLine[]>(TREE_LINES_KEPT, (lines) => 1 + lines.length);
  readonly #blobs = new PromiseCache<Uint8Array>(BLOB_BYTES_KEPT, (bytes) => 1 + bytes.length);

  constructor(api: GitHubApi, repository: GitHubRepository) {
    this.#api = api;
    this.#repository = repository;
  }

  /** Id of a branch's last commit; undefined if the repository is there and has no such branch. */
  async head(branch: string): Promise<string | undefined> {
    const answer = await this.#get("git/ref/{ref}", { ref: `heads/${branch}` });
    if (answer.status === EMPTY_REPOSITORY) return undefined;
    if (answer.status === NOT_FOUND) return this.#findBranch(branch);
    const object = memberOf(answer.data, "object");
    if (memberOf(object, "type") !== "commit") throw unreadable(`the branch ${branch}`);
    return oidOf(memberOf(object, "sha"), `the branch ${branch}`);
  }

  commit(id: string): Promise<GitHubCommit> {
    return this.#commits.get(id, () => this.#readCommit(id));
  }

  /** Lines of a tree, without what lies deeper. */
  tree(id: string): Promise<readonly GitHubTreeLine[]> {
    return this.#trees.get(id, () => this.#readTree(id));
  }

  blob({ id, size }: Pick<GitHubTreeLine, "id" | "size">): Promise<Uint8Array> {
    return this.#blobs.get(id, () => this.#readBlob(id, size));
  }

  /** Keeps bytes that were just written, so that they need not be read. */
  keep(bytes: Uint8Array): void {
    this.#blobs.get(objectId("blob", bytes), async () => bytes);
  }

  /**
   * Keeps a commit that was just made, whose tree GraphQL told, and the folders of it that follow from those of its
   * parent. Does nothing with a tree that is not what its id says: then it is read.
   */
  async keepCommit(commit: StoredCommit, told: unknown, changed: ChangedFiles): Promise<void> {
    const [tree, entries] = [memberOf(told, "oid"), memberOf(told, "entries")];
    const lines = Array.isArray(entries)
      ? entries.flatMap((entry: unknown) => findTreeLine(entry) ?? [])
      : [];
    if (typeof tree !== "string" || treeId(lines) !== tree) return;
    this.#trees.get(tree, async () => lines);
    this.#commits.get(commit.id, async () => ({ ...commit, tree }));
    const parent = commit.parents[0] === undefined ? undefined : await this.#commits.peek(commit.parents[0]);
    const before = parent && (await this.#trees.peek(parent.tree));
    for (const { name, id } of lines.filter(({ type }) => type === "tree")) {
      const was = before?.find((line) => line.name === name);
      const made = await this.#changed(was, `${name}/`, changed);
      if (made?.get("")?.id !== id) continue;
      for (const folder of made.values()) this.#trees.get(folder.id, async () => folder.lines);
    }
  }

  /** The folder and those in it after a change, by their paths below it; undefined where what was there is not known. */
  async #changed(
    was: GitHubTreeLine | undefined,
    prefix: string,
    changed: ChangedFiles,
  ): Promise<Map<string, Folder> | undefined> {
    const known = was?.type === "tree" ? this.#trees.peek(was.id) : Promise.resolve([]);
    if (known === undefined) return undefined;
    const lines = new Map((await known).map((line) => [line.name, line]));
    const folders = new Map<string, Folder>();
    for (const [name, content] of changesBelow(prefix, changed)) {
      if (content !== "folder") {
        if (content === undefined) lines.delete(name);
        else lines.set(name, fileLine(name, content));
        continue;
      }
      const below = await this.#changed(lines.get(name), `${prefix}${name}/`, changed);
      const top = below?.get("");
      if (below === undefined || top === undefined) return undefined;
      if (top.lines.length === 0) lines.delete(name);
      else lines.set(name, { mode: "040000", type: "tree", name, id: top.id, size: 0 });
      for (const [path, folder] of below) folders.set(`${name}/${path}`, folder);
    }
    const sorted = [...lines.values()].sort((one, other) => Buffer.compare(placeIn(one), placeIn(other)));
    return folders.set("", { id: treeId(sorted), lines: sorted });
  }

  /** How many commits `to` has that `from` has not; undefined unless `from` is among its ancestors. */
  async countAbove(from: string, to: string): Promise<number | undefined> {
    const answer = await this.#get("compare/{basehead}", { basehead: `${from}...${to}`, per_page: 1 });
    const status = memberOf(answer.data, "status");
    if (!isDone(answer) || status === "behind" || status === "diverged") return undefined;
    const ahead = memberOf(answer.data, "ahead_by");
    if ((status === "ahead" || status === "identical") && Number.isSafeInteger(ahead)) return Number(ahead);
    throw unreadable(`the comparison of ${from} and ${to}`);
  }

  /**
   * A missing branch and a repository that is hidden from us are answered alike. A listing tells them apart: only a
   * branch that is truly gone may be called gone.
   */
  async #findBranch(branch: string): Promise<string | undefined> {
    const answer = await this.#get("git/matching-refs/{ref}", { ref: `heads/${branch}` });
    if (!isDone(answer)) throw hidden("the repository is gone, or hidden from the App");
    if (!Array.isArray(answer.data)) throw unreadable(`the refs like ${branch}`);
    const found = answer.data.find((ref: unknown) => memberOf(ref, "ref") === `refs/heads/${branch}`);
    if (found === undefined) return undefined;
    return oidOf(memberOf(memberOf(found, "object"), "sha"), `the branch ${branch}`);
  }

  async #readCommit(id: string): Promise<GitHubCommit> {
    const { data } = await this.#require("git/commits/{commit_sha}", { commit_sha: id }, `commit ${id}`);
    const [message, parents] = [memberOf(data, "message"), memberOf(data, "parents")];
    if (memberOf(data, "sha") !== id || typeof message !== "string" || !Array.isArray(parents)) {
      throw unreadable(`commit ${id}`);
    }
    return {
      id,
      message,
      parents: parents.map((parent: unknown) => oidOf(memberOf(parent, "sha"), `commit ${id}`)),
      tree: oidOf(memberOf(memberOf(data, "tree"), "sha"), `commit ${id}`),
    };
  }

  async #readTree(id: string): Promise<readonly GitHubTreeLine[]> {
    const { data } = await this.#require("git/trees/{tree_sha}", { tree_sha: id }, `tree ${id}`);
    const lines = memberOf(data, "tree");
    // A tree that was cut off would hash to something else; this says why.
    if (memberOf(data, "truncated") !== false || !Array.isArray(lines)) throw unreadable(`tree ${id}`);
    const tree = lines.map((line: unknown) => toTreeLine(line, id));
    if (treeId(tree) !== id) throw unreadable(`tree ${id}`);
    return tree;
  }

  async #readBlob(id: string, size: number): Promise<Uint8Array> {
    if (size > FILE_BYTES_MAX) {
      throw new GateError("FILE_TOO_LARGE", `Cannot read ${id}: ${size} bytes, limit is ${FILE_BYTES_MAX}`);
    }
    const { data } = await this.#require("git/blobs/{file_sha}", { file_sha: id }, `blob ${id}`);
    const content = memberOf(data, "content");
    if (memberOf(data, "encoding") !== "base64" || typeof content !== "string")
      throw unreadable(`blob ${id}`);
    const bytes = Buffer.from(content, "base64");
    if (objectId("blob", bytes) !== id) throw unreadable(`blob ${id}`);
    return bytes;
  }

  /** An object that something else named: if it is not there, a replica has not got it yet. */
  async #require(route: string, parameters: Parameters, what: string): Promise<ApiAnswer> {
    const answer = await this.#get(route, parameters);
    if (isDone(answer)) return answer;
    throw new StoreUnavailable(failureOf(`read ${what}`, "GitHub does not have it yet"), UNAVAILABLE_SECONDS);
  }

  /** What was asked for, or the answer that it is not there. */
  async #get(route: string, parameters: Parameters): Promise<ApiAnswer> {
    const action = `read ${route} from GitHub`;
    let answer: ApiAnswer;
    try {
      answer = await this.#api.request(`GET /repos/{owner}/{repo}/${route}`, {
        ...this.#repository,
        ...parameters,
      });
    } catch (cause) {
      throw new StoreUnavailable(noAnswer(cause, action).cause, UNAVAILABLE_SECONDS);
    }
    if (isDone(answer) || answer.status === NOT_FOUND || answer.status === EMPTY_REPOSITORY) return answer;
    const failure = toFailure(answer, action);
    if (failure.kind === "refused") throw hidden(`GitHub answers ${answer.status}`, failure.cause);
    throw new StoreUnavailable(
      failure.cause,
      failure.kind === "wait" ? failure.seconds : UNAVAILABLE_SECONDS,
    );
  }
}

type Parameters = Readonly<Record<string, string | number>>;

/** Git's id of an object (SHA-1, the only one that GitHub has). */
export function objectId(type: "blob" | "tree", bytes: Uint8Array): string {
  return createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
}

function treeId(lines: readonly GitHubTreeLine[]): string {
  const parts = lines.flatMap(({ mode, name, id }) => [
    Buffer.from(`${mode.replace(/^0/, "")} ${name}\0`, "utf8"),
    Buffer.from(id, "hex"),
  ]);
  return objectId("tree", Buffer.concat(parts));
}

/** What a commit writes and deletes, by path. */
export interface ChangedFiles {
  readonly writes: ReadonlyMap<string, Uint8Array>;
  readonly deletes: readonly string[];
}

interface Folder {
  readonly id: string;
  readonly lines: readonly GitHubTreeLine[];
}

/** What a change does right below a folder, by name: to a file its content, undefined where it goes; or to a folder. */
function changesBelow(
  prefix: string,
  { writes, deletes }: ChangedFiles,
): ReadonlyMap<string, Uint8Array | "folder" | undefined> {
  const changes = new Map<string, Uint8Array | "folder" | undefined>();
  for (const [path, content] of [...deletes.map((each) => [each, undefined] as const), ...writes]) {
    if (!path.startsWith(prefix)) continue;
    const [name = "", ...rest] = path.slice(prefix.length).split("/");
    changes.set(name, rest.length > 0 ? "folder" : content);
  }
  return changes;
}

function fileLine(name: string, content: Uint8Array): GitHubTreeLine {
  return { mode: "100644", type: "blob", name, id: objectId("blob", content), size: content.length };
}

/** Git puts the lines of a tree into the order of these bytes. */
function placeIn({ name, type }: GitHubTreeLine): Buffer {
  return Buffer.from(type === "tree" ? `${name}/` : name, "utf8");
}

/** A line as GraphQL writes it: its mode is a number. */
function findTreeLine(entry: unknown): GitHubTreeLine | undefined {
  const [mode, type, name] = [memberOf(entry, "mode"), memberOf(entry, "type"), memberOf(entry, "name")];
  const [id, size] = [memberOf(entry, "oid"), memberOf(entry, "size")];
  const octal = typeof mode === "number" ? mode.toString(8).padStart(6, "0") : "";
  const isLine = MODE.test(octal) && typeof type === "string" && typeof name === "string";
  if (!isLine || typeof id !== "string" || !OID.test(id) || typeof size !== "number") return undefined;
  return { mode: octal, type, name, id, size };
}

function toTreeLine(line: unknown, tree: string): GitHubTreeLine {
  const [mode, type, name] = [memberOf(line, "mode"), memberOf(line, "type"), memberOf(line, "path")];
  const size = memberOf(line, "size") ?? 0;
  const isLine =
    typeof mode === "string" && MODE.test(mode) && typeof type === "string" && typeof name === "string";
  if (!isLine || typeof size !== "number") throw unreadable(`tree ${tree}`);
  return { mode, type, name, id: oidOf(memberOf(line, "sha"), `tree ${tree}`), size };
}

function oidOf(value: unknown, what: string): string {
  if (typeof value === "string" && OID.test(value)) return value;
  throw unreadable(what);
}

/** An answer that is not what was asked for, or was cut off: nothing of it is believed, and it is asked again. */
function unreadable(what: string): StoreUnavailable {
  const cause = failureOf(`read ${what} from GitHub`, "the answer is not what it should be");
  return new StoreUnavailable(cause, UNAVAILABLE_SECONDS);
}

function hidden(state: string, cause?: unknown): StoreUnavailable {
  const message = `Cannot read the trail on GitHub: ${state}`;
  const fix = "Restore the App's access to the repository";
  return new StoreUnavailable(new GateError("TRAIL_STORE_HIDDEN", message, { cause, fix }), HIDDEN_SECONDS);
}
