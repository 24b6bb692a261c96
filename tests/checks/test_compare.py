"""Where two values first differ, and in which words a student hears of it."""

import re

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks.compare import CONTRACT, VALUE, describe, difference, most_important
from autograder.checks.plain import Foreign, Raised, snapshot
from tests.strategies import PLAIN, floats

SIDES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


def found(got, expected, names=()):
    return difference(snapshot(got), snapshot(expected), rtol=1e-9, atol=1e-12, names=names)


@given(PLAIN)
def test_no_difference_is_found_between_equal_values(value):
    assert found(value, value) is None


@given(PLAIN, PLAIN)
def test_whatever_a_student_returns_the_answer_is_none_or_one_line_of_words(got, expected):
    answer = found(got, expected)
    assert answer is None or (answer.text and answer.discreet and answer.stage in (CONTRACT, VALUE))


@given(st.data())
def test_a_single_wrong_entry_is_found_at_its_index(data):
    right = data.draw(SIDES.flatmap(floats))
    index = tuple(data.draw(st.integers(0, side - 1)) for side in right.shape)
    wrong = right.copy()
    wrong[index] += data.draw(st.sampled_from([1e-6, -1e-6, 1.0, 1e9])) * max(1.0, abs(right[index]))
    answer = found(wrong, right)
    place = f"[{', '.join(map(str, index))}]"
    assert answer.stage == VALUE
    assert answer.text.startswith(f"first at {place}: expected ")
    assert answer.discreet.startswith(f"first at {place}: ")
    assert "entries differ" not in answer.text


@given(st.data())
def test_the_two_numbers_that_are_shown_never_look_the_same(data):
    right = data.draw(st.floats(-1e6, 1e6))
    wrong = right + data.draw(st.sampled_from([1e-8, -1e-8, 1e-5, 0.1])) * max(abs(right), 1e-3)
    answer = found(wrong, right)
    assume(answer is not None)
    expected, got = re.fullmatch(r"expected (\S+), got (\S+)   \(tolerance 1e-09\)", answer.text).groups()
    assert expected != got
    assert float(expected) == pytest.approx(right, rel=1e-5)
    assert float(got) == pytest.approx(wrong, rel=1e-5)


@given(
    st.floats(10, 1e4).map(lambda number: number + 0.1234567), st.sampled_from([1.0001, 0.5, -2.0, 1e5, 0.0, np.nan, np.inf, 3j])
)
def test_a_discreet_message_never_contains_the_expected_number(right, factor):
    got = np.full((2, 3), right * factor)
    answer = found(got, np.full((2, 3), right))
    shown = re.search(r"expected (\S+),", answer.text)[1]
    assert shown not in answer.discreet


@pytest.mark.parametrize(
    ("got", "expected", "text"),
    [
        (2.0, 3.0, "expected 3, got 2"),
        (1.00000001, 1.0, "expected 1, got 1.00000001"),
        (np.nan, 3.0, "expected 3, got nan"),
        (3.0, np.nan, "expected nan, got 3"),
        (3.0, np.inf, "expected inf, got 3"),
        (1 + 2j, 1.0, "expected 1, got 1+2j"),
        (10**400, 1.0, "expected 1, got inf"),
        (np.array([1, 5, 9]), np.array([1, 2, 3]), "first at [1]: expected 2, got 5, 2 of 3 entries differ"),
        (np.array([True, False]), np.array([1.0, 0.5]), "first at [1]: expected 0.5, got False"),
        (np.array([0.5, 1.0]), np.array([True, False]), "first at [0]: expected True, got 0.5, 2 of 2 entries differ"),
        (torch.zeros(2, 2), torch.eye(2), "first at [0, 0]: expected 1, got 0, 2 of 4 entries differ"),
        ({"m": 1.0}, {"m": 2.0}, "['m']: expected 2, got 1"),
        ([{"m": np.zeros(2)}], [{"m": np.ones(2)}], "first at [0]['m'][0]: expected 1, got 0, 2 of 2 entries differ"),
    ],
    ids=str,
)
def test_a_wrong_number_is_told_with_its_place_and_both_numbers(got, expected, text):
    answer = found(got, expected)
    assert (answer.stage, answer.text) == (VALUE, f"{text}   (tolerance 1e-09)")


