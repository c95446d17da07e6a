import { GateError } from "./error.ts";

/** What the system says where a file cannot be reached, and what to do about it. */
const REASONS: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  ENOENT: ["there is no such file", "Correct the path, which counts from the working directory"],
  ENOTDIR: ["a part of its path is a file, not a folder", "Correct the path"],
  EISDIR: ["it is a folder", "Name a file"],
  EEXIST: ["it is there already", "Name a file that is not there yet"],
  EACCES: ["the system does not permit it", "Change who may do so, or run as somebody who may"],
  EPERM: ["the system does not permit it", "Change who may do so, or run as somebody who may"],
  EROFS: ["the disk can only be read", "Name a file on another disk"],
  ENOSPC: ["the disk is full", "Make room, or name a file on another disk"],
  EDQUOT: ["no more room is granted on the disk", "Make room, or name a file on another disk"],
  ENAMETOOLONG: ["its path is longer than the system takes", "Name a shorter path"],
  ELOOP: ["its path leads through too many links", "Name the file itself"],
  EMFILE: ["too many files are open", "Raise the limit: ulimit -n"],
  EPIPE: ["whoever read it went away", "Keep what reads it running until the end"],
};

/** The system's own word for a failure, as `ENOENT`; undefined where it is none of the system's. */
export function systemCode(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

/** That something cannot be read. Code `FILE_UNREADABLE`. */
export function readFailure(name: string, cause: unknown): GateError {
  return failure("FILE_UNREADABLE", `Cannot read ${shown(name)}`, cause);
}

/** That something cannot be written. Code `OUT_NOT_WRITTEN`. */
export function writeFailure(name: string, cause: unknown): GateError {
  const what = `Cannot write ${shown(name)}`;
  // Only what would be made lacks its folder; whoever names nothing lacks more than that.
  if (systemCode(cause) !== "ENOENT" || name === "") return failure("OUT_NOT_WRITTEN", what, cause);
  const fix = "Make the folder first, or correct the path, which counts from the working directory";
  return new GateError("OUT_NOT_WRITTEN", `${what}: there is no such folder`, { cause, fix });
}

function failure(code: string, what: string, cause: unknown): GateError {
  const system = systemCode(cause);
  const [reason, fix] = REASONS[system ?? ""] ?? [];
  if (reason !== undefined && fix !== undefined) {
    return new GateError(code, `${what}: ${reason}`, { cause, fix });
  }
  const state = system ?? (cause instanceof Error ? cause.message : String(cause));
  return new GateError(code, `${what}: ${state}`, { cause });
}

/** An empty name would not be seen in a sentence. */
function shown(name: string): string {
  return name === "" ? '""' : name;
}
