import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Grouping } from "../../../app/store/grouping.ts";
import { Slots } from "../../../app/store/slots.ts";

function grouping(
  work: (items: readonly number[]) => Promise<readonly string[]>,
  countMax = 100,
  sizeMax = 1_000,
) {
  return new Grouping<number, string>({ work, countMax, sizeMax, sizeOf: (item) => item });
}

test("what is asked for while a group is being done is done together, and each gets its own answer", async () => {
  const groups: (readonly number[])[] = [];
  const all = grouping(async (items) => {
    groups.push(items);
    await setTimeout(5);
    return items.map((item) => `done ${item}`);
  });
  assert.deepEqual(await Promise.all([1, 2, 3].map((item) => all.add(item))), ["done 1", "done 2", "done 3"]);
  assert.equal(await all.add(4), "done 4");
  assert.deepEqual(groups, [[1], [2, 3], [4]]);
});

test("a group has no more than so many, nor more than so much, but always one", async () => {
  const groups: (readonly number[])[] = [];
  const all = grouping(
    async (items) => {
      groups.push(items);
      return items.map(String);
    },
    3,
    10,
  );
  await Promise.all([1, 1, 1, 1, 1, 6, 6, 50, 2].map((item) => all.add(item)));
  assert.deepEqual(groups, [[1], [1, 1, 1], [1, 6], [6], [50], [2]]);
});

test("a group that fails fails for all that are in it, and for nobody else", async () => {
  const all = grouping(async (items) => {
    if (items.includes(2)) throw new RangeError("no twos");
    return items.map(String);
  });
  const settled = await Promise.allSettled([1, 2, 3].map((item) => all.add(item)));
  assert.deepEqual(
    settled.map(({ status }) => status),
    ["fulfilled", "rejected", "rejected"],
  );
  assert.equal(await all.add(4), "4");
});

test("so many run at a time, in the order they came, whether they fail or not", async () => {
  const slots = new Slots(2);
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const settled = await Promise.allSettled(
    [1, 2, 3, 4, 5].map((item) =>
      slots.run(async () => {
        begun.push(item);
        most = Math.max(most, ++running);
        await setTimeout(3);
        running -= 1;
        if (item === 2) throw new RangeError("not this one");
        return item;
      }),
    ),
  );
  assert.deepEqual(begun, [1, 2, 3, 4, 5]);
  assert.equal(most, 2);
  assert.deepEqual(
    settled.map(({ status }) => status === "fulfilled"),
    [true, false, true, true, true],
  );
});
