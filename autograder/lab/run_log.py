"""A log of runs, one JSON line each, and the questions that a reader asks of such a log.

A row holds its number (`run`), the number of the run that it was derived from (`parent`, None for a first one), what it
belongs to (`group`), a `note`, all settings (`config`), the `seed`, the `space` that settings were drawn from where there is
one, and what came out: `initial_loss`, `loss`, `train_accuracy` and `accuracy` (on the validation part). A loss that is no
finite number is None.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Trainer = Callable[[Mapping[str, Any], int], Mapping[str, float]]

MEASURED = ("initial_loss", "loss", "train_accuracy", "accuracy")
NONE = "none found"
"""What a question to a log says when it has nothing to complain of."""


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
        return self.add(row | {name: _finite(measured[name]) for name in MEASURED})


def _finite(value: float) -> float | None:
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


def path_to(row: Row, rows: Sequence[Row]) -> list[Row]:
    """The rows from the first ancestor of a row down to itself."""
    line, by_number = [row], {other["run"]: other for other in rows}
    while line[0]["parent"] is not None:
        line.insert(0, by_number[line[0]["parent"]])
    return line


# questions to a log: each answer is a pair, what kind of trouble there is (or NONE) and where

Answer = tuple[str, str]


def in_form(rows: object) -> Answer:
    """Is every row a row, numbered in order, with a parent that came before it?"""
    wanted = {"run": int, "config": dict, "group": str, "note": str, "seed": int}
    if not isinstance(rows, list) or not rows:
        return "the log is empty", ""
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or not {*wanted, *MEASURED, "parent", "space"} <= row.keys():
            return "a row is not complete", f"row {number}"
        if any(type(row[name]) is not kind for name, kind in wanted.items()) or row["run"] != number:
            return "a row is not in form", f"row {number}"
        parent = row["parent"]
        if parent is not None and not (type(parent) is int and 0 <= parent < number):
            return "a parent does not come before its child", f"row {number}"
        if any(row[name] is not None and not isinstance(row[name], (int, float)) for name in MEASURED):
            return "a row is not in form", f"row {number}"
    return NONE, ""


def one_change_each(rows: Sequence[Row]) -> Answer:
    """Does every row but the first differ from its parent in exactly one setting?"""
    for row in rows[1:]:
        if row["parent"] is None:
            return "a run has no parent", f"run {row['run']}"
        names = changed(row, rows)
        if not names:
            return "a run changes nothing", f"run {row['run']} is run {row['parent']} again"
        if len(names) > 1:
            return "a run changes more than one setting", f"run {row['run']} changes {', '.join(sorted(names))} at once"
    return NONE, ""


def all_explained(rows: Sequence[Row]) -> Answer:
    """Does every row carry a note of at least two words?"""
    bare = [str(row["run"]) for row in rows if len(row["note"].split()) < 2]
    return ("a run says nothing about its reason", f"runs {', '.join(bare)}") if bare else (NONE, "")


def reproduced(rows: Iterable[Row]) -> Answer:
    """Do the numbers of these rows come out again? Losses within 5 %, accuracies within 0.02."""
    for row in rows:
        measured = lab_trainer(row["config"], row["seed"])
        for name in MEASURED:
            logged, got = row[name], _finite(measured[name])
            if (logged is None) != (got is None):
                return "a logged number does not come out again", f"run {row['run']}: {name}"
            if logged is not None and got is not None:
                allowed = 0.02 if "accuracy" in name else 0.05 * abs(got) + 0.01
                if not abs(logged - got) <= allowed:
                    return "a logged number does not come out again", f"run {row['run']}: {name}"
    return NONE, ""


def rounds(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of a search, round by round, in the order in which the rounds began."""
    names = list(dict.fromkeys(row["group"] for row in rows))
    return [[row for row in rows if row["group"] == name] for name in names]


def searched(rows: Sequence[Row], trials: int = 12) -> Answer:
    """Is this a random search: enough trials, at least two rounds with spaces of their own, settings drawn inside them?"""
    spaces = []
    for group in rounds(rows):
        space = group[0]["space"]
        if not space or any(row["space"] != space for row in group):
            return "a trial does not say what it was drawn from", f"round {group[0]['group']!r}"
        spaces.append(space)
        for row in group:
            outside = [name for name, (low, high) in space.items() if not low <= row["config"][name] <= high]
            if outside:
                return "a trial lies outside of its space", f"run {row['run']}: {', '.join(outside)}"
        for name in space:
            if len({row["config"][name] for row in group}) < len(group):
                return "a setting takes the same value twice: that is a grid", name
    drawn = {name for space in spaces for name in space}
    moved = {name for row in rows for name in row["config"] if row["config"][name] != rows[0]["config"].get(name)} - drawn
    if moved:
        return "a setting varies that belongs to no space", ", ".join(sorted(moved))
    if len(spaces) < 2:
        return "there is only one round", ""
    if all(space == spaces[0] for space in spaces):
        return "a round searches the same space again", ""
    if len(rows) < trials:
        return f"there are fewer than {trials} trials", f"{len(rows)} trials"
    if any(low <= 0 or high <= low for space in spaces for low, high in space.values()):
        return "a space is empty, or cannot be searched on a log scale", ""
    return NONE, ""


