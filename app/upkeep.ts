import { GateError } from "../gate/model/error.ts";
import { announceRefused } from "./events/announcement.ts";
import { requestEvaluation } from "./events/ask.ts";
import { judgedName } from "./events/evaluate.ts";
import { followMove } from "./events/move.ts";
import { askAboutTip } from "./events/tip.ts";
import { isFailure } from "./github/failure.ts";
import { type Installed, readInstallations, readInstalled } from "./github/installed.ts";
import { readPages } from "./github/pages.ts";
import { instantAt, numberAt, objectIdAt, textAt } from "./github/shape.ts";
import { readTip } from "./github/tip.ts";
import { recordHeartbeat } from "./heartbeat.ts";
import type { Log, LogFields } from "./log.ts";
import type { Place } from "./place.ts";
import type { Services } from "./services.ts";
import { auditTrail } from "./trail-audit.ts";
import { reportUses } from "./uses-report.ts";

/** What is looked after without being asked: whatever got lost on the way is found again here. */

const PAGES_MAX = 100;
const HOUR_CHARS = 13;
/** Whoever approved may have lost the right without a word of GitHub: no event tells of an account that was deleted. */
const GREEN_MS_MAX = 3_600_000;

/** What is done for each repository. None of it needs the others: a trail that is lost keeps nobody's verdict back. */
const PARTS: readonly (readonly [
  words: string,
  work: (services: Services, place: Installed) => Promise<void>,
])[] = [
  ["Cannot follow a repository", followMove],
  ["Cannot look for stale pull requests", askForStale],
  ["Cannot look at the default branch", lookAtDefaultBranch],
  ["Cannot report the uses of break-glass", reportUses],
  ["Cannot open what was refused", announceRefused],
  ["Cannot record a heartbeat", recordHeartbeat],
  ["Cannot verify the trail", auditTrail],
];

/**
 * Looks at every open pull request of every installation, and asks for those whose check is missing or stale. Whatever
 * fails is logged, and the rest is looked at all the same; then it rejects `SWEEP_INCOMPLETE`, with all that failed.
 */
export async function checkPulls(services: Services): Promise<void> {
  const attempts = new Attempts(services.log);
  for (const installationId of await readInstallations(services.github)) {
    const places = await attempts.run("Cannot list an installation", { installation: installationId }, () =>
      readInstalled(services.github, installationId),
    );
    for (const place of places ?? []) {
      const fields = { installation: installationId, repository: place.repositoryId };
      for (const [words, work] of PARTS) await attempts.run(words, fields, () => work(services, place));
    }
  }
  attempts.assertNoneFailed();
}

/** Pieces of work of which each is done, whatever became of those before it. */
class Attempts {
  readonly #log: Log;
  readonly #failed: unknown[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** What the work gives; undefined where it failed. */
  async run<T>(words: string, fields: LogFields, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (cause) {
      this.#log.error(words, fields, cause);
      this.#failed.push(cause);
      return undefined;
    }
  }

  /** Throws `SWEEP_INCOMPLETE`. */
  assertNoneFailed(): void {
    const [first] = this.#failed;
    if (first === undefined) return;
    const code = first instanceof GateError ? first.code : "UNEXPECTED";
    const message = `Cannot look after everything: ${code}, and ${this.#failed.length - 1} more that failed`;
    throw new GateError("SWEEP_INCOMPLETE", message, {
      cause: new AggregateError(this.#failed, message),
      fix: "Look into the log: each of them is told there, with its installation and repository",
    });
  }
}

async function lookAtDefaultBranch(services: Services, place: Installed): Promise<void> {
  const commit = await findTip(services, place);
  if (commit !== undefined) await askAboutTip(services, place, { branch: place.defaultBranch, commit });
}

/** Undefined where nothing was pushed yet: GitHub answers 409, "Git Repository is empty". */
async function findTip({ github }: Services, place: Installed): Promise<string | undefined> {
  try {
    return await readTip(github.installation(place.installationId), place, place.defaultBranch);
  } catch (cause) {
    if (isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_REFUSED")) return undefined;
    throw cause;
  }
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

/**
 * Whether what is shown is about this head and this base, and was judged when GitHub had to show all that happened; and
 * what lets a model in, within the hour.
 */
async function isSettled(
  { store, staleMs, now }: Services,
  { repositoryId }: Place,
  { pull, tip }: { readonly pull: unknown; readonly tip: string },
): Promise<boolean> {
  const number = numberAt(pull, "number");
  const row = await store.archive.findPull(repositoryId, number);
  if (row?.state !== "open" || row.verdict === undefined) return false;
  const isShown = row.head === objectIdAt(pull, "head", "sha") && row.baseRef === textAt(pull, "base", "ref");
  const judgedAt = Number((await store.archive.get(judgedName(repositoryId, number))) ?? 0);
  const isOpened = row.governed && row.verdict === "pass";
  if (isOpened && now() - judgedAt > GREEN_MS_MAX) return false;
  return isShown && row.base === tip && judgedAt >= instantAt(pull, "updated_at") + staleMs;
}

/** Pull requests that we believe to be open and that are not: a merge that we never heard of is looked at. */
async function closeGone({ store, now }: Services, place: Place, open: ReadonlySet<number>): Promise<void> {
  for (const { number, head, updatedAt } of await store.archive.openPulls([place.repositoryId])) {
    if (open.has(number)) continue;
    await requestEvaluation(store.inbox, { place, number, why: `closed/${head}/${updatedAt}`, now: now() });
  }
}
