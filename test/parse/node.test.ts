import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeAt, toValue } from "../../gate/parse/node.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";

const root = parseYaml(
  "gates:\n  - id: a\n  - { id: b, 0: zero, __proto__: polluted }\n".replace(" 0:", ' "0":'),
  "p.yml",
);

describe("nodeAt()", () => {
  const cases: readonly [path: readonly (string | number)[], found: unknown][] = [
    [["gates", 1, "id"], "b"],
    [["gates", "1", "id"], "b"],
    [["gates", 1, "0"], "zero"],
    [["gates", 1, "__proto__"], "polluted"],
    [["gates", 2], undefined],
    [["gates", "length"], undefined],
    [["gates", 0, "constructor"], undefined],
    [["gates", 0, "id", "x"], undefined],
    [["toString"], undefined],
  ];
  for (const [path, found] of cases) {
    it(`finds ${found ?? "nothing"} at ${path.join(".")}`, () => {
      const node = nodeAt(root, path);
      assert.equal(node === undefined ? undefined : toValue(node), found);
    });
  }
});

describe("toValue()", () => {
  it("makes objects without a prototype, in which __proto__ is only a key", () => {
    const value = toValue(root) as { gates: Record<string, unknown>[] };
    assert.equal(Object.getPrototypeOf(value), null);
    assert.deepEqual(Object.keys(value.gates[1]!), ["0", "id", "__proto__"]);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });

  it("writes numbers that are not finite as text", () => {
    assert.deepEqual(toValue(parseYaml("[.nan, .inf, -.inf, 1]", "p.yml")), [
      "NaN",
      "Infinity",
      "-Infinity",
      1,
    ]);
  });
});
