import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { toHtml } from "../../gate/report/html.ts";
import { toReport } from "../../gate/report/report.ts";
import { HOSTILE, PASS, RECORDS, WAIVED } from "./records.ts";
import { tagsOf, textOf } from "./render-markdown.ts";

/** Without the style sheet, whose `>` are no tags. */
function bodyOf(page: string): string {
  return page.slice(page.indexOf("<body>"));
}

const ELEMENTS = new Set(
  "body main header p h1 h2 h3 ul ol li strong code span div table thead tbody tr th td details summary dl dt dd".split(
    " ",
  ),
);
const ATTRIBUTES =
  /^(?:(?:class="[\w ]+"|aria-hidden="true"|open|role="region"|aria-label="(?:Metrics|Approvals)"|tabindex="0") ?)*$/;

for (const [name, decision] of Object.entries(RECORDS)) {
  test(`the page of "${name}" has our elements and classes, no script, no style attribute, no link`, () => {
    for (const tag of tagsOf(bodyOf(toHtml(toReport(decision))))) {
      assert.ok(ELEMENTS.has(tag.name), `<${tag.name}>`);
      assert.match(tag.attributes, ATTRIBUTES);
    }
  });

  test(`the page of "${name}" closes every element that it opens`, () => {
    const open: string[] = [];
    for (const [, slash, tag = ""] of bodyOf(toHtml(toReport(decision))).matchAll(/<(\/?)(\w+)[^>]*>/g)) {
      if (slash === "") open.push(tag);
      else if (tag !== "html") assert.equal(open.pop(), tag);
    }
    assert.deepEqual(open, []);
  });
}

test("the policy of the page allows its own style sheet and nothing else", () => {
  const page = toHtml(toReport(PASS));
  const style = page.match(/<style>([\s\S]*)<\/style>/)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = page.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1];
  assert.equal(
    policy?.replaceAll("&#39;", "'"),
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
  );
  assert.ok(page.indexOf("Content-Security-Policy") < page.indexOf("<style>"));
});

test("the page asks nothing of anyone", () => {
  const page = toHtml(toReport(HOSTILE));
  assert.doesNotMatch(page, /<(?:script|link|img|iframe|object|embed|base|form)\b/i);
  assert.doesNotMatch(page, /url\(|@import/i);
  assert.doesNotMatch(page, /\s(?:src|href|srcset|on\w+)\s*=\s*"/i);
});

test("the page shows waiver, reason, risk and until when beside the outcome", () => {
  const text = textOf(toHtml(toReport(WAIVED)));
  assert.match(text, /PERF-01 The scorecard separates good from bad: fail\n/);
  assert.match(text, /Waived by WVR-2026-0007 until 2027-01-31T00:00:00Z, agreed by olu \(risk\)/);
  assert.match(text, /Risk accepted: About 40 more defaults a year/);
});
