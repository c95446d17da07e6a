// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the templates of DVC look like those of JavaScript.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { LockEvidence } from "../../gate/model/evidence.ts";
import { collect, type Files } from "./memory.ts";

const CORPUS = fileURLToPath(new URL("../corpus/adapters/dvc", import.meta.url));

/** A project of the corpus as the files of a commit. */
function project(name: string): Record<string, Uint8Array> {
  const root = join(CORPUS, name);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [relative(root, path), readFileSync(path)]));
}

const CURRENT = project("current");
const LEGACY = project("legacy");

/** A manifest that every stage of the project is of concern to. */
const MANIFEST = `weighbridge: 1
id: m
status: candidate
artifacts: [{ path: model/model.txt }]
evaluation:
  - { path: metrics/uk.json, dataset: uk, role: test, metrics: [roc_auc] }
  - { path: metrics/de.json, dataset: de, role: test, metrics: [roc_auc] }
  - { path: metrics/fr.json, dataset: fr, role: test, metrics: [roc_auc] }
data:
  - { name: raw, role: train, path: data/raw.csv }
  - { name: grid, role: test, path: grid }
`;
const LEGACY_MANIFEST = `weighbridge: 1
id: m
status: candidate
artifacts: [{ path: src/b.bin }]
evaluation: [{ path: metrics.json, dataset: d, role: test, metrics: [roc_auc] }]
`;

/** What is found at the head, where the model's manifest changes and `edits` do. */
async function headOf(
  files: Files,
  edits: Readonly<Record<string, string | Uint8Array | undefined>>,
  manifest = MANIFEST,
) {
  const base = { ...files, "model.yml": manifest };
  const edited = Object.entries({ ...base, "model.yml": `${manifest}title: changed\n`, ...edits });
  const head = Object.fromEntries(
    edited.flatMap(([path, file]) => (file === undefined ? [] : [[path, file]])),
  );
  const { evidence, problems } = await collect({ base, head });
  const at = evidence.filter((item) => item.side === "head");
  return {
    locks: at.filter((item): item is LockEvidence => item.kind === "lock"),
    metrics: at.filter((item) => item.kind === "metric"),
    problems: problems.filter((problem) => problem.side === "head"),
  };
}

function outOfSync(locks: readonly LockEvidence[]): readonly string[] {
  return locks.filter(({ mismatches }) => mismatches.length > 0).map(({ stage }) => stage);
}

function text(path: string): string {
  return Buffer.from(CURRENT[path] ?? assert.fail(path)).toString();
}

/** An edit of one file of the project. */
function edit(path: string, from: string, to: string): Record<string, string> {
  assert.ok(text(path).includes(from), `${path} holds ${from}`);
  return { [path]: text(path).replaceAll(from, to) };
}

interface RecordedCase {
  readonly edit: string;
  readonly files: Readonly<Record<string, string>>;
  readonly changed: readonly string[];
}

const RECORDED: readonly RecordedCase[] = JSON.parse(readFileSync(join(CORPUS, "cases.json"), "utf8"));

/**
 * DVC does not see what it was once told and is told no more; the lock then says more than `dvc.yaml`, and what it
 * says was part of the run.
 */
const STRICTER: ReadonlyMap<string, readonly string[]> = new Map([
  ["a dependency less", ["evaluate@de", "evaluate@uk"]],
  ["an output less", ["prepare"]],
]);

for (const { edit: name, files, changed } of RECORDED) {
  test(`after an edit of ${name}, the stages are out of sync that DVC itself calls changed`, async () => {
    const { locks, problems } = await headOf(CURRENT, files);
    assert.deepEqual(problems, []);
    assert.deepEqual(outOfSync(locks), STRICTER.get(name) ?? changed);
  });
}

test("every recorded difference to DVC is still one", () => {
  for (const [name, stages] of STRICTER) {
    const recorded = RECORDED.find((candidate) => candidate.edit === name);
    assert.notDeepEqual(recorded?.changed, stages);
  }
});

/** `file:line message` of every mismatch. */
function messagesOf(locks: readonly LockEvidence[]): readonly string[] {
  return locks.flatMap(({ mismatches }) =>
    mismatches.map(({ message, place }) => `${place.path}:${place.line} ${message}`),
  );
}

