"""The demo class of the real units, graded from end to end: what everybody must get by the rules, and what exactly they got.

`tests/authoring/demo_class.tsv` holds every student's every check. After a change that is meant to change it, write it anew with
`UPDATE_GOLDEN=1 pytest tests/authoring/test_demo_class.py` and look at the diff.

Stock nbgrader grades the class in two units, as it starts everything anew for every notebook;
`STOCK_UNITS="01 02 03 04 05 06 07 08"` has it grade all of them, in a quarter of an hour.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from autograder.authoring.demo_class import CLASS, demo_units, make_class, wrong_variants
from autograder.gradebook.batch import grade as grade_batch
from autograder.gradebook.database import gradebook
from autograder.grading.course import PRIVATE, submissions
from autograder.grading.reference import Reference
from autograder.grading.settings import Patience, Settings
from autograder.notebooks.reading import read_notebook

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("demo_class.tsv")
UNITS = demo_units(ROOT)
NOTEBOOKS = [path for unit in UNITS for path in sorted((ROOT / "source" / unit).glob("*.ipynb"))]
STOCK = [unit for unit in UNITS if unit[:2] in os.environ.get("STOCK_UNITS", "01 03").split()]
PATIENCE = Patience(cell=2.0, check=3.0)
WRONG = {"chloe": 0, "david": 1, "emre": 2}
FULL = ("anna", "bela", "jun", "kofi")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The class, handed in, in a course whose secret is always the same."""
    course = tmp_path_factory.mktemp("class")
    make_class(ROOT, course, UNITS)
    (course / PRIVATE).mkdir()
    (course / PRIVATE / "secret").write_bytes(b"the secret of the golden file")
    return course


@pytest.fixture(scope="module")
def graded(folder):
    """Everybody's verdicts: `graded[student]["unit/notebook"][check]`; by one process, as other tests need the other core."""
    found = {}
    for unit in UNITS:
        for one in grade_batch(folder, unit, submissions(folder, unit), Settings(workers=1, patience=PATIENCE)):
            for result in one.results:
                found.setdefault(one.student, {})[f"{unit}/{result.notebook}"] = result.verdicts
    return found


@pytest.fixture(scope="module")
def references():
    """Each notebook's reference, by `unit/notebook`."""
    return {f"{path.parent.name}/{path.stem}": Reference(read_notebook(path)) for path in NOTEBOOKS}


def each(graded, student):
    """A student's checks, one after the other: notebook, check, verdict."""
    return [(notebook, check, verdict) for notebook, verdicts in graded[student].items() for check, verdict in verdicts.items()]


def kept(verdict):
    """What must not change from run to run."""
    return (str(verdict.state), verdict.points, verdict.misconception)


def first_exercise(reference):
    return next(name for name, exercise in reference.notebook.exercises.items() if not exercise.is_question)


def test_everybody_is_graded_in_every_notebook(graded, references):
    assert set(graded) == {member.name for member in CLASS}
    for notebooks in graded.values():
        assert set(notebooks) == set(references)
        for name, verdicts in notebooks.items():
            assert list(verdicts) == [check.grade_id for check in references[name].notebook.checks]


@pytest.mark.parametrize("student", FULL)
def test_right_answers_get_every_point_whatever_happened_to_the_notebook(graded, student):
    lost = [(notebook, check, verdict.cause) for notebook, check, verdict in each(graded, student) if not verdict.passed]
    assert lost == []
    assert all(verdict.points == verdict.max_points for _, _, verdict in each(graded, student))


def test_nothing_was_beyond_checking(graded):
    assert [row for student in graded for row in each(graded, student) if row[2].state == "could_not_check"] == []


def test_an_untouched_notebook_gets_nothing(graded):
    assert {(str(verdict.state), verdict.points) for _, _, verdict in each(graded, "goran")} == {("not_attempted", 0)}


def test_a_file_that_was_cut_short_gets_nothing_and_the_reason(graded):
    for _, _, verdict in each(graded, "oskar"):
        assert (verdict.state, verdict.points) == ("not_attempted", 0)
        assert "cut short" in verdict.differs


@pytest.mark.parametrize(("student", "state"), [("hana", "timeout"), ("ivan", "crashed")])
def test_a_loop_and_a_crash_cost_the_first_exercise_of_a_notebook_and_no_other(graded, references, student, state):
    """Of an exercise of several functions, a check that does not call the first one is passed."""
    for notebook, verdicts in graded[student].items():
        first = first_exercise(references[notebook])
        ended = {check for check, verdict in verdicts.items() if kept(verdict) == (state, 0, "")}
        assert ended, notebook
        assert {verdicts[check].exercise for check in ended} == {first}, notebook
        for check in verdicts.keys() - ended:
            assert verdicts[check].points == verdicts[check].max_points, (notebook, check, verdicts[check].cause)


