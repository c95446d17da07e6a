import type { Annotation } from "../../gate/report/annotations.ts";
import { toAnnotations } from "../../gate/report/annotations.ts";
import type { Budget } from "../../gate/report/budget.ts";
import { join, type Markdown, md, shorten } from "../../gate/report/escape.ts";
import { toMarkdown } from "../../gate/report/markdown.ts";
import type { Report } from "../../gate/report/report.ts";
import { countsLine } from "../../gate/report/sentences.ts";

/** What was decided of one pull request that a commit heads. */
export type HeadDecision =
  | {
      readonly kind: "judged";
      readonly number: number;
      readonly report: Report;
      /** Opened in an emergency, against the gates: it passes, and is not shown as a success. */
      readonly isBreakGlass?: boolean;
      /** What is said above the report. */
      readonly notice?: Markdown;
    }
  /** It could not be judged, or nobody has judged it: it closes. */
  | {
      readonly kind: "problem";
      readonly number: number;
      readonly title: string;
      readonly message: string;
      /** Where it is no failure. */
      readonly conclusion?: "action_required";
    };

export type Conclusion = "success" | "failure" | "action_required" | "neutral";

/** What a required check lets pass. */
export const OPENING: ReadonlySet<string | undefined> = new Set([
  "success",
  "neutral",
] satisfies Conclusion[]);

/** GitHub counts 65,535 characters in the summary and in the text alike. */
const TEXT_CHARS_MAX = 65_000;
const TITLE_CHARS_MAX = 250;
/** Pull requests of one head that are shown in full; every one counts. */
const PULLS_SHOWN_MAX = 10;
/** Four requests' worth; the report has all. */
export const ANNOTATIONS_MAX = 200;
const ANNOTATION_TITLE_CHARS_MAX = 200;
const ANNOTATION_MESSAGE_CHARS_MAX = 8_000;

/** Later closes more. GitHub lets `neutral` pass a required check. */
const WORST_LAST = [
  "success",
  "neutral",
  "action_required",
  "failure",
] as const satisfies readonly Conclusion[];

/** The worst of all pull requests of a head: a check belongs to the commit, and one verdict must not open another. */
export function conclusionOf(decisions: readonly HeadDecision[]): Conclusion {
  // Nothing that was decided is no success.
  const worst = decisions.length === 0 ? WORST_LAST.length - 1 : Math.max(...decisions.map(rankOf));
  return WORST_LAST[worst] ?? "failure";
}

function rankOf(decision: HeadDecision): number {
  return WORST_LAST.indexOf(
    decision.kind === "problem" ? (decision.conclusion ?? "failure") : conclude(decision),
  );
}

function conclude({ report, isBreakGlass }: HeadDecision & { kind: "judged" }): Conclusion {
  if (isBreakGlass === true) return "neutral";
  switch (report.verdict) {
    case "pass":
      return "success";
    case "wait":
      return "action_required";
    case "fail":
    case "error":
      return "failure";
  }
}

/** The `output` of a check run without its annotations. */
export interface CheckOutput {
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

export function toOutput(
  decisions: readonly HeadDecision[],
  annotations: readonly CheckAnnotation[],
): CheckOutput {
  const worstFirst = decisions.toSorted((a, b) => rankOf(b) - rankOf(a) || a.number - b.number);
  const shown = worstFirst.slice(0, PULLS_SHOWN_MAX);
  const budget = budgetOf(Math.max(shown.length, 1));
  const [worst] = worstFirst;
  return {
    title: shorten(worst === undefined ? "Nothing was judged" : titleOf(worst), TITLE_CHARS_MAX),
    summary: summaryOf(worstFirst, annotations).source,
    text: join(
      shown.map((decision) => section(decision, budget, decisions.length > 1)),
      md`\n`,
    ).source,
  };
}

/** A share of the text for each, less what its heading takes. */
function budgetOf(shares: number): Budget {
  const charactersMax = Math.floor(TEXT_CHARS_MAX / shares) - 100;
  return { charactersMax, bytesMax: charactersMax };
}

function titleOf(decision: HeadDecision): string {
  if (decision.kind === "problem") return decision.title;
  const { statement } = decision.report;
  return decision.isBreakGlass === true ? `BREAK-GLASS: ${statement}` : statement;
}

function summaryOf(decisions: readonly HeadDecision[], annotations: readonly CheckAnnotation[]): Markdown {
  const lines = decisions
    .slice(0, PULLS_SHOWN_MAX)
    .map((decision) => summaryLine(decision, decisions.length > 1));
  const more = decisions.length - lines.length;
  const several =
    decisions.length > 1
      ? [md`This commit heads ${decisions.length} pull requests; the worst of them decides.`]
      : [];
  const rest = more > 0 ? [md`…and ${more} more pull requests`] : [];
  return join([...several, ...lines, ...rest, ...annotationsLine(annotations)], md`\n\n`);
}

function summaryLine(decision: HeadDecision, isOneOfMany: boolean): Markdown {
  const about = isOneOfMany ? md`**Pull request ${decision.number}:** ` : md``;
  if (decision.kind === "problem") return md`${about}${decision.title}`;
  return md`${about}${titleOf(decision)}. ${countsLine(decision.report.counts)}.`;
}

function annotationsLine(annotations: readonly CheckAnnotation[]): readonly Markdown[] {
  const marked = Math.min(annotations.length, ANNOTATIONS_MAX);
  return annotations.length > marked
    ? [md`${marked} of ${annotations.length} findings are marked in the files; the report has all.`]
    : [];
}

function section(decision: HeadDecision, budget: Budget, isOneOfMany: boolean): Markdown {
  const heading = isOneOfMany ? md`# Pull request ${decision.number}\n\n` : md``;
  if (decision.kind === "problem") return md`${heading}${decision.message}\n`;
  const { report, notice } = decision;
  const options = { budget, fullReport: { text: "the report of this decision" } };
  return md`${heading}${toMarkdown(report, { ...options, ...(notice !== undefined && { notice }) })}`;
}

/** As the API takes it; GitHub shows its texts as they are. */
export interface CheckAnnotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly annotation_level: "failure" | "warning" | "notice";
  readonly title: string;
  readonly message: string;
}

const LEVELS = { error: "failure", warning: "warning", notice: "notice" } as const;

/** Those of all decisions, the worst first, each once; what points at no file is in the text alone. */
export function checkAnnotations(decisions: readonly HeadDecision[]): readonly CheckAnnotation[] {
  const all = decisions.flatMap((decision) =>
    decision.kind === "judged" ? toAnnotations(decision.report) : [],
  );
  const marks = Object.keys(LEVELS).flatMap((level) =>
    all.filter((each) => each.level === level).flatMap(toMark),
  );
  return [...new Map(marks.map((mark) => [JSON.stringify(mark), mark])).values()];
}

function toMark({ level, path, line, title, message }: Annotation): readonly CheckAnnotation[] {
  if (path === undefined) return [];
  return [
    {
      ...{ path, start_line: line, end_line: line, annotation_level: LEVELS[level] },
      title: shorten(title, ANNOTATION_TITLE_CHARS_MAX),
      message: shorten(message, ANNOTATION_MESSAGE_CHARS_MAX),
    },
  ];
}
