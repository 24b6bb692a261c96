"""Certifying whole units, and showing what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from autograder.authoring.certify import REFERENCE, Certificate, certify
from autograder.authoring.workers import workers
from autograder.grading.reference import Reference
from autograder.notebooks.reading import read_notebook
from autograder.sandbox.pool import Template

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


def certify_units(course: Path, units: Iterable[str], exercise: str, progress: Progress) -> list[Certificate]:
    """Certify the notebooks of some units, exercise by exercise in parallel processes."""
    tasks = []
    for unit in units:
        for path in sorted((course / "source" / unit).glob("*.ipynb")):
            names = read_notebook(path).exercises
            tasks += [(str(course), path, name) for name in names if exercise in ("", name)]
    if not tasks:
        return []
    with workers(course) as pool:  # the last units train the most: they begin, so that no process is left with them in the end
        found = list(progress(pool.map(_certify, reversed(tasks)), len(tasks), "certifying"))
    return [certificate for certificates in reversed(found) for certificate in certificates]


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


def show(certificates: list[Certificate]) -> None:
    """Print the figures, and every problem in a line."""
    for label, value in summary(certificates).items():
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


def _certify(task: tuple[str, Path, str]) -> list[Certificate]:
    _, path, name = task
    if not _templates:
        _templates.append(Template())
    if path not in _references:  # it remembers what its checks observe of the wrong variants
        _references[path] = Reference(read_notebook(path))
    return list(certify(_references[path], _templates[0], path.parent, name))
