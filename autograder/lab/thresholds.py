"""Scores of a classifier that looks for something rare, to be cut at a threshold."""

from __future__ import annotations

import numpy as np

from autograder.lab.data import digits


def eights(noise: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Is it an eight? A logistic regression looks for one digit in ten, in noisy pictures that it has not been trained on.

    Args:
        noise: standard deviation of what is added to each pixel, in units of the pixel's own.
        seed: of the noise and of the split.

    Returns:
        `y (899,)`, 1 for an eight and 0 for any other digit, and the model's probabilities of an eight, rounded to three
        decimals, so that some samples share one.
    """
    from sklearn.linear_model import LogisticRegression

    X, label = digits()
    rng = np.random.default_rng(seed)
    X, y = X + noise * rng.normal(size=X.shape), (label == 8).astype(int)
    rows = rng.permutation(len(X))
    train, test = rows[: len(X) // 2], rows[len(X) // 2 :]
    model = LogisticRegression(C=0.01, max_iter=500).fit(X[train], y[train])
    return y[test], np.round(model.predict_proba(X[test])[:, 1], 3)
