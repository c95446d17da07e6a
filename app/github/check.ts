import { createHash } from "node:crypto";
import type { Archive } from "../store/archive.ts";
import {
  ANNOTATIONS_MAX,
  type CheckAnnotation,
  type CheckOutput,
  checkAnnotations,
  conclusionOf,
  type HeadDecision,
  toOutput,
} from "./check-output.ts";
import type { Client } from "./client.ts";
import { readPages } from "./pages.ts";
import { at, numberAt, optional, textAt } from "./shape.ts";
import { repeatedly, writeOnce } from "./writing.ts";

/** The name that is made required, with the App as its expected source. */
export const CHECK_NAME = "weighbridge";
const ANNOTATIONS_AT_ONCE = 50;
const PAGES_MAX = 10;

/** Buttons of the check; a click comes back as `check_run.requested_action`. */
export const ACTIONS = [
  { label: "Judge again", description: "Reads everything again and judges anew", identifier: "recheck" },
  { label: "Explain", description: "Says how each closed gate is opened", identifier: "explain" },
] as const;
type CheckAction = (typeof ACTIONS)[number];

/** Of a merge group: it has no conversation in which anything could be explained. */
export const GROUP_ACTIONS = ACTIONS.filter(({ identifier }) => identifier === "recheck");

/** A commit whose check it is. */
export interface CheckAddress {
  readonly owner: string;
  readonly repo: string;
  readonly repositoryId: number;
  readonly head: string;
  /** Where the whole report can be read. */
  readonly detailsUrl?: string;
}

/** Says that the commit is being judged, so that nobody takes silence for a verdict. The check run's id. */
export async function startCheck(client: Client, check: CheckAddress): Promise<number> {
  const { owner, repo, repositoryId, head, detailsUrl } = check;
  return writeOnce(client, {
    write: async () => {
      const { data } = await client.rest("POST /repos/{owner}/{repo}/check-runs", {
        ...{ owner, repo, name: CHECK_NAME, head_sha: head, status: "in_progress" },
        external_id: `repo/${repositoryId}/${head}`,
        ...(detailsUrl !== undefined && { details_url: detailsUrl }),
      });
      return numberAt(data, "id");
    },
    look: async () => {
      const standing = await findCheck(client, check);
      return standing?.status === "in_progress" ? standing.id : undefined;
    },
  });
}

/** Our newest run about the commit, as GitHub has it. */
export interface StandingCheck {
  readonly id: number;
  readonly status: string;
  /** Absent while it is not completed. */
  readonly conclusion?: string;
}

/** The run of ours that stands for the commit; undefined if there is none. Runs of our name by others are not ours. */
export async function findCheck(client: Client, check: CheckAddress): Promise<StandingCheck | undefined> {
  const { owner, repo, head } = check;
  const runs = await readPages(client, "GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
    parameters: { owner, repo, ref: head, check_name: CHECK_NAME, app_id: client.appId, filter: "latest" },
    within: "check_runs",
    pagesMax: PAGES_MAX,
  });
  const ours = runs.filter((run) => at(run, "app", "id") === client.appId && at(run, "name") === CHECK_NAME);
  const [newest] = ours.toSorted((a, b) => numberAt(b, "id") - numberAt(a, "id"));
  if (newest === undefined) return undefined;
  const conclusion = optional(textAt, newest, "conclusion");
  return {
    ...{ id: numberAt(newest, "id"), status: textAt(newest, "status") },
    ...(conclusion !== undefined && { conclusion }),
  };
}

/** Where it is kept which annotations a run has. */
type Kept = Pick<Archive, "get" | "set">;

/**
 * Concludes the check of a commit by what was decided of all pull requests that it heads. The id of the run that
 * stands: the one given, or a new one where that has other annotations, for GitHub only ever adds to them.
 */
export async function concludeCheck(
  client: Client,
  check: CheckAddress & { readonly checkRunId?: number; readonly actions?: readonly CheckAction[] },
  decisions: readonly HeadDecision[],
  archive: Kept,
): Promise<number> {
  const annotations = checkAnnotations(decisions);
  const output = toOutput(decisions, annotations);
  const { actions = ACTIONS } = check;
  const done = { status: "completed", conclusion: conclusionOf(decisions), actions, output };
  const digest = digestOf(annotations);
  const sent = check.checkRunId === undefined ? undefined : await archive.get(keyOf(check, check.checkRunId));
  if (check.checkRunId !== undefined && sent === digest) {
    await update({ client, check, id: check.checkRunId }, done);
    return check.checkRunId;
  }
  const isUsable = check.checkRunId !== undefined && sent === undefined;
  const id = isUsable ? check.checkRunId : await startCheck(client, check);
  // Should this process end in the middle, the run is not used again.
  await archive.set(keyOf(check, id), "being sent");
  await updateWithAnnotations({ client, check, id }, done, annotations.slice(0, ANNOTATIONS_MAX));
  await archive.set(keyOf(check, id), digest);
  return id;
}

function keyOf({ repositoryId }: CheckAddress, id: number): string {
  return `check/${repositoryId}/${id}/annotations`;
}

function digestOf(annotations: readonly CheckAnnotation[]): string {
  return createHash("sha256").update(JSON.stringify(annotations)).digest("hex");
}

interface Run {
  readonly client: Client;
  readonly check: CheckAddress;
  readonly id: number;
}

interface Update {
  readonly output: CheckOutput & { readonly annotations?: readonly CheckAnnotation[] };
  readonly [member: string]: unknown;
}

/** The verdict with the first annotations, and then the others, as many at a time as GitHub takes. */
async function updateWithAnnotations(
  run: Run,
  done: Update,
  annotations: readonly CheckAnnotation[],
): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(annotations.length / ANNOTATIONS_AT_ONCE) }, (_, index) =>
    annotations.slice(index * ANNOTATIONS_AT_ONCE, (index + 1) * ANNOTATIONS_AT_ONCE),
  );
  const [first = [], ...rest] = chunks;
  const outputOf = (part: readonly CheckAnnotation[]) => ({ ...done.output, annotations: part });
  let count = await update(run, { ...done, output: outputOf(first) });
  for (const chunk of rest) count = await update(run, { output: outputOf(chunk) }, count);
}

/** Annotations that the run has then. What adds some is only repeated if GitHub shows that it was not done. */
async function update({ client, check, id }: Run, changes: Update, before = 0): Promise<number> {
  const { owner, repo, detailsUrl } = check;
  const wanted = before + (changes.output.annotations?.length ?? 0);
  const send = async () => {
    const { data } = await client.rest("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
      ...{ owner, repo, check_run_id: id, ...(detailsUrl !== undefined && { details_url: detailsUrl }) },
      ...changes,
    });
    return numberAt(data, "output", "annotations_count");
  };
  if (wanted === before) return repeatedly(client, send);
  return writeOnce(client, {
    write: send,
    look: async () => {
      const count = await countAnnotations({ client, check, id });
      return count >= wanted ? count : undefined;
    },
  });
}

async function countAnnotations({ client, check: { owner, repo }, id }: Run): Promise<number> {
  const route = "GET /repos/{owner}/{repo}/check-runs/{check_run_id}";
  const { data } = await client.rest(route, { owner, repo, check_run_id: id });
  return numberAt(data, "output", "annotations_count");
}
