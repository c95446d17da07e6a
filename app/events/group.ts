import { judge } from "../../gate/judge.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import { toReport } from "../../gate/report/report.ts";
import { toDecisionContent } from "../../gate/trail/decision-content.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import { concludeCheck, findCheck, startCheck } from "../github/check.ts";
import type { HeadDecision } from "../github/check-output.ts";
import { at, listAt, numberAt, objectIdAt, textAt } from "../github/shape.ts";
import { payloadOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { Delivery } from "../store/inbox.ts";
import { isPassing } from "./passing.ts";
import { concernsModels } from "./weigh.ts";
import { withRepository, worldOf } from "./world.ts";

const COMMITS_MAX = 250;

/** A group of the merge queue: what its combined tree is, judged as a whole, with the words that were said of its parts. */
export async function workOnGroup(site: Site, deliveries: readonly Delivery[]): Promise<void> {
  const last = deliveries.at(-1);
  const payload = last === undefined ? undefined : payloadOf(last);
  if (payload === undefined || textAt(payload, "action") !== "checks_requested") return;
  const group = at(payload, "merge_group");
  const range = { base: objectIdAt(group, "base_sha"), head: objectIdAt(group, "head_sha") };
  const { owner, repo, repositoryId } = site.place;
  const check = { owner, repo, repositoryId, head: range.head };
  const standing = await findCheck(site.client, check);
  const checkRunId = standing?.id ?? (await startCheck(site.client, check));
  const decision = await judgeGroup(site, range);
  site.signal.throwIfAborted();
  await concludeCheck(site.client, { ...check, checkRunId }, [decision], site.store.archive);
}

interface Range {
  readonly base: string;
  readonly head: string;
}

async function judgeGroup(site: Site, range: Range): Promise<HeadDecision> {
  const { place, trails } = site;
  try {
    const record = await withRepository(site, (repository) => judge(range, worldOf(site, repository)));
    if (!concernsModels(record)) return { kind: "judged", number: 0, report: toReport(record) };
    const fault = await findUncovered(site, { range, record });
    if (fault !== undefined) return { kind: "problem", number: 0, ...fault };
    await trails.record(place, toDecisionContent(record, trails.setting(place)));
    const landed = await trails.settle(place);
    if (landed.kind === "halted") {
      return { kind: "problem", number: 0, title: "The audit trail is halted", message: landed.halt.message };
    }
    return { kind: "judged", number: 0, report: toReport(record) };
  } catch (cause) {
    if (!(cause instanceof GateError) || isPassing(cause)) throw cause;
    return { kind: "problem", number: 0, title: "This group could not be judged", message: cause.message };
  }
}

interface Grouped {
  readonly range: Range;
  readonly record: DecisionRecord;
}

/**
 * A model of the group that is not exactly what a passing decision about one of its pull requests was about. The
 * evidence and the approvals are about content: what was combined from two of them was looked at by nobody.
 */
async function findUncovered(site: Site, { range, record }: Grouped) {
  const passed = new Map<string, Set<string | undefined>>();
  for (const number of await pullsOf(site, range)) {
    const row = await site.store.archive.findPull(site.place.repositoryId, number);
    if (row?.verdict !== "pass") {
      return problem(`Pull request ${number} of this group has no passing decision`);
    }
    const kept =
      row.decision === undefined
        ? undefined
        : await site.store.archive.findDecision(site.place.repositoryId, row.decision);
    const models =
      kept === undefined ? [] : parseDecision(Buffer.from(kept.record), kept.digest).input.change.models;
    for (const { id, head } of models) {
      passed.set(id, (passed.get(id) ?? new Set()).add(head?.subject));
    }
  }
  const stray = record.input.change.models.find(
    ({ id, head }) => passed.get(id)?.has(head?.subject) !== true,
  );
  return stray === undefined
    ? undefined
    : problem(
        `${stray.id} as this group has it was part of no passing decision: take the pull requests out of the queue, and rebase the later one`,
      );
}

function problem(message: string) {
  return { title: "The group is not what was approved", message };
}

/** The pull requests whose commits the group has; its branch's name is nobody's word for it. */
async function pullsOf({ client, place }: Site, { base, head }: Range): Promise<readonly number[]> {
  const { owner, repo } = place;
  const { data } = await client.rest("GET /repos/{owner}/{repo}/compare/{basehead}", {
    ...{ owner, repo, basehead: `${base}...${head}`, per_page: COMMITS_MAX },
  });
  const commits = listAt(data, "commits").map((commit) => objectIdAt(commit, "sha"));
  const numbers = new Set<number>();
  for (const commit_sha of commits) {
    const route = "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls";
    const { data: pulls } = await client.rest(route, { owner, repo, commit_sha, per_page: 100 });
    for (const pull of listAt(pulls)) if (at(pull, "state") === "open") numbers.add(numberAt(pull, "number"));
  }
  return [...numbers];
}
