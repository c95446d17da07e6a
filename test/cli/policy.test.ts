import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { buildExample, EXAMPLE_NOW, type Example } from "../../examples/recidivism.ts";
import { scratchRepository } from "../git.ts";
import { makeSpecialFile } from "../special-file.ts";
import {
  assertStatus,
  type CommandResult,
  codeOf,
  installCommand,
  type WeighbridgeCommand,
} from "./command.ts";

let weighbridge: WeighbridgeCommand;
let example: Example;
/** For files that stand in no commit. */
let folder: string;

before(async () => {
  weighbridge = await installCommand();
  example = buildExample();
  folder = mkdtempSync(join(tmpdir(), "weighbridge-policy-"));
});
after(() => {
  weighbridge.remove();
  example.remove();
  rmSync(folder, { recursive: true });
});

function policy(...args: string[]): Promise<CommandResult> {
  return weighbridge.run(example.directory, ["policy", ...args]);
}

/** The path of a policy file with this text. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const HEAD = "weighbridge: 1\npolicy: { name: acme, version: 1.0.0 }\nextends: [core@1]\n";

function withFloor(min: string): string {
  const gate = `{ id: auc-floor, rule: metric.floor, with: { metric: roc_auc, dataset: holdout, min: ${min} } }`;
  return `${HEAD}gates:\n  - ${gate}\n`;
}

describe("policy validate", { concurrency: 2 }, () => {
  it("loads the policy of the work tree, of a revision and of a file", async () => {
    const path = file("good.yml", withFloor("0.7"));
    for (const args of [[], ["main"], ["worktree"], [path]]) {
      const result = await policy("validate", ...args);
      assertStatus(result, 0);
      assert.match(result.stdout, /^acme(?:-justice)? \d\.\d\.\d is valid: \d+ gates\n/);
    }
  });

  it("prints the policy and its waivers as one JSON document", async () => {
    const result = await policy("validate", "--format", "json");
    assertStatus(result, 0);
    const { policy: loaded, waivers } = JSON.parse(result.stdout);
    assert.deepEqual([loaded.name, loaded.mode, waivers], ["acme-justice", "enforcing", []]);
  });

  it("says of a name that is neither what it is not, and where the file is that was meant", async () => {
    const cases: readonly (readonly [where: string, cwd: string, says: RegExp])[] = [
      ["nope.yml", ".", /no such revision; and there is no such file here\n {2}fix: Name a policy file/],
      [
        "models",
        ".",
        /no such revision; and it is no file to read a policy from\n {2}fix: Name a policy file/,
      ],
      [
        ".weighbridge/policy.yml",
        "models",
        /and there is no such file here\n {2}fix: The file stands .*, from here: \.\.\/\.weighbridge\/policy\.yml\n/,
      ],
    ];
    for (const [where, cwd, says] of cases) {
      const result = await weighbridge.run(join(example.directory, cwd), ["policy", "validate", where]);
      assertStatus(result, 2);
      assert.equal(codeOf(result), "REVISION_UNKNOWN");
      assert.match(result.stderr, says);
    }
  });

  const broken: readonly (readonly [name: string, text: string, code: string, place: RegExp])[] = [
    ["a key that is not known", `${HEAD}gatez: []\n`, "POLICY_INVALID", /:4:1: .*gatez/],
    ["a key twice", `${HEAD}extends: []\n`, "YAML_DUPLICATE_KEY", /:4:1: .*"extends"/],
    ["a threshold that is not a number", withFloor(".nan"), "ARGUMENT_INVALID", /:5:\d+: .*min/],
    ["an anchor", `${HEAD}roles: &a {}\n`, "YAML_ALIAS", /:4:\d+: /],
    ["a pack that is not there", HEAD.replace("core@1", "core@9"), "PACK_UNKNOWN", /the packs are core@1, /],
    [
      "a weaker gate of a pack",
      `${HEAD}gates:\n  - { id: CORE-02, severity: warn }\n`,
      "POLICY_WEAKENS",
      /CORE-02/,
    ],
    ["nothing", "", "POLICY_INVALID", /:1:1: /],
  ];
  for (const [name, text, code, place] of broken) {
    it(`refuses ${name}, with the file's own name and the place`, async () => {
      const path = file(`${name.replaceAll(" ", "-")}.yml`, text);
      const result = await policy("validate", path);
      assertStatus(result, 2);
      assert.equal(codeOf(result), code);
      assert.match(result.stderr, place);
      assert.ok(code === "PACK_UNKNOWN" || result.stderr.includes(path));
      assert.ok(!result.stderr.includes(".weighbridge/policy.yml"));
      assert.equal(result.stdout, "");
    });
  }

  it("refuses a file larger than a policy may be, and a revision that is not there", async () => {
    const large = await policy("validate", file("large.yml", `${HEAD}#${"x".repeat(2_000_000)}\n`));
    assertStatus(large, 2);
    assert.equal(codeOf(large), "FILE_TOO_LARGE");
    const absent = await policy("validate", "release");
    assertStatus(absent, 2);
    assert.equal(codeOf(absent), "REVISION_UNKNOWN");
  });
});

describe("policy test", { concurrency: 2 }, () => {
  const vector = (outcome: string) => `${withFloor("0.7").trimEnd().slice(0, -1)},
    test_vectors: [{ name: above, given: { metrics: [{ name: roc_auc, value: 0.8 }] }, outcome: ${outcome} }] }\n`;

  it("judges the vectors of the policy and of its packs", async () => {
    const result = await policy("test", "--format", "json");
    assertStatus(result, 0);
    const { results }: { results: { isMet: boolean }[] } = JSON.parse(result.stdout);
    assert.ok(results.length > 40 && results.every(({ isMet }) => isMet));
  });

  it("ends with status 1 where one gives another outcome, and says which", async () => {
    assertStatus(await policy("test", file("met.yml", vector("pass"))), 0);
    const result = await policy("test", file("unmet.yml", vector("fail")));
    assertStatus(result, 1);
    assert.match(
      result.stdout,
      /^FAIL {2}auc-floor: above: expected fail, got pass\n\d+ passed, 1 failed\n$/,
    );
  });

  it("refuses a policy without any vector, for nothing was tested", async () => {
    const result = await policy(
      "test",
      file("bare.yml", withFloor("0.7").replace("extends: [core@1]\n", "")),
    );
    assertStatus(result, 2);
    assert.equal(codeOf(result), "VECTORS_ABSENT");
  });
});

describe("policy diff", { concurrency: 2 }, () => {
  it("tells what is loosened, with status 1, and what is tightened, with status 0", async () => {
    const loosened = await policy("diff", "main", "3-weaker-policy");
    assertStatus(loosened, 1);
    assert.equal(
      loosened.stdout,
      "2 loosened\n  PERF-02: with.relative_margin 0.005 → 0.01\n  auc-floor: with.min 0.7 → 0.6\n",
    );
    const tightened = await policy("diff", "3-weaker-policy", "main", "--format", "json");
    assertStatus(tightened, 0);
    const { differences } = JSON.parse(tightened.stdout);
    assert.deepEqual(
      differences.map(({ gate, effect }: Readonly<Record<string, string>>) => [gate, effect]),
      [
        ["PERF-02", "tightened"],
        ["auc-floor", "tightened"],
      ],
    );
  });

  it("says so where two policies demand the same", async () => {
    const result = await policy("diff", "main", "1-refresh");
    assertStatus(result, 0);
    assert.equal(result.stdout, "The policies demand the same.\n");
  });

  it("judges past decisions again under the new policy, and tells which change", async () => {
    const decisions = join(folder, "decisions");
    mkdirSync(decisions);
    for (const { name, head, evidence } of example.pulls) {
      const options = ["--base", "main", "--head", head, "--evidence", `${evidence}/**`, "--format", "json"];
      const out = join(decisions, `${name}.json`);
      await weighbridge.run(example.directory, ["check", ...options, "--now", EXAMPLE_NOW, "--out", out]);
    }
    writeFileSync(join(decisions, "notes.txt"), "no record");
    const stricter = file(
      "stricter.yml",
      `weighbridge: 1\npolicy: { name: acme-justice, version: 2.0.0 }\nextends: [core@1, performance@1]
gates:
  - { id: auc-floor, rule: metric.floor, with: { metric: roc_auc, dataset: holdout, min: 0.73 } }\n`,
    );
    const text = await policy("diff", "main", stricter, "--decisions", decisions);
    assert.match(
      text.stdout,
      /^1 of 3 past decisions would change\n {2}1-refresh\.json: pass → fail\n1 file passed over\n {2}notes\.txt: .*\n$/m,
    );
    const json = await policy("diff", "main", stricter, "--decisions", decisions, "--format", "json");
    assert.deepEqual(JSON.parse(json.stdout).decisions, {
      judged: 3,
      changed: [{ decision: "1-refresh.json", before: "pass", after: "fail" }],
      passedOver: [{ file: "notes.txt", reason: "its name does not end in .json" }],
    });
  });

  it("finds decisions in the folders below, and tells what it passes over", async () => {
    const decisions = join(folder, "kept");
    const below = join(decisions, "2026/11");
    mkdirSync(below, { recursive: true });
    const [pull] = example.pulls;
    assert.ok(pull);
    const revisions = ["--base", "main", "--head", pull.head, "--now", EXAMPLE_NOW, "--format", "json"];
    await weighbridge.run(example.directory, ["check", ...revisions, "--out", join(below, "one.json")]);
    writeFileSync(join(decisions, "other.json"), "{}");
    writeFileSync(join(decisions, "broken.json"), '{\n"schema": 1,\n');
    symlinkSync(join(below, "one.json"), join(decisions, "link.json"));
    symlinkSync(below, join(decisions, "folder"));
    const remove = await makeSpecialFile(join(decisions, "pipe.json"));
    const result = await policy("diff", "main", "main", "--decisions", decisions, "--format", "json");
    remove();
    assertStatus(result, 0);
    const { judged, passedOver } = JSON.parse(result.stdout).decisions;
    assert.equal(judged, 1);
    assert.deepEqual(
      passedOver.map(({ file, reason }: Readonly<Record<string, string>>) => [file, reason?.slice(0, 30)]),
      [
        ["broken.json", "Cannot read broken.json: the t"],
        ["folder", "it is not a regular file"],
        ["link.json", "it is not a regular file"],
        ["other.json", "Cannot read other.json as a we"],
        ["pipe.json", "it is not a regular file"],
      ],
    );
  });

  it("refuses a folder without a decision, with what stands there instead", async () => {
    const empty = join(folder, "empty");
    mkdirSync(join(empty, "below"), { recursive: true });
    const none = await policy("diff", "main", "main", "--decisions", empty);
    assertStatus(none, 2);
    assert.equal(codeOf(none), "DECISIONS_ABSENT");
    assert.match(none.stderr, /holds no decision record\n {2}fix: Give the folder that holds what/);
    writeFileSync(join(empty, "below/report.html"), "<html>");
    const foreign = await policy("diff", "main", "main", "--decisions", empty);
    assertStatus(foreign, 2);
    assert.match(
      foreign.stderr,
      /\n1 file passed over\n {2}below\/report\.html: its name does not end in \.json\n/,
    );
  });

  it("refuses a folder of decisions that is not there", async () => {
    const result = await policy("diff", "main", "main", "--decisions", join(folder, "absent"));
    assertStatus(result, 2);
    assert.equal(codeOf(result), "FILE_UNREADABLE");
  });
});

describe("explain", { concurrency: 2 }, () => {
  it("tells why a gate exists, what it asks and how to meet it, in whatever case its id is written", async () => {
    const result = await weighbridge.run(example.directory, ["explain", "core-05"]);
    assertStatus(result, 0);
    for (const word of [
      "CORE-05  ",
      "\nWhy  ",
      "\nFix  ",
      "\nSeverity  ",
      "\nWaivers   never\n",
      "\nFrom  ",
    ]) {
      assert.ok(result.stdout.includes(word), result.stdout);
    }
  });

  it("shows what the policy of a revision gives as arguments", async () => {
    const args = ["explain", "auc-floor", "--at", "3-weaker-policy"];
    const text = await weighbridge.run(example.directory, args);
    assert.match(text.stdout, /^ {2}min = 0\.6 {2}/m);
    const json = await weighbridge.run(example.directory, [...args, "--format", "json"]);
    assert.equal(JSON.parse(json.stdout).with.min, 0.6);
  });

  it("knows the gate that is judged although the policy does not ask for it", async (test) => {
    const scratch = await scratchRepository();
    test.after(() => scratch.remove());
    const policy = "weighbridge: 1\npolicy: { name: ours, version: 1.0.0 }\nextends: [performance@1]\n";
    scratch.commit("first", { ".weighbridge/policy.yml": policy });
    const result = await weighbridge.run(scratch.directory, ["explain", "gates.complete"]);
    assertStatus(result, 0);
    assert.match(result.stdout, /^gates\.complete {2}Every gate of the policy was judged/);
    assert.match(result.stdout, /\nFrom {6}weighbridge\n/);
  });

  it("names the gates there are where one is not", async () => {
    const result = await weighbridge.run(example.directory, ["explain", "CORE-99"]);
    assertStatus(result, 2);
    assert.equal(codeOf(result), "GATE_UNKNOWN");
    assert.match(result.stderr, / {2}fix: Its gates are CORE-02, /);
  });
});
