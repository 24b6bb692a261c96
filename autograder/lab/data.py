"""Small data sets that need no network: generated here, or bundled with scikit-learn."""

from __future__ import annotations

import numpy as np


def two_moons(n: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved half circles that no straight line can separate.

    Args:
        n: number of points, split as evenly as possible.
        noise: standard deviation of the noise added to both coordinates; the circles have radius 1.
        rng: source of randomness.

    Returns:
        `X (n, 2)`, centred on the origin, and the class of each point, `y (n,)`, 0 or 1.

    >>> X, y = two_moons(5, 0.0, np.random.default_rng(0))
    >>> X.shape, y.tolist()
    ((5, 2), [0, 0, 0, 1, 1])
    """
    y = np.repeat([0, 1], [n - n // 2, n // 2])
    angle = rng.uniform(0, np.pi, n)
    upper = np.column_stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25])
    points = np.where(y[:, None] == 0, upper, -upper)
    return points + noise * rng.normal(size=(n, 2)), y


def digits(standardise: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The 1797 handwritten digits of 8 x 8 pixels that come with scikit-learn.

    Args:
        standardise: bring every pixel to mean 0 and standard deviation 1; pixels that never change become 0. Otherwise
            the grey values are 0 … 16.

    Returns:
        `X (1797, 64)` in float64 and the digits `y (1797,)`.
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    if standardise:
        spread = X.std(axis=0)
        X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return X, y
