import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Outcome } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Gate } from "../../gate/model/gate.ts";
import type { PolicyDifference } from "../../gate/model/policy.ts";
import type { Tier } from "../../gate/model/tier.ts";
import { diffPolicies } from "../../gate/policy/diff.ts";
import type { GateDocument } from "../../gate/policy/document.ts";
import { compareFacets, type Facets } from "../../gate/policy/facets.ts";
import { gateFacets } from "../../gate/policy/gate-facets.ts";
import { inherit, type Lineage } from "../../gate/policy/inherit.ts";
import { compareStrictness } from "../../gate/policy/strictness.ts";
import { runVector } from "../../gate/policy/vectors.ts";
import { RULES } from "../../gate/rules/index.ts";
import { changes, fileOf, settledGate, situations, wholeGates } from "../policy/gates.ts";
import { refusalOf } from "../policy/refusal.ts";

const RUNS = 100;

/** Every value of a small world, for each way of being stricter. */
const WORLDS = [
  { tighter: { kind: "higher" }, values: [undefined, 1, 2, 3] },
  { tighter: { kind: "higher", default: 2 }, values: [undefined, 1, 2, 3] },
  { tighter: { kind: "lower" }, values: [undefined, 1, 2, 3] },
  { tighter: { kind: "lower", default: 2 }, values: [undefined, 1, 2, 3] },
  { tighter: { kind: "subset" }, values: [undefined, [], ["a"], ["b"], ["a", "b"], ["b", "a"]] },
  { tighter: { kind: "superset" }, values: [undefined, [], ["a"], ["b"], ["a", "b"], ["b", "a"]] },
  { tighter: { kind: "superset", default: ["a"] }, values: [undefined, [], ["a"], ["b"], ["a", "b"]] },
  {
    tighter: { kind: "order", words: ["info", "warn", "block"] },
    values: [undefined, "info", "warn", "block", "odd"],
  },
  { tighter: { kind: "same" }, values: [undefined, "a", "b"] },
] as const;

