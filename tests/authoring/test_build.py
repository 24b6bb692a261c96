"""What the build makes: the same bytes every time, nothing in a release that students must not see, and no broken check."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring.build import build, built_units, stale, units_of
from autograder.authoring.instructor import instructor_notebook
from autograder.authoring.source import read_source
from autograder.checks.recorded import FILE
from autograder.grading.kept import PRIVATE
from autograder.grading.reference import BrokenCheck
from autograder.notebooks.model import grade_id, role
from tests import authored, tiny
from tests.authored import NAME, UNIT, built_files


@pytest.fixture
def made(tmp_path):
    return authored.write(tmp_path)


def released(built):
    return built.course / "release" / UNIT


# the same input, the same bytes

PROGRAM = """
import json, sys
from pathlib import Path
import solutions.variants
solutions.variants.__path__.append(str(Path(sys.argv[1]) / "solutions" / "variants"))
from autograder.authoring.build import built_units
print(json.dumps(dict(built_units(Path(sys.argv[1]), [sys.argv[2]]))[sys.argv[2]]))
"""


def test_a_build_in_another_process_gives_the_same_bytes(built):
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(built.course), UNIT], capture_output=True, text=True, env=environment, check=True
    )
    files = json.loads(done.stdout)
    assert set(files) == {f"{NAME}.ipynb", FILE}
    for name, text in files.items():
        assert (built.source.parent / name).read_text(encoding="utf-8") == text


def test_every_built_notebook_is_valid_and_has_no_outputs(built):
    for side in ("source", "release"):
        path = built.course / side / UNIT / f"{NAME}.ipynb"
        nodes = nbformat.read(path, as_version=4)
        nbformat.validate(nodes)
        assert all((cell.outputs, cell.execution_count) == ([], None) for cell in nodes.cells if cell.cell_type == "code")


@given(st.lists(st.sampled_from(["Scale", "Mean 2", "Mean", "x" * 80, "漢字", "largest-question", "Scale visible"]), max_size=8))
def test_no_two_cells_share_an_id_whatever_the_headings_are(tmp_path_factory, headings):
    made = authored.write(tmp_path_factory.mktemp("headings"))
    with open(made.source, "a", encoding="utf-8") as file:
        file.writelines(f"\n## {heading}\n\ntext\n" for heading in headings)
    nodes = instructor_notebook(read_source(made.source), made.course / "solutions")
    assert len({cell.id for cell in nodes.cells}) == len(nodes.cells)
    nbformat.validate(nodes)


# what students get


def test_a_release_holds_the_notebook_and_the_recorded_numbers_and_nothing_else(built):
    assert sorted(path.name for path in released(built).iterdir()) == [FILE, f"{NAME}.ipynb"]


SECRETS = (
    "product = factor",  # the body of an answer
    "the answer's own comment",
    "self.total / self.count",
    "largest = 4.0",
    "the answer to Q1.1",
    "secret_input",  # the text of a hidden check
    "a fresh array times the factor",
    "HIDDEN TESTS",
    "BEGIN SOLUTION",
    "factor + x",  # the code of a wrong variant
    "x * factor",  # the code of a right one
    "s.swapped",
)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_answer_hidden_check_or_variant_is_released(built, secret):
    whole = [built.source, built.answers, built.variants, *built.source.parent.glob("*.ipynb")]
    assert any(secret in path.read_text(encoding="utf-8") for path in whole), "this test looks for something that is nowhere"
    for path in released(built).iterdir():
        text = path.read_text(encoding="utf-8")
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text


def test_a_released_notebook_holds_stubs_checks_prose_and_demos(built):
    cells = {cell.id: cell for cell in nbformat.read(released(built) / f"{NAME}.ipynb", as_version=4).cells}
    stub = cells["scale-2"].source
    assert stub.startswith('def scale(x, factor=2.0):  # any shape\n    """`x` times `factor`.\n')
    assert stub.endswith('    """\n    raise NotImplementedError  # your turn')
    assert cells["Mean"].source.endswith("return self.total"), "it starts from a wrong variant"
    assert cells["largest"].source == "largest = None  # a number"
    assert cells["scale-visible"].source.startswith(f"%%check {built.module}/scale --points 2\ninside = scale(x, 3.0)\n")
    first, *rest = cells["scale-hidden"].source.split("\n")
    assert first == f"%%check {built.module}/scale --points 3 --hidden"
    assert rest == ["# This part is graded on inputs that you do not see."]
    assert cells["largest-question"].source.split("\n")[0] == f"%%check {built.module}/largest --points 1 --question"
    assert cells["demo"].source == "shown = x + 1.0"
    assert cells["scaling"].source == "# Scaling\n\nWhat stands *here* is read, not run."


