import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CARD_BYTES_MAX, modelCard } from "../../gate/adapter/model-card.ts";

function read(text: string) {
  const { items, problems } = modelCard.read({ path: "README.md", bytes: Buffer.from(text) });
  const [card] = items;
  assert.ok(card?.kind === "card");
  return { ...card, problems };
}

function sectionOf(text: string, title: string) {
  return read(text).sections.find((section) => section.title === title);
}

const WORDS: readonly (readonly [what: string, text: string, words: number])[] = [
  ["prose", "Ten years of loans, 4.5% of them lost.", 8],
  ["words with marks", "The bank's 18-year-old users don’t count twice.", 7],
  ["prose of other scripts", "Модель оценивает риск. モデル", 4],
  ["several lines", "one two\nthree\n\nfour", 4],
  ["a list", "- one two\n- three", 3],
  ["cells of a table", "| a | b |\n|---|---|\n| one | two three |", 3],
  ["what a link says inside a sentence", "See the [full paper](https://example.com/a-b) first.", 5],
  ["emphasis", "**one** _two_ `three`", 3],
  ["no words of a comment", "<!-- one two three -->", 0],
  ["no words of code", "```\nmodel.predict(x)\n```", 0],
  ["no words of a badge", "[![build passing](https://ci.example.com/b.svg)](https://ci.example.com)", 0],
  ["no words of several badges", "![one](a.svg) ![two](b.svg)", 0],
  ["no words of a line that is a link", "- [The whole paper](https://example.com)", 0],
  ["no words of a bare address", "https://example.com/a/very/long/path", 0],
  ["no words of a link's definition, which can hide text", "[//]: # (one two three four)", 0],
  ["no words of tags", '<p align="center">one</p>', 1],
  ["no words of a rule", "---\n***\n| | |", 0],
  ["no words of a placeholder's line", "TODO: describe who is affected and how", 0],
  ["no more than three of one word", "word Word, word and word", 4],
  ["no words of a line that only says that there is nothing", "n/a N/A n/a\n\n- None.\nnot applicable", 0],
  ["no words of a line that only repeats what is to come", "tbd, tbd; TBD", 0],
  ["words that begin like nothing", "None of the applicants was older than eighty.", 8],
  ["no words of template lines", "- **Developed by:** [More Information Needed]", 0],
];

for (const [what, text, words] of WORDS) {
  test(`a section counts ${what}`, () => {
    assert.equal(sectionOf(`# A\n\n${text}\n`, "A")?.words, words);
  });
}

const PLACEHOLDERS: readonly (readonly [text: string, found: string | undefined])[] = [
  ["[More Information Needed]", "[More Information Needed]"],
  ["More information is needed here.", "More information is needed"],
  ["TODO", "TODO"],
  ["Tested on TBD.", "TBD"],
  ["tbd", "tbd"],
  ["Lorem ipsum dolor sit amet", "Lorem ipsum"],
  ["...", "..."],
  ["- …", "…"],
  ["To be completed by the owner", "To be completed"],
  ["{{ limitations | default('') }}", "{{ limitations | default('') }}"],
  ["<!-- TODO -->", undefined],
  ["El modelo lo sabe todo.", undefined],
  ["Loans, cards, ... and more", undefined],
  ["- **Owner:** to be determined", "**Owner:** to be determined"],
  ["Income has to be provided in euros.", undefined],
  ["A perfectly good sentence.", undefined],
];

for (const [text, found] of PLACEHOLDERS) {
  test(`${JSON.stringify(text)} ${found === undefined ? "is no placeholder" : "is a placeholder"}`, () => {
    assert.equal(sectionOf(`# A\n\n${text}\n`, "A")?.placeholder, found);
  });
}

test("that there is nothing to say is a placeholder only where nothing else is said", () => {
  const placeholder = (text: string) => sectionOf(`# A\n\n${text}\n`, "A")?.placeholder;
  assert.equal(placeholder("n/a n/a n/a"), "n/a n/a n/a");
  assert.equal(placeholder("- None."), "None.");
  assert.equal(placeholder("None.\n\nThe model was tested on everybody whom it decides about."), undefined);
  assert.equal(placeholder("| Option | Value |\n|---|---|\n| max_depth | None |"), undefined);
});

test("a section holds its subsections, up to the next heading of its level", () => {
  const text = "# A\none\n## B\ntwo three\n### C\nTODO\n## D\nfour\n# E\nfive\n";
  assert.deepEqual(read(text).sections, [
    { title: "A", line: 1, words: 4, placeholder: "TODO" },
    { title: "B", line: 3, words: 2, placeholder: "TODO" },
    { title: "C", line: 5, words: 0, placeholder: "TODO" },
    { title: "D", line: 7, words: 1 },
    { title: "E", line: 9, words: 1 },
  ]);
});

test("a placeholder in a heading is one of its section", () => {
  assert.equal(sectionOf("# Limitations TBD\nwords\n", "Limitations TBD")?.placeholder, "TBD");
});

