"""Every claim of the vocabulary holds for right code, fails for wrong code, and says why."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import check as outside
from autograder.checks.claims import Check
from autograder.checks.collecting import UNKNOWN, Collector
from autograder.checks.judging import judge
from autograder.checks.running import Body, run
from autograder.checks.verdict import State, Verdict
from tests.strategies import PLAIN

BLANK = Verdict("unit/f", "visible", State.FAILED, 0.0, 4.0)
W = np.array([1.0, -2.0, 0.5])
GRADIENTS = [np.array([0.5, -4.0, 1.0]), np.array([0.1, 3.0, 2.0]), np.array([-2.0, 0.7, 0.0]), np.array([0.3, 0.2, -1.0])]


def verdict_of(text, right, student, **more):
    """The verdict on a check cell: what it observes of the right names is expected of the student's."""
    body = Body.compile("unit/f", text)
    expected = run(body, {"np": np, **right}, Collector("unit/f", **more))
    assert expected.error is None, expected.error
    assert judge(expected, expected.observations, tuple, BLANK).state == State.PASSED, "the reference must pass its own check"
    return judge(run(body, {"np": np, **student}, Collector("unit/f", **more)), expected.observations, tuple, BLANK)


def momentum(w, g, state, *, lr=0.1, beta=0.75):
    velocity = beta * state.get("velocity", 0.0) + g
    return w - lr * velocity, {"velocity": velocity}


def momentum_with_a_shared_buffer(w, g, state, *, lr=0.1, beta=0.75):
    velocity = state.setdefault("velocity", np.zeros_like(w))
    velocity *= beta
    velocity += g
    return w - lr * velocity, state


def momentum_into_w(w, g, state, *, lr=0.1, beta=0.75):
    velocity = beta * state.get("velocity", 0.0) + g
    w -= lr * velocity
    return w, {"velocity": velocity}


def momentum_into_g(w, g, state, *, lr=0.1, beta=0.75):
    g += beta * state.get("velocity", 0.0)
    return w - lr * g, {"velocity": g.copy()}


def momentum_without_memory(w, g, state, *, lr=0.1, beta=0.75):
    return w - lr * g, {"velocity": g}


# trajectory

LEFT_ALONE = "momentum: a step changes neither w, nor g, nor a state it returned before"


@pytest.mark.parametrize(
    ("step", "claim", "differs"),
    [
        (momentum_without_memory, "weights after step 2 of momentum", "first at [0]: expected 0.9025, got 0.94"),
        (momentum_into_w, LEFT_ALONE, "the weights you were given as w changed: return a new array"),
        (momentum_into_g, LEFT_ALONE, "the array you were given as g changed: the caller still needs it"),
        (
            momentum_with_a_shared_buffer,
            LEFT_ALONE,
            "the state you returned from step 1 changed later: a step updated it in place, or shares it",
        ),
        (lambda w, g, state: w, "step 1 of momentum", "expected the pair (w_new, state_new), got an array of shape (3,)"),
        (lambda w, g, state: [w, state], "step 1 of momentum", "expected the pair (w_new, state_new), got a list of 2 values"),
        (lambda w, g, state: None, "step 1 of momentum", "expected the pair (w_new, state_new), got None (is a `return` missing?)"),
    ],
    ids=["wrong", "into w", "into g", "shared state", "no state", "list", "none"],
)
def test_a_wrong_optimizer_is_told_its_first_wrong_step_or_what_it_wrote_into(step, claim, differs):
    text = "check.trajectory(step, w0.copy(), gradients, 'momentum')"
    names = {"w0": W, "gradients": GRADIENTS}
    verdict = verdict_of(text, {"step": momentum, **names}, {"step": step, **names})
    assert (verdict.state, verdict.claim) == (State.FAILED, claim)
    assert verdict.differs.startswith(differs)


