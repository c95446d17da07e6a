import type { Judgement } from "../model/decision.ts";
import type { DatasetEvidence, Side } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { plannedMetrics } from "./metric-evidence.ts";
import type { Rule, View } from "./rule.ts";

export const dataPinned: Rule = {
  name: "data.pinned",
  title: "Every dataset is named by its digest",
  scope: "model",
  parameters: {},
  judge(_args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const datasets = datasetsAt(view, "head");
    if (datasets.length === 0) return missing(noData(view));
    const owed = owedFindings(view, datasets);
    return combine([...datasets.map(judgeDataset), ...(owed.length === 0 ? [] : [fail(owed)])]);
  },
};

function datasetsAt(view: View, side: Side): readonly DatasetEvidence[] {
  return view.evidence.filter(
    (item): item is DatasetEvidence => item.kind === "dataset" && item.side === side,
  );
}

/** What a model is made of and measured on; of other data it may come to need none. */
const OWED_ROLES: ReadonlySet<string> = new Set(["train", "test"]);

/**
 * What base lists and the change may not drop without a word: training and test data, the datasets that numbers are
 * planned on, and that data was trained on. Other data under other names may take their place.
 */
function owedFindings(view: View, head: readonly DatasetEvidence[]): readonly Finding[] {
  // What comes back was weighed as it was, with the data that it listed.
  if (view.model?.changeClass === "E") return [];
  const base = datasetsAt(view, "base");
  const atHead = plannedMetrics(view).filter(({ plannedAt }) => plannedAt === "head");
  const planned = new Set(atHead.map(({ dataset }) => dataset));
  const places = placeOf(view);
  const left = base.filter(
    ({ name, role }) =>
      (OWED_ROLES.has(role) && head.every((dataset) => dataset.role !== role)) ||
      (planned.has(name) && head.every((dataset) => dataset.name !== name)),
  );
  const turned = head.flatMap((dataset) => {
    const trained = dataset.role === "train" ? undefined : trainedOn(base, dataset);
    return trained === undefined ? [] : [{ dataset, trained }];
  });
  return [
    ...left.map(({ name, role }) => ({
      code: "DATA_LEFT_OUT",
      message: `The base lists the dataset ${name} with the role ${role}, and here it is left out`,
      ...places,
      fix: `Put it back under data in model.yml, or list what took its place with the role ${role}`,
    })),
    ...turned.map(({ dataset, trained }) => ({
      code: "DATA_WAS_TRAINING",
      message: `${dataset.name} has the role ${dataset.role}, and its content is what base lists as ${trained.name} with the role train`,
      ...places,
      fix: "Evaluate on data that no version of the model was trained on, or ask for a waiver of this gate",
    })),
  ];
}

/** The training data of base that a dataset is. Of what base has in both roles the digest tells nothing. */
function trainedOn(base: readonly DatasetEvidence[], dataset: DatasetEvidence): DatasetEvidence | undefined {
  const same = base.filter(({ digest }) => digest !== undefined && digest === dataset.digest);
  return same.every(({ role }) => role === "train") ? same[0] : undefined;
}

function placeOf(view: View): { place?: { path: string; line?: number } } {
  const manifest = view.model?.head?.manifest;
  if (manifest === undefined) return {};
  const line = manifest.lines.data;
  return { place: { path: manifest.path, ...(line === undefined ? {} : { line }) } };
}

function judgeDataset(dataset: DatasetEvidence): Judgement {
  const { name, digest, declared, line, source } = dataset;
  const place = { path: source.path, ...(line === undefined ? {} : { line }) };
  if (digest === undefined) {
    return fail(
      {
        code: "DATA_NOT_PINNED",
        message: `Nothing pins the dataset ${name} to its content`,
        place,
        fix: "State its digest, or name its .dvc file as path",
      },
      { observed: "no digest", expected: "a digest", evidence: [dataset] },
    );
  }
  if (declared !== undefined && declared !== digest) {
    return fail(
      {
        code: "DATA_DIFFERS",
        message: `model.yml states ${declared} for the dataset ${name}, its content is ${digest}`,
        place,
        fix: "Train and evaluate on the stated data, or state this digest",
      },
      { observed: digest, expected: declared, evidence: [dataset] },
    );
  }
  return pass({ observed: digest, evidence: [dataset] });
}

function noData(view: View): Finding {
  return {
    code: "DATA_MISSING",
    message: "The model names no dataset",
    ...placeOf(view),
    fix: "Name the training and test data under data in model.yml, each with its digest",
  };
}
