import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gate } from "../../gate/model/gate.ts";
import { environmentsBefore } from "../../gate/rules/deployment-promotion.ts";
import { policy } from "./view.ts";

function order(
  environment: string,
  after: readonly string[],
  severity: Partial<Gate["severity"]> = {},
): Gate {
  const block = { T1: "block", T2: "block", T3: "block", T4: "block" } as const;
  return {
    ...{ id: `${environment}-last`, rule: "deployment.promotion", with: { environment, after } },
    severity: { ...block, ...severity },
    ...{ title: "", why: "", fix: "", waivable: true, onInconclusive: "close", mapsTo: [] },
    ...{ origin: "policy", place: { path: "policy.yml" } },
  };
}

test("a model runs after the environments of every gate that blocks its tier, each named once", () => {
  const ordered = {
    ...policy(),
    gates: [
      order("production", ["staging", "canary"]),
      order("production", ["staging", "shadow"], { T4: "warn" }),
      order("staging", ["development"]),
    ],
  };
  assert.deepEqual(environmentsBefore(ordered, "production", "T1"), ["staging", "canary", "shadow"]);
  assert.deepEqual(environmentsBefore(ordered, "production", "T4"), ["staging", "canary"]);
  assert.deepEqual(environmentsBefore(ordered, "elsewhere", "T1"), []);
});

test("the order holds for an environment however it is spelled", () => {
  const ordered = {
    ...policy(),
    gates: [
      order("Zürich", ["Staging", "canary"]),
      order("ZU\u0308RICH", ["staging", "CANARY", "shadow"]),
      order("zurich", ["development"]),
    ],
  };
  assert.deepEqual(environmentsBefore(ordered, "zürich", "T1"), ["Staging", "canary", "shadow"]);
});
