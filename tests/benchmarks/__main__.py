"""`make bench`: what a submission costs over a warm bare run of the same cells, and what a notebook costs its reader.

The page is tests/benchmarks/README.md.

Both are forked from a warm process. The bare run has no isolation and no wire: setup, answers and checks in one process, as
nobody should grade. The ratio is what the trust boundary and the verdicts cost; both are measured in turn in one run, so that it
holds when the machine's speed drifts.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from autograder.authoring.certify import submission
from autograder.checks.judging import judge
from autograder.checks.running import run
from autograder.checks.verdict import Verdict
from autograder.grading.reference import Reference, quiet
from autograder.grading.submission import Grader
from autograder.grading.verdicts import blank
from autograder.notebooks.aligning import Aligned
from autograder.notebooks.model import role
from autograder.notebooks.reading import read_notebook
from autograder.sandbox.pool import Template
from autograder.sandbox.shell import new_shell, warm
from tests.running import NOTEBOOKS, cards, peak_memory, run_from_top_to_bottom, seconds

RUNS = 7
PATIENCE = 20.0
"""Seconds for all runs of a notebook; one that takes longer is run once."""


def main() -> None:
    """Measure every notebook, and write the page."""
    shell = new_shell()
    warm(shell)
    rows, notebooks = [], []
    with Template() as template:
        for path in NOTEBOOKS.values():
            reference = Reference(read_notebook(path))
            aligned = submission(reference, {name: exercise.solution for name, exercise in reference.notebook.exercises.items()})
            grader = Grader(reference, template)
            result = grader.grade(aligned)
            assert result.points == result.max_points, f"{path.stem}: the reference does not get full points"
            graded, bare = [], []
            runs = max(1, min(RUNS, int(PATIENCE / result.seconds)))
            for _ in range(runs):
                graded.append(milliseconds(partial(grader.grade, aligned)))
                bare.append(milliseconds(partial(bare_run, reference, aligned, shell)))
            ratio = statistics.median(a / b for a, b in zip(graded, bare, strict=True))
            rows.append((path.stem, len(reference.notebook.checks), statistics.median(graded), statistics.median(bare), ratio))
            print(f"{path.stem:<14} {rows[-1][2]:7.0f} ms graded {rows[-1][3]:7.0f} ms bare   ratio {ratio:.2f}")
            hidden = sum(verdict.seconds for verdict in result.verdicts.values() if verdict.check.startswith("hidden"))
            notebooks.append((path.stem, *reading(reference), hidden))
            print(f"{'':<14} " + "  ".join(f"{value:.1f}" for value in notebooks[-1][1:]))
    write_page(rows, notebooks)


def reading(reference: Reference) -> tuple[float, float, float, float]:
    """Seconds of a notebook with the reference answers, of its slowest cell and visible check; its peak memory in GB."""
    answers = {name: exercise.solution for name, exercise in reference.notebook.exercises.items()}
    nodes = run_from_top_to_bottom(reference.notebook.name, answers)
    each = [seconds(cell) for cell in nodes.cells if cell.cell_type == "code" and "execution" in cell.metadata]
    return sum(each), max(each), max(verdict.seconds for verdict in cards(nodes)), peak_memory(nodes) / 1e9


def milliseconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)


def bare_run(reference: Reference, aligned: Aligned, shell: object) -> None:
    """Run setup, answers and checks in one forked process, without isolation, wire or a second process."""
    expected = {check.grade_id: reference.observations(check) for check in reference.notebook.checks}
    process = os.fork()
    if process == 0:
        try:
            verdicts = bare_verdicts(reference, aligned, shell, expected)
            lost = [f"{verdict.exercise} {verdict.check}: {verdict.cause}" for verdict in verdicts if not verdict.passed]
        except BaseException as error:  # whatever it is, this process must not go on as if it were its parent
            lost = [repr(error)]
        print("\n".join(lost), flush=True, end="")
        os._exit(bool(lost))
    _, status = os.waitpid(process, 0)
    assert status == 0, f"{reference.notebook.name}: the bare run did not come to its end, or lost points"


def bare_verdicts(reference: Reference, aligned: Aligned, shell: object, expected: dict[str, list[Any]]) -> list[Verdict]:
    """The verdicts of the checks of a notebook, run in this process."""
    forget_trainings()
    with quiet():
        for cell in aligned.nodes.cells:
            if role(cell) in ("setup", "exercise", "question"):
                shell.run_cell(cell.source, store_history=False)  # type: ignore[attr-defined]
        sources = {name: exercise.solution for exercise in reference.notebook.exercises.values() for name in exercise.functions}
        verdicts = []
        for check in reference.notebook.checks:
            outcome = run(reference.body(check), dict(shell.user_ns), reference.collector(check, sources=sources))  # type: ignore[attr-defined]
            verdicts.append(judge(outcome, expected[check.grade_id], list, blank(check)))
    return verdicts


def forget_trainings() -> None:
    """Empty the caches of `autograder.lab`: a fork inherits them from a process that has run these checks, a sandbox does not."""
    for name, module in list(sys.modules.items()):
        if name.startswith("autograder.lab."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def write_page(
    rows: list[tuple[str, int, float, float, float]], notebooks: list[tuple[str, float, float, float, float, float]]
) -> None:
    """Write the figures down."""
    lines = [
        "# Timings",
        "",
        "Made by `make bench`: one submission with the reference answers, one worker, medians of "
        f"up to {RUNS} runs in turn, on {os.cpu_count()} cores with Python {platform.python_version()}.",
        "*Graded* is the whole of it: fork, isolation, the student's cells, every check across the wire, the verdicts. "
        "*Bare* forks a warm process and runs the same cells and checks in it, with no isolation and no second process; "
        "it trains anew what the grader's side of a check has trained and kept for a class, hence a ratio below 1 in the capstone.",
        "",
        "| notebook | checks | graded, ms | bare, ms | ratio |",
        "|---|---|---|---|---|",
        *(f"| {name} | {checks} | {graded:.0f} | {bare:.0f} | {ratio:.2f} |" for name, checks, graded, bare, ratio in rows),
        "",
        "One run of each notebook with the reference answers, demos and all, in a kernel with one thread, in seconds; "
        "and all its hidden checks in grading.",
        "",
        "| notebook | from top to bottom | slowest cell | slowest visible check | memory, GB | hidden checks |",
        "|---|---|---|---|---|---|",
        *(f"| {row[0]} | " + " | ".join(f"{value:.1f}" for value in row[1:]) + " |" for row in notebooks),
        "",
    ]
    (Path(__file__).parent / "README.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
