import { readChangeSet } from "../../gate/change/read.ts";
import type { ChangeSet } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import { isPolicyFile } from "../../gate/policy/locate.ts";
import { DEFAULT_BRANCH as TRAIL_BRANCH } from "../../gate/trail/git-store.ts";
import type { Repository } from "../../gate/world.ts";
import { type Arrival, readArrival } from "../github/arrival.ts";
import { flagAt, objectIdAt, textAt } from "../github/shape.ts";
import { readTip } from "../github/tip.ts";
import { payloadOf, repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import type { Delivery } from "../store/inbox.ts";
import { standingDecision } from "./approvals.ts";
import { OWN_EVENT, requestEvaluation } from "./ask.ts";
import { noteTip } from "./base.ts";
import type { BranchAction } from "./branch-action.ts";
import { flagBypass } from "./bypass.ts";
import { recentDefaultBranch } from "./default-branch.ts";
import { flagExpired, isScheduled, scheduleExpiries } from "./expiry.ts";
import { findGuarded, noteInspected } from "./gated.ts";
import { isPassing } from "./passing.ts";
import { findUntold, type Move, noteLookedInto, noteMove } from "./told-moves.ts";
import { withRepository } from "./world.ts";

const NOTHING = /^0+$/;
/** The gap of a commit that no entry records, as whoever reconciles the trail calls it. */
const UNRECORDED = "merge-unrecorded";
/** Of one pull request, and of the repository: the newest are those that a push can be the merge of. */
const DECISIONS_MAX = 200;

/** A branch moved: what went around its gate is flagged, and what wants to enter it is judged by what it holds now. */
export async function workOnBranch(
  site: Site,
  branch: string,
  deliveries: readonly Delivery[],
): Promise<void> {
  if (branch === TRAIL_BRANCH) return;
  const pushes = deliveries.filter(({ event }) => event === "push");
  for (const push of pushes) await inspectPush(site, branch, payloadOf(push));
  const own = deliveries.filter(({ event }) => event === OWN_EVENT);
  const asked = new Set(own.map((delivery) => textAt(payloadOf(delivery), "action") as BranchAction));
  // Under its former name it may be gone, and is looked at under the new one.
  if (asked.size > 0 && (await recentDefaultBranch(site)) === branch) {
    if (asked.has("untold")) await inspectUntold(site, branch);
    if (asked.has("schedule")) await scheduleOnce(site, branch);
    if (asked.has("waiver")) await flagExpired(site, branch);
  }
  const last = pushes.at(-1);
  if (last === undefined) return;
  const after = objectIdAt(payloadOf(last), "after");
  if (!NOTHING.test(after)) await noteTip(site, branch, after);
  await askForPullsInto(site, branch, last.id);
}

/** Only of branches that pull requests are gated on: the default branch, and those that have met the gate. */
async function inspectPush(site: Site, branch: string, push: unknown): Promise<void> {
  const [told, after] = [textAt(push, "before"), textAt(push, "after")];
  if (NOTHING.test(after)) return;
  const isDefault = textAt(push, "repository", "default_branch") === branch;
  const known = isDefault ? undefined : await findGuarded(site, branch);
  if (isDefault || known !== undefined) {
    const arrival = await arriveAt(site, after);
    if (isDefault) await scheduleExpiries(site, branch, after);
    const isForced = flagAt(push, "forced");
    // Whoever deletes a branch and makes it anew has moved it, and forced nothing.
    const before = NOTHING.test(told) ? known : told;
    const isAround = isForced || (before !== undefined && (await isStray(site, branch, { before, arrival })));
    if (isAround) {
      const what = isForced ? "a force push" : "a push";
      await flagBypass(site, { ref: `refs/heads/${branch}`, before: told, after, what });
      await site.trails.settle(site.place);
    }
  }
  await noteInspected(site, branch, after);
  if (isDefault) await noteMove(site.store.archive, named(site, branch), { before: told, after });
}

/** What ends of the tip, where nobody ever looked. */
async function scheduleOnce(site: Site, branch: string): Promise<void> {
  const tip = await readTip(site.client, site.place, branch);
  if (!(await isScheduled(site.store.archive, site.place, tip))) await scheduleExpiries(site, branch, tip);
}

function named({ place: { repositoryId } }: Site, branch: string) {
  return { repositoryId, branch };
}

/** What came to the branch and nobody told: a gap in what is known of it, whoever let it in. */
async function inspectUntold(site: Site, branch: string): Promise<void> {
  const { archive } = site.store;
  const tip = await readTip(site.client, site.place, branch);
  const untold = await findUntold(archive, named(site, branch), { tip });
  // Told after all.
  if (untold === undefined) return;
  const { before, after } = untold;
  const range = { before, arrival: await arriveAt(site, after) };
  await scheduleExpiries(site, branch, after);
  const brought = (await isAhead(site, untold)) ? await readBrought(site, range) : "unreadable";
  if (brought.length > 0) {
    const gap = { code: UNRECORDED, object: after };
    await site.trails.recordEvent(site.place, { kind: "gap.detected", head: after, gap });
    if (brought === "unreadable" || (await isUndecided(site, branch, { range, brought }))) {
      const what = "a move that GitHub told nobody of";
      await flagBypass(site, { ref: `refs/heads/${branch}`, before, after, what });
    }
    await site.trails.settle(site.place);
  }
  await noteLookedInto(archive, named(site, branch), tip);
}

/** A commit that a branch came to. */
async function arriveAt(site: Site, commit: string): Promise<Arrival> {
  const arrival = await readArrival(site.client, { ...repositoryOf(site.place), commit });
  await withRepository(site, (repository) => repository.keepTree(commit, arrival.tree));
  return arrival;
}

/** Whether the move only added to the branch. Where that cannot be told, something may have been taken away. */
async function isAhead(site: Site, { before, after }: Move): Promise<boolean> {
  try {
    return (await withRepository(site, (repository) => repository.mergeBase(before, after))) === before;
  } catch (cause) {
    if (!(cause instanceof GateError) || isPassing(cause)) throw cause;
    return false;
  }
}

interface Range {
  readonly before: string;
  readonly arrival: Arrival;
}

/**
 * Whether more came than was decided. A pull request that was merged against its verdict is flagged by itself, but more
 * than its merge may have come.
 */
async function isUndecided(
  site: Site,
  branch: string,
  { range, brought }: { readonly range: Range; readonly brought: readonly string[] },
): Promise<boolean> {
  const merged = await pullsMergedBy(site, branch, range.arrival);
  if (merged.length === 0) return true;
  const numbers = merged.map(({ number }) => number);
  const decided = await passedContent(site, branch, numbers);
  const closed = merged.flatMap(({ decision }) => (decision === undefined ? [] : decidedContent(decision)));
  const known = new Set([...decided, ...closed]);
  return brought.some((each) => !known.has(each));
}

/**
 * Whether a push brings a model, or what judges models, that no passing decision was about. The merge of a pull
 * request is looked into as well: more may have come in with it than anybody weighed.
 */
async function isStray(site: Site, branch: string, range: Range): Promise<boolean> {
  const merged = await pullsMergedBy(site, branch, range.arrival);
  // One that was merged against its verdict is flagged by its own delivery.
  if (merged.some(({ isPassed }) => !isPassed)) return false;
  const brought = await readBrought(site, range);
  if (brought === "unreadable") return true;
  if (brought.length === 0 || merged.length === 0) return brought.length > 0;
  const numbers = merged.map(({ number }) => number);
  const decided = await passedContent(site, branch, numbers);
  return brought.some((each) => !decided.has(each));
}

/** What became of each pull request that the commit came in by; empty for a push past all of them. */
async function pullsMergedBy({ place, store }: Site, branch: string, { merged }: Arrival) {
  return Promise.all(
    merged
      .filter(({ baseRef }) => baseRef === branch)
      .map(async ({ number, head }) => {
        const decision = await standingDecision(store.archive, place.repositoryId, number, head);
        return { number, decision, isPassed: decision === undefined || decision.verdict === "pass" };
      }),
  );
}

/** Models and policy files that differ, each with what it is now. What cannot be read may be anything. */
async function readBrought(
  site: Site,
  { before, arrival: { commit: after } }: Range,
): Promise<readonly string[] | "unreadable"> {
  try {
    const change = await withRepository(site, (repository) =>
      readChangeSet({ base: before, head: after }, straight(repository, before)),
    );
    return contentOf(change);
  } catch (cause) {
    if (!(cause instanceof GateError) || isPassing(cause)) throw cause;
    return "unreadable";
  }
}

function contentOf({ models, files }: Pick<ChangeSet, "models" | "files">): readonly string[] {
  return [
    ...models.map(({ id, head }) => JSON.stringify([id, head === undefined ? null : (head.subject ?? "")])),
    ...files
      .filter(({ path, previousPath = path }) => isPolicyFile(path) || isPolicyFile(previousPath))
      .map(({ path, head }) => JSON.stringify([path, head?.oid ?? null])),
  ];
}

/** What the decisions that let these pull requests, and the newest that let any, into the branch were about. */
async function passedContent(
  { store: { archive }, place: { repositoryId } }: Site,
  baseRef: string,
  numbers: readonly number[],
): Promise<ReadonlySet<string>> {
  const filter = { repositoryId, baseRef, verdict: "pass", countMax: DECISIONS_MAX } as const;
  const newest = await archive.decisions(filter);
  const own = await Promise.all(numbers.map((number) => archive.decisions({ ...filter, number })));
  return new Set([...newest, ...own.flat()].flatMap(decidedContent));
}

function decidedContent(row: Pick<DecisionRow, "record">): readonly string[] {
  return contentOf(recordOf(row).input.change);
}

/** A push is compared with what stood there, whatever the two have in common. */
function straight(repository: Repository, before: string): Repository {
  return { ...repository, mergeBase: async () => before };
}

/** Every open pull request into the branch, each once for each push: a branch may come back to where it was. */
async function askForPullsInto({ place, store, now }: Site, branch: string, push: string): Promise<void> {
  for (const { number, baseRef } of await store.archive.openPulls([place.repositoryId])) {
    if (baseRef !== branch) continue;
    await requestEvaluation(store.inbox, { place, number, why: `base/${push}`, now: now() });
  }
}
