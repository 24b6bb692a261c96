"""What all pages share: the shell, the words for a check and how it ended, and the rule that text is only ever text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.checks import card
from autograder.checks.verdict import State, Verdict
from autograder.notebooks.model import Notebook

WORDS = {
    State.PASSED: "passed",
    State.FAILED: "wrong",
    State.ERROR: "raised an exception",
    State.TIMEOUT: "out of time",
    State.CRASHED: "crashed",
    State.MEMORY: "out of memory",
    State.NOT_ATTEMPTED: "not attempted",
    State.BLOCKED: "blocked",
    State.COULD_NOT_CHECK: "could not be checked",
}
"""How a check ended, in words; they stand beside every mark and every colour."""

TONES = {
    State.PASSED: "good",
    State.FAILED: "bad",
    State.NOT_ATTEMPTED: "idle",
    State.BLOCKED: "idle",
    State.COULD_NOT_CHECK: "odd",
}
"""Class of the style sheet that colours a state; what is not named broke down."""

LONGEST = 2000
"""Characters of one message that are shown: a message says little more after that, and a hostile one never ends."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def render(template: str, **values: Any) -> str:
    """Fill a template; every value is escaped, and what a browser or a file cannot hold is replaced."""
    return _UNPRINTABLE.sub("\ufffd", _ENVIRONMENT.get_template(template).render(**values))


def mark(state: State) -> str:
    """The sign of a state, the one that the cards in the notebook bear."""
    return card.MARKS.get(state, "✗")


def tone(state: State) -> str:
    """The class of the style sheet that colours a state."""
    return TONES.get(state, "broke")


def kind(check: str) -> str:
    """A check's kind in words: `visible-2` is a "visible check 2"."""
    name, _, number = check.partition("-")
    return " ".join([name if name == "question" else f"{name} check", *filter(None, [number])])


def cause(verdict: Verdict) -> str:
    """Why a check earned less than it could; never empty when it did."""
    return verdict.cause or WORDS[verdict.state]


def code_of(notebook: Notebook, exercise: str) -> str:
    """An exercise's code in the curriculum, or "" when the notebook does not know it."""
    return notebook.exercises[exercise].code if exercise in notebook.exercises else ""


def short_name(exercise: str) -> str:
    """An exercise's name without the module's."""
    return exercise.partition("/")[2] or exercise


def prose(text: str) -> Markup:
    """Text of the course's, in which `code` stands between backticks."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(shorten(text)))))  # escaped before any tag is put in


def breakable(name: str) -> Markup:
    """A name that may be broken after each underscore."""
    return Markup("_<wbr>").join(name.split("_"))


def shorten(text: str, longest: int = LONGEST) -> str:
    """Text without the end that nobody reads."""
    return text if len(text) <= longest else f"{text[:longest].rstrip()} …"


def percent(share: float) -> str:
    """A share as a whole percentage, never rounded up to all or down to nothing."""
    whole = round(100 * share)
    if whole in (0, 100) and 0 < share < 1:
        return "> 99 %" if whole else "< 1 %"
    return f"{whole} %"


def of(points: float, max_points: float) -> str:
    """Points as in `3 of 5`."""
    return f"{points:g} of {max_points:g}"


def counted(number: float, noun: str) -> str:
    """A number and its noun, as `1 point` or `2 points`."""
    return f"{number:g} {noun}" if number == 1 else f"{number:g} {noun}s"


def _environment() -> Environment:
    templates = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    words = {"mark": mark, "tone": tone, "kind": kind, "word": WORDS.__getitem__, "of": of, "counted": counted}
    environment.globals.update(words)
    environment.filters.update({"prose": prose, "breakable": breakable, "percent": percent, "shorten": shorten})
    return environment


_ENVIRONMENT = _environment()
