import { isFailure } from "../github/failure.ts";
import { at, flagAt, optional, textAt } from "../github/shape.ts";
import { readDefaultTip } from "../github/tip.ts";
import { countWorked } from "../heartbeat.ts";
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
import { workOnPull } from "./pull.ts";

/** What is done for each kind of subject; all that came about it is given at once. */
export function handler(services: Services): Handler {
  return async (work, signal) => {
    const subject = subjectOf(work.key);
    if (subject.kind === "user") return signOut(services, subject.user);
    if (subject.kind === "installation") return workOnInstallation(services, work, signal);
    const site = siteOf(services, placeOf(payloadOf(lastOf(work))), signal);
    try {
      await workOnSubject(site, subject, work);
    } catch (cause) {
      if (!isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_FORBIDDEN") || !(await isOutOfReach(site)))
        throw cause;
      // Trying again would help nobody; should it come back, the sweep finds what is open.
      services.log.warn("Out of reach: nothing is done", { key: work.key, reason: cause.code });
    }
    await countWorked(services.store.archive, site.place.repositoryId, work.deliveries.length);
  };
}

/** Whether the repository is gone, taken from the App, or takes no verdict any more. */
async function isOutOfReach({ client, place: { owner, repo } }: Site): Promise<boolean> {
  try {
    const { data } = await client.rest("GET /repos/{owner}/{repo}", { owner, repo });
    return flagAt(data, "archived");
  } catch (cause) {
    if (isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_FORBIDDEN")) return true;
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
      return workOnGroup(site, work.deliveries);
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

const GONE = new Set(["deleted", "archived", "transferred"]);

/** Rules, members or the repository itself have changed; one that is gone has nothing that could be judged. */
async function workOnRepository(site: Site, work: Work): Promise<void> {
  const last = lastOf(work);
  const payload = payloadOf(last);
  const action = optional(textAt, payload, "action") ?? "";
  for (const delivery of work.deliveries) {
    if (await noteDefaultBranch(site, delivery)) await comeBack(site);
  }
  if (last.event === "repository" && GONE.has(action)) return;
  await askForOpenPulls(site, last.id);
}

/** What ends of the default branch was to be looked at under its former name. */
async function comeBack(site: Site): Promise<void> {
  const { branch, commit } = await readDefaultTip(site.client, site.place);
  await scheduleExpiries(site, branch, commit);
}

/** Teams and memberships say no repository: every one of the installation that waits for somebody is looked at. */
async function workOnInstallation(services: Services, work: Work, signal: AbortSignal): Promise<void> {
  const last = lastOf(work);
  const payload = payloadOf(last);
  const action = optional(textAt, payload, "action") ?? "";
  if (last.event === "installation" && (action === "deleted" || action === "suspend")) return;
  const installationId = at(payload, "installation", "id");
  if (typeof installationId !== "number") return;
  for (const place of await services.store.archive.places(installationId)) {
    signal.throwIfAborted();
    await askForOpenPulls(siteOf(services, place, signal), last.id);
  }
}
