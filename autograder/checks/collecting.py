"""A claim, and what collects the claims of one run of a check cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checks.compare import VALUE, Difference, difference
from autograder.checks.plain import snapshot

PROPERTY, SIDE_EFFECT = "properties", "side effects"

UNKNOWN: Any = type("Unknown", (), {"__repr__": lambda self: "UNKNOWN"})()
"""Stands for an expected value that nobody has recorded."""

Judge = Callable[[Any], Difference | None]


@dataclass(frozen=True)
class Claim:
    """One claim: its words, what was observed, and how to hold that against the expected observation."""

    text: str
    got: Any
    judge: Judge
    stage: str
    hint: str = ""


@dataclass
class Collector:
    """Collects the claims of one run of one check cell.

    Attributes:
        exercise: `module/name`.
        generator: what `check.rng` gives; None in a visible check.
        marks_answers: are answers to questions held against the right ones (grading), or only their form (live)?
        sources: for each name of an exercise, the text of the cell that defines it.
        starting_point: the text that the student's cell had at the start.
        beside: carries a scenario to where the student's objects are; None when they are here.
        claims: what has been claimed so far.
    """

    exercise: str
    generator: np.random.Generator | None = None
    marks_answers: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)
    starting_point: str = ""
    beside: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None
    claims: list[Claim] = field(default_factory=list)


def equality(text: str, got: Any, expected: Any, hint: str = "", *, rtol: float, atol: float, names: Sequence[str] = ()) -> Claim:
    """The claim that `got` is the reference's value, or `expected` where that is not `UNKNOWN`."""
    given = snapshot(expected) if expected is not UNKNOWN else UNKNOWN

    def judge(recorded: Any) -> Difference | None:
        right = recorded if given is UNKNOWN else given
        return None if right is UNKNOWN else difference(observed, right, rtol=rtol, atol=atol, names=names)

    observed = snapshot(got)
    return Claim(text, observed, judge, VALUE, hint)


def fixed(text: str, observed: Any, found: Difference | None, stage: str, hint: str = "") -> Claim:
    """A claim that is decided already, whatever the reference gives."""
    return Claim(text, observed, lambda _: found, stage, hint)


def side_effect(text: str, problems: Sequence[str], observed: Any = None) -> Claim:
    """The claim that nothing was written to; `problems` says what was."""
    found = Difference(SIDE_EFFECT, problems[0], problems[0]) if problems else None
    return fixed(text, observed if problems else True, found, SIDE_EFFECT)
