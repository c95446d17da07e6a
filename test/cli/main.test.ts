import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assertStatus, codeOf, installCommand, type WeighbridgeCommand } from "./command.ts";

let weighbridge: WeighbridgeCommand;
/** A folder that is no repository. */
let nowhere: string;

before(async () => {
  weighbridge = await installCommand();
  nowhere = mkdtempSync(join(tmpdir(), "weighbridge-nowhere-"));
});
after(() => {
  weighbridge.remove();
  rmSync(nowhere, { recursive: true });
});

const COMMANDS = [
  [],
  ["check"],
  ["scan"],
  ["inspect"],
  ["init"],
  ["doctor"],
  ["explain"],
  ["replay"],
  ["policy"],
  ["policy", "validate"],
  ["policy", "test"],
  ["policy", "diff"],
];

describe("--help", { concurrency: 2 }, () => {
  for (const command of COMMANDS) {
    const name = ["weighbridge", ...command].join(" ");
    it(`tells of ${name}, wherever one stands`, async () => {
      const result = await weighbridge.run(nowhere, [...command, "--help"]);
      assertStatus(result, 0);
      assert.ok(result.stdout.startsWith(`Usage: ${name} `), result.stdout);
      assert.equal(result.stderr, "");
    });
  }
});

describe("bad usage ends with status 2 and a word of help:", { concurrency: 2 }, () => {
  const cases: readonly (readonly [name: string, args: readonly string[], says: RegExp])[] = [
    ["no command", [], /Usage: weighbridge/],
    ["an unknown command", ["chek"], /unknown command 'chek'\n\(Did you mean check\?\)/],
    ["help about an unknown command", ["help", "chek"], /^error: unknown command 'chek'\n/],
    ["an unknown option", ["check", "--formt", "json"], /Did you mean --format\?/],
    ["an unknown format", ["check", "--format", "pdf"], /Allowed choices are text, json, markdown, sarif/],
    ["one argument too many", ["check", "main"], /too many arguments/],
    ["one argument too few", ["scan"], /missing required argument 'paths'/],
    ["a policy command without its command", ["policy"], /Usage: weighbridge policy/],
    ["a time that is none", ["check", "--now", "yesterday"], /not a time such as 2026-11-21T12:00:00Z/],
    ["a day that is none", ["check", "--now", "2026-02-30T00:00:00Z"], /not a time such as/],
    ["a last day that there was not", ["trail", "asof", "2026-02-29"], /expected a day as 2026-11-21/],
    ["a time of day that is none", ["check", "--now", "2026-11-21T25:00:00Z"], /not a time such as/],
    ["an action that is not pinned", ["init", "--action", "acme/weighbridge@v1"], /expected owner\/repo@/],
  ];
  for (const [name, args, says] of cases) {
    it(name, async () => {
      const result = await weighbridge.run(nowhere, args);
      assertStatus(result, 2);
      assert.match(result.stderr, says);
      assert.equal(result.stdout, "");
    });
  }
});

describe("outside of a repository", { concurrency: 2 }, () => {
  for (const args of [["check"], ["init"], ["doctor"], ["explain", "CORE-05"], ["policy", "validate"]]) {
    it(`${args.join(" ")} says so and what to do`, async () => {
      const result = await weighbridge.run(nowhere, args);
      assertStatus(result, 2);
      assert.equal(codeOf(result), "NOT_A_REPOSITORY");
      assert.match(result.stderr, /^weighbridge: Cannot open the repository in .*\n {2}fix: Run in a clone/);
      assert.equal(result.stdout, "");
    });
  }
});

