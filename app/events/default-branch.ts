import { at, instantAt, optional, textAt } from "../github/shape.ts";
import { readDefaultBranch } from "../github/tip.ts";
import { payloadOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { DecisionFilter, DecisionRow } from "../store/archive.ts";
import type { Delivery } from "../store/inbox.ts";

/** It is renamed once in years, and each judgement may ask for it. */
const FRESH_MS = 10 * 60_000;

interface Kept {
  readonly branch: string;
  /** When GitHub said so, milliseconds since 1970. */
  readonly at: number;
}

/** What the default branch is called, as of the last minutes. */
export async function recentDefaultBranch({ client, store, place, now }: Site): Promise<string> {
  const name = keptName(place.repositoryId);
  const found = await store.archive.get(name);
  const kept: Kept | undefined = found === undefined ? undefined : JSON.parse(found);
  if (kept !== undefined && now() - kept.at < FRESH_MS) return kept.branch;
  const branch = await readDefaultBranch(client, place);
  await store.archive.set(name, JSON.stringify({ branch, at: now() } satisfies Kept));
  return branch;
}

/** Another branch became the default one, or the same was called otherwise: GitHub does not tell the two apart. */
interface Change {
  readonly from: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Keeps it where the delivery tells that the default branch is another now; whether it does. */
export async function noteDefaultBranch({ store, place }: Site, delivery: Delivery): Promise<boolean> {
  if (delivery.event !== "repository") return false;
  const { receivedAt } = delivery;
  const payload = payloadOf(delivery);
  const isChanged = at(payload, "changes", "default_branch", "from") !== undefined;
  if (at(payload, "action") !== "edited" || !isChanged) return false;
  const change: Change = {
    from: textAt(payload, "changes", "default_branch", "from"),
    to: textAt(payload, "repository", "default_branch"),
    // A delivery that was lost comes late, and meanwhile anybody may have made a branch of the old name.
    at: Math.min(optional(instantAt, payload, "repository", "updated_at") ?? receivedAt, receivedAt),
  };
  const { repositoryId } = place;
  const known = await changesOf(store.archive, repositoryId);
  const isKnown = known.some((each) => each.from === change.from && each.at === change.at);
  const changes = isKnown ? known : [...known, change].sort((a, b) => a.at - b.at);
  await store.archive.set(changesName(repositoryId), JSON.stringify(changes));
  await store.archive.remove(keptName(repositoryId));
  return true;
}

/**
 * Decisions that let something into the default branch, now called `branch`, the newest first: those about a branch of
 * that name, and of each name that GitHub said it had before, as long as it had it. Before and after, anybody may have
 * made a branch of that name, with a policy of their own.
 */
export async function decisionsInto(
  { store, place }: Site,
  branch: string,
  filter: Omit<DecisionFilter, "repositoryId" | "baseRef" | "decidedFrom" | "decidedBefore">,
): Promise<readonly DecisionRow[]> {
  const { repositoryId } = place;
  const reigns = toReigns(await changesOf(store.archive, repositoryId), branch);
  const rows = await Promise.all(
    reigns.map((reign) => store.archive.decisions({ ...filter, ...reign, repositoryId })),
  );
  return rows
    .flat()
    .sort((a, b) => b.decidedAt - a.decidedAt)
    .slice(0, filter.countMax);
}

/** While a branch of the name was the default one. */
type Reign = Required<Pick<DecisionFilter, "baseRef">> &
  Pick<DecisionFilter, "decidedFrom" | "decidedBefore">;

/** Where GitHub told of no change, the default branch has always been called as it is. */
function toReigns(changes: readonly Change[], branch: string): readonly Reign[] {
  const starts = [undefined, ...changes.map((change) => change.at)];
  const sinceThen = (index: number) => {
    const start = starts[index];
    return start === undefined ? {} : { decidedFrom: start };
  };
  const former = changes.map(
    ({ from, at: end }, index): Reign => ({ baseRef: from, ...sinceThen(index), decidedBefore: end }),
  );
  return [...former, { baseRef: branch, ...sinceThen(changes.length) }];
}

async function changesOf(
  archive: Site["store"]["archive"],
  repositoryId: number,
): Promise<readonly Change[]> {
  const found = await archive.get(changesName(repositoryId));
  return found === undefined ? [] : JSON.parse(found);
}

function keptName(repositoryId: number): string {
  return `default-branch/${repositoryId}`;
}

function changesName(repositoryId: number): string {
  return `default-branches/${repositoryId}`;
}
