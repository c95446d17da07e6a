import { GateError } from "../../gate/model/error.ts";
import type { Waiver } from "../../gate/model/policy.ts";
import { parseWaiver, WAIVER_BYTES_MAX } from "../../gate/policy/waivers.ts";
import { join, type Markdown, md } from "../../gate/report/escape.ts";
import { readTip } from "../github/tip.ts";
import type { Place } from "../place.ts";
import { keyOf } from "../queue/address.ts";
import type { Site } from "../services.ts";
import type { Archive } from "../store/archive.ts";
import { announce } from "./announcement.ts";
import { askFor, requestEvaluation } from "./ask.ts";
import type { BranchAction } from "./branch-action.ts";
import { showPosture } from "./posture.ts";
import { modelToken } from "./waiver.ts";
import { withRepository } from "./world.ts";

const WAIVERS = /^\.weighbridge\/waivers\/[^/]+\.yml$/;
const WAIVERS_MAX = 1_000;

/** How long before its end a waiver is reminded of. */
const REMINDER_DAYS = 7;
const DAY_MS = 86_400_000;

/** Comes back to the branch when each of its waivers ends, and a week before; and shows which have ended by now. */
export async function scheduleExpiries(site: Site, branch: string, commit: string): Promise<void> {
  const { store, place, now } = site;
  const key = keyOf.branch(place.repositoryId, branch);
  const waivers = await readWaivers(site, commit);
  await showPosture(site, commit, waivers);
  for (const { id, expires } of waivers) {
    const end = Date.parse(expires);
    for (const [word, due] of [
      ["ends-soon", end - REMINDER_DAYS * DAY_MS],
      ["ended", end],
    ] as const) {
      const about = { action: "waiver" satisfies BranchAction };
      const why = `waiver/${id}/${expires}/${word}`;
      await askFor(store.inbox, { place, key, why, about, now: now(), due });
    }
  }
  await store.archive.set(scheduledName(place.repositoryId), commit);
}

/** Whether the waivers of this commit were the last that were scheduled. */
export async function isScheduled(
  archive: Pick<Archive, "get">,
  { repositoryId }: Place,
  commit: string,
): Promise<boolean> {
  return (await archive.get(scheduledName(repositoryId))) === commit;
}

function scheduledName(repositoryId: number): string {
  return `scheduled/${repositoryId}`;
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

/** Writes down each waiver of the branch that has ended, and opens one issue about it; and one before, as a reminder. */
export async function flagExpired(site: Site, branch: string): Promise<void> {
  const { client, place, now, trails } = site;
  const head = await readTip(client, place, branch);
  const waivers = await readWaivers(site, head);
  await showPosture(site, head, waivers);
  for (const waiver of waivers) {
    const left = Date.parse(waiver.expires) - now();
    if (left > REMINDER_DAYS * DAY_MS) continue;
    if (left > 0) {
      await remind(site, waiver);
      continue;
    }
    const end = Date.parse(waiver.expires);
    await trails.recordEvent(place, {
      ...{ kind: "waiver.expired", head },
      waiver: {
        // One that is renewed ends another time.
        ...{ id: waiver.id, event: Math.floor(end / 1000), gates: waiver.gates },
        ...{ ...modelToken(waiver.model), expires: new Date(end).toISOString() },
      },
    });
    await announce(site, {
      marker: `<!-- weighbridge:waiver:${waiver.id}:${waiver.expires} -->`,
      title: `Waiver ${waiver.id} has ended`,
      body: issueBody(waiver).source,
    });
  }
}

async function remind(site: Site, waiver: Waiver): Promise<void> {
  await announce(site, {
    marker: `<!-- weighbridge:waiver-reminder:${waiver.id}:${waiver.expires} -->`,
    title: `Waiver ${waiver.id} ends on ${waiver.expires.slice(0, 10)}`,
    body: md`${waiver.id} lets ${namesOf(waiver)} stay closed for ${waiver.model} until ${waiver.expires}. From then on no change of that model passes, and no deployment of it goes on, while ${waiver.place.path} lies there.\n`
      .source,
  });
}

function namesOf({ gates }: Waiver): Markdown {
  return join(
    gates.map((gate) => md`${gate}`),
    md`, `,
  );
}

function issueBody(waiver: Waiver): Markdown {
  const { id, model, expires, place } = waiver;
  return md`${id} let ${namesOf(waiver)} stay closed for ${model} until ${expires}. It has no effect any more, and as long as ${place.path} lies there no change of that model passes.

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
