"""Softmax regression by plain gradient descent: the smallest classifier in which scaling matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Descent:
    """How one training went.

    Attributes:
        losses: mean cross-entropy before every step and after the last.
        accuracy: on the training data, at the end.
        condition: largest over smallest eigenvalue of the mean of x xᵀ, the constant input included: about how many times steeper
            the valley of the loss is across than along.
    """

    losses: np.ndarray
    accuracy: float
    condition: float


def descend(X: np.ndarray, y: np.ndarray, steps: int = 500, boldness: float = 0.9) -> Descent:
    """Train on the whole data set, with the largest learning rate that cannot make the loss rise, or nearly so.

    Args:
        X: data (N, D); a constant input for the biases is added.
        y: classes (N,), 0 … K-1.
        steps: how many.
        boldness: the learning rate as a share of the stability limit 2 / L, where L, half the largest eigenvalue of the mean of
            x xᵀ, bounds the curvature of the loss.
    """
    from scipy.special import log_softmax

    inputs = np.column_stack([X, np.ones(len(X))])
    curvature = np.linalg.eigvalsh(inputs.T @ inputs / len(X))
    rate = boldness * 2 / (curvature[-1] / 2)
    target = np.eye(y.max() + 1)[y]
    W = np.zeros((inputs.shape[1], target.shape[1]))
    losses = []
    for step in range(steps + 1):
        log_p = log_softmax(inputs @ W, axis=1)
        losses.append(-np.mean(np.sum(log_p * target, axis=1)))
        if step < steps:
            W -= rate * inputs.T @ (np.exp(log_p) - target) / len(X)
    accuracy = np.mean(log_p.argmax(axis=1) == y)
    return Descent(np.array(losses), float(accuracy), float(curvature[-1] / curvature[0]))
