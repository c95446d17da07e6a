import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { collect, type Files } from "./memory.ts";

const MANIFEST = `weighbridge: 1
id: a
status: candidate
artifacts: [{ path: model.bin }]
evaluation: [{ path: metrics.json, dataset: Hold-out, role: test, metrics: [roc_auc, F1] }]
card: README.md
`;
const CARD = `---
license: mit
---

# Credit

## Limitations

Only for the bank's own customers.

| Metric | Dataset | Value |
|---|---|---|
| ROC AUC | hold out | 0.87 |
| f1 | Hold-out | 0.5 |
| F1 | train | 0.9 |
| lift | Hold-out | 2 |
`;

async function cards(files: Files) {
  const base = { "m/model.yml": MANIFEST, "m/model.bin": "old" };
  const { evidence, problems } = await collect({ base, head: { ...base, "m/model.bin": "new", ...files } });
  return { cards: evidence.filter((item) => item.kind === "card"), problems };
}

test("the card that the manifest names is read, with its claims in the plan's words", async () => {
  const { cards: found, problems } = await cards({ "m/README.md": CARD });
  assert.deepEqual(problems, []);
  assert.deepEqual(found, [
    {
      kind: "card",
      model: "a",
      side: "head",
      trust: "declared",
      path: "m/README.md",
      frontMatter: ["license"],
      sections: [
        { title: "Credit", line: 5, words: 20 },
        { title: "Limitations", line: 7, words: 20 },
      ],
      claims: [
        { metric: "roc_auc", dataset: "Hold-out", value: 0.87, unit: 0.01, line: 13 },
        { metric: "F1", dataset: "Hold-out", value: 0.5, unit: 0.1, line: 14 },
        { metric: "F1", dataset: "train", value: 0.9, unit: 0.1, line: 15 },
        { metric: "lift", dataset: "Hold-out", value: 2, unit: 1, line: 16 },
      ],
      source: {
        adapter: "model-card@1",
        path: "m/README.md",
        digest: `sha256:${createHash("sha256").update(CARD).digest("hex")}`,
      },
    },
  ]);
});

test("a card that is not there is no problem: a gate says that it is missing", async () => {
  assert.deepEqual(await cards({}), { cards: [], problems: [] });
});

for (const [what, text, code] of [
  ["is not UTF-8", Buffer.from([0xff, 0xfe, 0x41]), "TEXT_ENCODING"],
  ["has broken front matter", "---\na: [\n---\n", "YAML_SYNTAX"],
  ["is larger than the limit", Buffer.alloc(1024 * 1024 + 1, "a"), "FILE_TOO_LARGE"],
] as const) {
  test(`a card that ${what} is a problem of the card, and of no metric`, async () => {
    const { cards: found, problems } = await cards({ "m/README.md": text });
    assert.deepEqual(found, []);
    assert.deepEqual(
      problems.map((problem) => [problem.code, problem.place.path, problem.metrics]),
      [[code, "m/README.md", []]],
    );
  });
}

test("a card with a claim that cannot be read is both: the card and the problem", async () => {
  const text = "---\nmodel-index:\n- results:\n  - metrics: [{ type: auc, value: high }]\n---\n# A\n";
  const { cards: found, problems } = await cards({ "m/README.md": text });
  assert.equal(found.length, 1);
  assert.deepEqual(
    problems.map(({ code, place }) => [code, place.line]),
    [["CARD_INDEX", 4]],
  );
});

/** The claims of a table, and the lines of what cannot be read in it. */
async function claimsOf(table: string) {
  const { cards: found, problems } = await cards({ "m/README.md": `# A\n\n${table}\n` });
  const [card] = found;
  assert.ok(card?.kind === "card");
  return {
    claims: card.claims.map(({ metric, dataset, value }) =>
      [metric, dataset, value].filter((part) => part !== undefined),
    ),
    unread: problems.map(({ code, place }) => `${code} ${place.line}`),
  };
}

for (const cell of ["0,99", "> 0.99", "0.99 on holdout", "0.85 / 0.87"]) {
  test(`a value of ${cell} is a problem at its line, for whatever the plan or the field calls a metric`, async () => {
    const table = (metric: string) => claimsOf(`| Metric | Value |\n|---|---|\n| ${metric} | ${cell} |`);
    for (const metric of ["roc_auc", "ROC AUC", "accuracy"]) {
      assert.deepEqual(await table(metric), { claims: [], unread: ["CARD_CLAIM 5"] }, metric);
    }
    assert.deepEqual(await table("Latency"), { claims: [], unread: [] });
  });
}

const TABLES: readonly (readonly [what: string, table: string, claims: readonly unknown[]])[] = [
  [
    "a column titled by a planned dataset",
    "| Metric | Hold-out | Paper |\n|---|---|---|\n| ROC AUC | 0.99 | 0.7 |\n| lift | 2 | 3 |",
    [["roc_auc", "Hold-out", 0.99]],
  ],
  [
    "a column titled by a dataset's role",
    "| Metric | Train | Test |\n|---|---|---|\n| F1 | 0.9 | 0.5 |",
    [["F1", "Hold-out", 0.5]],
  ],
  [
    "a column titled by a planned metric, in the row of a planned dataset",
    "| Dataset | roc_auc | rows |\n|---|---|---|\n| hold out | 0.9 | 400 |\n| another | 0.8 | 300 |",
    [["roc_auc", "Hold-out", 0.9]],
  ],
  ["the one model of a table", "| Model | roc_auc |\n|---|---|\n| ours | 0.99 |", [["roc_auc", 0.99]]],
  ["no model among others", "| Model | roc_auc |\n|---|---|\n| ours | 0.9 |\n| baseline | 0.8 |", []],
  ["no parameter", "| Parameter | Setting |\n|---|---|\n| depth | 5 |", []],
];
for (const [what, table, claims] of TABLES) {
  test(`a table claims ${what}`, async () => {
    assert.deepEqual(await claimsOf(table), { claims, unread: [] });
  });
}
