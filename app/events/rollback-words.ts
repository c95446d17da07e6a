import { join, type Markdown, markdownCode, md, shorten } from "../../gate/report/escape.ts";
import { BREAK_GLASS, incidentLabel, incidentLink } from "./break-glass-words.ts";
import type { Incident } from "./incident-record.ts";
import type { Restoration } from "./rollback-plan.ts";

/** Paths of one list, and characters of each, so that the text stays within what GitHub takes. */
const LISTED_MAX = 30;
const PATH_CHARS_MAX = 120;

/** The way back from what an incident let in: a pull request, or why there is none. */
export type Rollback =
  | { readonly kind: "open"; readonly number: number }
  | { readonly kind: "none"; readonly because: Markdown };

export function rollbackTitle({ pull }: Incident): string {
  return `${BREAK_GLASS}: take back pull request ${pull}`;
}

export function commitMessage(incident: Incident): string {
  return `Take back pull request ${incident.pull}\n\nIt entered against closed gates, and the review of incident ${incidentLabel(incident)} is overdue.`;
}

/** What the rollback pull request says of itself. */
export function rollbackBody(
  incident: Incident,
  { changes, changedSince, workflows }: Restoration,
): Markdown {
  const { pull, reviewBy } = incident;
  return md`Pull request #${pull} entered against closed gates, and nobody has finished the review of incident ${incidentLink(incident)}, which was due by ${reviewBy}. This puts back what was there before it: ${changes.length} paths.

It is judged like any other change. Close it if what entered is to stay: it opens once.
${listOf(md`Left alone, for they have changed since`, changedSince)}${listOf(md`Left alone, for the App may not write workflows`, workflows)}`;
}

/** What the issue about an overdue review says of the way back. */
export function rollbackNotice({ pull }: Incident, rollback: Rollback): Markdown {
  return rollback.kind === "open"
    ? md`Pull request #${rollback.number} takes back what pull request #${pull} brought. Close it if that is to stay.`
    : md`No pull request opens that takes it back: ${rollback.because}. If it is not to stay, take pull request #${pull} back yourselves.`;
}

function listOf(title: Markdown, paths: readonly string[]): Markdown {
  if (paths.length === 0) return md``;
  const shown = paths
    .slice(0, LISTED_MAX)
    .map((path) => md`- ${markdownCode(shorten(path, PATH_CHARS_MAX))}\n`);
  const more = paths.length - shown.length;
  return md`\n${title}:\n\n${join(shown, md``)}${more > 0 ? md`- and ${more} more\n` : md``}`;
}
