import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACTION } from "../../scripts/bundle.ts";
import { COMPILED, installInto } from "../installed.ts";
import { readInputs } from "./metadata.ts";
import { type Command, parseLog } from "./workflow-commands.ts";

/** The runner, as far as an Action can tell: the bundle in a process of its own, with this environment and no other. */

export interface Step {
  readonly event: string;
  readonly payload: unknown;
  readonly workspace: string;
  /** By the names of action.yml. */
  readonly inputs?: Readonly<Record<string, string>>;
  readonly serverUrl: string;
  readonly sha?: string;
  /** Variables besides those that every step has. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface StepResult {
  readonly status: number | null;
  /** Standard output and standard error, as they came. */
  readonly log: string;
  /** What the runner took from the log. */
  readonly commands: readonly Command[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** RUNNER_TEMP. */
  readonly temp: string;
}

/** A folder for what the steps write, with the bundle in it. */
export async function installAction(): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), "weighbridge-action-"));
  await installInto(home, ACTION);
  return home;
}

/** A step that is ready to run: its environment, its RUNNER_TEMP. */
export interface PreparedStep {
  readonly env: Readonly<Record<string, string>>;
  readonly temp: string;
}

export function prepareStep(action: string, step: Step): PreparedStep {
  const temp = mkdtempSync(join(action, "temp-"));
  const file = (name: string, text = "") => {
    writeFileSync(join(temp, name), text);
    return join(temp, name);
  };
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: temp,
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: step.serverUrl,
    GITHUB_GRAPHQL_URL: `${step.serverUrl}/graphql`,
    GITHUB_SERVER_URL: step.serverUrl,
    GITHUB_EVENT_NAME: step.event,
    GITHUB_EVENT_PATH: file("event.json", JSON.stringify(step.payload)),
    GITHUB_REPOSITORY: "acme/credit",
    GITHUB_RUN_ID: "7",
    GITHUB_SHA: step.sha ?? "c".repeat(40),
    GITHUB_OUTPUT: file("output"),
    GITHUB_STEP_SUMMARY: file("summary"),
    GITHUB_WORKSPACE: step.workspace,
    RUNNER_TEMP: temp,
    ...inputVariables(step.inputs ?? {}),
    ...step.env,
  };
  return { env, temp };
}

export async function runStep(action: string, step: Step): Promise<StepResult> {
  const { env, temp } = prepareStep(action, step);
  const script = join(action, "dist", ACTION.out);
  const { status, log } = await spawnNode(script, { NODE_COMPILE_CACHE: COMPILED, ...env }, step.workspace);
  return {
    status,
    log,
    commands: parseLog(log),
    outputs: parseOutputs(readFileSync(join(temp, "output"), "utf8")),
    summary: readFileSync(join(temp, "summary"), "utf8"),
    temp,
  };
}

/** Every input that is declared is set, if only to nothing; a name keeps its dashes. */
function inputVariables(inputs: Readonly<Record<string, string>>): Record<string, string> {
  const declared = readInputs();
  const unknown = Object.keys(inputs).filter((given) => declared.every(({ name }) => name !== given));
  if (unknown.length > 0) throw new Error(`action.yml declares no input ${unknown.join(", ")}`);
  return Object.fromEntries(
    // The token, the one default that is an expression, is nobody's here.
    declared.map(({ name, default: usual }) => [
      variableOf(name),
      inputs[name] ?? (name === "token" ? "" : usual),
    ]),
  );
}

/** The variable that the runner gives an input in. */
export function variableOf(input: string): string {
  return `INPUT_${input.replaceAll(" ", "_").toUpperCase()}`;
}

function spawnNode(
  script: string,
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<{ status: number | null; log: string }> {
  const child = spawn(process.execPath, [script], { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, log: Buffer.concat(chunks).toString() }));
  });
}

/** `name<<delimiter`, the value, `delimiter` */
function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split("\n");
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    const [name, delimiter] = line.split("<<");
    if (name === undefined || delimiter === undefined) continue;
    outputs[name] = lines.splice(0, lines.indexOf(delimiter)).join("\n");
    lines.shift();
  }
  return outputs;
}