test("each stage says what differs, and where", async () => {
  const parameter = await headOf(CURRENT, edit("params.yaml", "seed: 7", "seed: 8"));
  assert.deepEqual(messagesOf(parameter.locks), [
    "dvc.yaml:12 its command is not the one that was run",
    'dvc.lock:16 prepare.seed of params.yaml is "8", and was "7" when it was run',
  ]);
  const metric = await headOf(CURRENT, edit("metrics/uk.json", "0.81", "0.99"));
  assert.deepEqual(messagesOf(metric.locks), [
    "dvc.lock:67 metrics/uk.json is md5:2ec5372fb9a7652b5ed162938e16f3e7 in dvc.lock, in the commit md5:0a0bff75348786b0992abc923c671496",
  ]);
});

test("each stage says which of the model's files it makes", async () => {
  const { locks } = await headOf(CURRENT, {});
  const makers = locks.flatMap(({ stage, makes }) => (makes === undefined ? [] : [[stage, makes]]));
  assert.deepEqual(Object.fromEntries(makers), {
    train: ["model/model.txt"],
    "evaluate@de": ["metrics/de.json"],
    "evaluate@uk": ["metrics/uk.json"],
  });
});

// What a lock in sync binds.

test("a stage in sync that read the model binds its metrics to the model", async () => {
  const { metrics } = await headOf(CURRENT, {});
  assert.deepEqual(
    metrics.map(({ subject }) => subject),
    Array(2).fill("sha256:1868bb841b5726609ab910f3f6fdb673d71b1b3be58568315511bfd1eacc970a"),
  );
});

for (const [what, edits] of [
  ["another model", { "model/model.txt": "retrained\n" }],
  ["a metric edited by hand", edit("metrics/uk.json", "0.81", "0.99")],
  ["another command", edit("dvc.yaml", "sh src/evaluate.sh", "sh -x src/evaluate.sh")],
  ["another script", edit("src/evaluate.sh", "0.81", "0.82")],
  ["no lock", { "dvc.lock": undefined }],
  ["no pipeline", { "dvc.yaml": undefined }],
  ["a stage that no longer reads the model", edit("dvc.yaml", "        - model/model.txt\n", "")],
] as const) {
  test(`${what}: nothing is bound`, async () => {
    const { metrics } = await headOf(CURRENT, edits);
    const uk = metrics.find((item) => item.kind === "metric" && item.dataset === "uk");
    assert.ok(uk !== undefined);
    assert.equal(uk.subject, undefined);
  });
}

test("a stage binds a model of several artifacts only if it read each of them", async () => {
  const two = MANIFEST.replace(
    "[{ path: model/model.txt }]",
    "[{ path: model/model.txt }, { path: model/options.toml }]",
  );
  const { metrics } = await headOf(CURRENT, {}, two);
  assert.deepEqual(
    metrics.map(({ subject }) => subject),
    [undefined, undefined],
  );
});

test("a model that DVC keeps is bound by the digest of its pointer", async () => {
  const pointer = "outs:\n- md5: 588dc05aefa0c02d25f658977fd545a4\n  hash: md5\n  path: model.txt\n";
  const train = text("dvc.yaml").slice(
    text("dvc.yaml").indexOf("  train:"),
    text("dvc.yaml").indexOf("  evaluate:"),
  );
  const files: Record<string, string | Uint8Array> = {
    ...CURRENT,
    "model/model.txt.dvc": pointer,
    "dvc.yaml": text("dvc.yaml").replace(train, ""),
  };
  const { "model/model.txt": _, ...kept } = files;
  const subject = "md5:588dc05aefa0c02d25f658977fd545a4";
  const found = await headOf(kept, {});
  assert.deepEqual(
    found.metrics.map((item) => item.subject),
    [subject, subject],
  );
  const other = await headOf(kept, { "model/model.txt.dvc": pointer.replace("588d", "0000") });
  assert.deepEqual(
    other.metrics.map((item) => item.subject),
    [undefined, undefined],
  );
});

// What older locks, other folders and other tools hold.

test("a lock of DVC 2 is compared by the MD5 that DVC 2 took, and says so", async () => {
  const { locks, problems } = await headOf(LEGACY, {}, LEGACY_MANIFEST);
  assert.deepEqual(problems, []);
  assert.deepEqual(outOfSync(locks), []);
  assert.deepEqual(
    locks.map(({ source }) => source.tool),
    ["dvc (md5, md5-dos2unix)"],
  );
});

