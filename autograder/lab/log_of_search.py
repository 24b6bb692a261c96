"""Questions to the log of a random search.

Notebooks reach it as `run_log`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.lab.log_questions import NONE, Answer, rounds
from autograder.lab.run_rows import Row, Trainer


def searched(rows: Sequence[Row], trials: int = 12) -> Answer:
    """Is this a random search: enough trials, at least two rounds with spaces of their own, settings drawn inside them?"""
    spaces = []
    for group in rounds(rows):
        trouble = _drawn_from_its_space(group)
        if trouble[0] != NONE:
            return trouble
        spaces.append(group[0]["space"])
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


def _drawn_from_its_space(group: Sequence[Row]) -> Answer:
    """Does every trial of a round name one space, lie inside it, and take values of its own?"""
    space = group[0]["space"]
    if not space or any(row["space"] != space for row in group):
        return "a trial does not say what it was drawn from", f"round {group[0]['group']!r}"
    for row in group:
        outside = [name for name, (low, high) in space.items() if not low <= row["config"][name] <= high]
        if outside:
            return "a trial lies outside of its space", f"run {row['run']}: {', '.join(outside)}"
    for name in space:
        if len({row["config"][name] for row in group}) < len(group):
            return "a setting takes the same value twice: that is a grid", name
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
