import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { DatasetEvidence } from "../../gate/model/evidence.ts";
import { collect, collectOpened, type Files, memoryWorld } from "./memory.ts";

const ROWS = "id,y\n1,0\n";
const MD5 = `md5:${hash("md5", ROWS)}`;
const SHA256 = `sha256:${hash("sha256", ROWS)}`;
const OTHER = "f".repeat(32);

function hash(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest("hex");
}

function manifest(data: string): string {
  return `weighbridge: 1\nid: a\nstatus: candidate\nartifacts: [{ path: model.bin }]\ndata:\n  - { name: rows, role: train${data} }\n`;
}

async function dataset(data: string, files: Files) {
  const base = { "m/model.yml": manifest(data), "m/model.bin": "old" };
  const { evidence, problems } = await collect({ base, head: { ...base, "m/model.bin": "new", ...files } });
  const found = evidence.filter(
    (item): item is DatasetEvidence => item.kind === "dataset" && item.side === "head",
  );
  assert.equal(found.length, 1, "each dataset of the manifest is evidence, pinned or not");
  const { digest, declared, source, line } = found[0]!;
  return {
    digest,
    declared,
    source,
    line,
    codes: problems.filter(({ side }) => side === "head").map(({ code }) => code),
  };
}

const POINTER = (md5: string, path = "rows.csv") => `outs:\n- md5: ${md5}\n  hash: md5\n  path: ${path}\n`;
const LFS = `version https://git-lfs.github.com/spec/v1\noid ${SHA256}\nsize 9\n`;
const LOCK = `schema: '2.0'\nstages:\n  prep:\n    cmd: prep\n    outs:\n    - path: m/rows.csv\n      hash: md5\n      md5: ${OTHER}\n`;

const PINS: readonly (readonly [
  what: string,
  data: string,
  files: Files,
  digest: string | undefined,
  path: string,
])[] = [
  ["a file in the commit, by its SHA-256", ", path: rows.csv", { "m/rows.csv": ROWS }, SHA256, "m/rows.csv"],
  [
    "a file in the commit, by the MD5 that is stated",
    `, path: rows.csv, digest: "${MD5}"`,
    { "m/rows.csv": ROWS },
    MD5,
    "m/rows.csv",
  ],
  [
    "a file kept by Git LFS, which need not be here",
    ", path: rows.csv",
    { "m/rows.csv": LFS },
    SHA256,
    "m/rows.csv",
  ],
  [
    "the .dvc file that is named",
    ", path: rows.csv.dvc",
    { "m/rows.csv.dvc": POINTER(OTHER) },
    `md5:${OTHER}`,
    "m/rows.csv.dvc",
  ],
  [
    "the .dvc file beside it",
    ", path: rows.csv",
    { "m/rows.csv.dvc": POINTER(OTHER) },
    `md5:${OTHER}`,
    "m/rows.csv.dvc",
  ],
  [
    "a folder that DVC tracks",
    ", path: rows",
    { "m/rows.dvc": POINTER(`${OTHER}.dir`, "rows") },
    `md5:${OTHER}.dir`,
    "m/rows.dvc",
  ],
  [
    "the lock of the pipeline that makes it",
    ", path: rows.csv",
    { "dvc.yaml": "stages: {prep: {cmd: prep, outs: [m/rows.csv]}}", "dvc.lock": LOCK },
    `md5:${OTHER}`,
    "dvc.lock",
  ],
  [
    "a folder in the commit, by the list of its files",
    ", path: rows",
    { "m/rows/b.csv": ROWS, "m/rows/a/c.csv": ROWS },
    `sha256:${hash("sha256", `${SHA256}  a/c.csv\n${SHA256}  b.csv\n`)}`,
    "m/rows",
  ],
  ["the manifest alone", `, digest: "${SHA256}"`, {}, SHA256, "m/model.yml"],
  [
    "the manifest, of data that is not here",
    `, path: rows.csv, digest: "${SHA256}"`,
    {},
    SHA256,
    "m/model.yml",
  ],
  ["nothing", "", {}, undefined, "m/model.yml"],
  ["nothing, of data that is not here", ", path: rows.csv", {}, undefined, "m/model.yml"],
];