def test_a_right_optimizer_passes_with_its_hyperparameters_and_a_state_to_begin_with():
    text = "check.trajectory(step, w0, gradients, 'momentum', lr=0.3, beta=0.5, state={'velocity': np.ones(3)}, rtol=1e-7)"
    names = {"step": momentum, "w0": W, "gradients": GRADIENTS}
    assert verdict_of(text, names, names).state == State.PASSED
    close = {
        **names,
        "step": lambda *arguments, **hyper: (momentum(*arguments, **hyper)[0] * (1 + 1e-8), momentum(*arguments, **hyper)[1]),
    }
    assert verdict_of(text, names, close).state == State.PASSED
    assert verdict_of(text.replace(", rtol=1e-7", ""), names, close).state == State.FAILED


# one call each: the check cell, the right name, the wrong one, and what the student reads

CALLS = [
    (
        "check.equal(f(2.0), 'the square')",
        lambda x: x * x,
        lambda x: 2 * x + 1,
        "the square",
        "expected 4, got 5   (tolerance 1e-09)",
    ),
    (
        "check.equal(f(2.0), 'four', expected=4.0)",
        lambda x: x * x,
        lambda x: 3 * x,
        "four",
        "expected 4, got 6   (tolerance 1e-09)",
    ),
    (
        "check.equal(f(2.0), 'both', names=('dx', 'dw'))",
        lambda x: (x, np.ones(2)),
        lambda x: (x, np.zeros(2)),
        "both",
        "first at dw[0]: expected 1, got 0, 2 of 2 entries differ   (tolerance 1e-09)",
    ),
    (
        "check.equal(f(2.0), 'about', rtol=0.1, atol=0)",
        lambda x: x,
        lambda x: 1.5 * x,
        "about",
        "expected 2, got 3   (tolerance 0.1)",
    ),
    ("check.true(f(2.0) > 0, 'positive')", abs, np.negative, "positive", "this does not hold for your code"),
    ("check.between(f(2.0), 0, 3, 'small')", abs, lambda x: 4.5, "small", "expected a number from 0 to 3, got 4.5"),
    ("check.between(f(2.0), 0, 3, 'small')", abs, lambda x: math.nan, "small", "expected a number from 0 to 3, got nan"),
    (
        "check.between(f(2.0), 0, 3, 'small')",
        abs,
        lambda x: None,
        "small",
        "expected a number from 0 to 3, got None (is a `return` missing?)",
    ),
    ("check.between(f(2.0), 0, 3, 'small')", abs, lambda x: True, "small", "expected a number from 0 to 3, got bool True"),
    (
        "check.fraction(f(1000), 1000, 0.25, 'kept')",
        lambda n: n // 4,
        lambda n: n // 2,
        "kept",
        "expected a share near 0.25 of 1000, got 0.5 (false alarm below 1e-08)",
    ),
    (
        "check.fraction(f(1000), 1000, 0.25, 'kept')",
        lambda n: n // 4,
        lambda n: -1,
        "kept",
        "expected a share near 0.25 of 1000, got -0.001 (false alarm below 1e-08)",
    ),
    (
        "check.mean(f(100), 0.0, 2.0, 100, 'mean')",
        lambda n: 0.5,
        lambda n: 1.5,
        "mean",
        "expected a mean within 1.15 of 0, got 1.5",
    ),
    (
        "check.mean(f(100), 0.0, 2.0, 100, 'mean')",
        lambda n: 0.5,
        lambda n: math.nan,
        "mean",
        "expected a mean within 1.15 of 0, got nan",
    ),
    (
        "check.raises(ValueError, f, 'x', claim='refuses words')",
        int,
        str,
        "refuses words",
        "expected ValueError, but nothing was raised",
    ),
    (
        "check.raises(ValueError, f, [1], claim='refuses lists')",
        lambda x: int("x"),
        lambda x: x / 2,
        "refuses lists",
        "expected ValueError, but TypeError was raised",
    ),
    (
        "x = np.ones(3)\nwith check.unchanged(x=x):\n    f(x)",
        lambda x: x + 1,
        lambda x: np.add(x, 1, out=x),
        "x is left as it was",
        "your code wrote into x: the caller still needs it",
    ),
    (
        "state = {'m': [1.0]}\nwith check.unchanged(state=state):\n    f(state)",
        dict,
        lambda state: state["m"].append(2.0),
        "state is left as it was",
        "your code wrote into state: the caller still needs it",
    ),
]


