"""Healthy nets to listen to, and to train.

Notebooks reach it as `planted`.
"""

from __future__ import annotations

import torch
from torch import nn


class _TwiceTanh(nn.Module):
    """A body of two linear layers that share one tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.act = nn.Linear(6, 5), nn.Linear(5, 4), nn.Tanh()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.act(self.second(self.act(self.first(x))))
        return out


def listening_post(kind: str, seed: int) -> nn.Sequential:
    """A small net in float64 that takes (N, 6), with larger weights than usual so that something saturates.

    Args:
        kind: "plain", of Linear, ReLU, Linear, Tanh; "in place", whose ReLUs overwrite their inputs; "nested", with a body that
            uses one tanh twice.
        seed: of the weights.

    Raises:
        KeyError: an unknown kind.
    """
    with torch.random.fork_rng(devices=[]):
        nets = {
            "plain": nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh()),
            "in place": nn.Sequential(nn.Linear(6, 5), nn.ReLU(inplace=True), nn.Linear(5, 4), nn.ReLU(inplace=True)),
            "nested": nn.Sequential(_TwiceTanh(), nn.Linear(4, 3)),
        }
        net = _drawn_in_double(nets[kind], seed)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(3)
    return net


def trainee(kind: str, seed: int) -> nn.Sequential:
    """A net in float64 for digits (N, 64), ready to be trained.

    Args:
        kind: "dense"; "convolution", with BatchNorm; "zeros", whose last matrix starts at zero, and whose first is zero and frozen.
        seed: of the weights.

    Raises:
        KeyError: an unknown kind.
    """
    with torch.random.fork_rng(devices=[]):
        image = [nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 10)]
        nets = {
            "dense": nn.Sequential(nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10)),
            "convolution": nn.Sequential(*image),
            "zeros": nn.Sequential(nn.Linear(64, 12), nn.Tanh(), nn.Linear(12, 11), nn.Tanh(), nn.Linear(11, 10)),
        }
        net = _drawn_in_double(nets[kind], seed)
    if kind == "zeros":
        for name, parameter in net.named_parameters():
            if name in ("0.weight", "4.weight"):
                nn.init.zeros_(parameter)
            parameter.requires_grad_(name != "0.weight")
    return net


def _drawn_in_double(net: nn.Sequential, seed: int) -> nn.Sequential:
    """Weights drawn in float32 differ in their last bit from processor to processor; a check in float64 sees that."""
    net.double()
    torch.manual_seed(seed)
    for module in net.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            module.reset_parameters()
    return net
