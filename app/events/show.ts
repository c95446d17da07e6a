import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { Names } from "../../gate/report/approval-rows.ts";
import type { Budget } from "../../gate/report/budget.ts";
import { md } from "../../gate/report/escape.ts";
import { commentMarker, toMarkdown } from "../../gate/report/markdown.ts";
import { toReport } from "../../gate/report/report.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import { type CheckAddress, concludeCheck, findCheck, startCheck } from "../github/check.ts";
import type { HeadDecision } from "../github/check-output.ts";
import { publishComment } from "../github/comment.ts";
import { nameOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { PullRow } from "../store/archive.ts";
import { brokenGlass } from "./break-glass.ts";
import type { Weighing } from "./weighing.ts";

/** What is shown of a pull request. */
export type Outcome =
  | { readonly kind: "judged"; readonly record: DecisionRecord }
  /** Nothing that is governed changes: it passes, and nobody is told more than that. */
  | { readonly kind: "ungoverned"; readonly record: DecisionRecord }
  | { readonly kind: "pending"; readonly runId: number }
  | { readonly kind: "problem"; readonly title: string; readonly message: string };

/** Opens the check of a head that has none of ours yet, so that nobody takes silence for a verdict. */
export async function showProgress(site: Site, { pull, base }: Weighing): Promise<void> {
  const { store, place, client } = site;
  const row = await store.archive.findPull(place.repositoryId, pull.number);
  const isKnown = row?.head === pull.head.sha && row.baseRef === pull.base.ref;
  if (isKnown && row.checkRunId !== undefined) return;
  // A pull request for another branch is judged by another policy: what was green before is void.
  const isRetargeted = row?.head === pull.head.sha && row.baseRef !== pull.base.ref;
  const check = checkAddress(site, pull.head.sha, pull.number);
  const standing = isRetargeted ? undefined : await findCheck(client, check);
  const checkRunId = standing?.id ?? (await startCheck(client, check));
  await store.archive.keepPull({
    ...rowOf(site, { pull, base }, row),
    checkRunId,
    governed: row?.governed ?? false,
    waitsFor: [],
  });
}

/** Concludes the check by everything that the head is the head of, and keeps the one comment. */
export async function showOutcome(site: Site, weighing: Weighing, outcome: Outcome): Promise<void> {
  const { store, place, client, metrics, log } = site;
  const { pull } = weighing;
  const before = await store.archive.findPull(place.repositoryId, pull.number);
  const row = await toRow(site, { weighing, outcome, before });
  if (outcome.kind === "pending") return store.archive.keepPull(row);
  const names = await namesOf(site, pull.number);
  const own = await toHeadDecision(site, pull.number, { outcome, names });
  const others = await otherDecisions(site, pull.head.sha, pull.number);
  const checkRunId = await concludeCheck(
    client,
    {
      ...checkAddress(site, pull.head.sha, pull.number),
      ...(row.checkRunId !== undefined && { checkRunId: row.checkRunId }),
    },
    [own, ...others],
    store.archive,
  );
  const verdict = outcome.kind === "problem" ? "error" : outcome.record.verdict;
  metrics.verdict(verdict);
  log.info("Verdict shown", {
    ...{ repository: place.repositoryId, pull: pull.number, head: pull.head.sha, verdict },
    ...(outcome.kind !== "problem" && { policy: outcome.record.digests.policy }),
  });
  // Should the process end here, the comment is written the next time.
  await store.archive.keepPull({ ...row, checkRunId });
  const comment = commentOf(site, pull.number, { outcome, names });
  if (outcome.kind === "ungoverned" && row.commentId === undefined) return;
  const published = await publishComment(client, {
    ...{ pull, marker: commentMarker(pull.number), toBody: comment },
    ...(row.commentId !== undefined && { commentId: row.commentId }),
  });
  if (published.kind === "published") {
    await store.archive.keepPull({ ...row, checkRunId, commentId: published.commentId });
  }
}

interface Rowing {
  readonly weighing: Weighing;
  readonly outcome: Outcome;
  readonly before: PullRow | undefined;
}

async function toRow(site: Site, { weighing, outcome, before }: Rowing): Promise<PullRow> {
  const row = rowOf(site, weighing, before);
  if (outcome.kind === "pending") return { ...row, governed: true, waitsFor: [] };
  if (outcome.kind === "problem") return { ...row, governed: true, waitsFor: [], verdict: "error" };
  const { record } = outcome;
  return {
    ...row,
    governed: outcome.kind === "judged",
    verdict: record.verdict,
    waitsFor: waitsFor(record),
    ...(outcome.kind === "judged" && { decision: record.digest }),
  };
}

function rowOf(
  { place, now }: Site,
  { pull, base }: Weighing,
  before: PullRow | undefined,
): Omit<PullRow, "governed" | "waitsFor"> {
  const isSameHead = before?.head === pull.head.sha;
  return {
    ...{ repositoryId: place.repositoryId, installationId: place.installationId, repository: nameOf(place) },
    ...{ number: pull.number, title: pull.title, author: pull.author?.login ?? "ghost" },
    ...{ state: pull.merged ? "merged" : pull.state, head: pull.head.sha, base, baseRef: pull.base.ref },
    ...(isSameHead && before.checkRunId !== undefined && { checkRunId: before.checkRunId }),
    ...(before?.commentId !== undefined && { commentId: before.commentId }),
    updatedAt: now(),
  };
}

/** Roles whose seats nobody has taken. */
export function waitsFor({ results }: DecisionRecord): readonly string[] {
  const open = results.flatMap(({ closes, seats = [] }) =>
    closes ? seats.filter(({ state }) => state !== "approved").map(({ role }) => role) : [],
  );
  return [...new Set(open)].sort();
}

export function checkAddress({ place, config }: Site, head: string, number: number): CheckAddress {
  const { owner, repo, repositoryId } = place;
  const page = config.login && `${config.login.publicUrl}/r/${owner}/${repo}/pulls/${number}`;
  return { owner, repo, repositoryId, head, ...(page !== undefined && { detailsUrl: page }) };
}

async function toHeadDecision(site: Site, number: number, { outcome, names }: Shown): Promise<HeadDecision> {
  if (outcome.kind === "problem") {
    return { kind: "problem", number, title: outcome.title, message: outcome.message };
  }
  if (outcome.kind === "pending") throw new TypeError("Cannot conclude a check: the evidence is awaited");
  return judgedDecision(site, number, outcome.record, names);
}

interface Shown {
  readonly outcome: Outcome;
  readonly names: Names;
}

/** Logins of those who said something of the pull request: the record itself has numbers alone. */
async function namesOf({ store, place }: Site, number: number): Promise<Names> {
  const votes = await store.archive.votes(place.repositoryId, number);
  return new Map(votes.map(({ userId, login }) => [userId, login]));
}

async function judgedDecision(
  site: Site,
  number: number,
  record: DecisionRecord,
  names?: Names,
): Promise<HeadDecision> {
  const isBreakGlass = (await brokenGlass(site, number, record))?.kind === "allowed";
  return {
    kind: "judged",
    number,
    report: toReport(record, names ?? (await namesOf(site, number))),
    ...(isBreakGlass && { isBreakGlass }),
  };
}

/** What stands for the other open pull requests of the head: a check belongs to the commit. */
async function otherDecisions(site: Site, head: string, number: number): Promise<readonly HeadDecision[]> {
  const { store, place } = site;
  const rows = await store.archive.pullsWithHead(place.repositoryId, head);
  // One that concerns no model neither opens nor closes what another decides.
  const others = rows.filter(
    (row) => row.number !== number && row.state === "open" && !(row.verdict === "pass" && !row.governed),
  );
  return Promise.all(
    others.map(async (row): Promise<HeadDecision> => {
      const kept =
        row.decision === undefined
          ? undefined
          : await store.archive.findDecision(place.repositoryId, row.decision);
      if (kept !== undefined) {
        return judgedDecision(site, row.number, parseDecision(Buffer.from(kept.record, "utf8"), kept.digest));
      }
      const title = "Another pull request of this commit is not judged yet";
      return {
        kind: "problem",
        number: row.number,
        title,
        message: `Pull request ${row.number} has no verdict`,
      };
    }),
  );
}

function commentOf(site: Site, number: number, { outcome, names }: Shown): (budget: Budget) => string {
  const url = checkAddress(site, "", number).detailsUrl;
  const fullReport = { text: "the report of this decision", ...(url !== undefined && { url }) };
  switch (outcome.kind) {
    case "problem":
      return (budget) => cut(problemComment(number, outcome), budget);
    case "pending":
      throw new TypeError("Cannot comment: the evidence is awaited");
    default:
      return (budget) =>
        toMarkdown(toReport(outcome.record, names), { pull: number, budget, fullReport }).source;
  }
}

function problemComment(number: number, { title, message }: Extract<Outcome, { kind: "problem" }>): string {
  const body = md`## ❌ ${title}\n\n${message}.\n\nNothing of this change was judged; it stays closed until it is.\n`;
  return `${commentMarker(number)}\n${body.source}`;
}

/** Escaping makes a text longer, never so long that cutting it could open anything: it is one paragraph. */
function cut(text: string, { charactersMax }: Budget): string {
  return text.slice(0, charactersMax);
}
