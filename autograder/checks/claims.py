"""The vocabulary of a check cell.

A check cell makes claims about what a student's code returns. Running the cell only collects them, each with a snapshot of what was
observed; `judging` decides afterwards, in another place if need be. So one cell serves to record the reference's numbers, to
fingerprint wrong variants, and to judge a student.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checks.compare import CONTRACT, VALUE, Difference, describe, difference, kind
from autograder.checks.gradients import GRADIENT, RELATIVE_ERROR, gradient_difference, numeric_gradients
from autograder.checks.plain import Foreign, is_number, same, snapshot
from autograder.checks.source import cell_text

PROPERTY, SIDE_EFFECT = "properties", "side effects"
FALSE_ALARM = 1e-8
"""Largest probability with which a claim about randomness rejects right code."""

UNKNOWN: Any = type("Unknown", (), {"__repr__": lambda self: "UNKNOWN"})()
"""Stands for an expected value that nobody has recorded."""

Judge = Callable[[Any], Difference | None]


@dataclass(frozen=True)
class Claim:
    """One claim: its words, what was observed, and how to hold that against the expected observation."""

    text: str
    got: Any
    judge: Judge
    stage: str
    hint: str = ""


@dataclass
class Collector:
    """Collects the claims of one run of one check cell.

    Attributes:
        exercise: `module/name`.
        generator: what `check.rng` gives; None in a visible check.
        marks_answers: are answers to questions held against the right ones (grading), or only their form (live)?
        sources: for each name of an exercise, the text of the cell that defines it.
        starting_point: the text that the student's cell had at the start.
        beside: carries a scenario to where the student's objects are; None when they are here.
        claims: what has been claimed so far.
    """

    exercise: str
    generator: np.random.Generator | None = None
    marks_answers: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)
    starting_point: str = ""
    beside: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None
    claims: list[Claim] = field(default_factory=list)


class Check:
    """What the name `check` means inside a check cell; see CONTRIBUTING.md for the vocabulary."""

    def __init__(self, collector: Collector | None = None) -> None:
        self._open = collector

    @property
    def _collector(self) -> Collector:
        if self._open is None:
            raise RuntimeError("claims belong in a check cell: its first line is %%check with the name of an exercise")
        return self._open

    def _claim(self, text: str, got: Any, judge: Judge, stage: str, hint: str = "") -> None:
        self._collector.claims.append(Claim(text, got, judge, stage, hint))

    # values

    def equal(
        self,
        got: Any,
        claim: str,
        *,
        expected: Any = UNKNOWN,
        rtol: float = 1e-9,
        atol: float = 1e-12,
        names: Sequence[str] = (),
        hint: str = "",
    ) -> None:
        """Claim that `got` is the reference's value, or `expected`; type and shape first, then numbers."""
        given = snapshot(expected) if expected is not UNKNOWN else UNKNOWN

        def judge(recorded: Any) -> Difference | None:
            right = recorded if given is UNKNOWN else given
            return None if right is UNKNOWN else difference(observed, right, rtol=rtol, atol=atol, names=names)

        observed = snapshot(got)
        self._claim(claim, observed, judge, VALUE, hint)

    def gradient(
        self,
        got: Any,
        forward: Callable[..., Any],
        at: Any,
        upstream: Any = None,
        claim: str = "the gradient",
        *,
        wrt: int | tuple[int, ...] = 0,
        names: Sequence[str] = (),
        hint: str = "",
    ) -> None:
        """Claim that `got` is the gradient of `sum(forward(*at) * upstream)` with respect to `at[wrt]`.

        Held against the reference's gradient where that is known, and against central differences (h = 1e-5) of `forward`
        where it is not. When it is wrong, but right for the student's own `forward`, the message says so.

        Args:
            got: the analytic gradient, or a tuple of them when `wrt` is one.
            forward: the function that is differentiated.
            at: its argument, or a tuple of all its arguments; float64 and off the kinks.
            upstream: gradient of the loss with respect to the output; None for a scalar function.
            claim: what is demanded, in words.
            wrt: position (or positions) of the argument in `at`.
            names: what to call the parts of a tuple.
            hint: what to try when it fails.
        """
        arguments = at if isinstance(at, tuple) else (at,)
        frozen = tuple(snapshot(argument) for argument in arguments)
        weights = None if upstream is None else np.array(upstream)
        observed = snapshot(got)
        positions = wrt if isinstance(wrt, tuple) else (wrt,)

        def numeric() -> Any:
            gradients = numeric_gradients(forward, frozen, positions, weights)
            return gradients if isinstance(wrt, tuple) else gradients[0]

        def judge(recorded: Any) -> Difference | None:
            if recorded is UNKNOWN:
                return gradient_difference(observed, numeric(), names)
            wrong = gradient_difference(observed, recorded, names)
            if wrong is None or wrong.stage == CONTRACT:
                return wrong
            return _own_forward(wrong, observed, numeric, names)

        self._claim(claim, observed, judge, GRADIENT, hint)

    def trajectory(
        self,
        step: Callable[..., Any],
        w: np.ndarray,
        gradients: Sequence[np.ndarray],
        claim: str,
        *,
        rtol: float = 1e-9,
        atol: float = 1e-12,
        state: Any = None,
        **hyper: Any,
    ) -> None:
        """Claim that each `w, state = step(w, g, state, **hyper)` is right and writes to no argument and no earlier state."""
        state = {} if state is None else state
        written: list[str] = []
        earlier: list[tuple[int, Any, Any]] = []
        for number, gradient in enumerate(gradients, start=1):
            g, w_before = np.array(gradient), snapshot(w)
            result = step(w, g, state, **hyper)
            if not (isinstance(result, tuple) and len(result) == 2):
                start, observed = "expected the pair (w_new, state_new), got ", snapshot(result)
                contract = Difference(CONTRACT, start + describe(observed), start + kind(observed))
                self._claim(f"step {number} of {claim}", snapshot(result), lambda _, found=contract: found, CONTRACT)  # type: ignore[misc]
                return
            if not same(snapshot(w), w_before, 0, 0):
                written.append("the weights you were given as w changed: return a new array")
            if not np.array_equal(g, gradient):
                written.append("the array you were given as g changed: the caller still needs it")
            w, state = result
            self.equal(w, f"weights after step {number} of {claim}", rtol=rtol, atol=atol)
            earlier.append((number, state, snapshot(state)))
        for number, returned, before in earlier[:-1]:
            if not same(snapshot(returned), before, 0, 0):
                written.append(f"the state you returned from step {number} changed later: a step updated it in place, or shares it")
                break
        self._side_effect(f"{claim}: a step changes neither w, nor g, nor a state it returned before", written[:1])

    # properties

    def true(self, condition: Any, claim: str, hint: str = "") -> None:
        """Claim a property."""
        holds = bool(condition)
        found = Difference(PROPERTY, "this does not hold for your code", "this does not hold for your code")
        self._claim(claim, holds, lambda _: None if holds else found, PROPERTY, hint)

    def between(self, value: Any, low: float, high: float, claim: str, hint: str = "") -> None:
        """Claim that a number lies in [low, high]."""
        observed = snapshot(value)
        inside = is_number(observed) and bool(low <= observed <= high)
        got = f"{float(observed):.6g}" if is_number(observed) else describe(observed)
        found = Difference(PROPERTY, f"expected a number from {low:g} to {high:g}, got {got}", "the number lies outside the bounds")
        self._claim(claim, inside, lambda _: None if inside else found, PROPERTY, hint)

    def fraction(self, hits: int, trials: int, probability: float, claim: str, hint: str = "") -> None:
        """Claim that `hits` of `trials` agree with a probability; rejects right code less than once in 1e8 (Chernoff's bound)."""
        share = float(hits) / trials
        agrees = 0 <= share <= 1 and trials * _relative_entropy(share, probability) <= math.log(2 / FALSE_ALARM)
        found = Difference(
            PROPERTY,
            f"expected a share near {probability:g} of {trials}, got {share:.4g} (false alarm below {FALSE_ALARM:g})",
            "the share is off",
        )
        self._claim(claim, agrees, lambda _: None if agrees else found, PROPERTY, hint)

    def mean(self, value: float, mean: float, std: float, n: int, claim: str, hint: str = "") -> None:
        """Claim that the mean of `n` draws agrees with their law; rejects right code less than once in 1e8 (normal law)."""
        allowed = 5.75 * std / math.sqrt(n)
        agrees = bool(abs(float(value) - mean) <= allowed)
        found = Difference(PROPERTY, f"expected a mean within {allowed:.3g} of {mean:g}, got {float(value):.6g}", "the mean is off")
        self._claim(claim, agrees, lambda _: None if agrees else found, PROPERTY, hint)

    def raises(
        self, error: type[Exception], function: Callable[..., Any], *arguments: Any, claim: str, hint: str = "", **keywords: Any
    ) -> None:
        """Claim that a call raises `error`."""
        outcome, right = "nothing was raised", False
        try:
            function(*arguments, **keywords)
        except Exception as raised:
            if isinstance(raised, NotImplementedError) and error is not NotImplementedError:
                raise
            outcome, right = f"{type(raised).__name__} was raised", isinstance(raised, error)
        text = f"expected {error.__name__}, but {outcome}"
        self._claim(claim, outcome, lambda _: None if right else Difference(PROPERTY, text, text), PROPERTY, hint)

    # side effects

    @contextmanager
    def unchanged(self, **values: Any) -> Iterator[None]:
        """Claim that the arrays, lists and dicts named are not written to inside the `with` block."""
        before = {name: snapshot(value) for name, value in values.items()}
        yield
        for name, value in values.items():
            after = snapshot(value)
            changed = [] if same(after, before[name], 0, 0) else [f"your code wrote into {name}: the caller still needs it"]
            self._side_effect(f"{name} is left as it was", changed, after)

    def _side_effect(self, claim: str, problems: Sequence[str], observed: Any = None) -> None:
        found = Difference(SIDE_EFFECT, problems[0], problems[0]) if problems else None
        self._claim(claim, observed if problems else True, lambda _: found, SIDE_EFFECT)

    # questions

    def number(self, answer: Any, *, between: tuple[float, float] | None = None, rtol: float = 1e-6) -> None:
        """Claim that an answer is a number (or a tuple of them) in a range; at grading, that it is the right one."""
        observed = snapshot(answer)
        several = isinstance(observed, (tuple, list))
        numbers, form = (observed, "numbers") if several else ((observed,), "a number")
        fits = len(numbers) > 0 and all(is_number(item) and (between is None or between[0] < item < between[1]) for item in numbers)
        range_ = f" between {between[0]:g} and {between[1]:g}" if between else ""
        self._answer(answer, observed, fits, form + range_, rtol)

    def choice(self, answer: Any, options: Sequence[str]) -> None:
        """Claim that an answer is one of the options; at grading, that it is the right one."""
        observed = snapshot(answer)
        self._answer(answer, observed, isinstance(observed, str) and observed in list(options), f"one of {', '.join(options)}", 0)

    def _answer(self, answer: Any, observed: Any, fits: bool, form: str, rtol: float) -> None:
        if answer is None:
            raise NotImplementedError
        shown = describe(observed) if isinstance(observed, Foreign) else repr(getattr(observed, "tolist", lambda: observed)())
        text = f"expected {form}, got {shown}"
        self._claim("the answer has the right form", fits, lambda _: None if fits else Difference(CONTRACT, text, text), CONTRACT)
        if self._collector.marks_answers:
            wrong = Difference(VALUE, f"{shown} is not the answer", f"{shown} is not the answer")
            self._claim(
                "the answer is right",
                observed,
                lambda right: None if right is UNKNOWN or same(observed, right, rtol, 1e-15) else wrong,
                VALUE,
            )

    # what surrounds the student's code

    @property
    def rng(self) -> np.random.Generator:
        """The generator that a hidden check draws fresh inputs from: the same for every student, another in every course."""
        if self._collector.generator is None:
            raise RuntimeError("check.rng is for hidden checks; a visible check uses fixed inputs")
        return self._collector.generator

    def source(self, function: Any) -> str:
        """The text of the student's cell that defines `function`."""
        name = getattr(function, "__name__", "")
        return self._collector.sources[name] if name in self._collector.sources else cell_text(function)

    def starting_point(self) -> str:
        """The text that the student's cell had when they opened the notebook."""
        return self._collector.starting_point

    def scenario(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function of the check cell run beside the student's code; it returns plain data."""
        return self._collector.beside(function) if self._collector.beside else function


def _own_forward(wrong: Difference, observed: Any, numeric: Callable[[], Any], names: Sequence[str]) -> Difference:
    """Tell a student whose backward pass is right for their own wrong forward pass."""
    try:
        consistent = gradient_difference(observed, numeric(), names) is None
    except Exception:  # a forward pass that cannot be called has no gradient to compare with
        return wrong
    if not consistent:
        return wrong
    return Difference(
        GRADIENT,
        wrong.text,
        wrong.discreet,
        "your backward pass is the right gradient of your own forward pass: look for the mistake in the forward pass",
    )


def _relative_entropy(share: float, probability: float) -> float:
    """Relative entropy of two coins, in nats; the exponent of Chernoff's bound."""
    total = 0.0
    for p, q in ((share, probability), (1 - share, 1 - probability)):
        if p > 0:
            total += math.inf if q == 0 else p * math.log(p / q)
    return total


__all__ = ["FALSE_ALARM", "GRADIENT", "PROPERTY", "RELATIVE_ERROR", "SIDE_EFFECT", "UNKNOWN", "Check", "Claim", "Collector"]
