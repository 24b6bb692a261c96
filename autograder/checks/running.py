"""Running the body of a check cell, and what came of it."""

from __future__ import annotations

import ast
import builtins
import linecache
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from autograder.checks.claims import Check
from autograder.checks.collecting import Claim, Collector
from autograder.checks.plain import Raised

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{4,}\b")
"""Where an object lay in memory: it tells nobody anything, and is another one in every run."""


@dataclass(frozen=True)
class Body:
    """The body of a check cell, compiled.

    Attributes:
        exercise: `module/name`.
        text: its source, without the line that makes it a check cell.
        file: the name under which tracebacks know it.
        code: the compiled text.
    """

    exercise: str
    text: str
    file: str
    code: CodeType

    @staticmethod
    def compile(exercise: str, text: str, kind: str = "visible") -> Body:
        """Compile the text of a check cell.

        Raises:
            SyntaxError: the text is not Python.
        """
        file = f"<check {exercise} {kind}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        return Body(exercise, text, file, compile(text, file, "exec", dont_inherit=True))

    def statement_at(self, line: int) -> str:
        """The statement that covers a line, its white space folded."""
        covering = [
            node
            for node in ast.walk(ast.parse(self.text))
            if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        if not covering:
            return ""
        innermost = max(covering, key=lambda node: node.lineno)
        return " ".join((ast.get_source_segment(self.text, innermost) or "").split("\n")[0].split())


@dataclass(frozen=True)
class StudentError:
    """An exception on the way through a check's body.

    Attributes:
        type_name: the exception's class.
        message: its text, shortened.
        where: the line of the student's code, or "" when it was raised outside of it.
        statement: the statement of the check cell that was being run.
    """

    type_name: str
    message: str
    where: str
    statement: str


@dataclass(frozen=True)
class Run:
    """The claims that one run of a check cell made, and the exception that ended it, if one did."""

    claims: tuple[Claim, ...]
    error: StudentError | None

    @property
    def observations(self) -> list[Any]:
        """What was observed, claim by claim; an exception is the last observation."""
        seen = [claim.got for claim in self.claims]
        return [*seen, Raised(self.error.type_name)] if self.error else seen


def run(body: Body, namespace: dict[str, Any], collector: Collector) -> Run:
    """Run a check cell's body in a copy of `namespace`, and collect its claims."""
    names = {**namespace, "check": Check(collector), "__builtins__": builtins}
    try:
        exec(body.code, names)
    except (Exception, SystemExit) as error:
        return Run(tuple(collector.claims), explain(error, body))
    return Run(tuple(collector.claims), None)


def explain(error: BaseException, body: Body) -> StudentError:
    """What a student should know of an exception that went through a check's body."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if frame.filename == body.file]
    where = getattr(error, "where_over_there", None)
    if where is None:
        where = student_line(frames, after=body.file)
    try:
        message = ADDRESS.sub("", " ".join(str(error).split()))
    except Exception:  # an exception may refuse to be printed
        message = ""
    return StudentError(type(error).__name__, message[:200], where, body.statement_at(lines[-1]) if lines else "")


def student_line(frames: Sequence[traceback.FrameSummary], after: str = "") -> str:
    """The innermost line of notebook code in a traceback, as `line 3: w = w - lr * g`, or ""."""
    position = max((i for i, frame in enumerate(frames) if frame.filename == after), default=-1)
    for frame in reversed(frames[position + 1 :]):
        if is_cell(frame.filename):
            return f"line {frame.lineno}: {frame.line}" if frame.line else f"line {frame.lineno}"
    return ""


def is_cell(file: str) -> bool:
    """Is it the name that IPython gives to a cell's code?"""
    return "ipykernel_" in file or file.startswith(("<ipython-input", "<student"))
