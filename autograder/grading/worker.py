"""One process of a batch: what it keeps from one submission to the next, and how it is told to begin and to grade."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

from autograder.checks.verdict import State
from autograder.grading.course import notebooks_of, secret
from autograder.grading.kept import keep, result_path, stored
from autograder.grading.keys import engine_key, submission_key
from autograder.grading.reference import Reference
from autograder.grading.result import Graded, Result
from autograder.grading.settings import Settings
from autograder.grading.submission import Grader
from autograder.grading.verdicts import refuse
from autograder.notebooks.aligning import Aligned, WrongNotebook, align
from autograder.notebooks.model import Notebook
from autograder.notebooks.reading import UnreadableNotebook, read_nodes
from autograder.sandbox.kernel import die_with_parent
from autograder.sandbox.pool import NotIsolated, Template


class Worker:
    """What a worker keeps from one submission to the next."""

    def __init__(self, course: Path, unit: str, settings: Settings) -> None:
        self.course, self.unit, self.settings = course, unit, settings
        key = secret(course)
        self.references = [Reference(notebook, key, folder=notebook.path.parent) for notebook in notebooks_of(course, unit)]
        self.engine = engine_key(self.references, settings, key)
        self._template: Template | None = None

    def grade(self, student: str) -> Graded:
        """Grade what a student has handed in, or take the kept results where nothing has changed."""
        results, shown, reused = [], [], True
        for reference in self.references:
            result, nodes, fresh = self._notebook(student, reference)
            results.append(result)
            shown.append(nodes)
            reused = reused and not fresh
        return Graded(student, tuple(results), tuple(shown), reused)

    def _notebook(self, student: str, reference: Reference) -> tuple[Result, Any, bool]:
        """The result of one notebook, the notebook that it is of, and whether anything was run for it."""
        notebook = reference.notebook
        path = result_path(self.course, self.unit, student, notebook.name)
        try:
            aligned = align(notebook, read_nodes(self._find(student, notebook)))
        except Exception as error:
            return keep(path, "", refuse(notebook, self._unreadable(error))), notebook.without_cells(), True
        key = submission_key(self.engine, aligned)
        known = stored(path)
        if known and known[0] == key and not self.settings.force:
            return known[1], aligned.nodes, False
        result = self._graded(reference, aligned)
        lasting = not result.refused and all(verdict.state != State.COULD_NOT_CHECK for verdict in result.verdicts.values())
        return keep(path, key if lasting else "", result), aligned.nodes, True

    def _unreadable(self, error: Exception) -> str:
        if isinstance(error, (UnreadableNotebook, WrongNotebook)):
            return str(error).replace(f"{self.course}/", "")
        return f"It cannot be read as a notebook: {type(error).__name__}."  # nobody has thought of it, but it stops no batch

    def _graded(self, reference: Reference, aligned: Aligned) -> Result:
        template = self._warm()
        try:
            return Grader(reference, template, self.settings.patience).grade(aligned)
        except NotIsolated:
            raise
        except Exception as error:  # ours, but perhaps provoked: no points for it, and a word to the instructor
            why = f"The grader failed on it: {type(error).__name__}: {error}. Please look at it yourself, and report it."
            return refuse(reference.notebook, why)

    def _find(self, student: str, notebook: Notebook) -> Path:
        """The submitted notebook, under its own name or the only one there is."""
        folder = self.course / "submitted" / student / self.unit
        wanted = folder / f"{notebook.name}.ipynb"
        there = sorted(folder.glob("*.ipynb"))
        return there[0] if not wanted.exists() and len(there) == 1 and len(self.references) == 1 else wanted

    def _warm(self) -> Template:
        if self._template is None or not self._template.alive:
            self._template = Template(self.settings.limits, isolate=self.settings.isolate)
        return self._template


_worker: list[Worker | Exception] = []


def begin(course: str, unit: str, settings: Settings) -> None:
    """What a new process does first."""
    die_with_parent(signal.SIGKILL)  # a pool's process waits for ever for work from a batch that was killed
    sys.path.insert(0, course)
    try:
        _worker.append(Worker(Path(course), unit, settings))
    except Exception as error:  # raised here, it would look as if a submission had ended the process
        _worker.append(error)


def ready() -> None:
    """Raise what kept this process from beginning."""
    _begun()


def grade(student: str) -> Graded:
    """Grade one student in this process."""
    return _begun().grade(student)


def _begun() -> Worker:
    if isinstance(_worker[0], Exception):
        raise _worker[0]
    return _worker[0]
