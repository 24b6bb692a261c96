"""The small unit, built as every unit is, and students' results on it."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest
from feedback_cases import SOLUTIONS, SOURCE

from autograder.authoring.instructor import instructor_notebook
from autograder.authoring.source import read_source
from autograder.checks.verdict import State, Verdict
from autograder.grading.result import Result
from autograder.notebooks.model import Notebook


@pytest.fixture(scope="session")
def notebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    unit, solutions = folder / "source" / "09-tiny", folder / "solutions"
    unit.mkdir(parents=True)
    solutions.mkdir()
    (unit / "tiny.md").write_text(SOURCE, encoding="utf-8")
    (solutions / "tiny.py").write_text(SOLUTIONS, encoding="utf-8")
    return Notebook.of(instructor_notebook(read_source(unit / "tiny.md"), solutions), unit / "tiny.ipynb")


@pytest.fixture(scope="session")
def result_of(notebook):
    """Makes a result: all checks passed, but for those that are given."""

    def make(changes=(), **more):
        verdicts = {}
        for check in notebook.checks:
            about = dict(changes).get(check.grade_id, {})
            state = about.get("state", State.PASSED)
            points = about.get("points", check.header.points if state in (State.PASSED, State.COULD_NOT_CHECK) else 0.0)
            verdict = {"state": state, "points": points, "max_points": check.header.points}
            verdicts[check.grade_id] = Verdict(check.header.exercise, check.header.name, **{**about, **verdict})
        return Result(notebook.unit, notebook.name, verdicts, **{"isolation": "full", "seconds": 0.5, **more})

    return make


@pytest.fixture(scope="session")
def picture():
    """A PNG file of one red pixel, in base64."""

    def block(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = block(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixel = block(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + header + pixel + block(b"IEND", b"")).decode()
