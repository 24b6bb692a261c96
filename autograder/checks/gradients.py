"""Gradients by central differences, and when two gradients agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.checks.collecting import UNKNOWN, Judge
from autograder.checks.compare import CONTRACT, Difference, difference, most_important
from autograder.checks.plain import as_array, is_tensor

GRADIENT = "gradients"
RELATIVE_ERROR = 1e-6
STEP = 1e-5
"""Best step of a central difference in float64: rounding and truncation error meet near the cube root of the machine epsilon."""


def numeric_gradients(
    forward: Callable[..., Any], arguments: tuple[Any, ...], positions: Sequence[int], upstream: np.ndarray | None
) -> tuple[np.ndarray, ...]:
    """Central differences of `sum(forward(*arguments) * upstream)`.

    Args:
        forward: the function; called twice for each entry.
        arguments: all its arguments; those at `positions` are float64 arrays or numbers.
        positions: which arguments to differentiate with respect to.
        upstream: weights of the output's entries; None when the output is a scalar.

    Returns:
        For each position an array of that argument's shape.
    """

    def output(changed: tuple[Any, ...]) -> np.ndarray:
        return as_array(forward(*changed)).astype(np.float64)

    gradients = []
    for position in positions:
        point = np.array(arguments[position], dtype=np.float64)
        gradient = np.zeros_like(point)
        for index in np.ndindex(point.shape):
            values = []
            for step in (STEP, -STEP):
                moved = point.copy()
                moved[index] += step
                argument = moved if isinstance(arguments[position], np.ndarray) else float(moved)
                values.append(output((*arguments[:position], argument, *arguments[position + 1 :])))
            change = values[0] - values[1]  # first of each output: those that do not change cancel without rounding
            gradient[index] = (float(change) if upstream is None else np.sum(change * upstream)) / (2 * STEP)
        gradients.append(gradient)
    return tuple(gradients)


def gradient_difference(got: Any, expected: Any, names: Sequence[str]) -> Difference | None:
    """The first difference between two gradients: shapes exactly, values to a relative error of `RELATIVE_ERROR`.

    The error of an entry is measured against the largest entry of its array, so that a tiny entry does not fail on rounding alone.
    """
    parts = [(got, expected, "")]
    if isinstance(got, (tuple, list)) and isinstance(expected, (tuple, list)) and len(got) == len(expected):
        places = [*names, *(f"[{index}]" for index in range(len(names), len(expected)))]
        parts = list(zip(got, expected, places, strict=False))
    found = most_important(
        difference(mine, right, rtol=RELATIVE_ERROR, atol=RELATIVE_ERROR * _scale(right), names=names, place=place)
        for mine, right, place in parts
    )
    return found if found is None or found.stage == CONTRACT else Difference(GRADIENT, found.text, found.discreet, found.likely)


def gradient_judge(observed: Any, numeric: Callable[[], Any], names: Sequence[str]) -> Judge:
    """Holds a gradient against the reference's, or, where nobody knows that, against central differences.

    Args:
        observed: the student's gradient.
        numeric: gives the central differences of the student's forward pass.
        names: what to call the parts of a tuple.
    """

    def judge(recorded: Any) -> Difference | None:
        if recorded is UNKNOWN:
            return gradient_difference(observed, numeric(), names)
        wrong = gradient_difference(observed, recorded, names)
        if wrong is None or wrong.stage == CONTRACT:
            return wrong
        return _own_forward(wrong, observed, numeric, names)

    return judge


def _own_forward(wrong: Difference, observed: Any, numeric: Callable[[], Any], names: Sequence[str]) -> Difference:
    """Tell a student whose backward pass is right for their own wrong forward pass."""
    try:
        consistent = gradient_difference(observed, numeric(), names) is None
    except Exception:  # a forward pass that cannot be called has no gradient to compare with
        return wrong
    if not consistent:
        return wrong
    return Difference(
        GRADIENT,
        wrong.text,
        wrong.discreet,
        "your backward pass is the right gradient of your own forward pass: look for the mistake in the forward pass",
    )


def _scale(value: Any) -> float:
    if not (isinstance(value, np.ndarray) or is_tensor(value)):
        return 1e-2
    numbers = np.abs(as_array(value).astype(np.float64))
    return float(np.max(numbers[np.isfinite(numbers)], initial=0.0)) * 1e-2 + 1e-6
