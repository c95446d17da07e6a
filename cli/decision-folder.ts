import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DecisionRecord } from "../gate/model/decision.ts";
import { GateError } from "../gate/model/error.ts";
import { byCodeUnits } from "../gate/model/order.ts";
import { readFailure } from "../gate/model/system-failure.ts";
import { parseDecision } from "../gate/verdict/replay.ts";
import { readNamed } from "./terminal.ts";

/** A folder with more is not the folder that was meant. */
const FILES_MAX = 100_000;

/** One file of the folder, by its path from there: the record in it, or why it was passed over. */
export type FolderFile =
  | { readonly path: string; readonly record: DecisionRecord }
  | { readonly path: string; readonly reason: string };

/**
 * Every file of a folder and the folders in it, sorted by path, one after the other: records can be large, and there
 * may be many. Links are not followed. Rejects `FILE_UNREADABLE` where a folder cannot be listed, and
 * `DECISIONS_LIMIT`; what is no record is told and stops nothing.
 */
export async function* readDecisionFolder(folder: string): AsyncGenerator<FolderFile> {
  for (const found of await listFiles(folder)) yield await readOne(folder, found);
}

interface Found {
  readonly path: string;
  readonly entry: Dirent;
}

async function listFiles(folder: string): Promise<readonly Found[]> {
  const files: Found[] = [];
  const open = [""];
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    for (const entry of await list(join(folder, below))) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) open.push(path);
      else files.push({ path, entry });
      if (files.length + open.length > FILES_MAX) throw tooMany(folder);
    }
  }
  return files.sort((a, b) => byCodeUnits(a.path, b.path));
}

async function list(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw readFailure(folder, cause);
  }
}

async function readOne(folder: string, { path, entry }: Found): Promise<FolderFile> {
  if (!entry.isFile()) return { path, reason: "it is not a regular file" };
  if (!path.endsWith(".json")) return { path, reason: "its name does not end in .json" };
  try {
    return { path, record: parseDecision(await readNamed(join(folder, path)), path) };
  } catch (cause) {
    return { path, reason: reasonOf(cause) };
  }
}

/** The first line: what follows shows the place. Whatever is no fault of the file is thrown again. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof GateError)) throw cause;
  return cause.message.split("\n", 1)[0] ?? cause.code;
}

function tooMany(folder: string): GateError {
  return new GateError("DECISIONS_LIMIT", `Cannot read ${folder}: more than ${FILES_MAX} files`, {
    fix: "Give the folder that holds the decision records and nothing else",
  });
}
