import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  buildExample,
  EVIDENCE_FOLDER,
  EXAMPLE_NOW,
  type Example,
  type ExamplePull,
  runGit,
} from "../../examples/recidivism.ts";
import { installAction, runStep } from "../action/runner.ts";
import { installCommand, type WeighbridgeCommand } from "../cli/command.ts";
import { pullRequestEvent } from "../github/deliveries.ts";
import { startServer } from "../github/server.ts";

/** One decision, byte for byte, from either door and on any machine. */

let weighbridge: WeighbridgeCommand;
let action: string;
let example: Example;
let home: string;

before(async () => {
  [weighbridge, action] = await Promise.all([installCommand(), installAction()]);
  example = buildExample();
  home = mkdtempSync(join(tmpdir(), "weighbridge-same-"));
});
after(() => {
  weighbridge.remove();
  example.remove();
  for (const folder of [action, home]) rmSync(folder, { recursive: true });
});

/** A clone with a pull request checked out and the evidence of its run, in a folder of this name. */
function checkOut(pull: ExamplePull, folder: string): string {
  const workspace = join(home, folder);
  mkdirSync(workspace, { recursive: true });
  runGit(workspace, ["clone", "--quiet", "--branch", pull.branch, example.directory, "."]);
  cpSync(pull.evidence, join(workspace, EVIDENCE_FOLDER), { recursive: true });
  return workspace;
}

