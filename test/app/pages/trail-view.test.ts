import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import { after, before, test } from "node:test";
import { trailView } from "../../../app/pages/trail-view.ts";
import type { WantedDecision } from "../../../app/trail-search.ts";
import { WITNESSED_FILE } from "../../../gate/trail/batch.ts";
import { cosignedMessage, formatCosignature, formatWitnessVkey } from "../../../gate/trail/cosignature.ts";
import { rawPublicKey } from "../../../gate/trail/ed25519.ts";
import { formatNote, parseNote, parseVkey, parseVkeyOf } from "../../../gate/trail/note.ts";
import { parseProof, verifyProof } from "../../../gate/trail/proof.ts";
import type { TrailStore } from "../../../gate/trail/store.ts";
import { formatTrailFile, TRAIL_FILE } from "../../../gate/trail/trail-file.ts";
import { FIRST_KEY, ORIGIN, type Rig, START, startedRig, trailFile } from "../../trail/rig.ts";
import { decisionOf, entryOf, MODELS } from "./world.ts";

const BATCHES = 3;
const BATCH = 100;
const HOUR_MS = 3_600_000;

let rig: Rig;

/** The decision about a pull request, made when its batch was written. */
function wanted(number: number): WantedDecision {
  const since = START + Math.floor((number - 1) / BATCH) * HOUR_MS;
  const now = `${new Date(since).toISOString().slice(0, 19)}Z`;
  return { record: decisionOf({ number, auc: 0.8, verdict: "pass", now }), number, since };
}

before(async () => {
  rig = await startedRig();
  for (let batch = 0; batch < BATCHES; batch++) {
    const numbers = Array.from({ length: BATCH }, (_, at) => batch * BATCH + at + 1);
    await rig.append(numbers.map((number) => entryOf(wanted(number).record, number)));
    rig.clock.time += HOUR_MS;
  }
});

after(async () => {
  await rig?.close();
  rig?.repository.remove();
});

const view = trailView(async () => rig.store);

test("a decision is found wherever it stands, and its proof holds with nothing but the key", async () => {
  for (const number of [1, 100, 101, 255, 256, 257, 300]) {
    const proof = await view.prove(MODELS, wanted(number));
    assert.equal(proof?.seq, number);
    assert.equal(proof.digest, wanted(number).record.digest);
    const parsed = parseProof(proof.proof, "proof");
    const { origin, size } = verifyProof(parsed, proof.entry, [parseVkey(FIRST_KEY.vkey)]);
    assert.deepEqual([origin, size, proof.size], [ORIGIN, 1 + BATCHES * BATCH, size]);
  }
});

test("what differs in anything that makes a decision is not that decision", async () => {
  const right = wanted(7);
  const { record } = right;
  const others: readonly WantedDecision[] = [
    { ...right, number: 8 },
    { ...right, record: { ...record, verdict: "wait" } },
    { ...right, record: { ...record, digests: { ...record.digests, policy: `sha256:${"0".repeat(64)}` } } },
    { ...right, record: { ...record, digests: { ...record.digests, subject: `sha256:${"0".repeat(64)}` } } },
    { ...right, record: { ...record, digests: { ...record.digests, evidence: `sha256:${"0".repeat(64)}` } } },
    {
      ...right,
      record: decisionOf({ number: 9_999, auc: 0.8, verdict: "pass", now: "2026-11-21T22:14:05Z" }),
    },
  ];
  for (const other of others) assert.equal(await view.prove(MODELS, other), undefined);
});

test("the same judgement made again is proved by the entry of the first", async () => {
  const again = decisionOf({ number: 7, auc: 0.8, verdict: "pass", now: "2026-11-22T09:00:00Z" });
  const proof = await view.prove(MODELS, { record: again, number: 7, since: wanted(7).since });
  assert.equal(proof?.seq, 7);
  assert.equal(proof.digest, wanted(7).record.digest);
  assert.notEqual(proof.digest, again.digest);
});

