"""nbgrader's own commands and pages, on what we graded and in our place."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

import nbformat
import pytest

from autograder.gradebook.batch import grade as grade_batch
from autograder.gradebook.database import gradebook
from autograder.grading.course import submissions
from autograder.grading.settings import Settings
from tests import tiny

CRASH = {"tiny/slope": "import os\ndef slope(f, at):\n    os._exit(5)"}
LOOP = {"tiny/slope": "def slope(f, at):\n    while True:\n        pass"}
SCRIPT = "<script>alert('owned')</script><img src=x onerror=alert(2)>"


def copied(nodes):
    """Every exercise twice, mark and all, and the untouched copy last: what makes nbgrader give up on a batch."""
    stubs = tiny.submitted(tiny_notebook[0], {})
    nodes.cells += [cell for cell in stubs.cells if cell.metadata.autograder.role in ("exercise", "check")]


def scripted(nodes):
    nodes.cells.append(nbformat.v4.new_markdown_cell(SCRIPT, id="mine"))
    nodes.cells.append(nbformat.v4.new_raw_cell(SCRIPT, id="mine-too"))
    nodes.cells.append(
        nbformat.v4.new_code_cell(f"from IPython.display import HTML\ndisplay(HTML({SCRIPT!r}))\nprint({SCRIPT!r})", id="code")
    )


tiny_notebook = []
CLASS = {
    "right": (tiny.RIGHT, None),
    "wrong": (tiny.RIGHT | {"tiny/double": "def double(v):\n    return v * 3"}, scripted),
    "untouched": ({}, None),
    "crash": (tiny.RIGHT | CRASH, None),
    "loop": (tiny.RIGHT | LOOP, None),
    "copied": (tiny.RIGHT, copied),
    "mallory": (tiny.WRONG | {"tiny/double": f"def double(v):\n    raise ValueError({SCRIPT!r})"}, scripted),
}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A class graded by `autograder grade`."""
    course = tiny.write_course(tmp_path_factory.mktemp("ours") / "course")
    tiny_notebook.append(tiny.notebook(course))
    for student, (answers, change) in CLASS.items():
        nodes = tiny.submitted(tiny_notebook[0], answers)
        if change:
            change(nodes)
        tiny.hand_in(course, student, nodes)
        (course / "submitted" / student / tiny.UNIT / "timestamp.txt").write_text("2026-03-01 10:00:00 UTC")
    list(grade_batch(course, tiny.UNIT, submissions(course, tiny.UNIT), Settings(workers=2, patience=tiny.PATIENCE)))
    return course


def nbgrader(course, *arguments):
    command = [sys.executable, "-m", "nbgrader", *arguments, f"--CourseDirectory.root={course}"]
    return subprocess.run(command, cwd=course, env=surroundings(course), capture_output=True, text=True)


def surroundings(folder):
    """The environment of a user who has activated the course's, and configured nothing."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_DATA_DIR": "data", "HOME": ""}
    return os.environ | {"PATH": path} | {name: str(folder / part) for name, part in own.items()}


@pytest.fixture(scope="module")
def stock(ours, tmp_path_factory):
    """The same class graded by `nbgrader autograde`, with a gradebook that knows the unit and nothing else."""
    course = tmp_path_factory.mktemp("stock") / "course"
    shutil.copytree(ours, course, ignore=shutil.ignore_patterns("gradebook.db", "autograded", "results", "feedback"))
    made = nbgrader(course, "generate_assignment", tiny.UNIT, "--create", "--force")
    assert made.returncode == 0, made.stderr
    patience = (f"--Grade.cell_seconds={tiny.PATIENCE.cell}", f"--Grade.check_seconds={tiny.PATIENCE.check}")
    done = nbgrader(course, "autograde", tiny.UNIT, "--force", *patience)
    assert done.returncode == 0, done.stderr
    return course


def everything(course):
    """Scores, flags and comments of everybody in a gradebook."""
    found = {}
    with gradebook(course) as book:
        for submission in book.assignment_submissions(tiny.UNIT):
            for notebook in submission.notebooks:
                grades = {grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in notebook.grades}
                texts = {comment.name: comment.auto_comment for comment in notebook.comments}
                found[submission.student.id] = (submission.score, submission.timestamp, grades, texts)
    return found


def test_stock_autograde_gives_the_same_scores_and_comments(ours, stock):
    assert everything(stock) == everything(ours)
    assert {student: row[0] for student, row in everything(stock).items()} == {
        "right": tiny.ALL,
        "wrong": tiny.ALL - 5,
        "untouched": 0,
        "crash": tiny.ALL - 6,
        "loop": tiny.ALL - 6,
        "copied": tiny.ALL,
        "mallory": 0,
    }


def test_stock_autograde_shows_the_same_cards(ours, stock):
    for student in CLASS:
        assert cards(ours, student) == cards(stock, student), student


def cards(course, student):
    """First lines of what stands below the checks, without times."""
    page = nbformat.read(course / "autograded" / student / tiny.UNIT / "tiny.ipynb", as_version=4)
    checks = [cell for cell in page.cells if cell.metadata.autograder.role == "check"]
    return [[output.get("data", {}).get("text/plain", output.get("evalue")) for output in cell.outputs] for cell in checks]


def test_a_second_stock_autograde_without_force_runs_nothing_again(stock):
    done = nbgrader(stock, "autograde", tiny.UNIT)
    assert done.returncode == 0, done.stderr
    assert "Skipping existing assignment" in done.stderr


def test_a_stranger_stops_neither_the_batch_nor_the_exit_code(ours, tmp_path):
    """One file of another course: its owner is told of, everybody else is graded, and nbgrader's exit code is 1."""
    course = tmp_path / "course"
    shutil.copytree(ours, course, ignore=shutil.ignore_patterns("autograded", "results", "feedback", "loop"))
    for student in list(CLASS)[3:]:
        shutil.rmtree(course / "submitted" / student, ignore_errors=True)
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    tiny.hand_in(course, "another", other)
    (course / "submitted" / "cut" / tiny.UNIT).mkdir(parents=True)
    (course / "submitted" / "cut" / tiny.UNIT / "tiny.ipynb").write_text('{"cells": [')
    done = nbgrader(course, "autograde", tiny.UNIT, "--force")
    assert done.returncode == 1
    assert "This is not the notebook tiny of 01-tiny" in done.stderr
    graded = {path.parts[-3] for path in (course / "autograded").glob("*/*/*.ipynb")}
    assert graded == {"right", "wrong", "untouched"}