test("a heading in a code fence is no section", () => {
  assert.deepEqual(
    read("# A\n```\n# Limitations\nplenty of words\n```\n").sections.map(({ title }) => title),
    ["A"],
  );
});

test("the front matter gives its keys, and lines are those of the file", () => {
  const card = read("---\nlicense: mit\ntags: [a]\n---\n\n# A\n");
  assert.deepEqual(card.frontMatter, ["license", "tags"]);
  assert.equal(card.sections[0]?.line, 6);
});

test("a card without front matter has no keys", () => {
  assert.deepEqual(read("# A\n").frontMatter, []);
});

test("the template of the Hugging Face library claims what it was given and says nothing else", () => {
  const text = readFileSync(new URL("../corpus/adapters/cards/template.md", import.meta.url), "utf8");
  const card = read(text);
  assert.deepEqual(card.problems, []);
  assert.deepEqual(card.frontMatter, ["license", "tags", "model-index"]);
  assert.deepEqual(card.claims, [
    { metric: "roc_auc", dataset: "holdout", value: 0.8712, unit: 0.0001, line: 15 },
    { metric: "brier_score", dataset: "holdout", value: 0.113, unit: 0.001, line: 17 },
    { metric: "roc_auc", dataset: "train", value: 0.9021, unit: 0.0001, line: 25 },
    { metric: "mean_reward", dataset: "lunar lander", value: 210.95, unit: 0.01, line: 33 },
  ]);
  for (const title of ["Uses", "Bias, Risks, and Limitations", "Training Data", "Evaluation"]) {
    const section = card.sections.find((candidate) => candidate.title === title);
    assert.equal(section?.placeholder, "[More Information Needed]", title);
  }
  assert.equal(card.sections.find(({ title }) => title === "Uses")?.words, 0);
});

function indexOf(metrics: string): string {
  return `---\nmodel-index:\n- results:\n  - dataset: {name: holdout}\n    metrics: ${metrics}\n---\n`;
}

test("a claim of model-index is a number, or a text that people write for one", () => {
  const { claims, problems } = read(
    indexOf(
      "[{type: a, value: 0.5}, {name: B, value: '0.6'}, {type: c, value: .nan}, {type: d, value: 87.1%}]",
    ),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    claims.map(({ metric, value }) => [metric, value]),
    [
      ["a", 0.5],
      ["B", 0.6],
      ["c", "NaN"],
      ["d", 0.871],
    ],
  );
});

for (const [what, text] of [
  ["a text", indexOf("[{type: a, value: very good}]")],
  ["a list of nothing", indexOf("[{type: a, value: []}]")],
  ["nothing", indexOf("[{type: a}]")],
  ["a flag", indexOf("[{type: a, value: true}]")],
  ["a metric without a name", indexOf("[{value: 0.9}]")],
  ["no metrics", indexOf("[]")],
  ["a map in the place of a list", "---\nmodel-index: {results: {metrics: {auc: 0.9}}}\n---\n"],
] as const) {
  test(`model-index with ${what} is a problem, for nobody could check it`, () => {
    const { claims, problems } = read(text);
    assert.deepEqual(claims, []);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["CARD_INDEX"],
    );
  });
}

test("a number of model-index that nobody can hold against anything is a problem of its own", () => {
  for (const value of ["'0,99'", "'> 0.99'", "'0.99 on holdout'", "[0.99]", "{ mean: [0.99] }"]) {
    const { claims, problems } = read(indexOf(`[{type: auc, value: ${value}}]`));
    assert.deepEqual([claims, problems.map(({ code }) => code)], [[], ["CARD_CLAIM"]], value);
  }
});

test("one model, result or metric that stands where a list of them should is read as the only one", () => {
  const metric = "{ type: auc, value: 0.9 }";
  for (const index of [
    `[{ results: [{ metrics: ${metric} }] }]`,
    `[{ results: { metrics: [${metric}] } }]`,
    `{ results: { metrics: ${metric} } }`,
  ]) {
    const { claims } = read(`---\nmodel-index: ${index}\n---\n`);
    assert.deepEqual(claims, [{ metric: "auc", value: 0.9, unit: 0.1, line: 2 }], index);
  }
});

test("a table is read wherever it is seen", () => {
  const table = "| Metric | Value |\n| --- | --- |\n| auc | 0.99 |";
  const inQuote = table.replace(/^/gm, "> ");
  const inItem = table.replace(/\n/g, "\n  ");
  for (const text of [
    inQuote,
    inQuote.replace(/^/gm, "> "),
    `- ${inItem}`,
    `1. text\n\n   ${inItem.replace(/\n/g, "\n ")}`,
    `> [!NOTE]\n${inQuote}`,
    `Numbers follow <!--\n\n${table}`,
    `<div>\n\`\`\`\n</div>\n\n${table}`,
    `<details>\n\n${table}\n\n</details>`,
    `<div>\n<!--\n</div>\n\n${table}`,
    `[^1]: text\n\n${table.replace(/^/gm, "    ")}`,
    table.replace("auc", "a&#117;c"),
    table.replaceAll("\n", "\r"),
  ]) {
    assert.deepEqual(
      read(text).claims.map(({ metric, value }) => [metric, value]),
      [["auc", 0.99]],
      text,
    );
  }
});

