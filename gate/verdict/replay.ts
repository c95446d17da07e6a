import schema from "../../policies/schema/decision.schema.json" with { type: "json" };
import type { DecisionInput, DecisionRecord } from "../model/decision.ts";
import { GateError } from "../model/error.ts";
import { digestOf } from "../parse/canonical.ts";
import { parseJson } from "../parse/json.ts";
import { toValue } from "../parse/node.ts";
import { DECISION_VALIDATORS } from "../parse/prebuilt-decision.ts";
import { checkSchema } from "../parse/schema.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { decide, ENGINE } from "./decide.ts";
import { differencesOf } from "./differences.ts";

export interface Replay {
  readonly holds: boolean;
  /** Each a sentence; empty when the record is what judging its input gives, but for the engine that it names. */
  readonly differences: readonly string[];
  readonly engine: { readonly record: string; readonly now: string };
}

/**
 * Judges again from the record's own input, and compares all of it. That another engine judged excuses nothing: from
 * here, rules that have changed and a hand that forged look alike, so what differs is told. Throws as `decideAgain`.
 */
export function replay(record: DecisionRecord): Replay {
  const { digest, ...content } = record;
  const own = digestOf(content);
  const differences = [
    ...(own === digest ? [] : [`its digest ${digest} is not that of its content ${own}`]),
    ...differencesOf(record, decideAgain(record.input)),
  ];
  return { holds: differences.length === 0, differences, engine: { record: record.engine, now: ENGINE } };
}

/** The decision about the input of a record, which may come from anywhere. Throws `DECISION_INVALID` where it is none. */
export function decideAgain(input: DecisionInput): DecisionRecord {
  try {
    return decide(input);
  } catch (cause) {
    const message = "Cannot judge again: the input of the record is not what a decision rests on";
    throw new GateError("DECISION_INVALID", message, { cause });
  }
}

/**
 * A decision record from its bytes. Throws GateError `JSON_*`, or `DECISION_INVALID` with the place of the first
 * thing that does not fit `policies/schema/decision.schema.json`. That it fits is no word about whether it is true.
 */
export function parseDecision(bytes: Uint8Array, path: string): DecisionRecord {
  const node = parseJson(decodeUtf8(bytes, path), path, { depthMax: 64, surrogates: "carry" });
  const [first, ...more] = checkSchema(schema, node, path, DECISION_VALIDATORS);
  if (first !== undefined) {
    const others = more.length === 0 ? "" : `, and ${more.length} more places that do not fit`;
    throw new GateError(
      "DECISION_INVALID",
      `Cannot read ${path} as a weighbridge/decision/v1: ${first.message}${others}`,
      { place: first.place, fix: "Give the file that weighbridge check --format json wrote, as it wrote it" },
    );
  }
  return toDecision(toValue(node));
}

/** What fits the schema is a record; the outline is looked at again for the compiler's sake. */
function toDecision(value: unknown): DecisionRecord {
  if (isDecision(value)) return value;
  throw new TypeError("A decision record that fits its schema is a map with an input");
}

function isDecision(value: unknown): value is DecisionRecord {
  return typeof value === "object" && value !== null && "input" in value;
}
