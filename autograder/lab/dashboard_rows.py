"""The records of a run as `dashboard` reads them; its head says what a row holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Row = Mapping[str, Any]
LAYERS = ("1", "2", "3")
"""What the records of `dashboard.run` call the layers of the base net; the third is the last."""


def accuracy(records: Sequence[Row]) -> float:
    """Share of the validation samples that are right in the last row that knows them."""
    row = last(records, "guesses")
    return float(np.mean(np.array(row["truth"]) == np.array(row["guesses"])))


def last(records: Sequence[Row], key: str) -> Row:
    """The last row that has a key."""
    return next(row for row in reversed(records) if key in row)


def series(records: Sequence[Row], key: str) -> tuple[np.ndarray, list[Any]]:
    """The steps of all rows that have a key, and what they have under it."""
    rows = [row for row in records if key in row]
    return np.array([row["step"] for row in rows]), [row[key] for row in rows]
