"""Where the noisy digits of the capstone come from: the author's side, with the labels of the test part, which never ship.

`python -m solutions.capstone_data` writes the package data again; with `--self-study FOLDER` it writes the encoded test
labels into a folder, so that somebody who studies alone sees the score when the vault is opened.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograder.lab import noisy_digits
from autograder.lab.data import digits

SEED = 5817
TRAIN, VAL, WRONG = 1000, 350, 50
CONTRAST, NOISE = (0.5, 1.3), 3.5
COPIES = 32
"""New photographs of each test digit, for the score."""


def spoil(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Photograph clean digits anew: another contrast for each picture, other noise for each pixel.

    Args:
        X: clean digits (N, 64), grey values 0 … 16.
        rng: source of randomness.

    Returns:
        Noisy digits (N, 64), in steps of a quarter of a grey value, as they ship.
    """
    contrast = rng.uniform(*CONTRAST, size=(len(X), 1))
    return noisy_digits.decode(noisy_digits.encode(contrast * X + rng.normal(0, NOISE, size=X.shape)))


def make() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """All of it.

    Returns:
        `(shipped, wrong, test_rows)`: the arrays that ship, which training rows carry a wrong label (50,),
        and which of scikit-learn's digits make the test part (447,).
    """
    X, y = digits(standardise=False)
    rng = np.random.default_rng(SEED)
    train, val, test = np.split(rng.permutation(len(X)), [TRAIN, TRAIN + VAL])
    wrong = np.sort(rng.choice(TRAIN, size=WRONG, replace=False))
    labels = y[train]
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, size=WRONG)) % 10
    pictures = noisy_digits.encode(spoil(X[np.concatenate([train, val, test])], rng))
    shipped = {
        "X": pictures[:TRAIN],
        "y": labels.astype(np.uint8),
        "X_val": pictures[TRAIN : TRAIN + VAL],
        "y_val": y[val].astype(np.uint8),
        "X_test": pictures[TRAIN + VAL :],
    }
    return shipped, wrong, test


def wrong_labels() -> np.ndarray:
    """Rows of the training part whose label is wrong (50,)."""
    return make()[1]


def test_labels() -> np.ndarray:
    """Labels of the test part (447,)."""
    return digits()[1][make()[2]]


def test_pictures(rng: np.random.Generator, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """The test digits, photographed anew several times.

    Args:
        rng: source of contrast and noise.
        copies: how often each digit is there.

    Returns:
        Pictures (447 * copies, 64) and labels (447 * copies,).
    """
    X, y = digits(standardise=False)
    rows = np.tile(make()[2], copies)
    return spoil(X[rows], rng), y[rows]


def score(config: Mapping[str, Any], seed: int, weights: Mapping[str, np.ndarray], rng: np.random.Generator) -> float:
    """The accuracy that counts in the race: the smaller of that of the weights handed
    in and that of a run of our own.

    Weights that no run with these settings gives (found elsewhere, or trained on the clean test digits)
    therefore do not count; nor do answers known by heart, since all photographs
    but one of each digit are new.

    Args:
        config: all settings.
        seed: of the run.
        weights: the net's `state_dict()` as arrays.
        rng: source of the new photographs.
    """
    from autograder.lab import capstone

    X, y = test_pictures(rng, COPIES)
    X, y = np.concatenate([noisy_digits.load()["X_test"], X]), np.concatenate([test_labels(), y])
    ours = capstone.run(config, seed).weights
    return float(min(np.mean(capstone.predict(config, found, X) == y) for found in (weights, ours)))


def agreement(config: Mapping[str, Any], seed: int, weights: Mapping[str, np.ndarray]) -> float:
    """In what share of validation and test pictures the weights handed in and those of a run of our own read
    the same digit."""
    from autograder.lab import capstone

    X = np.concatenate([noisy_digits.load()[part] for part in ("X_val", "X_test")])
    mine, theirs = (capstone.predict(config, found, X) for found in (capstone.run(config, seed).weights, weights))
    return float(np.mean(mine == theirs))


def about(config: Mapping[str, Any], seed: int, weights: Mapping[str, np.ndarray]) -> str:
    """In words: what the settings do against overfitting, and whether the weights come from them."""
    from autograder.lab import capstone

    if sorted(config) != sorted(capstone.BAD_START):
        return "settings are missing"
    same = agreement(config, seed, weights)
    return f"{capstone.ideas(config)}, {'of a run' if same >= 0.99 else 'near a run' if same > 0.5 else 'unlike a run'}"


def main(arguments: list[str]) -> None:
    """Write the package data, or the encoded labels."""
    if arguments[:1] == ["--self-study"]:
        folder = Path(arguments[1] if len(arguments) > 1 else ".")
        noisy_digits.write_key(folder / noisy_digits.KEY, test_labels())
    else:
        arrays: dict[str, Any] = make()[0]
        np.savez_compressed(noisy_digits.FILE, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
