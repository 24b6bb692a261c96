"""How a built notebook is understood."""

import ast

import nbformat
import pytest

from autograder.notebooks.model import defined_names, definitions, grade_id, role, stub, without_markers
from autograder.notebooks.reading import read_notebook
from tests import authored


def test_a_built_notebook_is_understood_as_its_author_wrote_it(built):
    notebook, module = read_notebook(built.source.with_suffix(".ipynb")), built.module
    assert (notebook.unit, notebook.name, notebook.title, notebook.module) == (authored.UNIT, authored.NAME, "Scaling", module)
    assert list(notebook.exercises) == [f"{module}/scale", f"{module}/Mean", f"{module}/largest"]
    assert [exercise.is_question for exercise in notebook.exercises.values()] == [False, False, True]
    assert [exercise.code for exercise in notebook.exercises.values()] == ["E1.1", "E1.2", "Q1.1"]
    assert [check.grade_id for check in notebook.checks] == ["scale-visible", "scale-hidden", "Mean-visible", "largest-question"]
    assert notebook.points == 10
    assert len(notebook.setup) == 1
    assert notebook.owner("Mean") is notebook.exercises[f"{module}/Mean"]
    assert notebook.owner("nobody") is None
    scale = notebook.exercises[f"{module}/scale"]
    assert scale.metadata == {"difficulty": 1, "importance": 5, "minutes": 5, "track": "full", "question": False}
    assert scale.answer_sources["scale"].startswith("def scale(x, factor=2.0):  # any shape")
    assert "### BEGIN" not in scale.solution + "".join(check.body for check in notebook.checks)


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("def f(x): y = 1", ["f"]),
        ("class C:\n    z = 1", ["C"]),
        ("async def f(): ...", ["f"]),
        ("a = b = 1", ["a", "b"]),
        ("a, (b, *c) = 1, (2, 3)", ["a", "b", "c"]),
        ("a: int = 1", ["a"]),
        ("a += 1", ["a"]),
        ("table[key] = 1", []),
        ("thing.part = 1", []),
        ("print(a)", []),
    ],
)
def test_a_statement_defines_what_it_binds_and_not_what_it_uses(statement, names):
    assert defined_names(ast.parse(statement).body[0]) == names


def test_a_definition_is_found_with_its_decorators_and_the_comment_in_its_line():
    source = "import functools\n\n\n@functools.cache\ndef f():  # why\n    # inside\n    return 1\n\n\n# above\nLIMIT = 3  # of f\n"
    assert definitions(source) == {
        "f": "@functools.cache\ndef f():  # why\n    # inside\n    return 1",
        "LIMIT": "LIMIT = 3  # of f",
    }


def test_a_stub_has_one_line_for_every_region_and_keeps_the_rest():
    source = "def f():\n    a = 1\n    ### BEGIN SOLUTION\n    b = 2\n    c = 3\n    ### END SOLUTION\n    return a"
    cell = nbformat.v4.new_code_cell(source)
    assert stub(cell) == "def f():\n    a = 1\n    raise NotImplementedError\n    return a"
    assert without_markers(source) == "def f():\n    a = 1\n    b = 2\n    c = 3\n    return a"
    cell.metadata["autograder"] = {"stub": "f = None"}
    assert stub(cell) == "f = None"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (nbformat.v4.new_code_cell("x"), "extra"),
        (nbformat.v4.new_markdown_cell("x"), "prose"),
        (nbformat.v4.new_code_cell("x", metadata={"autograder": {"role": "demo"}}), "demo"),
    ],
)
def test_a_cell_without_a_role_is_the_students_own_or_prose(cell, expected):
    assert role(cell) == expected
    assert grade_id(cell) == ""
