import type { Tip } from "../github/tip.ts";
import type { Place } from "../place.ts";
import { keyOf } from "../queue/address.ts";
import type { Services } from "../services.ts";
import { askFor } from "./ask.ts";
import { findHeard } from "./base.ts";
import type { BranchAction } from "./branch-action.ts";
import { isScheduled } from "./expiry.ts";
import { findUntold } from "./told-moves.ts";

/** A webhook may be on its way, and one that was lost was asked for again: nothing is concluded before it can be here. */
const ARRIVAL_MS = 5 * 60_000;
const HOUR_CHARS = 13;

/** Asks for what of a default branch nobody told: that it moved, or which waivers it had when the App came. */
export async function askAboutTip(services: Services, place: Place, tip: Tip): Promise<void> {
  const { store, now } = services;
  const { branch, commit } = tip;
  // Asked once; and after an hour again, should it have been put aside.
  const hour = new Date(now()).toISOString().slice(0, HOUR_CHARS);
  if (!(await isScheduled(store.archive, place, commit))) {
    await ask(services, place, { branch, action: "schedule", why: `schedule/${commit}/${hour}` });
  }
  const heard = await findHeard(store.archive, place.repositoryId, branch);
  const untold = await findUntold(
    store.archive,
    { repositoryId: place.repositoryId, branch },
    { tip: commit, ...(heard !== undefined && { heard }) },
  );
  if (untold === undefined || !(await isLate(services, place, untold.before))) return;
  await ask(services, place, { branch, action: "untold", why: `untold/${untold.before}/${commit}/${hour}` });
}

interface Question {
  readonly branch: string;
  readonly action: BranchAction;
  readonly why: string;
}

async function ask({ store, now }: Services, place: Place, { branch, action, why }: Question): Promise<void> {
  const key = keyOf.branch(place.repositoryId, branch);
  await askFor(store.inbox, { place, key, why, about: { action }, now: now() });
}

/** Whether what follows the commit has been untold for long enough. */
async function isLate({ store, now }: Services, { repositoryId }: Place, before: string): Promise<boolean> {
  const name = `untold/${repositoryId}/${before}`;
  const since = Number(await store.archive.setOnce(name, String(now())));
  return now() - since >= ARRIVAL_MS;
}
