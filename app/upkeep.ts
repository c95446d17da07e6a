import { requestEvaluation } from "./events/ask.ts";
import { readPages } from "./github/pages.ts";
import { at, numberAt, objectIdAt, optional, textAt } from "./github/shape.ts";
import { recordHeartbeat } from "./heartbeat.ts";
import type { Place } from "./place.ts";
import type { Services } from "./services.ts";
import { auditTrail } from "./trail-audit.ts";

/** What is looked after without being asked: whatever got lost on the way is found again here. */

const PAGES_MAX = 100;
const HOUR_CHARS = 13;

/** Looks at every open pull request of every installation, and asks for those whose check is missing or stale. */
export async function checkPulls(services: Services): Promise<void> {
  for (const place of await installedPlaces(services)) {
    await askForStale(services, place);
    await recordHeartbeat(services, place);
    await auditTrail(services, place);
  }
}

/** Repositories that the App may see now. */
async function installedPlaces({ github }: Services): Promise<readonly Place[]> {
  const places: Place[] = [];
  const installations = await readPages(github.app(), "GET /app/installations", {
    parameters: {},
    pagesMax: PAGES_MAX,
  });
  for (const installation of installations) {
    if (at(installation, "suspended_at") !== undefined) continue;
    const installationId = numberAt(installation, "id");
    const repositories = await readPages(
      github.installation(installationId),
      "GET /installation/repositories",
      {
        parameters: {},
        within: "repositories",
        pagesMax: PAGES_MAX,
      },
    );
    for (const repository of repositories) {
      // An archived one takes no verdict any more.
      if (at(repository, "archived") === true) continue;
      places.push({
        ...{ installationId, repositoryId: numberAt(repository, "id") },
        ...{ owner: textAt(repository, "owner", "login"), repo: textAt(repository, "name") },
      });
    }
  }
  return places;
}

async function askForStale(services: Services, place: Place): Promise<void> {
  const { github, store, now } = services;
  const { owner, repo, repositoryId } = place;
  const pulls = await readPages(
    github.installation(place.installationId),
    "GET /repos/{owner}/{repo}/pulls",
    {
      parameters: { owner, repo, state: "open" },
      pagesMax: PAGES_MAX,
    },
  );
  for (const pull of pulls) {
    const [number, head] = [numberAt(pull, "number"), objectIdAt(pull, "head", "sha")];
    const row = await store.archive.findPull(repositoryId, number);
    const isShown = row?.state === "open" && row.head === head && row.baseRef === textAt(pull, "base", "ref");
    if (isShown && row.verdict !== undefined && !isOlder(row.updatedAt, pull)) continue;
    const why = `sweep/${head}/${new Date(now()).toISOString().slice(0, HOUR_CHARS)}`;
    await requestEvaluation(store.inbox, { place, number, why, now: now() });
  }
  await closeGone(services, place, new Set(pulls.map((pull) => numberAt(pull, "number"))));
}

/** Something happened to it after it was last shown: perhaps a word that never arrived. */
function isOlder(shownAt: number, pull: unknown): boolean {
  const updated = optional(textAt, pull, "updated_at");
  return updated !== undefined && Date.parse(updated) > shownAt + SETTLED_MS;
}

/** Our own comment and check change a pull request, too. */
const SETTLED_MS = 60_000;

/** Pull requests that we believe to be open and that are not: a merge that we never heard of is looked at. */
async function closeGone({ store, now }: Services, place: Place, open: ReadonlySet<number>): Promise<void> {
  for (const { number, head } of await store.archive.openPulls([place.repositoryId])) {
    if (open.has(number)) continue;
    await requestEvaluation(store.inbox, { place, number, why: `closed/${head}`, now: now() });
  }
}
