import { CARD_BYTES_MAX, modelCard } from "../adapter/model-card.ts";
import type { CardClaim } from "../model/evidence.ts";
import type { Manifest } from "../model/manifest.ts";
import { sha256Of } from "../parse/canonical.ts";
import { readFile } from "./commit-files.ts";
import { attempt, type Collected, type ModelSide, rawProblem } from "./side.ts";

/** The model card that the manifest names, if the commit has it. */
export async function collectCard(on: ModelSide): Promise<Collected> {
  const path = on.manifest.card;
  if (path === undefined) return { evidence: [], problems: [] };
  const concern = { on, path, metrics: [] };
  const { value, problems } = await attempt(concern, async () => {
    const bytes = await readFile(on.files, path, CARD_BYTES_MAX);
    return bytes === undefined ? undefined : { bytes, reading: modelCard.read({ path, bytes }) };
  });
  if (value === undefined) return { evidence: [], problems };
  const { bytes, reading } = value;
  const source = { adapter: modelCard.name, path, digest: sha256Of(bytes) };
  return {
    problems: reading.problems.map((problem) => rawProblem(problem, concern)),
    evidence: reading.items.flatMap((item) => {
      if (item.kind !== "card") return [];
      const claims = item.claims.map((claim) => withPlannedNames(claim, on.manifest));
      return [{ ...item, claims, model: on.model, side: on.side, trust: "declared", path, source }];
    }),
  };
}

/** A card says "ROC AUC" and "Holdout" of what the plan calls `roc_auc` and `holdout`: the same words, folded. */
function withPlannedNames(claim: CardClaim, { evaluation }: Manifest): CardClaim {
  const metrics = evaluation.flatMap((planned) => planned.metrics.map(({ name }) => name));
  const metric = plannedName(claim.metric, metrics);
  if (claim.dataset === undefined) return { ...claim, metric };
  const datasets = evaluation.map((planned) => planned.dataset);
  return { ...claim, metric, dataset: plannedName(claim.dataset, datasets) };
}

function plannedName(written: string, names: readonly string[]): string {
  if (names.includes(written)) return written;
  return names.find((name) => fold(name) === fold(written)) ?? written;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, "_");
}
