"""Questions to the log of a comparison, and to the table that was made of it.

Notebooks reach it as `run_log`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograder.lab.log_questions import NONE, Answer, rounds
from autograder.lab.run_rows import Row


def table_of(rows: Sequence[Row], table: Any, digits: float = 1e-9) -> Answer:
    """Does the table hold, for each group, the mean of its accuracies and the standard error of that mean?"""
    groups = {group[0]["group"]: [row["accuracy"] for row in group] for group in rounds(rows)}
    if not isinstance(table, dict) or table.keys() != groups.keys():
        return "the table's names are not those of the groups", ""
    for name, scores in groups.items():
        entry = table[name]
        if not (isinstance(entry, (tuple, list)) and len(entry) == 2 and all(isinstance(number, (int, float)) for number in entry)):
            return "an entry is no pair of numbers (mean, error)", name
        mean = sum(scores) / len(scores)
        trouble = _error_bar(scores, mean, entry[1], digits)
        if not abs(entry[0] - mean) <= digits:
            return "a mean is not that of the group's runs", name
        if trouble:
            return trouble, name
    return NONE, ""


def _error_bar(scores: Sequence[float], mean: float, bar: float, digits: float) -> str:
    """What an error bar is if it is not the standard error of the mean, else ""."""
    n = len(scores)
    squares = sum((score - mean) ** 2 for score in scores)
    known = {
        math.sqrt(squares / (n - 1)): "an error bar is the spread of the runs, not the error of their mean",
        math.sqrt(squares / n / n): "an error bar comes from a standard deviation that divides by n",
        math.sqrt(squares / n): "an error bar is the spread of the runs, and divides by n",
    }
    if abs(bar - math.sqrt(squares / (n - 1) / n)) <= digits:
        return ""
    return next((words for value, words in known.items() if abs(bar - value) <= digits), "an error bar is another number")


def fair_comparison(rows: Sequence[Row], regularisers: Iterable[str], seeds: int = 3) -> Answer:
    """Are at least three regularisers compared with "none", each alone, at the same budget and over the same seeds?"""
    groups = {group[0]["group"]: group for group in rounds(rows)}
    if "none" not in groups:
        return "there is nothing to compare with: a group 'none' is missing", ""
    plain = groups["none"][0]["config"]
    if any(plain[name] for name in regularisers):
        return "the group 'none' is regularised", ""
    own_seeds = sorted(row["seed"] for row in groups["none"])
    for name, group in groups.items():
        trouble = _same_but_for_seeds(name, group, seeds, own_seeds)
        if trouble[0] == NONE:
            trouble = _one_regulariser(name, group[0]["config"], plain, regularisers)
        if trouble[0] != NONE:
            return trouble
    kinds = {setting for group in groups.values() for setting in regularisers if group[0]["config"][setting]}
    return (NONE, "") if len(kinds) >= 3 else ("fewer than three regularisers are compared", ", ".join(sorted(kinds)))


def _same_but_for_seeds(name: str, group: Sequence[Row], seeds: int, wanted: Sequence[int]) -> Answer:
    if any(row["config"] != group[0]["config"] for row in group):
        return "a group holds more than one configuration", name
    own = [row["seed"] for row in group]
    if len(set(own)) < seeds or len(set(own)) < len(own):
        return f"a group has fewer than {seeds} different seeds", name
    if sorted(own) != wanted:
        return "a group has other seeds than 'none'", name
    return NONE, ""


def _one_regulariser(name: str, config: Row, plain: Row, regularisers: Iterable[str]) -> Answer:
    differ = [setting for setting in plain if config[setting] != plain[setting]]
    if name != "none" and not set(differ) & set(regularisers):
        return "a group has no regulariser of its own", name
    if set(differ) - set(regularisers):
        return "a group has another budget or another net than 'none'", f"{name}: {', '.join(differ)}"
    if len(differ) > 1:
        return "a group has several regularisers at once", f"{name}: {', '.join(differ)}"
    return NONE, ""
