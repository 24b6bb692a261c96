"""Bringing a submitted notebook back into the shape of the released one, whatever happened to it on the way.

Locked cells are the instructor's again; a copied or retyped exercise is found; what the student added stays, after the cell it
followed.
"""

from __future__ import annotations

import ast
import copy
import functools
from dataclasses import dataclass
from typing import Any

import nbformat

from autograder.checks.source import UNPARSABLE, same_code
from autograder.notebooks.model import NAMESPACE, Exercise, Notebook, defined_names, grade_id, role, stub

MAX_CODE = 500_000
"""Characters of all code cells together: to read Python takes ten seconds and a gigabyte for each million."""


class WrongNotebook(Exception):
    """A notebook of another unit, or of no unit of this course, or one that nobody could have written."""


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
        WrongNotebook: nothing in it belongs to this notebook, or it holds more code than anybody writes.
    """
    size = sum(len(cell.source) for cell in submitted.cells if cell.cell_type == "code")
    if size > MAX_CODE:
        raise WrongNotebook(f"Its code cells hold {size} characters; more than {MAX_CODE} cannot be graded.")
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
    nodes.cells = _with_extras(nodes.cells, submitted, chosen, instructor)
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
    """The cell that holds the student's answer: of several the last that was worked on, first among those that carry its mark."""
    code = [cell for cell in submitted.cells if cell.cell_type == "code"]
    marked = [cell for cell in code if grade_id(cell) == exercise.grade_id]
    unmarked = [cell for cell in code if not grade_id(cell) and _defines(cell, {exercise.functions[0]})]
    answers, own = ([cell for cell in cells if not is_untouched(cell.source, exercise)] for cells in (marked, unmarked))
    if marked and own and not answers:
        repairs.append(f"The cell of {exercise.name} was left as it was; a cell of the student's own that defines it counts.")
    elif len(marked) > 1:
        repairs.append(f"The cell of {exercise.name} was there {len(marked)} times; the last one that was worked on counts.")
    elif unmarked and not marked:
        repairs.append(f"The cell of {exercise.name} had lost its mark; it was found by the name it defines.")
    elif not marked:
        repairs.append(f"The cell of {exercise.name} was missing.")
    return next(reversed(answers or own or marked or unmarked), None)


def _defines(cell: Any, names: set[str]) -> bool:
    if cell.cell_type != "code" or not any(name in cell.source for name in names):
        return False
    return bool(names & _names(cell.source))


@functools.lru_cache(maxsize=1024)
def _names(source: str) -> frozenset[str]:
    try:
        return frozenset(name for node in ast.parse(source).body for name in defined_names(node))
    except UNPARSABLE:
        return frozenset()


def _with_extras(cells: list[Any], submitted: Any, chosen: dict[str, Any], instructor: Notebook) -> list[Any]:
    """Put the student's own cells after the course's cell that they followed."""
    places = {found: place for place, cell in enumerate(cells) for found in (("id", cell.id), _name(cell))}
    answers = {id(cell): places["mark", name] for name, cell in reversed(chosen.items())}
    texts = {cell.source.strip() for cell in (*cells, *chosen.values())} | {""}
    following: dict[int, list[Any]] = {}
    place, count = 0, 0
    for cell in submitted.cells:
        if id(cell) in answers:
            place = answers[id(cell)]
        elif _name(cell) in places and role(cell) not in ("exercise", "question"):
            place = places[_name(cell)]
        elif _is_extra(cell, instructor) and cell.source.strip() not in texts:
            count += 1
            own = {"id": f"student-{count}", "metadata": {NAMESPACE: {"role": "extra"}}, "source": cell.source}
            more: dict[str, Any] = {"outputs": [], "execution_count": None} if cell.cell_type == "code" else {}
            following.setdefault(place, []).append(nbformat.from_dict({"cell_type": cell.cell_type, **own, **more}))
    return [item for place, cell in enumerate(cells) for item in (cell, *following.get(place, []))]


def _name(cell: Any) -> tuple[str, str]:
    """What a cell is found by: nbgrader's name, else its id; a heading's id may be an exercise's name."""
    return ("mark", grade_id(cell)) if grade_id(cell) else ("id", str(cell.get("id", "")))


def _is_extra(cell: Any, instructor: Notebook) -> bool:
    """Has the student added this cell? It may still be the course's, if a program dropped all marks."""
    if role(cell) != "extra" and NAMESPACE in cell.metadata:
        return False
    stubs = (one for one in instructor.exercises.values() if _defines(cell, {one.functions[0]}))
    return not cell.source.startswith("%%check ") and not any(is_untouched(cell.source, one) for one in stubs)


def is_untouched(source: str, exercise: Exercise) -> bool:
    """Is it still the stub, apart from comments and white space?"""
    return same_code(source, exercise.stub)
