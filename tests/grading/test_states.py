"""Every state, reached for real, with the points and the words that go with it."""

import numpy as np
import pytest

from autograder.checks.verdict import State
from autograder.grading.reference import Reference
from autograder.grading.submission import Grader
from autograder.grading.verdicts import refuse
from autograder.notebooks.model import Notebook
from autograder.sandbox.isolation import Limits
from autograder.sandbox.pool import NotIsolated, Template
from solutions.variants import Variants, edit
from tests import tiny


def verdict(result, check):
    return result.verdicts[check]


def test_right_answers_pass_with_every_point(grader):
    result = tiny.grade(grader, tiny.RIGHT)
    assert result.points == result.max_points == tiny.ALL
    assert {v.state for v in result.verdicts.values()} == {State.PASSED}
    assert result.isolation == "full"
    assert all(v.seconds > 0 and v.peak_memory > 2**20 for v in result.verdicts.values())


def test_an_untouched_notebook_scores_nothing_and_is_not_attempted(grader):
    result = tiny.grade(grader, {})
    assert result.points == 0
    assert {v.state for v in result.verdicts.values()} == {State.NOT_ATTEMPTED}


def test_a_stub_with_a_comment_is_untouched_and_one_with_code_is_not(grader):
    stub = grader.reference.notebook.exercises["tiny/double"].stub
    assert tiny.states(tiny.grade(grader, {"tiny/double": f"# soon\n{stub}  # later\n"}), "double")[0] == "not_attempted"
    half = stub.replace("raise", "w = v\n    raise")
    assert tiny.states(tiny.grade(grader, {"tiny/double": half}), "double")[0] == "not_attempted"


def test_a_wrong_value_fails_and_is_named(grader):
    found = verdict(tiny.grade(grader, {"tiny/double": "def double(v):\n    return v * 3"}), "double-visible")
    assert (found.state, found.points, found.misconception) == (State.FAILED, 0, "t.thrice")
    assert found.likely == "that is three times the array"
    assert "expected 2, got 3" in found.differs


def test_the_hidden_check_names_the_misconception_without_a_number(grader):
    found = verdict(tiny.grade(grader, {"tiny/double": "def double(v):\n    return v * 3"}), "double-hidden")
    assert found.misconception == "t.thrice"
    assert found.differs == "first at [0]: off by a factor of 1.5, 5 of 5 entries differ"


def test_what_the_visible_check_has_named_is_named_by_the_hidden_one_where_another_has_the_same_numbers(course, template):
    known = Variants()
    known.wrong("thrice", says="that is three times the array", double=edit("2.0 * v", "3.0 * v"))
    known.wrong("thrice.short", says="short arrays get one more", double=edit("2.0 * v", "3.0 * v + (len(v) == 3)"))
    grader = Grader(Reference(tiny.notebook(course), tiny.SECRET, known.all), template, tiny.PATIENCE)
    found = tiny.grade(grader, {"tiny/double": "def double(v):\n    return 3.0 * v + (len(v) == 3)"})
    assert {verdict(found, f"double-{check}").misconception for check in ("visible", "hidden")} == {"thrice.short"}


def test_an_exception_is_an_error_with_its_line(grader):
    found = verdict(tiny.grade(grader, {"tiny/slope": "def slope(f, at):\n    return f(at) / 0"}), "slope-visible")
    assert (found.state, found.points) == (State.ERROR, 0)
    assert "ZeroDivisionError: " in found.differs
    assert found.hint == "look at line 2: return f(at) / 0"


def test_a_renamed_function_is_an_error_that_says_so(grader):
    found = verdict(tiny.grade(grader, {"tiny/slope": "def my_slope(f, at):\n    return 4"}), "slope-visible")
    assert (found.state, found.claim) == (State.ERROR, "slope is defined")


def test_a_syntax_error_is_an_error_with_its_line(grader):
    result = tiny.grade(grader, tiny.RIGHT | {"tiny/slope": "def slope(f, at):\n    return ("})
    found = verdict(result, "slope-visible")
    assert (found.state, found.claim) == (State.ERROR, "slope is defined")
    assert "SyntaxError" in found.differs
    assert "line 2: return (" in found.hint
    assert result.points == tiny.ALL - tiny.POINTS["slope"]


def test_a_value_in_the_place_of_a_function_is_told(grader):
    found = verdict(tiny.grade(grader, {"tiny/slope": "slope = 5"}), "slope-visible")
    assert (found.state, found.claim, found.differs) == (State.FAILED, "slope is a function", "slope is the number 5")


def test_an_endless_loop_is_a_timeout(grader):
    found = verdict(tiny.grade(grader, {"tiny/slope": "def slope(f, at):\n    while True:\n        pass"}), "slope-visible")
    assert (found.state, found.points) == (State.TIMEOUT, 0)
    assert "it did not end in time" in found.differs


def test_an_ended_process_is_a_crash(grader):
    found = verdict(tiny.grade(grader, {"tiny/slope": "import os\ndef slope(f, at):\n    os._exit(7)"}), "slope-visible")
    assert (found.state, found.points) == (State.CRASHED, 0)


