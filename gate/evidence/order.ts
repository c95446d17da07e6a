import type { Evidence, EvidenceProblem } from "../model/evidence.ts";
import { byCodeUnits } from "../model/order.ts";
import { canonical } from "../parse/canonical.ts";

/** The same evidence, each item once, in the one order that does not depend on how it was found. */
export function sortEvidence(evidence: readonly Evidence[]): readonly Evidence[] {
  return sortOnce(evidence, (item) => [item.model, item.side, item.kind, ...namesOf(item), item.source.path]);
}

/** The same for problems: several evaluations may need one file. */
export function sortProblems(problems: readonly EvidenceProblem[]): readonly EvidenceProblem[] {
  return sortOnce(problems, ({ model, side, place, code }) => [model ?? "", side, place.path, code]);
}

function namesOf(item: Evidence): readonly string[] {
  switch (item.kind) {
    case "metric":
      return [item.name, item.dataset, canonical(item.slice ?? {})];
    case "dataset":
      return [item.name];
    case "lock":
      return [item.path, item.stage];
    case "artifact":
    case "card":
      return [item.path];
  }
}

/** By the words in turn, and by all the rest of the item where they are the same. */
function sortOnce<T>(items: readonly T[], words: (item: T) => readonly string[]): readonly T[] {
  const byText = new Map(items.map((item) => [canonical(item), item]));
  const keyed = [...byText].map(([text, item]) => ({ item, keys: [...words(item), text] }));
  keyed.sort((a, b) => {
    for (const [index, key] of a.keys.entries()) {
      const order = byCodeUnits(key, b.keys[index] ?? "");
      if (order !== 0) return order;
    }
    return 0;
  });
  return keyed.map(({ item }) => item);
}
