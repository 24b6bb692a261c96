"""Grading a unit: every submission, in parallel processes, with results written as they come."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from autograder.checks.verdict import State
from autograder.grading import worker
from autograder.grading.course import notebooks_of
from autograder.grading.kept import keep, result_path
from autograder.grading.result import Graded, Result
from autograder.grading.settings import Settings
from autograder.grading.verdicts import blank

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


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
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=worker.begin, initargs=start)


def _in_parallel(
    course: Path, unit: str, students: Sequence[str], settings: Settings, workers: int, unfinished: list[str]
) -> Iterator[Graded]:
    """Grade until all is done or a process ends; puts those that were not finished into `unfinished`, the first begun first."""
    with _pool(course, unit, settings, workers) as pool:
        tasks = {pool.submit(worker.grade, student): student for student in students}
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
        pool.submit(worker.ready).result()  # a process that cannot even begin is not this submission's doing
        try:
            return pool.submit(worker.grade, student).result()
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
        nodes.append(notebook.without_cells())
    return Graded(student, tuple(results), tuple(nodes), False)
