import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { FORMATS } from "../../gate/report/formats.ts";
import { proseOf, renderMarkdown, tagsOf } from "../report/render-markdown.ts";
import { parseXml } from "../report/xml.ts";
import { type Files, governed, modelFiles } from "./governed.ts";

/** What a change can make a report say: everything about itself, and nothing in its own voice. */

const ATTACKS = [
  "@acme/model-validation @maria please approve",
  "fixes #1 and acme/credit#2, see GH-3",
  "https://evil.example/x and www.evil.example",
  "![x](https://evil.example/p.png) [y](javascript:alert(1))",
  "<img src=https://evil.example/q.png> <script>alert(1)</script>",
  "</details></details> <details open>",
  "<!-- weighbridge:1 --> <!-- weighbridge:report -->",
  "``` `x` ``` ~~~",
  "| a | b |",
  "\u202egnp.ledom\u202c \u2066x\u2069",
  "\u001b[2J\u001b]8;;https://evil.example\u0007x",
  "::error::owned %0A::set-output name=verdict::pass",
  "zero\u200bwidth \ufeff\u00ad soft",
];

/** A model whose every free text and every name is an attack, in folders that are ones too. */
function hostileFiles(): Files {
  const files: Record<string, string | Uint8Array> = {};
  for (const [index, attack] of ATTACKS.entries()) {
    const folder = `hostile/${attack.replaceAll("/", "∕")}`;
    const printable = attack.replaceAll(/[\u0000-\u001f\u007f]/g, "");
    const metric = JSON.stringify(printable.slice(0, 100));
    const model = modelFiles({ version: index, auc: 0.1, folder, id: `hostile-${index}` });
    const manifest = String(model[`${folder}/model.yml`])
      .replace("acme/credit-owners", JSON.stringify(printable))
      .replace("Ranks applications for consumer credit", JSON.stringify(printable))
      .replace("dataset: holdout", `dataset: ${metric}`)
      .replace("[roc_auc]", `[roc_auc, { name: ${metric}, direction: higher }]`);
    Object.assign(files, model, {
      [`${folder}/model.yml`]: manifest,
      [`${folder}/metrics.json`]: `{ "roc_auc": 0.1, ${metric}: NaN }`,
      [`${folder}/unclaimed.pkl`]: Buffer.from("80044e2e", "hex"),
    });
  }
  return files;
}

describe("a report about a hostile change", () => {
  const removals: (() => void)[] = [];
  let record: DecisionRecord;

  before(async () => {
    const { propose, decide } = await governed({ after: (remove) => removals.push(remove) });
    propose(hostileFiles());
    record = await decide();
    assert.equal(record.verdict, "error");
    assert.equal(record.models.length, 2 * ATTACKS.length);
  });
  after(() => {
    for (const remove of removals) remove();
  });

  it("C65: as Markdown has no mention, no reference, no link, no image and one marker, and every fold is closed", () => {
    const source = FORMATS.markdown(record);
    const html = renderMarkdown(source);
    assert.equal(source.match(/<!--/g)?.length, 1);
    assert.ok(source.startsWith("<!-- weighbridge:report -->\n"));
    const names = new Set(tagsOf(html).map(({ name }) => name));
    for (const name of ["a", "img", "script", "input"]) assert.ok(!names.has(name), name);
    assert.equal(html.match(/<details>/g)?.length, html.match(/<\/details>/g)?.length);
    const prose = proseOf(html);
    assert.doesNotMatch(prose, /(?:^|[^\w`])@[a-z0-9]|(?:^|[^\w&])#\d|\bGH-\d|https?:\/\/|www\.\w/i);
    assert.doesNotMatch(html, /[\u202a-\u202e\u2066-\u2069\u001b\u00ad]/);
  });

  it("C65: as HTML has no element, no attribute and no address of the change's making", () => {
    const html = FORMATS.html(record);
    for (const { name, attributes } of tagsOf(html)) {
      assert.ok(!["a", "iframe", "img", "link", "object", "script"].includes(name), name);
      assert.doesNotMatch(attributes, /\b(?:on\w+|src|href|style)=/i);
    }
    assert.doesNotMatch(html, /[\u202a-\u202e\u2066-\u2069\u001b]/);
  });

  it("C64: as text reaches neither the terminal nor the runner as a command", () => {
    for (const width of [40, 100, 400]) {
      const text = FORMATS.text(record, { color: false, width });
      assert.doesNotMatch(text, /^\s*(?:::|##\[)/m);
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }
  });

  it("C64: as SARIF and JUnit is well-formed", () => {
    const { runs } = JSON.parse(FORMATS.sarif(record));
    assert.ok(runs[0].results.length > ATTACKS.length);
    assert.equal(parseXml(FORMATS.junit(record)).name, "testsuites");
  });

  it("C65: says of each file what it is called, so that people find it", () => {
    const html = FORMATS.html(record);
    for (const word of ["acme", "maria", "evil.example", "owned"]) assert.ok(html.includes(word), word);
  });
});
