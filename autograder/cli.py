"""The command line: parse, call, print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

Course = Annotated[
    Path, typer.Option("--course", help="Folder of the course: the one that holds source/.", show_default="this folder")
]
Units = Annotated[
    list[str] | None, typer.Argument(metavar="[UNIT]...", help="Units, as 01-activations; all of them when none is named.")
]
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


@app.command()
def check(
    notebook: Annotated[
        Path | None, typer.Argument(help="Your notebook; the only one in this folder when it is not named.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the visible checks of your own notebook: points so far, and the next step.

    Example: autograder check activations.ipynb
    """
    from autograder.commands import check_lines
    from autograder.notebooks.checking import check_notebook

    there = sorted(HERE.glob("*.ipynb"))
    if notebook is None and len(there) != 1:
        raise Refused(f"Which notebook? There {'are ' + str(len(there)) if there else 'is none'} in this folder.")
    verdicts = check_notebook(notebook or there[0])
    if as_json:
        typer.echo(json.dumps([verdict.to_json() for verdict in verdicts], ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(check_lines(verdicts)))
    raise typer.Exit(0 if all(verdict.passed for verdict in verdicts) else 1)


@app.command()
def grade(
    units: Units = None,
    student: Annotated[list[str] | None, typer.Option("--student", help="Only this student; may be given again.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Parallel processes; 0 is one for each core.")] = 0,
    cell_seconds: Annotated[float, typer.Option("--cell-seconds", min=0.1, help="Patience with a cell of a student's.")] = 20.0,
    check_seconds: Annotated[float, typer.Option("--check-seconds", min=0.1, help="Patience with a check.")] = 10.0,
    force: Annotated[bool, typer.Option("--force", help="Run again what has not changed since it was graded.")] = False,
    unisolated: Annotated[
        bool, typer.Option("--unisolated", help="Run students' code without isolation. Only on a machine you can lose.")
    ] = False,
    as_json: Json = False,
    course: Course = HERE,
) -> None:
    """Grade submitted/ into gradebook.db and autograded/.

    Example: autograder grade 01-activations --workers 4
    """
    root = _course(course)
    from autograder.grading.settings import Patience, Settings

    settings = Settings(workers, Patience(cell_seconds, check_seconds), isolate=not unisolated, force=force)
    _insist_on_isolation(settings.isolate)
    graded = _grade(root, _units(root, units), student, settings)
    if as_json:
        typer.echo(
            json.dumps(
                [result.to_json() | {"student": name} for name, rows in graded.items() for result in rows], ensure_ascii=False
            )
        )
    else:
        _print_table(graded)
        refused = [(name, result) for name, rows in graded.items() for result in rows if result.refused]
        for name, result in refused:
            typer.echo(f"{name}: {result.refused}", err=True)
    raise typer.Exit(1 if any(result.refused for rows in graded.values() for result in rows) else 0)


@app.command()
def feedback(units: Units = None, course: Course = HERE) -> None:
    """Write one page a student and notebook into feedback/, from what `grade` found.

    Example: autograder feedback 01-activations
    """
    root = _course(course)
    from autograder.feedback.writing import write_student_pages

    pages = [page for unit in _units(root, units) for page in write_student_pages(root, unit)]
    if not pages:
        raise Refused("Nothing has been graded yet; run `autograder grade` first.")
    typer.echo(f"{len(pages)} pages in {root / 'feedback'}")


@app.command()
def report(units: Units = None, course: Course = HERE) -> None:
    """Write the class page: points, difficulty, misconceptions, time.

    Example: autograder report
    """
    root = _course(course)
    from autograder.feedback.writing import write_class_page

    typer.echo(str(write_class_page(root, _units(root, units))))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is installed, which isolation is in force, and what to do about what is missing.

    Example: autograder doctor
    """
    from autograder import health

    found = health.examine()
    typer.echo(json.dumps(found, indent=1) if as_json else "\n".join(health.lines(found)))
    raise typer.Exit(0 if found["ready"] else 1)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Where to put the class.")] = Path(".demo"),
    units: Units = None,
    course: Course = HERE,
) -> None:
    """Make a small mixed class of real notebooks, grade it, and write gradebook, feedback and the class page.

    Example: autograder demo
    """
    root, target = _course(course), folder.resolve()
    from autograder.authoring.demo_class import CLASS, LONG, demo_units, make_class
    from autograder.feedback.writing import write_class_page, write_student_pages
    from autograder.grading.settings import Patience, Settings

    _insist_on_isolation(True)
    wanted = _units(root, units) if units else demo_units(root)
    patience = Patience() if LONG in wanted else Patience(cell=4, check=3)
    typer.echo(f"A class of {len(CLASS)} students, {len(wanted)} units, in {target}")
    for member in CLASS:
        typer.echo(f"  {member.name:<8} {member.story}")
    make_class(root, target, wanted)
    _print_table(_grade(target, wanted, None, Settings(patience=patience)))
    pages = [page for unit in wanted for page in write_student_pages(target, unit)]
    typer.echo(f"gradebook      {target / 'gradebook.db'}")
    typer.echo(f"notebooks      {target / 'autograded'}")
    typer.echo(f"feedback       {target / 'feedback'} ({len(pages)} pages)")
    typer.echo(f"class page     {write_class_page(target, wanted)}")


def _grade(root: Path, units: list[str], students: list[str] | None, settings: Any) -> dict[str, list[Any]]:
    """Grade units, and give everybody's results."""
    from autograder.gradebook.batch import grade as grade_batch
    from autograder.grading.course import submissions

    found: dict[str, list[Any]] = {}
    there = {unit: submissions(root, unit) for unit in units}
    known = {name for names in there.values() for name in names}
    unknown = sorted(set(students or []) - known)
    if unknown:
        raise Refused(f"{unknown[0]} has not handed in anything in submitted/.")
    if not known:
        raise Refused(f"There is nothing to grade: submitted/ has no folder STUDENT/{units[0] if len(units) == 1 else 'UNIT'}.")
    for unit in units:
        names = [name for name in there[unit] if not students or name in students]
        if names:
            for graded in _progress(grade_batch(root, unit, names, settings), len(names), unit):
                found.setdefault(graded.student, []).extend(graded.results)
    return dict(sorted(found.items()))


def _print_table(graded: dict[str, list[Any]]) -> None:
    from rich.console import Console

    from autograder.commands import class_table

    rows = [
        (name, [(_label(result), result.points, result.max_points, list(result.verdicts.values())) for result in results])
        for name, results in graded.items()
    ]
    console = Console()
    Console(width=console.width if console.is_terminal else 160).print(class_table(rows))


def _label(result: Any) -> str:
    return str(result.unit if result.unit.endswith(result.notebook) else f"{result.unit}/{result.notebook}")


def _insist_on_isolation(isolate: bool) -> None:
    from autograder.sandbox.isolation import probe, readable_paths

    if not isolate:
        return
    found = probe(readable_paths())
    if found.level == "none":
        raise Refused(
            "Students' code cannot be isolated on this machine; see `autograder doctor`. To run it all the same: --unisolated."
        )


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
    expected = (
        "Refused",
        "SourceError",
        "BrokenCheck",
        "UnreadableNotebook",
        "WrongNotebook",
        "Busy",
        "NotIsolated",
        "GradebookError",
    )
    if type(error).__name__ in expected:
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be used: {error.strerror}."
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in ("autograder", "solutions"):
        return "This command is for instructors and works in a clone of the course, with `pip install -e .[grade]`."
    if isinstance(error, ModuleNotFoundError):
        return (
            f"The package {error.name} is not installed; in a clone of the course, `pip install -r requirements.txt` installs it."
        )
    return f"This should not have happened: {type(error).__name__}: {error}. Please report it."


if __name__ == "__main__":
    main()
