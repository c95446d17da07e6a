import type { DecisionInput, DecisionRecord } from "../model/decision.ts";
import { GateError } from "../model/error.ts";
import { digestOf } from "../parse/canonical.ts";
import { parseJson } from "../parse/json.ts";
import { toValue } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { decide, ENGINE } from "./decide.ts";

export interface Replay {
  readonly holds: boolean;
  /** Each a sentence; empty when the record is what judging its input gives, byte for byte. */
  readonly differences: readonly string[];
  readonly engine: { readonly record: string; readonly now: string };
}

/** Judges again from the record's own input, and compares. Throws as `decideAgain`. */
export function replay(record: DecisionRecord): Replay {
  const { digest, ...content } = record;
  const again = decideAgain(record.input);
  const differences = [
    ...(digestOf(content) === digest
      ? []
      : [`its digest ${digest} is not that of its content ${digestOf(content)}`]),
    ...(again.verdict === record.verdict ? [] : [`judged again, the verdict is ${again.verdict}`]),
    ...changedResults(record, again),
  ];
  const isSame = again.digest === digest || again.engine !== record.engine;
  if (differences.length === 0 && !isSame) differences.push(`judged again, the record is ${again.digest}`);
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

function changedResults(record: DecisionRecord, again: DecisionRecord): readonly string[] {
  const key = ({ gate, model }: { gate: string; model?: string }) =>
    `${gate}${model === undefined ? "" : ` of ${model}`}`;
  const before = new Map(record.results.map((result) => [key(result), result]));
  const after = new Map(again.results.map((result) => [key(result), result]));
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [before.get(name)?.outcome ?? "absent", after.get(name)?.outcome ?? "absent"];
    return was === is ? [] : [`${name} was ${was}, judged again it is ${is}`];
  });
}

/** A decision record from its bytes. Throws GateError `DECISION_*`, `JSON_*`. */
export function parseDecision(bytes: Uint8Array, path: string): DecisionRecord {
  const value = toValue(parseJson(decodeUtf8(bytes, path), path, { depthMax: 64 }));
  if (!isDecision(value)) {
    throw new GateError("DECISION_INVALID", `Cannot read ${path}: it is not a weighbridge/decision/v1`, {
      place: { path },
      fix: "Give the file that weighbridge check --format json wrote",
    });
  }
  return value;
}

/** The outline only: a record that lies about the rest does not replay. */
function isDecision(value: unknown): value is DecisionRecord {
  return (
    isObject(value) &&
    value.schema === "weighbridge/decision/v1" &&
    typeof value.digest === "string" &&
    typeof value.verdict === "string" &&
    typeof value.engine === "string" &&
    Array.isArray(value.results) &&
    value.results.every(isResult) &&
    isInput(value.input)
  );
}

function isResult(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.gate === "string" &&
    typeof value.outcome === "string" &&
    (value.model === undefined || typeof value.model === "string")
  );
}

function isInput(value: unknown): value is DecisionInput {
  return (
    isObject(value) &&
    typeof value.now === "string" &&
    isObject(value.change) &&
    Array.isArray(value.change.models) &&
    Array.isArray(value.change.files) &&
    isObject(value.policy) &&
    Array.isArray(value.policy.gates) &&
    Array.isArray(value.waivers) &&
    Array.isArray(value.evidence) &&
    Array.isArray(value.problems) &&
    (value.approvals === undefined || isApprovals(value.approvals))
  );
}

function isApprovals(value: unknown): boolean {
  return (
    isObject(value) &&
    Array.isArray(value.participants) &&
    Array.isArray(value.votes) &&
    Array.isArray(value.unresolved)
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
