import { readFileSync } from "node:fs";
import {
  buildSchema,
  type DocumentNode,
  executeSync,
  type FieldNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
  visit,
} from "graphql";
import { admit } from "./access.ts";
import type { Json } from "./description.ts";
import { type Answer, type ApiRequest, json, problem, type Route } from "./exchange.ts";
import { rateHeaders } from "./rates.ts";
import type { GitHubState, Token } from "./state.ts";

/** What a field of the outermost query or mutation is answered from. */
export interface GraphqlContext {
  readonly github: GitHubState;
  readonly token: Token;
}

/**
 * The fields of `Query` and `Mutation` that are served, by name. Each gives an object whose members (values, or
 * functions of arguments and context) are the fields of its type in GitHub's schema. To refuse, it throws `refusal`.
 */
export type GraphqlRoots = Readonly<
  Record<string, (args: Readonly<Record<string, unknown>>, context: GraphqlContext) => unknown>
>;

/** An error as GitHub writes it: `FORBIDDEN`, `NOT_FOUND`, `STALE_DATA`, `UNPROCESSABLE`. */
export function refusal(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

/** Fields of the outermost query or mutation of a document; none if it cannot be read. */
export function rootFields(query: string): readonly string[] {
  const { document } = parseDocument(query);
  const selections = (document?.definitions ?? []).flatMap((definition) =>
    definition.kind === "OperationDefinition" ? definition.selectionSet.selections : [],
  );
  return selections.flatMap((selection) => (selection.kind === "Field" ? [selection.name.value] : []));
}

/** Whether a document asks for a field of that name, at whatever depth. */
export function asksFor(query: string, field: string): boolean {
  const { document } = parseDocument(query);
  let isAsked = false;
  const look = ({ name }: FieldNode) => {
    isAsked ||= name.value === field;
  };
  if (document !== undefined) visit(document, { Field: look });
  return isAsked;
}

const ROUTE: Route = { permissions: [], level: "read", handle: () => problem(500, "GraphQL has no route") };

/** Executes the document on GitHub's own schema; what the schema does not allow is a violation. */
export function answerGraphql(
  { body, authorization }: ApiRequest,
  github: GitHubState,
  rootValue: GraphqlRoots,
): Answer {
  const token = admit(github, authorization, ROUTE);
  if ("status" in token) return { reply: token, violations: [] };
  const { query, variables } = (body ?? {}) as { query?: unknown; variables?: Record<string, unknown> };
  const { document, violations } = parseDocument(String(query));
  if (document === undefined || violations.length > 0) {
    return { reply: json(200, { errors: violations.map((message) => ({ message })) }), violations };
  }
  const result = executeSync({
    schema: schema(),
    document,
    rootValue,
    contextValue: { github, token } satisfies GraphqlContext,
    variableValues: variables ?? {},
  });
  const errors = (result.errors ?? []).map(toError);
  const answered = {
    ...(result.data !== undefined && { data: JSON.parse(JSON.stringify(result.data)) as Json }),
    ...(errors.length > 0 && { errors }),
  };
  return {
    reply: json(200, answered, rateHeaders(github.rates.spend(token))),
    // A refusal has a type; any other error is the schema's word against the variables or against our answer.
    violations: (result.errors ?? [])
      .filter(({ extensions }) => extensions.type === undefined)
      .map(({ message }) => `graphql: ${message}`),
  };
}

function toError({ message, path, extensions: { type } }: GraphQLError): Json {
  return { ...(type !== undefined && { type: String(type) }), path: [...(path ?? [])], message };
}

interface Parsed {
  readonly document?: DocumentNode;
  readonly violations: readonly string[];
}

const PARSED = new Map<string, Parsed>();

function parseDocument(query: string): Parsed {
  const parsed = PARSED.get(query) ?? checkDocument(query);
  PARSED.set(query, parsed);
  return parsed;
}

function checkDocument(query: string): Parsed {
  try {
    const document = parse(query);
    const problems = validate(schema(), document);
    return { document, violations: problems.map(({ message }) => `graphql: ${message}`) };
  } catch (error) {
    return { violations: [`graphql: ${error instanceof Error ? error.message : error}`] };
  }
}

let built: GraphQLSchema | undefined;

/** GitHub's public schema: 1.2 MB, so it is only read when somebody sends a document. */
function schema(): GraphQLSchema {
  // The file beside the package's entry, which itself would load the schema in two forms.
  const path = new URL("schema.graphql", import.meta.resolve("@octokit/graphql-schema"));
  built ??= buildSchema(readFileSync(path, "utf8"), { assumeValid: true, noLocation: true });
  return built;
}
