"""Unit 3, normalisation layers.

Torch's conventions throughout: the biased variance (1/N) normalises, the unbiased one (1/(N-1)) enters the running average, and the
momentum is the weight of the new value. The NumPy functions take and return float64 arrays and write to none that they were given;
a backward function takes `dout`, the gradient of the loss with respect to the output, and never divides by the number of samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

# E3.1


def bn_forward_train(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    r"""Batch normalisation in training mode: every feature gets the mean and the
    spread that you choose for it.

    Args:
        x: a batch (N, D), one sample a row; at least 2 samples.
        gamma: scale of each feature, (D,).
        beta: shift of each feature, (D,); unit of the output.
        eps: added to the variance, inside the root; unit of `x` squared.

    Returns:
        `(out, cache)`: the output (N, D), and what the backward pass will need,

        - `cache["centred"]` (N, D): `x` minus the mean of its column,
        - `cache["std"]` (D,): the root of variance plus `eps`,
        - `cache["x_hat"]` (N, D): the normalised batch, before scale and shift,
        - `cache["gamma"]` (D,): the scale.

    Raises:
        ValueError: fewer than 2 samples, which have no spread.

    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, Algorithm 1. The variance is the biased one, 1/N.

    >>> out, _ = bn_forward_train(np.array([[2.0], [6.0]]), np.array([3.0]), np.array([10.0]), eps=0.0)
    >>> out.ravel().tolist()
    [7.0, 13.0]
    """
    if len(x) < 2:
        raise ValueError(f"bn_forward_train: training needs at least 2 samples in a batch; got {len(x)}")
    ### BEGIN SOLUTION
    centred = x - x.mean(axis=0)
    std = np.sqrt((centred**2).mean(axis=0) + eps)
    x_hat = centred / std
    out = gamma * x_hat + beta
    ### END SOLUTION
    return out, {"centred": centred, "std": std, "x_hat": x_hat, "gamma": gamma}


# E3.2


def bn_update(
    running_mean: np.ndarray, running_var: np.ndarray, mu: np.ndarray, var: np.ndarray, n: int, momentum: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    r"""Move the running statistics a little towards those of a batch.

    Args:
        running_mean, running_var: the statistics so far, (D,) each.
        mu: mean of the batch, (D,).
        var: biased variance (1/n) of the batch, (D,), as it normalised the batch.
        n: number of samples in the batch, at least 2.
        momentum: weight of the *new* value, in [0, 1].

    Returns:
        `(running_mean, running_var)`, two new arrays (D,). What enters the running variance is the unbiased
        variance, 1/(n-1).

    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, section 3.1; the momentum is that of torch.

    >>> mean, var = bn_update(np.array([0.0]), np.array([1.0]), np.array([4.0]), np.array([4.0]), n=2, momentum=0.5)
    >>> mean.tolist(), var.tolist()
    ([2.0], [4.5])
    """
    unbiased = var * n / (n - 1)
    return (1 - momentum) * running_mean + momentum * mu, (1 - momentum) * running_var + momentum * unbiased


def bn_forward_eval(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, rm: np.ndarray, rv: np.ndarray, eps: float = 1e-5
) -> np.ndarray:
    r"""Batch normalisation in evaluation mode: the same straight line for every
    sample, whoever else is in the batch.

    Args:
        x: inputs (N, D); one sample is enough.
        gamma, beta: scale and shift of each feature, (D,).
        rm, rv: running mean and running variance, (D,).
        eps: added to the variance, inside the root.

    Returns:
        The output (N, D).

    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, Algorithm 2, line 11.

    >>> one = np.array([1.0])
    >>> bn_forward_eval(np.array([[7.0]]), 10 * one, one, 3 * one, 4 * one, eps=0.0).tolist()
    [[21.0]]
    """
    out: np.ndarray = gamma * (x - rm) / np.sqrt(rv + eps) + beta
    return out


def bn_population(batches: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    r"""The statistics that the running averages only estimate: those of all the data.

    Args:
        batches: arrays (n_i, D) with the same D; sizes may differ, also be 1; at least 2 samples in all.

    Returns:
        `(mean, var)`, (D,) each: the mean, and the unbiased variance, over all samples
        of all batches taken together.

    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, Algorithm 2, which replaces the batch by the population
    for inference.

    >>> mean, var = bn_population([np.array([[1.0], [3.0]]), np.array([[8.0]])])
    >>> mean.tolist(), var.tolist()
    ([4.0], [13.0])
    """
    samples = np.concatenate(batches)
    return samples.mean(axis=0), samples.var(axis=0, ddof=1)


# E3.3


def bn_backward(dout: np.ndarray, cache: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Backward pass of batch normalisation in training mode, one node of the graph at a time.

    Args:
        dout: gradient of the loss with respect to the output, (N, D).
        cache: what `bn_forward_train` kept: `centred` (N, D), `std` (D,), `x_hat` (N, D) and `gamma` (D,).

    Returns:
        `(dx, dgamma, dbeta)`: the gradients with respect to `x` (N, D), `gamma` (D,) and `beta` (D,).

    If you call your intermediate results by the names of the table above, the cell under the check compares
    each of them with autograd: `dx_hat`, `dinverse`, `dstd`, `dvar`, `dsquared`, `dcentred`, `dmu`. Other
    names are as good.

    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, section 3.

    >>> cache = {"centred": np.array([[-1.0], [1.0]]), "std": np.array([2.0]), "x_hat": np.array([[-0.5], [0.5]])}
    >>> dx, dgamma, dbeta = bn_backward(np.array([[0.0], [4.0]]), cache | {"gamma": np.array([1.0])})
    >>> dx.ravel().tolist(), dgamma.tolist(), dbeta.tolist()
    ([-0.75, 0.75], [2.0], [4.0])
    """
    centred, std, x_hat, gamma = cache["centred"], cache["std"], cache["x_hat"], cache["gamma"]
    ### BEGIN SOLUTION
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    dinverse = (dx_hat * centred).sum(axis=0)
    dstd = -dinverse / std**2
    dvar = dstd / (2 * std)
    dsquared = np.ones_like(centred) * dvar / len(dout)
    dcentred = dx_hat / std + 2 * centred * dsquared
    dmu = -dcentred.sum(axis=0)
    dx = dcentred + dmu / len(dout)
    ### END SOLUTION
    return dx, dgamma, dbeta


