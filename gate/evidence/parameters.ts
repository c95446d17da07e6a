import { GateError } from "../model/error.ts";
import { parseJson } from "../parse/json.ts";
import type { Node } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseToml } from "../parse/toml.ts";
import { parseYaml } from "../parse/yaml.ts";
import { type CommitFiles, readFile } from "./commit-files.ts";

export const PARAMETER_BYTES_MAX = 1024 * 1024;

/** A file of parameters; undefined where there is none. Throws `DVC_PARAMS_PYTHON` for one that is a program. */
export async function readParameters(files: CommitFiles, path: string): Promise<Node | undefined> {
  const bytes = await readFile(files, path, PARAMETER_BYTES_MAX);
  if (bytes === undefined) return undefined;
  if (path.endsWith(".py")) {
    const message = `Cannot read the parameters of ${path}: it is a Python program, expected YAML, JSON or TOML`;
    throw new GateError("DVC_PARAMS_PYTHON", message, { place: { path }, fix: "Keep them in params.yaml" });
  }
  const text = decodeUtf8(bytes, path);
  if (path.endsWith(".json")) return parseJson(text, path, { nonFinite: "carry" });
  return path.endsWith(".toml") ? parseToml(text, path) : parseYaml(text, path);
}

/** Whether two values are the same to DVC: maps in any order, and 1 the same as 1.0. */
export function isSameValue(a: Node, b: Node): boolean {
  if (a.kind === "map" && b.kind === "map") {
    return (
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, { value }]) => {
        const other = b.entries.get(key)?.value;
        return other !== undefined && isSameValue(value, other);
      })
    );
  }
  if (a.kind === "list" && b.kind === "list") {
    return (
      a.items.length === b.items.length && a.items.every((item, index) => isSameValue(item, b.items[index]!))
    );
  }
  if (a.kind !== "scalar" || b.kind !== "scalar") return false;
  if (typeof a.value === "object" && typeof b.value === "object")
    return a.value?.nonFinite === b.value?.nonFinite;
  return a.value === b.value;
}
