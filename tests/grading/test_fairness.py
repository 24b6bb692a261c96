"""One mistake costs one exercise, however it ends; and the same answer scores the same, whoever gives it."""

import pytest

from autograder.grading.submission import Grader
from tests import tiny

CRASH = "import os\ndef double(v):\n    os._exit(1)"


def lost(result):
    return {v.exercise.partition("/")[2] for v in result.verdicts.values() if not v.passed}


@pytest.mark.parametrize(
    "answer",
    [
        CRASH,
        "def double(v):\n    while True:\n        pass",
        "def double(v):\n    raise ValueError",
        "def double(v):\n    return v",
        "def double(v):\n    return None",
        "import os\ndef double(v):\n    return v\nos._exit(1)",
        "def double(v):\n    return (",
        None,
    ],
)
def test_one_broken_exercise_costs_only_itself_even_where_another_uses_it(grader, answer):
    """`shifted` calls `double`: it is checked again with the reference in the place of what failed."""
    answers = dict(tiny.RIGHT)
    if answer is None:
        del answers["tiny/double"]
    else:
        answers["tiny/double"] = answer
    result = tiny.grade(grader, answers)
    assert lost(result) == {"double"}
    assert result.points == tiny.ALL - tiny.POINTS["double"]
    assert result.verdicts["shifted-visible"].claim == "right once double, which it uses, is right"


def test_a_second_chance_does_not_mend_what_is_wrong_by_itself(grader):
    answers = tiny.RIGHT | {
        "tiny/double": "def double(v):\n    return v",
        "tiny/shifted": "def shifted(v):\n    return double(v) + 2",
    }
    result = tiny.grade(grader, answers)
    assert lost(result) == {"double", "shifted"}


def test_no_exercise_is_answered_by_a_later_one_that_the_grader_puts_in(grader):
    """Else each of two exercises could be the other one's answer, and nobody would have to write either."""
    answers = {
        "tiny/double": "def double(v):\n    return shifted(v) - 1",
        "tiny/shifted": "def shifted(v):\n    return double(v) + 1",
    }
    result = tiny.grade(grader, answers)
    assert tiny.earned(result, "double") == 0


def test_after_a_crash_the_students_cells_are_run_again_for_the_rest(grader):
    state = {"tiny/double": CRASH, "tiny/slope": "def slope(f, at):\n    return helper(f, at)"}
    helper = "def helper(f, at):\n    return (f(at + 1e-5) - f(at - 1e-5)) / 2e-5"
    result = tiny.grade(grader, tiny.RIGHT | state, {"tiny/double": [helper]})
    assert lost(result) == {"double"}


def test_every_cell_that_ends_the_process_when_it_is_run_costs_only_itself(grader):
    fatal = "import os\nos._exit(3)"
    answers = tiny.RIGHT | {"tiny/slope": fatal, "tiny/Counter": fatal}
    result = tiny.grade(grader, answers, {"": [fatal, fatal]})
    assert lost(result) == {"slope", "Counter"}


def test_a_demo_is_run_only_for_who_uses_a_name_of_it(grader):
    of = grader.reference.notebook
    plain = tiny.grade(grader, tiny.RIGHT)
    assert not any(cell.id in plain.outputs for cell in of.nodes.cells if cell.metadata.autograder.role == "demo")
    using = tiny.RIGHT | {"tiny/double": "def double(v):\n    return 2 * from_a_demo(v)"}
    result = tiny.grade(grader, using)
    assert result.points == tiny.ALL
    at_definition = tiny.RIGHT | {"tiny/double": "same = from_a_demo\ndef double(v):\n    return 2 * same(v)"}
    assert tiny.grade(grader, at_definition).points == tiny.ALL


def test_identical_answers_score_the_same_whoever_gives_them_and_in_whatever_order(grader):
    """Also code that never seeds, and code that depends on the order of a set."""
    unseeded = "import random\ndef double(v):\n    return v * (random.random() + np.random.rand())"
    ordered = "def parts(v):\n    return [np.array([float(ord(next(iter({'ab', 'cd', 'ef'}))[0]))])] * 2"
    answers = tiny.RIGHT | {"tiny/double": unseeded, "tiny/parts": ordered}
    first, _, again = (tiny.grade(grader, given) for given in (answers, tiny.RIGHT, answers))
    assert [verdict_without_cost(v) for v in first.verdicts.values()] == [verdict_without_cost(v) for v in again.verdicts.values()]


def test_another_template_gives_the_same_verdicts(course, grader):
    from autograder.sandbox.pool import Template

    unseeded = "import random, torch\ndef double(v):\n    return v * (random.random() + np.random.rand() + torch.rand(1).item())"
    ordered = "def parts(v):\n    return [np.array([float(ord(next(iter({'ab', 'cd', 'ef'}))[0]))])] * 2"
    answers = tiny.RIGHT | {"tiny/double": unseeded, "tiny/parts": ordered}
    with Template() as another:
        there = tiny.grade(Grader(tiny.reference(course), another, tiny.PATIENCE), answers)
    here = tiny.grade(grader, answers)
    assert [verdict_without_cost(v) for v in here.verdicts.values()] == [verdict_without_cost(v) for v in there.verdicts.values()]


def verdict_without_cost(verdict):
    return (verdict.check, verdict.state, verdict.points, verdict.claim, verdict.differs, verdict.misconception)


def test_fresh_inputs_follow_the_secret_and_nothing_else(course):
    def fresh(secret):
        reference = tiny.reference(course, secret)
        hidden = next(check for check in reference.notebook.checks if check.grade_id == "double-hidden")
        return list(reference.observations(hidden)[0])

    assert fresh(b"one") == fresh(b"one")
    assert fresh(b"one") != fresh(b"two")


def test_two_hidden_checks_draw_different_numbers(course):
    reference = tiny.reference(course)
    first, second = [check for check in reference.notebook.checks if check.header.kind == "hidden"]
    assert reference.collector(first).generator.normal() != reference.collector(second).generator.normal()
