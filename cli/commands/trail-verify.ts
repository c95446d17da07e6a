import { readFile, writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { GateError } from "../../gate/model/error.ts";
import { terminal } from "../../gate/report/escape.ts";
import { readBody } from "../../gate/response-body.ts";
import { formatState, type KeptState, parseState } from "../../gate/trail/kept-state.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { reconcile } from "../../gate/trail/reconcile.ts";
import { parseAllowedSigners } from "../../gate/trail/sshsig.ts";
import { exitStatus, type TrailFinding } from "../../gate/trail/verify/report.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { ANSWER_BYTES_MAX, type WitnessAnswer } from "../../gate/trail/witness.ts";
import { witnessTrail } from "../../gate/trail/witnessing.ts";
import { type ProgressBar, progressBar, readNamed, reasonOf, say, writeDocument } from "../terminal.ts";
import {
  currentSigner,
  type TrailOptions,
  trailCommand,
  type WriteOptions,
  withTrail,
  withWriter,
  writingCommand,
} from "../trail-world.ts";

const WITNESS_TIMEOUT_MS = 20_000;
const FORMAT = () =>
  new Option("--format <format>", "of the result").choices(["text", "json"]).default("text");

export function registerTrailVerify(trail: Command): void {
  trailCommand(trail, "verify", "verify the trail, offline")
    .description("Exit status: 0 nothing is wrong, 1 something is, 2 it could not be told.")
    .addOption(
      new Option("--level <level>", "0: the last commit; 1: every commit of the branch")
        .choices(["0", "1"])
        .default("1"),
    )
    .option("--pin-key <vkey>", "the first key, as trail init printed it")
    .option("--pin-digest <digest>", "the first description, as trail init printed it")
    .option("--owners <file>", "who may approve new keys, as an allowed_signers file")
    .option("--state <file>", "what the last run kept; written again when nothing is wrong")
    .option("--all", "read every entry again, not only those after the state")
    .addOption(FORMAT())
    .action(verify);
  trailCommand(trail, "reconcile", "find what is missing: merges, decisions, policy changes, heartbeats")
    .description("Exit status: 0 nothing is missing, 1 something is, 2 it could not be told.")
    .option("--governed <folder>", "a clone of the governed repository", ".")
    .addOption(FORMAT())
    .action(runReconcile);
  writingCommand(trail, "witness", "have the trail cosigned by the witnesses that it names")
    .description(
      "Exit status: 0 enough witnesses cosigned, 2 not; a witness that has seen another trail halts it.",
    )
    .action(witness);
}

interface VerifyOptions extends TrailOptions {
  readonly level: "0" | "1";
  readonly pinKey?: string;
  readonly pinDigest?: string;
  readonly owners?: string;
  readonly state?: string;
  readonly all?: boolean;
  readonly format: "text" | "json";
}

async function verify(options: VerifyOptions): Promise<void> {
  const since = options.state === undefined ? undefined : await readState(options.state);
  const owners =
    options.owners && parseAllowedSigners(Buffer.from(await readNamed(options.owners)).toString("utf8"));
  await withTrail(options, async (store) => {
    const progress = new VerifyProgress();
    const { report, state } = await verifyTrail({
      store,
      onProgress: progress.show,
      level: options.level === "0" ? 0 : 1,
      entries: options.all === true ? "all" : "new",
      pin: {
        ...(options.pinKey === undefined ? {} : { vkey: options.pinKey }),
        ...(options.pinDigest === undefined ? {} : { digest: options.pinDigest }),
        ...(owners ? { owners } : {}),
      },
      ...(since === undefined ? {} : { since }),
    }).finally(progress.stop);
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

/** Checkpoints and entries below which a bar would only flicker. */
const BAR_MIN = 20_000;

/** One bar after the other. */
class VerifyProgress {
  #shown: string | undefined;
  #bar: ProgressBar | undefined;

  readonly show = (what: string, done: number, total: number): void => {
    if (this.#shown !== what) {
      this.stop();
      this.#bar = progressBar(what, total, BAR_MIN);
      this.#shown = what;
    }
    this.#bar?.update(done);
  };

  readonly stop = (): void => {
    this.#bar?.stop();
    this.#bar = undefined;
  };
}

async function readState(path: string): Promise<KeptState | undefined> {
  try {
    return parseState(await readFile(path), path);
  } catch (cause) {
    // The first run has none yet.
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

async function writeState(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw new GateError("OUT_NOT_WRITTEN", `Cannot write ${path}: ${reasonOf(cause)}`, { cause });
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

async function witness(options: WriteOptions): Promise<void> {
  const signers = async (opened: Parameters<typeof currentSigner>[1]) => [
    await currentSigner(options, opened),
  ];
  await withWriter(options, signers, async ({ world }) => {
    const head = await openTrail(world.store);
    const outcome = await witnessTrail({ ...world, post }, head);
    if (outcome.kind === "witnessed") {
      return say(
        `${outcome.by.join(", ")} cosigned the tree of ${outcome.size}; the next append records it.`,
      );
    }
    process.exitCode = 2;
    if (outcome.kind === "halted") return say(`The trail is halted: ${terminal(outcome.message)}`);
    for (const { message } of outcome.problems) say(terminal(message));
    return say(`Too few witnesses cosigned: ${outcome.by.join(", ") || "none"}`);
  });
}

async function post(url: string, body: Uint8Array): Promise<WitnessAnswer> {
  const signal = AbortSignal.timeout(WITNESS_TIMEOUT_MS);
  const response = await fetch(url, { method: "POST", body, signal, redirect: "error" });
  const answer = await readBody(response, ANSWER_BYTES_MAX);
  if (answer !== undefined) return { status: response.status, body: answer };
  throw new GateError("WITNESS_ANSWER_TOO_LARGE", `Cannot read ${url}: more than ${ANSWER_BYTES_MAX} bytes`);
}
