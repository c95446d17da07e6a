import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GateError } from "../model/error.ts";

/**
 * Files that are whole or not there, and that a power cut does not take back: written beside, synced, then named
 * in one step, and the folder synced after it.
 */

const TEMPORARY = ".tmp-";

/** Writes a file, over an older one if there is one. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = await writeBeside(path, bytes);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Writes a file if there is none of this name; false if there is, and then nothing has changed. */
export async function createDurably(path: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = await writeBeside(path, bytes);
  try {
    await link(temporary, path);
  } catch (cause) {
    if (isCode(cause, "EEXIST")) return false;
    throw cause;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
}

/** Removes files of one folder; nothing happens to those that are not there. */
export async function removeDurably(folder: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  for (const name of names) await rm(join(folder, name), { force: true });
  await syncFolder(folder);
}

/** Names of a folder's files, sorted, without those that are being written; none if there is no folder. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith(TEMPORARY)).sort();
  } catch (cause) {
    if (isCode(cause, "ENOENT")) return [];
    throw cause;
  }
}

/** The bytes of a file; undefined if there is none. */
export async function findFile(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isCode(cause, "ENOENT")) return undefined;
    throw cause;
  }
}

async function writeBeside(path: string, bytes: Uint8Array): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = join(dirname(path), `${TEMPORARY}${basename(path)}-${randomUUID()}`);
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its file system keeps names without it.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** True for a system error of this code. */
export function isCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && "code" in cause && cause.code === code;
}

/** The value of a JSON file that only this program writes. Throws `TRAIL_JOURNAL_DAMAGED`. */
export function parseOwnJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new GateError("TRAIL_JOURNAL_DAMAGED", `Cannot read ${path}: it is not JSON`, { cause });
  }
}
