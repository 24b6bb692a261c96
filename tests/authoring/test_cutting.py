"""A stub says everything that the reference says, and nothing that it does."""

import ast
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring.cutting import BEGIN, END, answers_in, with_markers
from autograder.notebooks.model import stub, without_markers

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
ANSWERS = [
    pytest.param(source, id=f"{path.stem}/{name}")
    for path in sorted(SOLUTIONS.glob("*.py"))
    for name, source in answers_in(path.read_text(encoding="utf-8")).items()
    if source.startswith(("def ", "class ", "@"))
]


def cut(source):
    return stub(nbformat.v4.new_code_cell(with_markers(source)))


def functions(source):
    """The function, or the methods of the class, that a text defines."""
    (node,) = ast.parse(source).body
    return [node] if isinstance(node, ast.FunctionDef) else [item for item in node.body if isinstance(item, ast.FunctionDef)]


def regions(source):
    """The lines between the markers, region by region."""
    return [part.split(END)[0] for part in with_markers(source).split(BEGIN)[1:]]


def raises_only(body):
    (statement,) = body
    return ast.unparse(statement) == "raise NotImplementedError"


def test_there_are_answers_to_cut():
    assert len(ANSWERS) > 20


@pytest.mark.parametrize("source", ANSWERS)
def test_the_stub_of_a_real_answer_keeps_signature_docstring_and_comments_and_loses_the_body(source):
    left = cut(source)
    assert without_markers(with_markers(source)) == without_markers(source)
    if BEGIN in source:  # its author has said what to cut
        assert "raise NotImplementedError" in left
        return
    kept, gone = set(left.split("\n")), "\n".join(regions(source)).split("\n")
    for mine, theirs in zip(functions(left), functions(source), strict=True):
        assert ast.unparse(mine.args) == ast.unparse(theirs.args)
        assert (mine.returns is None) == (theirs.returns is None)
        assert [ast.unparse(item) for item in mine.decorator_list] == [ast.unparse(item) for item in theirs.decorator_list]
        assert ast.get_docstring(mine, clean=False) == ast.get_docstring(theirs, clean=False)
        body = mine.body[1:] if ast.get_docstring(mine) is not None else mine.body
        assert not body or raises_only(body)
    rest = [line for line in left.split("\n") if line.strip() != "raise NotImplementedError"]
    assert rest == [line for line in _outside(source) if line.strip() != "raise NotImplementedError"]
    assert not [line for line in gone if len(line.strip()) > 12 and line in kept and source.count(line) == 1]


def _outside(source):
    """The lines of an answer that are not between the markers."""
    lines, inside = [], False
    for line in with_markers(source).split("\n"):
        inside = inside or BEGIN in line
        if not inside:
            lines.append(line)
        inside = inside and END not in line
    return lines


COMMENTED = '''def f(x, *, flag=True):  # any shape
    """Words.

    # not a comment
    """
    # the idea: subtract the maximum

    # and then
    y = x - x.max()  # here

    return y
'''


def test_a_comment_above_the_first_line_of_the_body_belongs_to_the_answer():
    assert cut(COMMENTED.rstrip()).split("\n") == [
        "def f(x, *, flag=True):  # any shape",
        '    """Words.',
        "",
        "    # not a comment",
        '    """',
        "    raise NotImplementedError",
    ]


@given(
    st.lists(st.sampled_from(["# a", "", "    # b"]), max_size=3),
    st.sampled_from(['"""Words."""', '"""Words\n\n    over lines."""', ""]),
    st.sampled_from(
        [
            "y = 1\n    return y",
            "def inner():\n        return 1\n    return inner()",
            "@dec\n    def inner(): ...",
            "for i in x:\n        pass",
        ]
    ),
    st.sampled_from(["def f(x):", "def f(\n    x,\n    # which\n):", "@dec\ndef f(x):"]),
)
def test_whatever_stands_above_a_body_the_stub_is_the_signature_the_docstring_and_one_line(above, docstring, body, signature):
    head = [signature, *(["    " + docstring] if docstring else [])]
    source = "\n".join([*head, *(f"    {line}".rstrip() for line in above), "    " + body])
    left = cut(source)
    assert [line for line in left.split("\n") if line] == [line for line in "\n".join(head).split("\n") if line] + [
        "    raise NotImplementedError"
    ]
    assert without_markers(with_markers(source)) == source


CLASS = """class C:
    '''Words.'''

    size = 3

    def a(self):
        return 1

    @property
    def b(self):
        '''B.'''
        return 2"""


def test_every_method_of_a_class_is_cut_for_itself():
    assert cut(CLASS) == CLASS.replace("return 1", "raise NotImplementedError").replace("return 2", "raise NotImplementedError")


def test_a_function_that_is_only_a_docstring_stays_as_it_is():
    source = 'def f():\n    """Words."""'
    assert with_markers(source) == source


def test_markers_that_the_author_has_set_are_left_where_they_are():
    source = "def f(x):\n    y = x\n    ### BEGIN SOLUTION\n    y += 1\n    ### END SOLUTION\n    return y"
    assert with_markers(source) == source
    assert cut(source) == "def f(x):\n    y = x\n    raise NotImplementedError\n    return y"


@pytest.mark.parametrize(
    "source", ["def f(x): return x", 'def f(x):\n    """Words."""; return x', "class C:\n    def f(self): return 1"]
)
def test_a_body_that_shares_its_line_cannot_be_cut(source):
    with pytest.raises(ValueError, match="the body of f must begin on a line of its own"):
        with_markers(source)
