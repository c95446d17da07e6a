import { hash } from "node:crypto";
import type { Waiver } from "../../gate/model/policy.ts";
import type { WaiverUses } from "../../gate/model/trail.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import type { TrailEvent } from "../trails.ts";
import { modelToken } from "./waiver.ts";

/** What the trail says of waivers once they have effect: who granted them, and which change each of them let in. */

const REVIEW_ID = /#(?:pullrequestreview|issuecomment|discussion_r)-?([1-9][0-9]{0,14})$/;

/** Writes down who agreed to the waivers of the default branch, each agreement once. */
export async function recordGrants(site: Site, head: string, waivers: readonly Waiver[]): Promise<void> {
  const { trails, place, store } = site;
  for (const waiver of waivers) {
    for (const { role, userId, reviewUrl } of waiver.approvals) {
      const event = Number(REVIEW_ID.exec(reviewUrl ?? "")?.[1] ?? 0);
      // The file says no more than that somebody agreed: without the place there is nothing to point at.
      if (reviewUrl === undefined || event === 0) continue;
      const name = `waiver-grant/${place.repositoryId}/${waiver.id}/${event}/${userId}`;
      if ((await store.archive.get(name)) !== undefined) continue;
      await trails.recordEvent(place, {
        ...{ kind: "waiver.granted", head },
        actor: { id: userId, role },
        reason: { code: "waiver", url: reviewUrl, digest: { sha256: hash("sha256", waiver.reason) } },
        waiver: { ...termsOf(waiver), event },
      });
      await store.archive.set(name, "recorded");
    }
  }
}

/** Writes down which waivers a merged change leaned on, and counts it as one use of each. */
export async function recordUses(
  { trails, place, store }: Site,
  { number, record, digest }: Pick<DecisionRow, "number" | "record" | "digest">,
  merged: Pick<TrailEvent, "head" | "pr">,
): Promise<void> {
  const { results, input } = parseDecision(Buffer.from(record, "utf8"), digest);
  const used = new Set(results.flatMap(({ waiver }) => waiver ?? []));
  for (const waiver of input.waivers.filter(({ id }) => used.has(id))) {
    const use = { ...termsOf(waiver), event: number };
    await trails.recordEvent(place, { kind: "waiver.used", ...merged, waiver: use });
    await store.archive.set(`${usesName(place.repositoryId, waiver.id)}${number}`, "used");
  }
}

/** How often each of the waivers was used, as it was kept when it was written down. */
export async function keptUses(
  { store, place }: Site,
  waivers: readonly string[],
): Promise<readonly WaiverUses[]> {
  return Promise.all(
    waivers.map(async (waiver) => {
      const uses = await store.archive.under(usesName(place.repositoryId, waiver));
      return { waiver, count: uses.length };
    }),
  );
}

function usesName(repositoryId: number, waiver: string): string {
  return `waiver-use/${repositoryId}/${waiver}/`;
}

function termsOf({ id, gates, model, expires }: Waiver) {
  return { id, gates, ...modelToken(model), expires: new Date(expires).toISOString() };
}
