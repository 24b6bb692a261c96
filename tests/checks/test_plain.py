"""Copies, comparison and recording of what a check observes."""

import copy
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.compare import difference
from autograder.checks.plain import Foreign, Raised, as_array, from_json, same, snapshot, to_json
from tests.strategies import PLAIN, arrays


class EqualToEverything:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 1


def scribble(value):
    """Write into everything in a value that can be written to."""
    if isinstance(value, list):
        for item in value:
            scribble(item)
        value.append("scribble")
    elif isinstance(value, dict):
        for item in value.values():
            scribble(item)
        value["scribble"] = 1
    elif isinstance(value, tuple):
        for item in value:
            scribble(item)
    elif isinstance(value, np.ndarray):
        value[...] = np.array(not value.astype(bool).any()).astype(value.dtype)
    elif isinstance(value, torch.Tensor):
        value.fill_(not value.bool().any())


@given(PLAIN)
def test_a_later_write_never_reaches_a_snapshot(value):
    before = copy.deepcopy(value)
    kept = snapshot(value)
    scribble(value)
    assert same(kept, snapshot(before), 0, 0)


@given(PLAIN)
def test_a_snapshot_of_a_snapshot_is_the_same(value):
    once = snapshot(value)
    assert same(snapshot(once), once, 0, 0)


@given(PLAIN)
def test_every_plain_value_is_the_same_as_itself(value):
    assert same(snapshot(value), snapshot(copy.deepcopy(value)), 0, 0)


@given(PLAIN, PLAIN)
def test_same_does_not_depend_on_the_order(left, right):
    left, right = snapshot(left), snapshot(right)
    assert same(left, right) == same(right, left)


@given(st.floats(1e-3, 1e3), st.floats(-2e-9, 2e-9))
def test_same_does_not_depend_on_the_order_at_the_edge_of_the_tolerance(number, relative):
    other = number * (1 + relative)
    assert same(number, other) == same(other, number)
    assert same(np.array([number]), np.array([other])) == same(np.array([other]), np.array([number])) == same(number, other)


@given(PLAIN, PLAIN)
def test_what_the_comparison_accepts_is_the_same_so_that_misconceptions_are_recognised(got, expected):
    got, expected = snapshot(got), snapshot(expected)
    if difference(got, expected, rtol=1e-9, atol=1e-12) is None:
        assert same(counted(got), counted(expected))


def counted(value):
    """A value with True as 1 and False as 0, as the comparison alone takes them."""
    if isinstance(value, (list, tuple)):
        return [counted(item) for item in value]
    if isinstance(value, dict):
        return {key: counted(item) for key, item in value.items()}
    is_truth = isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")
    return value * 1 if is_truth else value


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (True, 1),
        (np.bool_(True), 1.0),
        (False, 0.0),
        (np.zeros((2, 1)), np.zeros(2)),
        (np.zeros((0, 2)), np.zeros((2, 0))),
        (np.zeros(1), 0.0),
        ([1, 2], [1, 2, 3]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, [("a", 1)]),
        (np.zeros(2), torch.zeros(2)),
        (np.zeros(2), [0.0, 0.0]),
        (None, 0),
        ("1", 1),
        (np.array(["1"]), np.array([1])),
        (Raised("ValueError"), Raised("TypeError")),
        (Raised("ValueError"), "ValueError"),
        (1.0, 1.0 + 1e-6),
        (np.nan, np.inf),
        (np.array([np.nan, 1.0]), np.array([1.0, np.nan])),
    ],
    ids=repr,
)
def test_different_things_are_not_the_same(left, right):
    left, right = snapshot(left), snapshot(right)
    assert not same(left, right)
    assert not same(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (np.nan, np.nan),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])),
        (torch.tensor([np.nan]), torch.tensor([np.nan])),
        (1, 1.0),
        (np.float32(0.5), 0.5),
        (np.array(3.0), 3.0),
        (torch.tensor(3.0), 3.0),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        ((1, 2), [1, 2]),
        ({np.int64(3): 1.0, (np.int64(1), "a"): 2.0}, {3: 1.0, (1, "a"): 2.0}),
        (10**400, 10**400),
        (10**30, float(10**30)),
        (torch.tensor([1.5], dtype=torch.bfloat16), torch.tensor([1.5])),
        (0.0, 1e-13),
    ],
    ids=repr,
)
def test_two_ways_to_write_one_value_are_the_same(left, right):
    assert same(snapshot(left), snapshot(right))


