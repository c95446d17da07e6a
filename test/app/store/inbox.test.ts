import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Inbox, WORK_DELIVERIES_MAX, type Work } from "../../../app/store/inbox.ts";
import { delivery, kinds, LEASE_MS, QUIET_MS, type Rig } from "./rigs.ts";

const KEY = "repo/5/pull/3";

/** What there is to do, once everything has waited long enough. */
async function takeSoon(rig: Rig): Promise<Work | undefined> {
  await rig.pass(QUIET_MS);
  return rig.store.inbox.take();
}

async function takeIds(rig: Rig): Promise<readonly string[] | undefined> {
  return (await takeSoon(rig))?.deliveries.map(({ id }) => id);
}

async function receive(rig: Rig, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await rig.store.inbox.receive(delivery(rig, id, KEY));
}

const LOST = { code: "LEASE_LOST" };

const CASES: Readonly<Record<string, (rig: Rig, inbox: Inbox) => Promise<void>>> = {
  "C69: a delivery is known by its id, and taken once however often it comes": async (rig, inbox) => {
    assert.equal(await inbox.receive(delivery(rig, "a", KEY)), true);
    assert.equal(await inbox.receive(delivery(rig, "a", KEY)), false);
    const work = await takeSoon(rig);
    assert.equal(work?.deliveries.length, 1);
    await inbox.finish(work!);
    assert.equal(await inbox.receive(delivery(rig, "a", KEY)), false);
    assert.equal(await takeSoon(rig), undefined);
  },

  "C69: of the same delivery given many times at once, one is kept": async (rig, inbox) => {
    const kept = await Promise.all(Array.from({ length: 20 }, () => inbox.receive(delivery(rig, "a", KEY))));
    assert.equal(kept.filter(Boolean).length, 1);
    assert.equal((await inbox.depth()).waiting, 1);
  },

  "a delivery comes back as it was received": async (rig, inbox) => {
    const whole = delivery(rig, "a", KEY, { event: "push", payload: '{"ü":"\\u0000 \u{1f600}"}' });
    await inbox.receive(whole);
    assert.deepEqual((await takeSoon(rig))?.deliveries, [whole]);
  },

  "what waits under one key is taken together, in the order received": async (rig, inbox) => {
    await receive(rig, "a", "b");
    await inbox.receive(delivery(rig, "other", "repo/5/pull/4"));
    await receive(rig, "c");
    assert.deepEqual(await takeIds(rig), ["a", "b", "c"]);
    assert.deepEqual(
      (await inbox.take())?.deliveries.map(({ id }) => id),
      ["other"],
    );
  },

  "a key waits until its first delivery has been quiet for a while, and no longer": async (rig, inbox) => {
    await receive(rig, "a");
    await rig.pass(QUIET_MS - 1);
    assert.equal(await inbox.take(), undefined);
    await receive(rig, "b");
    await rig.pass(1);
    assert.deepEqual(
      (await inbox.take())?.deliveries.map(({ id }) => id),
      ["a", "b"],
    );
  },

  "C69: a key that is being worked on is nobody else's, and its later deliveries wait": async (
    rig,
    inbox,
  ) => {
    await receive(rig, "a");
    const work = await takeSoon(rig);
    await receive(rig, "b");
    assert.equal(await takeSoon(rig), undefined);
    await inbox.finish(work!);
    assert.deepEqual(await takeIds(rig), ["b"]);
  },

  "C69: of many who ask at once, one gets the key": async (rig, inbox) => {
    await receive(rig, "a", "b", "c");
    await rig.pass(QUIET_MS);
    const taken = await Promise.all(Array.from({ length: 10 }, () => inbox.take()));
    assert.equal(taken.filter((work) => work !== undefined).length, 1);
  },

  "the key that has waited longest goes first": async (rig, inbox) => {
    for (const key of ["c", "a", "b"]) {
      await inbox.receive(delivery(rig, key, `repo/5/branch/${key}`));
      await rig.pass(10);
    }
    const order = [await takeIds(rig), await takeIds(rig), await takeIds(rig)];
    assert.deepEqual(order, [["c"], ["a"], ["b"]]);
  },

  "what is due later does not keep back what is due now": async (rig, inbox) => {
    await inbox.receive(delivery(rig, "later", KEY, { due: rig.now() + 60_000 }));
    await receive(rig, "now");
    const work = await takeSoon(rig);
    assert.deepEqual(
      work?.deliveries.map(({ id }) => id),
      ["now"],
    );
    await inbox.finish(work!);
    assert.equal(await takeSoon(rig), undefined);
    await rig.pass(60_000);
    const late = await inbox.take();
    assert.deepEqual(late?.deliveries, [
      delivery({ now: () => late!.deliveries[0]!.receivedAt }, "later", KEY, {
        due: late!.deliveries[0]!.due!,
      }),
    ]);
  },

  "work that is given back comes again when it is due, with what came meanwhile, and counts": async (
    rig,
    inbox,
  ) => {
    await receive(rig, "a");
    const first = await takeSoon(rig);
    assert.equal(first?.attempts, 0);
    await inbox.retry(first!, rig.now() + 10_000);
    await receive(rig, "b");
    await rig.pass(9_999);
    assert.equal(await inbox.take(), undefined);
    await rig.pass(1);
    const second = await inbox.take();
    assert.deepEqual(
      second?.deliveries.map(({ id }) => id),
      ["a", "b"],
    );
    assert.equal(second?.attempts, 1);
    assert.notEqual(second?.lease, first?.lease);
  },

  "work that is postponed does not count as tried": async (rig, inbox) => {
    await receive(rig, "a");
    for (let round = 0; round < 3; round++) {
      const work = await takeSoon(rig);
      assert.equal(work?.attempts, 0);
      await inbox.postpone(work!, rig.now());
    }
  },

  "what follows on a key after it was done begins anew": async (rig, inbox) => {
    await receive(rig, "a");
    await inbox.retry((await takeSoon(rig))!, rig.now());
    await receive(rig, "b");
    const second = await takeSoon(rig);
    assert.equal(second?.attempts, 1);
    await receive(rig, "c");
    await inbox.finish(second!);
    const third = await takeSoon(rig);
    assert.deepEqual(
      third?.deliveries.map(({ id }) => id),
      ["c"],
    );
    assert.equal(third?.attempts, 0);
  },

  "a lease that nobody prolongs passes to another, and that counts as tried": async (rig, inbox) => {
    await receive(rig, "a");
    const lost = await takeSoon(rig);
    await rig.pass(LEASE_MS + 20_000);
    const found = await inbox.take();
    assert.deepEqual(found?.deliveries, lost?.deliveries);
    assert.equal(found?.attempts, 1);
    const due = rig.now();
    await assert.rejects(inbox.finish(lost!), LOST);
    await assert.rejects(inbox.extend(lost!), LOST);
    await assert.rejects(inbox.retry(lost!, due), LOST);
    await assert.rejects(inbox.postpone(lost!, due), LOST);
    await assert.rejects(inbox.bury(lost!, "late"), LOST);
    await inbox.finish(found!);
    assert.deepEqual(await inbox.depth(), { waiting: 0, dead: 0 });
  },

  "a lease that is prolonged lasts": async (rig, inbox) => {
    await receive(rig, "a");
    const work = await takeSoon(rig);
    for (let round = 0; round < 8; round++) {
      await rig.pass(LEASE_MS / 2);
      await inbox.extend(work!);
      assert.equal(await inbox.take(), undefined);
    }
    await inbox.finish(work!);
  },

  "a lease that has run out is not prolonged": async (rig, inbox) => {
    await receive(rig, "a");
    const work = await takeSoon(rig);
    await rig.pass(LEASE_MS + 20_000);
    await assert.rejects(inbox.extend(work!), LOST);
  },

  "work is settled once": async (rig, inbox) => {
    await receive(rig, "a");
    const work = await takeSoon(rig);
    await inbox.finish(work!);
    await assert.rejects(inbox.finish(work!), LOST);
    await assert.rejects(inbox.retry(work!, rig.now()), LOST);
  },

  "C69: what is taken when the process ends is taken again by the next": async (rig) => {
    await receive(rig, "a", "b");
    const work = await takeSoon(rig);
    assert.equal(work?.deliveries.length, 2);
    const next = await rig.reopen();
    await next.pass(LEASE_MS + 20_000);
    const again = await next.store.inbox.take();
    assert.deepEqual(again?.deliveries, work?.deliveries);
    await next.store.inbox.finish(again!);
    await next.close();
  },

  "a dead letter is listed without what it says, and revived by its id": async (rig, inbox) => {
    await receive(rig, "a", "b");
    await inbox.bury((await takeSoon(rig))!, "NO_USE: it never works");
    const listed = (await inbox.dead()).toSorted((one, other) => one.id.localeCompare(other.id));
    assert.deepEqual(
      listed.map(({ id, key, reason }) => [id, key, reason]),
      [
        ["a", KEY, "NO_USE: it never works"],
        ["b", KEY, "NO_USE: it never works"],
      ],
    );
    assert.ok(!("payload" in listed[0]!));
    assert.deepEqual(await inbox.depth(), { waiting: 0, dead: 2 });
    assert.equal(await takeSoon(rig), undefined);
    assert.equal(await inbox.revive("b"), true);
    assert.equal(await inbox.revive("b"), false);
    assert.equal(await inbox.revive("never heard of"), false);
    const work = await takeSoon(rig);
    assert.deepEqual(
      work?.deliveries.map(({ id, payload }) => [id, payload]),
      [["b", '{"id":"b"}']],
    );
    assert.equal(work?.attempts, 0);
    await inbox.finish(work!);
    assert.deepEqual(await inbox.depth(), { waiting: 0, dead: 1 });
  },

  "what is dead does not keep back what comes after": async (rig, inbox) => {
    await receive(rig, "a");
    const work = await takeSoon(rig);
    await receive(rig, "b");
    await inbox.bury(work!, "NO_USE");
    assert.deepEqual(await takeIds(rig), ["b"]);
  },

  "C71: ids are known while waiting, when done and when dead, until they are forgotten": async (
    rig,
    inbox,
  ) => {
    await receive(rig, "waits");
    await inbox.receive(delivery(rig, "done", "repo/5/pull/4"));
    await inbox.receive(delivery(rig, "dead", "repo/5/pull/5"));
    await rig.pass(QUIET_MS);
    for (let round = 0; round < 3; round++) {
      const work = await inbox.take();
      if (work?.key === "repo/5/pull/4") await inbox.finish(work);
      if (work?.key === "repo/5/pull/5") await inbox.bury(work, "NO_USE");
    }
    const ids = ["waits", "done", "dead", "never"];
    assert.deepEqual([...(await inbox.known(ids))].toSorted(), ["dead", "done", "waits"]);
    await inbox.forget(rig.now());
    assert.deepEqual([...(await inbox.known(ids))].toSorted(), ["dead", "done", "waits"]);
    await inbox.forget(rig.now() + 1);
    assert.deepEqual([...(await inbox.known(ids))].toSorted(), ["dead", "waits"]);
    assert.deepEqual([...(await inbox.known([]))], []);
  },

  "C71: what needs no work is known too, and never taken": async (rig, inbox) => {
    await inbox.note("nobody's");
    await inbox.note("nobody's");
    assert.deepEqual([...(await inbox.known(["nobody's", "other"]))], ["nobody's"]);
    assert.equal(await inbox.receive(delivery(rig, "nobody's", KEY)), false);
    assert.equal(await takeSoon(rig), undefined);
    assert.deepEqual(await inbox.depth(), { waiting: 0, dead: 0 });
    await inbox.forget(rig.now() + 1);
    assert.deepEqual([...(await inbox.known(["nobody's"]))], []);
  },

  "the depth says since when the oldest is due": async (rig, inbox) => {
    assert.deepEqual(await inbox.depth(), { waiting: 0, dead: 0 });
    const since = rig.now();
    await receive(rig, "a");
    await rig.pass(500);
    await receive(rig, "b");
    assert.deepEqual(await inbox.depth(), { waiting: 2, dead: 0, oldest: since });
  },

  "one piece of work has so many deliveries at most, and the rest comes next": async (rig, inbox) => {
    const ids = Array.from({ length: WORK_DELIVERIES_MAX + 3 }, (_, at) => `d${String(at).padStart(5, "0")}`);
    await Promise.all(ids.map((id) => inbox.receive(delivery(rig, id, KEY))));
    const first = await takeSoon(rig);
    assert.equal(first?.deliveries.length, WORK_DELIVERIES_MAX);
    await inbox.finish(first!);
    const second = await takeSoon(rig);
    assert.equal(second?.deliveries.length, 3);
    const seen = [...first!.deliveries, ...second!.deliveries].map(({ id }) => id);
    assert.deepEqual(seen.toSorted(), ids);
  },

  "one piece of work has so many bytes at most, but for a single delivery": async (rig, inbox) => {
    const payload = JSON.stringify("x".repeat(20 * 1024 * 1024));
    for (const id of ["a", "b"]) await inbox.receive(delivery(rig, id, KEY, { payload }));
    const first = await takeSoon(rig);
    assert.deepEqual(
      first?.deliveries.map(({ id }) => id),
      ["a"],
    );
    await inbox.finish(first!);
    assert.deepEqual(await takeIds(rig), ["b"]);
  },

  "keys and payloads are values, whatever they look like": async (rig, inbox) => {
    const keys = [
      "repo/5/branch/'; DROP TABLE delivery; --",
      "repo/5/branch/%s $1 \\ \u{1f512}",
      "repo/5/branch/__proto__",
    ];
    for (const key of keys)
      await inbox.receive(delivery(rig, key, key, { payload: `{"x":"${key.length}'"}` }));
    const taken = [await takeSoon(rig), await takeSoon(rig), await takeSoon(rig)];
    assert.deepEqual(taken.map((work) => work?.key).toSorted(), keys.toSorted());
    for (const work of taken) await inbox.finish(work!);
    assert.deepEqual(await inbox.depth(), { waiting: 0, dead: 0 });
  },
};

for (const kind of kinds()) {
  describe(`the inbox of ${kind.name}`, () => {
    for (const [name, run] of Object.entries(CASES)) {
      test(name, async () => {
        const rig = await kind.open();
        await run(rig, rig.store.inbox);
        // The one that was reopened is closed by its own test.
        if (!name.includes("process ends")) await rig.close();
      });
    }
  });
}
