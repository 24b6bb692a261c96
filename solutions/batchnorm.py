"""Unit 3, normalisation layers.

Torch's conventions throughout: the biased variance (1/N) normalises, the unbiased one (1/(N-1)) enters the running average, and the
momentum is the weight of the new value.
"""

from __future__ import annotations

import torch
from torch import nn

# E3.9


class MyBatchNorm1d(nn.Module):
    r"""Batch normalisation for inputs (N, C), a stand-in for `torch.nn.BatchNorm1d`.

    In training mode it normalises every feature with the mean and the biased variance of the batch, and moves the running
    statistics towards the batch's mean and unbiased variance. In evaluation mode it normalises with the running statistics and
    changes nothing. Then every feature is scaled and shifted.

    Args:
        num_features: C.
        eps: added to the variance, inside the root.
        momentum: weight of the new value in the running statistics.

    Attributes:
        weight, bias: scale and shift, (C,), learned by the optimizer; at first 1 and 0.
        running_mean, running_var: running statistics, (C,), saved and moved with the layer but not learned; at first 0 and 1.
        num_batches_tracked: how many training batches there were, an integer tensor without dimensions, saved as well; at first 0.

    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, Algorithms 1 and 2.

    >>> layer = MyBatchNorm1d(1, eps=0.0, momentum=0.5)
    >>> layer(torch.tensor([[2.0], [6.0]])).flatten().tolist(), layer.running_mean.tolist(), layer.running_var.tolist()
    ([-1.0, 1.0], [2.0], [4.5])
    """

    running_mean: torch.Tensor
    running_var: torch.Tensor
    num_batches_tracked: torch.Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        ### BEGIN SOLUTION
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise a batch.

        Args:
            x: inputs (N, C).

        Returns:
            Tensor (N, C), differentiable with respect to `x`, `weight` and `bias`.

        Raises:
            ValueError: a single sample in training mode, which has no variance.
        """
        if self.training and len(x) < 2:
            raise ValueError(f"MyBatchNorm1d: training needs at least 2 samples in a batch; got {len(x)}")
        ### BEGIN SOLUTION
        if self.training:
            mean, var = x.mean(dim=0), x.var(dim=0, correction=0)
            with torch.no_grad():
                unbiased = var * len(x) / (len(x) - 1)
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(unbiased, self.momentum)
                self.num_batches_tracked += 1
        else:
            mean, var = self.running_mean, self.running_var
        normalised = (x - mean) / torch.sqrt(var + self.eps)
        ### END SOLUTION
        return normalised * self.weight + self.bias


keras_momentum_in_torch = 1 - 0.99  # Q3.1: Keras gives the weight of the old value, torch that of the new one
