"""The student's page: all of the result, nothing of the answers, and text that is only ever text."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from feedback_cases import CHECKS, FAILED, UNTOUCHED, changes
from hypothesis import given, settings
from reading_pages import Page, folded, numbers

from autograder.checks.verdict import State
from autograder.feedback.page import WORDS
from autograder.feedback.student_page import SAME, student_page
from autograder.grading.result import Result


def page_of(notebook, result, student="anna"):
    return Page(student_page(notebook, result, course="A course", student=student))


@given(changes=changes())
@settings(max_examples=60, deadline=None)
def test_every_lost_point_is_there_with_its_cause(notebook, result_of, changes):
    result = result_of(changes)
    page = page_of(notebook, result)
    for verdict in result.verdicts.values():
        if not verdict.passed:
            for part in (
                [verdict.likely] if verdict.likely and verdict.state != State.NOT_ATTEMPTED else [verdict.claim, verdict.differs]
            ):
                assert folded(part) in page.text, f"{verdict.exercise} {verdict.check} lost {verdict.max_points} without {part!r}"
            assert WORDS[verdict.state] in page.text


@given(changes=changes())
@settings(max_examples=60, deadline=None)
def test_the_points_shown_sum_to_the_result(notebook, result_of, changes):
    result = result_of(changes)
    page = page_of(notebook, result)
    per_exercise = [numbers(element.text) for element in page.of_class("points")]
    per_check = [numbers(element.text.rsplit("·")[-1])[-2:] for element in page.of_class("verdict")]
    for shown in (per_exercise, per_check):
        assert sum(earned for earned, _ in shown) == pytest.approx(result.points)
        assert sum(possible for _, possible in shown) == pytest.approx(result.max_points)
    assert numbers(page.of_class("score")[0].text) == [result.points, result.max_points]


@given(changes=changes())
@settings(max_examples=60, deadline=None)
def test_every_check_has_its_state_in_words_and_its_mark(notebook, result_of, changes):
    result = result_of(changes)
    lines = [element.text for element in page_of(notebook, result).of_class("verdict")]
    assert len(lines) == len(CHECKS)
    for verdict, line in zip(result.verdicts.values(), lines, strict=True):
        assert WORDS[verdict.state] in line
        assert verdict.check in line
        assert line.strip()[0] in "✓✗○!"


def test_headings_descend_and_addresses_are_unique(notebook, result_of):
    page = page_of(notebook, result_of({"half-visible": FAILED}, repairs=("one",)))
    levels = [int(element.tag[1]) for element in page.elements if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {address[1:] for address in page.attributes("href") if address.startswith("#")} <= set(ids)


def test_a_section_is_linked_by_the_name_that_jupyterlab_gives_it(notebook, result_of):
    page = page_of(notebook, result_of())
    links = [address for address in page.attributes("href") if address.startswith("tiny")]
    assert links == ["tiny.ipynb#9.1-Halving:-half-%26-co.", "tiny.ipynb#9.2-Doubling", "tiny.ipynb#A-question"]
    titles = [element.text for element in page.elements if element.tag == "h3"]
    assert titles == ["9.1 Halving: half & co.", "9.2 Doubling", "A question"]
    assert [element.text for element in page.elements if element.tag == "code"][1] == "half"


def test_the_next_step_is_the_first_exercise_that_lost_points(notebook, result_of):
    result = result_of({"double-visible": FAILED | {"likely": "you halve twice"}, "answer-question": FAILED})
    following = page_of(notebook, result).of_class("next")[0].text
    assert folded(following) == "Next step Go back to E9.2 double: you halve twice. 2.5 points to gain."


def test_the_next_step_does_not_wait_for_another_exercise(notebook, result_of):
    blocked = {"state": State.BLOCKED, "claim": "it runs", "likely": "it uses double, which is not right yet"}
    both = page_of(notebook, result_of({"half-visible": blocked, "double-visible": UNTOUCHED}))
    assert "E9.2 double is still waiting for you: 2.5 points." in folded(both.of_class("next")[0].text)
    alone = page_of(notebook, result_of({"half-visible": blocked}))
    assert "E9.1 half: it uses double" in folded(alone.of_class("next")[0].text)


def test_when_all_is_right_there_is_nothing_to_go_back_to(notebook, result_of):
    page = page_of(notebook, result_of())
    assert "nothing here that you need to go back to" in page.text
    assert "3 of 3 exercises complete" in page.text
    assert len(page.of_class("complete")) == 3


def test_a_cause_that_two_checks_share_is_explained_once(notebook, result_of):
    wrong = FAILED | {"likely": "you double", "hint": "print(half(1))"}
    page = page_of(notebook, result_of({"half-visible": wrong, "half-hidden": wrong | {"claim": "half of others"}}))
    exercise = page.of_class("exercise")[0].text
    assert exercise.count("you double") == 1
    assert exercise.count("print(half(1))") == 1
    assert SAME in exercise


def test_what_was_not_attempted_is_one_friendly_line(notebook, result_of):
    page = page_of(notebook, result_of({"half-visible": UNTOUCHED, "half-hidden": UNTOUCHED}))
    exercise = folded(page.of_class("exercise")[0].text)
    assert exercise.count("the stub is still in place: replace it, then run the check below it") == 1
    assert exercise.count("○ not attempted") == 2


def test_a_wrong_hidden_check_after_a_right_visible_one_says_what_to_try(notebook, result_of):
    page = page_of(notebook, result_of({"half-hidden": FAILED}))
    assert "it is right on the inputs that you see" in page.of_class("exercise")[0].text


def test_a_refused_submission_says_why_and_lists_what_was_lost(notebook, result_of):
    untouched = {"state": State.NOT_ATTEMPTED, "claim": "nothing could be graded", "differs": "tiny.ipynb is cut short."}
    page = page_of(notebook, result_of(dict.fromkeys(CHECKS, untouched), refused="tiny.ipynb is cut short."))
    assert "Nothing could be graded tiny.ipynb is cut short." in page.text
    assert [row.text.split()[-3:] for row in page.elements if row.tag == "tr"][1:] == [
        ["0", "of", "7"],
        ["0", "of", "5.5"],
        ["0", "of", "1"],
    ]
    assert page.of_class("exercise") == []


def test_a_refusal_that_is_our_fault_costs_nothing_and_says_so(notebook, result_of):
    ours = {"state": State.COULD_NOT_CHECK, "claim": "the process ended"}
    page = page_of(notebook, result_of(dict.fromkeys(CHECKS, ours), refused="the process ended"))
    assert "our fault, no points lost" in page.text
    assert "Nothing could be graded" not in page.text


def test_a_result_without_outputs_folds_nothing(notebook, result_of):
    for outputs in ({}, {"half": []}, {"half": [{"stream": "stdout", "text": ""}], "double": [{}]}):
        page = page_of(notebook, result_of(outputs=outputs))
        assert [element for element in page.elements if element.tag == "details"] == []


def test_outputs_stand_folded_under_their_exercise(notebook, result_of):
    outputs = {"double": [{"stream": "stderr", "text": "a warning"}], "student-0-0": [{"stream": "stdout", "text": "my own cell"}]}
    first, second, _, others = page_of(notebook, result_of(outputs=outputs)).of_class("exercise")
    assert "What this cell showed" not in first.text
    assert "a warning" in second.text
    assert "costs no points" in second.text
    assert "my own cell" in others.text


def test_a_verdict_of_an_exercise_that_the_notebook_lost_is_still_shown(notebook, result_of):
    result = result_of()
    strange = replace(next(iter(result.verdicts.values())), exercise="tiny/gone", state=State.FAILED, points=0.0, likely="gone")
    page = page_of(notebook, Result(result.unit, result.notebook, {**result.verdicts, "gone": strange}))
    assert "0 of 3" in page.of_class("exercise")[-1].text
    assert numbers(page.of_class("score")[0].text) == [13.5, 16.5]
