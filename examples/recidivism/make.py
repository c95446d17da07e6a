"""Makes the example: a governed repository and three pull requests, each with a model that was really trained.

Run with Python 3.11 or newer and numpy, pandas, scikit-learn and safetensors; the files that it writes are committed.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score

HERE = Path(__file__).parent
BASE = HERE / "base"
sys.path.insert(0, str(BASE / "models" / "recidivism"))
sys.dont_write_bytecode = True
import train as t  # noqa: E402

DATA = BASE / "data" / "compas-two-years.csv"
METRICS = {
    "roc_auc": (roc_auc_score, "higher"),
    "accuracy": (lambda y, p: accuracy_score(y, p >= 0.5), "higher"),
    "brier": (brier_score_loss, "lower"),
    "log_loss": (log_loss, "lower"),
}
BOOTSTRAPS = 500


def measure(tensors, rows):
    """Each metric with its 95 % percentile bootstrap interval over the rows of the holdout."""
    y, p = rows["two_year_recid"].to_numpy(), t.score(tensors, rows)
    draws = np.random.default_rng(t.SEED)
    picks = [draws.integers(0, len(y), len(y)) for _ in range(BOOTSTRAPS)]
    result = {}
    for name, (metric, direction) in METRICS.items():
        low, high = np.percentile([metric(y[i], p[i]) for i in picks], [2.5, 97.5])
        result[name] = {"value": round(float(metric(y, p)), 6), "ci": [round(float(low), 6), round(float(high), 6)],
                        "direction": direction, "n": len(y), "positives": int(y.sum())}
    return result


def manifest(subject, data_digest, holdout_digest, produced_at):
    return f"""weighbridge: 1
id: recidivism
title: Two-year recidivism score
owner: acme/justice-models
purpose: Shows how a change of a score is weighed; it decides about nobody
status: candidate
next_review: 2027-06-30
tier: T2
context:
  domain: law-enforcement
  jurisdictions: [US-FL]
  role: provider
  decision_type: decision support
  autonomy: human-in-the-loop
  exposure: 2
  purpose: 3
artifacts:
  - path: model.safetensors
    digest: {subject}
evaluation:
  - path: metrics.json
    dataset: holdout
    role: test
    dataset_digest: {holdout_digest}
    subject: {subject}
    produced_at: {produced_at}
    metrics:
      - {{ name: roc_auc, key: holdout.roc_auc, direction: higher }}
      - {{ name: accuracy, key: holdout.accuracy, direction: higher }}
      - {{ name: brier, key: holdout.brier, direction: lower }}
      - {{ name: log_loss, key: holdout.log_loss, direction: lower }}
data:
  - {{ name: compas, role: train, path: /data/compas-two-years.csv, digest: {data_digest} }}
card: README.md
"""


def card(metrics, rows):
    rounded = {name: f"{m['value']:.3f}" for name, m in metrics.items()}
    return f"""---
license: cc-by-4.0
tags: [tabular-classification]
model-index:
  - name: recidivism
    results:
      - task: {{ type: tabular-classification }}
        dataset: {{ name: holdout, type: compas-two-years }}
        metrics:
          - {{ type: roc_auc, value: {rounded['roc_auc']} }}
          - {{ type: accuracy, value: {rounded['accuracy']} }}
---
# Two-year recidivism score

## Intended use
An example for Weighbridge. It shows how the change of a score is weighed before it is merged, and nothing else.

## Out-of-scope use
Any decision about a person. Scores of this kind were shown to treat groups differently, and this one is no better.

## Training data
{rows:,} rows of the public COMPAS two-year file, chosen by a fixed seed, without names, dates of birth or case numbers.

## Evaluation
The held-out 30 % of the file. The area under the ROC curve is {rounded['roc_auc']} and the accuracy {rounded['accuracy']}.

## Limitations
Arrest is not offence: the label carries the bias of policing. The sample is one county, from 2013 and 2014.
"""


def evidence(metrics, subject, holdout_digest, produced_at):
    items = [{"schema": "evidence/v1", "kind": "metric", "subject": {"model": "recidivism", "digest": subject},
              "name": name, "value": m["value"], "direction": m["direction"], "n": m["n"], "positives": m["positives"],
              "ci": m["ci"], "seed": t.SEED,
              "dataset": {"name": "holdout", "digest": holdout_digest, "role": "test"},
              "source": {"tool": "scikit-learn", "produced_at": produced_at}} for name, m in metrics.items()]
    return json.dumps(items, indent=2) + "\n"


def write_model(folder, tensors, produced_at, training_rows, holdout):
    folder.mkdir(parents=True, exist_ok=True)
    data = t.to_bytes(tensors)
    subject = t.digest(data)
    holdout_digest = t.digest(holdout.to_csv(index=False).encode())
    metrics = measure(tensors, holdout)
    (folder / "model.safetensors").write_bytes(data)
    (folder / "metrics.json").write_text(json.dumps({"holdout": {k: m["value"] for k, m in metrics.items()}}, indent=2) + "\n")
    (folder / "model.yml").write_text(manifest(subject, t.digest(DATA.read_bytes()), holdout_digest, produced_at))
    (folder / "README.md").write_text(card(metrics, training_rows))
    return evidence(metrics, subject, holdout_digest, produced_at), metrics


def pull(name, title, body, tensors, produced_at, training_rows, holdout, policy=None):
    folder = HERE / "pulls" / name
    shutil.rmtree(folder, ignore_errors=True)
    text, metrics = write_model(folder / "tree" / "models" / "recidivism", tensors, produced_at, training_rows, holdout)
    (folder / "evidence").mkdir()
    (folder / "evidence" / "recidivism.json").write_text(text)
    (folder / "pull.json").write_text(json.dumps({"title": title, "body": body}, indent=2) + "\n")
    if policy is not None:
        (folder / "tree" / ".weighbridge").mkdir()
        (folder / "tree" / ".weighbridge" / "policy.yml").write_text(policy)
    print(name, {k: (m["value"], m["ci"]) for k, m in metrics.items()})


def main():
    rows, holdout = t.read(DATA)
    _, metrics = write_model(BASE / "models" / "recidivism", t.train(rows.iloc[:150]), "2026-11-02T09:00:00Z", 150, holdout)
    print("base", {k: (m["value"], m["ci"]) for k, m in metrics.items()})
    pull("1-refresh", "Train the score on all rows", "The first version saw 150 rows; this one sees all of the training data.",
         t.train(rows), "2026-11-20T09:00:00Z", len(rows), holdout)
    worse = t.train(rows[rows["age"] < 30].iloc[:150])
    pull("2-regression", "Refresh the score", "Monthly refresh.", worse, "2026-11-20T09:00:00Z", 150, holdout)
    policy = (BASE / ".weighbridge" / "policy.yml").read_text()
    weaker = policy.replace("version: 1.2.0", "version: 1.2.1").replace("min: 0.70", "min: 0.60").replace("relative_margin: 0.005", "relative_margin: 0.01")
    pull("3-weaker-policy", "Refresh the score and tidy the policy", "Monthly refresh, and some cleaning up.",
         worse, "2026-11-20T09:00:00Z", 150, holdout, weaker)


main()
