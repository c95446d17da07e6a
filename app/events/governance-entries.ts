import { hash } from "node:crypto";
import type { ChangeSet, ModelChange } from "../../gate/model/change.ts";
import type { Tier } from "../../gate/model/tier.ts";
import { isPolicyFile } from "../../gate/policy/locate.ts";
import { POLICY_BYTES_MAX } from "../../gate/policy/parse.ts";
import { fits } from "../../gate/trail/shape.ts";
import { PATH, TOKEN } from "../../gate/trail/vocabulary.ts";
import type { ApiRepository } from "../github/repository.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import type { TrailEvent } from "../trails.ts";

/** What the trail says of a merge beside that it was one: how it changed the policy, the roles, and the inventory. */

/** Files of the policy that one merge is said to change; of more, the first. */
const FILES_MAX = 64;

type Merged = Pick<TrailEvent, "head" | "pr">;

export async function recordGovernance(
  { trails, place }: Site,
  repository: ApiRepository,
  { decision, merged }: { readonly decision: DecisionRow; readonly merged: Merged },
): Promise<void> {
  const { input } = recordOf(decision);
  const commit = merged.head;
  const events = [
    ...(await policyEvents(repository, input.change, commit)),
    ...roleNames(input.policyChange?.differences ?? []).map((name) => ({
      kind: "role.changed",
      role: { name, path: input.policy.path ?? "", commit },
    })),
    ...input.change.models.flatMap((model) => modelEvents(model, commit)),
  ].filter(isSayable);
  for (const event of events) await trails.recordEvent(place, { ...merged, ...event });
}

export type Said = Pick<TrailEvent, "kind" | "policy" | "role" | "model">;

/** What an entry cannot name stays in the decision's record, which the merge is about. */
function isSayable({ policy, role, model }: Said): boolean {
  return [policy, role, model].every(
    (said) =>
      said === undefined ||
      (fits(said.path, PATH) &&
        (!("name" in said) || fits(said.name, TOKEN)) &&
        (!("id" in said) || fits(said.id, TOKEN))),
  );
}

/** Of each file its content as it was judged; the digest of nothing where it was removed. */
async function policyEvents(
  repository: ApiRepository,
  { files, head }: ChangeSet,
  commit: string,
): Promise<readonly Said[]> {
  const changed = files.filter(({ path }) => isPolicyFile(path)).slice(0, FILES_MAX);
  if (changed.length === 0) return [];
  const tree = await repository.tree(head);
  return Promise.all(
    changed.map(async ({ path }) => {
      const entry = tree.get(path);
      const [bytes] =
        entry === undefined ? [new Uint8Array()] : await repository.read([entry], POLICY_BYTES_MAX);
      return { kind: "policy.changed", policy: { path, commit, digest: { sha256: hash("sha256", bytes!) } } };
    }),
  );
}

function roleNames(
  differences: readonly { readonly gate: string; readonly what: string }[],
): readonly string[] {
  const changed = differences
    .filter(({ gate }) => gate === "roles")
    .map(({ what }) => what.split(".")[0] ?? "");
  return [...new Set(changed)];
}

/** What becomes of the inventory, as the manifests say. */
export function modelEvents({ id, base, head }: ModelChange, commit: string): readonly Said[] {
  const [before, after] = [base?.manifest, head?.manifest];
  const path = after?.path ?? before?.path;
  if (path === undefined) return [];
  const said = (kind: string, more: { readonly tier?: Tier; readonly was?: Tier } = {}): Said => ({
    kind,
    model: { id, path, commit, ...more },
  });
  const isGone = head === undefined || after?.status === "retired";
  const events: Said[] = [];
  if (before === undefined && after !== undefined) {
    events.push(said("model.registered", after.tier === undefined ? {} : { tier: after.tier }));
  }
  if (before !== undefined && before.status !== "retired" && isGone) events.push(said("model.retired"));
  if (before?.tier !== after?.tier && before?.tier !== undefined && after?.tier !== undefined) {
    events.push(said("tier.changed", { tier: after.tier, was: before.tier }));
  }
  return events;
}
