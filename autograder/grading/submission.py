"""Grading one notebook: the student's cells run in their own process, the checks run here."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from autograder.checks.verdict import State, Verdict
from autograder.grading.examiner import Examiner
from autograder.grading.reference import Reference
from autograder.grading.result import Result
from autograder.grading.settings import Patience
from autograder.grading.student_run import Attempt, Spent, StudentRun, ending
from autograder.grading.submitted import Submitted
from autograder.grading.verdicts import blank, ended, in_form, ours, spent, untouched
from autograder.grading.watch import Watch
from autograder.notebooks.aligning import Aligned
from autograder.notebooks.model import CheckCell, Exercise
from autograder.sandbox.errors import SandboxGone, SandboxTimeout
from autograder.sandbox.pool import NotIsolated, Template
from autograder.sandbox.process import Sandbox
from autograder.sandbox.waiting import STRETCH


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


class _Grading:
    def __init__(self, grader: Grader, aligned: Aligned) -> None:
        self.reference = grader.reference
        self.notebook = grader.reference.notebook
        self.patience = grader.patience
        self.submitted = Submitted(aligned)
        self.run = StudentRun(self.notebook, self.submitted, grader.template, grader.patience)
        self.examiner = Examiner(self.reference, self.submitted)

    def result(self) -> Result:
        started = time.perf_counter()
        try:
            verdicts = self._all_checks()
            if self.submitted.demo_names() & self.run.undefined:  # demos are run only for code that needs what they define
                self.run.with_demos = True
                self.run.close()
                verdicts = self._all_checks()
            verdicts = self._second_chances(verdicts)
        finally:
            self.run.close()
        seconds = round(time.perf_counter() - started, 4)
        unit, name, run = self.notebook.unit, self.notebook.name, self.run
        return Result(unit, name, verdicts, run.outputs, self.submitted.repairs, run.isolation, seconds)

    def _all_checks(self) -> dict[str, Verdict]:
        """Hidden checks come last: a process that has seen their inputs could tell of them in the message of a visible one."""
        hidden_last = sorted(self.notebook.checks, key=lambda check: check.header.kind == "hidden")
        decided = {check.grade_id: self._check(check) for check in hidden_last}
        return {check.grade_id: decided[check.grade_id] for check in self.notebook.checks}

    def _check(self, check: CheckCell, prepare: Callable[[Sandbox], None] | None = None) -> Verdict:
        started = time.perf_counter()
        exercise = self.reference.exercise(check)
        if self.submitted.untouched(exercise):
            return untouched(check, exercise)
        try:
            expected = self.reference.observations(check)
            attempt = self.run.attempt()
        except NotIsolated:
            raise
        except Spent:
            return spent(check)
        except (SandboxGone, Exception) as error:  # nothing of the student's has a say here: this is ours
            return ours(check, error)
        state = self.run.broken.get(self.submitted.cell_of(exercise).id)
        if state:
            return ended(check, state, "the cell of this exercise runs")
        verdict = self._examined(check, attempt, expected, prepare)
        self.run.undefined |= attempt.sandbox.undefined
        return in_form(verdict).measured(time.perf_counter() - started, attempt.sandbox.peak_memory)

    def _examined(
        self, check: CheckCell, attempt: Attempt, expected: list[Any], prepare: Callable[[Sandbox], None] | None
    ) -> Verdict:
        attempt.sandbox.deadline = min(time.monotonic() + self.patience.check, self.run.end)
        seconds = (1 + STRETCH) * self.patience.check + self.patience.judging
        try:
            with Watch(seconds, SandboxTimeout("the answers take too long to look at")) as watch:
                if prepare:
                    prepare(attempt.sandbox)
                return self.examiner.examine(check, attempt, expected, watch)
        except SandboxGone as gone:
            return ended(check, ending(gone, attempt.sandbox), "the check runs to its end")
        except Exception as error:  # an answer that only a tampered process gives
            return replace(blank(check), state=State.ERROR, claim="your notebook answers the check", differs=str(error)[:200])

    # fairness

    def _second_chances(self, verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
        """Check again, with the reference in its place, what failed while it used an earlier answer that is wrong."""
        failed = {verdict.exercise for verdict in verdicts.values() if not verdict.passed}
        decided = dict(verdicts)
        for check in self.notebook.checks:
            verdict, exercise = verdicts[check.grade_id], self.reference.exercise(check)
            used = self._uses(exercise, failed)
            if verdict.passed or not used or self.submitted.untouched(exercise):
                continue
            self.run.close()
            again = self._check(check, lambda sandbox, used=used: self._put_reference(sandbox, used))  # type: ignore[misc]
            names = ", ".join(other.functions[0] for other in used)
            if again.state == State.PASSED:
                decided[check.grade_id] = replace(again, claim=f"right once {names}, which it uses, is right")
            elif any(inspectable(other) is None for other in used):
                decided[check.grade_id] = replace(verdict, state=State.BLOCKED, likely=f"it uses {names}, which is not right yet")
        self.run.close()
        return decided

    def _uses(self, exercise: Exercise, failed: set[str]) -> list[Exercise]:
        """The earlier exercises among `failed` that an answer uses."""
        names = self.submitted.names_in(exercise)
        earlier = itertools.takewhile(lambda other: other is not exercise, self.notebook.exercises.values())
        return [other for other in earlier if other.name in failed and names & set(other.functions)]

    def _put_reference(self, sandbox: Sandbox, exercises: list[Exercise]) -> None:
        for exercise in exercises:
            answers = self.reference.answers(exercise)
            for name in inspectable(exercise) or ():
                sandbox.bind(name, answers[name])


def inspectable(exercise: Exercise) -> list[str] | None:
    """The functions of an exercise that can be called back across the wire; None when it defines classes or values instead."""
    names = [name for name, source in exercise.answer_sources.items() if source.lstrip().startswith("def ")]
    return names if len(names) == len(exercise.functions) else None
