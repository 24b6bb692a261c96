"""A small unit as its author writes it, and what may be said of students' answers to it."""

from __future__ import annotations

from hypothesis import strategies as st

from autograder.checks.verdict import State

SOURCE = """---
kernelspec: {display_name: Python 3, language: python, name: python3}
autograder: {title: Tiny steps, module: tiny}
---
# Tiny steps

```{code-cell}
:role: setup
import numpy as np
from autograder.checks import check
```

## 9.1 Halving: `half` & co.
*5 minutes · difficulty 1 of 5 · importance 5 of 5 · 7 points*

```python
## not a heading
```

```{code-cell}
:exercise: tiny/half
:code: E9.1
```

```{code-cell}
:check: tiny/half
:points: 3
check.equal(half(8.0), "half of eight")
```

```{code-cell}
:hidden: tiny/half
:points: 4
secret_input = check.rng.normal(size=7)
check.equal(half(secret_input), "half of numbers that you do not see")
```

## 9.2 Doubling
*5 minutes · difficulty 1 of 5 · importance 5 of 5 · 5.5 points*

```{code-cell}
:exercise: tiny/double
:code: E9.2
```

```{code-cell}
:check: tiny/double
:points: 2.5
check.equal(double(8.0), "twice eight")
```

```{code-cell}
:hidden: tiny/double
:points: 3
check.equal(double(check.rng.normal()), "twice a number that you do not see")
```

## A question

```{code-cell}
:question: tiny/answer
:code: Q9.1
:points: 1
:prompt: a number
check.number(answer, between=(0, 100))
```
"""
SOLUTIONS = '''"""The answers."""


def half(x):
    """Half of a number.

    Args:
        x: the number.
    """
    the_answer_to_halving = x / 2
    return the_answer_to_halving


def double(x):
    """Twice a number.

    Args:
        x: the number.
    """
    the_answer_to_doubling = x + x
    return the_answer_to_doubling


answer = 41.75
'''
SECRETS = (
    "the_answer_to_halving",
    "the_answer_to_doubling",
    "41.75",
    "secret_input",
    "check.rng",
    "BEGIN HIDDEN",
    "BEGIN SOLUTION",
)
"""What stands in the instructor's notebook and never on a page."""

CHECKS = ("half-visible", "half-hidden", "double-visible", "double-hidden", "answer-question")
FAILED = {"state": State.FAILED, "claim": "half of eight", "differs": "expected 4, got 8"}
NAMED = FAILED | {"likely": "you double instead", "misconception": "ti.double"}
UNTOUCHED = {"state": State.NOT_ATTEMPTED, "claim": "the stub is still in place"}

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</pre></details></main>",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "' onload='x",
    "{{ 7 * 7 }}",
)

words = st.text(alphabet="abcdefg hijk", min_size=3, max_size=20).map(str.strip).filter(bool)
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), min_size=1, max_size=4).map(
    lambda parts: "x" + "".join(parts) + "x"
)


@st.composite
def changes(draw, told=words):
    """For each check a state, and what a verdict in that state says."""
    found = {}
    for check in CHECKS:
        state = draw(st.sampled_from(list(State)))
        about = {"state": state}
        if state != State.PASSED:
            about |= {
                "claim": draw(told),
                "differs": draw(told),
                "likely": draw(st.just("") | told),
                "hint": draw(st.just("") | told),
            }
        if state == State.FAILED and about["likely"]:
            about["misconception"] = draw(st.sampled_from(["", "ti.one", "ti.two"]))
        found[check] = about
    return found
