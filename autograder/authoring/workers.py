"""Parallel processes that can import the answers of a course."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

WORKERS = 2
"""Notebooks with nets in them take up to a gigabyte each; more than two at a time would be too much for a laptop."""


@contextmanager
def workers(course: Path) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes find `solutions` in the course's folder.

    They are started afresh, not forked: torch may run threads here already.
    """
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), initializer=_import_from, initargs=(str(course),)) as pool:
        yield pool


def _import_from(course: str) -> None:
    sys.path.insert(0, course)
