"""Planted defects for the instruments of unit 8: nets whose samples see each other, and nets of which a part is never trained.

Needs torch; import it as `from autograder.lab import defects`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


class _Between(nn.Module):
    """A layer made of a function."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the function makes of x."""
        return self.function(x)


def _attention(h: torch.Tensor) -> torch.Tensor:
    """Every sample looks at all samples before it, and at itself."""
    later = torch.triu(torch.ones(len(h), len(h), dtype=torch.bool), diagonal=1)
    return torch.softmax((h @ h.T).masked_fill(later, -torch.inf), dim=1) @ h


def _above(h: torch.Tensor) -> torch.Tensor:
    """Something of the sample before gets in, but only where it is above 1."""
    return h + torch.relu(h.roll(1, dims=0) - 1)


def _last_place(h: torch.Tensor) -> torch.Tensor:
    """From (N, 9) to (N, 3 places, 3), where the last place of a sample looks at the sample after it."""
    h = h.reshape(-1, 3, 3)
    return torch.cat([h[:, :2], h[:, 2:] + h[:, 2:].roll(-1, dims=0)], dim=1)


LEAKS = ("clean", "batchnorm", "reshape", "softmax over the batch", "attention over the batch")


def suspect(kind: str, width: int = 6, seed: int = 0) -> nn.Sequential:
    """A net from `width` inputs to 4 scores in float64, in training mode, whose samples may see each other.

    Args:
        kind: one of `LEAKS`, or "mirrored", clean, with every score and its negative; "above one", where the sample before gets
            in as far as its inputs exceed 1; "last place", where outputs (N, 3, 3) leak in one place; "cut", where no output hangs
            on an input.
        width: number of inputs.
        seed: of the initial weights; torch's own generator is left alone.

    Raises:
        KeyError: an unknown kind.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, last = nn.Linear(width, 9), nn.Linear(9, 4)
        chains: dict[str, list[nn.Module]] = {
            "clean": [first, nn.Tanh(), last],
            "mirrored": [first, nn.Tanh(), last, _Between(lambda h: torch.cat([h, -h], dim=1))],
            "batchnorm": [first, nn.BatchNorm1d(9), nn.Tanh(), last],
            "reshape": [first, nn.Tanh(), _Between(lambda h: h.T.reshape(h.shape)), last],
            "softmax over the batch": [first, nn.Tanh(), last, nn.Softmax(dim=0)],
            "attention over the batch": [first, nn.Tanh(), _Between(_attention), last],
            "above one": [_Between(_above), first, nn.Tanh(), last],
            "last place": [first, nn.Tanh(), _Between(_last_place)],
            "cut": [_Between(lambda x: x.detach()), first, nn.Tanh(), last],
        }
        return nn.Sequential(*chains[kind]).double()


class _Block(nn.Module):
    """A layer with more layers in a container of Python."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.first = nn.Linear(7, 7)
        if kind == "tuple":
            self.more: object = (nn.Linear(7, 7), nn.Tanh())
        else:
            self.more = {"left": [nn.Linear(7, 7)], "names": ["left"]}

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """The layers, one after the other."""
        h = self.first(h)
        layers = self.more if isinstance(self.more, tuple) else self.more["left"]  # type: ignore[index]
        for layer in layers:
            h = layer(h)
        return h


class Trainee(nn.Module):
    """A net from 5 inputs to 3 scores in float64, with parts that training may not reach; see `trainee`."""

    def __init__(self, condition: str) -> None:
        super().__init__()
        self.condition = condition
        self.body = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.BatchNorm1d(7))
        self.head = nn.Linear(7, 3)
        if condition in ("list", "one of each"):
            self.layers = [nn.Linear(7, 7), nn.Tanh()]
        if condition in ("tuple", "nested"):
            self.block = _Block(condition)
        if condition == "in order":
            self.order = [self.body, self.head]
        if condition in ("unused", "one of each"):
            self.spare = nn.Linear(7, 3)
        if condition in ("dead", "one of each"):
            self.extra = nn.Linear(7, 7)
            nn.init.constant_(self.extra.bias, -100)
        if condition in ("tied", "tied left out"):
            self.twice = nn.Linear(5, 7)
            self.twice.weight = self.body[0].weight  # type: ignore[assignment]
        self.double()
        for module in getattr(self, "layers", []):
            module.double()
        if hasattr(self, "block"):
            held = self.block.more
            for module in held if isinstance(held, tuple) else held["left"]:  # type: ignore[index]
                module.double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, 3)."""
        h = self.body(x)
        if hasattr(self, "twice"):
            h = h + self.twice(x)
        if hasattr(self, "block"):
            h = self.block(h)
        for layer in getattr(self, "layers", []):
            h = layer(h)
        if hasattr(self, "extra"):
            h = h + torch.relu(self.extra(h))
        scores: torch.Tensor = self.head(h)
        return scores


def trainee(condition: str, seed: int = 0) -> tuple[Trainee, torch.optim.SGD]:
    """A net for 5 inputs and 3 classes, and the optimizer that is meant to train it, in two groups.

    Args:
        condition: "healthy"; "frozen", the first weights do not require gradients; "all frozen"; "left out", the optimizer has not
            got the head's bias; "unused", a layer `spare` stands in no forward pass; "dead", the ReLU behind a layer `extra`
            lets nothing through; "list", "tuple" and "nested", layers stand in containers of Python; "in order", a list holds
            layers that are registered as well; "tied", two layers share their weights, which in "tied left
            out" the optimizer has not got; "stale", the net has been made anew,
            alike to the last bit, after the optimizer; "one of each".
        seed: of the initial weights; torch's own generator is left alone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Trainee(condition)
        parameters = dict(model.named_parameters())
        if condition in ("left out", "one of each"):
            del parameters["head.bias"]
        if condition == "tied left out":
            del parameters["body.0.weight"]
        optimizer = torch.optim.SGD(
            [
                {"params": [parameter for name, parameter in parameters.items() if name.startswith("body")]},
                {"params": [parameter for name, parameter in parameters.items() if not name.startswith("body")]},
            ],
            lr=0.1,
        )
        if condition == "stale":
            torch.manual_seed(seed)
            model = Trainee(condition)
        if condition == "frozen":
            model.body[0].weight.requires_grad_(False)
        if condition == "one of each":
            model.body[0].bias.requires_grad_(False)
        if condition == "all frozen":
            model.requires_grad_(False)
    return model, optimizer
