import {
  type Json,
  list,
  type Members,
  members,
  OPERATION_LIST,
  type Operation,
  type Parameter,
  resolve,
  WEBHOOK_SCHEMAS,
} from "./description.ts";
import { schemaProblems } from "./schema.ts";

/**
 * GitHub's own description as the judge of what we send and of what the stand-in answers. Every function returns
 * what is wrong, each a sentence; the stand-in collects them and fails the test with them.
 */

export interface Match {
  readonly operation: Operation;
  /** Decoded values of the path's parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface Route {
  readonly operation: Operation;
  readonly pattern: RegExp;
  /** Literal segments: where two templates match, the one with more of them is meant. */
  readonly literals: number;
}

const ROUTES: readonly Route[] = OPERATION_LIST.map(toRoute).sort((a, b) => b.literals - a.literals);

function toRoute(operation: Operation): Route {
  const segments = operation.path.slice(1).split("/");
  const source = segments
    .map((segment) => {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name === undefined) return segment.replaceAll(".", "\\.");
      const slashes = operation.parameters.some((each) => each.name === name && each.slashes);
      return `(?<${name}>${slashes ? ".+" : "[^/]+"})`;
    })
    .join("/");
  const literals = segments.filter((segment) => !segment.startsWith("{")).length;
  return { operation, pattern: new RegExp(`^/${source}$`), literals };
}

/** The operation that a request names; undefined if GitHub's description (as trimmed) has none. */
export function findOperation(method: string, path: string): Match | undefined {
  for (const { operation, pattern } of ROUTES) {
    const found = operation.method === method ? pattern.exec(path) : null;
    if (found === null) continue;
    const values = Object.entries(found.groups ?? {}).map(
      ([name, value]) => [name, decodeURIComponent(value)] as const,
    );
    return { operation, parameters: Object.fromEntries(values) };
  }
  return undefined;
}

/** Octokit sends `body` for GET as undefined; a body that is sent is JSON. */
export function requestProblems(match: Match, query: URLSearchParams, body: unknown): string[] {
  const { operation, parameters } = match;
  return [
    ...parameterProblems(operation, "path", new Map(Object.entries(parameters))),
    ...parameterProblems(operation, "query", new Map(query)),
    ...bodyProblems(operation, body),
  ];
}

function parameterProblems(
  { id, parameters }: Operation,
  where: string,
  values: ReadonlyMap<string, string>,
): string[] {
  const declared = parameters.filter((each) => each.in === where);
  const unknown = [...values.keys()].filter((name) => !declared.some((each) => each.name === name));
  const missing = declared.filter((each) => each.required && !values.has(each.name));
  return [
    ...unknown.map((name) => `${id}: ${where} parameter ${name} is not in the description`),
    ...missing.map(({ name }) => `${id}: ${where} parameter ${name} is missing`),
    ...declared.flatMap((parameter) => {
      const text = values.get(parameter.name);
      if (text === undefined) return [];
      return schemaProblems(parameter.schema, toTyped(parameter, text), `${id}: ${where} ${parameter.name}`);
    }),
  ];
}

function toTyped({ schema }: Parameter, text: string): Json {
  const { type } = resolve(schema);
  if (type === "integer" && /^-?\d+$/.test(text)) return Number(text);
  if (type === "boolean" && /^(?:true|false)$/.test(text)) return text === "true";
  return text;
}

function bodyProblems({ id, body: declared }: Operation, body: unknown): string[] {
  if (declared === undefined) return body === undefined ? [] : [`${id}: a body is not in the description`];
  if (body === undefined) return declared.required ? [`${id}: the body is missing`] : [];
  return [
    ...schemaProblems(declared.schema, body, `${id}: body`),
    ...unknownProperties([declared.schema], body, `${id}: body`),
  ];
}

/**
 * Members that no schema for this place declares. GitHub ignores them, so a misspelt member would do nothing
 * and nobody would know.
 */
function unknownProperties(schemas: readonly Json[], value: unknown, what: string): string[] {
  const places = schemas.flatMap(alternatives);
  if (Array.isArray(value)) {
    const items = places.flatMap(({ items }) => (items === undefined ? [] : [items]));
    return value.flatMap((item, index) => unknownProperties(items, item, `${what}/${index}`));
  }
  if (typeof value !== "object" || value === null) return [];
  const free = places.some((place) => typeof place.additionalProperties === "object" || isOpen(place));
  return Object.entries(value).flatMap(([name, member]) => {
    const declared = places.flatMap(({ properties }) => members(properties)[name] ?? []);
    if (declared.length === 0) return free ? [] : [`${what}/${name} is not in the description`];
    return unknownProperties(declared, member, `${what}/${name}`);
  });
}

/** An object of which nothing is said, such as a deployment's payload. */
function isOpen({ type, properties }: Members): boolean {
  return type === "object" && properties === undefined;
}

/** The schema itself and whatever it is composed of. */
function alternatives(schema: Json): Members[] {
  const place = resolve(schema);
  const parts = [...list(place.allOf), ...list(place.anyOf), ...list(place.oneOf)];
  return parts.length === 0 ? [place] : [{ ...place, type: null }, ...parts.flatMap(alternatives)];
}

/** Statuses that GitHub gives for every operation, whether its description says so or not. */
const STATUSES_ANYWHERE = new Set([401, 403, 404, 422, 429, 500, 502, 503, 504]);

/** `body` is the parsed JSON; undefined where the answer has none. */
export function responseProblems({ id, responses }: Operation, status: number, body: unknown): string[] {
  if (!responses.has(status)) {
    return STATUSES_ANYWHERE.has(status) ? [] : [`${id}: status ${status} is not in the description`];
  }
  const schema = responses.get(status);
  // Every refusal of GitHub has a body, described or not.
  if (schema === undefined) {
    return body === undefined || status >= 400 ? [] : [`${id}: status ${status} has no body`];
  }
  return schemaProblems(schema, body, `${id}: ${status}`);
}

/** `event` as in `X-GitHub-Event`. */
export function webhookProblems(event: string, payload: unknown): string[] {
  const action =
    typeof payload === "object" && payload !== null && "action" in payload ? `-${payload.action}` : "";
  const name = `${event}${action}`.replaceAll("_", "-");
  const schema = WEBHOOK_SCHEMAS[name];
  if (schema === undefined) return [`webhook ${name} is not in the description`];
  return schemaProblems(members(schema), payload, `webhook ${name}: `);
}
