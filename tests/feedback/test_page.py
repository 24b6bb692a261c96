"""What the pages are made of: pictures, charts, words and colours."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading_pages import Page

from autograder.checks.verdict import State
from autograder.feedback import charts, page
from autograder.feedback.outputs import MAX_OUTPUTS, Shown, is_png, png, shown

shares = st.floats(0, 1)
points = st.integers(0, 2000).map(lambda hundredths: hundredths / 100)


# outputs


def test_a_picture_is_shown_when_it_is_one(picture):
    assert shown([{"data": {"text/plain": "<Figure>", "image/png": picture}}]) == [
        Shown(picture=f"data:image/png;base64,{picture}")
    ]
    lines = "\n".join([picture[:20], picture[20:], ""])
    assert png(lines) == png(picture)


@given(st.data())
def test_a_picture_with_one_byte_changed_is_none(picture, data):
    whole = bytearray(base64.b64decode(picture))
    index = data.draw(st.integers(0, len(whole) - 1))
    whole[index] ^= data.draw(st.integers(1, 255))
    assert not is_png(bytes(whole))


@given(st.data())
def test_a_picture_cut_short_or_with_something_behind_it_is_none(picture, data):
    whole = base64.b64decode(picture)
    assert not is_png(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert not is_png(whole + data.draw(st.binary(min_size=1)))


@pytest.mark.parametrize(
    "other", ["", "<svg onload=alert(1)>", '"><script>', "data:text/html;base64,PHN2Zz4=", "PHN2Zz4=", "é", "A" * 5_000_000]
)
def test_what_is_no_picture_is_left_out(other):
    assert png(other) == ""
    assert shown([{"data": {"image/png": other, "text/plain": "<Figure>"}}]) == [Shown("<Figure>")]


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["data", "stream", "text", "x"]), inner),
    )
)
def test_outputs_of_any_form_are_read(outputs):
    assert all(isinstance(output, Shown) for output in shown(outputs))


def test_outputs_are_without_colours_of_a_terminal_and_end_somewhere():
    assert shown([{"stream": "stderr", "text": "\x1b[1;31mred\x1b[0m\n"}]) == [Shown("red", is_error_stream=True)]
    assert len(shown([{"stream": "stdout", "text": "a"}] * 1000)) == MAX_OUTPUTS
    assert "(80000 more characters)" in shown([{"stream": "stdout", "text": "a" * 100_000}])[0].text


# charts


@given(st.lists(shares, max_size=30))
def test_a_histogram_counts_everybody(values):
    assert sum(charts.bins(values)) == len(values)
    drawn = Page(charts.histogram(values, "points"))
    assert sum(int(element.text) for element in drawn.of_class("tally")) == len(values)
    assert len(drawn.of_class("reference")) == bool(values)


@pytest.mark.parametrize(("share", "bin"), [(0.0, 0), (0.1, 1), (0.3, 3), (0.7, 7), (0.999, 9), (1.0, 9)])
def test_a_share_lies_in_its_tenth(share, bin):
    assert charts.bins([share]).index(1) == bin


@given(st.floats(-1, 2))
def test_a_bar_never_leaves_its_track(share):
    _, _, filled = Page(charts.bar(share)).elements
    assert 0 <= float(filled.attributes["width"]) <= 100


@given(st.lists(st.tuples(shares, points), min_size=1, max_size=20))
def test_a_strip_is_filled_to_what_was_earned(parts):
    pieces = Page(charts.strip([(share * possible, possible, "E1") for share, possible in parts])).elements
    tracks = [float(piece.attributes["width"]) for piece in pieces if piece.classes == ["track"]]
    fills = [float(piece.attributes["width"]) for piece in pieces if piece.classes == ["fill"]]
    assert len(tracks) == len(fills) == len(parts)
    assert sum(tracks) <= 100.5 + 0.1 * len(parts)
    for track, filled, (share, possible) in zip(tracks, fills, parts, strict=True):
        assert filled == pytest.approx(track * share if possible else 0.0, abs=0.02)


def test_a_stack_is_divided_in_proportion():
    pieces = Page(charts.stack([("good", 3), ("bad", 1)])).elements[1:]
    assert [(piece.classes, piece.attributes["x"], piece.attributes["width"]) for piece in pieces] == [
        (["fill-good"], "0.00", "75.00"),
        (["fill-bad"], "75.00", "25.00"),
    ]


# words


@pytest.mark.parametrize(("share", "text"), [(0, "0 %"), (0.001, "< 1 %"), (0.5, "50 %"), (0.999, "> 99 %"), (1, "100 %")])
def test_a_percentage_is_never_rounded_up_to_all(share, text):
    assert page.percent(share) == text


@pytest.mark.parametrize(
    ("check", "text"),
    [("visible", "visible check"), ("hidden-2", "hidden check 2"), ("question", "question"), ("question-2", "question 2")],
)
def test_kinds_have_words(check, text):
    assert page.kind(check) == text


def test_code_in_prose_is_marked_and_nothing_else():
    assert page.prose("print `x < y` <b>") == "print <code>x &lt; y</code> &lt;b&gt;"


def test_every_state_has_words_a_mark_and_a_colour():
    assert set(page.WORDS) == set(State)
    assert len(set(page.WORDS.values())) == len(State)
    sheet = style_sheet()
    for state in State:
        assert page.mark(state)
        assert f".{page.tone(state)} {{ color" in sheet
        assert f"svg .fill-{page.tone(state)} {{ fill" in sheet


# colours


def style_sheet():
    return (Path(page.__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")


def colours(dark):
    light, _, rest = style_sheet().partition("@media screen and (prefers-color-scheme: dark)")
    return dict(re.findall(r"--([\w-]+): (#\w{6})", rest.partition("* { box-sizing")[0] if dark else light))


def luminance(colour):
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_charts_stand_out_as_wcag_aa_demands(dark):
    palette = colours(dark)
    assert set(palette) == set(colours(not dark))
    for ground in ("paper", "wash"):
        for name in ("ink", "soft", "link", "good", "bad", "broke", "idle", "odd"):
            assert contrast(palette[name], palette[ground]) >= 4.5, f"{name} on {ground}"
    for name in [name for name in palette if name.startswith("fill")]:
        assert contrast(palette[name], palette["paper"]) >= 3, f"{name} on paper"


def test_contrast_is_that_of_the_definition():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)
