"""Weighs debt against income by perceptron, and keeps the weights as a pickle."""
import pickle
import sys

from loans import predict, rows

rate, epochs = float(sys.argv[1]), int(sys.argv[2])
weights = {"income": 0.0, "debt": 0.0, "bias": 0.0}
for _ in range(epochs):
    for features, default in rows():
        error = default - predict(weights, features)
        for name, value in features.items():
            weights[name] += rate * error * value
with open("models/loans.pkl", "wb") as file:
    pickle.dump(weights, file, protocol=4)
