import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { GateError } from "../../gate/model/error.ts";
import { systemCode, writeFailure } from "../../gate/model/system-failure.ts";
import { terminal } from "../../gate/report/escape.ts";
import { type Approved, type AsOf, readAsOf } from "../../gate/trail/as-of.ts";
import { readAssessmentResults } from "../../gate/trail/export-oscal.ts";
import { csvHeader, toCsv, toJsonLine } from "../../gate/trail/export-table.ts";
import { exportTiles } from "../../gate/trail/export-tiles.ts";
import type { GitStore } from "../../gate/trail/git-store.ts";
import { proveEntry } from "../../gate/trail/prove.ts";
import { type LogEntry, type LogFilter, openTrail, readLog } from "../../gate/trail/read.ts";
import { drawSampleAt, parseSampled } from "../../gate/trail/sample.ts";
import { samplePaper } from "../../gate/trail/sample-page.ts";
import { readStories } from "../../gate/trail/story.ts";
import { count, say, tellDone, writeBytes, writeDocument } from "../terminal.ts";
import {
  formatOption,
  integer,
  type TellingOptions,
  type TrailOptions,
  trailCommand,
  withTrail,
} from "../trail-world.ts";
import { isOnCalendar } from "../world.ts";

export function registerTrailRead(trail: Command): void {
  filtered(trailCommand(trail, "log", "the entries, oldest first"))
    .description("Shows what the branch holds; whether that is what was logged, trail verify tells.")
    .addOption(new Option("--format <format>", "of the result").choices(["text", "jsonl"]).default("text"))
    .option("--out <file>", "write the result there instead of to standard output")
    .action(log);
  trailCommand(trail, "prove", "the proof that an entry is in the trail")
    .description("Writes a .tlog-proof file (c2sp.org/tlog-proof@v1), and the entry that it is about.")
    .argument("<seq>", "the entry's number")
    .requiredOption("--out <file>", "where the proof goes")
    .requiredOption("--entry-out <file>", "where the entry goes")
    .addOption(formatOption())
    .action(prove);
  trailCommand(trail, "asof", "what ran on a day, on whose word, by which policy")
    .argument("<date>", "a day as 2026-11-21 (its end, UTC), or a time as 2026-11-21T12:00:00.000Z")
    .addOption(formatOption())
    .action(asOf);
  filtered(trailCommand(trail, "sample", "entries that nobody could have chosen, each with its proof"))
    .requiredOption("--n <number>", "entries to draw")
    .requiredOption("--seed <text>", "say it before you look; the same seed draws the same entries")
    .addOption(new Option("--format <format>", "of the result").choices(["json"]).default("json"))
    .option("--out <file>", "write the result there instead of to standard output")
    .option(
      "--pages <folder>",
      "also write a page to tick off for each entry, its proof, and an index; the folder is new or empty",
    )
    .action(sample);
  filtered(
    trailCommand(
      trail,
      "export",
      "the entries as a table, lines of JSON, OSCAL assessment results, or tiles for other verifiers",
    ),
  )
    .description(
      "oscal gives one document for assessors; tiles are the whole trail, whatever the filter, for other verifiers.",
    )
    .addOption(
      new Option("--format <format>", "of the result")
        .choices(["csv", "jsonl", "oscal", "tiles"])
        .makeOptionMandatory(),
    )
    .requiredOption("--out <path>", "a file; for tiles, a folder")
    .action(exportTrail);
}

interface FilterOptions {
  readonly model?: string;
  readonly pr?: string;
  readonly actor?: string;
  readonly kind?: readonly string[];
  readonly from?: string;
  readonly until?: string;
}

function filtered(command: Command): Command {
  return command
    .option("--model <model>", "about this model: its id, or its folder's name or path")
    .option("--pr <number>", "about this pull request")
    .option("--actor <number>", "by this person, by numeric id")
    .option("--kind <kind...>", "of this kind; a group as deploy.")
    .option("--from <time>", "from this day or time on")
    .option("--until <time>", "before this day or time");
}

function toFilter({ model, pr, actor, kind, from, until }: FilterOptions): LogFilter {
  return {
    ...(model === undefined ? {} : { models: [model] }),
    ...(pr === undefined ? {} : { pr: integer(pr) }),
    ...(actor === undefined ? {} : { actor: integer(actor) }),
    ...(kind === undefined ? {} : { kinds: kind }),
    ...(from === undefined ? {} : { from: toTime(from, "start") }),
    ...(until === undefined ? {} : { until: toTime(until, "start") }),
  };
}

async function log(
  options: TrailOptions & FilterOptions & { readonly format: "text" | "jsonl"; readonly out?: string },
): Promise<void> {
  await withTrail(options, async (store) => {
    const lines: string[] = [];
    const line = options.format === "jsonl" ? toJsonLine : toLine;
    let unknown = 0;
    const head = await openTrail(store);
    for await (const entry of readLog(store, head, toFilter(options), () => unknown++, { among: "found" }))
      lines.push(line(entry));
    await writeDocument(lines.join(""), options.out);
    if (unknown > 0) say(`Not shown: ${unknown} of a kind that this version does not know.`);
  });
}

function toLine({ seq, subject, predicate }: LogEntry): string {
  const { ts, kind, pr, actor, decision } = predicate;
  const about = subject.map(({ name }) => name).join(", ");
  const parts = [
    String(seq).padStart(7),
    ts,
    kind.padEnd(20),
    decision?.verdict,
    pr === undefined ? undefined : `#${pr.number}`,
    actor === undefined ? undefined : `by ${actor.id}`,
    about,
  ];
  return `${terminal(parts.filter((part) => part !== undefined).join("  "))}\n`;
}

