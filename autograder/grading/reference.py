"""The reference and the wrong variants, run through the checks in the trusted process: what is expected, and how it goes wrong."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import linecache
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks import recorded
from autograder.checks.collecting import Collector
from autograder.checks.judging import BETWEEN_MACHINES, Fingerprint, judge
from autograder.checks.plain import is_tensor, same, snapshot
from autograder.checks.running import Body, Run, run
from autograder.checks.verdict import State, Verdict
from autograder.notebooks.model import CheckCell, Exercise, Notebook
from solutions.variants import Variant


class BrokenCheck(Exception):
    """A check that cannot be trusted: the reference itself does not pass it. The message says where."""


class Reference:
    """One notebook's reference answers.

    Args:
        notebook: the instructor's notebook, which holds them.
        secret: the course's secret, from which fresh inputs are drawn.
        variants: right and wrong variants; those of `solutions.variants` unless given.
        folder: where the recorded numbers of the visible checks lie; without one the wrong variants are run through these as well.
    """

    def __init__(
        self, notebook: Notebook, secret: bytes = b"", variants: Sequence[Variant] | None = None, folder: Path | None = None
    ) -> None:
        self.notebook = notebook
        self.secret = secret
        self.folder = folder
        self.variants = list(load_variants(notebook.module) if variants is None else variants)
        self._setup = run_cells(notebook.setup)
        self._bodies: dict[str, Body] = {}
        self._observations: dict[str, list[Any]] = {}
        self._fingerprints: dict[tuple[str, str], Fingerprint | None] = {}

    def setup_namespace(self) -> dict[str, Any]:
        """The names of the setup cells, with arrays that later writes cannot reach."""
        return {name: fresh(value) for name, value in self._setup.items()}

    def body(self, check: CheckCell) -> Body:
        """A check's compiled body."""
        if check.grade_id not in self._bodies:
            self._bodies[check.grade_id] = Body.compile(check.header.exercise, check.body, check.header.name)
        return self._bodies[check.grade_id]

    def exercise(self, check: CheckCell) -> Exercise:
        """The exercise that a check belongs to."""
        return self.notebook.exercises[check.header.exercise]

    def starting_point(self, exercise: Exercise) -> str:
        """The text that the student's cell has at the start, where it is not an empty stub."""
        return exercise.stub if exercise.metadata.get("starts_from") else ""

    def collector(self, check: CheckCell, **more: Any) -> Collector:
        """A new collector for a check, its generator freshly seeded."""
        seed = hashlib.blake2b(self.secret + check.grade_id.encode(), digest_size=16).digest()
        generator = np.random.default_rng(int.from_bytes(seed, "little")) if check.header.kind == "hidden" else None
        return Collector(
            check.header.exercise,
            generator=generator,
            marks_answers=True,
            starting_point=self.starting_point(self.exercise(check)),
            **more,
        )

    def answers(self, exercise: Exercise, variant: Variant | None = None) -> dict[str, Any]:
        """Setup, the reference's answer to an exercise, and those of the notebook's other exercises that it may use."""
        namespace = self.setup_namespace()
        with quiet():
            exec_cell(self.source(exercise, variant), namespace, f"<student {exercise.name}>")
        return namespace

    def source(self, exercise: Exercise, variant: Variant | None = None) -> str:
        """Source of the answer cell of an exercise, as the reference or as a variant has it."""
        if variant is None:
            return exercise.solution
        source = exercise.solution
        for name, original in exercise.answer_sources.items():
            if name in variant.replaces:
                try:
                    source = source.replace(original, variant.source_of(name, original))
                except ValueError as error:
                    raise BrokenCheck(f"variant {variant.id} of {exercise.name}: {error}") from None
        return source

    def variants_of(self, exercise: Exercise) -> Iterator[Variant]:
        """The variants that replace something in an exercise."""
        return (variant for variant in self.variants if any(name in exercise.functions for name in variant.replaces))

    def run(self, check: CheckCell, variant: Variant | None = None) -> Run:
        """Run a check against the reference, or against a variant, in this process."""
        exercise = self.exercise(check)
        source = self.source(exercise, variant)
        try:
            namespace = self.answers(exercise, variant)
        except Exception as error:
            whose = f" as variant {variant.id} has it" if variant else ""
            raise BrokenCheck(f"the answer to {exercise.name}{whose} cannot be run: {type(error).__name__}: {error}") from None
        with quiet():
            return run(self.body(check), namespace, self.collector(check, sources=dict.fromkeys(exercise.functions, source)))

    def observations(self, check: CheckCell) -> list[Any]:
        """What the check observes of the reference.

        Raises:
            BrokenCheck: the reference does not pass it.
        """
        if check.grade_id not in self._observations:
            outcome = self.run(check)
            blank = Verdict(check.header.exercise, check.header.name, State.FAILED, 0, check.header.points)
            verdict = judge(outcome, None, tuple, blank)
            if verdict.state == State.PASSED:  # it must equal itself as well, which an object does not
                verdict = judge(outcome, outcome.observations, tuple, blank)
            if verdict.state != State.PASSED:
                more = f" ({outcome.error.type_name}: {outcome.error.message}, {outcome.error.where})" if outcome.error else ""
                raise BrokenCheck(
                    f"the reference does not pass the {check.header.name} check of {check.header.exercise}: {verdict.cause}{more}"
                )
            if not outcome.claims:
                raise BrokenCheck(f"the {check.header.name} check of {check.header.exercise} claims nothing")
            self._observations[check.grade_id] = outcome.observations
        return self._observations[check.grade_id]

    def fingerprints(self, check: CheckCell, suspected: str = "") -> Iterator[Fingerprint]:
        """What the check observes of each wrong variant that differs from the reference in it, as recorded, or run when asked for.

        Args:
            check: the check.
            suspected: the variant to begin with.
        """
        known = self._recorded(check)
        if known is not None:
            yield from sorted(known, key=lambda fingerprint: fingerprint.id != suspected)
            return
        wrong = [variant for variant in self.variants_of(self.exercise(check)) if not variant.right]
        for variant in sorted(wrong, key=lambda variant: variant.id != suspected):
            found = self._fingerprint(check, variant)
            if found:
                yield found

    def _recorded(self, check: CheckCell) -> Sequence[Fingerprint] | None:
        """The recorded fingerprints, where they were recorded with the same inputs."""
        if self.folder is None or check.header.kind == "hidden":
            return None
        found = recorded.load(self.folder, recorded.key(check.header.exercise, check.header.name))
        fits = found and same(list(found.expected), self.observations(check), *BETWEEN_MACHINES)
        return found.fingerprints if found and fits else None

    def _fingerprint(self, check: CheckCell, variant: Variant) -> Fingerprint | None:
        if (check.grade_id, variant.id) not in self._fingerprints:
            expected, seen = self.observations(check), self.run(check, variant).observations
            differs = len(seen) != len(expected) or not all(same(a, b) for a, b in zip(seen, expected, strict=True))
            found = Fingerprint(variant.id, variant.says, variant.hint, tuple(seen)) if differs else None
            self._fingerprints[check.grade_id, variant.id] = found
        return self._fingerprints[check.grade_id, variant.id]


def fresh(value: Any) -> Any:
    """A value of a setup cell whose arrays, lists and dicts are its own; functions and other objects are shared."""
    if is_tensor(value) or (isinstance(value, np.ndarray) and not value.dtype.hasobject):
        return snapshot(value)
    if type(value) in (list, tuple):
        return type(value)(fresh(item) for item in value)
    if type(value) is dict:
        return {key: fresh(item) for key, item in value.items()}
    return value


def load_variants(module: str) -> list[Variant]:
    """The variants of a module of `solutions`; none when nobody has written any."""
    try:
        found = importlib.import_module(f"solutions.variants.{module}")
    except ModuleNotFoundError as error:
        if error.name != f"solutions.variants.{module}":
            raise
        return []
    variants: list[Variant] = found.variants.all
    return variants


def run_cells(sources: Sequence[str]) -> dict[str, Any]:
    """The names that trusted cells define."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with quiet():
        for number, source in enumerate(sources, start=1):
            exec_cell(source, namespace, f"<setup {number}>")
    return namespace


def exec_cell(source: str, namespace: dict[str, Any], file: str) -> None:
    """Run a cell's source under a file name that tracebacks can quote."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec", dont_inherit=True), namespace)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what code prints and warns of away from the terminal."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
