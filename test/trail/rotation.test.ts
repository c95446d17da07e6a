import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, describe, test } from "node:test";
import { GateError } from "../../gate/model/error.ts";
import { canonicalBytes } from "../../gate/trail/canonical.ts";
import { configure, revokeKey, rotateKey } from "../../gate/trail/change.ts";
import { formatCheckpoint } from "../../gate/trail/checkpoint.ts";
import type { GitStore } from "../../gate/trail/git-store.ts";
import { formatNote, type Signer, signNote } from "../../gate/trail/note.ts";
import { toOwnRow } from "../../gate/trail/outbox-row.ts";
import type { Position } from "../../gate/trail/position.ts";
import type { TrailStore } from "../../gate/trail/store.ts";
import { revoke, rotate, successionOf } from "../../gate/trail/succession.ts";
import { digestOf, formatTrailFile, parseTrailFile, type TrailFile } from "../../gate/trail/trail-file.ts";
import type { Pin } from "../../gate/trail/verify/description.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import type { ChangePlan } from "../../gate/trail/writer.ts";
import { CONTENTS } from "./entries.ts";
import { ownerOf } from "./owner.ts";
import {
  decision,
  decisions,
  FIRST_KEY,
  landed,
  ORIGIN,
  openRig,
  type Rig,
  SECOND_KEY,
  SETTING,
  signerOf,
  startedRig,
  trailFile,
} from "./rig.ts";
import { amend, BRANCH, readFile } from "./tamper.ts";

const OWNER = ownerOf(21);
const THIRD_KEY = signerOf(5);
const ROTATION = { kind: "key.rotated", old: FIRST_KEY.vkey, new: SECOND_KEY.vkey } as const;

const rigs: Rig[] = [];
async function started(signers: readonly Signer[] = [FIRST_KEY, SECOND_KEY, THIRD_KEY]): Promise<Rig> {
  const rig = await startedRig({ signers });
  rigs.push(rig);
  return rig;
}
after(async () => {
  for (const rig of rigs) await rig.close();
  for (const rig of rigs) rig.repository.remove();
});

/** A rig whose store takes nothing while it is down. */
async function startedShaky(): Promise<{ readonly rig: Rig; readonly store: { isDown: boolean } }> {
  const shaky = { isDown: false };
  const cause = new GateError("TRAIL_STORE_UNAVAILABLE", "it is down");
  const wrapStore = (store: GitStore): TrailStore => ({
    ...store,
    append: async (commit) => (shaky.isDown ? { kind: "wait", cause, seconds: 1 } : store.append(commit)),
  });
  const rig = await startedRig({ signers: [FIRST_KEY, SECOND_KEY], wrapStore });
  rigs.push(rig);
  return { rig, store: shaky };
}

async function rotated(): Promise<Rig> {
  const rig = await started();
  await rig.append(decisions(3));
  const approval = OWNER.approve(ROTATION);
  landed(await rotateKey(rig.writer, { vkey: SECOND_KEY.vkey, approval }, SETTING));
  return rig;
}

async function verdictOf(rig: Rig, level: 0 | 1 = 1, pin: Pin = {}) {
  const { report } = await verifyTrail({ store: rig.store, level, pin });
  return report;
}
const codesOf = async (rig: Rig, level: 0 | 1 = 1, pin: Pin = {}) =>
  [...new Set((await verdictOf(rig, level, pin)).findings.map(({ code }) => code))].sort();

const signersOf = (rig: Rig) =>
  rig.repository
    .git("show", `${BRANCH}:checkpoint`)
    .split("\n")
    .filter((line) => line.startsWith("— ")).length;

