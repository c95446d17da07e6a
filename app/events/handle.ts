import { type GitHubFailure, isFailure } from "../github/failure.ts";
import { readInstalled } from "../github/installed.ts";
import { at, flagAt, optional, textAt } from "../github/shape.ts";
import { readDefaultTip } from "../github/tip.ts";
import { countWorked } from "../heartbeat.ts";
import { findPlace } from "../kept-place.ts";
import { payloadOf, placeOf } from "../place.ts";
import { type Subject, subjectOf } from "../queue/address.ts";
import type { Handler } from "../queue/worker.ts";
import { type Services, type Site, siteOf } from "../services.ts";
import type { Delivery, Work } from "../store/inbox.ts";
import { workOnBranch } from "./branch.ts";
import { noteDefaultBranch } from "./default-branch.ts";
import { workOnDeployment } from "./deployment.ts";
import { scheduleExpiries } from "./expiry.ts";
import { askForOpenPulls } from "./fan-out.ts";
import { workOnGroup } from "./group.ts";
import { workOnHead } from "./head.ts";
import { workOnIncident } from "./incident.ts";
import { followMove } from "./move.ts";
import { workOnPull } from "./pull.ts";

/** What is done for each kind of subject; all that came about it is given at once. */
export function handler(services: Services): Handler {
  return async (work, signal) => {
    const subject = subjectOf(work.key);
    if (subject.kind === "user") return signOut(services, subject.user);
    if (subject.kind === "installation") return workOnInstallation(services, work, signal);
    const place = placeOf(payloadOf(lastOf(work)));
    const site = siteOf(services, place, signal);
    try {
      await workWhereItIs(site, (found) => workOnSubject(found, subject, work));
    } catch (cause) {
      if (!isUnreached(cause) || !(await isOutOfReach(site))) throw cause;
      // Trying again would help nobody; should it come back, the sweep finds what is open.
      services.log.warn("Out of reach: nothing is done", { key: work.key, reason: cause.code });
    }
    await countWorked(services.store.archive, place.repositoryId, work.deliveries.length);
  };
}

/** A delivery from before a repository moved names an installation that does not reach it any more. */
async function workWhereItIs(site: Site, work: (site: Site) => Promise<void>): Promise<void> {
  try {
    await work(site);
  } catch (cause) {
    if (!isUnreached(cause)) throw cause;
    const { repositoryId, installationId } = site.place;
    const known = await findPlace(site.store.archive, repositoryId);
    if (known === undefined || known.installationId === installationId) throw cause;
    await work(siteOf(site, known, site.signal));
  }
}

function isUnreached(cause: unknown): cause is GitHubFailure {
  return isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_FORBIDDEN");
}

/** Whether the repository is gone, taken from the App, or takes no verdict any more. */
async function isOutOfReach({ client, place: { owner, repo } }: Site): Promise<boolean> {
  try {
    const { data } = await client.rest("GET /repos/{owner}/{repo}", { owner, repo });
    return flagAt(data, "archived");
  } catch (cause) {
    if (isUnreached(cause)) return true;
    throw cause;
  }
}

function workOnSubject(
  site: Site,
  subject: Exclude<Subject, { readonly kind: "user" | "installation" }>,
  work: Work,
): Promise<void> {
  switch (subject.kind) {
    case "pull":
      return workOnPull(site, subject.number, work);
    case "head":
      return workOnHead(site, subject.head, work.deliveries);
    case "group":
      return workOnGroup(site, subject.head, work.deliveries);
    case "branch":
      return workOnBranch(site, subject.branch, work.deliveries);
    case "deployment":
      return workOnDeployment(site, work.deliveries);
    case "incident":
      return workOnIncident(site, subject.incident, work.deliveries);
    case "repository":
      return workOnRepository(site, work);
  }
}

function lastOf({ deliveries, key }: Work): Delivery {
  const last = deliveries.at(-1);
  if (last === undefined) throw new RangeError(`Cannot work on ${key}: nothing came about it`);
  return last;
}

/** Whoever takes the App's authorization back is signed out everywhere. */
async function signOut({ store }: Services, user: number): Promise<void> {
  await store.archive.removeSessionsOf(user);
}

const GONE = new Set(["deleted", "archived"]);

/** Rules, members or the repository itself have changed; one that is gone has nothing that could be judged. */
async function workOnRepository(site: Site, work: Work): Promise<void> {
  const last = lastOf(work);
  for (const delivery of work.deliveries) {
    if (await noteDefaultBranch(site, delivery)) await comeBack(site);
  }
  if (last.event === "repository" && GONE.has(actionOf(last))) return;
  // Whoever is told of it has it now.
  const hasMoved = work.deliveries.some(
    (each) => each.event === "repository" && actionOf(each) === "transferred",
  );
  if (hasMoved) await followMove(site, site.place);
  await askForOpenPulls(site, last.id);
}

/** What ends of the default branch was to be looked at under its former name. */
async function comeBack(site: Site): Promise<void> {
  const { branch, commit } = await readDefaultTip(site.client, site.place);
  await scheduleExpiries(site, branch, commit);
}

const INSTALLATION_EVENTS = new Set(["installation", "installation_repositories", "installation_target"]);

/** Teams and memberships say no repository: every one of the installation that waits for somebody is looked at. */
async function workOnInstallation(services: Services, work: Work, signal: AbortSignal): Promise<void> {
  const last = lastOf(work);
  const isOver = actionOf(last) === "deleted" || actionOf(last) === "suspend";
  if (last.event === "installation" && isOver) return;
  const installationId = at(payloadOf(last), "installation", "id");
  if (typeof installationId !== "number") return;
  const mayHaveMoved = work.deliveries.some(({ event }) => INSTALLATION_EVENTS.has(event));
  if (mayHaveMoved) await followMoves(services, installationId, signal);
  for (const place of await services.store.archive.places(installationId)) {
    signal.throwIfAborted();
    await askForOpenPulls(siteOf(services, place, signal), last.id);
  }
}

/** What was installed before is known under another installation, until it is seen in this one. */
async function followMoves(services: Services, installationId: number, signal: AbortSignal): Promise<void> {
  try {
    for (const place of await readInstalled(services.github, installationId)) {
      signal.throwIfAborted();
      await followMove(services, place);
    }
  } catch (cause) {
    if (!isUnreached(cause)) throw cause;
    services.log.warn("Out of reach: nothing moves", { installation: installationId, reason: cause.code });
  }
}

function actionOf(delivery: Delivery): string {
  return optional(textAt, payloadOf(delivery), "action") ?? "";
}
