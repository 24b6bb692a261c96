"""Every mistake of an author is one sentence with file and line."""

import pickle

import pytest

from autograder.authoring.source import SourceError, read_source
from tests import authored
from tests.authored import built_files


@pytest.fixture
def made(tmp_path):
    return authored.write(tmp_path)


def line_of(path, text):
    """The line of a file in which a text begins, counted from 1."""
    whole = path.read_text(encoding="utf-8")
    assert whole.count(text) == 1
    return whole[: whole.index(text)].count("\n") + 1


def mistake(made, old, new, at=None, after=0, file="source"):
    """The sentence about one edit, which must name the line in which `at` stands, or one `after` it."""
    made.edit(getattr(made, file), old, new)
    line = line_of(made.source, at.replace("MODULE", made.module)) + after if at else 1
    with pytest.raises(SourceError) as error:
        built_files(made.course, made.unit)
    sentence = str(error.value).replace(made.module, "MODULE")
    start = f"01-scaling/scaling.md:{line}: "
    assert sentence.startswith(start), sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(start)


SCALE, SCALE_CHECK, QUESTION = ":exercise: MODULE/scale", ":check: MODULE/scale", ":question: MODULE/largest"
FENCE = -1
"""A cell's line is that of the fence above its first option."""

NO_FRONT = "the front matter lacks `autograder: {title: …, module: …}`."
ABOUT = "autograder: {title: Scaling, module: MODULE}"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (f"{ABOUT}\n", "", NO_FRONT),
        (ABOUT, "autograder:", NO_FRONT),
        (ABOUT, "autograder: [title, module]", NO_FRONT),
        (", module: MODULE", "", NO_FRONT),
        ("{title: Scaling,", "{title: Scaling", "the front matter is not YAML: Notebook metadata: while parsing a flow mapping."),
    ],
)
def test_front_matter_that_says_too_little_is_told_what_to_say(made, old, new, sentence):
    assert mistake(made, old, new) == sentence


def test_a_module_that_nobody_has_written_is_named(made):
    made.answers.rename(made.answers.with_name("elsewhere.py"))
    assert mistake(made, "# Scaling", "# Scaled") == "there is no module solutions/MODULE.py."


CANNOT = "a cell cannot be {!r}; see CONTRIBUTING.md for the kinds of cell."


@pytest.mark.parametrize(
    ("old", "new", "at", "after", "sentence"),
    [
        (":code: E1.1", ":colour: red", SCALE, FENCE, "a cell of the kind exercise has no option colour."),
        (":code: D1.1", ":points: 3", ":points: 3\nshown", FENCE, "a cell of the kind demo has no option points."),
        (":code: P1.1", ":stub: a\n:track: b", ":role: predict", FENCE, "a cell of the kind predict has no option stub, track."),
        (":code: E1.1", ":track: core", SCALE, FENCE, "MODULE/scale lacks the option `code`, its code in the curriculum."),
        (":points: 2", ":hidden: MODULE/scale\n:points: 2", SCALE_CHECK, FENCE, CANNOT.format("check and hidden")),
        (":role: setup", ":role: set-up", ":role: set-up", FENCE, CANNOT.format("set-up")),
    ],
)
def test_a_cell_that_is_nothing_or_two_things_is_told_so(made, old, new, at, after, sentence):
    assert mistake(made, old, new, at, after) == sentence


TWICE = "MODULE/scale stands already at line 24; a name is used once."


@pytest.mark.parametrize(
    ("old", "new", "at", "after", "sentence"),
    [
        (":exercise: MODULE/Mean", SCALE, ":code: E1.2", -2, TWICE),
        (QUESTION, ":question: MODULE/scale", ":question: MODULE/scale", FENCE, TWICE),
        (SCALE, ":exercise: scale", ":exercise: scale", FENCE, "'scale' is not a name of the form MODULE/name."),
        (SCALE, ":exercise: other/scale", ":exercise: other/scale", FENCE, "'other/scale' is not a name of the form MODULE/name."),
        (SCALE, ":exercise: MODULE/a b", ":exercise: MODULE/a b", FENCE, "'MODULE/a b' is not a name of the form MODULE/name."),
        (SCALE, ":exercise:", ":exercise:\n", FENCE, "'None' is not a name of the form MODULE/name."),
        (SCALE_CHECK, ":check: MODULE/no", ":check: MODULE/no", FENCE, "there is no exercise MODULE/no above this check."),
        (
            SCALE_CHECK,
            ":check: MODULE/Mean",
            ":check: MODULE/Mean\n:points: 2",
            FENCE,
            "there is no exercise MODULE/Mean above this check.",
        ),
        (":code: E1.1", ":code: E1.1\n:functions: scale, a, b", SCALE, FENCE, "solutions/MODULE.py does not define a, b."),
        (QUESTION, ":question: MODULE/no", ":question: MODULE/no", FENCE, "solutions/MODULE.py does not define no."),
        (":stub: m.sum", ":stub: m.no", ":stub: m.no", -3, "solutions/variants/MODULE.py has no wrong variant m.no."),
        (
            ":stub: m.sum",
            ":stub: s.swapped",
            ":stub: s.swapped",
            -3,
            "solutions/variants/MODULE.py has no wrong variant s.swapped.",
        ),
    ],
)
def test_a_name_that_is_used_twice_or_means_nothing_is_told_with_its_line(made, old, new, at, after, sentence):
    assert mistake(made, old, new, at, after) == sentence


