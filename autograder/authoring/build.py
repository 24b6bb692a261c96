"""`autograder build`: instructor notebooks, recorded numbers, and (through nbgrader's generate step) student notebooks."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.instructor import instructor_notebook
from autograder.authoring.recording import Spread, recordings
from autograder.authoring.source import SourceError, read_source
from autograder.checks.judging import BETWEEN_MACHINES, Fingerprint, first_deviation
from autograder.checks.plain import same
from autograder.checks.recorded import FILE, Recorded
from autograder.notebooks.model import Notebook

Note = Callable[[str], None]
LOG = ".jsonl"
"""The ending of what notebooks write while they run: no part of the course."""


def sources_of(course: Path, unit: str) -> list[Path]:
    """The source files of a unit."""
    return sorted((course / "source" / unit).glob("*.md"))


def units_of(course: Path) -> list[str]:
    """The units that have a source, in order."""
    return sorted({path.parent.name for path in (course / "source").glob("*/*.md")})


def build(course: Path, units: Iterable[str], note: Note = lambda _: None, spread: Spread = map) -> None:
    """Build units in place: `source/UNIT/*.ipynb`, `source/UNIT/recorded.json`, `release/UNIT`.

    Raises:
        SourceError: there is a mistake in a source.
        BrokenCheck: a check that the reference itself does not pass.
    """
    wanted = list(units)
    for unit, files in built_units(course, wanted, spread):
        for name, text in files.items():
            (course / "source" / unit / name).write_text(text, encoding="utf-8")
        note(f"{unit}: notebooks and recorded numbers")
    note("release: nbgrader's generate step")
    with tempfile.TemporaryDirectory() as folder:
        release(course / "source", wanted, Path(folder))
        for unit in wanted:
            shutil.rmtree(course / "release" / unit, ignore_errors=True)
            fresh = Path(folder) / "release" / unit
            shutil.copytree(fresh, course / "release" / unit, ignore=shutil.ignore_patterns(f"*{LOG}"))


def stale(course: Path, units: Iterable[str], spread: Spread = map) -> list[str]:
    """What a build would change, as paths relative to the course; neither sources nor releases are written to."""
    found = []
    wanted = list(units)
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        for unit, files in built_units(course, wanted, spread):
            built = shutil.ignore_patterns("*.ipynb", FILE)
            shutil.copytree(course / "source" / unit, fresh / "source" / unit, ignore=built)
            for name, text in files.items():
                (fresh / "source" / unit / name).write_text(text, encoding="utf-8")
        release(fresh / "source", wanted, fresh)
        for unit in wanted:
            for side in ("source", "release"):
                new, old = (_files(root / side / unit) for root in (fresh, course))
                found += [
                    f"{side}/{unit}/{name}"
                    for name in sorted(new.keys() | old.keys())
                    if not _same_file(new.get(name), old.get(name))
                ]
    return found


def _files(folder: Path) -> dict[str, Path]:
    """The files in a folder and below it, by their path in it; without hidden ones, and without logs."""
    paths = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file() and path.suffix != LOG}
    return {name: path for name, path in paths.items() if not any(part.startswith(".") for part in Path(name).parts)}


def built_units(course: Path, units: Iterable[str], spread: Spread = map) -> Iterator[tuple[str, dict[str, str]]]:
    """The files that are built beside the sources of units: a unit, and its files by name.

    Raises:
        SourceError: there is a mistake in a source, or a notebook without one.
        BrokenCheck: a check that the reference itself does not pass.
    """
    made = {unit: list(_instructor_notebooks(course, unit)) for unit in units}
    numbers = recordings(course, [notebook for notebooks in made.values() for notebook in notebooks], spread)
    for unit, notebooks in made.items():
        files, recorded = {}, {}
        for notebook in notebooks:
            files[notebook.path.name] = nbformat.writes(notebook.nodes, version=nbformat.NO_CONVERT) + "\n"
            for _ in notebook.exercises:
                recorded.update(next(numbers))
        files[FILE] = json.dumps(recorded, ensure_ascii=False, separators=(",", ":")).replace('},"', '},\n"') + "\n"
        yield unit, files


def _instructor_notebooks(course: Path, unit: str) -> Iterator[Notebook]:
    """The instructor's notebooks that the sources of a unit make."""
    for path in sorted((course / "source" / unit).glob("*.ipynb")):
        if not path.with_suffix(".md").is_file():
            raise SourceError(path, 1, f"there is no {path.stem}.md to build this notebook from; delete it, or write that.")
    for path in sources_of(course, unit):
        yield Notebook.of(instructor_notebook(read_source(path), course / "solutions"), path.with_suffix(".ipynb"))


def release(source: Path, units: Iterable[str], into: Path) -> None:
    """Run nbgrader's generate step on units of a source folder, into `into/release`."""
    from autograder.gradebook.nbgrader import course_api

    api = course_api(into, source=source)
    for unit in units:
        answer = api.generate_assignment(unit, force=True, create=True)
        if not answer["success"]:
            raise RuntimeError(f"nbgrader could not generate {unit}:\n{answer.get('log', '')}\n{answer.get('error', '')}")
    (into / "gradebook.db").unlink(missing_ok=True)


def _same_file(new: Path | None, old: Path | None) -> bool:
    if new is None or old is None:
        return False
    if new.read_bytes() == old.read_bytes():
        return True
    if new.name != FILE:
        return False
    try:
        left, right = (json.loads(path.read_text(encoding="utf-8")) for path in (new, old))
        return left.keys() == right.keys() and all(_same_recorded(left[name], right[name]) for name in left)
    except (ValueError, KeyError, TypeError, AttributeError):  # somebody has edited it by hand
        return False


def _same_recorded(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """The last bits of a number differ from machine to machine; everything else must not."""
    a, b = Recorded.from_json(left), Recorded.from_json(right)
    return (
        a.starting_point == b.starting_point
        and same(a.expected, b.expected, *BETWEEN_MACHINES)
        and len(a.fingerprints) == len(b.fingerprints)
        and all(_same_fingerprint(x, y, a.expected) for x, y in zip(a.fingerprints, b.fingerprints, strict=True))
    )


def _same_fingerprint(left: Fingerprint, right: Fingerprint, expected: Sequence[Any]) -> bool:
    """Where a training that went wrong ends depends on the last bits, but not where it leaves the right path."""
    start = first_deviation(left.observations, expected, *BETWEEN_MACHINES) + 1
    return (
        (left.id, left.says, left.hint) == (right.id, right.says, right.hint)
        and same(left.observations[:start], right.observations[:start], *BETWEEN_MACHINES)
        and same(left.observations[start:], right.observations[start:], rtol=0.3)
    )
