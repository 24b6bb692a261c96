"""A verdict as text and as HTML: what a student sees under a check."""

from __future__ import annotations

import html
import textwrap

from autograder.checks.verdict import State, Verdict

WIDTH = 100
MARKS = {State.PASSED: "✓", State.NOT_ATTEMPTED: "○", State.COULD_NOT_CHECK: "!"}
COLOURS = {State.PASSED: "#1f883d", State.NOT_ATTEMPTED: "#6e7781", State.COULD_NOT_CHECK: "#a16b00"}
WRONG = "#d9363e"
"""These four stand out from white by 4.5 to 1 and from JupyterLab's dark page by 4 to 1; no colour does much better on both."""
HEADINGS = {
    State.ERROR: "your code raised an exception",
    State.TIMEOUT: "your code did not end in time",
    State.CRASHED: "your code ended the process",
    State.MEMORY: "your code ran out of memory",
    State.BLOCKED: "waits for another exercise",
    State.COULD_NOT_CHECK: "could not be checked: our fault, no points lost",
}


def points_text(verdict: Verdict) -> str:
    """The points of a verdict, as in `3 of 5 points`."""
    unit = "point" if verdict.max_points == 1 else "points"
    if verdict.points == verdict.max_points:
        return f"{verdict.points:g} {unit}"
    return f"{verdict.points:g} of {verdict.max_points:g} {unit}"


def rows(verdict: Verdict) -> list[tuple[str, str]]:
    """The labelled lines of a card, without those that have nothing to say."""
    if verdict.state == State.COULD_NOT_CHECK:  # its cause may quote what students do not see
        return [("try", verdict.hint)] if verdict.hint else []
    if verdict.state == State.NOT_ATTEMPTED:
        return [("", verdict.claim)]
    labelled = [("claim", verdict.claim), ("differs", verdict.differs), ("likely", verdict.likely), ("try", verdict.hint)]
    return [(label, value) for label, value in labelled if value]


def heading(verdict: Verdict) -> str:
    """The first line of a card."""
    parts = [f"{MARKS.get(verdict.state, '✗')} {verdict.exercise}", points_text(verdict)]
    if verdict.state in HEADINGS:
        parts.append(HEADINGS[verdict.state])
    return " · ".join(parts)


def as_text(verdict: Verdict) -> str:
    """The card in plain text."""
    lines = [heading(verdict)]
    if verdict.stages:
        lines[0] += f"   ({', '.join(verdict.stages)}: passed)"
    for label, value in rows(verdict):
        lines += textwrap.wrap(value, WIDTH, initial_indent=f"  {label:<9} " if label else "  ", subsequent_indent=" " * 12)
    return "\n".join(lines)


def as_html(verdict: Verdict) -> str:
    """The card in HTML that reads well on a light and on a dark page."""
    colour = COLOURS.get(verdict.state, WRONG)
    stages = (
        f"<span style='float:right;opacity:.65'>{html.escape(', '.join(verdict.stages))}: passed</span>" if verdict.stages else ""
    )
    body = "".join(
        f"<div style='opacity:.65'>{label}</div><div style='white-space:pre-wrap'>{_value(label, value)}</div>"
        for label, value in rows(verdict)
    )
    grid = (
        f"<div style='display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin-top:4px'>{body}</div>" if body else ""
    )
    return (
        f"<div style='border-left:4px solid {colour};padding:6px 12px;margin:2px 0;max-width:62em'>{stages}"
        f"<b style='color:{colour}'>{html.escape(heading(verdict))}</b>{grid}</div>"
    )


def _value(label: str, value: str) -> str:
    text = html.escape(value)
    return f"<b>{text}</b>" if label == "likely" else text
