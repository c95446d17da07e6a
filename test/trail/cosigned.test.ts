import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { configure } from "../../gate/trail/change.ts";
import { type CosignedFile, takeCosigned } from "../../gate/trail/cosigned.ts";
import { cosign, witnessVkey } from "../../gate/trail/cosigner.ts";
import type { Signer } from "../../gate/trail/note.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { digestOf, type TrailFile } from "../../gate/trail/trail-file.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { ownerOf } from "./owner.ts";
import { decision, decisions, landed, type Rig, SETTING, signerOf, startedRig, trailFile } from "./rig.ts";
import { readFile } from "./tamper.ts";

/** Witnesses without a server: what they cosign is a file. */

const [ONE, TWO] = [signerOf(2, "witness.example/w1"), signerOf(4, "witness.example/w2")];
const OWNER = ownerOf(21);
const rigs: Rig[] = [];
after(async () => {
  for (const rig of rigs) await rig.close();
  for (const rig of rigs) rig.repository.remove();
});

/** A trail that asks for both witnesses. */
async function witnessed(): Promise<Rig> {
  const rig = await startedRig();
  rigs.push(rig);
  const named = [ONE, TWO].map((signer, at) => `witness w${at + 1} ${witnessVkey(signer)}`);
  const witness = `${named.join("\n")}\ngroup both all w1 w2\nquorum both\n`;
  const change = (file: TrailFile) => ({ ...file, witness });
  const approval = OWNER.approve({ kind: "config.changed", digest: digestOf(change(trailFile())) });
  landed(await configure(rig.writer, { change, approval }, SETTING));
  return rig;
}

async function cosignedBy(rig: Rig, signer: Signer, aheadMs = 0): Promise<CosignedFile> {
  const now = () => new Date(rig.clock.time + aheadMs);
  return { name: `${signer.name}.txt`, bytes: await cosign({ signer, now }, await openTrail(rig.store)) };
}

async function take({ store, journal, clock }: Rig, ...files: readonly CosignedFile[]) {
  return takeCosigned({ store, journal, now: clock.now }, await openTrail(store), files);
}

describe("cosignatures in files", () => {
  test("of enough witnesses are kept by the next commit, and verify", async () => {
    const rig = await witnessed();
    const files = [await cosignedBy(rig, ONE), await cosignedBy(rig, TWO)];
    assert.deepEqual(await take(rig, ...files), { kind: "witnessed", size: 2, by: ["w1", "w2"] });
    await rig.append([decision(1)]);
    assert.match(readFile(rig.repository, "checkpoint.witnessed").toString(), /\n2\n/);
    const { report } = await verifyTrail({ store: rig.store, level: 1 });
    assert.deepEqual(report.findings, []);
  });

  test("may be of an earlier checkpoint, and the newest that enough cosigned counts", async () => {
    const rig = await witnessed();
    const first = [await cosignedBy(rig, ONE), await cosignedBy(rig, TWO)];
    await rig.append(decisions(300));
    const second = [await cosignedBy(rig, ONE), await cosignedBy(rig, TWO)];
    await rig.append(decisions(5, 1_000));
    const third = await cosignedBy(rig, ONE);
    const outcome = await take(rig, third, ...first, ...second);
    assert.deepEqual(outcome, { kind: "witnessed", size: 302, by: ["w1", "w2"] });
    // What was seen is not forgotten for something older.
    assert.equal((await take(rig, ...first)).kind, "witnessed");
    assert.match(Buffer.from((await rig.journal.witnessed()) ?? []).toString(), /\n302\n/);
  });

  test("of those who are named now count, whatever others have seen before them", async () => {
    const rig = await witnessed();
    const three = signerOf(6, "witness.example/w3");
    const early = await cosignedBy(rig, three);
    await take(rig, await cosignedBy(rig, ONE), await cosignedBy(rig, TWO));
    const change = (file: TrailFile) => ({
      ...file,
      witness: `witness w3 ${witnessVkey(three)}\nquorum w3\n`,
    });
    const { file } = await openTrail(rig.store);
    const approval = OWNER.approve({ kind: "config.changed", digest: digestOf(change(file)) });
    landed(await configure(rig.writer, { change, approval }, SETTING));
    assert.deepEqual(await take(rig, early), { kind: "witnessed", size: 2, by: ["w3"] });
    await rig.append([decision(1)]);
    assert.match(readFile(rig.repository, "checkpoint.witnessed").toString(), /\/w3 [^\n]+\n$/);
    const { report } = await verifyTrail({ store: rig.store, level: 1 });
    assert.deepEqual(report.findings, []);
  });

  test("of one witness twice, or of nobody whom the trail names, are too few", async () => {
    const rig = await witnessed();
    const twice = await take(rig, await cosignedBy(rig, ONE), await cosignedBy(rig, ONE, 1_000));
    assert.deepEqual(twice, { kind: "behind", by: ["w1"], problems: [] });
    const stranger = await cosignedBy(rig, signerOf(6, "witness.example/w3"));
    await assert.rejects(take(rig, stranger), { code: "TRAIL_NOTE_UNSIGNED" });
    assert.equal(await rig.journal.witnessed(), undefined);
  });

  test("that are wrong, or of a time to come, are refused", async () => {
    const rig = await witnessed();
    const { name, bytes } = await cosignedBy(rig, ONE);
    const other = await cosignedBy(rig, { ...TWO, name: ONE.name });
    const lines = Buffer.from(bytes).toString().split("\n");
    const keyId = Buffer.from(lines.at(-2)!.split(" ")[2]!, "base64").subarray(0, 4);
    const forged = Buffer.from(
      Buffer.from(other.bytes).toString().split("\n").at(-2)!.split(" ")[2]!,
      "base64",
    );
    keyId.copy(forged);
    lines[lines.length - 2] = `— ${ONE.name} ${forged.toString("base64")}`;
    await assert.rejects(take(rig, { name, bytes: Buffer.from(lines.join("\n")) }), {
      code: "TRAIL_NOTE_FORGED",
    });
    await assert.rejects(take(rig, await cosignedBy(rig, ONE, 86_400_000)), {
      code: "TRAIL_COSIGNATURE_FUTURE",
    });
  });

  test("of another tree, or of a larger one, halt the trail", async () => {
    for (const count of [1, 5]) {
      const [rig, other] = [await witnessed(), await witnessed()];
      await rig.append([decision(1)]);
      // The same key signed both: that is what a witness is there to see.
      await other.append(decisions(count, 7_000));
      const outcome = await take(rig, await cosignedBy(other, ONE));
      assert.equal(outcome.kind, "halted");
      assert.equal((await rig.writer.halted())?.code, "TRAIL_FORKED");
    }
  });

  test("are nothing where the trail names no witness", async () => {
    const rig = await startedRig();
    rigs.push(rig);
    await assert.rejects(take(rig), { code: "TRAIL_WITNESS_NONE" });
  });
});
