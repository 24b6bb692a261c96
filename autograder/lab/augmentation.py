"""How much augmentation is too much: digits that are turned before training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def rotation_study(
    limits: Sequence[float], tilt: float = 25.0, samples: int = 200, copies: int = 5, seeds: Sequence[int] = range(5)
) -> dict[str, np.ndarray]:
    """Train on turned copies of a few digits, and validate on others, upright ones and tilted ones.

    Args:
        limits: the angles to try; each copy of a training digit is turned by up to that many degrees, to either side.
        tilt: the validation digits of the second kind are turned by up to that many degrees.
        samples: number of training digits.
        copies: number of turned copies of each; the upright digit stays among the training data.
        seeds: of the choice of digits and of their angles.

    Returns:
        Validation accuracies `(len(seeds), len(limits))`, under "upright" and "tilted".
    """
    from sklearn.svm import SVC
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from autograder.lab.data import digits
    from autograder.lab.images import turn

    X, y = digits(standardise=False)
    pictures = X.reshape(-1, 8, 8) / 16
    accuracy = {"upright": np.empty((len(seeds), len(limits))), "tilted": np.empty((len(seeds), len(limits)))}
    with threadpool_limits(1):
        for row, seed in enumerate(seeds):
            rng = np.random.default_rng(seed)
            order = rng.permutation(len(X))
            train, val = order[:samples], order[1200:]
            views = {"upright": pictures[val], "tilted": turn(pictures[val], rng.uniform(-tilt, tilt, len(val)))}
            for column, limit in enumerate(limits):
                turned = [turn(pictures[train], rng.uniform(-limit, limit, samples)) for _ in range(copies)]
                inputs = np.concatenate([pictures[train], *turned]).reshape(-1, 64)
                model = SVC(C=10, gamma=0.05).fit(inputs, np.tile(y[train], copies + 1))
                for view, shown in views.items():
                    accuracy[view][row, column] = model.score(shown.reshape(-1, 64), y[val])
    return accuracy
