import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, changeOf, type Files, md5, pipeline, YAML } from "./pipeline.ts";

const CASES: readonly (readonly [name: string, head: Files, class_: string | undefined, reason?: RegExp])[] =
  [
    ["code that a stage depends on", { "src/train.py": "2\n" }, "C", /^src\/train\.py: git:/],
    ["code of a stage before it", { "src/prepare.py": "2\n" }, "C", /^src\/prepare\.py: git:/],
    ["code that is removed", { "src/train.py": undefined }, "C", /^src\/train\.py: git:\w+ -> absent/],
    ["code of another stage", { "src/other.py": "2\n" }, undefined],
    [
      "a value of the parameters",
      { "params.yaml": "train: { lr: 0.9 }\nother: { seed: 1 }\n" },
      "C",
      /^params\.yaml: git:/,
    ],
    [
      "a value that the stage was not run with",
      { "params.yaml": "train: { lr: 0.1 }\nother: { seed: 2 }\n" },
      undefined,
    ],
    ["parameters that cannot be read", { "params.yaml": "a: 1\na: 2\n" }, "C", /^params\.yaml: git:/],
    [
      "the stage in dvc.yaml",
      { "dvc.yaml": YAML.replace("python src/train.py", "python src/train.py --fast") },
      "C",
      /^dvc\.yaml: git:/,
    ],
    ["another stage in dvc.yaml", { "dvc.yaml": YAML.replace("python src/other.py", "x") }, undefined],
    [
      "new rows",
      { "raw/rows.csv.dvc": `outs:\n- { path: rows.csv, md5: ${md5("b")} }\n` },
      "C",
      /^raw\/rows\.csv\.dvc: /,
    ],
    ["a file that no stage names", { "src/notes.py": "2\n" }, undefined],
    [
      "a lock that another stage alone is other in",
      { "dvc.lock": pipeline()["dvc.lock"]!.replace("python src/other.py", "x") },
      undefined,
    ],
  ];

for (const [name, head, class_, reason] of CASES) {
  test(`${name} ${class_ === undefined ? "concerns no model" : `makes class ${class_} of its model alone`}`, async () => {
    const { models } = await changeOf(head);
    assert.deepEqual(
      models.map(({ id, changeClass }) => `${changeClass} ${id}`),
      class_ === undefined ? [] : [`${class_} m`],
      models.flatMap(({ classReasons }) => classReasons).join("\n"),
    );
    if (reason === undefined) return;
    const reasons = models[0]?.classReasons ?? [];
    assert.ok(
      reasons.some((text) => reason.test(text)),
      reasons.join("\n"),
    );
    assert.deepEqual(models[0]?.paths, Object.keys(head).sort());
  });
}

/** The stage `train` with a template in its command, beside one of a stage that no model names. */
const TEMPLATED = `vars: [conf/all.yaml]
stages:
  train: { cmd: "python src/train.py \${lr}", vars: ["conf/train.json:lr"], deps: [features.csv, src/train.py] }
  other: { cmd: python src/other.py, vars: [conf/other.yaml] }
`;
const IN_FOLDER: Files = {
  "dvc.yaml": TEMPLATED.replace('vars: ["', 'wdir: sub, vars: ["'),
  "dvc.lock": pipeline()["dvc.lock"]!.replaceAll("path: models", "path: ../models"),
};

for (const [what, file, base, ids] of [
  ["parameters concern", "params.yaml", { "dvc.yaml": TEMPLATED }, ["m"]],
  ["variables of the pipeline concern", "conf/all.yaml", { "dvc.yaml": TEMPLATED }, ["m"]],
  ["variables of the stage concern", "conf/train.json", { "dvc.yaml": TEMPLATED }, ["m"]],
  ["variables in the stage's own folder concern", "sub/conf/train.json", IN_FOLDER, ["m"]],
  ["parameters of a pipeline that cannot be read concern", "params.yaml", { "dvc.yaml": "[" }, ["m"]],
  ["variables of another stage do not concern", "conf/other.yaml", { "dvc.yaml": TEMPLATED }, []],
  ["variables that no template asks for do not concern", "conf/all.yaml", { "dvc.yaml": YAML }, []],
] as const) {
  test(`${what} the model, whatever their value is`, async () => {
    const before = { ...BASE, ...base, [file]: "{ train: { lr: 0.1 }, seed: 1 }\n" };
    const { models } = await changeOf({ [file]: "{ train: { lr: 0.1 }, seed: 2 }\n" }, before);
    assert.deepEqual(
      models.map(({ id }) => id),
      ids,
    );
  });
}

test("a dependency with a colon in its name is one in the repository", async () => {
  const { "dvc.lock": lock = "", ...base } = BASE;
  const colon = lock.replace("path: src/train.py", 'path: "src:lib/../src:py/train.py"');
  const { models } = await changeOf(
    { "src:py/train.py": "2\n" },
    { ...base, "src:py/train.py": "1\n", "dvc.lock": colon },
  );
  assert.deepEqual(
    models.map(({ id }) => id),
    ["m"],
  );
});

test("a stage that is taken out of the lock concerns the model that it made", async () => {
  const { "dvc.lock": lock = "" } = pipeline();
  const { models } = await changeOf({
    "dvc.lock": `${lock.slice(0, lock.indexOf("  train:"))}${lock.slice(lock.indexOf("  other:"))}`,
  });
  assert.deepEqual(
    models.map(({ id, changeClass, head }) => [id, changeClass, head?.artifacts[0]?.problem?.code]),
    [["m", "C", "ARTIFACT_MISSING"]],
  );
});
