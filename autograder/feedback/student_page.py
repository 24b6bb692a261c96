"""The page that a student reads after grading: what was right, what was not and why, and where to go next."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from autograder.checks import card
from autograder.checks.verdict import State, Verdict
from autograder.feedback import charts
from autograder.feedback.outputs import Shown, shown
from autograder.feedback.page import cause, code_of, of, render, short_name
from autograder.grading.result import Result
from autograder.notebooks.model import Notebook, grade_id

OUR_FAULT = "this check could not be run; that is our fault, and it costs you no points"
SAME = "the same as above"
STEPS = {
    State.NOT_ATTEMPTED: "replace it, then run the check below it",
    State.FAILED: "change one thing, then run the check in this section again",
    State.ERROR: "restart the kernel, run all cells from the top, and read the first error",
    State.TIMEOUT: "run it on a much smaller input first, and print inside the loop",
    State.CRASHED: "run this cell alone after a restart of the kernel: it must not end the process",
    State.MEMORY: "print the shapes of your largest arrays: one of them grows with the square of something",
    State.BLOCKED: "put the exercise that it uses right first",
}
"""What to try where the check itself has no better idea."""
HIDDEN_STEP = "it is right on the inputs that you see: try others, of size 1, with zeros, with large and with negative numbers"


@dataclass(frozen=True)
class Group:
    """Checks of one exercise that ended alike, and what there is to say about them."""

    verdicts: tuple[Verdict, ...]
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Section:
    """One exercise on the page."""

    anchor: str
    code: str
    name: str
    title: str
    link: str
    verdicts: tuple[Verdict, ...]
    groups: tuple[Group, ...]
    outputs: tuple[Shown, ...]

    @property
    def points(self) -> float:
        """Points earned."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def max_points(self) -> float:
        """Points that could be earned."""
        return sum(verdict.max_points for verdict in self.verdicts)

    @property
    def complete(self) -> bool:
        """Did nothing get lost?"""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def is_question(self) -> bool:
        """Is it a question, which has no visible and hidden part?"""
        return all(verdict.check.startswith("question") for verdict in self.verdicts)

    @property
    def label(self) -> str:
        """What it is called and what it earned, in a few words."""
        return f"{self.code} {self.name}: {of(self.points, self.max_points)}"

    def of_kind(self, hidden: bool) -> list[Verdict]:
        """Its hidden checks, or the others."""
        return [verdict for verdict in self.verdicts if verdict.check.startswith("hidden") == hidden]


def student_page(notebook: Notebook, result: Result, *, course: str = "", student: str) -> str:
    """One student's feedback on one notebook, as a page that needs nothing beside it.

    Args:
        notebook: the instructor's notebook; none of its answers and hidden checks gets onto the page.
        result: what grading the student's notebook gave.
        course: name of the course.
        student: who it is for.
    """
    sections, cells = sections_of(notebook, result), set(_cells(notebook, result).values())
    return render(
        "student.html",
        title=f"{notebook.title} · {student}",
        course=course,
        student=student,
        notebook=notebook,
        result=result,
        sections=sections,
        our_fault=any(verdict.state == State.COULD_NOT_CHECK for verdict in result.verdicts.values()),
        following=next_section(sections),
        strip=charts.strip([(section.points, section.max_points, section.label) for section in sections]),
        others=[output for cell, outputs in result.outputs.items() if cell not in cells for output in shown(outputs)],
    )


def sections_of(notebook: Notebook, result: Result) -> list[Section]:
    """One section an exercise, in the notebook's order; together they hold every verdict once."""
    headings, cells = headings_of(notebook), _cells(notebook, result)
    by_exercise: dict[str, list[Verdict]] = {name: [] for name in notebook.exercises}
    for verdict in result.verdicts.values():
        by_exercise.setdefault(verdict.exercise, []).append(verdict)
    graded = {name: tuple(verdicts) for name, verdicts in by_exercise.items() if verdicts}
    return [
        Section(
            anchor=f"exercise-{number}",
            code=code_of(notebook, name),
            name=short_name(name),
            title=headings.get(name) or short_name(name),
            link=link(notebook, headings.get(name, "")),
            verdicts=verdicts,
            groups=tuple(groups_of(verdicts)),
            outputs=tuple(shown(result.outputs.get(cells.get(name, "")))),
        )
        for number, (name, verdicts) in enumerate(graded.items(), start=1)
    ]


