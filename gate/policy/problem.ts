import { GateError } from "../model/error.ts";
import type { Place } from "../model/place.ts";
import type { Node } from "../parse/node.ts";
import { checkSchema } from "../parse/schema.ts";

/** One thing that is wrong with a file. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly place: Place;
  /** The one thing to do about it. */
  readonly fix?: string;
}

/**
 * The error that lists all problems of a file; they must not be empty. Its code is theirs where they agree, else
 * `otherwise`, so that a caller can tell a moving parent from a misspelt key.
 */
export function refusal(name: string, problems: readonly Problem[], otherwise: string): GateError {
  const [first, ...others] = problems;
  if (first === undefined) throw new RangeError(`Cannot refuse ${name}: nothing is wrong with it`);
  const code = others.every((problem) => problem.code === first.code) ? first.code : otherwise;
  const count = others.length === 0 ? "1 problem" : `${problems.length} problems`;
  return new GateError(code, `Cannot load ${name}: ${count}\n${problems.map(toLine).join("\n")}`, {
    place: first.place,
    ...(first.fix === undefined ? {} : { fix: first.fix }),
  });
}

/** `.weighbridge/policy.yml:14:7: gates[0].severity is "blok", expected …` */
function toLine({ place: { path, line, column }, message }: Problem): string {
  return `${[path, line, column].filter((part) => part !== undefined).join(":")}: ${message}`;
}

/** What the schema finds wrong with a document, all under one code. */
export function schemaProblems(
  schema: object,
  node: Node,
  { path, code }: { path: string; code: string },
): Problem[] {
  return checkSchema(schema, node, path).map(({ message, place, fix }) => ({
    code,
    message,
    place,
    ...(fix === undefined ? {} : { fix }),
  }));
}
