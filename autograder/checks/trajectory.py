"""The claims about the steps of an optimizer, one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.checks.collecting import UNKNOWN, Claim, equality, fixed, side_effect
from autograder.checks.compare import CONTRACT, Difference, describe, kind
from autograder.checks.plain import same, snapshot

WROTE_W = "the weights you were given as w changed: return a new array"
WROTE_G = "the array you were given as g changed: the caller still needs it"
WROTE_STATE = "the state you returned from step {} changed later: a step updated it in place, or shares it"


def claim_trajectory(
    add: Callable[[Claim], None],
    step: Callable[..., Any],
    start: tuple[Any, Any],
    gradients: Sequence[np.ndarray],
    claim: str,
    hyper: Mapping[str, Any],
    *,
    rtol: float,
    atol: float,
) -> None:
    """Take the steps, and claim of each that it is right, and of all that they wrote to nothing; stops at one that is no pair.

    Args:
        add: takes each claim as soon as it is made: a step may raise an exception.
        step: the student's function.
        start: the weights and the state before the first step.
        gradients: one a step.
        claim: what is demanded, in words.
        hyper: the step's hyper-parameters.
        rtol, atol: tolerance of the weights.
    """
    w, state = start
    written: list[str] = []
    earlier: list[tuple[int, Any, Any]] = []
    for number, gradient in enumerate(gradients, start=1):
        g, w_before = np.array(gradient), snapshot(w)
        result = step(w, g, state, **hyper)
        if not (isinstance(result, tuple) and len(result) == 2):
            add(_not_a_pair(f"step {number} of {claim}", snapshot(result)))
            return
        if not same(snapshot(w), w_before, 0, 0):
            written.append(WROTE_W)
        if not np.array_equal(g, gradient):
            written.append(WROTE_G)
        w, state = result
        add(equality(f"weights after step {number} of {claim}", w, UNKNOWN, rtol=rtol, atol=atol))
        earlier.append((number, state, snapshot(state)))
    changed = (number for number, returned, before in earlier[:-1] if not same(snapshot(returned), before, 0, 0))
    written += [WROTE_STATE.format(number) for number in changed]
    add(side_effect(f"{claim}: a step changes neither w, nor g, nor a state it returned before", written[:1]))


def _not_a_pair(text: str, observed: Any) -> Claim:
    begin = "expected the pair (w_new, state_new), got "
    return fixed(text, observed, Difference(CONTRACT, begin + describe(observed), begin + kind(observed)), CONTRACT)
