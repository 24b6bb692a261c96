"""The page of a whole class: who stands where, what was hard, which wrong ideas went round, what needs a hand."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from autograder.checks.verdict import State
from autograder.feedback import charts
from autograder.feedback import class_numbers as numbers
from autograder.feedback.class_numbers import Entry, Flag, Item, Loss, Times
from autograder.feedback.page import counted, render, shorten, tone
from autograder.notebooks.model import Notebook

OPEN_UP_TO = 40
"""A table with more students than this is folded at first."""
TOOLTIP = 3
"""Causes that a tooltip shows; the list below the table shows all."""

PageOf = Callable[[str, Notebook], str]


@dataclass(frozen=True)
class Cell:
    """One student's points in one unit.

    Attributes:
        losses: causes of lost points, the most costly first.
        link: address of their feedback, or "".
        remark: what is worth a word beside the points.
    """

    points: float
    max_points: float
    losses: tuple[Loss, ...]
    link: str
    remark: str

    @property
    def share(self) -> float:
        """Points earned, of those that could be."""
        return self.points / self.max_points if self.max_points else 1.0

    @property
    def tooltip(self) -> str:
        """Why points were lost, in a few lines."""
        lines = [f"−{loss.points:g} {loss.where}: {shorten(loss.cause, 90)}" for loss in self.losses[:TOOLTIP]]
        more = len(self.losses) - TOOLTIP
        return "\n".join([*lines, f"and {counted(more, 'more cause')}"] if more > 0 else lines)


@dataclass(frozen=True)
class Unit:
    """One unit of the page."""

    name: str
    title: str
    cells: dict[str, Cell]
    items: list[Item]
    histogram: Markup
    times: Times
    isolation: list[tuple[str, int]]
    flags: list[Flag]
    repairs: dict[str, tuple[str, ...]]
    refused: int

    @property
    def max_points(self) -> float:
        """Points that could be earned."""
        return max((cell.max_points for cell in self.cells.values()), default=0.0)

    @property
    def median(self) -> float:
        """Median of the students' points."""
        return statistics.median(cell.points for cell in self.cells.values())

    @property
    def mean(self) -> float:
        """Mean of the students' points."""
        return statistics.fmean(cell.points for cell in self.cells.values())

    @property
    def full(self) -> int:
        """Students with all points."""
        return sum(cell.points == cell.max_points for cell in self.cells.values())


def class_page(units: Mapping[str, Sequence[Entry]], *, course: str = "", page_of: PageOf | None = None) -> str:
    """The class page.

    Args:
        units: for each unit its entries: student, notebook, result. A student stands there once for each notebook of the unit.
        course: name of the course.
        page_of: gives the path of a student's feedback on a notebook, seen from this page; names are links when it is there.
    """
    entries = [entry for found in units.values() for entry in found]
    students = sorted({student for student, _, _ in entries})
    shown = [_unit(name, found, page_of) for name, found in units.items() if found]
    return render(
        "class.html",
        title=" · ".join(filter(None, [course, "class page"])),
        course=course,
        units=shown,
        empty=[name for name, found in units.items() if not found],
        students=students,
        totals={student: _total(shown, student) for student in students},
        misconceptions=numbers.misconceptions(entries),
        unrecognised=numbers.unrecognised(entries),
        folded=len(students) > OPEN_UP_TO,
        bar=charts.bar,
        stack=lambda item: charts.stack([(tone(state), count) for state, count in item.states]),
    )


def _unit(name: str, entries: Sequence[Entry], page_of: PageOf | None) -> Unit:
    by_student: dict[str, list[Entry]] = {}
    for entry in entries:
        by_student.setdefault(entry[0], []).append(entry)
    cells = {student: _cell(own, page_of) for student, own in by_student.items()}
    titles = dict.fromkeys(notebook.title for _, notebook, _ in entries)
    return Unit(
        name,
        " and ".join(titles),
        cells,
        numbers.items(entries),
        charts.histogram([cell.share for cell in cells.values()], f"{name}: submissions by share of points"),
        numbers.times(entries),
        numbers.isolation(entries),
        numbers.flags(entries),
        numbers.repairs(entries),
        sum(bool(result.refused) for _, _, result in entries),
    )


def _cell(entries: Sequence[Entry], page_of: PageOf | None) -> Cell:
    results = [result for _, _, result in entries]
    links = [quote(page_of(student, notebook), safe="/.") for student, notebook, _ in entries] if page_of else []
    unchecked = sum(verdict.state == State.COULD_NOT_CHECK for result in results for verdict in result.verdicts.values())
    remark = f"{counted(unchecked, 'check')} not run" if unchecked else ""
    if any(result.refused for result in results):
        remark = "could not be graded"
    points, max_points = sum(result.points for result in results), sum(result.max_points for result in results)
    return Cell(points, max_points, tuple(numbers.losses(entries)), links[0] if links else "", remark)


def _total(units: Sequence[Unit], student: str) -> tuple[float, float]:
    """A student's points in all units, of those of all units: what was not handed in counts as 0."""
    return sum(unit.cells[student].points for unit in units if student in unit.cells), sum(unit.max_points for unit in units)
