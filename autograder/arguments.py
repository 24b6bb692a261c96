"""What a command is told: which course, which units, and whether a program reads the answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.refusals import Refused

Course = Annotated[
    Path, typer.Option("--course", help="Folder of the course: the one that holds source/.", show_default="this folder")
]
Units = Annotated[
    list[str] | None, typer.Argument(metavar="[UNIT]...", help="Units, as 01-activations; all of them when none is named.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
HERE = Path(".")


def course_at(folder: Path) -> Path:
    """The course's folder, made importable: `solutions` lies there."""
    root = folder.resolve()
    if not (root / "source").is_dir():
        raise Refused(f"{folder} is not a course: it has no folder source/.")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return root


def units_of(root: Path, wanted: list[str] | None) -> list[str]:
    """The units that were asked for, which must exist; a number or the start of a name will do."""
    known = sorted(path.name for path in (root / "source").iterdir() if any(path.glob("*.md")) or any(path.glob("*.ipynb")))
    if not wanted:
        return known
    found = []
    for name in wanted:
        matches = [unit for unit in known if unit == name] or [unit for unit in known if unit.startswith(name)]
        if len(matches) != 1:
            raise Refused(f"There is no unit {name}; there are {', '.join(known) or 'none'}.")
        found.append(matches[0])
    return found
