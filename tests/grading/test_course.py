"""Batches: the cache, interruptions, locks, and processes that end."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.checks.verdict import State
from autograder.grading.course import Busy, alone, submissions
from autograder.grading.kept import result_path, stored
from autograder.grading.parallel import grade_unit
from autograder.grading.settings import Patience, Settings
from autograder.grading.worker import Worker
from autograder.sandbox.isolation import Limits
from tests import tiny

SETTINGS = Settings(workers=1, patience=tiny.PATIENCE)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A course in which three students have handed in: right, wrong, nothing."""
    course = tiny.write_course(tmp_path_factory.mktemp("made"))
    of = tiny.notebook(course)
    for student, answers in {"ada": tiny.RIGHT, "bo": tiny.WRONG, "cy": {}}.items():
        tiny.hand_in(course, student, tiny.submitted(of, answers))
    return course


@pytest.fixture
def course(made, tmp_path):
    """A copy of it, for one test alone."""
    return Path(shutil.copytree(made, tmp_path / "course"))


@pytest.fixture
def worker(course, template):
    """What a grading process does, here."""

    def make(settings=SETTINGS):
        one = Worker(course, tiny.UNIT, settings)
        one._template = template
        return one

    return make


def edit(course, student, old, new):
    path = course / "submitted" / student / tiny.UNIT / "tiny.ipynb"
    path.write_text(path.read_text().replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]))


def test_an_unchanged_submission_is_not_run_again(worker):
    first, second = worker().grade("ada"), worker().grade("ada")
    assert (first.reused, second.reused) == (False, True)
    assert first.results == second.results


def test_a_changed_answer_is_run_again(course, worker):
    worker().grade("ada")
    edit(course, "ada", "return v + v", "return v * 3")
    again = worker().grade("ada")
    assert not again.reused
    assert again.results[0].points < tiny.ALL


def test_a_changed_output_or_text_is_not_run_again(course, worker):
    worker().grade("ada")
    edit(course, "ada", "# Tiny", "# Mine")
    path = course / "submitted" / "ada" / tiny.UNIT / "tiny.ipynb"
    nodes = json.loads(path.read_text())
    for cell in nodes["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
    path.write_text(json.dumps(nodes))
    assert worker().grade("ada").reused


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, patience=replace(tiny.PATIENCE, check=0.9)),
        replace(SETTINGS, patience=replace(tiny.PATIENCE, notebook=20.0)),
        replace(SETTINGS, limits=Limits(memory_bytes=2**31)),
        replace(SETTINGS, force=True),
    ],
    ids=["patience", "patience with the notebook", "limits", "force"],
)
def test_other_settings_run_it_again(worker, settings):
    worker().grade("ada")
    assert not worker(settings).grade("ada").reused


def test_the_number_of_workers_does_not(worker):
    worker().grade("ada")
    assert worker(replace(SETTINGS, workers=7)).grade("ada").reused


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("--points 6", "--points 7"),
        ("v**3 + v", "v**3 - v"),
        ("x = np.array([1.0, -2.5, 4.0])", "x = np.array([1.0, -2.5, 4.5])"),
        ("return 2.0 * v\\n", "return 2.00 * v\\n"),
        ('"functions": ["slope"]', '"functions": ["slope"], "starts_from": "t.thrice"'),
    ],
    ids=["points", "a check", "the setup", "the reference", "what is said of an exercise"],
)
def test_another_instructors_notebook_runs_it_again(course, worker, old, new):
    worker().grade("ada")
    path = course / "source" / tiny.UNIT / "tiny.ipynb"
    compact = json.dumps(json.loads(path.read_text()))
    assert old in compact
    path.write_text(compact.replace(old, new))
    assert not worker().grade("ada").reused


def test_another_secret_runs_it_again(course, worker):
    worker().grade("ada")
    (course / ".autograder" / "secret").write_bytes(b"another")
    assert not worker().grade("ada").reused


def test_another_engine_or_library_runs_it_again(worker, monkeypatch):
    from autograder.grading import keys as room

    worker().grade("ada")
    monkeypatch.setattr(room, "_engine_source", lambda: "another")
    assert not worker().grade("ada").reused
    monkeypatch.undo()
    monkeypatch.setattr(room.importlib.metadata, "version", lambda name: "99")
    assert not worker().grade("ada").reused


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 1}', '{"key": "k", "result": {"verdicts": []}}', "\udcff"])
def test_a_result_that_cannot_be_read_is_made_again(course, worker, content):
    worker().grade("ada")
    path = result_path(course, tiny.UNIT, "ada", "tiny")
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert stored(path) is None
    again = worker().grade("ada")
    assert (again.reused, again.results[0].points) == (False, tiny.ALL)


