import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { OpenJournal, Store } from "../../../app/store/store.ts";
import type { Batch, OutboxRow } from "../../../gate/trail/batch.ts";
import { LEASE_MS } from "../../../gate/trail/leader.ts";
import { toRow } from "../../../gate/trail/outbox-row.ts";
import { decision, FIRST_KEY, ORIGIN } from "../../trail/rig.ts";
import { kinds, type Rig } from "./rigs.ts";

const REPOSITORY = 777_000_111;
const FENCED = { code: "TRAIL_FENCED" };
const FORKED = { code: "TRAIL_FORKED" };
const BUSY = { code: "TRAIL_LEADER_BUSY" };

const row = (number: number): OutboxRow => toRow(decision(number));
const root = (byte: number): Uint8Array => Buffer.alloc(32, byte);
const commit = (digit: string): string => digit.repeat(40);

function batch(from: number, size: number, byte: number): Batch {
  return {
    ...{
      origin: ORIGIN,
      from,
      size,
      root: root(byte),
      batchId: String(byte % 10).repeat(32),
      time: 1_795_000_000,
    },
    vkeys: [FIRST_KEY.vkey],
    ids: [row(1).id],
    parent: from === 0 ? undefined : commit("a"),
    writes: new Map([["tile/0/000.p/1", Buffer.from("tile")]]),
    deletes: ["tail/0"],
  };
}

/** Buffers and plain arrays of the same bytes are the same. */
function plain({ root: bytes, writes, ...rest }: Batch) {
  return { ...rest, root: [...bytes], writes: [...writes].map(([path, content]) => [path, [...content]]) };
}

const landed = (size: number, byte: number, digit = "a") => ({
  size,
  root: root(byte),
  commit: commit(digit),
});

type Case = (journal: OpenJournal, rig: Rig, store: Store) => Promise<void>;

