import { type ASTNode, Environment, EvaluationError, ParseError } from "@marcbachmann/cel-js";
import { GateError } from "../model/error.ts";

/** Longest expression, in characters; a demand that needs more is better said as two gates. */
const TEXT_LENGTH_MAX = 2_000;
const AST_NODES_MAX = 400;
const AST_DEPTH_MAX = 32;
/** Nested `all`, `exists`, `map`, `filter`: each level multiplies the cost by the longest list. */
const MACRO_NESTING_MAX = 2;
/** Node visits, nodes times (longest list) to the power of the nesting; about a second. */
const COST_MAX = 5_000_000;

const MACROS = new Set(["all", "exists", "exists_one", "filter", "map"]);

/** `matches` runs a backtracking regular expression, whose cost no limit above bounds. */
const FORBIDDEN_CALLS = new Set(["matches"]);

/** What an expression may name. `when` sees no metrics, so that a number can never switch a gate off. */
export const VARIABLES = ["metrics", "model", "change", "artifacts"] as const;
export type Variable = (typeof VARIABLES)[number];

/** What the variables have whose fields are always the same; another name would be known as wrong only when it is asked. */
export const FIELDS = {
  model: ["id", "tier", "class", "status", "owner", "domain", "jurisdictions", "role", "autonomy"],
  change: ["files"],
} as const;

const ENVIRONMENT = new Environment({
  unlistedVariablesAreDyn: false,
  limits: { maxAstNodes: AST_NODES_MAX, maxDepth: AST_DEPTH_MAX },
})
  .registerVariable("metrics", "map")
  .registerVariable("model", "map")
  .registerVariable("change", "map")
  .registerVariable("artifacts", "list");

export interface CompiledCel {
  readonly text: string;
  readonly variables: ReadonlySet<string>;
  /** Names after `metrics.` that are used without a `has()` around them. */
  readonly metrics: readonly string[];
  /** Names after `metrics.` that are asked for in a `has()`. */
  readonly asked: readonly string[];
  /** It uses the map of metrics otherwise than by a name that is written out, so that it may look at any of them. */
  readonly looksAtAll: boolean;
  /** It may look at what base says: it names `base` or `delta`, or selects by what is not written out. */
  readonly looksAtBase: boolean;
  /** The truth of the expression. Throws GateError `CEL_EVALUATION`, `CEL_NOT_BOOLEAN`, `CEL_COST`. */
  evaluate(context: Readonly<Partial<Record<Variable, unknown>>>): boolean;
}

/**
 * The expression, parsed and within its limits of size, depth and cost (CEL language definition, cel-spec).
 * Throws GateError `CEL_SYNTAX`, `CEL_LIMIT`, `CEL_FUNCTION`, `CEL_FIELD`, `CEL_NOT_BOOLEAN`.
 */
export function compileCel(text: string): CompiledCel {
  if (text.length > TEXT_LENGTH_MAX) {
    throw new GateError(
      "CEL_LIMIT",
      `Cannot use expression: ${text.length} characters, limit is ${TEXT_LENGTH_MAX}`,
    );
  }
  const program = parse(text);
  const facts = survey(program.ast);
  refuse(text, facts);
  const checked = program.check();
  if (!checked.valid) throw syntaxError(text, checked.error);
  if (checked.type !== "bool" && checked.type !== "dyn") {
    throw new GateError(
      "CEL_NOT_BOOLEAN",
      `Cannot use expression "${text}": it gives ${checked.type}, not bool`,
    );
  }
  return {
    text,
    variables: facts.variables,
    metrics: [...facts.metrics].sort(),
    asked: [...facts.asked].sort(),
    looksAtAll: facts.looksAtAll,
    looksAtBase: facts.looksAtBase,
    evaluate: (context) => evaluate(text, program, facts, context),
  };
}

interface Facts {
  nodes: number;
  nesting: number;
  readonly calls: Set<string>;
  /** Selections from a variable of fixed fields. */
  readonly selections: { readonly owner: keyof typeof FIELDS; readonly field: string }[];
  readonly variables: Set<string>;
  readonly metrics: Set<string>;
  readonly asked: Set<string>;
  looksAtAll: boolean;
  looksAtBase: boolean;
}

function parse(text: string): ReturnType<Environment["parse"]> {
  try {
    return ENVIRONMENT.parse(text);
  } catch (cause) {
    throw syntaxError(text, cause);
  }
}

function syntaxError(text: string, cause: unknown): GateError {
  const summary = cause instanceof Error ? ("summary" in cause ? String(cause.summary) : cause.message) : "";
  const column = cause instanceof ParseError ? ` at column ${(cause.range?.start ?? 0) + 1}` : "";
  return new GateError("CEL_SYNTAX", `Cannot parse expression "${text}"${column}: ${summary}`, {
    cause,
    fix: 'Write CEL, for example "metrics.p95_ms.head <= 1.2 * metrics.p95_ms.base"',
  });
}

