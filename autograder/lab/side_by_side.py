"""Small ReLU networks for the digits, stacked so that they are computed side by side.

The parameters of a stack are weights (networks, inputs, units) and biases (networks, 1, units) by turns, layer by layer.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from autograder.lab.data import digits

SAMPLES, CLASSES = 1347, 10
"""Digits in the training part (the other 450 are for validation), and their classes."""


@cache
def digit_parts() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """`X (1347, 64), y, X_val (450, 64), y_val`; one mean and one spread for all pixels, so that rare ones do not stick out."""
    X, y = digits(standardise=False)
    order = np.random.default_rng(0).permutation(len(X))
    train, val = order[:SAMPLES], order[SAMPLES:]
    X = (X - X[train].mean()) / X[train].std()
    parts = (X[train].astype(np.float32), y[train], X[val].astype(np.float32), y[val])
    X_train, y_train, X_val, y_val = (torch.from_numpy(part) for part in parts)
    return X_train, y_train, X_val, y_val


def first_weights(widths: Sequence[int], seed: int, gain: float | None) -> list[torch.Tensor]:
    """Weights (inputs, units) and biases (1, units) of one network, by turns."""
    random = torch.Generator().manual_seed(seed)
    parameters = []
    for fan_in, units in pairwise(widths):
        if gain is None:
            drawn = torch.rand(fan_in + 1, units, generator=random)
            parameters += ((2 * drawn - 1) / fan_in**0.5).split([fan_in, 1])
        else:
            parameters += [gain * (2 / fan_in) ** 0.5 * torch.randn(fan_in, units, generator=random), torch.zeros(1, units)]
    return parameters


def row_batches(seed: int, size: int) -> Iterator[torch.Tensor]:
    """Rows of the training part, shuffled anew in every epoch; a last batch that is not full is dropped."""
    random = torch.Generator().manual_seed(1000 + seed)
    while True:
        yield from torch.randperm(SAMPLES, generator=random).split(size)[: SAMPLES // size]


def hidden_layers(parameters: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """What the last hidden layer of every network makes of x (networks, n, inputs)."""
    h = x
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        h = torch.relu(torch.baddbmm(b, h, W))
    return h


def losses_of(parameters: Sequence[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Loss of every network: x (networks, n, inputs), y (networks, n)."""
    scores = torch.baddbmm(parameters[-1], hidden_layers(parameters, x), parameters[-2])
    return cross_entropy(scores.flatten(0, 1), y.flatten(), reduction="none").reshape(y.shape).mean(dim=1)


def gradients_of(
    optimizer: torch.optim.Optimizer, parameters: Sequence[torch.Tensor], x: torch.Tensor, y: torch.Tensor, penalty: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute every network's gradient; give its loss, without the penalty, and the length of the gradient."""
    loss = losses_of(parameters, x, y)
    optimizer.zero_grad()
    squares = sum(w.square().sum(dim=(1, 2)) for w in parameters[::2])
    (loss + penalty / 2 * squares).sum().backward()
    lengths = sum(w.grad.square().sum(dim=(1, 2)) for w in parameters if w.grad is not None)
    return loss.detach(), torch.as_tensor(lengths).sqrt()


def move(optimizer: torch.optim.Optimizer, parameters: Sequence[torch.Tensor], rates: torch.Tensor) -> None:
    """Make the optimizer\'s step as long, for each network, as its rate says."""
    before = [weight.detach().clone() for weight in parameters]
    optimizer.step()
    with torch.no_grad():
        for weight, old in zip(parameters, before, strict=True):
            weight.copy_(old + rates[:, None, None] * (weight - old))


def judge(parameters: Sequence[torch.Tensor], X: torch.Tensor, y: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and loss of every network on X (n, inputs)."""
    networks = len(parameters[0])
    with torch.no_grad():
        scores = torch.baddbmm(parameters[-1], hidden_layers(parameters, X.expand(networks, -1, -1)), parameters[-2])
        right = (scores.argmax(dim=2) == y).double().mean(dim=1)
        losses = cross_entropy(scores.flatten(0, 1), y.repeat(networks), reduction="none").reshape(networks, -1).mean(dim=1)
    return right.numpy(), losses.double().numpy()
