import { execFileSync } from "node:child_process";
import type { Repository } from "./state.ts";

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

export interface TreeLine {
  readonly mode: string;
  readonly type: string;
  readonly sha: string;
  readonly size?: number;
  readonly path: string;
}

/** What git prints; undefined when it refuses, as for an object that does not exist. */
export function git(repository: Repository, ...args: string[]): Buffer | undefined {
  try {
    return execFileSync("git", ["-C", repository.directory, ...args], {
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  } catch {
    return undefined;
  }
}

/** The full id of an object of one type. */
export function objectId(repository: Repository, revision: string, type: string): string | undefined {
  // A revision that starts with a dash would be an option.
  if (revision.startsWith("-")) return undefined;
  return git(repository, "rev-parse", "--verify", "--quiet", `${revision}^{${type}}`)?.toString().trim();
}

/** Entries of a tree; only `path`, if it is given. */
export function treeLines(
  repository: Repository,
  tree: string,
  options: { recursive?: boolean; path?: string } = {},
): TreeLine[] {
  const flags = options.recursive ? ["-r", "-t"] : [];
  const paths = options.path === undefined ? [] : [options.path];
  const output = git(repository, "ls-tree", "-z", "--long", ...flags, tree, "--", ...paths)?.toString() ?? "";
  return output.split("\0").flatMap((line) => {
    const match = /^(?<mode>\d{6}) (?<type>\w+) (?<sha>\w+) +(?<size>\d+|-)\t(?<path>.*)$/s.exec(
      line,
    )?.groups;
    if (match === undefined) return [];
    const { mode = "", type = "", sha = "", size = "-", path = "" } = match;
    return [{ mode, type, sha, path, ...(size !== "-" && { size: Number(size) }) }];
  });
}
