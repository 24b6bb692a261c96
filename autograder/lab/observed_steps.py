"""Instruments for the steps of a training: in which mode its net is, and what its optimizer holds.

Notebooks reach it as `observers`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from autograder.lab.looking_on import Enough, with_hooks


def modes(train: Callable[[], object], epochs: int, steps: int = 42) -> list[dict[str, dict[str, float]]]:
    """In which mode a net is while it learns, and while it is validated.

    Args:
        train: runs a training with an optimizer of torch, which validates without gradients; it is stopped when enough has been
            seen.
        epochs: how many epochs to watch.
        steps: how many steps make an epoch.

    Returns:
        For each epoch `{"learning": shares, "validating": shares}`, where forward passes with gradients are learning. `shares` says
        for the net as a whole, for its BatchNorm and for its dropout layers which share of the passes was in training mode. While
        learning, 1 is healthy, while validating, 0.
    """
    done = [0]
    passes: list[tuple[int, str, str, bool]] = []

    def after_forward(module: nn.Module, _: object, __: object) -> None:
        learns = torch.is_grad_enabled()
        knows_modes = isinstance(module, nn.BatchNorm1d | nn.Dropout)
        if knows_modes or any(module.children()):
            name = type(module).__name__ if knows_modes else "net"
            epoch = (done[0] if learns else done[0] - 1) // steps
            passes.append((epoch, "learning" if learns else "validating", name, module.training))

    def before_step(*_: object) -> None:
        if done[0] == epochs * steps:
            raise Enough
        done[0] += 1

    with_hooks(train, after_forward, before_step)
    readings: list[dict[str, dict[str, float]]] = [{"learning": {}, "validating": {}} for _ in range(epochs)]
    for epoch, phase, name in sorted({entry[:3] for entry in passes if entry[0] < epochs}):
        flags = [entry[3] for entry in passes if entry[:3] == (epoch, phase, name)]
        readings[epoch][phase][name] = sum(flags) / len(flags)
    return readings


def bookkeeping(train: Callable[[], object], steps: int) -> list[dict[str, int]]:
    """Does the optimizer update the weights that the net computes with?

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch.

    Returns:
        For each step three counts of parameters (a linear layer has two: weights and biases): "used and known", in the forward
        passes since the last step and to the optimizer; "used, not known"; "known, not used".
    """
    used: set[nn.Parameter] = set()
    counts: list[dict[str, int]] = []

    def after_forward(module: nn.Module, _: object, __: object) -> None:
        if torch.is_grad_enabled():
            used.update(module.parameters(recurse=False))

    def before_step(optimizer: torch.optim.Optimizer, *_: object) -> None:
        known = {parameter for group in optimizer.param_groups for parameter in group["params"]}
        counts.append(
            {"used and known": len(used & known), "used, not known": len(used - known), "known, not used": len(known - used)}
        )
        used.clear()
        if len(counts) == steps:
            raise Enough

    with_hooks(train, after_forward, before_step)
    return counts


def fed(train: Callable[[], object], steps: int) -> list[list[int]]:
    """How many of an optimizer's parameters have a gradient that is not zero, step by step.

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch.

    Returns:
        For each step two counts of parameters: those that have such a gradient, and all that the optimizer holds.
    """
    counts: list[list[int]] = []

    def before_step(optimizer: torch.optim.Optimizer, *_: object) -> None:
        held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        counts.append([sum(p.grad is not None and bool(p.grad.any()) for p in held), len(held)])
        if len(counts) == steps:
            raise Enough

    with_hooks(train, lambda *_: None, before_step)
    return counts


def rates(train: Callable[[], object]) -> list[float]:
    """The learning rate of every step that an optimizer of torch makes in a training."""
    seen: list[float] = []
    watcher = register_optimizer_step_pre_hook(lambda optimizer, *_: seen.append(float(optimizer.param_groups[0]["lr"])))
    try:
        train()
    finally:
        watcher.remove()
    return seen
