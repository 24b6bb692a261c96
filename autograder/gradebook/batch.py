"""A batch: submissions graded, and each result in the gradebook and in `autograded/` before the next one is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.gradebook.autograded import with_outputs, write
from autograder.gradebook.database import gradebook, record, register
from autograder.grading.course import alone, notebooks_of, submissions
from autograder.grading.kept import result_path, stored
from autograder.grading.parallel import grade_unit
from autograder.grading.result import Graded, Result
from autograder.grading.settings import Settings
from autograder.notebooks.model import Notebook


def grade(course: Path, unit: str, students: Sequence[str], settings: Settings) -> Iterator[Graded]:
    """Grade students' submissions of a unit and record them; safe to interrupt and to run again.

    Raises:
        Busy: another batch is running on this course.
        GradebookError: the gradebook does not fit the unit.
    """
    with alone(course):
        notebooks = notebooks_of(course, unit)
        register(course, unit, notebooks)
        with gradebook(course) as book:
            for graded in grade_unit(course, unit, students, settings):
                record(course, book, unit, graded.student, graded.results, notebooks)
                for notebook, result, nodes in zip(notebooks, graded.results, graded.aligned, strict=True):
                    if nodes.cells:
                        write(course, graded.student, unit, notebook.name, with_outputs(nodes, result))
                yield graded


def results(course: Path, unit: str) -> list[tuple[str, Notebook, Result]]:
    """The kept results of a unit, by student and notebook."""
    found = []
    for student in submissions(course, unit):
        for notebook in notebooks_of(course, unit):
            known = stored(result_path(course, unit, student, notebook.name))
            if known:
                found.append((student, notebook, known[1]))
    return found
