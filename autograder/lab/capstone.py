"""The trainer of the capstone: a run is a dictionary of settings and a seed, and the same two give the same numbers again.

Needs torch; import it as `from autograder.lab import capstone`.
"""

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

from autograder.lab import noisy_digits
from autograder.lab.threads import one_thread

Config = dict[str, Any]

CHOICES: dict[str, tuple[Any, ...]] = {
    "activation": ("relu", "tanh"),
    "init": ("torch", "xavier", "kaiming", "normal 1", "normal 0.01"),
    "inputs": ("raw", "unit", "standardised"),
    "order": ("shuffled", "by class"),
    "loss": ("mean", "sum"),
    "optimizer": ("sgd", "adam"),
    "schedule": ("constant", "cosine"),
    "batchnorm": (False, True),
}
"""Settings that are one of a few words."""

RANGES: dict[str, tuple[float, float]] = {
    "lr": (1e-7, 100.0),
    "momentum": (0.0, 0.99),
    "batch": (8, 1000),
    "epochs": (1, 60),
    "weight_decay": (0.0, 1.0),
    "drop_prob": (0.0, 0.9),
    "input_noise": (0.0, 3.0),
    "label_smoothing": (0.0, 0.9),
}
"""Settings that are numbers, and how far they go. `hidden`, a list of up to 12 widths from 1 to 256, is the one besides."""

REGULARISERS: Config = {"weight_decay": 0.0, "drop_prob": 0.0, "input_noise": 0.0, "label_smoothing": 0.0}
"""The settings that regularise, switched off."""

BAD_START: Config = {
    "hidden": [64] * 10,
    "activation": "tanh",
    "init": "normal 1",
    "inputs": "raw",
    "order": "by class",
    "loss": "sum",
    "optimizer": "sgd",
    "lr": 1.0,
    "momentum": 0.0,
    "schedule": "constant",
    "batch": 32,
    "epochs": 10,
    "batchnorm": False,
    **REGULARISERS,
}
"""`bad_start.py` as a dictionary."""

SOUND: Config = (
    BAD_START
    | {"hidden": [64, 64], "init": "torch", "inputs": "standardised", "order": "shuffled", "loss": "mean"}
    | {
        "activation": "relu",
        "lr": 0.1,
        "epochs": 15,
    }
)
"""The base recipe of the course. Parts that need a sound start begin here, so that nobody has to finish the rescue first."""


MOST_UPDATES = 2600


