import { GateError } from "../model/error.ts";
import type { PolicyDifference } from "../model/policy.ts";
import { canonical } from "../parse/canonical.ts";
import { visible } from "../parse/excerpt.ts";
import { toValue } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import { showValue } from "./facets.ts";

/** The file of a workflow as one side has it; GitHub runs those that stand right in the folder. */
export interface WorkflowFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const RUN_BY_GITHUB = /^\.github\/workflows\/[^/]+\.ya?ml$/;
/** In a comment they would bury what matters. */
const DIFFERENCES_MAX = 5;
const SHOWN_CHARS_MAX = 100;

/**
 * What a change does to one workflow that weighs: nothing where it only edits comments, names of steps and of the
 * workflow, or jobs that do not weigh. Everything else counts as loosened, for what a weaker workflow is cannot be
 * told from its text; so does another commit of an action, for any fork's commit can stand behind the same name.
 */
export function diffWorkflows(
  before: WorkflowFile | undefined,
  after: WorkflowFile | undefined,
): readonly PolicyDifference[] {
  if (before === undefined || !RUN_BY_GITHUB.test(before.path)) return [];
  const old = parseWorkflow(before);
  const names = old === undefined ? [] : weighingJobs(old);
  if (old === undefined ? !MAY_WEIGH.test(Buffer.from(before.bytes).toString("latin1")) : names.length === 0)
    return [];
  const { path } = before;
  const difference = (what: string, from: string, to: string): PolicyDifference => ({
    gate: "workflows",
    what,
    from,
    to,
    effect: "loosened",
    place: { path: after?.path ?? path },
  });
  if (after === undefined || !RUN_BY_GITHUB.test(after.path)) return [difference(path, "present", "removed")];
  const next = parseWorkflow(after);
  if (old === undefined || next === undefined) {
    return Buffer.compare(before.bytes, after.bytes) === 0
      ? []
      : [difference(path, "as it was", "what cannot be compared")];
  }
  const moves = compare(essence(old, names), essence(next, names), []);
  const shown = moves.slice(0, DIFFERENCES_MAX);
  const hidden = moves.length - shown.length;
  return [
    ...shown.map(({ at, from, to }) => difference(`${path} ${visible(at.join("."))}`, show(from), show(to))),
    ...(hidden === 0 ? [] : [difference(path, "as it was", `with ${hidden} more differences`)]),
  ];
}

type Members = Readonly<Record<string, unknown>>;

/** Undefined where GitHub may understand a file that we do not: it holds an anchor, or is no map. */
function parseWorkflow({ path, bytes }: WorkflowFile): Members | undefined {
  try {
    const value = toValue(parseYaml(decodeUtf8(bytes, path), path));
    return isMembers(value) ? value : undefined;
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    return undefined;
  }
}

/** `uses: acme/weighbridge@…`, and the command in a script; not a folder `weighbridge-evidence`. */
const COMMAND = /(?<![\w.-])weighbridge(?:[@:]\S*)?\s+(?:check|scan|policy|trail)\b/i;

/** The same of a text that only GitHub can parse. */
const MAY_WEIGH = new RegExp(`uses:.*weighbridge|${COMMAND.source}`, "i");

function weighingJobs({ jobs }: Members): readonly string[] {
  return isMembers(jobs) ? Object.keys(jobs).filter((name) => weighs(jobs[name])) : [];
}

function weighs(job: unknown): boolean {
  if (!isMembers(job)) return false;
  const steps = Array.isArray(job.steps) ? job.steps.filter(isMembers) : [];
  return [job, ...steps].some(
    ({ uses, run }) => /weighbridge/i.test(textOf(uses)) || COMMAND.test(textOf(run)),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** What decides whether and how the jobs weigh; a job's own name is that of its check, a step's is only shown. */
function essence(workflow: Members, names: readonly string[]): Members {
  const { name: _, "run-name": __, jobs, ...shared } = workflow;
  const all = isMembers(jobs) ? jobs : {};
  const kept = names.flatMap((name) =>
    Object.hasOwn(all, name) ? [[name, withoutStepNames(all[name])] as const] : [],
  );
  return { ...shared, jobs: Object.fromEntries(kept) };
}

function withoutStepNames(job: unknown): unknown {
  if (!isMembers(job) || !Array.isArray(job.steps)) return job;
  const steps = job.steps.map((step: unknown) => {
    if (!isMembers(step)) return step;
    const { name: _, ...rest } = step;
    return rest;
  });
  return { ...job, steps };
}

interface Move {
  readonly at: readonly string[];
  readonly from: unknown;
  readonly to: unknown;
}

/** The deepest places that differ; a list with more or fewer items as a whole. */
function compare(from: unknown, to: unknown, at: readonly string[]): readonly Move[] {
  if (isMembers(from) && isMembers(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return keys.flatMap((key) => compare(from[key], to[key], [...at, key]));
  }
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    return from.flatMap((item, index) => compare(item, to[index], [...at, String(index)]));
  }
  return isEqual(from, to) ? [] : [{ at, from, to }];
}

/** `on: { pull_request: }` has the key, with nothing in it. */
function isEqual(a: unknown, b: unknown): boolean {
  return a === undefined || b === undefined ? a === b : canonical(a) === canonical(b);
}

function show(value: unknown): string {
  if (isMembers(value)) return "present";
  if (Array.isArray(value)) return `${value.length} items`;
  const text = showValue(value);
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX - 1)}…` : text;
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
