import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { decodePath } from "../gate/change/path.ts";
import { GateError } from "../gate/model/error.ts";
import { readFailure } from "../gate/model/system-failure.ts";

/** A file or folder of the disk. */
export interface Location {
  /** As the disk names it. */
  readonly bytes: Buffer;
  /** As it is shown, with a lone surrogate for each byte that is not UTF-8. */
  readonly path: string;
}

/** What node makes of every byte of an argument that is not UTF-8. */
const REPLACEMENT = "\ufffd";
const SLASH = Buffer.from("/");

/**
 * The place that an argument of the command line names. One that is not UTF-8 reaches us with its bytes lost: then it
 * is the only name in its folder that would look so. Throws `USAGE` where there are several.
 */
export async function locate(argument: string): Promise<Location> {
  if (!argument.includes(REPLACEMENT)) return { bytes: Buffer.from(argument), path: argument };
  let bytes: Buffer = Buffer.alloc(0);
  for (const [index, part] of argument.split("/").entries()) {
    const name = part.includes(REPLACEMENT) ? await findName(bytes, part) : Buffer.from(part);
    bytes = index === 0 ? name : Buffer.concat([bytes, SLASH, name]);
  }
  return { bytes, path: decodePath(bytes) };
}

/** The one name in a folder that is shown as `part`; `part` itself if there is none. */
async function findName(folder: Buffer, part: string): Promise<Buffer> {
  const bytes = folder.length === 0 ? Buffer.from(".") : Buffer.concat([folder, SLASH]);
  const names = (await readFolder({ bytes, path: decodePath(bytes) })).map(({ name }) => name);
  const alike = names.filter((name) => name.toString("utf8") === part);
  if (alike.length <= 1) return alike[0] ?? Buffer.from(part);
  throw new GateError("USAGE", `Cannot tell which file ${part} is: ${alike.length} names look so`, {
    fix: "Scan the folder that it stands in: weighbridge scan <folder>",
  });
}

/** What stands in a folder, by bytes. Throws `FILE_UNREADABLE` with the folder's own path. */
export async function readFolder({ bytes, path }: Location): Promise<readonly Dirent<Buffer>[]> {
  try {
    return await readdir(bytes, { withFileTypes: true, encoding: "buffer" });
  } catch (cause) {
    throw readFailure(path, cause);
  }
}

/** What is called `name` in a folder. */
export function within(folder: Location, name: Buffer): Location {
  return {
    bytes: Buffer.concat([folder.bytes, SLASH, name]),
    path: join(folder.path, decodePath(name)),
  };
}
