"""The claims about the answer to a question: its form, and at grading that it is right."""

from __future__ import annotations

from typing import Any

from autograder.checks.collecting import UNKNOWN, Claim, Collector, fixed
from autograder.checks.compare import CONTRACT, VALUE, Difference, describe
from autograder.checks.plain import Foreign, same, snapshot


def claim_answer(collector: Collector, answer: Any, fits: bool, form: str, rtol: float) -> None:
    """Claim that an answer has the right form, and, where answers are marked, that it is the right one.

    Args:
        collector: takes the claims.
        answer: the student's; None while there is none.
        fits: has it the right form?
        form: the right form, in words.
        rtol: how far a number may be off.

    Raises:
        NotImplementedError: there is no answer yet.
    """
    if answer is None:
        raise NotImplementedError
    observed = snapshot(answer)
    shown = describe(observed) if isinstance(observed, Foreign) else repr(getattr(observed, "tolist", lambda: observed)())
    text = f"expected {form}, got {shown}"
    collector.claims.append(
        fixed("the answer has the right form", fits, None if fits else Difference(CONTRACT, text, text), CONTRACT)
    )
    if collector.marks_answers:
        wrong = Difference(VALUE, f"{shown} is not the answer", f"{shown} is not the answer")

        def judge(right: Any) -> Difference | None:
            return None if right is UNKNOWN or same(observed, right, rtol, 1e-15) else wrong

        collector.claims.append(Claim("the answer is right", observed, judge, VALUE))
