/**
 * Whether an instance fits a schema, by a validator that was generated when the bundle was built; undefined where
 * there is none, which is always so outside of the bundle. Compiling our schemas takes longer than all the rest of
 * a short run, and most documents fit: the compiler is loaded only to explain one that does not.
 */
export function quickCheck(_schema: object, _instance: unknown): boolean | undefined {
  return undefined;
}
