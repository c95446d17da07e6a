import type { GateResult } from "../model/decision.ts";
import { approvalsSentence, uncountedWords } from "./approval-rows.ts";
import { toWorded } from "./message.ts";
import type { MetricRow } from "./metric-rows.ts";
import type { Report, ResultGroup, Tone, WaivedResult } from "./report.ts";
import {
  explanationsOf,
  isUnmet,
  OUTCOME_WORDS,
  outcomeWords,
  placeText,
  remedyOf,
  type Standing,
  standingOf,
} from "./results.ts";
import { CLASS_WORDS, countsLine } from "./sentences.ts";
import { alignColumns, layOut, type Paragraph, type Style, type TextOptions } from "./terminal-layout.ts";

const WORST_SHOWN = 3;

const TONE_STYLES: Readonly<Record<Tone, Style>> = {
  passed: "green",
  warned: "yellow",
  waiting: "yellow",
  closed: "red",
};

const MARKS: Readonly<Record<Standing, { readonly mark: string; readonly style: Style }>> = {
  closes: { mark: "✗", style: "red" },
  warns: { mark: "!", style: "yellow" },
  notes: { mark: "i", style: "dim" },
  waived: { mark: "w", style: "yellow" },
  passes: { mark: "✓", style: "green" },
  not_applicable: { mark: "-", style: "dim" },
};

/** The report for a terminal or a build log. */
export function toText(report: Report, options: TextOptions = {}): string {
  const print = (paragraphs: readonly Paragraph[]) =>
    paragraphs.flatMap((paragraph) => layOut(paragraph, options));
  const blocks = [
    print(head(report)),
    print(notices(report)),
    ...worst(report).map(print),
    print(approvals(report)),
    print(waivers(report)),
    metricLines(report, options),
    ...report.groups.map((group) => print(gates(group, report))),
    print(policyChange(report)),
    print(unreadable(report)),
    print(foot(report)),
  ];
  const texts = blocks.filter((block) => block.length > 0).map((block) => block.join("\n"));
  return `${texts.join("\n\n")}\n`;
}

function head({ headline, tone, models }: Report): readonly Paragraph[] {
  return [
    { indent: 0, text: headline, style: TONE_STYLES[tone] },
    ...[...models.values()].map(({ id, changeClass, tier }) => ({
      indent: 2,
      text: `${id}: ${CLASS_WORDS[changeClass]} (class ${changeClass}), tier ${tier}`,
    })),
  ];
}

function notices({ next, policyChange: change }: Report): readonly Paragraph[] {
  return [
    ...(next === undefined
      ? []
      : [
          {
            indent: 0,
            label: "ADVISORY ONLY ",
            labelStyle: "yellow" as const,
            text: `${next.text} ${next.command}`,
          },
        ]),
    ...(change === undefined
      ? []
      : [{ indent: 0, label: "! ", labelStyle: "yellow" as const, text: change.summary }]),
  ];
}

function worst(report: Report): readonly (readonly Paragraph[])[] {
  const { blockers, warnings } = report;
  const shown = topOf(report);
  const more = (blockers.length > 0 ? blockers : warnings).length - shown.length;
  const items = shown.map((result, index) => worstItem(index + 1, result));
  const word = blockers.length > 0 ? "close this change" : "warn";
  return more === 0
    ? items
    : [...items, [{ indent: 0, text: `${more} more ${word}; they are listed below` }]];
}

function worstItem(number: number, result: GateResult): readonly Paragraph[] {
  return [
    {
      indent: 0,
      label: `${number}. `,
      text: `${result.title} (${subjectOf(result)}): ${outcomeWords(result)}`,
      style: "bold",
    },
    ...explain(result),
    { indent: 3, label: "Why: ", labelStyle: "dim", text: result.why },
    fixLine(result),
  ];
}

function subjectOf({ gate, model }: GateResult): string {
  return model === undefined ? gate : `${gate}, ${model}`;
}

function topOf({ blockers, warnings }: Report): readonly GateResult[] {
  return (blockers.length > 0 ? blockers : warnings).slice(0, WORST_SHOWN);
}

function explain(result: GateResult): readonly Paragraph[] {
  return explanationsOf(result).flatMap(({ text, source, place }) => [
    { indent: 3, text: place === undefined ? text : `${text} (${placeText(place)})` },
    ...source.map((line) => sourceLine(3, line)),
  ]);
}

function sourceLine(indent: number, text: string): Paragraph {
  return { indent, text, style: "dim", isSource: true };
}

const SEAT_MARKS = {
  approved: { mark: "✓", style: "green" },
  waiting: { mark: "…", style: "yellow" },
  rejected: { mark: "✗", style: "red" },
} as const satisfies Readonly<Record<string, { readonly mark: string; readonly style: Style }>>;

function approvals({ approvals: all, models }: Report): readonly Paragraph[] {
  if (all === undefined) return [];
  const seats = all.seats.map(({ model = "the policy", role, state, who }): Paragraph => {
    const { mark, style } = SEAT_MARKS[state];
    const about = models.size > 1 ? ` (${model})` : "";
    return {
      indent: 1,
      label: `${mark} `,
      labelStyle: style,
      text: `${role}${about}: ${state}${who === undefined ? "" : ` by ${who}`}`,
    };
  });
  const uncounted = all.uncounted.map((vote) => ({
    indent: 1,
    label: "- ",
    text: `${vote.who} (${uncountedWords(vote)}): ${vote.reason}`,
  }));
  return [{ indent: 0, text: approvalsSentence(all), style: "bold" }, ...seats, ...uncounted];
}

