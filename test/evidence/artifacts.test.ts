import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Digest } from "../../gate/model/digest.ts";
import type { ArtifactEvidence } from "../../gate/model/evidence.ts";
import { collect, type Files } from "./memory.ts";

/** The smallest file of safetensors: no tensor, eight bytes of length and a header. */
const MODEL = Buffer.from("\x02\0\0\0\0\0\0\0{}", "latin1");
const SHA256 = `sha256:${createHash("sha256").update(MODEL).digest("hex")}` as const;
const MD5 = `md5:${createHash("md5").update(MODEL).digest("hex")}` as const;
const MANIFEST = "weighbridge: 1\nid: a\nstatus: candidate\nartifacts: [{ path: model.safetensors }]\n";
const LFS = {
  ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
  "m/model.safetensors": `version https://git-lfs.github.com/spec/v1\noid ${SHA256}\nsize ${MODEL.length}\n`,
};
const DVC = {
  "m/model.safetensors.dvc": `outs: [{ md5: ${MD5.slice(4)}, hash: md5, size: 10, path: model.safetensors }]\n`,
};

async function scans(files: Files, content: ReadonlyMap<Digest, Uint8Array> = new Map()) {
  const base = { "m/model.yml": MANIFEST, "m/model.safetensors": "old" };
  const { "m/model.safetensors": _, ...without } = base;
  const { evidence } = await collect({ base, head: { ...without, ...files }, content });
  return evidence.filter((item): item is ArtifactEvidence => item.kind === "artifact");
}

/** Codes of the findings that fail, and whether the file was read completely. */
function outcome({ scan }: ArtifactEvidence) {
  return [scan.findings.filter(({ severity }) => severity === "fail").map(({ code }) => code), scan.complete];
}

for (const [what, files, content, digest] of [
  ["in the commit", { "m/model.safetensors": MODEL }, [], SHA256],
  ["kept by Git LFS", LFS, [[SHA256, MODEL]], SHA256],
  ["kept by DVC", DVC, [[MD5, MODEL]], MD5],
] as const) {
  test(`a model file ${what} is scanned`, async () => {
    const found = await scans(files, new Map<Digest, Uint8Array>(content));
    assert.equal(found.length, 1);
    const { scan, source, subject, side, path, trust } = found[0]!;
    assert.deepEqual([side, path, trust], ["head", "m/model.safetensors", "ci"]);
    assert.deepEqual(
      [scan.format, scan.size, `sha256:${scan.sha256}`],
      ["safetensors", MODEL.length, SHA256],
    );
    assert.deepEqual([source.digest, subject], [digest, digest]);
    assert.deepEqual(outcome(found[0]!)[1], true);
  });
}

test("only the head's files are scanned", async () => {
  const found = await scans({ "m/model.safetensors": MODEL });
  assert.deepEqual(
    found.map(({ side }) => side),
    ["head"],
  );
});

for (const [what, files, digest] of [
  ["Git LFS", LFS, SHA256],
  ["DVC", DVC, MD5],
] as const) {
  test(`content that ${what} keeps and that is not here was not scanned, and says so`, async () => {
    const [found] = await scans(files);
    assert.deepEqual(outcome(found!), [["POINTER_UNRESOLVED"], false]);
    assert.equal(found?.scan.path, "m/model.safetensors");
    assert.equal(found?.source.digest, digest);
    assert.match(found?.scan.findings[0]?.fix ?? "", /Run (?:git lfs pull|dvc pull)/);
  });

  test(`content that is not what the pointer of ${what} says is not scanned`, async () => {
    for (const forged of [
      Buffer.from("other"),
      Buffer.from("\x02\0\0\0\0\0\0\0{ ", "latin1"),
      Buffer.alloc(0),
    ]) {
      const [found] = await scans(files, new Map<Digest, Uint8Array>([[digest, forged]]));
      assert.deepEqual(outcome(found!), [["POINTER_MISMATCH"], false]);
      assert.equal(found?.scan.format, "unknown");
    }
  });
}

test("content of another size than its pointer says is not scanned", async () => {
  const lfs = { ...LFS, "m/model.safetensors": LFS["m/model.safetensors"].replace(/size .*/, "size 1") };
  const dvc = { "m/model.safetensors.dvc": DVC["m/model.safetensors.dvc"].replace("size: 10", "size: 1") };
  for (const [files, digest] of [
    [lfs, SHA256],
    [dvc, MD5],
  ] as const) {
    const [found] = await scans(files, new Map<Digest, Uint8Array>([[digest, MODEL]]));
    assert.deepEqual(outcome(found!), [["POINTER_MISMATCH"], false]);
    assert.match(found?.scan.findings[0]?.message ?? "", /its pointer says 1 bytes, the content here is 10/);
    assert.equal(found?.scan.size, 0);
  }
});

test("a folder that DVC tracks is not scanned as the list of its files", async () => {
  const list = Buffer.from('[{"md5": "900150983cd24fb0d6963f7d28e17f72", "relpath": "a"}]');
  const digest = `md5:${createHash("md5").update(list).digest("hex")}.dir` as const;
  const pointer = {
    "m/model.safetensors.dvc": `outs: [{ md5: ${digest.slice(4)}, path: model.safetensors }]\n`,
  };
  const [found] = await scans(pointer, new Map([[digest, list]]));
  assert.deepEqual(outcome(found!), [["ARTIFACT_FOLDER"], false]);
});

test("a file that is named by its .dvc file is scanned as what it holds", async () => {
  const manifest = MANIFEST.replace("model.safetensors", "model.safetensors.dvc");
  const files = { ...DVC, "m/model.yml": manifest };
  const [found] = await scans(files, new Map([[MD5, MODEL]]));
  assert.equal(found?.path, "m/model.safetensors.dvc");
  assert.equal(found?.scan.format, "safetensors");
});

test("a model file whose own problem the change states is not scanned", async () => {
  for (const files of [{ "m/model.safetensors": { link: "other" } }, {}] as const) {
    assert.deepEqual(await scans(files), []);
  }
});

test("a model file that no manifest claims is scanned too", async () => {
  const { evidence } = await collect({ base: { a: "x" }, head: { a: "x", "stray.safetensors": MODEL } });
  assert.deepEqual(
    evidence.map((item) => [item.kind, item.model, item.source.path]),
    [["artifact", "stray.safetensors", "stray.safetensors"]],
  );
});
