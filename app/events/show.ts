import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { Names } from "../../gate/report/approval-rows.ts";
import type { Budget } from "../../gate/report/budget.ts";
import { join, type Markdown, md, shorten } from "../../gate/report/escape.ts";
import { commentMarker, toMarkdown } from "../../gate/report/markdown.ts";
import { toReport } from "../../gate/report/report.ts";
import { findCheck, startCheck } from "../github/check.ts";
import type { HeadDecision } from "../github/check-output.ts";
import { publishComment } from "../github/comment.ts";
import type { Pull } from "../github/pull.ts";
import { nameOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { PullRow } from "../store/archive.ts";
import type { Glass } from "./break-glass.ts";
import { noteShown } from "./break-glass-record.ts";
import { glassNotice } from "./break-glass-words.ts";
import { beginComment } from "./comment-begun.ts";
import { checkAddress, concludeForAll, namesOf } from "./conclude.ts";
import { askForPullsOf } from "./fan-out.ts";
import type { Weighing } from "./weighing.ts";

/** What is shown of a pull request. */
export type Outcome =
  | {
      readonly kind: "judged";
      readonly record: DecisionRecord;
      readonly glass?: Glass;
      /** Why what runs have left is no evidence. */
      readonly refused?: string;
    }
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
  // Where nobody ever began one there is none to be found.
  const begun = `check/${place.repositoryId}/${pull.head.sha}/begun`;
  const isFirst = (await store.archive.get(begun)) === undefined;
  await store.archive.set(begun, "begun");
  const standing = isRetargeted || isFirst ? undefined : await findCheck(client, check);
  // One that is concluded speaks of other pull requests of this commit, and must not open this one.
  const isOpen = standing !== undefined && standing.status !== "completed";
  const checkRunId = isOpen ? standing.id : await startCheck(client, check);
  await store.archive.keepPull({
    ...rowOf(site, { pull, base }, row),
    checkRunId,
    governed: row?.governed ?? false,
    waitsFor: [],
  });
  // The commit that it headed before may be open, or closed, by what was decided of this one.
  if (row !== undefined && row.head !== pull.head.sha) {
    await askForPullsOf(site, row.head, `left/${pull.number}/${pull.head.sha}/${pull.updatedAt}`);
  }
}

/** Concludes the check by everything that the head is the head of, and keeps the one comment. */
export async function showOutcome(site: Site, weighing: Weighing, outcome: Outcome): Promise<void> {
  const { store, place, client, metrics, log } = site;
  const { pull } = weighing;
  const before = await store.archive.findPull(place.repositoryId, pull.number);
  const row = await toRow(site, { weighing, outcome, before });
  if (outcome.kind === "pending") return showPending(site, pull, { row, before });
  const names = await namesOf(site, pull.number);
  const own = toHeadDecision(pull.number, { outcome, names });
  if (outcome.kind === "judged") {
    await noteShown(site, pull.number, {
      record: outcome.record,
      isBroken: outcome.glass?.kind === "allowed",
    });
  }
  // Before the check: whoever concludes another pull request of this commit meanwhile has to know of it.
  await store.archive.keepPull(row);
  const checkRunId = await concludeForAll(site, pull, { row, own });
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
    isUncommented: weighing.comments === 0,
    begin: () => beginComment(site, `pull/${pull.number}`),
  });
  if (published.kind === "published") {
    await store.archive.keepPull({ ...row, checkRunId, commentId: published.commentId });
  }
}

/** What stood for the head before stands no more: it waits again. */
async function showPending(
  site: Site,
  pull: Pull,
  { row, before }: { readonly row: PullRow; readonly before: PullRow | undefined },
): Promise<void> {
  const { client, store } = site;
  const isConcluded = before?.head === pull.head.sha && before.verdict !== undefined;
  const check = checkAddress(site, pull.head.sha, pull.number);
  const checkRunId = isConcluded ? await startCheck(client, check) : undefined;
  await store.archive.keepPull({ ...row, ...(checkRunId !== undefined && { checkRunId }) });
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

function toHeadDecision(number: number, { outcome, names }: Shown): HeadDecision {
  if (outcome.kind === "problem") {
    return { kind: "problem", number, title: outcome.title, message: outcome.message };
  }
  if (outcome.kind === "pending") throw new TypeError("Cannot conclude a check: the evidence is awaited");
  const glass = outcome.kind === "judged" ? outcome.glass : undefined;
  const notice = noticeOf(outcome);
  return {
    kind: "judged",
    number,
    report: toReport(outcome.record, names),
    ...(glass !== undefined && { isBreakGlass: glass.kind === "allowed" }),
    ...(notice !== undefined && { notice }),
  };
}

/** What is said above the report. */
function noticeOf(outcome: Outcome): Markdown | undefined {
  if (outcome.kind !== "judged") return undefined;
  const { record, glass, refused } = outcome;
  const notices = [
    ...(glass === undefined ? [] : [glassNotice(glass)]),
    ...(refused === undefined || !lacksMeasured(record) ? [] : [refusedNotice(refused)]),
  ];
  return notices.length === 0 ? undefined : join(notices, md`\n`);
}

/** Rules that are about what was measured. */
const MEASURED = /^(?:evidence|metric)\./;

function lacksMeasured({ results, input }: DecisionRecord): boolean {
  const gates = new Set(input.policy.gates.flatMap(({ id, rule }) => (MEASURED.test(rule) ? [id] : [])));
  return results.some(({ gate, closes }) => closes && gates.has(gate));
}

function refusedNotice(reason: string): Markdown {
  return md`> [!NOTE]\n> What a run about this commit has left is no evidence: ${reason}. A run about a new commit is looked at anew.\n`;
}

interface Shown {
  readonly outcome: Outcome;
  readonly names: Names;
}

function commentOf(site: Site, number: number, { outcome, names }: Shown): (budget: Budget) => string {
  const notice = noticeOf(outcome);
  const url = checkAddress(site, "", number).detailsUrl;
  const fullReport = { text: "the report of this decision", ...(url !== undefined && { url }) };
  switch (outcome.kind) {
    case "problem":
      return (budget) => cut(problemComment(number, outcome), budget);
    case "pending":
      throw new TypeError("Cannot comment: the evidence is awaited");
    default:
      return (budget) =>
        toMarkdown(toReport(outcome.record, names), {
          ...{ pull: number, budget, fullReport },
          ...(notice !== undefined && { notice }),
        }).source;
  }
}

function problemComment(number: number, { title, message }: Extract<Outcome, { kind: "problem" }>): string {
  const body = md`## ❌ ${title}\n\n${message}.\n\nNothing of this change was judged; it stays closed until it is.\n`;
  return `${commentMarker(number)}\n${body.source}`;
}

/** Room to say how much is left out. */
const MORE_CHARACTERS = 40;

/** Escaping makes a text longer, never so long that cutting it could open anything: it is one paragraph. */
export function cut(text: string, { charactersMax }: Pick<Budget, "charactersMax">): string {
  return text.length <= charactersMax ? text : shorten(text, charactersMax - MORE_CHARACTERS);
}
