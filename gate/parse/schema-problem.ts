import type { Place } from "../model/place.ts";
import { quote } from "./excerpt.ts";
import type { Node } from "./node.ts";
import {
  type Draft,
  type SchemaContext,
  type SchemaError,
  type SchemaProblemCode,
  toDraft,
} from "./schema-draft.ts";
import { fixOf } from "./schema-fix.ts";
import { asSchema, follow, pointerSteps, schemasAt } from "./schema-tree.ts";
import { describe, describePath } from "./schema-words.ts";

/** One way in which a document does not fit, in words for whoever wrote it. */
export interface SchemaProblem {
  readonly code: SchemaProblemCode;
  readonly message: string;
  readonly place: Place;
  /** What was asked for, and what stands there. */
  readonly expected: string;
  readonly found: string;
  /** A line that would be right in form. */
  readonly example?: string;
  /** The one thing to do about it. */
  readonly fix?: string;
}

const UNIONS: ReadonlySet<string> = new Set(["anyOf", "oneOf"]);

/** A validator's errors as problems, one for each thing to mend, in the document's order. */
export function toProblems(errors: readonly SchemaError[], context: SchemaContext): SchemaProblem[] {
  const drafts = toDrafts(errors, context);
  drafts.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  // Two schema nodes may ask the same of one value.
  const problems = new Map(
    drafts.map((draft) => toProblem(draft, context)).map((problem) => [problem.message, problem]),
  );
  return [...problems.values()];
}

function toProblem(draft: Draft, { path, root }: SchemaContext): SchemaProblem {
  const { code, at, expected, found, example } = draft;
  const message = toSentence(draft, root);
  const place = { path, ...at };
  const fix = code === "SCHEMA_UNKNOWN_KEY" ? undefined : fixOf(draft.key ?? draft.steps.at(-1), example);
  return {
    code,
    message,
    place,
    expected,
    found,
    ...(example === undefined ? {} : { example }),
    ...(fix === undefined ? {} : { fix }),
  };
}

function toSentence({ code, steps, expected, found, suggestion, example }: Draft, root: Node): string {
  const where = describePath(steps, root);
  const meant = suggestion === undefined ? "" : ` (did you mean ${quote(suggestion)}?)`;
  const right = example === undefined ? "" : `, for example ${example}`;
  if (code === "SCHEMA_UNKNOWN_KEY") return `${where} has the unknown ${found}${meant}, expected ${expected}`;
  if (code === "SCHEMA_MISSING_KEY") return `${where} lacks ${expected}${right}`;
  return `${where} is ${found}${meant}, expected ${expected}${right}`;
}

/**
 * The error of a union comes right after those of its branches, so the list is read from its end and each
 * union takes what is its own.
 */
function toDrafts(errors: readonly SchemaError[], context: SchemaContext): Draft[] {
  const drafts: Draft[] = [];
  const open = [...errors];
  for (let error = open.pop(); error !== undefined; error = open.pop()) {
    if (UNIONS.has(error.keyword))
      drafts.push(...toUnionDrafts(error, takeBranches(error, open, context), context));
    else if (!isEcho(error)) drafts.push(toDraft(error, context));
  }
  return withoutRepeats(drafts.reverse());
}

/** True for errors that another one says better: `if` by its branches, those on a key by `propertyNames`. */
function isEcho(error: SchemaError): boolean {
  return error.keyword === "if" || error.propertyName !== undefined;
}

/** Of several errors about one value by one schema node, the one about its type, or else the first. */
function withoutRepeats(drafts: readonly Draft[]): Draft[] {
  const chosen = new Map<unknown, Map<string, Draft>>();
  const others: Draft[] = [];
  for (const draft of drafts) {
    if (draft.code === "SCHEMA_UNKNOWN_KEY" || draft.code === "SCHEMA_MISSING_KEY") {
      others.push(draft);
      continue;
    }
    const bySteps = chosen.get(draft.schemaNode) ?? new Map<string, Draft>();
    const key = JSON.stringify(draft.steps);
    const earlier = bySteps.get(key);
    if (earlier === undefined || (earlier.keyword !== "type" && draft.keyword === "type"))
      bySteps.set(key, draft);
    chosen.set(draft.schemaNode, bySteps);
  }
  return [...others, ...[...chosen.values()].flatMap((bySteps) => [...bySteps.values()])];
}

