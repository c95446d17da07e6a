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
