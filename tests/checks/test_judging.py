"""From what a check saw to a verdict with one cause."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograder.checks.collecting import Collector
from autograder.checks.judging import Fingerprint, first_deviation, judge, recognise
from autograder.checks.plain import Raised
from autograder.checks.running import Body, StudentError, run
from autograder.checks.verdict import State, Verdict
from autograder.grading.reference import exec_cell
from tests.strategies import floats

BLANK = Verdict("unit/f", "visible", State.FAILED, 0.0, 4.0)
RUNS = st.lists(st.one_of(st.integers(0, 3), st.booleans(), st.just(Raised("ValueError"))), max_size=5)


def student(source):
    """The names that a cell of a student defines, known to tracebacks as theirs."""
    names = {"np": np}
    exec_cell(source, names, "<student unit/f>")
    return names


def seen(text, source):
    return run(Body.compile("unit/f", text), student(source), Collector("unit/f"))


def decide(text, right, wrong, fingerprints=(), discreet=False):
    expected = seen(text, right)
    assert judge(expected, expected.observations, tuple, BLANK).state == State.PASSED, "the reference must pass its own check"
    known = [Fingerprint(name, f"you did {name}", hint, tuple(seen(text, of).observations)) for name, hint, of in fingerprints]
    return judge(seen(text, wrong), expected.observations, lambda: known, BLANK, discreet=discreet)


CHECK = """
y = f(np.array([1.0, -2.0, 0.5]))
check.equal(y, "the values")
check.true(y.sum() < 0, "they sum to less than nothing")
with check.unchanged(y=y):
    f(y)