test("a lock of DVC 2 whose text got other line ends is in sync, one with other words is not", async () => {
  const unix = await headOf(LEGACY, { "src/a.sh": "true\n" }, LEGACY_MANIFEST);
  assert.deepEqual(outOfSync(unix.locks), []);
  const other = await headOf(LEGACY, { "src/a.sh": "false\r\n" }, LEGACY_MANIFEST);
  assert.deepEqual(outOfSync(other.locks), ["measure"]);
  const binary = await headOf(LEGACY, { "src/b.bin": "\0\n\x01" }, LEGACY_MANIFEST);
  assert.deepEqual(outOfSync(binary.locks), ["measure"]);
});

test("a lock of DVC 3 is not compared by normalised text", async () => {
  const { locks } = await headOf(CURRENT, edit("src/notes/über.txt", "\r\n", "\n"));
  assert.deepEqual(outOfSync(locks), ["train"]);
});

/** A pipeline of one stage that makes the metric, with its lock. */
function onePipeline(deps: Readonly<Record<string, string>>, extra = "") {
  const list = (items: readonly string[]) => items.map((item) => `    - ${item}\n`).join("");
  const lines = Object.entries(deps).map(([path, lock]) => `path: ${path}\n      ${lock}`);
  return {
    "metrics/m.json": '{"auc": 0.8}',
    "model.bin": "weights",
    "dvc.yaml": `stages:\n  measure:\n    cmd: measure\n${extra}    deps:\n${list(Object.keys(deps))}    outs:\n    - metrics/m.json\n`,
    "dvc.lock": `schema: '2.0'\nstages:\n  measure:\n    cmd: measure\n    deps:\n${list(lines)}    outs:\n    - path: metrics/m.json\n      hash: md5\n      md5: 4639b8735fedb96d24182ef5a8c1b35c\n`,
  };
}
const ONE_MANIFEST = `weighbridge: 1
id: m
status: candidate
artifacts: [{ path: model.bin }]
evaluation: [{ path: metrics/m.json, dataset: d, role: test, metrics: [auc] }]
`;
const MD5 = (hex: string) => `hash: md5\n      md5: ${hex}`;
const OTHER = "f".repeat(32);
const ABC = "900150983cd24fb0d6963f7d28e17f72"; // RFC 1321, A.5: MD5 of "abc".

async function judgeOne(
  files: Files,
  deps: Readonly<Record<string, string>>,
  content?: Map<`md5:${string}`, Uint8Array>,
) {
  const scene = { ...onePipeline(deps), ...files, "model.yml": ONE_MANIFEST };
  const { evidence, problems } = await collect({
    base: scene,
    head: { ...scene, "model.yml": `${ONE_MANIFEST}title: t\n` },
    ...(content === undefined ? {} : { content }),
  });
  const locks = evidence.filter((item): item is LockEvidence => item.kind === "lock" && item.side === "head");
  return {
    messages: messagesOf(locks).map((message) => message.replace(/^\S*dvc\.[a-z]+:\d+ /, "")),
    problems: problems.filter(({ side }) => side === "head"),
  };
}

const DEPENDENCIES: readonly (readonly [
  what: string,
  dep: Record<string, string>,
  files: Files,
  found: string,
])[] = [
  ["is in the commit", { a: MD5(ABC) }, { a: "abc" }, ""],
  [
    "is another file",
    { a: MD5(ABC) },
    { a: "abd" },
    "a is md5:900150983cd24fb0d6963f7d28e17f72 in dvc.lock, in the commit md5:4911e516e5aa21d327512e0c8b197616",
  ],
  ["is tracked beside it", { a: MD5(ABC) }, { "a.dvc": `outs: [{ md5: ${ABC}, hash: md5, path: a }]` }, ""],
  [
    "is tracked as another file",
    { a: MD5(ABC) },
    { "a.dvc": `outs: [{ md5: ${OTHER}, hash: md5, path: a }]` },
    `a is md5:${ABC} in dvc.lock, in the commit md5:${OTHER}`,
  ],
  [
    "is nowhere",
    { a: MD5(ABC) },
    {},
    "its dependency a is not in the commit, no .dvc file tracks it and no stage makes it",
  ],
  ["is bound by no digest", { a: "size: 3" }, { a: "abc" }, "dvc.lock binds no content of a"],
  [
    "is a folder where a file was",
    { a: MD5(ABC) },
    { "a/b": "abc" },
    `a is md5:${ABC} in dvc.lock, in the commit md5:99a7793d1363f357ac560e2af883fe8c.dir`,
  ],
  [
    "is a file where a folder was",
    { a: MD5(`${ABC}.dir`) },
    { a: "abc" },
    `a is md5:${ABC}.dir in dvc.lock, in the commit md5:${ABC}`,
  ],
  ["is kept elsewhere", { "s3://bucket/a": "etag: x" }, {}, ""],
  ["is on a disk of Windows", { "C:/data/a": MD5(ABC) }, {}, ""],
  ...["run-12:30.csv", "~lib/a"].map(
    (path) =>
      [
        `has a name like ${path}`,
        { [path]: MD5(OTHER) },
        { [path]: "abc" },
        `${path} is md5:${OTHER} in dvc.lock, in the commit md5:${ABC}`,
      ] as const,
  ),
  ["is an absolute path", { "/data/a": "md5: 900150983cd24fb0d6963f7d28e17f72" }, {}, ""],
  ["is above the repository", { "../../a": MD5(ABC) }, {}, ""],
  ["is written with dots", { "./x/../a": MD5(ABC) }, { a: "abc" }, ""],
];

