import type { GateResult } from "../model/decision.ts";
import type { EvidenceProblem } from "../model/evidence.ts";
import { commandData, commandProperty, terminal } from "./escape.ts";
import { byText } from "./order.ts";
import { homeOf, type Report } from "./report.ts";
import { explanationsOf, isUnmet, outcomeWords, remedyOf, standingOf } from "./results.ts";

/** A remark on a line of a file. Its texts are plain: escaped when they are printed or sent. */
export interface Annotation {
  readonly level: Level;
  /** Absent where there is no file to point at, or its name is not UTF-8 and no interface could carry it. */
  readonly path?: string;
  /** From 1. */
  readonly line: number;
  readonly title: string;
  readonly message: string;
}

type Level = "error" | "warning" | "notice";

/** A log shows so many of each level in a step; GitHub drops the rest in silence. */
export const LOG_ANNOTATIONS_MAX = 10;

const LEVELS: readonly Level[] = ["error", "warning", "notice"];

/** One for each finding that is not met, and for what is not used: what closes is an error. Sorted by level, path and line. */
export function toAnnotations(report: Report): readonly Annotation[] {
  const results = report.groups.flatMap((group) => group.results).filter(isUnmet);
  const annotations = [
    ...results.flatMap((result) => annotationsOf(result, report)),
    ...report.unused.map(unusedAnnotation),
  ];
  return annotations.sort(
    (a, b) =>
      LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) ||
      byText<Annotation>(({ path }) => path ?? "")(a, b) ||
      a.line - b.line ||
      byText<Annotation>(({ title }) => title)(a, b),
  );
}

/** A file of the run is none of the commit's, where GitHub could mark it. */
function unusedAnnotation({ message, fix }: EvidenceProblem): Annotation {
  return {
    level: "warning",
    line: 1,
    title: "Evidence that is not used",
    message: `${terminal(message)}${fix === undefined ? "" : `\nFix: ${terminal(fix)}`}`,
  };
}

function annotationsOf(result: GateResult, report: Report): readonly Annotation[] {
  const title = `${result.gate}: ${result.title} (${outcomeWords(result)})`;
  return explanationsOf(result).map(({ text, place = homeOf(result, report) }) => ({
    level: levelOf(result),
    ...(place?.path.isWellFormed() === true ? { path: place.path } : {}),
    line: place?.line ?? 1,
    title: terminal(title),
    message: `${terminal(text)}\nFix: ${terminal(remedyOf(result))}`,
  }));
}

function levelOf(result: GateResult): Level {
  const standing = standingOf(result);
  return standing === "closes" ? "error" : standing === "warns" ? "warning" : "notice";
}

/** Lines for the log of a step: as many of each level as GitHub shows, and how many there are in all. */
export function toWorkflowCommands(annotations: readonly Annotation[]): readonly string[] {
  return LEVELS.flatMap((level) => {
    const all = annotations.filter((annotation) => annotation.level === level);
    const shown = all.slice(0, LOG_ANNOTATIONS_MAX);
    const total = `Weighbridge marks ${shown.length} of ${all.length} ${level}s here; the report has all`;
    return [...shown.map(toCommand), ...(shown.length === all.length ? [] : [total])];
  });
}

function toCommand({ level, path, line, title, message }: Annotation): string {
  const place = path === undefined ? "" : `file=${commandProperty(path)},line=${line},`;
  return `::${level} ${place}title=${commandProperty(title)}::${commandData(message)}`;
}
