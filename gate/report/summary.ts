import { SUMMARY_BUDGET } from "./budget.ts";
import type { Markdown } from "./escape.ts";
import { type MarkdownOptions, toMarkdown } from "./markdown.ts";
import type { Report } from "./report.ts";

/** The summary of a job: what the comment says, with room for sixteen times as much. */
export function toSummary(report: Report, options: Omit<MarkdownOptions, "budget" | "pull"> = {}): Markdown {
  return toMarkdown(report, { ...options, budget: SUMMARY_BUDGET });
}
