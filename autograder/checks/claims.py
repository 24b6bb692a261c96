"""The vocabulary of a check cell.

A check cell makes claims about what a student's code returns. Running the cell only collects them, each with a snapshot of what was
observed; `judging` decides afterwards, in another place if need be. So one cell serves to record the reference's numbers, to
fingerprint wrong variants, and to judge a student.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograder.checks.chance import FALSE_ALARM, agrees, allowed_error
from autograder.checks.collecting import PROPERTY, UNKNOWN, Claim, Collector, equality, fixed, side_effect
from autograder.checks.compare import Difference, describe
from autograder.checks.gradients import GRADIENT, gradient_judge, numeric_gradients
from autograder.checks.plain import is_number, same, snapshot
from autograder.checks.questions import claim_answer
from autograder.checks.source import cell_text
from autograder.checks.trajectory import claim_trajectory


class Check:
    """What the name `check` means inside a check cell; see CONTRIBUTING.md for the vocabulary."""

    def __init__(self, collector: Collector | None = None) -> None:
        self._open = collector

    @property
    def _collector(self) -> Collector:
        if self._open is None:
            raise RuntimeError("claims belong in a check cell: its first line is %%check with the name of an exercise")
        return self._open

    def _add(self, claim: Claim) -> None:
        self._collector.claims.append(claim)

    def _property(self, text: str, observed: Any, holds: bool, said: str, discreet: str, hint: str) -> None:
        self._add(fixed(text, observed, None if holds else Difference(PROPERTY, said, discreet), PROPERTY, hint))

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
        self._add(equality(claim, got, expected, hint, names=names, rtol=rtol, atol=atol))

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

        self._add(Claim(claim, observed, gradient_judge(observed, numeric, names), GRADIENT, hint))

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
        start = (w, {} if state is None else state)
        claim_trajectory(self._add, step, start, gradients, claim, hyper, rtol=rtol, atol=atol)

    # properties

    def true(self, condition: Any, claim: str, hint: str = "") -> None:
        """Claim a property."""
        said = "this does not hold for your code"
        holds = bool(condition)
        self._property(claim, holds, holds, said, said, hint)

    def between(self, value: Any, low: float, high: float, claim: str, hint: str = "") -> None:
        """Claim that a number lies in [low, high]."""
        observed = snapshot(value)
        inside = is_number(observed) and bool(low <= observed <= high)
        got = f"{float(observed):.6g}" if is_number(observed) else describe(observed)
        said = f"expected a number from {low:g} to {high:g}, got {got}"
        self._property(claim, inside, inside, said, "the number lies outside the bounds", hint)

    def fraction(self, hits: int, trials: int, probability: float, claim: str, hint: str = "") -> None:
        """Claim that `hits` of `trials` agree with a probability; rejects right code less than once in 1e8 (Chernoff's bound)."""
        share = float(hits) / trials
        holds = agrees(share, trials, probability)
        said = f"expected a share near {probability:g} of {trials}, got {share:.4g} (false alarm below {FALSE_ALARM:g})"
        self._property(claim, holds, holds, said, "the share is off", hint)

    def mean(self, value: float, mean: float, std: float, n: int, claim: str, hint: str = "") -> None:
        """Claim that the mean of `n` draws agrees with their law; rejects right code less than once in 1e8 (normal law)."""
        allowed = allowed_error(std, n)
        holds = bool(abs(float(value) - mean) <= allowed)
        said = f"expected a mean within {allowed:.3g} of {mean:g}, got {float(value):.6g}"
        self._property(claim, holds, holds, said, "the mean is off", hint)

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
        self._property(claim, outcome, right, text, text, hint)

    # side effects

    @contextmanager
    def unchanged(self, **values: Any) -> Iterator[None]:
        """Claim that the arrays, lists and dicts named are not written to inside the `with` block."""
        before = {name: snapshot(value) for name, value in values.items()}
        yield
        for name, value in values.items():
            after = snapshot(value)
            changed = [] if same(after, before[name], 0, 0) else [f"your code wrote into {name}: the caller still needs it"]
            self._add(side_effect(f"{name} is left as it was", changed, after))

    # questions

    def number(self, answer: Any, *, between: tuple[float, float] | None = None, rtol: float = 1e-6) -> None:
        """Claim that an answer is a number (or a tuple of them) in a range; at grading, that it is the right one."""
        observed = snapshot(answer)
        several = isinstance(observed, (tuple, list))
        numbers, form = (observed, "numbers") if several else ((observed,), "a number")
        fits = len(numbers) > 0 and all(is_number(item) and (between is None or between[0] < item < between[1]) for item in numbers)
        range_ = f" between {between[0]:g} and {between[1]:g}" if between else ""
        claim_answer(self._collector, answer, fits, form + range_, rtol)

    def choice(self, answer: Any, options: Sequence[str]) -> None:
        """Claim that an answer is one of the options; at grading, that it is the right one."""
        observed = snapshot(answer)
        fits = isinstance(observed, str) and observed in list(options)
        claim_answer(self._collector, answer, fits, f"one of {', '.join(options)}", 0)

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
