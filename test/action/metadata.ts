import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isScalar, parseDocument, visit } from "yaml";
import { ROOT } from "../../scripts/bundle.ts";

const EXPRESSION = `\${{`;

/** What action.yml says of an input. */
export interface InputMetadata {
  readonly name: string;
  readonly default: string;
}

/**
 * action.yml as the runner takes it: an expression counts wherever it stands, also in a description, and one outside
 * of a default keeps the Action from being loaded at all. Throws there.
 */
export function readInputs(text = readFileSync(join(ROOT, "action.yml"), "utf8")): readonly InputMetadata[] {
  const document = parseDocument(text);
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isScalar(value) || !String(value.value).includes(EXPRESSION)) return;
      if (key.value !== "default")
        throw new Error(`action.yml: an expression in ${key.value}: ${value.value}`);
    },
  });
  const { inputs }: { inputs: Record<string, { default?: string }> } = document.toJS();
  return Object.entries(inputs).map(([name, input]) => ({ name, default: input.default ?? "" }));
}
