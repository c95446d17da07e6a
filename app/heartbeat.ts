import { digestOfRules, readBranchRules } from "./github/branch-rules.ts";
import { readDefaultTip } from "./github/tip.ts";
import type { Place } from "./place.ts";
import type { Services } from "./services.ts";
import type { Archive } from "./store/archive.ts";

const HOUR_CHARS = 13;

/**
 * Says once an hour that the App is there and how it stands, so that silence means something. Only where there is a
 * trail: it begins with the first decision.
 */
export async function recordHeartbeat(services: Services, place: Place): Promise<void> {
  const { store, trails, github, log, now } = services;
  const hour = new Date(now()).toISOString().slice(0, HOUR_CHARS);
  const name = `heartbeat/${place.repositoryId}`;
  const last = await findLast(store.archive, name);
  if (last?.hour === hour) return;
  const trail = await trails.standing(place);
  if (trail === undefined) return;
  if (trail.namesWitnesses) await trails.haveWitnessed(place);
  const client = github.installation(place.installationId);
  const { branch, commit: head } = await readDefaultTip(client, place);
  const inForce = await readBranchRules(client, place, branch);
  const rules = inForce && digestOfRules(inForce);
  // Whoever may change the rules may loosen them for a moment: what they were is in the trail.
  if (last?.rules !== undefined && rules !== undefined && last.rules !== rules) {
    log.warn("The rules of the default branch were changed", { repository: place.repositoryId });
  }
  const worked = await store.archive.add(workedName(place.repositoryId), 0);
  await trails.recordEvent(place, {
    kind: "heartbeat",
    head,
    heartbeat: {
      ...{ hour, head, key_id: trail.keyId, witnessed: trail.witnessed },
      ...(rules !== undefined && { rules }),
      deliveries: worked - (last?.worked ?? 0),
      outbox: {
        depth: trail.pending,
        oldest_seconds: Math.max(0, Math.floor((now() - (trail.oldestAt ?? now())) / 1000)),
      },
    },
  });
  await trails.settle(place);
  const said: Said = { hour, worked, ...(rules !== undefined && { rules }) };
  await store.archive.set(name, JSON.stringify(said));
}

/** Counts deliveries about a repository that were worked on: one whose end was lost is counted again. */
export async function countWorked(archive: Archive, repositoryId: number, count: number): Promise<void> {
  await archive.add(workedName(repositoryId), count);
}

/** What the last heartbeat of a repository said. */
interface Said {
  /** UTC, as in `2026-11-22T06`. */
  readonly hour: string;
  /** Deliveries ever worked on until then. */
  readonly worked: number;
  /** Digest of the rules of the default branch, hex; absent where GitHub told none. */
  readonly rules?: string;
}

async function findLast(archive: Archive, name: string): Promise<Said | undefined> {
  const text = await archive.get(name);
  return text === undefined ? undefined : JSON.parse(text);
}

function workedName(repositoryId: number): string {
  return `worked/${repositoryId}`;
}