describe("a key that is handed over", () => {
  test("signs the first checkpoint of the new key with it, and none after", async () => {
    const rig = await rotated();
    assert.equal(signersOf(rig), 2);
    await rig.append([decision(10)]);
    assert.equal(signersOf(rig), 1);
    assert.deepEqual(await codesOf(rig), []);
    const file = parseTrailFile(readFile(rig.repository, "trail.json"));
    assert.deepEqual(file.keys, [
      { vkey: FIRST_KEY.vkey, from: 0, to: 5 },
      { vkey: SECOND_KEY.vkey, from: 5 },
    ]);
  });

  test("is handed over again", async () => {
    const rig = await rotated();
    const change = { kind: "key.rotated", old: SECOND_KEY.vkey, new: THIRD_KEY.vkey } as const;
    landed(await rotateKey(rig.writer, { vkey: THIRD_KEY.vkey, approval: OWNER.approve(change) }, SETTING));
    await rig.append([decision(10)]);
    assert.deepEqual(await codesOf(rig), []);
    assert.deepEqual(await codesOf(rig, 0), []);
  });

  test("by an owner's approval of exactly this change, or not at all", async () => {
    const rig = await started();
    const wrongs = [
      OWNER.approve({ ...ROTATION, new: THIRD_KEY.vkey }),
      OWNER.approve(ROTATION, "example.com/other/trail"),
      OWNER.sign("anything"),
    ];
    for (const approval of wrongs) {
      await assert.rejects(rotateKey(rig.writer, { vkey: SECOND_KEY.vkey, approval }, SETTING), {
        code: "TRAIL_APPROVAL_WRONG",
      });
    }
    assert.equal(await rig.journal.reserved(), undefined);
  });

  test("waits for the signer that is missing, and is finished when it is there", async () => {
    let rig = await started([FIRST_KEY]);
    const approval = OWNER.approve(ROTATION);
    const flush = await rotateKey(rig.writer, { vkey: SECOND_KEY.vkey, approval }, SETTING);
    assert.equal(flush.kind === "waiting" && flush.cause.code, "TRAIL_SIGNER_MISSING");
    await rig.journal.close();
    const { repository, journalFolder } = rig;
    rig = await openRig({ directory: repository.directory, journalFolder, signers: [FIRST_KEY, SECOND_KEY] });
    rigs.push(rig);
    landed(await rig.writer.flush());
    assert.equal(signersOf(rig), 2);
    assert.deepEqual(await codesOf(rig), []);
  });
});

describe("F16: a new key", () => {
  test("without the old one's signature is a finding", async () => {
    const rig = await rotated();
    const [text = ""] = readFile(rig.repository, "checkpoint").toString().split("\n\n");
    amend(rig.repository, { checkpoint: formatNote(await signNote(`${text}\n`, [SECOND_KEY])) });
    assert.deepEqual(await codesOf(rig, 0), ["TRAIL_KEY_RANGE"]);
  });

  test("that begins where the old one never signed is a finding in the history", async () => {
    const rig = await rotated();
    await rig.append([decision(10)]);
    // The last commit names a third key without any step in between.
    const file = parseTrailFile(readFile(rig.repository, "trail.json"));
    const [first, second] = file.keys;
    const keys = [first!, { ...second!, to: 5 }, { vkey: THIRD_KEY.vkey, from: 6 }];
    const [text = ""] = readFile(rig.repository, "checkpoint").toString().split("\n\n");
    amend(rig.repository, {
      "trail.json": formatTrailFile({ ...file, keys }),
      checkpoint: formatNote(await signNote(`${text}\n`, [THIRD_KEY])),
    });
    assert.deepEqual(await codesOf(rig, 0), ["TRAIL_FILE_UNRECORDED", "TRAIL_KEY_UNRECORDED"]);
    assert.ok((await codesOf(rig)).includes("TRAIL_FILE_UNRECORDED"));
  });

  test("without an owner's approval is a finding", async () => {
    const rig = await rotated();
    const evidence = rig.repository.git("ls-tree", "-r", "--name-only", BRANCH, "evidence/");
    amend(rig.repository, { [evidence]: undefined });
    assert.deepEqual(await codesOf(rig, 0), ["TRAIL_APPROVAL_MISSING", "TRAIL_EVIDENCE_MISSING"]);
  });

  test("approved by somebody who is no owner is a finding, if the owners are pinned", async () => {
    const rig = await rotated();
    const owners = (publicKey: string) => new Map([[publicKey, "maria"]]);
    assert.deepEqual(await codesOf(rig, 1, { owners: owners(OWNER.publicKey) }), []);
    const stranger = ownerOf(22);
    assert.deepEqual(await codesOf(rig, 1, { owners: owners(stranger.publicKey) }), [
      "TRAIL_APPROVAL_STRANGER",
    ]);
    assert.ok((await verdictOf(rig)).notes.some((note) => note.includes(OWNER.publicKey)));
  });

  test("twice at one size cannot be written down", () => {
    const file = trailFile();
    const twice = [
      { vkey: FIRST_KEY.vkey, from: 0, to: 5 },
      { vkey: SECOND_KEY.vkey, from: 5, to: 5 },
      { vkey: THIRD_KEY.vkey, from: 5 },
    ];
    assert.throws(() => formatTrailFile({ ...file, keys: twice }), { code: "TRAIL_FILE_INVALID" });
  });

  test("is not what was pinned as the first", async () => {
    const rig = await rotated();
    assert.deepEqual(await codesOf(rig, 1, { vkey: FIRST_KEY.vkey, digest: digestOf(trailFile()) }), []);
    assert.deepEqual(await codesOf(rig, 1, { vkey: SECOND_KEY.vkey }), ["TRAIL_PIN_WRONG"]);
    assert.deepEqual(await codesOf(rig, 1, { digest: "00".repeat(32) }), ["TRAIL_PIN_WRONG"]);
  });
});

