"""`%%check` in a real notebook: what a student sees under the cell they have just run."""

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.checks.live import MIME, Header
from autograder.checks.recorded import FILE
from autograder.notebooks.model import grade_id
from autograder.notebooks.reading import read_nodes
from tests import authored

RIGHT = "def scale(x, factor=2.0):\n    return x * factor"
PLUS = "def scale(x, factor=2.0):\n    return x + factor"
UNNAMED = "def scale(x, factor=2.0):\n    return x * factor * 1.5"
RAISES = "def scale(x, factor=2.0):\n    y = x.copy()\n    return y.reshape(2, 2)"


@pytest.fixture(scope="module")
def ran(built, tmp_path_factory):
    """What every cell of one session at JupyterLab gave, by the name that the test gives the cell."""
    made, folder = built, built.course / "release" / authored.UNIT
    released = read_nodes(folder / f"{authored.NAME}.ipynb")
    cells = {grade_id(cell): cell.source for cell in released.cells if grade_id(cell)}
    elsewhere, damaged = tmp_path_factory.mktemp("elsewhere"), tmp_path_factory.mktemp("damaged")
    (damaged / FILE).write_text('{"cut sh')
    check, go = cells["scale-visible"], "import os; os.chdir({!r})"
    session = {
        "setup": cells["setup"],
        "stub": cells["scale"],
        "check of the stub": check,
        "plus": PLUS,
        "check of plus": check,
        "unnamed": UNNAMED,
        "check of unnamed": check,
        "raises": RAISES,
        "check of raises": check,
        "right": RIGHT,
        "check of right": check,
        "names left": "print('inside' in globals(), 'scale' in globals(), type(check).__name__)",
        "own names": "inside = 'mine'",
        "check with own names": check,
        "own names after": "print(inside)",
        "hidden": cells["scale-hidden"],
        "starting point": cells["Mean"],
        "check of the starting point": cells["Mean-visible"],
        "worked on": cells["Mean"] + "\n\nlooked_at = True",
        "check of what was worked on": cells["Mean-visible"],
        "question": cells["largest"],
        "check of no answer": cells["largest-question"],
        "bad form": "largest = 'four'",
        "check of a bad form": cells["largest-question"],
        "wrong answer": "largest = 2.5",
        "check of a wrong answer": cells["largest-question"],
        "no name": "%%check\ncheck.true(True, 'x')",
        "no points": f"%%check {made.module}/scale\ncheck.true(True, 'x')",
        "changed": check.replace("inside = ", "inside = = "),
        "outside": "check.true(True, 'x')",
        "go elsewhere": go.format(str(elsewhere)),
        "check without numbers": check,
        "go to the damaged": go.format(str(damaged)),
        "check with damaged numbers": check,
    }
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in session.values()])
    NotebookClient(notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute()
    return {name: cell.outputs for name, cell in zip(session, notebook.cells, strict=True)} | {"module": made.module}


def card(outputs):
    """The one card among a cell's outputs."""
    (shown,) = [output for output in outputs if output.output_type == "display_data"]
    return shown.data


def assert_failed(outputs, *lines):
    """One card, and one error of one line, which is not a traceback of ours."""
    kinds = [output.output_type for output in outputs]
    assert kinds == ["display_data", "error"], outputs
    data, error = card(outputs), outputs[1]
    assert data["text/plain"].split("\n") == list(lines)
    assert error.ename == "CheckFailed"
    assert error.traceback == [error.evalue]
    assert error.evalue in lines[0]
    assert "autograder/checks" not in str(outputs)


def printed(outputs):
    (shown,) = outputs
    return shown.text.strip()


def test_a_right_answer_shows_its_points_and_no_error(ran):
    data = card(ran["check of right"])
    assert [output.output_type for output in ran["check of right"]] == ["display_data"]
    assert data["text/plain"] == f"✓ {ran['module']}/scale · 2 points"
    assert "✓" in data["text/html"]


def test_a_wrong_answer_is_named_with_its_numbers_and_a_next_step(ran):
    assert_failed(
        ran["check of plus"],
        f"✗ {ran['module']}/scale · 0 of 2 points   (types and shapes: passed)",
        "  claim     x times the factor",
        "  differs   first at [0]: expected 3, got 4, 3 of 3 entries differ   (tolerance 1e-09)",
        "  likely    you add the factor",
        "  try       try factor 0",
    )


def test_a_wrong_answer_that_nobody_foresaw_shows_numbers_and_the_authors_hint(ran):
    assert_failed(
        ran["check of unnamed"],
        f"✗ {ran['module']}/scale · 0 of 2 points   (types and shapes: passed)",
        "  claim     x times the factor",
        "  differs   first at [0]: expected 3, got 4.5, 3 of 3 entries differ   (tolerance 1e-09)",
        "  try       look at the first entry",
    )


def test_an_exception_in_the_students_function_names_the_line(ran):
    assert_failed(
        ran["check of raises"],
        f"✗ {ran['module']}/scale · 0 of 2 points · your code raised an exception",
        "  claim     your code runs on the inputs of this check",
        "  differs   your code raised ValueError: cannot reshape array of size 3 into shape (2,2)",
        "  try       look at line 3: return y.reshape(2, 2)",
    )


def test_a_stub_waits(ran):
    assert_failed(
        ran["check of the stub"],
        f"○ {ran['module']}/scale · 0 of 2 points",
        "  the stub is still in place: this exercise is waiting for you",
    )


def test_an_exercise_that_starts_from_broken_code_waits_while_nobody_has_touched_it(ran):
    assert_failed(
        ran["check of the starting point"],
        f"○ {ran['module']}/Mean · 0 of 4 points",
        "  the code is as it was handed out: repair it, run its cell, then run this check again",
    )


def test_an_exercise_that_starts_from_broken_code_names_what_is_still_broken(ran):
    assert_failed(
        ran["check of what was worked on"],
        f"✗ {ran['module']}/Mean · 0 of 4 points   (types and shapes: passed)",
        "  claim     the mean of 8 and 4",
        "  differs   expected 6, got 12   (tolerance 1e-09)",
        "  likely    that is the sum",
        "  try       divide",
    )


def test_the_card_is_html_with_a_twin_in_text_and_as_data(ran):
    data = card(ran["check of plus"])
    assert {"text/plain", "text/html", MIME} == set(data)
    assert "you add the factor" in data["text/html"]
    assert (data[MIME]["misconception"], data[MIME]["state"], data[MIME]["points"]) == ("s.plus", "failed", 0.0)


def test_a_check_leaves_no_names_in_the_notebook_and_writes_over_none(ran):
    assert printed(ran["names left"]) == "False True Check"
    assert "✓" in card(ran["check with own names"])["text/plain"]
    assert printed(ran["own names after"]) == "mine"


def test_a_hidden_check_is_one_quiet_line(ran):
    line = f"· {ran['module']}/scale · 3 more points at grading, on inputs that you do not see"
    assert card(ran["hidden"])["text/plain"] == line
    assert line in card(ran["hidden"])["text/html"]
    assert len(ran["hidden"]) == 1


def test_an_answer_is_noted_without_saying_whether_it_is_right(ran):
    line = f"· {ran['module']}/largest · answer noted; 1 at grading if it is right"
    assert card(ran["check of a wrong answer"])["text/plain"] == line
    assert len(ran["check of a wrong answer"]) == 1


def test_a_question_without_an_answer_waits_and_one_of_the_wrong_form_says_which(ran):
    assert_failed(
        ran["check of no answer"],
        f"○ {ran['module']}/largest · 0 of 1 point",
        "  there is no answer yet: this question is waiting for you",
    )
    assert_failed(
        ran["check of a bad form"],
        f"✗ {ran['module']}/largest · 0 of 1 point",
        "  claim     the answer has the right form",
        "  differs   expected a number between 0 and 10, got 'four'",
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("check without numbers", "is not beside this notebook"),
        ("check with damaged numbers", "beside this notebook is damaged, or of another version"),
    ],
)
def test_without_the_recorded_numbers_nothing_is_claimed_and_nothing_lost(ran, name, problem):
    head, *lines = card(ran[name])["text/plain"].split("\n")
    assert head == f"! {ran['module']}/scale · 0 of 2 points · could not be checked: our fault, no points lost"
    sentence = f"try {FILE} {problem}: keep the released files of a unit in one folder"
    assert " ".join(" ".join(lines).split()) == sentence
    assert len(ran[name]) == 1


