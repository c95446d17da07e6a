import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLI } from "../../scripts/bundle.ts";
import { COMPILED, installInto } from "../installed.ts";

/** The command as people run it: the bundle of the sources, in a process of its own. */
export interface WeighbridgeCommand {
  /** Runs it in a folder. */
  run(cwd: string, args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  remove(): void;
}

export interface RunOptions {
  /** Besides the few variables that it has anyway. */
  readonly env?: Readonly<Record<string, string>>;
  /** A file that takes what is written, instead of the result. */
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that takes longer than this hangs; the slowest case takes a tenth of it. */
const TIMEOUT_MS = 60_000;

/** The command, with a home folder of its own, which `remove()` deletes. */
export async function installCommand(): Promise<WeighbridgeCommand> {
  const home = mkdtempSync(join(tmpdir(), "weighbridge-cli-"));
  const script = join(home, "dist", CLI.out);
  await installInto(home, CLI);
  return {
    run: (cwd, args, options = {}) =>
      runScript(script, args, { ...options, cwd, env: environment(home, options) }),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Nobody's git configuration, and no CI around. */
function environment(home: string, { env = {} }: RunOptions): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    HOME: home,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    NODE_COMPILE_CACHE: COMPILED,
    ...env,
  };
}

interface Surroundings extends RunOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
}

function runScript(
  script: string,
  args: readonly string[],
  { cwd, env, ...files }: Surroundings,
): Promise<CommandResult> {
  const opened = [files.stdout, files.stderr].map((file) =>
    file === undefined ? undefined : openSync(file, "w"),
  );
  const [stdout, stderr] = opened;
  const child = spawn(process.execPath, [script, ...args], {
    ...{ cwd, env, timeout: TIMEOUT_MS },
    stdio: ["ignore", stdout ?? "pipe", stderr ?? "pipe"],
  });
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on("data", (chunk: Buffer) => output.stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      for (const file of opened) if (file !== undefined) closeSync(file);
      const [stdout, stderr] = [output.stdout, output.stderr].map((chunks) =>
        Buffer.concat(chunks).toString(),
      );
      resolve({ status, stdout: stdout ?? "", stderr: stderr ?? "" });
    });
  });
}

/** What people are told when it is not their fault; nobody may ever be told. */
const OUR_FAULT = /fault of Weighbridge|\n {4}at |node:internal/;

/** Asserts the status, and that nothing was said that only a fault of ours says. */
export function assertStatus({ status, stdout, stderr }: CommandResult, expected: number): void {
  assert.doesNotMatch(stderr, OUR_FAULT);
  assert.doesNotMatch(stdout, OUR_FAULT);
  assert.equal(status, expected, `${stderr}\n${stdout.slice(0, 2_000)}`);
}

/** The code of the error that ended the command. */
export function codeOf({ stderr }: CommandResult): string | undefined {
  return /^ {2}code: ([A-Z_]+)$/m.exec(stderr)?.[1];
}
