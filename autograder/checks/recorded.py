"""What the build records of the visible checks, so that a notebook can judge without the answers.

The file lies beside the notebooks of a unit. For each visible check it holds the numbers that the reference gave on the inputs
printed in the cell, and those that each wrong variant gave: outputs only, no code.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checks.judging import Fingerprint, first_deviation
from autograder.checks.plain import from_json, to_json

FILE = "recorded.json"


@dataclass(frozen=True)
class Recorded:
    """The recorded numbers of one visible check.

    Attributes:
        expected: the reference's observations.
        fingerprints: the wrong variants' observations, for those that differ in this check.
        starting_point: the text that the exercise's cell had, where it is not an empty stub.
    """

    expected: tuple[Any, ...]
    fingerprints: tuple[Fingerprint, ...]
    starting_point: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON data that `from_json` reads back; a variant's observations are kept only from where it deviates."""
        wrong = []
        for fingerprint in self.fingerprints:
            start = first_deviation(fingerprint.observations, self.expected)
            wrong.append(
                {
                    "id": fingerprint.id,
                    "says": fingerprint.says,
                    "hint": fingerprint.hint,
                    "from": start,
                    "observations": [to_json(value) for value in fingerprint.observations[start:]],
                }
            )
        return {"expected": [to_json(value) for value in self.expected], "wrong": wrong, "starting_point": self.starting_point}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Recorded:
        """The recorded numbers that `to_json` wrote."""
        expected = tuple(from_json(value) for value in data["expected"])
        wrong = tuple(
            Fingerprint(
                item["id"],
                item["says"],
                item["hint"],
                (*expected[: item["from"]], *(from_json(value) for value in item["observations"])),
            )
            for item in data["wrong"]
        )
        return Recorded(expected, wrong, data.get("starting_point", ""))


@functools.lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def key(exercise: str, check: str) -> str:
    """The name of a check in the file: several visible checks of one exercise are numbered."""
    return f"{exercise} {check}"


def load(folder: Path, name: str) -> Recorded | None:
    """The recorded numbers of a check, or None when the folder has no file, a damaged one, or one without this check."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        data = _read(path, path.stat().st_mtime_ns)
    except ValueError:
        return None
    return Recorded.from_json(data[name]) if name in data else None
