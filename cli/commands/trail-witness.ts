import type { Command } from "commander";
import { GateError } from "../../gate/model/error.ts";
import { terminal } from "../../gate/report/escape.ts";
import { takeCosigned } from "../../gate/trail/cosigned.ts";
import { cosign, witnessVkey } from "../../gate/trail/cosigner.ts";
import { writeDurably } from "../../gate/trail/durable-file.ts";
import type { GitStore } from "../../gate/trail/git-store.ts";
import { readHead } from "../../gate/trail/head.ts";
import { formatState } from "../../gate/trail/kept-state.ts";
import { Leader } from "../../gate/trail/leader.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { exitStatus } from "../../gate/trail/verify/report.ts";
import { postToWitness } from "../../gate/trail/witness-post.ts";
import { type Witnessing, witnessTrail } from "../../gate/trail/witnessing.ts";
import { type PinOptions, pinOptions, verifyPinned } from "../pinned-verify.ts";
import { readNamed, tellDone, writeBytes } from "../terminal.ts";
import {
  currentSigner,
  formatOption,
  openSigner,
  readState,
  type TellingOptions,
  type TrailOptions,
  trailCommand,
  type WriteOptions,
  withTrail,
  withWriter,
  writingCommand,
} from "../trail-world.ts";

export function registerTrailWitness(trail: Command): void {
  pinOptions(trailCommand(trail, "witness", "be a witness: verify what is new in a trail, and cosign it"))
    .description(
      "Run it from a timer, on a machine and with a key that those who write the trail do not have, after git fetch.\nExit status: 0 cosigned, 1 the trail is not in order and was not cosigned, 2 it could not be told.",
    )
    .requiredOption("--key <key>", "the witness's key: file:PATH or env:NAME")
    .requiredOption("--name <name>", "of the witness, as witness.example/audit")
    .requiredOption("--pin-key <vkey>", "the log's first key, as trail init printed it")
    .requiredOption("--state <file>", "what was cosigned last: without it two trees might be cosigned")
    .option("--begin", "the first run of this witness: there is no state yet")
    .requiredOption("--out <file>", "where the cosigned checkpoint goes")
    .addOption(formatOption())
    .action(witness);
  writingCommand(trail, "submit", "have the trail cosigned by the witnesses that it names")
    .description(
      "Asks the witnesses that trail.json gives an address, or takes what they left in files.\nExit status: 0 enough witnesses cosigned, 2 not; a witness that has seen another trail halts it.",
    )
    .option("--cosigned <file...>", "checkpoints that trail witness wrote")
    .addOption(formatOption())
    .action(submit);
}

interface WitnessOptions extends TrailOptions, PinOptions, TellingOptions {
  readonly key: string;
  readonly name: string;
  readonly pinKey: string;
  readonly state: string;
  readonly begin?: true;
  readonly out: string;
}

async function witness(options: WitnessOptions): Promise<void> {
  const signer = await openSigner(options.key, { name: options.name });
  const leader = await Leader.begin(`${options.state}.runs`, Date.now);
  try {
    await withTrail(options, async (store) => {
      const commit = await verified(store, options);
      if (commit === undefined) return;
      const head = await readHead(store, commit);
      await writeBytes(options.out, await cosign({ signer, now: () => new Date() }, head));
      const [vkey, { size }] = [witnessVkey(signer), head.checkpoint];
      const done = { cosigned: true, vkey, size, out: options.out };
      await tellDone(options.format, done, `${vkey} cosigned the tree of ${size}.`);
    });
  } finally {
    await leader.end();
  }
}

/** The commit that was found in order and is kept as such, so that nothing else is ever cosigned in its place. */
async function verified(store: GitStore, options: WitnessOptions): Promise<string | undefined> {
  const since = await readState(options.state);
  if (since === undefined && options.begin !== true) {
    throw new GateError("TRAIL_STATE_MISSING", `Cannot go on witnessing: ${options.state} is not there`, {
      fix: "Restore it; or begin with --begin if this witness has never cosigned the trail",
    });
  }
  const { report, state } = await verifyPinned(store, options, {
    ...{ level: 1, entries: "new" },
    ...(since === undefined ? {} : { since }),
  });
  process.exitCode = exitStatus(report);
  if (state === undefined || process.exitCode !== 0) {
    const { findings, undecided } = report;
    const problems = [...findings, ...undecided].map(({ code, message }) => terminal(`${code}: ${message}`));
    const sentences = [...problems, "It is not cosigned."].join("\n");
    await tellDone(options.format, { cosigned: false, findings, undecided }, sentences);
    process.exitCode ||= 2;
    return undefined;
  }
  await writeDurably(options.state, formatState(state));
  return report.commit;
}

async function submit(
  options: WriteOptions & TellingOptions & { readonly cosigned?: readonly string[] },
): Promise<void> {
  const signers = async (opened: Parameters<typeof currentSigner>[1]) => [
    await currentSigner(options, opened),
  ];
  const names = options.cosigned;
  const files =
    names && (await Promise.all(names.map(async (name) => ({ name, bytes: await readNamed(name) }))));
  await withWriter(options, signers, async ({ world }) => {
    const head = await openTrail(world.store);
    const outcome =
      files === undefined
        ? await witnessTrail({ ...world, post: postToWitness }, head)
        : await takeCosigned(world, head, files);
    if (outcome.kind !== "witnessed") process.exitCode = 2;
    await tellDone(options.format, toResult(outcome), toSentences(outcome));
  });
}

/** Errors carry more than their code and message: a stack, which is nobody's business. */
function toResult(outcome: Witnessing): object {
  if (outcome.kind !== "behind") return outcome;
  return { ...outcome, problems: outcome.problems.map(({ code, message }) => ({ code, message })) };
}

function toSentences(outcome: Witnessing): string {
  switch (outcome.kind) {
    case "witnessed":
      return `${outcome.by.join(", ")} cosigned the tree of ${outcome.size}; the next append records it.`;
    case "halted":
      return `The trail is halted: ${terminal(outcome.message)}`;
    case "behind": {
      const problems = outcome.problems.map(({ message }) => terminal(message));
      return [...problems, `Too few witnesses cosigned: ${outcome.by.join(", ") || "none"}`].join("\n");
    }
  }
}
