import { encodePath, foldersAbove, nameOf } from "./path.ts";

/**
 * Which manifests may name a changed path that does not stand below their folder, told from their bytes: parsing a
 * manifest takes a thousand times longer. May say yes in error, never no.
 *
 * Such a path is written with a slash before its last name. YAML keeps letters, digits, `.`, `_`, `-` and all that
 * is not ASCII as they are; only a backslash in double quotes hides them, and then the answer is yes.
 */

/** The last name of a path as far as YAML keeps it; bytes are read as Latin-1. */
const LAST_NAME = /\/([\w.\x80-\xff-]+)(?!\/?[\w.\x80-\xff-])/g;
const KEPT = /[\w.\x80-\xff-]+/g;
const KEPT_START = /^[\w.\x80-\xff-]+/;

const STARTS_SOUGHT_MAX = 32;

export interface Names {
  /** The kept start of each name. */
  readonly starts: ReadonlySet<string>;
  /** For names that start otherwise, such as `(old).bin`: their longest kept part. */
  readonly parts: readonly string[];
}

/** The last names under which a manifest may name one of the paths: its own, its pointer's, a folder's above it. */
export function namesOf(paths: Iterable<string>): Names {
  const names = new Set<string>();
  for (const path of paths) {
    names.add(nameOf(path)).add(nameOf(path).replace(/\.dvc$/, ""));
    for (const folder of foldersAbove(path)) if (folder !== "") names.add(nameOf(folder));
  }
  const starts = new Set<string>();
  const parts: string[] = [];
  for (const name of names) {
    const text = encodePath(name).toString("latin1");
    const start = KEPT_START.exec(text)?.[0];
    if (start !== undefined) starts.add(start);
    else parts.push((text.match(KEPT) ?? [""]).reduce((a, b) => (b.length > a.length ? b : a)));
  }
  return { starts, parts };
}

/** Whether a manifest's bytes may name one of them. */
export function mayName(bytes: Uint8Array, { starts, parts }: Names): boolean {
  const text = toLatin1(bytes);
  if (text.includes("\\") || parts.some((part) => text.includes(part))) return true;
  // Few names are looked for faster one by one than all names of the text are looked up; `/.` begins `/..`.
  if (starts.size <= STARTS_SOUGHT_MAX && !text.includes("/.") && !anyAfterSlash(text, starts)) return false;
  for (const [, name] of text.matchAll(LAST_NAME)) {
    // `a/b/..` ends with another name than the path that it means.
    if (starts.has(name!) || name === "." || name === "..") return true;
  }
  return false;
}

function anyAfterSlash(text: string, starts: ReadonlySet<string>): boolean {
  for (const start of starts) if (text.includes(`/${start}`)) return true;
  return false;
}

/** Whether a manifest's bytes may hold one of the ids, which YAML keeps as they are. */
export function mayHaveId(bytes: Uint8Array, ids: readonly string[]): boolean {
  const text = toLatin1(bytes);
  return text.includes("\\") || ids.some((id) => text.includes(id));
}

function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
