import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Check } from "../../cli/diagnosis.ts";
import { parseManifest } from "../../gate/change/manifest.ts";
import type { Manifest } from "../../gate/model/manifest.ts";
import { safetensorsFile, tensor } from "../artifact/safetensors-file.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import {
  assertStatus,
  type CommandResult,
  codeOf,
  installCommand,
  type WeighbridgeCommand,
} from "./command.ts";

let weighbridge: WeighbridgeCommand;

before(async () => {
  weighbridge = await installCommand();
});
after(() => weighbridge.remove());

const MODEL = safetensorsFile({ w: tensor("F32", [1], 0, 4) }, 4);
const DIGEST = "sha256:0fbee4fd98ebcbee5fbe4b0cfc24bca3dba4d7a5abb8ffb14e3f6e6a9ddea1f1";
const ACTION = `acme/weighbridge@${"a".repeat(40)}`;
const WRITTEN = [".weighbridge/policy.yml", ".github/workflows/weighbridge.yml"] as const;

const WORKFLOW = `on: pull_request\njobs: { weigh: { steps: [{ uses: "${ACTION}" }] } }\n`;

const CHECK = ["check", "--base", "main", "--head", "next", "--format", "json"];

type Files = Readonly<Record<string, string | Uint8Array>>;

async function repository(test: TestContext, files: Files): Promise<ScratchRepository> {
  const scratch = await scratchRepository();
  test.after(() => scratch.remove());
  scratch.commit("first", files);
  return scratch;
}

/** As from a clone that knows where it is kept. */
function init({ directory }: ScratchRepository, ...args: string[]): Promise<CommandResult> {
  return weighbridge.run(directory, ["init", "--action", ACTION, ...args]);
}

function manifestAt({ directory }: ScratchRepository, path: string): Manifest {
  return parseManifest(readFileSync(join(directory, path)), path);
}

/** What was written has to hold before the next person reads it: doctor loads all of it. */
async function assertHolds(scratch: ScratchRepository): Promise<void> {
  assert.deepEqual(await failures(scratch), []);
}

/** What the doctor finds to fail, by name. */
async function failures({ directory }: ScratchRepository): Promise<readonly string[]> {
  const doctor = await weighbridge.run(directory, ["doctor", "--format", "json"]);
  const { checks }: { checks: Check[] } = JSON.parse(doctor.stdout);
  const names = checks.flatMap(({ name, state }) => (state === "fail" ? [name] : []));
  assertStatus(doctor, names.length === 0 ? 0 : 1);
  return names;
}

