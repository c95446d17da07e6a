import { GateError } from "../model/error.ts";
import type { Place } from "../model/place.ts";
import type { Node } from "../parse/node.ts";
import { compileCel, VARIABLES } from "../rules/cel.ts";
import { expression } from "../rules/expression.ts";
import { RULES } from "../rules/index.ts";
import type { Rule } from "../rules/rule.ts";
import { type Problem, schemaProblems } from "./problem.ts";

/**
 * The schemas of each rule's arguments, closed: `part` is for a gate that inherits the others, `demands` is what has
 * to be given, `whole` is both.
 */
export const ARGUMENT_SCHEMAS: ReadonlyMap<
  string,
  Readonly<Record<"whole" | "part" | "demands", object>>
> = new Map(
  [...RULES.values()].map((rule) => {
    const [part, demands] = [argumentSchema(rule), demandsOf(rule)];
    return [
      rule.name,
      {
        whole: within({ ...part, ...demands }),
        part: within(part),
        demands: within({ type: "object", ...demands }),
      },
    ];
  }),
);

/** So that problems name the argument as the file does, as `with.min`. */
function within(schema: object): object {
  return { type: "object", properties: { with: schema } };
}

/** What `with` may hold for the rule, as JSON Schema (draft 2020-12); every argument stays optional in it. */
export function argumentSchema(rule: Rule): Readonly<Record<string, unknown>> {
  const properties = Object.entries(rule.parameters).map(([name, { schema }]) => [name, schema]);
  return { type: "object", additionalProperties: false, properties: Object.fromEntries(properties) };
}

/** What has to be given: each required argument, and one of those that the rule asks for. */
function demandsOf(rule: Rule): object {
  const oneOf = rule.needsOneOf?.map((name) => ({ required: [name] }));
  return { required: requiredOf(rule), ...(oneOf === undefined ? {} : { anyOf: oneOf }) };
}

export function requiredOf(rule: Rule): readonly string[] {
  return Object.entries(rule.parameters).flatMap(([name, { required }]) => (required === true ? [name] : []));
}

/** What is wrong with the arguments of a gate, each with its place. */
export function checkArguments(
  { rule, mode, node }: { rule: Rule; mode: "whole" | "part"; node: Node },
  path: string,
): readonly Problem[] {
  const schema = ARGUMENT_SCHEMAS.get(rule.name)?.[mode];
  if (schema === undefined) throw new RangeError(`Cannot check arguments: no rule is named ${rule.name}`);
  const root: Node = { kind: "map", at: node.at, entries: new Map([["with", { at: node.at, value: node }]]) };
  return schemaProblems(schema, root, { path, code: "ARGUMENT_INVALID" });
}

/** What is wrong with the CEL of a gate: its syntax, its cost, its names. */
export function checkExpressions(
  { rule, when, require }: { rule: Rule; when?: string | undefined; require: unknown },
  placeOf: (what: "when" | "require") => Place,
): readonly Problem[] {
  return [
    ...(when === undefined ? [] : checkWhen(when, placeOf("when"))),
    ...(rule.name === expression.name && typeof require === "string"
      ? compile(require, placeOf("require")).problems
      : []),
  ];
}

/** `when` sees the model and the change alone: a number must not be able to switch a gate off. */
const WHEN_VARIABLES: ReadonlySet<string> = new Set(["model", "change"]);

function checkWhen(text: string, place: Place): readonly Problem[] {
  const { variables, problems } = compile(text, place);
  const unseen = VARIABLES.find((name) => variables.has(name) && !WHEN_VARIABLES.has(name));
  if (unseen === undefined) return problems;
  const message = `when names ${unseen}, and sees only ${[...WHEN_VARIABLES].join(" and ")}`;
  return [...problems, { code: "WHEN_VARIABLE", message, place, fix: "Ask for it under rule: expression" }];
}

function compile(
  text: string,
  place: Place,
): { variables: ReadonlySet<string>; problems: readonly Problem[] } {
  try {
    return { variables: compileCel(text).variables, problems: [] };
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    const { code, message, fix } = cause;
    return {
      variables: new Set(),
      problems: [{ code, message, place, ...(fix === undefined ? {} : { fix }) }],
    };
  }
}
