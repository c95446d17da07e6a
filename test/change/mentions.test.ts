import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { mayHaveId, mayName, namesOf } from "../../gate/change/mentions.ts";
import { relativePath } from "../../gate/change/path.ts";

function mentions(written: string, path: string): boolean {
  return mayName(Buffer.from(`artifacts:\n  - path: ${written}\n`), namesOf([path]));
}

test("mayName() sees a path in every way that YAML can write it", () => {
  const path = "shared/enc/model v2.bin";
  const ways = [
    "/shared/enc/model v2.bin",
    "../enc/model v2.bin",
    "'/shared/enc/model v2.bin'",
    '"/shared/enc/model v2.bin"',
    '"/shared/enc/m\\x6fdel v2.bin"',
    "/shared/enc/model\n    v2.bin",
    ">-\n    /shared/enc/model\n    v2.bin",
    "/shared/enc",
    "/shared/enc/",
    "/shared/enc/.",
    "/shared/enc/x/..",
    "/shared/enc/x/../model v2.bin",
    "/shared  # all of it",
  ];
  for (const written of ways) assert.ok(mentions(written, path), written);
  assert.ok(mentions("/shared/data.csv", "shared/data.csv.dvc"), "the content of a .dvc file");
  assert.ok(mentions("/shared/(old).bin", "shared/(old).bin"));
  assert.ok(mentions("/shared/'' ''", "shared/' '"), "a name of which YAML keeps nothing");
});

test("mayName() does not see what is not there", () => {
  const path = "shared/model.bin";
  const others = [
    "/shared/model.bin2",
    "/shared/xmodel.bin",
    "/other/m.bin",
    "model.bin",
    "/shared/model/a.bin",
  ];
  for (const written of others) assert.ok(!mentions(written, path), written);
});

test("mayName() is never wrong when it says no", () => {
  const name = fc.string({
    unit: fc.constantFrom(..."ab.-_ '\"#:,[]{}&*!|>%@`éあ\udc80()"),
    minLength: 1,
    maxLength: 6,
  });
  const path = fc.array(name, { minLength: 2, maxLength: 4 }).map((names) => names.join("/"));
  fc.assert(
    fc.property(path, fc.boolean(), fc.integer({ min: 10, max: 80 }), (target, fromRoot, lineWidth) => {
      const written = fromRoot ? `/${target}` : relativePath("models/m", target);
      const text = stringify({ id: "m", artifacts: [{ path: written }] }, { lineWidth });
      assert.ok(mayName(Buffer.from(text), namesOf([target])), text);
    }),
    { numRuns: 3000 },
  );
});

test("mayHaveId() sees an id, quoted or not", () => {
  for (const text of ["id: credit-pd", '"id": "credit-pd"', "{id: credit-pd}", '"\\x69d": "credit-p\\x64"']) {
    assert.ok(mayHaveId(Buffer.from(text), ["credit-pd"]), text);
  }
  assert.ok(!mayHaveId(Buffer.from("id: credit-lgd"), ["credit-pd"]));
});
