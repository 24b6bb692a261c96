"""Certifying whole units, and showing what came of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from autograder.authoring.certify import REFERENCE, Certificate, certify
from autograder.authoring.workers import workers
from autograder.grading.reference import BrokenCheck, Reference
from autograder.notebooks.reading import read_notebook
from autograder.refusals import Refused
from autograder.sandbox.pool import Template

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
Task = tuple[Path, list[str]]
"""A notebook, and the names of some of its exercises."""


def certify_units(course: Path, units: Iterable[str], exercise: str, progress: Progress) -> list[Certificate]:
    """Certify the notebooks of some units, exercise by exercise in parallel processes."""
    return _everywhere(_certify, course, units, exercise, progress, "certifying")


def false_alarms(course: Path, units: Iterable[str], exercise: str, secrets: int, progress: Progress) -> list[str]:
    """The hidden checks that the reference itself does not pass under some of the secrets from which their inputs are drawn.

    Args:
        course: the folder of the course.
        units: names of its units.
        exercise: the name of one exercise, to look at it alone; or "".
        secrets: how many of them are tried.
        progress: shows how far it has come.
    """
    return _everywhere(functools.partial(_false_alarms, secrets), course, units, exercise, progress, "drawing inputs")


def _everywhere(
    proof: Callable[[Task], list[Any]], course: Path, units: Iterable[str], exercise: str, progress: Progress, what: str
) -> list[Any]:
    """What a proof finds for each exercise, and for the questions of a notebook together, in order; in parallel processes."""
    tasks: list[Task] = []
    for unit in units:
        for path in sorted((course / "source" / unit).glob("*.ipynb")):
            chosen = [found for found in read_notebook(path).exercises.values() if exercise in ("", found.name)]
            tasks += [(path, [found.name]) for found in chosen if not found.is_question]
            questions = [found.name for found in chosen if found.is_question]
            tasks += [(path, questions)] if questions else []
    if not tasks:
        raise Refused(f"There is no exercise {exercise}." if exercise else "There is nothing to certify.")
    with workers(course) as pool:  # the last units train the most: they begin, so that no process is left with them in the end
        found = list(progress(pool.map(proof, reversed(tasks)), len(tasks), what))
    return [one for several in reversed(found) for one in several]


def summary(certificates: list[Certificate]) -> dict[str, Any]:
    """The figures of a certification, as data."""
    wrong = [certificate for certificate in certificates if not certificate.right]
    return {
        "exercises": len({certificate.exercise for certificate in certificates}),
        "right alternatives": sum(certificate.right and certificate.variant != REFERENCE for certificate in certificates),
        "wrong variants": len(wrong),
        "caught": sum(certificate.caught for certificate in wrong),
        "answers to questions among them": sum(_is_answer(certificate) for certificate in wrong),
        "caught in the visible check": sum(certificate.visible for certificate in wrong),
        "only in the hidden check": [
            f"{certificate.exercise} {certificate.variant}"
            for certificate in wrong
            if not certificate.visible and not _is_answer(certificate)
        ],
        "problems": [
            f"{certificate.exercise} {certificate.variant}: {certificate.problem}"
            for certificate in certificates
            if certificate.problem
        ],
    }


def show(figures: dict[str, Any]) -> None:
    """Print figures, and every problem in a line."""
    for label, value in figures.items():
        if isinstance(value, list):
            print(f"{label}: {'none' if not value else len(value)}")
            for line in value:
                print(f"  {line}")
        else:
            print(f"{label}: {value}")


def _is_answer(certificate: Certificate) -> bool:
    """A wrong answer to a question is never told before grading."""
    return certificate.variant.startswith("q.")


_templates: list[Template] = []
_references: dict[Path, Reference] = {}


def _certify(task: Task) -> list[Certificate]:
    path, names = task
    if not _templates:
        _templates.append(Template())
    if path not in _references:  # it remembers what its checks observe of the wrong variants
        _references[path] = Reference(read_notebook(path), folder=path.parent)
    return list(certify(_references[path], _templates[0], path.parent, names))


def _false_alarms(secrets: int, task: Task) -> list[str]:
    path, names = task
    notebook, found = read_notebook(path), []
    hidden = [check for check in notebook.checks if check.header.exercise in names and check.header.kind == "hidden"]
    for number in range(secrets):
        reference = Reference(notebook, str(number).encode(), variants=[])
        for check in hidden:
            try:
                reference.observations(check)
            except BrokenCheck as error:
                found.append(f"secret {number}: {error}")
    return found