const CASES: Readonly<Record<string, Case>> = {
  "what is to be written waits in order, once, with its evidence": async (journal, _rig, store) => {
    for (const number of [3, 1, 2, 1]) await store.enqueue(REPOSITORY, row(number));
    await journal.enqueue(row(4));
    await store.enqueue(5, row(9));
    assert.deepEqual(await journal.pending(9), [row(3), row(1), row(2), row(4)]);
    assert.deepEqual(
      (await journal.pending(2)).map(({ id }) => id),
      [row(3).id, row(1).id],
    );
    assert.deepEqual(await store.pendingTrails(), [5, REPOSITORY]);
    await journal.remove([row(3).id, row(1).id, row(2).id, row(4).id]);
    assert.deepEqual(await journal.pending(9), []);
    assert.deepEqual(await store.pendingTrails(), [5]);
  },

  "a size is reserved once, and whoever comes later is bound to that": async (journal) => {
    assert.equal(await journal.reserved(), undefined);
    assert.deepEqual(plain(await journal.reserve(batch(0, 2, 7))), plain(batch(0, 2, 7)));
    assert.deepEqual(plain(await journal.reserve(batch(0, 3, 8))), plain(batch(0, 2, 7)));
    assert.deepEqual(plain((await journal.reserved())!), plain(batch(0, 2, 7)));
  },

  "of many who reserve one size at once, all are bound to one root": async (journal) => {
    const bound = await Promise.all([1, 2, 3, 4, 5, 6].map((byte) => journal.reserve(batch(0, 2, byte))));
    assert.equal(new Set(bound.map((one) => one.root[0])).size, 1);
  },

  "a size that the trail has passed is not reserved any more": async (journal) => {
    await journal.reserve(batch(0, 2, 7));
    await journal.land(landed(2, 7));
    assert.equal(await journal.reserved(), undefined);
    await assert.rejects(journal.reserve(batch(0, 3, 8)), FENCED);
    await assert.rejects(journal.reserve(batch(9, 10, 8)), FENCED);
    assert.deepEqual(plain(await journal.reserve(batch(2, 3, 9))), plain(batch(2, 3, 9)));
  },

  "a reservation moves to another parent, never to another tree": async (journal) => {
    await journal.reserve(batch(0, 2, 7));
    const moved = { ...batch(0, 2, 7), parent: commit("b") };
    await journal.rebase(moved);
    assert.deepEqual(plain((await journal.reserved())!), plain(moved));
    await assert.rejects(journal.rebase(batch(0, 2, 8)), FORKED);
    await assert.rejects(journal.rebase(batch(0, 3, 7)), FORKED);
    await assert.rejects(journal.rebase(batch(2, 4, 7)), FORKED);
  },

  "the first signature of a reservation stands": async (journal) => {
    await journal.reserve(batch(0, 2, 7));
    assert.equal(await journal.signedCheckpoint(batch(0, 2, 7)), undefined);
    await journal.keepSigned(batch(0, 2, 7), Buffer.from("first"));
    await journal.keepSigned(batch(0, 2, 7), Buffer.from("second"));
    assert.equal(String(Buffer.from((await journal.signedCheckpoint(batch(0, 2, 7)))!)), "first");
    await journal.land(landed(2, 7));
    assert.equal(await journal.signedCheckpoint(batch(2, 3, 9)), undefined);
  },

  "one size lands as one root and one commit": async (journal) => {
    assert.equal(await journal.landed(), undefined);
    await journal.land(landed(2, 7));
    await journal.land(landed(2, 7));
    await assert.rejects(journal.land(landed(2, 8)), FORKED);
    await assert.rejects(journal.land(landed(2, 7, "b")), FORKED);
    for (let size = 3; size < 20; size++) await journal.land(landed(size, size));
    const last = await journal.landed();
    assert.deepEqual([last?.size, last?.commit, last?.root[0]], [19, commit("a"), 19]);
  },

  "ids are known once their entries have landed": async (journal) => {
    const ids = Array.from({ length: 250 }, (_, at) => row(at + 1).id);
    await journal.addIds(0, ids);
    assert.equal(await journal.idCount(), 0);
    assert.deepEqual([...(await journal.known(ids))], []);
    await journal.land(landed(240, 7));
    assert.equal(await journal.idCount(), 240);
    assert.deepEqual((await journal.known(ids)).size, 240);
    await journal.addIds(240, [row(999).id]);
    await journal.land(landed(241, 8));
    assert.deepEqual([...(await journal.known([row(999).id, ids[240]!, "0".repeat(64)]))], [row(999).id]);
  },

  "the first reason to halt stands until a person resumes": async (journal) => {
    assert.equal(await journal.halted(), undefined);
    const halt = { code: "TRAIL_FORKED", message: "Cannot go on", since: "2026-11-21T22:00:00.000Z" };
    await journal.halt(halt);
    await journal.halt({ ...halt, code: "TRAIL_REWRITTEN" });
    assert.deepEqual(await journal.halted(), halt);
    await journal.resume();
    assert.equal(await journal.halted(), undefined);
  },

  "the last witnessed checkpoint is kept": async (journal) => {
    assert.equal(await journal.witnessed(), undefined);
    await journal.keepWitnessed(Buffer.from("one"));
    await journal.keepWitnessed(Buffer.from("two"));
    assert.equal(String(Buffer.from((await journal.witnessed())!)), "two");
  },

  "C78: a trail has one leader, and each repository its own": async (journal, _rig, store) => {
    await assert.rejects(store.journal(REPOSITORY), BUSY);
    const other = await store.journal(5);
    await other.reserve(batch(0, 2, 7));
    assert.equal(await journal.reserved(), undefined);
    await other.close();
    await journal.close();
    await (await store.journal(REPOSITORY)).close();
  },

  "C78: a leader who was replaced changes nothing any more": async (journal, rig, store) => {
    await journal.reserve(batch(0, 2, 7));
    await rig.pass(LEASE_MS + 1);
    const next = await store.journal(REPOSITORY);
    await assert.rejects(journal.assertLeading(), FENCED);
    await assert.rejects(journal.reserve(batch(0, 2, 8)), FENCED);
    await assert.rejects(journal.rebase(batch(0, 2, 7)), FENCED);
    await assert.rejects(journal.keepSigned(batch(0, 2, 7), Buffer.from("late")), FENCED);
    await assert.rejects(journal.land(landed(2, 7)), FENCED);
    await assert.rejects(journal.addIds(0, [row(1).id]), FENCED);
    await assert.rejects(journal.remove([row(1).id]), FENCED);
    await assert.rejects(journal.keepWitnessed(Buffer.from("late")), FENCED);
    // Its end is not the end of the other's term.
    await journal.close();
    await next.assertLeading();
    await assert.rejects(store.journal(REPOSITORY), BUSY);
    assert.deepEqual(plain(await next.reserve(batch(0, 3, 9))), plain(batch(0, 2, 7)));
    assert.equal(await next.signedCheckpoint(batch(0, 2, 7)), undefined);
    await next.close();
  },

  "C78: a leader who says so keeps leading": async (journal, rig, store) => {
    for (let round = 0; round < 4; round++) {
      await rig.pass(LEASE_MS - 1_000);
      await journal.assertLeading();
      await assert.rejects(store.journal(REPOSITORY), BUSY);
    }
  },

  "whoever only looks leads nothing, and a halt is seen and ended without leading": async (
    journal,
    rig,
    store,
  ) => {
    const view = store.journalView(REPOSITORY);
    await journal.enqueue(row(1));
    assert.deepEqual(await view.pending(9), [row(1)]);
    assert.equal(await view.landed(), undefined);
    await journal.assertLeading();
    const halt = { code: "TRAIL_REWRITTEN", message: "Not ours", since: new Date(rig.now()).toISOString() };
    await journal.halt(halt);
    assert.deepEqual(await view.halted(), halt);
    await view.resume();
    assert.equal(await journal.halted(), undefined);
    assert.equal(await store.journalView(REPOSITORY + 1).halted(), undefined);
  },

  "what the journal says is there for the next process": async (journal, rig) => {
    await journal.reserve(batch(0, 2, 7));
    await journal.keepSigned(batch(0, 2, 7), Buffer.from("signed"));
    await journal.enqueue(row(1));
    const next = await rig.reopen();
    await next.pass(LEASE_MS + 1);
    const again = await next.store.journal(REPOSITORY);
    assert.deepEqual(plain((await again.reserved())!), plain(batch(0, 2, 7)));
    assert.equal(String(Buffer.from((await again.signedCheckpoint(batch(0, 2, 7)))!)), "signed");
    assert.deepEqual(await again.pending(9), [row(1)]);
    await next.close();
  },
};

for (const kind of kinds()) {
  describe(`the journal of ${kind.name}`, () => {
    for (const [name, run] of Object.entries(CASES)) {
      test(name, async () => {
        const rig = await kind.open();
        await run(await rig.store.journal(REPOSITORY), rig, rig.store);
        if (!name.includes("next process")) await rig.close();
      });
    }
  });
}
