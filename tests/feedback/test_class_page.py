"""The class page: everybody's points and causes, however many they are."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from feedback_cases import CHECKS, FAILED, NAMED, UNTOUCHED, changes
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_pages import Page, folded

from autograder.checks.verdict import State
from autograder.feedback import class_numbers
from autograder.feedback.class_page import OPEN_UP_TO, class_page
from autograder.feedback.page import WORDS


def page_of(notebook, *results):
    return Page(class_page({"09-tiny": [(name, notebook, result) for name, result in zip("abcdefghij", results, strict=False)]}))


def lost_points(page):
    """The points of every line that says why points were lost."""
    return [
        float(number)
        for outer in page.of_class("lost")
        for number in re.findall(r"−(\d+(?:\.\d+)?)(?=\s*(?:[EQ]\d|everything))", outer.text)
    ]


@given(several=st.lists(changes(), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_every_lost_point_is_there_with_its_cause(notebook, result_of, several):
    results = [result_of(one) for one in several]
    page = page_of(notebook, *results)
    assert sum(lost_points(page)) == pytest.approx(sum(result.max_points - result.points for result in results))
    for result in results:
        for verdict in result.verdicts.values():
            assert verdict.passed or folded(verdict.cause) in page.text


def test_every_table_names_its_columns_and_rows(notebook, result_of):
    page = page_of(notebook, result_of({"half-visible": NAMED}), result_of())
    headers = [element for element in page.elements if element.tag == "th"]
    assert headers
    assert {header.attributes.get("scope") for header in headers} == {"col", "row"}


def test_the_table_says_points_and_their_cause(notebook, result_of):
    page = page_of(notebook, result_of({"half-visible": NAMED, "half-hidden": NAMED, "answer-question": UNTOUCHED}), result_of())
    title = next(element.attributes["title"] for element in page.elements if "title" in element.attributes)
    assert title == "−7 E9.1 half (visible and hidden): you double instead\n−1 Q9.1 answer (question): the stub is still in place"
    rows = [folded(element.text) for element in page.elements if element.tag == "tr"]
    assert any(row.startswith("a 5.5 −7 E9.1 half (visible and hidden): you double instead and 1 more cause") for row in rows)
    assert "b 13.5 all" in rows


def test_a_unit_that_was_not_handed_in_is_not_silently_zero(notebook, result_of):
    units = {"one": [("anna", notebook, result_of()), ("bela", notebook, result_of())], "two": [("anna", notebook, result_of())]}
    page = Page(class_page(units))
    rows = [folded(element.text) for element in page.elements if element.tag == "tr"]
    assert "bela 13.5 all not handed in 13.5 of 27" in rows
    assert "two, not handed in" in page.text


def test_a_unit_of_two_notebooks_is_one_cell(notebook, result_of):
    second = replace(notebook, name="second")
    page = Page(class_page({"one": [("anna", notebook, result_of()), ("anna", second, result_of({"half-visible": FAILED}))]}))
    assert any(folded(element.text).startswith("anna 24 −3 E9.1 half") for element in page.elements if element.tag == "tr")
    assert len(page.of_class("ended")) == 2 * len(CHECKS)


def test_wrong_answers_that_nobody_foresaw_are_pointed_out(notebook, result_of):
    page = page_of(notebook, result_of({"half-visible": FAILED, "half-hidden": FAILED}), result_of({"half-hidden": NAMED}))
    assert "match no known misconception: E9.1 half (1)." in page.text


def test_what_needs_attention_is_said(notebook, result_of):
    ours = {"half-hidden": {"state": State.COULD_NOT_CHECK, "claim": "the reference does not pass"}}
    page = page_of(
        notebook,
        result_of(dict.fromkeys(CHECKS, UNTOUCHED), refused="It is cut short."),
        result_of(ours),
        result_of(isolation="partial"),
        result_of(repairs=("The cell of tiny/half was missing.",)),
    )
    flags = folded(" ".join(element.text for element in page.of_class("flags")))
    assert "! Could not be graded. It is cut short. a" in flags
    assert "! E9.1 half, hidden check: could not be run, no points lost. the reference does not pass b" in flags
    assert "! Ran under isolation “partial”, not “full”" in flags
    assert "d The cell of tiny/half was missing." in flags
    assert "Without 1 submission that could not be graded" in page.text
    assert "full (3), partial (1)" in page.text
    assert "1 check not run" in page.text


def test_when_nothing_needs_attention_that_is_said_too(notebook, result_of):
    page = page_of(notebook, result_of())
    assert "Nothing: every submission was read, every check ran, isolation was full." in page.text
    assert "No known misconception was met." in page.text


def test_a_submission_that_could_not_be_graded_says_nothing_about_a_check(notebook, result_of):
    refused = result_of(dict.fromkeys(CHECKS, UNTOUCHED), refused="It is empty.")
    items = class_numbers.items([("a", notebook, refused), ("b", notebook, result_of())])
    assert all(item.states == ((State.PASSED, 1),) and item.share == 1 for item in items)
    assert class_numbers.items([("a", notebook, refused)])[0].share is None
    assert "nobody was checked" in page_of(notebook, refused).text


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_words(notebook, result_of, state):
    assert (
        f"1\u00a0{WORDS[state]}"
        in page_of(notebook, result_of({"half-visible": {"state": state, "claim": "so"}})).of_class("ended")[0].text
    )


def test_no_units_and_units_without_submissions(notebook, result_of):
    assert "0 students, 0 units." in Page(class_page({})).text
    assert "nothing graded yet of 01-one, 02-two" in Page(class_page({"01-one": [], "02-two": []})).text
    assert "nothing graded yet of 02-two" in Page(class_page({"01-one": [("anna", notebook, result_of())], "02-two": []})).text


def test_a_unit_without_points_is_complete(notebook, result_of):
    result = result_of()
    free = replace(
        result, verdicts={name: replace(verdict, points=0.0, max_points=0.0) for name, verdict in result.verdicts.items()}
    )
    page = page_of(notebook, free)
    assert "no points" in page.text


def test_the_time_is_that_of_the_slowest(notebook, result_of):
    page = page_of(notebook, *(result_of(seconds=seconds) for seconds in (0.1, 0.2, 0.3, 9.0, 0.5, 0.6, 0.7)))
    assert "95 % within 9 s" in page.text
    assert "Slowest Seconds d 9.00" in page.text
    assert "all together 11 s" in page.text


def test_six_hundred_students_fit_on_a_page(notebook, result_of):
    kinds = [
        result_of(),
        result_of({"half-visible": NAMED, "half-hidden": NAMED}),
        result_of(
            {"half-visible": FAILED, "double-hidden": FAILED | {"differs": "another value than expected"}},
            repairs=("The cell was missing.",),
        ),
        result_of(dict.fromkeys(CHECKS, UNTOUCHED)),
        result_of(dict.fromkeys(CHECKS, UNTOUCHED | {"differs": "It is empty."}), refused="It is empty."),
    ]
    entries = [(f"student-{index:04d}", notebook, kinds[index % len(kinds)]) for index in range(600)]
    source = class_page({"09-tiny": entries}, page_of=lambda student, notebook: f"{student}.html")
    assert len(source.encode()) < 1_000_000
    page = Page(source)
    assert sum(lost_points(page)) == pytest.approx(sum(result.max_points - result.points for _, _, result in entries))
    assert "All 600 students" in page.text
    assert len(entries) > OPEN_UP_TO
    assert "and 108 more" in page.of_class("ideas")[0].text
