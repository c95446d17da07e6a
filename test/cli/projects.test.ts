import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { buildExample, EXAMPLE_NOW, type Example } from "../../examples/recidivism.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import { repositoryAt, type ScratchRepository, scratchRepository } from "../git.ts";
import {
  assertStatus,
  type CommandResult,
  codeOf,
  installCommand,
  type WeighbridgeCommand,
} from "./command.ts";

/** Repositories as people have them, none of which has heard of Weighbridge but the example. */

const CORPUS = fileURLToPath(new URL("../corpus/", import.meta.url));

let weighbridge: WeighbridgeCommand;
let example: Example;

before(async () => {
  weighbridge = await installCommand();
  example = buildExample();
});
after(() => {
  weighbridge.remove();
  example.remove();
});

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A repository with a branch `next` that adds files to `main`. */
async function repository(test: TestContext, base: Files, head: Files): Promise<ScratchRepository> {
  const scratch = await scratchRepository();
  test.after(() => scratch.remove());
  scratch.commit("base", base);
  scratch.git("checkout", "--quiet", "-b", "next");
  scratch.commit("head", head);
  return scratch;
}

function check({ directory }: { directory: string }, ...args: string[]): Promise<CommandResult> {
  return weighbridge.run(directory, ["check", ...args]);
}

async function recordOf(scratch: { directory: string }, ...args: string[]): Promise<DecisionRecord> {
  const { stdout } = await check(scratch, "--format", "json", ...args);
  // Whatever is decided can be read again.
  parseDecision(Buffer.from(stdout), "decision.json");
  return JSON.parse(stdout);
}

function outcomesOf({ results }: DecisionRecord, model: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    results.filter((result) => result.model === model).map(({ gate, outcome }) => [gate, outcome]),
  );
}

describe("a project of DVC's without a policy", { concurrency: 2 }, () => {
  let project: ScratchRepository;

  before(async () => {
    project = await scratchRepository();
    for (const side of ["base", "head"]) {
      cpSync(join(CORPUS, "projects/dvc", side), project.directory, { recursive: true });
      project.commit(side);
      project.git("branch", side);
    }
  });
  after(() => project.remove());

  it("is judged, advisory: its models are found, nothing is kept out, and the next step is named", async () => {
    const result = await check(project, "--base", "base", "--head", "head");
    assertStatus(result, 0);
    assert.match(result.stdout, /^Weighbridge, advisory only: nothing is enforced; \d+ gates warn\n/);
    assert.match(result.stdout, /nothing is enforced\. Write one with weighbridge init\n/);
    for (const model of ["models/loans.pkl", "models/names.safetensors.dvc"]) {
      assert.match(result.stdout, new RegExp(`^ {2}${model}: `, "m"));
    }
  });

  it("keeps the content elsewhere, which no gate takes for looked at", async () => {
    const record = await recordOf(project, "--base", "base", "--head", "head");
    const format = record.results.find(
      ({ gate, model }) => gate === "SUP-01" && model === "models/names.safetensors.dvc",
    );
    assert.equal(format?.outcome, "fail");
    assert.equal(format.findings[0]?.fix, "Run dvc pull models/names.safetensors first");
  });
});

describe("a project of DVC's under the policy that init writes", () => {
  it("cannot change a model by its lock alone", async (test) => {
    const scratch = await scratchRepository();
    test.after(() => scratch.remove());
    cpSync(join(CORPUS, "projects/dvc/base"), scratch.directory, { recursive: true });
    assertStatus(await weighbridge.run(scratch.directory, ["init"]), 0);
    scratch.commit("base");
    scratch.git("checkout", "--quiet", "-b", "retrain");
    for (const name of ["dvc.lock", "params.yaml"]) {
      cpSync(join(CORPUS, "projects/dvc/head", name), join(scratch.directory, name));
    }
    scratch.commit("head");
    const result = await check(scratch);
    assertStatus(result, 1);
    assert.match(
      result.stdout,
      /^ {3}model\.yml states md5:97b9\w+ for models\/loans\.pkl, its DVC pointer says/m,
    );
  });
});

