"""The trainer of the capstone: a run is a dictionary of settings and a seed, and the same two give the same numbers again.

Needs torch; import it as `from autograder.lab import capstone`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from autograder.lab.capstone_config import BAD_START, REGULARISERS, SOUND, Config, checked, ideas
from autograder.lab.capstone_net import build, make_optimizer, pictures_of, predict, scale
from autograder.lab.capstone_training import run
from autograder.lab.threads import one_thread

__all__ = [
    "BAD_START",
    "REGULARISERS",
    "SOUND",
    "build",
    "ideas",
    "predict",
    "range_test",
    "run",
    "scale",
    "six_repairs",
]


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
    parts = pictures_of(False)
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
