"""Where a student's value first differs from the expected one, said in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.plain import TEXT, Foreign, Raised, as_array, is_number, is_tensor

CONTRACT, VALUE = "types and shapes", "values"


@dataclass(frozen=True)
class Difference:
    """One difference, the first that matters.

    Attributes:
        stage: the kind of claim that broke.
        text: what was expected and what came, with numbers.
        discreet: the same without any expected number, for hidden checks.
        likely: a probable cause that the values themselves give away, or "".
    """

    stage: str
    text: str
    discreet: str
    likely: str = ""


def difference(
    got: Any, expected: Any, *, rtol: float, atol: float, names: Sequence[str] = (), place: str = ""
) -> Difference | None:
    """The first difference between two snapshots, or None.

    Args:
        got: what the student's code gave.
        expected: what it should have given.
        rtol: relative tolerance, as in `numpy.isclose`.
        atol: absolute tolerance.
        names: what to call the parts, when `expected` is a tuple.
        place: where in a larger value this stands.
    """
    if isinstance(expected, (tuple, list)):
        return _sequence(got, expected, rtol, atol, names, place)
    if isinstance(expected, dict):
        return _mapping(got, expected, rtol, atol, place)
    if isinstance(expected, np.ndarray) and expected.dtype.kind == TEXT:
        if isinstance(got, np.ndarray) and got.dtype.kind == TEXT and got.shape == expected.shape:
            return difference(got.tolist(), expected.tolist(), rtol=rtol, atol=atol, place=place)
        return _contract(place, f"an array of strings of shape {expected.shape}", got)
    if isinstance(expected, np.ndarray) or is_tensor(expected) or is_number(expected):
        return _numbers(got, expected, rtol, atol, place)
    if isinstance(expected, Foreign):
        return _contract(place, "plain data", got)
    return None if type(got) is type(expected) and got == expected else _plain(got, expected, place)


def most_important(found: Iterable[Difference | None]) -> Difference | None:
    """Of the differences in the parts of a value the one to tell: the first in type or shape, else the first."""
    differences = [difference for difference in found if difference]
    return next((difference for difference in differences if difference.stage == CONTRACT), next(iter(differences), None))


def describe(value: Any) -> str:
    """A value's type in the words of a student."""
    if isinstance(value, Raised):
        return f"an exception ({value.type_name})"
    if isinstance(value, Foreign):
        return f"an object of type {value.type_name}"
    if value is None:
        return "None (is a `return` missing?)"
    if is_tensor(value):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array {'of strings ' if value.dtype.kind == TEXT else ''}of shape {value.shape}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)} values"
    if is_number(value):
        return f"the number {as_array(value)[()]:.6g}"
    return f"{type(value).__name__} {str(value)[:60]!r}" if isinstance(value, str) else f"{type(value).__name__} {value!s:.60}"


def kind(value: Any) -> str:
    """A value's type, without a number, a length or a name in which a student's code could hide what it saw in a hidden check."""
    if value is None or isinstance(value, bool):
        return describe(value)
    if is_number(value):
        return "a number"
    if isinstance(value, Foreign):
        return "an object"
    return "a tensor" if is_tensor(value) else "an array" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"


def _contract(place: str, demanded: str, got: Any, likely: str = "", *, other: str = "") -> Difference:
    start = f"{_at(place)}expected {demanded}, got "
    return Difference(CONTRACT, start + describe(got), start + kind(got) + other, likely)


def _plain(got: Any, expected: Any, place: str) -> Difference:
    if type(got) is not type(expected):
        return _contract(
            place, {bool: "True or False", str: "a string", type(None): "None"}.get(type(expected), "another type"), got
        )
    return Difference(VALUE, f"{_at(place)}expected {expected!r}, got {got!r}", f"{_at(place)}another value than expected")


def _sequence(got: Any, expected: Any, rtol: float, atol: float, names: Sequence[str], place: str) -> Difference | None:
    if not isinstance(got, (tuple, list)):
        parts = f" ({', '.join(names)})" if names else ""
        return _contract(place, f"{len(expected)} values{parts}", got)
    if len(got) != len(expected):
        return _contract(place, f"{len(expected)} values", got, other=" of another length")
    found = []
    for index, (mine, right) in enumerate(zip(got, expected, strict=True)):
        part = names[index] if index < len(names) else f"{place}[{index}]"
        found.append(difference(mine, right, rtol=rtol, atol=atol, place=part))
    return most_important(found)


