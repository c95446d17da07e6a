import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { buildExample, EXAMPLE_NOW, type Example, type ExamplePull } from "../../examples/recidivism.ts";
import { repositoryAt, type ScratchRepository } from "../git.ts";
import { parseXml } from "../report/xml.ts";
import {
  assertStatus,
  type CommandResult,
  codeOf,
  installCommand,
  type WeighbridgeCommand,
} from "./command.ts";

let weighbridge: WeighbridgeCommand;
let example: Example;
/** The evidence that each pull request's run measured, by its name. */
let evidence: string;
let scratch: ScratchRepository;

before(async () => {
  weighbridge = await installCommand();
  example = buildExample();
  scratch = repositoryAt(example.directory);
  evidence = mkdtempSync(join(tmpdir(), "weighbridge-evidence-"));
  for (const pull of example.pulls) cpSync(pull.evidence, join(evidence, pull.name), { recursive: true });
});
after(() => {
  weighbridge.remove();
  example.remove();
  rmSync(evidence, { recursive: true });
});

function pullOf(name: string): ExamplePull {
  const pull = example.pulls.find((each) => each.name === name);
  assert.ok(pull);
  return pull;
}

/** Judges a pull request of the example with what its run measured. */
function check(name: string, ...args: string[]): Promise<CommandResult> {
  const options = ["--base", "main", "--head", pullOf(name).head, "--now", EXAMPLE_NOW];
  return weighbridge.run(example.directory, [
    "check",
    ...options,
    "--evidence",
    `${evidence}/${name}/**`,
    ...args,
  ]);
}

