"""One training under many learning rates: small networks learn the digits side by side, each with a rate of its own at every step.

Needs torch; import it as `from autograder.lab import many_rates`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from autograder.lab.data import digits
from autograder.lab.threads import one_thread

SAMPLES, CLASSES = 1347, 10
"""Digits in the training part (the other 450 are for validation), and their classes."""


@dataclass(frozen=True)
class Course:
    """How the trainings went; every array has one column for each network.

    Attributes:
        losses: loss on the batch of every step, before the update (steps, networks).
        norms: length of the whole gradient at every step (steps, networks).
        accuracy: validation accuracy after every epoch (epochs, networks).
        val_loss: validation loss after every epoch (epochs, networks).
    """

    losses: np.ndarray
    norms: np.ndarray
    accuracy: np.ndarray
    val_loss: np.ndarray


def epoch(batch: int = 32) -> int:
    """Steps in one pass through the training digits; the last batch is dropped if it is not full.

    >>> epoch(32), epoch(256)
    (42, 5)
    """
    return SAMPLES // batch


def train(
    rates: np.ndarray,
    *,
    seeds: Sequence[int] | int = 0,
    hidden: tuple[int, ...] = (64, 64),
    batch: int = 32,
    rule: str = "SGD",
    decay: Sequence[float] | float = 0.0,
    gain: float | None = None,
    **settings: float,
) -> Course:
    """Train one ReLU network for each row of `rates`, all of them side by side.

    Args:
        rates: learning rate of every network at every step (networks, steps).
        seeds: of the weights and the batches, one for all networks or one for each. Networks with one seed start alike and see
            the same batches.
        hidden: widths of the hidden layers.
        batch: samples in a batch.
        rule: name of a class in `torch.optim`.
        decay: strength of an L2 penalty, decay / 2 * sum(w**2), for all networks or for each.
        gain: the first weights are normal, with `gain` times the spread of He et al. (2015), and the biases are 0. None: as torch
            begins.
        settings: handed to the optimizer, as `momentum=0.9`.
    """
    networks, steps = rates.shape
    seeds = [seeds] * networks if isinstance(seeds, int) else list(seeds)
    penalty = torch.tensor(np.broadcast_to(decay, networks).copy())
    X, y, X_val, y_val = _digits()
    widths = (X.shape[1], *hidden, CLASSES)
    with one_thread():
        starts = [_start(widths, seed, gain) for seed in seeds]
        parameters = [torch.stack(stack).requires_grad_() for stack in zip(*starts, strict=True)]
        batches = [_batches(seed, batch) for seed in seeds]
        # A rate of 1 here, and the rate of each network afterwards: all these rules move in proportion to their rate.
        optimizer: torch.optim.Optimizer = getattr(torch.optim, rule)(parameters, lr=1.0, **settings)
        losses, norms, judged = np.empty((steps, networks)), np.empty((steps, networks)), []
        for step in range(steps):
            chosen = torch.stack([next(source) for source in batches])
            loss = _losses(parameters, X[chosen], y[chosen])
            optimizer.zero_grad()
            squares = sum(w.square().sum(dim=(1, 2)) for w in parameters[::2])
            (loss + penalty / 2 * squares).sum().backward()
            lengths = sum(w.grad.square().sum(dim=(1, 2)) for w in parameters if w.grad is not None)
            losses[step], norms[step] = loss.detach(), torch.as_tensor(lengths).sqrt()
            _move(optimizer, parameters, torch.tensor(rates[:, step], dtype=torch.float32))
            if (step + 1) % epoch(batch) == 0:
                judged.append(_judge(parameters, X_val, y_val))
    accuracy, val_loss = (np.array(part) for part in zip(*judged, strict=True)) if judged else (np.empty((0, networks)),) * 2
    return Course(losses, norms, accuracy, val_loss)


def planned(plan: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler], steps: int, lr0: float) -> np.ndarray:
    """The rates that a scheduler of torch gives to the first steps of a training, (steps,).

    Args:
        plan: makes the scheduler for an optimizer.
        steps: how many.
        lr0: rate that the optimizer begins with.

    >>> planned(lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5), 5, 0.8).tolist()
    [0.8, 0.8, 0.4, 0.4, 0.2]
    """
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr0)
    scheduler, seen = plan(optimizer), []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(seen)


def stepper(seed: int = 0, hidden: tuple[int, ...] = (64, 64)) -> Callable[[Any, float], float]:
    """A fresh network for the digits, as something that learns a batch at a time.

    Args:
        seed: of its weights.
        hidden: widths of its hidden layers.

    Returns:
        A function `model(batch, lr)` that computes the loss of the batch, makes one step of plain SGD with that rate, and returns
        the loss. `batch` is a pair of arrays, pixels (n, 64) and labels (n,).
    """
    with one_thread():
        weights = [w[None].requires_grad_() for w in _start((64, *hidden, CLASSES), seed, gain=None)]

    def model(batch: Any, lr: float) -> float:
        X, y = torch.tensor(batch[0], dtype=torch.float32), torch.tensor(batch[1])
        with one_thread():
            loss = _losses(weights, X[None], y[None]).sum()
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight -= lr * gradient
        return float(loss.detach())

    return model


def batches(count: int, size: int = 32, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Batches of training digits for a `stepper`: pairs of pixels (size, 64) and labels (size,)."""
    X, y, _, _ = _digits()
    source = _batches(seed, size)
    chosen = [next(source) for _ in range(count)]
    return [(X[rows].double().numpy(), y[rows].numpy()) for rows in chosen]


