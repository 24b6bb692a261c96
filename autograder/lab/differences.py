"""How well a difference quotient agrees with a gradient that is known to be right.

Needs torch; import it as `from autograder.lab import differences`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from autograder.lab import training


def errors(steps: Sequence[float] | np.ndarray, precision: torch.dtype, *, one_sided: bool = False, seed: int = 3) -> np.ndarray:
    """The disagreement between difference quotients and autograd, for the loss of a healthy net on 40 digits.

    Args:
        steps: the step lengths h to try.
        precision: in which the loss is computed; the gradient is always that of float64.
        one_sided: use (L(w + h) - L(w)) / h instead of (L(w + h) - L(w - h)) / 2h.
        seed: of the net, the digits and the 24 weights that are looked at.

    Returns:
        For each step the median over the weights of the relative error, with 1e-4 as the smallest denominator.
    """
    X, y = training.batch(40, seed)
    net = training.patient("healthy", seed)
    weights = [parameter for parameter in net.parameters() if parameter.ndim == 2]
    gradients = torch.autograd.grad(F.cross_entropy(net(X), y), weights)
    net, X = net.to(precision), X.to(precision)
    rng = np.random.default_rng(seed)
    places = [(layer, int(index)) for layer, weight in enumerate(weights) for index in rng.integers(weight.numel(), size=8)]

    def loss_at(entry: torch.Tensor, value: float) -> float:
        before = entry.item()
        entry.fill_(value)
        loss = F.cross_entropy(net(X), y).item()
        entry.fill_(before)
        return loss

    found = np.empty((len(steps), len(places)))
    with torch.no_grad():
        weights = [parameter for parameter in net.parameters() if parameter.ndim == 2]
        for column, (layer, index) in enumerate(places):
            entry, slope = weights[layer].view(-1)[index], gradients[layer].view(-1)[index].item()
            w = entry.item()
            for row, h in enumerate(steps):
                low, width = (w, h) if one_sided else (w - h, 2 * h)
                quotient = (loss_at(entry, w + h) - loss_at(entry, low)) / width
                found[row, column] = abs(quotient - slope) / max(abs(quotient), abs(slope), 1e-4)
    return np.asarray(np.median(found, axis=1))
