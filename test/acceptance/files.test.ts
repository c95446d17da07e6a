import assert from "node:assert/strict";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { runGit, type ScratchRepository } from "../git.ts";
import {
  closedBy,
  codesOf,
  digestOf,
  type Files,
  governed,
  type ModelOptions,
  modelFiles,
  POLICY,
  weightsOf,
} from "./governed.ts";

/** What git can hold in the place of a model, and whether a change can hide behind it. */

const FOLDER = "models/credit-pd";
const ARTIFACT = `${FOLDER}/model.safetensors`;
const MANIFEST = `${FOLDER}/model.yml`;
const METRICS = `${FOLDER}/metrics.json`;
const GOOD = modelFiles({ version: 2, auc: 0.86 });

/** A file of the work tree is replaced by a link. */
function link({ directory }: ScratchRepository, path: string, target: string): void {
  rmSync(join(directory, path), { recursive: true, force: true });
  symlinkSync(target, join(directory, path));
}

/** Commits another repository in a folder of this one. */
function addSubmodule(scratch: ScratchRepository, path: string): void {
  runGit(scratch.directory, ["init", "--quiet", path]);
  runGit(join(scratch.directory, path), ["commit", "--quiet", "--allow-empty", "--message", "x"]);
  scratch.commit("submodule");
}

/** Git LFS without git-lfs: the pointer that it writes, and the content where it keeps it. */
function lfs(content: Uint8Array): { pointer: string; store(scratch: ScratchRepository): void } {
  const oid = digestOf(content).slice("sha256:".length);
  return {
    pointer: `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`,
    store({ directory }) {
      const file = join(directory, ".git/lfs/objects", oid.slice(0, 2), oid.slice(2, 4), oid);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    },
  };
}

