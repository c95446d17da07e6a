import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { GateError } from "../../gate/model/error.ts";
import { adopt } from "../../gate/trail/adoption.ts";
import { buildBatch } from "../../gate/trail/batch.ts";
import { canonicalText } from "../../gate/trail/canonical.ts";
import { checkContent, type EntryContent } from "../../gate/trail/entry.ts";
import { enqueueRows, FileJournal } from "../../gate/trail/file-journal.ts";
import { OWN_KINDS } from "../../gate/trail/kind.ts";
import type { Signer } from "../../gate/trail/note.ts";
import { toRow } from "../../gate/trail/outbox-row.ts";
import { locate } from "../../gate/trail/position.ts";
import type { AppendAnswer, TrailCommit, TrailStore } from "../../gate/trail/store.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { type Flush, TrailWriter } from "../../gate/trail/writer.ts";
import { CONTENTS } from "./entries.ts";
import {
  Clock,
  decision,
  decisions,
  FIRST_KEY,
  landed,
  openRig,
  type Rig,
  type RigOptions,
  signerOf,
  startedRig,
} from "./rig.ts";

const BRANCH = "weighbridge-trail";

const rigs: Rig[] = [];
async function started(options: RigOptions = {}): Promise<Rig> {
  const rig = await startedRig(options);
  rigs.push(rig);
  return rig;
}
/** The same trail, opened by another process's means: another journal, or the same after a restart. */
async function reopened(rig: Rig, options: RigOptions = {}): Promise<Rig> {
  await rig.journal.close();
  const { journalFolder, clock } = rig;
  const next = await openRig({ directory: rig.repository.directory, journalFolder, clock, ...options });
  rigs.push(next);
  return next;
}
after(async () => {
  for (const rig of rigs) await rig.close();
  for (const rig of rigs) rig.repository.remove();
});

const commits = (rig: Rig) => Number(rig.repository.git("rev-list", "--count", BRANCH));
const tip = (rig: Rig) => rig.repository.git("rev-parse", BRANCH);
async function sizeOf(rig: Rig): Promise<number> {
  const { report } = await verifyTrail({ store: rig.store, level: 1 });
  assert.deepEqual(report.findings, []);
  return report.size;
}
async function drain(rig: Rig): Promise<void> {
  for (let flush = await rig.writer.flush(); flush.kind !== "idle"; flush = await rig.writer.flush())
    landed(flush);
}
function haltOf(flush: Flush): string {
  assert.equal(flush.kind, "halted");
  return flush.halt.code;
}
/** A commit that no writer made. */
function pushForeign(rig: Rig, files: Readonly<Record<string, string>> = { note: "hello" }): string {
  const { repository } = rig;
  const base = repository.git("ls-tree", BRANCH).split("\n");
  const blobs = Object.entries(files).map(([path, content]) => {
    repository.write("foreign.txt", content);
    const oid = repository.git("hash-object", "-w", join(repository.directory, "foreign.txt"));
    return `100644 blob ${oid}\t${path}`;
  });
  const names = new Set(Object.keys(files));
  const lines = [...base.filter((line) => !names.has(line.split("\t")[1] ?? "")), ...blobs];
  repository.write("tree.txt", `${lines.join("\n")}\n`);
  const tree = repository.git("-c", "alias.t=!git mktree < tree.txt", "t");
  const commit = repository.git("commit-tree", "-p", BRANCH, "-m", "fix typo", tree);
  repository.git("update-ref", `refs/heads/${BRANCH}`, commit);
  return commit;
}

/** A store that answers as the network does: it does its work, or not, and then says what the test wants. */
class Network implements TrailStore {
  readonly staleMs: number = 0;
  readonly sent: TrailCommit[] = [];
  readonly answers: ((append: () => Promise<AppendAnswer>) => Promise<AppendAnswer>)[] = [];
  readonly #store: TrailStore;
  readonly head: TrailStore["head"];
  readonly read: TrailStore["read"];
  readonly list: TrailStore["list"];
  readonly log: TrailStore["log"];
  readonly countAbove: TrailStore["countAbove"];
  readonly diff: TrailStore["diff"];

