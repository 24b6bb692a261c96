"""Marking, in the source of a reference answer, what the student is to write."""

from __future__ import annotations

import ast
import textwrap

from autograder.notebooks.model import definitions

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def with_markers(source: str) -> str:
    """A function's or class's source, its bodies after their docstrings marked; unchanged where the author has set the markers.

    Raises:
        ValueError: a body stands in the line of its signature or docstring, from which it cannot be cut.
    """
    if BEGIN in source:
        return source
    (node,) = ast.parse(source).body
    lines = source.split("\n")
    for function in sorted(_functions(node), key=lambda found: -found.lineno):
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        if not body:
            continue
        first, last = body[0], body[-1]
        start = min([first.lineno, *(decorator.lineno for decorator in getattr(first, "decorator_list", []))])
        indent = " " * first.col_offset
        if lines[first.lineno - 1][: first.col_offset].strip():
            raise ValueError(f"the body of {function.name} must begin on a line of its own")
        while lines[start - 2].strip().startswith("#") or not lines[start - 2].strip():
            start -= 1  # a comment above the first line belongs to the answer
        while not lines[start - 1].strip():
            start += 1
        lines[start - 1 : last.end_lineno] = [indent + BEGIN, *lines[start - 1 : last.end_lineno], indent + END]
    return "\n".join(lines)


def _functions(node: ast.stmt) -> list[ast.FunctionDef]:
    if isinstance(node, ast.FunctionDef):
        return [node]
    return (
        [item for item in getattr(node, "body", []) if isinstance(item, ast.FunctionDef)] if isinstance(node, ast.ClassDef) else []
    )


def answers_in(module_source: str) -> dict[str, str]:
    """Source of everything that a module of `solutions` defines."""
    return {name: textwrap.dedent(source) for name, source in definitions(module_source).items()}
