"""Grading a unit of a course: every submission, in parallel, with results written as they come."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import os
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from autograder import __version__
from autograder.checks.verdict import State
from autograder.grading.reference import Reference
from autograder.grading.result import Result
from autograder.grading.submission import Grader, Patience, blank, refuse
from autograder.notebooks.aligning import Aligned, WrongNotebook, align
from autograder.notebooks.model import Notebook, role
from autograder.notebooks.reading import UnreadableNotebook, read_nodes, read_notebook
from autograder.sandbox.isolation import Limits
from autograder.sandbox.kernel import die_with_parent
from autograder.sandbox.pool import NotIsolated, Template

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PRIVATE = ".autograder"
"""Folder of the course that holds the secret, the lock and the results."""


class Busy(Exception):
    """Somebody else is grading this course."""


@dataclass(frozen=True)
class Settings:
    """How to grade.

    Attributes:
        workers: parallel processes.
        patience: seconds that students' code may take.
        limits: what one student's process may use.
        isolate: False runs students' code unisolated.
        force: grade again what has not changed.
    """

    workers: int = 0
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)
    isolate: bool = True
    force: bool = False


@dataclass(frozen=True)
class Graded:
    """One student's graded unit.

    Attributes:
        student: name of the folder in `submitted/`.
        results: of the unit's notebooks, in order.
        aligned: the notebooks that were graded, in the same order.
        reused: was nothing run, because nothing had changed?
    """

    student: str
    results: tuple[Result, ...]
    aligned: tuple[Any, ...]
    reused: bool


@contextlib.contextmanager
def alone(course: Path) -> Iterator[None]:
    """Hold the course's lock.

    Raises:
        Busy: another process holds it.
    """
    (course / PRIVATE).mkdir(exist_ok=True)
    with open(course / PRIVATE / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("Another `autograder grade` is running on this course; wait until it has ended.") from None
        yield


def secret(course: Path) -> bytes:
    """The course's secret, from which fresh inputs are drawn; made at the first use."""
    path = course / PRIVATE / "secret"
    with contextlib.suppress(FileExistsError):
        path.parent.mkdir(exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(32))
    return path.read_bytes()


def notebooks_of(course: Path, unit: str) -> list[Notebook]:
    """The instructor's notebooks of a unit."""
    return [read_notebook(path) for path in sorted((course / "source" / unit).glob("*.ipynb"))]


def submissions(course: Path, unit: str) -> list[str]:
    """Students who have handed in a unit."""
    return sorted(path.parent.name for path in (course / "submitted").glob(f"*/{unit}") if path.is_dir())


def grade_unit(course: Path, unit: str, students: Sequence[str], settings: Settings) -> Iterator[Graded]:
    """Grade students' submissions of a unit, as they get done; every result is on the disk before it is given."""
    left = list(students)
    workers = min(settings.workers or os.cpu_count() or 1, max(1, len(left)))
    while left:
        unfinished: list[str] = []
        for graded in _in_parallel(course, unit, left, settings, workers, unfinished):
            left.remove(graded.student)
            yield graded
        # One of those that were being graded ended its process, and the others lost theirs with it: each by itself shows which.
        for student in unfinished[:workers]:
            left.remove(student)
            yield _alone(course, unit, student, settings)


def _pool(course: Path, unit: str, settings: Settings, workers: int) -> ProcessPoolExecutor:
    for name in ONE_THREAD:  # what a new process finds when it loads its libraries: more threads than cores wait for each other
        os.environ.setdefault(name, "1")
    start = (str(course), unit, settings)
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin, initargs=start)


def _in_parallel(
    course: Path, unit: str, students: Sequence[str], settings: Settings, workers: int, unfinished: list[str]
) -> Iterator[Graded]:
    """Grade until all is done or a process ends; puts those that were not finished into `unfinished`, the first begun first."""
    with _pool(course, unit, settings, workers) as pool:
        tasks = {pool.submit(_grade, student): student for student in students}
        try:
            for future in as_completed(tasks):
                if not isinstance(future.exception(), BrokenProcessPool):
                    yield future.result()
            unfinished += [student for future, student in tasks.items() if future.exception()]
        finally:
            for future in tasks:
                future.cancel()


def _alone(course: Path, unit: str, student: str, settings: Settings) -> Graded:
    """Grade one submission in a process of its own."""
    with _pool(course, unit, settings, 1) as pool:
        pool.submit(_ready).result()  # a process that cannot even begin is not this submission's doing
        try:
            return pool.submit(_grade, student).result()
        except BrokenProcessPool:
            return _ended(course, unit, student)


def _ended(course: Path, unit: str, student: str) -> Graded:
    """The results of a submission that ends the process that grades it: no points, it may have meant to; the instructor is told."""
    results, nodes = [], []
    for notebook in notebooks_of(course, unit):
        why = "It ended the process that grades it: please look at it yourself, and report it."
        verdicts = {
            check.grade_id: replace(
                blank(check), state=State.CRASHED, claim="the check runs to its end", differs="it ended the grading process"
            )
            for check in notebook.checks
        }
        result = Result(notebook.unit, notebook.name, verdicts, refused=why)
        results.append(keep(result_path(course, unit, student, notebook.name), "", result))
        nodes.append(notebook.nodes.__class__({**notebook.nodes, "cells": []}))
    return Graded(student, tuple(results), tuple(nodes), False)


