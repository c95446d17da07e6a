import { readFileSync } from "node:fs";

/** JSON, as `openapi.json` holds it. */
export type Json = null | boolean | number | string | Json[] | Members;
export interface Members {
  [key: string]: Json;
}

/** One operation of GitHub's description, its references to parameters and responses resolved. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** Template, as `/repos/{owner}/{repo}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly required: boolean; readonly schema: Members };
  /** JSON schema of each documented status; undefined where the answer has no JSON. */
  readonly responses: ReadonlyMap<number, Members | undefined>;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  /** The value may hold slashes. */
  readonly slashes: boolean;
  readonly schema: Members;
}

const DOCUMENT = members(JSON.parse(readFileSync(new URL("openapi.json", import.meta.url), "utf8")));

export const SCHEMAS: Readonly<Members> = members(members(DOCUMENT.components).schemas);
export const WEBHOOK_SCHEMAS: Readonly<Members> = members(DOCUMENT.webhooks);
export const OPERATION_LIST: readonly Operation[] = Object.entries(members(DOCUMENT.paths)).flatMap(
  ([path, item]) =>
    Object.entries(members(item)).map(([method, raw]) => toOperation(method, path, members(raw))),
);

/** The object; an empty one for everything else. */
export function members(value: Json | undefined): Members {
  if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value)) return {};
  return value;
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** What `value` refers to, or `value` itself. */
export function resolve(value: Json | undefined): Members {
  const { $ref } = members(value);
  if (typeof $ref !== "string") return members(value);
  const [, , kind = "", name = ""] = $ref.split("/");
  return resolve(members(members(DOCUMENT.components)[kind])[name]);
}

function toOperation(method: string, path: string, raw: Members): Operation {
  const body = members(raw.requestBody);
  const schema = jsonSchema(body);
  return {
    id: String(raw.operationId),
    method: method.toUpperCase(),
    path,
    parameters: list(raw.parameters).map(toParameter),
    ...(schema !== undefined && { body: { required: body.required === true, schema } }),
    responses: new Map(
      Object.entries(members(raw.responses)).map(([status, response]) => [
        Number(status),
        jsonSchema(resolve(response)),
      ]),
    ),
  };
}

function toParameter(raw: Json): Parameter {
  const parameter = resolve(raw);
  return {
    name: String(parameter.name),
    in: String(parameter.in),
    required: parameter.required === true,
    slashes: parameter["x-multi-segment"] === true,
    schema: members(parameter.schema),
  };
}

function jsonSchema(holder: Members): Members | undefined {
  const media = members(holder.content)["application/json"];
  return media === undefined ? undefined : members(members(media).schema);
}
