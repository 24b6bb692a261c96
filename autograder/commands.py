"""What the commands print: plain lines for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograder.checks.card import as_text
from autograder.checks.verdict import State, Verdict


def check_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """A student's own check: every card, the points so far, and the next step."""
    visible = [verdict for verdict in verdicts if not verdict.check.startswith("question")]
    questions = [verdict for verdict in verdicts if verdict.check.startswith("question")]
    lines = [as_text(verdict) for verdict in visible]
    earned, possible = sum(verdict.points for verdict in visible), sum(verdict.max_points for verdict in visible)
    lines += ["", f"{earned:g} of {possible:g} points in the visible checks; hidden checks are added at grading."]
    if questions:
        noted = sum(verdict.passed for verdict in questions)
        lines.append(f"{noted} of {len(questions)} questions answered.")
    following = next((verdict for verdict in visible if not verdict.passed), None) or next(
        (verdict for verdict in questions if not verdict.passed), None
    )
    lines.append(f"Next: {following.exercise}." if following else "Everything that can be seen from here is right.")
    return lines


def class_table(rows: Iterable[tuple[str, Sequence[tuple[str, float, float, Sequence[Verdict]]]]]) -> Any:
    """A table of students and units, with the cause of every lost point.

    Args:
        rows: a student, and for each unit its name, points, possible points and verdicts.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=True)
    table.add_column("student")
    table.add_column("unit")
    table.add_column("points", justify="right")
    table.add_column("why points were lost", overflow="fold", ratio=1)
    for student, units in rows:
        for index, (unit, points, possible, verdicts) in enumerate(units):
            style = "green" if points == possible else "" if points else "red"
            score = Text(f"{points:g} / {possible:g}", style=style)
            table.add_row(student if index == 0 else "", unit, score, Text("\n".join(causes(verdicts))))
    return table


def causes(verdicts: Sequence[Verdict]) -> list[str]:
    """One line for every lost point's cause; exercises that were not attempted share a line."""
    lost = [verdict for verdict in verdicts if not verdict.passed]
    untouched = [verdict for verdict in lost if verdict.state == State.NOT_ATTEMPTED]
    lines: dict[str, float] = {}
    for verdict in lost:
        if verdict not in untouched:
            name, named = verdict.exercise.partition("/")[2], f"{verdict.misconception}: " if verdict.misconception else ""
            line = f"{name} {state_word(verdict)}: {named}{verdict.cause}"
            lines[line] = lines.get(line, 0.0) + verdict.max_points - verdict.points
    shown = [f"−{points:g} {line}" for line, points in lines.items()]
    if untouched:
        names = list(dict.fromkeys(verdict.exercise.partition("/")[2] for verdict in untouched))
        reason = untouched[0].differs.rstrip(".") or "not attempted"
        listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        shown.append(f"−{sum(verdict.max_points for verdict in untouched):g} {reason}: {listed}")
    return shown


def state_word(verdict: Verdict) -> str:
    """A state as a word for a table."""
    return verdict.state.replace("_", " ")


def progress(items: Any, total: int, what: str) -> Any:
    """The items, with a progress bar on a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, description=what, total=total, console=console, disable=not console.is_terminal)
