"""What grading gives: the verdicts, and what is needed to show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from autograder.checks.verdict import Verdict


@dataclass(frozen=True)
class Result:
    """One graded notebook.

    Attributes:
        unit: its folder's name.
        notebook: its name.
        verdicts: one a check, by nbgrader's name of the check's cell, in order.
        outputs: what the student's cells showed, by cell id.
        repairs: what had to be put right before it could be graded.
        isolation: level of isolation that was in force while it ran.
        seconds: wall time.
        refused: why it could not be graded at all, or "".
    """

    unit: str
    notebook: str
    verdicts: dict[str, Verdict]
    outputs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    repairs: tuple[str, ...] = ()
    isolation: str = ""
    seconds: float = 0.0
    refused: str = ""

    @property
    def points(self) -> float:
        """Points earned."""
        return sum(verdict.points for verdict in self.verdicts.values())

    @property
    def max_points(self) -> float:
        """Points that could be earned."""
        return sum(verdict.max_points for verdict in self.verdicts.values())

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Result:
        """The result that `to_json` wrote."""
        verdicts = {name: Verdict.from_json(verdict) for name, verdict in data["verdicts"].items()}
        return Result(**{**data, "verdicts": verdicts, "repairs": tuple(data["repairs"])})


@dataclass(frozen=True)
class Graded:
    """One student's graded unit.

    Attributes:
        student: name of the folder in `submitted/`.
        results: of the unit's notebooks, in order.
        aligned: the notebooks that were graded, in the same order.
        reused: was nothing run, because nothing had changed?
    """

    student: str
    results: tuple[Result, ...]
    aligned: tuple[Any, ...]
    reused: bool