def test_students_can_write_into_their_cells_and_into_no_others(built):
    for cell in nbformat.read(released(built) / f"{NAME}.ipynb", as_version=4).cells:
        locked = cell.metadata.get("editable", True) is False
        assert locked == (role(cell) in ("setup", "check"))
        assert bool(grade_id(cell)) == (role(cell) in ("setup", "check", "exercise", "question"))


def test_the_recorded_numbers_are_of_the_visible_checks_and_name_the_wrong_variants_only(built):
    recorded = json.loads((released(built) / FILE).read_text(encoding="utf-8"))
    assert set(recorded) == {f"{built.module}/scale visible", f"{built.module}/Mean visible"}
    scale = recorded[f"{built.module}/scale visible"]
    assert [wrong["id"] for wrong in scale["wrong"]] == ["s.plus", "s.abs"]
    assert scale["expected"][0]["array"] == [3.0, -7.5, 12.0]
    assert scale["starting_point"] == ""
    assert recorded[f"{built.module}/Mean visible"]["starting_point"].endswith("return self.total")


# a check that cannot be trusted


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        (
            "source",
            '"x times the factor"',
            '"x times the factor", expected=x',
            "the reference does not pass the visible check of MODULE/scale: x times the factor; "
            "first at [0]: expected 1, got 3, 3 of 3 entries differ   (tolerance 1e-09)",
        ),
        (
            "source",
            "scale(secret_input, 0.5)",
            "scale(secret_input, half)",
            "the reference does not pass the hidden check of MODULE/scale: check.equal(scale(secret_input, half), "
            "\"a fresh array times the factor\"); NameError: name 'half' is not defined: run the cell that defines it, "
            "or give the name back that it had (NameError: name 'half' is not defined, )",
        ),
        (
            "source",
            "between=(0, 10)",
            "between=(5, 10)",
            "the reference does not pass the question check of MODULE/largest: the answer has the right form; "
            "expected a number between 5 and 10, got 4.0",
        ),
        (
            "source",
            "mean.value, ",
            "mean, ",
            "the reference does not pass the visible check of MODULE/Mean: the mean of 8 and 4; "
            "expected plain data, got an object of type Mean",
        ),
        (
            "source",
            'check.equal(mean.value, "the mean of 8 and 4")',
            "mean.value",
            "the visible check of MODULE/Mean claims nothing",
        ),
        (
            "answers",
            "return product",
            "raise ValueError(3)",
            "the reference does not pass the visible check of MODULE/scale: your code runs on the inputs of this check; "
            "your code raised ValueError: 3 (ValueError: 3, line 10: raise ValueError(3))",
        ),
        (
            "answers",
            "def scale(x, factor=2.0):",
            "def scale(x, factor: Real = 2.0):",
            "the answer to MODULE/scale cannot be run: NameError: name 'Real' is not defined",
        ),
        (
            "variants",
            'edit("factor * x", "factor + x")',
            'edit("factor * y", "factor + x")',
            "variant s.plus of MODULE/scale: a variant replaces 'factor * y', "
            "which stands in its reference 0 times instead of once",
        ),
        (
            "variants",
            'edit("factor * x", "factor + x")',
            'edit("x", "y")',
            "variant s.plus of MODULE/scale: a variant replaces 'x', which stands in its reference 3 times instead of once",
        ),
        (
            "variants",
            'edit("factor * x", "factor + x")',
            'edit("factor=2.0", "factor=two")',
            "the answer to MODULE/scale as variant s.plus has it cannot be run: NameError: name 'two' is not defined",
        ),
    ],
)
def test_a_check_that_cannot_be_trusted_stops_the_build_with_one_sentence(made, file, old, new, sentence):
    made.edit(getattr(made, file), old, new)
    with pytest.raises(BrokenCheck) as error:
        built_files(made.course, UNIT)
    assert str(error.value).replace(made.module, "MODULE") == sentence


