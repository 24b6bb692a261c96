"""Questions to any log of runs: each answer is a pair, what kind of trouble there is (or NONE) and where.

Notebooks reach it as `run_log`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograder.lab.run_rows import MEASURED, Row, changed, finite, lab_trainer

NONE = "none found"
"""What a question to a log says when it has nothing to complain of."""

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
            logged, got = row[name], finite(measured[name])
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
