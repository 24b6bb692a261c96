"""Trainings that demos show, done by scikit-learn, so that none of the course's answers is needed to see them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.lab.curves import CURVES


@dataclass(frozen=True)
class Frame:
    """One picture of a film about a ReLU network.

    Attributes:
        step: updates made so far.
        z: pre-activations of the second hidden layer for a few hundred samples (N, units).
        asleep: for each unit of that layer, is it below zero for every sample of the data set?
    """

    step: int
    z: np.ndarray
    asleep: np.ndarray


def relu_film(learning_rate: float, steps: Sequence[int], seed: int = 1) -> list[Frame]:
    """Train a 64-64-64-10 ReLU network on the standardised digits by plain SGD, batches of 128, and look in now and then.

    Args:
        learning_rate: of every update.
        steps: after how many updates to look; 1 or more.
        seed: of the initial weights and of the batches.

    Returns:
        A frame for each of `steps`; fewer when the weights leave the range of floating point before.
    """
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from autograder.lab.data import digits

    X, y = digits()
    rng = np.random.default_rng(seed)
    network = MLPClassifier(
        (64, 64), solver="sgd", learning_rate_init=learning_rate, momentum=0.0, alpha=0.0, batch_size=128, random_state=seed
    )
    film = []
    # One thread: products this small are slower with two, and far slower where two processes share two cores.
    with threadpool_limits(1), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in range(1, max(steps) + 1):
            batch = rng.choice(len(X), 128, replace=False)
            try:
                network.partial_fit(X[batch], y[batch], classes=np.arange(10))
            except ValueError:  # scikit-learn's word for weights that are no longer finite
                break
            if step in steps:
                film.append(_look(network.coefs_, network.intercepts_, X, step))
    return film


def _look(weights: list[np.ndarray], biases: list[np.ndarray], X: np.ndarray, step: int) -> Frame:
    h = CURVES["ReLU"].draw(X @ weights[0] + biases[0])
    z = h @ weights[1] + biases[1]
    return Frame(step, z[:300], z.max(axis=0) < 0)


def fit_moons(
    X: np.ndarray, y: np.ndarray, hidden: tuple[int, ...], activation: str, seed: int = 0
) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """Train a small classifier until it stops improving.

    Args:
        X: points (N, 2).
        y: their classes, 0 or 1.
        hidden: widths of the hidden layers; empty for none.
        activation: "identity" or "relu".
        seed: of the initial weights.

    Returns:
        The classifier, which takes points (M, 2) and returns their classes, and its accuracy on `X`, `y`.
    """
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier(hidden, activation=activation, solver="lbfgs", alpha=1e-3, max_iter=400, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(X, y)
    return network.predict, float(network.score(X, y))
