"""An instrument for batches: what goes in and out of a net while it is trained.

Notebooks reach it as `observers`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook

from autograder.lab.looking_on import Enough, until_enough


@dataclass
class Step:
    """What went in and out of a net in a step of its training.

    Attributes:
        inputs: the batch.
        outputs: what the net made of it.
        gradient: that of the loss with respect to the outputs.
    """

    inputs: torch.Tensor
    outputs: torch.Tensor
    gradient: torch.Tensor

    def keep(self, gradient: torch.Tensor) -> None:
        """Take down a gradient; there may be several, of one output that is used several times."""
        self.gradient += gradient.detach()


def watch(train: Callable[[], object], steps: int) -> list[Step]:
    """Look on as somebody else trains a net.

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch.

    Returns:
        What the net saw in each step: its last forward pass before the step that had a gradient. Fewer when the training makes
        fewer steps.
    """
    watcher = _Watcher(steps)
    hooks = [
        register_module_forward_pre_hook(watcher.enter),
        register_module_forward_hook(watcher.leave),
        register_optimizer_step_pre_hook(watcher.before_step),
    ]
    until_enough(train, hooks)
    return watcher.seen[:steps]


class _Watcher:
    """The hooks of `watch`: only the outermost module of a forward pass counts."""

    def __init__(self, steps: int) -> None:
        self.seen: list[Step] = []
        self._steps = steps
        self._depth = 0
        self._latest: list[Step] = []

    def enter(self, *_: object) -> None:
        """Before a module."""
        self._depth += 1

    def leave(self, module: nn.Module, arguments: tuple[Any, ...], result: Any) -> None:
        """After a module."""
        self._depth -= 1
        learns = isinstance(result, torch.Tensor) and result.requires_grad and next(module.parameters(), None) is not None
        if self._depth == 0 and learns:
            step = Step(arguments[0].detach().clone(), result.detach().clone(), torch.zeros_like(result))
            self._latest = [step]
            result.register_hook(step.keep)

    def before_step(self, *_: object) -> None:
        """Before an update."""
        self.seen += self._latest
        self._latest = []
        if len(self.seen) >= self._steps:
            raise Enough


def rows_seen(steps: Sequence[Step], X: torch.Tensor) -> list[list[int]]:
    """Which rows of `X` the batches of a training were made of, step by step; -1 for a row that does not stand in it."""
    known = {row.numpy().tobytes(): number for number, row in enumerate(X)}
    return [[known.get(row.numpy().tobytes(), -1) for row in step.inputs] for step in steps]


def missed_targets(steps: Sequence[Step], X: torch.Tensor, y: torch.Tensor) -> list[float]:
    """How far from its own target a mean squared error pulls each prediction, step by step.

    The gradient of the mean of (p - t)² with respect to a prediction p is 2 (p - t) / N. So p minus N / 2 times its gradient is
    the t towards which the prediction is pulled.

    Args:
        steps: a training with this loss, as `watch` saw it; every output is one number.
        X: all inputs (N, D), each row but once.
        y: their targets (N,).

    Returns:
        The root mean square of the distances between where the predictions are pulled and where they belong: 0 for a healthy
        training.
    """
    found = []
    for step, rows in zip(steps, rows_seen(steps, X), strict=True):
        aims = step.outputs.flatten() - len(rows) / 2 * step.gradient.flatten()
        found.append(float((aims - y[rows]).square().mean().sqrt()))
    return found
