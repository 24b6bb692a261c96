"""Charts as inline SVG: pure functions from numbers to markup, coloured by the style sheet of the page."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from markupsafe import Markup

BINS = 10
STEP, HEIGHT, TOP = 36, 96, 34
"""Of a histogram: width of a tenth, height of the tallest bar, room above it."""


def bar(share: float, tone: str = "") -> Markup:
    """A bar that is filled to a share; it stands beside the number, so a screen reader skips it."""
    filled = 100 * min(max(share, 0.0), 1.0)
    return _flat(f"bar {tone}".strip(), [_piece("track", 0, 100), _piece("fill", 0, filled)])


def strip(parts: Sequence[tuple[float, float, str]]) -> Markup:
    """A bar of a notebook's exercises in order, each as wide as its points and filled to those that were earned.

    Args:
        parts: earned points, possible points and name of each exercise.
    """
    total = sum(possible for _, possible, _ in parts) or 1.0
    gap, start, drawn = 0.4, 0.0, []
    for earned, possible, name in parts:
        width = max(100 * possible / total - gap, 0.1)
        filled = width * min(earned / possible, 1.0) if possible else 0.0
        pieces = _piece("track", start, width) + _piece("fill", start, filled)
        drawn.append(Markup("<g><title>{}</title>{}</g>").format(name, pieces))
        start += 100 * possible / total
    return _flat("strip", drawn)


def stack(parts: Sequence[tuple[str, int]]) -> Markup:
    """A bar divided among tones in the proportion of their counts; the counts stand beside it in words."""
    total = sum(count for _, count in parts) or 1
    start, drawn = 0.0, []
    for tone, count in parts:
        width = 100 * count / total
        drawn.append(_piece(f"fill-{tone}", start, width))
        start += width
    return _flat("stack", drawn)


def bins(shares: Sequence[float]) -> list[int]:
    """How many shares lie in each tenth; all points belong to the last."""
    counts = [0] * BINS
    for share in shares:
        counts[min(int(share * BINS + 1e-9), BINS - 1)] += 1
    return counts


def histogram(shares: Sequence[float], label: str) -> Markup:
    """How shares of points are distributed, with their median."""
    counts, width, ground = bins(shares), BINS * STEP, TOP + HEIGHT
    bars, words = [], [Markup('<path class="axis" d="M0 {0}H{1}"/>').format(ground, width)]
    for index, count in enumerate(counts):
        left, top = index * STEP, ground - HEIGHT * count / max(*counts, 1)
        rectangle = '<rect class="fill" x="{}" y="{:.1f}" width="{}" height="{:.1f}"/>'
        bars.append(Markup(rectangle).format(left + 2, top, STEP - 4, ground - top))
        if count:
            words.append(_text(f"{count}", left + STEP / 2, top - 5, "middle", "tally"))
    for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end")):
        words.append(_text(f"{100 * share:g} %", share * width, ground + 17, anchor, "soft"))
    if shares:
        median = statistics.median(shares)
        bars.append(Markup('<path class="reference" d="M{:.1f} 17V{}"/>').format(median * width, ground))
        anchor = "start" if median < 0.2 else "end" if median > 0.8 else "middle"
        words.append(_text(f"median {100 * median:.3g} %", median * width, 12, anchor, "soft"))
    described = ", ".join(f"{10 * index} to {10 * index + 10} %: {count}" for index, count in enumerate(counts) if count)
    opening = '<svg class="histogram" viewBox="0 0 {} {}" role="img" aria-label="{}: {}">'
    return Markup(opening).format(width, ground + 24, label, described or "none") + Markup("").join(
        [*bars, *words, Markup("</svg>")]
    )


def _piece(name: str, start: float, width: float) -> Markup:
    return Markup('<rect class="{}" x="{:.2f}" width="{:.2f}" height="8"/>').format(name, start, width)


def _flat(name: str, pieces: Sequence[Markup]) -> Markup:
    opening = '<svg class="{}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
    return Markup(opening).format(name) + Markup("").join([*pieces, Markup("</svg>")])


def _text(text: str, x: float, y: float, anchor: str, name: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(name, x, y, anchor, text)
