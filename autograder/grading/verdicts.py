"""The verdicts that no comparison gives: nothing was compared yet, nothing could be, or a process ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograder.checks.verdict import State, Verdict
from autograder.grading.result import Result
from autograder.notebooks.model import CheckCell, Exercise, Notebook
from autograder.sandbox import received

MAX_WORDS = 600
"""Characters of each part of a verdict."""

SPENT = "its cells and checks together took longer than there is time for one notebook"
ENDINGS = {
    State.TIMEOUT: "it did not end in time: look for a loop whose condition never becomes false",
    State.CRASHED: "it ended the whole process",
    State.MEMORY: "it used more memory than there is for one submission",
}


def blank(check: CheckCell) -> Verdict:
    """A check's verdict before it is decided."""
    return Verdict(check.header.exercise, check.header.name, State.FAILED, 0.0, check.header.points)


def refuse(notebook: Notebook, why: str) -> Result:
    """The result of a submission that cannot be read: every check scores 0 and says why."""
    reason = received.words(why, MAX_WORDS)
    verdicts = {
        check.grade_id: replace(blank(check), state=State.NOT_ATTEMPTED, claim="nothing could be graded", differs=reason)
        for check in notebook.checks
    }
    return Result(notebook.unit, notebook.name, verdicts, refused=reason)


def untouched(check: CheckCell, exercise: Exercise) -> Verdict:
    """Nobody has worked on the exercise."""
    if exercise.is_question:
        claim = "there is no answer yet"
    else:
        claim = "the code is as it was handed out" if exercise.metadata.get("starts_from") else "the stub is still in place"
    return replace(blank(check), state=State.NOT_ATTEMPTED, claim=claim)


def spent(check: CheckCell) -> Verdict:
    """The notebook has had all the time there is for it."""
    return replace(blank(check), state=State.TIMEOUT, claim="the notebook runs to its end", differs=SPENT)


def ours(check: CheckCell, error: BaseException) -> Verdict:
    """The grader's own fault, which costs no points."""
    return replace(blank(check), state=State.COULD_NOT_CHECK, points=check.header.points, claim=str(error))


def ended(check: CheckCell, state: State, claim: str) -> Verdict:
    """The student's process ended; `claim` says what should have gone on."""
    return replace(blank(check), state=state, claim=claim, differs=ENDINGS[state])


def undefined(check: CheckCell, name: str, error: dict[str, Any] | None) -> Verdict:
    """The notebook has no such name; `error` is what stopped the cell that should define it."""
    verdict = replace(blank(check), state=State.ERROR, claim=f"{name} is defined")
    if error is None:
        return replace(verdict, differs=f"there is no {name} in your notebook: was it renamed?")
    text = f"its cell stopped with {error['types'][0]}: {error['message'][:200]}"
    return replace(verdict, differs=text, hint=f"look at {error['where']}" if error["where"] else "")


def in_form(verdict: Verdict) -> Verdict:
    """A verdict whose words a page and a terminal can show, whatever a student's values looked like."""
    cut = {name: received.words(getattr(verdict, name), MAX_WORDS) for name in ("claim", "differs", "likely", "hint")}
    return replace(verdict, **cut)  # type: ignore[arg-type]