function waivers({ waived }: Report): readonly Paragraph[] {
  return waived.map((item) => ({
    indent: 0,
    label: "waived: ",
    labelStyle: "yellow",
    text: waiverText(item),
  }));
}

function waiverText({ result, waiver }: WaivedResult): string {
  const about = result.model === undefined ? "" : ` of ${result.model}`;
  const what = `${result.gate}${about}: ${OUTCOME_WORDS[result.outcome]}, open by ${result.waiver}`;
  return waiver === undefined ? what : `${what} until ${waiver.expires}. Reason: ${waiver.reason}`;
}

function metricLines({ metrics, models }: Report, options: TextOptions): readonly string[] {
  if (metrics.length === 0) return [];
  const rows = [
    ["model", "metric", "dataset", "base", "head", "change", "gate"],
    ...metrics.map(metricCells),
  ];
  const table = alignColumns(models.size > 1 ? rows : rows.map((row) => row.slice(1)), options);
  return table ?? metrics.flatMap((row) => layOut({ indent: 2, text: metricText(row) }, options));
}

function metricCells(row: MetricRow): readonly string[] {
  const { model, metric, dataset, base = "-", head: now = "-" } = row;
  return [model, metric, dataset, base, now, changeText(row), judgedText(row)];
}

function metricText(row: MetricRow): string {
  const { model, metric, dataset, base = "nothing", head: now = "nothing" } = row;
  return `${model}: ${metric} on ${dataset} is ${base} at base, ${now} at head (${changeText(row)}), ${judgedText(row)}`;
}

function changeText({ delta, change }: MetricRow): string {
  return delta === undefined ? "-" : change === undefined || change === "same" ? delta : `${delta} ${change}`;
}

function judgedText({ judged }: MetricRow): string {
  if (judged === undefined) return "no gate";
  const { outcome, result } = judged;
  // A gate over several numbers may pass this one and fail for another.
  if (outcome !== result.outcome) return OUTCOME_WORDS[outcome];
  return `${OUTCOME_WORDS[outcome]}${result.waiver === undefined ? "" : ", waived"} ${result.gate}`;
}

/** Every gate; what is not met and was not said above is said here. */
function gates({ model, results }: ResultGroup, report: Report): readonly Paragraph[] {
  const said = new Set(topOf(report));
  const more = (result: GateResult) => (said.has(result) || !isUnmet(result) ? [] : details(result));
  return [
    { indent: 0, text: model ?? "The whole change", style: "bold" },
    ...results.flatMap((result) => [gateLine(result), ...more(result)]),
  ];
}

function details(result: GateResult): readonly Paragraph[] {
  return [...explain(result), ...(result.waiver === undefined ? [fixLine(result)] : [])];
}

function gateLine(result: GateResult): Paragraph {
  const { mark, style } = MARKS[standingOf(result)];
  const [finding] = result.findings;
  const seen = result.observed ?? (finding && toWorded(finding.message).text);
  const text = `${result.gate} ${outcomeWords(result)}${seen === undefined ? "" : `: ${seen}`}`;
  return { indent: 1, label: `${mark} `, labelStyle: style, text };
}

function fixLine(result: GateResult): Paragraph {
  return { indent: 3, label: "Fix: ", labelStyle: "bold", text: remedyOf(result) };
}

function policyChange({ policyChange: change }: Report): readonly Paragraph[] {
  if (change === undefined) return [];
  const { files, differences, unreadable: problem } = change;
  return [
    { indent: 0, text: "What this change would do to its judge", style: "bold" },
    ...(problem === undefined
      ? []
      : [{ indent: 2, text: `cannot be read: ${toWorded(problem.message).text}` }]),
    ...differences.map(({ gate, what, from, to, effect }) => ({
      indent: 2,
      text: `${effect}: ${gate} ${what} from ${from} to ${to}`,
    })),
    ...files.map(({ path, kind }) => ({ indent: 2, text: `${kind} ${path}` })),
  ];
}

function unreadable({ unreadable: problems }: Report): readonly Paragraph[] {
  if (problems.length === 0) return [];
  return [
    { indent: 0, text: "Evidence that could not be used", style: "bold" },
    ...problems.flatMap(({ message, place, code }) => {
      const { text, source } = toWorded(message);
      return [
        { indent: 2, text: `${text} (${placeText(place)}, ${code})` },
        ...source.map((line) => sourceLine(2, line)),
      ];
    }),
  ];
}

function foot({ counts, record }: Report): readonly Paragraph[] {
  const { policy, change } = record.input;
  const bound = [
    `policy ${policy.name} ${policy.version}`,
    `base ${change.base}`,
    `head ${change.head}`,
    `decision ${record.digest}`,
  ];
  return [
    { indent: 0, text: countsLine(counts), style: "bold" },
    ...bound.map((text) => ({ indent: 0, text, style: "dim" as const })),
  ];
}