  constructor(store: TrailStore, head: TrailStore["head"] = store.head, staleMs = 0) {
    this.#store = store;
    this.head = head;
    this.staleMs = staleMs;
    this.read = store.read;
    this.list = store.list;
    this.log = store.log;
    this.countAbove = store.countAbove;
    this.diff = store.diff;
  }

  async append(commit: TrailCommit): Promise<AppendAnswer> {
    this.sent.push(commit);
    const answer = this.answers.shift();
    return answer === undefined ? this.#store.append(commit) : answer(() => this.#store.append(commit));
  }
}

const LOST = async (append: () => Promise<AppendAnswer>): Promise<AppendAnswer> => {
  await append();
  return { kind: "unknown", cause: new Error("timeout") };
};
const BAD_GATEWAY = async (): Promise<AppendAnswer> => ({ kind: "unknown", cause: new Error("502") });

async function behindNetwork(options: RigOptions = {}) {
  let network: Network | undefined;
  let signatures = 0;
  const counting: Signer = {
    ...FIRST_KEY,
    sign: (text) => {
      signatures++;
      return FIRST_KEY.sign(text);
    },
  };
  const rig = await started({
    signers: [counting],
    wrapStore: (store) => {
      network = new Network(store);
      return network;
    },
    ...options,
  });
  return { rig, network: network!, signatures: () => signatures };
}

describe("a writer", () => {
  test("appends what is pending in one commit, and nothing when nothing is", async () => {
    const rig = await started();
    await rig.append(decisions(3));
    assert.equal(commits(rig), 2);
    assert.equal((await rig.writer.flush()).kind, "idle");
    assert.equal(commits(rig), 2);
    assert.equal(await sizeOf(rig), 4);
  });

  test("keeps the order of the events over flushes and restarts", async () => {
    let rig = await started();
    const contents = Object.values(CONTENTS).filter(
      ({ predicate: { kind, evidence } }) => evidence === undefined && !OWN_KINDS.has(kind),
    );
    for (const content of contents) await rig.writer.enqueue(content);
    rig = await reopened(rig);
    await drain(rig);
    const kinds: string[] = [];
    await verifyTrail({ store: rig.store, level: 0, visit: ({ predicate }) => kinds.push(predicate.kind) });
    assert.deepEqual(
      kinds.slice(1),
      contents.map(({ predicate }) => predicate.kind),
    );
  });

  test("takes at most 1,024 entries into one commit", async () => {
    const rig = await started();
    await enqueueRows(
      rig.journalFolder,
      decisions(1_030).map((content) => toRow(content)),
    );
    assert.equal(landed(await rig.writer.flush()).size, 1 + 1_024);
    assert.equal(landed(await rig.writer.flush()).size, 1 + 1_030);
    assert.equal(await sizeOf(rig), 1_031);
  });

  test("stores evidence by its digest, and only what the entry names", async () => {
    const rig = await started();
    const file = Buffer.from('{"verdict":"pass"}');
    const digest = "2f8c3dc0eb1fbb4d5b5d1e6c7ce7fd1f";
    const content = decision(1);
    const evidence = [
      { name: "decision.json", digest: { sha256: digest }, size: file.length, mediaType: "application/json" },
    ];
    const wrong = { ...content, predicate: { ...content.predicate, evidence } } as EntryContent;
    await assert.rejects(rig.writer.enqueue(wrong, [file]), { code: "TRAIL_ENTRY_INVALID" });
    await assert.rejects(rig.writer.enqueue(content, [file]), { code: "TRAIL_EVIDENCE_WRONG" });
  });

  test("refuses what only the trail says of itself, and goes on", async () => {
    const rig = await started();
    const approval = Buffer.from("signed");
    const sha256 = hash("sha256", approval);
    for (const kind of ["trail.created", "config.changed", "key.rotated", "key.revoked", "anchor.recorded"]) {
      const { subject, predicate } = CONTENTS[kind]!;
      const evidence = predicate.evidence?.map((file) => ({ ...file, digest: { sha256 }, size: 6 }));
      const content = { subject, predicate: evidence === undefined ? predicate : { ...predicate, evidence } };
      const files = evidence === undefined ? [] : [approval];
      await assert.rejects(rig.writer.enqueue(content, files), { code: "TRAIL_KIND_RESERVED" }, kind);
    }
    await rig.writer.enqueue(decision(1));
    await drain(rig);
    assert.equal(await sizeOf(rig), 2);
  });

  test("refuses to begin a trail twice, and to write where there is none", async () => {
    const rig = await started();
    const { createTrail } = await import("../../gate/trail/change.ts");
    const { trailFile, SETTING } = await import("./rig.ts");
    await assert.rejects(createTrail(rig.writer, trailFile(), SETTING), { code: "TRAIL_EXISTS" });
    const empty = await openRig();
    rigs.push(empty);
    await assert.rejects(empty.writer.flush(), { code: "TRAIL_MISSING" });
  });

  test("does not write while another process leads", async () => {
    const rig = await started();
    await assert.rejects(
      FileJournal.open(rig.journalFolder, () => rig.clock.time),
      { code: "TRAIL_LEADER_BUSY" },
    );
  });
});

