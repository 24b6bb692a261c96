"""Trainings that differ in nothing but their start: the same random numbers, the same batches, another scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from autograder.lab.threads import one_thread

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class Start:
    """How the weights of a ReLU network begin. All biases but those of the last layer begin at 0.

    Attributes:
        name: what to call it.
        std: takes a layer's fan_in, gives the standard deviation of its weights.
        last_std: standard deviation of the last layer's weights; None: as `std` says.
        output_bias: biases of the last layer; None: 0.
    """

    name: str
    std: Callable[[int], float]
    last_std: float | None = None
    output_bias: np.ndarray | None = None


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        first: loss on all training samples before the first update.
        last: the same after the last update; nan or infinite when the weights have left the range of floating point.
        losses: loss on the batch of every update.
        accuracy: share of the held-out samples that are classified rightly.
    """

    first: float
    last: float
    losses: np.ndarray
    accuracy: float


def train(
    starts: Sequence[Start],
    X: np.ndarray,
    y: np.ndarray,
    *,
    hidden: tuple[int, ...] = (64, 64),
    updates: int = 400,
    rate: float = 0.1,
    batch: int = 32,
    seed: int = 0,
) -> list[Outcome]:
    """Train one ReLU classifier for each start by plain SGD, all of them side by side.

    Args:
        starts: how the networks begin.
        X: samples (N, D); a quarter of them is held out.
        y: their classes (N,), from 0.
        hidden: widths of the hidden layers.
        updates: how many.
        rate: learning rate.
        batch: samples in a batch.
        seed: of the weights, the split and the batches: the same for all networks.

    Returns:
        The outcome of every start, in order.
    """
    import torch

    random = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(X), generator=random)
    samples, labels = torch.tensor(X, dtype=torch.float32)[order], torch.tensor(y)[order]
    held_out = len(X) // 4
    rest, rest_labels = samples[held_out:], labels[held_out:]
    networks = _Networks(starts, (X.shape[1], *hidden, int(y.max()) + 1), random)
    history = []
    with one_thread():
        with torch.no_grad():
            first = networks.losses(rest, rest_labels)
        optimizer = torch.optim.SGD([*networks.weights, *networks.biases], lr=rate)
        for _ in range(updates):
            chosen = torch.randint(len(rest), (batch,), generator=random)
            loss = networks.losses(rest[chosen], rest_labels[chosen])
            optimizer.zero_grad()
            loss.sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            history.append(loss.detach())
        with torch.no_grad():
            last = networks.losses(rest, rest_labels)
            accuracy = (networks.scores(samples[:held_out]).argmax(dim=2) == labels[:held_out]).double().mean(dim=1)
    curves = torch.stack(history, dim=1).double().numpy()
    return [Outcome(float(first[i]), float(last[i]), curves[i], float(accuracy[i])) for i in range(len(starts))]


class _Networks:
    """One ReLU network for each start, computed side by side.

    Attributes:
        weights: for each layer a stack (networks, inputs, units).
        biases: for each layer a stack (networks, 1, units).
    """

    def __init__(self, starts: Sequence[Start], widths: Sequence[int], random: Generator) -> None:
        import torch

        self.weights: list[Tensor] = []
        self.biases: list[Tensor] = []
        for layer, (fan_in, units) in enumerate(pairwise(widths)):
            is_last = layer == len(widths) - 2
            numbers = torch.randn(fan_in, units, generator=random)
            spreads = [start.last_std if is_last and start.last_std is not None else start.std(fan_in) for start in starts]
            self.weights.append(torch.stack([spread * numbers for spread in spreads]).requires_grad_())
            begin = [start.output_bias if is_last and start.output_bias is not None else np.zeros(units) for start in starts]
            self.biases.append(torch.tensor(np.stack(begin), dtype=torch.float32)[:, None].clone().requires_grad_())

    def scores(self, x: Tensor) -> Tensor:
        """Scores of samples (N, D): (networks, N, classes)."""
        import torch

        h = x.expand(len(self.weights[0]), -1, -1)
        for layer, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(b, torch.relu(h) if layer else h, W)
        return h

    def losses(self, x: Tensor, target: Tensor) -> Tensor:
        """Mean loss of every network (networks,)."""
        from torch.nn.functional import cross_entropy

        networks = len(self.weights[0])
        each = cross_entropy(self.scores(x).flatten(0, 1), target.repeat(networks), reduction="none")
        return each.reshape(networks, -1).mean(dim=1)


@dataclass(frozen=True)
class Film:
    """A hidden layer of tanh units with two inputs, while it learns.

    Attributes:
        weights: weights of every unit after every update (updates + 1, 2, units).
        decide: the trained classifier: takes points (M, 2), returns the class of each, 0 or 1.
        accuracy: on the points that it was trained on.
    """

    weights: np.ndarray
    decide: Callable[[np.ndarray], np.ndarray]
    accuracy: float


def film(W1: np.ndarray, W2: np.ndarray, X: np.ndarray, y: np.ndarray, updates: int = 700, rate: float = 2.0) -> Film:
    """Train a classifier of two classes with one hidden layer of tanh units by gradient descent on all samples.

    Args:
        W1: first weights of the hidden layer (2, units).
        W2: first weights of the output layer (units, 2). The biases begin at 0.
        X: points (N, 2).
        y: their classes (N,), 0 or 1.
        updates: how many.
        rate: learning rate.
    """
    import torch

    points, labels = torch.tensor(X), torch.tensor(y)
    units, classes = W2.shape
    hidden = torch.nn.Linear(len(W1), units, dtype=torch.float64)
    out = torch.nn.Linear(units, classes, dtype=torch.float64)
    with torch.no_grad():
        hidden.weight.copy_(torch.tensor(W1.T))
        out.weight.copy_(torch.tensor(W2.T))
        hidden.bias.zero_()
        out.bias.zero_()
    network = torch.nn.Sequential(hidden, torch.nn.Tanh(), out)
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    frames = [np.array(W1, dtype=float)]
    with one_thread():
        for _ in range(updates):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(points), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            frames.append(hidden.weight.detach().numpy().T.copy())

    def decide(places: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(network(torch.tensor(places)).argmax(dim=1).numpy())

    return Film(np.stack(frames), decide, float(np.mean(decide(X) == y)))
