"""What the class page counts."""

from __future__ import annotations

import pytest
from feedback_cases import CHECKS, NAMED, changes
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_pages import Page

from autograder.feedback import class_numbers
from autograder.feedback.class_page import class_page


@given(several=st.lists(changes(), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_the_states_of_a_check_sum_to_the_submissions(notebook, result_of, several):
    entries = [(str(index), notebook, result_of(one)) for index, one in enumerate(several)]
    items = class_numbers.items(entries)
    assert [(item.code, item.kind) for item in items] == [
        ("E9.1", "visible check"),
        ("E9.1", "hidden check"),
        ("E9.2", "visible check"),
        ("E9.2", "hidden check"),
        ("Q9.1", "question"),
    ]
    for item, check in zip(items, CHECKS, strict=True):
        verdicts = [result.verdicts[check] for _, _, result in entries]
        assert sum(count for _, count in item.states) == len(entries)
        assert item.share == pytest.approx(
            sum(verdict.points for verdict in verdicts) / sum(verdict.max_points for verdict in verdicts)
        )


def test_misconceptions_are_counted_once_a_student(notebook, result_of):
    twice, once, other = (
        result_of({"half-visible": NAMED, "half-hidden": NAMED}),
        result_of({"half-hidden": NAMED}),
        result_of({"double-visible": NAMED | {"likely": "you halve", "misconception": "ti.half"}}),
    )
    found = class_numbers.misconceptions(
        [(name, notebook, result) for name, result in zip("cab", (twice, once, other), strict=True)]
    )
    assert [(idea.sentence, idea.students) for idea in found] == [("you double instead", ("a", "c")), ("you halve", ("b",))]
    page = Page(
        class_page({"09-tiny": [(name, notebook, result) for name, result in zip("cab", (twice, once, other), strict=True)]})
    )
    assert "2 students" in page.of_class("count")[0].text
    assert "E9.1 half · a, c" in page.text


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.95, 5), (0.0, 1), (1.0, 5), (0.2, 1)])
def test_quantiles_are_numbers_that_occurred(share, expected):
    assert class_numbers.quantile([5, 3, 1, 2, 4], share) == expected
