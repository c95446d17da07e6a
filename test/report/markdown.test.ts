import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateResult } from "../../gate/model/decision.ts";
import { commentMarker, toMarkdown } from "../../gate/report/markdown.ts";
import { toReport } from "../../gate/report/report.ts";
import { toSummary } from "../../gate/report/summary.ts";
import { FAIL, gate, HOSTILE_TEXT, metric, policy, RECORDS, record, result, WAIVED } from "./records.ts";
import { renderMarkdown } from "./render-markdown.ts";

/** Many results, each with a text of the given length. */
function large(number: number, text: string) {
  const results = Array.from({ length: number }, (_, index): GateResult => {
    const id = `GATE-${String(index).padStart(5, "0")}`;
    const findings = [{ code: "X", message: text, place: { path: text, line: 1 } }];
    return result(gate(id, { title: text }), { model: "credit-pd", outcome: "fail", closes: true, findings });
  });
  const evidence = Array.from({ length: number }, (_, index) => metric("head", `metric_${index}`, index / 7));
  const tightenings = results.map((item) => ({ gate: item.gate, what: text, from: "1", to: "2", by: text }));
  return toReport(record({ verdict: "fail", results, input: { evidence, policy: policy({ tightenings }) } }));
}

function assertWhole(source: string): void {
  const count = (pattern: RegExp) => source.match(pattern)?.length ?? 0;
  assert.equal(count(/<details>/g), count(/<\/details>/g));
  assert.equal(count(/```/g), 0);
  assert.ok(source.isWellFormed());
  const rendered = renderMarkdown(source);
  assert.doesNotMatch(rendered, /\n\| /, "a row outside of its table");
}

const SIZES = [
  [3, "short"],
  [400, "a message of usual length about one number"],
  [150, HOSTILE_TEXT],
  [40, "$".repeat(5_000)],
  [40, "🚀".repeat(3_000)],
] as const;

for (const [number, text] of SIZES) {
  test(`${number} findings of ${text.length} × "${text.slice(0, 3)}" fit a comment, cut on whole rows`, () => {
    const { source } = toMarkdown(large(number, text), { pull: 7 });
    assert.ok(source.startsWith(`${commentMarker(7)}\n`));
    assert.ok(source.length <= 65_000, `${source.length} characters`);
    assert.ok(Buffer.byteLength(source) <= 260_000);
    assert.match(source, new RegExp(`${number} gates close this change`));
    assertWhole(source);
  });
}

test("a comment that is cut says how many of what, and where all of it is", () => {
  const { source } = toMarkdown(large(3_000, "a message"), {
    pull: 7,
    fullReport: { text: "the summary of the run", url: "https://github.com/acme/models/actions/runs/1" },
  });
  const shown = source.match(/^\| ❌ \| `GATE-/gm)?.length ?? 0;
  assert.ok(shown > 50, `${shown} rows`);
  assert.match(source, new RegExp(`…and ${3_000 - shown} more gates\n`));
  assert.match(
    source,
    new RegExp(
      `\\*\\*Left out for length:\\*\\* ${3_000 - shown} gates, .*All of it: \\[the summary of the run\\]\\(https://github\\.com/acme/models/actions/runs/1\\)\\.\n$`,
    ),
  );
});

test("a comment that is not cut says nothing of it", () => {
  for (const decision of Object.values(RECORDS)) {
    const report = toReport(decision);
    if (decision !== RECORDS.hostile) assert.doesNotMatch(toMarkdown(report).source, /Left out/);
  }
});

test("the three worst stand on top with their remedies, and the rest is counted", () => {
  const { source } = toMarkdown(large(5, "x"));
  assert.equal(source.match(/^\d\. .*\*\*Fix:\*\*/gm)?.length, 3);
  assert.match(source, /\n2 more close this change; they are listed below\.\n/);
});

test("what matters survives a large list of gates: blockers, waivers, metrics, the change of the judge", () => {
  const passing = Array.from({ length: 3_000 }, (_, index) =>
    result(gate(`G-${index}`), { model: "credit-pd" }),
  );
  const { results, input } = WAIVED;
  const policyChange = { files: [{ path: "policy.yml", kind: "policy" }], differences: [] } as const;
  const decision = record({
    verdict: "fail",
    results: [...passing, ...FAIL.results, ...results],
    input: { ...input, policyChange },
  });
  const { source } = toMarkdown(toReport(decision));
  assert.match(source, /\n…and \d+ more gates\n/);
  assert.match(source, /waived by `WVR-2026-0007` until/);
  assert.match(source, /\| `roc_auc` \|/);
  assert.match(source, /What this change would do to its judge/);
  assert.equal(source.match(/^\d\. .*\*\*Fix:\*\*/gm)?.length, 3);
});

test("every budget down to a headline is kept", () => {
  const report = large(12, HOSTILE_TEXT);
  for (let charactersMax = 400; charactersMax < 12_000; charactersMax = Math.ceil(charactersMax * 1.2)) {
    const { source } = toMarkdown(report, {
      pull: 7,
      budget: { charactersMax, bytesMax: charactersMax + 50 },
    });
    assert.ok(source.length <= charactersMax, `${source.length} of ${charactersMax}`);
    assert.ok(Buffer.byteLength(source) <= charactersMax + 50);
    assertWhole(source);
  }
});

test("a summary has room for more, and stays below what a step may write", () => {
  const report = large(3_000, "a message");
  const { source } = toSummary(report);
  assert.ok(source.length > toMarkdown(report).source.length * 5);
  assert.ok(Buffer.byteLength(source) < 1_048_576);
  assert.ok(Buffer.byteLength(toSummary(large(1_000, HOSTILE_TEXT)).source) < 1_048_576);
});

test("the marker names the pull request, or the report where there is none", () => {
  assert.equal(commentMarker(12), "<!-- weighbridge:12 -->");
  assert.equal(commentMarker(), "<!-- weighbridge:report -->");
  assert.ok(toMarkdown(toReport(FAIL)).source.startsWith("<!-- weighbridge:report -->\n"));
});

test("many models take one line each, and then a count", () => {
  const models = Array.from({ length: 1_000 }, (_, index) => ({
    id: `model-${index}`,
    changeClass: "B" as const,
    tier: "T3" as const,
    tierReasons: [],
  }));
  const results = models.map(({ id }) => result(gate("G-1"), { model: id }));
  const { source } = toMarkdown(toReport(record({ verdict: "pass", results, models })));
  assert.match(source, /`model-4`: refresh \(class B\), tier T3<br>and 995 more models\n/);
  assert.ok(source.length <= 65_000);
  assertWhole(source);
});
