"""Batch normalisation and dropout in one network: what a BatchNorm layer remembers, and what it meets in eval mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograder.lab.fleets import Split


@dataclass(frozen=True)
class Shift:
    """One trained network.

    Attributes:
        ratio: for each unit of the second BatchNorm layer, the variance of its input in eval mode over the variance that it remembers;
            empty without BatchNorm.
        losses: validation loss with the remembered statistics, and after the statistics were taken anew with dropout switched off.
        accuracies: the same for the validation accuracy.
    """

    ratio: np.ndarray
    losses: tuple[float, float]
    accuracies: tuple[float, float]


def measure(data: Split, norm: bool, drop_prob: float, place: str = "between", epochs: int = 25, seed: int = 0) -> Shift:
    """Train 64-64-64-10 with Adam and compare variances.

    Args:
        data: what to learn.
        norm: BatchNorm after both hidden linear layers?
        drop_prob: share of the units that is dropped.
        place: "between" drops the inputs of the second hidden layer, so ahead of its BatchNorm; "after" drops those of the last layer.
        epochs: passes through the data, in batches of 32.
        seed: of everything random.
    """
    import torch
    from torch import nn

    def hidden(drop: bool) -> list[nn.Module]:
        layers: list[nn.Module] = [nn.Linear(64, 64)]
        layers += [nn.BatchNorm1d(64)] if norm else []
        return [*layers, nn.ReLU(), *([nn.Dropout(drop_prob)] if drop and drop_prob else [])]

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(*hidden(place == "between"), *hidden(place == "after"), nn.Linear(64, 10))
        X, y = torch.tensor(data.X, dtype=torch.float32), torch.tensor(data.y)
        X_val, y_val = torch.tensor(data.X_val, dtype=torch.float32), torch.tensor(data.y_val)
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        model.train()
        for _ in range(epochs):
            for chosen in torch.randperm(len(X)).split(32)[: len(X) // 32]:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(X[chosen]), y[chosen]).backward()
                optimizer.step()
        model.eval()
        norms = [place for place, layer in enumerate(model) if isinstance(layer, nn.BatchNorm1d)]
        ratio = np.empty(0)
        with torch.no_grad():
            before = _judged(model, X_val, y_val)
            if norms:
                remembered = model[norms[-1]].running_var
                ratio = (model[: norms[-1]](X).var(dim=0) / remembered).double().numpy()
            for place_of_norm in norms:
                met = model[:place_of_norm](X)
                model[place_of_norm].running_mean.copy_(met.mean(dim=0))
                model[place_of_norm].running_var.copy_(met.var(dim=0))
            after = _judged(model, X_val, y_val)
    torch.set_num_threads(threads)
    return Shift(ratio, (before[0], after[0]), (before[1], after[1]))


def _judged(model: object, X: object, y: object) -> tuple[float, float]:
    import torch

    scores = model(X)  # type: ignore[operator]
    return float(torch.nn.functional.cross_entropy(scores, y)), float((scores.argmax(dim=1) == y).double().mean())  # type: ignore[arg-type]
