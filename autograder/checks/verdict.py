"""The record that one check leaves behind."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a check ended; all but `PASSED` and `COULD_NOT_CHECK` earn nothing."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    MEMORY = "memory"
    NOT_ATTEMPTED = "not_attempted"
    BLOCKED = "blocked"
    COULD_NOT_CHECK = "could_not_check"


EARNS = frozenset({State.PASSED, State.COULD_NOT_CHECK})
"""The states that cost the student nothing."""


@dataclass(frozen=True)
class Verdict:
    """One check of one exercise, decided.

    Attributes:
        exercise: `module/name`.
        check: `visible`, `hidden` or `question`.
        state: how it ended.
        points: earned.
        max_points: that could be earned.
        claim: what was demanded, in words.
        differs: what was found instead.
        likely: the misconception's sentence, or another probable cause.
        hint: what to try next.
        misconception: id of the wrong variant whose numbers these are, or "".
        stages: kinds of claims that were met before this one failed.
        seconds: wall time of the check.
        peak_memory: largest resident memory of the student's process so far, in bytes.
    """

    exercise: str
    check: str
    state: State
    points: float
    max_points: float
    claim: str = ""
    differs: str = ""
    likely: str = ""
    hint: str = ""
    misconception: str = ""
    stages: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_memory: int = 0

    @property
    def passed(self) -> bool:
        """Did the check cost the student nothing?"""
        return self.state in EARNS

    @property
    def cause(self) -> str:
        """Why points were lost, in one sentence; empty when none were."""
        if self.passed:
            return ""
        return self.likely or "; ".join(part for part in (self.claim, self.differs) if part)

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Verdict:
        """The verdict that `to_json` wrote."""
        return Verdict(**{**data, "state": State(data["state"]), "stages": tuple(data["stages"])})

    def measured(self, seconds: float, peak_memory: int) -> Verdict:
        """The same verdict with what it cost."""
        return replace(self, seconds=round(seconds, 4), peak_memory=peak_memory)
