import assert from "node:assert/strict";
import { test } from "node:test";
import { coAuthorsOf } from "../../../app/github/trailers.ts";

const MESSAGES: readonly (readonly [message: string, emails: readonly string[]])[] = [
  ["Work", []],
  ["Work\n\nCo-authored-by: A <a@x.example>", ["a@x.example"]],
  [
    "Work\r\n\r\nCo-authored-by: A <a@x.example>\r\nCO-AUTHORED-BY: B <B@X.example>\r\n",
    ["a@x.example", "b@x.example"],
  ],
  ["Co-authored-by: A <a@x.example>\n\nMore text", ["a@x.example"]],
  ["  co-authored-by: <a@x.example>  ", ["a@x.example"]],
  ["Co-authored-by: A <a@x.example>\nCo-authored-by: A <a@x.example>", ["a@x.example"]],
  ["Work\n\nCo-authored-by : A <a@x.example>", ["a@x.example"]],
  ["Work\n\nCo-authored-by: A\r\n <a@x.example>", ["a@x.example"]],
  ["Co-authored-by: A <a@x.example>, B <b@x.example> (paired)", ["a@x.example", "b@x.example"]],
  ["Co-authored-by: A <a@x.example>\u00a0", ["a@x.example"]],
  ["Co-authored-by: A\nReviewed-by: B <b@x.example>", []],
  ["Co-authored-by: A a@x.example", []],
  ["See Co-authored-by: A <a@x.example>", []],
  [`Co-authored-by: A <${"a".repeat(300)}>`, []],
];

for (const [message, emails] of MESSAGES) {
  test(`co-authors of ${JSON.stringify(message).slice(0, 60)}`, () =>
    assert.deepEqual(coAuthorsOf(message), emails));
}
