"""Nets that run out of numbers: infinities and nan, on the way up or on the way back.

Notebooks reach it as `planted`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


class _Apply(nn.Module):
    """A module around a function."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


class _RootGain(nn.Module):
    """Multiplies by the root of a number that it learns, and that starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.number = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sqrt(self.number)


class _LogAtTheEnd(nn.Module):
    """A body, and a logarithm that no module stands for."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.log(torch.relu(self.body(x)))


_CULPRITS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "log of zero": torch.log,
    "exp": lambda x: torch.exp(20000 * x),
    "naive softmax": lambda x: torch.exp(20000 * x) / torch.exp(20000 * x).sum(dim=1, keepdim=True),
    "standardise": lambda x: (x - x.mean(dim=0)) / x.std(dim=0, correction=0),
    "divide": lambda x: x / x[:, :1],
    "root": torch.sqrt,
    "log behind a mask": lambda x: torch.where(x > 0, torch.log(x), 0.0),
}
ILL = ("healthy", *_CULPRITS, "gain", "no module")
"""What `runs_out_of_numbers` can be asked for."""


def runs_out_of_numbers(kind: str, seed: int) -> nn.Sequential:
    """A net in float64 for (N, 6), with BatchNorm at its beginning and a culprit in its middle.

    Args:
        kind: one of `ILL`: "log of zero" and "exp" put out infinities, "naive softmax" and "standardise" nan, "divide" both; "root"
            and "log behind a mask" are finite on the way up and not on the way back; "gain" is finite but for the gradient of its
            own parameter; in "no module" the logarithm stands in a forward method.
        seed: of the weights; it also decides where in the body the culprit stands.

    Raises:
        KeyError: an unknown kind.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, second, last = nn.Linear(6, 8), nn.Linear(8, 7), nn.Linear(7, 3)
    with torch.no_grad():
        second.weight[0] = 0.0
        second.bias[0] = 0.0  # the first unit is 0 for every sample
    if kind == "no module":
        return nn.Sequential(nn.BatchNorm1d(6), nn.Sequential(first, nn.Tanh()), _LogAtTheEnd(second), last).double()
    if kind == "gain":
        culprit: nn.Module = _RootGain()
    else:
        culprit = nn.Identity() if kind == "healthy" else _Apply(_CULPRITS[kind])
    more = [nn.Tanh() for _ in range(seed % 3)]
    body = nn.Sequential(*more, first, nn.Tanh(), second, _Apply(torch.abs), culprit)
    return nn.Sequential(nn.BatchNorm1d(6), body, last).double()
