import { createHash } from "node:crypto";
import { streamBytes } from "../artifact/bytes.ts";
import { findReadings, type Readings } from "../artifact/identify.ts";
import type { ByteSource } from "../model/bytes.ts";
import type { Pointer, TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import { YAML_BYTES_MAX } from "../parse/yaml.ts";
import type { Repository } from "../world.ts";
import { LFS_POINTER_BYTES_MAX, parseDvcPointer, parseLfsPointer } from "./pointer.ts";

/** What an entry holds: its own content, or that of each file which it points to. */
export interface Held {
  readonly path: string;
  /** Absent for what is not here, or is not what the pointer says. */
  readonly identity?: Readings;
}

/** What stands in a file, or behind it if it is a pointer of Git LFS or DVC. */
export async function readHeld(entry: TreeEntry, repository: Repository): Promise<readonly Held[]> {
  const content = await repository.open(entry);
  try {
    const identity = await findReadings(content, entry.path);
    const isDvc = entry.path.endsWith(".dvc");
    if (isDvc && identity.family !== "model") return await readDvc(content, entry.path, repository);
    const head = await content.read(0, Math.min(content.size, LFS_POINTER_BYTES_MAX + 1));
    const pointer = attempt(() => parseLfsPointer(head, entry.path));
    if (pointer === undefined) return [{ path: entry.path, identity }];
    if (pointer instanceof GateError) return [{ path: entry.path }];
    return [await readPointed(pointer, entry.path, repository)];
  } finally {
    await content.close();
  }
}

async function readDvc(content: ByteSource, path: string, repository: Repository): Promise<readonly Held[]> {
  const bytes = await content.read(0, Math.min(content.size, YAML_BYTES_MAX));
  const outputs = attempt(() => parseDvcPointer(bytes, path));
  if (outputs instanceof GateError) return [{ path: path.replace(/\.dvc$/, "") }];
  const held: Held[] = [];
  for (const output of outputs) {
    held.push(await readPointed({ kind: "dvc", digest: output.digest }, output.path, repository));
  }
  return held;
}

/** A pointer that cannot be read stands for what nobody knows. */
function attempt<T>(parse: () => T): T | GateError {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof GateError) return cause;
    throw cause;
  }
}

/** Out of a cache that the change itself may have brought along: without its digest the content counts for nothing. */
export async function readPointed(pointer: Pointer, path: string, repository: Repository): Promise<Held> {
  const content = await openPointed(pointer, path, repository);
  if (content === undefined) return { path };
  try {
    const [algorithm = "", hex] = pointer.digest.split(":");
    const hash = createHash(algorithm);
    await streamBytes(content, (chunk) => hash.update(chunk));
    return hash.digest("hex") === hex ? { path, identity: await findReadings(content, path) } : { path };
  } finally {
    await content.close();
  }
}

/** What cannot be had is as if it were not here: its name has to do. */
async function openPointed(
  pointer: Pointer,
  path: string,
  repository: Repository,
): Promise<ByteSource | undefined> {
  if (pointer.digest.endsWith(".dir")) return undefined;
  try {
    return await repository.openContent(pointer, path);
  } catch (cause) {
    if (cause instanceof GateError && cause.code === "FILE_TOO_LARGE") return undefined;
    throw cause;
  }
}
