"""Arguments changed in place: what a student's code wrote into its copies is written into the originals here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.checks.plain import is_tensor


def write_back(original: Any, changed: Any) -> None:
    """Make an argument look as the student's code left it."""
    for kind, write in WRITERS:
        if isinstance(original, kind) and isinstance(changed, kind):
            write(original, changed)
            return
    if is_tensor(original) and is_tensor(changed):
        if original.shape == changed.shape:
            original.detach().copy_(changed.detach())
    elif type(original).__name__ == type(changed).__name__ == "Generator":  # of torch
        original.set_state(changed.get_state())


def _write_array(original: np.ndarray, changed: np.ndarray) -> None:
    if original.shape == changed.shape and original.flags.writeable:
        np.copyto(original, changed, casting="unsafe")


def _write_generator(original: np.random.Generator, changed: np.random.Generator) -> None:
    original.bit_generator.state = changed.bit_generator.state


def _write_list(original: list[Any], changed: list[Any]) -> None:
    for index, (mine, theirs) in enumerate(zip(original, changed, strict=False)):
        if _kept(mine, theirs):
            write_back(mine, theirs)
        else:
            original[index] = theirs
    del original[len(changed) :]
    original.extend(changed[len(original) :])


def _write_set(original: set[Any], changed: set[Any]) -> None:
    original &= changed
    original |= changed


def _write_dict(original: dict[Any, Any], changed: dict[Any, Any]) -> None:
    for key in original.keys() - changed.keys():
        del original[key]
    for key, value in changed.items():
        if key in original and _kept(original[key], value):
            write_back(original[key], value)
        else:
            original[key] = value


def _write_tuple(original: tuple[Any, ...], changed: tuple[Any, ...]) -> None:
    for mine, theirs in zip(original, changed, strict=False):
        if _kept(mine, theirs):
            write_back(mine, theirs)


WRITERS: tuple[tuple[type, Callable[[Any, Any], None]], ...] = (
    (np.ndarray, _write_array),
    (np.random.Generator, _write_generator),
    (list, _write_list),
    (set, _write_set),
    (dict, _write_dict),
    (tuple, _write_tuple),
)
"""For each kind of value that can be written into, how."""


def _kept(original: Any, changed: Any) -> bool:
    """Can `original` be brought to look like `changed` by writing into it?"""
    if (isinstance(original, np.ndarray) and isinstance(changed, np.ndarray)) or (is_tensor(original) and is_tensor(changed)):
        return bool(original.shape == changed.shape)
    if isinstance(original, tuple) and isinstance(changed, tuple) and len(original) == len(changed):
        pairs = zip(original, changed, strict=True)
        return all(_kept(mine, theirs) or (type(mine) is type(theirs) and mine == theirs) for mine, theirs in pairs)
    return any(isinstance(original, kind) and isinstance(changed, kind) for kind in (list, dict, set))
