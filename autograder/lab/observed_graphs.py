"""An instrument for what a training keeps in memory.

Notebooks reach it as `observers`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from autograder.lab.looking_on import Enough, with_hooks


class _Token:
    """Hangs on a node of a graph, and is gone when the node is."""


def graphs_kept(train: Callable[[], object], steps: int) -> list[int]:
    """How many graphs of earlier steps are still in memory, step by step.

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch.

    Returns:
        For each step the number of steps before it whose forward pass has left a graph that is still there: 0 is healthy. Fewer
        numbers when the training makes fewer steps.
    """
    tokens: list[list[weakref.ref[_Token]]] = [[]]
    kept: list[int] = []

    def after_forward(_: nn.Module, __: object, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.grad_fn is not None:
            token = _Token()
            notes: Any = output.grad_fn.metadata  # a dict, whatever torch's types say; it lives as long as the node
            notes[token] = token
            tokens[-1].append(weakref.ref(token))

    def before_step(*_: object) -> None:
        kept.append(sum(any(token() is not None for token in step) for step in tokens[:-1]))
        tokens.append([])
        if len(kept) == steps:
            raise Enough

    with_hooks(train, after_forward, before_step)
    return kept