describe("init", { concurrency: 2 }, () => {
  it("writes a policy, a manifest and a workflow that hold, for a model with metrics and a card", async (test) => {
    const scratch = await repository(test, {
      "models/credit-pd/model.safetensors": MODEL,
      "models/credit-pd/metrics.json": '{ "test": { "roc_auc": 0.81, "cost": 12 } }\n',
      "models/credit-pd/README.md": "# Credit\n",
      "src/train.py": "print(1)\n",
    });
    const result = await init(scratch);
    assertStatus(result, 0);
    assert.equal(result.stdout, "");
    const manifest = manifestAt(scratch, "models/credit-pd/model.yml");
    const [artifact] = manifest.artifacts;
    assert.deepEqual(
      [manifest.id, artifact?.path, manifest.card],
      ["credit-pd", "models/credit-pd/model.safetensors", "models/credit-pd/README.md"],
    );
    const [evaluation] = manifest.evaluation;
    assert.equal(evaluation?.subject, artifact?.digest);
    assert.deepEqual(evaluation?.metrics, [
      { name: "roc_auc", key: "test.roc_auc", direction: "higher" },
      { name: "cost", key: "test.cost" },
    ]);
    const workflow = readFileSync(join(scratch.directory, ".github/workflows/weighbridge.yml"), "utf8");
    assert.ok(workflow.includes(`uses: ${ACTION}\n`));
    assertStatus(await weighbridge.run(scratch.directory, ["policy", "validate"]), 0);
    await assertHolds(scratch);
  });

  it("has the content of DVC fetched, and handed over to the job that weighs", async (test) => {
    const scratch = await repository(test, {
      "README.md": "x\n",
      "ml/nested/deeper/.dvc/config": "[core]\n",
      "ml/.dvc/config": "[core]\n",
      "of course/.dvc/config": "[core]\n",
    });
    assertStatus(await init(scratch), 0);
    const workflow = readFileSync(join(scratch.directory, ".github/workflows/weighbridge.yml"), "utf8");
    assert.match(workflow, /&& dvc pull$/m);
    assert.match(workflow, /^ {10}path: ml\/\.dvc\/cache\/$/m);
    assert.match(workflow, /^ {10}dvc-cache: \$\{\{ runner\.temp \}\}\/weighbridge-content$/m);
    await assertHolds(scratch);
  });

  it("gives its model the digests that check then finds", async (test) => {
    const scratch = await repository(test, { "model.safetensors": MODEL, "more.safetensors": MODEL });
    await init(scratch);
    scratch.git("checkout", "--quiet", "-b", "next");
    scratch.commit("manifest");
    const result = await weighbridge.run(scratch.directory, ["check", "--format", "json"]);
    assertStatus(result, 0);
    const { results, models } = JSON.parse(result.stdout);
    assert.equal(models.length, 1);
    const digests = results.find(({ gate }: { gate: string }) => gate === "CORE-05");
    assert.equal(digests.outcome, "pass");
    await assertHolds(scratch);
  });

  it("never writes over a file, and says which it kept", async (test) => {
    const kept = {
      ".weighbridge/policy.yml":
        "weighbridge: 1\npolicy: { name: ours, version: 1.0.0 }\nextends: [core@1]\n",
      ".github/workflows/weighbridge.yml": "on: push\n",
    };
    const scratch = await repository(test, { ...kept, "m/model.safetensors": MODEL });
    const first = await init(scratch);
    assertStatus(first, 0);
    const manifest = readFileSync(join(scratch.directory, "m/model.yml"), "utf8");
    const second = await init(scratch);
    assertStatus(second, 0);
    for (const [path, text] of Object.entries({ ...kept, "m/model.yml": manifest })) {
      assert.equal(readFileSync(join(scratch.directory, path), "utf8"), text);
    }
    assert.match(
      first.stderr,
      /^kept {8}\.weighbridge\/policy\.yml\nwrote {7}m\/model\.yml\nkept {8}\.github/,
    );
    assert.match(second.stderr, /\nNo model without a manifest was found\.\n/);
    assert.match(
      second.stderr,
      /weighbridge\.yml stays as it is and runs no Weighbridge: weighbridge doctor says/,
    );
  });

  it("writes nothing with --dry-run, and says what it would", async (test) => {
    const scratch = await repository(test, { "m/model.safetensors": MODEL });
    const result = await init(scratch, "--dry-run");
    assertStatus(result, 0);
    assert.equal(scratch.git("status", "--porcelain"), "");
    for (const path of [...WRITTEN, "m/model.yml"])
      assert.ok(result.stderr.includes(`would write ${path}\n`));
  });

  it("says as one JSON document what it says in words", async (test) => {
    const scratch = await repository(test, { "m/w.safetensors": MODEL, "n/w[1].safetensors": MODEL });
    const result = await init(scratch, "--format", "json");
    assertStatus(result, 0);
    assert.equal(result.stderr, "");
    const { passedOver, ...done } = JSON.parse(result.stdout);
    assert.deepEqual(done, {
      files: [WRITTEN[0], "m/model.yml", WRITTEN[1]].map((path) => ({ path, state: "wrote" })),
      models: [{ id: "m", folder: "m" }],
      isPlaceholder: false,
      isWeighing: true,
    });
    assert.deepEqual(
      passedOver.map(({ path, isModel }: { path: string; isModel: boolean }) => [path, isModel]),
      [["n", true]],
    );
  });

  it("speaks of the placeholder as long as it stands in the workflow, whoever wrote that", async (test) => {
    const placeholder = /\nThe workflow still says OWNER\/weighbridge/;
    const scratch = await repository(test, { ".github/workflows/weighbridge.yml": WORKFLOW });
    assert.doesNotMatch((await weighbridge.run(scratch.directory, ["init"])).stderr, placeholder);
    rmSync(join(scratch.directory, WRITTEN[1]));
    await weighbridge.run(scratch.directory, ["init"]);
    assert.match((await init(scratch)).stderr, placeholder);
  });

  it("works before the first commit, and from a folder below", async (test) => {
    const scratch = await scratchRepository();
    test.after(() => scratch.remove());
    scratch.write("m/model.safetensors", MODEL);
    assertStatus(await weighbridge.run(join(scratch.directory, "m"), ["init"]), 0);
    for (const path of [...WRITTEN, "m/model.yml"])
      assert.ok(existsSync(join(scratch.directory, path)), path);
    assertStatus(await weighbridge.run(scratch.directory, ["policy", "validate"]), 0);
  });

  it("finds no model where there is none, and still writes what holds", async (test) => {
    const scratch = await repository(test, { "README.md": "x\n", "data.csv": "a,b\n1,2\n" });
    const result = await init(scratch);
    assertStatus(result, 0);
    assert.match(result.stderr, /No model without a manifest was found\./);
    await assertHolds(scratch);
  });

  it("says so where it cannot tell which Weighbridge the workflow is to use, and so does doctor", async (test) => {
    const scratch = await repository(test, { "README.md": "x\n" });
    const result = await weighbridge.run(scratch.directory, ["init"]);
    assert.match(result.stderr, /\nThe workflow still says OWNER\/weighbridge: /);
    const doctor = await weighbridge.run(scratch.directory, ["doctor"]);
    assertStatus(doctor, 1);
    assert.match(
      doctor.stdout,
      /^FAIL {2}\.github\/workflows\/weighbridge\.yml: OWNER\/weighbridge@0{40} is a/m,
    );
  });
});