test("F4: what landed, but whose answer was lost, is found by its Batch-Id", async () => {
  const { rig, network, signatures } = await behindNetwork();
  network.answers.push(LOST);
  const before = { sent: network.sent.length, signatures: signatures() };
  await rig.append([decision(1)]);
  assert.equal(network.sent.length, before.sent + 1);
  assert.equal(signatures(), before.signatures + 1);
  assert.equal(commits(rig), 2);
  assert.equal(await sizeOf(rig), 2);
});

test("F5: after a 502 that did not land, the same bytes are sent and nothing is signed again", async () => {
  const { rig, network, signatures } = await behindNetwork();
  network.answers.push(BAD_GATEWAY, BAD_GATEWAY);
  const before = { sent: network.sent.length, signatures: signatures() };
  await rig.append([decision(1)]);
  const [first, second, third, ...rest] = network.sent.slice(before.sent);
  assert.deepEqual(second, first);
  assert.deepEqual(third, first);
  assert.deepEqual(rest, []);
  assert.equal(signatures(), before.signatures + 1);
  assert.equal(await sizeOf(rig), 2);
});

test("F5: a store that never answers leaves the batch reserved for later", async () => {
  const { rig, network } = await behindNetwork();
  network.answers.push(BAD_GATEWAY, BAD_GATEWAY, BAD_GATEWAY);
  await rig.writer.enqueue(decision(1));
  assert.equal((await rig.writer.flush()).kind, "waiting");
  const reserved = await rig.journal.reserved();
  assert.equal(reserved?.size, 2);
  assert.deepEqual(landed(await rig.writer.flush()).root, reserved.root);
});

test("F6: a write that reads do not show for 30 s is waited for, not taken for a rollback", async () => {
  const clock = new Clock();
  let shown: { readonly head: string | undefined; readonly until: number } | undefined;
  const rig = await started({
    clock,
    wrapStore: (store) => {
      const head = async () => (shown !== undefined && clock.time < shown.until ? shown.head : store.head());
      const network = new Network(store, head, 60_000);
      const stale = async (append: () => Promise<AppendAnswer>): Promise<AppendAnswer> => {
        shown = { head: await store.head(), until: clock.time + 30_000 };
        await append();
        return { kind: "unknown", cause: new Error("timeout") };
      };
      network.answers.push(
        (append) => append(),
        stale,
        (append) => append(),
      );
      return network;
    },
  });
  await rig.append([decision(1)]);
  assert.equal(commits(rig), 2);
  // The next flush meets reads that are older than what it knows to have landed.
  shown = { head: rig.repository.git("rev-parse", `${BRANCH}~1`), until: clock.time + 30_000 };
  await rig.append([decision(2)]);
  assert.equal(await sizeOf(rig), 3);
});

