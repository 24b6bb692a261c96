"""Batch normalisation behind dropout: what a BatchNorm layer remembers of training, and what it meets in eval mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autograder.lab.fleets import Split
from autograder.lab.threads import one_thread

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Shift:
    """One trained network with two hidden layers, each with a BatchNorm.

    Attributes:
        ratio: for each unit of the second BatchNorm, the variance of its input in eval mode over the variance that it remembers.
        loss: validation loss with the statistics that the layers remember.
        loss_anew: validation loss after the statistics were taken anew, with dropout switched off.
    """

    ratio: np.ndarray
    loss: float
    loss_anew: float


def measure(data: Split, drop_prob: float, place: str = "before", seed: int = 0) -> Shift:
    """Train 64-64-64-10 with Adam for 25 epochs, and compare variances.

    Args:
        data: what to learn.
        drop_prob: share of the units that is dropped; 0 for none.
        place: "before" drops inputs of the second hidden layer, so that its BatchNorm sees the holes; "after" drops inputs of the
            last layer, where no BatchNorm follows.
        seed: of everything random.
    """
    import torch

    with one_thread(), torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _network(drop_prob, place)
        X, y = torch.tensor(data.X, dtype=torch.float32), torch.tensor(data.y)
        X_val, y_val = torch.tensor(data.X_val, dtype=torch.float32), torch.tensor(data.y_val)
        _train(model, X, y)
        model.eval()
        with torch.no_grad():
            loss = float(torch.nn.functional.cross_entropy(model(X_val), y_val))
            ratio = np.empty(0)
            h = X
            for layer in model:
                if isinstance(layer, torch.nn.BatchNorm1d) and layer.running_var is not None and layer.running_mean is not None:
                    ratio = (h.var(dim=0) / layer.running_var).double().numpy()
                    layer.running_mean.copy_(h.mean(dim=0))
                    layer.running_var.copy_(h.var(dim=0))
                h = layer(h)
            loss_anew = float(torch.nn.functional.cross_entropy(model(X_val), y_val))
    return Shift(ratio, loss, loss_anew)


def _network(drop_prob: float, place: str) -> nn.Sequential:
    from torch import nn

    before, after = (nn.Dropout(drop_prob if place == wanted else 0.0) for wanted in ("before", "after"))
    first = (nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), before)
    return nn.Sequential(*first, nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), after, nn.Linear(64, 10))


def _train(model: nn.Module, X: Tensor, y: Tensor, epochs: int = 25) -> None:
    import torch

    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X) - 31, 32):
            chosen = order[start : start + 32]
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(X[chosen]), y[chosen])
            torch.autograd.backward(loss)
            optimizer.step()
