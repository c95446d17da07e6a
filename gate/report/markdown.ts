import type { GateResult } from "../model/decision.ts";
import { type Budget, COMMENT_BUDGET, fit, type Section } from "./budget.ts";
import { join, type Markdown, markdownLink, md, tableLines } from "./escape.ts";
import { approvalSections } from "./markdown-approvals.ts";
import { detailSections } from "./markdown-details.ts";
import { explanationLines, message, name, STANDING_ICONS } from "./markdown-phrases.ts";
import type { MetricRow } from "./metric-rows.ts";
import type { Report, ReportedModel, WaivedResult } from "./report.ts";
import { OUTCOME_WORDS, outcomeWords, remedyOf, standingOf } from "./results.ts";
import { CLASS_WORDS, countsLine } from "./sentences.ts";

export interface MarkdownOptions {
  /** The pull request whose comment this is. */
  readonly pull?: number;
  /** Where all of it can be read, should this be cut; the words are ours. */
  readonly fullReport?: { readonly text: string; readonly url?: string };
  /** What the door knows and the decision does not say; it stands first. Ends its own line. */
  readonly notice?: Markdown;
  readonly budget?: Budget;
}

/** How many blockers, models and metrics stand unfolded. */
const WORST_SHOWN = 3;
const MODELS_SHOWN = 5;
const METRICS_SHOWN = 20;

/** What a comment of ours begins with: with its author, the way to find it again. */
export function commentMarker(pull?: number): string {
  return markerOf(pull).source;
}

/** No text of a pull request can contain it, for none keeps its `<`. */
function markerOf(pull?: number): Markdown {
  return pull === undefined ? md`<!-- weighbridge:report -->` : md`<!-- weighbridge:${pull} -->`;
}

/** A pull request's comment: verdict, the worst with their remedies, numbers; everything else folded. */
export function toMarkdown(report: Report, options: MarkdownOptions = {}): Markdown {
  const sections = [
    headSection(report, options.pull),
    ...noticeSections(report, options.notice),
    worstSection(report),
    ...approvalSections(report),
    metricsSection(report),
    waivedSection(report),
    countsSection(report),
    ...detailSections(report),
  ].filter((section) => section !== undefined);
  return fit(sections, options.budget ?? COMMENT_BUDGET, fullReportSentence(options));
}

function fullReportSentence({ fullReport }: MarkdownOptions): Markdown {
  if (fullReport === undefined) return md`\`weighbridge check --format html\` prints all of it.`;
  const { text, url } = fullReport;
  return md`All of it: ${url === undefined ? text : markdownLink(text, url)}.`;
}

const TONE_ICONS = { passed: md`✅`, warned: md`⚠️`, waiting: md`⏳`, closed: md`❌` } as const;

function headSection(report: Report, pull?: number): Section {
  const icon = TONE_ICONS[report.tone];
  return {
    rank: 0,
    open: md`${markerOf(pull)}\n## ${icon} ${report.headline}\n${modelsLine([...report.models.values()])}`,
    rows: [],
    close: md``,
    rowsName: "headlines",
  };
}

function modelsLine(models: readonly ReportedModel[]): Markdown {
  if (models.length === 0) return md``;
  const shown = models
    .slice(0, MODELS_SHOWN)
    .map(
      ({ id, changeClass, tier }) =>
        md`${name(id)}: ${CLASS_WORDS[changeClass]} (class ${changeClass}), tier ${tier}`,
    );
  const more = models.length - shown.length;
  return md`\n${join(shown, md`<br>`)}${more === 0 ? md`` : md`<br>and ${more} more models`}\n`;
}

function noticeSections({ next, policyChange }: Report, own?: Markdown): readonly Section[] {
  const notice = (text: Markdown): Section => ({
    rank: 0,
    open: text,
    rows: [],
    close: md``,
    rowsName: "notices",
  });
  return [
    ...(own === undefined ? [] : [notice(own)]),
    ...(next === undefined
      ? []
      : [notice(md`> [!IMPORTANT]\n> **Advisory only.** ${next.text} ${name(next.command)}.\n`)]),
    ...(policyChange === undefined ? [] : [notice(md`> [!WARNING]\n> ${policyChange.summary}\n`)]),
  ];
}