describe("a repository without a policy", { concurrency: 2 }, () => {
  it("with a pickle of scikit-learn's: the pickle is found, advisory, status 0", async (test) => {
    const pickle = readFileSync(join(CORPUS, "artifacts/real/sklearn-protocol-2.pkl"));
    const scratch = await repository(test, { "train.py": "print(1)\n" }, { "models/model.pkl": pickle });
    const result = await check(scratch);
    assertStatus(result, 0);
    assert.match(result.stdout, /^ADVISORY ONLY The base has no policy.* weighbridge init$/m);
    const record = await recordOf(scratch);
    assert.equal(record.input.policy.mode, "advisory");
    const outcomes = outcomesOf(record, "models/model.pkl");
    assert.deepEqual([outcomes["CORE-02"], outcomes["SUP-01"]], ["fail", "fail"]);
    assert.ok(record.results.every(({ closes }) => !closes));
  });

  it("without any model: nothing is said to have been judged", async (test) => {
    const scratch = await repository(test, { "README.md": "x\n" }, { "README.md": "y\n" });
    const result = await check(scratch);
    assertStatus(result, 0);
    assert.match(result.stdout, /^Weighbridge, advisory only: this change touches no model\n/);
  });

  it("that was never committed to has no base", async (test) => {
    const scratch = await scratchRepository();
    test.after(() => scratch.remove());
    scratch.write("model.pkl", "x");
    for (const args of [[], ["--head", "worktree"], ["--base", "HEAD"]]) {
      const result = await check(scratch, ...args);
      assertStatus(result, 2);
      assert.ok(["BASE_UNKNOWN", "REVISION_UNKNOWN"].includes(codeOf(result) ?? ""), result.stderr);
    }
    assertStatus(await weighbridge.run(scratch.directory, ["doctor"]), 1);
  });
});

describe("a clone of the example", { concurrency: 2 }, () => {
  const REVISIONS = ["--base", "origin/main", "--head", "HEAD", "--now", EXAMPLE_NOW];

  /** A folder of its own with whatever `git clone` makes in it. */
  function clone(test: TestContext, name: string, ...options: string[]): ScratchRepository {
    const home = mkdtempSync(join(tmpdir(), "weighbridge-clone-"));
    test.after(() => rmSync(home, { recursive: true }));
    const directory = join(home, name);
    mkdirSync(directory, { recursive: true });
    const scratch = repositoryAt(directory);
    scratch.git("clone", "--quiet", ...options, `file://${example.directory}`, ".");
    return scratch;
  }

  it("bare, is judged as any other, but has no work tree", async (test) => {
    const scratch = clone(test, "bare", "--bare");
    const args = ["--base", "main", "--head", "2-regression", "--now", EXAMPLE_NOW];
    const record = await recordOf(scratch, ...args);
    assert.deepEqual(
      record,
      JSON.parse((await check({ directory: example.directory }, ...args, "--format", "json")).stdout),
    );
    for (const command of [["check", "--head", "worktree"], ["init"], ["doctor"]]) {
      const result = await weighbridge.run(scratch.directory, command);
      assertStatus(result, 2);
      assert.equal(codeOf(result), "WORKTREE_NONE");
      assert.match(result.stderr, /\n {2}fix: Name a commit, or run in a clone that is not bare\n/);
    }
  });

  it("shallow, is refused rather than judged by half, until its history is there", async (test) => {
    const scratch = clone(test, "shallow", "--depth", "1", "--no-single-branch", "--branch", "2-regression");
    const siblings = ["--base", "origin/1-refresh", "--head", "origin/2-regression"];
    const shallow = await check(scratch, ...siblings);
    assertStatus(shallow, 2);
    assert.equal(codeOf(shallow), "MERGE_BASE_SHALLOW");
    assert.match(shallow.stderr, / {2}fix: Fetch the whole history: /);
    // Where the base is the head's own parent, the cut-off history says all that is asked.
    assertStatus(await check(scratch, ...REVISIONS), 1);
    scratch.git("fetch", "--quiet", "--unshallow");
    assertStatus(await check(scratch, ...siblings), 1);
  });

  it("of one branch only, names what to fetch", async (test) => {
    const scratch = clone(test, "single", "--depth", "1", "--branch", "2-regression");
    const result = await check(scratch);
    assertStatus(result, 2);
    assert.equal(codeOf(result), "BASE_UNKNOWN");
    assert.match(
      result.stderr,
      / {2}fix: Fetch the branch that the change wants to enter, and name it: --base/,
    );
  });

  it("at a path with spaces and quotes, and from a folder below, gives the same record", async (test) => {
    const scratch = clone(test, "my 'models' [1] é", "--branch", "2-regression");
    const whole = await recordOf(scratch, ...REVISIONS);
    const below = await recordOf({ directory: join(scratch.directory, "models") }, ...REVISIONS);
    assert.deepEqual(below, whole);
    assert.equal(whole.verdict, "fail");
  });
});