def best(rows: Sequence[Row]) -> Row:
    """The row with the highest validation accuracy; of several the first."""
    return max(rows, key=lambda row: row["accuracy"] if row["accuracy"] is not None else -1.0)


def at_boundary(rows: Sequence[Row], margin: float = 0.1) -> Answer:
    """Does the best trial of all lie within `margin` of an end of the last space, or outside of it?"""
    winner, space = best(rows), rounds(rows)[-1][0]["space"]
    for name, (low, high) in space.items():
        place = math.log(winner["config"][name] / low) / math.log(high / low)
        if not margin <= place <= 1 - margin:
            where = (
                f"{name} of run {winner['run']}: {winner['config'][name]:.3g}, and the space reaches from {low:.3g} to {high:.3g}"
            )
            return "the best trial lies at the edge of the last space, or outside", where
    return NONE, ""


def table_of(rows: Sequence[Row], table: Any, digits: float = 1e-9) -> Answer:
    """Does the table hold, for each group, the mean of its accuracies and the standard error of that mean?"""
    groups = {group[0]["group"]: [row["accuracy"] for row in group] for group in rounds(rows)}
    if not isinstance(table, dict) or table.keys() != groups.keys():
        return "the table's names are not those of the groups", ""
    for name, scores in groups.items():
        entry = table[name]
        if not (isinstance(entry, (tuple, list)) and len(entry) == 2 and all(isinstance(number, (int, float)) for number in entry)):
            return "an entry is no pair of numbers (mean, error)", name
        n = len(scores)
        mean = sum(scores) / n
        squares = sum((score - mean) ** 2 for score in scores)
        known = {
            math.sqrt(squares / (n - 1)): "an error bar is the spread of the runs, not the error of their mean",
            math.sqrt(squares / n / n): "an error bar comes from a standard deviation that divides by n",
            math.sqrt(squares / n): "an error bar is the spread of the runs, and divides by n",
        }
        if not abs(entry[0] - mean) <= digits:
            return "a mean is not that of the group's runs", name
        if not abs(entry[1] - math.sqrt(squares / (n - 1) / n)) <= digits:
            return next(
                (words for value, words in known.items() if abs(entry[1] - value) <= digits), "an error bar is another number"
            ), name
    return NONE, ""


def stand_in(peak: float) -> Trainer:
    """Something that can be searched without training: an accuracy with a single top, and a little that depends on the seed.

    Args:
        peak: the learning rate of the top.
    """
    tops = {"weight_decay": 0.004, "drop_prob": 0.25, "input_noise": 0.5, "label_smoothing": 0.1, "momentum": 0.8, "batch": 40.0}
    count = 0

    def measure(config: Mapping[str, Any], seed: int) -> dict[str, float]:
        nonlocal count
        count += 1
        if count > 300:
            raise RuntimeError("a search of 300 trials without an end")
        away = 0.02 * math.log10(config["lr"] / peak) ** 2
        away += sum(0.01 * math.log10(config[name] / top) ** 2 for name, top in tops.items() if config[name] > 0)
        luck = math.sin(1e4 * peak * (1 + seed)) * 0.01 if seed else 0.0
        return {"initial_loss": 2.3, "loss": away, "train_accuracy": 0.9, "accuracy": 0.95 - away + luck}

    return measure


def fair_comparison(rows: Sequence[Row], regularisers: Iterable[str], seeds: int = 3) -> Answer:
    """Are at least three regularisers compared with "none", each alone, at the same budget and over the same seeds?"""
    groups = {group[0]["group"]: group for group in rounds(rows)}
    if "none" not in groups:
        return "there is nothing to compare with: a group 'none' is missing", ""
    plain = groups["none"][0]["config"]
    if any(plain[name] for name in regularisers):
        return "the group 'none' is regularised", ""
    for name, group in groups.items():
        if any(row["config"] != group[0]["config"] for row in group):
            return "a group holds more than one configuration", name
        own = [row["seed"] for row in group]
        if len(set(own)) < seeds or len(set(own)) < len(own):
            return f"a group has fewer than {seeds} different seeds", name
        if sorted(own) != sorted(row["seed"] for row in groups["none"]):
            return "a group has other seeds than 'none'", name
        differ = [setting for setting in plain if group[0]["config"][setting] != plain[setting]]
        if name != "none" and not set(differ) & set(regularisers):
            return "a group has no regulariser of its own", name
        if set(differ) - set(regularisers):
            return "a group has another budget or another net than 'none'", f"{name}: {', '.join(differ)}"
        if len(differ) > 1:
            return "a group has several regularisers at once", f"{name}: {', '.join(differ)}"
    kinds = {setting for group in groups.values() for setting in regularisers if group[0]["config"][setting]}
    return (NONE, "") if len(kinds) >= 3 else ("fewer than three regularisers are compared", ", ".join(sorted(kinds)))
