import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readArchive } from "../../../app/github/evidence-archive.ts";
import { type Member, zipFile } from "./zip-file.ts";

async function texts(archive: Uint8Array): Promise<Readonly<Record<string, string>>> {
  const files = await readArchive(archive, "a.zip");
  return Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]));
}

test("plain files, stored and deflated, come out as they went in", async () => {
  const archive = zipFile([
    { name: "models/", mode: 0o40755, stored: true },
    { name: "models/pd/metrics.json", content: '{"auc": 0.8}' },
    { name: "b.csv", content: "x\n".repeat(1000), stored: true },
    { name: "empty", content: "" },
    { name: "ünï.json", content: "{}", mode: 0 },
  ]);
  assert.deepEqual(await texts(archive), {
    "b.csv": "x\n".repeat(1000),
    empty: "",
    "models/pd/metrics.json": '{"auc": 0.8}',
    "ünï.json": "{}",
  });
  assert.deepEqual(await texts(zipFile([])), {});
});

const HOSTILE: Readonly<Record<string, readonly Member[]>> = {
  "a step up": [{ name: "../policy.yml" }],
  "a step up in the middle": [{ name: "a/../../policy.yml" }],
  "a step up by backslashes": [{ name: "..\\policy.yml" }],
  "a path from the root": [{ name: "/etc/passwd" }],
  "a drive": [{ name: "C:/x" }],
  "a stream": [{ name: "x:stream" }],
  "a step nowhere": [{ name: "a/./b" }],
  "a doubled slash": [{ name: "a//b" }],
  "a name of nothing": [{ name: "" }],
  "a line break": [{ name: "a\nb" }],
  "a zero": [{ name: "a\0b" }],
  "a right-to-left override": [{ name: "a\u202eb" }],
  "a name that is not UTF-8": [{ name: Buffer.from([0x61, 0xff]) }],
  "a name of 2,000 bytes": [{ name: "a".repeat(2000) }],
  "a symbolic link": [{ name: "link", content: "/etc/passwd", mode: 0o120777 }],
  "a pipe": [{ name: "pipe", mode: 0o10644 }],
  "a folder that has content": [{ name: "folder/", content: "x" }],
  "an encrypted file": [{ name: "x", content: "x", flags: 1 }],
  "two of one name": [
    { name: "a", content: "1" },
    { name: "a", content: "2" },
  ],
  "two of one name in another case": [
    { name: "a", content: "1" },
    { name: "A", content: "2" },
  ],
  "two of one name in another normalization": [{ name: "\u00e9" }, { name: "e\u0301" }],
  "another name in the member's own header": [{ name: "a", localName: "b", content: "x" }],
  "two that share their bytes": [
    { name: "a", content: "x".repeat(100) },
    { name: "a", content: "x".repeat(100), shared: true },
  ],
  "more than the directory says": [{ name: "a", content: "x".repeat(100), bytes: 10 }],
  "less than the directory says": [{ name: "a", content: "x", bytes: 10 }],
  "a stored file of another length": [{ name: "a", content: "x", stored: true, bytes: 10 }],
};

for (const [name, members] of Object.entries(HOSTILE)) {
  test(`C62: an archive with ${name} is refused whole`, async () => {
    const archive = zipFile([{ name: "good.json", content: "{}" }, ...members]);
    await assert.rejects(readArchive(archive, "a.zip"), { code: "EVIDENCE_ARCHIVE" });
  });
}

test("C62: a bomb is refused by what it says of itself, and by what comes out", async () => {
  const zeros = Buffer.alloc(20_000_000);
  await assert.rejects(readArchive(zipFile([{ name: "a", content: zeros }]), "a.zip"), {
    code: "EVIDENCE_LIMIT",
  });
  await assert.rejects(
    readArchive(zipFile([{ name: "a", content: zeros.subarray(0, 8_000_000) }]), "a.zip"),
    {
      code: "EVIDENCE_LIMIT",
      message: 'Cannot read the evidence in a.zip: "a" grows from 7781 bytes to 8000000, limit is 200 times',
    },
  );
  const lying = zipFile([{ name: "a", content: zeros, bytes: 1000 }]);
  await assert.rejects(readArchive(lying, "a.zip"), { code: "EVIDENCE_ARCHIVE" });
  const many = zipFile(Array.from({ length: 2001 }, (_, index) => ({ name: `f${index}` })));
  await assert.rejects(readArchive(many, "a.zip"), { code: "EVIDENCE_LIMIT" });
});

test("C62: what is no archive, or something else besides, is refused", async () => {
  const archive = zipFile([{ name: "a", content: "x" }]);
  const variants = [
    Buffer.from("{}"),
    Buffer.alloc(0),
    Buffer.concat([Buffer.from("#!/bin/sh\n"), archive]),
    Buffer.concat([archive, Buffer.from("more")]),
    Buffer.concat([archive, archive]),
    archive.subarray(0, archive.length - 30),
  ];
  for (const bytes of variants)
    await assert.rejects(readArchive(bytes, "a.zip"), { code: "EVIDENCE_ARCHIVE" });
});

test("any byte of an archive may be any other: it is refused, or gives plain files", async () => {
  const archive = zipFile([
    { name: "models/pd/metrics.json", content: '{"auc": 0.81}' },
    { name: "b.csv", content: "x\n".repeat(20), stored: true },
  ]);
  const change = fc.record({ at: fc.nat(archive.length - 1), byte: fc.integer({ min: 0, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const bytes = Buffer.from(archive);
      for (const { at, byte } of changes) bytes[at] = byte;
      try {
        for (const { path } of await readArchive(bytes, "a.zip"))
          assert.doesNotMatch(path, /\\|^\/|(^|\/)\.\.?(\/|$)/);
      } catch (error) {
        assert.match(String((error as { code?: string }).code), /^(?:EVIDENCE_ARCHIVE|EVIDENCE_LIMIT)$/);
      }
    }),
    { numRuns: 2000 },
  );
});
