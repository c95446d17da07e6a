import type { Direction } from "./manifest.ts";

/**
 * Which way each well-known metric is better, by the name that scikit-learn, torchmetrics and Hugging Face
 * evaluate use, in snake case. A name that is not here has no direction until the manifest states one.
 */
const DIRECTIONS: ReadonlyMap<string, Direction> = new Map([
  ...(
    [
      "accuracy",
      "balanced_accuracy",
      "precision",
      "recall",
      "sensitivity",
      "specificity",
      "f1",
      "f1_score",
      "f1_macro",
      "f1_micro",
      "f1_weighted",
      "roc_auc",
      "auc",
      "pr_auc",
      "average_precision",
      "ks",
      "gini",
      "mcc",
      "matthews_corrcoef",
      "cohen_kappa",
      "jaccard",
      "top_k_accuracy",
      "r2",
      "explained_variance",
      "ndcg",
      "map",
      "mrr",
      "hit_rate",
      "bleu",
      "rouge1",
      "rouge2",
      "rougeL",
      "meteor",
      "exact_match",
      "silhouette",
    ] as const
  ).map((name) => [name, "higher"] as const),
  ...(
    [
      "log_loss",
      "logloss",
      "cross_entropy",
      "loss",
      "brier",
      "brier_score",
      "ece",
      "mce",
      "mae",
      "mean_absolute_error",
      "mse",
      "mean_squared_error",
      "rmse",
      "root_mean_squared_error",
      "mape",
      "smape",
      "wape",
      "rmsle",
      "pinball",
      "hinge_loss",
      "hamming_loss",
      "zero_one_loss",
      "false_positive_rate",
      "fpr",
      "false_negative_rate",
      "fnr",
      "wer",
      "cer",
      "perplexity",
      "fid",
    ] as const
  ).map((name) => [name, "lower"] as const),
]);

/** The direction of a well-known metric; undefined for every other name. */
export function knownDirection(name: string): Direction | undefined {
  return DIRECTIONS.get(name);
}

/** Values that a metric can have, ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * The range of each well-known metric whose definition has one, whoever computes it. Left out are names that common
 * tools use for several things: `auc` is the area under any curve in scikit-learn, `bleu` and `exact_match` go to 1
 * or to 100, `map` is -1 in torchmetrics where there is nothing to find, `loss` may be anything.
 */
const RANGES: ReadonlyMap<string, Range> = new Map<string, Range>([
  ...(
    [
      "accuracy",
      "precision",
      "recall",
      "sensitivity",
      "specificity",
      "f1",
      "f1_score",
      "f1_macro",
      "f1_micro",
      "f1_weighted",
      "roc_auc",
      "pr_auc",
      "average_precision",
      "ks",
      "jaccard",
      "top_k_accuracy",
      "ndcg",
      "mrr",
      "hit_rate",
      "ece",
      "mce",
      "hamming_loss",
      "false_positive_rate",
      "fpr",
      "false_negative_rate",
      "fnr",
    ] as const
  ).map((name) => [name, { min: 0, max: 1 }] as const),
  ...(
    [
      // Adjusted for chance, as scikit-learn can, it may be negative.
      "balanced_accuracy",
      "gini",
      "mcc",
      "matthews_corrcoef",
      "cohen_kappa",
      "silhouette",
    ] as const
  ).map((name) => [name, { min: -1, max: 1 }] as const),
  // Of several classes, as Brier defined it in 1950, it goes to 2.
  ...(["brier", "brier_score"] as const).map((name) => [name, { min: 0, max: 2 }] as const),
  ...(["r2", "explained_variance"] as const).map((name) => [name, { min: -Infinity, max: 1 }] as const),
  ...(
    [
      "log_loss",
      "logloss",
      "mae",
      "mean_absolute_error",
      "mse",
      "mean_squared_error",
      "rmse",
      "root_mean_squared_error",
      "mape",
      "smape",
      "wape",
      "rmsle",
      "pinball",
      "hinge_loss",
      "zero_one_loss",
      "wer",
      "cer",
      "perplexity",
    ] as const
  ).map((name) => [name, { min: 0, max: Infinity }] as const),
]);

/** The range of a well-known metric; undefined for every other name. */
export function knownRange(name: string): Range | undefined {
  return RANGES.get(name);
}
