import { execFileSync } from "node:child_process";
import { runGit, type ScratchRepository } from "../git.ts";

/** What an attacker with access to the branch can do: put any commit there. */

export const BRANCH = "weighbridge-trail";

type Tampered = Pick<ScratchRepository, "directory" | "git">;

export type Changes = Readonly<Record<string, Uint8Array | string | undefined>>;

/** Replaces the branch's last commit by one with other files; author, date, parent and message stay. */
export function amend(repository: Tampered, changes: Changes): void {
  const raw = repository.git("cat-file", "commit", BRANCH);
  const end = raw.indexOf("\n\n");
  const header = raw.slice(0, end).split("\n");
  const message = `${raw.slice(end + 2)}\n`;
  const [tree] = header.flatMap((line) => (line.startsWith("tree ") ? [line.slice(5)] : []));
  const parts: (string | Uint8Array)[] = [
    `commit refs/heads/${BRANCH}\n`,
    ...header.filter((line) => /^(?:author|committer) /.test(line)).map((line) => `${line}\n`),
    `data ${Buffer.byteLength(message)}\n${message}\n`,
    ...header.filter((line) => line.startsWith("parent ")).map((line) => `from ${line.slice(7)}\n`),
    `M 040000 ${tree} ""\n`,
  ];
  for (const [path, content] of Object.entries(changes)) {
    if (content === undefined) parts.push(`D ${path}\n`);
    else parts.push(`M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n`, content, "\n");
  }
  const stream = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  // Without a parent it would go on from the branch.
  const start = header.some((line) => line.startsWith("parent "))
    ? ""
    : `reset refs/heads/${BRANCH}\nfrom ${"0".repeat(40)}\n\n`;
  runGit(
    repository.directory,
    ["fast-import", "--quiet", "--force"],
    Buffer.concat([Buffer.from(start), stream]),
  );
}

/** The whole content of a file at the branch's end. */
export function readFile(repository: Tampered, path: string): Buffer {
  return execFileSync("git", ["cat-file", "blob", `${BRANCH}:${path}`], {
    cwd: repository.directory,
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Paths of all files at the branch's end. */
export function paths(repository: Tampered): readonly string[] {
  return repository.git("ls-tree", "-r", "--name-only", BRANCH).split("\n");
}

/** What stands in a folder of the branch's end, or what a forger puts there. */
export interface Item {
  readonly mode: string;
  readonly oid: string;
  readonly name: string;
}

/** Replaces the items of a folder of the branch's last commit, as they come: not even git has to agree with them. */
export function amendFolder(
  repository: Tampered,
  folder: string,
  change: (items: readonly Item[]) => readonly Item[],
): void {
  const names = folder.split("/").filter((name) => name !== "");
  let oid = writeTree(repository, change(itemsOf(repository, folder)));
  for (const name of names.toReversed()) {
    names.pop();
    const items = itemsOf(repository, names.join("/"));
    oid = writeTree(
      repository,
      items.map((item) => (item.name === name ? { ...item, oid } : item)),
    );
  }
  const raw = repository.git("cat-file", "commit", BRANCH).replace(/^tree .*/, `tree ${oid}`);
  const commit = writeObject(repository, "commit", `${raw}\n`);
  repository.git("update-ref", `refs/heads/${BRANCH}`, commit);
}

/** Writes an object without asking git whether it is one; its id. */
export function writeObject(repository: Tampered, type: string, content: Uint8Array | string): string {
  const args = ["hash-object", "-t", type, "-w", "--literally", "--stdin"];
  return runGit(repository.directory, args, Buffer.from(content as string));
}

function itemsOf(repository: Tampered, folder: string): readonly Item[] {
  const lines = repository.git("ls-tree", `${BRANCH}:${folder}`).split("\n");
  return lines.map((line) => {
    const [mode = "", , oid = "", name = ""] = line.split(/[ \t]/);
    return { mode: mode.replace(/^0/, ""), oid, name };
  });
}

function writeTree(repository: Tampered, items: readonly Item[]): string {
  const bytes = items.flatMap(({ mode, oid, name }) => [
    Buffer.from(`${mode} ${name}\0`),
    Buffer.from(oid, "hex"),
  ]);
  return writeObject(repository, "tree", Buffer.concat(bytes));
}

/** The bytes with one bit turned over. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1 << bit;
  return copy;
}
