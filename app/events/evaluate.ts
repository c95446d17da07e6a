import { GateError } from "../../gate/model/error.ts";
import { DEFAULT_BRANCH as TRAIL_BRANCH } from "../../gate/trail/git-store.ts";
import { isFailure } from "../github/failure.ts";
import type { Pull } from "../github/pull.ts";
import { type PullView, readPullView } from "../github/pull-view.ts";
import type { Question } from "../github/question.ts";
import type { Site } from "../services.ts";
import type { Standing } from "../trails.ts";
import { requestEvaluation } from "./ask.ts";
import { type Base, presumeBase, tellBase } from "./base.ts";
import { brokenGlass } from "./break-glass.ts";
import { announceIncident, isUnissued, recordGlass } from "./break-glass-record.ts";
import { settleClosed } from "./closed.ts";
import { scheduleReview } from "./expiry.ts";
import { noteOffered } from "./offered.ts";
import { askForGroupsWith } from "./passed-parts.ts";
import { isPassing } from "./passing.ts";
import { recordDecision } from "./record.ts";
import { latest, noteSeen } from "./seen.ts";
import { type Outcome, showOutcome, showProgress } from "./show.ts";
import { type Sight, type Weighed, weigh } from "./weigh.ts";
import type { Weighing } from "./weighing.ts";

/** A head that moves again and again is judged when it rests: the next delivery brings it back. So is a base. */
const MOVES_MAX = 3;
/** How long a head waits for the run that measures it. */
export const EVIDENCE_MINUTES = 60;
const MINUTE_MS = 60_000;

/** Attempts that fail before it is shown that they do: what passes in a moment is nobody's news. */
const ATTEMPTS_SILENT = 1;

/**
 * The story of one open pull request: judged, written down, and only then shown. `attempts` is how many have failed
 * before this one.
 */
export async function evaluate(site: Site, opened: Pull, attempts = 0): Promise<void> {
  let taken: Taken = { pull: opened, base: await presumeBase(site, opened) };
  for (let move = 1; ; move++) {
    const begun = site.now();
    const { pull, base } = taken;
    const weighing = { pull, base: base.commit };
    await noteSeen(site, pull);
    await noteOffered(site, pull.head, pull.base.ref);
    await showProgress(site, weighing);
    const { tried, look } = await weighAndLook(site, { taken, move }, attempts);
    if (look.now.pull.state === "closed") return settleClosed(site, look.now.pull);
    if (look.counts) {
      const outcome = await settle(site, weighing, tried);
      site.signal.throwIfAborted();
      await showOutcome(site, { ...weighing, comments: look.view.comments }, outcome);
      await followUp(site, pull, outcome);
      await site.store.archive.set(judgedName(site.place.repositoryId, pull.number), String(begun));
      if (!look.moved) return;
    }
    taken = look.now;
  }
}

/** What a pull request is weighed as. */
interface Taken {
  readonly pull: Pull;
  readonly base: Base;
}

interface Turn {
  readonly taken: Taken;
  /** How often it was weighed, with this time. */
  readonly move: number;
}

/** How a pull request is found after it was weighed. */
interface Look {
  readonly view: PullView;
  readonly now: Taken;
  /** Whether it has another head, or wants to enter another branch. */
  readonly moved: boolean;
  /** Whether it may be decided by what was weighed. */
  readonly counts: boolean;
}

/** What was weighed is about this head and this base, and is decided of no other, nor of what is open no more. */
async function lookAgain(site: Site, { taken, move }: Turn, question?: Question): Promise<Look> {
  const { pull, base } = taken;
  const view = await readPullView(site.client, pull, question);
  const now = await latest(site, view.pull, pull);
  const isOpen = now.state === "open";
  const told = isOpen ? await tellBase(site, now, view) : base;
  const moved = now.head.sha !== pull.head.sha || now.base.ref !== pull.base.ref;
  // A base that moves on and on is taken as it was last told, and a head that does is decided in between.
  const isOfBase = base.commit === told.commit || (base.isTold && move >= MOVES_MAX);
  const counts = isOpen && isOfBase && (!moved || move === MOVES_MAX);
  return { view, now: { pull: now, base: told }, moved, counts };
}

/** Where it is kept when a pull request was last judged, in milliseconds since 1970. */
export function judgedName(repositoryId: number, number: number): string {
  return `judged/${repositoryId}/${number}`;
}

type Tried = Weighed | { readonly kind: "problem"; readonly cause: GateError };

/** Looks after everything is measured, and before anybody's word is counted: none is missed that came meanwhile. */
async function weighAndLook(
  site: Site,
  turn: Turn,
  attempts: number,
): Promise<{ readonly tried: Tried; readonly look: Look }> {
  let look: Look | undefined;
  const { pull, base } = turn.taken;
  const tried = await tryWeigh(site, { pull, base: base.commit }, attempts, async (question) => {
    look = await lookAgain(site, turn, question);
    return look.counts ? look.view : undefined;
  });
  return { tried, look: look ?? (await lookAgain(site, turn)) };
}

/** What keeps a change from being judged closes it; only what passes by itself is tried again. */
async function tryWeigh(site: Site, weighing: Weighing, attempts: number, see: Sight): Promise<Tried> {
  if (weighing.pull.base.ref === TRAIL_BRANCH) return { kind: "problem", cause: intoTheTrail() };
  try {
    return await weigh(site, weighing, see);
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    if (!isPassing(cause)) return { kind: "problem", cause };
    if (attempts >= ATTEMPTS_SILENT && isFailure(cause, "GITHUB_UNAVAILABLE")) {
      await showOutcome(site, weighing, notYet(cause));
    }
    throw cause;
  }
}

