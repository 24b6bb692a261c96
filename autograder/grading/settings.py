"""How to grade."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.sandbox.isolation import Limits


@dataclass(frozen=True)
class Patience:
    """Seconds that a student's code may take.

    Attributes:
        cell: one cell.
        check: one check.
        judging: what this process itself may spend on one check's answers, beyond that.
        notebook: everything together, with what has to be run again after a crash.
    """

    cell: float = 20.0
    check: float = 10.0
    judging: float = 10.0
    notebook: float = 600.0


@dataclass(frozen=True)
class Settings:
    """How to grade.

    Attributes:
        workers: parallel processes.
        patience: seconds that students' code may take.
        limits: what one student's process may use.
        isolate: False runs students' code unisolated.
        force: grade again what has not changed.
    """

    workers: int = 0
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)
    isolate: bool = True
    force: bool = False
