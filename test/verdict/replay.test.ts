import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { Evidence } from "../../gate/model/evidence.ts";
import { canonical, digestOf } from "../../gate/parse/canonical.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { parseDecision, replay } from "../../gate/verdict/replay.ts";
import { RECORDS } from "../report/records.ts";
import { HEAD_DIGEST, metric, model } from "../rules/view.ts";
import { input } from "./gates.ts";

function parse(record: unknown, path = "decision.json"): DecisionRecord {
  return parseDecision(Buffer.from(canonical(record)), path);
}

const GOLDEN = new URL("../report/golden/", import.meta.url);
const goldens = readdirSync(GOLDEN).filter((name) => name.endsWith(".json"));

const { source } = metric();
const place = { path: "dvc.lock", line: 4 };
const fact = { model: "m", side: "head", trust: "ci", subject: HEAD_DIGEST, source } as const;

/** One of each kind, with all that it may have. */
const EVIDENCE: readonly Evidence[] = [
  metric({
    slice: { sex: "F" },
    n: 40,
    positives: 4,
    ci: { low: 0.7, high: 0.9, level: 0.95 },
    value: "NaN",
  }),
  {
    ...{ ...fact, kind: "artifact", path: "m.pkl" },
    scan: {
      ...{ path: "m.pkl", format: "pickle", size: 4, sha256: "0".repeat(64), complete: false },
      findings: [{ code: "PICKLE", severity: "fail", where: "", message: "a pickle" }],
    },
  },
  {
    ...{ ...fact, kind: "card", path: "README.md", frontMatter: ["license"] },
    sections: [{ title: "Use", line: 3, words: 0, placeholder: "TODO" }],
    claims: [{ metric: "roc_auc", dataset: "holdout", value: 0.8, line: 9 }],
  },
  { ...fact, kind: "dataset", name: "holdout", role: "test", path: "d.csv", digest: HEAD_DIGEST, line: 2 },
  {
    ...fact,
    kind: "lock",
    path: "dvc.lock",
    stage: "train",
    makes: ["m.bin"],
    mismatches: [{ message: "differs", place }],
  },
];

/** Every record that a test has, and one of each kind of evidence. */
const records: Readonly<Record<string, DecisionRecord>> = {
  ...RECORDS,
  decided: decide(input()),
  evidence: decide(input({ evidence: EVIDENCE })),
  files: decide(
    input({
      change: {
        ...{ base: "1", mergeBase: "1", head: "worktree", models: [model()] },
        files: [
          {
            ...{ status: "renamed", path: "b\udc80", previousPath: "a" },
            base: { path: "a", kind: "file", oid: "0".repeat(40) },
            head: { path: "b\udc80", kind: "executable", oid: "1".repeat(64) },
          },
        ],
      },
    }),
  ),
};

describe("parseDecision()", () => {
  for (const [name, record] of Object.entries(records)) {
    it(`reads the record ${name}, with the bytes that it had`, () => {
      assert.equal(canonical(parse(record)), canonical(record));
    });
  }

  for (const name of goldens) {
    it(`reads golden/${name}`, () => {
      const bytes = readFileSync(new URL(name, GOLDEN));
      assert.equal(`${canonical(parseDecision(bytes, name))}\n`, bytes.toString());
    });
  }

  it("refuses a key that is not known, wherever it stands", () => {
    const kinds = new Set<string>();
    for (const [name, record] of Object.entries(records)) {
      for (const steps of objectsIn(record)) {
        const kind = steps.filter((step) => !/^\d+$/.test(step)).join("/");
        if (name !== "evidence" && kinds.has(kind)) continue;
        kinds.add(kind);
        const changed = structuredClone(record);
        Object.assign(at(changed, steps), { unknown: true });
        assert.throws(() => parse(changed), { code: "DECISION_INVALID" }, `${name} ${steps.join("/")}`);
      }
    }
    assert.ok(kinds.size > 50, `${kinds.size}`);
  });

  const wrong: readonly (readonly [name: string, steps: readonly string[], value: unknown, says: RegExp])[] =
    [
      ["another format", ["schema"], "weighbridge/decision/v2", /: schema is "weighbridge\/decision\/v2"/],
      ["an unknown verdict", ["verdict"], "passed", /: verdict is "passed" \(did you mean "pass"\?\)/],
      ["a digest of nothing", ["digests", "policy"], "sha256:0", /: digests\.policy is "sha256:0"/],
      ["a severity of its own", ["results", "0", "severity"], "none", /severity is "none"/],
      ["a gate that half closes", ["results", "0", "closes"], "no", /closes is "no", expected true or false/],
      ["a class beyond E", ["input", "change", "models", "0", "changeClass"], "F", /changeClass is "F"/],
      ["a time that is none", ["input", "now"], "yesterday", /input\.now is "yesterday"/],
      ["evidence of no kind", ["input", "evidence", "0", "kind"], "rumour", /kind is "rumour"/],
      ["no results at all", ["results"], undefined, /lacks the key "results"/],
    ];
  for (const [name, steps, value, says] of wrong) {
    it(`refuses ${name}, with the place and what to give instead`, () => {
      const changed = structuredClone(RECORDS.fail);
      Object.assign(at(changed, steps.slice(0, -1)), { [steps.at(-1) ?? ""]: value });
      assert.throws(
        () => parse(changed, "kept/decision.json"),
        (error: { code: string; message: string; place: { line: number; column: number }; fix: string }) => {
          assert.equal(error.code, "DECISION_INVALID");
          assert.match(error.message, /^Cannot read kept\/decision\.json as a weighbridge\/decision\/v1: /);
          assert.match(error.message, says);
          assert.ok(error.place.line === 1 && error.place.column > 0);
          assert.match(error.fix, /weighbridge check --format json/);
          return true;
        },
      );
    });
  }
});

