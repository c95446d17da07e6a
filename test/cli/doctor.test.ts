import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { workflowText } from "../../cli/commands/workflow.ts";
import type { Check } from "../../cli/diagnosis.ts";
import { examineWorkflows } from "../../cli/workflow-check.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { assertStatus, installCommand, type WeighbridgeCommand } from "./command.ts";

const OURS = `acme/weighbridge@${"a".repeat(40)}`;
const WORKFLOW = workflowText(OURS);
/** What it says of when it runs on pull requests. */
const [PULL_REQUEST = ""] = /^ {2}pull_request:\n(?: {4}.*\n)*/m.exec(WORKFLOW) ?? [];
const TYPES = "    types: [opened, synchronize, reopened, edited]\n";

/** The workflow with one thing changed; the change has to take place. */
function edited(from: string, to: string): string {
  assert.ok(WORKFLOW.includes(from), from);
  return WORKFLOW.replaceAll(from, to);
}

/** The workflow with one more input of the step that weighs. */
function inputs(line: string): string {
  return edited("          require-policy: true\n", `          require-policy: true\n          ${line}\n`);
}

/** The workflow with one more step before the one that weighs. */
function step(line: string): string {
  return edited(`      - uses: ${OURS}`, `      - ${line}\n      - uses: ${OURS}`);
}

function expression(text: string): string {
  return `\${{ ${text} }}`;
}

/** State and detail of each check, in order. */
function verdicts(text: string): string[] {
  return examineWorkflows([{ path: "ci.yml", text }]).map(({ state, detail }) => `${state} ${detail}`);
}

