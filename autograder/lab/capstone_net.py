"""What a configuration of the capstone describes: the net, its inputs and its optimizer."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from autograder.lab import noisy_digits
from autograder.lab.capstone_config import checked
from autograder.lab.threads import one_thread


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
def pictures_of(standard: bool) -> dict[str, np.ndarray]:
    """The training and the validation part, of the noisy digits or of 1000 and 350 standard ones."""
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
        known = pictures_of(standard)["X"]
        spread = known.std(axis=0)
        X = (X - known.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return torch.tensor(X, dtype=torch.float32)


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
