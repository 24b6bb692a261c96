"""`make bench`: milliseconds per submission over a warm bare run of the same cells, written to tests/benchmarks/README.md.

Both are forked from a warm process. The bare run has no isolation and no wire: setup, answers and checks in one process, as
nobody should grade. The ratio is what the trust boundary and the verdicts cost; both are measured in turn in one run, so that it
holds when the machine's speed drifts.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from autograder.authoring.certify import submission
from autograder.checks.judging import judge
from autograder.checks.running import run
from autograder.grading.reference import Reference, quiet
from autograder.grading.submission import Grader, blank
from autograder.notebooks.aligning import Aligned
from autograder.notebooks.model import role
from autograder.notebooks.reading import read_notebook
from autograder.sandbox.pool import Template
from autograder.sandbox.student import new_shell, warm

ROOT = Path(__file__).resolve().parents[2]
RUNS = 15


def main() -> None:
    """Measure every notebook, and write the page."""
    shell = new_shell()
    warm(shell)
    rows = []
    with Template() as template:
        for path in sorted((ROOT / "source").glob("*/*.ipynb")):
            reference = Reference(read_notebook(path))
            aligned = submission(reference, {name: exercise.solution for name, exercise in reference.notebook.exercises.items()})
            grader = Grader(reference, template)
            result = grader.grade(aligned)
            assert result.points == result.max_points, f"{path.stem}: the reference does not get full points"
            graded, bare = [], []
            for _ in range(RUNS):
                graded.append(milliseconds(partial(grader.grade, aligned)))
                bare.append(milliseconds(partial(bare_run, reference, aligned, shell)))
            ratio = statistics.median(a / b for a, b in zip(graded, bare, strict=True))
            rows.append((path.stem, len(reference.notebook.checks), statistics.median(graded), statistics.median(bare), ratio))
            print(f"{path.stem:<14} {rows[-1][2]:7.0f} ms graded {rows[-1][3]:7.0f} ms bare   ratio {ratio:.2f}")
    write_page(rows)


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
        with quiet():
            for cell in aligned.nodes.cells:
                if role(cell) in ("setup", "exercise", "question"):
                    shell.run_cell(cell.source, store_history=False)  # type: ignore[attr-defined]
            sources = {name: exercise.solution for exercise in reference.notebook.exercises.values() for name in exercise.functions}
            for check in reference.notebook.checks:
                outcome = run(reference.body(check), dict(shell.user_ns), reference.collector(check, sources=sources))  # type: ignore[attr-defined]
                judge(outcome, expected[check.grade_id], list, blank(check))
        os._exit(0)
    os.waitpid(process, 0)


def write_page(rows: list[tuple[str, int, float, float, float]]) -> None:
    """Write the figures down."""
    lines = [
        "# Timings",
        "",
        "Made by `make bench`: one submission with the reference answers, one worker, medians of "
        f"{RUNS} runs in turn, on {os.cpu_count()} cores with Python {platform.python_version()}.",
        "*Graded* is the whole of it: fork, isolation, the student's cells, every check across the wire, the verdicts. "
        "*Bare* forks a warm process and runs the same cells and checks in it, with no isolation and no second process.",
        "",
        "| notebook | checks | graded, ms | bare, ms | ratio |",
        "|---|---|---|---|---|",
        *(f"| {name} | {checks} | {graded:.0f} | {bare:.0f} | {ratio:.2f} |" for name, checks, graded, bare, ratio in rows),
        "",
    ]
    (Path(__file__).parent / "README.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