@pytest.mark.parametrize("points", ["two", "true", "-2", ".nan", ".inf", ""])
def test_a_check_without_points_that_can_be_counted_is_refused(made, points):
    said = mistake(made, ":points: 2", f":points: {points}", SCALE_CHECK, FENCE)
    assert said == "the check of MODULE/scale says no points; write `:points: 4`."


def test_a_question_without_points_is_refused(made):
    said = mistake(made, ":points: 1\n", "", QUESTION, FENCE)
    assert said == "the check of MODULE/largest says no points; write `:points: 4`."


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("inside = scale(x, 3.0)", "inside = = scale(x, 3.0)", "inside = ="),
        ('check.equal(scale(x, -1.0), "x times minus one")', "if = 1", "if = 1"),
        (":points: 2\n", ":points: 2\n\n\nif = 1\n", "if = 1"),
        (f"{SCALE_CHECK}\n:points: 2\n", "---\ncheck: MODULE/scale\npoints: 2\n---\nif = 1\n", "if = 1"),
        ("secret_input = check", "if = check", "if = check"),
        ("check.number(largest,", "if = check.number(largest,", "if = check"),
    ],
)
def test_a_check_that_is_not_python_is_told_with_the_line_of_the_mistake(made, old, new, at):
    assert mistake(made, old, new, at) == "the check is not Python: invalid syntax."


OPEN = "a region that begins with `### BEGIN {}` is left open."
MARKED = "{} are marked by the kind of the cell here, not by a region."


