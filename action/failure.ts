import { GateError } from "../gate/model/error.ts";
import type { Annotation } from "../gate/report/annotations.ts";
import { type Markdown, markdownCode, md, terminal } from "../gate/report/escape.ts";
import { commentMarker } from "../gate/report/markdown.ts";
import { openConversation, publishIn } from "./conversation.ts";
import { type Environment, type RunRequest, summaryFile } from "./inputs.ts";
import { logAnnotations, logText } from "./log.ts";
import { setOutputs, writeSummary } from "./step.ts";

/**
 * Says why there is no decision, in every place there is; without a request, that is not the pull request. Never
 * rejects: one place that cannot be reached keeps nothing from the others, and all of them say that it stays closed.
 */
export async function announceFailure(error: unknown, env: Environment, request?: RunRequest): Promise<void> {
  const failure = toGateError(error);
  logFailure(error, failure);
  const summary = toSummary(failure);
  await tryTo(() => writeSummary(summaryFile(env), summary));
  await tryTo(() => setOutputs({ verdict: "error" }));
  if (request === undefined) return;
  // The comment on the commit before may say that everything passes.
  await tryTo(async () => {
    const conversation = await openConversation(request, request.head);
    await publishIn(conversation, ({ pull }) => `${commentMarker(pull)}\n${summary.source}`);
  });
}

/** Does one of several things; what goes wrong is said in the log, and the others are done all the same. */
export async function tryTo(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    logFailure(error, toGateError(error));
    return false;
  }
}

function logFailure(error: unknown, failure: GateError): void {
  if (failure.code === UNEXPECTED) {
    logText(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  logAnnotations([toAnnotation(failure)]);
}

const UNEXPECTED = "UNEXPECTED";

function toGateError(error: unknown): GateError {
  if (error instanceof GateError) return error;
  const state = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new GateError(UNEXPECTED, `Cannot judge this change: ${state}`, {
    fix: "This is a fault of Weighbridge: please report it with the log of this step",
  });
}

function toAnnotation({ code, message, place, fix }: GateError): Annotation {
  return {
    level: "error",
    ...(place?.path.isWellFormed() === true && { path: place.path }),
    line: place?.line ?? 1,
    title: `Weighbridge: ${code}`,
    message: [message, ...(fix === undefined ? [] : [`Fix: ${fix}`])].map(terminal).join("\n"),
  };
}

function toSummary({ code, message, place, fix }: GateError): Markdown {
  const where = place === undefined ? md`` : md`\nIn ${markdownCode(placeText(place))}\n`;
  const remedy = fix === undefined ? md`` : md`\n**Fix:** ${fix}\n`;
  return md`## 🛑 Weighbridge: this change could not be judged, so it stays closed\n\n${message} (${code})\n${where}${remedy}`;
}

function placeText({ path, line, column }: NonNullable<GateError["place"]>): string {
  return [path, ...(line === undefined ? [] : [line]), ...(column === undefined ? [] : [column])].join(":");
}
