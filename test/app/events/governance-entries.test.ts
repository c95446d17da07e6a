import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { modelEvents } from "../../../app/events/governance-entries.ts";
import type { ModelChange, ModelVersion } from "../../../gate/model/change.ts";
import type { Manifest } from "../../../gate/model/manifest.ts";

const COMMIT = "a".repeat(40);

function version(manifest: Partial<Manifest> | undefined): ModelVersion {
  const whole = {
    ...{ path: "models/m/model.yml", id: "m", status: "candidate" as const, artifacts: [], evaluation: [] },
    ...{ data: [], notApplicable: [], lines: {}, ...manifest },
  };
  return { problems: [], artifacts: [], ...(manifest !== undefined && { manifest: whole }) };
}

function change(base: ModelVersion | undefined, head: ModelVersion | undefined): ModelChange {
  const sides = { ...(base !== undefined && { base }), ...(head !== undefined && { head }) };
  return { id: "m", changeClass: "C", classReasons: [], paths: [], ...sides };
}

describe("entries about the inventory", () => {
  const unclaimed = version(undefined);
  const cases: readonly [what: string, ModelChange, expected: readonly object[]][] = [
    ["a new model is registered", change(undefined, version({})), [{ kind: "model.registered" }]],
    [
      "with its declared tier",
      change(undefined, version({ tier: "T2" })),
      [{ kind: "model.registered", tier: "T2" }],
    ],
    ["one that nobody claimed is, too", change(unclaimed, version({})), [{ kind: "model.registered" }]],
    ["one that nobody claims is no model yet", change(undefined, unclaimed), []],
    ["a change of weights is none of the inventory", change(version({}), version({})), []],
    ["a retired model", change(version({}), version({ status: "retired" })), [{ kind: "model.retired" }]],
    ["one that is removed", change(version({}), undefined), [{ kind: "model.retired" }]],
    ["one that was retired and is removed", change(version({ status: "retired" }), undefined), []],
    [
      "another declared tier",
      change(version({ tier: "T3" }), version({ tier: "T2" })),
      [{ kind: "tier.changed", tier: "T2", was: "T3" }],
    ],
    ["a tier that is declared for the first time", change(version({}), version({ tier: "T2" })), []],
  ];
  for (const [what, model, expected] of cases) {
    it(what, () => {
      const said = modelEvents(model, COMMIT).map(({ kind, model }) => {
        const { id, path, commit, ...more } = model ?? { id: "", path: "", commit: "" };
        assert.deepEqual([id, path, commit], ["m", "models/m/model.yml", COMMIT]);
        return { kind, ...more };
      });
      assert.deepEqual(said, expected);
    });
  }
});
