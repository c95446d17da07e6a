import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "../../app/log.ts";
import { GateError } from "../../gate/model/error.ts";

function capture(level: "debug" | "info" | "warn" | "error" = "debug") {
  const lines: string[] = [];
  const now = () => new Date(Date.UTC(2026, 10, 21, 22, 14, 5));
  return { lines, log: openLog({ level, write: (line) => lines.push(line), now }) };
}

test("a line is one JSON object with its end", () => {
  const { lines, log } = capture();
  log.info("Webhook kept", { delivery: "72d3162e", event: "push", ms: 3 });
  assert.deepEqual(lines, [
    '{"time":"2026-11-21T22:14:05.000Z","level":"info","message":"Webhook kept","delivery":"72d3162e","event":"push","ms":3}\n',
  ]);
});

test("a line has no end within", () => {
  const { lines, log } = capture();
  log.info('two\nlines "and" \u2028 more', { head: "a\r\nb" });
  assert.equal(lines[0]?.indexOf("\n"), lines[0]!.length - 1);
});

test("what is below the level is not said", () => {
  const { lines, log } = capture("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).message),
    ["c", "d"],
  );
});

test("fields stay with the log that has them", () => {
  const { lines, log } = capture();
  log.with({ repository: 5, pull: 3 }).with({ pull: 4 }).info("Judged", { verdict: "pass" });
  log.info("Other");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ time: _, level: __, message: ___, ...rest }) => rest),
    [{ repository: 5, pull: 4, verdict: "pass" }, {}],
  );
});

test("an error of ours is told by its code, message and what it came from", () => {
  const { lines, log } = capture();
  const cause = new RangeError("ghs_token in the message");
  log.error("Work failed", {}, new GateError("GITHUB_UNAVAILABLE", "Cannot ask GitHub", { cause }));
  const line = JSON.parse(lines[0]!);
  assert.deepEqual(
    [line.code, line.error, line.cause],
    ["GITHUB_UNAVAILABLE", "Cannot ask GitHub", "RangeError"],
  );
  assert.ok(line.at.length > 0 && line.at.every((place: string) => place.startsWith("at ")));
});

test("an error of anybody else is told without its words and fields, for they quote requests", () => {
  const { lines, log } = capture();
  const request = { headers: { authorization: "token ghs_secret" } };
  log.error("Work failed", {}, Object.assign(new TypeError("payload: private words\nat once"), { request }));
  log.error("Work failed", {}, "ghs_secret");
  log.error("Work failed", {}, null);
  assert.ok(!/ghs_secret|private words|at once/.test(lines.join("")), lines.join(""));
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).code),
    ["UNEXPECTED", "UNEXPECTED", "UNEXPECTED"],
  );
});

test("a long text is cut off", () => {
  const { lines, log } = capture();
  log.info("x".repeat(10_000), { head: "y".repeat(10_000) });
  assert.ok(lines[0]!.length < 1_200);
});
