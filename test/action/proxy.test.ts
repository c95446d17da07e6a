import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { it } from "node:test";
import { scratchRepository } from "../git.ts";
import { startDeafProxy, startProxy } from "../proxy.ts";
import { installAction } from "./runner.ts";
import { POLICY, startScenario } from "./scenario.ts";

/** A name that only the proxy knows: for 127.0.0.1 the toolkit would not ask it. */
const OUTSIDE = "http://github.example";

it("asks GitHub through the proxy that its runner names, for the policy of another repository as well", async (test) => {
  const action = await installAction();
  test.after(() => rmSync(action, { recursive: true }));
  const central = await scratchRepository();
  test.after(() => central.remove());
  const commit = central.commit("first", { "base.yml": POLICY });
  const scenario = await startScenario(action, {
    policy: `weighbridge: 1
policy: { name: acme-scoring, version: 1.0.0 }
extends: [acme/policies//base.yml@${commit}]
`,
  });
  test.after(() => scenario.remove());
  const { stand } = scenario;
  stand.github.addRepository("policies", central.directory);
  const proxy = await startProxy(Number(new URL(stand.origin).port));
  test.after(() => proxy.close());

  const { status, log } = await scenario.run({
    serverUrl: OUTSIDE,
    env: { http_proxy: proxy.url },
  });

  assert.equal(status, 0, log);
  assert.match(stand.github.comments[0]?.body ?? "", /auc-floor/);
  assert.deepEqual([...proxy.asked], ["github.example:80"]);
});

it("ends though its proxy hangs up each time that it is asked", async (test) => {
  const action = await installAction();
  test.after(() => rmSync(action, { recursive: true }));
  const scenario = await startScenario(action, {
    policy: `weighbridge: 1
policy: { name: acme-scoring, version: 1.0.0 }
extends: [acme/policies//base.yml@${"0".repeat(40)}]
`,
  });
  test.after(() => scenario.remove());
  const proxy = await startDeafProxy();
  test.after(() => proxy.close());

  const { status, log } = await scenario.run({
    serverUrl: OUTSIDE,
    env: { http_proxy: proxy.url },
    inputs: { comment: "never" },
  });

  assert.equal(status, 1);
  assert.match(log, /GitHub could not be reached/);
});
