import { judge } from "../../gate/judge.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import { toReport } from "../../gate/report/report.ts";
import { toDecisionContent } from "../../gate/trail/decision-content.ts";
import { concludeCheck, findCheck, GROUP_ACTIONS, startCheck } from "../github/check.ts";
import { type HeadDecision, OPENING } from "../github/check-output.ts";
import { at, textAt } from "../github/shape.ts";
import { payloadOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { Delivery } from "../store/inbox.ts";
import { OWN_EVENT } from "./ask.ts";
import { dropGroup, findGroup, keepGroup } from "./asked-groups.ts";
import { asksAgain, CLICKS } from "./click.ts";
import { findStray, withWordsOf } from "./group-content.ts";
import { type Group, type Part, readParts, toGroup } from "./group-parts.ts";
import { isPassing } from "./passing.ts";
import { concernsModels } from "./weigh.ts";
import { withRepository, worldOf } from "./world.ts";

/**
 * The group of the merge queue with this head: what came of it, the clicks beside its check, and that a pull request
 * passes no more that it may have been let in with.
 */
export async function workOnGroup(site: Site, head: string, deliveries: readonly Delivery[]): Promise<void> {
  const group = await findAsked(site, head, deliveries);
  if (group !== undefined) await concludeGroup(site, group);
}

/**
 * The group, if its check is asked for: by the queue; or, of one that has not come to its end, by somebody who may, or
 * because it is open by what may stand no more.
 */
async function findAsked(
  site: Site,
  head: string,
  deliveries: readonly Delivery[],
): Promise<Group | undefined> {
  const last = deliveries.findLast(({ event }) => !CLICKS.has(event) && event !== OWN_EVENT);
  if (last !== undefined) {
    const payload = payloadOf(last);
    if (textAt(payload, "action") !== "checks_requested") {
      await dropGroup(site, head);
      return undefined;
    }
    const group = toGroup(at(payload, "merge_group"));
    await keepGroup(site, group);
    return group;
  }
  const group = await findGroup(site, head);
  if (group === undefined) return undefined;
  const clicks = deliveries.filter(({ event }) => CLICKS.has(event));
  for (const click of clicks) if (await asksAgain(site, payloadOf(click))) return group;
  const isOpen = clicks.length < deliveries.length && (await isOpened(site, group));
  return isOpen ? group : undefined;
}

/** Whether its check lets it into the branch. */
async function isOpened({ client, place }: Site, { head }: Group): Promise<boolean> {
  const standing = await findCheck(client, { ...place, head });
  return OPENING.has(standing?.conclusion);
}

/** Judges its combined tree as a whole, with the words that were said of its parts, and shows it. */
async function concludeGroup(site: Site, group: Group): Promise<void> {
  const { owner, repo, repositoryId } = site.place;
  const check = { owner, repo, repositoryId, head: group.head };
  const standing = await findCheck(site.client, check);
  const checkRunId = standing?.id ?? (await startCheck(site.client, check));
  const decision = await judgeGroup(site, group);
  site.signal.throwIfAborted();
  const shown = { ...check, checkRunId, actions: GROUP_ACTIONS };
  await concludeCheck(site.client, shown, [decision], site.store.archive);
}

async function judgeGroup(site: Site, group: Group): Promise<HeadDecision> {
  const { place, trails } = site;
  const { base, head } = group;
  try {
    const committed = await withRepository(site, (repository) =>
      judge({ base, head }, worldOf(site, repository)),
    );
    if (!concernsModels(committed)) return { kind: "judged", number: 0, report: toReport(committed) };
    const parts = await readParts(site, group, committed);
    const fault = findFault(committed, parts);
    if (fault !== undefined) return { kind: "problem", number: 0, ...fault };
    const record = withWordsOf(
      committed,
      parts.flatMap(({ decided }) => decided ?? []),
    );
    await trails.record(place, toDecisionContent(record, trails.setting(place)));
    const landed = await trails.settle(place);
    if (landed.kind === "halted") {
      return { kind: "problem", number: 0, title: "The audit trail is halted", message: landed.halt.message };
    }
    return { kind: "judged", number: 0, report: toReport(record), isBreakGlass: isLetInWhole(record, parts) };
  } catch (cause) {
    if (!(cause instanceof GateError) || isPassing(cause)) throw cause;
    return { kind: "problem", number: 0, title: "This group could not be judged", message: cause.message };
  }
}

/**
 * Why the group is not what was decided of its pull requests; undefined if it is. Each of its models has to be exactly
 * what one of them was about, with its manifest, its files and its evidence, by the policy that judges now: approvals
 * are about all of that, and what was combined from two of them was looked at by nobody.
 */
function findFault(committed: DecisionRecord, parts: readonly Part[]) {
  const closed = parts.find(({ mayEnter }) => !mayEnter);
  if (closed !== undefined)
    return problem(`Pull request ${closed.number} of this group has no passing decision`);
  const moved = parts.find(({ isMoved }) => isMoved);
  if (moved !== undefined) {
    return problem(
      `Pull request ${moved.number} of this group has another head than the one that was judged`,
    );
  }
  const stray = findStray(
    committed,
    parts.flatMap(({ decided }) => decided ?? []),
  );
  if (stray?.kind === "model") {
    return problem(
      `${stray.name} as this group has it was part of no passing decision: take the pull requests out of the queue, and rebase the later one`,
    );
  }
  if (stray !== undefined) {
    return problem(`${stray.name} as this group has it was part of no passing decision`);
  }
  const old = parts.find(
    ({ decided }) => decided !== undefined && decided.digests.policy !== committed.digests.policy,
  );
  return (
    old && problem(`Pull request ${old.number} was judged by another policy: put it into the queue anew`)
  );
}

/** Whether nothing closes the group but what the glass was broken for. */
function isLetInWhole({ verdict, results }: DecisionRecord, parts: readonly Part[]): boolean {
  if (verdict === "pass") return false;
  const closing = parts.flatMap(({ isLetIn, decided }) =>
    isLetIn && decided !== undefined ? decided.results.filter(({ closes }) => closes) : [],
  );
  return results
    .filter(({ closes }) => closes)
    .every(({ gate, model }) => closing.some((known) => known.gate === gate && known.model === model));
}

function problem(message: string) {
  return { title: "The group is not what was approved", message };
}