@pytest.mark.parametrize(
    ("got", "expected", "text"),
    [
        ("adam", "sgd", "expected 'sgd', got 'adam'"),
        (False, True, "expected True, got False"),
        (np.array(["a", "c"]), np.array(["a", "b"]), "[1]: expected 'b', got 'c'"),
    ],
)
def test_a_wrong_word_is_told_with_both_words(got, expected, text):
    answer = found(got, expected)
    assert (answer.stage, answer.text) == (VALUE, text)
    assert answer.discreet.endswith("another value than expected")


@pytest.mark.parametrize(
    ("got", "expected", "discreet"),
    [
        (2.0, 3.0, "off by a factor of 0.67"),
        (-4.5, 3.0, "off by a factor of -1.5"),
        (1.00000001, 1.0, "off by about one part in 100000000"),
        (np.nan, 3.0, "got nan, expected a finite number"),
        (3.0, np.nan, "another value than expected"),
        (1e9, 3.0, "another value than expected"),
        (1.0, 0.0, "another value than expected"),
        (np.array([1, 5, 9]), np.array([1, 2, 3]), "first at [1]: off by a factor of 2.5, 2 of 3 entries differ"),
    ],
    ids=str,
)
def test_a_discreet_message_says_how_far_off_a_number_is_without_the_number(got, expected, discreet):
    assert found(got, expected).discreet == discreet


@pytest.mark.parametrize(
    ("got", "expected", "discreet"),
    [
        (7.125, "A", "expected a string, got a number"),
        ("7.125", 1.0, "expected a number, got a str"),
        (Foreign("x7125"), 1.0, "expected a number, got an object"),
        (None, 1.0, "expected a number, got None (is a `return` missing?)"),
        (np.zeros(7), np.zeros(3), "expected an array of shape (3,), got an array of another shape"),
        (torch.zeros(7), np.zeros(3), "expected an array of shape (3,), got a tensor"),
        ((1.0,) * 7, (1.0, 2.0), "expected 2 values, got a tuple of another length"),
        ({"7.125": 1.0}, {"m": 1.0}, "expected the keys m, got others"),
    ],
    ids=str,
)
def test_a_discreet_message_says_nothing_that_a_students_code_can_choose(got, expected, discreet):
    assert found(got, expected).discreet == discreet


@pytest.mark.parametrize(
    ("got", "expected", "text"),
    [
        (None, np.zeros(3), "expected an array of shape (3,), got None (is a `return` missing?)"),
        (None, 1.0, "expected a number, got None (is a `return` missing?)"),
        (None, torch.zeros(3), "expected a tensor of shape (3,), got None (is a `return` missing?)"),
        (np.zeros(3), torch.zeros(3), "expected a tensor of shape (3,), got an array of shape (3,)"),
        (torch.zeros(3), np.zeros(3), "expected an array of shape (3,), got a tensor of shape (3,)"),
        ([1.0, 2.0], np.zeros(2), "expected an array of shape (2,), got a list of 2 values"),
        (np.array(["a"]), np.zeros(1), "expected an array of shape (1,), got an array of strings of shape (1,)"),
        (np.array(["a"]), np.array("a"), "expected an array of strings of shape (), got an array of strings of shape (1,)"),
        (np.zeros(2), np.array(["a", "b"]), "expected an array of strings of shape (2,), got an array of shape (2,)"),
        (np.zeros((2, 3)), np.zeros((4, 3)), "expected an array of shape (4, 3), got an array of shape (2, 3)"),
        (0.0, np.zeros(3), "expected an array of shape (3,), got the number 0"),
        (np.zeros(3), 0.0, "expected a number, got an array of shape (3,)"),
        ("3", 3.0, "expected a number, got str '3'"),
        (np.zeros(2, "f4"), np.ones(2), "expected float64, got float32"),
        (len, 1.0, "expected a number, got an object of type builtin_function_or_method"),
        (Raised("ValueError"), 1.0, "expected a number, got an exception (ValueError)"),
        (1, True, "expected True or False, got the number 1"),
        (1.0, "A", "expected a string, got the number 1"),
        (True, "A", "expected a string, got bool True"),
        (0, None, "expected None, got the number 0"),
        (10**400, "A", "expected a string, got the number inf"),
        (np.zeros(2), (np.zeros(2), np.zeros(3)), "expected 2 values, got an array of shape (2,)"),
        ((1.0, 2.0, 3.0), (1.0, 2.0), "expected 2 values, got a tuple of 3 values"),
        ([1.0], {"m": 1.0, "v": 2.0}, "expected a dict with the keys m, v, got a list of 1 values"),
        ({"m": 1.0}, {"m": 1.0, "v": 2.0}, "expected the keys m, v, got m"),
        ({}, {"m": 1.0}, "expected the keys m, got none"),
        ((1.0, {"m": None}), (1.0, {"m": 1.0}), "[1]['m']: expected a number, got None (is a `return` missing?)"),
        (Foreign("Adam"), Foreign("Adam"), "expected plain data, got an object of type Adam"),
    ],
)  # fmt: skip
def test_a_wrong_type_or_shape_is_told_before_any_value(got, expected, text):
    answer = found(got, expected)
    assert (answer.stage, answer.text) == (CONTRACT, text)


