"""Whatever happened to a notebook on its way, the answers that are graded are those that the student wrote."""

import copy

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.live import Header
from autograder.notebooks.aligning import WrongNotebook, align, is_untouched
from autograder.notebooks.model import NAMESPACE, grade_id, role
from autograder.notebooks.reading import UnreadableNotebook, read_nodes, read_notebook
from tests import authored
from tests.notebooks.test_reading import NOTEBOOK, read

WORDS = st.text(alphabet="abc =()\n#'漢", max_size=20)
ANSWERS = {
    "scale": "def scale(x, factor=2.0):\n    return x * factor",
    "Mean": "class Mean:\n    value = 6.0\n    def __init__(self, first): ...\n    def add(self, more): ...",
    "largest": "largest = 4.0",
}
CHANGES = ("shuffle", "delete", "copy", "scribble", "lose")


@pytest.fixture(scope="module")
def instructor(built):
    return read_notebook(built.source.with_suffix(".ipynb"))


@pytest.fixture(scope="module")
def released(built):
    return read_nodes(built.course / "release" / authored.UNIT / f"{authored.NAME}.ipynb")


def filled(released, answers=ANSWERS):
    """The released notebook with answers in it, as JupyterLab saves it."""
    nodes = copy.deepcopy(released)
    for cell in nodes.cells:
        cell.source = answers.get(grade_id(cell), cell.source)
    return nodes


def answer_cells(nodes):
    return {grade_id(cell): cell for cell in nodes.cells if role(cell) in ("exercise", "question")}


def answers(aligned):
    return {name: cell.source for name, cell in answer_cells(aligned.nodes).items()}


def locked(nodes):
    return [(cell.id, cell.source) for cell in nodes.cells if role(cell) in ("setup", "check", "prose")]


def own(aligned):
    """The student's own cells, each with the id of the course's cell that it follows."""
    found, after = [], None
    for cell in aligned.nodes.cells:
        if role(cell) == "extra":
            found.append((after, cell.source))
        else:
            after = cell.id
    return found


def code(source, **metadata):
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def place(nodes, name):
    return next(index for index, cell in enumerate(nodes.cells) if grade_id(cell) == name)


def strip(cell):
    """What a program leaves of a cell that knows nothing of ids and metadata."""
    cell.metadata.clear()
    cell.pop("id", None)


def test_every_cell_of_the_released_notebook_has_a_role_and_an_id_of_its_own(released):
    assert not [cell for cell in released.cells if role(cell) == "extra"]
    assert len({cell.id for cell in released.cells}) == len(released.cells)


@given(st.fixed_dictionaries(dict.fromkeys(ANSWERS, WORDS)))
def test_the_answers_that_are_graded_are_exactly_those_that_were_written(instructor, released, written):
    aligned = align(instructor, filled(released, written))
    assert answers(aligned) == written
    assert locked(aligned.nodes) == locked(instructor.nodes)
    assert aligned.repairs == ()


@given(st.data())
def test_answers_survive_whatever_happens_to_the_cells(instructor, released, data):
    nodes = filled(released)
    for _ in range(data.draw(st.integers(1, 6))):
        change = data.draw(st.sampled_from(CHANGES))
        cell = data.draw(st.sampled_from(nodes.cells))
        is_answer = grade_id(cell) in ANSWERS or cell.source in ANSWERS.values()
        if change == "shuffle":
            nodes.cells = data.draw(st.permutations(nodes.cells))
        elif change == "delete" and not is_answer:
            nodes.cells.remove(cell)
        elif change == "copy":
            nodes.cells.insert(data.draw(st.integers(0, len(nodes.cells))), copy.deepcopy(cell))
        elif change == "scribble" and not is_answer:
            cell.source = data.draw(WORDS)
        elif change == "lose" and is_answer:
            strip(cell)
    aligned = align(instructor, nodes)
    assert answers(aligned) == ANSWERS
    assert locked(aligned.nodes) == locked(instructor.nodes)


@given(st.data())
def test_the_students_own_cells_stay_behind_the_cell_that_they_followed(instructor, released, data):
    nodes, inserted, number = filled(released), [], 0
    for cell in list(nodes.cells):
        for _ in range(data.draw(st.integers(0, 2))):
            number += 1
            made = code(f"mine_{number} = 1") if number % 3 else nbformat.v4.new_markdown_cell(f"my note {number}")
            nodes.cells.insert(nodes.cells.index(cell) + 1, made)
            inserted.append((cell.id, made.source))
    aligned = align(instructor, nodes)
    assert sorted(own(aligned)) == sorted(inserted)
    assert {cell.cell_type for cell in aligned.nodes.cells if "note" in cell.source} <= {"markdown"}
    assert len({cell.id for cell in aligned.nodes.cells}) == len(aligned.nodes.cells)
    order = [source for _, source in own(aligned)]
    assert order == [cell.source for cell in nodes.cells if cell.source in order]