describe("check", { concurrency: 2 }, () => {
  const pulls = [
    ["1-refresh", 0, "pass"],
    ["2-regression", 1, "fail"],
    ["3-weaker-policy", 1, "fail"],
  ] as const;
  for (const [name, status, verdict] of pulls) {
    it(`ends with status ${status} for the pull request ${name}, and prints its record and nothing else`, async () => {
      const result = await check(name, "--format", "json");
      assertStatus(result, status);
      const record = JSON.parse(result.stdout);
      assert.equal(record.verdict, verdict);
      assert.deepEqual(
        [record.input.change.base, record.input.change.head],
        [example.base, pullOf(name).head],
      );
      assert.equal(record.input.now, EXAMPLE_NOW);
      assert.equal(result.stderr, "");
    });
  }

  const formats: Readonly<Record<string, (document: string) => void>> = {
    text: (document) => assert.match(document, /^Weighbridge: 2 gates close this change\n/),
    markdown: (document) => assert.match(document, /^<!-- weighbridge:report -->\n## /),
    sarif: (document) => {
      const { version, runs } = JSON.parse(document);
      assert.equal(version, "2.1.0");
      assert.ok(runs[0].results.length > 0);
    },
    junit: (document) => assert.equal(parseXml(document).name, "testsuites"),
    html: (document) => assert.match(document, /^<!doctype html>\n[\s\S]*<\/html>\n$/i),
  };
  for (const [format, assertDocument] of Object.entries(formats)) {
    it(`prints ${format}, with a line break at its end and no colors`, async () => {
      const result = await check("2-regression", "--format", format);
      assertStatus(result, 1);
      assertDocument(result.stdout);
      assert.ok(result.stdout.endsWith("\n") && !result.stdout.includes("\u001b"));
    });
  }

  it("writes the report to the file of --out, and only says so", async () => {
    const file = join(evidence, "report.json");
    const result = await check("2-regression", "--format", "json", "--out", file);
    assertStatus(result, 1);
    assert.equal(result.stdout, "");
    assert.equal(result.stderr, `fail: the report is in ${file}\n`);
    const printed = await check("2-regression", "--format", "json");
    assert.equal(readFileSync(file, "utf8"), printed.stdout);
  });

  it("cannot end well where the report cannot be written", async () => {
    const result = await check("1-refresh", "--out", join(evidence, "nowhere", "report.txt"));
    assertStatus(result, 2);
    assert.equal(codeOf(result), "OUT_NOT_WRITTEN");
  });

  it("refuses evidence that matches nothing, for it looks like evidence that was never made", async () => {
    const result = await check("1-refresh", "--evidence", "nothing/*.json");
    assertStatus(result, 2);
    assert.equal(codeOf(result), "EVIDENCE_ABSENT");
    assert.match(result.stderr, /no file matches nothing\/\*\.json\n/);
  });

  const revisions: readonly (readonly [name: string, args: readonly string[], code: string])[] = [
    ["an unknown base", ["--base", "release"], "REVISION_UNKNOWN"],
    ["an unknown head", ["--head", "0123456789012345678901234567890123456789"], "REVISION_UNKNOWN"],
    ["an option in the place of a base", ["--base", "--output=/tmp/x"], "REVISION_INVALID"],
    ["a file in the place of a head", ["--head", "main:models/recidivism/model.yml"], "REVISION_INVALID"],
    ["the work tree as base", ["--base", "worktree"], "REVISION_INVALID"],
  ];
  for (const [name, args, code] of revisions) {
    it(`refuses ${name}`, async () => {
      const result = await weighbridge.run(example.directory, ["check", ...args]);
      assertStatus(result, 2);
      assert.equal(codeOf(result), code);
      assert.equal(result.stdout, "");
    });
  }
});

describe("check --head worktree", () => {
  after(() => {
    scratch.git("checkout", "--quiet", "--force", "main");
    scratch.git("clean", "--quiet", "-d", "--force");
  });

  it("judges what no commit holds yet: changed, new and removed files", async () => {
    scratch.git("checkout", "--quiet", "2-regression");
    scratch.write("models/recidivism/metrics.json", '{ "holdout": { "roc_auc": NaN } }\n');
    scratch.write("models/recidivism/weights.pkl", Buffer.from("8004954b002e", "hex"));
    scratch.git("rm", "--quiet", "models/recidivism/README.md");
    const args = ["check", "--base", "main", "--head", "worktree", "--now", EXAMPLE_NOW, "--format", "json"];
    const result = await weighbridge.run(join(example.directory, "models"), args);
    assertStatus(result, 2);
    const { verdict, input } = JSON.parse(result.stdout);
    assert.equal(verdict, "error");
    assert.equal(input.change.head, "worktree");
    const changes = input.change.files.map(({ status, path }: { status: string; path: string }) => [
      status,
      path,
    ]);
    assert.deepEqual(changes, [
      ["removed", "models/recidivism/README.md"],
      ["modified", "models/recidivism/metrics.json"],
      ["modified", "models/recidivism/model.safetensors"],
      ["modified", "models/recidivism/model.yml"],
      ["added", "models/recidivism/weights.pkl"],
    ]);
  });
});

describe("check without --base", { concurrency: 2 }, () => {
  let clone: ScratchRepository;

  before(() => {
    const directory = mkdtempSync(join(tmpdir(), "weighbridge-clone-"));
    scratch.git("clone", "--quiet", "--branch", "2-regression", example.directory, directory);
    clone = repositoryAt(directory);
  });
  after(() => clone.remove());

  async function revisionsOf(args: readonly string[], env: Record<string, string>) {
    const result = await weighbridge.run(clone.directory, ["check", "--format", "json", ...args], { env });
    const { base, head } = JSON.parse(result.stdout).input.change;
    return { base, head };
  }

  it("takes the branch that origin calls its own, whatever a tag is called", async () => {
    clone.git("tag", "main", "2-regression");
    clone.git("tag", "origin/main", "2-regression");
    const expected = { base: example.base, head: pullOf("2-regression").head };
    assert.deepEqual(await revisionsOf([], {}), expected);
    assert.deepEqual(await revisionsOf(["--base", "origin/main"], {}), expected);
  });

  it("takes the target branch that GitLab names, and its commit", async () => {
    const env = {
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "1-refresh",
      CI_COMMIT_SHA: pullOf("3-weaker-policy").head,
    };
    const expected = { base: pullOf("1-refresh").head, head: pullOf("3-weaker-policy").head };
    assert.deepEqual(await revisionsOf([], env), expected);
  });

  it("takes the target branch that Jenkins names, and an option before both", async () => {
    const env = { CHANGE_TARGET: "1-refresh" };
    const { head } = pullOf("2-regression");
    assert.deepEqual(await revisionsOf([], env), { base: pullOf("1-refresh").head, head });
    assert.deepEqual(await revisionsOf(["--base", example.base], env), { base: example.base, head });
  });

  it("says so where nothing differs, for that is easily taken for a change that was judged", async () => {
    const result = await weighbridge.run(clone.directory, ["check", "--head", "origin/HEAD"]);
    assertStatus(result, 0);
    assert.match(
      result.stderr,
      /^weighbridge: nothing differs between origin\/HEAD and origin\/HEAD; --head worktree/,
    );
  });
});
