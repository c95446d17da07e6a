import { createHash, type Hash } from "node:crypto";
import { encodePath } from "../../gate/change/path.ts";

/** One line of a tree object. */
export interface TreeItem {
  /** Six digits, as `040000` for a folder. */
  readonly mode: string;
  readonly name: string;
  readonly oid: string;
}

export const FOLDER_MODE = "040000";

/** The hash that becomes a blob's id when it has seen all bytes; the algorithm is that of `oid`. */
export function blobHash(oid: string, size: number): Hash {
  return createHash(algorithmOf(oid)).update(`blob ${size}\0`);
}

/** The tree object of a folder: mode, name, zero and id of each item, in git's order. */
export function treeObject(items: readonly TreeItem[]): Buffer {
  const lines = items.map(({ mode, name, oid }) => {
    const isFolder = mode === FOLDER_MODE;
    // Git sorts a folder as if its name ended with a slash.
    const key = encodePath(isFolder ? `${name}/` : name);
    const head = Buffer.from(`${mode.replace(/^0/, "")} `);
    return { key, bytes: Buffer.concat([head, encodePath(name), Buffer.of(0), Buffer.from(oid, "hex")]) };
  });
  return Buffer.concat(lines.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ bytes }) => bytes));
}

/** The id of a tree object; the algorithm is that of `like`. */
export function treeId(object: Buffer, like: string): string {
  return createHash(algorithmOf(like)).update(`tree ${object.length}\0`).update(object).digest("hex");
}

function algorithmOf(oid: string): "sha1" | "sha256" {
  return oid.length === 64 ? "sha256" : "sha1";
}
