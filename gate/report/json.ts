import type { DecisionRecord } from "../model/decision.ts";
import { canonical } from "../parse/canonical.ts";

/** The decision record in canonical form and a line break: the bytes that its digest can be checked against. */
export function toJson(record: DecisionRecord): string {
  return `${canonical(record)}\n`;
}
