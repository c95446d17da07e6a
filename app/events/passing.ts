import { GateError } from "../../gate/model/error.ts";
import { isFailure } from "../github/failure.ts";

/** Whether a failure passes by itself: the work is tried again, and nothing is concluded from it. */
export function isPassing(cause: unknown): boolean {
  if (isFailure(cause, "GITHUB_LIMITED", "GITHUB_UNAVAILABLE")) return true;
  return cause instanceof GateError && (cause.code === "TRAIL_LEADER_BUSY" || cause.code === "LEASE_LOST");
}
