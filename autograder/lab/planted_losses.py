"""Classifiers that nobody has trained, whose first loss tells what is wrong with them.

Notebooks reach it as `planted`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Starter(nn.Module):
    """A classifier that is given its labels as well, and returns `(logits, loss)`.

    Args:
        body: gives the logits.
        defect: "" for none; "summed", a loss that is not divided by the batch size; "softmax over the batch"; "loud", scores 30
            times as large as the body's.
    """

    def __init__(self, body: nn.Module, defect: str = "") -> None:
        super().__init__()
        self.body, self.defect = body, defect

    def forward(self, X: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The scores (B, C) and the loss of a batch."""
        logits = self.body(X) * (30.0 if self.defect == "loud" else 1.0)
        if self.defect == "softmax over the batch":
            return logits, F.nll_loss(F.log_softmax(logits, dim=0), y)
        return logits, F.cross_entropy(logits, y, reduction="sum" if self.defect == "summed" else "mean")


def starter(defect: str, seed: int, inputs: int = 64, classes: int = 10) -> Starter:
    """A net in float64 that nobody has trained: inputs-64-64-classes, ReLU, torch's own initial weights.

    Args:
        defect: as for `Starter`; or "batchnorm", healthy, with such a layer after the first; or "knows the shares", healthy, with
            a last bias that expects nine of ten samples to be of class 0.
        seed: of the weights; torch's own generator is left alone.
        inputs: number of features.
        classes: number of classes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        norm: nn.Module = nn.BatchNorm1d(64) if defect == "batchnorm" else nn.Identity()
        last = nn.Linear(64, classes)
        body = nn.Sequential(nn.Linear(inputs, 64), norm, nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), last)
    if defect == "knows the shares":
        shares = torch.full((classes,), 0.1 / (classes - 1))
        shares[0] = 0.9
        with torch.no_grad():
            last.bias.copy_(torch.log(shares))
    return Starter(body, defect).double()