const TRACKED = { ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n" };

/** A model that says of itself that it is hardly of any weight. */
function laxToy(options: Omit<ModelOptions, "id">): Files {
  const files = modelFiles({ ...options, id: "toy" });
  const texts = Object.entries(files).map(([path, content]) => {
    return [path, typeof content === "string" ? content.replace("tier: T3", "tier: T4") : content];
  });
  return Object.fromEntries(texts);
}

/** The good change with a pointer in the model's place. */
function pointing(pointer: string, attributes: Files = TRACKED): Files {
  return { ...GOOD, ...attributes, [ARTIFACT]: pointer };
}

describe("in the place of a model", { concurrency: 2 }, () => {
  const links: readonly (readonly [name: string, path: string, target: string])[] = [
    ["the artifact, to a file of the repository", ARTIFACT, "../../other.safetensors"],
    ["the artifact, to a file outside", ARTIFACT, "/etc/passwd"],
    ["the artifact, to itself", ARTIFACT, "model.safetensors"],
    ["the manifest", MANIFEST, "../../other.yml"],
    ["the results", METRICS, "../../other.json"],
    ["the whole folder", FOLDER, "../elsewhere"],
  ];
  for (const [name, path, target] of links) {
    it(`C47: a link for ${name} is never followed`, async (test) => {
      const elsewhere = modelFiles({ version: 2, auc: 0.99, folder: "elsewhere" });
      const others = {
        "other.safetensors": weightsOf(2),
        "other.yml": GOOD[MANIFEST] ?? "",
        "other.json": '{ "roc_auc": 0.99 }\n',
      };
      const { propose, decide, scratch } = await governed(test, { ...elsewhere, ...others });
      propose(GOOD);
      link(scratch, path, target);
      scratch.commit("link");
      const record = await decide();
      assert.notEqual(record.verdict, "pass");
      assert.ok(!JSON.stringify(record.input.evidence).includes("0.99"));
    });
  }

  const submodules: readonly (readonly [name: string, path: string])[] = [
    ["its artifact", ARTIFACT],
    ["its folder", FOLDER],
    ["a folder above", "models"],
  ];
  for (const [name, path] of submodules) {
    it(`C48: a submodule in the place of ${name} is not taken for the model, nor for its end`, async (test) => {
      const { propose, decide, scratch } = await governed(test);
      propose(GOOD);
      scratch.git("rm", "-r", "--quiet", path);
      addSubmodule(scratch, path);
      const record = await decide();
      assert.equal(record.verdict, "error");
      assert.ok(codesOf(record).includes("SUBMODULE_UNVERIFIABLE"), `${codesOf(record)}`);
    });
  }

  it("C48: a submodule where the policy knows a model that nobody has described, is an error", async (test) => {
    const policy = POLICY.replace("gates:\n", "  - { id: scoring, path: services/scoring }\ngates:\n");
    for (const path of ["services/scoring", "services"]) {
      const { propose, decide, scratch } = await governed(test, { ".weighbridge/policy.yml": policy });
      propose({});
      addSubmodule(scratch, path);
      assert.deepEqual(closedBy(await decide()), ["CORE-18: error"], path);
    }
  });
});

describe("a Git LFS pointer", { concurrency: 2 }, () => {
  it("C49: stands for the content that it names, which is scanned where this machine has it", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    const { pointer, store } = lfs(weightsOf(2));
    propose(pointing(pointer));
    const absent = await decide();
    assert.deepEqual([closedBy(absent), codesOf(absent)], [["SUP-01: fail"], ["POINTER_UNRESOLVED"]]);
    store(scratch);
    const record = await decide();
    assert.deepEqual([record.verdict, closedBy(record)], ["pass", []]);
    assert.equal(record.input.change.models[0]?.head?.subject, digestOf(weightsOf(2)));
  });

  it("C49: whose content is something else, is found out", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    const { pointer, store } = lfs(weightsOf(2));
    propose(pointing(pointer));
    store(scratch);
    const oid = digestOf(weightsOf(2)).slice("sha256:".length);
    const file = join(scratch.directory, ".git/lfs/objects", oid.slice(0, 2), oid.slice(2, 4), oid);
    writeFileSync(file, weightsOf(3));
    assert.deepEqual(codesOf(await decide()), ["POINTER_MISMATCH"]);
  });

  const { pointer } = lfs(weightsOf(2));
  const bad: readonly (readonly [name: string, files: Files, code: string])[] = [
    [
      "with its lines in another order",
      pointing(pointer.split("\n").toReversed().join("\n")),
      "DIGEST_DIFFERS",
    ],
    ["with CRLF", pointing(pointer.replaceAll("\n", "\r\n")), "POINTER_NONCANONICAL"],
    [
      "with a digest of another kind",
      pointing(pointer.replace(/sha256:.*/, "md5:00")),
      "POINTER_NONCANONICAL",
    ],
    ["of 1,024 bytes", pointing(`${pointer}${"\n".repeat(1024 - pointer.length)}`), "POINTER_NONCANONICAL"],
    [
      "with an extension",
      pointing(pointer.replace("oid", `ext-0-x sha256:${"0".repeat(64)}\noid`)),
      "POINTER_EXTENSION",
    ],
    ["that no .gitattributes tracks", pointing(pointer, {}), "POINTER_NOT_TRACKED"],
  ];
  for (const [name, files, code] of bad) {
    it(`C49: ${name} fails`, async (test) => {
      const { propose, decide } = await governed(test);
      propose(files);
      const record = await decide();
      assert.notEqual(record.verdict, "pass");
      assert.ok(codesOf(record).includes(code), `${codesOf(record)}`);
    });
  }

  it("C49: is concerned by a .gitattributes that stops to track it", async (test) => {
    const base = { ...modelFiles(), ...TRACKED, [ARTIFACT]: lfs(weightsOf(1)).pointer };
    const { propose, decide } = await governed(test, base);
    propose({ ".gitattributes": "*.onnx filter=lfs\n" });
    const record = await decide();
    assert.deepEqual(
      record.models.map(({ id }) => id),
      ["credit-pd"],
    );
    assert.ok(codesOf(record).includes("POINTER_NOT_TRACKED"));
  });

  it("C50: for the same content is no other model: evidence and class say so", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    const { pointer: same, store } = lfs(weightsOf(1));
    propose({ ...TRACKED, [ARTIFACT]: same });
    store(scratch);
    const record = await decide();
    assert.deepEqual([record.verdict, closedBy(record)], ["pass", []]);
    const [model] = record.input.change.models;
    assert.equal(model?.base?.subject, model?.head?.subject);
  });
});

