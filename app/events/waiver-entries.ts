import { hash } from "node:crypto";
import { claimsOf } from "../../gate/approval/waiver-claims.ts";
import type { Waiver } from "../../gate/model/policy.ts";
import type { WaiverUses } from "../../gate/model/trail.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import type { TrailEvent } from "../trails.ts";
import { wordUrl } from "./votes.ts";
import { modelToken } from "./waiver.ts";

/** What the trail says of waivers once they have effect: who granted them, and which change each of them let in. */

/**
 * Writes down who agreed to the waivers that a merged change brought, each agreement once: as its decision shows, for a
 * file can say anything of anybody.
 */
export async function recordGrants(
  site: Site,
  { number, record }: Merged,
  merged: Pick<TrailEvent, "head" | "pr">,
): Promise<void> {
  const { trails, place, store } = site;
  const { votes = [], input, digests, models } = recordOf({ record });
  const { approvals, policyChange, policy } = input;
  if (approvals === undefined) return;
  const ballot = { approvals, subject: digests.subject, models };
  for (const { waiver, role, userId, state } of claimsOf(policyChange?.waivers ?? [], ballot, policy.roles)) {
    const vote = votes.find((each) => each.state === "counted" && each.userId === userId);
    if (state !== "approved" || vote === undefined) continue;
    const name = `waiver-grant/${place.repositoryId}/${waiver.id}/${vote.source.id}/${userId}`;
    if ((await store.archive.get(name)) !== undefined) continue;
    const url = wordUrl(site, number, vote.source);
    await trails.recordEvent(place, {
      ...{ kind: "waiver.granted", ...merged, actor: { id: userId, role } },
      reason: { code: "waiver", url, digest: { sha256: hash("sha256", waiver.reason) } },
      waiver: { ...termsOf(waiver), event: vote.source.id },
    });
    await store.archive.set(name, "recorded");
  }
}

type Merged = Pick<DecisionRow, "number" | "record">;

/** Writes down which waivers a merged change leaned on, and counts it as one use of each. */
export async function recordUses(
  { trails, place, store }: Site,
  { number, record }: Merged,
  merged: Pick<TrailEvent, "head" | "pr">,
): Promise<void> {
  const { results, input } = recordOf({ record });
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
