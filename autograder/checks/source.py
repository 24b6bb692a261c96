"""How far one text of a cell is from another: for claims on how a repair was made, not on what it does."""

from __future__ import annotations

import ast
import difflib
import re


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
    >>> same_constants_and_architecture("X = data", "X = data / 16")  # a single capital is no constant
    True
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
            isinstance(name, ast.Name) and name.id.isupper() and len(name.id) > 1  # a single capital is data: X, W, Z
            for target in node.targets
            for name in ast.walk(target)
        ):
            found.append(ast.unparse(node))
        if isinstance(node, ast.Call) and re.fullmatch(r"(torch\.)?(nn|optim)\.[A-Z]\w*", ast.unparse(node.func)):
            found.append(ast.unparse(node))
    return sorted(found)
