import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { GateError } from "../model/error.ts";
import { type GitResult, gitOutput, runGit } from "./git.ts";

/** `rev-parse --path-format` and `--show-object-format` are of this version. */
const GIT_VERSION_MIN = { major: 2, minor: 31 };

/** Hash that object ids are made with. */
export type ObjectFormat = "sha1" | "sha256";

/** What a repository is and where its parts are. */
export interface Layout {
  /** The git folder that all work trees share. */
  readonly gitFolder: string;
  /** Top of the work tree; absent for a bare repository. */
  readonly workTree?: string;
  /** History is cut off somewhere. */
  readonly isShallow: boolean;
  readonly format: ObjectFormat;
}

/**
 * The layout of the repository that a directory belongs to. Rejects `NOT_A_REPOSITORY`, `REPOSITORY_OWNERSHIP`,
 * `GIT_MISSING`, `GIT_TOO_OLD`.
 */
export async function readLayout(directory: string): Promise<Layout> {
  const result = await askLayout(directory).catch(async (cause: unknown) => {
    // A folder that is not there looks as if git were not.
    await assertDirectory(directory);
    throw cause;
  });
  const layout = parseLayout(result);
  if (layout !== undefined) return layout;
  // Only now, for it is one more process: a git that is too old repeats the questions that it does not know.
  await assertGitVersion(directory);
  throw openFailure(directory, result.stderr);
}

async function assertDirectory(directory: string): Promise<void> {
  try {
    await stat(directory);
  } catch (cause) {
    const message = `Cannot open the repository in ${directory}: there is no such folder`;
    throw new GateError("NOT_A_REPOSITORY", message, { cause, fix: "Correct the path of the folder" });
  }
}

async function assertGitVersion(directory: string): Promise<void> {
  const version = (await gitOutput(directory, ["version"])).toString("latin1").trim();
  const [, major, minor] = /^git version ([0-9]+)\.([0-9]+)/.exec(version) ?? [];
  const isOld =
    Number(major) === GIT_VERSION_MIN.major
      ? Number(minor) < GIT_VERSION_MIN.minor
      : !(Number(major) > GIT_VERSION_MIN.major);
  if (!isOld) return;
  const message = `Cannot use ${version}: expected ${GIT_VERSION_MIN.major}.${GIT_VERSION_MIN.minor} or later`;
  throw new GateError("GIT_TOO_OLD", message, { fix: "Install a later git" });
}

function askLayout(directory: string): Promise<GitResult> {
  return runGit(directory, [
    "rev-parse",
    "--path-format=absolute",
    "--is-shallow-repository",
    "--show-object-format",
    "--git-common-dir",
    "--show-toplevel",
  ]);
}

/** Undefined unless all is answered, and in order. */
function parseLayout({ status, stdout, stderr }: GitResult): Layout | undefined {
  const [shallow, format, gitFolder, workTree] = stdout.toString("utf8").trimEnd().split("\n");
  // The last question fails in a bare repository, after the others were answered.
  const isBare = status !== 0 && /must be run in a work tree/.test(stderr);
  if (status !== 0 && !isBare) return undefined;
  if (shallow !== "true" && shallow !== "false") return undefined;
  if ((format !== "sha1" && format !== "sha256") || gitFolder === undefined) return undefined;
  const rest = workTree === undefined || isBare ? {} : { workTree };
  return { gitFolder, isShallow: shallow === "true", format, ...rest };
}

function openFailure(directory: string, stderr: string): GateError {
  const place = resolve(directory);
  if (/dubious ownership/.test(stderr)) {
    const message = `Cannot open the repository in ${place}: it belongs to another user, and git does not trust it`;
    const fix = `If you do: git config --global --add safe.directory ${place}`;
    return new GateError("REPOSITORY_OWNERSHIP", message, { fix });
  }
  const message = `Cannot open the repository in ${place}: ${stderr || "git does not say what it is"}`;
  return new GateError("NOT_A_REPOSITORY", message, { fix: "Run in a clone of the repository" });
}