# what is run again


def edit_nothing(made):
    pass


def edit_a_word_of_the_prose(made):
    made.edit(made.source, "What stands", "Whatever stands")


def edit_a_visible_check(made):
    made.edit(made.source, "scale(x, 3.0)", "scale(x, 4.0)")


def edit_a_hidden_check(made):
    made.edit(made.source, "normal(size=5)", "normal(size=6)")


def edit_a_question(made):
    made.edit(made.source, "between=(0, 10)", "between=(0, 11)")


def edit_the_setup(made):
    made.edit(made.source, "4.0])", "5.0])")


def edit_an_answer(made):
    made.edit(made.answers, "return product", "return +product")


def edit_a_wrong_variant(made):
    made.edit(made.variants, "factor * abs(x)", "abs(factor * x)")


def damage_what_was_kept(made):
    (kept,) = (made.course / PRIVATE).rglob("*.Mean.json")
    kept.write_text("{")


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (edit_nothing, []),
        (edit_a_word_of_the_prose, []),
        (edit_a_visible_check, ["scale"]),
        (edit_a_hidden_check, ["scale"]),
        (edit_a_question, ["largest"]),
        (damage_what_was_kept, ["Mean"]),
        (edit_the_setup, ["scale", "Mean", "largest"]),
        (edit_an_answer, ["scale", "Mean", "largest"]),
        (edit_a_wrong_variant, ["scale", "Mean", "largest"]),
    ],
)
def test_what_a_change_can_have_touched_is_run_again_and_gives_what_a_first_build_gives(made, change, again):
    built_files(made.course, UNIT)
    change(made)
    ran = []

    def spread(function, tasks):
        for task in tasks:
            ran.append(task[1].partition("/")[2])
            yield function(task)

    ((_, files),) = built_units(made.course, [UNIT], spread)
    assert ran == again
    shutil.rmtree(made.course / PRIVATE)
    assert files == built_files(made.course, UNIT)


def test_a_course_that_may_only_be_read_is_built_all_the_same(made):
    (made.course / PRIVATE).write_text("in the way")
    assert built_files(made.course, UNIT).keys() == {f"{NAME}.ipynb", FILE}


def test_a_build_that_is_told_to_end_does_so_at_once_and_leaves_no_process_behind(tmp_path):
    course, signal_of_life = tiny.write_course(tmp_path / "course"), tmp_path / "running"
    os.mkfifo(signal_of_life)
    reader = os.open(signal_of_life, os.O_RDONLY | os.O_NONBLOCK)
    endless = f"open({str(signal_of_life)!r}, 'w').close()\n    while True:\n        pass\n"
    (course / "solutions" / "tiny.py").write_text(tiny.ANSWERS.replace("return 2.0 * v\n", endless))
    command = [sys.executable, "-m", "autograder", "build", "--course", str(course)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(course), *sys.path])}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as building:
        assert select.select([reader], [], [], 60)[0], "the build never came to the endless answer"
        children = Path(f"/proc/{building.pid}/task/{building.pid}/children").read_text().split()
        handles = [os.pidfd_open(int(child)) for child in children]
        building.terminate()
        _, errors = building.communicate(timeout=20)
    assert (building.returncode, errors) == (128 + signal.SIGTERM, "")
    assert handles
    for handle in handles:
        assert select.select([handle], [], [], 20)[0], "a process of the build goes on"
        os.close(handle)
    os.close(reader)


# what is stale


RECORDED = [f"source {FILE}", f"release {FILE}"]


def edit_prose(made, source, release):
    made.edit(made.source, "What stands", "Whatever stands")


def edit_answer(made, source, release):
    made.edit(made.answers, "return product", "return +product")


def edit_sentence_of_a_variant(made, source, release):
    made.edit(made.variants, "you add the factor", "you added")


def edit_variant_and_hidden_check(made, source, release):
    made.edit(made.variants, "factor + x", "factor - x")
    made.edit(made.source, "normal(size=5)", "normal(size=6)")


def touch_a_released_number_and_leave_files(made, source, release):
    text = (release / FILE).read_text(encoding="utf-8")
    assert text.count("-7.5") == 1
    (release / FILE).write_text(text.replace("-7.5", "-7.6"), encoding="utf-8")
    (release / "old.ipynb").write_text("{}")
    (source / "figure.svg").write_text("<svg/>")


