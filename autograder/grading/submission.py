"""Grading one notebook: the student's cells run in their own process, the checks run here."""

from __future__ import annotations

import ast
import functools
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.checks.compare import describe
from autograder.checks.judging import Fingerprint, judge
from autograder.checks.plain import snapshot
from autograder.checks.running import run
from autograder.checks.source import UNPARSABLE
from autograder.checks.verdict import State, Verdict
from autograder.grading.reference import BrokenCheck, Reference, quiet
from autograder.grading.result import Result
from autograder.grading.watch import Watch
from autograder.notebooks.aligning import Aligned, is_untouched
from autograder.notebooks.model import CheckCell, Exercise, Notebook, defined_names, grade_id, role
from autograder.sandbox import received
from autograder.sandbox.errors import SandboxGone, SandboxTimeout
from autograder.sandbox.pool import NotIsolated, Template
from autograder.sandbox.process import Sandbox
from autograder.sandbox.remote import Remote
from autograder.sandbox.waiting import STRETCH


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


@dataclass
class _Attempt:
    """One student's process and what happened in it."""

    sandbox: Sandbox
    errors: dict[str, dict[str, Any]] = field(default_factory=dict)


class Grader:
    """Grades submissions of one notebook.

    Args:
        reference: the instructor's notebook with its answers.
        template: the warm process that students' processes are forked from.
        patience: how long students' code may take.
    """

    def __init__(self, reference: Reference, template: Template, patience: Patience | None = None) -> None:
        self.reference = reference
        self.template = template
        self.patience = patience or Patience()

    def grade(self, aligned: Aligned) -> Result:
        """Grade one aligned submission."""
        return _Grading(self, aligned).result()


def refuse(notebook: Notebook, why: str) -> Result:
    """The result of a submission that cannot be read: every check scores 0 and says why."""
    reason = received.words(why, MAX_WORDS)
    verdicts = {
        check.grade_id: replace(blank(check), state=State.NOT_ATTEMPTED, claim="nothing could be graded", differs=reason)
        for check in notebook.checks
    }
    return Result(notebook.unit, notebook.name, verdicts, refused=reason)


def blank(check: CheckCell) -> Verdict:
    """A check's verdict before it is decided."""
    return Verdict(check.header.exercise, check.header.name, State.FAILED, 0.0, check.header.points)


