"""Whatever is handed in, reading it gives a notebook or a sentence."""

import json
import os

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.notebooks import reading
from autograder.notebooks.reading import UnreadableNotebook, read_nodes

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.one_of(st.sampled_from(["code", "markdown", "raw", "heading"]), JSON),
        "id": st.one_of(st.text(max_size=5), JSON),
        "source": st.one_of(st.text(max_size=20), st.lists(st.text(max_size=5), max_size=3), JSON),
        "metadata": st.one_of(st.dictionaries(st.sampled_from(["nbgrader", "autograder", "tags"]), JSON, max_size=2), JSON),
        "outputs": JSON,
        "execution_count": JSON,
    },
)
NOTEBOOK = st.fixed_dictionaries(
    {"nbformat": st.one_of(st.sampled_from([4, 4, 4, 3, 2, 5]), JSON), "cells": st.one_of(st.lists(CELL, max_size=4), JSON)},
    optional={"nbformat_minor": st.one_of(st.integers(0, 9), JSON), "metadata": JSON, "worksheets": JSON},
)
WHOLE = nbformat.writes(
    nbformat.v4.new_notebook(
        metadata={"n": 1.5, "flag": True, "none": None},
        cells=[nbformat.v4.new_markdown_cell('A "quoted" {brace}'), nbformat.v4.new_code_cell("d = {'a': [1]}\nd")],
    )
)


def refused(path, content=None):
    """The sentence with which a file is refused, without its path."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableNotebook) as error:
        read_nodes(path)
    sentence = str(error.value)
    assert sentence.startswith(f"{path} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path} ")


def read(path, data):
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return read_nodes(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.ipynb"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty."),
        (" \n\t ", "is empty."),
        ("my answers are:", "is not a notebook: it is not valid JSON."),
        ('{"cells": [}]}' + " " * 20 + "}", "is not a notebook: it is not valid JSON."),
        ("[" * 100_000, "is not a notebook: it is not valid JSON."),
        ('{"cells": ' + "9" * 5000 + "}", "is not a notebook: it is not valid JSON."),
        ("[1, 2]", "is JSON, but not a notebook."),
        ("{}", "is JSON, but not a notebook."),
        ('{"cells": []}', "is JSON, but not a notebook."),
        ('{"nbformat": 4}', "is JSON, but not a notebook."),
        ('{"nbformat": "4", "cells": []}', "is JSON, but not a notebook."),
        ('{"nbformat": 4, "cells": 5}', "is not a notebook that can be read: 'int' object is not iterable."),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff", "is not a notebook: it is not text."),
        (WHOLE.encode("utf-16"), "is not a notebook: it is not text."),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_file_that_is_no_notebook_is_refused_in_a_sentence(path, content, sentence):
    assert refused(path, content) == sentence


def test_a_missing_file_and_a_folder_are_refused_in_a_sentence(path):
    assert refused(path) == "does not exist."
    path.mkdir()
    assert refused(path) == "is a folder, not a notebook."


def test_a_file_that_may_not_be_read_is_refused_in_a_sentence(path):
    path.symlink_to(path)
    assert refused(path) == f"cannot be read: {os.strerror(40)}."


@pytest.mark.parametrize("length", range(1, len(WHOLE.rstrip()) - 1, 3))
def test_a_notebook_that_was_cut_short_is_called_so_wherever_the_cut_is(path, length):
    assert refused(path, WHOLE[:length]) == "is cut short: it is not valid JSON."


def test_a_huge_notebook_is_refused_before_it_is_read(path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 2 * 2**20)
    with open(path, "wb") as file:
        file.truncate(2 * 2**20 + 1)
    assert refused(path) == "is larger than 2 MB: clear its outputs and hand it in again."


@given(NOTEBOOK)
def test_arbitrary_json_in_the_shape_of_a_notebook_is_read_or_refused_and_what_is_read_can_be_written(tmp_path, data):
    path = tmp_path / "odd.ipynb"
    try:
        nodes = read(path, json.dumps(data))
    except UnreadableNotebook:
        return
    for cell in nodes.cells:
        assert isinstance(cell.source, str)
        assert isinstance(cell.metadata, dict)
        assert isinstance(cell.get("id", ""), str)
        assert all(isinstance(cell.metadata.get(own, {}), dict) for own in ("nbgrader", "autograder"))
        assert cell.cell_type != "code" or isinstance(cell.outputs, list)
        cell.source.encode()


def test_a_notebook_of_version_3_is_read_as_version_4(path):
    cells = [
        {
            "cell_type": "code",
            "language": "python",
            "input": ["x = 1\n", "y = 2"],
            "outputs": [],
            "metadata": {},
            "prompt_number": 1,
        },
        {"cell_type": "markdown", "source": "text", "metadata": {}},
        {"cell_type": "heading", "level": 2, "source": "Title", "metadata": {}},
    ]
    nodes = read(
        path, {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old"}, "worksheets": [{"cells": cells, "metadata": {}}]}
    )
    assert nodes.nbformat == 4
    assert [(cell.cell_type, cell.source) for cell in nodes.cells] == [
        ("code", "x = 1\ny = 2"),
        ("markdown", "text"),
        ("markdown", "## Title"),
    ]


def test_a_notebook_that_another_program_wrote_is_brought_into_form(path):
    cells = [
        {"cell_type": "code", "source": ["a\n", "b"]},
        {"cell_type": "code", "source": "c", "metadata": None, "outputs": None, "id": 7},
        {"cell_type": "markdown", "metadata": {"nbgrader": None, "autograder": [], "tags": ["x"]}},
        {"cell_type": "unknown", "source": "dropped"},
        "no cell",
    ]
    nodes = read(path, {"nbformat": 4, "nbformat_minor": 2, "cells": cells, "metadata": []})
    assert [cell.source for cell in nodes.cells] == ["a\nb", "c", ""]
    assert nodes.metadata == {}
    assert [cell.metadata for cell in nodes.cells] == [{}, {}, {"tags": ["x"]}]
    assert "id" not in nodes.cells[1]
    assert (nodes.cells[1].outputs, nodes.cells[1].execution_count) == ([], None)


def test_a_mark_of_windows_at_the_beginning_of_a_file_is_no_obstacle(path):
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    assert len(read_nodes(path).cells) == 2


def test_text_that_no_file_can_hold_is_taken_out_of_a_cell(path):
    nodes = read(path, '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "a\\ud800b\\u0000c \\u00e9"}]}')
    assert nodes.cells[0].source == "a?bc é"
