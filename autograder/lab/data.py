"""Small data sets that need no network: generated here, or bundled with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autograder.lab import noisy_digits as shipped
from autograder.lab.vault import TestVault

Part = tuple[np.ndarray, np.ndarray]


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


def digits_split(seed: int) -> tuple[Part, Part, TestVault]:
    """The standard digits in three parts, of which the last one is locked.

    Args:
        seed: decides which digit goes where.

    Returns:
        `(X, y)` of 1000 digits to train on, `(X_val, y_val)` of 350 to validate on, and a vault with the pictures of the
        other 447. Grey values are 0 … 16.

    >>> (X, y), (X_val, y_val), vault = digits_split(seed=3)
    >>> X.shape, y_val.shape, vault.X.shape, vault.opened
    ((1000, 64), (350,), (447, 64), 0)
    """
    X, y = digits(standardise=False)
    train, val, test = np.split(np.random.default_rng(seed).permutation(len(X)), [1000, 1350])
    return (X[train], y[train]), (X[val], y[val]), TestVault(X[test])


def noisy_digits(folder: Path | None = None) -> tuple[Part, Part, TestVault]:
    """The noisy digits of the capstone: always the same split, and test labels that are not here.

    Args:
        folder: where the vault writes down what is handed in; None keeps it in memory.

    Returns:
        `(X, y)` of 1000 pictures to train on, some of whose labels are wrong, `(X_val, y_val)` of 350 to validate on, and a
        vault with the pictures of the other 447.
    """
    arrays = shipped.load()
    return (arrays["X"], arrays["y"]), (arrays["X_val"], arrays["y_val"]), TestVault(arrays["X_test"], folder)
