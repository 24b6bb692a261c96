"""A course's folder: its notebooks, what was handed in, and what the grader keeps to itself."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from autograder.grading.kept import PRIVATE
from autograder.notebooks.model import Notebook
from autograder.notebooks.reading import read_notebook


class Busy(Exception):
    """Somebody else is grading this course."""


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
