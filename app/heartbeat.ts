import { objectIdAt, textAt } from "./github/shape.ts";
import type { Place } from "./place.ts";
import type { Services } from "./services.ts";

const HOUR_CHARS = 13;

/**
 * Says once an hour that the App is there and how it stands, so that silence means something. Only where there is a
 * trail: it begins with the first decision.
 */
export async function recordHeartbeat(services: Services, place: Place): Promise<void> {
  const { store, trails, github, now } = services;
  const trail = await trails.standing(place);
  if (trail === undefined) return;
  const hour = new Date(now()).toISOString().slice(0, HOUR_CHARS);
  const name = `heartbeat/${place.repositoryId}`;
  if ((await store.archive.get(name)) === hour) return;
  const { owner, repo } = place;
  const client = github.installation(place.installationId);
  const { data: repository } = await client.rest("GET /repos/{owner}/{repo}", { owner, repo });
  const { data: ref } = await client.rest("GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ...{ owner, repo, ref: `heads/${textAt(repository, "default_branch")}` },
  });
  const head = objectIdAt(ref, "object", "sha");
  const { waiting, oldest } = await store.inbox.depth();
  await trails.recordEvent(place, {
    kind: "heartbeat",
    head,
    heartbeat: {
      ...{ hour, head, deliveries: waiting, key_id: trail.keyId, witnessed: trail.witnessed },
      outbox: {
        depth: trail.pending,
        oldest_seconds: oldest === undefined ? 0 : Math.max(0, Math.floor((now() - oldest) / 1000)),
      },
    },
  });
  await trails.settle(place);
  await store.archive.set(name, hour);
}
