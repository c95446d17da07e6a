import type { Adapter } from "./adapter.ts";
import { dvc } from "./dvc.ts";
import { evidenceV1 } from "./evidence-v1.ts";
import { metrics } from "./metrics.ts";
import { modelCard } from "./model-card.ts";

/** Every adapter; the first that recognises a file reads it, so that the plain map of numbers comes last. */
export const ADAPTERS: readonly Adapter[] = [evidenceV1, modelCard, dvc, metrics];

/** The adapter of a file; undefined where no tool's shape fits. */
export function findAdapter(path: string, bytes: Uint8Array): Adapter | undefined {
  return ADAPTERS.find((adapter) => adapter.recognises(path, bytes));
}
