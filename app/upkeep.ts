import { announceRefused } from "./events/announcement.ts";
import { requestEvaluation } from "./events/ask.ts";
import { judgedName } from "./events/evaluate.ts";
import { readPages } from "./github/pages.ts";
import { at, instantAt, numberAt, objectIdAt, textAt } from "./github/shape.ts";
import { readTip } from "./github/tip.ts";
import { recordHeartbeat } from "./heartbeat.ts";
import type { Place } from "./place.ts";
import type { Services } from "./services.ts";
import { auditTrail } from "./trail-audit.ts";
import { reportUses } from "./uses-report.ts";

/** What is looked after without being asked: whatever got lost on the way is found again here. */

const PAGES_MAX = 100;
const HOUR_CHARS = 13;

/** Looks at every open pull request of every installation, and asks for those whose check is missing or stale. */
export async function checkPulls(services: Services): Promise<void> {
  for (const place of await installedPlaces(services)) {
    await askForStale(services, place);
    await tryAnnounce(services, place);
    await recordHeartbeat(services, place);
    await auditTrail(services, place);
  }
}

/** What is told in issues can be told later: no reason to leave the repository, or others, alone. */
async function tryAnnounce(services: Services, place: Place): Promise<void> {
  try {
    await reportUses(services, place);
    await announceRefused(services, place);
  } catch (cause) {
    const { repositoryId: repository } = place;
    services.log.error("Cannot open what is told in issues", { repository }, cause);
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
  const { github, store, now, staleMs } = services;
  const { owner, repo } = place;
  const client = github.installation(place.installationId);
  const pulls = await readPages(client, "GET /repos/{owner}/{repo}/pulls", {
    parameters: { owner, repo, state: "open" },
    pagesMax: PAGES_MAX,
  });
  const tips = new Map<string, string>();
  for (const pull of pulls) {
    const branch = textAt(pull, "base", "ref");
    const tip = tips.get(branch) ?? (await readTip(client, place, branch));
    tips.set(branch, tip);
    if (await isSettled(services, place, { pull, tip })) continue;
    const [number, head] = [numberAt(pull, "number"), objectIdAt(pull, "head", "sha")];
    const updated = instantAt(pull, "updated_at");
    const hour = new Date(now()).toISOString().slice(0, HOUR_CHARS);
    const why = `sweep/${head}/${tip}/${updated}/${hour}`;
    // Not before GitHub has to show what happened last, or it would have to be looked at again.
    const due = Math.max(now(), updated + staleMs);
    await requestEvaluation(store.inbox, { place, number, why, now: now(), due });
  }
  await closeGone(services, place, new Set(pulls.map((pull) => numberAt(pull, "number"))));
}

/** Whether what is shown is about this head and this base, and was judged when GitHub had to show all that happened. */
async function isSettled(
  { store, staleMs }: Services,
  { repositoryId }: Place,
  { pull, tip }: { readonly pull: unknown; readonly tip: string },
): Promise<boolean> {
  const number = numberAt(pull, "number");
  const row = await store.archive.findPull(repositoryId, number);
  if (row?.state !== "open" || row.verdict === undefined) return false;
  const isShown = row.head === objectIdAt(pull, "head", "sha") && row.baseRef === textAt(pull, "base", "ref");
  const judgedAt = Number((await store.archive.get(judgedName(repositoryId, number))) ?? 0);
  return isShown && row.base === tip && judgedAt >= instantAt(pull, "updated_at") + staleMs;
}

/** Pull requests that we believe to be open and that are not: a merge that we never heard of is looked at. */
async function closeGone({ store, now }: Services, place: Place, open: ReadonlySet<number>): Promise<void> {
  for (const { number, head, updatedAt } of await store.archive.openPulls([place.repositoryId])) {
    if (open.has(number)) continue;
    await requestEvaluation(store.inbox, { place, number, why: `closed/${head}/${updatedAt}`, now: now() });
  }
}
