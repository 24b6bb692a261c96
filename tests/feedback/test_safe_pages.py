"""Text is only ever text, answers stay where they are, and a page needs nothing beside it."""

from __future__ import annotations

import re

import pytest
from feedback_cases import CHECKS, FAILED, HOSTILE, SECRETS, UNTOUCHED, changes, hostile, words
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reading_pages import Page, folded

from autograder.checks.verdict import State
from autograder.feedback.class_page import class_page
from autograder.feedback.student_page import OUR_FAULT, student_page


def page_of(notebook, result, student="anna"):
    return Page(student_page(notebook, result, course="A course", student=student))


@given(text=hostile, student=hostile)
@settings(max_examples=80, deadline=None)
def test_no_text_becomes_markup_on_the_students_page(notebook, result_of, text, student):
    """The tags of a page depend on what there is to say, never on how it is said."""

    def structure(said, student):
        result = result_of(
            {check: FAILED | {"differs": said + check} for check in CHECKS},
            outputs={"half": [{"stream": "stdout", "text": said}], "student-0-0": [{"data": {"text/plain": said}}]},
            repairs=(said,),
        )
        return page_of(notebook, result, student).structure

    assert structure(text, student) == structure("abc", "anna")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_it_was_written(notebook, result_of, text):
    result = result_of(
        {"half-visible": FAILED | {"differs": f"got {text}"}, "half-hidden": FAILED | {"likely": text}},
        outputs={"half": [{"stream": "stdout", "text": text}]},
        repairs=(f"a repair {text}",),
    )
    page = page_of(notebook, result, student=f"student {text}")
    for shown in (f"got {text}", f"a repair {text}", f"student {text}"):
        assert folded(shown) in page.text
    assert text in [element.text for element in page.elements if element.tag == "pre"]
    assert "<script" not in page.source
    assert [element.tag for element in page.elements if element.tag in ("img", "script", "iframe", "object")] == []


@given(changes=changes())
@settings(max_examples=30, deadline=None)
def test_nothing_of_the_answers_or_the_hidden_checks_is_on_the_students_page(notebook, result_of, changes):
    page = page_of(notebook, result_of(changes))
    for secret in SECRETS:
        assert secret not in page.source


def test_the_secrets_do_stand_in_the_notebook(notebook):
    everything = "\n".join(cell.source for cell in notebook.nodes.cells)
    assert all(secret in everything for secret in SECRETS)


def test_a_check_that_is_our_fault_says_so_and_keeps_its_reason_to_itself(notebook, result_of):
    change = {"state": State.COULD_NOT_CHECK, "claim": "the reference gives 41.75 here"}
    page = page_of(notebook, result_of({"half-hidden": change}))
    assert OUR_FAULT in page.text
    assert "41.75" not in page.source
    assert "! our fault" in page.of_class("legend")[0].text


def test_the_students_page_needs_nothing_beside_it(notebook, result_of, picture):
    page = page_of(notebook, result_of(outputs={"half": [{"data": {"image/png": picture}}]}))
    assert [element.attributes["src"][:22] for element in page.elements if "src" in element.attributes] == [
        "data:image/png;base64,"
    ]
    for address in page.attributes("href"):
        assert address.startswith(("#exercise-", "tiny.ipynb#"))
    assert not re.search(r"https?:|@import|url\(", page.source)
    assert not {"script", "link", "iframe", "form"} & {tag for tag, _ in page.structure}
    assert [tag for tag, _ in page.structure][:2] == ["html", "head"]
    assert page.elements[0].attributes["lang"] == "en"


@given(text=st.text(st.characters(codec=None), min_size=1), student=words)
@example(text="\ud800\x00\x1b]\udfff", student="anna")
@settings(max_examples=40, deadline=None)
def test_a_page_can_always_be_written(notebook, result_of, text, student):
    result = result_of({"half-visible": FAILED | {"differs": text}}, outputs={"half": [{"stream": "stdout", "text": text}]})
    student_page(notebook, result, student=student + text).encode("utf-8")


def test_long_messages_and_outputs_end_somewhere(notebook, result_of):
    endless = "a" * 10**6
    result = result_of(
        {"half-visible": FAILED | {"differs": endless}}, outputs={"half": [{"stream": "stdout", "text": endless}] * 500}
    )
    assert len(student_page(notebook, result, student="anna")) < 1_100_000


@given(text=hostile, student=hostile)
@settings(max_examples=60, deadline=None)
def test_no_text_becomes_markup_on_the_class_page(notebook, result_of, text, student):
    def structure(said, name):
        differing = result_of({check: FAILED | {"differs": said + check} for check in CHECKS}, repairs=(said,))
        refused = result_of(dict.fromkeys(CHECKS, UNTOUCHED | {"differs": said}), refused=said)
        units = {"one": [(name, notebook, differing)], "two": [(name, notebook, refused)]}
        return [
            Page(class_page(some, page_of=lambda student, notebook: f"../{student}.html")).structure
            for some in (units, {"one": units["one"]})
        ]

    assert structure(text, student) == structure("abc", "anna")


@given(changes=changes())
@settings(max_examples=20, deadline=None)
def test_nothing_of_the_answers_or_the_hidden_checks_is_on_the_class_page(notebook, result_of, changes):
    page = Page(class_page({"09-tiny": [("anna", notebook, result_of(changes))]}))
    assert not [secret for secret in SECRETS if secret in page.source]


def test_the_class_page_needs_nothing_beside_it(notebook, result_of):
    entries = [("javascript:alert(1)", notebook, result_of())]
    page = Page(class_page({"09-tiny": entries}, page_of=lambda student, notebook: f"{student}/{notebook.name}.html"))
    assert [address for address in page.attributes("href") if not address.startswith("#")] == [
        "javascript%3Aalert%281%29/tiny.html"
    ]
    assert not page.attributes("src")
    assert not re.search(r"https?:|@import|url\(", page.source)
    ids = page.attributes("id")
    assert {address[1:] for address in page.attributes("href") if address.startswith("#")} <= set(ids)
    assert len(ids) == len(set(ids))
