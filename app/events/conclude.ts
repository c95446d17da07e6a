import type { Names } from "../../gate/report/approval-rows.ts";
import { toReport } from "../../gate/report/report.ts";
import { type CheckAddress, concludeCheck, findCheck } from "../github/check.ts";
import { conclusionOf, type HeadDecision, OPENING } from "../github/check-output.ts";
import { type HeadPull, readHeadPulls } from "../github/head-pulls.ts";
import type { Pull } from "../github/pull.ts";
import { isCheckRequired } from "../github/required-check.ts";
import { readDefaultBranch } from "../github/tip.ts";
import type { Site } from "../services.ts";
import type { PullRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import { requestEvaluation } from "./ask.ts";
import { isLetIn } from "./break-glass-record.ts";

/** As often as other pull requests of the commit may be concluded while this one is. */
const ROUNDS_MAX = 5;
/** A pull request that nobody has judged yet is judged in seconds, and then concludes for all. Should it never be: */
const UNJUDGED_MS = 60_000;

export function checkAddress({ place, config }: Site, head: string, number: number): CheckAddress {
  const { owner, repo, repositoryId } = place;
  const page = config.login && `${config.login.publicUrl}/r/${owner}/${repo}/pulls/${number}`;
  return { owner, repo, repositoryId, head, ...(page !== undefined && { detailsUrl: page }) };
}

/**
 * Concludes the commit's check by all that it is the head of, and again where that has changed meanwhile: of two that
 * are concluded at once, the later has seen both. Id of the run that stands.
 */
export async function concludeForAll(
  site: Site,
  pull: Pull,
  { row, own }: { readonly row: PullRow; readonly own: HeadDecision },
): Promise<number> {
  const { client, store } = site;
  const check = checkAddress(site, pull.head.sha, pull.number);
  let rows = await otherRows(site, pull);
  for (let round = 1; ; round++) {
    const isShared = await noteShared(site, check, rows);
    const checkRunId = isShared ? await newestRun(site, check) : row.checkRunId;
    const decided = [own, ...(await decisionsOf(site, rows))];
    const reserved = OPENING.has(conclusionOf(decided)) ? await findReservations(site, pull) : [];
    const concluded = await concludeCheck(
      client,
      { ...check, ...(checkRunId !== undefined && { checkRunId }) },
      [...decided, ...reserved],
      store.archive,
    );
    const now = await otherRows(site, pull);
    const isWhole = now.map(standingOf).join() === rows.map(standingOf).join();
    const isNewest = !isShared || (await newestRun(site, check)) === concluded;
    if ((isWhole && isNewest) || round === ROUNDS_MAX) return concluded;
    rows = now;
  }
}

/** What keeps a commit closed though everything passes that was decided of it. */
async function findReservations(site: Site, pull: Pull): Promise<readonly HeadDecision[]> {
  const { owner, repo, repositoryId } = site.place;
  const open = await readHeadPulls(site.client, { owner, repo, head: pull.head.sha });
  const rows = await site.store.archive.pullsWithHead(repositoryId, pull.head.sha);
  const judged = new Map(rows.map((row) => [row.number, row.baseRef])).set(pull.number, pull.base.ref);
  const unjudged = await findUnjudged(site, pull, { open, judged });
  return [...unjudged, ...(await findUnasked(site, pull, { open, judged }))];
}

interface Heading {
  /** The pull requests that GitHub has for the commit. */
  readonly open: readonly HeadPull[];
  /** By number, the branch that each was judged for with this commit. */
  readonly judged: ReadonlyMap<number, string>;
}

/**
 * Those that were not judged with it for the branch that they want to enter: their webhooks wait, or are lost. Whatever
 * was decided of others opens none of them.
 */
async function findUnjudged(
  { store, place, now }: Site,
  { number, head }: Pull,
  { open, judged }: Heading,
): Promise<readonly HeadDecision[]> {
  const unjudged = open.filter((each) => judged.get(each.number) !== each.baseRef);
  for (const each of unjudged) {
    const why = `unjudged/${head.sha}/${each.number}/${each.baseRef}`;
    await requestEvaluation(store.inbox, { place, number, why, now: now(), due: now() + UNJUDGED_MS });
  }
  return unjudged.map((each) => notJudged(each.number));
}

/**
 * Where no branch that it passes for is one to be guarded, nobody needs the check to be green; and green it would be
 * for a pull request into the default branch, too, from the moment that one is opened.
 */
async function findUnasked(
  { client, place }: Site,
  { number, base }: Pull,
  { open: [any], judged }: Heading,
): Promise<readonly HeadDecision[]> {
  const guarded = any?.defaultBranch ?? (await readDefaultBranch(client, place));
  const branches = new Set(judged.values());
  if (branches.has(guarded)) return [];
  for (const branch of branches) if (await isCheckRequired(client, place, branch)) return [];
  const title = `Passes for ${base.ref}, where this check is not required`;
  const message = `A check is the commit's, whatever branch that wants to enter: green for ${base.ref}, it would be green for every other. Require the check there, or merge without it`;
  return [{ kind: "problem", number, title, message, conclusion: "action_required" }];
}

/** Whether the commit ever headed another pull request: then its newest run may be one that was started for that. */
async function noteShared(
  { store }: Site,
  { repositoryId, head }: CheckAddress,
  others: readonly PullRow[],
): Promise<boolean> {
  const name = `shared/${repositoryId}/${head}`;
  if (others.length === 0) return (await store.archive.get(name)) !== undefined;
  await store.archive.set(name, "shared");
  return true;
}

/** GitHub goes by the newest run of a name, whichever pull request it was started for. */
async function newestRun({ client }: Site, check: CheckAddress): Promise<number | undefined> {
  return (await findCheck(client, check))?.id;
}

function standingOf({ number, decision, verdict }: PullRow): string {
  return [number, decision, verdict].join(" ");
}

/** The other open pull requests of the head: a check belongs to the commit. */
async function otherRows({ store, place }: Site, { head, number }: Pull): Promise<readonly PullRow[]> {
  const rows = await store.archive.pullsWithHead(place.repositoryId, head.sha);
  // One that concerns no model neither opens nor closes what another decides.
  return rows.filter((row) => row.number !== number && !(row.verdict === "pass" && !row.governed));
}

/** What stands for each of them. */
async function decisionsOf(site: Site, rows: readonly PullRow[]): Promise<readonly HeadDecision[]> {
  return Promise.all(rows.map((row) => decisionOf(site, row)));
}

async function decisionOf(site: Site, row: PullRow): Promise<HeadDecision> {
  const { store, place } = site;
  const { number, decision } = row;
  const kept =
    decision === undefined ? undefined : await store.archive.findDecision(place.repositoryId, decision);
  if (kept === undefined) return notJudged(number);
  const record = recordOf(kept);
  const report = toReport(record, await namesOf(site, number));
  return { kind: "judged", number, report, isBreakGlass: await isLetIn(site, { ...kept, number }) };
}

function notJudged(number: number): HeadDecision {
  const title = "Another pull request of this commit is not judged yet";
  return { kind: "problem", number, title, message: `Pull request ${number} has no verdict` };
}

/** Logins of those who said something of the pull request: the record itself has numbers alone. */
export async function namesOf({ store, place }: Site, number: number): Promise<Names> {
  const votes = await store.archive.votes(place.repositoryId, number);
  return new Map(votes.map(({ userId, login }) => [userId, login]));
}
