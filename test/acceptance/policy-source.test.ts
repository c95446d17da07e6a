import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { closedBy, codesOf, type Files, governed, modelFiles, POLICY } from "./governed.ts";

/** Whose policy decides, and what happens where there is none, a broken one or one that is out of reach. */

const POLICY_PATH = ".weighbridge/policy.yml";
const WAIVER_PATH = ".weighbridge/waivers/WVR-2026-0001.yml";
const WEAK = modelFiles({ version: 2, auc: 0.7 });
const LOOSE = POLICY.replace("min: 0.8", "min: 0.6");

describe("the policy of the base", { concurrency: 2 }, () => {
  it("lets a change pass that meets it, so that what follows fails for its own reason", async (test) => {
    const { propose, decide } = await governed(test);
    propose(modelFiles({ version: 2, auc: 0.86 }));
    const record = await decide();
    assert.deepEqual([record.verdict, closedBy(record)], ["pass", []]);
    assert.equal(record.models[0]?.changeClass, "B");
  });

  it("C1: decides whatever the head says; the head's is a preview, and to loosen it closes", async (test) => {
    const { propose, decide } = await governed(test);
    propose({ ...WEAK, [POLICY_PATH]: LOOSE });
    const record = await decide();
    assert.deepEqual(closedBy(record), ["CORE-17: fail", "PERF-02: fail", "auc-floor: fail"]);
    assert.deepEqual(
      record.input.policyChange?.differences.map(({ gate, what, from, to, effect }) => [
        gate,
        what,
        from,
        to,
        effect,
      ]),
      [["auc-floor", "with.min", "0.8", "0.6", "loosened"]],
    );
  });

  it("C1: what loosens it is marked at the line that the head writes, not at the top of the file", async (test) => {
    const overridden = `${POLICY}  - id: PERF-02\n    with: { relative_margin: 0.001 }\n`;
    const { propose, decide } = await governed(test, { [POLICY_PATH]: overridden });
    const next = overridden.replace("min: 0.8", "min: 0.6").replace("margin: 0.001", "margin: 0.004");
    propose({ [POLICY_PATH]: `# two comments\n# before it\n${next}` });
    const { results } = await decide();
    const guard = results.find(({ gate }) => gate === "CORE-17");
    const lines = next.split("\n");
    const lineOf = (text: string) => 3 + lines.findIndex((line) => line.includes(text));
    assert.deepEqual(
      guard?.findings.map(({ message, place }) => [message, place?.path, place?.line]),
      [
        ["PERF-02: with.relative_margin 0.001 → 0.004", POLICY_PATH, lineOf("margin: 0.004")],
        ["auc-floor: with.min 0.8 → 0.6", POLICY_PATH, lineOf("min: 0.6")],
      ],
    );
  });

  it("C1: what it takes out has no line any more, and is told all the same", async (test) => {
    const overridden = `${POLICY}  - id: PERF-02\n    with: { relative_margin: 0.001 }\n`;
    const { propose, decide } = await governed(test, { [POLICY_PATH]: overridden });
    propose({ [POLICY_PATH]: POLICY });
    const { results } = await decide();
    const guard = results.find(({ gate }) => gate === "CORE-17");
    assert.equal(guard?.outcome, "fail");
    assert.deepEqual(guard?.findings[0]?.place, { path: POLICY_PATH });
  });

  it("C1: may be tightened by a change, which is judged by the old one still", async (test) => {
    const { propose, decide } = await governed(test);
    propose({
      ...modelFiles({ version: 2, auc: 0.86 }),
      [POLICY_PATH]: POLICY.replace("min: 0.8", "min: 0.9"),
    });
    const record = await decide();
    assert.equal(record.verdict, "pass");
    assert.equal(record.input.policyChange?.differences[0]?.effect, "tightened");
  });

  it("C1: is not loosened by a workflow or a waiver either, both are named", async (test) => {
    const { propose, decide } = await governed(test, {
      ".github/workflows/w.yml": "uses: acme/weighbridge@x\n",
    });
    propose({
      ".github/workflows/w.yml": "uses: evil/weighbridge@x\n",
      ".github/workflows/ci.yml": "on: push\n",
      [WAIVER_PATH]: "weighbridge: 1\n",
    });
    const record = await decide();
    assert.deepEqual(
      record.input.policyChange?.files.map(({ path, kind }) => [path, kind]),
      [
        [".github/workflows/w.yml", "workflow"],
        [WAIVER_PATH, "waiver"],
      ],
    );
    assert.deepEqual(closedBy(record), ["CORE-17: fail"]);
  });

  const weighing = `on: pull_request
jobs:
  weigh:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/weighbridge@${"a".repeat(40)}
`;
  const workflows: readonly (readonly [name: string, after: string | undefined, codes: readonly string[]])[] =
    [
      ["deleted", undefined, ["WORKFLOW_LOOSENED"]],
      ["let pass whatever it says", `${weighing}        continue-on-error: true\n`, ["WORKFLOW_LOOSENED"]],
      ["only commented", `# Asks for approval.\n${weighing}`, []],
    ];
  for (const [name, after, codes] of workflows) {
    const outcome = codes.length === 0 ? "passes" : "closes";
    it(`C1: ${outcome} where the workflow that weighs is ${name} and nobody can be asked`, async (test) => {
      const path = ".github/workflows/w.yml";
      const { propose, decide } = await governed(test, { [path]: weighing });
      if (after === undefined) propose({}, ({ git }) => git("rm", "--quiet", path));
      else propose({ [path]: after });
      const record = await decide();
      assert.deepEqual([codesOf(record), record.verdict], [codes, codes.length === 0 ? "pass" : "fail"]);
    });
  }

  const removals: readonly (readonly [name: string, files: Files, git: readonly string[]])[] = [
    ["deleted", {}, ["rm", "--quiet", POLICY_PATH]],
    ["renamed", {}, ["mv", POLICY_PATH, ".weighbridge/policy.yaml"]],
    ["moved to .github", {}, ["mv", POLICY_PATH, ".github/weighbridge.yml"]],
    ["joined by a second", { ".weighbridge.yml": LOOSE }, ["status"]],
  ];
  for (const [name, files, git] of removals) {
    it(`C2: ${name} by the change, decides still, and the change is closed for it`, async (test) => {
      const { propose, decide } = await governed(test, { ".github/keep": "" });
      propose({ ...WEAK, ...files }, (scratch) => scratch.git(...git));
      const record = await decide();
      assert.equal(record.input.policy.name, "acme-credit");
      assert.deepEqual(closedBy(record), ["CORE-17: fail", "PERF-02: fail", "auc-floor: fail"]);
    });
  }

  it("C2: in two places of the base, is no policy to judge by", async (test) => {
    const { propose, decide } = await governed(test, { ".github/weighbridge.yml": LOOSE });
    propose(WEAK);
    await assert.rejects(decide(), { name: "GateError", code: "POLICY_AMBIGUOUS" });
  });

  it("C3: that is missing, is not made good by one in the head: the record says advisory, and nothing closes", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    scratch.git("rm", "--quiet", POLICY_PATH);
    scratch.commit("no policy");
    propose({ ...WEAK, [POLICY_PATH]: POLICY });
    const record = await decide();
    assert.deepEqual([record.input.policy.mode, record.input.policy.path], ["advisory", undefined]);
    assert.deepEqual([record.verdict, closedBy(record)], ["pass", []]);
    assert.ok(record.results.some(({ outcome, severity }) => outcome === "fail" && severity === "warn"));
  });

  const broken: readonly (readonly [name: string, text: string, code: string, line: number])[] = [
    ["is no YAML", `${POLICY}gates: [\n`, "YAML_SYNTAX", 15],
    ["has an unknown key", `${POLICY}    sevrity: block\n`, "POLICY_INVALID", 14],
    ["has a key twice", `${POLICY}gates: []\n`, "YAML_DUPLICATE_KEY", 14],
    ["has an anchor bomb", `${POLICY}x: &a [&b [1, 1], *b]\n`, "YAML_ALIAS", 14],
    ["has a threshold that is no number", POLICY.replace("min: 0.8", "min: .nan"), "ARGUMENT_INVALID", 12],
    ["has a threshold that is text", POLICY.replace("min: 0.8", 'min: "0.8"'), "ARGUMENT_INVALID", 12],
  ];
  for (const [name, text, code, line] of broken) {
    it(`C4: that ${name}, is an error with its line, never a default`, async (test) => {
      const { propose, decide } = await governed(test, { [POLICY_PATH]: text });
      propose(modelFiles({ version: 2, auc: 0.99 }));
      await assert.rejects(decide(), (error: { code: string; place: { path: string; line: number } }) => {
        assert.deepEqual([error.code, error.place.path, error.place.line], [code, POLICY_PATH, line]);
        return true;
      });
    });
  }

  it("C4: that only the change breaks, decides still, and closes the change", async (test) => {
    const { propose, decide } = await governed(test);
    propose({ ...modelFiles({ version: 2, auc: 0.9 }), [POLICY_PATH]: "weighbridge: 1\nweighbridge: 1\n" });
    const record = await decide();
    assert.deepEqual(closedBy(record), ["CORE-17: fail"]);
    assert.equal(record.input.policyChange?.unreadable?.code, "YAML_DUPLICATE_KEY");
  });

  for (const name of ["WVR-2026-0001.yaml", "wvr-2026-0001.yml", "WVR-1.yml", "WVR-2026-0001.yml/a"]) {
    it(`C4: with which a waiver ${name} could not be loaded, closes the change that brings it`, async (test) => {
      const { propose, decide } = await governed(test);
      propose({ [`.weighbridge/waivers/${name}`]: "weighbridge: 1\n" });
      const record = await decide();
      assert.deepEqual(closedBy(record), ["CORE-17: fail"]);
      assert.equal(record.input.policyChange?.unreadable?.code, "WAIVER_MISPLACED");
    });
  }

  it("C4: with which a submodule stands for a waiver, closes the change that brings it", async (test) => {
    const { propose, decide } = await governed(test);
    propose({}, ({ directory, git }) => {
      const commit = git("rev-parse", "HEAD");
      mkdirSync(join(directory, WAIVER_PATH), { recursive: true });
      git("update-index", "--add", "--cacheinfo", `160000,${commit},${WAIVER_PATH}`);
    });
    const record = await decide();
    assert.deepEqual(closedBy(record), ["CORE-17: fail"]);
    assert.equal(record.input.policyChange?.unreadable?.code, "PATH_UNSAFE");
  });

  it("C8: that weakens what it extends, does not load", async (test) => {
    const weakenings = [
      "  - { id: CORE-02, severity: warn }\n",
      "  - { id: PERF-02, with: { relative_margin: 0.5 } }\n",
      "  - { id: CORE-05, waivable: true }\n",
      "  - { id: SUP-01, on_inconclusive: open }\n",
    ];
    for (const gate of weakenings) {
      const { propose, decide } = await governed(test, { [POLICY_PATH]: POLICY + gate });
      propose(WEAK);
      await assert.rejects(decide(), { name: "GateError", code: "POLICY_WEAKENS" }, gate);
    }
  });

  it("C9: that names a role which is not there, does not load", async (test) => {
    const text = POLICY.replace("users: [rita]", "users: [rita], exclusive_with: [qa]");
    const { propose, decide } = await governed(test, { [POLICY_PATH]: text });
    propose(WEAK);
    await assert.rejects(decide(), { name: "GateError", code: "POLICY_INVALID" });
  });

  it("C10: none of whose gates applies, is an error and not a pass", async (test) => {
    const gate = `{ id: retired-only, rule: manifest.valid, severity: block, when: 'model.class == "E"' }`;
    const text = `weighbridge: 1\npolicy: { name: thin, version: 1.0.0 }\ngates:\n  - ${gate}\n`;
    const { propose, decide } = await governed(test, { [POLICY_PATH]: text });
    propose(modelFiles({ version: 2, auc: 0.9 }));
    const record = await decide();
    assert.deepEqual([record.verdict, closedBy(record)], ["error", ["gates.complete: error"]]);
  });

  it("C10: that knows a model which nobody finds in its changed folder, is an error", async (test) => {
    const more = "  - { id: scoring, path: services/scoring, tier: T3 }\n";
    const text = POLICY.replace("gates:\n", `${more}gates:\n`);
    const { propose, decide } = await governed(test, {
      [POLICY_PATH]: text,
      "services/scoring/run.py": "1\n",
    });
    propose({ "services/scoring/run.py": "2\n" });
    const record = await decide();
    assert.deepEqual([record.verdict, closedBy(record)], ["error", ["CORE-18: error"]]);
  });
});

