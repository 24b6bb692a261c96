"""Healthy runs, to hold against those of the clinic's patients.

Notebooks reach it as `ward`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab.training import CLASSES, accuracy, base_net, digits_split
from autograder.lab.ward_data import few_tumours


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


def scaler_gaps(n: int, studies: int = 40) -> tuple[float, np.ndarray]:
    """What it does for the score of a small study that its scaler has seen the validation part.

    Args:
        n: how many tumours a study learns from.
        studies: how many are made, each with a seed of its own; torch's own generator is left alone.

    Returns:
        The mean validation accuracy when means and spreads are fitted on the n alone; and for each study by how much it is higher
        when they are fitted on all tumours, the net, the seed and everything else being the same.
    """
    scores = np.empty((studies, 2))
    for seed in range(studies):
        X, y, X_val, y_val = few_tumours(seed, n)
        for kind, fitted in enumerate((X, torch.cat([X, X_val]))):
            mean, spread = fitted.mean(dim=0), fitted.std(dim=0, correction=0)
            inputs, others = (X - mean) / spread, (X_val - mean) / spread
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                net = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 2))
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            learn(net, optimizer, inputs, y, 40 * [torch.arange(n)])
            scores[seed, kind] = accuracy(net, others, y_val)
    return float(scores[:, 0].mean()), scores[:, 1] - scores[:, 0]


def pull_of_decay(weights: Mapping[str, torch.Tensor], seed: int, rate: float = 0.1, steps: int = 645) -> float:
    """How strongly a training has pulled the weights of a base net to zero, read off the pixels that never change.

    Such a pixel is 0 in every standardised picture of the training part, so the loss of the answers says nothing about its
    weights, and every step of SGD only shrinks them: by the factor 1 - rate · pull.

    Args:
        weights: `state_dict()` of the trained net, whose initial weights were drawn first after `torch.manual_seed(seed)`.
        seed: of the weights and of the split.
        rate: learning rate of the training.
        steps: how many it has made; 15 epochs of 43 batches are 645.

    Returns:
        The pull: what torch calls `weight_decay`, and twice the λ of a penalty λ · Σ w².
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        start = base_net().state_dict()["0.weight"]
    never = (digits_split(seed)[0] == 0).all(dim=0)
    shrunk = float(weights["0.weight"][:, never].double().norm() / start[:, never].double().norm())
    return float((1 - shrunk ** (1 / steps)) / rate)
