"""A student's cells, run in a process of their own, and again without a cell that ended it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from autograder.checks.verdict import State
from autograder.grading.settings import Patience
from autograder.grading.submitted import Submitted
from autograder.notebooks.model import Notebook, role
from autograder.sandbox import received
from autograder.sandbox.errors import SandboxGone, SandboxTimeout
from autograder.sandbox.pool import Template
from autograder.sandbox.process import Sandbox


class Spent(Exception):
    """The notebook has had all the time there is for it."""


@dataclass
class Attempt:
    """One student's process and what happened in it.

    Attributes:
        sandbox: the process.
        errors: the exceptions that ended cells, by the cell's id.
    """

    sandbox: Sandbox
    errors: dict[str, dict[str, Any]] = field(default_factory=dict)


class StudentRun:
    """The processes in which one notebook is run, one after another.

    Attributes:
        with_demos: are the demos run as well?
        broken: how the cells that ended a process did it, by id; they are not run again.
        outputs: what the cells showed when they were first run, by id.
        undefined: names that the student's code missed.
        isolation: level of isolation of the last process.
        end: `time.monotonic()` at which there is no time left for this notebook.
    """

    def __init__(self, notebook: Notebook, submitted: Submitted, template: Template, patience: Patience) -> None:
        self._notebook = notebook
        self._cells = submitted.cells
        self._template = template
        self._patience = patience
        self._attempt: Attempt | None = None
        self._room = received.MAX_SHOWN
        self.with_demos = False
        self.broken: dict[str, State] = {}
        self.outputs: dict[str, list[dict[str, Any]]] = {}
        self.undefined: set[str] = set()
        self.isolation = ""
        self.end = time.monotonic() + patience.notebook

    def attempt(self) -> Attempt:
        """A process in which the student's cells have been run, but for those that would end it; the same one while it lives.

        Raises:
            Spent: there is no time left.
        """
        if self._attempt is None or not self._attempt.sandbox.alive:
            self._attempt = self._start()
        return self._attempt

    def close(self) -> None:
        """End the process; the next attempt starts another."""
        if self._attempt is not None:
            self._attempt.sandbox.close()
        self._attempt = None

    def _start(self) -> Attempt:
        while time.monotonic() < self.end:
            attempt = Attempt(self._template.fork())
            self.isolation = attempt.sandbox.isolation.level
            for source in self._notebook.setup:
                attempt.sandbox.deadline = time.monotonic() + self._patience.cell
                attempt.sandbox.run_setup(source)
            if all(self._run_cell(attempt, cell) for cell in self._cells if self._runs(cell)):
                return attempt
        raise Spent

    def _runs(self, cell: Any) -> bool:
        kinds = ("exercise", "question", "extra", "demo", "predict") if self.with_demos else ("exercise", "question", "extra")
        return role(cell) in kinds and cell.id not in self.broken and bool(cell.source.strip())

    def _run_cell(self, attempt: Attempt, cell: Any) -> bool:
        """Run a cell; say whether the process has outlived it."""
        attempt.sandbox.deadline = min(time.monotonic() + self._patience.cell, self.end)
        try:
            result = attempt.sandbox.run_cell(cell.source)
        except SandboxGone as gone:
            self.broken[cell.id] = ending(gone, attempt.sandbox)
            return False
        except Exception:  # an answer that only a tampered process gives
            attempt.sandbox.close()
            self.broken[cell.id] = State.CRASHED
            return False
        if cell.id not in self.outputs and self._room > 0:
            self.outputs[cell.id] = result.outputs
            self._room -= sum(map(received.size, result.outputs))
        self.undefined |= attempt.sandbox.undefined
        if result.error:
            attempt.errors[cell.id] = result.error
        return True


def ending(gone: SandboxGone, sandbox: Sandbox) -> State:
    """The state of a check or cell during which a process ended."""
    status = sandbox.close()
    if isinstance(gone, SandboxTimeout):
        return State.TIMEOUT
    return State.MEMORY if status == -9 else State.CRASHED