@pytest.mark.parametrize(("text", "right", "wrong", "claim", "differs"), CALLS)
def test_a_wrong_answer_reads_what_was_claimed_and_what_was_found(text, right, wrong, claim, differs):
    assert verdict_of(text, {"f": right}, {"f": right}).state == State.PASSED
    verdict = verdict_of(text, {"f": right}, {"f": wrong})
    assert (verdict.state, verdict.claim, verdict.differs) == (State.FAILED, claim, differs)


@pytest.mark.parametrize(
    "call",
    [
        "check.equal(1, 'c', hint='look here')",
        "check.true(f, 'c', hint='look here')",
        "check.between(f, 1, 2, 'c', hint='look here')",
        "check.fraction(f, 1, 1.0, 'c', hint='look here')",
        "check.mean(f, 1, 0.0, 1, 'c', hint='look here')",
        "check.raises(ValueError, [0, 1].index, 2 * f, claim='c', hint='look here')",
    ],
)  # fmt: skip
def test_a_failed_claim_gives_the_hint_its_author_wrote(call):
    verdict = verdict_of(call.replace("equal(1", "equal(f"), {"f": 1}, {"f": 0})
    assert (verdict.state, verdict.hint) == (State.FAILED, "look here")


# values


@given(PLAIN)
def test_equal_keeps_what_it_saw_when_the_student_writes_into_it_later(value):
    collector = Collector("unit/f")
    kept = [value]
    Check(collector).equal(kept, "a list")
    kept.append("more")
    (claim,) = collector.claims
    assert claim.judge([value]) is None
    assert claim.judge(UNKNOWN) is None, "nobody has recorded what is right"


def test_an_expected_value_that_is_given_is_kept_as_it_was():
    collector, right = Collector("unit/f"), np.ones(2)
    Check(collector).equal(np.ones(2), "ones", expected=right)
    right[:] = 5.0
    assert collector.claims[0].judge(UNKNOWN) is None


# randomness: laws at the stated probability, over many draws


@pytest.mark.parametrize("probability", [0.0, 1e-3, 0.02, 0.25, 0.5, 0.7, 0.999, 1.0])
@pytest.mark.parametrize("trials", [1, 30, 10_000])
def test_right_random_code_is_never_rejected_and_an_impossible_count_always(probability, trials):
    collector = Collector("unit/f")
    for hits in np.random.default_rng(7).binomial(trials, probability, 2000):
        Check(collector).fraction(hits, trials, probability, "kept")
    assert not [claim for claim in collector.claims if claim.judge(True)]
    Check(collector).fraction(trials + 1, trials, probability, "kept")
    assert collector.claims[-1].judge(True)


@given(st.floats(0.05, 0.95), st.integers(0, 2**32))
def test_a_wrong_probability_is_rejected(probability, seed):
    wrong = probability - 0.04 if probability > 0.5 else probability + 0.04
    collector = Collector("unit/f")
    Check(collector).fraction(np.random.default_rng(seed).binomial(50_000, wrong), 50_000, probability, "kept")
    assert collector.claims[0].judge(True)


@pytest.mark.parametrize(("trials", "probability"), [(20, 0.3), (200, 0.5), (1000, 0.02)])
def test_the_false_alarm_of_a_fraction_is_below_the_one_it_states(trials, probability):
    alarms = 0.0
    for hits in range(trials + 1):
        collector = Collector("unit/f")
        Check(collector).fraction(hits, trials, probability, "kept")
        if collector.claims[0].judge(True):
            logarithm = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
            alarms += math.exp(logarithm + hits * math.log(probability) + (trials - hits) * math.log1p(-probability))
    assert 0 < alarms < 1e-8


