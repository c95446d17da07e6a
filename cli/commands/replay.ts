import { type Command, Option } from "commander";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { terminal } from "../../gate/report/escape.ts";
import { parseDecision, type Replay, replay } from "../../gate/verdict/replay.ts";
import { EXIT } from "../exit.ts";
import { readNamed, writeDocument } from "../terminal.ts";

export function registerReplay(program: Command): void {
  program
    .command("replay")
    .summary("judge again from a decision record")
    .description(
      "Judges again from what the record says that it rests on, and compares all of it.\nExit status: 0 the verdict holds, 1 the record says something else, 2 could not read.",
    )
    .argument("<decision>", "a decision record, as check --format json writes it")
    .addOption(new Option("--format <format>", "of the result").choices(["text", "json"]).default("text"))
    .action(run);
}

async function run(path: string, options: { readonly format: "text" | "json" }): Promise<void> {
  const record = await readDecision(path);
  const result = replay(record);
  await writeDocument(
    options.format === "json" ? JSON.stringify(result, null, 2) : toText(record, result),
    undefined,
  );
  process.exitCode = result.holds ? EXIT.pass : EXIT.blocked;
}

/** The record in a file; rejects what is not one. */
export async function readDecision(path: string): Promise<DecisionRecord> {
  return parseDecision(await readNamed(path), path);
}

function toText(record: DecisionRecord, { holds, differences, engine }: Replay): string {
  const head = holds
    ? `The verdict holds: ${record.verdict} (${record.digest})`
    : `The verdict does not hold: the record says ${record.verdict}`;
  const version =
    engine.record === engine.now ? [] : [`Judged by engine ${engine.record}, replayed by ${engine.now}`];
  return [head, ...version, ...differences.map((difference) => `  ${difference}`)].map(terminal).join("\n");
}
