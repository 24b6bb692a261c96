"""Reading a notebook as its author writes it: MyST Markdown with options that say what each cell is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROLES = {"exercise", "check", "hidden", "question"}
OPTIONS = {
    "exercise": {"exercise", "code", "track", "functions", "stub"},
    "check": {"check", "points"},
    "hidden": {"hidden", "points"},
    "question": {"question", "code", "points", "prompt", "track"},
    "setup": {"role"},
    "predict": {"role", "code"},
    "demo": {"code", "tags"},
}
HEADER = re.compile(r"^\*(\d+) minutes · difficulty ([1-5]) of 5 · importance ([1-5]) of 5 · ([\d.]+) points?\*$", re.MULTILINE)


class SourceError(Exception):
    """A mistake in a source; the message is one sentence with file and line."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(path, line, message)  # as they came: it may cross from one process to another

    def __str__(self) -> str:
        path, line, message = self.args
        return f"{path.parent.name}/{path.name}:{line}: {message}"


@dataclass(frozen=True)
class SourceCell:
    """One cell of a source.

    Attributes:
        kind: `prose`, `setup`, `demo`, `predict`, `exercise`, `check`, `hidden` or `question`.
        text: its text.
        options: what its author said of it.
        line: where it begins in the file, counted from 1.
        text_line: where its text begins.
    """

    kind: str
    text: str
    options: dict[str, Any]
    line: int
    text_line: int = 0

    @property
    def exercise(self) -> str:
        """The exercise that the cell belongs to, as `module/name`."""
        return str(self.options[self.kind])


@dataclass(frozen=True)
class Source:
    """A source file, read and checked for mistakes of form.

    Attributes:
        path: the file.
        title: the unit's title.
        module: the module of `solutions` that holds the answers.
        kernelspec: the notebook's kernel.
        cells: in order; prose is split at headings.
    """

    path: Path
    title: str
    module: str
    kernelspec: dict[str, Any]
    cells: tuple[SourceCell, ...]


def read_source(path: Path) -> Source:
    """Read a source file.

    Raises:
        SourceError: there is a mistake in it.
    """
    from jupytext.myst import MystMetadataParsingError, myst_to_notebook

    text = path.read_text(encoding="utf-8")
    try:
        notebook = myst_to_notebook(text, add_source_map=True)
    except MystMetadataParsingError as error:
        line = re.search(r"at line (\d+)", str(error))
        what = "the options of a cell are" if line else "the front matter is"
        raise SourceError(path, int(line[1]) if line else 1, f"{what} not YAML: {str(error).splitlines()[0]}.") from None
    about = notebook.metadata.get("autograder")
    if not (isinstance(about, dict) and {"title", "module"} <= set(about)):
        raise SourceError(path, 1, "the front matter lacks `autograder: {title: …, module: …}`.")
    cells: list[SourceCell] = []
    rows = text.split("\n")
    for cell, start in zip(notebook.cells, notebook.metadata["source_map"], strict=True):
        if cell.cell_type == "code":
            cells.append(_code(path, cell, start, rows))
        else:
            cells += _prose(cell.source, _line_of(cell.source.split("\n")[:1], rows, start))
    source = Source(path, str(about["title"]), str(about["module"]), dict(notebook.metadata.get("kernelspec", {})), tuple(cells))
    _look_for_mistakes(source)
    return source


def _code(path: Path, cell: Any, line: int, rows: list[str]) -> SourceCell:
    options = dict(cell.metadata)
    named = [role for role in ROLES if role in options]
    kind = named[0] if named else str(options.get("role", "demo"))
    if kind not in OPTIONS or len(named) > 1:
        raise SourceError(
            path, line, f"a cell cannot be {' and '.join(sorted(named)) or kind!r}; see CONTRIBUTING.md for the kinds of cell."
        )
    unknown = set(options) - OPTIONS[kind]
    if unknown:
        raise SourceError(path, line, f"a cell of the kind {kind} has no option {', '.join(sorted(unknown))}.")
    return SourceCell(kind, cell.source, options, line, _line_of(cell.source.split("\n"), rows, line))


def _line_of(text: list[str], rows: list[str], after: int) -> int:
    """The line, counted from 1, in which a text begins, looked for after another line."""
    return next((number for number in range(after, len(rows)) if rows[number : number + len(text)] == text), after) + 1


def _prose(text: str, line: int) -> list[SourceCell]:
    """Split prose before each heading, so that a section is a cell of its own."""
    cells: list[SourceCell] = []
    block: list[str] = []
    start, fenced = line, False
    for offset, row in enumerate(text.split("\n")):
        fenced ^= row.lstrip().startswith("```")
        if re.match(r"#{1,3} ", row) and not fenced and any(block):
            cells.append(SourceCell("prose", "\n".join(block).strip(), {}, start))
            block, start = [], line + offset
        block.append(row)
    return [*cells, SourceCell("prose", "\n".join(block).strip(), {}, start)]


def _look_for_mistakes(source: Source) -> None:
    seen: dict[str, int] = {}
    for cell in source.cells:
        _regions(source.path, cell)
        if cell.kind in ("exercise", "question"):
            if cell.exercise in seen:
                raise SourceError(
                    source.path, cell.line, f"{cell.exercise} stands already at line {seen[cell.exercise]}; a name is used once."
                )
            if cell.exercise.partition("/")[0] != source.module or not cell.exercise.partition("/")[2].isidentifier():
                raise SourceError(source.path, cell.line, f"{cell.exercise!r} is not a name of the form {source.module}/name.")
            if not cell.options.get("code"):
                raise SourceError(source.path, cell.line, f"{cell.exercise} lacks the option `code`, its code in the curriculum.")
            seen[cell.exercise] = cell.line
        if cell.kind in ("check", "hidden", "question"):
            points = cell.options.get("points")
            if not isinstance(points, (int, float)) or isinstance(points, bool) or not 0 <= points < math.inf:
                raise SourceError(source.path, cell.line, f"the check of {cell.exercise} says no points; write `:points: 4`.")
            if cell.exercise not in seen:
                raise SourceError(source.path, cell.line, f"there is no exercise {cell.exercise} above this check.")
            try:
                compile(cell.text, source.path.name, "exec")
            except SyntaxError as error:
                line = cell.text_line + (error.lineno or 1) - 1
                raise SourceError(source.path, line, f"the check is not Python: {error.msg}.") from None


def _regions(path: Path, cell: SourceCell) -> None:
    for region in ("SOLUTION", "HIDDEN TESTS"):
        begins, ends = cell.text.count(f"### BEGIN {region}"), cell.text.count(f"### END {region}")
        if begins != ends:
            raise SourceError(path, cell.line, f"a region that begins with `### BEGIN {region}` is left open.")
        if begins and cell.kind != "prose":
            raise SourceError(path, cell.line, f"{region.lower()} are marked by the kind of the cell here, not by a region.")
