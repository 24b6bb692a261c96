"""Unit 8A, instruments for finding out why a training does not train."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# E8.2


def overfit_one_batch(
    model_fn: Callable[[], nn.Module], batch: tuple[torch.Tensor, torch.Tensor], steps: int = 100, lr: float = 0.1
) -> tuple[list[float], float, bool]:
    r"""Can this model learn one batch by heart? If not, something is broken, and no amount of data will mend it.

    Trains a copy of the model on the whole batch, the same at every step, with `torch.optim.SGD(..., lr=lr, momentum=0.9)` and
    cross-entropy. The copy is in training mode throughout, because that is the mode whose health is in question.

    Args:
        model_fn: returns the model to test, which gives logits (N, C). It may hand out a model that is in use: its weights,
            its mode and its gradients stay as they are.
        batch: inputs (N, ...) and class labels (N,).
        steps: number of updates.
        lr: learning rate.

    Returns:
        `(losses, accuracy, ok)`. `losses` holds `steps + 1` floats, the loss before every update and after the last one.
        `accuracy` is the share of the batch that the model gets right after the last update, and `ok` is True when all of it is
        right *and* the last loss is below 0.05. A small batch asks little: who passes with one sample may still fail with 128.

    >>> def model_fn():
    ...     return nn.Linear(1, 2)
    >>> losses, accuracy, ok = overfit_one_batch(model_fn, (torch.tensor([[-1.0], [1.0]]), torch.tensor([0, 1])), steps=50, lr=0.5)
    >>> len(losses), accuracy, ok
    (51, 1.0, True)
    """
    X, y = batch
    model = copy.deepcopy(model_fn()).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        logits = model(X)
    losses.append(F.cross_entropy(logits, y).item())
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return losses, accuracy, accuracy == 1.0 and losses[-1] < 0.05


softmax_twice_floor = float(
    np.log(1 + 9 / np.e)
)  # Q8.1: the loss gets probabilities as scores, 1 for the right digit and 0 for nine
