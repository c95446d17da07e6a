/**
 * What was made of our own schemas and packs when the bundle was built, each by the SHA-256 of the text that it was
 * made of, so that nothing else can be taken for it. Outside of the bundle there is nothing.
 */

export type Validator = (instance: unknown) => boolean;

/** Whether an instance fits a schema. */
export const VALIDATORS: ReadonlyMap<string, Validator> = new Map();

/** The tree of a YAML text, packed and then written as JSON, and the schema that the tree was found to fit. */
export const TREES: ReadonlyMap<string, { readonly tree: string; readonly fits: string }> = new Map();