def sample_gradients(seed: int = 0, steps: int = 0, lr: float = 0.1) -> np.ndarray:
    """Gradient of every single training digit's loss with respect to the last layer's weights, one row for each digit.

    Args:
        seed: of the weights and batches.
        steps: how many steps of plain SGD to make before looking.
        lr: their rate.
    """
    X, y, _, _ = _digits()
    weights = [w[None].requires_grad_() for w in _start((64, 64, 64, CLASSES), seed, None)]
    with one_thread():
        for rows, _ in zip(_batches(seed, 32), range(steps), strict=False):
            gradients = torch.autograd.grad(_losses(weights, X[rows][None], y[rows][None]).sum(), weights)
            with torch.no_grad():
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight -= lr * gradient
        with torch.no_grad():
            h = _hidden(weights, X[None])[0]
            error = torch.softmax(h @ weights[-2][0] + weights[-1][0], dim=1) - torch.eye(CLASSES)[y]
            return np.asarray((h[:, :, None] * error[:, None, :]).flatten(1).double().numpy())


@cache
def _digits() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """`X (1347, 64), y, X_val (450, 64), y_val`; one mean and one spread for all pixels, so that rare ones do not stick out."""
    X, y = digits(standardise=False)
    order = np.random.default_rng(0).permutation(len(X))
    train, val = order[:SAMPLES], order[SAMPLES:]
    X = (X - X[train].mean()) / X[train].std()
    parts = (X[train].astype(np.float32), y[train], X[val].astype(np.float32), y[val])
    X_train, y_train, X_val, y_val = (torch.from_numpy(part) for part in parts)
    return X_train, y_train, X_val, y_val


def _start(widths: Sequence[int], seed: int, gain: float | None) -> list[torch.Tensor]:
    """Weights (inputs, units) and biases (1, units) by turns, layer by layer."""
    random = torch.Generator().manual_seed(seed)
    parameters = []
    for fan_in, units in pairwise(widths):
        if gain is None:
            drawn = torch.rand(fan_in + 1, units, generator=random)
            parameters += ((2 * drawn - 1) / fan_in**0.5).split([fan_in, 1])
        else:
            parameters += [gain * (2 / fan_in) ** 0.5 * torch.randn(fan_in, units, generator=random), torch.zeros(1, units)]
    return parameters


def _batches(seed: int, size: int) -> Iterator[torch.Tensor]:
    random = torch.Generator().manual_seed(1000 + seed)
    while True:
        yield from torch.randperm(SAMPLES, generator=random).split(size)[: SAMPLES // size]


def _hidden(parameters: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    h = x
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        h = torch.relu(torch.baddbmm(b, h, W))
    return h


def _losses(parameters: Sequence[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Loss of every network: x (networks, n, inputs), y (networks, n)."""
    scores = torch.baddbmm(parameters[-1], _hidden(parameters, x), parameters[-2])
    return cross_entropy(scores.flatten(0, 1), y.flatten(), reduction="none").reshape(y.shape).mean(dim=1)


def _move(optimizer: torch.optim.Optimizer, parameters: Sequence[torch.Tensor], rates: torch.Tensor) -> None:
    before = [weight.detach().clone() for weight in parameters]
    optimizer.step()
    with torch.no_grad():
        for weight, old in zip(parameters, before, strict=True):
            weight.copy_(old + rates[:, None, None] * (weight - old))


def _judge(parameters: Sequence[torch.Tensor], X: torch.Tensor, y: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    networks = len(parameters[0])
    with torch.no_grad():
        scores = torch.baddbmm(parameters[-1], _hidden(parameters, X.expand(networks, -1, -1)), parameters[-2])
        right = (scores.argmax(dim=2) == y).double().mean(dim=1)
        losses = cross_entropy(scores.flatten(0, 1), y.repeat(networks), reduction="none").reshape(networks, -1).mean(dim=1)
    return right.numpy(), losses.double().numpy()
