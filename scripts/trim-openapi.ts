import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { OPERATIONS, WEBHOOKS } from "../test/github/operations.ts";

/**
 * Cuts GitHub's description of its API down to what the tests talk to, and writes test/github/openapi.json:
 *
 *     node scripts/trim-openapi.ts <path of generated/api.github.com.json in the npm package @octokit/openapi>
 *
 * The package itself is 385 MB and loads all of it when imported, so only the one file is read.
 */

const OUT = fileURLToPath(new URL("../test/github/openapi.json", import.meta.url));

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Members = { [key: string]: Json };

/** Keywords that say what is valid. The rest is prose, or for code generators. */
const KEPT = new Set([
  ...["$ref", "type", "format", "nullable", "enum", "required", "pattern", "uniqueItems"],
  ...["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties"],
]);
const DROPPED = new Set([
  ...["description", "title", "example", "examples", "default", "deprecated", "readOnly", "discriminator"],
  ...["externalDocs", "x-github", "x-github-breaking-changes", "x-multi-segment"],
]);

function members(value: Json | undefined): Members {
  if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value)) return {};
  return value;
}

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function mapMembers(value: Json | undefined, trim: (member: Json) => Json): Members {
  return Object.fromEntries(Object.entries(members(value)).map(([key, member]) => [key, trim(member)]));
}

/** A schema without its prose. A keyword that nobody has thought about stops the script. */
function trimSchema(schema: Json): Json {
  const trimmed: Members = {};
  for (const [keyword, value] of Object.entries(members(schema))) {
    if (KEPT.has(keyword)) trimmed[keyword] = value;
    else if (keyword === "properties") trimmed[keyword] = mapMembers(value, trimSchema);
    else if (keyword === "items" || keyword === "not") trimmed[keyword] = trimSchema(value);
    else if (keyword === "additionalProperties") {
      trimmed[keyword] = typeof value === "boolean" ? value : trimSchema(value);
    } else if (keyword === "allOf" || keyword === "anyOf" || keyword === "oneOf") {
      trimmed[isEither(keyword, value) ? "anyOf" : keyword] = list(value).map(trimSchema);
    } else if (!DROPPED.has(keyword)) throw new Error(`Cannot trim the schema keyword "${keyword}": unknown`);
  }
  return trimmed;
}

/**
 * An account is a user or an enterprise. In one place the description says that it is both, which no account is; its
 * own components say `anyOf`.
 */
function isEither(keyword: string, alternatives: Json): boolean {
  const titles = list(alternatives).map((each) => members(each).title);
  return keyword === "allOf" && titles.join() === "Simple User,Enterprise";
}

function trimContent(content: Json | undefined): Members {
  return mapMembers(content, (media) => ({ schema: trimSchema(members(media).schema ?? {}) }));
}

function trimResponse(response: Json): Json {
  const { $ref, content } = members(response);
  if ($ref !== undefined) return { $ref };
  return content === undefined ? {} : { content: trimContent(content) };
}

function trimParameter(parameter: Json): Json {
  const { $ref, name, required, schema, in: where, "x-multi-segment": slashes } = members(parameter);
  if ($ref !== undefined) return { $ref };
  return {
    name: name ?? "",
    in: where ?? "",
    ...(required === true && { required }),
    ...(slashes === true && { "x-multi-segment": true }),
    schema: trimSchema(schema ?? {}),
  };
}

function trimOperation(operation: Members): Members {
  const body = members(operation.requestBody);
  return {
    operationId: operation.operationId ?? "",
    parameters: list(operation.parameters).map(trimParameter),
    ...(body.content !== undefined && {
      requestBody: { required: body.required === true, content: trimContent(body.content) },
    }),
    responses: mapMembers(operation.responses, trimResponse),
  };
}

function trimPaths(paths: Members): Members {
  const wanted = new Set(OPERATIONS);
  const trimmed: Members = {};
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(members(item))) {
      const { operationId } = members(operation);
      if (typeof operationId !== "string" || !wanted.delete(operationId)) continue;
      trimmed[path] = { ...members(trimmed[path]), [method]: trimOperation(members(operation)) };
    }
  }
  if (wanted.size > 0) throw new Error(`Cannot find the operations ${[...wanted].join(", ")}`);
  return trimmed;
}

/** Only the payload: headers and answers of a delivery are the same for all. */
function trimWebhooks(webhooks: Members): Members {
  return Object.fromEntries(
    WEBHOOKS.map((name) => {
      const post = members(members(webhooks[name]).post);
      const media = members(members(members(post.requestBody).content)["application/json"]);
      if (media.schema === undefined) throw new Error(`Cannot find the webhook ${name}`);
      return [name, trimSchema(media.schema)];
    }),
  );
}

function references(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  return Object.entries(members(value)).flatMap(([key, member]) =>
    key === "$ref" && typeof member === "string" ? [member] : references(member ?? null),
  );
}

const TRIM: Readonly<Record<string, (component: Json) => Json>> = {
  schemas: trimSchema,
  parameters: trimParameter,
  responses: trimResponse,
};

/** Everything that `roots` refer to, and what that refers to. */
function closure(components: Members, roots: Json): Members {
  const kept: Record<string, Members> = { parameters: {}, responses: {}, schemas: {} };
  const open = references(roots);
  for (let reference = open.pop(); reference !== undefined; reference = open.pop()) {
    const [, , kind = "", name = ""] = reference.split("/");
    const target = kept[kind];
    if (target === undefined) throw new Error(`Cannot follow ${reference}`);
    if (Object.hasOwn(target, name)) continue;
    const component = TRIM[kind]!(members(components[kind])[name] ?? null);
    target[name] = component;
    open.push(...references(component));
  }
  return kept;
}

/** JSON with one line for each member of the second level, so that an update of the description can be read. */
function print(document: Members): string {
  const sorted = (value: Members) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const block = (value: Members, indent: string): string =>
    `{\n${sorted(value)
      .map(([key, member]) => `${indent} ${JSON.stringify(key)}: ${JSON.stringify(member)}`)
      .join(",\n")}\n${indent}}`;
  const { info, paths, webhooks, components } = document;
  const parts = Object.entries(members(components)).map(
    ([kind, value]) => `  ${JSON.stringify(kind)}: ${block(members(value), "  ")}`,
  );
  return `{
 "info": ${JSON.stringify(info)},
 "paths": ${block(members(paths), " ")},
 "webhooks": ${block(members(webhooks), " ")},
 "components": {\n${parts.join(",\n")}\n }
}\n`;
}

const source = process.argv[2];
if (source === undefined)
  throw new Error("Cannot trim: no file given, expected the path of api.github.com.json");
const description = members(JSON.parse(readFileSync(source, "utf8")));
const paths = trimPaths(members(description.paths));
const webhooks = trimWebhooks(members(description["x-webhooks"]));
const components = closure(members(description.components), [paths, webhooks]);
const { title, version, license } = members(description.info);
const info = { title: title ?? "", version: version ?? "", license: license ?? "" };
writeFileSync(OUT, print({ info, paths, webhooks, components }));
