import type { DatasetEvidence } from "../model/evidence.ts";
import type { DeclaredEvaluation, Manifest, PlannedMetric } from "../model/manifest.ts";
import { findTrainingData } from "../model/training-data.ts";
import type { Planned } from "./metric-evidence.ts";
import type { View } from "./rule.ts";

/** Where a manifest says that a planned number stands, and what it is measured on. */
interface Place {
  readonly path: string;
  /** The same from the manifest's folder: a model that moves as a whole takes its files along. */
  readonly inFolder: string;
  readonly key: string;
  readonly role: string;
  readonly data: string;
  readonly evaluation: DeclaredEvaluation;
}

/**
 * Tells of a planned metric what head has changed about where base takes it from, each as words; empty where nothing.
 * A run brings many numbers, and which of them is meant must not be for the change to say. A place that is added
 * beside those of base is no move as long as those are heard: two that differ contradict each other.
 */
export function findMoves(view: View): (metric: Planned) => readonly string[] {
  const base = placesOf(view.model?.base?.manifest);
  const head = placesOf(view.model?.head?.manifest);
  const silenced = silencer(view);
  return (metric) => {
    const before = base.get(keyOf(metric)) ?? [];
    const places = head.get(keyOf(metric)) ?? [];
    const isAdded = places.some((place) => before.every((former) => differences(former, place).length > 0));
    const moves = before.map((former) => nearestMove(former, places, isAdded ? silenced : () => []));
    return [...new Set(moves.flatMap((words) => (words === "" ? [] : [words])))];
  };
}

function placesOf(manifest: Manifest | undefined): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  if (manifest === undefined) return places;
  for (const evaluation of manifest.evaluation.filter(({ role }) => role !== "train")) {
    for (const metric of evaluation.metrics) {
      const key = keyOf({ metric: metric.name, dataset: evaluation.dataset });
      const place = placeOf(manifest, evaluation, metric);
      const known = places.get(key);
      if (known === undefined) places.set(key, [place]);
      else known.push(place);
    }
  }
  return places;
}

function keyOf({ metric, dataset }: Pick<Planned, "metric" | "dataset">): string {
  return `${dataset}\n${metric}`;
}

function placeOf(manifest: Manifest, evaluation: DeclaredEvaluation, metric: PlannedMetric): Place {
  const { path, role, datasetDigest } = evaluation;
  const folder = manifest.path.slice(0, manifest.path.lastIndexOf("/") + 1);
  const inFolder = path.startsWith(folder) ? path.slice(folder.length) : `/${path}`;
  const key = metric.key ?? metric.name;
  return { path, inFolder, key, role, data: datasetDigest ?? "none", evaluation };
}

/** Why no number that stands at a place of head counts, as words: nothing contradicts the number beside it then. */
function silencer({ model, evidence }: View): (place: Place) => readonly string[] {
  const own = model?.head?.subject;
  const datasets = evidence.filter(
    (item): item is DatasetEvidence => item.kind === "dataset" && item.side === "head",
  );
  return ({ evaluation }) => {
    const { subject } = evaluation;
    const trained = findTrainingData(datasets, evaluation);
    return [
      ...(subject === undefined || subject === own ? [] : [`its subject is ${subject}, another model`]),
      ...(trained === undefined
        ? []
        : [`it is said to be measured on ${trained.name}, which is training data`]),
    ];
  };
}

/** What differs from the place of head that is most like it; empty if one is the same. */
function nearestMove(
  before: Place,
  places: readonly Place[],
  silenced: (place: Place) => readonly string[],
): string {
  const moves = places.map((after) => [...differences(before, after), ...silenced(after)]);
  const fewest = moves.reduce<readonly string[] | undefined>(
    (least, move) => (least === undefined || move.length < least.length ? move : least),
    undefined,
  );
  return (fewest ?? []).join(", ");
}

function differences(before: Place, after: Place): readonly string[] {
  const words = (["key", "role", "data"] as const)
    // A digest that is stated for the first time pins more than base did.
    .filter((word) => before[word] !== after[word] && !(word === "data" && before.data === "none"))
    .map((word) => `${word === "data" ? "dataset_digest" : word} was ${before[word]}, is ${after[word]}`);
  const stays = before.path === after.path || before.inFolder === after.inFolder;
  return stays ? words : [`path was ${before.path}, is ${after.path}`, ...words];
}
