import assert from "node:assert/strict";
import { test } from "node:test";
import { cut } from "../../../app/events/show.ts";

test("C73: what could not be judged is told in a text that is cut between two code points, within its limit", () => {
  const text = `<!-- marker -->\n${"\u{1d518}a".repeat(200)}`;
  for (let charactersMax = 60; charactersMax < text.length + 3; charactersMax++) {
    const shown = cut(text, { charactersMax });
    assert.ok(shown.length <= charactersMax && shown.isWellFormed(), String(charactersMax));
    assert.equal(shown === text, charactersMax >= text.length);
    assert.ok(shown.startsWith("<!-- marker -->\n"));
  }
});
