"""The command line: parse, call, print."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.arguments import HERE, Course, Json, Units, course_at, units_of
from autograder.refusals import Refused, sentence

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


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
    root = course_at(course)
    from autograder.authoring import build as building
    from autograder.authoring.workers import workers

    wanted = units_of(root, units)
    with workers(root) as pool:
        if not check:
            building.build(root, wanted, note=typer.echo, spread=pool.map)
            return
        found = building.stale(root, wanted, spread=pool.map)
    for name in found:
        typer.echo(f"{name} is stale: run `autograder build`")
    raise typer.Exit(1 if found else 0)


@app.command()
def certify(
    units: Units = None,
    exercise: Annotated[str, typer.Option("--exercise", help="One exercise alone, as optimizers/adam_step.")] = "",
    secrets: Annotated[
        int, typer.Option("--secrets", min=0, help="Instead, prove that the reference passes hidden checks under so many secrets.")
    ] = 0,
    as_json: Json = False,
    course: Course = HERE,
) -> None:
    """Prove the checks: right answers earn full points, wrong ones lose them and are named.

    Example: autograder certify 05-optimizers --exercise optimizers/adam_step
    """
    root = course_at(course)
    from autograder.authoring import proof
    from autograder.commands import progress

    wanted = units_of(root, units)
    if secrets:
        alarms = proof.false_alarms(root, wanted, exercise, secrets, progress)
        figures: dict[str, object] = {"secrets": secrets, "problems": alarms}
    else:
        figures = proof.summary(proof.certify_units(root, wanted, exercise, progress))
    if as_json:
        typer.echo(json.dumps(figures, ensure_ascii=False, indent=1))
    else:
        proof.show(figures)
    raise typer.Exit(1 if figures["problems"] else 0)


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
    root = course_at(course)
    from autograder.class_commands import grade_class, insist_on_isolation, print_json, print_refused, print_table
    from autograder.grading.settings import Patience, Settings

    settings = Settings(workers, Patience(cell_seconds, check_seconds), isolate=not unisolated, force=force)
    insist_on_isolation(settings.isolate)
    graded = grade_class(root, units_of(root, units), student, settings)
    if as_json:
        print_json(graded)
    else:
        print_table(graded)
        print_refused(graded)
    raise typer.Exit(1 if any(result.refused for rows in graded.values() for result in rows) else 0)


@app.command()
def feedback(units: Units = None, course: Course = HERE) -> None:
    """Write one page a student and notebook into feedback/, from what `grade` found.

    Example: autograder feedback 01-activations
    """
    root = course_at(course)
    from autograder.feedback.writing import write_student_pages

    pages = [page for unit in units_of(root, units) for page in write_student_pages(root, unit)]
    if not pages:
        raise Refused("Nothing has been graded yet; run `autograder grade` first.")
    typer.echo(f"{len(pages)} pages in {root / 'feedback'}")


@app.command()
def report(units: Units = None, course: Course = HERE) -> None:
    """Write the class page: points, difficulty, misconceptions, time.

    Example: autograder report
    """
    root = course_at(course)
    from autograder.feedback.writing import write_class_page

    typer.echo(str(write_class_page(root, units_of(root, units))))


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
    root, target = course_at(course), folder.resolve()
    from autograder.authoring.demo_class import CLASS, LONG, demo_units, make_class
    from autograder.class_commands import grade_class, insist_on_isolation, print_table
    from autograder.feedback.writing import write_class_page, write_student_pages
    from autograder.grading.settings import Patience, Settings

    insist_on_isolation(True)
    wanted = units_of(root, units) if units else demo_units(root)
    patience = Patience() if LONG in wanted else Patience(cell=4, check=3)
    typer.echo(f"A class of {len(CLASS)} students, {len(wanted)} units, in {target}")
    for member in CLASS:
        typer.echo(f"  {member.name:<8} {member.story}")
    make_class(root, target, wanted)
    print_table(grade_class(target, wanted, None, Settings(patience=patience)))
    pages = [page for unit in wanted for page in write_student_pages(target, unit)]
    typer.echo(f"gradebook      {target / 'gradebook.db'}")
    typer.echo(f"notebooks      {target / 'autograded'}")
    typer.echo(f"feedback       {target / 'feedback'} ({len(pages)} pages)")
    typer.echo(f"class page     {write_class_page(target, wanted)}")


def main() -> None:
    """Run a command; what goes wrong is one sentence on stderr and exit code 2."""
    signal.signal(signal.SIGTERM, _end)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # commands share the cores out among processes, and their nets are small
    try:
        app()
    except Exception as error:
        typer.echo(sentence(error), err=True)
        sys.exit(2)


def _end(number: int, _: object) -> None:
    """End in good order when told to, with the processes that work for this one."""
    for process in multiprocessing.active_children():
        process.kill()
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
