import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  ADDRESS_CHARS_MAX,
  chartPath,
  decisionPath,
  modelPath,
  parseAddress,
  pullPath,
  repositoryPath,
  returnPath,
  trailPath,
} from "../../../app/pages/route.ts";

const AT = { owner: "acme", name: "models" };
const DIGEST = `sha256:${"a1".repeat(32)}`;
const routeOf = (target: string) => parseAddress(target)?.route;

test("every address that we write is read as what it was written for", () => {
  assert.deepEqual(routeOf(repositoryPath(AT)), { ...AT, page: "repository" });
  assert.deepEqual(routeOf(trailPath(AT)), { ...AT, page: "trail" });
  assert.deepEqual(routeOf(pullPath(AT, 17)), { ...AT, page: "pull", number: 17 });
  assert.deepEqual(routeOf(decisionPath(AT, DIGEST)), { ...AT, page: "decision", digest: DIGEST });
  for (const [part, page] of [
    ["decision.json", "record"],
    ["proof", "proof"],
    ["entry.json", "entry"],
    ["entry.tlog-proof", "tlog-proof"],
  ]) {
    assert.deepEqual(routeOf(decisionPath(AT, DIGEST, part)), { ...AT, page, digest: DIGEST });
  }
});

/** Ids of models are paths of git where no manifest claims them: any bytes but `/`-separated dots. */
const MODEL = fc
  .oneof(fc.string({ unit: "binary", minLength: 1 }), fc.string({ minLength: 1 }))
  .map((text) => text.replace(/[\ud800-\udfff]/gu, "\udc80"))
  .filter((text) => text !== "." && text !== "..");

test("a model may be named anything, and so may its metrics", () => {
  fc.assert(
    fc.property(MODEL, MODEL, (model, metric) => {
      assert.deepEqual(routeOf(modelPath(AT, model)), { ...AT, page: "model", model });
      const chart = parseAddress(chartPath(AT, model, { metric, dataset: "a&b=c" }));
      assert.deepEqual(chart?.route, { ...AT, page: "chart", model });
      assert.equal(chart?.query.get("metric"), metric);
      assert.equal(chart?.query.get("dataset"), "a&b=c");
    }),
  );
});

const NO_PAGES = [
  "",
  "*",
  "//evil.example/",
  "/favicon.ico",
  "/rr",
  "/login/",
  "/Login",
  "/api/github",
  "/style.css",
  "http://evil.example/",
];
const NOTHING = [
  "/r",
  "/r/",
  "/r/acme",
  "/r/acme/",
  "/r//models",
  "/r/acme/models/",
  "/r/acme/models/trail/",
  "/r/acme/models/../../login",
  "/r/acme/%2e%2e%2f/trail",
  "/r/acme/models%00/trail",
  "/r/acme/mo dels/trail",
  "/r/acme/models/models/",
  "/r/acme/models/models/a/b",
  "/r/acme/models/models/%",
  "/r/acme/models/models/%zz",
  "/r/acme/models/pulls/0",
  "/r/acme/models/pulls/017",
  "/r/acme/models/pulls/17/x",
  "/r/acme/models/pulls/99999999999",
  "/r/acme/models/decisions/sha256:a1",
  `/r/acme/models/decisions/${DIGEST}/`,
  `/r/acme/models/decisions/${DIGEST}/proof/x`,
  `/r/acme/models/decisions/${DIGEST.toUpperCase()}`,
  `/r/acme/models/models/${"a".repeat(ADDRESS_CHARS_MAX)}`,
];

for (const target of NO_PAGES) {
  test(`${JSON.stringify(target)} is left to others`, () => assert.equal(parseAddress(target), undefined));
}

for (const target of NOTHING) {
  test(`${JSON.stringify(target.slice(0, 100))} is no page of ours`, () => {
    assert.deepEqual(routeOf(target), { page: "nothing" });
  });
}

for (const [wanted, leads] of [
  ["/r/acme/models/pulls/17", "/r/acme/models/pulls/17"],
  ["/r/acme/models/models/models%2Fpd.pkl", "/r/acme/models/models/models%2Fpd.pkl"],
  [undefined, "/"],
  ["", "/"],
  ["/", "/"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["\\\\evil.example", "/"],
  ["https://evil.example/r/acme/models", "/"],
  ["javascript:alert(1)", "/"],
  ["/r/../..//evil.example", "/"],
  ["/r/acme/models\r\nset-cookie: a=b", "/"],
  ["/r/acme/models?x=https://evil.example", "/"],
  ["/logout", "/"],
  ["/login?return=/r/acme/models", "/"],
  [`/r/acme/models/models/${"a".repeat(2_000)}`, "/"],
] as const) {
  test(`signing in with ${JSON.stringify(wanted?.slice(0, 60))} leads to ${leads}`, () => {
    assert.equal(returnPath(wanted), leads);
  });
}
