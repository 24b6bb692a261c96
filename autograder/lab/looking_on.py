"""How to look on while somebody else trains a net: hooks of torch that are always taken away again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook


class Enough(Exception):
    """Ends a training that has been watched for long enough."""


def until_enough(train: Callable[[], object], hooks: Sequence[Any]) -> None:
    """Run a training until it ends or somebody has seen `Enough`; then remove the hooks, also those that were added meanwhile."""
    try:
        train()
    except Enough:
        pass
    finally:
        for hook in hooks:
            hook.remove()


def with_hooks(train: Callable[[], object], after_forward: Callable[..., None], before_step: Callable[..., None]) -> None:
    """Run a training until it ends, or until a hook has seen enough."""
    until_enough(train, [register_module_forward_hook(after_forward), register_optimizer_step_pre_hook(before_step)])


def at_backward(train: Callable[[], object], look: Callable[[torch.Tensor, torch.Tensor], None]) -> None:
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
        until_enough(train, [hook])
    finally:
        torch.autograd.backward = backward
