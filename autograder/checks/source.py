"""The text of a cell, and how far one is from another: for claims on how a repair was made, not on what it does."""

from __future__ import annotations

import ast
import difflib
import functools
import hashlib
import inspect
import re
from typing import Any

UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What `ast.parse` raises for a student's text that is not Python, or is nested without end."""


def cell_text(defined: Any) -> str:
    """The text of the cell that defines a function or a class.

    Raises:
        OSError: nobody remembers it.
        TypeError: it is neither.
    """
    if isinstance(defined, type):  # a notebook's classes have no file, but their methods do
        defined = next((member for member in vars(defined).values() if inspect.isfunction(member)), defined)
    return "".join(inspect.findsource(defined)[0])


def same_code(before: str, after: str) -> bool:
    r"""Do two texts say the same to Python, apart from comments and white space?

    >>> same_code("x = 1", "x=1  # why"), same_code("x = 1", "x = 2")
    (True, False)
    """
    return _meaning(before) == _meaning(after)


@functools.lru_cache(maxsize=1024)
def _meaning(text: str) -> str:
    try:
        return hashlib.sha256(ast.dump(ast.parse(text)).encode(errors="replace")).hexdigest()
    except UNPARSABLE:
        return text


def changed_lines(before: str, after: str) -> int:
    r"""How many lines of code were added, removed or replaced; comments, blank lines, strings on their own and layout do not count.

    >>> changed_lines("x = 1\ny = 2", "x = 1\n\ny = 3  # why\nz = 4")
    2
    """
    old, new = (ast.unparse(_code(text)).split("\n") for text in (before, after))
    edits = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in edits if kind != "equal")


def same_constants_and_architecture(before: str, after: str) -> bool:
    r"""Are the constants in capitals, the layers (`nn.…`) and the optimizer (`torch.optim.…`) what they were?

    >>> same_constants_and_architecture("RATE = 0.1\nnet = nn.Linear(4, 2)", "RATE = 0.1\nnet = nn.Linear(4, 2).train()")
    True
    >>> same_constants_and_architecture("RATE = 0.1\nnet = nn.Linear(4, 2)", "RATE = 0.2\nnet = nn.Linear(4, 2)")
    False
    """
    return _configuration(_code(before)) == _configuration(_code(after))


def _code(text: str) -> ast.Module:
    """A cell's code without the lines that only a notebook understands, and without strings that stand on their own."""
    tree = ast.parse("\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in text.split("\n")))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [item for item in body if not _is_remark(item)] or [ast.Pass()]  # type: ignore[attr-defined]
    return tree


def _is_remark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _configuration(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(name, ast.Name) and name.id.isupper() for target in node.targets for name in ast.walk(target)
        ):
            found.append(ast.unparse(node))
        if isinstance(node, ast.Call) and re.fullmatch(r"(torch\.)?(nn|optim)\.[A-Z]\w*", ast.unparse(node.func)):
            found.append(ast.unparse(node))
    return sorted(found)
