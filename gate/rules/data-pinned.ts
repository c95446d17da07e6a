import type { Judgement } from "../model/decision.ts";
import type { DatasetEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";

export const dataPinned: Rule = {
  name: "data.pinned",
  title: "Every dataset is named by its digest",
  scope: "model",
  parameters: {},
  judge(_args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const datasets = view.evidence.filter(
      (item): item is DatasetEvidence => item.kind === "dataset" && item.side === "head",
    );
    if (datasets.length === 0) return missing(noData(view));
    return combine(datasets.map(judgeDataset));
  },
};

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
  const path = view.model?.head?.manifest?.path;
  return {
    code: "DATA_MISSING",
    message: "The model names no dataset",
    ...(path === undefined ? {} : { place: { path } }),
    fix: "Name the training and test data under data in model.yml, each with its digest",
  };
}