def test_too_much_memory_is_told_apart_whether_refused_or_killed_for_it(course):
    hungry = "def slope(f, at):\n    return np.ones(10**9).sum()"
    killed = "import os\ndef slope(f, at):\n    os.kill(os.getpid(), 9)"
    with Template(Limits(memory_bytes=300 * 2**20)) as small:
        grader = Grader(tiny.reference(course), small, tiny.PATIENCE)
        for answer in (hungry, killed):
            found = verdict(tiny.grade(grader, {"tiny/slope": answer}), "slope-visible")
            assert (found.state, found.points) == (State.MEMORY, 0)


def test_a_check_that_waits_for_an_earlier_class_is_blocked(grader):
    """A class cannot be put in the place of a wrong one over the wire; the check that uses it says what it waits for."""
    of = grader.reference.notebook
    answers = {"tiny/Counter": "class Counter:\n    def __init__(self, s): self.total = 0\n    def add(self, m): pass"}
    later = "class_used = Counter\nanswer = Counter(1).total"
    result = tiny.grade(grader, tiny.RIGHT | answers | {"tiny/answer": later})
    assert list(of.exercises)[-2:] == ["tiny/Counter", "tiny/answer"]
    found = verdict(result, "answer-question")
    assert (found.state, found.points) == (State.BLOCKED, 0)
    assert "Counter" in found.likely


def test_a_check_that_the_reference_fails_costs_nobody_a_point(course, template):
    of = tiny.notebook(course)
    broken = [
        check if check.grade_id != "slope-visible" else type(check)(check.header, "1 / 0", check.grade_id) for check in of.checks
    ]
    fields = {name: getattr(of, name) for name in ("path", "unit", "name", "nodes", "setup", "exercises")}
    reference = type(grader_reference := tiny.reference(course))(
        Notebook(**fields, checks=tuple(broken)), tiny.SECRET, tiny.variants()
    )
    assert grader_reference.notebook.checks != reference.notebook.checks
    result = tiny.grade(Grader(reference, template, tiny.PATIENCE), {"tiny/slope": tiny.WRONG["tiny/slope"]})
    found = verdict(result, "slope-visible")
    assert (found.state, found.points) == (State.COULD_NOT_CHECK, 6)
    assert "the reference does not pass" in found.claim
    assert result.points == 6


def test_a_template_that_has_ended_costs_no_points_and_says_so(course):
    with Template() as template:
        grader = Grader(tiny.reference(course), template, tiny.PATIENCE)
        template._process.kill()
        template._process.wait()
        assert not template.alive
        result = tiny.grade(grader, tiny.RIGHT)
    assert {v.state for v in result.verdicts.values()} == {State.COULD_NOT_CHECK}


def test_a_machine_that_cannot_isolate_grades_nothing(course, monkeypatch):
    from autograder.sandbox import process
    from autograder.sandbox.isolation import Isolation

    monkeypatch.setattr(process.Sandbox, "_greet", lambda self: Isolation("none", (), ()))
    with Template() as template, pytest.raises(NotIsolated, match="cannot be isolated"):
        tiny.grade(Grader(tiny.reference(course), template, tiny.PATIENCE), tiny.RIGHT)


def test_a_file_that_cannot_be_read_scores_nothing_and_says_why(course):
    result = refuse(tiny.notebook(course), "It is cut short.")
    assert (result.points, result.max_points, result.refused) == (0, tiny.ALL, "It is cut short.")
    assert {v.state for v in result.verdicts.values()} == {State.NOT_ATTEMPTED}
    assert {v.differs for v in result.verdicts.values()} == {"It is cut short."}


def test_standard_error_and_warnings_are_never_a_failure(grader):
    noise = "import sys, warnings, logging\nprint('noise', file=sys.stderr)\nwarnings.warn('noise')\nlogging.error('noise')\n"
    loud = {
        name: text.replace("    return", f"    {noise.strip().replace(chr(10), chr(10) + '    ')}\n    return")
        for name, text in tiny.RIGHT.items()
    }
    result = tiny.grade(grader, loud, {"": [noise]})
    assert result.points == tiny.ALL
    assert any(output.get("stream") == "stderr" for outputs in result.outputs.values() for output in outputs)


def test_a_result_survives_being_written_and_read(grader):
    import json

    from autograder.grading.result import Result

    result = tiny.grade(grader, tiny.WRONG | {"tiny/slope": "import os\ndef slope(f, at):\n    os._exit(7)"})
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_setup_arrays_that_one_student_writes_to_are_fresh_for_the_next(grader):
    writing = "def double(v):\n    global x\n    x[:] = 0\n    v[:] = 0\n    return v"
    assert tiny.earned(tiny.grade(grader, {"tiny/double": writing}), "double") == 0
    assert np.array_equal(grader.reference.setup_namespace()["x"], [1.0, -2.5, 4.0])
    assert tiny.grade(grader, tiny.RIGHT).points == tiny.ALL
