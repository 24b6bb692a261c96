"""One training under many learning rates: small networks learn the digits side by side, each with a rate of its own at every step.

Needs torch; import it as `from autograder.lab import many_rates`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.lab.side_by_side import (
    CLASSES,
    SAMPLES,
    digit_parts,
    first_weights,
    gradients_of,
    hidden_layers,
    judge,
    losses_of,
    move,
    row_batches,
)
from autograder.lab.threads import one_thread


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
    X, y, X_val, y_val = digit_parts()
    with one_thread():
        starts = [first_weights((X.shape[1], *hidden, CLASSES), seed, gain) for seed in seeds]
        parameters = [torch.stack(stack).requires_grad_() for stack in zip(*starts, strict=True)]
        batches = [row_batches(seed, batch) for seed in seeds]
        # A rate of 1 here, and the rate of each network afterwards: all these rules move in proportion to their rate.
        optimizer: torch.optim.Optimizer = getattr(torch.optim, rule)(parameters, lr=1.0, **settings)
        losses, norms, judged = np.empty((steps, networks)), np.empty((steps, networks)), []
        for step in range(steps):
            chosen = torch.stack([next(source) for source in batches])
            losses[step], norms[step] = gradients_of(optimizer, parameters, X[chosen], y[chosen], penalty)
            move(optimizer, parameters, torch.tensor(rates[:, step], dtype=torch.float32))
            if (step + 1) % epoch(batch) == 0:
                judged.append(judge(parameters, X_val, y_val))
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
        weights = [w[None].requires_grad_() for w in first_weights((64, *hidden, CLASSES), seed, gain=None)]

    def model(batch: Any, lr: float) -> float:
        X, y = torch.tensor(batch[0], dtype=torch.float32), torch.tensor(batch[1])
        with one_thread():
            loss = losses_of(weights, X[None], y[None]).sum()
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight -= lr * gradient
        return float(loss.detach())

    return model


def batches(count: int, size: int = 32, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Batches of training digits for a `stepper`: pairs of pixels (size, 64) and labels (size,)."""
    X, y, _, _ = digit_parts()
    source = row_batches(seed, size)
    chosen = [next(source) for _ in range(count)]
    return [(X[rows].double().numpy(), y[rows].numpy()) for rows in chosen]


def sample_gradients(seed: int = 0, steps: int = 0, lr: float = 0.1) -> np.ndarray:
    """Gradient of every single training digit's loss with respect to the last layer's weights, one row for each digit.

    Args:
        seed: of the weights and batches.
        steps: how many steps of plain SGD to make before looking.
        lr: their rate.
    """
    X, y, _, _ = digit_parts()
    weights = [w[None].requires_grad_() for w in first_weights((64, 64, 64, CLASSES), seed, None)]
    with one_thread():
        for rows, _ in zip(row_batches(seed, 32), range(steps), strict=False):
            gradients = torch.autograd.grad(losses_of(weights, X[rows][None], y[rows][None]).sum(), weights)
            with torch.no_grad():
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight -= lr * gradient
        with torch.no_grad():
            h = hidden_layers(weights, X[None])[0]
            error = torch.softmax(h @ weights[-2][0] + weights[-1][0], dim=1) - torch.eye(CLASSES)[y]
            return np.asarray((h[:, :, None] * error[:, None, :]).flatten(1).double().numpy())