class _Grading:
    def __init__(self, grader: Grader, aligned: Aligned) -> None:
        self.reference = grader.reference
        self.notebook = grader.reference.notebook
        self.template = grader.template
        self.patience = grader.patience
        self.aligned = aligned
        self.cells = [cell for cell in aligned.nodes.cells if cell.cell_type == "code"]
        self.sources = {grade_id(cell): cell.source for cell in self.cells if role(cell) in ("exercise", "question")}
        self.with_demos = False
        self.broken: dict[str, State] = {}
        self.outputs: dict[str, list[dict[str, Any]]] = {}
        self.room = received.MAX_SHOWN
        self.undefined: set[str] = set()
        self.isolation = ""
        self.attempt: _Attempt | None = None
        self.end = time.monotonic() + self.patience.notebook

    def result(self) -> Result:
        started = time.perf_counter()
        try:
            verdicts = self._all_checks()
            if not self.with_demos and self._missed_a_demo():
                self.with_demos = True
                self._end()
                verdicts = self._all_checks()
            verdicts = self._second_chances(verdicts)
        finally:
            self._end()
        seconds = round(time.perf_counter() - started, 4)
        return Result(self.notebook.unit, self.notebook.name, verdicts, self.outputs, self.aligned.repairs, self.isolation, seconds)

    # the student's process

    def _start(self) -> _Attempt:
        """A process in which the student's cells have been run, but for those that would end it."""
        while not self._spent:
            attempt = _Attempt(self.template.fork())
            self.isolation = attempt.sandbox.isolation.level
            for source in self.notebook.setup:
                attempt.sandbox.deadline = time.monotonic() + self.patience.cell
                attempt.sandbox.run_setup(source)
            if all(self._run_cell(attempt, cell) for cell in self.cells if self._runs(cell)):
                return attempt
        raise _Spent

    @property
    def _spent(self) -> bool:
        """Has the notebook had all the time there is for it?"""
        return time.monotonic() >= self.end

    def _runs(self, cell: Any) -> bool:
        kinds = ("exercise", "question", "extra", "demo", "predict") if self.with_demos else ("exercise", "question", "extra")
        return role(cell) in kinds and cell.id not in self.broken and bool(cell.source.strip())

    def _run_cell(self, attempt: _Attempt, cell: Any) -> bool:
        attempt.sandbox.deadline = min(time.monotonic() + self.patience.cell, self.end)
        try:
            result = attempt.sandbox.run_cell(cell.source)
        except SandboxGone as gone:
            self.broken[cell.id] = self._state(gone, attempt.sandbox)
            return False
        except Exception:  # an answer that only a tampered process gives
            attempt.sandbox.close()
            self.broken[cell.id] = State.CRASHED
            return False
        if cell.id not in self.outputs and self.room > 0:
            self.outputs[cell.id] = result.outputs
            self.room -= sum(map(received.size, result.outputs))
        self.undefined |= attempt.sandbox.undefined
        if result.error:
            attempt.errors[cell.id] = result.error
        return True

    @staticmethod
    def _state(gone: SandboxGone, sandbox: Sandbox) -> State:
        status = sandbox.close()
        if isinstance(gone, SandboxTimeout):
            return State.TIMEOUT
        return State.MEMORY if status == -9 else State.CRASHED

    def _end(self) -> None:
        if self.attempt is not None:
            self.attempt.sandbox.close()
        self.attempt = None

    # checks

    def _all_checks(self) -> dict[str, Verdict]:
        """Hidden checks come last: a process that has seen their inputs could tell of them in the message of a visible one."""
        hidden_last = sorted(self.notebook.checks, key=lambda check: check.header.kind == "hidden")
        decided = {check.grade_id: self._check(check) for check in hidden_last}
        return {check.grade_id: decided[check.grade_id] for check in self.notebook.checks}

    def _check(self, check: CheckCell, prepare: Callable[[Sandbox], None] | None = None) -> Verdict:
        started = time.perf_counter()
        exercise = self.reference.exercise(check)
        if is_untouched(self.sources[exercise.grade_id], exercise):
            claim = "the code is as it was handed out" if exercise.metadata.get("starts_from") else "the stub is still in place"
            return replace(blank(check), state=State.NOT_ATTEMPTED, claim=claim)
        try:
            expected = self.reference.observations(check)
            if self.attempt is None or not self.attempt.sandbox.alive:
                self.attempt = self._start()
        except NotIsolated:
            raise
        except _Spent:
            return replace(blank(check), state=State.TIMEOUT, claim="the notebook runs to its end", differs=SPENT)
        except (SandboxGone, Exception) as error:  # nothing of the student's has a say here: this is ours
            return replace(blank(check), state=State.COULD_NOT_CHECK, points=check.header.points, claim=str(error))
        attempt, cell = self.attempt, self._cell_of(exercise)
        if cell.id in self.broken:
            return replace(
                blank(check),
                state=self.broken[cell.id],
                claim="the cell of this exercise runs",
                differs=ENDINGS[self.broken[cell.id]],
            )
        attempt.sandbox.deadline = min(time.monotonic() + self.patience.check, self.end)
        try:
            with Watch(
                (1 + STRETCH) * self.patience.check + self.patience.judging, SandboxTimeout("the answers take too long to look at")
            ) as watch:
                if prepare:
                    prepare(attempt.sandbox)
                verdict = self._judge(check, exercise, attempt, expected, watch)
        except SandboxGone as gone:
            state = self._state(gone, attempt.sandbox)
            verdict = replace(blank(check), state=state, claim="the check runs to its end", differs=ENDINGS[state])
        except Exception as error:  # an answer that only a tampered process gives
            verdict = replace(blank(check), state=State.ERROR, claim="your notebook answers the check", differs=str(error)[:200])
        self.undefined |= attempt.sandbox.undefined
        return in_form(verdict).measured(time.perf_counter() - started, attempt.sandbox.peak_memory)

    @functools.cached_property
    def _lines(self) -> frozenset[str]:
        """The lines of the student's notebook, as the place of an exception is told."""
        numbered = (f"line {n}: {line.strip()}" for cell in self.cells for n, line in enumerate(cell.source.split("\n"), start=1))
        return frozenset(received.words(line, received.MAX_LINE) for line in itertools.islice(numbered, 20_000))

    def _cell_of(self, exercise: Exercise) -> Any:
        return next(cell for cell in self.cells if grade_id(cell) == exercise.grade_id)

    def _judge(self, check: CheckCell, exercise: Exercise, attempt: _Attempt, expected: list[Any], watch: Watch) -> Verdict:
        sandbox, hidden = attempt.sandbox, check.header.kind == "hidden"
        sandbox.quotable = self._lines if hidden else None
        body = self.reference.body(check)
        used = [name for other in self.notebook.exercises.values() for name in other.functions if name in body.code.co_names]
        theirs = sandbox.describe(list(dict.fromkeys([*exercise.functions, *used])))
        missing = [name for name in exercise.functions if name not in theirs]
        if missing:
            return self._undefined(check, missing[0], attempt.errors.get(self._cell_of(exercise).id))
        lacking = next(
            (
                name
                for name, source in exercise.answer_sources.items()
                if _callable(source) and not isinstance(theirs[name], Remote)
            ),
            None,
        )
        if lacking:
            what = "class" if exercise.answer_sources[lacking].startswith("class ") else "function"
            return replace(
                blank(check), claim=f"{lacking} is a {what}", differs=f"{lacking} is {describe(snapshot(theirs[lacking]))}"
            )
        namespace = {**self.reference.setup_namespace(), **theirs}
        sources = {name: self.sources[other.grade_id] for other in self.notebook.exercises.values() for name in other.functions}
        collector = self.reference.collector(
            check, sources=sources, beside=lambda function: self._beside(sandbox, body.text, function.__name__)
        )

        def fingerprints() -> list[Fingerprint]:
            with watch.paused():
                return self.reference.fingerprints(check)

        with quiet():
            outcome = run(body, namespace, collector)
            if hidden and outcome.error:  # what is raised here may quote what the student's code returned
                outcome = replace(outcome, error=replace(outcome.error, message=""))
            try:
                return judge(outcome, expected, fingerprints, blank(check), discreet=hidden)
            except Exception as error:  # a value so odd that it cannot even be compared is a wrong value
                return replace(
                    blank(check), claim="your code returns plain values", differs=f"they cannot be compared: {type(error).__name__}"
                )

    @staticmethod
    def _undefined(check: CheckCell, name: str, error: dict[str, Any] | None) -> Verdict:
        verdict = replace(blank(check), state=State.ERROR, claim=f"{name} is defined")
        if error is None:
            return replace(verdict, differs=f"there is no {name} in your notebook: was it renamed?")
        text = f"its cell stopped with {error['types'][0]}: {error['message'][:200]}"
        return replace(verdict, differs=text, hint=f"look at {error['where']}" if error["where"] else "")

    @staticmethod
    def _beside(sandbox: Sandbox, text: str, name: str) -> Any:
        """Send a scenario of a check cell, without its decorator, to the student's process."""
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                node.decorator_list = []
                return sandbox.scenario(ast.unparse(node), name)
        raise BrokenCheck(f"the scenario {name} does not stand at the top level of its check cell")

    # fairness

    def _missed_a_demo(self) -> bool:
        """Did the student's code use a name that only a demo defines? Demos are not run unless it did."""
        names: set[str] = set()
        for cell in self.cells:
            if role(cell) in ("demo", "predict"):
                try:
                    names |= {name for node in ast.parse(cell.source).body for name in defined_names(node)}
                except UNPARSABLE:
                    continue
        return bool(names & self.undefined)

    def _second_chances(self, verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
        """Check again, with the reference in its place, what failed while it used an earlier answer that is wrong."""
        failed = {verdict.exercise for verdict in verdicts.values() if not verdict.passed}
        decided = dict(verdicts)
        for check in self.notebook.checks:
            verdict, exercise = verdicts[check.grade_id], self.reference.exercise(check)
            used = self._uses(exercise, failed)
            if verdict.passed or not used or is_untouched(self.sources[exercise.grade_id], exercise):
                continue
            self._end()
            again = self._check(check, lambda sandbox, used=used: self._put_reference(sandbox, used))  # type: ignore[misc]
            names = ", ".join(other.functions[0] for other in used)
            if again.state == State.PASSED:
                decided[check.grade_id] = replace(again, claim=f"right once {names}, which it uses, is right")
            elif any(inspectable(other) is None for other in used):
                decided[check.grade_id] = replace(verdict, state=State.BLOCKED, likely=f"it uses {names}, which is not right yet")
        self._end()
        return decided

    def _uses(self, exercise: Exercise, failed: set[str]) -> list[Exercise]:
        try:
            tree = ast.parse(self.sources[exercise.grade_id])
        except UNPARSABLE:
            return []
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        earlier = itertools.takewhile(lambda other: other is not exercise, self.notebook.exercises.values())
        return [other for other in earlier if other.name in failed and names & set(other.functions)]

    def _put_reference(self, sandbox: Sandbox, exercises: list[Exercise]) -> None:
        for exercise in exercises:
            answers = self.reference.answers(exercise)
            for name in inspectable(exercise) or ():
                sandbox.bind(name, answers[name])


class _Spent(Exception):
    """The notebook has had all the time there is for it."""


def in_form(verdict: Verdict) -> Verdict:
    """A verdict whose words a page and a terminal can show, whatever a student's values looked like."""
    cut = {name: received.words(getattr(verdict, name), MAX_WORDS) for name in ("claim", "differs", "likely", "hint")}
    return replace(verdict, **cut)  # type: ignore[arg-type]


def _callable(source: str) -> bool:
    return source.startswith(("def ", "class ", "@"))


def inspectable(exercise: Exercise) -> list[str] | None:
    """The functions of an exercise that can be called back across the wire; None when it defines classes or values instead."""
    names = [name for name, source in exercise.answer_sources.items() if source.lstrip().startswith("def ")]
    return names if len(names) == len(exercise.functions) else None


MAX_WORDS = 600
"""Characters of each part of a verdict."""

SPENT = "its cells and checks together took longer than there is time for one notebook"
ENDINGS = {
    State.TIMEOUT: "it did not end in time: look for a loop whose condition never becomes false",
    State.CRASHED: "it ended the whole process",
    State.MEMORY: "it used more memory than there is for one submission",
}
