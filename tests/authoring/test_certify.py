"""The grader is graded: what is not as it must be is told, variant by variant."""

from dataclasses import replace

import pytest

from autograder.authoring.certify import Certificate, certify
from autograder.authoring.proof import false_alarms, show, summary
from autograder.checks.verdict import State
from autograder.grading import submission
from autograder.grading.reference import Reference
from autograder.grading.verdicts import untouched
from autograder.notebooks.reading import read_notebook
from autograder.refusals import Refused
from solutions.variants import Variants, edit
from tests import tiny


def certified(built, template, variants=None, only=""):
    notebook = read_notebook(built.source.with_suffix(".ipynb"))
    reference = Reference(notebook, b"secret", variants=variants.all if variants else None)
    found = certify(reference, template, built.source.parent, [f"{built.module}/{only}"] if only else [])
    return {(item.exercise.partition("/")[2], item.variant): item for item in found}


def test_a_sound_notebook_has_no_problem_and_every_variant_is_graded(built, template):
    found = certified(built, template)
    assert {key: item.problem for key, item in found.items() if item.problem} == {}
    assert list(found) == [
        *(("scale", variant) for variant in ("reference", "s.swapped", "s.plus", "s.abs")),
        *(("Mean", variant) for variant in ("reference", "m.sum")),
        *(("largest", variant) for variant in ("reference", "q.least")),
    ]
    assert [item.points for item in found.values()] == [5, 5, 0, 0, 4, 0, 1, 0]
    assert [key for key, item in found.items() if item.visible] == [("scale", "s.plus"), ("scale", "s.abs"), ("Mean", "m.sum")]


def test_a_variant_that_is_not_as_it_must_be_is_told_with_its_reason(built, template):
    variants = Variants()
    variants.right("unfair", scale=edit("factor * x", "factor * x * 1.5"))
    variants.wrong("harmless", says="words", scale=edit("factor * x", "x * factor"))
    variants.wrong("s.plus", says="you add the factor", scale=edit("factor * x", "factor + x"))
    variants.wrong("double", says="words", scale=edit("factor * x", "x + factor"))
    variants.wrong("unknown", says="words", scale=edit("factor * x", "factor - x"))
    variants.wrong("hidden", says="words", scale=edit("factor * x", "factor * (x if len(x) == 3 else x + 1)"))
    problems = {name: item.problem for (_, name), item in certified(built, template, variants, "scale").items()}
    differs = "x times the factor; first at [0]: expected 3, got {}, 3 of 3 entries differ   (tolerance 1e-09)"
    assert problems == {
        "reference": "",
        "unfair": f"loses points in the visible check: {differs.format('4.5')} look at the first entry",
        "harmless": "passes every check",
        "s.plus": "",
        "double": "taken for s.plus in the visible check (you add the factor)",
        "unknown": f"not named in the visible check ({differs.format('2')})",  # its numbers have not been recorded
        "hidden": "",
    }


def test_points_for_what_nobody_answered_are_told(built, template, monkeypatch):
    def giving(check, exercise):
        return replace(untouched(check, exercise), state=State.PASSED)

    monkeypatch.setattr(submission, "untouched", giving)
    problems = {name: item.problem for (_, name), item in certified(built, template, only="scale").items()}
    assert problems["reference"] == f"passes a check of {built.module}/Mean as well"


CERTIFICATES = [
    Certificate("u/f", "reference", True, 4, 4, False, False, ""),
    Certificate("u/f", "right", True, 2, 4, True, False, "loses points"),
    Certificate("u/f", "caught", False, 0, 4, True, True, ""),
    Certificate("u/f", "later", False, 2, 4, True, False, ""),
    Certificate("u/f", "missed", False, 4, 4, False, False, "passes every check"),
    Certificate("u/q", "reference", True, 1, 1, False, False, ""),
    Certificate("u/q", "q.wrong", False, 0, 1, True, False, ""),
]


def test_the_figures_of_a_certification_count_what_was_caught_and_where():
    assert summary(CERTIFICATES) == {
        "exercises": 2,
        "right alternatives": 1,
        "wrong variants": 4,
        "caught": 3,
        "answers to questions among them": 1,
        "caught in the visible check": 1,
        "only in the hidden check": ["u/f later", "u/f missed"],
        "problems": ["u/f right: loses points", "u/f missed: passes every check"],
    }


@pytest.mark.parametrize(
    ("certificates", "last"), [(CERTIFICATES, "  u/f missed: passes every check"), (CERTIFICATES[:1], "problems: none")]
)
def test_the_figures_are_printed_with_every_problem_in_a_line(capsys, certificates, last):
    show(summary(certificates))
    lines = capsys.readouterr().out.strip("\n").split("\n")
    assert lines[-1] == last
    assert lines[0].startswith("exercises: ")


def test_a_hidden_check_that_the_reference_passes_by_luck_is_told_with_the_secret_and_a_sound_one_is_not(tmp_path):
    course = tiny.write_course(tmp_path)
    source = course / "source" / tiny.UNIT / "tiny.md"
    lucky = 'check.between(float(double(fresh)[0]), -1, 99, "by luck")'
    source.write_text(tiny.SOURCE.replace('check.equal(double(fresh), "twice a fresh array")', lucky))
    tiny.build_notebook(course)
    alarms = false_alarms(course, [tiny.UNIT], "", 12, progress=lambda items, total, what: items)
    assert 0 < len(alarms) < 12
    for alarm in alarms:
        secret, _, sentence = alarm.partition(": ")
        assert secret in [f"secret {number}" for number in range(12)]
        assert sentence.startswith(
            "the reference does not pass the hidden check of tiny/double: by luck; expected a number from -1 to 99"
        )


def test_to_certify_nothing_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"There is no exercise tiny/none\."):
        false_alarms(tiny.write_course(tmp_path), [tiny.UNIT], "tiny/none", 1, progress=lambda items, total, what: items)
