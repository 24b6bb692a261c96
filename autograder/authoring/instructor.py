"""The instructor notebook: a source, with the answers of `solutions` put in and everything that nbgrader needs to know."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.cutting import answers_in, with_markers
from autograder.authoring.source import HEADER, Source, SourceCell, SourceError
from autograder.checks.live import Header
from autograder.grading.reference import load_variants
from autograder.notebooks.model import NAMESPACE

SCHEMA = 3
HIDDEN = "# This part is graded on inputs that you do not see."
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def instructor_notebook(source: Source, solutions: Path) -> Any:
    """Make the instructor notebook; the same input gives the same bytes.

    Raises:
        SourceError: the source names something that does not exist, or counts points wrongly.
    """
    module = solutions / f"{source.module}.py"
    if not module.is_file():
        raise SourceError(source.path, 1, f"there is no module solutions/{source.module}.py.")
    answers = answers_in(module.read_text(encoding="utf-8"))
    for variant in load_variants(source.module):
        for name in variant.replaces.keys() - answers.keys():
            raise SourceError(source.path, 1, f"variant {variant.id} replaces {name}, which {module.name} does not define.")
    builder = _Builder(source, answers)
    cells = [node for cell in source.cells for node in builder.nodes(cell)]
    _hold_headers_against_points(source)
    title = {"title": source.title, "module": source.module}
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, NAMESPACE: title}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


class _Builder:
    def __init__(self, source: Source, answers: dict[str, str]) -> None:
        self._source = source
        self._answers = answers
        self._used: set[str] = set()
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._header: dict[str, Any] = {}

    def nodes(self, cell: SourceCell) -> list[dict[str, Any]]:
        if cell.kind == "prose":
            if cell.text.startswith("## "):
                self._header = {}  # a section's header is not the next one's
            found = HEADER.search(cell.text)
            if found:
                self._header = {"minutes": int(found[1]), "difficulty": int(found[2]), "importance": int(found[3])}
            return [self._node("markdown", cell.text, self._identity(_slug(cell.text)), {"role": "prose"})]
        if cell.kind == "exercise":
            return [self._exercise(cell)]
        if cell.kind == "question":
            return [self._question(cell), self._check(cell)]
        if cell.kind in ("check", "hidden"):
            return [self._check(cell)]
        identity = self._identity(cell.kind)
        own = {"role": cell.kind, **({"code": cell.options["code"]} if "code" in cell.options else {})}
        locked = {"nbgrader": _nbgrader(identity, locked=True)} if cell.kind == "setup" else {}
        return [self._node("code", cell.text, identity, own, **locked)]

    def _exercise(self, cell: SourceCell) -> dict[str, Any]:
        name = cell.exercise.partition("/")[2]
        functions = [word.strip() for word in str(cell.options.get("functions", name)).split(",")]
        missing = [function for function in functions if function not in self._answers]
        if missing:
            raise SourceError(
                self._source.path, cell.line, f"solutions/{self._source.module}.py does not define {', '.join(missing)}."
            )
        if not self._header:
            raise SourceError(
                self._source.path,
                cell.line,
                f"no header line stands above {cell.exercise}: *25 minutes · difficulty 3 of 5 · importance 4 of 5 · 9 points*.",
            )
        parts = [self._marked(cell, self._answers[function]) for function in functions]
        own: dict[str, Any] = {"role": "exercise", "exercise": cell.exercise, "functions": functions, "code": cell.options["code"]}
        own |= {"track": cell.options.get("track", "full"), **self._header}
        if "stub" in cell.options:
            own |= {"starts_from": cell.options["stub"], "stub": self._starting_point(cell, functions)}
        return self._node("code", "\n\n\n".join(parts), self._identity(name), own, nbgrader=_nbgrader(name, solution=True))

    def _marked(self, cell: SourceCell, answer: str) -> str:
        try:
            return with_markers(answer) if answer.startswith(("def ", "class ", "@")) else answer
        except ValueError as error:
            raise SourceError(self._source.path, cell.line, f"solutions/{self._source.module}.py: {error}.") from None

    def _starting_point(self, cell: SourceCell, functions: list[str]) -> str:
        wanted = str(cell.options["stub"])
        for variant in load_variants(self._source.module):
            if variant.id == wanted and not variant.right:
                try:
                    return "\n\n\n".join(variant.source_of(function, self._answers[function]) for function in functions)
                except ValueError as error:
                    raise SourceError(self._source.path, cell.line, f"the stub {wanted}: {error}.") from None
        raise SourceError(
            self._source.path, cell.line, f"solutions/variants/{self._source.module}.py has no wrong variant {wanted}."
        )

    def _question(self, cell: SourceCell) -> dict[str, Any]:
        name = cell.exercise.partition("/")[2]
        if name not in self._answers:
            raise SourceError(self._source.path, cell.line, f"solutions/{self._source.module}.py does not define {name}.")
        prompt = str(cell.options.get("prompt", "your answer"))
        own = {
            "role": "question",
            "exercise": cell.exercise,
            "functions": [name],
            "code": cell.options["code"],
            "track": cell.options.get("track", "core"),
        }
        own["stub"] = f"{name} = None  # {prompt}"
        source = "\n".join(["### BEGIN SOLUTION", self._answers[name], "### END SOLUTION"])
        return self._node("code", source, self._identity(name), own, nbgrader=_nbgrader(name, solution=True))

    def _check(self, cell: SourceCell) -> dict[str, Any]:
        kind = {"check": "visible"}.get(cell.kind, cell.kind)
        self._numbers[cell.exercise, kind] += 1
        header = Header(cell.exercise, float(cell.options["points"]), kind, self._numbers[cell.exercise, kind])
        identity = f"{cell.exercise.partition('/')[2]}-{header.name}"
        body = f"{HIDDEN}\n### BEGIN HIDDEN TESTS\n{cell.text}\n### END HIDDEN TESTS" if kind == "hidden" else cell.text
        more = {
            "tags": ["raises-exception"],
            "nbgrader": _nbgrader(identity, grade=True, locked=True, points=cell.options["points"]),
        }
        return self._node(
            "code", f"{header.line()}\n{body}", self._identity(identity), {"role": "check", "exercise": cell.exercise}, **more
        )

    def _identity(self, wanted: str) -> str:
        """A cell id that no other cell has; of at most 64 characters, as notebooks demand."""
        found, number = wanted[:64], 1
        while found in self._used:
            number += 1
            found = f"{wanted[:60]}-{number}"
        self._used.add(found)
        return found

    def _node(self, cell_type: str, text: str, identity: str, own: dict[str, Any], **metadata: Any) -> dict[str, Any]:
        node: dict[str, Any] = {
            "cell_type": cell_type,
            "id": identity,
            "metadata": {NAMESPACE: own, **metadata},
            "source": text,
        }
        return {**node, "execution_count": None, "outputs": []} if cell_type == "code" else node


def _nbgrader(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict[str, Any]:
    more = {} if points is None else {"points": points}
    return {
        "schema_version": SCHEMA,
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
        **more,
    }


def _slug(text: str) -> str:
    heading = next((line for line in text.split("\n") if line.startswith("#")), "text")
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")[:48] or "text"


def _hold_headers_against_points(source: Source) -> None:
    """The points that a header promises are those of the checks in its section."""
    promised, line, earned = None, 0, 0.0
    for cell in (*source.cells, SourceCell("prose", "## end", {}, 0)):
        if cell.kind == "prose" and cell.text.startswith("## "):
            if promised is not None and not math.isclose(promised, earned):
                raise SourceError(
                    source.path, line, f"the header promises {promised:g} points, the checks of its section give {earned:g}."
                )
            promised, earned = None, 0.0
        found = HEADER.search(cell.text) if cell.kind == "prose" else None
        if found:
            promised, line = float(found[4]), cell.line + cell.text[: found.start()].count("\n")
        earned += float(cell.options.get("points", 0))