/** What is tried again may fail for as long as it is tried: until then it closes, and says why. */
function notYet({ message }: GateError): Outcome {
  const title = "This change could not be judged yet";
  return { kind: "problem", title, message: `${message}. It is tried again by itself` };
}

/** What a branch holds that no policy governs would pass; this one is the App's alone. */
function intoTheTrail(): GateError {
  const message = `Nobody but Weighbridge writes its trail: this change wants to enter ${TRAIL_BRANCH}`;
  return new GateError("TRAIL_BRANCH", message, { fix: "Close it" });
}

async function settle(site: Site, weighing: Weighing, tried: Tried): Promise<Outcome> {
  switch (tried.kind) {
    case "problem":
      return {
        kind: "problem",
        title: "This change could not be judged",
        message:
          tried.cause.fix === undefined ? tried.cause.message : `${tried.cause.message}. ${tried.cause.fix}`,
      };
    case "pending":
      if (await isLate(site, weighing.pull)) return overdue(tried.runId);
      await scheduleDeadline(site, weighing.pull);
      return { kind: "pending", runId: tried.runId };
    case "outdated":
      throw new TypeError("Cannot decide a pull request: it is not what was weighed");
    case "judged":
      return judged(site, weighing, tried);
  }
}

async function judged(
  site: Site,
  weighing: Weighing,
  { record, isGoverned, refused }: Extract<Weighed, { kind: "judged" }>,
): Promise<Outcome> {
  if (!isGoverned) return { kind: "ungoverned", record };
  if (record.models.length > 0 && record.input.policy.path === undefined) {
    return {
      kind: "problem",
      title: "The base has no policy",
      message:
        "This change touches a model, and the branch that it wants to enter has no .weighbridge/policy.yml. Merge one first (weighbridge init writes it): a change cannot bring the policy that judges it",
    };
  }
  const standing = await recordDecision(site, weighing, record);
  await scheduleReview(site, weighing.pull.number, record.input.waivers);
  if (standing.kind === "halted" && record.verdict === "pass") return halted(standing);
  const outcome = { kind: "judged", record, ...(refused !== undefined && { refused }) } as const;
  const glass = record.verdict === "pass" ? undefined : await brokenGlass(site, weighing.pull.number, record);
  if (glass?.kind === "allowed") {
    const written = await recordGlass(site, weighing.pull, { record, glass });
    if (written.kind === "halted") return halted(written);
    return { ...outcome, glass: { ...glass, isUnissued: await isUnissued(site, weighing.pull, record) } };
  }
  return glass === undefined ? outcome : { ...outcome, glass };
}

/** Nothing opens that is not written down. */
function halted({ halt }: Extract<Standing, { kind: "halted" }>): Outcome {
  return {
    kind: "problem",
    title: "The audit trail is halted",
    message: `The decision cannot be written down: ${halt.message}. An operator has to look, and to resume the trail`,
  };
}

/** What a verdict brings with it besides what is shown of it. */
async function followUp(site: Site, pull: Pull, outcome: Outcome): Promise<void> {
  if (isClosing(outcome)) await askForGroupsWith(site, pull);
  if (outcome.kind !== "judged") return;
  const { record, glass } = outcome;
  // Nobody's word is about a decision that could not be read yet.
  const { repositoryId } = site.place;
  await site.store.archive.markShown(
    { repositoryId, number: pull.number, digest: record.digest },
    site.now(),
  );
  if (glass?.kind === "allowed") await announceIncident(site, pull, { record, glass });
}

/** Whether it keeps the pull request out. One that waits for its run is decided when that has ended. */
function isClosing(outcome: Outcome): boolean {
  if (outcome.kind !== "judged") return outcome.kind === "problem";
  return outcome.record.verdict !== "pass" && outcome.glass?.kind !== "allowed";
}

/** What comes later is judged when it comes; until then nobody merges on silence. */
function overdue(runId: number): Outcome {
  return {
    kind: "problem",
    title: "The evaluation did not end in time",
    message: `Run ${runId} was to measure this change, and has not ended within ${EVIDENCE_MINUTES} minutes. Look at the run, and start it again; when it ends, this is judged anew`,
  };
}

/** Comes back to the head when its time is over, whatever its run does. */
async function scheduleDeadline({ store, place, now }: Site, pull: Pull): Promise<void> {
  const { repositoryId } = place;
  const name = deadlineName(repositoryId, pull);
  const due = Number(await store.archive.setOnce(name, String(now() + EVIDENCE_MINUTES * MINUTE_MS)));
  await requestEvaluation(store.inbox, {
    place,
    number: pull.number,
    why: `deadline/${pull.head.sha}`,
    now: now(),
    due,
  });
}

async function isLate({ store, place, now }: Site, pull: Pull): Promise<boolean> {
  const due = await store.archive.get(deadlineName(place.repositoryId, pull));
  return due !== undefined && now() >= Number(due);
}

function deadlineName(repositoryId: number, { number, head }: Pull): string {
  return `deadline/${repositoryId}/${number}/${head.sha}`;
}
