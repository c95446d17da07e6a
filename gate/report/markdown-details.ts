import type { GateResult } from "../model/decision.ts";
import type { Section } from "./budget.ts";
import { join, type Markdown, markdownCodeElement, md, shorten, tableLines } from "./escape.ts";
import { explanationLines, message, name, placeName, STANDING_ICONS } from "./markdown-phrases.ts";
import { toWorded } from "./message.ts";
import type { Report, ReportedModel, ResultGroup } from "./report.ts";
import { isUnmet, outcomeWords, remedyOf, standingOf } from "./results.ts";
import { phrase } from "./sentences.ts";

/** The folded parts of a comment, in their order. */
export function detailSections(report: Report): readonly (Section | undefined)[] {
  return [
    ...report.groups.map(groupSection),
    policySection(report),
    unreadableSection(report),
    modelsSection(report),
    tighteningsSection(report),
    weighedSection(report),
  ];
}

interface Folded {
  readonly rank: number;
  readonly title: Markdown;
  readonly rowsName: string;
}

/** Folded rows of a table; none where there are none. */
function foldedTable(
  folded: Folded,
  head: readonly Markdown[],
  rows: readonly (readonly Markdown[])[],
): Section | undefined {
  if (rows.length === 0) return undefined;
  const lines = tableLines(
    [head, ...rows],
    head.map(() => "left"),
  );
  const [top, body] = [lines.slice(0, 2), lines.slice(2)];
  return {
    rank: folded.rank,
    open: md`<details><summary>${folded.title}</summary>\n\n${join(top, md`\n`)}\n`,
    rows: body.map((line) => md`${line}\n`),
    close: md`\n</details>\n`,
    rowsName: folded.rowsName,
  };
}

function foldedList(folded: Folded, items: readonly Markdown[]): Section | undefined {
  if (items.length === 0) return undefined;
  return {
    rank: folded.rank,
    open: md`<details><summary>${folded.title}</summary>\n\n`,
    rows: items.map((item) => md`- ${item}\n`),
    close: md`\n</details>\n`,
    rowsName: folded.rowsName,
  };
}

function groupSection({ model, results }: ResultGroup): Section | undefined {
  const closed = results.filter(({ closes }) => closes).length;
  // Markdown is not read between <summary> and </summary>.
  const about = model === undefined ? md`the whole change` : markdownCodeElement(shorten(model, 100));
  const title = md`${phrase(results.length, "gate", "gates")} of ${about}${closed === 0 ? md`` : md`, ${closed} closed`}`;
  return foldedTable(
    { rank: 4, title, rowsName: "gates" },
    [md` `, md`Gate`, md`Found`, md`Asked`],
    results.map((result) => [
      STANDING_ICONS[standingOf(result)],
      md`${name(result.gate)}<br>${message(result.title)}`,
      join(foundLines(result), md`<br>`),
      result.expected === undefined ? md`–` : message(result.expected),
    ]),
  );
}

function foundLines(result: GateResult): readonly Markdown[] {
  const { observed } = result;
  const seen = md`**${outcomeWords(result)}**${observed === undefined ? md`` : md`: ${message(observed)}`}`;
  if (!isUnmet(result))
    return [seen, ...result.findings.slice(0, 1).map((reason) => message(toWorded(reason.message).text))];
  const fix = result.waiver === undefined ? [md`Fix: ${message(remedyOf(result))}`] : [];
  return [seen, ...explanationLines(result), ...fix];
}

function policySection({ policyChange }: Report): Section | undefined {
  if (policyChange === undefined) return undefined;
  const files = policyChange.files.map(({ path, kind }) => md`${kind} ${name(path)}`);
  const differences = policyChange.differences.map(
    ({ gate, what, from, to, effect }) =>
      md`${effect}: ${name(gate)} ${name(what)} from ${name(from)} to ${name(to)}`,
  );
  const { unreadable } = policyChange;
  const problem =
    unreadable === undefined
      ? []
      : [md`cannot be read: ${message(toWorded(unreadable.message).text)} (${name(unreadable.code)})`];
  const title = md`What this change would do to its judge`;
  return foldedList({ rank: 2, title, rowsName: "policy differences" }, [
    ...problem,
    ...differences,
    ...files,
  ]);
}

function unreadableSection({ unreadable }: Report): Section | undefined {
  const title = md`Evidence that could not be used: ${unreadable.length}`;
  return foldedTable(
    { rank: 3, title, rowsName: "unreadable files" },
    [md`Model`, md`Side`, md`Place`, md`Why`],
    unreadable.map(({ model, side, place, message: why, code }) => [
      model === undefined ? md`–` : name(model),
      md`${side}`,
      placeName(place),
      md`${message(toWorded(why).text)} (${name(code)})`,
    ]),
  );
}

function modelsSection({ models }: Report): Section | undefined {
  return foldedList(
    { rank: 5, title: md`Why this class and tier`, rowsName: "models" },
    [...models.values()].map(reasonsOf),
  );
}

function reasonsOf({ id, changeClass, classReasons, tier, tierReasons }: ReportedModel): Markdown {
  const lines = [
    md`${name(id)}: class ${changeClass}, tier ${tier}`,
    ...[...classReasons, ...tierReasons].slice(0, 12).map(message),
  ];
  return join(lines, md`<br>`);
}

function tighteningsSection({ tightenings }: Report): Section | undefined {
  const title = md`Stricter here than in the packs: ${tightenings.length}`;
  return foldedTable(
    { rank: 6, title, rowsName: "tightenings" },
    [md`Gate`, md`What`, md`Pack`, md`Here`, md`By`],
    tightenings.map(({ gate, what, from, to, by }) => [gate, what, from, to, by].map(name)),
  );
}

/** What an approval or a replay is bound to. */
function weighedSection({ record }: Report): Section | undefined {
  const { input, digests } = record;
  const { change, policy } = input;
  const rows: readonly (readonly [string, string])[] = [
    ["Decision", record.digest],
    ["Decided at", input.now],
    ["Base", change.base],
    ["Merge base", change.mergeBase],
    ["Head", change.head],
    ["Policy", `${policy.name} ${policy.version}`],
    ...policy.sources.map((source) => [source.name, source.digest] as const),
    ["Change", digests.change],
    ["Policy as merged", digests.policy],
    ["Evidence", digests.evidence],
    ["Subject of approvals", digests.subject],
    ["Engine", record.engine],
  ];
  return foldedTable(
    { rank: 5, title: md`What was weighed`, rowsName: "digests" },
    [md` `, md` `],
    rows.map(([label, value]) => [md`${label}`, name(value)]),
  );
}
