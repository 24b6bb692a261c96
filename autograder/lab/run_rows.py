"""The rows of a log of runs: what one holds, where its numbers come from, and how rows hang together."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Trainer = Callable[[Mapping[str, Any], int], Mapping[str, float]]

MEASURED = ("initial_loss", "loss", "train_accuracy", "accuracy")
"""What a trainer measures, and a row holds."""


def lab_trainer(config: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Train for real; see `capstone.run`."""
    from autograder.lab import capstone

    run = capstone.run(config, seed)
    return {
        "initial_loss": run.initial_loss,
        "loss": run.losses[-1],
        "train_accuracy": run.train_accuracy,
        "accuracy": run.accuracy,
    }


def finite(value: float) -> float | None:
    """A measured number as a row holds it."""
    return float(value) if math.isfinite(value) else None


def read(path: Path | str) -> list[Row]:
    """The rows of a file that a log has written."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def changed(row: Row, rows: Sequence[Row]) -> list[str]:
    """The settings in which a row differs from its parent, and "seed" where that differs."""
    parent = next(other for other in rows if other["run"] == row["parent"])
    names = [name for name in row["config"] if row["config"].get(name) != parent["config"].get(name)]
    names += [name for name in parent["config"] if name not in row["config"]]
    return names + (["seed"] if row["seed"] != parent["seed"] else [])
