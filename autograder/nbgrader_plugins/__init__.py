"""The classes that `nbgrader_config.py` names, so that stock nbgrader uses this engine."""

from __future__ import annotations

import atexit
import functools
import sys
from pathlib import Path
from typing import Any

from nbgrader import api as stock_api
from nbgrader import preprocessors as stock
from nbgrader.coursedir import CourseDirectory
from traitlets import Float

from autograder.gradebook.autograded import with_outputs
from autograder.gradebook.database import comments
from autograder.grading.course import secret
from autograder.grading.kept import keep, result_path, stored
from autograder.grading.reference import Reference
from autograder.grading.settings import Patience
from autograder.grading.submission import Grader
from autograder.notebooks.aligning import align
from autograder.notebooks.model import NAMESPACE, role
from autograder.notebooks.reading import read_notebook
from autograder.sandbox.pool import Template


class CutSolutions(stock.ClearSolutions):  # type: ignore[misc]
    """Cut the answers out; a cell that starts from something else than an empty body gets that."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Cut one cell."""
        own = cell.metadata.get(NAMESPACE, {})
        if "stub" in own:
            cell.source = own.pop("stub")
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)  # type: ignore[no-any-return]


class Align(stock.NbGraderPreprocessor):  # type: ignore[misc]
    """Bring a submitted notebook back into the shape of the released one."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Align a notebook."""
        return align(_reference(self, resources).notebook, nb).nodes, resources


class Grade(stock.NbGraderPreprocessor):  # type: ignore[misc]
    """Run an aligned notebook's checks; the outputs of their cells are such that nbgrader's own rule gives the same points."""

    cell_seconds = Float(Patience.cell, help="Patience with a cell of a student's.").tag(config=True)
    check_seconds = Float(Patience.check, help="Patience with a check.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Grade a notebook."""
        about, course = resources["nbgrader"], _course(self)
        reference = _reference(self, resources)
        patience = Patience(self.cell_seconds, self.check_seconds)
        result = Grader(reference, _template(), patience).grade(align(reference.notebook, nb))
        path = result_path(course, about["assignment"], about["student"], about["notebook"])
        keep(path, "", result)
        return with_outputs(nb, result), resources


class WriteComments(stock.NbGraderPreprocessor):  # type: ignore[misc]
    """Write the cause of every lost point into nbgrader's comments; `SaveAutoGrades`, which runs before, has emptied them."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Write a notebook's comments."""
        about, course = resources["nbgrader"], _course(self)
        known = stored(result_path(course, about["assignment"], about["student"], about["notebook"]))
        if known:
            with stock_api.Gradebook(about["db_url"]) as book:
                for name, text in comments(_reference(self, resources).notebook, known[1]).items():
                    book.find_comment(name, about["notebook"], about["assignment"], about["student"]).auto_comment = text
                book.db.commit()
        return nb, resources


class HideHiddenChecks(stock.NbGraderPreprocessor):  # type: ignore[misc]
    """Leave only the first line of a hidden check in the feedback that students get."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Hide one cell's hidden part."""
        if role(cell) == "check" and "--hidden" in cell.source.split("\n")[0]:
            cell.source = cell.source.split("\n")[0]
        return cell, resources


def _course(plugin: Any) -> Path:
    root = Path(CourseDirectory(config=plugin.config).root)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return root


def _reference(plugin: Any, resources: Any) -> Reference:
    course, about = _course(plugin), resources["nbgrader"]
    path = course / "source" / about["assignment"] / f"{about['notebook']}.ipynb"
    return _references(path, path.stat().st_mtime_ns, course)


@functools.lru_cache(maxsize=16)
def _references(path: Path, changed: int, course: Path) -> Reference:
    return Reference(read_notebook(path), secret(course), folder=path.parent)


@functools.cache
def _template() -> Template:
    """One warm process for all notebooks that this nbgrader grades; it ends with it."""
    template = Template()
    atexit.register(template.close)
    return template
