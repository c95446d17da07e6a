import assert from "node:assert/strict";
import { test } from "node:test";
import { PromiseCache } from "../../gate/trail/promise-cache.ts";

/** A cache of texts by their length, and what was read for it. */
function textCache(weightMax: number) {
  const cache = new PromiseCache<string>(weightMax, (text) => text.length);
  const read: string[] = [];
  const get = (key: string, text = key) =>
    cache.get(key, async () => {
      read.push(key);
      return text;
    });
  return { cache, read, get };
}

test("what is being read, or was read, is not read again", async () => {
  const { get, read } = textCache(10);
  assert.deepEqual(await Promise.all([get("a"), get("a"), get("b")]), ["a", "a", "b"]);
  assert.equal(await get("a"), "a");
  assert.deepEqual(read, ["a", "b"]);
});

test("what was asked for longest ago goes first, and all that goes is read again", async () => {
  const { get, read } = textCache(3);
  for (const key of ["a", "b", "c", "a", "d"]) await get(key);
  await get("a");
  await get("b");
  assert.deepEqual(read, ["a", "b", "c", "d", "b"]);
});

test("what is too heavy for it is given, and not kept", async () => {
  const { get, read } = textCache(3);
  await get("a");
  assert.equal(await get("heavy", "heavy"), "heavy");
  await get("heavy");
  assert.deepEqual(read, ["a", "heavy", "heavy"]);
});

test("a reading that failed is forgotten", async () => {
  const { cache, get } = textCache(10);
  const failing = () => cache.get("a", () => Promise.reject(new Error("no answer")));
  await Promise.all([assert.rejects(failing()), assert.rejects(failing())]);
  assert.equal(await get("a"), "a");
});