@pytest.mark.parametrize("student", WRONG)
def test_every_wrong_answer_fails_a_check_and_every_failure_is_named_after_it(graded, references, student):
    for notebook, reference in references.items():
        for exercise in reference.notebook.exercises.values():
            verdicts = [verdict for verdict in graded[student][notebook].values() if verdict.exercise == exercise.name]
            wrong = wrong_variants(reference, exercise)
            failed = [verdict for verdict in verdicts if not verdict.passed]
            assert bool(failed) == bool(wrong), (notebook, exercise.name)
            expected = wrong[WRONG[student] % len(wrong)].id if wrong else ""
            assert {verdict.misconception for verdict in failed} <= {expected}, (notebook, exercise.name)


def test_half_a_notebook_gets_the_points_of_that_half(graded, references):
    for notebook, check, verdict in each(graded, "fatou"):
        done = list(references[notebook].notebook.exercises).index(verdict.exercise) % 2 == 0
        assert verdict.passed == done, (notebook, check, verdict.cause)


def test_writing_to_the_gradebook_changes_nothing(graded):
    for (notebook, check, nora), (_, _, chloe) in zip(each(graded, "nora"), each(graded, "chloe"), strict=True):
        assert kept(nora) == kept(chloe), (notebook, check)


def test_stripping_asserts_and_raises_earns_nothing(graded):
    """It can cost something: where wrong answers had raised an exception that a check asks for, they no longer do."""
    for (notebook, check, lena), (_, _, chloe) in zip(each(graded, "lena"), each(graded, "chloe"), strict=True):
        assert lena.points <= chloe.points, (notebook, check)
        assert lena.state == chloe.state or "was raised" in lena.differs + lena.claim, (notebook, check, lena.cause)


def test_an_object_that_equals_everything_gets_nothing(graded):
    assert [row for row in each(graded, "mateo") if row[2].points] == []


def lines(graded):
    """The golden file's text."""
    rows = ["student\tnotebook\tcheck\tstate\tpoints\tof\tmisconception"]
    for member in CLASS:
        for notebook, check, verdict in each(graded, member.name):
            state, points, misconception = kept(verdict)
            rows.append(
                f"{member.name}\t{notebook}\t{check}\t{state}\t{points:g}\t{verdict.max_points:g}\t{misconception}".rstrip()
            )
    return rows


def test_nobodys_result_has_changed(graded):
    found = lines(graded)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text("\n".join(found) + "\n", encoding="utf-8")
    golden = GOLDEN.read_text(encoding="utf-8").splitlines()
    changed = [f"- {line}" for line in golden if line not in set(found)] + [
        f"+ {line}" for line in found if line not in set(golden)
    ]
    assert not changed, "\n".join(["what stands in tests/authoring/demo_class.tsv (-) is not what was found (+):", *changed[:60]])


def scores(course, unit):
    """Everybody's points and comments of a unit in a gradebook."""
    with gradebook(course) as book:
        return {
            submission.student.id: (
                {(notebook.name, grade.name): grade.auto_score for notebook in submission.notebooks for grade in notebook.grades},
                {(notebook.name, text.name): text.auto_comment for notebook in submission.notebooks for text in notebook.comments},
            )
            for submission in book.assignment_submissions(unit)
        }


@pytest.fixture(scope="module")
def stock(folder, tmp_path_factory):
    """The same class, graded by nbgrader's own command; for the file that was cut short it ends with exit code 1."""
    course = tmp_path_factory.mktemp("stock") / "class"
    shutil.copytree(folder, course, ignore=shutil.ignore_patterns("gradebook.db", "autograded", "results"))
    environment = os.environ | {"PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])}
    own = [f"--CourseDirectory.root={course}", f"--Grade.cell_seconds={PATIENCE.cell}", f"--Grade.check_seconds={PATIENCE.check}"]
    for unit in STOCK:
        for command in ("generate_assignment", "autograde"):
            line = [sys.executable, "-m", "nbgrader", command, unit, "--force", *own]
            done = subprocess.run(line, cwd=course, env=environment, capture_output=True, text=True)
            assert done.returncode == (0 if command == "generate_assignment" else 1), done.stderr
        assert "for student 'oskar'" in done.stderr
        assert done.stderr.count("There was an error processing assignment '") == 1
    return course


@pytest.mark.parametrize("unit", STOCK)
def test_stock_nbgrader_gives_everybody_the_same_scores_and_comments(graded, folder, stock, unit):
    ours, theirs = scores(folder, unit), scores(stock, unit)
    assert {name for name, (points, _) in ours.items() if not sum(points.values())} >= {"goran", "mateo", "oskar"}
    for student in ours:
        if student != "oskar":  # nbgrader leaves a file that it cannot read without a score
            assert theirs[student] == ours[student], student