describe("init describes what it can, and says what it passed over:", { concurrency: 2 }, () => {
  it("folders of one name get ids of their own", async (test) => {
    const folders = ["a/model", "b/model", "c/Model", "d/---", "e/モデル"];
    const scratch = await repository(
      test,
      Object.fromEntries(folders.map((folder) => [`${folder}/w.safetensors`, MODEL])),
    );
    assertStatus(await init(scratch), 0);
    const ids = folders.map((folder) => manifestAt(scratch, `${folder}/model.yml`).id);
    assert.deepEqual(ids, ["a-model", "b-model", "c-model", "d", "e"]);
    await assertHolds(scratch);
  });

  it("a model at the root has its tier in the policy, by its manifest", async (test) => {
    const scratch = await repository(test, { "w.safetensors": MODEL });
    assertStatus(await init(scratch), 0);
    const policy = readFileSync(join(scratch.directory, ".weighbridge/policy.yml"), "utf8");
    assert.match(policy, /^ {2}- \{ id: "[^"]+", path: "model\.yml", tier: T3 \}$/m);
    scratch.commit("governed");
    scratch.git("checkout", "--quiet", "-b", "next");
    scratch.commit("a word", {
      "model.yml": `${readFileSync(join(scratch.directory, "model.yml"), "utf8")}# \n`,
    });
    const { models } = JSON.parse((await weighbridge.run(scratch.directory, CHECK)).stdout);
    assert.deepEqual(models[0].tierReasons, ["the policy says so", "the policy says so of model.yml"]);
    await assertHolds(scratch);
  });

  it("a model that a kept policy does not name is judged as T1, and is said to be", async (test) => {
    const scratch = await repository(test, {
      ".weighbridge/policy.yml":
        "weighbridge: 1\npolicy: { name: ours, version: 1.0.0 }\nextends: [core@1]\n",
      "m/w.safetensors": MODEL,
    });
    const { stderr } = await init(scratch);
    assert.match(
      stderr,
      /^\.weighbridge\/policy\.yml stays as it is: until it gives m a tier, or the context/m,
    );
    scratch.git("checkout", "--quiet", "-b", "next");
    scratch.commit("manifest");
    const tierOf = async () => {
      const { models } = JSON.parse((await weighbridge.run(scratch.directory, CHECK)).stdout);
      return models[0].tier;
    };
    assert.equal(await tierOf(), "T1");
    // What stands there as a comment holds as it is, once the comment is gone.
    const manifest = readFileSync(join(scratch.directory, "m/model.yml"), "utf8");
    const filled = manifest.replaceAll(/^# (context:| {2}(?:domain|exposure|purpose):)/gm, "$1");
    scratch.commit("context", { "m/model.yml": filled.replace("consumer-credit ", "other ") });
    assert.equal(await tierOf(), "T3");
  });

  it("metrics of one name keep their whole path, and a broken file of metrics is left out", async (test) => {
    const scratch = await repository(test, {
      "a/w.safetensors": MODEL,
      "a/metrics.json": '{ "train": { "f1": 0.9 }, "test": { "f1": 0.8 }, "note": "0.7" }\n',
      "b/w.safetensors": MODEL,
      "b/metrics.yaml": "f1: 0.9\nf1: 0.8\n",
    });
    const result = await init(scratch);
    assertStatus(result, 0);
    assert.deepEqual(manifestAt(scratch, "a/model.yml").evaluation[0]?.metrics, [
      { name: "train.f1", direction: "higher" },
      { name: "test.f1", direction: "higher" },
    ]);
    assert.deepEqual(manifestAt(scratch, "b/model.yml").evaluation, []);
    assert.match(result.stderr, /^passed over: Cannot read b\/metrics\.yaml: duplicate key "f1"/m);
    await assertHolds(scratch);
  });

  it("a pointer stands for its content, not for itself", async (test) => {
    const hex = DIGEST.slice("sha256:".length);
    const md5 = "0cc175b9c0f1b6a831c399e269772661";
    const scratch = await repository(test, {
      ".gitattributes": "*.onnx filter=lfs diff=lfs merge=lfs -text\n",
      "lfs/model.onnx": `version https://git-lfs.github.com/spec/v1\noid sha256:${hex}\nsize 9\n`,
      "dvc/model.pkl.dvc": `outs:\n- md5: ${md5}\n  size: 1\n  hash: md5\n  path: model.pkl\n`,
    });
    assertStatus(await init(scratch), 0);
    assert.deepEqual(manifestAt(scratch, "lfs/model.yml").artifacts, [
      { path: "lfs/model.onnx", digest: DIGEST },
    ]);
    assert.deepEqual(manifestAt(scratch, "dvc/model.yml").artifacts, [
      { path: "dvc/model.pkl", digest: `md5:${md5}` },
    ]);
    await assertHolds(scratch);
  });

  it("a link, and a name that no manifest can hold", async (test) => {
    const scratch = await repository(test, { "a/w.safetensors": MODEL, "b/w[1].safetensors": MODEL });
    symlinkSync("w.safetensors", join(scratch.directory, "a/link.safetensors"));
    const result = await init(scratch);
    assertStatus(result, 0);
    assert.match(result.stderr, /^passed over: Cannot verify a\/link\.safetensors: it is a symbolic link/m);
    assert.match(result.stderr, /^passed over: No manifest can describe b\. Cannot /m);
    assert.equal(manifestAt(scratch, "a/model.yml").artifacts.length, 1);
    assert.ok(!existsSync(join(scratch.directory, "b/model.yml")));
    assert.deepEqual(await failures(scratch), ["a/link.safetensors", "b"]);
  });

  it("a model beside the model.yml of another tool, of which doctor says the same until it is claimed", async (test) => {
    const foreign = "name: other tool\n";
    const scratch = await repository(test, { "m/w.safetensors": MODEL, "m/model.yml": foreign });
    const result = await init(scratch);
    assertStatus(result, 0);
    const said =
      "m/w.safetensors has no manifest, and m/model.yml, where it would stand, is a file of another tool";
    assert.match(result.stderr, new RegExp(`^passed over: ${said}\n {2}fix: Name the model under`, "m"));
    assert.match(result.stderr, /\nNo model was found that a manifest can be written for/);
    assert.doesNotMatch(result.stderr, /kept +m\/model\.yml/);
    const doctor = await weighbridge.run(scratch.directory, ["doctor"]);
    assertStatus(doctor, 1);
    assert.ok(doctor.stdout.includes(`\nFAIL  m/w.safetensors: ${said}\n      fix: Name the model under`));
    // What both say to do is enough.
    scratch.write(
      "model.yml",
      "weighbridge: 1\nid: m\nstatus: candidate\nartifacts: [{ path: m/w.safetensors }]\n",
    );
    await assertHolds(scratch);
    assert.equal(readFileSync(join(scratch.directory, "m/model.yml"), "utf8"), foreign);
  });

  it("a model beside a manifest that does not hold", async (test) => {
    const scratch = await repository(test, { "m/w.safetensors": MODEL, "m/model.yml": "weighbridge: 2\n" });
    const result = await init(scratch);
    assert.match(
      result.stderr,
      /^passed over: m\/w\.safetensors has a m\/model\.yml that cannot be read\n {2}fix: Mend/m,
    );
  });

  it("a folder that is not UTF-8, which neither a manifest nor a policy can name", async (test) => {
    const scratch = await repository(test, { "m/w.safetensors": MODEL });
    const folder = Buffer.from(`${scratch.directory}/m\xff`, "latin1");
    mkdirSync(folder);
    writeFileSync(Buffer.concat([folder, Buffer.from("/w.safetensors")]), MODEL);
    const result = await init(scratch);
    assertStatus(result, 0);
    assert.match(
      result.stderr,
      /^passed over: m\\xff\/w\.safetensors is not UTF-8, and neither a manifest nor a policy can name it$/m,
    );
    assert.deepEqual(readdirSync(scratch.directory).filter((name) => name.startsWith("m")).length, 2);
    assertStatus(await weighbridge.run(scratch.directory, ["policy", "validate"]), 0);
    assert.deepEqual(await failures(scratch), ["m\udcff/w.safetensors"]);
  });

  it("a folder with a control character, which no document can hold", async (test) => {
    const scratch = await repository(test, { "m/w.safetensors": MODEL, "m\u007f/w.safetensors": MODEL });
    const result = await init(scratch);
    assertStatus(result, 0);
    assert.match(
      result.stderr,
      /^passed over: No policy can describe m\\u\{7f\}\. Cannot read .*: control character U\+007F$/m,
    );
    assertStatus(await weighbridge.run(scratch.directory, ["policy", "validate"]), 0);
    assert.deepEqual(await failures(scratch), ["m\u007f"]);
  });

  it("a model in the folder of another's manifest is to be named there", async (test) => {
    const scratch = await repository(test, { "m/w.safetensors": MODEL });
    await init(scratch);
    scratch.write("m/deep/more.safetensors", MODEL);
    const result = await init(scratch);
    assertStatus(result, 0);
    assert.match(
      result.stderr,
      /^passed over: m\/deep\/more\.safetensors stands in the folder of m\/model\.yml/m,
    );
  });

  it("writes through no link, for it may lead anywhere", async (test) => {
    const outside = mkdtempSync(join(tmpdir(), "weighbridge-outside-"));
    test.after(() => rmSync(outside, { recursive: true }));
    const scratch = await repository(test, { "README.md": "x\n" });
    symlinkSync(outside, join(scratch.directory, ".weighbridge"));
    const folder = await init(scratch);
    assertStatus(folder, 2);
    assert.equal(codeOf(folder), "PATH_UNSAFE");
    rmSync(join(scratch.directory, ".weighbridge"));
    scratch.write(".weighbridge/keep", "");
    symlinkSync(join(outside, "policy.yml"), join(scratch.directory, ".weighbridge/policy.yml"));
    assertStatus(await init(scratch), 0);
    assert.ok(lstatSync(join(scratch.directory, ".weighbridge/policy.yml")).isSymbolicLink());
    assert.deepEqual(readdirSync(outside), []);
  });
});