test("F7: the store is asked once for each attempt", async () => {
  const { rig, network } = await behindNetwork();
  const before = network.sent.length;
  await rig.append([decision(1)], [decision(2)]);
  assert.equal(network.sent.length, before + 2);
});

test("F8: one delivery three times and once more by reconciling is one entry", async () => {
  let rig = await started();
  const again = (delivery: string) => {
    const content = decision(1);
    return { ...content, predicate: { ...content.predicate, app: { version: "1.4.2", delivery } } };
  };
  for (const delivery of ["a", "b", "b"]) await rig.writer.enqueue(again(delivery));
  await drain(rig);
  await rig.writer.enqueue(again("reconcile"));
  assert.equal((await rig.writer.flush()).kind, "idle");
  // The outbox of a journal that was restored holds the event once more.
  await rig.journal.enqueue(toRow(again("restored")));
  rig = await reopened(rig);
  assert.equal((await rig.writer.flush()).kind, "idle");
  assert.deepEqual(await rig.journal.pending(10), []);
  assert.equal(await sizeOf(rig), 2);
});

describe("F9: of two leaders the first, which wakes late,", () => {
  /** A leader that fell asleep with a batch in its hands, and a second that took over and landed its own. */
  async function asleep() {
    const rig = await started();
    const position = await locate({ store: rig.store, journal: rig.journal, sleep: rig.clock.sleep });
    const plan = {
      origin: FIRST_KEY.name,
      edge: position.edge,
      parent: position.head.commit,
      vkeys: [FIRST_KEY.vkey],
      now: rig.clock.now(),
    };
    const { batch } = buildBatch({ ...plan, rows: [toRow(decision(666))] });
    // The lease runs out while the first sleeps.
    rig.clock.time += 3_600_000;
    const journal = await FileJournal.open(rig.journalFolder, () => rig.clock.time);
    const { store, clock } = rig;
    const writer = new TrailWriter({
      store,
      journal,
      signers: [FIRST_KEY],
      now: clock.now,
      sleep: clock.sleep,
    });
    return { rig, batch, second: { journal, writer } };
  }

  test("is fenced off before it reserves anything", async () => {
    const { rig, batch, second } = await asleep();
    await second.writer.enqueue(decision(1));
    landed(await second.writer.flush());
    await assert.rejects(rig.journal.reserve(batch), { code: "TRAIL_FENCED" });
    await assert.rejects(rig.writer.flush(), { code: "TRAIL_FENCED" });
    assert.equal(await sizeOf(rig), 2);
    await second.journal.close();
  });

  test("finds the size continued even if it believes that it still leads", async () => {
    const { rig, batch, second } = await asleep();
    await second.writer.enqueue(decision(1));
    landed(await second.writer.flush());
    forgetLastTerm(rig);
    await assert.rejects(rig.journal.reserve(batch), { code: "TRAIL_FENCED" });
    assert.equal(await second.journal.reserved(), undefined);
    await second.journal.close();
  });

  test("gets the second's batch to finish while that has not landed", async () => {
    const { rig, batch, second } = await asleep();
    await second.writer.enqueue(decision(1));
    const reserving = new TrailWriter({
      store: rig.store,
      journal: second.journal,
      signers: [{ ...FIRST_KEY, sign: async () => Promise.reject(new Error("asleep")) }],
      now: rig.clock.now,
      sleep: rig.clock.sleep,
    });
    assert.equal((await reserving.flush()).kind, "waiting");
    forgetLastTerm(rig);
    const bound = await rig.journal.reserve(batch);
    assert.notDeepEqual(bound.root, batch.root);
    assert.deepEqual(bound, await second.journal.reserved());
    assert.deepEqual(landed(await rig.writer.flush()).root, bound.root);
    assert.equal(await sizeOf(rig), 2);
  });

  /** Makes the first leader believe that it still leads, as one does who looked at the lease a moment too early. */
  function forgetLastTerm(rig: Rig): void {
    const folder = join(rig.journalFolder, "leader");
    rmSync(join(folder, readdirSync(folder).sort().at(-1)!));
  }
});

