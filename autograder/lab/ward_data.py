"""The data of the clinic's patients.

Notebooks reach it as `ward`.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from autograder.lab.data import digits
from autograder.lab.training import CLASSES, digits_split


def raw_digits_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The split of `digits_split` with the grey values as they are in the file, 0 … 16."""
    X, y = (torch.from_numpy(part) for part in digits(standardise=False))
    train, val = split_rows(len(X), seed)
    return X[train].float(), y[train], X[val].float(), y[val]


def split_rows(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Row numbers 0 … n-1, shuffled and cut into three quarters to train on and one quarter to validate, as `digits_split` does."""
    order = np.random.default_rng(seed).permutation(n)
    train, val = np.split(order, [3 * n // 4])
    return torch.from_numpy(train), torch.from_numpy(val)


def stacked_digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits as some cameras and some programs store them: one picture behind the other.

    Returns:
        `stack (8, 8, 1797)`, row, column and picture, with grey values 0 … 16, and the digits `y (1797,)`.
    """
    X, y = digits(standardise=False)
    return np.ascontiguousarray(np.moveaxis(X.reshape(-1, 8, 8), 0, 2)), y


def diabetes_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """442 patients, ten measurements of each, and how far their diabetes has gone a year later.

    Args:
        seed: decides which patient goes where.

    Returns:
        `X_train (331, 10), y_train (331,), X_val (111, 10), y_val (111,)` in float32, measurements and target standardised with
        the statistics of the training part.
    """
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    order = np.random.default_rng(seed).permutation(len(X))
    train, val = np.split(order, [3 * len(X) // 4])
    X, y = (X - X[train].mean(axis=0)) / X[train].std(axis=0), (y - y[train].mean()) / y[train].std()
    parts = [(torch.tensor(X[rows], dtype=torch.float32), torch.tensor(y[rows], dtype=torch.float32)) for rows in (train, val)]
    return *parts[0], *parts[1]


def template_share(X: np.ndarray, y: np.ndarray) -> float:
    """Share of pictures that look more like the mean picture of their own digit than like that of any other.

    Args:
        X: grey values (N, 64), line by line, 0 … 16.
        y: the digit that each is said to be (N,).

    Returns:
        About 0.9 for the digits of scikit-learn, and about 0.1 when pictures and labels do not belong together.
    """
    pictures, names = digits(standardise=False)
    means = np.stack([pictures[names == digit].mean(axis=0) for digit in range(CLASSES)])
    distances = np.square(np.asarray(X)[:, None, :] - means).sum(axis=2)
    return float((distances.argmin(axis=1) == np.asarray(y)).mean())


def merged_digits(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A collection put together from two exports that overlap, with labels that are not all right.

    Args:
        seed: decides on pictures, labels and order.

    Returns:
        `X (850, 64)` in float32, standardised, 500 different pictures, of which 350 stand in it twice; and their labels
        `y (850,)`, the same for both copies. A fifth of the pictures has a label that was drawn at random.
    """
    rng = np.random.default_rng(seed)
    X, y = digits()
    rows = rng.permutation(len(X))[:500]
    pictures, names = X[rows], y[rows]
    names[:100] = rng.integers(CLASSES, size=100)
    order = rng.permutation(np.concatenate([np.arange(500), rng.permutation(500)[:350]]))
    return torch.tensor(pictures[order], dtype=torch.float32), torch.tensor(names[order])


def rare_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The split of `digits_split` as a question of yes or no: is it an 8? Most of the eights are taken out, so that 5 % are left.

    Returns:
        `X_train, y_train, X_val, y_val`, with y 1 for an 8 and 0 for any other digit.
    """
    parts = digits_split(seed)
    found: list[torch.Tensor] = []
    for X, y in (parts[:2], parts[2:]):
        eights, others = torch.nonzero(y == 8).flatten(), torch.nonzero(y != 8).flatten()
        rows = torch.cat([others, eights[: round(len(others) / 19)]]).sort().values
        found += [X[rows], (y[rows] == 8).long()]
    return found[0], found[1], found[2], found[3]


def jostled(X: torch.Tensor) -> torch.Tensor:
    """Pictures (N, 64), each moved by at most a pixel down or up and to a side by torch's generator; edges are repeated."""
    padded = F.pad(X.reshape(-1, 1, 8, 8), (1, 1, 1, 1), mode="replicate")[:, 0]
    down, right = torch.randint(3, (2, len(X)))
    line = torch.arange(8)
    picture = torch.arange(len(X))[:, None, None]
    return padded[picture, (down[:, None] + line)[:, :, None], (right[:, None] + line)[:, None, :]].reshape(-1, 64)


def late_digits_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The digits 5 to 9 of `raw_digits_split`, of which `pretrained_body` has never seen any; grey values 0 … 16, y from 0 to 4."""
    X, y, X_val, y_val = raw_digits_split(seed)
    return X[y > 4], y[y > 4] - 5, X_val[y_val > 4], y_val[y_val > 4] - 5


def blank_lines(X: torch.Tensor) -> torch.Tensor:
    """How many of the eight lines of each picture in X (N, 64) are 0 from end to end, (N,); of standardised digits none is."""
    return (X.reshape(-1, 8, 8) == 0).all(dim=2).sum(dim=1)


def few_tumours(seed: int, n: int = 12) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of the 569 tumours of scikit-learn's `breast_cancer`, a few to learn from and the others to validate with, as measured.

    Args:
        seed: decides which tumour goes where.
        n: how many to learn from.

    Returns:
        `X_train (n, 30), y_train, X_val (569 - n, 30), y_val`, the measurements in float32, y 1 for benign and 0 for malignant.
    """
    from sklearn.datasets import load_breast_cancer

    X, y = (torch.from_numpy(part) for part in load_breast_cancer(return_X_y=True))
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(X)))
    train, val = order[:n], order[n:]
    return X[train].float(), y[train], X[val].float(), y[val]


def photographed_digits(seed: int) -> tuple[np.ndarray, torch.Tensor, np.ndarray, torch.Tensor, np.ndarray]:
    """The digits, written in white on a slate that is lit from one corner, and photographed with eight bits for each pixel.

    Args:
        seed: of the noise of the camera, and of the split, which is that of `digits_split`.

    Returns:
        `pictures_train (1347, 64), y_train, pictures_val (450, 64), y_val, slate (64,)`; pictures and `slate`, the slate without
        anything on it, in uint8.
    """
    rng = np.random.default_rng(seed)
    X, y = digits(standardise=False)
    corner = np.arange(8)
    light = (30 + 3 * (corner[:, None] + corner)).reshape(-1)
    pictures = (light + 10 * X + rng.normal(0, 3, size=X.shape)).round().clip(0, 255).astype(np.uint8)
    train, val = split_rows(len(X), seed)
    digit = torch.from_numpy(y)
    return pictures[train], digit[train], pictures[val], digit[val], light.astype(np.uint8)
