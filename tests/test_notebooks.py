"""Every notebook of the course as its readers run it: with all answers, and with none.

With one answer at a time it is graded by `autograder certify`: each exercise's reference alone must earn exactly its points.
"""

import pytest

from autograder.checks.verdict import State
from autograder.notebooks.model import role
from autograder.notebooks.reading import read_notebook
from tests.running import NOTEBOOKS, cards, outputs, peak_memory, run_from_top_to_bottom

GIGABYTE = 2**30


def assert_it_ran_to_its_end(nodes):
    """No cell but a failing check has raised, nothing was written to stderr, and the kernel lived to tell its memory."""
    errors = [cell.source[:80] for cell in nodes.cells if role(cell) != "check" and any_error(cell)]
    assert errors == []
    assert [output["text"] for output in outputs(nodes) if output.get("name") == "stderr"] == []
    assert peak_memory(nodes) < 2 * GIGABYTE


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