def checked(config: Mapping[str, Any]) -> Config:
    """A copy of a configuration in which everything is known and in range.

    Raises:
        ValueError: a setting is missing, unknown or out of range; the message says which, and what it may be.
    """
    missing, unknown = sorted(BAD_START.keys() - config.keys()), sorted(config.keys() - BAD_START.keys())
    if missing or unknown:
        raise ValueError(f"a configuration has exactly the settings of BAD_START; missing: {missing}, unknown: {unknown}")
    for name, words in CHOICES.items():
        if config[name] not in words:
            raise ValueError(f"{name} must be one of {words}, got {config[name]!r}")
    for name, (low, high) in RANGES.items():
        value = config[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")
        if name in ("batch", "epochs") and value != int(value):
            raise ValueError(f"{name} must be whole, got {value!r}")
    hidden = list(config["hidden"])
    if sum(hidden) > 1024 or not all(type(width) is int and 1 <= width <= 256 for width in hidden) or len(hidden) > 12:
        raise ValueError(f"hidden must be a list of up to 12 widths from 1 to 256, 1024 in all; got {hidden}")
    if config["epochs"] * math.ceil(1000 / config["batch"]) > MOST_UPDATES:
        raise ValueError(f"epochs and batch must make at most {MOST_UPDATES} updates: the clock of the race")
    return {**config, "hidden": hidden}


def ideas(config: Mapping[str, Any]) -> str:
    """What a configuration does against overfitting, in a word: "batchnorm", "several ideas", "one idea", "none" …"""
    count = sum(bool(config[name]) for name in REGULARISERS)
    if count:
        return "several ideas" if count > 1 else "one idea"
    return "batchnorm" if config["batchnorm"] else "none" if config["hidden"] else "linear"


def build(config: Mapping[str, Any], seed: int = 0) -> nn.Sequential:
    """The net of a configuration, freshly initialised: 64 inputs, the hidden layers, 10 scores.

    Args:
        config: the settings; only those of the net matter here.
        seed: of the weights; torch's own generator is left alone.
    """
    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[config["activation"]]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        blocks: list[nn.Module] = []
        width = 64
        for wide in config["hidden"]:
            blocks += [nn.Linear(width, wide), *([nn.BatchNorm1d(wide)] if config["batchnorm"] else []), activation()]
            blocks += [nn.Dropout(config["drop_prob"])] if config["drop_prob"] else []
            width = wide
        net = nn.Sequential(*blocks, nn.Linear(width, 10))
        for module in net:
            if isinstance(module, nn.Linear):
                _initialise(module, config["init"])
    return net


def _initialise(layer: nn.Linear, init: str) -> None:
    if init == "torch":  # what nn.Linear has drawn already: uniform, a third of LeCun's variance
        return
    nn.init.zeros_(layer.bias)
    if init == "xavier":
        nn.init.xavier_normal_(layer.weight)
    elif init == "kaiming":
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    else:
        nn.init.normal_(layer.weight, std=float(init.split()[1]))


@functools.cache
def _pictures(standard: bool) -> dict[str, np.ndarray]:
    if not standard:
        return noisy_digits.load()
    from autograder.lab.data import digits

    X, y = digits(standardise=False)
    order = np.random.default_rng(0).permutation(len(X))
    return {"X": X[order[:1000]], "y": y[order[:1000]], "X_val": X[order[1000:1350]], "y_val": y[order[1000:1350]]}


def scale(X: np.ndarray, config: Mapping[str, Any], *, standard: bool = False) -> torch.Tensor:
    """Pictures as a net of this configuration wants them, float32; the statistics are those of the training part.

    Args:
        X: grey values (N, 64).
        config: the setting `inputs` counts: "raw" as they are, "unit" divided by 16, "standardised" pixel by pixel.
        standard: of the standard digits instead of the noisy ones.
    """
    if config["inputs"] == "unit":
        X = X / 16
    if config["inputs"] == "standardised":
        known = _pictures(standard)["X"]
        spread = known.std(axis=0)
        X = (X - known.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return torch.tensor(X, dtype=torch.float32)


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
    parts = _pictures(standard)
    X, X_val = (scale(parts[name], config, standard=standard) for name in ("X", "X_val"))
    y, y_val = torch.tensor(parts["y"]), torch.tensor(parts["y_val"])
    steps = config["epochs"] * math.ceil(len(X) / config["batch"])
    optimizer = make_optimizer(net, config)
    matrices = [parameter for parameter in net.parameters() if parameter.ndim == 2]
    initial_loss = _loss(net, X, y)
    losses, accuracies, ratios = [], [], []
    step = 0
    for _ in range(config["epochs"]):
        net.train()
        total = 0.0
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
                optimizer.param_groups[0]["lr"] = config["lr"] * (1 + math.cos(math.pi * step / steps)) / 2
            before = [matrix.detach().clone() for matrix in matrices] if number == len(batches) - 1 else []
            optimizer.step()
            step += 1
            total += float(loss.detach()) * (len(rows) if config["loss"] == "mean" else 1)
        ratios.append([_ratio(old, new.detach()) for old, new in zip(before, matrices, strict=True)])
        losses.append(total / len(X))
        accuracies.append(_accuracy(net, X_val, y_val))
    weights = {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}
    return Run(config, seed, initial_loss, losses, accuracies, _accuracy(net, X, y), np.array(ratios), _dead(net, X), weights)


def make_optimizer(net: nn.Module, config: Mapping[str, Any]) -> torch.optim.Optimizer:
    """The optimizer of a configuration; `weight_decay` is torch's: L2 for "sgd", decoupled (AdamW) for "adam"."""
    if config["optimizer"] == "adam":
        betas = (config["momentum"] or 0.9, 0.999)
        return torch.optim.AdamW(net.parameters(), lr=config["lr"], betas=betas, weight_decay=config["weight_decay"])
    settings = {name: config[name] for name in ("lr", "momentum", "weight_decay")}
    return torch.optim.SGD(net.parameters(), **settings)


def predict(config: Mapping[str, Any], weights: Mapping[str, np.ndarray], X: np.ndarray) -> np.ndarray:
    """The digits that a trained net reads.

    Args:
        config: its settings.
        weights: its `state_dict()` as arrays.
        X: grey values (N, 64).

    Raises:
        ValueError: the weights are not those of such a net.
    """
    config = checked(config)
    net = build(config)
    wanted = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    given = {name: tuple(np.shape(array)) for name, array in weights.items()}
    if given != wanted:
        raise ValueError("the weights are not those of the net that the configuration describes: names or shapes differ")
    with one_thread(), torch.no_grad():
        net.load_state_dict({name: torch.tensor(np.asarray(array)) for name, array in weights.items()})
        scores = net.eval()(scale(X, config))
    return np.asarray(scores.argmax(dim=1).numpy())


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


def six_repairs() -> tuple[list[float], list[float], float]:
    """What the repairs of the bad start do to the validation accuracy, in an order that tells nothing.

    Returns:
        Six accuracies with one repair alone, six with all but that one, and the accuracy with all of them.
    """
    repairs: Config = {"order": "shuffled", "hidden": [64, 64], "lr": 0.1, "init": "xavier", "loss": "mean"}
    repairs |= {"inputs": "standardised"}
    alone = [run(BAD_START | {name: value}).accuracy for name, value in repairs.items()]
    missing = [run(BAD_START | repairs | {name: BAD_START[name]}).accuracy for name in repairs]
    return alone, missing, run(BAD_START | repairs).accuracy


def range_test(
    config: Mapping[str, Any], low: float = 1e-5, high: float = 10.0, steps: int = 120, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Train with a learning rate that grows by the same factor after every update, and watch the loss.

    Args:
        config: the settings; `lr`, `schedule` and `epochs` do not count.
        low: first rate.
        high: last rate.
        steps: updates in between.
        seed: of weights and batches.

    Returns:
        Rates (steps,) and the loss of each update's batch just before it, as a mean over samples (steps,); infinite from
        where it is no number any more.
    """
    config = checked(config)
    rates, losses = np.geomspace(low, high, steps), np.full(steps, np.inf)
    parts = _pictures(False)
    X, y = scale(parts["X"], config), torch.tensor(parts["y"])
    with one_thread(), torch.random.fork_rng(devices=[]):
        net = build(config, seed).train()
        torch.manual_seed(seed + 1)
        optimizer = make_optimizer(net, config)
        for step, rate in enumerate(rates):
            rows = torch.randperm(len(X))[: config["batch"]]
            optimizer.param_groups[0]["lr"] = float(rate)
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X[rows]), y[rows], reduction=config["loss"])
            loss.backward()
            value = float(loss.detach()) / (len(rows) if config["loss"] == "sum" else 1)
            if not math.isfinite(value):
                break
            losses[step] = value
            optimizer.step()
    return rates, losses
