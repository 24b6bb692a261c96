"""The check cell while a student works: the `%%check` magic of a notebook.

The first line of a check cell is `%%check module/name --points 5`; with `--hidden` the cell is empty in a released notebook and
says only that it will be graded, with `--question` it looks at the form of an answer.
"""

from __future__ import annotations

import ast
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.checks import recorded
from autograder.checks.card import as_html, as_text, points_text
from autograder.checks.collecting import Collector
from autograder.checks.judging import judge
from autograder.checks.running import Body, run
from autograder.checks.source import cell_text, same_code
from autograder.checks.verdict import State, Verdict

MIME = "application/vnd.autograder.verdict+json"


@dataclass(frozen=True)
class Header:
    """The first line of a check cell, read.

    Attributes:
        exercise: `module/name`.
        points: what the check is worth.
        kind: `visible`, `hidden` or `question`.
        number: which of the exercise's checks of its kind it is, counted from 1.
    """

    exercise: str
    points: float
    kind: str = "visible"
    number: int = 1

    def line(self) -> str:
        """The first line of the cell."""
        parts = ["%%check", self.exercise, "--points", f"{self.points:g}"]
        parts += [f"--{self.kind}"] if self.kind != "visible" else []
        parts += ["--number", str(self.number)] if self.number > 1 else []
        return " ".join(parts)

    @property
    def name(self) -> str:
        """`visible`, `hidden`, `question`, or `visible-2` where an exercise has several."""
        return self.kind if self.number == 1 else f"{self.kind}-{self.number}"

    @staticmethod
    def read(line: str) -> Header:
        """Read the first line of a check cell, with or without `%%check`.

        Raises:
            ValueError: it is not such a line.
        """
        kind, given = "visible", {"--points": "", "--number": "1"}
        names = []
        words = [word for word in line.split() if word != "%%check"]
        while words:
            word = words.pop(0)
            if word in ("--hidden", "--question"):
                kind = word[2:]
            elif word in given and words:
                given[word] = words.pop(0)
            else:
                names.append(word)
        try:
            (name,), points, number = names, float(given["--points"]), int(given["--number"])
        except ValueError:
            raise ValueError(f"a check cell begins with %%check module/name --points N; this one begins with {line!r}") from None
        return Header(name, points, kind, number)


class CheckFailed(Exception):
    """A check that did not pass. Its traceback is the points alone: what a student needs to know stands in the card."""

    def _render_traceback_(self, *_: Any) -> list[str]:
        return [str(self)]


def verdict_of(header: Header, text: str, namespace: dict[str, Any], folder: Path) -> Verdict:
    """Decide a check cell against the names of a live notebook.

    Args:
        header: its first line.
        text: the rest of the cell.
        namespace: the notebook's names; they are copied, so that a check leaves nothing behind.
        folder: where the recorded numbers lie.
    """
    started = time.perf_counter()
    blank = Verdict(header.exercise, header.name, State.NOT_ATTEMPTED, 0.0, header.points)
    known = recorded.load(folder, recorded.key(header.exercise, header.name))
    if known and _is_untouched(known.starting_point, namespace):
        return replace(blank, claim="the code is as it was handed out: repair it, run its cell, then run this check again")
    collector = Collector(header.exercise, starting_point=known.starting_point if known else "")
    outcome = run(Body.compile(header.exercise, text, header.name), namespace, collector)
    verdict = judge(outcome, known.expected if known else None, lambda: known.fingerprints if known else (), blank)
    if verdict.state == State.PASSED and known is None and header.kind == "visible":
        there = (folder / recorded.FILE).is_file()
        problem = "beside this notebook is damaged, or of another version" if there else "is not beside this notebook"
        hint = f"{recorded.FILE} {problem}: keep the released files of a unit in one folder"
        verdict = replace(verdict, state=State.COULD_NOT_CHECK, points=0.0, hint=hint)
    return verdict.measured(time.perf_counter() - started, 0)


def _is_untouched(starting_point: str, namespace: dict[str, Any]) -> bool:
    """Is the code that an exercise starts from still what the notebook has defined?"""
    if not starting_point:
        return False
    names = [node.name for node in ast.parse(starting_point).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    try:
        return all(same_code(cell_text(namespace[name]), starting_point) for name in names)
    except (KeyError, OSError, TypeError):  # not defined, or from somewhere else
        return False


def check_magic(line: str, cell: str | None = None) -> None:
    """Run a check cell in the notebook, show its card, and raise when it did not pass."""
    from IPython.core.error import UsageError
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    try:
        header = Header.read(line)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if header.kind == "hidden":
        unit = "point" if header.points == 1 else "points"
        text = f"· {header.exercise} · {header.points:g} more {unit} at grading, on inputs that you do not see"
        display({"text/plain": text, "text/html": f"<div style='opacity:.65;padding:2px 16px'>{text}</div>"}, raw=True)
        return
    try:
        verdict = verdict_of(header, cell or "", dict(shell.user_ns), Path())
    except SyntaxError as error:
        raise UsageError(
            f"this check cell was changed and is not Python any more: {error.msg}; copy it from a fresh notebook"
        ) from None
    text, page = as_text(verdict), as_html(verdict)
    if header.kind == "question" and verdict.passed:
        text = f"· {header.exercise} · answer noted; {header.points:g} at grading if it is right"
        page = f"<div style='opacity:.65;padding:2px 16px'>{text}</div>"
    display({"text/plain": text, "text/html": page, MIME: json.loads(json.dumps(verdict.to_json()))}, raw=True)
    if not verdict.passed:
        raise CheckFailed(points_text(verdict))


def register() -> None:
    """Make `%%check` known to the running notebook, if there is one."""
    import sys

    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.register_magic_function(check_magic, magic_kind="cell", magic_name="check")
