import type { DecisionRecord } from "../gate/model/decision.ts";
import { toAnnotations } from "../gate/report/annotations.ts";
import { toMarkdown } from "../gate/report/markdown.ts";
import { toReport } from "../gate/report/report.ts";
import { toSummary } from "../gate/report/summary.ts";
import { toText } from "../gate/report/text.ts";
import { type Conversation, publishIn } from "./conversation.ts";
import { tryTo } from "./failure.ts";
import type { RunRequest } from "./inputs.ts";
import { logAnnotations, logNotices, logText } from "./log.ts";
import { writeReportFiles } from "./report-files.ts";
import { setOutputs, writeSummary } from "./step.ts";

export interface Announcement {
  readonly request: RunRequest;
  readonly record: DecisionRecord;
  readonly conversation: Conversation;
  /** What the run has to say besides the decision. */
  readonly notices: readonly string[];
}

const LOG_COLUMNS = 120;
const FULL_REPORT = { text: "the file report.html of this run" };

/**
 * Says what was decided in every place there is: the log, the files, the summary, the outputs, then the comment.
 * Whether all of it could be said: where the summary, the outputs or the comment fail, the log says so and the others
 * say what was decided. Rejects as `writeReportFiles`: the outputs name the files, so without them there is no word.
 */
export async function announce({ request, record, conversation, notices }: Announcement): Promise<boolean> {
  const report = toReport(record);
  logText(toText(report, { width: LOG_COLUMNS }));
  logAnnotations(toAnnotations(report));
  logNotices(notices);
  const files = await writeReportFiles(request, report);
  const outputs = {
    verdict: record.verdict,
    decision: files["decision.json"],
    "decision-digest": record.digest,
    report: files["report.html"],
    directory: request.outputDirectory,
  };
  const summary = toSummary(report, { fullReport: FULL_REPORT });
  const said = [
    await tryTo(() => writeSummary(request.summaryFile, summary)),
    await tryTo(() => setOutputs(outputs)),
    await tryTo(() => publishIn(conversation, (options) => toMarkdown(report, options).source)),
  ];
  return !said.includes(false);
}