@pytest.fixture(scope="module")
def pages(ours):
    """What `nbgrader generate_feedback` makes of our autograded notebooks, by student."""
    done = nbgrader(ours, "generate_feedback", tiny.UNIT, "--force")
    assert done.returncode == 0, done.stderr
    return {path.parts[-3]: path.read_text() for path in (ours / "feedback").glob("*/*/tiny.html")}


def test_stock_feedback_shows_points_and_causes(pages):
    assert set(pages) == set(CLASS)
    assert "first at [0]: expected 2, got 3" in pages["wrong"]
    assert "(Score: 6.0 / 6.0)" in " ".join(re.sub("<[^>]+>", " ", pages["right"]).split())


def test_stock_feedback_shows_neither_hidden_checks_nor_answers(pages):
    for student, page in pages.items():
        text = re.sub("<[^>]+>", "", page)
        assert "check.rng" not in text, student
        assert "a fresh array" not in text or student != "right"
        assert "BEGIN HIDDEN" not in text
        assert "2.0 * v" not in text, "the reference shows"
        assert "BEGIN SOLUTION" not in text


def test_stock_feedback_runs_nothing_of_a_students(pages):
    for page in pages.values():
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@contextlib.contextmanager
def formgrader(course, folder):
    """A Jupyter server with the formgrader, on this machine alone; gives its address and a function that asks it."""
    settings = {"ServerApp": {"jpserver_extensions": {"nbgrader.server_extensions.formgrader": True}}}
    (folder / "config").mkdir()
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "server",
        "--no-browser",
        "--ip=127.0.0.1",
        "--port=0",
        "--IdentityProvider.token=t",
    ]
    command += [f"--ServerApp.root_dir={course}", "--allow-root", f"--CourseDirectory.root={course}"]
    server = subprocess.Popen(command, cwd=course, env=surroundings(folder), stderr=subprocess.PIPE, text=True)
    try:
        log, address = "", None
        for line in server.stderr:
            log += line
            found = re.search(r"http://127\.0\.0\.1:\d+/", line) if "is running at" in log else None
            if found:
                address = found[0]
                break
        assert address, log
        port = int(address.rpartition(":")[2].strip("/"))
        while server.poll() is None:  # it says its address a little before it listens there
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break

        def get(path):
            with urllib.request.urlopen(f"{address}{path}{'&' if '?' in path else '?'}token=t", timeout=60) as answer:
                return answer.read().decode()

        yield get
    finally:
        server.kill()
        server.wait()
        server.stderr.close()


@pytest.fixture(scope="module")
def shown(ours, tmp_path_factory):
    """The formgrader's pages: the list of submissions, and two of them."""
    with gradebook(ours) as book:
        ids = {student: book.find_submission_notebook("tiny", tiny.UNIT, student).id for student in ("right", "mallory")}
    with formgrader(ours, tmp_path_factory.mktemp("server")) as get:
        listed = json.loads(get(f"formgrader/api/submissions/{tiny.UNIT}"))
        return listed, {student: get(f"formgrader/submissions/{number}/?index=0") for student, number in ids.items()}


def test_the_formgrader_lists_our_scores(shown):
    assert {row["student"]: row["score"] for row in shown[0]} == {
        "right": tiny.ALL,
        "wrong": tiny.ALL - 5,
        "untouched": 0,
        "crash": tiny.ALL - 6,
        "loop": tiny.ALL - 6,
        "copied": tiny.ALL,
        "mallory": 0,
    }


def test_the_formgrader_opens_our_notebooks(shown):
    page = shown[1]["right"]
    assert "def double" in re.sub("<[^>]+>", "", page)
    assert "slope-visible" in page


def test_the_formgrader_runs_nothing_of_a_students(shown):
    page = shown[1]["mallory"]
    assert "owned" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_graded_notebooks_are_valid_and_lie_where_nbgrader_looks(ours):
    paths = sorted((ours / "autograded").glob("*/*/*"))
    assert {path.name for path in paths} == {"tiny.ipynb", "timestamp.txt"}
    for path in paths:
        if path.suffix == ".ipynb":
            nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))
    assert not list(Path(ours).rglob("*.unfinished"))
