import { keyOf } from "../queue/address.ts";
import type { Site } from "../services.ts";
import type { Delivery } from "../store/inbox.ts";
import { findGroup } from "./asked-groups.ts";
import { CLICKS } from "./click.ts";
import { askForPullsOf } from "./fan-out.ts";

/**
 * What came about a commit, and names no pull request or several: of a fork's GitHub names none. Who pressed a button,
 * and which, is told to each of them as if it had been named, and to the merge group with that head.
 */
export async function workOnHead(site: Site, head: string, deliveries: readonly Delivery[]): Promise<void> {
  const clicks = deliveries.filter(({ event }) => CLICKS.has(event));
  for (const click of clicks) await handOn(site, head, click);
  const last = deliveries.findLast((delivery) => !clicks.includes(delivery));
  if (last !== undefined) await askForPullsOf(site, head, last.id);
}

async function handOn(site: Site, head: string, { id, event, payload }: Delivery): Promise<void> {
  const { store, place, now } = site;
  const { repositoryId } = place;
  for (const { number, state } of await store.archive.pullsWithHead(repositoryId, head)) {
    if (state !== "open") continue;
    const key = keyOf.pull(repositoryId, number);
    await store.inbox.receive({ id: `${id}/${number}`, event, key, payload, receivedAt: now() });
  }
  if ((await findGroup(site, head)) === undefined) return;
  const key = keyOf.group(repositoryId, head);
  await store.inbox.receive({ id: `${id}/group`, event, key, payload, receivedAt: now() });
}