describe("examineWorkflows()", () => {
  it("has nothing against the workflow that init writes", () => {
    assert.deepEqual(verdicts(WORKFLOW), ["ok pinned, least permissions, nothing of the pull request runs"]);
  });

  it("has nothing to say of a workflow that does not run Weighbridge", () => {
    const none = ["warn no workflow was found that runs Weighbridge"];
    assert.deepEqual(verdicts("on: push\njobs:\n  a:\n    steps:\n      - uses: acme/x@main\n"), none);
    assert.deepEqual(verdicts("# weighbridge\non: push\njobs:\n  a:\n    steps:\n      - run: make\n"), none);
  });

  it("looks for pull requests in all workflows together", () => {
    const pushed = WORKFLOW.replace(`${PULL_REQUEST}  merge_group:\n`, "  push:\n");
    const files = [pushed, WORKFLOW].map((text, index) => ({ path: `${index}.yml`, text }));
    assert.deepEqual(
      examineWorkflows(files).map(({ state }) => state),
      ["ok", "ok"],
    );
  });

  const well: readonly (readonly [name: string, text: string])[] = [
    [
      "a base that the event gives",
      inputs(`base: ${expression("github.event.pull_request.base.sha || github.base_ref")}`),
    ],
    ["a base that is named outright", inputs("base: main")],
    [
      "the head that init checks out",
      inputs(`head: ${expression("github.event.pull_request.head.sha || github.sha")}`),
    ],
    ["an upload of the report", step(`uses: actions/upload-artifact@${"b".repeat(40)}`)],
    ["branches that are asked for", edited(TYPES, `${TYPES}    branches: [main]\n`)],
    ["activities beyond the usual", edited(TYPES, TYPES.replace("]", ", labeled]"))],
    ["the content of DVC", workflowText(OURS, { dvcFolder: "ml/.dvc" })],
    [
      "texts in quotes",
      inputs(`base: "${expression("github.base_ref")}"`).replaceAll(/uses: (\S+)/g, 'uses: "$1"'),
    ],
    ["an Action of another name", edited(OURS, `acme/model-gate@${"a".repeat(40)}`)],
  ];
  for (const [name, text] of well) {
    it(`has nothing against ${name}`, () => {
      assert.deepEqual(verdicts(text), ["ok pinned, least permissions, nothing of the pull request runs"]);
    });
  }

  it("finds the faults of an Action of another name", () => {
    const text = edited(OURS, "acme/model-gate@v1");
    assert.deepEqual(verdicts(text), ["fail acme/model-gate@v1 is not pinned by commit"]);
  });

  it("says that it cannot look into a command or into another workflow", () => {
    const found = [
      "warn job a calls Weighbridge by a command or by another workflow, which is not looked into",
    ];
    const jobs = [
      "steps: [{ run: npx weighbridge check }]",
      "uses: acme/weighbridge/.github/workflows/w.yml@v1",
    ];
    for (const job of jobs) {
      assert.deepEqual(verdicts(`on: pull_request\njobs:\n  a:\n    ${job}\n`), found);
    }
  });

  const unknown = (what: string) =>
    `fail job weigh has ${what}: nobody can tell that it runs nothing of the pull request`;
  const faults: readonly (readonly [name: string, text: string, ...found: string[]])[] = [
    [
      "an action at a tag",
      edited(OURS, "acme/weighbridge@v1"),
      "fail acme/weighbridge@v1 is not pinned by commit",
    ],
    [
      "an action of another job at a branch",
      edited("      - name: Evaluate", "      - uses: acme/setup@main\n      - name: Evaluate"),
      "fail acme/setup@main is not pinned by commit",
    ],
    [
      "a workflow at a branch that a job calls",
      `${WORKFLOW}\n  more:\n    uses: acme/ci/.github/workflows/x.yml@main\n`,
      "fail acme/ci/.github/workflows/x.yml@main is not pinned by commit",
    ],
    [
      "an image by name",
      edited("      - name: Evaluate", "      - uses: docker://alpine:3\n      - name: Evaluate"),
      "fail docker://alpine:3 is not pinned by commit",
    ],
    [
      "pull_request_target",
      edited("  pull_request:\n", "  pull_request_target:\n"),
      "fail pull_request_target gives the pull request a token that can write",
    ],
    [
      "pull_request_target in a list",
      edited(`on:\n${PULL_REQUEST}  merge_group:\n`, "on: [pull_request_target, push]\n"),
      "fail pull_request_target gives the pull request a token that can write",
    ],
    [
      "a command in the weighing job",
      edited(`      - uses: ${OURS}`, `      - run: make\n      - uses: ${OURS}`),
      "fail job weigh weighs and runs commands in one job",
    ],
    [
      "an action of the checkout in the weighing job",
      edited(`      - uses: ${OURS}`, `      - uses: ./.github/prepare\n      - uses: ${OURS}`),
      "fail job weigh weighs and runs commands in one job",
    ],
    [
      "a script in the weighing job",
      step(`uses: actions/github-script@${"b".repeat(40)}\n        with: { script: "require('./x.js')()" }`),
      unknown(`actions/github-script@${"b".repeat(40)}`),
    ],
    [
      "an action that runs what the checkout configures",
      step(`uses: pre-commit/action@${"b".repeat(40)}`),
      unknown(`pre-commit/action@${"b".repeat(40)}`),
    ],
    [
      "an action that is called nearly as a harmless one",
      step(`uses: evil/actions/checkout@${"b".repeat(40)}`),
      unknown(`evil/actions/checkout@${"b".repeat(40)}`),
    ],
    [
      "a download into the checkout, where the pull request may have put a link",
      edited(`path: ${expression("runner.temp")}/`, "path: "),
      "fail job weigh downloads an artifact into the checkout, where a link of the pull request can lead it over the Action itself",
    ],
    [
      "a download out of the temporary files again",
      edited(`path: ${expression("runner.temp")}/`, `path: ${expression("runner.temp")}/../`),
      "fail job weigh downloads an artifact into the checkout, where a link of the pull request can lead it over the Action itself",
    ],
    [
      "a container",
      edited("    if: always()\n", "    if: always()\n    container: acme/x\n"),
      unknown("container"),
    ],
    [
      "a variable by which node runs a file",
      edited("permissions: {}\n", "permissions: {}\nenv:\n  NODE_OPTIONS: --require ./x.js\n"),
      unknown("env NODE_OPTIONS"),
    ],
    [
      "a base that the pull request chooses",
      inputs(`base: ${expression("github.head_ref")}`),
      `fail job weigh weighs with base: ${expression("github.head_ref")}: nobody can tell that the pull request does not choose its own policy`,
    ],
    [
      "a base behind one that the event gives",
      inputs(`base: ${expression("github.base_ref || github.head_ref")}`),
      `fail job weigh weighs with base: ${expression("github.base_ref || github.head_ref")}: nobody can tell that the pull request does not choose its own policy`,
    ],
    [
      "a head by the name of its branch, which a fork may call main",
      inputs(`head: ${expression("github.head_ref")}`),
      `fail job weigh weighs with head: ${expression("github.head_ref")}: nobody can tell that this is what the pull request brings`,
    ],
    [
      "a head that is always the same",
      inputs("head: main"),
      "fail job weigh weighs with head: main: nobody can tell that this is what the pull request brings",
    ],
    [
      "a step that is passed over",
      edited(`      - uses: ${OURS}`, `      - if: github.actor != 'maria'\n        uses: ${OURS}`),
      "fail job weigh may pass over the step that weighs",
    ],
    [
      "a filter of paths",
      edited(TYPES, `${TYPES}    paths: [models/**]\n`),
      "fail pull_request has paths: where they do not match, the required check is waited for for ever",
    ],
    [
      "activities that leave commits out",
      edited(TYPES, "    types: [opened, edited]\n"),
      "fail pull_request has types without synchronize, reopened: commits stay that nobody weighs",
    ],
    [
      "types that leave another base out",
      edited(TYPES, TYPES.replace(", edited", "")),
      "fail pull_request has no type edited: the verdict about one base stays when another is chosen",
    ],
    [
      "the types that GitHub takes where there are none",
      edited(PULL_REQUEST, "  pull_request:\n"),
      "fail pull_request has no type edited: the verdict about one base stays when another is chosen",
    ],
    [
      "no pull_request",
      edited(`${PULL_REQUEST}  merge_group:\n`, "  push:\n"),
      "ok pinned, least permissions, nothing of the pull request runs",
      "fail no workflow weighs pull requests: none that runs Weighbridge is started by pull_request",
    ],
    [
      "what init writes where it cannot tell",
      edited(OURS, `OWNER/weighbridge@${"0".repeat(40)}`),
      `fail OWNER/weighbridge@${"0".repeat(40)} is a placeholder and cannot run`,
    ],
    [
      "an action of the checkout in quotes",
      step('uses: "./.github/prepare"'),
      "fail job weigh weighs and runs commands in one job",
    ],
    [
      "a permission in quotes",
      edited("      contents: read\n      pull", '      contents: "write"\n      pull'),
      "fail job weigh has more permissions than it needs, or none stated",
    ],
    [
      "broad permissions",
      edited("      pull-requests: write", "      contents: write\n      pull-requests: write").replace(
        "      contents: read\n      contents: write",
        "      contents: write",
      ),
      "fail job weigh has more permissions than it needs, or none stated",
    ],
    [
      "all permissions",
      edited(
        "    permissions:\n      contents: read\n      pull-requests: write",
        "    permissions: write-all",
      ),
      "fail job weigh has more permissions than it needs, or none stated",
    ],
    [
      "permissions that nobody states",
      edited("permissions: {}\n", "").replace(
        "    permissions:\n      contents: read\n      pull-requests: write\n",
        "",
      ),
      "fail job weigh has more permissions than it needs, or none stated",
    ],
    [
      "a step that may fail",
      edited(`      - uses: ${OURS}`, `      - continue-on-error: true\n        uses: ${OURS}`),
      "fail job weigh passes whatever the verdict is",
    ],
    [
      "a job that may fail",
      edited("    if: always()\n", "    if: always()\n    continue-on-error: true\n"),
      "fail job weigh passes whatever the verdict is",
    ],
    [
      "a job that is skipped where the evaluation fails",
      edited("    if: always()\n", ""),
      "fail job weigh may be skipped, and what requires it takes that for passed",
    ],
    [
      "a job on a condition",
      edited("    if: always()\n", "    if: github.actor != 'maria'\n"),
      "fail job weigh may be skipped, and what requires it takes that for passed",
    ],
    [
      "no word of a policy that has to be there",
      edited("          require-policy: true\n", ""),
      "warn job weigh passes where the base has no policy",
    ],
    [
      "a file that is no YAML",
      "# weighbridge\non: push\non: push\n",
      'warn Cannot read ci.yml: duplicate key "on", first at line 2',
    ],
  ];
  for (const [name, text, ...found] of faults) {
    it(`finds ${name}`, () => {
      assert.deepEqual(
        verdicts(text).map((line) => line.split("\n")[0]),
        found,
      );
    });
  }
});