describe("a model that moves", { concurrency: 2 }, () => {
  it("C51: with its folder keeps its id, its tier and what it is compared with", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    propose(modelFiles({ version: 2, auc: 0.81 }));
    renameSync(join(scratch.directory, FOLDER), join(scratch.directory, "models/moved"));
    scratch.commit("moved");
    const record = await decide();
    assert.deepEqual(
      record.models.map(({ id, tier }) => [id, tier]),
      [["credit-pd", "T3"]],
    );
    assert.deepEqual(closedBy(record), ["PERF-02: fail"]);
  });

  it("C51: under another id keeps its tier and what it is compared with, and is refused", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    propose(laxToy({ version: 2, auc: 0.81, folder: FOLDER }));
    const inPlace = await decide();
    assert.deepEqual(
      inPlace.models.map(({ id, tier }) => [id, tier]),
      [["credit-pd", "T3"]],
    );
    assert.deepEqual(closedBy(inPlace), ["CORE-02: fail", "PERF-02: fail"]);
    propose(laxToy({ auc: 0.81, folder: "lib/toy" }), () => scratch.git("rm", "-r", "--quiet", FOLDER));
    assert.deepEqual(closedBy(await decide()), ["CORE-02: fail", "PERF-02: fail"]);
  });

  it("C51: under another id, with nothing left of what it was, keeps its tier", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    const files = laxToy({ version: 2, auc: 0.81, folder: "lib/toy" });
    propose(files, () => scratch.git("rm", "-r", "--quiet", FOLDER));
    assert.deepEqual(
      (await decide()).models.map(({ id, changeClass, tier }) => [id, changeClass, tier]),
      [
        ["credit-pd", "E", "T3"],
        ["toy", "D", "T3"],
      ],
    );
  });

  it("C51: without its manifest alone is not removed", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    propose({}, () => scratch.git("rm", "--quiet", MANIFEST));
    const record = await decide();
    assert.notEqual(record.verdict, "pass");
    assert.ok(codesOf(record).includes("MODEL_ABANDONED"));
  });

  it("C51: by a file alone is missing where it was, and nobody's where it is", async (test) => {
    for (const name of ["renamed.safetensors", "Model.safetensors", "mode\u0301l.safetensors"]) {
      const { propose, decide, scratch } = await governed(test);
      propose({});
      renameSync(join(scratch.directory, ARTIFACT), join(scratch.directory, FOLDER, name));
      scratch.commit("renamed");
      const record = await decide();
      assert.equal(record.verdict, "error");
      assert.ok(codesOf(record).includes("ARTIFACT_MISSING") && codesOf(record).includes("MODEL_UNCLAIMED"));
    }
  });

  it("C51: as a copy is a model of its own, that nobody has described", async (test) => {
    const { propose, decide } = await governed(test);
    propose({ "copies/model.safetensors": weightsOf(1) });
    const record = await decide();
    assert.deepEqual(
      record.models.map(({ id }) => id),
      ["copies/model.safetensors"],
    );
    assert.ok(closedBy(record).includes("CORE-02: fail"));
  });

  it("C52: away is a change of class E, and its artifact alone cannot go", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    propose({});
    rmSync(join(scratch.directory, ARTIFACT));
    scratch.commit("without its file");
    assert.ok(codesOf(await decide()).includes("ARTIFACT_MISSING"));
    rmSync(join(scratch.directory, FOLDER), { recursive: true });
    scratch.commit("without the model");
    const record = await decide();
    assert.equal(record.models[0]?.changeClass, "E");
    const outcomes = record.results
      .filter(({ model }) => model === "credit-pd")
      .map(({ outcome }) => outcome);
    assert.deepEqual(new Set(outcomes), new Set(["not_applicable"]));
  });

  it("C53: to another mode has the same content, and is a change nevertheless", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    propose({});
    chmodSync(join(scratch.directory, ARTIFACT), 0o755);
    scratch.commit("executable");
    const record = await decide();
    assert.deepEqual(
      record.input.change.files.map(({ status, path }) => [status, path]),
      [["mode", ARTIFACT]],
    );
    assert.deepEqual([record.verdict, record.models.length], ["pass", 1]);
  });
});