# in a worker


class _Worker:
    """What a worker keeps from one submission to the next."""

    def __init__(self, course: Path, unit: str, settings: Settings) -> None:
        self.course, self.unit, self.settings = course, unit, settings
        key = secret(course)
        self.references = [Reference(notebook, key) for notebook in notebooks_of(course, unit)]
        self.engine = _engine_key(self.references, settings, key)
        self._template: Template | None = None

    def grade(self, student: str) -> Graded:
        results, shown, reused = [], [], True
        for reference in self.references:
            result, nodes, fresh = self._notebook(student, reference)
            results.append(result)
            shown.append(nodes)
            reused = reused and not fresh
        return Graded(student, tuple(results), tuple(shown), reused)

    def _notebook(self, student: str, reference: Reference) -> tuple[Result, Any, bool]:
        notebook = reference.notebook
        path = result_path(self.course, self.unit, student, notebook.name)
        aligned = Aligned(notebook.nodes.__class__({**notebook.nodes, "cells": []}), ())
        try:
            aligned = align(notebook, read_nodes(self._find(student, notebook)))
        except (UnreadableNotebook, WrongNotebook) as error:
            return keep(path, "", refuse(notebook, str(error).replace(f"{self.course}/", ""))), aligned.nodes, True
        except Exception as error:  # so odd that nobody has thought of it: it must not stop the batch
            return (
                keep(path, "", refuse(notebook, f"It cannot be read as a notebook: {type(error).__name__}.")),
                aligned.nodes,
                True,
            )
        key = _submission_key(self.engine, aligned)
        known = stored(path)
        if known and known[0] == key and not self.settings.force:
            return known[1], aligned.nodes, False
        template = self._warm()
        try:
            result = Grader(reference, template, self.settings.patience).grade(aligned)
        except NotIsolated:
            raise
        except Exception as error:  # ours, but perhaps provoked: no points for it, and a word to the instructor
            result = refuse(
                notebook, f"The grader failed on it: {type(error).__name__}: {error}. Please look at it yourself, and report it."
            )
        lasting = not result.refused and all(verdict.state != State.COULD_NOT_CHECK for verdict in result.verdicts.values())
        return keep(path, key if lasting else "", result), aligned.nodes, True

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


_worker: list[_Worker | Exception] = []


def _begin(course: str, unit: str, settings: Settings) -> None:
    die_with_parent(signal.SIGKILL)  # a pool's process waits for ever for work from a batch that was killed
    sys.path.insert(0, course)
    try:
        _worker.append(_Worker(Path(course), unit, settings))
    except Exception as error:  # raised here, it would look as if a submission had ended the process
        _worker.append(error)


def _ready() -> None:
    if isinstance(_worker[0], Exception):
        raise _worker[0]


def _grade(student: str) -> Graded:
    if isinstance(_worker[0], Exception):
        raise _worker[0]
    return _worker[0].grade(student)


# results on the disk


def result_path(course: Path, unit: str, student: str, notebook: str) -> Path:
    """Where the result of one notebook is kept."""
    return course / PRIVATE / "results" / unit / student / f"{notebook}.json"


def keep(path: Path, key: str, result: Result) -> Result:
    """Keep a result with the key of what it was made from, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"key": key, "result": result.to_json()}), encoding="ascii")
    os.replace(unfinished, path)
    return result


def stored(path: Path) -> tuple[str, Result] | None:
    """A result that was kept, with the key of what it was made from; None when there is none that can be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return str(data["key"]), Result.from_json(data["result"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _engine_key(references: Sequence[Reference], settings: Settings, key: bytes) -> str:
    """Everything but the submission that a result depends on."""
    parts: list[Any] = [
        __version__,
        platform.python_version(),
        settings.patience,
        settings.limits,
        settings.isolate,
        _engine_source(),
    ]
    for package in ("numpy", "torch", "ipython", "scikit-learn"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            parts.append((package, importlib.metadata.version(package)))
    for reference in references:
        cells = [cell for cell in reference.notebook.nodes.cells if cell.cell_type == "code"]
        parts.append([(cell.source, json.dumps(cell.metadata, sort_keys=True)) for cell in cells])
        for exercise in reference.notebook.exercises.values():
            found = reference.variants_of(exercise)
            parts.append([(variant.id, variant.says, variant.hint, reference.source(exercise, variant)) for variant in found])
    return hashlib.sha256(key + repr(parts).encode()).hexdigest()


def _engine_source() -> str:
    """A digest of the code that decides."""
    digest = hashlib.sha256()
    package = Path(__file__).resolve().parents[1]
    for room in ("checks", "grading", "lab", "notebooks", "sandbox"):
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _submission_key(engine: str, aligned: Aligned) -> str:
    student = [(cell.id, role(cell), cell.source) for cell in aligned.nodes.cells if cell.cell_type == "code"]
    return hashlib.sha256((engine + repr(student)).encode()).hexdigest()
