import { GateError } from "../model/error.ts";
import { isKnownToFit } from "./known-tree.ts";
import type { Node } from "./node.ts";
import { VALIDATORS } from "./prebuilt.ts";
import { quickCheck } from "./quick-check.ts";
import { createCompiler } from "./schema-compiler.ts";
import { type SchemaProblem, toProblems } from "./schema-problem.ts";
import type { Schema } from "./schema-tree.ts";

export type { SchemaProblemCode } from "./schema-draft.ts";
export type { SchemaProblem } from "./schema-problem.ts";

/** A document with more is not the document that was meant. */
const PROBLEMS_MAX = 50;
/** Errors that are explained: a list of a hundred thousand wrong items is as many. */
const ERRORS_MAX = 1_000;

/** Made when it is first needed: in the bundle only a document that does not fit needs it. */
let compiler: Compiler | undefined;

type Compiler = ReturnType<typeof createCompiler>;

/** A copy of a schema in which no node stands in two places, so that an error tells where it came from. */
interface Compiled {
  readonly schema: Schema;
  readonly validate: ReturnType<Compiler["compile"]>;
}
const compiled = new WeakMap<object, Compiled>();

/**
 * Every way in which a document that people write (at most some megabytes) does not fit a JSON Schema of draft
 * 2020-12, in the document's order, at most 50; empty if it fits. A schema that is wrong itself throws. In a
 * schema, `const` and `enum` hold scalars only, and `$ref` is local (`#/…`). `validators` are those that were
 * generated for it when the bundle was built, where they do not stand with the others.
 */
export function checkSchema(
  schema: object,
  node: Node,
  path: string,
  validators: typeof VALIDATORS = VALIDATORS,
): SchemaProblem[] {
  if (isKnownToFit(schema, node)) return [];
  const instance = toInstance(node);
  if (quickCheck(schema, instance, validators) === true) return [];
  const own = compile(schema);
  if (own.validate(instance) === true) return [];
  const errors = (own.validate.errors ?? []).slice(0, ERRORS_MAX);
  const problems = toProblems(errors, { schema: own.schema, root: node, path });
  // Whatever became of the explanation, a document that does not fit never passes.
  if (problems.length === 0) throw new Error(`Cannot explain why ${path} does not fit its schema`);
  return problems.slice(0, PROBLEMS_MAX);
}

/** Throws `code` (or that of the first problem) at the first problem's place, every problem on a line of its own. */
export function assertSchema(schema: object, node: Node, path: string, code?: string): void {
  const problems = checkSchema(schema, node, path);
  const [first] = problems;
  if (first === undefined) return;
  const lines = problems.map(({ place, message }) => `${path}:${place.line}:${place.column}: ${message}`);
  const fix = first.fix === undefined ? {} : { fix: first.fix };
  throw new GateError(code ?? first.code, lines.join("\n"), { place: first.place, ...fix });
}

function compile(schema: object): Compiled {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const copy: Schema = JSON.parse(JSON.stringify(schema));
  compiler ??= createCompiler();
  const own = { schema: copy, validate: compiler.compile(copy) };
  compiled.set(schema, own);
  return own;
}

/**
 * The plain value to be checked: objects without a prototype, so that `__proto__` and `constructor` are only
 * keys, and non-finite numbers as such, which are neither a number nor a text to any schema.
 */
function toInstance(node: Node): unknown {
  if (node.kind === "list") return node.items.map(toInstance);
  if (node.kind === "map") {
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, { value }] of node.entries) object[key] = toInstance(value);
    return object;
  }
  return typeof node.value === "object" && node.value !== null ? Number(node.value.nonFinite) : node.value;
}