@given(st.floats(-10, 10), st.floats(0.1, 10), st.integers(0, 2**32))
def test_the_mean_of_right_draws_is_never_rejected_and_one_that_is_shifted_always(mean, std, seed):
    draws = np.random.default_rng(seed).normal(mean, std, 4000)
    collector = Collector("unit/f")
    Check(collector).mean(draws.mean(), mean, std, 4000, "mean")
    Check(collector).mean(draws.mean() + 0.2 * std, mean, std, 4000, "mean")
    right, wrong = collector.claims
    assert right.judge(True) is None
    assert wrong.judge(True)


def test_the_false_alarm_of_a_mean_is_below_one_in_a_hundred_million():
    collector = Collector("unit/f")
    Check(collector).mean(5.75, 0.0, 1.0, 1, "mean")
    Check(collector).mean(5.7501, 0.0, 1.0, 1, "mean")
    assert [bool(claim.judge(True)) for claim in collector.claims] == [False, True]
    assert math.erfc(5.75 / math.sqrt(2)) < 1e-8


# exceptions


def test_a_stub_in_a_call_that_should_raise_is_a_stub_and_not_the_wrong_exception():
    def stub(*_):
        raise NotImplementedError

    verdict = verdict_of("check.raises(ValueError, f, 'x', claim='refuses words')", {"f": int}, {"f": stub})
    assert verdict.state == State.NOT_ATTEMPTED
    assert verdict_of("check.raises(NotImplementedError, f, claim='is a stub')", {"f": stub}, {"f": stub}).state == State.PASSED


def test_raises_hands_keywords_on_and_accepts_a_subclass():
    text = "check.raises(ArithmeticError, f, 1, claim='refuses zero', by=0)"
    assert verdict_of(text, {"f": lambda x, by: x / by}, {"f": lambda x, by: x / by}).state == State.PASSED


# side effects


def test_an_exception_inside_unchanged_stays_an_exception_of_the_student():
    def broken(x):
        raise KeyError("m")

    verdict = verdict_of("x = np.ones(3)\nwith check.unchanged(x=x):\n    f(x)", {"f": len}, {"f": broken})
    assert verdict.state == State.ERROR


def test_nan_in_an_array_that_is_left_alone_is_not_taken_for_a_write():
    text = "x = np.array([np.nan, 1.0])\nwith check.unchanged(x=x):\n    f(x)"
    assert verdict_of(text, {"f": len}, {"f": len}).state == State.PASSED


# questions

FORM = "the answer has the right form"


@pytest.mark.parametrize(
    ("call", "right", "answer", "claim", "differs"),
    [
        ("check.number(a, between=(0, 1))", 0.25, 2.0, FORM, "expected a number between 0 and 1, got 2.0"),
        ("check.number(a, between=(0, 1))", 0.25, np.float64(2), FORM, "expected a number between 0 and 1, got 2.0"),
        ("check.number(a, between=(0, 1))", 0.25, 0, FORM, "expected a number between 0 and 1, got 0"),
        ("check.number(a, between=(0, 1))", 0.25, math.nan, FORM, "expected a number between 0 and 1, got nan"),
        ("check.number(a)", 0.25, "a quarter", FORM, "expected a number, got 'a quarter'"),
        ("check.number(a)", 0.25, True, FORM, "expected a number, got True"),
        ("check.number(a)", 0.25, len, FORM, "expected a number, got an object of type builtin_function_or_method"),
        ("check.number(a)", 0.25, np.arange(2), FORM, "expected a number, got [0, 1]"),
        ("check.number(a)", (1, 2), (), FORM, "expected numbers, got ()"),
        ("check.number(a)", (1, 2), (1, "b"), FORM, "expected numbers, got (1, 'b')"),
        ("check.number(a, between=(0, 1))", 0.25, 0.26, "the answer is right", "0.26 is not the answer"),
        ("check.number(a)", (1, 2), (1, 3), "the answer is right", "(1, 3) is not the answer"),
        ("check.choice(a, 'ABCD')", "C", "E", FORM, "expected one of A, B, C, D, got 'E'"),
        ("check.choice(a, 'ABCD')", "C", "AB", FORM, "expected one of A, B, C, D, got 'AB'"),
        ("check.choice(a, 'ABCD')", "C", 3, FORM, "expected one of A, B, C, D, got 3"),
        ("check.choice(a, 'ABCD')", "C", "B", "the answer is right", "'B' is not the answer"),
    ],
)
def test_a_wrong_answer_to_a_question_reads_which_form_it_should_have_or_that_it_is_wrong(call, right, answer, claim, differs):
    verdict = verdict_of(call, {"a": right}, {"a": answer}, marks_answers=True)
    assert (verdict.state, verdict.claim, verdict.differs) == (State.FAILED, claim, differs)