describe("F10: on a foreign commit", () => {
  test("it halts, keeps the outbox, signs nothing, and says which commit it was", async () => {
    const { rig, network, signatures } = await behindNetwork();
    await rig.append([decision(1)]);
    const before = { sent: network.sent.length, signatures: signatures() };
    const commit = pushForeign(rig);
    await rig.writer.enqueue(decision(2));
    const flush = await rig.writer.flush();
    assert.equal(haltOf(flush), "TRAIL_FOREIGN_COMMIT");
    assert.match((await rig.writer.halted())!.message, new RegExp(commit));
    assert.equal((await rig.journal.pending(10)).length, 1);
    assert.deepEqual({ sent: network.sent.length, signatures: signatures() }, before);
    assert.equal(await rig.journal.reserved(), undefined);
  });

  test("it stays halted after a restart, and goes on once the branch is restored and a person says so", async () => {
    let rig = await started();
    await rig.append([decision(1)]);
    const ours = tip(rig);
    pushForeign(rig);
    await rig.writer.enqueue(decision(2));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    rig.repository.git("update-ref", `refs/heads/${BRANCH}`, ours);
    rig = await reopened(rig);
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    await rig.writer.resume();
    await rig.writer.enqueue(CONTENTS["gap.explained"]!);
    await drain(rig);
    assert.equal(await sizeOf(rig), 4);
  });

  test("it halts again if a person resumes without restoring the branch", async () => {
    const rig = await started();
    pushForeign(rig);
    await rig.writer.flush();
    await rig.writer.resume();
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
  });

  test("it halts with a batch reserved, and does not sign it", async () => {
    const failing: Signer = { ...FIRST_KEY, sign: async () => Promise.reject(new Error("down")) };
    let rig = await started();
    rig = await reopened(rig, { signers: [failing] });
    await rig.writer.enqueue(decision(1));
    assert.equal((await rig.writer.flush()).kind, "waiting");
    pushForeign(rig);
    rig = await reopened(rig);
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    assert.equal(await rig.journal.signedCheckpoint((await rig.journal.reserved())!), undefined);
  });

  test("a copied Batch-Id does not make it ours", async () => {
    const failing: Signer = { ...FIRST_KEY, sign: async () => Promise.reject(new Error("down")) };
    let rig = await started();
    rig = await reopened(rig, { signers: [failing] });
    await rig.writer.enqueue(decision(1));
    await rig.writer.flush();
    const { batchId, size, root } = (await rig.journal.reserved())!;
    const trailers = `Batch-Id: ${batchId}\nTree-Size: ${size}\nRoot: ${Buffer.from(root).toString("base64")}`;
    const tree = rig.repository.git("rev-parse", `${BRANCH}^{tree}`);
    const message = `trail: 1..1 [skip ci]\n\n${trailers}`;
    const copy = rig.repository.git("commit-tree", "-p", BRANCH, "-m", message, tree);
    rig.repository.git("update-ref", `refs/heads/${BRANCH}`, copy);
    rig = await reopened(rig);
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
  });

  test("one signed by another key, with a trail.json that names it, is foreign, too", async () => {
    const rig = await started();
    const thief = signerOf(9);
    const file = JSON.parse(rig.repository.git("show", `${BRANCH}:trail.json`));
    file.keys = [{ vkey: thief.vkey, from: 0 }];
    const text = `${FIRST_KEY.name}\n2\n${Buffer.alloc(32, 7).toString("base64")}\n`;
    const { formatNote, signNote } = await import("../../gate/trail/note.ts");
    const note = Buffer.from(formatNote(await signNote(text, [thief]))).toString();
    pushForeign(rig, { checkpoint: note, "trail.json": canonicalText(file) });
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_SUCCESSION_WRONG");
  });
});

