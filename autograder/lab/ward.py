"""What the patients of the clinic are made of: data, nets, and healthy runs to hold against theirs.

Needs torch; import it as `from autograder.lab import ward`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.split no types.)

from __future__ import annotations

import functools
from collections.abc import Mapping

import torch
from torch import nn

from autograder.lab.data import digits
from autograder.lab.training import CLASSES, base_net
from autograder.lab.ward_data import (
    blank_lines,
    diabetes_split,
    few_tumours,
    jostled,
    late_digits_split,
    merged_digits,
    photographed_digits,
    rare_split,
    raw_digits_split,
    split_rows,
    stacked_digits,
    template_share,
)
from autograder.lab.ward_runs import base_run, company, learn, linear_accuracies, naive_run, pull_of_decay, scaler_gaps

__all__ = [
    "base_run",
    "blank_lines",
    "company",
    "diabetes_split",
    "few_tumours",
    "jostled",
    "late_digits_split",
    "linear_accuracies",
    "merged_digits",
    "naive_run",
    "photographed_digits",
    "pretrained_body",
    "pull_of_decay",
    "rare_split",
    "raw_digits_split",
    "regression_net",
    "regression_score",
    "regularised_net",
    "scaler_gaps",
    "split_rows",
    "stacked_digits",
    "template_share",
]


def regularised_net() -> nn.Sequential:
    """The net of cases C04 and C05: the base net with BatchNorm, and with dropout of 0.5, in both hidden layers."""
    blocks = [[nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5)] for _ in range(2)]
    return nn.Sequential(*blocks[0], *blocks[1], nn.Linear(64, CLASSES))


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
    pixels = (X - mean) / spread
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = base_net()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(8):
            learn(net, optimizer, pixels, y, torch.randperm(len(X)).split(32))
    body = nn.Sequential(*list(net)[:4])
    body.requires_grad_(requires_grad=False)
    return body, mean, spread
