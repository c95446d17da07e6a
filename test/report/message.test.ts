import assert from "node:assert/strict";
import { test } from "node:test";
import { GateError } from "../../gate/model/error.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";
import { toHtml } from "../../gate/report/html.ts";
import { toMarkdown } from "../../gate/report/markdown.ts";
import { toWorded } from "../../gate/report/message.ts";
import { toReport } from "../../gate/report/report.ts";
import { toSarif } from "../../gate/report/sarif.ts";
import { toText } from "../../gate/report/text.ts";
import { record } from "./records.ts";

/** What the readers say of a key that stands twice. */
function spoken(): string {
  try {
    parseYaml("f1: 0.9\nf1: 0.8\n", "m.yaml");
  } catch (error) {
    if (error instanceof GateError) return error.message;
  }
  throw new TypeError("the readers take a key twice");
}

test("a message is parted from the source that it shows", () => {
  assert.deepEqual(toWorded(spoken()), {
    text: 'Cannot read m.yaml: duplicate key "f1", first at line 1',
    source: ["   2 | f1: 0.8", "     | ^"],
  });
  const two = "m.yml:1:1: lacks the key\nm.yml:2:1: has the unknown key";
  assert.deepEqual(toWorded(two), { text: two.replace("\n", "; "), source: [] });
});

test("a name with lines stays in the sentence, to be escaped there", () => {
  assert.deepEqual(toWorded("Cannot read a\n\u2713 all gates pass"), {
    text: "Cannot read a\n\u2713 all gates pass",
    source: [],
  });
});

test("no report shows a line of source with its ends spelled out", () => {
  const place = { path: "m.yaml", line: 2 };
  const problem = { model: "m", side: "head", code: "YAML_DUPLICATE_KEY", message: spoken(), place } as const;
  const report = toReport(record({ verdict: "pass", results: [], input: { problems: [problem] } }));
  const text = toText(report, { width: 60 });
  assert.match(text, /\n {2}Cannot read m\.yaml: duplicate key "f1",[^|]*\n {5}2 \| f1: 0\.8\n {7}\| \^\n/);
  assert.match(toHtml(report), /<pre class="scroll" tabindex="0"> {3}2 \| f1: 0\.8\n {5}\| \^<\/pre><\/li>/);
  for (const said of [text, toHtml(report), toMarkdown(report).source, toSarif(report)]) {
    assert.ok(said.includes("duplicate key"));
    assert.doesNotMatch(said, /\\n {2,}/);
  }
});
