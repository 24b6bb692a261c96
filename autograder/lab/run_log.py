"""A log of runs, one JSON line each, and the questions that a reader asks of such a log.

A row holds its number (`run`), the number of the run that it was derived from (`parent`, None for a first one), what it
belongs to (`group`), a `note`, all settings (`config`), the `seed`, the `space` that settings were drawn from where there is
one, and what came out: `initial_loss`, `loss`, `train_accuracy` and `accuracy` (on the validation part). A loss that is no
finite number is None.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.lab.log_of_comparison import fair_comparison, table_of
from autograder.lab.log_of_search import at_boundary, best, searched, stand_in
from autograder.lab.log_questions import NONE, all_explained, in_form, one_change_each, reproduced, rounds
from autograder.lab.run_rows import MEASURED, Row, Trainer, changed, finite, lab_trainer, read

__all__ = [
    "MEASURED",
    "NONE",
    "Row",
    "RunLog",
    "all_explained",
    "at_boundary",
    "best",
    "changed",
    "fair_comparison",
    "in_form",
    "one_change_each",
    "read",
    "reproduced",
    "rounds",
    "searched",
    "stand_in",
    "table_of",
]


class RunLog:
    """Trains, and writes down what came of it.

    Args:
        path: a file that every row is appended to, as a line of JSON; None keeps the log in memory alone.
        trainer: takes a configuration and a seed, returns what is measured; the lab's trainer unless given.
    """

    def __init__(self, path: Path | str | None = None, trainer: Trainer = lab_trainer) -> None:
        self.rows: list[Row] = []
        self._path = None if path is None else Path(path)
        self._trainer = trainer

    def start(self, config: Mapping[str, Any], note: str = "", *, seed: int = 0) -> Row:
        """Run a configuration that is derived from no other. Returns its row."""
        return self._train(dict(config), None, "", note, seed)

    def run(self, parent: Row, note: str = "", **changes: Any) -> Row:
        """Run the configuration of another row with some settings changed, with the same seed. Returns the new row."""
        return self._train({**parent["config"], **changes}, parent["run"], "", note, parent["seed"])

    def trial(
        self, config: Mapping[str, Any], group: str, *, seed: int = 0, space: Mapping[str, tuple[float, float]] | None = None
    ) -> Row:
        """Run a configuration that belongs to a group: a round of a search, or a side of a comparison. Returns its row.

        Args:
            config: the settings.
            group: what the run belongs to, such as "round 1" or "dropout".
            seed: of the run.
            space: in a search, what each setting that varies was drawn from: name to (lowest, highest).
        """
        return self._train(dict(config), None, group, "", seed, space)

    def add(self, row: Row) -> Row:
        """Append a row as it is."""
        self.rows.append(row)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        return row

    def group(self, name: str) -> list[Row]:
        """The rows of a group."""
        return [row for row in self.rows if row["group"] == name]

    def _train(
        self, config: Row, parent: int | None, group: str, note: str, seed: int, space: Mapping[str, Any] | None = None
    ) -> Row:
        measured = self._trainer(config, seed)
        row = {"run": len(self.rows), "parent": parent, "group": group, "note": note, "config": config, "seed": seed}
        row |= {"space": None if space is None else {name: list(ends) for name, ends in space.items()}}
        return self.add(row | {name: finite(measured[name]) for name in MEASURED})
