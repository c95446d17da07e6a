import assert from "node:assert/strict";
import { GateError } from "../../gate/model/error.ts";

/** The GateError that a call throws; fails if it throws none. */
export function refusalOf(call: () => unknown): GateError {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof GateError, `expected a GateError, got ${error}`);
    return error;
  }
  assert.fail("expected a GateError, got none");
}

/** Code, line and column of the GateError that a call throws, as `YAML_ALIAS 1:4`. */
export function placeOf(call: () => unknown): string {
  const { code, place } = refusalOf(call);
  return [code, [place?.line, place?.column].filter((part) => part !== undefined).join(":")].join(" ").trim();
}