describe("a change of any size", { concurrency: 2 }, () => {
  it("C54: of 3,001 files hides no model behind them", async (test) => {
    const { propose, decide } = await governed(test);
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`docs/${n}.md`, `${n}\n`]));
    propose({ ...many, "zzz/model.pkl": Buffer.from("80044e2e", "hex") });
    const record = await decide();
    assert.equal(record.input.change.files.length, 3_001);
    assert.deepEqual(codesOf(record).filter((code) => code === "PICKLE_NOT_SCANNED").length, 1);
  });

  it("C55: of 300 commits is judged by what differs in the end, wherever in the middle it came in", async (test) => {
    const { decide, scratch } = await governed(test);
    const commits = Array.from({ length: 300 }, (_, n) => {
      const data = `${n}\n`;
      const file = n === 1 ? "M 100644 inline zzz/model.bin" : "M 100644 inline docs/log.md";
      return `commit refs/heads/long\ncommitter T <t@example.com> ${1_800_000_000 + n} +0000\ndata 1\nx\n${
        n === 0 ? "from refs/heads/main^0\n" : ""
      }${file}\ndata ${data.length}\n${data}\n`;
    });
    runGit(scratch.directory, ["fast-import", "--quiet"], `${commits.join("")}done\n`);
    assert.equal(scratch.git("rev-list", "--count", "main..long"), "300");
    const record = await decide({ head: "long" });
    assert.deepEqual(
      record.models.map(({ id }) => id),
      ["zzz/model.bin"],
    );
    assert.equal(record.verdict, "fail");
  });

  it("C56: is not blamed for what only the base changed, nor for what it took back itself", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    const head = propose({ ...modelFiles({ version: 3, auc: 0.1 }), "docs/a.md": "x\n" });
    scratch.git("revert", "--no-edit", head);
    scratch.commit("more", { "docs/b.md": "y\n" });
    scratch.git("checkout", "--quiet", "main");
    scratch.commit("the base moves on", modelFiles({ version: 4, auc: 0.9 }));
    const record = await decide({ head: "change-1" });
    assert.deepEqual(
      [record.verdict, record.models, record.input.change.files.map(({ path }) => path)],
      ["pass", [], ["docs/b.md"]],
    );
  });

  const paths = [
    ["a line break", "zzz/a\nb.pkl"],
    ["a backslash", "zzz/a\\b.pkl"],
    ["a workflow command", "zzz/::error::x.pkl"],
    ["percent signs", "zzz/%0A%25.pkl"],
    ["4 KB", `${`${"d".repeat(250)}/`.repeat(15)}m.pkl`],
    ["text from right to left", "zzz/\u202egnp.pkl"],
    ["a pattern", "zzz/*?[a].pkl"],
    ["quotes and a dollar", "zzz/\"'$(x)`.pkl"],
  ] as const;
  for (const [name, path] of paths) {
    it(`C57: with ${name} in a path is judged under that path`, async (test) => {
      const { propose, decide } = await governed(test);
      propose({ [path]: Buffer.from("80044e2e", "hex") });
      const record = await decide();
      assert.deepEqual(
        record.models.map(({ id }) => id),
        [path],
      );
      assert.ok(codesOf(record).includes("PICKLE_NOT_SCANNED"));
    });
  }
});

