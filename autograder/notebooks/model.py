"""A notebook of the course as the grader sees it: setup, exercises, checks.

The cells of a built notebook carry their role in `metadata.autograder`; what nbgrader needs to know stands in `metadata.nbgrader`.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checks.live import Header

NAMESPACE = "autograder"


def role(cell: Any) -> str:
    """A cell's role: `setup`, `demo`, `predict`, `exercise`, `question`, `check`, `prose`; `extra` when it is not the course's."""
    found = cell.get("metadata", {}).get(NAMESPACE, {}).get("role")
    if found:
        return str(found)
    return "prose" if cell["cell_type"] != "code" else "extra"


def grade_id(cell: Any) -> str:
    """nbgrader's name of a cell, or ""."""
    return str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", ""))


@dataclass(frozen=True)
class Exercise:
    """One exercise or question.

    Attributes:
        name: `module/name`.
        functions: the names that the student defines, the exercise's own first.
        grade_id: nbgrader's name of its cell.
        solution: source of the cell with the reference answer.
        stub: source of the cell as the student finds it.
        code: its code in the curriculum, as `E1.2`.
        metadata: everything else that the author said of it (track, minutes, difficulty, …).
    """

    name: str
    functions: tuple[str, ...]
    grade_id: str
    solution: str
    stub: str
    code: str
    metadata: dict[str, Any]

    @property
    def is_question(self) -> bool:
        """Is it a question, answered by a value?"""
        return bool(self.metadata.get("question"))

    @functools.cached_property
    def answer_sources(self) -> dict[str, str]:
        """Source of each of its names in the reference answer."""
        return {name: source for name, source in definitions(self.solution).items() if name in self.functions}


@dataclass(frozen=True)
class CheckCell:
    """One graded check.

    Attributes:
        header: its first line.
        body: the rest.
        grade_id: nbgrader's name of its cell.
    """

    header: Header
    body: str
    grade_id: str


@dataclass(frozen=True)
class Notebook:
    """A built instructor notebook.

    Attributes:
        path: where it was read from.
        unit: its folder's name, as `01-activations`.
        name: its file's name without the ending.
        nodes: the notebook itself.
        setup: sources of its setup cells.
        exercises: by name, in order.
        checks: in order.
    """

    path: Path
    unit: str
    name: str
    nodes: Any
    setup: tuple[str, ...]
    exercises: dict[str, Exercise]
    checks: tuple[CheckCell, ...]

    @property
    def title(self) -> str:
        """The unit's title."""
        return str(self.nodes.metadata.get(NAMESPACE, {}).get("title", self.name))

    @property
    def module(self) -> str:
        """Name of the module in `solutions` that holds its answers."""
        return str(self.nodes.metadata[NAMESPACE]["module"])

    @property
    def points(self) -> float:
        """Points of all its checks."""
        return sum(check.header.points for check in self.checks)

    def owner(self, name: str) -> Exercise | None:
        """The exercise in which a student defines `name`."""
        return next((exercise for exercise in self.exercises.values() if name in exercise.functions), None)

    def without_cells(self) -> Any:
        """Its nodes but for the cells: stands for a submission that cannot be shown."""
        return self.nodes.__class__({**self.nodes, "cells": []})

    @staticmethod
    def of(nodes: Any, path: Path) -> Notebook:
        """Understand an instructor notebook that has been read."""
        setup, exercises, checks = [], {}, []
        for cell in nodes.cells:
            kind = role(cell)
            own = cell.metadata.get(NAMESPACE, {})
            if kind == "setup":
                setup.append(cell.source)
            elif kind in ("exercise", "question"):
                solution = without_markers(cell.source)
                more = {key: value for key, value in own.items() if key not in ("role", "exercise", "functions", "code", "stub")}
                more["question"] = kind == "question"
                name, code = str(own["exercise"]), str(own.get("code", ""))
                exercises[name] = Exercise(name, tuple(own["functions"]), grade_id(cell), solution, stub(cell), code, more)
            elif kind == "check":
                first, _, rest = cell.source.partition("\n")
                checks.append(CheckCell(Header.read(first), without_markers(rest), grade_id(cell)))
        return Notebook(path, path.parent.name, path.stem, nodes, tuple(setup), exercises, tuple(checks))


def stub(cell: Any) -> str:
    """What the student finds in an exercise's cell, given the instructor's cell: every marked region is one line that raises."""
    own = cell.metadata.get(NAMESPACE, {})
    if "stub" in own:
        return str(own["stub"])
    lines, inside = [], False
    for line in cell.source.split("\n"):
        if "### BEGIN SOLUTION" in line:
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + "raise NotImplementedError")
        elif "### END SOLUTION" in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def without_markers(source: str) -> str:
    """A cell's source without nbgrader's lines that begin and end a region."""
    markers = ("### BEGIN SOLUTION", "### END SOLUTION", "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
    return "\n".join(line for line in source.split("\n") if line.strip() not in markers)


def definitions(source: str) -> dict[str, str]:
    """Source of each name that a module or cell defines at its top level: functions, classes and assignments."""
    lines = source.split("\n")
    found = {}
    for node in ast.parse(source).body:
        for name in defined_names(node):
            start = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
            end = node.end_lineno or 0
            if end < len(lines) and lines[end].strip() == "### END SOLUTION":
                end += 1  # a comment, which the syntax tree does not see
            found[name] = "\n".join(lines[start - 1 : end])
    return found


def defined_names(node: ast.stmt) -> list[str]:
    """Names that a statement defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return [node.name]
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        targets = [node.target]
    names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]  # `table[key] = 1` defines neither
