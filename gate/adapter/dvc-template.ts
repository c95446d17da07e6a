import { GateError } from "../model/error.ts";
import { quote } from "../parse/excerpt.ts";
import { type MapNode, type Node, nodeAt, type Position } from "../parse/node.ts";

/** `${inner}` that no backslash escapes. Source: dvc/parsing/interpolate.py, KEYCRE. */
const TEMPLATE = /(?<!\\)\$\{([^}]*)\}/g;
const WHOLE_TEMPLATE = /^\$\{([^}]*)\}$/;

/** Characters that the templates of one pipeline may become: a text of ten lines can else fill the memory. */
export const FILLED_CHARS_MAX = 4 * 1024 * 1024;

/** What the templates of a stage may name. */
export interface Scope {
  readonly variables: MapNode;
  /** Shared by all stages of a pipeline. */
  readonly budget: { chars: number };
}

/** The node with every template in it filled in. A text that is one template becomes the value itself. */
export function fill(node: Node, scope: Scope): Node {
  if (node.kind === "list") return { ...node, items: node.items.map((item) => fill(item, scope)) };
  if (node.kind === "map") {
    const entries = [...node.entries].map(
      ([key, { at, value }]) => [fillText(key, scope, at), { at, value: fill(value, scope) }] as const,
    );
    return { ...node, entries: new Map(entries) };
  }
  if (typeof node.value !== "string") return node;
  const whole = WHOLE_TEMPLATE.exec(node.value)?.[1];
  if (whole !== undefined) return select(whole, scope, node.at);
  const text = fillText(node.value, scope, node.at);
  return { ...node, value: text, text };
}

/** As `fill`, for a command: DVC would print a map as its options, which is not done here. */
export function fillCommand(node: Node, scope: Scope): Node {
  if (node.kind === "list") return { ...node, items: node.items.map((item) => fillCommand(item, scope)) };
  const filled = fill(node, scope);
  if (filled.kind !== "scalar") throw unresolved(node, "a template stands for a map or a list");
  return filled;
}

function fillText(text: string, scope: Scope, at: Position): string {
  const filled = text.replace(TEMPLATE, (_, inner: string) => {
    const printed = print(select(inner, scope, at), at);
    scope.budget.chars -= printed.length;
    if (scope.budget.chars >= 0) return printed;
    throw unresolved({ at }, `the templates become more than ${FILLED_CHARS_MAX} characters`);
  });
  return filled.replaceAll("\\${", "${");
}

/** `a.b` and `a[0]` alike. */
function select(inner: string, { variables }: Scope, at: Position): Node {
  const path = inner.replaceAll("[", ".").replaceAll("]", "").split(".");
  const found = nodeAt(
    variables,
    path.map((step) => step.trim()),
  );
  if (found === undefined) throw unresolved({ at }, `no variable ${quote(inner)}`);
  return found;
}

/** The text that Python prints for a value; DVC prints flags in small letters. */
export function print(node: Node, at: Position = node.at): string {
  if (node.kind !== "scalar") throw unresolved({ at }, "a template stands for a map or a list");
  const { value, text } = node;
  if (value === null) return "None";
  if (typeof value === "object") return value.nonFinite.toLowerCase().replace("infinity", "inf");
  if (typeof value !== "number") return String(value);
  return /[.eE]/.test(text) && !text.startsWith("0x") ? printFloat(value) : String(value);
}

/** Python's repr: the shortest digits, as in ECMAScript, but with an exponent below 1e-4 and from 1e16 on. */
function printFloat(value: number): string {
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** A stage that cannot be told from what is written; the place is in its `dvc.yaml`. */
export function unresolved({ at }: { at: Position }, state: string): GateError {
  return new GateError("DVC_TEMPLATE", `Cannot fill in a template: ${state}`, {
    place: { path: "dvc.yaml", ...at },
    fix: "Write the value itself, or define the variable in params.yaml",
  });
}