def times(data, factor):
    """Recorded data with every number multiplied; whole numbers count or are sizes."""
    if isinstance(data, dict):
        return {key: times(item, factor) for key, item in data.items()}
    if isinstance(data, list):
        return [times(item, factor) for item in data]
    return data * factor if isinstance(data, float) else data


def record_on_another_machine(made, source, release):
    """The last bits are other ones everywhere, and one variant comes out elsewhere, once it has left the right path."""
    for folder in (source, release):
        recorded = times(json.loads((folder / FILE).read_text(encoding="utf-8")), 1 + 2e-7)
        plus = recorded[f"{made.module}/scale visible"]["wrong"][0]
        assert (plus["id"], plus["from"], len(plus["observations"])) == ("s.plus", 0, 2)
        plus["observations"][1] = times(plus["observations"][1], 1.2)
        (folder / FILE).write_text(json.dumps(recorded), encoding="utf-8")


def touch_where_a_variant_leaves_the_right_path(made, source, release):
    recorded = json.loads((source / FILE).read_text(encoding="utf-8"))
    plus = recorded[f"{made.module}/scale visible"]["wrong"][0]
    plus["observations"][0] = times(plus["observations"][0], 1.001)
    (source / FILE).write_text(json.dumps(recorded), encoding="utf-8")


def damage_a_record_and_lose_a_notebook(made, source, release):
    (source / FILE).write_text("{")
    (release / f"{NAME}.ipynb").unlink()


def open_a_notebook(made, source, release):
    (source / ".ipynb_checkpoints").mkdir()
    (source / ".ipynb_checkpoints" / "old.ipynb").write_text("{}")


def run_a_notebook_that_writes_a_log(made, source, release):
    for folder in (source, release):
        (folder / "run_log.jsonl").write_text("{}\n")


EDITS = [
    (edit_prose, [f"source {NAME}.ipynb", f"release {NAME}.ipynb"]),
    (edit_answer, [f"source {NAME}.ipynb"]),
    (edit_sentence_of_a_variant, RECORDED),
    (edit_variant_and_hidden_check, [*RECORDED, f"source {NAME}.ipynb"]),
    (touch_a_released_number_and_leave_files, [f"release {FILE}", "release old.ipynb", "release figure.svg"]),
    (record_on_another_machine, []),
    (touch_where_a_variant_leaves_the_right_path, [f"source {FILE}"]),
    (damage_a_record_and_lose_a_notebook, [f"source {FILE}", f"release {NAME}.ipynb"]),
    (open_a_notebook, []),
    (run_a_notebook_that_writes_a_log, []),
]


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    """A course that was built over an earlier release, of which each unit was then edited in another way.

    What the build noted, what was in the releases before the edits, and what `stale` says after them.
    """
    course = tmp_path_factory.mktemp("stale")
    made = {edit.__name__: authored.write(course, edit.__name__) for edit, _ in EDITS}
    assert units_of(course) == sorted(made)
    earlier, notes = course / "release" / edit_prose.__name__ / "old.ipynb", []
    earlier.parent.mkdir(parents=True)
    earlier.write_text("{}")
    build(course, list(made), notes.append)
    files = {path.name for path in course.glob("release/*/*")} | {path.name for path in course.iterdir()}
    for edit, _ in EDITS:
        edit(made[edit.__name__], *(course / side / edit.__name__ for side in ("source", "release")))
    return notes, files, stale(course, list(made))


@pytest.mark.parametrize(("edit", "files"), EDITS)
def test_what_was_edited_after_the_build_is_noticed_where_it_shows_and_nowhere_else(rebuilt, edit, files):
    found = [path for path in rebuilt[2] if f"/{edit.__name__}/" in path]
    assert sorted(found) == sorted(f"/{edit.__name__}/".join(file.split(" ")) for file in files)


def test_a_build_leaves_nothing_of_the_one_before_and_no_gradebook(rebuilt):
    assert rebuilt[1] == {FILE, f"{NAME}.ipynb", "source", "release", "solutions", PRIVATE}


def test_a_build_says_what_it_is_at(rebuilt):
    assert rebuilt[0] == [
        *(f"{edit.__name__}: notebooks and recorded numbers" for edit, _ in EDITS),
        "release: nbgrader's generate step",
    ]
