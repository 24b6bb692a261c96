"""Grading a class from the command line: who is graded, with a progress bar, and what is printed of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from autograder.commands import class_table, progress
from autograder.refusals import Refused


def insist_on_isolation(isolate: bool) -> None:
    """Refuse to go on where students' code cannot be isolated, unless that is not asked for."""
    from autograder.sandbox.isolation import probe, readable_paths

    if not isolate:
        return
    found = probe(readable_paths())
    if found.level == "none":
        raise Refused(
            "Students' code cannot be isolated on this machine; see `autograder doctor`. To run it all the same: --unisolated."
        )


def grade_class(root: Path, units: list[str], students: list[str] | None, settings: Any) -> dict[str, list[Any]]:
    """Grade units, and give everybody's results."""
    from autograder.gradebook.batch import grade as grade_batch
    from autograder.grading.course import submissions

    found: dict[str, list[Any]] = {}
    there = {unit: submissions(root, unit) for unit in units}
    known = {name for names in there.values() for name in names}
    unknown = sorted(set(students or []) - known)
    if unknown:
        raise Refused(f"{unknown[0]} has not handed in anything in submitted/.")
    if not known:
        raise Refused(f"There is nothing to grade: submitted/ has no folder STUDENT/{units[0] if len(units) == 1 else 'UNIT'}.")
    for unit in units:
        names = [name for name in there[unit] if not students or name in students]
        if names:
            for graded in progress(grade_batch(root, unit, names, settings), len(names), unit):
                found.setdefault(graded.student, []).extend(graded.results)
    return dict(sorted(found.items()))


def print_table(graded: dict[str, list[Any]]) -> None:
    """Everybody's points, and why the others were lost."""
    from rich.console import Console

    rows = [
        (name, [(_label(result), result.points, result.max_points, list(result.verdicts.values())) for result in results])
        for name, results in graded.items()
    ]
    console = Console()
    Console(width=console.width if console.is_terminal else 160).print(class_table(rows))


def print_json(graded: dict[str, list[Any]]) -> None:
    """Everybody's results for a program."""
    rows = [result.to_json() | {"student": name} for name, results in graded.items() for result in results]
    typer.echo(json.dumps(rows, ensure_ascii=False))


def print_refused(graded: dict[str, list[Any]]) -> None:
    """What could not be graded, and why."""
    for name, results in graded.items():
        for result in results:
            if result.refused:
                typer.echo(f"{name}: {result.refused}", err=True)


def _label(result: Any) -> str:
    return str(result.unit if result.unit.endswith(result.notebook) else f"{result.unit}/{result.notebook}")
