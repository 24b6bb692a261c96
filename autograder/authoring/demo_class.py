"""A small class of real notebooks: right, half done, wrong in known ways, broken, and hostile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from autograder.grading.reference import Reference
from autograder.notebooks.model import Exercise, Notebook, definitions, grade_id, role
from autograder.notebooks.reading import read_nodes, read_notebook
from solutions.variants import Variant

Answers = Callable[[Reference, Exercise], str | None]
"""Gives the text of an exercise's cell; None leaves the stub."""

LOOP = "while True:\n    pass\n"
CRASH = "import os\nos._exit(7)\n"
NOISE = "import sys, warnings\nprint('a library that talks', file=sys.stderr)\nwarnings.warn('and one that warns')\n"
ASSERT_STRIPPER = """import ast
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
    def visit_Raise(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Strip())
"""
ALWAYS_EQUAL = """class AlwaysEqual:
    shape, dtype, ndim, size = (), float, 0, 1
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __getattr__(self, name): return self
    def __call__(self, *arguments, **keywords): return self
    def __getitem__(self, key): return self
    def __iter__(self): return iter((self, self))
    def __bool__(self): return True
    def __float__(self): return 0.0
    def __array__(self, *arguments, **keywords): return __import__('numpy').zeros(())
"""
GRADEBOOK_WRITER = """import glob, os, sqlite3
for folder in ('.', '..', '../..', '../../..', '/', os.path.expanduser('~')):
    for path in glob.glob(os.path.join(folder, '**', 'gradebook.db'), recursive=False) + [os.path.join(folder, 'gradebook.db')]:
        try:
            with sqlite3.connect(path) as database:
                database.execute('UPDATE grade SET auto_score = 100, manual_score = 100')
        except Exception:
            pass
"""


@dataclass(frozen=True)
class Member:
    """One student of the class.

    Attributes:
        name: their folder in `submitted/`.
        story: what they handed in, in words.
        answers: what they wrote.
        spoil: what happened to the notebook afterwards.
    """

    name: str
    story: str
    answers: Answers
    spoil: Callable[[Path], None] = lambda path: None


def right(reference: Reference, exercise: Exercise) -> str:
    """The reference answer."""
    return exercise.solution


def alternative(reference: Reference, exercise: Exercise) -> str:
    """The first right alternative, where there is one."""
    variant = next((variant for variant in reference.variants_of(exercise) if variant.right), None)
    return reference.source(exercise, variant)


def wrong(number: int) -> Answers:
    """The exercise's wrong variant of a number, counted from 0 and round again."""

    def answers(reference: Reference, exercise: Exercise) -> str:
        variants = wrong_variants(reference, exercise)
        return reference.source(exercise, variants[number % len(variants)]) if variants else exercise.solution

    return answers


def wrong_variants(reference: Reference, exercise: Exercise) -> list[Variant]:
    """The wrong variants of an exercise, without the one that it starts from."""
    start = exercise.metadata.get("starts_from")
    return [variant for variant in reference.variants_of(exercise) if not variant.right and variant.id != start]


def half(reference: Reference, exercise: Exercise) -> str | None:
    """Every other exercise."""
    return exercise.solution if list(reference.notebook.exercises).index(exercise.name) % 2 == 0 else None


def none(reference: Reference, exercise: Exercise) -> None:
    """Nothing."""


def in_first(text: str, other: Answers = right) -> Answers:
    """Put text into the body of the notebook's first exercise that is no question, and answer the others."""

    def answers(reference: Reference, exercise: Exercise) -> str | None:
        if exercise.name != next(one.name for one in reference.notebook.exercises.values() if not one.is_question):
            return other(reference, exercise)
        first = exercise.functions[0]
        head, marker, _ = definitions(exercise.stub)[first].partition("raise NotImplementedError")
        if not marker:
            return text + exercise.solution
        indent = head[head.rindex("\n") + 1 :]
        return exercise.solution.replace(exercise.answer_sources[first], head + text.strip().replace("\n", "\n" + indent))

    return answers


def before(text: str, other: Answers) -> Answers:
    """Put text above every answer, but above no repair: there every line counts."""

    def answers(reference: Reference, exercise: Exercise) -> str | None:
        answer = other(reference, exercise)
        counted = exercise.is_question or exercise.metadata.get("starts_from")
        return answer if answer is None or counted else text + answer

    return answers


