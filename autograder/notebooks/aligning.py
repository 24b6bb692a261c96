"""Bringing a submitted notebook back into the shape of the released one, whatever happened to it on the way.

Locked cells are the instructor's again; a copied or retyped exercise is found; what the student added stays, after the cell it
followed.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import Any

import nbformat

from autograder.notebooks.model import NAMESPACE, UNPARSABLE, Exercise, Notebook, defined_names, grade_id, role, stub


class WrongNotebook(Exception):
    """A notebook of another unit, or of no unit of this course."""


@dataclass(frozen=True)
class Aligned:
    """A submission in the shape of the released notebook.

    Attributes:
        nodes: the notebook: the instructor's cells, with the student's text in those that are theirs, and the student's own cells.
        repairs: what had to be put right, one sentence each.
    """

    nodes: Any
    repairs: tuple[str, ...]


def align(instructor: Notebook, submitted: Any) -> Aligned:
    """Align a submission.

    Raises:
        WrongNotebook: nothing in it belongs to this notebook.
    """
    _refuse_strangers(instructor, submitted)
    repairs: list[str] = []
    chosen: dict[str, Any] = {}
    for exercise in instructor.exercises.values():
        cell = _answer_cell(exercise, submitted, repairs)
        if cell is not None:
            chosen[exercise.grade_id] = cell
    nodes = copy.deepcopy(instructor.nodes)
    theirs = {cell.get("id"): cell for cell in submitted.cells}
    for cell in nodes.cells:
        kind = role(cell)
        if kind in ("exercise", "question"):
            cell.source = chosen[grade_id(cell)].source if grade_id(cell) in chosen else stub(cell)
            cell.metadata[NAMESPACE].pop("stub", None)
        elif kind in ("demo", "predict") and cell.id in theirs and theirs[cell.id].cell_type == "code":
            cell.source = theirs[cell.id].source
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nodes.cells = _with_extras(nodes.cells, submitted, chosen)
    return Aligned(nodes, tuple(repairs))


def _refuse_strangers(instructor: Notebook, submitted: Any) -> None:
    known = {grade_id(cell) for cell in instructor.nodes.cells} - {""}
    found = {grade_id(cell) for cell in submitted.cells} - {""}
    if known & found or any(
        _defines(cell, set(exercise.functions)) for exercise in instructor.exercises.values() for cell in submitted.cells
    ):
        return
    title = (
        submitted.metadata.get(NAMESPACE, {}).get("title", "") if isinstance(submitted.metadata.get(NAMESPACE, {}), dict) else ""
    )
    what = f"It is the notebook “{title}”" if title and title != instructor.title else "It has none of the exercises"
    raise WrongNotebook(f"This is not the notebook {instructor.name} of {instructor.unit}. {what}.")


def _answer_cell(exercise: Exercise, submitted: Any, repairs: list[str]) -> Any | None:
    """The cell that holds the student's answer: of several copies the last that was worked on."""
    cells = [cell for cell in submitted.cells if cell.cell_type == "code" and grade_id(cell) == exercise.grade_id]
    if len(cells) > 1:
        worked_on = [cell for cell in cells if not is_untouched(cell.source, exercise)]
        repairs.append(f"The cell of {exercise.name} was there {len(cells)} times; the last one that was worked on counts.")
        return (worked_on or cells)[-1]
    if cells:
        return cells[0]
    retyped = [
        cell
        for cell in submitted.cells
        if cell.cell_type == "code" and not grade_id(cell) and _defines(cell, {exercise.functions[0]})
    ]
    if retyped:
        repairs.append(f"The cell of {exercise.name} had lost its mark; it was found by the name it defines.")
        return retyped[-1]
    repairs.append(f"The cell of {exercise.name} was missing.")
    return None


def _defines(cell: Any, names: set[str]) -> bool:
    if cell.cell_type != "code" or not any(name in cell.source for name in names):
        return False
    try:
        return any(name in names for node in ast.parse(cell.source).body for name in defined_names(node))
    except UNPARSABLE:
        return False


def _with_extras(cells: list[Any], submitted: Any, chosen: dict[str, Any]) -> list[Any]:
    """Put the student's own cells after the course's cell that they followed."""
    places = {cell.id: place for place, cell in enumerate(cells)}
    places |= {grade_id(cell): place for place, cell in enumerate(cells) if grade_id(cell)}
    answers = {id(cell): places[name] for name, cell in reversed(chosen.items())}
    texts = {cell.source.strip() for cell in (*cells, *chosen.values())} | {""}
    following: dict[int, list[Any]] = {}
    place, count = 0, 0
    for cell in submitted.cells:
        name = grade_id(cell) or cell.get("id")
        if id(cell) in answers:
            place = answers[id(cell)]
        elif name in places and role(cell) not in ("exercise", "question"):
            place = places[name]
        elif _is_extra(cell) and cell.source.strip() not in texts:
            count += 1
            own = {"id": f"student-{count}", "metadata": {NAMESPACE: {"role": "extra"}}, "source": cell.source}
            more: dict[str, Any] = {"outputs": [], "execution_count": None} if cell.cell_type == "code" else {}
            following.setdefault(place, []).append(nbformat.from_dict({"cell_type": cell.cell_type, **own, **more}))
    return [item for place, cell in enumerate(cells) for item in (cell, *following.get(place, []))]


def _is_extra(cell: Any) -> bool:
    """Has the student added this cell? Its text may still be the course's, if a program dropped all marks."""
    is_marked = bool(cell.metadata.get(NAMESPACE, {}).get("role", "extra") != "extra" or grade_id(cell))
    return not is_marked and not cell.source.startswith("%%check ")


def is_untouched(source: str, exercise: Exercise) -> bool:
    """Is it still the stub, apart from comments and white space?"""
    return _tree(source) == _tree(exercise.stub)


def _tree(source: str) -> str:
    try:
        return ast.dump(ast.parse(source))
    except UNPARSABLE:
        return source
