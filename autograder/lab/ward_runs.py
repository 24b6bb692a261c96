"""Healthy runs, to hold against those of the clinic's patients.

Notebooks reach it as `ward`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab.training import CLASSES, accuracy, base_net, digits_split


def learn(
    net: nn.Module, optimizer: torch.optim.Optimizer, X: torch.Tensor, y: torch.Tensor, batches: Iterable[torch.Tensor]
) -> None:
    """Make one step on the mean cross-entropy of each batch, which are rows of X and y."""
    for rows in batches:
        optimizer.zero_grad()
        F.cross_entropy(net(X[rows]), y[rows]).backward()
        optimizer.step()


def linear_accuracies(seed: int, epochs: int = 15) -> list[float]:
    """What a net without hidden layers makes of the digits: one linear layer, with SGD at rate 0.1 and batches of 32.

    Args:
        seed: of the weights, the split and the batches.
        epochs: how often it sees the training part.

    Returns:
        Its validation accuracy after each epoch.
    """
    X, y, X_val, y_val = digits_split(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Linear(64, CLASSES)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        accuracies = []
        for _ in range(epochs):
            learn(net, optimizer, X, y, torch.randperm(len(X)).split(32)[:-1])
            accuracies.append(accuracy(net, X_val, y_val))
    return accuracies


def base_run(seed: int, *, shuffled: bool = True) -> list[float]:
    """Train the base recipe on the digits, and validate after each of the 15 epochs.

    Args:
        seed: of the weights, the split and the batches; torch's own generator is left alone.
        shuffled: draw a new order in every epoch? Otherwise the digits come class after class.

    Returns:
        The validation accuracies.
    """
    X, y, X_val, y_val = digits_split(seed)
    by_class = y.argsort(stable=True)
    X, y = X[by_class], y[by_class]
    found = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = base_net()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(15):
            order = torch.randperm(len(X)) if shuffled else torch.arange(len(X))
            learn(net, optimizer, X, y, order.split(32))
            found.append(accuracy(net, X_val, y_val))
    return found


def naive_run(rate: float, seed: int = 0, steps: int = 80) -> tuple[list[float], list[float]]:
    """Train the base net by SGD with momentum 0.9 on the logarithm of a softmax, until the loss is no longer finite.

    Args:
        rate: learning rate.
        seed: of the weights, the split and the batches; torch's own generator is left alone.
        steps: at most so many.

    Returns:
        For each step the loss, and by how much the largest logit of the batch leads that of the right class.
    """
    X, y, _, _ = digits_split(seed)
    losses, leads = [], []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = base_net()
        optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
        for _ in range(steps):
            rows = torch.randint(len(X), (32,))
            logits = net(X[rows])
            right = torch.arange(32), y[rows]
            loss = -torch.log(torch.softmax(logits, dim=1)[right]).mean()
            losses.append(loss.item())
            leads.append((logits.max(dim=1).values - logits[right]).max().item())
            if not np.isfinite(losses[-1]):
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses, leads


def company(epochs: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """Train a small convolutional net with BatchNorm on the digits, and validate it in *training* mode, alone and in company.

    Args:
        epochs: how many.
        seed: of the weights, the split and the batches; torch's own generator is left alone.

    Returns:
        The validation accuracies with batches of 1, and with batches of 64; before the first epoch and after each.
    """
    X, y, X_val, y_val = digits_split(seed)
    X, X_val, y_val = X.reshape(-1, 1, 8, 8), X_val[:200].reshape(-1, 1, 8, 8), y_val[:200]
    found: tuple[list[float], list[float]] = ([], [])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Conv2d(1, 16, 7), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
        for epoch in range(epochs + 1):
            if epoch:
                learn(net, optimizer, X, y, torch.randperm(len(X)).split(64))
            with torch.no_grad():
                for size, scores in zip((1, 64), found, strict=True):
                    guesses = torch.cat([net(pictures).argmax(dim=1) for pictures in X_val.split(size)])
                    scores.append(float((guesses == y_val).double().mean()))
    return found
