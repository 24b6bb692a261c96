"""Unit 1, activations and gradient flow.

Every function takes and returns float64 arrays, returns new ones and writes to none that it was given. A backward function takes
`dout`, the gradient of the loss with respect to the output, and returns the gradient with respect to the input; it never divides by
the number of samples.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.lab import erf

# E1.1


def numeric_gradient(
    f: Callable[[np.ndarray], np.ndarray | float], x: np.ndarray, dout: np.ndarray | None = None, h: float = 1e-5
) -> np.ndarray:
    r"""Gradient of `f` at `x` by central differences: the judge of every gradient in this course.

    Args:
        f: takes an array of the shape of `x`; returns a number, or an array of any shape. It may return its
            own argument, a view of it, or the same array at every call.
        x: where to differentiate; any shape, also 0-dimensional. Integers are converted to float.
        dout: None when `f` returns a number. Otherwise weights of the shape of `f(x)`; `sum(f(x) * dout)` is
            differentiated.
        h: length of the step to either side; unit of `x`.

    Returns:
        The gradient, of the shape of `x`, in float64. `x` itself is as it was, bit for bit.

    >>> numeric_gradient(lambda x: x[0] ** 2 * x[1], np.array([3.0, 5.0])).round(6).tolist()
    [30.0, 9.0]
    """
    x = np.array(x, dtype=np.float64)
    weights = 1.0 if dout is None else dout
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        ahead = np.array(f(x))
        x[i] = kept - h
        behind = np.array(f(x))
        x[i] = kept
        gradient[i] = np.sum((ahead - behind) * weights) / (2 * h)
    return gradient


def rel_error(a: np.ndarray, b: np.ndarray, floor: float = 1e-8) -> float:
    r"""Largest relative error between two arrays: the number that a gradient check prints.

    Args:
        a, b: arrays of one shape.
        floor: smallest denominator, so that two zeros agree; unit of `a`.

    Returns:
        The largest $|a_i - b_i| / \max(\text{floor}, |a_i| + |b_i|)$ over all entries: 0 when they agree, at
        most 1, nan if either array holds a nan.

    Raises:
        ValueError: `a` and `b` differ in shape (broadcasting would hide it).

    >>> rel_error(np.array([1.0, 3.0]), np.array([1.0, 5.0]))
    0.25
    """
    if np.shape(a) != np.shape(b):
        raise ValueError(f"rel_error: a and b must share one shape; got {np.shape(a)} and {np.shape(b)}")
    ### BEGIN SOLUTION
    scale = np.maximum(floor, np.abs(a) + np.abs(b))
    worst = np.max(np.abs(a - b) / scale, initial=0.0)
    ### END SOLUTION
    return float(worst)


# E1.2


def sigmoid(x: np.ndarray) -> np.ndarray:
    r"""The logistic function, which squashes every number into (0, 1).

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`. Neither overflow nor invalid operation happens for any $|x| \le 10^4$.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    small = np.exp(-np.abs(x))  # in [0, 1] whatever the sign of x, so it cannot overflow
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def sigmoid_backward(dout: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Backward pass of the sigmoid, from its output.

    Args:
        dout: gradient of the loss with respect to the output of `sigmoid`.
        s: that output, `sigmoid(x)`, same shape.

    Returns:
        Gradient of the loss with respect to `x`, same shape.

    >>> float(sigmoid_backward(np.array([2.0]), np.array([0.5]))[0])
    0.5
    """
    return dout * s * (1.0 - s)


def tanh_backward(dout: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Backward pass of the hyperbolic tangent, from its output.

    Args:
        dout: gradient of the loss with respect to the output of `np.tanh`.
        t: that output, `np.tanh(x)`, same shape.

    Returns:
        Gradient of the loss with respect to `x`, same shape.

    >>> float(tanh_backward(np.array([2.0]), np.array([-0.5]))[0])
    1.5
    """
    return dout * (1.0 - t**2)


# E1.3


def relu(x: np.ndarray) -> np.ndarray:
    """The rectifier: keeps what is positive, replaces the rest by 0.

    Args:
        x: any shape; it may hold infinities and nan.

    Returns:
        New array of the shape of `x`; minus infinity becomes 0, nan stays nan.

    >>> relu(np.array([-2.0, 3.0])).tolist()
    [0.0, 3.0]
    """
    return np.maximum(x, 0.0)


def relu_backward(dout: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Backward pass of the rectifier, from its input.

    Args:
        dout: gradient of the loss with respect to the output of `relu`.
        x: the input of `relu`, same shape.

    Returns:
        Gradient of the loss with respect to `x`, same shape. Convention: the derivative at exactly 0 is 0.

    >>> relu_backward(np.array([5.0, 5.0]), np.array([-2.0, 3.0])).tolist()
    [0.0, 5.0]
    """
    return np.where(x > 0, dout, 0.0)


# E1.4


def prelu(x: np.ndarray, a: np.ndarray | float) -> np.ndarray:
    """Leaky rectifier with slope `a` on the negative side.

    Args:
        x: any shape, usually (N, C).
        a: the slope: one number for all, or an array (C,) with one for each channel (the last axis of `x`).
            It may exceed 1.

    Returns:
        Array of the shape of `x`.

    >>> prelu(np.array([[-2.0, 4.0, -2.0]]), np.array([0.25, 0.25, 3.0])).tolist()
    [[-0.5, 4.0, -6.0]]
    """
    return np.where(x > 0, x, a * x)


def prelu_backward(dout: np.ndarray, x: np.ndarray, a: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Backward pass of `prelu`, for the input and for the slope.

    Args:
        dout: gradient of the loss with respect to the output of `prelu`, shape of `x`.
        x: the input of `prelu`.
        a: its slope, a number or (C,).

    Returns:
        `(dx, da)`, of the shapes of `x` and of `a`: each slope collects the gradient of
        all the entries that it served.

    >>> dx, da = prelu_backward(np.array([[1.0], [10.0]]), np.array([[-3.0], [4.0]]), np.array([0.25]))
    >>> dx.tolist(), da.tolist()
    ([[0.25], [10.0]], [-3.0])
    """
    dx = np.where(x > 0, dout, a * dout)
    axes_without_a = tuple(range(x.ndim - np.ndim(a)))
    da = np.sum(dout * np.minimum(x, 0.0), axis=axes_without_a)
    return dx, da


# E1.5


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    r"""Exponential linear unit: the identity on the right, a curve that flattens at -alpha on the left.

    Args:
        x: any shape.
        alpha: depth of the floor, positive; unit of `x`.

    Returns:
        Array of the shape of `x`. It neither overflows for large `x` nor loses digits close to 0: at
        $x = -10^{-12}$ the relative error is still below $10^{-9}$.

    Source: Clevert, Unterthiner & Hochreiter (2016), arXiv:1511.07289.

    >>> elu(np.array([-1000.0, 2.0]), alpha=0.5).tolist()
    [-0.5, 2.0]
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def elu_backward(dout: np.ndarray, x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Backward pass of `elu`, from its input.

    Args:
        dout: gradient of the loss with respect to the output of `elu`.
        x: the input of `elu`, same shape.
        alpha: as in `elu`.

    Returns:
        Gradient of the loss with respect to `x`, same shape; no overflow for large `x`.

    >>> elu_backward(np.array([8.0, 8.0]), np.array([-1000.0, 2.0]), alpha=0.5).tolist()
    [0.0, 8.0]
    """
    return dout * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))


# E1.6


def maxout(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """A layer that computes k affine pieces and keeps, for every sample and unit, the largest.

    Args:
        x: inputs (N, D).
        W: weights of the k pieces (k, D, H).
        b: their biases (k, H).

    Returns:
        `(y, cache)`: the outputs (N, H), and whatever `maxout_backward` needs, as a tuple of arrays. The
        caller may overwrite `x`, `W` and `b` afterwards; the cache must not notice.

    Source: Goodfellow et al. (2013), arXiv:1302.4389.

    >>> y, cache = maxout(np.array([[2.0]]), np.array([[[1.0]], [[-1.0]]]), np.array([[0.0], [5.0]]))
    >>> y.tolist()
    [[3.0]]
    """
    pieces = x @ W + b[:, None, :]  # (k, N, H)
    winner = pieces.argmax(axis=0)
    return pieces.max(axis=0), (x.copy(), W.copy(), winner)


def maxout_backward(dout: np.ndarray, cache: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Backward pass of `maxout`.

    Args:
        dout: gradient of the loss with respect to the outputs (N, H).
        cache: what `maxout` returned.

    Returns:
        `(dx, dW, db)`, of the shapes of `x`, `W` and `b`. Where pieces tie, the first of
        them takes the whole gradient.

    >>> y, cache = maxout(np.array([[2.0]]), np.array([[[1.0]], [[-1.0]]]), np.array([[0.0], [5.0]]))
    >>> dx, dW, db = maxout_backward(np.array([[10.0]]), cache)
    >>> dx.tolist(), dW.tolist(), db.tolist()
    ([[-10.0]], [[[0.0]], [[20.0]]], [[0.0], [10.0]])
    """
    x, W, winner = cache
    number_of_each_piece = np.arange(len(W))[:, None, None]
    dpieces = dout * (winner == number_of_each_piece)  # (k, N, H)
    dx = (dpieces @ W.transpose(0, 2, 1)).sum(axis=0)
    return dx, x.T @ dpieces, dpieces.sum(axis=1)


# E1.7


def softmax(z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Turn scores into positive shares that sum to 1 along an axis.

    Args:
        z: scores ("logits"), any shape; each slice along `axis` is one set of scores, and the slices know
            nothing of each other.
        axis: along which the shares sum to 1.

    Returns:
        Array of the shape of `z`, right for scores of any size.

    >>> softmax(np.array([[0.0, np.log(3.0)], [1000.0, 1000.0]])).round(6).tolist()
    [[0.25, 0.75], [0.5, 0.5]]
    """
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Logarithm of `softmax`, also where the share itself is too small for a float.

    Args:
        z: scores, any shape.
        axis: along which the shares sum to 1.

    Returns:
        Array of the shape of `z`, finite for all finite scores.

    >>> log_softmax(np.array([0.0, -2000.0])).tolist()
    [0.0, -2000.0]
    """
    shifted = z - z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def softmax_backward(dout: np.ndarray, s: np.ndarray, axis: int = -1) -> np.ndarray:
    """Backward pass of `softmax`, from its output: every score moves every share.

    Args:
        dout: gradient of the loss with respect to the shares.
        s: the shares, `softmax(z, axis)`, same shape.
        axis: as in `softmax`.

    Returns:
        Gradient of the loss with respect to `z`, same shape.

    >>> softmax_backward(np.array([4.0, 0.0]), np.array([0.25, 0.75])).tolist()
    [0.75, -0.75]
    """
    return s * (dout - (dout * s).sum(axis=axis, keepdims=True))


# E1.8: a function and its slope each


def linear(x: np.ndarray) -> np.ndarray:
    """No activation at all, as a regression's last layer has it.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> linear(np.array([-2.0, 3.0])).tolist()
    [-2.0, 3.0]
    """
    return x.copy()


def linear_slope(x: np.ndarray) -> np.ndarray:
    """Slope of `linear`.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> linear_slope(np.array([-2.0, 3.0])).tolist()
    [1.0, 1.0]
    """
    return np.ones_like(x)


def exponential(x: np.ndarray) -> np.ndarray:
    """The exponential, for outputs that must be positive.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> float(exponential(np.array([0.0]))[0])
    1.0
    """
    return np.exp(x)


def exponential_slope(x: np.ndarray) -> np.ndarray:
    """Slope of `exponential`.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> float(exponential_slope(np.array([0.0]))[0])
    1.0
    """
    return np.exp(x)


def softplus(x: np.ndarray) -> np.ndarray:
    r"""A rectifier with a rounded corner.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`, finite and without overflow for $|x| \le 10^4$.

    >>> round(float(softplus(np.array([0.0]))[0]), 6)
    0.693147
    """
    return np.logaddexp(0.0, x)


def softplus_slope(x: np.ndarray) -> np.ndarray:
    r"""Slope of `softplus`.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`, finite and without overflow for $|x| \le 10^4$.

    >>> float(softplus_slope(np.array([0.0]))[0])
    0.5
    """
    return np.exp(-np.logaddexp(0.0, -x))


def softsign(x: np.ndarray) -> np.ndarray:
    """An S-shaped curve that approaches ±1 slowly and needs no exponential.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> float(softsign(np.array([-1.0]))[0])
    -0.5
    """
    return x / (1.0 + np.abs(x))


def softsign_slope(x: np.ndarray) -> np.ndarray:
    """Slope of `softsign`.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> float(softsign_slope(np.array([-1.0]))[0])
    0.25
    """
    return 1.0 / (1.0 + np.abs(x)) ** 2


def hard_sigmoid(x: np.ndarray) -> np.ndarray:
    """The sigmoid drawn with a ruler, in the version of torch and Keras 3: it reaches 0 at -3 and 1 at +3.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> float(hard_sigmoid(np.array([0.0]))[0])
    0.5
    """
    return np.clip((x + 3.0) / 6.0, 0.0, 1.0)


def hard_sigmoid_slope(x: np.ndarray) -> np.ndarray:
    """Slope of `hard_sigmoid`, away from its two corners.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> round(float(hard_sigmoid_slope(np.array([0.0]))[0]), 6)
    0.166667
    """
    return np.where(np.abs(x) < 3.0, 1.0 / 6.0, 0.0)


def swish(x: np.ndarray) -> np.ndarray:
    r"""The input times its own sigmoid; also called SiLU.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`, without overflow for $|x| \le 10^4$.

    Source: Ramachandran, Zoph & Le (2017), arXiv:1710.05941.

    >>> float(swish(np.array([0.0]))[0])
    0.0
    """
    return x * np.exp(-np.logaddexp(0.0, -x))  # the second factor is the sigmoid of x


def swish_slope(x: np.ndarray) -> np.ndarray:
    r"""Slope of `swish`.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`, without overflow for $|x| \le 10^4$.

    >>> float(swish_slope(np.array([0.0]))[0])
    0.5
    """
    s = np.exp(-np.logaddexp(0.0, -x))  # the sigmoid of x
    return s * (1.0 + x * (1.0 - s))


def gelu(x: np.ndarray) -> np.ndarray:
    """The input times the probability that a standard normal number is smaller: the exact form, not an
    approximation.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    Source: Hendrycks & Gimpel (2016), arXiv:1606.08415. The notebook's `erf` works on arrays.

    >>> round(float(gelu(np.array([1.0]))[0]), 6)
    0.841345
    """
    return x * (1.0 + erf(x / np.sqrt(2.0))) / 2.0


def gelu_slope(x: np.ndarray) -> np.ndarray:
    """Slope of `gelu`.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`.

    >>> round(float(gelu_slope(np.array([1.0]))[0]), 6)
    1.083315
    """
    probability = (1.0 + erf(x / np.sqrt(2.0))) / 2.0
    density = np.exp(-(x**2) / 2.0) / np.sqrt(2.0 * np.pi)
    return probability + x * density


def selu(x: np.ndarray) -> np.ndarray:
    r"""An ELU with two constants chosen so that standard normal inputs give outputs of mean 0 and variance 1.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`, without overflow for $|x| \le 10^4$.

    Source: Klambauer et al. (2017), arXiv:1706.02515.

    >>> round(float(selu(np.array([-1.0]))[0]), 6)
    -1.111331
    """
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    ### BEGIN SOLUTION
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))
    ### END SOLUTION


def selu_slope(x: np.ndarray) -> np.ndarray:
    r"""Slope of `selu`.

    Args:
        x: any shape.

    Returns:
        Array of the shape of `x`, without overflow for $|x| \le 10^4$.

    >>> round(float(selu_slope(np.array([-1.0]))[0]), 6)
    0.646769
    """
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    ### BEGIN SOLUTION
    return scale * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))
    ### END SOLUTION


ACTIVATIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "linear": (linear, linear_slope),
    "exponential": (exponential, exponential_slope),
    "softplus": (softplus, softplus_slope),
    "softsign": (softsign, softsign_slope),
    "hard_sigmoid": (hard_sigmoid, hard_sigmoid_slope),
    "swish": (swish, swish_slope),
    "gelu": (gelu, gelu_slope),
    "selu": (selu, selu_slope),
}


# E1.9


def collapse_linear(Ws: list[np.ndarray], bs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The one affine layer that does what a whole stack of affine layers does.

    Args:
        Ws: weights of the layers in the order in which data pass them; layer l has shape (D_l, D_{l+1}).
        bs: their biases; layer l has shape (D_{l+1},).

    Returns:
        `(W, b)`, new arrays of shapes (D_first, D_last) and (D_last,): for every `x (N, D_first)`,
        `x @ W + b` is what comes out of the stack.

    >>> W, b = collapse_linear([np.array([[2.0]]), np.array([[3.0]])], [np.array([1.0]), np.array([5.0])])
    >>> W.tolist(), b.tolist()
    ([[6.0]], [8.0])
    """
    W, b = np.eye(len(Ws[0])), np.zeros(len(Ws[0]))  # the layer that changes nothing
    for W_next, b_next in zip(Ws, bs, strict=True):
        W, b = W @ W_next, b @ W_next + b_next
    return W, b


# E1.10


def gradient_profile(
    act: tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]],
    Ws: list[np.ndarray],
    X: np.ndarray,
    dout: np.ndarray,
) -> list[float]:
    """How large the gradient is at every depth of a network without biases.

    Args:
        act: the pair `(f, slope)`: the activation, and its derivative; both take pre-activations `z` and work
            entry by entry.
        Ws: weights of the L layers, `Ws[l]` of shape (D_l, D_{l+1}); layer l computes `f(h @ Ws[l])`.
        X: the network's input (N, D_0).
        dout: gradient of the loss with respect to the network's output (N, D_L).

    Returns:
        L+1 numbers: the standard deviation, over all entries, of the gradient with respect to the input of
        layer 0, 1, …, L-1, and last of `dout` itself.

    >>> act = (lambda z: z**2, lambda z: 2 * z)
    >>> gradient_profile(act, [np.array([[3.0, 5.0]])], np.array([[1.0], [2.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    [41.0, 0.5]
    """
    f, slope = act
    h, pre_activations = X, []
    for W in Ws:
        pre_activations.append(h @ W)
        h = f(pre_activations[-1])
    gradient = dout
    spread = [float(gradient.std())]
    for W, z in zip(reversed(Ws), reversed(pre_activations), strict=True):
        gradient = (gradient * slope(z)) @ W.T
        spread.append(float(gradient.std()))
    return spread[::-1]


# E1.11


def activation_report(H: np.ndarray, kind: str, tol: float = 0.02) -> dict[str, float]:
    """Four numbers that tell whether a layer is well.

    Args:
        H: outputs of the layer's activation (N, units).
        kind: "relu", "sigmoid" or "tanh".
        tol: how close to an asymptote counts as saturated; unit of `H`.

    Returns:
        A dict of four floats:
        `dead`: share of units that are exactly 0 for every sample; 0 unless kind is "relu".
        `saturated`: share of entries that lie within `tol` of an asymptote of the
        sigmoid or of tanh; 0 for "relu".
        `mean`: mean of all entries.
        `same_sign`: share of samples whose outputs do not contain both signs; a zero has no sign.

    Raises:
        ValueError: `kind` is none of the three.

    >>> report = activation_report(np.array([[0.0, 2.0], [0.0, 0.0]]), "relu")
    >>> report["dead"], report["saturated"], report["mean"], report["same_sign"]
    (0.5, 0.0, 0.5, 1.0)
    """
    if kind not in ("relu", "sigmoid", "tanh"):
        raise ValueError(f'activation_report: kind must be "relu", "sigmoid" or "tanh"; got {kind!r}')
    ### BEGIN SOLUTION
    dead, saturated, mean = 0.0, 0.0, H.mean()
    if kind == "relu":
        dead = (H == 0).all(axis=0).mean()
    else:
        floor = 0.0 if kind == "sigmoid" else -1.0
        to_asymptote = np.minimum(H - floor, 1.0 - H)
        saturated = (to_asymptote <= tol).mean()
    same_sign = ((H >= 0).all(axis=1) | (H <= 0).all(axis=1)).mean()
    ### END SOLUTION
    return {"dead": float(dead), "saturated": float(saturated), "mean": float(mean), "same_sign": float(same_sign)}


gradient_bound = 0.25**10  # Q1.1: ten sigmoids, each with a slope of at most 1/4
relu_subgradient = "C"  # Q1.7: every number from 0 to 1
dead_relu_revival = "B"  # Q1.3: only what moves its inputs, its own gradient being 0
output_layer = "D"  # Q1.6: softmax; linear; exponential or softplus
parameter_count = (1_000_001_000, 1792)  # Q1.4: 1e6 * 1000 + 1000 for the dense layer, 3 * 3 * 3 * 64 + 64 for the convolution
linear_stack = "A"  # Q1.5: 50 is wider than 10, so nothing is lost, and nothing is gained
architecture_choice = "B"  # Q1.8: steps for sequences, one detector for all places in images, no assumption for tables
weight_directions = "C"  # Q1.2: delta times positive numbers, so all signs are that of delta
