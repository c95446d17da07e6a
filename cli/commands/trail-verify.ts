import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { GateError } from "../../gate/model/error.ts";
import { writeFailure } from "../../gate/model/system-failure.ts";
import { terminal } from "../../gate/report/escape.ts";
import { type Checkpoint, parseCheckpoint } from "../../gate/trail/checkpoint.ts";
import { formatState } from "../../gate/trail/kept-state.ts";
import { parseNote, parseVkey } from "../../gate/trail/note.ts";
import { parseProof, verifyProof } from "../../gate/trail/proof.ts";
import { reconcile } from "../../gate/trail/reconcile.ts";
import { exitStatus, type TrailFinding } from "../../gate/trail/verify/report.ts";
import { type PinOptions, pinOptions, verifyPinned } from "../pinned-verify.ts";
import { readNamed, say, writeDocument } from "../terminal.ts";
import { readState, type TrailOptions, trailCommand, withTrail } from "../trail-world.ts";

const FORMAT = () =>
  new Option("--format <format>", "of the result").choices(["text", "json"]).default("text");

export function registerTrailVerify(trail: Command): void {
  pinOptions(trailCommand(trail, "verify", "verify the trail, or the proof of one entry, offline"))
    .description(
      "Without a proof, the trail. With one, the entry that it is about: that takes no clone, but --pin-key.\nExit status: 0 nothing is wrong, 1 something is, 2 it could not be told.",
    )
    .argument("[proof]", "a .tlog-proof file, as trail prove writes it")
    .argument("[entry]", "the entry that it is about")
    .addOption(
      new Option("--level <level>", "0: the last commit; 1: every commit of the branch")
        .choices(["0", "1"])
        .default("1"),
    )
    .option(
      "--pin-key <vkey>",
      "the first key, as trail init printed it; for a proof, the key that signed it",
    )
    .option("--state <file>", "what the last run kept; written again when nothing is wrong")
    .option("--since <file>", "a checkpoint that you kept, which the trail has to extend")
    .option("--all", "read every entry again, not only those after the state")
    .addOption(FORMAT())
    .action(verify);
  trailCommand(trail, "reconcile", "find what is missing: merges, decisions, policy changes, heartbeats")
    .description("Exit status: 0 nothing is missing, 1 something is, 2 it could not be told.")
    .option("--governed <folder>", "a clone of the governed repository", ".")
    .addOption(FORMAT())
    .action(runReconcile);
}

interface VerifyOptions extends TrailOptions, PinOptions {
  readonly level: "0" | "1";
  readonly state?: string;
  readonly since?: string;
  readonly all?: boolean;
  readonly format: "text" | "json";
}

async function verify(
  proof: string | undefined,
  entry: string | undefined,
  options: VerifyOptions,
): Promise<void> {
  if (proof !== undefined) return verifyEntry(proof, entry, options);
  const since = options.state === undefined ? undefined : await readState(options.state);
  const kept = options.since === undefined ? undefined : await readCheckpoint(options.since);
  await withTrail(options, async (store) => {
    const { report, state } = await verifyPinned(store, options, {
      level: options.level === "0" ? 0 : 1,
      entries: options.all === true ? "all" : "new",
      ...(since === undefined ? {} : { since }),
      ...(kept === undefined ? {} : { kept }),
    });
    const { origin, size, checkpoints, entriesRead } = report;
    const head = `${origin}: ${size} entries, ${entriesRead} read, ${checkpoints} checkpoints`;
    await writeDocument(
      options.format === "json" ? JSON.stringify(report, null, 2) : toText(head, report),
      undefined,
    );
    process.exitCode = exitStatus(report);
    if (state !== undefined && options.state !== undefined)
      await writeState(options.state, formatState(state));
  });
}

async function verifyEntry(
  proof: string,
  entry: string | undefined,
  { pinKey, format }: VerifyOptions,
): Promise<void> {
  if (entry === undefined || pinKey === undefined) {
    throw new GateError(
      "USAGE",
      `Cannot verify ${proof}: the entry that it is about, or --pin-key is missing`,
      {
        fix: "weighbridge trail verify 42.tlog-proof 42.json --pin-key <the log's public key>",
      },
    );
  }
  const parsed = parseProof(await readNamed(proof), proof);
  const bytes = await readNamed(entry);
  try {
    const { origin, size } = verifyProof(parsed, bytes, [parseVkey(pinKey)]);
    const said = `Entry ${parsed.index} is one of the ${size} of ${terminal(origin)}.`;
    const result = { origin, size, index: parsed.index, holds: true };
    await writeDocument(format === "json" ? JSON.stringify(result, null, 2) : said, undefined);
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    const { code, message } = error;
    if (format === "json")
      await writeDocument(JSON.stringify({ holds: false, code, message }, null, 2), undefined);
    say(`${terminal(message)}\n  code: ${code}`);
    process.exitCode = 1;
  }
}

/** Whoever kept it looked at its signatures then, or not at all: here its root is what counts. */
async function readCheckpoint(path: string): Promise<Checkpoint> {
  return parseCheckpoint(parseNote(await readNamed(path), path).text, path);
}

async function writeState(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

interface Found {
  readonly findings: readonly TrailFinding[];
  readonly undecided: readonly TrailFinding[];
  readonly notes: readonly string[];
}

function toText(head: string, { findings, undecided, notes }: Found): string {
  const isClean = findings.length === 0 && undecided.length === 0;
  const lines = [
    head,
    ...findings.map(({ code, message }) => `  finding    ${code}: ${message}`),
    ...undecided.map(({ code, message }) => `  undecided  ${code}: ${message}`),
    ...notes.map((note) => `  note       ${note}`),
    isClean ? "Nothing is wrong." : "",
  ];
  return lines
    .filter((line) => line !== "")
    .map(terminal)
    .join("\n");
}

async function runReconcile(
  options: TrailOptions & { readonly governed: string; readonly format: "text" | "json" },
): Promise<void> {
  await withTrail(options, async (store) => {
    const result = await reconcile({ store, governed: options.governed, now: new Date() });
    const head = `${result.origin}: ${result.size} entries, ${result.commits} governed commits`;
    await writeDocument(
      options.format === "json" ? JSON.stringify(result, null, 2) : toText(head, result),
      undefined,
    );
    process.exitCode = exitStatus(result);
  });
}
