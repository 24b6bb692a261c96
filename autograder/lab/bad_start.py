"""A training script as it was found. It runs. It learns nothing."""

# mypy: disable-error-code=no-untyped-call

import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import noisy_digits


def train(seed: int = 0, epochs: int = 10) -> list[float]:
    """Train, and return the accuracy on the validation part after each epoch."""
    torch.manual_seed(seed)
    digits = {name: torch.tensor(array) for name, array in noisy_digits.load().items()}

    X, y = digits["X"].float(), digits["y"]
    filed = torch.argsort(y, stable=True)

    layers: list[nn.Module] = []
    for _ in range(10):
        layers += [nn.Linear(64, 64), nn.Tanh()]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    for module in net:
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
            nn.init.normal_(module.weight)

    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    accuracies = []
    for _ in range(epochs):
        for rows in filed.split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X[rows]), y[rows], reduction="sum")
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            right = net(digits["X_val"].float()).argmax(dim=1) == digits["y_val"]
        accuracies.append(float(right.double().mean()))
    return accuracies
