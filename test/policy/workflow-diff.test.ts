import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workflowText } from "../../cli/commands/workflow.ts";
import { diffWorkflows } from "../../gate/policy/workflow-diff.ts";

const PATH = ".github/workflows/weighbridge.yml";
const PINNED = `acme/weighbridge@${"a".repeat(40)}`;
/** The one that `init` writes. */
const WEIGHING = workflowText(PINNED);
/** How it says that it runs on pull requests. */
const [PULL_REQUEST = ""] = /^ {2}pull_request:\n(?: {4}.*\n)*/m.exec(WEIGHING) ?? [];

function diff(before: string, after: string | undefined, path = PATH): readonly string[] {
  const head = after === undefined ? undefined : { path, bytes: Buffer.from(after) };
  const found = diffWorkflows({ path: PATH, bytes: Buffer.from(before) }, head);
  assert.ok(found.every(({ gate, effect }) => gate === "workflows" && effect === "loosened"));
  return found.map(({ what, from, to }) => `${what.replace(PATH, "").trim()}: ${from} → ${to}`);
}

function edited(old: string, next: string): string {
  assert.ok(WEIGHING.includes(old), old);
  return WEIGHING.replace(old, next);
}

describe("diffWorkflows()", () => {
  it("finds nothing where a workflow is added", () => {
    assert.deepEqual(diffWorkflows(undefined, { path: PATH, bytes: Buffer.from(WEIGHING) }), []);
  });

  const harmless: readonly (readonly [name: string, after: string])[] = [
    ["nothing", WEIGHING],
    ["a comment", `# Whoever edits this asks risk.\n${WEIGHING}`],
    ["its name", edited("name: weighbridge\n", "name: gate\n")],
    ["the name of a step", edited(`- uses: ${PINNED}`, `- name: Weigh\n        uses: ${PINNED}`)],
    ["the job that evaluates", edited("mkdir -p", "python evaluate.py && mkdir -p")],
    [
      "an action of the job that evaluates",
      edited("actions/upload-artifact@043fb46d", "actions/upload-artifact@143fb46d"),
    ],
    ["a job more", `${WEIGHING}  lint:\n    runs-on: ubuntu-latest\n    steps: [{ run: npm run lint }]\n`],
    ["the style of its lists", edited(`${PULL_REQUEST}  merge_group:\n`, `  merge_group:\n${PULL_REQUEST}`)],
  ];
  for (const [name, after] of harmless) {
    it(`finds nothing where it edits ${name}`, () => {
      assert.deepEqual(diff(WEIGHING, after), []);
    });
  }

  const job = "jobs.weigh";
  const step = `${job}.steps.2`;
  const loosened: readonly (readonly [name: string, after: string | undefined, expected: string])[] = [
    ["removed", undefined, ": present → removed"],
    ["emptied", "", ": as it was → what cannot be compared"],
    ["made no YAML", "on: [\n", ": as it was → what cannot be compared"],
    [
      "let pass",
      edited("        id: weigh\n", "        id: weigh\n        continue-on-error: true\n"),
      `${step}.continue-on-error: none → true`,
    ],
    [
      "let pass as a job",
      edited("  weigh:\n", "  weigh:\n    continue-on-error: true\n"),
      `${job}.continue-on-error: none → true`,
    ],
    ["made to be skipped", edited("if: always()", "if: github.actor != 'mallory'"), `${job}.if: always() →`],
    [
      "taken from its trigger",
      edited(PULL_REQUEST, "  workflow_dispatch:\n"),
      "on.pull_request: present → none",
    ],
    [
      "let off a policy",
      edited("require-policy: true", "require-policy: false"),
      `${step}.with.require-policy`,
    ],
    ["moved to another commit", WEIGHING.replaceAll("aaaaaaaa", "bbbbbbbb"), `${step}.uses: ${PINNED} →`],
    ["freed of its job", edited("  weigh:\n", "  other:\n"), `${job}: present → none`],
    [
      "given a command",
      edited(`      - uses: ${PINNED}`, `      - run: ./prepare.sh\n      - uses: ${PINNED}`),
      `${job}.steps: 4 items → 5 items`,
    ],
  ];
  for (const [name, after, expected] of loosened) {
    it(`finds one that is ${name}`, () => {
      const found = diff(WEIGHING, after);
      assert.ok(
        found.some((line) => line.startsWith(expected)),
        found.join("\n"),
      );
    });
  }

  it("takes one that GitHub no longer runs for removed, and one that was renamed for the same", () => {
    const gone = [": present → removed"];
    assert.deepEqual(diff(WEIGHING, WEIGHING, ".github/workflows/old/weighbridge.yml"), gone);
    assert.deepEqual(diff(WEIGHING, WEIGHING, ".github/workflows/weighbridge.yml.off"), gone);
    assert.deepEqual(diff(WEIGHING, WEIGHING, ".github/workflows/gate.yaml"), []);
  });

  it("knows a job that runs the command, and leaves one alone that only names our folders", () => {
    const script = (run: string) => `on: push\njobs:\n  weigh:\n    steps: [{ run: ${run} }]\n`;
    const runs = ["npx weighbridge check --base main", "docker run ghcr.io/acme/weighbridge:1 scan ."];
    for (const run of runs) assert.equal(diff(script(run), script("true")).length, 1, run);
    const others = ["ls .weighbridge", "mkdir weighbridge-evidence", "echo weighbridge"];
    for (const run of others) assert.deepEqual(diff(script(run), undefined), [], run);
  });

  it("shows the first few of many differences, and how many more there are", () => {
    const keys = Array.from({ length: 9 }, (_, index) => `K${index}`);
    const env = (value: string) =>
      `env: { ${keys.map((key) => `${key}: ${value}`).join(", ")} }\n${WEIGHING}`;
    const found = diff(env("a"), env("b"));
    assert.equal(found.length, 6);
    assert.equal(found.at(-1), ": as it was → with 4 more differences");
  });

  it("compares what only GitHub can read byte by byte", () => {
    const anchored = `env: &env { A: 1 }\n${WEIGHING.replace("  weigh:\n", "  weigh:\n    env: *env\n")}`;
    assert.deepEqual(diff(anchored, anchored), []);
    assert.deepEqual(diff(anchored, `${anchored}# more\n`), [": as it was → what cannot be compared"]);
    assert.deepEqual(diff(anchored, undefined), [": present → removed"]);
    const other = "x: &x 1\ny: *x # weighbridge\n";
    assert.deepEqual(diff(other, `${other}# more\n`), []);
  });
});
