import { appendFile } from "node:fs/promises";
import type { Markdown } from "../gate/report/escape.ts";

/** Appends to the summary of the step; a runner without one has no file. */
export async function writeSummary(file: string | undefined, { source }: Markdown): Promise<void> {
  if (file !== undefined) await appendFile(file, `${source}\n`);
}

/** Sets outputs of the step, by the names of `action.yml`. */
export async function setOutputs(outputs: Readonly<Record<string, string>>): Promise<void> {
  const { setOutput } = await import("./toolkit.ts");
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value);
}
