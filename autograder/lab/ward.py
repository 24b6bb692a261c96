"""What the patients of the clinic are made of: data, nets, and healthy runs to hold against theirs.

Needs torch; import it as `from autograder.lab import ward`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab.data import digits
from autograder.lab.training import CLASSES, accuracy, base_net, digits_split
from autograder.lab.ward_data import (
    diabetes_split,
    jostled,
    late_digits_split,
    merged_digits,
    rare_split,
    raw_digits_split,
    split_rows,
    stacked_digits,
    template_share,
)

__all__ = [
    "base_run",
    "company",
    "diabetes_split",
    "jostled",
    "late_digits_split",
    "linear_accuracies",
    "merged_digits",
    "naive_run",
    "pretrained_body",
    "rare_split",
    "raw_digits_split",
    "regression_net",
    "regression_score",
    "regularised_net",
    "split_rows",
    "stacked_digits",
    "template_share",
]


def regularised_net() -> nn.Sequential:
    """The net of cases C04 and C05: the base net with BatchNorm, and with dropout of 0.5, in both hidden layers."""
    blocks = [[nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5)] for _ in range(2)]
    return nn.Sequential(*blocks[0], *blocks[1], nn.Linear(64, CLASSES))


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
            for rows in torch.randperm(len(X)).split(32)[:-1]:
                optimizer.zero_grad()
                F.cross_entropy(net(X[rows]), y[rows]).backward()
                optimizer.step()
            accuracies.append(accuracy(net, X_val, y_val))
    return accuracies


def regression_net() -> nn.Sequential:
    """The net that learns from `diabetes_split`: 10-32-1, ReLU."""
    return nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))


def regression_score(weights: Mapping[str, torch.Tensor], seed: int) -> tuple[float, float]:
    """How good a trained `regression_net` is on the validation part of a split.

    Args:
        weights: its `state_dict()`.
        seed: of the split.

    Returns:
        R², and the standard deviation of its predictions.
    """
    net = regression_net()
    net.load_state_dict(weights)
    _, _, X, y = diabetes_split(seed)
    with torch.no_grad():
        predictions = net(X).flatten()
    return float(1 - (predictions - y).square().mean() / y.var(correction=0)), float(predictions.std())


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
            for rows in order.split(32):
                optimizer.zero_grad()
                F.cross_entropy(net(X[rows]), y[rows]).backward()
                optimizer.step()
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
                for rows in torch.randperm(len(X)).split(64):
                    optimizer.zero_grad()
                    F.cross_entropy(net(X[rows]), y[rows]).backward()
                    optimizer.step()
            with torch.no_grad():
                for size, scores in zip((1, 64), found, strict=True):
                    guesses = torch.cat([net(pictures).argmax(dim=1) for pictures in X_val.split(size)])
                    scores.append(float((guesses == y_val).double().mean()))
    return found


@functools.cache
def pretrained_body() -> tuple[nn.Sequential, torch.Tensor, torch.Tensor]:
    """Two layers that have learned to read the digits 0 to 4, and the mean and spread by which their pixels were standardised.

    Returns:
        `(body, mean, spread)`: a frozen net from 64 pixels to 64 features; mean and standard deviation of each pixel (64,), where
        a pixel that never changes has the spread 1.
    """
    X, y = (torch.from_numpy(part) for part in digits(standardise=False))
    X, y = X[y < 5].float(), y[y < 5]
    mean, spread = X.mean(dim=0), X.std(dim=0)
    spread = torch.where(spread > 0, spread, 1.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = base_net()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(8):
            for rows in torch.randperm(len(X)).split(32):
                optimizer.zero_grad()
                F.cross_entropy(net((X[rows] - mean) / spread), y[rows]).backward()
                optimizer.step()
    body = nn.Sequential(*list(net)[:4])
    body.requires_grad_(requires_grad=False)
    return body, mean, spread