describe("where nobody can be told", { concurrency: 2 }, () => {
  const full = "/dev/full";
  const cases: readonly (readonly [args: readonly string[], to: "stdout" | "stderr"])[] = [
    [["--help"], "stdout"],
    [["check", "--help"], "stdout"],
    [["--version"], "stdout"],
    [["explain", "CORE-05", "--help"], "stdout"],
    [["check", "--base", "nosuch"], "stderr"],
    [["chek"], "stderr"],
    [["replay", "absent.json"], "stderr"],
    [[], "stderr"],
  ];
  for (const [args, to] of cases) {
    it(`${args.join(" ")} ends with status 2 if its ${to} is full`, async () => {
      const result = await weighbridge.run(nowhere, args, { [to]: full });
      assertStatus(result, 2);
      if (to === "stdout") assert.equal(codeOf(result), "OUT_NOT_WRITTEN");
    });
  }
});

describe("what fails under --format json says so in one document:", { concurrency: 2 }, () => {
  const cases: readonly (readonly [name: string, args: readonly string[], code: string])[] = [
    ["a folder that is no repository", ["check", "--format", "json"], "NOT_A_REPOSITORY"],
    ["the same, with an equals sign", ["doctor", "--format=json"], "NOT_A_REPOSITORY"],
    ["an option that there is not", ["check", "--format", "json", "--formt"], "USAGE"],
    ["no command", ["policy", "--format", "json"], "USAGE"],
    ["a trail that there is not", ["trail", "asof", "2026-11-21", "--format", "json"], "NOT_A_REPOSITORY"],
  ];
  for (const [name, args, code] of cases) {
    it(name, async () => {
      const result = await weighbridge.run(nowhere, args);
      assertStatus(result, 2);
      const { error, ...rest } = JSON.parse(result.stdout);
      assert.deepEqual(rest, {});
      assert.equal(error.code, code);
      assert.equal(typeof error.message, "string");
      assert.notEqual(result.stderr, "");
    });
  }

  it("with the place and the fix, and with the same words as on standard error", async () => {
    const policy = join(nowhere, "decision.json");
    writeFileSync(policy, "{");
    const result = await weighbridge.run(nowhere, ["replay", policy, "--format", "json"]);
    assertStatus(result, 2);
    const { error } = JSON.parse(result.stdout);
    assert.equal(error.place.path, policy);
    assert.ok(result.stderr.includes(error.message.split("\n")[0]));
    assert.equal(error.code, codeOf(result));
  });

  it("but not where JSON is no option's value", async () => {
    for (const args of [["scan", "--", "--format=json"], ["check"]]) {
      assert.equal((await weighbridge.run(nowhere, args)).stdout, "");
    }
  });
});

describe("a file that cannot be reached is spoken of in words, with what to do:", { concurrency: 2 }, () => {
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [["replay", "absent.json"], /: Cannot read absent\.json: there is no such file\n {2}fix: Correct/],
    [["replay", "."], /: Cannot read \.: it is a folder\n {2}fix: Name a file\n {2}code: FILE_UNREADABLE\n/],
    [["inspect", "absent.pkl"], /: Cannot read absent\.pkl: there is no such file\n {2}fix: /],
    [["scan", "absent.pkl"], /: Cannot read absent\.pkl: there is no such file\n {2}fix: /],
    [["scan", "m.pkl", "--out", ""], /: Cannot write "": there is no such file\n {2}fix: /],
    [
      ["scan", "m.pkl", "--out", "no/scan.txt"],
      /: Cannot write no\/scan\.txt: there is no such folder\n {2}fix: Make the folder/,
    ],
    [["scan", "m.pkl", "--out", "."], /: Cannot write \.: it is a folder\n {2}fix: .*\n {2}code: OUT_NOT_WR/],
    [
      ["trail", "log"],
      /\n {2}fix: Run in a clone that has the trail's branch, or name one: --repository <folder>\n/,
    ],
  ];
  before(() => writeFileSync(join(nowhere, "m.pkl"), ""));
  for (const [args, says] of cases) {
    it(args.join(" "), async () => {
      const result = await weighbridge.run(nowhere, args);
      assertStatus(result, 2);
      assert.match(result.stderr, says);
    });
  }
});

it("says which version it is", async () => {
  const result = await weighbridge.run(nowhere, ["--version"]);
  assertStatus(result, 0);
  assert.match(result.stdout, /^\d+\.\d+\.\d+\n$/);
});
