"""The command line: parse, call, print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

Course = Annotated[Path, typer.Option("--course", help="Folder of the course: the one that holds source/.", show_default="this folder")]
Units = Annotated[list[str] | None, typer.Argument(metavar="[UNIT]...", help="Units, as 01-activations; all of them when none is named.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
HERE = Path(".")


class Refused(Exception):
    """What cannot be done; the message is the sentence that the user reads."""


@app.callback()
def about() -> None:
    """Checks that teach, and a grader that cannot be cheated, for a course on training neural networks."""


@app.command()
def build(
    units: Units = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; say what is stale.")] = False,
    course: Course = HERE,
) -> None:
    """Make the instructor and student notebooks from source/*.md and solutions/*.py.

    Example: autograder build 01-activations
    """
    root = _course(course)
    from autograder.authoring import build as building

    wanted = _units(root, units)
    if check:
        found = building.stale(root, wanted)
        for name in found:
            typer.echo(f"{name} is stale: run `autograder build`")
        raise typer.Exit(1 if found else 0)
    building.build(root, wanted, note=typer.echo)


@app.command()
def certify(
    units: Units = None,
    exercise: Annotated[str, typer.Option("--exercise", help="One exercise alone, as optimizers/adam_step.")] = "",
    as_json: Json = False,
    course: Course = HERE,
) -> None:
    """Prove the checks: right answers earn full points, wrong ones lose them and are named.

    Example: autograder certify 05-optimizers --exercise optimizers/adam_step
    """
    root = _course(course)
    from autograder.authoring import proof

    certificates = proof.certify_units(root, _units(root, units), exercise, progress=_progress)
    if not certificates:
        raise Refused(f"There is no exercise {exercise}." if exercise else "There is nothing to certify.")
    if as_json:
        typer.echo(json.dumps(proof.summary(certificates), ensure_ascii=False, indent=1))
    else:
        proof.show(certificates)
    raise typer.Exit(1 if any(certificate.problem for certificate in certificates) else 0)


def _course(folder: Path) -> Path:
    """The course's folder, made importable: `solutions` lies there."""
    root = folder.resolve()
    if not (root / "source").is_dir():
        raise Refused(f"{folder} is not a course: it has no folder source/.")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return root


def _units(root: Path, wanted: list[str] | None) -> list[str]:
    """The units that were asked for, which must exist; a number or the start of a name will do."""
    known = sorted(path.name for path in (root / "source").iterdir() if path.is_dir() and any(path.glob("*.md")) or any(path.glob("*.ipynb")))
    if not wanted:
        return known
    found = []
    for name in wanted:
        matches = [unit for unit in known if unit == name] or [unit for unit in known if unit.startswith(name)]
        if len(matches) != 1:
            raise Refused(f"There is no unit {name}; there are {', '.join(known) or 'none'}.")
        found.append(matches[0])
    return found


def _progress(items: Any, total: int, what: str) -> Any:
    """The items, with a progress bar on a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, description=what, total=total, console=console, disable=not console.is_terminal)


def main() -> None:
    """Run a command; what goes wrong is one sentence on stderr and exit code 2."""
    try:
        app()
    except Exception as error:
        typer.echo(_sentence(error), err=True)
        sys.exit(2)


def _sentence(error: Exception) -> str:
    expected = ("Refused", "SourceError", "BrokenCheck", "UnreadableNotebook", "WrongNotebook", "Busy", "NotIsolated", "GradebookError")
    if type(error).__name__ in expected:
        return str(error)
    if isinstance(error, PermissionError):
        return f"There is no permission to write {error.filename}."
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in ("autograder", "solutions"):
        return "This command is for instructors and works in a clone of the course, with `pip install -e .[grade]`."
    if isinstance(error, ModuleNotFoundError):
        return f"The package {error.name} is not installed; in a clone of the course, `pip install -r requirements.txt` installs it."
    return f"This should not have happened: {type(error).__name__}: {error}. Please report it."


if __name__ == "__main__":
    main()
