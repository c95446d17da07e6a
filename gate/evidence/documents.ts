import type { RawCell, RawProblem } from "../adapter/adapter.ts";
import { CARD_BYTES_MAX, CARD_CLAIM, modelCard, parseClaim } from "../adapter/model-card.ts";
import type { CardClaim } from "../model/evidence.ts";
import type { Manifest } from "../model/manifest.ts";
import { knownDirection } from "../model/metric-names.ts";
import { sha256Of } from "../parse/canonical.ts";
import { quote } from "../parse/excerpt.ts";
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
  const cards = reading.items.flatMap((item) => (item.kind === "card" ? [item] : []));
  const read = cards.flatMap(({ cells }) => cells.flatMap((cell) => readCell(cell, on.manifest)));
  const unread = [...reading.problems, ...read.filter((item) => "code" in item)];
  return {
    problems: unread.map((problem) => rawProblem(problem, concern)),
    evidence: cards.map(({ cells: _, ...card }) => ({
      ...card,
      claims: [
        ...card.claims.map((claim) => withPlannedNames(claim, on.manifest)),
        ...read.filter((item) => "value" in item),
      ],
      model: on.model,
      side: on.side,
      trust: "declared",
      path,
      source,
    })),
  };
}

/**
 * The claim of a cell, or that it cannot be read; nothing where plan and field know no such name. A column titled
 * "Latency" or a value of "12 ms" is not for us to check.
 */
function readCell(cell: RawCell, { evaluation }: Manifest): readonly (CardClaim | RawProblem)[] {
  const { text, titled, line, ...names } = cell;
  const planned = withPlannedNames(names, { evaluation });
  const { metric, dataset } = planned;
  const isPlanned = evaluation.some(({ metrics }) => metrics.some(({ name }) => name === metric));
  const isOn = dataset === undefined || evaluation.some((one) => one.dataset === dataset);
  const isKnown = knownDirection(fold(metric)) !== undefined;
  if (titled === "value" ? !isPlanned && !isKnown : !isPlanned || !isOn) return [];
  const stated = parseClaim(text);
  if (stated !== undefined) return [{ ...planned, ...stated, line }];
  return [
    {
      code: CARD_CLAIM,
      message: `Cannot read what the card states of ${metric}: ${quote(text)}, expected one number`,
      at: { line, column: 1 },
      fix: "Write the evaluated number alone, with a point for the decimals",
    },
  ];
}

/** A card says "ROC AUC" and "Holdout" of what the plan calls `roc_auc` and `holdout`: the same words, folded. */
function withPlannedNames<T extends Pick<CardClaim, "metric" | "dataset">>(
  claim: T,
  { evaluation }: Pick<Manifest, "evaluation">,
): T {
  const metrics = evaluation.flatMap((planned) => planned.metrics.map(({ name }) => name));
  const metric = plannedName(claim.metric, metrics);
  if (claim.dataset === undefined) return { ...claim, metric };
  const datasets = evaluation.map((planned) => planned.dataset);
  const dataset = plannedName(claim.dataset, datasets);
  // "Test" is the one that the plan has for testing, unless there are several.
  const inRole = evaluation.filter(({ role }) => role === fold(dataset)).map((one) => one.dataset);
  const isRole = !datasets.includes(dataset) && new Set(inRole).size === 1;
  return { ...claim, metric, dataset: isRole ? (inRole[0] ?? dataset) : dataset };
}

function plannedName(written: string, names: readonly string[]): string {
  if (names.includes(written)) return written;
  return names.find((name) => fold(name) === fold(written)) ?? written;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, "_");
}
