import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { match } from "../../gate/approval/matching.ts";

const filled = (taken: readonly (number | undefined)[]) =>
  taken.filter((person) => person !== undefined).length;

test("C43: people are seated so that all sit, where whoever comes first would take the wrong seat", () => {
  // The first could take both seats, the second the first alone.
  const may = [
    [true, true],
    [true, false],
  ];
  assert.deepEqual(
    match(2, 2, (seat, person) => may[seat]?.[person] === true),
    [1, 0],
  );
});

test("C43: a whole row of people moves for one more", () => {
  const size = 30;
  const taken = match(size, size, (seat, person) => person === seat || person === seat - 1);
  assert.equal(filled(taken), size);
  const moved = match(size, size, (seat, person) => person === seat || person === (seat + 1) % size);
  assert.equal(filled(moved), size);
});

test("C24: nobody sits in two seats", () => {
  assert.deepEqual(
    match(2, 1, () => true),
    [0, undefined],
  );
  assert.deepEqual(
    match(0, 3, () => true),
    [],
  );
});

/** The most seats that can be filled, by trying everything. */
function most(seats: number, people: number, may: (seat: number, person: number) => boolean): number {
  const go = (seat: number, free: readonly number[]): number => {
    if (seat === seats) return 0;
    const without = go(seat + 1, free);
    const tries = free
      .filter((person) => may(seat, person))
      .map(
        (person) =>
          1 +
          go(
            seat + 1,
            free.filter((other) => other !== person),
          ),
      );
    return Math.max(without, ...tries);
  };
  return go(
    0,
    Array.from({ length: people }, (_, person) => person),
  );
}

test("no other assignment fills more seats, and everybody sits where they may", () => {
  const edges = fc.array(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), {
    minLength: 5,
    maxLength: 5,
  });
  fc.assert(
    fc.property(
      edges,
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 5 }),
      (matrix, seats, people) => {
        const may = (seat: number, person: number) => matrix[seat]?.[person] === true;
        const taken = match(seats, people, may);
        assert.equal(filled(taken), most(seats, people, may));
        assert.equal(new Set(taken.filter((person) => person !== undefined)).size, filled(taken));
        for (const [seat, person] of taken.entries()) assert.ok(person === undefined || may(seat, person));
      },
    ),
    { numRuns: 500 },
  );
});