/** Takes the errors of each branch off the list. */
function takeBranches(union: SchemaError, errors: SchemaError[], { schema }: SchemaContext): SchemaError[][] {
  const path = union.instancePath;
  let start = errors.length;
  while (start > 0 && `${errors[start - 1]!.instancePath}/`.startsWith(`${path}/`)) start--;
  const below = errors
    .splice(start)
    .map((error) => ({ error, steps: pointerSteps(error.instancePath.slice(path.length)) }));
  const branches = branchesOf(union).map((branch) =>
    below.filter(({ error, steps }) => schemasAt(branch, steps, schema).has(error.parentSchema)),
  );
  const taken = new Set(branches.flat());
  errors.push(...below.filter((item) => !taken.has(item)).map(({ error }) => error));
  return branches.map((items) => items.map(({ error }) => error));
}

function branchesOf(union: SchemaError): readonly unknown[] {
  return Array.isArray(union.schema) ? union.schema : [];
}

/** The problems of the branch that was meant, if one stands out; else one problem that names every choice. */
function toUnionDrafts(union: SchemaError, branches: SchemaError[][], context: SchemaContext): Draft[] {
  const whole = toDraft(union, context);
  if (Array.isArray(union.params.passingSchemas)) {
    return [{ ...whole, expected: "only one of its possible forms" }];
  }
  const depth = whole.steps.length;
  const choices = branches.map((errors, index) => {
    const drafts = toDrafts(errors, context);
    return { drafts, cost: costOf(drafts, depth), schema: asSchema(branchesOf(union)[index]) ?? {} };
  });
  const least = Math.min(...choices.map(({ cost }) => cost));
  const best = choices.filter(({ cost }) => cost === least);
  if (best.length === 1 && least < Number.POSITIVE_INFINITY) return best[0]!.drafts;
  // Branches that all stumble over the same thing, as a `kind` that none of them has, are one problem there.
  const [first, ...others] = best.map(({ drafts }) => worstOf(drafts, depth));
  if (first !== undefined && others.every((other) => other !== undefined && isSamePlace(first, other))) {
    const schemaNode = first.steps.length === depth ? whole.schemaNode : first.schemaNode;
    return [{ ...first, schemaNode, expected: either([first, ...others].map((draft) => draft!.expected)) }];
  }
  return [{ ...whole, expected: either(best.map(({ schema }) => describe(follow(schema, context.schema)))) }];
}

function worstOf(drafts: readonly Draft[], depth: number): Draft | undefined {
  const weights = drafts.map((draft) => weightOf(draft, draft.steps.length - depth));
  return drafts[weights.indexOf(Math.max(...weights))];
}

function isSamePlace(a: Draft, b: Draft): boolean {
  return a.code === b.code && a.at.line === b.at.line && a.at.column === b.at.column;
}

function either(words: readonly string[]): string {
  return [...new Set(words)].join(" or ");
}

/**
 * How far a value is from a branch. A wrong type speaks against the branch most, then a wrong constant in
 * one of its keys, by which such branches are told apart. A branch without an error of its own is never meant.
 */
function costOf(drafts: readonly Draft[], depth: number): number {
  if (drafts.length === 0) return Number.POSITIVE_INFINITY;
  return drafts.reduce((sum, draft) => sum + weightOf(draft, draft.steps.length - depth), 0);
}

function weightOf({ code, keyword }: Draft, level: number): number {
  const fixed = keyword === "const" || keyword === "enum";
  if (level === 0 && (code === "SCHEMA_TYPE" || code === "SCHEMA_NOT_FINITE")) return 100;
  if (level === 1 && fixed) return 20;
  if (level === 0 && fixed) return 10;
  return code === "SCHEMA_MISSING_KEY" || code === "SCHEMA_UNKNOWN_KEY" ? 3 : 1;
}