describe("F10: above a foreign commit that rules forbid to take off,", () => {
  const explain = (commit: string): EntryContent => {
    const content = CONTENTS["gap.explained"]!;
    return {
      ...content,
      predicate: { ...content.predicate, gap: { code: "foreign-commit", object: commit } },
    };
  };
  const worldOf = ({ store, journal, clock }: Rig) => ({
    ...{ store, journal, signers: [FIRST_KEY] },
    now: clock.now,
    sleep: clock.sleep,
  });

  test("adopting puts back what it touched, explains it, and the trail verifies", async () => {
    const rig = await started();
    await rig.append(decisions(3));
    const before = rig.repository.git("ls-tree", "-r", BRANCH);
    const first = pushForeign(rig, { note: "hello", "trail.json": "{}" });
    const second = pushForeign(rig, { checkpoint: "forged" });
    await rig.writer.enqueue(decision(9));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    const landing = await adopt(worldOf(rig), explain);
    assert.equal(landing.kind === "landed" && landing.ids.length, 2);
    await drain(rig);
    const { report } = await verifyTrail({ store: rig.store, level: 1 });
    assert.deepEqual(report.findings, []);
    assert.equal(report.size, 7);
    for (const commit of [first, second]) assert.ok(report.notes.some((note) => note.includes(commit)));
    const after = rig.repository.git("ls-tree", "-r", BRANCH).split("\n");
    const kept = before.split("\n").filter((line) => !line.endsWith("\tcheckpoint"));
    assert.deepEqual(
      kept.filter((line) => !after.includes(line)),
      [],
    );
  });

  test("a batch that was reserved goes first, with the same root", async () => {
    const failing: Signer = { ...FIRST_KEY, sign: async () => Promise.reject(new Error("down")) };
    let rig = await started();
    rig = await reopened(rig, { signers: [failing] });
    await rig.writer.enqueue(decision(1));
    await rig.writer.flush();
    const { root } = (await rig.journal.reserved())!;
    pushForeign(rig);
    rig = await reopened(rig);
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    const landing = await adopt(worldOf(rig), explain);
    assert.deepEqual(landing.kind === "landed" && landing.landed.root, root);
    await drain(rig);
    assert.equal(await sizeOf(rig), 3);
  });

  test("nothing is adopted that did not halt for it", async () => {
    const rig = await started();
    await assert.rejects(adopt(worldOf(rig), explain), { code: "TRAIL_NOT_HALTED" });
  });
});

test("F11: on a branch that was set back to an own older commit it halts", async () => {
  const rig = await started();
  await rig.append([decision(1)], [decision(2)]);
  rig.repository.git("update-ref", `refs/heads/${BRANCH}`, `${BRANCH}~1`);
  await rig.writer.enqueue(decision(3));
  assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REWRITTEN");
  assert.equal(commits(rig), 2);
});

describe("F12: on a branch that was deleted", () => {
  test("it halts and does not make it again", async () => {
    const rig = await started();
    await rig.append([decision(1)]);
    rig.repository.git("update-ref", "-d", `refs/heads/${BRANCH}`);
    await rig.writer.enqueue(decision(2));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_BRANCH_GONE");
    assert.equal(rig.repository.git("for-each-ref"), "");
  });

  test("and made again from an older clone, it halts", async () => {
    const rig = await started();
    await rig.append([decision(1)]);
    const older = rig.repository.git("rev-parse", `${BRANCH}~1`);
    rig.repository.git("update-ref", "-d", `refs/heads/${BRANCH}`);
    rig.repository.git("update-ref", `refs/heads/${BRANCH}`, older);
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REWRITTEN");
  });
});