def next_section(sections: Sequence[Section]) -> tuple[Section, Verdict] | None:
    """The first exercise worth going back to: one that lost points and does not wait for another."""
    lost = [(section, verdict) for section in sections for verdict in section.verdicts if not verdict.passed]
    return next((pair for pair in lost if pair[1].state != State.BLOCKED), lost[0] if lost else None)


def groups_of(verdicts: Sequence[Verdict]) -> list[Group]:
    """An exercise's checks, neighbours with the same explanation together; a cause is explained once."""
    seen_passing = any(verdict.passed and verdict.check.startswith("visible") for verdict in verdicts)
    groups: list[Group] = []
    told: set[str] = set()
    for rows, members in itertools.groupby(verdicts, key=lambda verdict: _rows(verdict, seen_passing)):
        group = tuple(members)
        likely = group[0].likely
        groups.append(Group(group, _once(rows) if likely and likely in told else rows))
        told.add(likely)
    return groups


def _rows(verdict: Verdict, seen_passing: bool) -> tuple[tuple[str, str], ...]:
    """The labelled lines about a check: those of its card, and always a next step where points were lost."""
    if verdict.state == State.COULD_NOT_CHECK:  # why is for the instructor: it may quote the reference
        return (("", OUR_FAULT),)
    rows = card.rows(verdict)
    if verdict.passed:
        return tuple(("", text) for _, text in rows if text)
    if verdict.state == State.NOT_ATTEMPTED:
        return (("", f"{'; '.join(filter(None, [verdict.claim, verdict.differs])) or cause(verdict)}: {STEPS[verdict.state]}"),)
    if verdict.hint:
        return tuple(rows)
    unseen = verdict.check.startswith("hidden") and seen_passing and verdict.state == State.FAILED
    return (*(rows or [("", cause(verdict))]), ("try", HIDDEN_STEP if unseen else STEPS[verdict.state]))


def _once(rows: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((label, SAME if label == "likely" else text) for label, text in rows if label != "try")


def headings_of(notebook: Notebook) -> dict[str, str]:
    """For each exercise the heading of its section, as it stands in the notebook."""
    by_cell = {exercise.grade_id: name for name, exercise in notebook.exercises.items()}
    found, heading = {}, ""
    for cell in notebook.nodes.cells:
        if cell["cell_type"] == "markdown":
            prose = re.sub(r"(?ms)^\s*```.*?^\s*```", "", cell["source"])
            heading = next(reversed(re.findall(r"(?m)^#{1,6} +(.+?)(?: +#+)?\s*$", prose)), heading)
        elif grade_id(cell) in by_cell:
            found[by_cell[grade_id(cell)]] = heading
    return found


def link(notebook: Notebook, heading: str) -> str:
    """Where a section is, seen from the notebook's folder; JupyterLab names it by its text, with `-` for each space."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    anchor = re.sub(r"[`*]", "", words).replace(" ", "-")
    return quote(f"{notebook.name}.ipynb", safe="") + (f"#{quote(anchor, safe=':,')}" if anchor else "")


def _cells(notebook: Notebook, result: Result) -> dict[str, str]:
    """For each graded exercise the id of its cell."""
    graded = {verdict.exercise for verdict in result.verdicts.values()}
    ids = {grade_id(cell): str(cell.get("id", "")) for cell in notebook.nodes.cells}
    return {name: ids.get(exercise.grade_id, "") for name, exercise in notebook.exercises.items() if name in graded}