describe("results that are not what they seem", { concurrency: 2 }, () => {
  const utf16 = Buffer.from(`\ufeff{ "roc_auc": 0.9 }`, "utf16le");
  const results: readonly (readonly [name: string, content: string | Uint8Array])[] = [
    ["NaN", '{ "roc_auc": NaN }'],
    ["Infinity", '{ "roc_auc": Infinity }'],
    ["1e999", '{ "roc_auc": 1e999 }'],
    ["a number as text", '{ "roc_auc": "0.9" }'],
    ["a number as text with a space", '{ "roc_auc": "0.9 " }'],
    ["true", '{ "roc_auc": true }'],
    ["null", '{ "roc_auc": null }'],
    ["a list", '{ "roc_auc": [0.9] }'],
    ["a key twice", '{ "roc_auc": 0.1, "roc_auc": 0.9 }'],
    ["a key twice, once escaped", '{ "roc_auc": 0.1, "roc\\u005fauc": 0.9 }'],
    ["a byte order mark", '\ufeff{ "roc_auc": 0.9 }'],
    ["UTF-16", utf16],
    ["a broken end", '{ "roc_auc": 0.9'],
    ["two documents", '{ "roc_auc": 0.9 } { "roc_auc": 0.9 }'],
    ["too deep a nesting", `{ "roc_auc": 0.9, "x": ${"[".repeat(5_000)}${"]".repeat(5_000)} }`],
    ["its key in a prototype", '{ "__proto__": { "roc_auc": 0.9 } }'],
    ["its key in a constructor", '{ "constructor": { "prototype": { "roc_auc": 0.9 } } }'],
    ["17 MB", `{ "roc_auc": 0.9, "pad": "${"x".repeat(17_000_000)}" }`],
    ["nothing", ""],
  ];
  for (const [name, content] of results) {
    it(`C58: ${name} never passes for a number`, async (test) => {
      const { propose, decide } = await governed(test);
      propose({ ...GOOD, [METRICS]: content });
      const record = await decide();
      assert.notEqual(record.verdict, "pass");
      assert.ok(closedBy(record).some((line) => line.startsWith("auc-floor: ")));
      assert.ok(codesOf(record).length > 0);
    });
  }

  it("C58: a file that is missing is missing evidence", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    propose(GOOD);
    rmSync(join(scratch.directory, METRICS));
    scratch.commit("without results");
    const record = await decide();
    assert.ok(closedBy(record).includes("auc-floor: missing_evidence"));
  });

  it("C58: a minus zero is a zero", async (test) => {
    const { propose, decide } = await governed(test);
    propose({ ...GOOD, [METRICS]: '{ "roc_auc": -0 }\n' });
    const record = await decide();
    assert.deepEqual(closedBy(record), ["PERF-02: fail", "auc-floor: fail"]);
    assert.ok(!JSON.stringify(record).includes('"value":-0'));
  });

  it("C58: results of another model's digest, and results of last year, are stale", async (test) => {
    const { propose, decide } = await governed(test);
    const manifest = String(GOOD[MANIFEST]);
    propose({
      ...GOOD,
      [MANIFEST]: manifest.replace(/subject: ".*"/, `subject: "${digestOf(weightsOf(1))}"`),
    });
    const other = await decide();
    assert.ok(codesOf(other).includes("SUBJECT_DIFFERS"), `${codesOf(other)}`);
    assert.ok(closedBy(other).includes("auc-floor: missing_evidence"));
    propose({ ...GOOD, [MANIFEST]: manifest.replace("2026-11-20T", "2025-11-20T") });
    assert.deepEqual(closedBy(await decide()), ["CORE-07: fail"]);
  });
});
