"""What the visible checks of an exercise observe, recorded for the release; kept until something changes that it depends on."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.checks.recorded import Recorded, key
from autograder.grading.kept import PRIVATE, keep_data, stored_data
from autograder.grading.keys import machine
from autograder.grading.reference import Reference
from autograder.notebooks.model import Notebook

Task = tuple[Notebook, str]
"""A notebook, and the name of one of its exercises."""
Spread = Callable[[Callable[[Task], dict[str, Any]], Iterable[Task]], Iterable[dict[str, Any]]]
"""How exercises are shared out: `map`, or that of a pool of processes."""


def recordings(course: Path, notebooks: Sequence[Notebook], spread: Spread) -> Iterator[dict[str, Any]]:
    """The recorded numbers of every exercise of some notebooks, in order; only what has changed is run.

    Args:
        course: the folder of the course, in which they are kept.
        notebooks: instructor's notebooks.
        spread: how the exercises are shared out.

    Raises:
        BrokenCheck: a check that the reference itself does not pass.
    """
    ground = repr((machine(), _answers(course)))
    tasks = [(notebook, name) for notebook in notebooks for name in notebook.exercises]
    keys = [_key(ground, task) for task in tasks]
    places = [_place(course, task) for task in tasks]
    known = [_kept(place, wanted) for place, wanted in zip(places, keys, strict=True)]
    fresh = iter(spread(recorded_numbers, [task for task, numbers in zip(tasks, known, strict=True) if numbers is None]))
    for place, wanted, numbers in zip(places, keys, known, strict=True):
        if numbers is None:
            numbers = next(fresh)
            with contextlib.suppress(OSError):  # a course that may only be read is built all the same, and run anew every time
                keep_data(place, wanted, numbers)
        yield numbers


def recorded_numbers(task: Task) -> dict[str, Any]:
    """What the visible checks of an exercise observe of the reference and of the wrong variants."""
    notebook, name = task
    reference = Reference(notebook)
    recorded = {}
    for check in notebook.checks:
        if check.header.exercise == name and check.header.kind == "visible":
            start = reference.starting_point(reference.exercise(check))
            found = Recorded(tuple(reference.observations(check)), tuple(reference.fingerprints(check)), start)
            recorded[key(name, check.header.name)] = found.to_json()
        elif check.header.exercise == name:
            reference.observations(check)  # nothing is recorded, but the reference must pass
    return recorded


def _answers(course: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted((course / "solutions").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _key(ground: str, task: Task) -> str:
    notebook, name = task
    checks = [check for check in notebook.checks if check.header.exercise == name]
    return hashlib.sha256(repr((ground, notebook.setup, notebook.exercises[name], checks)).encode()).hexdigest()


def _place(course: Path, task: Task) -> Path:
    notebook, name = task
    return course / PRIVATE / "recorded" / notebook.unit / f"{name.replace('/', '.')}.json"


def _kept(place: Path, wanted: str) -> dict[str, Any] | None:
    found = stored_data(place)
    return found[1] if found and found[0] == wanted else None
