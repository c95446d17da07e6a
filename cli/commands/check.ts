import type { Command } from "commander";
import { Option } from "commander";
import { judge } from "../../gate/judge.ts";
import { terminal } from "../../gate/report/escape.ts";
import { FORMATS, type Format } from "../../gate/report/formats.ts";
import { chooseRevisions, type Revisions, shortName } from "../environment.ts";
import { exitOf } from "../exit.ts";
import { say, writeDocument } from "../terminal.ts";
import { withWorld } from "../world.ts";

interface CheckOptions {
  readonly base?: string;
  readonly head?: string;
  readonly evidence: readonly string[];
  readonly format: Format;
  readonly out?: string;
  readonly now?: string;
}

export function registerCheck(program: Command): void {
  program
    .command("check")
    .summary("judge a change against the policy of its base")
    .description(
      "Judges what differs between the merge base and the head against the policy of the base.\nExit status: 0 pass, 1 blocked, 2 could not be judged, 3 waiting for approvals only.",
    )
    .option(
      "--base <revision>",
      "branch or commit that the change wants to enter (default: the usual branch)",
    )
    .option("--head <revision>", 'commit to judge, or "worktree" for the files as they are (default: HEAD)')
    .option("--evidence <glob>", "files of this run that hold evidence; may be repeated", collect, [])
    .addOption(new Option("--format <format>", "of the report").choices(Object.keys(FORMATS)).default("text"))
    .option("--out <file>", "write the report there instead of to standard output")
    .option("--now <time>", "judge as of this time, as 2026-11-21T12:00:00Z")
    .action(check);
}

/** Collects a repeated option. */
export function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function check(options: CheckOptions): Promise<void> {
  process.exitCode = await withWorld(options, async (world) => {
    const revisions = await chooseRevisions(options, world.repository, process.env);
    const record = await judge(revisions, world);
    if (record.input.change.files.length === 0) say(nothingDiffers(revisions));
    // Of a terminal alone; NO_COLOR and TERM=dumb are what Node heeds there.
    const color = options.out === undefined && process.stdout.isTTY === true && process.stdout.hasColors();
    const width = process.stdout.columns ?? 100;
    await writeDocument(FORMATS[options.format](record, { color, width }), options.out);
    if (options.out !== undefined) say(`${record.verdict}: the report is in ${options.out}`);
    return exitOf(record);
  });
}

/** Easily taken for a change that was judged. */
function nothingDiffers({ base, head }: Revisions): string {
  const hint = head === "worktree" ? "" : "; --head worktree judges what is not committed yet";
  return terminal(`weighbridge: nothing differs between ${shortName(base)} and ${shortName(head)}${hint}`);
}
