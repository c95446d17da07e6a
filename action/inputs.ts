import { join, resolve } from "node:path";
import { GateError } from "../gate/model/error.ts";
import { baseOf, branchName, type Event, readEvent, toChange } from "./event.ts";

/** The runner's environment; nothing else in this folder reads it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What one run was asked to do. */
export interface RunRequest {
  /** Commit ids or names of branches, as the event or the inputs give them. */
  readonly base: string;
  readonly head: string;
  /** Number of the pull request, if the event has one. */
  readonly pull?: number;
  readonly repository: { readonly owner: string; readonly name: string };
  readonly workspace: string;
  readonly evidence: readonly string[];
  /** Where the patterns of `evidence` start. */
  readonly evidenceDirectory: string;
  readonly dvcCache?: string;
  readonly requirePolicy: boolean;
  readonly comment: (typeof COMMENT_WORDS)[number];
  readonly token?: string;
  readonly outputDirectory: string;
  readonly apiUrl: string;
  readonly serverUrl: string;
  /** Page of this run, where the full report stands. */
  readonly runUrl: string;
  /** Where the summary of the step is written to, if the runner has one. */
  readonly summaryFile?: string;
}

const COMMENT_WORDS = ["auto", "never"] as const;
const REPOSITORY = /^([\w.-]+)\/([\w.-]+)$/;
/** Of git's own rules for names what matters here: no option, no range, no expression, nothing invisible. */
const REVISION = /^(?![-./])(?!.*(?:\.\.|@\{|\/\/))[^\p{C}\s~^:?*[\\]{1,255}$/u;

/** The frozen request. Throws `RUN_INPUT`, `RUN_EVENT` or `RUN_ENVIRONMENT` with the fix. */
export function readRequest(env: Environment): RunRequest {
  const event = readEvent(variable(env, "GITHUB_EVENT_NAME"), variable(env, "GITHUB_EVENT_PATH"));
  const workspace = variable(env, "GITHUB_WORKSPACE");
  const token = input(env, "token");
  const summary = summaryFile(env);
  const dvcCache = input(env, "dvc-cache");
  return Object.freeze({
    ...chooseRevisions(env, event),
    ...(event.pull !== undefined && { pull: event.pull }),
    repository: repositoryName(env),
    workspace,
    evidence: lines(input(env, "evidence")),
    evidenceDirectory: resolve(workspace, input(env, "evidence-directory")),
    ...(dvcCache !== "" && { dvcCache: resolve(workspace, dvcCache) }),
    requirePolicy: yesOrNo(env, "require-policy"),
    comment: oneOf(env, "comment", COMMENT_WORDS),
    ...(token !== "" && { token }),
    outputDirectory: resolve(workspace, input(env, "output-directory") || defaultOutput(env)),
    apiUrl: address(env, "GITHUB_API_URL", "https://api.github.com"),
    serverUrl: serverUrl(env),
    runUrl: `${serverUrl(env)}/${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID ?? ""}`,
    ...(summary !== undefined && { summaryFile: summary }),
  });
}

/** Where the summary of the step is written to; asked on its own, for a run that fails has one, too. */
export function summaryFile(env: Environment): string | undefined {
  return env.GITHUB_STEP_SUMMARY || undefined;
}

/** What the inputs name; else what the event says. */
function chooseRevisions(env: Environment, event: Event): { base: string; head: string } {
  const [base, head] = [input(env, "base"), input(env, "head")];
  for (const [name, revision] of Object.entries({ base, head })) {
    if (revision !== "" && !REVISION.test(revision)) {
      throw badInput(name, revision, "a commit id, or the name of a branch or tag");
    }
  }
  const chosen = base === "" ? "" : assertBaseOf(event, base);
  if (chosen !== "" && head !== "") return { base: chosen, head };
  const change = toChange(event, env.GITHUB_SHA);
  return { base: chosen || change.base, head: head || change.head };
}

/**
 * The base that an input names, as it is looked up. Policy, roles and waivers are read there: where the event says
 * where its change wants to enter, any other base would let the change bring its own judge. Throws `RUN_INPUT`.
 */
function assertBaseOf(event: Event, given: string): string {
  const own = baseOf(event);
  if (own === undefined || given === own.commit) return given;
  if (branchName(given) === own.branch) return own.branch;
  throw new GateError(
    "RUN_INPUT",
    `Cannot take "${given}" as the base: the event ${event.name} wants to enter ${own.branch} at ${own.commit}`,
    { fix: 'Leave "base" away under "with:" of the step that uses Weighbridge: the event says it' },
  );
}

/** The runner keeps every character of a name but the space. */
function input(env: Environment, name: string): string {
  return (env[`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`] ?? "").trim();
}

function lines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** YAML's words for a boolean; absent is false. */
function yesOrNo(env: Environment, name: string): boolean {
  const text = input(env, name);
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (text === "" || /^(?:false|False|FALSE)$/.test(text)) return false;
  throw badInput(name, text, "true or false");
}

/** One of the words; absent is the first. */
function oneOf<Word extends string>(env: Environment, name: string, words: readonly [Word, ...Word[]]): Word {
  const text = input(env, name);
  const word = text === "" ? words[0] : words.find((each) => each === text);
  if (word === undefined) throw badInput(name, text, words.join(" or "));
  return word;
}

function repositoryName(env: Environment): RunRequest["repository"] {
  const text = variable(env, "GITHUB_REPOSITORY");
  const [, owner, name] = REPOSITORY.exec(text) ?? [];
  if (owner === undefined || name === undefined) {
    throw new GateError("RUN_ENVIRONMENT", `Cannot read GITHUB_REPOSITORY: "${text}", expected owner/name`);
  }
  return { owner, name };
}

function serverUrl(env: Environment): string {
  return address(env, "GITHUB_SERVER_URL", "https://github.com");
}

/** An address that the runner sets, as it stands there. */
function address(env: Environment, name: string, usual: string): string {
  const text = env[name] || usual;
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new GateError(
    "RUN_ENVIRONMENT",
    `Cannot read ${name}: "${text}", expected an address such as ${usual}`,
    {
      fix: `Leave ${name} as the runner sets it`,
    },
  );
}

function defaultOutput(env: Environment): string {
  return join(variable(env, "RUNNER_TEMP"), "weighbridge");
}

function variable(env: Environment, name: string): string {
  const text = env[name];
  if (text !== undefined && text !== "") return text;
  throw new GateError("RUN_ENVIRONMENT", `Cannot read ${name}: it is not set, the runner sets it`, {
    fix: "Run this as a step of a GitHub workflow; anywhere else, use the command weighbridge check",
  });
}

function badInput(name: string, text: string, expected: string): GateError {
  return new GateError("RUN_INPUT", `Cannot read the input ${name}: "${text}", expected ${expected}`, {
    fix: `Correct "${name}" under "with:" of the step that uses Weighbridge`,
  });
}