describe("F17: two roots for one size", () => {
  test("are never reserved: who comes second gets the first", async () => {
    const rig = await started();
    const { edge, head } = await locate({ store: rig.store, journal: rig.journal, sleep: rig.clock.sleep });
    const plan = {
      origin: FIRST_KEY.name,
      edge,
      parent: head.commit,
      vkeys: [FIRST_KEY.vkey],
      now: rig.clock.now(),
    };
    const one = buildBatch({ ...plan, rows: [toRow(decision(1))] }).batch;
    const two = buildBatch({ ...plan, rows: [toRow(decision(2))] }).batch;
    assert.equal((await rig.journal.reserve(one)).batchId, one.batchId);
    assert.equal((await rig.journal.reserve(two)).batchId, one.batchId);
    await rig.writer.enqueue(decision(3));
    assert.deepEqual(landed(await rig.writer.flush()).root, one.root);
  });

  test("are never recorded as landed", async () => {
    const rig = await started();
    const last = (await rig.journal.landed())!;
    await rig.journal.land(last);
    const root = new Uint8Array(32);
    await assert.rejects(rig.journal.land({ ...last, root }), { code: "TRAIL_FORKED" });
    await assert.rejects(rig.journal.land({ ...last, commit: "11".repeat(20) }), { code: "TRAIL_FORKED" });
  });
});

test("F21: an hour of limits with 300 pending loses nothing, keeps the order, and drains", async () => {
  const { rig, network } = await behindNetwork();
  const contents = decisions(300);
  await enqueueRows(
    rig.journalFolder,
    contents.map((content) => toRow(content)),
  );
  const limit = async (): Promise<AppendAnswer> => ({ kind: "wait", seconds: 900, cause: new Error("403") });
  for (let quarter = 0; quarter < 4; quarter++) {
    network.answers.push(limit);
    const flush = await rig.writer.flush();
    assert.equal(flush.kind, "waiting");
    assert.equal(flush.seconds, 900);
    rig.clock.time += 900_000;
  }
  assert.equal((await rig.journal.pending(1_024)).length, 300);
  await drain(rig);
  const numbers: number[] = [];
  await verifyTrail({
    store: rig.store,
    level: 0,
    visit: ({ predicate }) => numbers.push(predicate.pr?.number ?? 0),
  });
  assert.deepEqual(
    numbers.slice(1),
    contents.map(({ predicate }) => predicate.pr?.number),
  );
});

describe("F22:", () => {
  test("when permission is gone it halts, and goes on when it is back", async () => {
    const { rig, network } = await behindNetwork();
    network.answers.push(async () => ({ kind: "refused", cause: new Error("403 rule") }));
    await rig.writer.enqueue(decision(1));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REFUSED");
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REFUSED");
    await rig.writer.resume();
    await drain(rig);
    assert.equal(await sizeOf(rig), 2);
  });

  const failures: readonly [string, Signer["sign"], string][] = [
    ["is down", async () => Promise.reject(new Error("refused")), "TRAIL_SIGNER_FAILED"],
    ["signs something else", async () => new Uint8Array(64), "TRAIL_SIGNER_WRONG"],
  ];
  for (const [state, sign, code] of failures) {
    test(`when the signer ${state} it waits, and lands the same batch later`, async () => {
      let rig = await started();
      rig = await reopened(rig, { signers: [{ ...FIRST_KEY, sign }] });
      await rig.writer.enqueue(decision(1));
      const flush = await rig.writer.flush();
      assert.equal(flush.kind, "waiting");
      assert.equal(flush.cause.code, code);
      const { root } = (await rig.journal.reserved())!;
      rig = await reopened(rig);
      assert.deepEqual(landed(await rig.writer.flush()).root, root);
    });
  }

  test("without a signer for the current key it waits", async () => {
    let rig = await started();
    rig = await reopened(rig, { signers: [signerOf(9)] });
    await rig.writer.enqueue(decision(1));
    const flush = await rig.writer.flush();
    assert.equal(flush.kind === "waiting" && flush.cause.code, "TRAIL_SIGNER_MISSING");
  });
});