# E3.4


def bn_backward_compact(dout: np.ndarray, cache: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Backward pass of batch normalisation in training mode, in one formula.

    Args:
        dout: gradient of the loss with respect to the output, (N, D).
        cache: what `bn_forward_train` kept: `centred` (N, D), `std` (D,), `x_hat` (N, D) and `gamma` (D,).
            Not all of it is needed.

    Returns:
        `(dx, dgamma, dbeta)`: the gradients with respect to `x` (N, D), `gamma` (D,) and `beta` (D,).

    No loops, neither `for` nor `while`, nor a comprehension.

    >>> cache = {"centred": np.array([[-1.0], [1.0]]), "std": np.array([2.0]), "x_hat": np.array([[-0.5], [0.5]])}
    >>> dx, dgamma, dbeta = bn_backward_compact(np.array([[0.0], [4.0]]), cache | {"gamma": np.array([1.0])})
    >>> dx.ravel().tolist(), dgamma.tolist(), dbeta.tolist()
    ([-0.75, 0.75], [2.0], [4.0])
    """
    x_hat, std, gamma = cache["x_hat"], cache["std"], cache["gamma"]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    N = len(dout)
    dx = gamma / (N * std) * (N * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


# E3.5


def ln_forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    r"""Layer normalisation: every sample is normalised over its own features.

    Args:
        x: inputs (N, D), one sample a row; N = 1 is allowed.
        gamma, beta: scale and shift of each feature, (D,).
        eps: added to the variance of a row, inside the root.

    Returns:
        `(out, cache)`: the output (N, D), and a dict with whatever your `ln_backward` needs.

    Source: Ba, Kiros & Hinton (2016), arXiv:1607.06450, equation (4). The variance is the biased one, 1/D.

    >>> out, _ = ln_forward(np.array([[1.0, 3.0], [10.0, 50.0]]), np.ones(2), np.zeros(2), eps=0.0)
    >>> out.tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    centred = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
    x_hat = centred / std
    return gamma * x_hat + beta, {"x_hat": x_hat, "std": std, "gamma": gamma}


def ln_backward(dout: np.ndarray, cache: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Backward pass of layer normalisation.

    Args:
        dout: gradient of the loss with respect to the output, (N, D).
        cache: what your `ln_forward` kept.

    Returns:
        `(dx, dgamma, dbeta)`: the gradients with respect to `x` (N, D), `gamma` (D,) and `beta` (D,).

    >>> _, cache = ln_forward(np.array([[-1.0, 1.0]]), np.array([1.0, 1.0]), np.zeros(2), eps=3.0)
    >>> dx, dgamma, dbeta = ln_backward(np.array([[0.0, 4.0]]), cache)
    >>> dx.tolist(), dgamma.tolist(), dbeta.tolist()
    ([[-0.75, 0.75]], [0.0, 2.0], [0.0, 4.0])
    """
    x_hat, std, gamma = cache["x_hat"], cache["std"], cache["gamma"]
    dx_hat = dout * gamma
    along = (dx_hat * x_hat).mean(axis=1, keepdims=True)
    dx = (dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * along) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


# E3.6


def norm_nchw(x: np.ndarray, kind: str, gamma: np.ndarray, beta: np.ndarray, eps: float, groups: int | None = None) -> np.ndarray:
    r"""Four normalisers for images, which differ in nothing but the axes that share a mean and a variance.

    Args:
        x: images (N, C, H, W).
        kind: who shares statistics: "batch", all pixels of a channel in all images; "layer", a whole image;
            "instance", one channel of one image; "group", the `C / groups` neighbouring channels of a group
            in one image.
        gamma, beta: scale and shift of each channel, (C,), for all four kinds.
        eps: added to the variance, inside the root.
        groups: number of groups, for "group" only; the others ignore it.

    Returns:
        The output (N, C, H, W), normalised with the biased variance, as in training mode.

    Raises:
        ValueError: an unknown kind; "group" without a number of groups that divides C.

    Source: Wu & He (2018), arXiv:1803.08494, section 3.1.

    >>> x = np.array([1.0, 3.0, 10.0, 50.0]).reshape(1, 2, 1, 2)
    >>> norm_nchw(x, "instance", np.array([1.0, 2.0]), np.zeros(2), eps=0.0).ravel().tolist()
    [-1.0, 1.0, -2.0, 2.0]
    """
    N, C = x.shape[:2]
    if kind not in ("batch", "layer", "instance", "group"):
        raise ValueError(f'norm_nchw: kind must be "batch", "layer", "instance" or "group"; got {kind!r}')
    if kind == "group" and (not groups or C % groups):
        raise ValueError(f"norm_nchw: the number of groups must divide the {C} channels; got {groups}")
    ### BEGIN SOLUTION
    G = {"batch": C, "layer": 1, "instance": C, "group": groups or 1}[kind]
    parts = x.reshape(N, G, C // G, *x.shape[2:])
    axes = (0, 2, 3, 4) if kind == "batch" else (2, 3, 4)
    mean, var = parts.mean(axis=axes, keepdims=True), parts.var(axis=axes, keepdims=True)
    x_hat = ((parts - mean) / np.sqrt(var + eps)).reshape(x.shape)
    out: np.ndarray = gamma[:, None, None] * x_hat + beta[:, None, None]
    ### END SOLUTION
    return out


# E3.7


def fuse_bn(
    W: np.ndarray,
    b: np.ndarray | None,
    gamma: np.ndarray,
    beta: np.ndarray,
    rm: np.ndarray,
    rv: np.ndarray,
    eps: float = 1e-5,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Fold a BatchNorm in evaluation mode into the dense or convolution layer in front of it.

    Args:
        W: weights of the layer: dense (D_in, D_out), as in `x @ W + b`; or a
            convolution's kernels (D_out, C, k, k).
        b: bias of the layer, (D_out,), or None where it has none.
        gamma, beta: scale and shift of the BatchNorm, (D_out,).
        rm, rv: its running mean and running variance, (D_out,).
        eps: added to the variance, inside the root.

    Returns:
        `(W2, b2)`, shaped as `W` and (D_out,): the layer with these weights gives what layer and BatchNorm
        gave together.

    >>> one = np.array([1.0])
    >>> W2, b2 = fuse_bn(np.array([[2.0], [3.0]]), one, 10 * one, one, 5 * one, 4 * one, eps=0.0)
    >>> W2.tolist(), b2.tolist()
    ([[10.0], [15.0]], [-19.0])
    """
    scale = gamma / np.sqrt(rv + eps)
    offset = -rm if b is None else b - rm
    W2 = W * (scale if W.ndim == 2 else scale[:, None, None, None])
    return W2, offset * scale + beta


# E3.8


def combine_batch_stats(means: np.ndarray, variances: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Statistics of a batch that is spread over several devices, from those of its parts (SyncBatchNorm).

    Args:
        means: mean of each part, (K, D) for K devices.
        variances: biased variance (1/n) of each part, (K, D).
        counts: number of samples of each part, (K,).

    Returns:
        `(mean, var)`, (D,) each: mean and biased variance of all samples together, right also where the means
        are huge and the variances small.

    >>> mean, var = combine_batch_stats(np.array([[0.0], [4.0]]), np.array([[1.0], [1.0]]), np.array([3, 1]))
    >>> mean.tolist(), var.tolist()
    ([1.0], [4.0])
    """
    share = (counts / np.sum(counts))[:, None]
    mean = (share * means).sum(axis=0)
    var = (share * (variances + (means - mean) ** 2)).sum(axis=0)
    return mean, var


# E3.9


class MyBatchNorm1d(nn.Module):
    r"""Batch normalisation for inputs (N, C), a stand-in for `torch.nn.BatchNorm1d`.

    In training mode it normalises every feature with the mean and the biased variance of the batch, and moves
    the running statistics towards the batch's mean and unbiased variance. In evaluation mode it normalises
    with the running statistics and changes nothing. Then every feature is scaled and shifted.

    Args:
        num_features: C.
        eps: added to the variance, inside the root.
        momentum: weight of the new value in the running statistics.

    Attributes:
        weight, bias: scale and shift, (C,), learned by the optimizer; at first 1 and 0.
        running_mean, running_var: running statistics, (C,), saved and moved with the layer but not learned;
            at first 0 and 1.
        num_batches_tracked: how many training batches there were, an integer tensor without dimensions, saved
            as well; at first 0.

    Source: Ioffe & Szegedy (2015), arXiv:1502.03167, Algorithms 1 and 2.

    >>> layer = MyBatchNorm1d(1, eps=0.0, momentum=0.5)
    >>> (
    ...     layer(torch.tensor([[2.0], [6.0]])).flatten().tolist(),
    ...     layer.running_mean.tolist(),
    ...     layer.running_var.tolist(),
    ... )
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
identity_gamma = (4 + 1e-5) ** 0.5  # Q3.2: it must undo the division by the root of variance plus eps
useless_bias = "B"  # Q3.3: the mean that BatchNorm subtracts contains the bias
batch_size_symptom = "C"  # Q3.4: statistics of the batch in evaluation mode
batchnorm_place = "D"  # Q3.5: both places are used
covariate_shift_today = "B"  # Q3.6: Santurkar et al. 2018
