import { type Command, Option } from "commander";
import { GateError } from "../../gate/model/error.ts";
import { approvalText } from "../../gate/trail/approval.ts";
import { configure } from "../../gate/trail/change.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { digestOf, type TrailFile } from "../../gate/trail/trail-file.ts";
import { readNamed, tellDone, writeDocument } from "../terminal.ts";
import {
  assertLanded,
  currentSigner,
  formatOption,
  integer,
  readWitnessPolicy,
  settingOf,
  type TellingOptions,
  type TrailOptions,
  trailCommand,
  withTrail,
  withWriter,
} from "../trail-world.ts";

export function registerTrailConfigure(trail: Command): void {
  trailCommand(trail, "configure", "change what the trail says of itself")
    .description(
      "Without --approval, prints the text that an owner signs: ssh-keygen -Y sign -n weighbridge-trail -f <owner's key> <file>. With it and the same options, changes trail.json. What is not given stays as it is.\nExit status: 0 printed or changed, 2 not.",
    )
    .option("--governed-branch <name>", "the branch that models are merged to")
    .option("--glob <pattern...>", "what is governed")
    .option("--heartbeat-minutes <number>", "the interval of heartbeats", integer)
    .addOption(
      new Option("--witness-policy <file>", "which witnesses cosign, as tlog-policy states it").conflicts(
        "witnesses",
      ),
    )
    .option("--no-witnesses", "nobody cosigns any more")
    .option("--approval <file>", "the owner's signature")
    .option("--key <key>", "the log key: file:PATH, env:NAME or command:PROGRAM ARGUMENTS")
    .option("--remote <name>", "write by git push to this remote")
    .addOption(formatOption())
    .action(change);
}

interface ConfigureOptions extends TrailOptions, TellingOptions {
  readonly governedBranch?: string;
  readonly glob?: readonly string[];
  readonly heartbeatMinutes?: number;
  readonly witnessPolicy?: string;
  readonly witnesses: boolean;
  readonly approval?: string;
  readonly key?: string;
  readonly remote?: string;
}

async function change(options: ConfigureOptions): Promise<void> {
  const witness = options.witnessPolicy && (await readWitnessPolicy(options.witnessPolicy));
  const changed = ({ witness: former, ...file }: TrailFile): TrailFile => {
    const named = options.witnesses ? witness || former : undefined;
    return {
      ...file,
      governed: {
        branch: options.governedBranch ?? file.governed.branch,
        globs: options.glob ?? file.governed.globs,
      },
      heartbeat_minutes: options.heartbeatMinutes ?? file.heartbeat_minutes,
      ...(named === undefined ? {} : { witness: named }),
    };
  };
  if (options.approval === undefined) return printText(options, changed);
  const { key } = options;
  if (key === undefined) throw new GateError("USAGE", "Cannot change the trail: --key is missing");
  const approval = await readNamed(options.approval);
  const writing = { ...options, key };
  const signers = async (opened: Parameters<typeof currentSigner>[1]) => [
    await currentSigner(writing, opened),
  ];
  await withWriter(writing, signers, async ({ writer, world }) => {
    assertLanded(await configure(writer, { change: changed, approval }, await settingOf(world)));
    const { file } = await openTrail(world.store);
    await tellDone(
      options.format,
      { changed: true, digest: digestOf(file) },
      "The trail says so from now on.",
    );
  });
}

async function printText(
  options: TrailOptions & TellingOptions,
  changed: (file: TrailFile) => TrailFile,
): Promise<void> {
  await withTrail(options, async (store) => {
    const { file } = await openTrail(store);
    const digest = digestOf(changed(file));
    if (digest === digestOf(file)) {
      throw new GateError("TRAIL_FILE_SAME", "Cannot change trail.json: it says this already");
    }
    const text = approvalText(file.origin, { kind: "config.changed", digest });
    const document = options.format === "json" ? JSON.stringify({ approval: text, digest }, null, 2) : text;
    await writeDocument(document, undefined);
  });
}