for (const [what, data, files, digest, path] of PINS) {
  test(`a dataset is pinned by ${what}`, async () => {
    const found = await dataset(data, files);
    assert.deepEqual(found.codes, []);
    assert.deepEqual([found.digest, found.source.path], [digest, path]);
    assert.equal(found.declared, undefined);
  });
}

test("a stated digest that the content does not have stands beside it", async () => {
  const stated = `sha256:${"0".repeat(64)}`;
  const found = await dataset(`, path: rows.csv, digest: "${stated}"`, { "m/rows.csv": ROWS });
  assert.deepEqual([found.digest, found.declared], [SHA256, stated]);
});

test("a stated digest of another kind than the pointer's cannot be compared, so it differs", async () => {
  const found = await dataset(`, path: rows.csv, digest: "${SHA256}"`, { "m/rows.csv.dvc": POINTER(OTHER) });
  assert.deepEqual([found.digest, found.declared], [`md5:${OTHER}`, SHA256]);
});

for (const [what, data, files, code] of [
  [
    "a link",
    `, path: rows.csv, digest: "${SHA256}"`,
    { "m/rows.csv": { link: "/etc/passwd" } },
    "ENTRY_UNSAFE",
  ],
  [
    "a .dvc file of two outputs",
    ", path: all.dvc",
    { "m/all.dvc": `${POINTER(OTHER)}- md5: ${OTHER}\n  path: b\n` },
    "DVC_INVALID",
  ],
  [
    "a .dvc file of something else",
    ", path: rows.csv",
    { "m/rows.csv.dvc": POINTER(OTHER, "other.csv") },
    "DVC_INVALID",
  ],
  [
    "a .dvc file that is broken",
    `, path: rows.csv, digest: "${SHA256}"`,
    { "m/rows.csv.dvc": "outs: [" },
    "YAML_SYNTAX",
  ],
] as const) {
  test(`a dataset of ${what} is a problem, and not pinned, whatever the manifest states`, async () => {
    const found = await dataset(data, files);
    assert.deepEqual([found.codes, found.digest], [[code], undefined]);
  });
}

test("the line is that of the file that says it", async () => {
  const stated = await dataset("", {});
  assert.equal(stated.line, 5);
  const locked = await dataset(", path: rows.csv", {
    "dvc.yaml": "stages: {prep: {cmd: prep, outs: [m/rows.csv]}}",
    "dvc.lock": LOCK,
  });
  assert.equal(locked.line, 6);
  const content = await dataset(", path: rows.csv", { "m/rows.csv": ROWS });
  assert.equal(content.line, undefined);
});

test("a folder that several datasets are is read once, and a link is no file with its text", async () => {
  const entries = ["one", "two"].map((name) => `  - { name: ${name}, role: train, path: rows }\n`).join("");
  const link = "  - { name: link, role: train, path: link.csv }\n";
  const head = {
    "m/model.yml": `weighbridge: 1\nid: a\nstatus: candidate\nartifacts: [{ path: model.bin }]\ndata:\n${entries}${link}`,
    "m/model.bin": "new",
    "m/rows/a.csv": ROWS,
    "m/rows/b.csv": ROWS,
    "m/link.csv": { link: ROWS },
  };
  const world = memoryWorld({ base: { ...head, "m/model.bin": "old" }, head });
  const { evidence, problems, opened } = await collectOpened(world);
  const pins = evidence.flatMap((item) =>
    item.kind === "dataset" && item.side === "head" ? [[item.name, item.digest] as const] : [],
  );
  const digests = new Map(pins);
  assert.match(digests.get("one") ?? "", /^sha256:/);
  assert.equal(digests.get("two"), digests.get("one"));
  assert.equal(digests.get("link"), undefined);
  assert.deepEqual([...new Set(problems.map(({ code }) => code))], ["ENTRY_UNSAFE"]);
  // Once at each side, for the content is the same.
  assert.deepEqual(
    opened.filter((path) => path.startsWith("m/rows")),
    ["m/rows/a.csv", "m/rows/a.csv"],
  );
});
