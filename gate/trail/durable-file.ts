import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GateError } from "../model/error.ts";

/**
 * Files that are whole or not there, and that a power cut does not take back: written beside, synced, then named
 * in one step, and the folder synced after it.
 */

const TEMPORARY = ".tmp-";
/** Files that are worked on at once. */
const AT_ONCE = 64;

/** Writes a file, over an older one if there is one. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = await writeBeside(path, bytes);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Writes a file if there is none of this name; false if there is, and then nothing has changed. */
export async function createDurably(path: string, bytes: Uint8Array): Promise<boolean> {
  return (await createAllDurably(dirname(path), new Map([[basename(path), bytes]]))) === 1;
}

/**
 * Writes files of one folder, by name, where there is none of the name; how many. They appear one after the other in
 * the order of the map, so that what a crash leaves is its beginning.
 */
export async function createAllDurably(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<number> {
  await makeFolder(folder);
  const written = await eachOf([...files], async ([name, bytes]) => {
    const path = join(folder, name);
    return { path, temporary: await writeBeside(path, bytes) };
  });
  let count = 0;
  for (const { path, temporary } of written) if (await nameOnce(temporary, path)) count++;
  if (count > 0) await syncFolder(folder);
  return count;
}

/** Gives a file its name; false if the name is taken. The temporary name is gone either way. */
async function nameOnce(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
  } catch (cause) {
    if (isCode(cause, "EEXIST")) return false;
    throw cause;
  } finally {
    await unlink(temporary);
  }
  return true;
}

/** Removes files of one folder; nothing happens to those that are not there. */
export async function removeDurably(folder: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await eachOf(names, (name) => removeFile(join(folder, name)));
  await syncFolder(folder);
}

async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    if (!isCode(cause, "ENOENT")) throw cause;
  }
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

/** The files of a folder by name, in the order asked, without those that are not there. */
export async function readFiles(
  folder: string,
  names: readonly string[],
): Promise<readonly { readonly path: string; readonly bytes: Uint8Array }[]> {
  const files = await eachOf(names, async (name) => {
    const path = join(folder, name);
    return { path, bytes: await findFile(path) };
  });
  return files.flatMap(({ path, bytes }) => (bytes === undefined ? [] : [{ path, bytes }]));
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

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

async function writeBeside(path: string, bytes: Uint8Array): Promise<string> {
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

/** The results in the order of the items, some of them worked on at once: the disk is where the time goes. */
async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  }
  return results;
}
