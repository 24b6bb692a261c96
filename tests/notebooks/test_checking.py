"""A student's own notebook, checked from a terminal in a kernel of its own."""

import shutil

import nbformat
import pytest

from autograder.checks.verdict import State
from autograder.notebooks.checking import check_notebook
from autograder.notebooks.model import grade_id, role
from autograder.notebooks.reading import UnreadableNotebook, read_nodes
from tests import authored


def handed_in(built, folder, answers, demo="shown = x"):
    """The released folder with answers in its notebook, and another text in its demo."""
    shutil.copytree(built.course / "release" / authored.UNIT, folder, dirs_exist_ok=True)
    path = folder / f"{authored.NAME}.ipynb"
    nodes = read_nodes(path)
    for cell in nodes.cells:
        cell.source = demo if role(cell) == "demo" else answers.get(grade_id(cell), cell.source)
    path.write_text(nbformat.writes(nodes), encoding="utf-8")
    return path


def test_the_visible_checks_are_decided_in_order_and_demos_are_left_out(built, tmp_path):
    answers = {"scale": "def scale(x, factor=2.0):\n    return factor + x", "largest": "largest = 3"}
    path = handed_in(built, tmp_path, answers, demo="while True: pass")
    verdicts = check_notebook(path)
    assert [(verdict.exercise.partition("/")[2], verdict.check) for verdict in verdicts] == [
        ("scale", "visible"),
        ("Mean", "visible"),
        ("largest", "question"),
    ]
    assert [verdict.state for verdict in verdicts] == [State.FAILED, State.NOT_ATTEMPTED, State.PASSED]
    assert [verdict.misconception for verdict in verdicts] == ["s.plus", "", ""]


def test_a_cell_that_does_not_end_is_told_with_what_to_do(built, tmp_path):
    path = handed_in(built, tmp_path, {"scale": "while True: pass"})
    with pytest.raises(UnreadableNotebook) as error:
        check_notebook(path, timeout=1)
    assert str(error.value) == (
        f"A cell of {path} ran for more than 1 seconds; interrupt it in JupyterLab and look for an endless loop."
    )


def test_a_notebook_without_checks_is_not_one_of_the_course(tmp_path):
    path = tmp_path / "other.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook()))
    with pytest.raises(UnreadableNotebook) as error:
        check_notebook(path)
    assert str(error.value) == f"{path} has no checks: it is not a notebook of the course."