describe("replay()", () => {
  const honest = records.evidence!;
  /** A record with one member set otherwise, under a digest that fits. */
  const forged = (steps: readonly string[], value: unknown, engine: string): DecisionRecord => {
    const { digest: _, ...content } = structuredClone(honest);
    Object.assign(at(content, steps.slice(0, -1)), { [steps.at(-1) ?? ""]: value });
    const judged = { ...content, engine };
    return { ...judged, digest: digestOf(judged) };
  };

  it("holds for what was decided, from its bytes, and by another engine that decides the same", () => {
    for (const engine of [honest.engine, "9.9.9"]) {
      const { holds, differences } = replay(parse(forged(["engine"], engine, engine)));
      assert.deepEqual([holds, differences], [true, []]);
    }
  });

  const { verdict, digests, models, results } = honest;
  const floor = results.find(({ gate }) => gate === "auc-floor");
  const other = digestOf("other");
  const says: readonly (readonly [steps: readonly string[], value: unknown, difference: string])[] = [
    [["verdict"], "pass", `verdict: the record says "pass", this engine says "${verdict}"`],
    ...(["change", "policy", "evidence", "subject"] as const).map((name) => {
      const difference = `digests, ${name}: the record says "${other}", this engine says "${digests[name]}"`;
      return [["digests", name], other, difference] as const;
    }),
    [
      ["models", "0", "tier"],
      "T4",
      `model m, tier: the record says "T4", this engine says "${models[0]?.tier}"`,
    ],
    [
      ["results", "1", "severity"],
      "info",
      `gate auc-floor of m, severity: the record says "info", this engine says "block"`,
    ],
    [
      ["results", "1", "findings"],
      [{ code: "X", message: "x" }],
      `gate auc-floor of m, findings.0.code: the record says "X", this engine says "${floor?.findings[0]?.code}"`,
    ],
    [["votes"], [], "votes: the record says [], this engine says nothing"],
  ];
  for (const [steps, value, difference] of says) {
    for (const engine of [honest.engine, "9.9.9"]) {
      it(`tells that ${steps.join(".")} was forged in a record of ${engine}`, () => {
        const { holds, differences } = replay(parse(forged(steps, value, engine)));
        assert.equal(holds, false);
        assert.ok(differences.includes(difference), differences.join("\n"));
      });
    }
  }

  it("tells a result that was taken out, put in twice or put elsewhere", () => {
    const name = "gate auc-floor of m";
    const taken = replay(
      forged(
        ["results"],
        results.filter((result) => result !== floor),
        "9.9.9",
      ),
    );
    assert.match(
      taken.differences.join(),
      new RegExp(`^${name}: the record says nothing, this engine says {`),
    );
    const twice = replay(forged(["results"], [...results, floor], "9.9.9"));
    assert.ok(twice.differences.join().startsWith(`${name} (2): the record says {`));
    assert.ok(twice.differences.every((difference) => difference.length < 500));
    const turned = replay(forged(["results"], results.toReversed(), "9.9.9"));
    assert.deepEqual(turned.differences, ["its models or its results stand in another order"]);
  });

  it("tells at most a hundred differences, and how many more there are", () => {
    const many = Array.from({ length: 150 }, (_, index) => ({ ...floor, gate: `G-${index}` }));
    const { differences } = replay(forged(["results"], [...results, ...many], "9.9.9"));
    assert.deepEqual([differences.length, differences.at(-1)], [101, "and 50 more differences"]);
  });
});

/** The way to every map of a value; arguments of rules have schemas of their own. */
function* objectsIn(value: unknown, steps: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== "object" || value === null || steps.at(-1) === "with") return;
  if (!Array.isArray(value)) yield steps;
  for (const [key, member] of Object.entries(value)) yield* objectsIn(member, [...steps, key]);
}

function at(value: object, steps: readonly string[]): object {
  return steps.reduce((part, step) => new Map(Object.entries(part)).get(step) ?? {}, value);
}
