import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Outcome } from "../../gate/model/decision.ts";
import type { MetricEvidence } from "../../gate/model/evidence.ts";
import type { Gate, Severity } from "../../gate/model/gate.ts";
import { TIERS } from "../../gate/model/tier.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { metric, OTHER_DIGEST, policy } from "../rules/view.ts";
import { gate, input } from "../verdict/gates.ts";

const value = fc.oneof(
  fc.double({ min: -2, max: 2, noNaN: true }),
  fc.constantFrom("NaN" as const, "Infinity" as const),
);

/** Evidence of one metric, of any side, trust, dataset, interval and subject. */
const item: fc.Arbitrary<MetricEvidence> = fc
  .record({
    side: fc.constantFrom("base" as const, "head" as const),
    trust: fc.constantFrom("declared" as const, "ci" as const),
    dataset: fc.constantFrom("holdout", "recent"),
    value,
    width: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    level: fc.constantFrom(0.9, 0.95, 0.99),
  })
  .map(({ width, level, ...rest }) => {
    const estimate = typeof rest.value === "number" ? rest.value : 0;
    const ci = width === null ? {} : { ci: { low: estimate - width, high: estimate + width, level } };
    return metric({ ...rest, ...ci });
  });

const number = fc.double({ min: -1, max: 1, noNaN: true });
const margin = fc.double({ min: 0, max: 1, noNaN: true });
/** Zero stands for no level at all: sort() would put undefined last. */
const level = fc.constantFrom(0, 0.9, 0.95);

interface Pair {
  readonly rule: string;
  readonly loose: Readonly<Record<string, unknown>>;
  readonly tight: Readonly<Record<string, unknown>>;
}

const withLevel = (args: Record<string, unknown>, at = 0) => (at === 0 ? args : { ...args, level: at });

/** Two gates of one rule, the second at least as strict in every argument. */
const pair: fc.Arbitrary<Pair> = fc.oneof(
  fc.tuple(number, margin, level, level).map(([min, more, a, b]) => {
    const [lower, higher] = [a, b].sort((x, y) => x - y);
    return {
      rule: "metric.floor",
      loose: withLevel({ metric: "roc_auc", min }, lower),
      tight: withLevel({ metric: "roc_auc", min: min + more }, higher),
    };
  }),
  fc.tuple(number, margin).map(([max, less]) => ({
    rule: "metric.ceiling",
    loose: { metric: "roc_auc", max },
    tight: { metric: "roc_auc", max: max - less },
  })),
  fc
    .tuple(margin, fc.double({ min: 0, max: 1, noNaN: true }), fc.option(margin))
    .map(([wide, share, relative]) => ({
      rule: "metric.no-regression",
      loose: { margin: wide },
      tight: { margin: wide * share, ...(relative === null ? {} : { relative_margin: relative }) },
    })),
  fc
    .tuple(fc.double({ min: 0.1, max: 90, noNaN: true }), fc.double({ min: 0.01, max: 1, noNaN: true }))
    .map(([days, share]) => ({
      rule: "evidence.fresh",
      loose: { max_age_days: days },
      tight: { max_age_days: days * share },
    })),
);

const severity = fc.constantFrom<Severity>("info", "warn", "block");
const RANK: readonly Severity[] = ["info", "warn", "block"];

function outcomeOf(
  gates: readonly Gate[],
  evidence: readonly MetricEvidence[],
): { outcome: Outcome | undefined; verdict: string } {
  const models = [{ id: "m", path: "m", tier: "T2" }] as const;
  const record = decide(input({ policy: policy({ models, gates }), evidence }));
  return {
    outcome: record.results.find(({ gate: id }) => id === "auc-floor")?.outcome,
    verdict: record.verdict,
  };
}

test("tightening a gate never turns what did not pass into a pass", () => {
  fc.assert(
    fc.property(pair, fc.array(item, { maxLength: 6 }), ({ rule, loose, tight }, evidence) => {
      const before = outcomeOf([gate({ rule, with: loose })], evidence);
      const after = outcomeOf([gate({ rule, with: tight })], evidence);
      assert.ok(
        after.outcome !== "pass" || before.outcome === "pass",
        `${before.outcome} became ${after.outcome}`,
      );
      assert.ok(after.verdict !== "pass" || before.verdict === "pass");
    }),
    { numRuns: 2_000 },
  );
});

test("raising a severity or adding a gate never turns a verdict into a pass", () => {
  fc.assert(
    fc.property(
      pair,
      fc.array(item, { maxLength: 4 }),
      severity,
      severity,
      ({ rule, loose }, evidence, a, b) => {
        const [low, high] = [a, b].sort((x, y) => RANK.indexOf(x) - RANK.indexOf(y));
        const at = (word: Severity = "info") =>
          Object.fromEntries(TIERS.map((tier) => [tier, word])) as Gate["severity"];
        const before = outcomeOf([gate({ rule, with: loose, severity: at(low) })], evidence);
        const after = outcomeOf([gate({ rule, with: loose, severity: at(high) })], evidence);
        assert.ok(after.verdict !== "pass" || before.verdict === "pass");
        const more = outcomeOf([gate({ rule, with: loose, severity: at(low) }), gate({ id: "x" })], evidence);
        assert.ok(more.verdict !== "pass" || before.verdict === "pass");
      },
    ),
    { numRuns: 500 },
  );
});

test("adding evidence about another digest never changes an outcome", () => {
  const rules: fc.Arbitrary<Pair> = fc.oneof(
    pair,
    fc.constantFrom("metric.present", "evidence.subject").map((rule) => ({ rule, loose: {}, tight: {} })),
    fc.constant({ rule: "evidence.trust", loose: { minimum_by_tier: { T2: "ci" } }, tight: {} }),
    fc.constant({
      rule: "expression",
      loose: { require: "metrics['holdout/roc_auc'].head > 0.0" },
      tight: {},
    }),
  );
  fc.assert(
    fc.property(
      rules,
      fc.array(item, { maxLength: 4 }),
      fc.array(item, { minLength: 1, maxLength: 4 }),
      ({ rule, loose }, evidence, foreign) => {
        const others = foreign.map((extra) => ({ ...extra, subject: OTHER_DIGEST }));
        const before = outcomeOf([gate({ rule, with: loose })], evidence);
        const after = outcomeOf([gate({ rule, with: loose })], [...others, ...evidence]);
        assert.equal(after.outcome, before.outcome);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("the order of evidence never changes an outcome", () => {
  const shuffled = fc
    .array(item, { maxLength: 6 })
    .chain((items) => fc.tuple(fc.constant(items), fc.shuffledSubarray(items, { minLength: items.length })));
  fc.assert(
    fc.property(pair, shuffled, ({ rule, loose }, [evidence, other]) => {
      const gates = [gate({ rule, with: loose })];
      assert.deepEqual(outcomeOf(gates, evidence), outcomeOf(gates, other));
    }),
    { numRuns: 1_000 },
  );
});
