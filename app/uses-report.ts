import { join, type Markdown, markdownCode, md, shorten } from "../gate/report/escape.ts";
import { announce } from "./events/announcement.ts";
import { BREAK_GLASS, incidentLink } from "./events/break-glass-words.ts";
import { type Incident, isReviewed, keptIncidents } from "./events/incident-record.ts";
import type { Place } from "./place.ts";
import type { Services } from "./services.ts";
import type { Archive } from "./store/archive.ts";

/** GitHub takes 65,536 characters. */
const LINES_CHARS_MAX = 60_000;
/** Names of one list, and characters of each. */
const NAMES_MAX = 10;
const NAME_CHARS_MAX = 80;

const MONTH_CHARS = "2026-10".length;

/**
 * Opens, once a month, an issue that lists every use of break-glass of the month before; none where there was none.
 * Asks GitHub for nothing where there is nothing to say.
 */
export async function reportUses(services: Services, place: Place): Promise<void> {
  const { github, now } = services;
  const { archive } = services.store;
  const month = monthBefore(now());
  const name = `uses-reported/${place.repositoryId}`;
  if ((await archive.get(name)) === month) return;
  const uses = await findUses(archive, place, { month, end: monthOf(now()) });
  if (uses.length > 0) {
    const client = github.installation(place.installationId);
    await announce(
      { ...services, place, client },
      {
        marker: `<!-- weighbridge:break-glass-uses:${month} -->`,
        title: `${BREAK_GLASS}: uses in ${wordsOf(month)}`,
        body: reportBody(uses, now()).source,
      },
    );
  }
  await archive.set(name, month);
}

interface Period {
  readonly month: string;
  /** The month after it. */
  readonly end: string;
}

/**
 * Uses until the end of the month that no report has listed: one that was kept too late for its own month is in the
 * next. Which they are is kept before they are told, so that none is left out by whoever goes on with it.
 */
async function findUses(
  archive: Archive,
  place: Place,
  { month, end }: Period,
): Promise<readonly Incident[]> {
  const names = `uses-report/${place.repositoryId}/`;
  const incidents = await keptIncidents(archive, place);
  const kept = (await archive.get(`${names}${month}`)) ?? (await listNew());
  const listed = idsIn(kept);
  return incidents.filter(({ occurrence }) => listed.has(occurrence.id));

  async function listNew(): Promise<string> {
    const told = idsIn(...(await archive.under(names)));
    const fresh = incidents.filter(({ occurrence, usedAt }) => usedAt < end && !told.has(occurrence.id));
    const list = JSON.stringify(fresh.map(({ occurrence }) => occurrence.id));
    return fresh.length === 0 ? list : archive.setOnce(`${names}${month}`, list);
  }
}

function idsIn(...lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list): readonly string[] => JSON.parse(list)));
}

function reportBody(uses: readonly Incident[], now: number): Markdown {
  const lines = uses.map((use) => lineOf(use, now));
  const shown = thatFit(lines);
  const more = lines.length - shown.length;
  return md`Pull requests that two or three people let in against closed gates. Each has an issue, where GitHub took one, and their words are in the audit trail as \`breakglass.used\`.

${join(shown, md``)}${more > 0 ? md`- and ${more} more\n` : md``}`;
}

function thatFit(lines: readonly Markdown[]): readonly Markdown[] {
  let chars = 0;
  const cut = lines.findIndex(({ source }) => {
    chars += source.length;
    return chars > LINES_CHARS_MAX;
  });
  return cut === -1 ? lines : lines.slice(0, cut);
}

function lineOf(use: Incident, now: number): Markdown {
  const { usedAt, pull, models, breakers, occurrence } = use;
  const [asked, agreed] = breakers.map((id) => markdownCode(String(id)));
  return md`- ${usedAt}: pull request #${pull}, incident ${incidentLink(use)}
  - Models: ${namesOf(models)}
  - Closed gates: ${namesOf(occurrence.gates)}
  - Asked for by account ${asked ?? "unknown"}, agreed to by account ${agreed ?? "unknown"}
  - ${reviewOf(use, now)}\n`;
}

function reviewOf(use: Incident, now: number): Markdown {
  const { reviews, reviewBy } = use;
  const people = reviews
    .filter(({ roles }) => roles.length > 0)
    .map(({ userId, roles }) => md`account ${markdownCode(String(userId))} (${roles.join(", ")})`);
  const by = people.length === 0 ? md`nobody yet` : join(people, md` and `);
  if (isReviewed(use)) return md`Reviewed by ${by}`;
  const isLate = now >= Date.parse(reviewBy);
  return md`Reviewed by ${by}; ${isLate ? "overdue since" : "due by"} ${reviewBy}`;
}

function namesOf(names: readonly string[]): Markdown {
  const shown = names.slice(0, NAMES_MAX).map((name) => md`${shorten(name, NAME_CHARS_MAX)}`);
  const more = names.length - shown.length;
  return md`${join(shown, md`, `)}${more > 0 ? md` and ${more} more` : md``}`;
}

/** UTC, as in `2026-10`. */
function monthOf(now: number): string {
  return new Date(now).toISOString().slice(0, MONTH_CHARS);
}

function monthBefore(now: number): string {
  const date = new Date(now);
  return monthOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1));
}

/** `October 2026` */
function wordsOf(month: string): string {
  const first = new Date(`${month}-01T00:00:00Z`);
  return first.toLocaleDateString("en-US", { month: "long", year: "numeric", timeZone: "UTC" });
}
