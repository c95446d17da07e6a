import { readChangeSet } from "../../gate/change/read.ts";
import type { ChangeSet } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import { isPolicyFile } from "../../gate/policy/locate.ts";
import { DEFAULT_BRANCH as TRAIL_BRANCH } from "../../gate/trail/git-store.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import type { Repository } from "../../gate/world.ts";
import { type Arrival, readArrival } from "../github/arrival.ts";
import { flagAt, objectIdAt, textAt } from "../github/shape.ts";
import { payloadOf, repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { Delivery } from "../store/inbox.ts";
import { standingDecision } from "./approvals.ts";
import { OWN_EVENT, requestEvaluation } from "./ask.ts";
import { noteTip } from "./base.ts";
import { flagBypass } from "./bypass.ts";
import { recentDefaultBranch } from "./default-branch.ts";
import { flagExpired, scheduleExpiries } from "./expiry.ts";
import { findGuarded, noteInspected } from "./gated.ts";
import { isPassing } from "./passing.ts";
import { withRepository } from "./world.ts";

const NOTHING = /^0+$/;
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
  const isAsked = deliveries.some(({ event }) => event === OWN_EVENT);
  // Under its former name it may be gone, and is looked at under the new one.
  if (isAsked && (await recentDefaultBranch(site)) === branch) await flagExpired(site, branch);
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
    const arrival = await readArrival(site.client, { ...repositoryOf(site.place), commit: after });
    await withRepository(site, (repository) => repository.keepTree(after, arrival.tree));
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
}

interface Range {
  readonly before: string;
  readonly arrival: Arrival;
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
        return { number, isPassed: decision === undefined || decision.verdict === "pass" };
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
  return new Set(
    [...newest, ...own.flat()].flatMap(({ record, digest }) =>
      contentOf(parseDecision(Buffer.from(record, "utf8"), digest).input.change),
    ),
  );
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