interface Circumstances {
  readonly cwd: string;
  readonly evidence?: readonly string[];
  readonly head?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The record that the command prints. */
async function recordOfCommand(
  pull: ExamplePull,
  { cwd, evidence, head = pull.head, env }: Circumstances,
): Promise<string> {
  const patterns = evidence ?? [`${EVIDENCE_FOLDER}/**`];
  const revisions = ["--base", example.base, "--head", head, "--now", EXAMPLE_NOW, "--format", "json"];
  const args = ["check", ...revisions, ...patterns.flatMap((pattern) => ["--evidence", pattern])];
  const { stdout, stderr } = await weighbridge.run(cwd, args, env === undefined ? {} : { env });
  assert.equal(stderr, "");
  return stdout;
}

/** The record that the Action leaves in its output directory. */
async function recordOfAction(pull: ExamplePull, workspace: string): Promise<string> {
  const stand = await startServer();
  try {
    const { github } = stand;
    github.now = () => new Date(EXAMPLE_NOW);
    github.addWorkflowToken("ghs_writer", { contents: "read", pull_requests: "write" });
    const repository = github.addRepository("justice", example.directory);
    const opened = github.addPull(repository, {
      author: github.addAccount("maria"),
      base: { ref: "main", sha: example.base },
      head: { ref: pull.branch, sha: pull.head, repository },
    });
    const step = await runStep(action, {
      event: "pull_request",
      payload: pullRequestEvent(stand, opened),
      serverUrl: stand.origin,
      workspace,
      inputs: { token: "ghs_writer", evidence: `${EVIDENCE_FOLDER}/**` },
    });
    return readFileSync(join(step.outputs.directory ?? "", "decision.json"), "utf8");
  } finally {
    await stand.close();
  }
}

describe("the decision record", () => {
  for (const index of [0, 1, 2]) {
    it(`of pull request ${index + 1} is the same from the Action and from the command`, async () => {
      const pull = example.pulls[index]!;
      const workspace = checkOut(pull, `doors-${index}`);
      const record = await recordOfAction(pull, workspace);
      assert.equal(record, await recordOfCommand(pull, { cwd: workspace }));
      assert.equal(JSON.parse(record).input.now, EXAMPLE_NOW);
    });
  }
});

describe("the decision record is the same", { concurrency: 2 }, () => {
  let pull: ExamplePull;
  let workspace: string;
  let expected: string;

  before(async () => {
    pull = example.pulls[1]!;
    workspace = checkOut(pull, "plain");
    expected = await recordOfCommand(pull, { cwd: workspace });
    assert.equal(JSON.parse(expected).verdict, "fail");
  });

  const environments: readonly (readonly [name: string, env: Readonly<Record<string, string>>])[] = [
    ["in Kolkata", { TZ: "Asia/Kolkata" }],
    ["in Kiritimati, where it is tomorrow", { TZ: "Pacific/Kiritimati" }],
    ["in Turkish, whose i has another capital", { LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8" }],
    ["without a language", { LC_ALL: "C", LANG: "C" }],
    ["with colors asked for", { FORCE_COLOR: "3", TERM: "xterm-256color" }],
  ];
  for (const [name, env] of environments) {
    it(name, async () => assert.equal(await recordOfCommand(pull, { cwd: workspace, env }), expected));
  }

  it("whatever git is told to color, quote, convert and abbreviate", async () => {
    const config = join(home, "gitconfig");
    writeFileSync(
      config,
      `[color]\n ui = always\n[core]\n autocrlf = true\n abbrev = 5\n quotePath = true\n pager = false
[diff]\n renames = copies\n noprefix = true\n[status]\n short = true\n branch = true\n showUntrackedFiles = no\n`,
    );
    const env = {
      GIT_CONFIG_GLOBAL: config,
      GIT_DIR: "/nowhere",
      GIT_WORK_TREE: "/nowhere",
      GIT_PAGER: "false",
    };
    assert.equal(await recordOfCommand(pull, { cwd: workspace, env }), expected);
  });

  it("from a folder below, and by a path from the root", async () => {
    const cwd = join(workspace, "models/recidivism");
    for (const pattern of [`../../${EVIDENCE_FOLDER}/**`, join(workspace, EVIDENCE_FOLDER, "**")]) {
      assert.equal(await recordOfCommand(pull, { cwd, evidence: [pattern] }), expected);
    }
  });

  it("in whatever order the evidence is named, and however often", async () => {
    const patterns = [`${EVIDENCE_FOLDER}/**/*.json`, EVIDENCE_FOLDER, `${EVIDENCE_FOLDER}/recidivism.json`];
    for (const evidence of [patterns, patterns.toReversed()]) {
      assert.equal(await recordOfCommand(pull, { cwd: workspace, evidence }), expected);
    }
  });

  it("in a clone of a clone, deep down, packed and with other files lying around", async () => {
    const deep = checkOut(pull, "a/much deeper/place/for/it");
    runGit(deep, ["repack", "-a", "-d", "-f", "--quiet", "--depth=1"]);
    runGit(deep, ["pack-refs", "--all"]);
    assert.equal(await recordOfCommand(pull, { cwd: deep }), expected);
  });

  describe("where the disk lists files in another order", () => {
    /** The change as files that no commit holds, its evidence as many files, all written in this order. */
    const writeOut = (name: string, inOrder: (paths: readonly string[]) => readonly string[]): string => {
      const workspace = join(home, name, "repository");
      const evidence = join(home, name, "evidence");
      for (const folder of [workspace, evidence]) mkdirSync(folder, { recursive: true });
      runGit(workspace, ["clone", "--quiet", "--branch", "main", example.directory, "."]);
      const facts: readonly unknown[] = JSON.parse(
        readFileSync(join(pull.evidence, "recidivism.json"), "utf8"),
      );
      const factFiles = facts.map((_, index) => `${String(index).padStart(2, "0")}.json`);
      for (const file of inOrder(factFiles)) {
        writeFileSync(join(evidence, file), JSON.stringify(facts[Number.parseInt(file, 10)]));
      }
      const files = runGit(workspace, ["diff", "--name-only", "HEAD", pull.head]).split("\n");
      for (const file of files) rmSync(join(workspace, file), { force: true });
      for (const file of inOrder([...files, ...NOT_COMMITTED])) {
        const isNew = NOT_COMMITTED.includes(file);
        writeFileSync(join(workspace, file), isNew ? file : readFileSync(join(sourceOf(pull), file)));
      }
      return workspace;
    };
    const record = (cwd: string, env = {}) =>
      recordOfCommand(pull, { cwd, head: "worktree", evidence: ["../evidence/**"], env });

    let forth: string;
    let back: string;
    let written: string;

    before(async () => {
      forth = writeOut("forth", (paths) => paths);
      back = writeOut("back", (paths) => paths.toReversed());
      written = await record(forth);
      const { verdict, input } = JSON.parse(written);
      assert.deepEqual([verdict, input.change.head], ["fail", "worktree"]);
      const paths = input.evidence.map(({ source }: { source: { path: string } }) => source.path);
      assert.ok(new Set(paths).size > 5, "the evidence is of several files");
    });

    it("because they were created in the opposite order", async () => {
      assert.equal(await record(back), written);
    });

    it("because it lists every folder the other way round", async () => {
      const preload = join(home, "backwards.cjs");
      writeFileSync(preload, BACKWARDS);
      const env = { NODE_OPTIONS: `--require ${preload}` };
      const list = `process.stdout.write(fs.readdirSync("../evidence").join())`;
      const { stdout } = spawnSync(process.execPath, ["-e", list], { cwd: forth, env, encoding: "utf8" });
      assert.equal(stdout, readdirSync(join(forth, "../evidence")).toReversed().join());
      for (const cwd of [forth, back]) assert.equal(await record(cwd, env), written);
    });
  });
});

/** Files of the work tree that git does not know yet. */
const NOT_COMMITTED: readonly string[] = ["z.txt", "a.txt", "models/recidivism/notes.md"];

/** The folder of the example that holds the files of the pull request as they are at its head. */
function sourceOf({ evidence }: ExamplePull): string {
  return join(evidence, "../tree");
}

/**
 * Loaded before the command: whatever order the disk has, the command sees the opposite. Node itself sorts what it
 * lists on most machines, which hides in what order files were created.
 */
const BACKWARDS = `const fs = require("node:fs");
const { readdir, readdirSync } = fs;
const { readdir: promised } = fs.promises;
fs.readdirSync = (...args) => readdirSync(...args).reverse();
fs.promises.readdir = async (...args) => (await promised(...args)).reverse();
fs.readdir = (...args) => {
  const done = args.pop();
  readdir(...args, (error, found) => done(error, found?.reverse()));
};
require("node:module").syncBuiltinESMExports();
`;