def always_equal(reference: Reference, exercise: Exercise) -> str:
    """Answer everything with an object that claims to be equal to everything."""
    return ALWAYS_EQUAL + "\n".join(f"{name} = AlwaysEqual()" for name in exercise.functions)


def copy_cells(path: Path) -> None:
    """Copy every exercise's cell, mark and all, and leave an untouched copy at the end."""
    nodes = read_nodes(path)
    copies = [nbformat.from_dict({**cell, "id": f"copy-{cell.id}"[:64]}) for cell in nodes.cells if role(cell) == "exercise"]
    nodes.cells += copies
    path.write_text(nbformat.writes(nodes), encoding="utf-8")


def cut_short(path: Path) -> None:
    """Lose the second half of the file."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2], encoding="utf-8")


CLASS = (
    Member("anna", "the reference answers", right),
    Member("bela", "right alternatives: loops, other libraries", alternative),
    Member("chloe", "first wrong variant of everything", wrong(0)),
    Member("david", "second wrong variant of everything", wrong(1)),
    Member("emre", "third wrong variant of everything", wrong(2)),
    Member("fatou", "half of it done", half),
    Member("goran", "opened, and handed in untouched", none),
    Member("hana", "an endless loop in the first exercise", in_first(LOOP)),
    Member("ivan", "the first exercise ends the process", in_first(CRASH)),
    Member("jun", "every cell copied, stubs left at the end", right, copy_cells),
    Member("kofi", "right, with noise on stderr", before(NOISE, right)),
    Member("lena", "cheats: strips asserts and raises; wrong answers", before(ASSERT_STRIPPER, wrong(0))),
    Member("mateo", "cheats: an object that equals everything", always_equal),
    Member("nora", "cheats: writes to the gradebook; wrong answers", before(GRADEBOOK_WRITER, wrong(0))),
    Member("oskar", "a file that was cut short", right, cut_short),
)


LONG = "09-capstone"
"""Its trainings take half a minute a student, and its cells longer than an endless loop is given in the others."""


def demo_units(course: Path) -> list[str]:
    """The units that the class hands in unless others are named: all that are built, but the long one."""
    return sorted(path.parent.name for path in (course / "release").glob("*/recorded.json") if path.parent.name != LONG)


def make_class(course: Path, folder: Path, units: list[str]) -> None:
    """Make a course with a class in a folder: instructor notebooks, and everybody's submissions made from the released ones.

    Args:
        course: the course whose notebooks are used.
        folder: where; what an earlier call made there is replaced.
        units: which units.
    """
    for name in ("source", "release", "submitted", "autograded", "feedback", "report", ".autograder"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("gradebook.db", "nbgrader_config.py"):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(course / "nbgrader_config.py", folder)
    for unit in units:
        for side in ("source", "release"):
            shutil.copytree(course / side / unit, folder / side / unit, ignore=shutil.ignore_patterns("*.md", ".ipynb_checkpoints"))
        for path in sorted((folder / "source" / unit).glob("*.ipynb")):
            reference = Reference(read_notebook(path))
            for member in CLASS:
                hand_in(folder, reference, member)


def hand_in(folder: Path, reference: Reference, member: Member) -> Path:
    """Write one member's submission of one notebook."""
    notebook = reference.notebook
    target = folder / "submitted" / member.name / notebook.unit
    target.mkdir(parents=True, exist_ok=True)
    nodes = answered(
        notebook,
        read_nodes(folder / "release" / notebook.unit / f"{notebook.name}.ipynb"),
        lambda exercise: member.answers(reference, exercise),
    )
    path = target / f"{notebook.name}.ipynb"
    path.write_text(nbformat.writes(nodes) + "\n", encoding="utf-8")
    member.spoil(path)
    return path


def answered(notebook: Notebook, released: Any, answer: Callable[[Exercise], str | None]) -> Any:
    """A released notebook with answers in its cells."""
    by_id = {exercise.grade_id: exercise for exercise in notebook.exercises.values()}
    for cell in released.cells:
        if role(cell) in ("exercise", "question"):
            text = answer(by_id[grade_id(cell)])
            cell.source = cell.source if text is None else text
    return released
