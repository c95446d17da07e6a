import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChartPoint, drawChart, SIZES } from "../../../app/pages/chart.ts";

const POINTS: readonly ChartPoint[] = [
  { label: "#1", value: 0.78, passed: true, floor: 0.75 },
  { label: "#2", passed: false, floor: 0.75 },
  { label: "#3", value: 0.77, passed: false, floor: 0.78 },
];

test("a chart is one SVG of its size, with the labels and neither script nor style sheet", async () => {
  for (const size of ["wide", "narrow"] as const) {
    const svg = await drawChart({ points: POINTS, scheme: "light", size });
    const { width, height } = SIZES[size];
    assert.ok(svg.startsWith(`<svg width="${width}" height="${height}" xmlns="http://www.w3.org/2000/svg"`));
    assert.match(svg, />#1<\/text>[\s\S]*>#2<\/text>[\s\S]*>#3<\/text>/);
    assert.doesNotMatch(svg, /<(?:script|style|image|a|use|foreignObject)\b|\son\w+=|href/i);
  }
});

test("a decision without a number leaves a gap, and what passed has another shape than what did not", async () => {
  const svg = await drawChart({ points: POINTS, scheme: "light", size: "wide" });
  // The series is the third; its second point is not drawn.
  const marks = svg.match(/<path d="([^"]*)"[^>]*ecmeta_series_index="2"/g) ?? [];
  assert.equal(marks.length, 2);
  assert.notEqual(marks[0]?.match(/d="([^"]*)"/)?.[1], marks[1]?.match(/d="([^"]*)"/)?.[1]);
});

test("light and dark are drawn in the colors of their pages", async () => {
  assert.match(await drawChart({ points: POINTS, scheme: "light", size: "wide" }), /fill="#5b6572"/);
  assert.match(await drawChart({ points: POINTS, scheme: "dark", size: "wide" }), /fill="#9aa5b3"/);
});
