import { execFile } from "node:child_process";
import { gitArguments, gitEnvironment, gitOutput } from "../gate/checkout/git.ts";

/** Where commits come from: the remote that actions/checkout set up. */
export interface Origin {
  readonly workspace: string;
  readonly serverUrl: string;
  readonly token?: string;
}

/** How much further back a shallow history is taken: in two steps, then all of it. */
export const DEEPENINGS = [100, 1000, "all"] as const;
export type Deepening = (typeof DEEPENINGS)[number];

const FETCH_TIMEOUT_MS = 300_000;
const STDERR_CHARS_MAX = 300;

/**
 * Fetches commits into the checkout; undefined, or git's own words on why it could not. First with what
 * actions/checkout left to sign in with; where it left nothing (`persist-credentials: false`), with the token.
 */
export async function fetchCommits(
  origin: Origin,
  revisions: readonly string[],
  deepening: Deepening,
): Promise<string | undefined> {
  const args = await fetchArguments(origin, revisions, deepening);
  const refusal = await runFetch(origin, args, {});
  if (refusal === undefined || origin.token === undefined) return refusal;
  return runFetch(origin, args, tokenSettings(origin.serverUrl, origin.token));
}

async function fetchArguments(
  { workspace }: Origin,
  revisions: readonly string[],
  deepening: Deepening,
): Promise<readonly string[]> {
  const shallow = await gitOutput(workspace, ["rev-parse", "--is-shallow-repository"]);
  // With --depth, git would also shorten what is deeper already, and make a complete repository shallow.
  const depth = deepening === "all" ? ["--unshallow"] : [`--deepen=${deepening}`];
  return [
    ...["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "protocol.version=2"],
    ...["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"],
    ...(shallow.toString().trim() === "true" ? depth : []),
    ...["--end-of-options", "origin", ...revisions],
  ];
}

/**
 * The token as actions/checkout would have left it: sent to the server alone, and through the environment, for a
 * command line can be read by every process of the machine. The empty value drops what other files set.
 */
function tokenSettings(serverUrl: string, token: string): NodeJS.ProcessEnv {
  const header = `http.${new URL(serverUrl).origin}/.extraheader`;
  const basic = Buffer.from(`x-access-token:${token}`).toString("base64");
  return {
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: header,
    GIT_CONFIG_VALUE_0: "",
    GIT_CONFIG_KEY_1: header,
    GIT_CONFIG_VALUE_1: `AUTHORIZATION: basic ${basic}`,
  };
}

function runFetch(
  { workspace }: Origin,
  args: readonly string[],
  settings: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const env = {
    ...gitEnvironment(),
    GIT_ALLOW_PROTOCOL: "https:http:ssh",
    // Not absent but empty: no program is asked for a password.
    GIT_ASKPASS: "",
    ...settings,
  };
  return new Promise((resolve) => {
    const options = { cwd: workspace, env, timeout: FETCH_TIMEOUT_MS, windowsHide: true };
    execFile("git", gitArguments(args), options, (error, _stdout, stderr) => {
      const words = stderr.trim().replace(/\s+/g, " ").slice(0, STDERR_CHARS_MAX);
      resolve(error === null ? undefined : words || error.message);
    }).stdin?.end();
  });
}