def _mapping(got: Any, expected: dict[Any, Any], rtol: float, atol: float, place: str) -> Difference | None:
    if not isinstance(got, dict):
        return _contract(place, f"a dict with the keys {_keys(expected)}", got)
    if got.keys() != expected.keys():
        start = f"{_at(place)}expected the keys {_keys(expected)}, got "
        return Difference(CONTRACT, start + _keys(got), f"{start}others")
    places = {key: f"{place}[{key!r}]" for key in expected}
    return most_important(difference(got[key], expected[key], rtol=rtol, atol=atol, place=places[key]) for key in expected)


def _keys(mapping: dict[Any, Any]) -> str:
    return ", ".join(map(str, mapping)) or "none"


def _numbers(got: Any, expected: Any, rtol: float, atol: float, place: str) -> Difference | None:
    right = as_array(expected)
    whole = "a number" if right.ndim == 0 else f"{'a tensor' if is_tensor(expected) else 'an array'} of shape {right.shape}"
    if not (isinstance(got, np.ndarray) or is_tensor(got) or is_number(got) or isinstance(got, (bool, np.bool_))):
        return _contract(place, whole, got)
    if is_tensor(expected) != is_tensor(got) and right.ndim:
        return _contract(place, whole, got)
    mine = as_array(got)
    if mine.dtype.kind not in "biufc":
        return _contract(place, whole, got)
    if mine.shape != right.shape:
        return _contract(place, whole, got, _shape_cause(mine, right, rtol, atol), other=" of another shape")
    if right.dtype.kind in "fc" and mine.dtype.kind in "fc" and mine.dtype.itemsize < right.dtype.itemsize:
        text = f"{_at(place)}expected {right.dtype}, got {mine.dtype}"
        return Difference(
            CONTRACT, text, text, f"your numbers have only the precision of {mine.dtype}; the course computes in {right.dtype}"
        )
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(mine, right, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return _entry(mine[index], right[index], index, int(wrong.sum()), mine.size, place, rtol)


def _entry(mine: Any, right: Any, index: tuple[int, ...], wrong: int, size: int, place: str, rtol: float) -> Difference:
    where = f"first at {place}[{', '.join(map(str, index))}]: " if index else _at(place)
    many = f", {wrong} of {size} entries differ" if size > 1 and wrong > 1 else ""
    text = f"{where}expected {_shown(right, mine)}, got {_shown(mine, right)}{many}   (tolerance {rtol:g})"
    with np.errstate(all="ignore"):
        ratio = np.true_divide(mine, right)
    if not np.isfinite(mine) and np.isfinite(right):
        discreet = f"{where}got {mine}, expected a finite number"
    elif mine.imag == 0 and 1e-3 < abs(ratio) < 1e3:
        discreet = f"{where}off by {_factor(float(np.real(ratio)))}{many}"
    else:
        discreet = f"{where}another value than expected{many}"
    return Difference(VALUE, text, discreet)


def _factor(ratio: float) -> str:
    """A ratio, but never so exactly that the right number could be found by handing in better and better guesses."""
    if f"{ratio:.2g}" != "1":
        return f"a factor of {ratio:.2g}"
    return f"about one part in {10 ** -round(math.log10(abs(ratio - 1)))}" if ratio != 1 else "very little"


def _shown(number: Any, other: Any) -> str:
    """A number with just enough digits to differ from the other one."""
    if isinstance(number, (np.bool_, np.integer)):
        return str(number)
    for digits in range(6, 17):
        text = f"{number:.{digits}g}"
        if text != f"{other:.{digits}g}":
            return text
    return repr(number.item())


def _shape_cause(mine: np.ndarray, right: np.ndarray, rtol: float, atol: float) -> str:
    if mine.size != right.size:
        return ""
    with np.errstate(all="ignore"):
        if np.allclose(mine.ravel(), right.ravel(), rtol=rtol, atol=atol, equal_nan=True):
            return "the values are right, only their shape is not"
        if mine.ndim == 2 and mine.T.shape == right.shape and np.allclose(mine.T, right, rtol=rtol, atol=atol, equal_nan=True):
            return "you return the transpose of what is asked"
    return ""


def _at(place: str) -> str:
    return f"{place}: " if place else ""