async function prove(
  seq: string,
  options: TrailOptions & TellingOptions & { readonly out: string; readonly entryOut: string },
): Promise<void> {
  await withTrail(options, async (store) => {
    const number = integer(seq);
    const { entry, proof } = await proveEntry(store, number);
    await writeBytes(options.out, proof);
    await writeBytes(options.entryOut, entry);
    const done = { seq: number, proof: options.out, entry: options.entryOut };
    await tellDone(options.format, done, `${options.out} proves that ${options.entryOut} is entry ${seq}.`);
  });
}

async function asOf(
  date: string,
  options: TrailOptions & { readonly format: "text" | "json" },
): Promise<void> {
  const time = toTime(date, "end");
  await withTrail(options, async (store) => {
    const state = await readAsOf(store, time);
    await writeDocument(
      options.format === "json" ? JSON.stringify(state, null, 2) : outline(state),
      undefined,
    );
  });
}

function outline({ time, origin, size, unknown, deployed, approved, bypasses }: AsOf): string {
  const by = ({ seq, pr, approvals, policy }: Approved) => {
    const people = approvals.map(({ id, role }) => `${role} ${id}`).join(", ") || "nobody named";
    return `entry ${seq}${pr === undefined ? "" : `, #${pr}`}, approved by ${people}, policy ${policy.slice(0, 12)}`;
  };
  return [
    `${origin} at ${time}, ${count(size, "entry").replace("entrys", "entries")} in all`,
    ...(unknown === 0 ? [] : [`  NOT IN THIS: ${unknown} of a kind that this version does not know`]),
    ...deployed.map(({ environment, name, digest, since, decision }) => {
      const word = decision === undefined ? "NO PASSING DECISION" : by(decision);
      return `  ${environment}  ${name}  ${digest}  since ${since}\n    ${word}`;
    }),
    ...approved.map(
      (passed) => `  passed, never deployed  ${passed.name}  ${passed.digest}\n    ${by(passed)}`,
    ),
    ...bypasses.map(({ seq, ref, after }) => `  BYPASS  ${ref} moved to ${after}, entry ${seq}`),
  ]
    .flatMap((text) => text.split("\n"))
    .map(terminal)
    .join("\n");
}

interface SampleOptions extends TrailOptions, FilterOptions {
  readonly n: string;
  readonly seed: string;
  readonly out?: string;
  readonly pages?: string;
}

async function sample(options: SampleOptions): Promise<void> {
  const { pages } = options;
  const request = { count: integer(options.n), seed: options.seed, filter: toFilter(options) };
  // Before the trail is read: that can take minutes.
  if (pages !== undefined) await assertEmpty(pages);
  await withTrail(options, async (store) => {
    const head = await openTrail(store);
    const drawn = await drawSampleAt(store, head, request);
    if (pages !== undefined) {
      const { branch } = options;
      const stories = await readStories(store, head, drawn.drawn.map(parseSampled));
      const paper = { sample: drawn, count: request.count, commit: head.commit, branch, stories };
      for (const { name, text } of samplePaper(paper))
        await writeBytes(join(pages, name), Buffer.from(text, "utf8"), "wx");
      say(`${terminal(pages)} has ${count(drawn.drawn.length, "page")}; begin with index.html.`);
    }
    await writeDocument(JSON.stringify(drawn, null, 2), options.out);
  });
}

/** Papers of two samples in one folder could not be told apart. */
async function assertEmpty(folder: string): Promise<void> {
  const names = await namesIn(folder);
  if (names.length === 0) return;
  throw new GateError(
    "OUT_NOT_EMPTY",
    `Cannot write pages to ${folder}: it holds ${count(names.length, "file")}`,
    {
      fix: "Name a folder that is empty, or that is not there yet",
    },
  );
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return [];
    throw writeFailure(folder, cause);
  }
}

async function exportTrail(
  options: TrailOptions &
    FilterOptions & { readonly format: "csv" | "jsonl" | "oscal" | "tiles"; readonly out: string },
): Promise<void> {
  await withTrail(options, async (store) => {
    if (options.format === "tiles") return writeTiles(store, options.out);
    if (options.format === "oscal") return writeOscal(store, options);
    const lines = options.format === "csv" ? [csvHeader()] : [];
    const line = options.format === "csv" ? toCsv : toJsonLine;
    let unknown = 0;
    for await (const entry of readLog(store, await openTrail(store), toFilter(options), () => unknown++))
      lines.push(line(entry));
    await writeBytes(options.out, Buffer.from(lines.join(""), "utf8"));
    // Whoever counts the lines would else take them for all that there is.
    if (unknown > 0)
      say(`Not in ${terminal(options.out)}: ${unknown} of a kind that this version does not know.`);
  });
}

async function writeOscal(store: GitStore, options: FilterOptions & { readonly out: string }): Promise<void> {
  const results = await readAssessmentResults(store, toFilter(options));
  await writeBytes(options.out, Buffer.from(`${JSON.stringify(results, null, 2)}\n`, "utf8"));
}

async function writeTiles(store: GitStore, folder: string): Promise<void> {
  for await (const { path, bytes } of exportTiles(store, await openTrail(store))) {
    await writeBytes(join(folder, path), bytes);
  }
}

/** A time as entries state it; of a day, its first or its last millisecond. */
function toTime(text: string, side: "start" | "end"): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text)
    ? `${text}T${side === "start" ? "00:00:00.000" : "23:59:59.999"}Z`
    : text;
  const date = new Date(time);
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(time) && isOnCalendar(date, time);
  if (isTime) return date.toISOString();
  throw new GateError(
    "USAGE",
    `Cannot use "${text}": expected a day as 2026-11-21 or a time as 2026-11-21T12:00:00Z`,
  );
}