describe("F25: with a journal", () => {
  test("that is new it takes the branch's end, and knows every event that has landed", async () => {
    let rig = await started();
    await rig.append(decisions(260), decisions(3, 500));
    rig = await reopened(rig, { journalFolder: join(rig.repository.directory, "other-journal") });
    await rig.writer.enqueue(decision(501));
    assert.equal((await rig.writer.flush()).kind, "idle");
    await rig.append([decision(900)]);
    assert.equal(await sizeOf(rig), 265);
  });

  test("from an old backup it signs nothing below the branch's end, and goes on from there", async () => {
    let rig = await started();
    await rig.append([decision(1)]);
    await rig.journal.close();
    const backup = join(rig.repository.directory, "backup");
    cpSync(rig.journalFolder, backup, { recursive: true });
    rig = await reopened(rig);
    await rig.append([decision(2)], [decision(3)]);
    rig = await reopened(rig, { journalFolder: backup });
    // What the backup had forgotten comes again, and something new.
    for (const number of [1, 2, 3, 4]) await rig.writer.enqueue(decision(number));
    await drain(rig);
    assert.equal(await sizeOf(rig), 5);
  });

  test("from an old backup that holds a reservation the branch went past it halts", async () => {
    const failing: Signer = { ...FIRST_KEY, sign: async () => Promise.reject(new Error("down")) };
    let rig = await started();
    rig = await reopened(rig, { signers: [failing] });
    await rig.writer.enqueue(decision(1));
    await rig.writer.flush();
    await rig.journal.close();
    const backup = join(rig.repository.directory, "backup");
    cpSync(rig.journalFolder, backup, { recursive: true });
    // The branch went on by another journal, with another batch of that size.
    rig = await reopened(rig, { journalFolder: join(rig.repository.directory, "other-journal") });
    await rig.append([decision(2)]);
    rig = await reopened(rig, { journalFolder: backup });
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    assert.equal(await sizeOf(rig), 2);
  });
});

test("writers that only share the branch never lose an event: the ref is compared before it moves", async () => {
  const rig = await started();
  const directory = rig.repository.directory;
  const others = await Promise.all(
    [1, 2, 3].map((n) => openRig({ directory, journalFolder: join(directory, `journal-${n}`) })),
  );
  rigs.push(...others);
  for (const [n, other] of others.entries()) {
    for (const content of decisions(4, 100 * (n + 1))) await other.writer.enqueue(content);
  }
  const ends = await Promise.all(
    others.map(async (other) => {
      try {
        return (await other.writer.flush()).kind;
      } catch (error) {
        return error instanceof GateError ? error.code : "crashed";
      }
    }),
  );
  assert.ok(ends.includes("landed"), ends.join());
  assert.ok(
    ends.every((end) => end === "landed" || end === "halted"),
    ends.join(),
  );
  const count = ends.filter((end) => end === "landed").length;
  assert.equal(await sizeOf(rig), 1 + 4 * count);
});

test("law: events in any order and number land as the same set", async () => {
  const contents = decisions(6);
  const ids = new Set(contents.map(checkContent));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }), async (order) => {
      const rig = await startedRig();
      for (const at of order) await rig.writer.enqueue(contents[at]!);
      await drain(rig);
      const seen: string[] = [];
      await verifyTrail({ store: rig.store, level: 0, visit: ({ predicate }) => seen.push(predicate.id) });
      await rig.close();
      rig.repository.remove();
      assert.deepEqual(new Set(seen.slice(1)), new Set(order.map((at) => [...ids][at]!)));
      assert.equal(seen.length - 1, new Set(order).size);
    }),
    { numRuns: 8 },
  );
});
