"""Small torch trainings on the digits: data, patients with a planted defect, and instruments that watch somebody else's training.

Needs torch; import it as `from autograder.lab import training`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import plots
from autograder.lab.data import digits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASSES = 10
GUESSING = float(np.log(CLASSES))
"""Cross-entropy of a net that gives every digit the same probability."""


def digits_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The digits as float32 tensors, three quarters to train on and one quarter to validate.

    Args:
        seed: decides which digit goes where.

    Returns:
        `X_train (1347, 64), y_train, X_val (450, 64), y_val`, standardised with the statistics of the training part.
    """
    X, y = digits(standardise=False)
    order = np.random.default_rng(seed).permutation(len(X))
    train, val = np.split(order, [3 * len(X) // 4])
    mean, spread = X[train].mean(axis=0), X[train].std(axis=0)
    X = (X - mean) / np.where(spread > 0, spread, 1.0)
    parts = [(torch.tensor(X[rows], dtype=torch.float32), torch.tensor(y[rows])) for rows in (train, val)]
    return *parts[0], *parts[1]


def base_net() -> nn.Sequential:
    """The net of the base recipe: 64-64-64-10, ReLU, torch's own initial weights."""
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES))


# patients for unit 8


class _Cut(nn.Module):
    """Lets values through, and no gradient."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same numbers without their history."""
        return x.detach()


def patient(condition: str, seed: int = 0) -> nn.Sequential:
    """A net for the digits in float64, healthy or with a defect.

    Args:
        condition: "healthy"; "softmax twice", where the net ends in a softmax and the loss adds its own; "dead body", where no
            gradient gets below the last layer; "batchnorm", healthy, with a BatchNorm after the first layer.
        seed: of the initial weights; torch's own generator is left alone.

    Raises:
        KeyError: an unknown condition.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = base_net()
        body, head = net[:4], net[4:]
        nets = {
            "healthy": net,
            "softmax twice": nn.Sequential(*net.children(), nn.Softmax(dim=1)),
            "dead body": nn.Sequential(body, _Cut(), head),
            "batchnorm": nn.Sequential(net[0], nn.BatchNorm1d(64), net[1:]),
        }
        return nets[condition].double()


def batch(n: int, seed: int = 0, labels: str = "true") -> tuple[torch.Tensor, torch.Tensor]:
    """Some digits to overfit.

    Args:
        n: how many.
        seed: which ones.
        labels: "true"; "random", drawn anew without a look at the picture; "contradictory", where the last picture is the first
            one again, under another label.

    Returns:
        `X (n, 64)` in float64, standardised, and the labels `y (n,)`.
    """
    X, y = digits()
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))[:n]
    pictures, names = X[rows], y[rows]
    if labels == "random":
        names = rng.integers(CLASSES, size=n)
    if labels == "contradictory":
        pictures[-1], names[-1] = pictures[0], (names[0] + 1) % CLASSES
    return torch.from_numpy(pictures), torch.from_numpy(names)


# instruments


def validation_score(weights: Mapping[str, torch.Tensor], seed: int, net: nn.Module | None = None) -> tuple[float, float]:
    """How good a trained net is on the validation part of a split.

    Args:
        weights: its `state_dict()`.
        seed: of the split.
        net: of which kind it is; the base net unless given. Takes the weights on, and is used in evaluation mode.

    Returns:
        Accuracy and mean cross-entropy.
    """
    net = (net or base_net()).eval()
    net.load_state_dict(weights)
    _, _, X, y = digits_split(seed)
    with torch.no_grad():
        loss = F.cross_entropy(net(X), y)
    return accuracy(net, X, y), float(loss)


def chart(history: Sequence[Mapping[str, float]], classes: int = CLASSES) -> Figure:
    """The log of a training as a picture.

    Args:
        history: for each epoch its `loss` (mean over the training batches) and its `accuracy` on the validation part.
        classes: how many there are to guess among.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    figure, (left, right) = plots.panels(1, 2, size=(4.4, 2.8))
    epochs = np.arange(1, len(history) + 1)
    losses, guessing = np.array([row["loss"] for row in history]), float(np.log(classes))
    left.plot(epochs, losses, "o-", markersize=3)
    plots.reference(left, y=guessing, text=f"guessing: log {classes}")
    plots.label(left, "epoch", "training loss")
    drawn = [guessing, *losses[np.isfinite(losses)]]
    if max(drawn) > 3 * min(drawn) > 0:
        left.set_yscale("log")
        left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        left.yaxis.set_minor_locator(NullLocator())
    right.plot(epochs, [row["accuracy"] for row in history], "o-", markersize=3, color=plots.GREEN)
    plots.reference(right, y=1 / classes, text=f"guessing: {1 / classes:g}")
    plots.label(right, "epoch", "validation accuracy")
    right.set_ylim(0, 1.02)
    ticks = [tick for tick in MaxNLocator(8, integer=True).tick_values(1, len(history)) if 1 <= tick <= len(history)]
    for axis in (left, right):  # with room for the words beyond the last epoch
        axis.set(xlim=(0.3, 1.4 * len(history)), xticks=ticks)
    return figure


def memorise(n: int, seed: int = 0, labels: str = "true") -> tuple[float, float]:
    """Fit a healthy net to a batch by 150 steps of Adam on the whole batch.

    Args:
        n: size of the batch.
        seed: of the batch and of the initial weights.
        labels: as in `batch`.

    Returns:
        Accuracy on the batch, and on 500 digits with their true labels that are not in it.
    """
    X, y = batch(n, seed, labels)
    X_other, y_other = (part[-500:] for part in batch(1797, seed))
    net = patient("healthy", seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        optimizer.step()
    return accuracy(net, X, y), accuracy(net, X_other, y_other)


def accuracy(net: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    """The share of X (N, …) for which the highest of the net's scores is that of the label in y (N,)."""
    with torch.no_grad():
        return float((net(X).argmax(dim=1) == y).double().mean())


def spread_film(batchnorm: bool, spread: float, *, depth: int = 6, steps: int = 200, seed: int = 0) -> tuple[np.ndarray, float]:
    """Train a deep ReLU net of width 64 on the digits by plain SGD (rate 0.1, batches of 64), and measure its layers at every step.

    Args:
        batchnorm: put a BatchNorm between each hidden layer and its ReLU?
        spread: standard deviation of the initial weights.
        depth: number of hidden layers.
        steps: number of updates.
        seed: of the weights, the split and the batches.

    Returns:
        The standard deviation of what each hidden layer hands on, (steps, depth), and the validation accuracy at the end.
    """
    X, y, X_val, y_val = digits_split(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        norm = nn.BatchNorm1d if batchnorm else nn.Identity
        blocks = [nn.Sequential(nn.Linear(64, 64), norm(64), nn.ReLU()) for _ in range(depth)]
        net = nn.Sequential(*blocks, nn.Linear(64, CLASSES))
        for module in net.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=spread)
                nn.init.zeros_(module.bias)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        film = np.empty((steps, depth))
        for step in range(steps):
            rows = torch.randint(len(X), (64,))
            h = X[rows]
            for level, block in enumerate(blocks):
                h = block(h)
                film[step, level] = float(h.detach().std())
            optimizer.zero_grad()
            F.cross_entropy(net[-1](h), y[rows]).backward()
            optimizer.step()
    net.eval()
    return film, accuracy(net, X_val, y_val)