for (const [what, dep, files, found] of DEPENDENCIES) {
  test(`a dependency that ${what}: ${found === "" ? "in sync" : "out of sync"}`, async () => {
    const { messages, problems } = await judgeOne(files, dep);
    assert.deepEqual(problems, []);
    assert.deepEqual(messages, found === "" ? [] : [found]);
  });
}

const UNREADABLE: readonly (readonly [
  what: string,
  dep: Record<string, string>,
  files: Files,
  code: string,
])[] = [
  ["a link", { a: MD5(ABC) }, { a: { link: "b" }, b: "abc" }, "ENTRY_UNSAFE"],
  [
    "a folder with a link in it",
    { a: MD5(`${ABC}.dir`) },
    { "a/b": { link: "../b" }, b: "abc" },
    "ENTRY_UNSAFE",
  ],
  [
    "an LFS pointer whose content is not here",
    { a: MD5(ABC) },
    { a: `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 3\n` },
    "POINTER_UNRESOLVED",
  ],
  [
    "a file in a folder whose list is not here",
    { "a/b": MD5(ABC) },
    { "a.dvc": `outs: [{ md5: ${ABC}.dir, path: a }]` },
    "POINTER_UNRESOLVED",
  ],
  [
    "a folder of which a .dvcignore may leave out files",
    { a: MD5(`${ABC}.dir`) },
    { "a/b": "abc", ".dvcignore": "*.pyc\n" },
    "DVC_FOLDER",
  ],
  ["a broken .dvc file", { a: MD5(ABC) }, { "a.dvc": "outs: []" }, "DVC_INVALID"],
];

for (const [what, dep, files, code] of UNREADABLE) {
  test(`a dependency on ${what} cannot be compared: a problem, and no word of being in sync`, async () => {
    const { messages, problems } = await judgeOne(files, dep);
    assert.deepEqual(messages, []);
    assert.deepEqual(
      problems.map((problem) => [problem.code, problem.place.path, problem.metrics]),
      [[code, "dvc.lock", []]],
    );
  });
}

test("a file in a folder that DVC tracks is compared by the folder's list, if that is here and is the right one", async () => {
  const list = Buffer.from(`[{"md5": "${ABC}", "relpath": "b"}]`);
  const digest = "md5:99a7793d1363f357ac560e2af883fe8c.dir" as const;
  const files = { "a.dvc": `outs: [{ md5: ${digest.slice(4)}, hash: md5, path: a }]` };
  const same = await judgeOne(files, { "a/b": MD5(ABC) }, new Map([[digest, list]]));
  assert.deepEqual(same, { messages: [], problems: [] });
  const other = await judgeOne(files, { "a/b": MD5(OTHER) }, new Map([[digest, list]]));
  assert.deepEqual(other.messages, [`a/b is md5:${OTHER} in dvc.lock, in the commit md5:${ABC}`]);
  const gone = await judgeOne(files, { "a/c": MD5(ABC) }, new Map([[digest, list]]));
  assert.deepEqual(gone.messages, [`a/c is md5:${ABC} in dvc.lock, in the commit no file of this name`]);
  const forged = await judgeOne(
    files,
    { "a/b": MD5(OTHER) },
    new Map([[digest, Buffer.from(`[{"md5": "${OTHER}", "relpath": "b"}]`)]]),
  );
  assert.deepEqual(
    forged.problems.map(({ code }) => code),
    ["POINTER_MISMATCH"],
  );
});

