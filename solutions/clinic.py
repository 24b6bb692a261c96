"""Unit 8B, the clinic: training scripts, healed. The patients as they come in are wrong variants of these."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import training

# C01


def train_c01(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C01: a small net learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

    A healthy run:

    >>> net, history = train_c01(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.92
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


c01_diagnosis = "no_zero_grad"  # C01: backward adds to the gradients that are there, and nobody takes the old ones away
