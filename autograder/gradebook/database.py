"""Results into nbgrader's database, as nbgrader itself would have written them."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.checks.verdict import State, Verdict
from autograder.gradebook.nbgrader import course_api, course_config, find_alembic
from autograder.grading.result import Result
from autograder.notebooks.model import Notebook


class GradebookError(Exception):
    """The gradebook and the course do not fit together; the message says what to do."""


@contextlib.contextmanager
def gradebook(course: Path) -> Iterator[Any]:
    """nbgrader's gradebook of a course, closed afterwards."""
    find_alembic()
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import SAWarning

    warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")  # nbgrader's own queries, harmless
    config = course_config(course)
    with Gradebook(config.CourseDirectory.db_url, config.CourseDirectory.course_id) as book:
        yield book


def register(course: Path, unit: str, notebooks: Sequence[Notebook]) -> None:
    """Make sure that the gradebook knows a unit and its graded cells.

    Raises:
        GradebookError: the unit's graded cells have changed since submissions of it were graded.
    """
    with gradebook(course) as book:
        if all(_known(book, unit, notebook) for notebook in notebooks):
            return
    with tempfile.TemporaryDirectory() as folder:
        answer = course_api(course, release=Path(folder)).generate_assignment(unit, force=True, create=True)
    if not answer["success"]:
        reason = next((line for line in reversed(answer["log"].split("\n")) if "Error" in line or "ERROR" in line), "")
        raise GradebookError(f"nbgrader does not accept {unit}: {reason.strip() or answer['error'].strip().splitlines()[-1]}")


def _known(book: Any, unit: str, notebook: Notebook) -> bool:
    from nbgrader.api import MissingEntry

    try:
        found = book.find_notebook(notebook.name, unit)
    except MissingEntry:
        return False
    return {cell.name: cell.max_score for cell in found.grade_cells} == {
        check.grade_id: check.header.points for check in notebook.checks
    }


def record(course: Path, book: Any, unit: str, student: str, results: Sequence[Result], notebooks: Sequence[Notebook]) -> None:
    """Write one student's results of a unit; manual scores and comments stay.

    Args:
        course: the course's folder.
        book: its gradebook.
        unit: the unit.
        student: the student's name in `submitted/`.
        results: of the unit's notebooks.
        notebooks: the instructor's notebooks, in the same order.
    """
    config = course_config(course)
    timestamp = _handed_in(course / "submitted" / student / unit / "timestamp.txt")
    book.update_or_create_student(student)
    more = {"timestamp": timestamp} if timestamp else {}
    submission = book.update_or_create_submission(unit, student, **more)
    for result, notebook in zip(results, notebooks, strict=True):
        found = book.find_submission_notebook(result.notebook, unit, student)
        for grade in found.grades:
            verdict = result.verdicts.get(grade.name)
            grade.auto_score = verdict.points if verdict else 0.0
            unsure = verdict is not None and verdict.state == State.COULD_NOT_CHECK
            grade.needs_manual_grade = unsure or grade.manual_score is not None
        causes = comments(notebook, result)
        for comment in found.comments:
            comment.auto_comment = causes.get(comment.name)
    book.db.commit()
    if submission.total_seconds_late > 0 or any(notebook.late_submission_penalty for notebook in submission.notebooks):
        _penalise(config, unit, student, results)
        book.db.expire_all()


def _handed_in(path: Path) -> Any:
    """The time in a `timestamp.txt`; None when there is none, or one that cannot be read: nbgrader would end the whole batch."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError, OverflowError):
        return None


def comments(notebook: Notebook, result: Result) -> dict[str, str | None]:
    """For each answer's cell, why points were lost."""
    found: dict[str, str | None] = {}
    for exercise in notebook.exercises.values():
        lost = [verdict for verdict in result.verdicts.values() if verdict.exercise == exercise.name and not verdict.passed]
        found[exercise.grade_id] = "\n".join(dict.fromkeys(comment(verdict) for verdict in lost)) or None
    return found


def comment(verdict: Verdict) -> str:
    """A lost point's cause, as a comment; nbgrader shows it as Markdown, in which a tag of a student's would be one."""
    more = f" Try: {verdict.hint}" if verdict.hint else ""
    return f"{verdict.check}: {verdict.cause}.{more}".replace("<", "‹").replace(">", "›")


def _penalise(config: Any, unit: str, student: str, results: Sequence[Result]) -> None:
    import logging

    import nbformat
    from nbgrader.preprocessors import AssignLatePenalties

    logging.getLogger("traitlets").setLevel(logging.ERROR)
    for result in results:
        about = {"notebook": result.notebook, "assignment": unit, "student": student, "db_url": config.CourseDirectory.db_url}
        AssignLatePenalties(config=config).preprocess(nbformat.v4.new_notebook(), {"nbgrader": about})
