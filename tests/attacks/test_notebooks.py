"""Hostile files: a batch of them, graded for real into the gradebook, beside honest students who get every point."""

import json

import nbformat
import pytest

from autograder.gradebook.batch import grade as grade_batch
from autograder.gradebook.database import gradebook
from autograder.grading.course import submissions
from autograder.grading.settings import Settings
from autograder.notebooks.model import grade_id, role
from tests import tiny
from tests.attacks.cells import REACH, clean, forge


def edit_checks(nodes):
    for cell in nodes.cells:
        if role(cell) == "check":
            cell.source = cell.source.partition("\n")[0].replace("--points", "--points 9") + "\ncheck.true(True, 'fine')"
            cell.metadata.nbgrader |= {"points": 1000, "locked": False, "checksum": "0"}


def forge_metadata(nodes):
    for cell in nodes.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader |= {"grade": True, "points": 100, "solution": False, "schema_version": 99}
        cell.metadata.autograder = {"role": "check", "exercise": "tiny/double", "points": 100, "state": "passed"}
        cell.metadata.pop("nbgrader", None) if role(cell) == "prose" else None


def mark_everything_as_setup(nodes):
    for cell in nodes.cells:
        cell.metadata.autograder = {"role": "setup"}
        cell.source = "double = lambda v: 2.0 * v\nanswer = 42.5"


def odd_metadata(nodes):
    nodes.metadata = {"autograder": [1], "kernelspec": "sh", "language_info": None}
    for cell in nodes.cells:
        cell.metadata = {"autograder": {"role": ["exercise"], "functions": 5, "stub": {}}, "nbgrader": {"grade_id": ["double"]}}


def same_ids(nodes):
    for cell in nodes.cells:
        cell.id = "double"


def scripts(nodes):
    bad = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"
    picture = nbformat.v4.new_output(
        "display_data", data={"image/png": '" onerror="alert(1)', "text/html": bad, "image/svg+xml": bad}
    )
    for cell in nodes.cells:
        if cell.cell_type == "code":
            cell.outputs = [picture, nbformat.v4.new_output("stream", text=bad)]
    nodes.cells += [nbformat.v4.new_markdown_cell(bad, id="script")]


def answer_with(**answers):
    return {f"tiny/{name}": text for name, text in answers.items()}


HTML = clean("""
    from IPython.display import HTML, Javascript, SVG, display
    class Picture:
        def _repr_mimebundle_(self, **_):
            return {"image/png": '" onerror="alert(1)', "text/html": "<script>alert(1)</script>", "text/plain": "<script>"}
    display(HTML("<script>alert(1)</script>")); display(Javascript("alert(1)")); display(SVG(data="<svg onload='alert(1)'/>"))
    display(Picture())
    print("\\x1b]52;c;b3duZWQ=\\x07 \\x1b[2J <script>alert(1)</script>")
""")
PRINTS = "x = 'x' * 10**6\nfor _ in range(30):\n    print(x)\n    display(x)"
FORGED_CELL = forge("cell", b"\x93\xa2ok\x82\xa7outputs\x90\xa5error\x80\x00")