def test_a_result_that_could_not_be_checked_is_tried_again(course, worker, template, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(type(template), "fork", lambda self: 1 / 0)
        first = worker().grade("ada")
    assert {v.state for v in first.results[0].verdicts.values()} == {State.COULD_NOT_CHECK}
    again = worker().grade("ada")
    assert {v.state for v in again.results[0].verdicts.values()} == {State.PASSED}


def test_a_fault_of_the_grader_stops_no_batch_and_gives_no_points(worker, monkeypatch):
    from autograder.grading.submission import Grader

    monkeypatch.setattr(Grader, "grade", lambda self, aligned: 1 / 0)
    result = worker().grade("ada").results[0]
    assert result.points == 0
    assert result.refused.startswith("The grader failed on it: ZeroDivisionError")


def test_a_template_that_ended_is_started_again(course):
    one = Worker(course, tiny.UNIT, SETTINGS)
    try:
        one._warm()._process.kill()
        one._template._process.wait()
        assert one.grade("ada").results[0].points == tiny.ALL
    finally:
        one._template.close()


def test_two_batches_at_once_are_refused(course):
    with alone(course), pytest.raises(Busy, match="wait until it has ended"), alone(course):
        pass
    with alone(course):
        pass


@pytest.fixture(scope="module")
def by_one(made, tmp_path_factory):
    """Everybody's results from one process."""
    course = Path(shutil.copytree(made, tmp_path_factory.mktemp("one") / "course"))
    return course, {one.student: one.results for one in grade_unit(course, tiny.UNIT, submissions(course, tiny.UNIT), SETTINGS)}


def decided(results):
    return [(v.check, v.state, v.points, v.claim, v.differs, v.likely) for result in results for v in result.verdicts.values()]


def test_results_do_not_depend_on_workers_or_order(by_one, tmp_path):
    course, first = by_one
    other = Path(shutil.copytree(course, tmp_path / "course"))
    shutil.rmtree(other / ".autograder" / "results")
    backwards = submissions(other, tiny.UNIT)[::-1]
    second = {one.student: one.results for one in grade_unit(other, tiny.UNIT, backwards, replace(SETTINGS, workers=2))}
    assert {name: decided(results) for name, results in first.items()} == {
        name: decided(results) for name, results in second.items()
    }
    assert {name: results[0].points for name, results in first.items()} == {"ada": tiny.ALL, "bo": 0, "cy": 0}


BATCH = """
import sys
from pathlib import Path
from autograder.grading.course import submissions
from autograder.grading.parallel import grade_unit
from autograder.grading.settings import Patience, Settings

if __name__ == "__main__":
    course = Path(sys.argv[1])
    for graded in grade_unit(course, "01-tiny", submissions(course, "01-tiny"), Settings(workers=1, patience=Patience(5, 5))):
        print(graded.student, graded.reused, flush=True)
"""


def test_a_killed_batch_goes_on_where_it_stood_and_leaves_no_process_behind(course, tmp_path):
    of = tiny.notebook(course)
    for number in range(6):
        tiny.hand_in(
            course, f"late-{number}", tiny.submitted(of, tiny.RIGHT, {"": [f"import time\ntime.sleep(0.3 + {number} / 100)"]})
        )
    script = tmp_path / "batch.py"
    script.write_text(BATCH)
    command = [sys.executable, str(script), str(course)]
    environment = os.environ | {"PYTHONPATH": str(tiny.ROOT)}
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    graded = {first.stdout.readline().split()[0], first.stdout.readline().split()[0]}
    children = [int(pid) for task in Path(f"/proc/{first.pid}/task").iterdir() for pid in (task / "children").read_text().split()]
    handles = [os.pidfd_open(pid) for pid in children]
    assert handles
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stdout.close()
    for handle in handles:
        assert select.select([handle], [], [], 20)[0], "a process of the killed batch goes on"
        os.close(handle)
    second = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    reused = dict(line.split() for line in second.stdout.splitlines())
    assert set(reused) == {"ada", "bo", "cy", *(f"late-{number}" for number in range(6))}
    assert {student for student, known in reused.items() if known == "True"} >= graded
    assert "False" in reused.values()
    assert not list((course / ".autograder").rglob("*.unfinished"))


def poisoned(course):
    """A course in which one check ends the grading process when it is given 13."""
    source = (course / "source" / tiny.UNIT / "tiny.md").read_text()
    end = "import os\nif float(slope(lambda v: v, 1.0)) == 13:\n    os._exit(9)\ndef cube(v):"
    (course / "source" / tiny.UNIT / "tiny.md").write_text(source.replace("def cube(v):", end))
    tiny.build_notebook(course)


def test_a_submission_that_ends_the_grading_process_scores_nothing_and_stops_nobody(course):
    poisoned(course)
    of = tiny.notebook(course)
    tiny.hand_in(course, "poison", tiny.submitted(of, tiny.RIGHT | {"tiny/slope": "def slope(f, at):\n    return 13.0"}))
    tiny.hand_in(course, "aaron", tiny.submitted(of, tiny.RIGHT))
    tiny.hand_in(course, "zoe", tiny.submitted(of, tiny.RIGHT))
    settings, names = replace(SETTINGS, workers=2), ["aaron", "poison", "zoe"]
    found = {one.student: one.results[0] for one in grade_unit(course, tiny.UNIT, names, settings)}
    assert {name: result.points for name, result in found.items()} == {"aaron": tiny.ALL, "poison": 0, "zoe": tiny.ALL}
    assert {v.state for v in found["poison"].verdicts.values()} == {State.CRASHED}
    assert "look at it yourself" in found["poison"].refused
    assert stored(result_path(course, tiny.UNIT, "poison", "tiny"))[1] == found["poison"]
    assert not found["aaron"].refused


def test_a_course_that_cannot_be_graded_is_an_error_and_nobodys_points(course):
    path = course / "source" / tiny.UNIT / "tiny.ipynb"
    path.write_text(path.read_text().replace("import numpy as np", "import nump as np"))
    with pytest.raises(ModuleNotFoundError, match="nump"):
        list(grade_unit(course, tiny.UNIT, ["ada"], SETTINGS))
    assert not (course / ".autograder" / "results").exists()


def test_patience_is_what_the_settings_say():
    assert Settings().patience == Patience(cell=20.0, check=10.0, judging=10.0, notebook=600.0)
