"""Writing the pages: feedback for each student, and the class page."""

from __future__ import annotations

from pathlib import Path

from autograder.feedback.class_page import class_page
from autograder.feedback.student_page import student_page
from autograder.gradebook.batch import results
from autograder.notebooks.model import Notebook


def write_student_pages(course: Path, unit: str) -> list[Path]:
    """One page a student and notebook, where nbgrader looks for feedback."""
    pages = []
    for student, notebook, result in results(course, unit):
        folder = course / "feedback" / student / unit
        folder.mkdir(parents=True, exist_ok=True)
        page = folder / f"{notebook.name}.html"
        page.write_text(student_page(notebook, result, student=student), encoding="utf-8")
        pages.append(page)
    return pages


def write_class_page(course: Path, units: list[str]) -> Path:
    """The page of the whole class; it names students, so it lies apart from their feedback."""
    page = course / "report" / "class.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text(class_page({unit: results(course, unit) for unit in units}, page_of=_page_of), encoding="utf-8")
    return page


def _page_of(student: str, notebook: Notebook) -> str:
    """A student's page, as seen from the class page."""
    return f"../feedback/{student}/{notebook.unit}/{notebook.name}.html"