describe("being stricter", () => {
  for (const { tighter, values } of WORLDS) {
    const compare = (a: unknown, b: unknown) => compareStrictness(tighter, a, b);
    const holds = (a: unknown, b: unknown) => compare(a, b) !== "looser";

    it(`is a partial order where ${JSON.stringify(tighter)}`, () => {
      for (const a of values) {
        assert.equal(compare(a, a), "same");
        for (const b of values) {
          assert.equal(compare(a, b) === "same", compare(b, a) === "same");
          assert.ok(!(compare(a, b) === "stricter" && holds(b, a)), `${a} and ${b} are each stricter`);
          for (const c of values) {
            if (holds(a, b) && holds(b, c)) assert.ok(holds(a, c), `${a} to ${b} to ${c}`);
          }
        }
      }
    });
  }

  it("is a partial order of whole gates, too", () => {
    fc.assert(
      fc.property(
        wholeGates.chain((gate) => fc.tuple(fc.constant(gate), changes(ruleOf(gate)), changes(ruleOf(gate)))),
        ([gate, one, two]) => {
          const a = facets(gate);
          const b = new Map([...a, ...facets(gate, one)]);
          const c = new Map([...b, ...facets(gate, two)]);
          assert.deepEqual(compareFacets(a, a), []);
          if (tightens(a, b) && tightens(b, c)) assert.ok(tightens(a, c));
          if (tightens(a, b) && tightens(b, a)) assert.deepEqual(compareFacets(a, b), []);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe("inherit()", () => {
  it("gives a child that restates its parent's gate just what the child states", () => {
    fc.assert(
      fc.property(parentAndChange(), ([gate, change]) => {
        const parent = fileOf("parent", [gate]);
        const accepted = tryInherit(fileOf("child", [change], [parent]));
        fc.pre(accepted !== undefined);
        const { onInconclusive, waivable, severity, with: values, when, rule } = accepted;
        const whole = { ...gate, onInconclusive, waivable, severity, with: values };
        const restated = settledGate(fileOf("child", [whole], [parent]));
        assert.deepEqual(restated, accepted);
        const alone = settledGate(fileOf("child", [whole]));
        assert.deepEqual(
          { ...alone, origin: "", place: {}, why: "" },
          { ...restated, origin: "", place: {}, why: "" },
        );
        assert.deepEqual([when, rule], [gate.when, gate.rule]);
      }),
      { numRuns: RUNS },
    );
  });

  it("gives a child without gates of its own just what its parent states", () => {
    fc.assert(
      fc.property(wholeGates, (gate) => {
        const parent = fileOf("parent", [gate]);
        assert.deepEqual(settledGate(fileOf("child", [], [parent])), settledGate(parent));
      }),
      { numRuns: RUNS },
    );
  });

  it("refuses every child that is weaker in one single part", () => {
    fc.assert(
      fc.property(wholeGates, fc.nat(), (gate, pick) => {
        const weaker = weakenings(gate);
        fc.pre(weaker.length > 0);
        const change = weaker[pick % weaker.length] ?? assert.fail();
        const { code } = refusalOf(() => inherit(fileOf("child", [change], [fileOf("parent", [gate])])));
        assert.equal(code, "POLICY_WEAKENS");
      }),
      { numRuns: RUNS },
    );
  });

  it("lists as tightenings just what a diff of parent and child calls tightened", () => {
    fc.assert(
      fc.property(parentAndChange(), ([gate, change]) => {
        const parent = fileOf("parent", [gate]);
        const child = fileOf("child", [change], [parent]);
        fc.pre(tryInherit(child) !== undefined);
        const { policy } = inherit(child);
        const differences = diffPolicies(inherit(parent).policy, policy);
        // The one thing that a child may do and that is more than it had: to be the first who lets somebody in.
        const isFirst = ({ what, from }: PolicyDifference) => what === "with.workflows" && from === "none";
        const said = differences.filter(({ what }) => what !== "why").filter((each) => !isFirst(each));
        for (const { effect } of differences.filter(isFirst)) assert.equal(effect, "loosened");
        assert.deepEqual(
          said.map(({ what, effect }) => [what, effect]),
          policy.tightenings.map(({ what }) => [what, "tightened"]),
        );
      }),
      { numRuns: RUNS },
    );
  });

  it("makes of two parents what is at least as strict as each", () => {
    fc.assert(
      fc.property(parentAndChange(), ([gate, change]) => {
        const root = fileOf("root", [gate]);
        const left = fileOf("left", [change], [root]);
        fc.pre(tryInherit(left) !== undefined);
        const other = fileOf("right", [
          { ...gate, with: { ...gate.with, ...change.with }, severity: gate.severity },
        ]);
        const both = tryInherit(fileOf("child", [], [left, other]));
        fc.pre(both !== undefined);
        for (const parent of [left, other]) {
          assert.ok(tightens(settledFacets(settledGate(parent)), settledFacets(both)));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("never lets a child open what its parent keeps closed", () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        parentAndChange(),
        fc.array(situations, { minLength: 3, maxLength: 6 }),
        ([gate, change], all) => {
          const parent = fileOf("parent", [gate]);
          const child = tryInherit(fileOf("child", [change], [parent]));
          fc.pre(child !== undefined);
          accepted += 1;
          for (const given of all) {
            const [before, after] = [settledGate(parent), child].map((each) => {
              return runVector(each, { name: "situation", given, outcome: "pass" }).judgement.outcome;
            });
            if (closes(settledGate(parent), before, given.tier)) {
              assert.ok(
                closes(child, after, given.tier),
                `${before} became ${after}: ${JSON.stringify(given)}`,
              );
            }
          }
        },
      ),
      { numRuns: 3 * RUNS },
    );
    assert.ok(accepted > RUNS, `only ${accepted} children were accepted`);
  });
});

function parentAndChange(): fc.Arbitrary<readonly [GateDocument, GateDocument]> {
  return wholeGates.chain((gate) => changes(ruleOf(gate)).map((change) => [gate, change] as const));
}

function ruleOf({ rule }: GateDocument): string {
  return rule ?? assert.fail("the gate names no rule");
}

function facets(gate: GateDocument, parts: GateDocument = gate): Facets {
  const rule = RULES.get(ruleOf(gate)) ?? assert.fail("the gate names an unknown rule");
  return gateFacets(parts, rule);
}

function settledFacets(gate: Gate): Facets {
  return gateFacets(gate, RULES.get(gate.rule) ?? assert.fail("the gate names an unknown rule"));
}

function tightens(from: Facets, to: Facets): boolean {
  return compareFacets(from, to).every(({ effect }) => effect === "tightened");
}

/** The gate as a child leaves it; undefined where the child is refused for being weaker, or parents disagree. */
function tryInherit(lineage: Lineage): Gate | undefined {
  try {
    return settledGate(lineage);
  } catch (error) {
    const refused = error instanceof GateError && /^POLICY_(?:WEAKENS|CONFLICT)$/.test(error.code);
    if (!refused) throw error;
    return undefined;
  }
}

const OPEN: readonly (Outcome | undefined)[] = ["pass", "not_applicable"];

function closes(gate: Gate, outcome: Outcome | undefined, tier: Tier = "T2"): boolean {
  if (gate.severity[tier] !== "block" || OPEN.includes(outcome)) return false;
  return outcome !== "inconclusive" || gate.onInconclusive === "close";
}

/** Children that change one part of the gate, and for the worse. */
function weakenings(gate: GateDocument): readonly GateDocument[] {
  const bare = { id: "g", mapsTo: [], testVectors: [], with: {}, severity: {} } satisfies GateDocument;
  const parts: GateDocument[] = [];
  for (const [tier, word] of Object.entries(gate.severity)) {
    if (word !== "info") parts.push({ ...bare, severity: { [tier]: "info" } });
  }
  if (gate.waivable === false) parts.push({ ...bare, waivable: true });
  if (gate.onInconclusive === "close") parts.push({ ...bare, onInconclusive: "open" });
  parts.push({ ...bare, when: `${gate.when ?? "true"} && model.status == "production"` });
  parts.push({ ...bare, rule: gate.rule === "manifest.valid" ? "data.pinned" : "manifest.valid" });
  for (const [name, value] of Object.entries(gate.with)) {
    const weaker = weakerArgument(gate, name, value);
    if (weaker !== undefined) parts.push({ ...bare, with: { [name]: weaker } });
  }
  return parts;
}

function weakerArgument(gate: GateDocument, name: string, value: unknown): unknown {
  const tighter = RULES.get(ruleOf(gate))?.parameters[name]?.tighter ?? assert.fail(`${name} is no argument`);
  switch (tighter.kind) {
    case "higher":
      return name === "level" ? 0.5 : name === "min_words" ? undefined : Number(value) - 0.5;
    case "lower":
      return name === "relative_margin" ? 1 : Number(value) + 1;
    case "subset":
      return [
        ...(value as string[]),
        name === "workflows" ? "acme/x/.github/workflows/y.yml@main" : "torch-zip",
      ];
    case "superset":
      return (value as string[]).length > 1 ? (value as string[]).slice(1) : undefined;
    case "by-tier": {
      const [tier, word] = Object.entries(Object(value))[0] ?? assert.fail("the map is empty");
      if (Array.isArray(word)) return word.length > 0 ? { [tier]: word.slice(1) } : undefined;
      if (tighter.each.kind === "higher") return Number(word) > 1 ? { [tier]: Number(word) - 1 } : undefined;
      if (typeof word === "number") return { [tier]: word + 1 };
      return word === "declared" ? undefined : { [tier]: "declared" };
    }
    default:
      return undefined;
  }
}
