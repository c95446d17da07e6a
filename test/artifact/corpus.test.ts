import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename, relative } from "node:path";
import { describe, test } from "node:test";
import { CORPUS, corpusFiles, summaryOf } from "./corpus.ts";

const files = await corpusFiles();

describe("every file of the corpus is found to be what its JSON states", () => {
  for (const file of files) {
    test(relative(CORPUS, file), async () => {
      assert.deepEqual(await summaryOf(file), JSON.parse(await readFile(`${file}.json`, "utf8")));
    });
  }
});

test("no file of the hostile corpus passes", async () => {
  const hostile = files.filter((file) => file.includes("/hostile/"));
  assert.ok(hostile.length > 80);
  // What stands in a tensor is the policy's to judge, so these two are whole and warn.
  const warned = ["all-zero.safetensors", "nan.safetensors"];
  for (const file of hostile.filter((path) => !warned.includes(basename(path)))) {
    const { findings } = (await summaryOf(file)) as { findings: readonly string[] };
    assert.ok(
      findings.some((finding) => finding.startsWith("fail ")),
      file,
    );
  }
});

test("what the safetensors library writes in any of its 22 dtypes is complete and without a finding", async () => {
  const written = files.filter((file) => /\/real\/.*\.safetensors$/.test(file));
  assert.equal(written.filter((file) => basename(file).startsWith("dtype-")).length, 22);
  for (const file of written) {
    assert.deepEqual(await summaryOf(file), {
      format: "safetensors",
      family: "model",
      complete: true,
      findings: [],
    });
  }
});

test("nothing but safetensors and an index of shards is ever complete", async () => {
  for (const file of files) {
    const { format, complete } = (await summaryOf(file)) as { format: string; complete: boolean };
    assert.ok(!complete || format === "safetensors" || format === "shard-index", file);
  }
});