function worstSection(report: Report): Section | undefined {
  const { blockers, warnings } = report;
  const results = blockers.length > 0 ? blockers : warnings;
  if (results.length === 0) return undefined;
  const more = results.length - WORST_SHOWN;
  const word = blockers.length > 0 ? md`close this change` : md`warn`;
  return {
    rank: 1,
    open: md``,
    rows: results.slice(0, WORST_SHOWN).map((result, index) => worstItem(index + 1, result)),
    close: more > 0 ? md`\n${more} more ${word}; they are listed below.\n` : md``,
    rowsName: blockers.length > 0 ? "blockers" : "warnings",
  };
}

function worstItem(number: number, result: GateResult): Markdown {
  const model = result.model === undefined ? md`` : md` · ${name(result.model)}`;
  const lines = [
    md`**${message(result.title)}** · ${name(result.gate)}${model} · ${outcomeWords(result)}`,
    ...explanationLines(result),
    md`Why: ${message(result.why)}`,
    md`**Fix:** ${message(remedyOf(result))}`,
  ];
  return md`${number}. ${join(lines, md`<br>`)}\n`;
}

function metricsSection(report: Report): Section | undefined {
  const { metrics, models } = report;
  if (metrics.length === 0) return undefined;
  const head = [md`Metric`, md`Dataset`, md`Base`, md`Head`, md`Change`, md`Gate`];
  const align = ["left", "left", "right", "right", "right", "left"] as const;
  const isOne = models.size === 1;
  const rows = metrics.map((row) => (isOne ? metricCells(row) : [name(row.model), ...metricCells(row)]));
  const lines = tableLines(
    [isOne ? head : [md`Model`, ...head], ...rows],
    isOne ? align : ["left", ...align],
  );
  const [open, rest] = [lines.slice(0, 2), lines.slice(2)];
  const more = rest.length - METRICS_SHOWN;
  return {
    rank: 3,
    open: md`${join(open, md`\n`)}\n`,
    rows: rest.slice(0, METRICS_SHOWN).map((line) => md`${line}\n`),
    close: more > 0 ? md`\n${more} more metrics are in the full report.\n` : md``,
    rowsName: "metrics",
  };
}

function metricCells(row: MetricRow): readonly Markdown[] {
  const { base, head, delta, change, judged } = row;
  const side = (value: string | undefined) => (value === undefined ? md`–` : message(value));
  const direction = change === undefined || change === "same" ? md`` : md` ${change}`;
  return [
    name(row.metric),
    name(row.dataset),
    side(base),
    side(head),
    delta === undefined ? md`–` : md`${delta}${direction}`,
    judged === undefined ? md`–` : judgedCell(judged),
  ];
}

function judgedCell({ outcome, result }: NonNullable<MetricRow["judged"]>): Markdown {
  // A gate over several numbers may fail for another one and pass this.
  if (outcome !== result.outcome) return md`${STANDING_ICONS.passes} ${OUTCOME_WORDS[outcome]}`;
  return md`${STANDING_ICONS[standingOf(result)]} ${OUTCOME_WORDS[outcome]} ${name(result.gate)}`;
}

function waivedSection({ waived }: Report): Section | undefined {
  if (waived.length === 0) return undefined;
  return {
    rank: 2,
    open: md`**Open by waiver**\n\n`,
    rows: waived.map((item) => md`- ${waivedLine(item)}\n`),
    close: md``,
    rowsName: "waivers",
  };
}

function waivedLine({ result, waiver }: WaivedResult): Markdown {
  const model = result.model === undefined ? md`` : md` of ${name(result.model)}`;
  const outcome = md`${name(result.gate)}${model}: **${OUTCOME_WORDS[result.outcome]}**`;
  if (waiver === undefined) return md`${outcome}, waived by ${name(result.waiver ?? "")}`;
  const people = waiver.approvals.map(
    ({ role, login, userId }) => md`${login ?? `user ${userId}`} (${role})`,
  );
  const agreed = people.length === 0 ? md`` : md`<br>Agreed by ${join(people, md`, `)}`;
  return md`${outcome}, waived by ${name(waiver.id)} until ${name(waiver.expires)}<br>Reason: ${message(waiver.reason)}${agreed}`;
}

function countsSection({ counts }: Report): Section {
  return { rank: 1, open: md`${countsLine(counts)}.\n`, rows: [], close: md``, rowsName: "counts" };
}
