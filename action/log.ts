import { randomUUID } from "node:crypto";
import { type Annotation, toWorkflowCommands } from "../gate/report/annotations.ts";
import { terminal } from "../gate/report/escape.ts";

/**
 * The log of the step. The runner reads its lines as commands, on standard output and standard error alike, so
 * nothing is written to it but through here.
 */

/** Writes annotations, as many as the log shows. */
export function logAnnotations(annotations: readonly Annotation[]): void {
  writeLines(toWorkflowCommands(annotations));
}

/** Writes remarks on the run itself. */
export function logNotices(messages: readonly string[]): void {
  logAnnotations(
    messages.map((message) => ({
      level: "notice",
      line: 1,
      title: "Weighbridge",
      message: terminal(message),
    })),
  );
}

/** Writes text in which no line is a command, whatever stands in it. */
export function logText(text: string): void {
  // A word that nobody can know beforehand switches commands on again.
  const token = randomUUID();
  writeLines([`::stop-commands::${token}`, text.trimEnd(), `::${token}::`]);
}

function writeLines(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