describe("a stolen key", () => {
  test("is revoked by a new one: what it signed beyond its last good size does not count", async () => {
    const rig = await started();
    await rig.append([decision(1)], [decision(2)], [decision(3)]);
    const change = {
      kind: "key.revoked",
      vkey: FIRST_KEY.vkey,
      lastGoodSize: 3,
      new: SECOND_KEY.vkey,
    } as const;
    const approval = OWNER.approve(change);
    landed(await revokeKey(rig.writer, { vkey: SECOND_KEY.vkey, lastGoodSize: 3, approval }, SETTING));
    assert.equal(signersOf(rig), 1);
    assert.deepEqual(await codesOf(rig), []);
    // The thief goes on signing.
    const root = Buffer.alloc(32, 7);
    const note = await signNote(formatCheckpoint({ origin: ORIGIN, size: 5, root }), [FIRST_KEY]);
    amend(rig.repository, { checkpoint: formatNote(note) });
    assert.deepEqual(await codesOf(rig, 0), ["TRAIL_KEY_RANGE"]);
  });
});

describe("a key handed over twice", () => {
  test("is finished where a run before broke off, and refused once it is the trail's key", async () => {
    const { rig, store } = await startedShaky();
    const handOver = () =>
      rotateKey(rig.writer, { vkey: SECOND_KEY.vkey, approval: OWNER.approve(ROTATION) }, SETTING);
    store.isDown = true;
    assert.equal((await handOver()).kind, "waiting");
    store.isDown = false;
    assert.equal(landed(await handOver()).size, 2);
    await assert.rejects(handOver(), { code: "TRAIL_FILE_SAME" });
    assert.deepEqual(await codesOf(rig), []);
    assert.equal((await verdictOf(rig)).size, 2);
  });
});