@given(st.data())
def test_aligning_an_aligned_notebook_changes_nothing(instructor, released, data):
    nodes = filled(released)
    for cell in data.draw(st.lists(st.sampled_from(nodes.cells), max_size=3)):
        strip(cell)
    for _ in range(data.draw(st.integers(0, 3))):
        nodes.cells.insert(data.draw(st.integers(0, len(nodes.cells))), code(data.draw(WORDS)))
    once = align(instructor, nodes)
    twice = align(instructor, copy.deepcopy(once.nodes))
    assert [cell.source for cell in twice.nodes.cells] == [cell.source for cell in once.nodes.cells]
    assert twice.repairs == ()


def test_a_cell_of_the_students_own_above_the_first_stays_near_the_top(instructor, released):
    nodes = filled(released)
    nodes.cells.insert(0, code("import this"))
    assert own(align(instructor, nodes)) == [(instructor.nodes.cells[0].id, "import this")]


@pytest.mark.parametrize("keeps_the_id", [True, False])
def test_an_answer_that_lost_its_mark_is_found_by_the_name_it_defines(instructor, released, built, keeps_the_id):
    nodes = filled(released)
    for name in ANSWERS:
        cell = nodes.cells[place(nodes, name)]
        cell.metadata.clear()
        if not keeps_the_id:
            del cell["id"]
    aligned = align(instructor, nodes)
    assert answers(aligned) == ANSWERS
    assert own(aligned) == []
    assert aligned.repairs == tuple(
        f"The cell of {built.module}/{name} had lost its mark; it was found by the name it defines." for name in ANSWERS
    )


def test_a_notebook_that_lost_all_its_marks_is_neither_refused_nor_doubled(instructor, released):
    nodes = filled(released)
    nodes.metadata.clear()
    for cell in nodes.cells:
        strip(cell)
    aligned = align(instructor, nodes)
    assert answers(aligned) == ANSWERS
    assert locked(aligned.nodes) == locked(instructor.nodes)
    assert [source for _, source in own(aligned)] == []


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("at_the_end", [True, False])
def test_a_second_stub_loses_against_the_cell_that_was_worked_on(instructor, released, built, marked, at_the_end):
    nodes = filled(released)
    stub = copy.deepcopy(released.cells[place(released, "scale")])
    if not marked:
        strip(stub)
        strip(nodes.cells[place(nodes, "scale")])
    nodes.cells.insert(len(nodes.cells) if at_the_end else 0, stub)
    aligned = align(instructor, nodes)
    assert answers(aligned) == ANSWERS
    assert own(aligned) == [], "the stub would take the answer's name again"
    twice = f"The cell of {built.module}/scale was there 2 times; the last one that was worked on counts."
    lost = f"The cell of {built.module}/scale had lost its mark; it was found by the name it defines."
    assert aligned.repairs == ((twice,) if marked else (lost,))


def test_of_two_answers_the_last_one_counts(instructor, released, built):
    nodes = filled(released)
    second = copy.deepcopy(nodes.cells[place(nodes, "scale")])
    second.source = "def scale(x, factor=2.0):\n    return factor * x"
    nodes.cells.append(second)
    aligned = align(instructor, nodes)
    assert answers(aligned)["scale"] == second.source
    assert aligned.repairs == (f"The cell of {built.module}/scale was there 2 times; the last one that was worked on counts.",)


def test_an_answer_in_a_cell_below_the_stub_counts(instructor, released, built):
    nodes = filled(released, {"Mean": ANSWERS["Mean"], "largest": ANSWERS["largest"]})
    nodes.cells.insert(place(nodes, "scale") + 1, code(ANSWERS["scale"]))
    aligned = align(instructor, nodes)
    assert answers(aligned) == ANSWERS
    assert own(aligned) == []
    sentence = f"The cell of {built.module}/scale was left as it was; a cell of the student's own that defines it counts."
    assert aligned.repairs == (sentence,)


def test_a_cell_of_the_students_own_does_not_replace_an_answer_that_was_worked_on(instructor, released):
    nodes = filled(released)
    other = "def scale(x, factor=2.0):\n    return None"
    nodes.cells.insert(place(nodes, "scale"), code(other))
    aligned = align(instructor, nodes)
    assert answers(aligned) == ANSWERS
    assert [source for _, source in own(aligned)] == [other]


def test_a_cell_that_only_uses_the_name_of_an_exercise_is_not_taken_for_its_answer(instructor, released):
    nodes = filled(released, {})
    nodes.cells.append(code("table = {}\ntable[scale] = 1\nscale.note = 2\nprint(scale)\nfor i in range(3): scale"))
    aligned = align(instructor, nodes)
    assert "NotImplementedError" in answers(aligned)["scale"]
    assert aligned.repairs == ()


