"""Layers with a backward pass of their own, of which some are wrong.

Notebooks reach it as `planted`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Function.apply no types.)

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class _Leaky(torch.autograd.Function):
    """A leaky ReLU with a learned slope; `wrong` says what its backward pass gets wrong."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, slope: torch.Tensor, wrong: str) -> torch.Tensor:
        out = torch.where(x > 0, x, slope * x)
        ctx.save_for_backward(x, slope, out)
        ctx.wrong = wrong
        return out

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        x, slope, out = ctx.saved_tensors
        on = x > 0
        if ctx.wrong == "negative slope":
            on = out > 0
        if ctx.wrong == "non-contiguous input":
            on = x.as_strided(x.shape, torch.empty(x.shape).stride()) > 0  # in the order of the memory
        dslope = x * dout if ctx.wrong == "second argument" else torch.where(on, 0.0, x * dout)
        return torch.where(on, dout, slope * dout), dslope.sum(), None


class _Gate(torch.autograd.Function):
    """x tanh(s), with a right backward pass."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, strength)
        return x * torch.tanh(strength)

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, strength = ctx.saved_tensors
        gate = torch.tanh(strength)
        return dout * gate, (dout * x).sum() * (1 - gate**2)


LAYERS = ("leaky", "gate", "non-contiguous input", "negative slope", "second argument")
"""Layers with a backward pass of their own: the first two are right, the others are wrong in what they are called after."""


class CustomLayer(nn.Module):
    """One of `LAYERS`, with the number that it learns.

    Args:
        kind: its name.
        start: initial value of the number.
    """

    def __init__(self, kind: str, start: float) -> None:
        super().__init__()
        self.kind = kind
        self.number = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the layer to x of any shape."""
        out: torch.Tensor = _Gate.apply(x, self.number) if self.kind == "gate" else _Leaky.apply(x, self.number, self.kind)
        return out


class _Transposed(nn.Module):
    """Lets a layer see its input as a transposed view."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layer(x.T).T
        return out


def with_custom_layer(kind: str, start: float, transposed: bool, seed: int) -> nn.Sequential:
    """A small net in float64, 5-7-3, with one of `LAYERS` in its middle: 67 numbers that can be learned.

    Args:
        kind: which layer.
        start: initial value of its number.
        transposed: does the layer get a view that is not contiguous?
        seed: of the other weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer: nn.Module = CustomLayer(kind, start)
        return nn.Sequential(nn.Linear(5, 7), _Transposed(layer) if transposed else layer, nn.Linear(7, 3)).double()


class _HalfScale(torch.autograd.Function):
    """x times a weight for each feature; the gradient of the weights is half of what it should be."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, scale)
        return x * scale

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, scale = ctx.saved_tensors
        return dout * scale, (x * dout).sum(dim=0) / 2


class HalfScaled(nn.Module):
    """A linear net in float64 whose second half of parameters gets half of its gradient.

    Args:
        inputs: number of features: the first `inputs + 1` parameters are well, the last `inputs` are not.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.head = nn.Linear(inputs, 1, dtype=torch.float64)
        self.tail = nn.ParameterList([torch.linspace(1, 2, inputs, dtype=torch.float64)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs) to (N, 1)."""
        out: torch.Tensor = self.head(_HalfScale.apply(x, self.tail[0]))
        return out
