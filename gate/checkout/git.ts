import { type ExecFileException, execFile } from "node:child_process";
import { devNull } from "node:os";
import { GateError } from "../model/error.ts";

/** A listing of some million files; a longer one is refused, never cut off. */
export const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
const STDERR_CHARS_MAX = 500;

/**
 * Settings that the repository's own configuration could use to run a program. What is given with `-c` wins over
 * every file. The commands used here never page, sign, fetch, or show a diff through a driver.
 */
const SETTINGS = [
  ...["-c", "core.fsmonitor=false", "-c", `core.hooksPath=${devNull}`],
  // Or every failure would begin with five lines about the empty graft file that we give.
  ...["-c", "advice.graftFileDeprecated=false"],
];

/** Who runs the gate decides on these; above all `safe.directory` is heeded in no other place than their files. */
const INHERITED = new Set([
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_SYSTEM",
  "GIT_CONFIG_NOSYSTEM",
  "GIT_CEILING_DIRECTORIES",
  "GIT_DISCOVERY_ACROSS_FILESYSTEM",
]);

/** Environment for git: nothing that points it to another repository, index, object store or program. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^GIT_/i.test(name) || INHERITED.has(name));
  return {
    ...Object.fromEntries(kept),
    // A replace ref or a graft shows another history than the one that is merged.
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_GRAFT_FILE: devNull,
    // Reading writes nothing and asks no server: the first is for git before 2.45, which does not know the second.
    GIT_OPTIONAL_LOCKS: "0",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_NO_LAZY_FETCH: "1",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
}

export function gitArguments(args: readonly string[]): string[] {
  return [...SETTINGS, ...args];
}

export interface GitResult {
  readonly status: number;
  readonly stdout: Buffer;
  /** Git's own words, in English, cut to a line or two. */
  readonly stderr: string;
}

/** What one git command says. A status other than 0 is an answer; only git's absence and death are errors. */
export function runGit(directory: string, args: readonly string[]): Promise<GitResult> {
  const options = {
    cwd: directory,
    env: gitEnvironment(),
    encoding: "buffer" as const,
    maxBuffer: OUTPUT_BYTES_MAX,
    windowsHide: true,
  };
  return new Promise((resolve, reject) => {
    execFile("git", gitArguments(args), options, (error, stdout, stderr) => {
      if (error === null) resolve({ status: 0, stdout, stderr: "" });
      else if (typeof error.code === "number")
        resolve({ status: error.code, stdout, stderr: shorten(stderr) });
      else reject(failure(args, error));
    }).stdin?.end();
  });
}

/** Standard output of a command that has to succeed. Rejects `GIT_FAILED` with git's own words. */
export async function gitOutput(directory: string, args: readonly string[]): Promise<Buffer> {
  const { status, stdout, stderr } = await runGit(directory, args);
  if (status === 0) return stdout;
  throw new GateError("GIT_FAILED", `Cannot run git ${args[0]}: status ${status}, ${stderr}`);
}

function failure(args: readonly string[], cause: ExecFileException): GateError {
  if (cause.code === "ENOENT") return missingGit(cause);
  const state =
    cause.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"
      ? `more than ${OUTPUT_BYTES_MAX} bytes`
      : cause.message;
  return new GateError("GIT_FAILED", `Cannot run git ${args[0]}: ${state}`, { cause });
}

export function missingGit(cause: unknown): GateError {
  const fix = "Install git 2.31 or later and put it on the PATH";
  return new GateError("GIT_MISSING", "Cannot run git: there is no such program", { cause, fix });
}

function shorten(stderr: Buffer): string {
  return stderr.toString("utf8").trim().replaceAll(/\s+/g, " ").slice(0, STDERR_CHARS_MAX);
}
