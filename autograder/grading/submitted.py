"""A submitted notebook, as grading looks at it: its cells and their text, not what they do."""

from __future__ import annotations

import ast
import functools
import itertools
from typing import Any

from autograder.checks.source import UNPARSABLE
from autograder.notebooks.aligning import Aligned, is_untouched
from autograder.notebooks.model import Exercise, defined_names, grade_id, role
from autograder.sandbox import received


class Submitted:
    """An aligned notebook.

    Attributes:
        cells: its cells of code.
        sources: the text of each answer, by the name that nbgrader has for its cell.
        repairs: what had to be put right.
    """

    def __init__(self, aligned: Aligned) -> None:
        self.cells = [cell for cell in aligned.nodes.cells if cell.cell_type == "code"]
        self.sources = {grade_id(cell): cell.source for cell in self.cells if role(cell) in ("exercise", "question")}
        self.repairs = aligned.repairs

    def cell_of(self, exercise: Exercise) -> Any:
        """The cell that answers an exercise."""
        return next(cell for cell in self.cells if grade_id(cell) == exercise.grade_id)

    def untouched(self, exercise: Exercise) -> bool:
        """Has nobody worked on the exercise?"""
        return is_untouched(self.sources[exercise.grade_id], exercise)

    def names_in(self, exercise: Exercise) -> set[str]:
        """The names that an answer mentions; none when it is not Python."""
        try:
            tree = ast.parse(self.sources[exercise.grade_id])
        except UNPARSABLE:
            return set()
        return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    def demo_names(self) -> set[str]:
        """The names that demos and predictions define."""
        names: set[str] = set()
        for cell in self.cells:
            if role(cell) in ("demo", "predict"):
                try:
                    names |= {name for node in ast.parse(cell.source).body for name in defined_names(node)}
                except UNPARSABLE:
                    continue
        return names

    @functools.cached_property
    def lines(self) -> frozenset[str]:
        """The lines of the notebook, as the place of an exception is told."""
        numbered = (f"line {n}: {line.strip()}" for cell in self.cells for n, line in enumerate(cell.source.split("\n"), start=1))
        return frozenset(received.words(line, received.MAX_LINE) for line in itertools.islice(numbered, 20_000))
