"""A training of the base net, written down as the rows that `dashboard` draws.

Needs torch; `dashboard.run` imports it when it is called.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab.dashboard_rows import LAYERS
from autograder.lab.data import digits
from autograder.lab.training import base_net, digits_split

_RULES: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def record(optimizer: str, rate: float, steps: int, seed: int, every: int) -> list[dict[str, Any]]:
    """Train, and write everything down; see `dashboard.run`."""
    X, y, X_val, y_val = digits_split(seed)
    fixed = (X_val[:40], y_val[:40])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = base_net()
        rule = _RULES[optimizer](net.parameters(), lr=rate)
        batches = [rows for _ in range(1 + steps * 32 // len(X)) for rows in torch.randperm(len(X)).split(32)]
    records: list[dict[str, Any]] = []
    for step in range(steps):
        row: dict[str, Any] = {"step": step}
        if step == 0:
            row |= _histograms(net)
        rows = batches[step]
        records.append(row | _learn(net, rule, X[rows], y[rows], fixed if step % every == 0 else None))
    pictures, _ = digits(standardise=False)
    shown = pictures[np.random.default_rng(seed).permutation(len(pictures))[len(X) :]]  # as in digits_split
    end = {"step": steps, "fixed": _sure_of_truth(net, *fixed), **_histograms(net), **_guesses(net, X_val, y_val, shown)}
    return [*records, end]


def _learn(
    net: nn.Sequential,
    rule: torch.optim.Optimizer,
    X: torch.Tensor,
    y: torch.Tensor,
    fixed: tuple[torch.Tensor, torch.Tensor] | None,
) -> dict[str, Any]:
    """One update; more than the loss is written down where `fixed` is given, the samples that never change."""
    row: dict[str, Any] = {}
    hidden = [net[:2](X)]
    hidden.append(net[2:4](hidden[0]))
    loss = F.cross_entropy(net[4](hidden[1]), y)
    rule.zero_grad()
    loss.backward()
    if fixed:
        row["activations"] = {layer: _statistics(h.detach().numpy()) for layer, h in zip(LAYERS, hidden, strict=False)}
        row["fixed"] = _sure_of_truth(net, *fixed)
    old = _values(net, "weight") if fixed else []
    rule.step()
    if fixed:
        pairs = zip(LAYERS, _values(net, "weight"), old, strict=True)
        row["ratios"] = {layer: float(np.linalg.norm(new - was) / np.linalg.norm(was)) for layer, new, was in pairs}
    return row | {"loss": loss.item()}


def _values(net: nn.Sequential, what: str) -> list[np.ndarray]:
    return [getattr(net[place], what).detach().numpy().copy() for place in (0, 2, 4)]


def _sure_of_truth(net: nn.Sequential, X: torch.Tensor, y: torch.Tensor) -> list[float]:
    """The probability that the net gives to the right class of each sample."""
    with torch.no_grad():
        sure = F.softmax(net(X), dim=1)
    return [round(p, 5) for p in sure[torch.arange(len(X)), y].tolist()]


def _guesses(net: nn.Sequential, X: torch.Tensor, y: torch.Tensor, pictures: np.ndarray) -> dict[str, Any]:
    with torch.no_grad():
        sure, guesses = F.softmax(net(X), dim=1).max(dim=1)
    return {
        "truth": y.tolist(),
        "guesses": guesses.tolist(),
        "mistakes": [
            {"picture": pictures[i].tolist(), "truth": int(y[i]), "guess": int(guesses[i]), "sure": float(sure[i])}
            for i in torch.nonzero(guesses != y).flatten().tolist()
        ],
    }


def _statistics(h: np.ndarray) -> dict[str, float]:
    return {"std": float(h.std()), "zero": float(np.mean(h == 0))}


def _histograms(net: nn.Sequential) -> dict[str, Any]:
    return {"weights": _histogram(_values(net, "weight")), "biases": _histogram(_values(net, "bias"))}


def _histogram(layers: Sequence[np.ndarray]) -> dict[str, dict[str, list[float]]]:
    found = {}
    for layer, values in zip(LAYERS, layers, strict=True):
        finite = values[np.isfinite(values)]
        counts, edges = np.histogram(finite, bins=25 if values.ndim > 1 else 8)
        found[layer] = {"edges": edges.tolist(), "counts": counts.tolist()}
    return found