test("a folder that many stages depend on is hashed once", async () => {
  const folder = Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`a/${index}`, "abc"]));
  const names = Array.from({ length: 450 }, (_, index) => `b${index}`);
  const stages = names.map((name) => `  ${name}: { cmd: x, deps: [a], outs: [${name}] }\n`).join("");
  const locks = names.map(
    (name) =>
      `  ${name}: { cmd: x, deps: [{ path: a, md5: ${OTHER}.dir }], outs: [{ path: ${name}, md5: ${ABC} }] }\n`,
  );
  const deps = Object.fromEntries(names.map((name) => [name, MD5(ABC)]));
  const pipeline = onePipeline(deps);
  const before = performance.now();
  const { messages } = await judgeOne(
    {
      ...folder,
      "dvc.yaml": pipeline["dvc.yaml"] + stages,
      "dvc.lock": pipeline["dvc.lock"] + locks.join(""),
    },
    deps,
  );
  assert.equal(messages.length, names.length);
  const seconds = (performance.now() - before) / 1_000;
  assert.ok(seconds < 10, `${seconds} s; one by one they take half a minute`);
});

test("a folder with files that git ignores says so", async () => {
  const dep = { a: `hash: md5\n      md5: ${ABC}.dir\n      nfiles: 3` };
  const { messages } = await judgeOne({ "a/b": "abc" }, dep);
  assert.deepEqual(messages, [
    `a is md5:${ABC}.dir in dvc.lock, in the commit a folder of another file count: 1, and 3 when it was locked; what git ignores belongs into .dvcignore too`,
  ]);
});

test("a dependency that a pipeline elsewhere makes is compared with its lock", async () => {
  const elsewhere = (hex: string) => ({
    "prep/dvc.yaml": "stages:\n  prep:\n    wdir: out\n    cmd: prep\n    outs: [a.csv]\n",
    "prep/dvc.lock": `schema: '2.0'\nstages:\n  prep:\n    cmd: prep\n    outs:\n    - path: a.csv\n      hash: md5\n      md5: ${hex}\n`,
  });
  const same = await judgeOne(elsewhere(ABC), { "prep/out/a.csv": MD5(ABC) });
  assert.deepEqual(same.messages, []);
  const other = await judgeOne(elsewhere(OTHER), { "prep/out/a.csv": MD5(ABC) });
  assert.deepEqual(other.messages, [`prep/out/a.csv is md5:${ABC} in dvc.lock, in the commit md5:${OTHER}`]);
});

// Pipelines that stand elsewhere.

/** One stage in a folder of its own that makes a file of a raw one, in sync with a raw file of "abc". */
function prepare(folder: string, out: string, wdir = "."): Record<string, string> {
  return {
    [`${folder}/dvc.yaml`]: `stages:\n  prep:\n    wdir: ${wdir}\n    cmd: prep\n    deps: [raw.csv]\n    outs: [${out}]\n`,
    [`${folder}/dvc.lock`]: `schema: '2.0'\nstages:\n  prep:\n    cmd: prep\n    deps:\n    - path: raw.csv\n      ${MD5(ABC)}\n    outs:\n    - path: ${out}\n      ${MD5(ABC)}\n`,
    [`${folder}/raw.csv`]: "other",
  };
}

const RAW_CHANGED = (folder: string) =>
  `${folder}/raw.csv is md5:${ABC} in dvc.lock, in the commit md5:795f3202b17cb6bc3d4b771d8c6c9eaf`;

for (const [what, files, deps, found] of [
  ["makes a dependency", prepare("prep", "a.csv"), { "prep/a.csv": MD5(ABC) }, [RAW_CHANGED("prep")]],
  [
    "makes a dependency of such a one",
    {
      ...prepare("first", "../second/raw.csv"),
      ...prepare("second", "a.csv"),
      "second/raw.csv": "abc",
    },
    { "second/a.csv": MD5(ABC) },
    [RAW_CHANGED("first")],
  ],
  [
    "makes the folder that a dependency stands in",
    { ...prepare("prep", "../made", "../prep"), "made/a.csv": "abc" },
    { "made/a.csv": MD5(ABC) },
    [
      RAW_CHANGED("prep"),
      `made is md5:${ABC} in dvc.lock, in the commit md5:eeb2614fab8351ea6acf643880eb2986.dir`,
    ],
  ],
  ["makes the model", prepare("prep", "../model.bin"), { "prep/a.csv": MD5(ABC) }, [RAW_CHANGED("prep")]],
  ["makes a namesake of the model", prepare("prep", "model.bin"), { "prep/a.csv": MD5(ABC) }, []],
] as const) {
  test(`a pipeline elsewhere that ${what} is ${found.length === 0 ? "not " : ""}of concern`, async () => {
    const scene = { "prep/a.csv": "abc", "second/a.csv": "abc", "model.bin": "abc" };
    const { messages, problems } = await judgeOne({ ...scene, ...files }, deps);
    assert.deepEqual(problems, []);
    assert.deepEqual(messages, found);
  });
}

