"""Torch's normalisers for NumPy arrays, the judge of home-made ones.

Needs torch; import it as `from autograder.lab import norms`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F


def _tensors(*arrays: Any) -> list[torch.Tensor]:
    return [torch.from_numpy(np.array(array, dtype=np.float64)) for array in arrays]


def batch(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    """BatchNorm in training mode of `x (N, C)` or `(N, C, H, W)`."""
    x_, gamma_, beta_ = _tensors(x, gamma, beta)
    out: np.ndarray = F.batch_norm(x_, None, None, gamma_, beta_, training=True, eps=eps).numpy()
    return out


def layer(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    """LayerNorm of `x (N, D)` over its rows."""
    x_, gamma_, beta_ = _tensors(x, gamma, beta)
    out: np.ndarray = F.layer_norm(x_, x_.shape[1:], gamma_, beta_, eps=eps).numpy()
    return out


def group(x: np.ndarray, groups: int, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    """GroupNorm of images `x (N, C, H, W)`."""
    x_, gamma_, beta_ = _tensors(x, gamma, beta)
    out: np.ndarray = F.group_norm(x_, groups, gamma_, beta_, eps=eps).numpy()
    return out


def gradients(
    kind: str, dout: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float
) -> tuple[np.ndarray, ...]:
    """What autograd says of `sum(out * dout)` for `kind` "batch" or "layer": the gradients of `x`, `gamma` and `beta`."""
    dout_, *leaves = _tensors(dout, x, gamma, beta)
    for leaf in leaves:
        leaf.requires_grad_()
    x_, gamma_, beta_ = leaves
    if kind == "batch":
        out = F.batch_norm(x_, None, None, gamma_, beta_, training=True, eps=eps)
    else:
        out = F.layer_norm(x_, x_.shape[1:], gamma_, beta_, eps=eps)
    return tuple(gradient.numpy() for gradient in torch.autograd.grad(out, leaves, dout_))


def kept(x: np.ndarray, gamma: np.ndarray, eps: float) -> dict[str, np.ndarray]:
    """What a BatchNorm in training mode keeps for its backward pass: `centred`, `std`, `x_hat` and `gamma`."""
    (x_,) = _tensors(x)
    var, mean = torch.var_mean(x_, dim=0, correction=0)
    std = torch.sqrt(var + eps)
    return {"centred": (x_ - mean).numpy(), "std": std.numpy(), "x_hat": ((x_ - mean) / std).numpy(), "gamma": np.array(gamma)}
