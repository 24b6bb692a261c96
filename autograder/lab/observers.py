"""Instruments that look on while somebody else trains a net: what reaches the loss, the weights and the optimizer.

Needs torch; import it as `from autograder.lab import observers`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook


class _Enough(Exception):
    """Ends a training that has been watched for long enough."""


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
        if hooks:
            nothing = {parameter: torch.zeros_like(parameter) for parameter in parameters}
            used = torch.cat([(nothing[p] if p.grad is None else p.grad).flatten() for p in parameters])
            fresh = torch.cat([own.get(p, nothing[p]).flatten() for p in parameters])
            longer = max(float(used.norm()), float(fresh.norm()))
            shares.append(float((used - fresh).norm()) / longer if longer > 0 else 0.0)
            own.clear()
            if len(shares) == steps:
                raise _Enough
        else:  # the first step: nothing has been watched yet
            hooks.extend(parameter.register_hook(remember(parameter)) for parameter in parameters)

    watcher = register_optimizer_step_pre_hook(before_step)
    try:
        train()
    except _Enough:
        pass
    finally:
        for hook in (watcher, *hooks):
            hook.remove()
    return shares


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
            raise _Enough

    _at_backward(train, look)
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
        raise _Enough

    _at_backward(train, look)
    return found[0]


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
            raise _Enough
        done[0] += 1

    _with_hooks(train, after_forward, before_step)
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
            raise _Enough

    _with_hooks(train, after_forward, before_step)
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
            raise _Enough

    _with_hooks(train, lambda *_: None, before_step)
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
            raise _Enough

    _with_hooks(train, after_forward, before_step)
    return kept


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


def watch(train: Callable[[], object], steps: int) -> list[Step]:
    """Look on as somebody else trains a net.

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch.

    Returns:
        What the net saw in each step: its last forward pass before the step that had a gradient. Fewer when the training makes
        fewer steps.
    """
    seen: list[Step] = []
    depth = 0
    latest: list[Step] = []

    def enter(module: nn.Module, _: Any) -> None:
        nonlocal depth
        depth += 1

    def leave(module: nn.Module, arguments: tuple[Any, ...], result: Any) -> None:
        nonlocal depth
        depth -= 1
        learns = isinstance(result, torch.Tensor) and result.requires_grad and next(module.parameters(), None) is not None
        if depth == 0 and learns:
            latest[:] = [Step(arguments[0].detach().clone(), result.detach().clone(), torch.zeros_like(result))]
            result.register_hook(keep_for(latest[0]))

    def keep_for(step: Step) -> Callable[[torch.Tensor], None]:
        def keep(gradient: torch.Tensor) -> None:
            step.gradient += gradient.detach()

        return keep

    def before_step(*_: object) -> None:
        seen.extend(latest)
        latest.clear()
        if len(seen) >= steps:
            raise _Enough

    watchers = [
        register_module_forward_pre_hook(enter),
        register_module_forward_hook(leave),
        register_optimizer_step_pre_hook(before_step),
    ]
    try:
        train()
    except _Enough:
        pass
    finally:
        for watcher in watchers:
            watcher.remove()
    return seen[:steps]


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


def _at_backward(train: Callable[[], object], look: Callable[[torch.Tensor, torch.Tensor], None]) -> None:
    """Run a training; before each backward pass look at its loss, and at what the last linear layer has given."""
    scores: list[torch.Tensor] = []
    backward = torch.autograd.backward

    def after_forward(module: nn.Module, _: object, output: Any) -> None:
        if isinstance(module, nn.Linear) and torch.is_grad_enabled():
            scores[:] = [output]

    def before_backward(loss: Any, *arguments: Any, **options: Any) -> None:
        look(loss, *scores)
        backward(loss, *arguments, **options)

    watched: Any = before_backward
    hook = register_module_forward_hook(after_forward)
    torch.autograd.backward = watched
    try:
        train()
    except _Enough:
        pass
    finally:
        torch.autograd.backward = backward
        hook.remove()


def _with_hooks(train: Callable[[], object], after_forward: Callable[..., None], before_step: Callable[..., None]) -> None:
    """Run a training until it ends, or until a hook has seen enough."""
    hooks = [register_module_forward_hook(after_forward), register_optimizer_step_pre_hook(before_step)]
    try:
        train()
    except _Enough:
        pass
    finally:
        for hook in hooks:
            hook.remove()
