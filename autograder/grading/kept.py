"""Data on the disk, each with the key of what it was made from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from autograder.grading.result import Result

PRIVATE = ".autograder"
"""Folder of the course that holds the secret, the lock and whatever need not be made again."""


def result_path(course: Path, unit: str, student: str, notebook: str) -> Path:
    """Where the result of one notebook is kept."""
    return course / PRIVATE / "results" / unit / student / f"{notebook}.json"


def keep(path: Path, key: str, result: Result) -> Result:
    """Keep a result with the key of what it was made from, whole or not at all."""
    keep_data(path, key, result.to_json())
    return result


def stored(path: Path) -> tuple[str, Result] | None:
    """A result that was kept, with the key of what it was made from; None when there is none that can be read."""
    try:
        found = stored_data(path)
        return (found[0], Result.from_json(found[1])) if found else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def keep_data(path: Path, key: str, data: Any) -> None:
    """Keep data that JSON can hold with the key of what it was made from, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"key": key, "data": data}), encoding="ascii")
    os.replace(unfinished, path)


def stored_data(path: Path) -> tuple[str, Any] | None:
    """Data that was kept, with the key of what it was made from; None when there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return str(found["key"]), found["data"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