describe("the base that a change wants to enter", { concurrency: 2 }, () => {
  it("C11: decides: a retargeted change is judged by the other branch's policy, and its old subject is void", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    scratch.git("checkout", "--quiet", "-b", "experiments");
    scratch.commit("looser here", {
      [POLICY_PATH]: POLICY.replace("min: 0.8", "min: 0.6").replace(", performance@1", ""),
    });
    propose(WEAK);
    const [strict, loose] = [await decide(), await decide({ base: "experiments" })];
    assert.deepEqual([strict.verdict, loose.verdict], ["fail", "pass"]);
    assert.equal(strict.input.change.head, loose.input.change.head);
    assert.notEqual(strict.digests.policy, loose.digests.policy);
    assert.notEqual(strict.digests.subject, loose.digests.subject);
    assert.equal(strict.digests.evidence, loose.digests.evidence);
  });

  it("C12: decides as it stands now: tightened meanwhile, it refuses what it would have let in", async (test) => {
    const { propose, decide, scratch } = await governed(test);
    const head = propose(modelFiles({ version: 2, auc: 0.86 }));
    const before = await decide();
    scratch.git("checkout", "--quiet", "main");
    scratch.commit("tighter", { [POLICY_PATH]: POLICY.replace("min: 0.8", "min: 0.9") });
    const after = await decide({ head });
    assert.deepEqual([before.verdict, after.verdict], ["pass", "fail"]);
    assert.deepEqual(closedBy(after), ["auc-floor: fail"]);
    assert.equal(after.input.change.mergeBase, before.input.change.mergeBase);
    assert.notEqual(after.digests.subject, before.digests.subject);
  });
});

