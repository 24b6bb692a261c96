"""A vault for test data: it shows pictures, takes predictions, counts how often it was opened, and tells no score."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from autograder.lab.noisy_digits import KEY, read_key


class TestVault:
    """Pictures whose labels are elsewhere.

    Args:
        X: the pictures, one in a row.
        folder: where to write down what is handed in, as lines of JSON in `vault.jsonl`; earlier openings noted there count.
            None keeps it in memory.

    >>> vault = TestVault(np.zeros((3, 64)))
    >>> vault.submit([7, 1, 0])
    Noted: 3 predictions. The vault has been opened once.
    >>> vault.opened
    1
    """

    __test__ = False  # pytest looks for classes with this name

    def __init__(self, X: np.ndarray, folder: Path | None = None) -> None:
        self._X = np.array(X)
        self._file = None if folder is None else Path(folder) / "vault.jsonl"
        self._key = None if folder is None else Path(folder) / KEY
        self._noted: list[list[int]] = []
        if self._file is not None and self._file.is_file():
            self._noted = [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines()]

    @property
    def X(self) -> np.ndarray:
        """A copy of the pictures (N, 64)."""
        return self._X.copy()

    @property
    def opened(self) -> int:
        """How often predictions were handed in."""
        return len(self._noted)

    @property
    def predictions(self) -> list[list[int]]:
        """What was handed in, opening by opening."""
        return [list(noted) for noted in self._noted]

    def submit(self, predictions: object) -> None:
        """Open the vault: hand in a digit for each picture.

        Args:
            predictions: whole numbers from 0 to 9, shape (N,).

        Raises:
            ValueError: they are not that; the vault then stays closed.
        """
        digits = np.asarray(predictions)
        if digits.shape != (len(self._X),) or digits.dtype.kind not in "iu" or digits.min() < 0 or digits.max() > 9:
            raise ValueError(
                f"the vault takes {len(self._X)} whole numbers from 0 to 9; got shape {digits.shape} of type {digits.dtype}"
            )
        self._noted.append(digits.tolist())
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._noted[-1]) + "\n")
        times = {1: "once", 2: "twice"}.get(self.opened, f"{self.opened} times")
        print(f"Noted: {len(digits)} predictions. The vault has been opened {times}.")
        if self._key is not None and self._key.is_file():
            print(f"Accuracy on the test part: {np.mean(read_key(self._key) == digits):.3f}.")
