"""Bad input is one plain sentence on stderr, exit code 2, and nothing half-written."""

import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UNIT = "01-activations"


def autograder(*arguments, cwd=ROOT):
    command = [sys.executable, "-m", "autograder", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=None)


@pytest.fixture
def course(tmp_path):
    """A course with one unit, and one student who has handed in the released notebook."""
    for side in ("source", "release"):
        shutil.copytree(ROOT / side / UNIT, tmp_path / side / UNIT)
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "release" / UNIT, tmp_path / "submitted" / "anna" / UNIT)
    return tmp_path


def refused(done):
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "should not have happened" not in done.stderr
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "does not exist."),
        ("", "is empty."),
        ('{"cells": [{"cell_type": "code", "sour', "is cut short: it is not valid JSON."),
        ("not a notebook", "is not a notebook: it is not valid JSON."),
        ('{"a": 1}', "is JSON, but not a notebook."),
        (
            json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
            "has no checks: it is not a notebook of the course.",
        ),
    ],
)
def test_check_refuses_a_file_that_is_no_notebook_of_the_course(tmp_path, content, sentence):
    path = tmp_path / "mine.ipynb"
    if content is not None:
        path.write_text(content)
    assert refused(autograder("check", path)).endswith(sentence)


def test_check_asks_which_notebook_when_there_is_none(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[1:] = ['check']\nfrom autograder.cli import main; main()",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert refused(done) == "Which notebook? There is none in this folder."


@pytest.mark.parametrize("command", ["build", "certify", "grade", "feedback", "report"])
def test_an_unknown_unit_is_named_with_those_there_are(course, command):
    assert refused(autograder(command, "99-nonsense", "--course", course)) == f"There is no unit 99-nonsense; there are {UNIT}."


@pytest.mark.parametrize("command", ["build", "certify", "grade", "feedback", "report"])
def test_a_folder_that_is_no_course_is_refused(tmp_path, command):
    assert refused(autograder(command, "--course", tmp_path)).endswith("is not a course: it has no folder source/.")


def test_an_unknown_student_is_refused_before_anything_is_written(course):
    assert (
        refused(autograder("grade", "--student", "nobody", "--course", course))
        == "nobody has not handed in anything in submitted/."
    )
    assert not (course / "gradebook.db").exists()


def test_grading_without_submissions_says_where_they_belong(course):
    shutil.rmtree(course / "submitted")
    assert (
        refused(autograder("grade", "--course", course)) == f"There is nothing to grade: submitted/ has no folder STUDENT/{UNIT}."
    )


def test_a_second_grade_on_the_same_course_is_refused_and_writes_nothing(course):
    (course / ".autograder").mkdir()
    with open(course / ".autograder" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sentence = refused(autograder("grade", "--course", course))
    assert sentence == "Another `autograder grade` is running on this course; wait until it has ended."
    assert not (course / "gradebook.db").exists()


def test_no_permission_to_write_is_one_sentence(course):
    (course / "autograded").write_text("a file stands where the folder belongs")
    assert refused(autograder("grade", "--course", course)).endswith(
        "autograded/anna/01-activations cannot be used: Not a directory."
    )


def test_feedback_before_grading_says_what_to_do_first(course):
    assert refused(autograder("feedback", "--course", course)) == "Nothing has been graded yet; run `autograder grade` first."


def test_a_submission_of_another_unit_scores_zero_and_says_so(course):
    wrong = {"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "source": "x = 1", "outputs": [], "execution_count": None}]}
    path = course / "submitted" / "anna" / UNIT / "activations.ipynb"
    path.write_text(json.dumps({**wrong, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    done = autograder("grade", "--course", course)
    assert done.returncode == 1
    assert done.stderr == f"anna: This is not the notebook activations of {UNIT}. It has none of the exercises.\n"


def test_what_a_program_reads_is_json(course):
    done = autograder("grade", "--course", course, "--json")
    (result,) = json.loads(done.stdout)
    assert (result["student"], result["unit"], done.returncode) == ("anna", UNIT, 0)
    assert all(verdict["state"] == "not_attempted" for verdict in result["verdicts"].values())
    assert json.loads(autograder("doctor", "--json").stdout)["ready"]


@pytest.mark.parametrize("command", ["build", "certify", "grade", "feedback", "report", "demo", "check", "doctor"])
def test_every_command_has_help_with_an_example(command):
    done = autograder(command, "--help")
    assert done.returncode == 0
    assert f"Example: autograder {command}" in " ".join(done.stdout.split())
