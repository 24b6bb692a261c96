"""Every notebook of the course as its readers run it: with all answers, with none, and with one at a time."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.authoring.certify import submission
from autograder.checks.live import MIME
from autograder.checks.verdict import State, Verdict
from autograder.grading.reference import Reference
from autograder.grading.submission import Grader
from autograder.notebooks.model import grade_id, role
from autograder.notebooks.reading import read_nodes, read_notebook

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "source").glob("*/*.ipynb"))}
GIGABYTE = 2**20  # in units of ru_maxrss
LAST = "import json, resource\nprint(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"


def run_from_top_to_bottom(name, answers):
    """The released notebook in a kernel of its own, with answers put in by exercise; the last cell prints the peak memory."""
    notebook = read_notebook(NOTEBOOKS[name])
    path = ROOT / "release" / notebook.unit / f"{name}.ipynb"
    nodes = read_nodes(path)
    by_id = {exercise.grade_id: exercise.name for exercise in notebook.exercises.values()}
    for cell in nodes.cells:
        if role(cell) in ("exercise", "question"):
            cell.source = answers.get(by_id[grade_id(cell)], cell.source)
    nodes.cells.append(nbformat.v4.new_code_cell(LAST))
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    client = NotebookClient(
        nodes,
        kernel_name="python3",
        timeout=120,
        allow_errors=True,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env={**os.environ, **threads})
    return nodes


def outputs(nodes, roles=None):
    return [output for cell in nodes.cells if roles is None or role(cell) in roles for output in cell.get("outputs", [])]


def cards(nodes):
    """What the checks of a notebook said."""
    return [Verdict.from_json(output["data"][MIME]) for output in outputs(nodes, ["check"]) if MIME in output.get("data", {})]


def assert_it_ran_to_its_end(nodes):
    """No cell but a failing check has raised, nothing was written to stderr, and the kernel lived to tell its memory."""
    errors = [cell.source[:80] for cell in nodes.cells if role(cell) != "check" and any_error(cell)]
    assert errors == []
    assert [output["text"] for output in outputs(nodes) if output.get("name") == "stderr"] == []
    assert json.loads(nodes.cells[-1].outputs[0]["text"]) < 2 * GIGABYTE


def any_error(cell):
    return any(output["output_type"] == "error" for output in cell.get("outputs", []))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_with_the_reference_answers_every_cell_runs_and_every_check_passes(name):
    notebook = read_notebook(NOTEBOOKS[name])
    nodes = run_from_top_to_bottom(name, {exercise.name: exercise.solution for exercise in notebook.exercises.values()})
    assert_it_ran_to_its_end(nodes)
    assert [verdict.cause for verdict in cards(nodes) if not verdict.passed] == []
    assert len(cards(nodes)) == sum(check.header.kind != "hidden" for check in notebook.checks)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_with_nothing_done_every_cell_runs_and_every_check_says_so(name):
    notebook = read_notebook(NOTEBOOKS[name])
    nodes = run_from_top_to_bottom(name, {})
    assert_it_ran_to_its_end(nodes)
    assert {verdict.exercise for verdict in cards(nodes)} == notebook.exercises.keys()
    assert {(verdict.state, verdict.points) for verdict in cards(nodes)} == {(State.NOT_ATTEMPTED, 0)}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_one_exercise_at_a_time_earns_exactly_its_points(name, template):
    reference = Reference(read_notebook(NOTEBOOKS[name]))
    grader = Grader(reference, template)
    for exercise in reference.notebook.exercises.values():
        result = grader.grade(submission(reference, {exercise.name: exercise.solution}))
        own = sum(check.header.points for check in reference.notebook.checks if check.header.exercise == exercise.name)
        assert result.points == own, exercise.name
        assert all(verdict.passed == (verdict.exercise == exercise.name) for verdict in result.verdicts.values()), exercise.name
