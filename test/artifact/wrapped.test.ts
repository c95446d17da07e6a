import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { findReadings, identify } from "../../gate/artifact/identify.ts";
import { zipFile } from "../app/github/zip-file.ts";
import { tarFile } from "./tar-file.ts";

const SYSTEM = "\n0cos\nsystem\n(S'id'\ntR.";
const SENTENCES = "the quick brown fox and its 12 dogs, ".repeat(8000);
/** What no codec makes smaller, so that the front of a file holds as little as it can. */
const NOISE = createHash("shake256", { outputLength: 202_500 }).digest("base64");

describe("a model is found in what is packed in something packed", () => {
  const pickle = Buffer.from("\x80\x04cos\nsystem\n\x8c\x02id\x85R.", "latin1");
  const large = Buffer.from(NOISE);
  const zip = (name: string, content: Buffer) => zipFile([{ name, content }]);
  const behindText = Buffer.from(`V${SENTENCES}${SYSTEM}`);
  const MODELS: Readonly<Record<string, Buffer>> = {
    "a pickle by its name in tar.gz": gzipSync(tarFile({ "code/a.py": "1", "model.pkl": "x" })),
    "a pickle by its content in tar.gz": gzipSync(tarFile({ "code/a.py": "1", model: pickle })),
    "a pickle behind what fills the first bytes of tar.gz": gzipSync(tarFile({ data: large, m: pickle })),
    "a pickle in the zip of a zip": zip("b", zip("m", pickle)),
    "a pickle in the zip of gzip": gzipSync(zip("m", pickle)),
    "a pickle in the zip of a tar": tarFile({ b: zip("m", pickle) }),
    "a pickle in the tar.gz of a zip": zip("b", gzipSync(tarFile({ m: pickle }))),
    "a pickle behind what fills the first bytes of a zip in a zip": zip(
      "b",
      zipFile([
        { name: "data", content: large },
        { name: "m", content: pickle },
      ]),
    ),
    "a pickle of a protocol to come": Buffer.from(pickle.with(1, 9)),
    "a pickle behind a long text in gzip": gzipSync(behindText),
    "a pickle behind a long text in zlib": deflateSync(behindText),
    "a pickle behind a long text in a zip": zip("notes.txt", behindText),
    "a pickle behind a long text in a tar": tarFile({ "notes.txt": behindText }),
    "a pickle behind a long text in gzip in a zip": zip("notes", gzipSync(behindText)),
    "a pickle that a second gzip goes on with": Buffer.concat([gzipSync("Va"), gzipSync(SYSTEM)]),
    "a pickle that a second gzip goes on with, behind zeros": Buffer.concat([
      gzipSync("Va"),
      Buffer.alloc(4),
      gzipSync(SYSTEM),
    ]),
    "a pickle that a second zlib goes on with": Buffer.concat([deflateSync("Va"), deflateSync(SYSTEM)]),
    "a pickle in gzip, and then something else": Buffer.concat([gzipSync(pickle), Buffer.from("xx")]),
    "a pickle in gzip with flags that nobody knows": gzipSync(pickle).fill(0xe0, 3, 4),
    "a text in gzip of which nobody can tell how it goes on": Buffer.concat([
      gzipSync("Va"),
      Buffer.from("xx"),
    ]),
    "a text that may still be a pickle where no more is opened": gzipSync(`V${"a".repeat(70 * 1024 * 1024)}`),
  };
  for (const [name, content] of Object.entries(MODELS)) {
    test(name, async () =>
      assert.equal((await identify(bufferSource("x.dat", content), "x.dat")).family, "model"),
    );
  }

  const OTHERS: Readonly<Record<string, Buffer>> = {
    "texts in tar.gz": gzipSync(tarFile({ "README.md": "text", "data.bin": "text" })),
    "texts and noise in the zip of a zip": zip("b", zipFile([{ name: "a", content: large }])),
    "a long line of text in gzip": gzipSync(`Verse${" after verse".repeat(10_000)}`),
    "a text that begins as a counted one, in the tar of a tar": tarFile({
      b: tarFile({ a: `The fox${" and the hare".repeat(10_000)}` }),
    }),
    "two texts in gzip, with zeros between and behind": Buffer.concat([
      gzipSync("Va"),
      Buffer.alloc(9),
      gzipSync("b"),
      Buffer.alloc(512),
    ]),
  };
  for (const [name, content] of Object.entries(OTHERS)) {
    test(`${name} are none`, async () => {
      const { family, isSeen } = await findReadings(bufferSource("x.dat", content), "x.dat");
      assert.deepEqual({ family, isSeen }, { family: "other", isSeen: true });
    });
  }

  test("no more members are looked into than the limit, however they are nested", async () => {
    const shared = (name: string, content: Buffer, count: number) =>
      zipFile(Array.from({ length: count }, (_, index) => ({ name, content, shared: index > 0 })));
    const readings = await findReadings(
      bufferSource("x.dat", shared("b", shared("a", Buffer.alloc(70_000, "a"), 1000), 1000)),
      "x.dat",
    );
    assert.deepEqual([readings.family, readings.isSeen], ["other", false]);
  });

  test("streams that make nothing count as well", async () => {
    const empty = Buffer.concat(Array.from({ length: 1000 }, () => gzipSync("")));
    const members = Array.from({ length: 1000 }, (_, index) => ({
      name: "a",
      content: Buffer.concat([gzipSync("Va"), empty]),
      shared: index > 0,
    }));
    const { family } = await findReadings(bufferSource("x.dat", zipFile(members)), "x.dat");
    assert.equal(family, "model");
  });

  test("no more is opened than the limit, and then not all was seen", async () => {
    const bomb = gzipSync(tarFile({ a: Buffer.alloc(70 * 1024 * 1024), m: pickle }));
    const readings = await findReadings(bufferSource("x.dat", bomb), "x.dat");
    assert.deepEqual([readings.family, readings.isSeen], ["other", false]);
  });
});

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
