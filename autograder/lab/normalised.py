"""Small nets with a normaliser, trained on the digits: what the size of the batch and the place of the layer do to them.

Needs torch; import it as `from autograder.lab import normalised`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab.training import CLASSES, digits_split

NORMALISERS: dict[str, Callable[[int], nn.Module]] = {
    "BatchNorm": nn.BatchNorm1d,
    "LayerNorm": nn.LayerNorm,
    "none": lambda _: nn.Identity(),
}


def _net(normaliser: str, after: bool, depth: int) -> nn.Sequential:
    norm = NORMALISERS[normaliser]
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(64, 64), nn.ReLU(), norm(64)] if after else [nn.Linear(64, 64), norm(64), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, CLASSES))


def _train(net: nn.Module, X: torch.Tensor, y: torch.Tensor, batch_size: int, rate: float, steps: int) -> None:
    """Plain SGD."""
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    net.train()
    for _ in range(steps):
        rows = torch.randint(len(X), (batch_size,))
        optimizer.zero_grad()
        F.cross_entropy(net(X[rows]), y[rows]).backward()
        optimizer.step()


def _right(scores: torch.Tensor, y: torch.Tensor) -> float:
    return float((scores.argmax(dim=1) == y).double().mean())


def modes(normaliser: str, batch_size: int, *, steps: int = 300, rate: float = 0.05, seed: int = 0) -> tuple[float, float]:
    """Train a net with two hidden layers, and let it predict the validation part in both modes.

    Args:
        normaliser: "BatchNorm", "LayerNorm" or "none", between each hidden layer and its ReLU.
        batch_size: of the training, and of the predictions in training mode.
        steps: number of updates.
        rate: learning rate.
        seed: of the weights, the split and the batches.

    Returns:
        Validation accuracy in training mode, and in evaluation mode.
    """
    X, y, X_val, y_val = digits_split(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = _net(normaliser, after=False, depth=2)
        _train(net, X, y, batch_size, rate, steps)
    net.eval()
    with torch.no_grad():
        evaluation = _right(net(X_val), y_val)
        net.train()
        whole = len(X_val) // batch_size * batch_size
        scores = torch.cat([net(part) for part in X_val[:whole].split(batch_size)])
    return _right(scores, y_val[:whole]), evaluation


def places(after: bool | None, seeds: Sequence[int], *, depth: int = 6, stages: int = 5, rate: float = 0.05) -> list[list[float]]:
    """Validation accuracy of a deep net after every 20 updates, in batches of 64, with torch's own initial weights.

    Args:
        after: BatchNorm after each ReLU (True), before it (False), or nowhere (None)?
        seeds: one training each; of the weights, the split and the batches.
        depth: number of hidden layers.
        stages: how many times 20 updates.
        rate: learning rate.

    Returns:
        For each seed, `stages` accuracies in evaluation mode.
    """
    curves = []
    for seed in seeds:
        X, y, X_val, y_val = digits_split(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = _net("none" if after is None else "BatchNorm", bool(after), depth)
            curve = []
            for _ in range(stages):
                _train(net, X, y, 64, rate, 20)
                net.eval()
                with torch.no_grad():
                    curve.append(_right(net(X_val), y_val))
        curves.append(curve)
    return curves
