import type { ModelChange } from "../../gate/model/change.ts";
import { foldEnvironment } from "../../gate/model/environment.ts";
import type { Site } from "../services.ts";
import { changeKept } from "../store/kept-value.ts";

/** Of one model in one environment what ran, in order: the way from one version to the next, and back. */

/** Runs that are kept of a model in an environment. */
const RUNS_MAX = 100;

export interface Run {
  /** Id of the deployment's status that says so: GitHub counts them up. */
  readonly status: number;
  /** The model's content, as a digest; where that cannot be told, `git:` and the commit. */
  readonly subject: string;
}

/** A deployment that succeeded, as one of its statuses says. */
export interface Success {
  readonly environment: string;
  readonly sha: string;
  readonly deployment: number;
  readonly status: number;
  readonly models: readonly ModelChange[];
}

export type SuccessKind = "deploy.succeeded" | "deploy.rolled_back";

/**
 * What a success is: a rollback if it takes any of its models back. It is said once for each status, and stands whatever
 * else succeeds before the same is asked again: a delivery that is repeated has to become the same entry.
 */
export async function kindOfSuccess(
  { store, place }: Pick<Site, "store" | "place">,
  { environment, sha, deployment, status, models }: Success,
): Promise<SuccessKind> {
  const { repositoryId } = place;
  let isBack = false;
  for (const { id, head } of models) {
    const run = { status, subject: head?.subject ?? `git:${sha}` };
    const name = `runs/${repositoryId}/${JSON.stringify([foldEnvironment(environment), id])}`;
    await store.archive.setOnce(name, "[]");
    const runs = await changeKept<readonly Run[]>(store.archive, name, (known) => withRun(known, run));
    if (goesBack(runs ?? [], run)) isBack = true;
  }
  const kind: SuccessKind = isBack ? "deploy.rolled_back" : "deploy.succeeded";
  const said = await store.archive.setOnce(`success/${repositoryId}/${deployment}/${status}`, kind);
  return said as SuccessKind;
}

/** The runs with one more at its place, however late it is heard of: the newest `RUNS_MAX`. */
export function withRun(runs: readonly Run[], run: Run): readonly Run[] {
  const others = runs.filter(({ status }) => status !== run.status);
  const sorted = [...others, run].sort((a, b) => a.status - b.status);
  // What is deployed again and again as it is must not push out what ran before it: its first and last run say all.
  const isKept = ({ subject }: Run, at: number) =>
    subject !== sorted[at - 1]?.subject || subject !== sorted[at + 1]?.subject;
  return sorted.filter(isKept).slice(-RUNS_MAX);
}

/**
 * Whether the run brings back an earlier version than the one that ran until then, which had come after it (governance,
 * section 5, class E). A version that was gone back from comes anew when it is deployed again.
 */
export function goesBack(runs: readonly Run[], { status, subject }: Run): boolean {
  const line = lineOf(runs.filter((run) => run.status < status));
  return line.slice(0, -1).includes(subject);
}

/** The versions that came one after the other up to the one that runs, without those that were gone back from. */
function lineOf(runs: readonly Run[]): readonly string[] {
  const line: string[] = [];
  for (const { subject } of runs) {
    const at = line.indexOf(subject);
    if (at === -1) line.push(subject);
    else line.length = at + 1;
  }
  return line;
}