@pytest.mark.parametrize(
    ("old", "new", "at", "sentence"),
    [
        ("shown = x", "### BEGIN SOLUTION\nshown = x", ":code: D1.1", OPEN.format("SOLUTION")),
        ("inside = ", "### BEGIN HIDDEN TESTS\ninside = ", SCALE_CHECK, OPEN.format("HIDDEN TESTS")),
        ("inside = ", "### END HIDDEN TESTS\ninside = ", SCALE_CHECK, OPEN.format("HIDDEN TESTS")),
        ("inside = ", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\ninside = ", SCALE_CHECK, MARKED.format("hidden tests")),
        ("shown = x", "### BEGIN SOLUTION\n### END SOLUTION\nshown = x", ":code: D1.1", MARKED.format("solution")),
    ],
)
def test_a_region_that_would_hide_or_show_too_much_is_refused(made, old, new, at, sentence):
    assert mistake(made, old, new, at, FENCE) == sentence


HEADER = "*5 minutes · difficulty {} of 5 · importance {} of 5 · {} points*"
COPY = "no header line stands above MODULE/{}: *25 minutes · difficulty 3 of 5 · importance 4 of 5 · 9 points*."


@pytest.mark.parametrize(
    ("old", "new", "at", "after", "sentence"),
    [
        (HEADER.format(1, 5, 5), "", SCALE, FENCE, COPY.format("scale")),
        (HEADER.format(2, 4, 4), "", ":exercise: MODULE/Mean", FENCE, COPY.format("Mean")),
        ("difficulty 2 of 5", "difficulty 2/5", ":exercise: MODULE/Mean", FENCE, COPY.format("Mean")),
        ("difficulty 2 of 5", "difficulty 6 of 5", ":exercise: MODULE/Mean", FENCE, COPY.format("Mean")),
        ("· 5 points*", "· 6 points*", "· 6 points*", 0, "the header promises 6 points, the checks of its section give 5."),
        (
            ":points: 3\nsecret",
            ":points: 2.5\nsecret",
            "· 5 points*",
            0,
            "the header promises 5 points, the checks of its section give 4.5.",
        ),
    ],
)
def test_a_header_that_is_missing_or_promises_something_else_is_told_with_one_to_copy(made, old, new, at, after, sentence):
    assert mistake(made, old, new, at, after) == sentence


def test_points_that_add_up_but_for_rounding_are_no_mistake(made):
    for old, new in (
        (":points: 2", ":points: 1.1"),
        (":points: 3\nsecret", ":points: 2.2\nsecret"),
        ("· 5 points*", "· 3.3 points*"),
    ):
        made.edit(made.source, old, new)
    assert 1.1 + 2.2 != 3.3
    assert set(built_files(made.course, made.unit)) == {"scaling.ipynb", "recorded.json"}


def test_options_that_are_not_yaml_are_shown_with_the_line_of_their_cell(made):
    said = mistake(made, ":code: E1.1", ":code: [E1.1", SCALE, FENCE)
    assert said.startswith("the options of a cell are not YAML: Code cell 4 at line 24 ")


@pytest.mark.parametrize(
    ("old", "new", "at", "name"),
    [
        (
            '    """\n    # the answer\'s own comment: multiply elementwise\n\n    product = factor * x\n',
            '    """; product = factor * x\n',
            SCALE,
            "scale",
        ),
        (
            'def add(self, more):\n        """Take one more number in."""\n        self.total += more\n        self.count += 1',
            "def add(self, more): self.total += more",
            ":exercise: MODULE/Mean",
            "add",
        ),
    ],
)
def test_an_answer_that_cannot_be_cut_out_is_refused(made, old, new, at, name):
    said = mistake(made, old, new, at, FENCE, file="answers")
    assert said == f"solutions/MODULE.py: the body of {name} must begin on a line of its own."


def test_a_starting_point_whose_edit_does_not_apply_any_more_is_refused(made):
    said = mistake(
        made, "return self.total / self.count", "return sum([self.total]) / self.count", ":stub: m.sum", -3, file="answers"
    )
    assert (
        said
        == "the stub m.sum: a variant replaces 'self.total / self.count', which stands in its reference 0 times instead of once."
    )


def test_a_variant_of_something_that_does_not_exist_is_refused(made):
    said = mistake(made, 'says="you add the factor", hint="try factor 0", scale=', 'says="you add", shift=', file="variants")
    assert said == "variant s.plus replaces shift, which MODULE.py does not define."


def test_a_mistake_found_in_another_process_is_told_in_the_same_words(tmp_path):
    error = SourceError(tmp_path / "scaling.md", 7, "this is wrong.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == f"{tmp_path.name}/scaling.md:7: this is wrong."


def test_a_notebook_that_lost_its_source_is_refused(made):
    left = made.source.with_name("old.ipynb")
    left.write_text("{}")
    with pytest.raises(SourceError) as error:
        built_files(made.course, made.unit)
    assert str(error.value) == "01-scaling/old.ipynb:1: there is no old.md to build this notebook from; delete it, or write that."


# what is read when there is no mistake


def test_cells_are_read_with_their_kinds_options_and_lines(made):
    source = read_source(made.source)
    rows = made.source.read_text(encoding="utf-8").split("\n")
    assert [cell.kind for cell in source.cells] == [
        *("prose", "setup", "demo"),
        *("prose", "exercise", "check", "hidden"),
        *("prose", "exercise", "check"),
        *("prose", "predict", "question"),
    ]
    for cell in source.cells:
        first = rows[cell.line - 1]
        assert first == ("```{code-cell}" if cell.kind != "prose" else cell.text.split("\n")[0])
        assert cell.kind == "prose" or rows[cell.text_line - 1] == cell.text.split("\n")[0] or not cell.text


@pytest.mark.parametrize(
    ("prose", "pieces"),
    [
        ("# A\ntext\n## B\ntext\n### C", ["# A\ntext", "## B\ntext", "### C"]),
        ("text\n\n#### small\n##no heading\n#tag", ["text\n\n#### small\n##no heading\n#tag"]),
        ("# A\n```python\n# a comment\n```\n## B", ["# A\n```python\n# a comment\n```", "## B"]),
        ("# A\n\n\n## B", ["# A", "## B"]),
    ],
)
def test_prose_is_split_at_headings_but_not_at_comments_in_code(made, prose, pieces):
    text = made.source.read_text(encoding="utf-8")
    front = text[: text.index("# Scaling")]
    made.source.write_text(front + prose + "\n", encoding="utf-8")
    assert [cell.text for cell in read_source(made.source).cells] == pieces
