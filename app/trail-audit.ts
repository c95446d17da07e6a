import { type ExecFileException, execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingGit } from "../gate/checkout/git.ts";
import { GateError } from "../gate/model/error.ts";
import { DEFAULT_BRANCH, openGitStore } from "../gate/trail/git-store.ts";
import { formatState, type KeptState, parseState } from "../gate/trail/kept-state.ts";
import { verifyTrail } from "../gate/trail/verify.ts";
import { isPassing } from "./events/passing.ts";
import { findVerification, keepFailure, keepVerification } from "./pages/verification.ts";
import { nameOf, type Place } from "./place.ts";
import type { Services } from "./services.ts";

/** A trail is verified so often, from a clone as an auditor has it. */
const EVERY_MS = 24 * 3_600_000;
/** What could not be told is looked at again: whoever mends it should not wait for a day. */
const RETRY_MS = 3_600_000;
const FETCH_TIMEOUT_MS = 300_000;
const FETCH_BYTES_MAX = 1024 * 1024;

/**
 * Verifies the trail of a repository if that was not done for a day: all of the branch, and that it goes on from the
 * last time. Rejects what keeps it from being told whether the trail is whole; that is kept, unless it passes by itself.
 */
export async function auditTrail(services: Services, place: Place): Promise<void> {
  const { store, now } = services;
  const last = await findVerification(store.archive, place.repositoryId);
  if (last !== undefined && now() - last.at < (last.failure === undefined ? EVERY_MS : RETRY_MS)) return;
  if ((await store.journalView(place.repositoryId).landed()) === undefined) return;
  try {
    await verifyClone(services, place);
  } catch (cause) {
    if (!isPassing(cause)) {
      const failure = { code: cause instanceof GateError ? cause.code : "UNEXPECTED", fix: remedyOf(cause) };
      await keepFailure(store.archive, place.repositoryId, { failure, at: now() });
    }
    throw cause;
  }
}

function remedyOf(cause: unknown): string {
  if (cause instanceof GateError && cause.fix !== undefined) return cause.fix;
  return `See that GitHub still has the branch ${DEFAULT_BRANCH}, and that the App may read it; the log of the App says more`;
}

async function verifyClone(services: Services, place: Place): Promise<void> {
  const { store, now, log } = services;
  const folder = await cloneFolder(services, place);
  try {
    await fetchBranch(services, place, folder.path);
    const since = await findState(join(folder.path, STATE));
    const clone = await openGitStore(folder.path);
    try {
      const { report, state } = await verifyTrail({
        ...{ store: clone, level: 1, entries: "new" },
        ...(since !== undefined && { since }),
      });
      await keepVerification(store.archive, place.repositoryId, { report, at: now() });
      if (state !== undefined) await writeState(join(folder.path, STATE), state);
      const [finding] = report.findings;
      if (finding !== undefined)
        log.error("The trail does not verify", { repository: place.repositoryId, reason: finding.code });
    } finally {
      await clone.close();
    }
  } finally {
    await folder.release();
  }
}

const STATE = "weighbridge-verified";

/** Beside the SQLite file clones are kept; of several instances each makes its own, and throws it away. */
async function cloneFolder({ config }: Services, { repositoryId }: Place) {
  if (config.store.kind === "postgres") {
    const path = await mkdtemp(join(tmpdir(), "weighbridge-trail-"));
    await git(path, ["init", "--quiet", "--bare"]);
    return { path, release: () => rm(path, { recursive: true, force: true }) };
  }
  const path = join(config.store.folder, "trails", `${repositoryId}.git`);
  await mkdir(path, { recursive: true });
  await git(path, ["init", "--quiet", "--bare"]);
  return { path, release: async () => {} };
}

/** The branch as it is, also where it went back: that is what the kept state is for. */
async function fetchBranch({ github, config }: Services, place: Place, folder: string): Promise<void> {
  const token = await github.token(place.installationId);
  const ref = `refs/heads/${DEFAULT_BRANCH}`;
  const url = `${config.github.webUrl}/${nameOf(place)}.git`;
  const header = `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  await git(folder, ["fetch", "--quiet", "--no-tags", url, `+${ref}:${ref}`], {
    // Not on the command line, where other users of the machine could read it.
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: header,
  });
}

/**
 * Git without anybody's configuration. Rejects `GIT_MISSING`, and `GIT_FAILED` without git's own words: they may hold
 * what it was given.
 */
function git(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const options = {
    cwd,
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      ...(process.env.GIT_SSL_CAINFO !== undefined && { GIT_SSL_CAINFO: process.env.GIT_SSL_CAINFO }),
      ...env,
    },
    timeout: FETCH_TIMEOUT_MS,
    maxBuffer: FETCH_BYTES_MAX,
  };
  return new Promise((resolve, reject) => {
    execFile("git", [...args], options, (error: ExecFileException | null) => {
      if (error === null) resolve();
      else if (error.code === "ENOENT") reject(missingGit(error));
      else {
        const message = `Cannot run git ${args[0]}: it ended with ${error.code ?? error.signal}`;
        reject(new GateError("GIT_FAILED", message));
      }
    });
  });
}

async function findState(path: string): Promise<KeptState | undefined> {
  try {
    return parseState(await readFile(path), path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

async function writeState(path: string, state: KeptState): Promise<void> {
  await writeFile(`${path}.new`, formatState(state));
  await rename(`${path}.new`, path);
}
