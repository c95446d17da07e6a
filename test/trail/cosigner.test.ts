import assert from "node:assert/strict";
import { test } from "node:test";
import { openCheckpoint } from "../../gate/trail/checkpoint.ts";
import { cosignatureTime, parseWitnessVkey } from "../../gate/trail/cosignature.ts";
import { cosign, witnessVkey } from "../../gate/trail/cosigner.ts";
import { parseNote, parseVkey, verifyNote } from "../../gate/trail/note.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { FIRST_KEY, signerOf, startedRig } from "./rig.ts";

const WITNESS = signerOf(2, "witness.example/w1");
const SECONDS = 1_800_000_000;

test("the public key of a witness is the one that its log names", () => {
  // Seed 32 times 02, of type 0x04 (c2sp.org/signed-note, tlog-cosignature).
  assert.equal(
    witnessVkey(WITNESS),
    "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
  );
});

test("a checkpoint keeps its log's signature, and gets a cosignature with its time", async (context) => {
  const rig = await startedRig();
  context.after(async () => {
    await rig.close();
    rig.repository.remove();
  });
  const head = await openTrail(rig.store);
  const now = () => new Date(SECONDS * 1000 + 999);
  const bytes = await cosign({ signer: WITNESS, now }, head);
  assert.equal(openCheckpoint(bytes, [parseVkey(FIRST_KEY.vkey)], "it").text, head.checkpoint.text);
  const [line, ...more] = verifyNote(parseNote(bytes, "it"), [parseWitnessVkey(witnessVkey(WITNESS))], "it");
  assert.equal(cosignatureTime(line!.signature), SECONDS);
  assert.deepEqual(more, []);
});

test("what the witness's key does not verify is not given away", async (context) => {
  const rig = await startedRig();
  context.after(async () => {
    await rig.close();
    rig.repository.remove();
  });
  const signer = { ...WITNESS, sign: signerOf(9).sign };
  const cosigned = cosign({ signer, now: () => new Date() }, await openTrail(rig.store));
  await assert.rejects(cosigned, { code: "TRAIL_SIGNER_FAILED" });
});
