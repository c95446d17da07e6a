import { GateError } from "../../gate/model/error.ts";
import type { Waiver } from "../../gate/model/policy.ts";
import { parseWaiver, WAIVER_BYTES_MAX } from "../../gate/policy/waivers.ts";
import { join, md } from "../../gate/report/escape.ts";
import { openIssue } from "../github/issue.ts";
import { objectIdAt } from "../github/shape.ts";
import { placePayload } from "../place.ts";
import { keyOf } from "../queue/address.ts";
import type { Site } from "../services.ts";
import { OWN_EVENT, requestEvaluation } from "./ask.ts";
import { modelToken } from "./waiver.ts";
import { withRepository } from "./world.ts";

const WAIVERS = /^\.weighbridge\/waivers\/[^/]+\.yml$/;
const WAIVERS_MAX = 1_000;

/** Comes back to the branch when each of its waivers ends. */
export async function scheduleExpiries(site: Site, branch: string, commit: string): Promise<void> {
  const { store, place, now } = site;
  const key = keyOf.branch(place.repositoryId, branch);
  for (const { id, expires } of await readWaivers(site, commit)) {
    await store.inbox.receive({
      ...{ id: `${OWN_EVENT}/${key}/waiver/${id}/${expires}`, event: OWN_EVENT, key },
      payload: JSON.stringify({ ...placePayload(place), action: "waiver" }),
      ...{ receivedAt: now(), due: Math.max(now(), Date.parse(expires)) },
    });
  }
}

/** Comes back to a pull request when a waiver that it is judged with ends. */
export async function scheduleReview(
  { store, place, now }: Site,
  number: number,
  waivers: readonly Waiver[],
): Promise<void> {
  for (const { id, expires } of waivers) {
    const due = Date.parse(expires);
    if (due <= now()) continue;
    await requestEvaluation(store.inbox, {
      ...{ place, number, why: `waiver/${id}/${expires}`, now: now(), due },
    });
  }
}

/** Writes down each waiver of the branch that has ended, and opens one issue about it. */
export async function flagExpired(site: Site, branch: string): Promise<void> {
  const { client, place, now, trails, store } = site;
  const { owner, repo, repositoryId } = place;
  const { data } = await client.rest("GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ...{ owner, repo, ref: `heads/${branch}` },
  });
  const head = objectIdAt(data, "object", "sha");
  for (const waiver of await readWaivers(site, head)) {
    if (Date.parse(waiver.expires) > now()) continue;
    await trails.recordEvent(place, {
      ...{ kind: "waiver.expired", head },
      waiver: {
        ...{ id: waiver.id, event: 0, gates: waiver.gates, ...modelToken(waiver.model) },
        expires: new Date(waiver.expires).toISOString(),
      },
    });
    await openIssue(
      client,
      {
        ...{ owner, repo, repositoryId },
        marker: `<!-- weighbridge:waiver:${waiver.id}:${waiver.expires} -->`,
        title: `Waiver ${waiver.id} has ended`,
        body: issueBody(waiver).source,
      },
      store.archive,
    );
  }
}

function issueBody({ id, model, gates, expires, place }: Waiver) {
  const names = join(
    gates.map((gate) => md`${gate}`),
    md`, `,
  );
  return md`${id} let ${names} stay closed for ${model} until ${expires}. It has no effect any more, and as long as ${place.path} lies there no change of that model passes.

Meet what it was about, or have it renewed as its tier allows; then take the file away in a pull request of its own.\n`;
}

/** Those that can be read: one that cannot keeps everything closed, and says so itself. */
function readWaivers(site: Site, commit: string): Promise<readonly Waiver[]> {
  return withRepository(site, async (repository) => {
    const tree = await repository.tree(commit);
    const entries = [...tree.values()].filter(({ path }) => WAIVERS.test(path)).slice(0, WAIVERS_MAX);
    const contents = await repository.read(entries, WAIVER_BYTES_MAX);
    return entries.flatMap(({ path }, index) => toWaiver(contents[index] ?? new Uint8Array(), path));
  });
}

function toWaiver(bytes: Uint8Array, path: string): readonly Waiver[] {
  try {
    return [parseWaiver(bytes, path)];
  } catch (cause) {
    if (cause instanceof GateError) return [];
    throw cause;
  }
}