for (const [what, out, codes] of [
  ["may make a dependency", "../data/a.csv", ["YAML_SYNTAX"]],
  ["makes a namesake of it", "a.csv", []],
  ["depends on it, too", "b.csv]\n    deps:\n      - ../data/a.csv\n    params: [", []],
] as const) {
  test(`a pipeline elsewhere that cannot be read and ${what}: ${codes[0] ?? "no problem"}`, async () => {
    const files = { "prep/dvc.yaml": `stages:\n  prep:\n    outs: [${out}\n`, "data/a.csv": "abc" };
    const { messages, problems } = await judgeOne(files, { "data/a.csv": MD5(ABC) });
    assert.deepEqual(messages, []);
    assert.deepEqual(
      problems.map(({ code, place }) => [code, place.path]),
      codes.map((code) => [code, "prep/dvc.yaml"]),
    );
  });
}

test("the text of a pipeline that is too large is not asked for", async () => {
  const files = { ...prepare("prep", "a.csv"), "large/dvc.yaml": "#".repeat(2 ** 20 + 1) };
  const { messages, problems } = await judgeOne(files, { "prep/a.csv": MD5(ABC) });
  assert.deepEqual([messages, problems], [[RAW_CHANGED("prep")], []]);
});

// Parameters.

for (const [what, params, files, code] of [
  [
    "in a Python file",
    "    params: [{settings.py: [a]}]\n",
    { "settings.py": "a = 1\n" },
    "DVC_PARAMS_PYTHON",
  ],
  ["in a file that is broken", "    params: [a]\n", { "params.yaml": "a: 1\na: 2\n" }, "YAML_DUPLICATE_KEY"],
] as const) {
  test(`parameters ${what} are a problem`, async () => {
    const file = Object.keys(files)[0];
    const pipeline = onePipeline({ a: MD5(ABC) }, params);
    const lock = pipeline["dvc.lock"].replace(
      "    deps:",
      `    params:\n      ${file}:\n        a: 1\n    deps:`,
    );
    const { problems } = await judgeOne({ ...pipeline, ...files, "dvc.lock": lock, a: "abc" }, {});
    assert.deepEqual(
      problems.map((problem) => problem.code),
      [code],
    );
  });
}

// Which stages are of concern.

function many(count: number): string {
  return Array.from({ length: count }, (_, index) => `f${index}`).join(", ");
}

test("a stage of another model is not of concern, broken or not", async () => {
  const other =
    "stages:\n  measure:\n    cmd: measure\n    deps: [a]\n    outs: [metrics/m.json]\n  other:\n    cmd: run ${none}\n    outs: [other.bin]\n  third:\n    cmd: changed\n    outs: [third.bin]\n";
  const { messages, problems } = await judgeOne({ "dvc.yaml": other, a: "abc" }, { a: MD5(ABC) });
  assert.deepEqual(problems, []);
  assert.deepEqual(messages, []);
});

test("a stage of this model whose templates cannot be filled in is a problem, not in sync", async () => {
  const files = { "dvc.yaml": "stages:\n  measure:\n    cmd: run ${none}\n    outs: [metrics/m.json]\n" };
  const { messages, problems } = await judgeOne(files, { a: MD5(ABC) });
  assert.deepEqual(messages, []);
  assert.deepEqual(
    problems.map(({ code, place }) => [code, place]),
    [["DVC_TEMPLATE", { path: "dvc.yaml", line: 3, column: 10 }]],
  );
});

