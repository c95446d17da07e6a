import assert from "node:assert/strict";
import { test } from "node:test";
import { GateError } from "../../gate/model/error.ts";
import { compileCel } from "../../gate/rules/cel.ts";

const REFUSED = [
  ["a text that is no CEL", "1 +", "CEL_SYNTAX"],
  ["a variable that does not exist", "secrets.token == 'x'", "CEL_SYNTAX"],
  ["what no model has", "model.teir == 'T1'", "CEL_FIELD"],
  ["what no model has, in brackets", "model['teir'] == 'T1'", "CEL_FIELD"],
  ["what no model has, in has()", "!has(model.teir) || model.tier == 'T1'", "CEL_FIELD"],
  ["what no change has", "change.paths.exists(path, path == 'a')", "CEL_FIELD"],
  ["an expression that is no truth", "1 + 1", "CEL_NOT_BOOLEAN"],
  ["a backtracking pattern", "'aaaa'.matches('(a+)+$')", "CEL_FUNCTION"],
  ["three nested loops", "artifacts.all(a, artifacts.all(b, artifacts.all(c, a + b == c)))", "CEL_LIMIT"],
  ["a text that is too long", `true${" || true".repeat(400)}`, "CEL_LIMIT"],
  ["an expression that is too deep", `${"(".repeat(200)}true${")".repeat(200)}`, "CEL_SYNTAX"],
  ["too many nodes", Array(300).fill("true").join("||"), "CEL_SYNTAX"],
] as const;

for (const [name, text, code] of REFUSED) {
  test(`compileCel() refuses ${name}`, () => {
    assert.throws(
      () => compileCel(text),
      (error) => error instanceof GateError && error.code === code,
    );
  });
}

test("compileCel() names the metrics that have to be there, and not those that has() asks for", () => {
  const cel = compileCel(
    'metrics.a.head > 1.0 && metrics["b/c"].head > 1.0 && (!has(metrics.d) || metrics.e.head > 1.0)',
  );
  assert.deepEqual(cel.metrics, ["a", "b/c", "e"]);
  assert.deepEqual(cel.asked, ["d"]);
});

const LOOKS: readonly (readonly [text: string, looksAtAll: boolean, looksAtBase: boolean])[] = [
  ["metrics.a.head > 1.0", false, false],
  ["has(metrics.a) && metrics['b'].head > 1.0", false, false],
  ["metrics.a.delta > 0.0", false, true],
  ["!has(metrics.a.base)", false, true],
  ["metrics.a['base'] > 0.0", false, true],
  ["metrics.all(name, metrics[name].head > 0.5)", true, true],
  ["metrics.exists(name, name == 'a')", true, false],
  ["'a' in metrics", true, false],
  ["size(metrics) > 1", true, false],
  ["metrics[model.id].head > 1.0", true, true],
  ["change.files.all(path, path.startsWith('models/'))", false, false],
];

for (const [text, looksAtAll, looksAtBase] of LOOKS) {
  test(`compileCel() tells what ${text} may look at`, () => {
    const cel = compileCel(text);
    assert.deepEqual([cel.looksAtAll, cel.looksAtBase], [looksAtAll, looksAtBase]);
  });
}

test("a loop over long lists is refused before it runs", () => {
  const cel = compileCel("artifacts.all(a, artifacts.exists(b, a == b))");
  assert.equal(cel.evaluate({ artifacts: ["x"] }), true);
  assert.throws(
    () => cel.evaluate({ artifacts: Array.from({ length: 5000 }, (_, index) => String(index)) }),
    (error) => error instanceof GateError && error.code === "CEL_COST",
  );
});

test("an object's prototype is out of reach", () => {
  for (const text of ["metrics.constructor == null", "metrics.__proto__ == null", "model.toString == null"]) {
    assert.throws(() => compileCel(text).evaluate({ metrics: {}, model: {} }), GateError);
  }
});
