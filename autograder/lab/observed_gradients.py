"""Instruments for gradients: what a loss gives to the scores, and what an optimizer uses.

Notebooks reach it as `observers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch.optim.optimizer import register_optimizer_step_pre_hook

from autograder.lab.looking_on import Enough, at_backward, until_enough


def leftovers(train: Callable[[], object], steps: int) -> list[float]:
    """How much of the gradient that an optimizer uses does not come from the backward pass just before.

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch, from the second one on.

    Returns:
        For each of these steps the length of the difference between the gradient that is used and the one that was just computed,
        as a share of the longer of the two: 0 when they are the same, 1 when the step gets no gradient at all. Fewer numbers
        when the training makes fewer steps.
    """
    own: dict[torch.Tensor, torch.Tensor] = {}
    hooks: list[Any] = []
    shares: list[float] = []

    def remember(parameter: torch.Tensor) -> Callable[[torch.Tensor], None]:
        def keep(gradient: torch.Tensor) -> None:
            own[parameter] = own.get(parameter, 0.0) + gradient.detach().clone()

        return keep

    def before_step(optimizer: torch.optim.Optimizer, *_: object) -> None:
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        if len(hooks) == 1:  # the first step: nothing has been watched yet
            hooks.extend(parameter.register_hook(remember(parameter)) for parameter in parameters)
            return
        shares.append(_foreign_share(parameters, own))
        own.clear()
        if len(shares) == steps:
            raise Enough

    hooks.append(register_optimizer_step_pre_hook(before_step))
    until_enough(train, hooks)
    return shares


def _foreign_share(parameters: Sequence[torch.Tensor], own: Mapping[torch.Tensor, torch.Tensor]) -> float:
    """How much of the gradient in use is not the parameters' own, which was just computed."""
    nothing = {parameter: torch.zeros_like(parameter) for parameter in parameters}
    used = torch.cat([(nothing[p] if p.grad is None else p.grad).flatten() for p in parameters])
    fresh = torch.cat([own.get(p, nothing[p]).flatten() for p in parameters])
    longer = max(float(used.norm()), float(fresh.norm()))
    return float((used - fresh).norm()) / longer if longer > 0 else 0.0


def lessons(train: Callable[[], object], steps: int) -> list[dict[str, float]]:
    """What a loss teaches the last layer of a classifier, in the first steps of a training.

    The gradient of the mean cross-entropy at the scores of one sample is `softmax(scores)` minus 1 for the true class, divided by
    the size of the batch. The true class is taken to be the one whose score the gradient lifts most.

    Args:
        train: runs a training whose last linear layer gives the scores (N, C); it is stopped when enough has been seen.
        steps: how many backward passes to watch.

    Returns:
        For each of them the `loss`, and the `error`: length of the difference between the gradient at the scores and that of the
        mean cross-entropy, as a share of the latter. 0 is healthy; near 1, hardly anything is left of the gradient.
    """
    readings = []

    def look(loss: torch.Tensor, scores: torch.Tensor) -> None:
        (gradient,) = torch.autograd.grad(loss, scores, retain_graph=True, allow_unused=True, materialize_grads=True)
        given = gradient * len(scores)
        right = torch.softmax(scores.detach(), dim=1) - F.one_hot(given.argmin(dim=1), scores.shape[1])
        readings.append({"loss": float(loss.detach()), "error": float((given - right).norm() / right.norm())})
        if len(readings) == steps:
            raise Enough

    at_backward(train, look)
    return readings


def entangled(train: Callable[[], object]) -> int:
    """How many ordered pairs of samples in the first batch of a training have a hand in each other's gradient.

    Args:
        train: runs a training whose last linear layer gives the scores (N, C); it is stopped after its first backward pass.

    Returns:
        The number of pairs (i, j) with i not j, for which the gradient of the loss at the scores of sample i depends on the scores
        of sample j: 0 when each sample is judged by itself, N (N - 1) when all of them hang together.
    """
    found = [0]

    def look(loss: torch.Tensor, scores: torch.Tensor) -> None:
        (gradient,) = torch.autograd.grad(loss, scores, create_graph=True)
        weights = torch.linspace(0.5, 1.5, scores.shape[1])  # an even sum of a softmax's gradients would be 0
        for i in range(len(scores)):
            (share,) = torch.autograd.grad(
                gradient[i] @ weights, scores, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            share[i] = 0
            found[0] += int((share.abs().amax(dim=1) > 1e-9).sum())
        raise Enough

    at_backward(train, look)
    return found[0]
