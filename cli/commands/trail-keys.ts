import { open } from "node:fs/promises";
import type { Command } from "commander";
import { GateError } from "../../gate/model/error.ts";
import { writeFailure } from "../../gate/model/system-failure.ts";
import { approvalText } from "../../gate/trail/approval.ts";
import { revokeKey, rotateKey } from "../../gate/trail/change.ts";
import { witnessVkey } from "../../gate/trail/cosigner.ts";
import { generateKey, pemSigner } from "../../gate/trail/keys.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { currentKey } from "../../gate/trail/trail-file.ts";
import { readNamed, tellDone, writeDocument } from "../terminal.ts";
import {
  assertLanded,
  currentSigner,
  formatOption,
  openSigner,
  settingOf,
  type TellingOptions,
  type TrailOptions,
  trailCommand,
  type WriteOptions,
  withTrail,
  withWriter,
  writingCommand,
} from "../trail-world.ts";

export function registerTrailKeys(trail: Command): void {
  const key = trail.command("key").summary("make, hand over and revoke log keys");
  key
    .command("new")
    .summary("make a log key")
    .description(
      "Writes the private key to a file that only you can read, and its public key to standard output.",
    )
    .requiredOption(
      "--origin <origin>",
      "of the trail, as github.com/acme/models/trail; of a witness its name",
    )
    .option("--witness", "the key of a witness, which cosigns and signs no trail")
    .requiredOption("--out <file>", "where the private key goes; must not exist")
    .addOption(formatOption())
    .action(make);
  trailCommand(key, "approval", "the text that an owner signs to approve a new key")
    .description("Sign it with: ssh-keygen -Y sign -n weighbridge-trail -f <owner's key> <file>")
    .requiredOption("--new <vkey>", "the public key that takes over")
    .option(
      "--last-good-size <number>",
      "the current key is revoked: what it signed beyond this does not count",
    )
    .addOption(formatOption())
    .action(printApproval);
  writingCommand(key, "rotate", "hand over to a new key, signed by both")
    .requiredOption("--new-key <key>", "the log key that takes over")
    .requiredOption("--approval <file>", "an owner's signature over the text of trail key approval")
    .addOption(formatOption())
    .action(rotate);
  writingCommand(key, "revoke", "replace a stolen key; --key is the new one")
    .requiredOption("--last-good-size <number>", "what the stolen key signed beyond this does not count")
    .requiredOption("--approval <file>", "an owner's signature over the text of trail key approval")
    .addOption(formatOption())
    .action(revoke);
}

interface MakeOptions extends TellingOptions {
  readonly origin: string;
  readonly witness?: true;
  readonly out: string;
}

async function make({ origin, witness, out, format }: MakeOptions): Promise<void> {
  const { pem, vkey } = generateKey(origin);
  try {
    const file = await open(out, "wx", 0o600);
    await file.writeFile(pem);
    await file.close();
  } catch (cause) {
    throw writeFailure(out, cause);
  }
  const made = witness === true ? witnessVkey(pemSigner(origin, pem, out)) : vkey;
  await writeDocument(format === "json" ? JSON.stringify({ vkey: made, out }, null, 2) : made, undefined);
}

interface ApprovalOptions extends TrailOptions, TellingOptions {
  readonly new: string;
  readonly lastGoodSize?: string;
}

async function printApproval({ lastGoodSize, ...options }: ApprovalOptions): Promise<void> {
  await withTrail(options, async (store) => {
    const { file } = await openTrail(store);
    const { vkey } = currentKey(file);
    const change =
      lastGoodSize === undefined
        ? ({ kind: "key.rotated", old: vkey, new: options.new } as const)
        : ({ kind: "key.revoked", vkey, lastGoodSize: sizeIn(lastGoodSize), new: options.new } as const);
    const text = approvalText(file.origin, change);
    const document = options.format === "json" ? JSON.stringify({ approval: text }, null, 2) : text;
    await writeDocument(document, undefined);
  });
}

async function rotate(
  options: WriteOptions & TellingOptions & { readonly newKey: string; readonly approval: string },
): Promise<void> {
  const approval = await readNamed(options.approval);
  const signers = async (opened: Parameters<typeof currentSigner>[1]) => {
    const old = await currentSigner(options, opened);
    return [old, await openSigner(options.newKey, { name: old.name })];
  };
  await withWriter(options, signers, async ({ writer, world }) => {
    const [old, next] = world.signers;
    assertLanded(await rotateKey(writer, { vkey: next!.vkey, approval }, await settingOf(world)));
    const done = { from: old!.vkey, to: next!.vkey };
    await tellDone(options.format, done, `The trail was handed over from ${done.from} to ${done.to}.`);
  });
}

async function revoke(
  options: WriteOptions & TellingOptions & { readonly lastGoodSize: string; readonly approval: string },
): Promise<void> {
  const approval = await readNamed(options.approval);
  const lastGoodSize = sizeIn(options.lastGoodSize);
  const signers = async ({ store }: Parameters<typeof currentSigner>[1]) => {
    const { file } = await openTrail(store);
    return [await openSigner(options.key, { name: file.origin })];
  };
  await withWriter(options, signers, async ({ writer, world }) => {
    const { vkey } = world.signers[0]!;
    assertLanded(await revokeKey(writer, { vkey, lastGoodSize, approval }, await settingOf(world)));
    await tellDone(options.format, { to: vkey, lastGoodSize }, `${vkey} signs from now on.`);
  });
}

function sizeIn(text: string): number {
  if (/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return Number(text);
  throw new GateError("USAGE", `Cannot use "${text}": expected a number of entries`);
}
