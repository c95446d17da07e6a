import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { splitFrontMatter } from "../../gate/parse/front-matter.ts";
import { nodeAt, toValue } from "../../gate/parse/node.ts";
import { placeOf } from "./refusal.ts";

const split = (text: string) => {
  const { frontMatter, ...rest } = splitFrontMatter(text, "README.md");
  return { ...rest, ...(frontMatter === undefined ? {} : { value: JSON.stringify(toValue(frontMatter)) }) };
};

const TAKEN: readonly [name: string, text: string, parts: object][] = [
  [
    "front matter and body",
    "---\nlicense: mit\n---\n# Card\n",
    { value: '{"license":"mit"}', body: "# Card\n", bodyLine: 4 },
  ],
  ["a file without front matter", "# Card\n", { body: "# Card\n", bodyLine: 1 }],
  ["an empty file", "", { body: "", bodyLine: 1 }],
  ["empty front matter", "---\n---\nx", { value: "null", body: "x", bodyLine: 3 }],
  ["nothing after it", "---\na: 1\n---", { value: '{"a":1}', body: "", bodyLine: 4 }],
  [
    "lines that end in CR LF",
    "---\r\na: 1\r\n---\r\nx\r\n",
    { value: '{"a":1}', body: "x\r\n", bodyLine: 4 },
  ],
  ["blanks after the fence", "--- \na: 1\n---\t\n", { value: '{"a":1}', body: "", bodyLine: 4 }],
  [
    "front matter behind empty lines, as the Hub does",
    "\n \n---\na: 1\n---\nx",
    { value: '{"a":1}', body: "x", bodyLine: 6 },
  ],
  ["a rule behind an empty line", "\n---\na: 1\n", { body: "\n---\na: 1\n", bodyLine: 1 }],
  ["empty lines alone", "\n\n", { body: "\n\n", bodyLine: 1 }],
  ["a rule of four dashes", "----\na\n---\n", { body: "----\na\n---\n", bodyLine: 1 }],
  ["a rule further down", "# Card\n---\na: 1\n---\n", { body: "# Card\n---\na: 1\n---\n", bodyLine: 1 }],
  [
    "dashes inside of a text",
    "---\na: |\n  ---\n---\nx",
    { value: '{"a":"---\\n"}', body: "x", bodyLine: 5 },
  ],
];

describe("splitFrontMatter()", () => {
  for (const [name, text, parts] of TAKEN) it(`splits ${name}`, () => assert.deepEqual(split(text), parts));

  it("keeps the lines of the file", () => {
    const { frontMatter } = splitFrontMatter("---\nlicense: mit\nauc: 0.9\n---\n", "README.md");
    assert.deepEqual(nodeAt(frontMatter!, ["auc"])!.at, { line: 3, column: 6 });
    const behind = splitFrontMatter("\n\n---\nauc: 0.9\n---\n", "README.md");
    assert.deepEqual(nodeAt(behind.frontMatter!, ["auc"])!.at, { line: 4, column: 6 });
  });

  it("refuses front matter without an end", () => {
    assert.equal(
      placeOf(() => split("---\nlicense: mit\n# Card\n")),
      "FRONT_MATTER_OPEN 1",
    );
  });

  it("refuses what parseYaml() refuses, at the line of the file", () => {
    assert.equal(
      placeOf(() => split("---\na: 1\na: 2\n---\n")),
      "YAML_DUPLICATE_KEY 3:1",
    );
    assert.equal(
      placeOf(() => split("---\na: *x\n---\n")),
      "YAML_ALIAS 2:4",
    );
  });
});
