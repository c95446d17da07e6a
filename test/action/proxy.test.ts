import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { it } from "node:test";
import { startProxy } from "../proxy.ts";
import { installAction } from "./runner.ts";
import { startScenario } from "./scenario.ts";

/** A name that only the proxy knows: for 127.0.0.1 the toolkit would not ask it. */
const OUTSIDE = "http://github.example";

it("asks GitHub through the proxy that its runner names", async (test) => {
  const action = await installAction();
  test.after(() => rmSync(action, { recursive: true }));
  const scenario = await startScenario(action);
  test.after(() => scenario.remove());
  const { stand } = scenario;
  const proxy = await startProxy(Number(new URL(stand.origin).port));
  test.after(() => proxy.close());

  const { status, log } = await scenario.run({
    serverUrl: OUTSIDE,
    env: { http_proxy: proxy.url },
  });

  assert.equal(status, 0, log);
  assert.equal(stand.github.comments.length, 1, log);
  assert.deepEqual([...proxy.asked], ["github.example:80"]);
});