@given(SIDES.filter(lambda shape: len(shape) == 1).flatmap(floats))
def test_right_values_in_a_row_of_a_matrix_are_recognised(right):
    for got in (right[None, :], right[:, None]):
        answer = found(got, right)
        assert (answer.stage, answer.likely) == (CONTRACT, "the values are right, only their shape is not")


@given(
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=4)
    .filter(lambda shape: shape[0] != shape[1])
    .flatmap(lambda shape: hnp.arrays("f8", shape, elements=st.integers(-99, 99), unique=True))
)
def test_a_transposed_matrix_is_recognised(right):
    answer = found(right.T.copy(), right)
    assert (answer.stage, answer.likely) == (CONTRACT, "you return the transpose of what is asked")


def test_wrong_values_of_the_wrong_shape_are_not_told_that_only_their_shape_is_wrong():
    right = np.arange(6.0).reshape(2, 3)
    for got in (right.T + 1, right.ravel() + 1, right[None] + 1, np.arange(4.0)):
        assert found(got, right).likely == ""


def test_numbers_that_differ_in_their_last_bit_are_shown_in_full():
    answer = difference(1.0000000000000002, 1.0, rtol=0, atol=0)
    assert answer.text == "expected 1.0, got 1.0000000000000002   (tolerance 0)"


@pytest.mark.parametrize("kind", ["f4", "f2"])
def test_lost_precision_is_told_as_such(kind):
    name = np.dtype(kind).name
    answer = found(np.array([0.1, 0.2], kind), np.array([0.1, 0.2]))
    assert answer.likely == f"your numbers have only the precision of {name}; the course computes in float64"
    assert found(np.array([0.1, 0.2]), np.array([0.1, 0.2], kind)).stage == VALUE, "more precision than asked for is no fault"


@pytest.mark.parametrize("wrap", [tuple, list, lambda parts: dict(zip("abc", parts, strict=True))], ids=["tuple", "list", "dict"])
def test_a_wrong_shape_in_a_later_part_is_told_before_a_wrong_value_in_an_earlier_one(wrap):
    right = wrap([np.ones(2), np.ones(3), np.ones(4)])
    answer = found(wrap([np.zeros(2), np.ones(2), np.zeros(4)]), right)
    assert answer.stage == CONTRACT
    assert answer.text.endswith("expected an array of shape (3,), got an array of shape (2,)")


def test_parts_are_called_by_their_names():
    right = (np.ones(2), np.ones(3), np.ones(4))
    assert found((np.ones(2), np.zeros(3), np.ones(4)), right, ("dx", "dw")).text.startswith("first at dw[0]: expected 1, got 0")
    assert found((np.ones(2), np.ones(3), np.zeros(4)), right, ("dx", "dw")).text.startswith("first at [2][0]: expected 1, got 0")
    assert found(None, right, ("dx", "dw", "db")).text == "expected 3 values (dx, dw, db), got None (is a `return` missing?)"


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ((1.0, 2.0), [1.0, 2.0]),
        (True, 1.0),
        (np.array(2.0), 2.0),
        (torch.tensor(2.0, dtype=torch.float64), 2.0),
        (2, 2.0),
        (np.str_("a"), "a"),
        (np.True_, True),
    ],
    ids=repr,
)
def test_another_way_to_write_the_right_value_is_right(got, expected):
    assert found(got, expected) is None


def test_the_first_difference_in_type_is_the_most_important_else_the_first():
    first, second, third = found(1.0, 2.0), found(None, 2.0), found((), 2.0)
    assert most_important([None, first, second, third]) is second
    assert most_important([None, first, None]) is first
    assert most_important([None]) is None


def test_a_long_string_is_cut_in_a_message():
    assert describe("x" * 500) == f"str {'x' * 60!r}"
    assert len(describe({str(key): key for key in range(100)})) < 80
