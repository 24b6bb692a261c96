"""The card that a student reads under a check, as text and as HTML."""

import dataclasses
import html
import re
from html.parser import HTMLParser

import matplotlib.colors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.card import WIDTH, as_html, as_text, heading, points_text
from autograder.checks.verdict import EARNS, State, Verdict

FAILED = Verdict(
    "optimizers/adam_step",
    "visible",
    State.FAILED,
    0.0,
    5.0,
    claim="weights after step 1 of Adam",
    differs="first at [0]: expected 0.900200, got 0.911350   (tolerance 1e-9)",
    likely="your numbers are exactly those of Adam without bias correction, equation (3)",
    hint="print(m_hat / g) at t = 1: it must be 1",
    misconception="ad.no_bias",
    stages=("types and shapes",),
)
ANY = st.text(max_size=60)
LINE = st.text(st.characters(exclude_characters="\n"), max_size=60)
VERDICTS = st.builds(
    Verdict,
    exercise=LINE,
    check=st.just("visible"),
    state=st.sampled_from(State),
    points=st.integers(0, 5).map(float),
    max_points=st.just(5.0),
    claim=ANY,
    differs=ANY,
    likely=ANY,
    hint=ANY,
    misconception=ANY,
    stages=st.lists(LINE, max_size=2).map(tuple),
    seconds=st.floats(0, 9),
    peak_memory=st.integers(0, 2**40),
)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, sorted(name for name, _ in attributes)))

    def handle_data(self, data):
        self.text += data


def parsed(page):
    parser = Tags()
    parser.feed(page)
    parser.close()
    return parser


def test_a_failed_check_looks_like_the_one_in_the_style_guide():
    assert as_text(FAILED).split("\n") == [
        "✗ optimizers/adam_step · 0 of 5 points   (types and shapes: passed)",
        "  claim     weights after step 1 of Adam",
        "  differs   first at [0]: expected 0.900200, got 0.911350   (tolerance 1e-9)",
        "  likely    your numbers are exactly those of Adam without bias correction, equation (3)",
        "  try       print(m_hat / g) at t = 1: it must be 1",
    ]


def contrast(one, other):
    """How far two colours stand out from each other, as the Web Content Accessibility Guidelines 2.2 define it: from 1 to 21."""
    luminances = []
    for colour in (one, other):
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in matplotlib.colors.to_rgb(colour)]
        luminances.append(0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2])
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


@pytest.mark.parametrize("state", State)
def test_the_heading_can_be_read_on_a_light_and_on_a_dark_page(state):
    (colour,) = re.findall("<b style='color:(#[0-9a-f]{6})'>", as_html(dataclasses.replace(FAILED, state=state)).split("</b>")[0])
    assert contrast(colour, "#ffffff") >= 4.5
    assert contrast(colour, "#111111") >= 4


@given(VERDICTS)
def test_nothing_that_a_student_wrote_becomes_a_tag(verdict):
    safe = Verdict(
        **{**verdict.__dict__, **dict.fromkeys(("exercise", "claim", "differs", "likely", "hint", "misconception"), "word")}
    )
    empty = {name: "word" if getattr(verdict, name) else "" for name in ("claim", "differs", "likely", "hint")}
    safe = Verdict(**{**safe.__dict__, **empty, "stages": ("word",) * len(verdict.stages)})
    assert parsed(as_html(verdict)).tags == parsed(as_html(safe)).tags


@given(VERDICTS.filter(lambda verdict: verdict.state == State.FAILED))
def test_a_page_says_what_the_text_says(verdict):
    shown = as_html(verdict)
    for part in (verdict.exercise, verdict.claim, verdict.differs, verdict.likely, verdict.hint, *verdict.stages):
        assert html.escape(part) in shown


