import { execFileSync } from "node:child_process";
import { runGit, type ScratchRepository } from "../git.ts";

/** What an attacker with access to the branch can do: put any commit there. */

export const BRANCH = "weighbridge-trail";

type Tampered = Pick<ScratchRepository, "directory" | "git">;

export type Changes = Readonly<Record<string, Uint8Array | string | undefined>>;

/** Replaces the branch's last commit by one with other files; author, date, parent and message stay. */
export function amend(repository: Tampered, changes: Changes): void {
  const raw = repository.git("cat-file", "commit", BRANCH);
  const tree = treeWith(repository, BRANCH, changes);
  const commit = runGit(
    repository.directory,
    ["hash-object", "-t", "commit", "-w", "--stdin"],
    `${raw.replace(/^tree .*/, `tree ${tree}`)}\n`,
  );
  repository.git("update-ref", `refs/heads/${BRANCH}`, commit);
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

/** The bytes with one bit turned over. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1 << bit;
  return copy;
}

function treeWith(repository: Tampered, commit: string, changes: Changes): string {
  const index = `${repository.directory}/tamper-index`;
  const git = (args: readonly string[], input?: string | Uint8Array) =>
    execFileSync("git", [...args], {
      cwd: repository.directory,
      env: { ...process.env, GIT_INDEX_FILE: index },
      encoding: "utf8",
      ...(input === undefined ? {} : { input }),
    }).trim();
  git(["read-tree", commit]);
  const lines = Object.entries(changes).map(([path, content]) => {
    if (content === undefined) return `0 ${"0".repeat(40)}\t${path}`;
    return `100644 ${git(["hash-object", "-w", "--stdin"], content)}\t${path}`;
  });
  git(["update-index", "--index-info"], `${lines.join("\n")}\n`);
  return git(["write-tree"]);
}
