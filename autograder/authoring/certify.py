"""`autograder certify`: the grader is graded.

Every reference and every right alternative must earn full points; every wrong variant must lose points and be named by its
own sentence, in grading (through the sandbox and the wire, as a submission) and, where it differs in the visible check, in a
live notebook.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.judging import first_deviation
from autograder.checks.live import verdict_of
from autograder.checks.verdict import State, Verdict
from autograder.grading.reference import Reference, quiet
from autograder.grading.submission import Grader
from autograder.notebooks.aligning import Aligned, is_untouched
from autograder.notebooks.model import Exercise, grade_id, role
from autograder.sandbox.pool import Template
from solutions.variants import Variant

REFERENCE = "reference"
TOUCHED = '\n\n"looked at"\n'
"""A remark that makes an attempt of code as it was handed out, and changes nothing that a check looks at."""


@dataclass(frozen=True)
class Certificate:
    """What one variant came to.

    Attributes:
        exercise: `module/name`.
        variant: its id, or `reference`.
        right: must it earn full points?
        points: earned in grading.
        max_points: that could be earned.
        caught: does it fail in grading?
        visible: does it fail in the visible check already?
        problem: what is not as it must be, or "".
    """

    exercise: str
    variant: str
    right: bool
    points: float
    max_points: float
    caught: bool
    visible: bool
    problem: str


def certify(reference: Reference, template: Template, folder: Path, only: Collection[str] = ()) -> Iterator[Certificate]:
    """Certify the exercises of one notebook, variant by variant.

    A variant of an exercise is graded in a submission of its own; questions, which share nothing, are answered side by side.

    Args:
        reference: the notebook with its answers and variants.
        template: the warm process that submissions are forked from.
        folder: where the recorded numbers lie.
        only: the names of some exercises, to look at them alone.
    """
    grader = Grader(reference, template)
    chosen = [exercise for exercise in reference.notebook.exercises.values() if not only or exercise.name in only]
    for exercise in chosen:
        if not exercise.is_question:
            for variant in (None, *reference.variants_of(exercise)):
                yield from _certify(grader, [(exercise, variant)], folder)
    answers = [
        [(question, variant) for variant in (None, *reference.variants_of(question))] for question in chosen if question.is_question
    ]
    for side_by_side in itertools.zip_longest(*answers):
        yield from _certify(grader, [answer for answer in side_by_side if answer], folder)


def submission(reference: Reference, answers: dict[str, str]) -> Aligned:
    """A submission in which some exercises are answered, and the others left as stubs.

    Args:
        reference: the notebook.
        answers: by exercise, the text of its cell.
    """
    nodes = copy.deepcopy(reference.notebook.nodes)
    by_id = {exercise.grade_id: exercise for exercise in reference.notebook.exercises.values()}
    for cell in nodes.cells:
        if role(cell) in ("exercise", "question"):
            exercise = by_id[grade_id(cell)]
            cell.source = answers.get(exercise.name, exercise.stub)
    return Aligned(nodes, ())


def _certify(grader: Grader, answers: Sequence[tuple[Exercise, Variant | None]], folder: Path) -> Iterator[Certificate]:
    """Grade one submission with these answers, the references where no variant is given."""
    reference = grader.reference
    sources = {exercise.name: _answer(reference, exercise, variant) for exercise, variant in answers}
    verdicts = grader.grade(submission(reference, sources)).verdicts.values()
    others = [verdict for verdict in verdicts if verdict.exercise not in sources and verdict.passed]
    for exercise, variant in answers:
        mine = [verdict for verdict in verdicts if verdict.exercise == exercise.name]
        live = live_verdicts(reference, exercise, sources[exercise.name], folder)
        unsure = next((verdict for verdict in mine if verdict.state == State.COULD_NOT_CHECK), None)
        if unsure:
            problem = f"could not be checked: {unsure.claim}"
        elif others and variant is None:
            problem = f"passes a check of {others[0].exercise} as well"
        elif variant is None or variant.right:
            problem = _unfair([*mine, *live])
        else:
            problem = _unnamed(reference, exercise, variant, mine, live)
        yield Certificate(
            exercise.name,
            variant.id if variant else REFERENCE,
            right=variant is None or variant.right,
            points=sum(verdict.points for verdict in mine),
            max_points=sum(verdict.max_points for verdict in mine),
            caught=any(not verdict.passed for verdict in mine),
            visible=any(not verdict.passed for verdict in live),
            problem=problem,
        )


def _answer(reference: Reference, exercise: Exercise, variant: Variant | None) -> str:
    source = reference.source(exercise, variant)
    return source + TOUCHED if is_untouched(source, exercise) else source


def live_verdicts(reference: Reference, exercise: Exercise, source: str, folder: Path) -> list[Verdict]:
    """What the visible checks say in a live notebook, from the recorded numbers alone."""
    from autograder.grading.reference import exec_cell

    namespace = reference.setup_namespace()
    verdicts = []
    with quiet():
        try:
            exec_cell(source, namespace, f"<student {exercise.name}>")
        except Exception:  # a variant whose cell cannot be run defines nothing, as in a notebook
            namespace = {**reference.setup_namespace()}
        for check in reference.notebook.checks:
            if check.header.exercise == exercise.name and check.header.kind == "visible":
                fresh = {
                    **namespace,
                    **{name: value for name, value in reference.setup_namespace().items() if name not in exercise.functions},
                }
                verdicts.append(verdict_of(check.header, check.body, fresh, folder))
    return verdicts


def _unfair(verdicts: list[Verdict]) -> str:
    wrong = next((verdict for verdict in verdicts if verdict.state != State.PASSED), None)
    return f"loses points in the {wrong.check} check: {wrong.cause} {wrong.hint}" if wrong else ""


def _unnamed(reference: Reference, exercise: Exercise, variant: Variant, mine: list[Verdict], live: list[Verdict]) -> str:
    lost = [verdict for verdict in mine if not verdict.passed]
    if not lost:
        return "passes every check"
    wrong_name = next((verdict for verdict in (*lost, *live) if not verdict.passed and verdict.misconception != variant.id), None)
    if wrong_name:
        taken_for = f"taken for {wrong_name.misconception}" if wrong_name.misconception else "not named"
        return f"{taken_for} in the {wrong_name.check} check ({wrong_name.cause})"
    if all(verdict.passed for verdict in live):
        for check in reference.notebook.checks:
            if check.header.exercise == exercise.name and check.header.kind == "visible":
                seen, expected = reference.run(check, variant).observations, reference.observations(check)
                if len(seen) != len(expected) or first_deviation(seen, expected) < len(expected):
                    return "differs in the visible check, which passes it in a live notebook"
    return ""
