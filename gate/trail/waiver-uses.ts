import type { WaiverUses } from "../model/trail.ts";
import type { GitStore } from "./git-store.ts";
import { openTrail, readLog } from "./read.ts";

/** How often each of the waivers was used, as the entries say. The trail has to be verified before. */
export async function countUses(store: GitStore, waivers: readonly string[]): Promise<readonly WaiverUses[]> {
  const counts = new Map(waivers.map((waiver) => [waiver, 0]));
  for await (const { predicate } of readLog(store, await openTrail(store), { kinds: ["waiver.used"] })) {
    const id = predicate.waiver?.id;
    const count = id === undefined ? undefined : counts.get(id);
    if (id !== undefined && count !== undefined) counts.set(id, count + 1);
  }
  return [...counts].map(([waiver, count]) => ({ waiver, count }));
}
