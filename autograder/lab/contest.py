"""One small network, one set of data, and any of torch's optimizers: what the digits make of a rule and its rate."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.lab.threads import one_thread

if TYPE_CHECKING:
    from torch.nn import Module


@dataclass(frozen=True)
class Log:
    """What came of a training.

    Attributes:
        loss: of each mini-batch, before its step, (steps,).
        val_loss: of the validation part at the end.
        accuracy: share of the validation part that is right at the end.
        path: all weights in a row, before the first epoch and after each, (epochs + 1, W).
    """

    loss: np.ndarray
    val_loss: float
    accuracy: float
    path: np.ndarray

    def smooth(self, width: int = 20) -> np.ndarray:
        """The loss as a mean over the last `width` steps, fewer at the beginning."""
        total = np.concatenate([[0.0], np.cumsum(self.loss)])
        end = np.arange(1, len(total))
        start = np.maximum(end - width, 0)
        return np.asarray((total[end] - total[start]) / (end - start))


def train(
    optimizer: str,
    *,
    epochs: int = 5,
    batch: int = 32,
    seed: int = 0,
    momentum_at: Callable[[int], float] | None = None,
    **settings: Any,
) -> Log:
    """Train a 64-64-64-10 ReLU network on three quarters of the digits.

    Args:
        optimizer: name of a class in `torch.optim`.
        epochs: how often it sees every sample.
        batch: samples in a mini-batch; a last one that is not full is left out.
        seed: of the split, the initial weights and the batches.
        momentum_at: gives the momentum for each step, where it is not the same all the time.
        settings: handed to the optimizer.
    """
    import torch
    import torch.nn.functional as F

    from autograder.lab.training import base_net, digits_split

    X, y, X_val, y_val = digits_split(seed)
    losses: list[float] = []
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = base_net()
        rule: torch.optim.Optimizer = getattr(torch.optim, optimizer)(net.parameters(), **settings)
        path = [_weights(net)]
        for _ in range(epochs):
            order = torch.randperm(len(X))
            for start in range(0, len(X) - batch + 1, batch):
                if momentum_at:
                    rule.param_groups[0]["momentum"] = momentum_at(len(losses))
                rows = order[start : start + batch]
                loss = F.cross_entropy(net(X[rows]), y[rows])
                rule.zero_grad()
                loss.backward()
                rule.step()
                losses.append(float(loss.detach()))
            path.append(_weights(net))
        with torch.no_grad():
            scores = net(X_val)
            accuracy = float((scores.argmax(dim=1) == y_val).double().mean())
            return Log(np.array(losses), float(F.cross_entropy(scores, y_val)), accuracy, np.array(path))


def _weights(net: Module) -> np.ndarray:
    """All weights in a row."""
    from torch.nn.utils import parameters_to_vector

    return np.asarray(parameters_to_vector(net.parameters()).detach().numpy().copy())
