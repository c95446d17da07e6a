import { createHash } from "node:crypto";
import { VALIDATORS } from "./prebuilt.ts";

const keys = new WeakMap<object, string>();

/**
 * Whether an instance fits a schema, by a validator that was generated when the bundle was built; undefined where
 * there is none, which is always so outside of the bundle. Compiling our schemas takes longer than all the rest of
 * a short run, and most documents fit: the compiler is loaded only to explain one that does not.
 */
export function quickCheck(
  schema: object,
  instance: unknown,
  validators: typeof VALIDATORS = VALIDATORS,
): boolean | undefined {
  return validators.get(schemaKey(schema))?.(instance);
}

/** Half of a SHA-256: to meet one of ours by chance or by intent takes 2^128 tries. */
const KEY_CHARS = 32;

/** A schema is known by its text. */
export function schemaKey(schema: object): string {
  const known = keys.get(schema);
  if (known !== undefined) return known;
  const key = createHash("sha256").update(JSON.stringify(schema)).digest("hex").slice(0, KEY_CHARS);
  keys.set(schema, key);
  return key;
}