describe("doctor", { concurrency: 2 }, () => {
  let weighbridge: WeighbridgeCommand;

  before(async () => {
    weighbridge = await installCommand();
  });
  after(() => weighbridge.remove());

  const POLICY = "weighbridge: 1\npolicy: { name: acme, version: 1.0.0 }\nextends: [core@1]\n";
  const MANIFEST = "weighbridge: 1\nid: m\nstatus: candidate\nartifacts: [{ path: w.bin }]\n";
  const HEALTHY = {
    ".weighbridge/policy.yml": POLICY,
    "models/m/model.yml": MANIFEST,
    ".github/workflows/weigh.yml": WORKFLOW,
  };

  async function examine(
    test: TestContext,
    files: Readonly<Record<string, string>>,
    prepare: (scratch: ScratchRepository) => void = () => undefined,
  ) {
    const scratch = await scratchRepository();
    test.after(() => scratch.remove());
    scratch.commit("first", files);
    prepare(scratch);
    const result = await weighbridge.run(scratch.directory, ["doctor", "--format", "json"]);
    const { checks }: { checks: Check[] } = JSON.parse(result.stdout);
    return { result, checks, states: checks.map(({ name, state }) => `${state} ${name}`) };
  }

  it("finds nothing against a repository that is as it should be", async (test) => {
    const { result, states } = await examine(test, HEALTHY);
    assertStatus(result, 0);
    assert.deepEqual(states, [
      "ok base",
      "ok policy of the work tree",
      "ok manifests",
      "ok .github/workflows/weigh.yml",
      "warn branch rules",
    ]);
  });

  it("warns of all that is missing in a repository that knows nothing of Weighbridge", async (test) => {
    const { result, states, checks } = await examine(test, {
      "README.md": "x\n",
      "yolo/model.yml": "nc: 80\n",
      ".github/workflows/ci.yml": "on: push\n",
    });
    assertStatus(result, 0);
    assert.deepEqual(states, [
      "warn base",
      "warn policy of the work tree",
      "warn manifests",
      "warn workflow",
      "warn branch rules",
    ]);
    assert.ok(checks.every(({ fix }) => fix !== undefined));
  });

  it("fails what is broken, each with its place, and ends with status 1", async (test) => {
    const { result, states } = await examine(test, HEALTHY, (scratch) => {
      scratch.write(".weighbridge/policy.yml", `${POLICY}extra: 1\n`);
      scratch.write("models/m/model.yml", MANIFEST.replace("candidate", "live"));
      scratch.write(".github/workflows/weigh.yml", edited("  pull_request:\n", "  pull_request_target:\n"));
    });
    assertStatus(result, 1);
    assert.deepEqual(states, [
      "ok base",
      "fail policy of the work tree",
      "fail models/m/model.yml",
      "fail .github/workflows/weigh.yml",
      "warn branch rules",
    ]);
  });

  it("fails a model file that no manifest names, and says what init would do", async (test) => {
    const { result, checks } = await examine(test, HEALTHY, (scratch) =>
      scratch.write("models/n/w.pkl", Buffer.from("80024e2e", "hex")),
    );
    assertStatus(result, 1);
    assert.deepEqual(
      checks.filter(({ state }) => state === "fail"),
      [
        {
          name: "models/n",
          state: "fail",
          detail: "1 model file and no manifest",
          fix: "Run weighbridge init",
        },
      ],
    );
  });

  it("fails where there is no branch to compare with", async (test) => {
    const { result, states } = await examine(test, HEALTHY, (scratch) =>
      scratch.git("branch", "-m", "trunk"),
    );
    assertStatus(result, 1);
    assert.equal(states[0], "fail base");
  });

  it("compares with the branch that it is given, and does what its word about none asks for", async (test) => {
    const scratch = await scratchRepository();
    test.after(() => scratch.remove());
    scratch.commit("first", HEALTHY);
    scratch.git("branch", "-m", "trunk");
    const base = async (...args: string[]) => {
      const { stdout } = await weighbridge.run(scratch.directory, ["doctor", "--format", "json", ...args]);
      return JSON.parse(stdout).checks[0];
    };
    assert.equal((await base("--base", "trunk")).detail, "trunk has the policy acme 1.0.0");
    assert.match((await base()).fix, /: --base <branch>; or run git remote set-head origin --auto$/);
    scratch.git("remote", "add", "origin", scratch.directory);
    scratch.git("fetch", "--quiet", "origin");
    scratch.git("remote", "set-head", "origin", "--auto");
    assert.equal((await base()).state, "ok");
  });

  it("says which address it cannot use", async (test) => {
    const scratch = await scratchRepository();
    test.after(() => scratch.remove());
    scratch.commit("first", HEALTHY);
    for (const GITHUB_API_URL of ["foo", "file:///etc", "https://"]) {
      const result = await weighbridge.run(scratch.directory, ["doctor"], { env: { GITHUB_API_URL } });
      assertStatus(result, 2);
      assert.ok(result.stderr.includes(`Cannot use GITHUB_API_URL: "${GITHUB_API_URL}" is no address`));
    }
  });

  it("says for people what it says in JSON", async (test) => {
    const scratch = await scratchRepository();
    test.after(() => scratch.remove());
    scratch.commit("first", { ...HEALTHY, "models/m/model.yml": "weighbridge: 2\n" });
    const result = await weighbridge.run(scratch.directory, ["doctor"]);
    assertStatus(result, 1);
    assert.match(result.stdout, /^ok {4}base: main has the policy acme 1\.0\.0\n/);
    assert.match(
      result.stdout,
      /^FAIL {2}models\/m\/model\.yml: .* lacks the key "id"[^\n]*\n {6}models\/m/m,
    );
    assert.match(result.stdout, /^ {6}fix: Write id: credit-pd$/m);
  });
});