test("a repository without a trail has neither status nor proof", async () => {
  const none = trailView(async () => undefined);
  assert.equal(await none.status(MODELS), undefined);
  assert.equal(await none.prove(MODELS, wanted(1)), undefined);
});

type Reader = Pick<TrailStore, "head" | "read" | "list">;

/** The rig's store with some files replaced. */
function withFiles(files: ReadonlyMap<string, Uint8Array>): Reader {
  const { head, list, read } = rig.store;
  return {
    head,
    list,
    read: async (commit, paths) => {
      const kept = await read(commit, paths);
      return paths.map((path, at) => files.get(path) ?? kept[at]);
    },
  };
}

test("a damaged branch proves nothing", async () => {
  const damaged = trailView(async () => withFiles(new Map([["tile/entries/000", Buffer.alloc(64)]])));
  await assert.rejects(damaged.prove(MODELS, wanted(7)), { code: "TRAIL_NOT_CANONICAL" });
  const [bytes] = await rig.store.read((await rig.store.head()) ?? "", ["checkpoint"]);
  const forged = Buffer.from(Buffer.from(bytes!).toString("utf8").replace("\n301\n", "\n300\n"));
  const liar = trailView(async () => withFiles(new Map([["checkpoint", forged]])));
  await assert.rejects(liar.status(MODELS), { code: "TRAIL_NOTE_FORGED" });
});

const WITNESS_KEY = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 9)]),
  format: "der",
  type: "pkcs8",
});
const SEEN_AT = Date.UTC(2026, 10, 21, 23, 0);

test("the status has the last checkpoint, its key and its last entry", async () => {
  const status = await view.status(MODELS);
  assert.equal(status?.size, 301);
  assert.equal(status.origin, ORIGIN);
  assert.equal(status.vkey, FIRST_KEY.vkey);
  assert.equal(status.last?.kind, "decision.made");
  assert.equal(status.witnessed, undefined);
});

test("the status says which witnesses cosigned, when, and whether they are enough", async () => {
  const vkeys = [9, 10].map((byte) => {
    const seed = Buffer.concat([
      Buffer.from("302e020100300506032b657004220420", "hex"),
      Buffer.alloc(32, byte),
    ]);
    const key = createPrivateKey({ key: seed, format: "der", type: "pkcs8" });
    return formatWitnessVkey(`w${byte}.example`, rawPublicKey(key));
  });
  const named = `witness nine ${vkeys[0]}\nwitness ten ${vkeys[1]}\ngroup any any nine ten\ngroup all all nine ten\n`;
  const [bytes] = await rig.store.read((await rig.store.head()) ?? "", ["checkpoint"]);
  const note = parseNote(bytes!, "checkpoint");
  const signed = sign(null, cosignedMessage(note.text, SEEN_AT / 1_000), WITNESS_KEY);
  const { name, keyId } = parseVkeyOf(4, vkeys[0]!);
  const cosigned = formatNote({
    text: note.text,
    signatures: [...note.signatures, { name, keyId, signature: formatCosignature(SEEN_AT / 1_000, signed) }],
  });
  for (const [quorum, isEnough] of [
    ["any", true],
    ["all", false],
  ] as const) {
    const file = formatTrailFile({ ...trailFile(), witness: `${named}quorum ${quorum}\n` });
    const kept = new Map([[TRAIL_FILE, file]]);
    const before = await trailView(async () => withFiles(kept)).status(MODELS);
    assert.deepEqual(before?.witnessed, { isEnough: false, witnesses: [{ name: "nine" }, { name: "ten" }] });
    kept.set(WITNESSED_FILE, cosigned);
    const { witnessed } = (await trailView(async () => withFiles(kept)).status(MODELS)) ?? {};
    assert.deepEqual(witnessed, {
      isEnough,
      size: 301,
      witnesses: [{ name: "nine", at: SEEN_AT }, { name: "ten" }],
    });
  }
});
