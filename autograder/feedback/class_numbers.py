"""What the class page counts: points and lost points, checks, misconceptions, and what needs an instructor."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from autograder.checks.verdict import State, Verdict
from autograder.feedback.page import WORDS, cause, code_of, kind, short_name
from autograder.grading.result import Result
from autograder.notebooks.model import Notebook

Entry = tuple[str, Notebook, Result]
"""A student, a notebook of the course, and what grading the student's copy of it gave."""


@dataclass(frozen=True)
class Loss:
    """Points that one student lost for one cause."""

    where: str
    points: float
    cause: str


@dataclass(frozen=True)
class Item:
    """One check, over all submissions that could be graded.

    Attributes:
        share: points earned, of those that could be; None when there were none to earn.
        states: how often it ended in each state, in the order of `State`.
    """

    code: str
    name: str
    kind: str
    points: float
    share: float | None
    states: tuple[tuple[State, int], ...]


@dataclass(frozen=True)
class Misconception:
    """A known wrong idea, and who holds it."""

    code: str
    name: str
    sentence: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Flag:
    """Something that an instructor should know, and whom it concerns."""

    what: str
    why: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Times:
    """Seconds that grading took, one number a student."""

    median: float
    most: float
    total: float
    slowest: tuple[tuple[str, float], ...]


def verdicts_of(entries: Iterable[Entry]) -> Iterator[tuple[str, Notebook, Verdict]]:
    """Every verdict, with its student and notebook."""
    return ((student, notebook, verdict) for student, notebook, result in entries for verdict in result.verdicts.values())


def losses(entries: Sequence[Entry]) -> list[Loss]:
    """One student's lost points, those with the same cause together, the most costly first."""
    by_cause: dict[tuple[State, str], list[tuple[Notebook, Verdict]]] = {}
    for _, notebook, verdict in verdicts_of(entries):
        if verdict.points < verdict.max_points:
            by_cause.setdefault((verdict.state, cause(verdict)), []).append((notebook, verdict))
    everything = {verdict.exercise for _, _, verdict in verdicts_of(entries)}
    found = []
    for (state, text), lost in by_cause.items():
        points = sum(verdict.max_points - verdict.points for _, verdict in lost)
        speaks = state in (State.FAILED, State.ERROR, State.NOT_ATTEMPTED) or text == WORDS[state]
        found.append(Loss(_where(lost, everything), points, text if speaks else f"{WORDS[state]}: {text}"))
    return sorted(found, key=lambda loss: -loss.points)


def _where(lost: Sequence[tuple[Notebook, Verdict]], everything: set[str]) -> str:
    codes = {verdict.exercise: code_of(notebook, verdict.exercise) for notebook, verdict in lost}
    if len(codes) > 2 and set(codes) == everything:
        return "everything"
    if len(codes) > 1:
        return ", ".join(code or short_name(name) for name, code in codes.items())
    checks = " and ".join(kind(verdict.check).replace(" check", "") for _, verdict in lost)
    return f"{_label(*lost[0])} ({checks})"


def _label(notebook: Notebook, verdict: Verdict) -> str:
    return f"{code_of(notebook, verdict.exercise)} {short_name(verdict.exercise)}".strip()


def items(entries: Sequence[Entry]) -> list[Item]:
    """Every check of a unit in the notebooks' order; submissions that could not be read say nothing about a check."""
    found = []
    for notebook in {notebook.name: notebook for _, notebook, _ in entries}.values():
        results = [result for _, other, result in entries if other.name == notebook.name and not result.refused]
        for check in notebook.checks:
            verdicts = [result.verdicts[check.grade_id] for result in results if check.grade_id in result.verdicts]
            possible = sum(verdict.max_points for verdict in verdicts)
            share = sum(verdict.points for verdict in verdicts) / possible if possible else None
            counts = Counter(verdict.state for verdict in verdicts)
            states = tuple((state, counts[state]) for state in State if counts[state])
            name = check.header.exercise
            about = (code_of(notebook, name), short_name(name), kind(check.header.name), check.header.points)
            found.append(Item(*about, share, states))
    return found


def misconceptions(entries: Iterable[Entry]) -> list[Misconception]:
    """The known wrong ideas that were met, the most frequent first; a student holds one once, however many checks it fails."""
    holders: dict[tuple[str, str, str], set[str]] = {}
    for student, notebook, verdict in verdicts_of(entries):
        if verdict.misconception:
            sentence = verdict.likely or verdict.misconception
            holders.setdefault((code_of(notebook, verdict.exercise), short_name(verdict.exercise), sentence), set()).add(student)
    found = [Misconception(*idea, tuple(sorted(students))) for idea, students in holders.items()]
    return sorted(found, key=lambda idea: (-len(idea.students), idea.code, idea.sentence))


def unrecognised(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """Exercises with wrong answers that match no known misconception, and how many students gave one."""
    met = {
        (_label(notebook, verdict), student)
        for student, notebook, verdict in verdicts_of(entries)
        if verdict.state == State.FAILED and not verdict.misconception
    }
    return Counter(label for label, _ in sorted(met)).most_common()


def flags(entries: Sequence[Entry]) -> list[Flag]:
    """What did not go as it should: submissions not read, checks not run, isolation that was not full."""
    found: dict[tuple[str, str], list[str]] = {}
    for student, notebook, result in entries:
        if result.refused:
            found.setdefault(("Could not be graded", result.refused), []).append(student)
        for verdict in result.verdicts.values():
            if verdict.state == State.COULD_NOT_CHECK and not result.refused:
                what = f"{_label(notebook, verdict)}, {kind(verdict.check)}: could not be run, no points lost"
                found.setdefault((what, verdict.claim), []).append(student)
        if result.isolation not in ("", "full"):
            what = f"Ran under isolation “{result.isolation}”, not “full”"
            found.setdefault((what, "The command autograder doctor says what is missing."), []).append(student)
    return [Flag(what, why, tuple(dict.fromkeys(students))) for (what, why), students in found.items()]


def repairs(entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    """What had to be put right before grading, by student."""
    found: dict[str, tuple[str, ...]] = {}
    for student, _, result in entries:
        if result.repairs:
            found[student] = (*found.get(student, ()), *result.repairs)
    return found


def isolation(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """The levels of isolation that were in force, and for how many notebooks."""
    return sorted(Counter(result.isolation or "nothing was run" for _, _, result in entries).items())


def times(entries: Iterable[Entry], slowest: int = 5) -> Times:
    """How long grading took."""
    seconds: dict[str, float] = {}
    for student, _, result in entries:
        seconds[student] = seconds.get(student, 0.0) + result.seconds
    spent = sorted(seconds.items(), key=lambda pair: -pair[1])
    all_seconds = [number for _, number in spent]
    return Times(statistics.median(all_seconds), quantile(all_seconds, 0.95), math.fsum(all_seconds), tuple(spent[:slowest]))


def quantile(numbers: Sequence[float], share: float) -> float:
    """The smallest of the numbers that at least a share of them do not exceed."""
    return sorted(numbers)[max(0, math.ceil(share * len(numbers)) - 1)]