@pytest.mark.parametrize(
    ("call", "right", "answer"),
    [
        ("check.number(a)", 0.25, 0.25 * (1 + 1e-7)),
        ("check.number(a, rtol=0.05)", 0.25, 0.26),
        ("check.number(a)", 1000, 1000.0),
        ("check.number(a)", 2.0**-20, np.float64(2.0**-20)),
        ("check.number(a)", (1, 2), [1, 2]),
        ("check.choice(a, 'ABCD')", "C", np.str_("C")),
        ("check.choice(a, ('left', 'right'))", "left", "left"),
    ],
)
def test_a_right_answer_may_be_written_in_other_ways(call, right, answer):
    assert verdict_of(call, {"a": right}, {"a": answer}, marks_answers=True).state == State.PASSED


@pytest.mark.parametrize("call", ["check.number(a)", "check.choice(a, 'ABCD')"])
def test_while_a_student_works_a_wrong_answer_of_the_right_form_is_not_given_away(call):
    right, wrong = (1.5, 2.5) if "number" in call else ("A", "B")
    assert verdict_of(call, {"a": right}, {"a": wrong}).state == State.PASSED
    assert verdict_of(call, {"a": right}, {"a": None}).state == State.NOT_ATTEMPTED


# what surrounds the student's code


def test_the_generator_is_there_in_a_hidden_check_only():
    assert (
        verdict_of("check.true(check.rng.random() < 1, 'a draw')", {}, {}, generator=np.random.default_rng(1)).state == State.PASSED
    )
    with pytest.raises(RuntimeError, match=r"check\.rng is for hidden checks; a visible check uses fixed inputs"):
        Check(Collector("unit/f")).rng.random()


def test_a_claim_outside_of_a_check_cell_says_where_it_belongs():
    with pytest.raises(RuntimeError, match="claims belong in a check cell: its first line is %%check with the name of an exercise"):
        outside.true(True, "anything")


def test_the_source_of_a_function_is_the_text_of_the_students_cell():
    check = Check(Collector("unit/f", sources={"fsum": "def fsum(): ..."}, starting_point="def fsum(): pass"))
    assert check.source(math.fsum) == "def fsum(): ..."
    assert check.starting_point() == "def fsum(): pass"
    assert "def test_the_source_of_a_function" in check.source(test_the_source_of_a_function_is_the_text_of_the_students_cell)


def test_a_scenario_runs_here_while_a_student_works_and_beside_their_code_at_grading():
    text = "@check.scenario\ndef twice(f, x):\n    return f(f(x))\ncheck.equal(twice(f, 3.0), 'twice')"
    assert verdict_of(text, {"f": abs}, {"f": abs}).state == State.PASSED
    assert verdict_of(text, {"f": abs}, {"f": np.negative}).state == State.PASSED, "minus minus three is three"
    assert verdict_of(text, {"f": abs}, {"f": np.sqrt}).claim == "twice"
    sent = []
    collector = Collector("unit/f", beside=lambda function: sent.append(function.__name__) or (lambda f, x: "from over there"))
    assert run(Body.compile("unit/f", text), {"f": abs}, collector).observations == ["from over there"]
    assert sent == ["twice"]
