import type { DecisionInput } from "../../gate/model/decision.ts";
import type { Gate } from "../../gate/model/gate.ts";
import { metric, model, NOW, policy } from "../rules/view.ts";

/** A gate that asks for an AUC of 0.78 and blocks in T1 and T2. */
export function gate(overrides: Partial<Gate> = {}): Gate {
  return {
    id: "auc-floor",
    rule: "metric.floor",
    with: { metric: "roc_auc", min: 0.78 },
    severity: { T1: "block", T2: "block", T3: "warn", T4: "info" },
    title: "AUC",
    why: "because",
    fix: "train more",
    waivable: true,
    onInconclusive: "close",
    mapsTo: [],
    origin: "test",
    place: { path: "p.yml", line: 1 },
    ...overrides,
  };
}

/** One model of tier T2 with an AUC of 0.8, judged by that gate: a pass. */
export function input(overrides: Partial<DecisionInput> = {}): DecisionInput {
  const models = [{ id: "m", path: "m", tier: "T2" }] as const;
  return {
    now: NOW,
    change: { base: "1", mergeBase: "1", head: "2", files: [], models: [model()] },
    policy: policy({ models, gates: [gate()] }),
    waivers: [],
    evidence: [metric()],
    problems: [],
    ...overrides,
  };
}
