"""Trains the score: a logistic regression on six columns, saved as safetensors."""

import hashlib

import numpy as np
import pandas as pd
from safetensors.numpy import save
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

COLUMNS = ["age", "priors_count", "juv_fel_count", "juv_misd_count", "juv_other_count", "felony"]
SEED = 7


def read(path):
    table = pd.read_csv(path)
    table["felony"] = (table["c_charge_degree"] == "F").astype(int)
    order = np.random.default_rng(SEED).permutation(len(table))
    cut = int(len(table) * 0.7)
    return table.iloc[order[:cut]], table.iloc[order[cut:]]


def train(rows, columns=COLUMNS, strength=1.0):
    scaler = StandardScaler().fit(rows[columns])
    model = LogisticRegression(C=strength, max_iter=1000).fit(scaler.transform(rows[columns]), rows["two_year_recid"])
    return {
        "coef": model.coef_.astype(np.float32)[0],
        "intercept": model.intercept_.astype(np.float32),
        "mean": scaler.mean_.astype(np.float32),
        "scale": scaler.scale_.astype(np.float32),
    }


def score(tensors, rows, columns=COLUMNS):
    z = (rows[columns].to_numpy(np.float32) - tensors["mean"]) / tensors["scale"]
    return 1 / (1 + np.exp(-(z @ tensors["coef"] + tensors["intercept"])))


def to_bytes(tensors, columns=COLUMNS):
    return save(tensors, metadata={"format": "np", "columns": ",".join(columns)})


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()
