"""A run of the capstone, and what it writes down."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab.capstone_config import Config, checked
from autograder.lab.capstone_net import build, make_optimizer, pictures_of, scale
from autograder.lab.threads import one_thread


@dataclass(frozen=True)
class Run:
    """What a training wrote down.

    Attributes:
        config: its settings.
        seed: of weights, batches, dropout and noise.
        initial_loss: mean cross-entropy of the training part before the first update.
        losses: mean training loss of each epoch as it was computed (regularisers on); NaN from where it blew up.
        accuracies: accuracy on the validation part after each epoch.
        train_accuracy: accuracy on the training part at the end, everything switched off.
        ratios: for each epoch and each weight matrix, from the input up, how long its last update was in comparison with itself.
        dead: for each hidden layer the share of units that say the same (to 1e-6) for every training picture, at the end.
        weights: the net's `state_dict()` as arrays.
    """

    config: Config
    seed: int
    initial_loss: float
    losses: list[float]
    accuracies: list[float]
    train_accuracy: float
    ratios: np.ndarray = field(repr=False)
    dead: list[float] = field(repr=False)
    weights: dict[str, np.ndarray] = field(repr=False)

    @property
    def accuracy(self) -> float:
        """Accuracy on the validation part at the end."""
        return self.accuracies[-1]


def run(config: Mapping[str, Any], seed: int = 0, *, standard: bool = False) -> Run:
    """Train a net on the noisy digits. The same settings and seed are not trained twice in one session.

    Args:
        config: all settings, see `BAD_START`.
        seed: of everything random.
        standard: train on 1000 standard digits instead, without noise and wrong labels.

    Raises:
        ValueError: a setting is missing, unknown or out of range.
    """
    return _run(json.dumps(checked(config), sort_keys=True), int(seed), standard)


@functools.lru_cache(maxsize=400)
def _run(text: str, seed: int, standard: bool) -> Run:
    config: Config = json.loads(text)
    with one_thread(), torch.random.fork_rng(devices=[]):
        net = build(config, seed)
        torch.manual_seed(seed + 1)
        return _train(net, config, seed, standard)


def _train(net: nn.Sequential, config: Config, seed: int, standard: bool) -> Run:
    parts = pictures_of(standard)
    X, X_val = (scale(parts[name], config, standard=standard) for name in ("X", "X_val"))
    y, y_val = torch.tensor(parts["y"]), torch.tensor(parts["y_val"])
    optimizer = make_optimizer(net, config)
    initial_loss = _loss(net, X, y)
    losses, accuracies, ratios = [], [], []
    for epoch in range(config["epochs"]):
        total, last_ratios = _one_epoch(net, optimizer, X, y, config, epoch)
        ratios.append(last_ratios)
        losses.append(total / len(X))
        accuracies.append(_accuracy(net, X_val, y_val))
    weights = {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}
    return Run(config, seed, initial_loss, losses, accuracies, _accuracy(net, X, y), np.array(ratios), _dead(net, X), weights)


def _one_epoch(
    net: nn.Sequential, optimizer: torch.optim.Optimizer, X: torch.Tensor, y: torch.Tensor, config: Config, epoch: int
) -> tuple[float, list[float]]:
    """Learn from every sample once; give the sum of their losses, and how long the last update of each matrix was."""
    net.train()
    matrices = [parameter for parameter in net.parameters() if parameter.ndim == 2]
    total, before = 0.0, []
    order = torch.argsort(y, stable=True) if config["order"] == "by class" else torch.randperm(len(X))
    batches = order.split(config["batch"])
    for number, rows in enumerate(batches):
        inputs = X[rows]
        if config["input_noise"]:
            inputs = inputs + config["input_noise"] * torch.randn(inputs.shape)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(inputs), y[rows], reduction=config["loss"], label_smoothing=config["label_smoothing"])
        loss.backward()
        if config["schedule"] == "cosine":
            step, steps = epoch * len(batches) + number, config["epochs"] * len(batches)
            optimizer.param_groups[0]["lr"] = config["lr"] * (1 + math.cos(math.pi * step / steps)) / 2
        if number == len(batches) - 1:
            before = [matrix.detach().clone() for matrix in matrices]
        optimizer.step()
        total += float(loss.detach()) * (len(rows) if config["loss"] == "mean" else 1)
    return total, [_ratio(old, new.detach()) for old, new in zip(before, matrices, strict=True)]


def _loss(net: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    net.eval()
    with torch.no_grad():
        return float(F.cross_entropy(net(X), y))


def _accuracy(net: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    net.eval()
    with torch.no_grad():
        return float((net(X).argmax(dim=1) == y).double().mean())


def _ratio(before: torch.Tensor, after: torch.Tensor) -> float:
    return float((after - before).norm() / before.norm())


def _dead(net: nn.Sequential, X: torch.Tensor) -> list[float]:
    shares, h = [], X
    net.eval()
    with torch.no_grad():
        for module in net:
            h = module(h)
            if isinstance(module, (nn.ReLU, nn.Tanh)):
                shares.append(float(((h.amax(dim=0) - h.amin(dim=0)) < 1e-6).double().mean()))
    return shares
