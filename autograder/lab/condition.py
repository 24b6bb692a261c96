"""Everything about a model that an instrument could change, and what it did change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn


def condition(model: nn.Module) -> dict[str, Any]:
    """Everything about a model that an instrument could change, copied.

    Args:
        model: a model of any kind.

    Returns:
        By what it is: its weights, its statistics (the buffers), its modes, its gradients and the number of its hooks.
    """
    modules = list(model.modules())
    return {
        "weights": [parameter.detach().clone() for parameter in model.parameters()],
        "statistics": [buffer.clone() for buffer in model.buffers()],
        "modes": [module.training for module in modules],
        "gradients": [None if parameter.grad is None else parameter.grad.clone() for parameter in model.parameters()],
        "hooks": [
            sum(len(value) for key, value in vars(module).items() if key.endswith("_hooks") and hasattr(value, "__len__"))
            for module in modules
        ],
    }


def traces(before: dict[str, Any], model: nn.Module) -> list[str]:
    """What an instrument has changed.

    Args:
        before: the model's `condition` before it was used.
        model: the model afterwards.

    Returns:
        Those keys of `condition` under which something differs.

    >>> net = nn.Linear(2, 1)
    >>> before = condition(net)
    >>> _ = net.eval()
    >>> traces(before, net)
    ['modes']
    """
    after = condition(model)
    return [
        key
        for key in before
        if len(before[key]) != len(after[key]) or not all(_same(*pair) for pair in zip(before[key], after[key], strict=True))
    ]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return bool(torch.equal(one, other))
    return type(one) is type(other) and bool(one == other)


def kinds(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the types of all values of some records, sorted; a tensor that belongs to a graph is called so."""

    def kind(value: Any) -> str:
        held = isinstance(value, torch.Tensor) and value.requires_grad
        return f"{type(value).__name__} with its graph" if held else type(value).__name__

    return sorted({kind(value) for record in records for value in record.values()})
