import assert from "node:assert/strict";
import { test } from "node:test";
import { findUntold, type Move, noteLookedInto, noteMove } from "../../../app/events/told-moves.ts";

const BRANCH = { repositoryId: 5, branch: "main" };
const NOTHING = "0".repeat(40);

/** Notes as the store has them. */
function notes() {
  const values = new Map<string, string>();
  return {
    get: async (name: string) => values.get(name),
    set: async (name: string, value: string) => void values.set(name, value),
    setOnce: async (name: string, value: string) => {
      if (!values.has(name)) values.set(name, value);
      return values.get(name) ?? value;
    },
    swap: async (name: string, from: string, to: string) => {
      const isSame = values.get(name) === from;
      if (isSame) values.set(name, to);
      return isSame;
    },
  };
}

const moves = (text: string): readonly Move[] =>
  text
    .split(" ")
    .filter((each) => each !== "")
    .map(([before = "", after = ""]) => ({ before, after }));

/** Moves as they were told after `a`, where the branch is in the end, and what nobody told. */
const CASES: Readonly<Record<string, readonly [told: string, tip: string, untold: string]>> = {
  "nothing moved": ["", "a", ""],
  "each move was told": ["ab bc", "c", ""],
  "they were told in another order": ["cd bc ab", "d", ""],
  "one was told twice": ["ab ab bc", "c", ""],
  "the last was not told": ["ab", "c", "bc"],
  "the first was not told": ["bc", "c", "ab"],
  "one in between was not told": ["ab cd de", "e", "bc"],
  "two were not told: what was told between them is looked into once more": ["bc", "d", "ad"],
  "it came back to where it was": ["ab ba ab", "b", ""],
  "it came back, and that was not told": ["ab", "a", "ba"],
};

for (const [name, [told, tip, untold]] of Object.entries(CASES)) {
  test(`of a branch: ${name}`, async () => {
    const archive = notes();
    await noteLookedInto(archive, BRANCH, "a");
    for (const move of moves(told)) await noteMove(archive, BRANCH, move);
    assert.deepEqual(await findUntold(archive, BRANCH, { tip }), moves(untold)[0]);
  });
}

test("a branch that is seen for the first time is known as it was last heard of, or as it is", async () => {
  assert.equal(await findUntold(notes(), BRANCH, { tip: "b" }), undefined);
  assert.deepEqual(await findUntold(notes(), BRANCH, { tip: "b", heard: "a" }), { before: "a", after: "b" });
});

test("a branch that was made anew begins there", async () => {
  const archive = notes();
  await noteLookedInto(archive, BRANCH, "a");
  await noteMove(archive, BRANCH, { before: NOTHING, after: "c" });
  assert.equal(await findUntold(archive, BRANCH, { tip: "c" }), undefined);
});

test("what was told late of a branch that was looked into says nothing of its next moves", async () => {
  const archive = notes();
  await noteLookedInto(archive, BRANCH, "b");
  await noteMove(archive, BRANCH, { before: "a", after: "b" });
  assert.equal(await findUntold(archive, BRANCH, { tip: "b" }), undefined);
  await noteMove(archive, BRANCH, { before: "b", after: "a" });
  assert.equal(await findUntold(archive, BRANCH, { tip: "a" }), undefined);
});
