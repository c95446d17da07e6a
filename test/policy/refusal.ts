import assert from "node:assert/strict";
import { GateError } from "../../gate/model/error.ts";

/** The error that a call throws; fails if it throws nothing or another kind. */
export function refusalOf(call: () => unknown): GateError {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof GateError, String(error));
    return error;
  }
  return assert.fail("expected a refusal");
}

/** The error that a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<GateError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof GateError, String(error));
    return error;
  }
  return assert.fail("expected a refusal");
}
