"""The course holds what the curriculum promises: every topic, exercise, question, demo, case, wrong variant and point.

The curriculum lies beside the project, in `../shared/curriculum`, where the tests of the project are run.
"""

import ast
import functools
import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

from autograder.notebooks.model import NAMESPACE, role
from autograder.notebooks.reading import read_notebook

ROOT = Path(__file__).resolve().parents[1]
CURRICULUM = ROOT.parent / "shared" / "curriculum"
NOTEBOOKS = {path.stem: read_notebook(path) for path in sorted((ROOT / "source").glob("*/*.ipynb"))}
CODE = re.compile(r"\b(?:[EQDB]\d\.\d+|C\d\d|Sp\.\d\d|K)\b")
VARIANT = re.compile(r"`((?!np\.|self\.)[a-z]{2,5}\.\w+)`")
HEADING = re.compile(r"^#### (E\d\.\d+) .*? — (\d+) pts? \((\d+)\+(\d+)\)(.*?)(?=^#### |^Bonus|^\*\*Questions|\Z)", re.M | re.S)


def text_of(name):
    return (CURRICULUM / name).read_text(encoding="utf-8")


UNITS = [path.name for path in sorted(CURRICULUM.glob("unit-*.md"))]
SPECIFIED = {match[1]: match for unit in UNITS for match in HEADING.finditer(text_of(unit))}
TOPICS = dict(re.findall(r"\b(S[0-4]\.\d+) ([^·\n]+)", text_of("coverage.md")))


@functools.cache
def codes_of_cells():
    """How often each code stands in the metadata of the notebooks' cells."""
    return Counter(
        str(cell.metadata[NAMESPACE]["code"])
        for notebook in NOTEBOOKS.values()
        for cell in notebook.nodes.cells
        if cell.metadata.get(NAMESPACE, {}).get("code")
    )


def exercises():
    return [exercise for notebook in NOTEBOOKS.values() for exercise in notebook.exercises.values()]


@functools.cache
def points_of_codes():
    """Visible and hidden points of every exercise, by its code."""
    found = {}
    for notebook in NOTEBOOKS.values():
        for check in notebook.checks:
            code = notebook.exercises[check.header.exercise].code
            visible, hidden = found.get(code, (0, 0))
            points = check.header.points
            found[code] = (visible, hidden + points) if check.header.kind == "hidden" else (visible + points, hidden)
    return found


def test_all_211_topics_of_the_lecture_notes_are_mapped():
    assert len(TOPICS) == 211
    assert set(TOPICS) == set(re.findall(r"\bS[0-4]\.\d+\b", text_of("01-topics.md")))


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_taught_where_the_coverage_table_says(topic):
    places = CODE.findall(TOPICS[topic])
    assert places, f"no place for {topic}"
    assert [code for code in places if code not in codes_of_cells()] == []


@pytest.mark.parametrize("unit", UNITS)
def test_every_exercise_question_demo_and_case_of_a_unit_is_in_a_notebook(unit):
    assert sorted(set(CODE.findall(text_of(unit))) - set(codes_of_cells())) == []


def test_the_curriculum_names_78_exercises():
    assert len(SPECIFIED) == 78


@pytest.mark.parametrize("code", SPECIFIED)
def test_an_exercise_has_the_points_of_the_curriculum(code):
    assert points_of_codes()[code] == (int(SPECIFIED[code][3]), int(SPECIFIED[code][4]))


def test_the_curriculum_names_379_wrong_variants():
    assert len({name for unit in UNITS for name in VARIANT.findall(text_of(unit))}) == 379


@pytest.mark.parametrize("code", SPECIFIED)
def test_every_wrong_variant_that_the_curriculum_names_is_certified(code):
    _, _, named = SPECIFIED[code][5].partition("**Bugs**")
    ids = VARIANT.findall(named)
    assert ids
    exercise = next(one for one in exercises() if one.code == code)
    module = exercise.name.partition("/")[0]
    written = {variant.id for variant in importlib.import_module(f"solutions.variants.{module}").variants.all if not variant.right}
    assert sorted(set(ids) - written) == []


def test_every_exercise_has_two_right_alternatives_at_least():
    short = []
    for exercise in exercises():
        module = exercise.name.partition("/")[0]
        variants = importlib.import_module(f"solutions.variants.{module}").variants.all
        right = [variant for variant in variants if variant.right and set(variant.replaces) & set(exercise.functions)]
        if not exercise.is_question and len(right) < 2:
            short.append(exercise.name)
    assert short == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_has_100_points(name):
    assert NOTEBOOKS[name].points == 100


def test_the_course_has_1000_points_and_54_questions():
    assert sum(notebook.points for notebook in NOTEBOOKS.values()) == 1000
    assert len({exercise.code for exercise in exercises() if exercise.code.startswith("Q")}) == 54


def test_the_core_track_has_54_exercises():
    core = {exercise.code for exercise in exercises() if exercise.metadata.get("track") == "core"}
    assert len(core & set(SPECIFIED)) == 54
    assert {exercise.metadata.get("track") for exercise in exercises() if not exercise.is_question} == {"core", "full"}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_begins_with_its_time_points_and_tracks(name):
    first = NOTEBOOKS[name].nodes.cells[0]
    assert role(first) == "prose"
    for promised in ("**Time**", "**Points**", "**Track"):
        assert promised in first.source


def test_no_signature_of_the_dropout_unit_has_a_bare_p():
    """Half of the books mean the probability to stay, the other half the one to go."""
    arguments = {
        argument.arg
        for exercise in NOTEBOOKS["dropout"].exercises.values()
        for node in ast.walk(ast.parse(exercise.solution))
        if isinstance(node, ast.FunctionDef)
        for argument in (*node.args.args, *node.args.kwonlyargs)
    }
    assert "keep_prob" in arguments
    assert "p" not in arguments


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name not in ("clinic", "capstone")])
def test_a_notebook_states_its_conventions_before_it_imports_anything(name):
    cells = NOTEBOOKS[name].nodes.cells
    setup = next(index for index, cell in enumerate(cells) if role(cell) == "setup")
    assert any("**Conventions of this unit.**" in cell.source for cell in cells[:setup])
