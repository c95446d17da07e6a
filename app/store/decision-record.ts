import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { DecisionRow } from "./archive.ts";

/** The decision record of a row: it was made here, and what was made here is no file that anybody gave. */
export function recordOf({ record }: Pick<DecisionRow, "record">): DecisionRecord {
  return JSON.parse(record);
}
