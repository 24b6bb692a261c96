"""Right and wrong variants of the reference: what a fair grader must accept, and what it must catch and name."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Edit:
    """Replacements in the source text of the reference, each of which must apply exactly once."""

    replacements: tuple[tuple[str, str], ...]

    def apply(self, source: str) -> str:
        """The edited source.

        Raises:
            ValueError: a text to replace does not stand in `source` exactly once.
        """
        for old, new in self.replacements:
            if source.count(old) != 1:
                raise ValueError(
                    f"a variant replaces {old!r}, which stands in its reference {source.count(old)} times instead of once"
                )
            source = source.replace(old, new)
        return source


Replacement = Edit | Callable[..., Any] | str
"""An edit of the reference, a function or class that takes its place, or (for a value) the source text of the value."""


@dataclass(frozen=True)
class Variant:
    """Another way to do an exercise.

    Attributes:
        id: short name, unique in its module, as in `ad.no_bias`.
        right: must it earn full points?
        says: for a wrong one, the sentence a teacher would say.
        hint: for a wrong one, what to try next.
        replaces: for each name of the reference that differs, what stands in its place.
    """

    id: str
    right: bool
    says: str
    hint: str
    replaces: dict[str, Replacement]

    def source_of(self, name: str, reference: str) -> str:
        """The source of `name` in this variant, given the source of the reference."""
        replacement = self.replaces.get(name)
        if replacement is None:
            return reference
        if isinstance(replacement, Edit):
            return replacement.apply(reference)
        if isinstance(replacement, str):
            return f"{name} = {replacement}"
        source = textwrap.dedent(inspect.getsource(replacement))
        return re.sub(rf"\b{replacement.__name__}\b", name, source)


class Variants:
    """The variants of one module, in the order in which they are written."""

    def __init__(self) -> None:
        self.all: list[Variant] = []

    def right(self, id: str, **replaces: Replacement) -> None:
        """Register an alternative that must earn full points."""
        self._add(Variant(id, True, "", "", replaces))

    def wrong(self, id: str, *, says: str, hint: str = "", **replaces: Replacement) -> None:
        """Register a misconception that must lose points and be named by `says`."""
        self._add(Variant(id, False, says, hint, replaces))

    def _add(self, variant: Variant) -> None:
        if not variant.replaces:
            raise ValueError(f"the variant {variant.id} replaces nothing")
        if any(other.id == variant.id and set(other.replaces) & set(variant.replaces) for other in self.all):
            raise ValueError(f"there are two variants {variant.id} of the same function")
        self.all.append(variant)


def edit(*texts: str) -> Edit:
    """An edit of the reference's source: old, new, old, new, …"""
    if not texts or len(texts) % 2:
        raise ValueError("edit takes pairs of an old and a new text")
    return Edit(tuple(zip(texts[::2], texts[1::2], strict=True)))