for (const [what, stage] of [
  ["in a working folder", "wdir: sub\n    cmd: run ${none}\n    outs: [../metrics/m.json]"],
  ["in a working folder that is a template itself", "wdir: ${none}\n    cmd: run\n    outs: [m.json]"],
] as const) {
  test(`a stage ${what} whose templates cannot be filled in is a problem`, async () => {
    const lock = onePipeline({ a: MD5(ABC) })["dvc.lock"].replace("metrics/m.json", "../metrics/m.json");
    const files = { "dvc.yaml": `stages:\n  measure:\n    ${stage}\n`, "dvc.lock": lock };
    const { messages, problems } = await judgeOne(files, {});
    assert.deepEqual([messages, problems.map(({ code }) => code)], [[], ["DVC_TEMPLATE"]]);
  });
}

test("a stage that was never run and cannot be read may make anything: a problem", async () => {
  const files = {
    "dvc.yaml": 'stages:\n  unknown:\n    cmd: run\n    outs: ["${none}"]\n',
    "dvc.lock": "schema: '2.0'\n",
  };
  const { problems } = await judgeOne(files, {});
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["DVC_TEMPLATE"],
  );
});

test("a stage that was renamed away stays of concern", async () => {
  const files = { "dvc.yaml": "stages:\n  renamed:\n    cmd: measure\n    outs: [other.json]\n" };
  const { messages } = await judgeOne(files, { a: MD5(ABC) });
  assert.deepEqual(messages, ["it is in dvc.lock, but not in dvc.yaml"]);
});

test("a pipeline without a lock was never run", async () => {
  const { locks } = await headOf(CURRENT, { "dvc.lock": undefined });
  assert.equal(locks.length, 10);
  assert.ok(messagesOf(locks).every((message) => message.endsWith("it is in dvc.yaml, but not in dvc.lock")));
  assert.ok(locks.every(({ source }) => source.path === "dvc.yaml"));
});

for (const [what, edits, code, path] of [
  ["a lock of another schema", { "dvc.lock": "schema: '9'\n" }, "DVC_LOCK_SCHEMA", "dvc.lock"],
  ["a pipeline that is no YAML", { "dvc.yaml": "a: [" }, "YAML_SYNTAX", "dvc.yaml"],
  [
    "more files than can be compared",
    { "dvc.yaml": `stages:\n  a:\n    cmd: x\n    deps: [${many(10_001)}]\n` },
    "DVC_LIMIT",
    "dvc.yaml",
  ],
  [
    "a lock that holds a path twice",
    { "dvc.lock": `schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs: [{path: a}, {path: ./a}]\n` },
    "DVC_INVALID",
    "dvc.yaml",
  ],
  ["variables of no file", { "dvc.yaml": "vars: [none.yaml]\nstages: {}\n" }, "DVC_TEMPLATE", "dvc.yaml"],
] as const) {
  test(`${what} is a problem of the pipeline`, async () => {
    const { locks, problems } = await headOf(CURRENT, edits);
    assert.deepEqual(locks, []);
    assert.deepEqual(
      problems.map((problem) => [problem.code, problem.place.path, problem.metrics]),
      [[code, path, []]],
    );
  });
}

test("parameters of a whole file are compared by its top keys, dots and all", async () => {
  const pipeline = onePipeline({ a: MD5(ABC) }, "    params: [{p.yaml: }]\n");
  const lock = pipeline["dvc.lock"].replace(
    "    deps:",
    "    params:\n      p.yaml:\n        a.b: 1\n    deps:",
  );
  const files = { ...pipeline, "dvc.lock": lock, a: "abc" };
  assert.deepEqual((await judgeOne({ ...files, "p.yaml": "a.b: 1\n" }, {})).messages, []);
  assert.deepEqual((await judgeOne({ ...files, "p.yaml": "a: {b: 1}\n" }, {})).messages, [
    "dvc.lock does not hold a of p.yaml",
    "it was run with a.b of p.yaml, which is not named any more",
  ]);
});

test("of very many differences the first ones are spelled out", async () => {
  const pipeline = onePipeline({ a: MD5(ABC) }, "    params: [{p.yaml: }]\n");
  const lock = pipeline["dvc.lock"].replace("    deps:", "    params:\n      p.yaml: {}\n    deps:");
  const params = Array.from({ length: 1_000 }, (_, index) => `k${index}: 1\n`).join("");
  const { messages } = await judgeOne({ ...pipeline, "dvc.lock": lock, a: "abc", "p.yaml": params }, {});
  assert.deepEqual([messages.length, messages.at(-1)], [51, "950 more differences"]);
});
