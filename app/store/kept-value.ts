import type { Archive } from "./archive.ts";

/**
 * Makes something else of the JSON that is kept under a name, whoever else does so at the same time: `change` is asked
 * again where somebody was faster. What is kept then; undefined where nothing is.
 */
export async function changeKept<T>(
  archive: Pick<Archive, "get" | "swap">,
  name: string,
  change: (known: T) => T,
): Promise<T | undefined> {
  for (;;) {
    const known = await archive.get(name);
    if (known === undefined) return undefined;
    const changed = change(JSON.parse(known));
    const text = JSON.stringify(changed);
    if (text === known || (await archive.swap(name, known, text))) return changed;
  }
}
