"""Results on the disk, each with the key of what it was made from."""

from __future__ import annotations

import json
import os
from pathlib import Path

from autograder.grading.course import PRIVATE
from autograder.grading.result import Result


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
