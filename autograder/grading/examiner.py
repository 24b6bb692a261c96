"""One check, run here against a student's objects over there."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from autograder.checks.collecting import Collector
from autograder.checks.compare import describe
from autograder.checks.judging import judge
from autograder.checks.plain import snapshot
from autograder.checks.running import Run, run
from autograder.checks.verdict import Verdict
from autograder.grading.reference import BrokenCheck, Reference, quiet
from autograder.grading.student_run import Attempt
from autograder.grading.submitted import Submitted
from autograder.grading.verdicts import blank, undefined
from autograder.grading.watch import Watch
from autograder.notebooks.model import CheckCell
from autograder.sandbox.process import Sandbox
from autograder.sandbox.remote import Remote


class Examiner:
    """Runs the checks of one notebook.

    Args:
        reference: the instructor's notebook with its answers.
        submitted: the student's.
    """

    def __init__(self, reference: Reference, submitted: Submitted) -> None:
        self._reference = reference
        self._submitted = submitted
        self._exercises = reference.notebook.exercises.values()
        self._suspected: dict[str, str] = {}

    def examine(self, check: CheckCell, attempt: Attempt, expected: list[Any], watch: Watch) -> Verdict:
        """Run a check in a student's process, and judge what it observes.

        Args:
            check: the check.
            attempt: the process, in which the student's cells have been run.
            expected: what the check observes of the reference.
            watch: counts the time; what the reference takes is not the student's.
        """
        hidden = check.header.kind == "hidden"
        attempt.sandbox.quotable = self._submitted.lines if hidden else None
        theirs = self._theirs(check, attempt.sandbox)
        unusable = self._unusable(check, theirs, attempt)
        if unusable:
            return unusable
        namespace = {**self._reference.setup_namespace(), **theirs}
        with quiet():
            outcome = run(self._reference.body(check), namespace, self._collector(check, attempt.sandbox))
            if hidden and outcome.error:  # what is raised here may quote what the student's code returned
                outcome = replace(outcome, error=replace(outcome.error, message=""))
            return self._judged(check, outcome, expected, watch)

    def _theirs(self, check: CheckCell, sandbox: Sandbox) -> dict[str, Any]:
        """The student's objects that a check may use: those of its exercise, and those of others that it names."""
        named = self._reference.body(check).code.co_names
        used = [name for other in self._exercises for name in other.functions if name in named]
        return sandbox.describe(list(dict.fromkeys([*self._reference.exercise(check).functions, *used])))

    def _unusable(self, check: CheckCell, theirs: dict[str, Any], attempt: Attempt) -> Verdict | None:
        """The verdict when a name of the exercise does not exist, or is not what can be called."""
        exercise = self._reference.exercise(check)
        for name in exercise.functions:
            if name not in theirs:
                return undefined(check, name, attempt.errors.get(self._submitted.cell_of(exercise).id))
        for name, source in exercise.answer_sources.items():
            if source.startswith(("def ", "class ", "@")) and not isinstance(theirs[name], Remote):
                what = "class" if source.startswith("class ") else "function"
                return replace(blank(check), claim=f"{name} is a {what}", differs=f"{name} is {describe(snapshot(theirs[name]))}")
        return None

    def _collector(self, check: CheckCell, sandbox: Sandbox) -> Collector:
        sources = {name: self._submitted.sources[other.grade_id] for other in self._exercises for name in other.functions}
        text = self._reference.body(check).text
        return self._reference.collector(check, sources=sources, beside=lambda function: _beside(sandbox, text, function.__name__))

    def _judged(self, check: CheckCell, outcome: Run, expected: list[Any], watch: Watch) -> Verdict:
        suspected = self._suspected.get(check.header.exercise, "")  # by an earlier check of the same answer
        fingerprints = watch.pausing(self._reference.fingerprints(check, suspected))
        try:
            verdict = judge(outcome, expected, lambda: fingerprints, blank(check), discreet=check.header.kind == "hidden")
        except Exception as error:  # a value so odd that it cannot even be compared is a wrong value
            differs = f"they cannot be compared: {type(error).__name__}"
            return replace(blank(check), claim="your code returns plain values", differs=differs)
        self._suspected[check.header.exercise] = verdict.misconception or suspected
        return verdict


def _beside(sandbox: Sandbox, text: str, name: str) -> Any:
    """Send a scenario of a check cell, without its decorator, to the student's process."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.decorator_list = []
            return sandbox.scenario(ast.unparse(node), name)
    raise BrokenCheck(f"the scenario {name} does not stand at the top level of its check cell")
