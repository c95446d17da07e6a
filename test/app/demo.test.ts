import assert from "node:assert/strict";
import { test } from "node:test";
import { playApp } from "../../examples/app-play.ts";

test("the demo of the App shows what it says that it shows", async () => {
  const { scenes, trail } = await playApp();
  assert.deepEqual(
    scenes.map(({ done, check }) => `${check.conclusion}: ${done.split(" ")[0]}`),
    [
      "failure: maria",
      "action_required: Its",
      "action_required: sid,",
      "action_required: olga,",
      "success: vera,",
      "action_required: maria",
      "success: olga",
      "success: maria",
      "success: An",
    ],
  );
  assert.equal(scenes[2]?.seen, "The App answers with -1");
  assert.match(scenes[8]?.seen ?? "", /^The App opens an issue: A change of a model went around the gate: /);
  const [log, verified] = trail;
  const kinds = [...(log?.output ?? "").matchAll(/Z {2}([a-z.]+)/g)].map(([, kind]) => kind);
  for (const kind of ["approval.stale", "merge.observed", "bypass.detected"]) assert.ok(kinds.includes(kind));
  assert.equal(verified?.status, 0, verified?.output);
});