/** GitHub's contents API as far as a parent needs it; the paths that were asked for. */
async function serve(
  test: TestContext,
  listener: RequestListener,
): Promise<{ apiUrl: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => server.close());
  return { apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const COMMIT = "c".repeat(40);

function parentAt(path: string, commit = COMMIT): string {
  return `acme/policies//${path}@${commit}`;
}

function extending(...parents: string[]): Files {
  return {
    [POLICY_PATH]: POLICY.replace("extends: [", `extends: [${parents.map((p) => `"${p}"`).join(", ")}, `),
  };
}

function parentText(name: string, ...parents: string[]): string {
  const list = parents.map((parent) => `"${parent}"`).join(", ");
  return `weighbridge: 1\npolicy: { name: ${name}, version: 1.0.0 }\nextends: [${list}]\n`;
}

describe("a parent in another repository", { concurrency: 2 }, () => {
  it("is read at its commit and recorded with its digest", async (test) => {
    const { apiUrl, asked } = await serve(test, (_, response) => {
      response.end(`${parentText("house")}gates:
  - { id: floor, rule: metric.floor, with: { metric: roc_auc, dataset: holdout, min: 0.9 } }\n`);
    });
    const { propose, decide } = await governed(test, extending(parentAt("base.yml")));
    propose(modelFiles({ version: 2, auc: 0.86 }));
    const record = await decide({ apiUrl });
    assert.deepEqual(asked, [`/repos/acme/policies/contents/base.yml?ref=${COMMIT}`]);
    assert.deepEqual(closedBy(record), ["floor: fail"]);
    assert.ok(record.input.policy.sources.some(({ name }) => name === parentAt("base.yml")));
  });

  const outages: readonly (readonly [name: string, listener: RequestListener])[] = [
    ["is not there", (_, response) => response.writeHead(404).end()],
    ["is forbidden", (_, response) => response.writeHead(403).end()],
    ["is limited", (_, response) => response.writeHead(429, { "retry-after": "60" }).end()],
    ["cannot be served", (_, response) => response.writeHead(502).end("<html>Bad gateway</html>")],
    [
      "is somewhere else",
      (_, response) => response.writeHead(302, { location: "https://example.com/" }).end(),
    ],
    ["breaks off", (_, response) => response.destroy()],
    ["is larger than a policy can be", (_, response) => response.end("#".repeat(2_000_000))],
  ];
  for (const [name, listener] of outages) {
    it(`C5: that ${name}, leaves the change without a verdict`, async (test) => {
      const { apiUrl } = await serve(test, listener);
      const { propose, decide } = await governed(test, extending(parentAt("base.yml")));
      propose(modelFiles({ version: 2, auc: 0.99 }));
      await assert.rejects(decide({ apiUrl }), { name: "GateError", code: "PARENT_UNAVAILABLE" });
    });
  }

  it("C6: at a branch or a tag, is refused, for it would mean something else tomorrow", async (test) => {
    for (const revision of ["main", "v1", "ccccccc"]) {
      const { propose, decide } = await governed(test, extending(parentAt("base.yml", revision)));
      propose(WEAK);
      await assert.rejects(decide(), { name: "GateError", code: "PARENT_NOT_PINNED" }, revision);
    }
  });

  it("C7: that extends itself by way of another, is a circle", async (test) => {
    const { apiUrl } = await serve(test, ({ url = "" }, response) => {
      response.end(
        url.includes("a.yml") ? parentText("a", parentAt("b.yml")) : parentText("b", parentAt("a.yml")),
      );
    });
    const { propose, decide } = await governed(test, extending(parentAt("a.yml")));
    propose(WEAK);
    await assert.rejects(decide({ apiUrl }), { name: "GateError", code: "POLICY_CYCLE" });
  });

  it("C7: that never ends, is too deep", async (test) => {
    const { apiUrl, asked } = await serve(test, ({ url = "" }, response) => {
      const depth = Number(/(\d+)\.yml/.exec(url)?.[1]);
      response.end(parentText(`p${depth}`, parentAt(`${depth + 1}.yml`)));
    });
    const { propose, decide } = await governed(test, extending(parentAt("1.yml")));
    propose(WEAK);
    await assert.rejects(decide({ apiUrl }), { name: "GateError", code: "POLICY_DEPTH" });
    assert.ok(asked.length < 20, `${asked.length} requests`);
  });

  it("C7: that two others extend, is read once", async (test) => {
    const { apiUrl, asked } = await serve(test, ({ url = "" }, response) => {
      response.end(url.includes("top.yml") ? parentText("top") : parentText("side", parentAt("top.yml")));
    });
    const { propose, decide } = await governed(test, extending(parentAt("left.yml"), parentAt("right.yml")));
    propose(modelFiles({ version: 2, auc: 0.86 }));
    assert.equal((await decide({ apiUrl })).verdict, "pass");
    assert.equal(asked.filter((url) => url.includes("top.yml")).length, 1);
  });
});

describe("a policy that is no plain file", () => {
  it("C47: but a link, is never followed, at the base or in a preview", async (test) => {
    const { propose, decide } = await governed(test, { "elsewhere.yml": LOOSE });
    const linked = propose(WEAK, ({ directory }) => {
      rmSync(join(directory, POLICY_PATH));
      symlinkSync("../elsewhere.yml", join(directory, POLICY_PATH));
    });
    const preview = await decide();
    assert.deepEqual(closedBy(preview), ["CORE-17: fail", "PERF-02: fail", "auc-floor: fail"]);
    assert.equal(preview.input.policyChange?.unreadable?.code, "PATH_UNSAFE");
    await assert.rejects(decide({ base: linked }), { name: "GateError", code: "PATH_UNSAFE" });
  });
});
