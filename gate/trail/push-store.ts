import { type ExecFileException, execFile } from "node:child_process";
import { gitOutput } from "../checkout/git.ts";
import { GateError } from "../model/error.ts";
import { DURABLE, type GitStore, writeCommit } from "./git-store.ts";
import type { AppendAnswer, TrailCommit, TrailStore } from "./store.ts";

/**
 * A trail on a remote that is written by `git push`, where no App writes it. The push expects the branch to end where
 * we saw it end; whoever else may push to the branch is held off by nothing but that.
 */

/** Reads of a large host may be this old. */
const STALE_MS = 30_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;
const TIMEOUT_MS = 120_000;
const REMOTE = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;
/** What would point git to another repository than the one that was opened. */
const REDIRECTING =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|COMMON_DIR)$/;

/** The store over the branch of a configured remote; the local repository keeps what was fetched. */
export function openPushStore(local: GitStore, remote: string, branch: string): TrailStore {
  if (!REMOTE.test(remote)) {
    throw new GateError(
      "TRAIL_REMOTE_INVALID",
      `Cannot push to ${JSON.stringify(remote)}: expected a remote's name`,
    );
  }
  const place: Place = { gitFolder: local.gitFolder, remote, ref: `refs/heads/${branch}` };
  const { read, list, log, countAbove, diff } = local;
  const head = () => fetchHead(local, place);
  const append = (commit: TrailCommit) => push(place, head, commit);
  return { staleMs: STALE_MS, head, read, list, log, countAbove, diff, append };
}

interface Place {
  readonly gitFolder: string;
  readonly remote: string;
  readonly ref: string;
}

/** The branch's end on the remote, with its history in the local repository. */
async function fetchHead(local: GitStore, { gitFolder, remote, ref }: Place): Promise<string | undefined> {
  const { status, stdout, stderr } = await talk(gitFolder, ["ls-remote", "--", remote, ref]);
  if (status !== 0) throw new GateError("GIT_FAILED", `Cannot ask ${remote} for ${ref}: ${stderr}`);
  const line = stdout.split("\n").find((text) => text.endsWith(`\t${ref}`));
  const id = line?.split("\t")[0];
  if (id === undefined || (await local.objects.read(`${id}^{commit}`, () => () => {})) !== undefined)
    return id;
  const fetch = [
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    remote,
    `+${ref}:refs/weighbridge/remote`,
  ];
  const fetched = await talk(gitFolder, fetch);
  if (fetched.status !== 0)
    throw new GateError("GIT_FAILED", `Cannot fetch ${ref} of ${remote}: ${fetched.stderr}`);
  return id;
}

async function push(
  { gitFolder, remote, ref }: Place,
  head: () => Promise<string | undefined>,
  commit: TrailCommit,
): Promise<AppendAnswer> {
  if ((await head()) !== commit.parent) return { kind: "moved" };
  const id = await writeCommit(gitFolder, commit);
  const lease = `--force-with-lease=${ref}:${commit.parent ?? ""}`;
  const { status, stdout, stderr } = await talk(gitFolder, [
    "push",
    "--porcelain",
    lease,
    remote,
    `${id}:${ref}`,
  ]);
  if (status === 0) {
    await gitOutput(gitFolder, [...DURABLE, "update-ref", "--no-deref", "-m", "trail: push", ref, id]);
    return { kind: "landed", commit: id };
  }
  const cause = new GateError("GIT_FAILED", `Cannot push ${ref}: ${stderr}`);
  if (/^!\t[^\t]*\t\[rejected\]/m.test(stdout)) return { kind: "moved" };
  return /^!\t[^\t]*\t\[remote rejected\]/m.test(stdout)
    ? { kind: "refused", cause }
    : { kind: "unknown", cause };
}

interface Talk {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One git command that may use the network, and the credentials that it is configured with. */
function talk(directory: string, args: readonly string[]): Promise<Talk> {
  const kept = Object.entries(process.env).filter(([name]) => !REDIRECTING.test(name));
  const options = {
    cwd: directory,
    env: { ...Object.fromEntries(kept), GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
    encoding: "utf8" as const,
    maxBuffer: OUTPUT_BYTES_MAX,
    timeout: TIMEOUT_MS,
    windowsHide: true,
  };
  return new Promise((resolve, reject) => {
    execFile("git", [...args], options, (error: ExecFileException | null, stdout, stderr) => {
      const words = stderr.trim().replaceAll(/\s+/g, " ").slice(0, 500);
      if (error === null) resolve({ status: 0, stdout, stderr: words });
      else if (typeof error.code === "number") resolve({ status: error.code, stdout, stderr: words });
      else
        reject(new GateError("GIT_FAILED", `Cannot run git ${args[0]}: ${error.message}`, { cause: error }));
    }).stdin?.end();
  });
}