describe("a changed description", () => {
  test("is recorded with an owner's approval", async () => {
    const rig = await started();
    const change = (file: TrailFile) => ({
      ...file,
      governed: { branch: "main", globs: ["models/**", "data/**"] },
    });
    const approval = OWNER.approve({ kind: "config.changed", digest: digestOf(change(trailFile())) });
    landed(await configure(rig.writer, { change, approval }, SETTING));
    await rig.append([decision(1)]);
    assert.deepEqual(await codesOf(rig), []);
  });

  const beating = (heartbeat_minutes: number) => (file: TrailFile) => ({ ...file, heartbeat_minutes });
  function approvalOf(minutes: number): Uint8Array {
    return OWNER.approve({ kind: "config.changed", digest: digestOf(beating(minutes)(trailFile())) });
  }
  const setTo = (rig: Rig, minutes: number) =>
    configure(rig.writer, { change: beating(minutes), approval: approvalOf(minutes) }, SETTING);

  /** What `configure` writes, with its own word of where the description begins. */
  function planWith(said: { readonly from?: number }): (position: Position) => ChangePlan {
    return ({ head }) => {
      const [trailFile, approval] = [beating(30)(head.file), approvalOf(30)];
      const sha256 = hash("sha256", approval);
      const config = { digest: digestOf(trailFile), approval: sha256, ...said };
      const [file] = CONTENTS["config.changed"]!.predicate.evidence!;
      const evidence = [{ ...file!, digest: { sha256 }, size: approval.length }];
      const { subject, predicate } = CONTENTS["config.changed"]!;
      return {
        rows: [toOwnRow({ subject, predicate: { ...predicate, config, evidence } }, [approval])],
        trailFile,
      };
    };
  }

  test("may come back, each time as another event", async () => {
    const rig = await started();
    for (const minutes of [30, 60, 30, 60]) landed(await setTo(rig, minutes));
    assert.deepEqual(await codesOf(rig), []);
    assert.equal((await verdictOf(rig)).size, 5);
  });

  test("that says what it said before is refused, and nothing is written", async () => {
    const rig = await started();
    landed(await setTo(rig, 30));
    await assert.rejects(setTo(rig, 30), { code: "TRAIL_FILE_SAME" });
    assert.deepEqual(await codesOf(rig), []);
    assert.equal((await verdictOf(rig)).size, 2);
  });

  test("that a run before broke off in is finished, not made again", async () => {
    const { rig, store } = await startedShaky();
    store.isDown = true;
    assert.equal((await setTo(rig, 30)).kind, "waiting");
    store.isDown = false;
    assert.equal(landed(await setTo(rig, 30)).size, 2);
    assert.equal((await verdictOf(rig)).size, 2);
    // What was broken off may as well be something else: then both land.
    store.isDown = true;
    assert.equal((await setTo(rig, 60)).kind, "waiting");
    store.isDown = false;
    assert.equal(landed(await setTo(rig, 30)).size, 4);
    assert.deepEqual(await codesOf(rig), []);
  });

  test("that an earlier version recorded, by its digest alone, still verifies", async () => {
    const rig = await started();
    landed(await rig.writer.change(approvalOf(30), planWith({})));
    assert.deepEqual(await codesOf(rig), []);
    assert.equal((await verdictOf(rig)).size, 2);
  });

  test("that says it began at another size is a finding", async () => {
    const rig = await started();
    landed(await rig.writer.change(approvalOf(30), planWith({ from: 7 })));
    assert.deepEqual(await codesOf(rig), ["TRAIL_FILE_UNRECORDED"]);
  });

  test("that no entry records is a finding", async () => {
    const rig = await started();
    await rig.append([decision(1)]);
    const file = { ...trailFile(), heartbeat_minutes: 1_440 };
    amend(rig.repository, { "trail.json": canonicalBytes(file) });
    assert.deepEqual(await codesOf(rig), ["TRAIL_FILE_UNRECORDED"]);
  });
});

describe("successionOf()", () => {
  const old = trailFile();
  const cases: readonly [string, TrailFile, string][] = [
    ["the same", old, "same"],
    ["another glob", { ...old, governed: { branch: "main", globs: ["data/**"] } }, "configured"],
    ["a key handed over at this size", rotate(old, SECOND_KEY.vkey, 9), "rotated"],
    ["a key revoked", revoke(old, SECOND_KEY.vkey, { size: 9, lastGoodSize: 4 }), "revoked"],
  ];
  for (const [name, next, succession] of cases) {
    test(`calls ${name} ${succession}`, () => assert.equal(successionOf(old, next, 9), succession));
  }
  const refused: readonly [string, TrailFile][] = [
    ["another origin", { ...old, origin: "example.com/other/trail" }],
    ["another genesis", { ...old, genesis: "55".repeat(20) }],
    ["another repository", { ...old, repo_id: 1 }],
    ["another first key", { ...old, keys: [{ vkey: SECOND_KEY.vkey, from: 0 }] }],
    ["a key handed over at another size", rotate(old, SECOND_KEY.vkey, 8)],
    ["two keys handed over at once", rotate(rotate(old, SECOND_KEY.vkey, 8), THIRD_KEY.vkey, 9)],
    [
      "a key and a glob",
      { ...rotate(old, SECOND_KEY.vkey, 9), governed: { branch: "main", globs: ["data/**"] } },
    ],
    ["a key that ends and none that begins", { ...old, keys: [{ vkey: FIRST_KEY.vkey, from: 0, to: 9 }] }],
    ["a first key that begins later", { ...old, keys: [{ vkey: FIRST_KEY.vkey, from: 1 }] }],
  ];
  for (const [name, next] of refused) {
    test(`refuses ${name}`, () => {
      assert.throws(() => successionOf(old, next, 9), { code: "TRAIL_SUCCESSION_WRONG" });
    });
  }
});