def complaint(outputs):
    """The one line of a usage error."""
    text = "".join(output.get("text", "") or output.get("evalue", "") for output in outputs)
    assert text.count("\n") <= 1
    return text.strip().removeprefix("UsageError: ")


@pytest.mark.parametrize(("name", "line"), [("no name", ""), ("no points", "{module}/scale")])
def test_a_bad_first_line_is_told_in_one_sentence(ran, name, line):
    line = line.format(module=ran["module"])
    assert complaint(ran[name]) == f"a check cell begins with %%check module/name --points N; this one begins with {line!r}"


def test_a_check_cell_that_was_written_into_is_told_in_one_sentence(ran):
    sentence = "this check cell was changed and is not Python any more: invalid syntax; copy it from a fresh notebook"
    assert complaint(ran["changed"]) == sentence


def test_a_claim_in_a_cell_of_the_students_own_says_where_it_belongs(ran):
    sentence = "claims belong in a check cell: its first line is %%check with the name of an exercise"
    assert ran["outside"][0].evalue == sentence


# the first line of a check cell


@pytest.mark.parametrize("kind", ["visible", "hidden", "question"])
@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("points", [1.0, 0.5, 12.0])
def test_the_first_line_of_a_check_says_everything_about_it(kind, number, points):
    header = Header("unit/f", points, kind, number)
    assert Header.read(header.line()) == header
    assert Header.read(header.line().removeprefix("%%check ")) == header
    assert header.name == (kind if number == 1 else f"{kind}-3")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "unit/f",
        "--points 4",
        "unit/f unit/g --points 4",
        "unit/f --points",
        "unit/f --points four",
        "unit/f --points 4 --number 1.5",
        "unit/f --points 4 --number inf",
        "unit/f --points 4 --hiden",
    ],
)
def test_a_line_that_is_no_header_is_refused_with_what_it_should_be(line):
    with pytest.raises(ValueError, match="a check cell begins with %%check module/name --points N; this one begins with") as error:
        Header.read(line)
    assert str(error.value).endswith(repr(line))