function refuse(text: string, facts: Facts): void {
  if (facts.nesting > MACRO_NESTING_MAX) {
    throw new GateError(
      "CEL_LIMIT",
      `Cannot use expression "${text}": ${facts.nesting} nested macros, limit is ${MACRO_NESTING_MAX}`,
    );
  }
  const forbidden = [...facts.calls].find((name) => FORBIDDEN_CALLS.has(name));
  if (forbidden !== undefined) {
    throw new GateError("CEL_FUNCTION", `Cannot use expression "${text}": ${forbidden}() is not allowed`, {
      fix: "Use contains, startsWith or endsWith",
    });
  }
  const unknown = facts.selections.find(({ owner, field }) => !isField(owner, field));
  if (unknown !== undefined) {
    const { owner, field } = unknown;
    throw new GateError("CEL_FIELD", `Cannot use expression "${text}": ${owner} has no ${field}`, {
      fix: `Use one of ${FIELDS[owner].map((name) => `${owner}.${name}`).join(", ")}`,
    });
  }
}

/** One walk over the tree: what it names, what it calls, how deep its macros nest. */
function survey(root: ASTNode): Facts {
  const facts: Facts = {
    ...{ nodes: 0, nesting: 0, looksAtAll: false, looksAtBase: false },
    ...{ calls: new Set(), selections: [], variables: new Set(), metrics: new Set(), asked: new Set() },
  };
  const walk = (node: ASTNode, nesting: number, guarded: boolean): void => {
    facts.nodes += 1;
    const call = node.op === "call" || node.op === "rcall" ? node.args[0] : undefined;
    if (call !== undefined) facts.calls.add(call);
    const inner = call !== undefined && node.op === "rcall" && MACROS.has(call) ? nesting + 1 : nesting;
    facts.nesting = Math.max(facts.nesting, inner);
    if (node.op === "id") facts.variables.add(node.args);
    const selection = selectionOf(node);
    if (selection !== undefined) facts.selections.push(selection);
    const metric = metricOf(node);
    if (metric !== undefined) (guarded ? facts.asked : facts.metrics).add(metric);
    facts.looksAtBase ||= mayBeBase(node);
    for (const child of children(node)) {
      facts.looksAtAll ||= metric === undefined && isMetrics(child);
      walk(child, inner, guarded || call === "has");
    }
  };
  facts.looksAtAll = isMetrics(root);
  walk(root, 0, false);
  return facts;
}

function isMetrics(node: ASTNode): boolean {
  return node.op === "id" && node.args === "metrics";
}

function mayBeBase(node: ASTNode): boolean {
  if (node.op !== "." && node.op !== "[]") return false;
  const key = keyOf(node.args[1]);
  return key === undefined || key === "base" || key === "delta";
}

/** The `x` of `metrics.x` or `metrics["x"]`. */
function metricOf(node: ASTNode): string | undefined {
  if (node.op !== "." && node.op !== "[]") return undefined;
  const [owner, key] = node.args;
  return isMetrics(owner) ? keyOf(key) : undefined;
}

/** What is selected by a name that is written out from a variable of fixed fields. */
function selectionOf(node: ASTNode): Facts["selections"][number] | undefined {
  if (node.op !== "." && node.op !== "[]") return undefined;
  const [{ op, args: owner }, key] = node.args;
  const field = keyOf(key);
  return op === "id" && field !== undefined && isRecord(owner) ? { owner, field } : undefined;
}

function isRecord(name: unknown): name is keyof typeof FIELDS {
  return typeof name === "string" && Object.hasOwn(FIELDS, name);
}

function isField(owner: keyof typeof FIELDS, field: string): boolean {
  return (FIELDS[owner] as readonly string[]).includes(field);
}

/** The key of a selection, if it is written out. */
function keyOf(key: string | ASTNode): string | undefined {
  if (typeof key === "string") return key;
  return key.op === "value" && typeof key.args === "string" ? key.args : undefined;
}

function children(node: ASTNode): readonly ASTNode[] {
  return [node.args].flat(3).filter(isNode);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

function evaluate(
  text: string,
  program: ReturnType<Environment["parse"]>,
  facts: Facts,
  context: Readonly<Partial<Record<Variable, unknown>>>,
): boolean {
  const cost = facts.nodes * longestList(context) ** facts.nesting;
  if (cost > COST_MAX) {
    throw new GateError("CEL_COST", `Cannot evaluate "${text}": about ${cost} steps, limit is ${COST_MAX}`);
  }
  const value = run(text, program, context);
  if (typeof value !== "boolean") {
    throw new GateError("CEL_NOT_BOOLEAN", `Cannot use expression "${text}": it gives no truth value`);
  }
  return value;
}

function run(text: string, program: ReturnType<Environment["parse"]>, context: object): unknown {
  try {
    return program({ ...context });
  } catch (cause) {
    const reason = cause instanceof EvaluationError ? cause.summary : String(cause);
    throw new GateError("CEL_EVALUATION", `Cannot evaluate "${text}": ${reason}`, { cause });
  }
}

/** Items of the longest list or map anywhere in the context. */
function longestList(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const items = Object.values(value);
  return items.reduce<number>((longest, item) => Math.max(longest, longestList(item)), items.length);
}
