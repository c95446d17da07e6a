/** The same function, whose work is done when it is first called, and never again. */
export function once<T>(action: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => {
    result ??= { value: action() };
    return result.value;
  };
}

/** The same function, whose work is done once for each object. */
export function oncePer<K extends object, T>(action: (key: K) => T): (key: K) => T {
  const results = new WeakMap<K, { readonly value: T }>();
  return (key) => {
    const result = results.get(key) ?? { value: action(key) };
    results.set(key, result);
    return result.value;
  };
}