test("a table in a fence, or in a comment, is none", () => {
  const table = "| Metric | Value |\n| --- | --- |\n| auc | 0.99 |";
  for (const text of [`\`\`\`\n${table}\n\`\`\``, `<!--\n${table}\n-->`]) {
    assert.deepEqual(read(text).claims, [], text);
  }
});

const CLAIMS: readonly (readonly [cell: string, value: number | string | undefined])[] = [
  ["0.87", 0.87],
  ["**0.87**", 0.87],
  ["87.1%", 0.871],
  ["87.1 %", 0.871],
  ["87.1 % ± 0.2", 0.871],
  ["87.1 ", 87.1],
  ["0.871 ± 0.004", 0.871],
  ["0.871 (0.861–0.880)", 0.871],
  ["-3e-2", -0.03],
  ["~0.99", 0.99],
  ["≈ 99 %", 0.99],
  ["about 0.99", 0.99],
  ["approx. 0.99", 0.99],
  ["ca. 0.99 (test)", 0.99],
  ["aboutness 0.99", undefined],
  [".5", 0.5],
  ["NaN", "NaN"],
  ["n/a", undefined],
  ["7B", undefined],
  ["v1.2.3", undefined],
  ["", undefined],
];

for (const [cell, value] of CLAIMS) {
  test(`the cell ${JSON.stringify(cell)} claims ${value ?? "nothing"}`, () => {
    const { claims } = read(`| Metric | Value |\n|---|---|\n| \`roc_auc\` | ${cell} |\n`);
    const stated = claims.map((claim) => [claim.metric, claim.value, claim.line]);
    assert.deepEqual(stated, value === undefined ? [] : [["roc_auc", value, 3]]);
  });
}

test("a table claims only where its header says which column is the metric and which the value", () => {
  const claims = (header: string) => read(`| ${header} |\n|---|---|---|\n| auc | test | 0.9 |\n`).claims;
  assert.deepEqual(claims("metric | dataset | SCORE"), [
    { metric: "auc", dataset: "test", value: 0.9, unit: 0.1, line: 3 },
  ]);
  assert.deepEqual(claims("metric | split | result").length, 1);
  assert.deepEqual(claims("layer | kind | parameters"), []);
  assert.deepEqual(claims("metric | dataset | threshold"), []);
});

test("a table in a code fence or a comment claims nothing", () => {
  const table = "| Metric | Value |\n|---|---|\n| auc | 0.9 |\n";
  assert.deepEqual(read(`\`\`\`\n${table}\`\`\`\n`).claims, []);
  assert.deepEqual(read(`<!--\n${table}-->\n`).claims, []);
});

test("a card that cannot be read is refused as a whole", () => {
  assert.throws(() => read("---\nlicense: mit\n"), { code: "FRONT_MATTER_OPEN" });
  assert.throws(() => read("---\na: 1\na: 2\n---\n"), { code: "YAML_DUPLICATE_KEY" });
  assert.throws(() => read("\ufeff# A\n"), { code: "TEXT_ENCODING" });
  const bytes = new Uint8Array(CARD_BYTES_MAX + 1);
  assert.throws(() => modelCard.read({ path: "README.md", bytes }), { code: "CARD_TOO_LARGE" });
});

test("an empty card has nothing", () => {
  assert.deepEqual(read(""), {
    kind: "card",
    frontMatter: [],
    sections: [],
    claims: [],
    cells: [],
    problems: [],
  });
});

for (const [what, text] of [
  ["headings", "# a\n".repeat(50_000)],
  [
    "nested headings",
    Array.from({ length: 50_000 }, (_, index) => `${"#".repeat(1 + (index % 6))} a`).join("\n"),
  ],
  ["digits", `| metric | value |\n|--|--|\n| a | ${"1".repeat(900_000)}x |`],
  ["spaces behind a number", `| metric | value |\n|--|--|\n| a | 1${" ".repeat(900_000)}x |`],
  ["braces", `# a\n${"{{".repeat(400_000)}`],
  ["dots", `# a\n${".".repeat(900_000)}a`],
  ["spaces", `# a\n${" ".repeat(900_000)}a`],
  ["colons", `# a\n${"- : ".repeat(200_000)}a`],
  ["dashes", `# a\n${"-- ".repeat(300_000)}a`],
] as const) {
  test(`a card of a megabyte of ${what} is read in linear time`, () => {
    assert.ok(read(text).kind === "card");
  });
}
