"""From the claims of a run to a verdict with a cause."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.checks.collecting import PROPERTY, SIDE_EFFECT, UNKNOWN, Claim
from autograder.checks.compare import CONTRACT, VALUE, Difference
from autograder.checks.gradients import GRADIENT
from autograder.checks.plain import as_array, is_number, same
from autograder.checks.running import Run, StudentError
from autograder.checks.verdict import State, Verdict

NOT_ATTEMPTED = "the stub is still in place: this exercise is waiting for you"
UNANSWERED = "there is no answer yet: this question is waiting for you"

EXACT, BETWEEN_MACHINES = (1e-9, 1e-12), (1e-6, 1e-9)
"""Relative and absolute tolerances: of a machine with itself, and of numbers in float32 with those of another processor."""

ORDER = (CONTRACT, VALUE, GRADIENT, PROPERTY, SIDE_EFFECT)


@dataclass(frozen=True)
class Fingerprint:
    """What a check observes of one wrong variant: the numbers by which its misconception is recognised."""

    id: str
    says: str
    hint: str
    observations: tuple[Any, ...]


def judge(
    run: Run,
    expected: Sequence[Any] | None,
    fingerprints: Callable[[], Iterable[Fingerprint]],
    blank: Verdict,
    *,
    discreet: bool = False,
) -> Verdict:
    """Decide a run.

    Args:
        run: the student's run of the check.
        expected: the reference's observations on the same inputs; None when nobody knows them.
        fingerprints: gives the wrong variants' observations on the same inputs; asked for one after another, and only when the
            check fails.
        blank: exercise, check and points.
        discreet: leave every expected number out of the message (hidden checks).
    """
    verdict = _first_failure(run, expected, blank, discreet)
    if verdict.state in (State.PASSED, State.NOT_ATTEMPTED):
        return verdict
    named = recognise(run.observations, expected or (), fingerprints())
    if named is None:
        return verdict
    return replace(verdict, likely=named.says, hint=named.hint or verdict.hint, misconception=named.id)


def recognise(observations: Sequence[Any], expected: Sequence[Any], fingerprints: Iterable[Fingerprint]) -> Fingerprint | None:
    """The misconception whose numbers these are: it deviates from the reference where they do, and agrees with them longest.

    Numbers recorded on another machine differ a little: of those that agree for equally long, the most exact one is meant, then
    the one whose next number is nearest.
    """
    tolerance = BETWEEN_MACHINES
    start = first_deviation(observations, expected, *tolerance)
    if start == len(observations):
        tolerance = EXACT
        start = first_deviation(observations, expected, *tolerance)
    if start == len(observations):  # nothing that was seen is wrong
        return None
    best, best_rank = None, (start, 0, 0.0)
    for fingerprint in fingerprints:
        theirs = fingerprint.observations
        agreement = first_deviation(observations, theirs, *tolerance)
        if agreement == start or first_deviation(theirs, expected, *tolerance) != start:
            continue
        exact = first_deviation(observations, theirs, *EXACT)
        rank = (agreement, exact, -_distance(observations[agreement:], theirs[agreement:]))
        if rank > best_rank:
            best, best_rank = fingerprint, rank
        if exact == len(observations):  # none can agree for longer, and each of the others costs a run of the check
            break
    return best


def _distance(left: Sequence[Any], right: Sequence[Any]) -> float:
    """How far apart the first observations are, where they are numbers."""
    if left and right and is_number(left[0]) and is_number(right[0]):
        return abs(complex(as_array(left[0]).item()) - complex(as_array(right[0]).item()))
    return math.inf


def first_deviation(left: Sequence[Any], right: Sequence[Any], rtol: float = 1e-9, atol: float = 1e-12) -> int:
    """Index of the first observation in which two runs differ, or the length of the shorter."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if not same(a, b, rtol, atol):
            return index
    return min(len(left), len(right))


def _first_failure(run: Run, expected: Sequence[Any] | None, blank: Verdict, discreet: bool) -> Verdict:
    stages: list[str] = []
    for index, claim in enumerate(run.claims):
        found = _held_against(claim, expected[index] if expected is not None and index < len(expected) else UNKNOWN)
        if found:
            likely = found.likely
            text = found.discreet if discreet else found.text
            met = stages + ([CONTRACT] if found.stage in (VALUE, GRADIENT) else [])
            shown = tuple(dict.fromkeys(stage for stage in sorted(met, key=ORDER.index) if stage != found.stage))
            return replace(blank, state=State.FAILED, claim=claim.text, differs=text, likely=likely, hint=claim.hint, stages=shown)
        stages += [CONTRACT, claim.stage] if claim.stage in (VALUE, GRADIENT) else [claim.stage]
    if run.error:
        return _raised(run.error, blank, discreet)
    if expected is not None and len(run.claims) != len(expected):
        differs = f"the check looks at {len(expected)} results, your code gave it {len(run.claims)}"
        return replace(blank, state=State.FAILED, claim="your code returns as much as is asked for", differs=differs)
    return replace(blank, state=State.PASSED, points=blank.max_points)


def _held_against(claim: Claim, right: Any) -> Difference | None:
    try:
        return claim.judge(right)
    except Exception as error:  # a value so odd that it cannot even be compared is a wrong value
        text = f"what your code gives cannot be compared with what is right ({type(error).__name__})"
        return Difference(CONTRACT, text, text)


def _raised(error: StudentError, blank: Verdict, discreet: bool) -> Verdict:
    if error.type_name == "NotImplementedError":
        claim = UNANSWERED if blank.check.startswith("question") else NOT_ATTEMPTED
        return replace(blank, state=State.NOT_ATTEMPTED, claim=claim)
    state = State.MEMORY if error.type_name == "MemoryError" else State.ERROR
    what = f"{error.type_name}: {error.message}" if error.message else error.type_name
    claim = "your code runs on inputs that you do not see" if discreet else error.statement
    if error.where:
        claim = claim if discreet else "your code runs on the inputs of this check"
        return replace(
            blank, state=state, claim=claim, differs=f"your code raised {what}", likely="", hint=f"look at {error.where}"
        )
    if error.type_name == "NameError":
        return replace(
            blank, state=state, claim=claim, differs=f"{what}: run the cell that defines it, or give the name back that it had"
        )
    return replace(blank, state=state, claim=claim, differs=f"the check could not use what your code returned ({what})")
