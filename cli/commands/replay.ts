import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import { parseDecision, type Replay, replay } from "../../gate/verdict/replay.ts";
import { EXIT } from "../exit.ts";
import { reasonOf, writeDocument } from "../terminal.ts";

export function registerReplay(program: Command): void {
  program
    .command("replay")
    .summary("judge again from a decision record")
    .description(
      "Judges again from what the record says that it rests on.\nExit status: 0 the verdict holds, 1 it does not, 2 could not read.",
    )
    .argument("<decision>", "a decision record, as check --format json writes it")
    .option("--json", "print the result as JSON")
    .action(run);
}

async function run(path: string, options: { readonly json?: true }): Promise<void> {
  const record = await readDecision(path);
  const result = replay(record);
  await writeDocument(options.json ? JSON.stringify(result, null, 2) : toText(record, result), undefined);
  process.exitCode = result.holds ? EXIT.pass : EXIT.blocked;
}

/** The record in a file; rejects what is not one. */
export async function readDecision(path: string): Promise<DecisionRecord> {
  return parseDecision(await readBytes(path), path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new GateError("FILE_UNREADABLE", `Cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function toText(record: DecisionRecord, { holds, differences, engine }: Replay): string {
  const head = holds
    ? `The verdict holds: ${record.verdict} (${record.digest})`
    : `The verdict does not hold: the record says ${record.verdict}`;
  const version =
    engine.record === engine.now ? [] : [`Judged by ${engine.record}, replayed by ${engine.now}`];
  return [head, ...version, ...differences.map((difference) => `  ${difference}`)].join("\n");
}
