import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import type { Repository } from "../nouns.ts";

/**
 * Git objects without a process for each: a loose object is a file that Node reads and writes itself; git is only
 * asked for one that is packed. Objects never change, so what was read once is kept.
 */
export interface GitObject {
  readonly type: string;
  readonly bytes: Buffer;
}

const KEPT_MAX = 20_000;
/** Larger ones are read again each time. */
const KEPT_BYTES_MAX = 256 * 1024;
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

const KEPT = new WeakMap<Repository, Map<string, GitObject>>();
const FOLDERS = new Map<string, string>();

/** The folder with `objects` and `refs`, of a bare repository or of one with a work tree. */
export function gitFolder({ directory }: Repository): string {
  let folder = FOLDERS.get(directory);
  if (folder === undefined) {
    const inside = join(directory, ".git");
    folder = existsSync(inside) ? inside : directory;
    FOLDERS.set(directory, folder);
  }
  return folder;
}

/** The object of a full id; undefined if there is none. */
export function readObject(repository: Repository, id: string): GitObject | undefined {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) return undefined;
  const known = keptOf(repository).get(id);
  if (known !== undefined) return known;
  const object = readLoose(repository, id) ?? readPacked(repository, id);
  if (object !== undefined) keep(repository, id, object);
  return object;
}

function keep(repository: Repository, id: string, object: GitObject): void {
  const kept = keptOf(repository);
  if (object.bytes.length > KEPT_BYTES_MAX) return;
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(id, object);
}

function keptOf(repository: Repository): Map<string, GitObject> {
  const kept = KEPT.get(repository) ?? new Map<string, GitObject>();
  KEPT.set(repository, kept);
  return kept;
}

function loosePath(repository: Repository, id: string): string {
  return join(gitFolder(repository), "objects", id.slice(0, 2), id.slice(2));
}

function readLoose(repository: Repository, id: string): GitObject | undefined {
  const path = loosePath(repository, id);
  if (!existsSync(path)) return undefined;
  const content = inflateSync(readFileSync(path));
  const end = content.indexOf(0);
  const [type = ""] = content.subarray(0, end).toString("latin1").split(" ");
  return { type, bytes: content.subarray(end + 1) };
}

function readPacked(repository: Repository, id: string): GitObject | undefined {
  const { directory } = repository;
  const objects = join(gitFolder(repository), "objects");
  const isElsewhere = existsSync(join(objects, "info", "alternates"));
  const packs = existsSync(join(objects, "pack")) ? readdirSync(join(objects, "pack")) : [];
  if (packs.length === 0 && !isElsewhere) return undefined;
  try {
    const output = execFileSync("git", ["-C", directory, "cat-file", "--batch"], {
      input: `${id}\n`,
      stdio: ["pipe", "pipe", "ignore"],
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    const end = output.indexOf("\n");
    const [, type = "", size] = output.subarray(0, end).toString("latin1").split(" ");
    if (size === undefined) return undefined;
    return { type, bytes: output.subarray(end + 1, end + 1 + Number(size)) };
  } catch {
    return undefined;
  }
}

/** Writes the object as a loose one, if it is not there; its id. */
export function writeObject(repository: Repository, type: string, content: Uint8Array | string): string {
  const bytes = Buffer.from(content);
  const whole = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]);
  const id = createHash(isSha256(repository) ? "sha256" : "sha1")
    .update(whole)
    .digest("hex");
  const path = loosePath(repository, id);
  if (!keptOf(repository).has(id) && !existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, deflateSync(whole));
  }
  keep(repository, id, { type, bytes });
  return id;
}

const SHA256 = new WeakMap<Repository, boolean>();

function isSha256(repository: Repository): boolean {
  let answer = SHA256.get(repository);
  if (answer === undefined) {
    const config = readFileSync(join(gitFolder(repository), "config"), "utf8");
    answer = /^\s*objectformat\s*=\s*sha256\s*$/im.test(config);
    SHA256.set(repository, answer);
  }
  return answer;
}
