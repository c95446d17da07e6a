import { createHash } from "node:crypto";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { findReadings } from "../../gate/artifact/identify.ts";
import { zipFile } from "../app/github/zip-file.ts";
import { tarFile } from "./tar-file.ts";

const SYSTEM = "\n0cos\nsystem\n(S'id'\ntR.";
const SENTENCES = "the quick brown fox and its 12 dogs, ".repeat(8000);
/** What no codec makes smaller, so that the front of a file holds as little as it can. */
const NOISE = createHash("shake256", { outputLength: 202_500 }).digest("base64");

interface Text {
  readonly length: number;
  readonly isNoise: boolean;
}

const texts: fc.Arbitrary<Text> = fc.record({
  length: fc.constantFrom(0, 9, 4000, 65_530, 65_536, 70_000, 270_000),
  isNoise: fc.boolean(),
});

interface Wrap {
  readonly kind: "gzip" | "zlib" | "zip" | "tar";
  /** Where one stream ends and the next begins, of 1. */
  readonly cuts: readonly number[];
  readonly zeros: number;
  readonly beside: boolean;
}

const wraps: fc.Arbitrary<Wrap> = fc.record({
  kind: fc.constantFrom("gzip", "zlib", "zip", "tar"),
  cuts: fc.oneof(
    fc.constant([]),
    fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 4 }),
  ),
  zeros: fc.constantFrom(0, 0, 0, 1, 9, 600),
  beside: fc.boolean(),
});

function wrap(content: Buffer, { kind, cuts, zeros, beside }: Wrap): Buffer {
  if (kind === "tar") return tarFile(beside ? { a: "hello\n", notes: content } : { notes: content });
  if (kind === "zip") {
    const others = beside ? [{ name: "a", content: "hello\n" }] : [];
    return zipFile([...others, { name: "notes", content }]);
  }
  const places = [0, ...cuts.map((cut) => Math.floor(cut * content.length)).sort((a, b) => a - b)];
  const pack = kind === "gzip" ? gzipSync : deflateSync;
  const streams = places.flatMap((start, index) => {
    const stream = pack(content.subarray(start, places[index + 1]));
    return kind === "gzip" && zeros > 0 ? [stream, Buffer.alloc(zeros)] : [stream];
  });
  return Buffer.concat(streams);
}

async function readingsOf({ length, isNoise }: Text, ends: readonly [string, string], list: readonly Wrap[]) {
  const content = Buffer.from(ends[0] + (isNoise ? NOISE : SENTENCES).slice(0, length) + ends[1]);
  return findReadings(bufferSource("notes.dat", list.reduce(wrap, content)), "notes.dat");
}

test("a pickle is a model, or not seen, whatever it is packed in and however that is cut", async () => {
  const plain = { cuts: [], zeros: 0, beside: false };
  const whole: readonly Wrap[] = [
    { ...plain, kind: "gzip" },
    { ...plain, kind: "gzip" },
    { ...plain, kind: "tar" },
  ];
  await fc.assert(
    fc.asyncProperty(texts, fc.array(wraps, { minLength: 1, maxLength: 4 }), async (text, list) => {
      const { family, isSeen } = await readingsOf(text, ["V", SYSTEM], list);
      return family === "model" || !isSeen;
    }),
    { numRuns: 300, examples: [[{ length: 270_000, isNoise: true }, whole]] },
  );
});

test("a text is no model, whatever it is packed in and however that is cut", async () => {
  await fc.assert(
    fc.asyncProperty(texts, fc.array(wraps, { minLength: 1, maxLength: 2 }), async (text, list) => {
      return (await readingsOf(text, ["Verse one\n", "\n"], list)).family !== "model";
    }),
    { numRuns: 100 },
  );
});