# Each: what the file is, the points it earns, and what was done to a notebook with the answers and cells given.
FILES = {
    "checks-edited": (0, tiny.WRONG, {}, edit_checks),
    "metadata-forged": (None, tiny.WRONG, {}, forge_metadata),
    "all-setup": (6, tiny.RIGHT, {}, mark_everything_as_setup),
    "metadata-odd": (None, tiny.WRONG, {}, odd_metadata),
    "ids-equal": (None, tiny.WRONG, {}, same_ids),
    "scripts": (0, tiny.WRONG, {}, scripts),
    "html": (tiny.ALL, tiny.RIGHT, {"": [HTML]}, None),
    "prints": (tiny.ALL, tiny.RIGHT, {"": [PRINTS] * 12}, None),
    "many-cells": (tiny.ALL, tiny.RIGHT, {"": ["a = 1"] * 3000}, None),
    "many-checks": (0, tiny.WRONG, {"": ["%%check tiny/double --points 1000\n1"] * 300}, None),
    "long-cell": (0, tiny.RIGHT | answer_with(double="a = 1\n" * 2_000_000), {}, None),
    "long-line": (16, tiny.RIGHT | answer_with(double="def double(v): return " + "1+" * 100_000 + "v"), {}, None),
    "deep-text": (16, tiny.RIGHT | answer_with(double="def double(v): return " + "-" * 100_000 + "v"), {}, None),
    "deep-brackets": (16, tiny.RIGHT | answer_with(double="x = " + "[" * 10_000 + "]" * 10_000), {}, None),
    "surrogates": (16, tiny.RIGHT | answer_with(double="def double(v): return '\ud800\udc00\ud800'"), {"": ["'\ud800'"]}, None),
    "nul": (16, tiny.RIGHT | answer_with(double="def double(v):\0 return 5"), {"": ["a = 1\0"]}, None),
    "bidi": (
        16,
        tiny.RIGHT | answer_with(double="def double(v): raise ValueError('\u202e\x1b[31m\x07\x1b]0;owned\x07')"),
        {},
        None,
    ),
    "shell": (
        tiny.ALL,
        tiny.RIGHT,
        {"": ["!rm -rf / 2>/dev/null", "%%bash\nrm -rf ~ /tmp/*", "%run /etc/passwd", "%sx kill -9 -1"]},
        None,
    ),
    "magics": (
        tiny.ALL,
        tiny.RIGHT,
        {
            "": [
                "%load_ext autograder",
                "%autoreload 2",
                "%pip install x",
                "%matplotlib qt",
                "%%script false\nx",
                "%xmode Verbose",
                "%pdb on",
                "%history",
            ]
        },
        None,
    ),
    "reset": (0, tiny.RIGHT, {"tiny/answer": ["%reset -f"]}, None),
    "forged-cell": (0, tiny.WRONG, {"": [FORGED_CELL]}, None),
    "forged-exit": (
        0,
        tiny.WRONG,
        {"": [f"{REACH}\nframe(msgpack.packb(['ok', {{'outputs': [], 'error': {{}}}}, 0]))\nos._exit(0)"]},
        None,
    ),
}
BYTES = {
    "cut": b'{"cells": [',
    "empty": b"",
    "binary": bytes(range(256)) * 10,
    "json-list": b"[]",
    "json-deep": b"[" * 100_000,
    "no-cells": b'{"cells": 5, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "cells-of-numbers": b'{"cells": [1, null, "x", {}], "nbformat": 4, "nbformat_minor": 5, "metadata": []}',
    "version-nine": b'{"cells": [], "nbformat": 9, "nbformat_minor": 0, "metadata": {}}',
    "version-text": b'{"cells": [], "nbformat": "4", "metadata": {}}',
    "infinity": b'{"cells": [{"cell_type": "code", "id": NaN, "metadata": {"x": 1e999}, "source": Infinity}], "nbformat": 4, '
    b'"nbformat_minor": 5, "metadata": {}}',
    "other-unit": b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {"autograder": {"title": "\\u001b[2J\\ud800"}}}',
}
HONEST = ("alice", "mona", "zoe")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All of them in one batch of two workers: results by student."""
    course = tiny.write_course(tmp_path_factory.mktemp("hostile"))
    of = tiny.notebook(course)
    for name in HONEST:
        tiny.hand_in(course, name, tiny.submitted(of, tiny.RIGHT))
    for name, (_, answers, extras, change) in FILES.items():
        nodes = tiny.submitted(of, answers, extras)
        if change:
            change(nodes)
        tiny.hand_in(course, name, nodes)
    for name, content in BYTES.items():
        tiny.hand_in(course, name, tiny.submitted(of, {})).write_bytes(content)
    (course / "submitted" / "html" / tiny.UNIT / "timestamp.txt").write_text("the day after tomorrow, 99:99 \x00")
    (course / "submitted" / "alice" / tiny.UNIT / "timestamp.txt").write_text("2026-01-05 10:00:00 UTC")
    (course / "submitted" / "folder" / tiny.UNIT / "tiny.ipynb").mkdir(parents=True)
    (course / "submitted" / "nothing" / tiny.UNIT).mkdir(parents=True)
    settings = Settings(workers=2, patience=tiny.PATIENCE)
    found = {one.student: one for one in grade_batch(course, tiny.UNIT, submissions(course, tiny.UNIT), settings)}
    return course, found


def test_every_submission_is_graded(graded):
    course, found = graded
    assert set(found) == {*HONEST, *FILES, *BYTES, "folder", "nothing"}
    with gradebook(course) as book:
        kept = {submission.student.id: submission.score for submission in book.assignment_submissions(tiny.UNIT)}
    assert kept == {name: sum(result.points for result in one.results) for name, one in found.items()}


def test_the_honest_among_them_get_every_point(graded):
    assert {name: graded[1][name].results[0].points for name in HONEST} == dict.fromkeys(HONEST, tiny.ALL)


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_notebook_earns_what_its_answers_earn(graded, name):
    result = graded[1][name].results[0]
    assert "could_not_check" not in {str(verdict.state) for verdict in result.verdicts.values()}
    expected = FILES[name][0] or 0
    assert result.points == expected, {key: (str(v.state), v.cause) for key, v in result.verdicts.items() if not v.passed}


@pytest.mark.parametrize("name", [*BYTES, "folder", "nothing"])
def test_what_is_no_notebook_scores_nothing_and_says_why(graded, name):
    result = graded[1][name].results[0]
    assert result.points == 0
    assert result.refused
    assert result.refused.isprintable()


def test_nothing_of_a_students_can_run_in_the_browser_of_whoever_looks(graded):
    course, _ = graded
    for name in ("html", "scripts", "prints"):
        page = json.loads((course / "autograded" / name / tiny.UNIT / "tiny.ipynb").read_text())
        for cell in page["cells"]:
            shown = [output for output in cell.get("outputs", []) if cell["metadata"].get("autograder", {}).get("role") != "check"]
            kinds = {kind for output in shown for kind in output.get("data", {})}
            assert kinds <= {"text/plain", "image/png"}
            assert all("alert" not in str(output.get("data", {}).get("image/png", "")) for output in shown)
            if cell["cell_type"] == "markdown":
                assert "<script" not in "".join(cell["source"])


def test_a_flood_of_output_is_cut(graded):
    course, _ = graded
    assert (course / "autograded" / "prints" / tiny.UNIT / "tiny.ipynb").stat().st_size < 15_000_000


def test_words_for_a_terminal_hold_nothing_that_it_obeys(graded):
    texts = [
        text
        for one in graded[1].values()
        for v in one.results[0].verdicts.values()
        for text in (v.claim, v.differs, v.likely, v.hint)
    ]
    assert all(ord(character) >= 32 or character in "\n\t" for text in texts for character in text)
    assert all("\u202e" not in text for text in texts)


def test_no_check_of_the_students_own_is_counted(graded):
    course, found = graded
    known = {check.grade_id for check in tiny.notebook(course).checks}
    for name in FILES:
        assert set(found[name].results[0].verdicts) == known
        page = (
            json.loads((course / "autograded" / name / tiny.UNIT / "tiny.ipynb").read_text())
            if found[name].aligned[0].cells
            else None
        )
        marked = [grade_id(cell) for cell in (page or {"cells": []})["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
        assert sorted(marked) == sorted(known if page else [])
