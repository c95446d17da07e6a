import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Repository } from "../nouns.ts";
import { gitFolder } from "./objects.ts";

/** A full name that no part of can leave the folder of refs. */
const NAME = /^refs\/(?!.*(?:\.\.|\/\/|\.lock$|[/.]$))[^\s~^:?*[\\\x00-\x1f\x7f]+$/;

/** The id that a full ref such as `refs/heads/main` names; undefined if there is none. */
export function readRef(repository: Repository, ref: string): string | undefined {
  if (!NAME.test(ref)) return undefined;
  const path = join(gitFolder(repository), ref);
  if (existsSync(path) && statSync(path).isFile()) return readFileSync(path, "utf8").trim();
  return packedRefs(repository).get(ref);
}

/** Lets the ref name `id`; without one the ref is removed. */
export function writeRef(repository: Repository, ref: string, id: string | undefined): void {
  if (!NAME.test(ref)) throw new Error(`Cannot write a ref: ${ref} is no name of one`);
  const path = join(gitFolder(repository), ref);
  if (id === undefined) {
    removeRef(repository, ref);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, `${id}\n`);
    renameSync(`${path}.new`, path);
  }
}

function removeRef(repository: Repository, ref: string): void {
  rmSync(join(gitFolder(repository), ref), { force: true });
  const packed = packedRefs(repository);
  if (!packed.delete(ref)) return;
  const lines = [...packed].map(([name, id]) => `${id} ${name}\n`);
  writeFileSync(join(gitFolder(repository), "packed-refs"), lines.join(""));
}

/** Full refs that start with `prefix`, sorted, with what they name. */
export function listRefs(repository: Repository, prefix: string): [ref: string, id: string][] {
  const found = new Map([...packedRefs(repository)].filter(([ref]) => ref.startsWith(prefix)));
  const root = gitFolder(repository);
  for (const entry of readdirSync(join(root, "refs"), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const ref = path.slice(root.length + 1);
    if (entry.isFile() && ref.startsWith(prefix)) found.set(ref, readFileSync(path, "utf8").trim());
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function packedRefs(repository: Repository): Map<string, string> {
  const path = join(gitFolder(repository), "packed-refs");
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, "utf8").split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [id = "", ref] = line.split(" ");
      return ref === undefined || /^[#^]/.test(line) ? [] : [[ref, id] as const];
    }),
  );
}
