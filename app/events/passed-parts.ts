import type { Pull } from "../github/pull.ts";
import { keyOf } from "../queue/address.ts";
import type { Site } from "../services.ts";
import { askFor } from "./ask.ts";
import { keptGroups } from "./asked-groups.ts";
import { keptIncidents } from "./incident-record.ts";

/**
 * Has the groups of the merge queue judged again that may hold a pull request which passes no more: GitHub merges a
 * group by its own check, whatever became of its parts since.
 */
export async function askForGroupsWith(site: Site, pull: Pull): Promise<void> {
  const { store, place, now } = site;
  const groups = (await keptGroups(site)).filter(({ branch }) => branch === pull.base.ref);
  if (groups.length === 0 || !(await hasBeenLetIn(site, pull))) return;
  for (const { head } of groups) {
    const key = keyOf.group(place.repositoryId, head);
    await askFor(store.inbox, { place, key, why: `part/${pull.number}/${now()}`, now: now() });
  }
}

/** Whether it ever passed, or the glass was broken for it: no group was let in with any other. */
async function hasBeenLetIn({ store, place }: Site, { number, base }: Pull): Promise<boolean> {
  const { repositoryId } = place;
  const filter = { repositoryId, number, baseRef: base.ref, verdict: "pass", countMax: 1 } as const;
  if ((await store.archive.decisions(filter)).length > 0) return true;
  return (await keptIncidents(store.archive, place)).some((incident) => incident.pull === number);
}