check.equal(f(np.array([3.0, 4.0])), "values of two more")
"""
RIGHT = "def f(x):\n    return 2 * x - 1"


# the order of the stages


@pytest.mark.parametrize(
    ("wrong", "stage_before", "claim"),
    [
        ("return 2 * x[:2]", (), "the values"),
        ("return 2 * x", ("types and shapes",), "the values"),
        ("y = 2 * x - 1\n    if len(x) == 3 and x[0] < 1: x[0] = 0\n    return y", None, "y is left as it was"),
        ("return 2 * x - 1 if len(x) == 3 else x", ("types and shapes", "properties", "side effects"), "values of two more"),
    ],
)
def test_a_verdict_lists_the_kinds_of_claims_that_were_met_before_the_one_that_failed(wrong, stage_before, claim):
    right = RIGHT
    if stage_before is None:  # a point at which f writes, if it does
        right, stage_before = (
            "def f(x):\n    return np.array([0.5, -3.0, -4.0])[: len(x)]",
            ("types and shapes", "values", "properties"),
        )
        wrong = "y = np.array([0.5, -3.0, -4.0])[: len(x)]\n    if x[0] == 0.5: x[0] = 0.0\n    return y"
    verdict = decide(CHECK, right, f"def f(x):\n    {wrong}")
    assert (verdict.state, verdict.claim, verdict.stages) == (State.FAILED, claim, stage_before)


def test_full_points_only_for_a_check_that_passed():
    assert decide(CHECK, RIGHT, RIGHT).points == 4.0
    assert decide(CHECK, RIGHT, "def f(x):\n    return x").points == 0.0


def test_the_first_failing_claim_wins_over_a_later_exception():
    text = 'check.equal(f(1.0), "one")\ncheck.equal(f(2.0), "two")'
    verdict = decide(text, "def f(x):\n    return x", "def f(x):\n    if x > 1: raise ValueError\n    return -x")
    assert (verdict.state, verdict.claim) == (State.FAILED, "one")


@pytest.mark.parametrize("parts", ["[]", "[x]", "[x, x, x]"])
def test_a_loop_over_what_a_student_returns_cannot_be_passed_by_returning_less_or_more(parts):
    text = 'for part in f(1.0):\n    check.equal(part, "a part")'
    verdict = decide(text, "def f(x):\n    return [x, x]", f"def f(x):\n    return {parts}")
    assert (verdict.state, verdict.claim) == (State.FAILED, "your code returns as much as is asked for")
    assert verdict.differs == f"the check looks at 2 results, your code gave it {len(parts.split('x')) - 1}"


def test_a_value_so_odd_that_it_cannot_be_compared_is_a_wrong_value():
    text = 'check.gradient(np.ones(2), f, np.ones(2), None, "the slope")'
    outcome = seen(text, "def f(x):\n    return x")
    verdict = judge(outcome, None, tuple, BLANK)
    assert (verdict.state, verdict.claim) == (State.FAILED, "the slope")
    assert verdict.differs == "what your code gives cannot be compared with what is right (TypeError)"


# exceptions


@pytest.mark.parametrize(
    ("source", "state", "claim", "differs", "hint"),
    [
        (
            "def f(x):\n    raise NotImplementedError",
            State.NOT_ATTEMPTED,
            "the stub is still in place: this exercise is waiting for you",
            "",
            "",
        ),
        (
            "def f(x):\n    y = x\n    return y / (1 - 1)",
            State.ERROR,
            "your code runs on the inputs of this check",
            "your code raised ZeroDivisionError: float division by zero",
            "look at line 3: return y / (1 - 1)",
        ),
        (
            "def f(x):\n    return helper(x)\ndef helper(x):\n    raise MemoryError",
            State.MEMORY,
            "your code runs on the inputs of this check",
            "your code raised MemoryError",
            "look at line 4: raise MemoryError",
        ),
        (
            "import sys\ndef f(x):\n    sys.exit(3)",
            State.ERROR,
            "your code runs on the inputs of this check",
            "your code raised SystemExit: 3",
            "look at line 3: sys.exit(3)",
        ),
        (
            "def g(x):\n    return x",
            State.ERROR,
            'check.equal(f(2.0) + 1, "one more")',
            "NameError: name 'f' is not defined: run the cell that defines it, or give the name back that it had",
            "",
        ),
        (
            "def f(x):\n    pass",
            State.ERROR,
            'check.equal(f(2.0) + 1, "one more")',
            "the check could not use what your code returned (TypeError: unsupported operand type(s) for +: 'NoneType' and 'int')",
            "",
        ),
    ],
    ids=["stub", "error", "memory", "exit", "renamed", "none"],
)
def test_an_exception_is_told_with_the_line_that_raised_it(source, state, claim, differs, hint):
    verdict = decide('check.equal(f(2.0) + 1, "one more")', "def f(x):\n    return x", source)
    assert (verdict.state, verdict.claim, verdict.differs, verdict.hint) == (state, claim, differs, hint)
    assert verdict.points == 0.0


def test_a_hidden_check_does_not_show_its_own_text_when_it_stops():
    right, wrong = "def f(x):\n    return x", "def f(x):\n    pass"
    verdict = decide('check.equal(f(2.0) + 1, "one more")', right, wrong, discreet=True)
    assert verdict.claim == "your code runs on inputs that you do not see"
    assert "check.equal" not in " ".join([verdict.claim, verdict.differs, verdict.hint, verdict.likely])


def test_a_hidden_check_leaves_the_expected_number_out():
    text = 'check.equal(f(3.0), "a number")'
    open_, hidden = (
        decide(text, "def f(x):\n    return 7.8125", "def f(x):\n    return 1.5", discreet=shy) for shy in (False, True)
    )
    assert "7.8125" in open_.differs
    assert "7.8" not in hidden.differs


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("a\n  b\tc", "a b c"),
        ("x" * 500, "x" * 200),
        ("", ""),
        ("no Tensor: <Thing object at 0x7febe9D87d50>.", "no Tensor: <Thing object>."),
        ("look at 0xen and at 0", "look at 0xen and at 0"),
    ],
)
def test_an_exceptions_message_is_folded_and_cut_and_has_no_addresses(message, shown):
    outcome = seen("f()", f"def f():\n    raise ValueError({message!r})")
    assert outcome.error == StudentError("ValueError", shown, f"line 2: raise ValueError({message!r})", "f()")


def test_an_exception_that_refuses_to_be_printed_is_told_by_its_name():
    outcome = seen("f()", "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\ndef f():\n    raise Odd")
    assert (outcome.error.type_name, outcome.error.message) == ("Odd", "")


def test_the_statement_that_stopped_is_the_innermost_one_on_its_line():
    text = "for number in (1, 2):\n    if number == 2:\n        f(number,\n          number)\n"
    assert seen(text, "def f(*x): ...\ndef f(x): ...").error.statement == "f(number,"
    assert Body.compile("unit/f", "x = 1\n\n").statement_at(9) == ""


def test_a_check_leaves_nothing_behind_in_the_students_names():
    names = student("def f(x):\n    return x\ny = 'mine'")
    before = set(names)
    run(Body.compile("unit/f", "y = f(2)\nother = 3\ncheck.equal(y, 'two')"), names, Collector("unit/f"))
    assert set(names) == before
    assert names["y"] == "mine"


# misconceptions

VARIANTS = [
    ("half", "halve it", "def f(x):\n    return x - 1"),
    ("no minus one", "", "def f(x):\n    return 2 * x"),
    ("wrong from two", "look at two", "def f(x):\n    return 2 * x - 1 if len(x) == 3 else x"),
    ("minus one of two", "look at two", "def f(x):\n    return 2 * x - 1 if len(x) == 3 else 2 * x"),
]


@pytest.mark.parametrize(("name", "hint", "source"), VARIANTS)
def test_a_misconception_is_named_by_its_own_numbers(name, hint, source):
    verdict = decide(CHECK, RIGHT, source, VARIANTS)
    assert (verdict.misconception, verdict.likely, verdict.hint) == (name, f"you did {name}", hint)
    assert verdict.differs, "the numbers are shown all the same"


def test_numbers_that_no_misconception_gives_are_not_named():
    verdict = decide(CHECK, RIGHT, "def f(x):\n    return 2.2 * x - 1", VARIANTS)
    assert (verdict.state, verdict.misconception, verdict.likely) == (State.FAILED, "", "")


@given(floats(3), st.sampled_from([1e-5, -1e-5, 1e-3]))
def test_numbers_that_differ_by_more_than_machines_do_are_not_named(theirs, relative):
    assume(np.abs(theirs).max() > 1e-3)
    mine = theirs.copy()
    mine[np.abs(theirs).argmax()] *= 1 + relative
    known = [Fingerprint("m", "says", "", (theirs,))]
    right = (theirs + 1.0,)
    assert recognise((mine,), right, known) is None
    assert recognise((theirs,), right, known) is known[0]


@given(RUNS, RUNS, st.lists(RUNS, max_size=4))
def test_only_a_misconception_that_deviates_where_the_student_does_is_named_and_of_these_the_one_that_agrees_longest(
    mine, right, others
):
    known = [Fingerprint(str(number), "", "", tuple(other)) for number, other in enumerate(others)]
    named = recognise(mine, right, known)
    start = first_deviation(mine, right)
    fitting = [
        fingerprint
        for fingerprint in known
        if start < min(len(mine), len(fingerprint.observations))
        and first_deviation(fingerprint.observations, right) == start
        and first_deviation(fingerprint.observations, mine) > start
    ]
    lengths = [first_deviation(fingerprint.observations, mine) for fingerprint in fitting]
    assert (named is None) == (not fitting)
    if named:
        assert named in fitting
        assert first_deviation(named.observations, mine) == max(lengths)


@given(floats(3), st.sampled_from([3e-7, -3e-7]))
def test_numbers_of_another_machine_are_named_and_those_of_this_one_before_them(theirs, relative):
    assume(np.abs(theirs).max() > 1e-3)
    mine, right = theirs * (1 + relative), theirs + 1.0
    known = [Fingerprint("there", "", "", (theirs,)), Fingerprint("here", "", "", (mine,))]
    assert recognise((mine,), (right,), known[:1]) is known[0]
    assert recognise((mine,), (right,), known) is known[1]


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.1, 5))
def test_of_two_that_agree_for_equally_long_the_one_whose_next_number_is_nearer_is_named(mine, near, further):
    near, far = Fingerprint("near", "", "", (2, near)), Fingerprint("far", "", "", (2, near + math.copysign(further, near - mine)))
    for known in ([near, far], [far, near]):
        assert recognise((2, mine), (1, 100.0), known) is near


def test_the_variant_with_the_longest_agreement_is_named_whatever_the_order():
    short, long = Fingerprint("short", "", "", (1, 5, 6, 0)), Fingerprint("long", "", "", (1, 5, 6, 7))
    for known in ([short, long], [long, short]):
        assert recognise((1, 5, 6, 7), (1, 2, 3, 4), known) is long
        assert recognise((1, 5, 6, 0), (1, 2, 3, 4), known) is short
        assert recognise((1, 5, 0, 0), (1, 2, 3, 4), known) is known[0]


def test_an_exception_is_a_fingerprint_as_well():
    text = 'check.equal(f(2.0), "two")\ncheck.equal(f(0.0), "nought")'
    stops = "def f(x):\n    return x * x / x"
    verdict = decide(text, "def f(x):\n    return x", stops, [("division", "do not divide", stops)])
    assert (verdict.state, verdict.misconception, verdict.hint) == (State.ERROR, "division", "do not divide")


def test_no_variant_is_run_after_one_that_agrees_to_the_end_and_none_where_nothing_wrong_was_seen():
    def known():
        yield Fingerprint("longer", "", "", (1, 5, 0))
        yield Fingerprint("whole", "", "", (1, 5, 6))
        raise AssertionError("asked for one more")

    assert recognise((1, 5, 6), (1, 2, 3), known()).id == "whole"
    assert recognise((1, 2), (1, 2, 3), (pytest.fail("asked for one") for _ in "x")) is None


def test_fingerprints_are_not_computed_for_a_check_that_passed_or_was_not_attempted():
    def never():
        raise AssertionError("asked for the fingerprints of a right answer")

    expected = seen(CHECK, RIGHT)
    assert judge(seen(CHECK, RIGHT), expected.observations, never, BLANK).state == State.PASSED
    stub = seen(CHECK, "def f(x):\n    raise NotImplementedError")
    assert judge(stub, expected.observations, never, BLANK).state == State.NOT_ATTEMPTED