@given(PLAIN)
def test_an_object_that_claims_to_be_equal_to_everything_is_the_same_as_nothing(value):
    liar, value = EqualToEverything(), snapshot(value)
    assert not same(snapshot(liar), value)
    assert not same(value, snapshot(liar))
    assert not same(snapshot([liar]), [value])
    assert not same(snapshot({1: value, "k": liar}), {1: value, "k": value})


@pytest.mark.parametrize(
    "key", [EqualToEverything(), (EqualToEverything(),), ((EqualToEverything(),),)], ids=["bare", "tuple", "nested"]
)
def test_a_key_that_claims_to_be_equal_to_everything_is_no_key(key):
    stolen = {1: "right", (1,): "right", ((1,),): "right"}
    assert not any(snapshot({key: "right"}).keys() == {wanted: 0}.keys() for wanted in stolen)


@pytest.mark.parametrize("base", [int, float, str])
def test_a_number_or_string_of_a_class_of_its_own_is_foreign(base):
    own = type("Own", (base,), {"__eq__": lambda self, other: True, "__hash__": lambda self: 1})
    assert snapshot(own("1")) == Foreign("Own")


@pytest.mark.parametrize("base", [list, dict, np.ndarray])
def test_a_container_of_a_class_of_its_own_is_seen_as_the_plain_one(base):
    own = type("Own", (base,), {"__eq__": lambda self, other: True})
    made = np.zeros(2).view(own) if base is np.ndarray else own()
    assert type(snapshot(made)) is base


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.array([object()]), "array of object"),
        (np.zeros(1, "i4,f8"), "array of [('f0', '<i4'), ('f1', '<f8')]"),
        (np.datetime64("2020-01-01"), "datetime64"),
        (b"bytes", "bytes"),
        ({1, 2}, "set"),
        (len, "builtin_function_or_method"),
    ],
    ids=["array of objects", "structured array", "date", "bytes", "set", "function"],
)
def test_what_is_not_plain_is_only_a_name(value, name):
    assert snapshot(value) == Foreign(name)


@given(PLAIN)
def test_a_recorded_value_comes_back_within_twelve_digits(value):
    value = snapshot(value)
    again = from_json(json.loads(json.dumps(to_json(value))))
    assert same(again, value, rtol=1e-11, atol=0)


@given(arrays())
def test_a_recorded_array_keeps_its_type_and_shape(array):
    again = from_json(json.loads(json.dumps(to_json(array))))
    assert (again.dtype, again.shape) == (array.dtype, array.shape)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_recorded_number_has_more_than_twelve_digits(number):
    assert to_json(number) in (float(f"{number:.12g}"), float(round(number)))


@pytest.mark.parametrize("value", [Raised("ValueError"), Foreign("Adam"), (), [], {}, np.longdouble(1) / 3], ids=repr)
def test_what_else_a_check_observes_can_be_recorded(value):
    again = from_json(json.loads(json.dumps(to_json(value))))
    assert type(again) is type(value) or isinstance(again, float)
    assert same(again, value)


def test_what_cannot_be_recorded_is_named():
    with pytest.raises(TypeError, match="a check can record plain data only, not set"):
        to_json({1})


@pytest.mark.parametrize(
    ("number", "array"), [(2**70, float(2**70)), (10**400, np.inf), (-(10**400), -np.inf)], ids=["large", "huge", "minus"]
)
def test_an_integer_too_large_for_numpy_is_still_a_number(number, array):
    assert as_array(number) == array
