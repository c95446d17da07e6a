import { appendFile } from "node:fs/promises";
import { GateError } from "../gate/model/error.ts";
import type { Markdown } from "../gate/report/escape.ts";

/** Appends to the summary of the step; a runner without one has no file. Rejects `OUTPUT_FAILED`. */
export async function writeSummary(file: string | undefined, { source }: Markdown): Promise<void> {
  if (file === undefined) return;
  try {
    await appendFile(file, `${source}\n`);
  } catch (cause) {
    throw notWritten("the summary of the step", cause);
  }
}

/** Sets outputs of the step, by the names of `action.yml`. Rejects `OUTPUT_FAILED`. */
export async function setOutputs(outputs: Readonly<Record<string, string>>): Promise<void> {
  const { setOutput } = await import("./toolkit-core.ts");
  try {
    for (const [name, value] of Object.entries(outputs)) setOutput(name, value);
  } catch (cause) {
    throw notWritten("the outputs of the step", cause);
  }
}

function notWritten(what: string, cause: unknown): GateError {
  const state = cause instanceof Error ? cause.message : String(cause);
  return new GateError("OUTPUT_FAILED", `Cannot write ${what}: ${state}`, {
    cause,
    fix: "Look after the disk of the runner, and leave the files alone that it sets up for a step",
  });
}
