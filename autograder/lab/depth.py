"""What becomes of numbers, and of the gradient that comes back, on the way through many layers of random weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Journey:
    """One trip through a network and back.

    Attributes:
        activations: the input, and the output of every layer; L+1 arrays (samples, width).
        gradients: the gradient of the loss with respect to each of them.
    """

    activations: list[np.ndarray]
    gradients: list[np.ndarray]

    def spread(self, layer: int) -> float:
        """Standard deviation of the activations after a layer; layer 0 is the input."""
        return float(self.activations[layer].std())

    def arriving(self, layer: int = 0) -> float:
        """Size of the gradient at a layer, relative to its size at the output."""
        return float(self.gradients[layer].std() / self.gradients[-1].std())


def journey(activation: str, std: float, *, width: int = 512, depth: int = 10, samples: int = 200, seed: int = 0) -> Journey:
    """Send standard normal samples through layers of normal weights without biases, and a standard normal gradient back.

    Args:
        activation: "linear", "tanh", "sigmoid" or "relu".
        std: standard deviation of all weights.
        width: of the input and of every layer.
        depth: number of layers.
        samples: how many.
        seed: of everything random. The same seed gives the same weights up to the factor `std`.

    Returns:
        What torch, with its automatic differentiation, computes at every depth, in float64.
    """
    import torch

    bend = {"linear": lambda z: z, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}[activation]
    random = torch.Generator().manual_seed(seed)

    def normal(rows: int) -> torch.Tensor:
        return torch.randn(rows, width, generator=random, dtype=torch.float64)

    stations = [normal(samples).requires_grad_()]
    for _ in range(depth):
        stations.append(bend(stations[-1] @ (std * normal(width))))
    gradients = torch.autograd.grad(stations[-1], stations, normal(samples))
    return Journey([station.detach().numpy() for station in stations], [gradient.numpy() for gradient in gradients])