def test_a_missing_answer_is_a_stub_again(instructor, released, built):
    nodes = filled(released)
    del nodes.cells[place(nodes, "scale")]
    aligned = align(instructor, nodes)
    assert is_untouched(answers(aligned)["scale"], instructor.exercises[f"{built.module}/scale"])
    assert answers(aligned)["Mean"] == ANSWERS["Mean"]
    assert aligned.repairs == (f"The cell of {built.module}/scale was missing.",)


def test_a_check_that_was_written_into_is_the_instructors_again(instructor, released):
    nodes = filled(released)
    for cell in nodes.cells:
        if role(cell) == "check":
            cell.source = cell.source.partition("\n")[0] + "\ncheck.true(True, 'anything')"
            Header.read(cell.source.partition("\n")[0])
    assert locked(align(instructor, nodes).nodes) == locked(instructor.nodes)


def test_demos_and_predictions_keep_what_the_student_tried_in_them(instructor, released):
    nodes, tried = filled(released), {}
    for cell in nodes.cells:
        if role(cell) in ("demo", "predict"):
            cell.source = tried[cell.id] = f"tried = {cell.id!r}"
    aligned = align(instructor, nodes)
    assert len(tried) == 2
    assert {cell.id: cell.source for cell in aligned.nodes.cells if cell.id in tried} == tried


def test_no_output_of_the_students_is_carried_over(instructor, released):
    nodes = filled(released)
    for cell in nodes.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="5 points")], 3
    nodes.cells.append(code("1"))
    aligned = align(instructor, nodes)
    assert all((cell.outputs, cell.execution_count) == ([], None) for cell in aligned.nodes.cells if cell.cell_type == "code")


def test_a_starting_point_is_not_left_behind_in_what_is_graded(instructor, released):
    aligned = align(instructor, filled(released, {}))
    assert not any("stub" in cell.metadata.get(NAMESPACE, {}) for cell in aligned.nodes.cells)
    assert "return self.total\n" in answers(aligned)["Mean"] + "\n"


@pytest.mark.parametrize(
    ("title", "what"),
    [
        ("Optimizers", "It is the notebook “Optimizers”."),
        ("Scaling", "It has none of the exercises."),
        (None, "It has none of the exercises."),
    ],
)
def test_a_notebook_of_another_unit_is_refused_and_named(instructor, title, what):
    nodes = nbformat.v4.new_notebook(cells=[code("x = 1", nbgrader={"grade_id": "adam"})])
    if title:
        nodes.metadata[NAMESPACE] = {"title": title}
    with pytest.raises(WrongNotebook) as error:
        align(instructor, nodes)
    assert str(error.value) == f"This is not the notebook scaling of 01-scaling. {what}"


@given(NOTEBOOK)
def test_no_notebook_however_odd_breaks_the_alignment(instructor, tmp_path, data):
    try:
        nodes = read(tmp_path / "odd.ipynb", data)
        nodes.cells.append(code(ANSWERS["scale"]))
        aligned = align(instructor, nodes)
    except (UnreadableNotebook, WrongNotebook):
        return
    assert locked(aligned.nodes) == locked(instructor.nodes)
    nbformat.writes(aligned.nodes).encode()


@pytest.mark.parametrize(
    "source",
    ["-" * 50_000 + "1", "a" + ".a" * 50_000, "(" * 1000, "lambda:" * 20_000 + "0", "1" + "+1" * 50_000, "x = " + "9" * 5000],
    ids=lambda source: source[:6],
)
def test_code_that_no_parser_can_read_is_graded_as_it_stands(instructor, released, source):
    nodes = filled(released, {**ANSWERS, "scale": f"{source} # scale"})
    nodes.cells += [code(f"{source} # scale Mean largest")]
    aligned = align(instructor, nodes)
    assert answers(aligned)["scale"] == f"{source} # scale"


@pytest.mark.parametrize(
    ("change", "untouched"),
    [
        (lambda text: text, True),
        (lambda text: f"\n# my idea\n{text}\n\n", True),
        (lambda text: text.replace("NotImplementedError", "NotImplementedError  # your turn"), True),
        (lambda text: text.replace("raise NotImplementedError", "return x"), False),
        (lambda text: text.replace("factor=2.0", "factor=3.0"), False),
        (lambda text: f"{text}\n(", False),
        (lambda text: "", False),
    ],
)
def test_only_comments_and_white_space_leave_a_stub_untouched(instructor, released, built, change, untouched):
    exercise = instructor.exercises[f"{built.module}/scale"]
    assert is_untouched(change(released.cells[place(released, "scale")].source), exercise) is untouched
