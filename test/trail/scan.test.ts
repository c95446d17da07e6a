import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseCanonical } from "../../gate/trail/canonical.ts";
import { parseEntry, peekEntry, sealEntry } from "../../gate/trail/entry.ts";
import { KINDS } from "../../gate/trail/kind.ts";
import { CONTENTS } from "./entries.ts";

/**
 * Entries are read along their shape, without a JSON parser between. That must never take what parsing, checking
 * and printing would not.
 */

const SEAL = { seq: 3, prev: "22".repeat(32), ts: "2026-11-21T22:14:05.123Z" };
const TEXTS = Object.values(CONTENTS).map((content) =>
  Buffer.from(sealEntry(content, SEAL).bytes).toString(),
);

/** What the slow way says: canonical, and of the shape of its kind. */
function isTakenSlowly(bytes: Uint8Array): boolean {
  try {
    const value: unknown = parseCanonical(bytes, "it");
    const { predicate } = value as { predicate: { kind: string } };
    return KINDS.get(predicate.kind)?.shape.check(predicate) === undefined;
  } catch {
    return false;
  }
}
function isTakenFast(bytes: Uint8Array): boolean {
  try {
    return peekEntry(bytes, "it") !== undefined;
  } catch {
    // An id that is not the event's: read, and refused for that.
    return true;
  }
}

test("every kind is read without a parser, and gives what the parser gives", () => {
  for (const text of TEXTS) {
    const bytes = Buffer.from(text);
    const read = parseEntry(bytes, "it");
    assert.ok(read.known);
    assert.deepEqual(JSON.parse(JSON.stringify(read.entry)), JSON.parse(text));
    const head = peekEntry(bytes, "it");
    // One kind's own `kind` stands before its name.
    if (read.entry.predicate.kind === "anchor.recorded") continue;
    assert.equal(head?.id, read.entry.predicate.id, read.entry.predicate.kind);
    assert.equal(head?.seq, 3);
  }
});

describe("law: what is taken fast would be taken slowly,", () => {
  const text = fc.constantFrom(...TEXTS);
  const noise = fc.constantFrom(
    ...' \n\t"\\{}[]:,0129-+.eEnulltrueéA\u0000\u007f',
    "\\u0041",
    "null",
    '"v":1,',
    ',"v":1',
    "[]",
    "00",
    "-0",
    "1e3",
  );

  test("after any bytes are put in, taken out or replaced", () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(6), noise, (entry, at, width, inserted) => {
        const start = at % (entry.length + 1);
        const bytes = Buffer.from(entry.slice(0, start) + inserted + entry.slice(start + width));
        if (isTakenFast(bytes)) assert.ok(isTakenSlowly(bytes), bytes.toString());
      }),
      { numRuns: 4_000 },
    );
  });

  test("after any one byte is changed", () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.integer({ min: 1, max: 255 }), (entry, at, difference) => {
        const bytes = Buffer.from(entry);
        bytes[at % bytes.length]! ^= difference;
        if (isTakenFast(bytes)) assert.ok(isTakenSlowly(bytes), bytes.toString("latin1"));
      }),
      { numRuns: 4_000 },
    );
  });

  test("after any member of one kind is put into another", () => {
    fc.assert(
      fc.property(text, text, fc.nat(), (entry, other, at) => {
        const [into, from] = [JSON.parse(entry), JSON.parse(other)];
        const members = Object.keys(from.predicate);
        const member = members[at % members.length]!;
        into.predicate[member] = from.predicate[member];
        const sorted = Object.fromEntries(
          Object.entries(into.predicate).sort(([a], [b]) => (a < b ? -1 : 1)),
        );
        const bytes = Buffer.from(JSON.stringify({ ...into, predicate: sorted }));
        if (isTakenFast(bytes)) assert.ok(isTakenSlowly(bytes), bytes.toString());
      }),
      { numRuns: 1_000 },
    );
  });
});

test("a kind that another's text is guessed to be is not believed", () => {
  // `anchor.kind` stands before the entry's own kind, and names a kind that exists.
  const text = TEXTS.find((entry) => entry.includes("anchor.recorded"))!;
  const lied = text.replace('"kind":"rfc3161"', '"kind":"heartbeat"');
  assert.notEqual(lied, text);
  assert.throws(() => parseEntry(Buffer.from(lied), "it"), { code: "TRAIL_ENTRY_INVALID" });
});