@pytest.mark.parametrize("part", ["<script>alert(1)</script>", "'onload='alert(1)", '"><img src=x>', "&lt;b&gt;"])
def test_markup_in_a_message_is_shown_and_not_obeyed(part):
    verdict = Verdict(part, "visible", State.FAILED, 0.0, 5.0, part, part, part, part, part, (part,))
    page = parsed(as_html(verdict))
    assert {tag for tag, _ in page.tags} <= {"div", "span", "b", "table", "tr", "td"}
    assert all(names in ([], ["style"]) for _, names in page.tags)
    assert page.text.count(part) == 6


@given(VERDICTS)
def test_no_line_of_text_is_wider_than_a_terminal(verdict):
    first, *lines = as_text(verdict).split("\n")
    assert all(len(line) <= WIDTH for line in lines)
    assert first.startswith(heading(verdict).split("\n")[0])


def test_a_long_sentence_goes_on_under_its_beginning():
    lines = as_text(Verdict("unit/f", "visible", State.FAILED, 0.0, 5.0, claim="word " * 60)).split("\n")
    assert lines[1].startswith("  claim     word word")
    assert len(lines) == 5
    assert all(re.match(" {12}word", line) for line in lines[2:])


@pytest.mark.parametrize(
    ("points", "max_points", "text"),
    [
        (5, 5, "5 points"),
        (0, 5, "0 of 5 points"),
        (2.5, 5, "2.5 of 5 points"),
        (1, 1, "1 point"),
        (0, 1, "0 of 1 point"),
        (0, 0, "0 points"),
    ],
)
def test_points_read_as_a_person_would_say_them(points, max_points, text):
    assert points_text(Verdict("unit/f", "visible", State.FAILED, points, max_points)) == text


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (State.PASSED, "✓ unit/f · 0 of 5 points"),
        (State.FAILED, "✗ unit/f · 0 of 5 points"),
        (State.NOT_ATTEMPTED, "○ unit/f · 0 of 5 points"),
        (State.ERROR, "✗ unit/f · 0 of 5 points · your code raised an exception"),
        (State.TIMEOUT, "✗ unit/f · 0 of 5 points · your code did not end in time"),
        (State.CRASHED, "✗ unit/f · 0 of 5 points · your code ended the process"),
        (State.MEMORY, "✗ unit/f · 0 of 5 points · your code ran out of memory"),
        (State.BLOCKED, "✗ unit/f · 0 of 5 points · waits for another exercise"),
        (State.COULD_NOT_CHECK, "! unit/f · 0 of 5 points · could not be checked: our fault, no points lost"),
    ],
)
def test_the_first_line_says_how_a_check_ended(state, text):
    assert heading(Verdict("unit/f", "visible", state, 0.0, 5.0)) == text


def test_a_stub_gets_one_friendly_line_and_no_table_of_faults():
    verdict = Verdict(
        "unit/f", "visible", State.NOT_ATTEMPTED, 0.0, 5.0, claim="this exercise is waiting for you", differs="x", hint="y"
    )
    assert as_text(verdict) == "○ unit/f · 0 of 5 points\n  this exercise is waiting for you"


def test_a_check_that_could_not_be_made_shows_what_to_do_and_nothing_that_may_be_secret():
    verdict = Verdict(
        "unit/f", "hidden", State.COULD_NOT_CHECK, 5.0, 5.0, "a secret", "a secret", "a secret", "tell your instructor"
    )
    for shown in (as_text(verdict), as_html(verdict)):
        assert "tell your instructor" in shown
        assert "secret" not in shown


@given(VERDICTS)
def test_a_verdict_comes_back_from_its_record(verdict):
    assert Verdict.from_json(verdict.to_json()) == verdict


@given(VERDICTS)
def test_every_lost_point_has_a_cause_in_words(verdict):
    assert verdict.passed == (verdict.state in EARNS)
    if verdict.passed:
        assert verdict.cause == ""
    else:
        assert verdict.cause == (verdict.likely or "; ".join(filter(None, [verdict.claim, verdict.differs])))


def test_a_measured_verdict_differs_in_its_costs_only():
    measured = FAILED.measured(1.23456789, 2**20)
    assert (measured.seconds, measured.peak_memory) == (1.2346, 2**20)
    assert measured.measured(0.0, 0) == FAILED
