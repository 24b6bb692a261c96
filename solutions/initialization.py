"""Unit 4, initialisation.

The functions take and return float64 arrays, return new ones and write to none that they were given; the last exercise works on
a torch model in place. Everything random is drawn from the generator that is passed in, and from nothing else.
"""

# mypy: disable-error-code=no-any-return
# (NumPy's stubs give arithmetic between arrays the type Any.)

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

# E4.1


def compute_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many numbers every unit of a layer reads, and how many units read each of its inputs.

    Args:
        shape: of the weights. Two axes are a dense layer, (inputs, outputs). More are a convolution, (output
            channels, input channels, kernel height, kernel width), or with another number of kernel axes.

    Returns:
        `(fan_in, fan_out)`, two ints.

    Raises:
        ValueError: `shape` has fewer than two axes, as that of a bias has.

    >>> compute_fans((7, 5)), compute_fans((2, 5, 3, 3))
    ((7, 5), (45, 18))
    """
    if len(shape) < 2:
        raise ValueError(f"compute_fans: the shape of weights has at least two axes; got {shape}")
    ### BEGIN SOLUTION
    if len(shape) == 2:
        fan_in, fan_out = shape
    else:
        places_in_kernel = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * places_in_kernel, shape[0] * places_in_kernel
    ### END SOLUTION
    return int(fan_in), int(fan_out)


def random_normal(shape: tuple[int, ...], std: float, rng: np.random.Generator) -> np.ndarray:
    """Weights from the normal distribution with mean 0.

    Args:
        shape: of the weights.
        std: their standard deviation.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    >>> W = random_normal((300, 400), 0.05, np.random.default_rng(0))
    >>> round(float(W.std()), 3)
    0.05
    """
    return rng.normal(0.0, std, size=shape)


def random_uniform(shape: tuple[int, ...], limit: float, rng: np.random.Generator) -> np.ndarray:
    """Weights that take every value between -limit and +limit with the same probability.

    Args:
        shape: of the weights.
        limit: largest absolute value.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    >>> W = random_uniform((300, 400), 0.05, np.random.default_rng(0))
    >>> round(float(W.max()), 3), round(float(W.min()), 3)
    (0.05, -0.05)
    """
    return rng.uniform(-limit, limit, size=shape)


def truncated_normal(shape: tuple[int, ...], std: float, rng: np.random.Generator) -> np.ndarray:
    """Weights from a normal distribution without its tails: whatever lies beyond two
    standard deviations is drawn again.

    Args:
        shape: of the weights.
        std: standard deviation of what is returned. That of the normal distribution before its tails are cut
            is larger, by a factor of 1/0.87962566103423978.
        rng: the only source of randomness.

    Returns:
        New array of that shape; no entry exceeds `2 * std / 0.87962566103423978` in absolute value.

    >>> W = truncated_normal((300, 400), 0.05, np.random.default_rng(0))
    >>> round(float(W.std()), 3), round(float(W.max()), 3)
    (0.05, 0.114)
    """
    std_before = std / 0.87962566103423978
    ### BEGIN SOLUTION
    W = rng.normal(0.0, std_before, size=shape)
    while (tails := np.abs(W) > 2.0 * std_before).any():
        W[tails] = rng.normal(0.0, std_before, size=tails.sum())
    ### END SOLUTION
    return W


def constant(shape: tuple[int, ...], value: float) -> np.ndarray:
    """The same number everywhere: for biases and scales, never for the weights between two layers.

    Args:
        shape: of the weights.
        value: the number.

    Returns:
        New float64 array of that shape.

    >>> constant((1, 3), 2).tolist()
    [[2.0, 2.0, 2.0]]
    """
    return np.full(shape, value, dtype=np.float64)


def zeros(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros, as most biases start.

    Args:
        shape: of the weights.

    Returns:
        New float64 array of that shape.

    >>> zeros((3,)).tolist()
    [0.0, 0.0, 0.0]
    """
    return np.zeros(shape)


def ones(shape: tuple[int, ...]) -> np.ndarray:
    """Ones, as the scale of a normalisation layer starts.

    Args:
        shape: of the weights.

    Returns:
        New float64 array of that shape.

    >>> ones((3,)).tolist()
    [1.0, 1.0, 1.0]
    """
    return np.ones(shape)


def identity(shape: tuple[int, ...], gain: float = 1.0) -> np.ndarray:
    """A dense layer that hands its inputs on: input i goes to output i.

    Args:
        shape: (inputs, outputs), not necessarily as many of the one as of the other. Surplus outputs get
            nothing, surplus inputs go nowhere.
        gain: the factor with which inputs are handed on.

    Returns:
        New float64 array of that shape.

    Raises:
        ValueError: `shape` does not have two axes.

    >>> identity((2, 3), gain=5.0).tolist()
    [[5.0, 0.0, 0.0], [0.0, 5.0, 0.0]]
    """
    if len(shape) != 2:
        raise ValueError(f"identity: only a dense layer can hand its inputs on; got the shape {shape}")
    return gain * np.eye(*shape)


def variance_scaling(shape: tuple[int, ...], scale: float, mode: str, distribution: str, rng: np.random.Generator) -> np.ndarray:
    r"""Weights with mean 0 and variance $\text{scale}/n$, where $n$ is a fan of the layer: the rule behind
    all the names.

    Args:
        shape: of the weights, as in `compute_fans`.
        scale: the numerator, positive.
        mode: which fan is the denominator: "fan_in", "fan_out", or "fan_avg" for the mean of the two.
        distribution: "normal", "uniform" or "truncated". All three have the same variance.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    Raises:
        ValueError: `mode` or `distribution` is none of those.

    Source: LeCun et al. (1998); Glorot & Bengio (2010); He et al. (2015), arXiv:1502.01852.

    >>> W = variance_scaling((300, 400), 12.0, "fan_in", "uniform", np.random.default_rng(0))
    >>> round(float(W.var()), 2), round(float(W.max()), 2)
    (0.04, 0.35)
    """
    if mode not in ("fan_in", "fan_out", "fan_avg"):
        raise ValueError(f'variance_scaling: mode must be "fan_in", "fan_out" or "fan_avg"; got {mode!r}')
    if distribution not in ("normal", "uniform", "truncated"):
        raise ValueError(f'variance_scaling: distribution must be "normal", "uniform" or "truncated"; got {distribution!r}')
    ### BEGIN SOLUTION
    fan_in, fan_out = compute_fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / fan
    if distribution == "uniform":
        return random_uniform(shape, math.sqrt(3.0 * variance), rng)
    draw = random_normal if distribution == "normal" else truncated_normal
    return draw(shape, math.sqrt(variance), rng)
    ### END SOLUTION


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Glorot's initialisation, uniform; also called Xavier's. For layers that are
    about linear near 0, such as tanh.

    Args:
        shape: of the weights.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    >>> round(float(np.abs(glorot_uniform((300, 400), np.random.default_rng(0))).max()), 4)
    0.0926
    """
    return variance_scaling(shape, 1.0, "fan_avg", "uniform", rng)


def glorot_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Glorot's initialisation, normal (not truncated).

    Args:
        shape: of the weights.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    >>> round(float(glorot_normal((300, 400), np.random.default_rng(0)).std()), 3)
    0.054
    """
    return variance_scaling(shape, 1.0, "fan_avg", "normal", rng)


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """He's initialisation, normal (not truncated); also called Kaiming's. For ReLU.

    Args:
        shape: of the weights.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    >>> round(float(he_normal((300, 400), np.random.default_rng(0)).std()), 3)
    0.082
    """
    return variance_scaling(shape, 2.0, "fan_in", "normal", rng)


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """He's initialisation, uniform.

    Args:
        shape: of the weights.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    >>> round(float(he_uniform((300, 400), np.random.default_rng(0)).max()), 3)
    0.141
    """
    return variance_scaling(shape, 2.0, "fan_in", "uniform", rng)


def lecun_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """LeCun's initialisation, normal (not truncated). For linear layers, and for SELU.

    Args:
        shape: of the weights.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    >>> round(float(lecun_normal((300, 400), np.random.default_rng(0)).std()), 3)
    0.058
    """
    return variance_scaling(shape, 1.0, "fan_in", "normal", rng)


def lecun_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """LeCun's initialisation, uniform.

    Args:
        shape: of the weights.
        rng: the only source of randomness.

    Returns:
        New array of that shape.

    >>> round(float(lecun_uniform((300, 400), np.random.default_rng(0)).max()), 3)
    0.1
    """
    return variance_scaling(shape, 1.0, "fan_in", "uniform", rng)


# E4.2


def orthogonal(shape: tuple[int, ...], gain: float, rng: np.random.Generator) -> np.ndarray:
    """Weights that turn and mirror, but stretch nothing: a random matrix with perpendicular columns, or rows.

    Args:
        shape: of the weights. With more than two axes, all but the first are taken as one: (O, C, kh, kw) as
            (O, C·kh·kw).
        gain: length of every column, or row; positive.
        rng: the only source of randomness.

    Returns:
        New array of that shape. As a matrix: if it has at least as many rows as columns, its columns are
        perpendicular to each other and have the length `gain`; otherwise its rows. Of all such matrices each
        is as likely as any other.

    Source: Saxe, McClelland & Ganguli (2014), arXiv:1312.6120; the signs: Mezzadri (2007),
    arXiv:math-ph/0609050.

    >>> W = orthogonal((5, 2), 3.0, np.random.default_rng(0))
    >>> np.abs(W.T @ W).round(9).tolist()
    [[9.0, 0.0], [0.0, 9.0]]
    """
    rows, columns = shape[0], math.prod(shape[1:])
    ### BEGIN SOLUTION
    gaussian = rng.normal(size=(max(rows, columns), min(rows, columns)))
    Q, R = np.linalg.qr(gaussian)
    Q = Q * np.sign(np.diag(R))  # LAPACK chooses the signs of the columns by its own rule; this makes them random again
    W = Q if rows >= columns else Q.T
    ### END SOLUTION
    return gain * W.reshape(shape)


# E4.3


def hidden_gradients(W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Gradient for the first layer of a small classifier: `h = tanh(X @ W1 + b1)`, `scores = h @ W2`.

    Args:
        W1: weights of the hidden layer (D, H).
        b1: its biases (H,).
        W2: weights of the output layer (H, C); it has no biases.
        X: samples (N, D).
        y: their classes (N,), integers from 0 to C - 1.

    Returns:
        Gradient with respect to `W1`, (D, H), of the loss: the mean over the samples of $-\log$ of the share
        that softmax gives to the right class.

    >>> one = np.array([[1.0]])
    >>> hidden_gradients(0 * one, np.zeros(1), np.array([[4.0, 0.0]]), one, np.array([0])).tolist()
    [[-2.0]]
    """
    h = np.tanh(X @ W1 + b1)
    scores = h @ W2
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    dscores = (shares - np.eye(W2.shape[1])[y]) / len(y)
    dz = (dscores @ W2.T) * (1.0 - h**2)
    return X.T @ dz


def distinct_units(W: np.ndarray, tol: float = 1e-8) -> int:
    """How many of a layer's units differ in their weights.

    Args:
        W: weights (D, H); each column is one unit.
        tol: two units count as the same when none of their weights differ by more than this. Every pair is
            clearly the one or the other.

    Returns:
        The number of different units, an int from 1 to H.

    >>> distinct_units(np.array([[0.5, 0.5, 0.1], [2.0, 2.0, 2.0]]))
    2
    """
    found: list[np.ndarray] = []
    for unit in W.T:
        if all(np.abs(unit - other).max() > tol for other in found):
            found.append(unit)
    return len(found)


# E4.4


def forward_profile(
    act: tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]],
    weight_std: Callable[[int], float],
    depth: int,
    width: int,
    X: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """How large the numbers are after every layer of a network with fresh random weights and no biases.

    Args:
        act: the pair `(f, slope)`: the activation, and its derivative (not needed here). Call `f` once in
            each layer, with the pre-activations `z (N, width)` of all samples.
        weight_std: takes a layer's fan_in, gives the standard deviation of its
            weights, which are normal with mean 0.
        depth: number of layers, L.
        width: number of units of every layer.
        X: the network's input (N, D).
        rng: the only source of randomness; every layer gets weights of its own.

    Returns:
        Array (L+1, 2): for the input, and for the output of every layer, the standard deviation of all its
        entries, and the mean of their squares.

    >>> act = (lambda z: z + 3.0, lambda z: np.ones_like(z))
    >>> forward_profile(act, lambda fan_in: 0.0, 2, 4, np.array([[1.0, -1.0]]), np.random.default_rng(0)).tolist()
    [[1.0, 1.0], [0.0, 9.0], [0.0, 9.0]]
    """
    f, _ = act
    h = X
    profile = [(h.std(), np.mean(h**2))]
    for _ in range(depth):
        fan_in = h.shape[1]
        W = rng.normal(0.0, weight_std(fan_in), size=(fan_in, width))
        h = f(h @ W)
        profile.append((h.std(), np.mean(h**2)))
    return np.array(profile)


def backward_profile(
    act: tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]],
    weight_std: Callable[[int], float],
    depth: int,
    width: int,
    X: np.ndarray,
    dout: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """How large the gradient is before every layer of such a network.

    Args:
        act: the pair `(f, slope)`; both take pre-activations. Call each of them once in each layer, with
            `z (N, width)`.
        weight_std, depth, width, X, rng: as in `forward_profile`.
        dout: gradient of the loss with respect to the network's output (N, width).

    Returns:
        Array (L+1,): the standard deviation of all entries of the gradient with respect to the input of layer
        1, 2, …, L, and last that of `dout` itself.

    >>> act = (lambda z: z, lambda z: np.ones_like(z))
    >>> X, dout = np.array([[1.0, 2.0]]), np.array([[1.0, 4.0, 1.0]])
    >>> backward_profile(act, lambda fan_in: 0.0, 1, 3, X, dout, np.random.default_rng(0)).round(6).tolist()
    [0.0, 1.414214]
    """
    f, slope = act
    h, layers = X, []
    for _ in range(depth):
        fan_in = h.shape[1]
        W = rng.normal(0.0, weight_std(fan_in), size=(fan_in, width))
        z = h @ W
        h = f(z)
        layers.append((W, z))
    gradient = dout
    profile = [gradient.std()]
    for W, z in reversed(layers):
        gradient = (gradient * slope(z)) @ W.T
        profile.append(gradient.std())
    return np.array(profile[::-1])


# E4.5


def calibrate_gain(f: Callable[[np.ndarray], np.ndarray]) -> float:
    r"""The gain of an activation: with weights of standard deviation $\text{gain}/\sqrt{\text{fan\_in}}$,
    pre-activations of
    variance 1 have pre-activations of variance 1 in the next layer.

    Args:
        f: the activation; takes an array of any shape and works entry by entry. It may have corners.

    Returns:
        The gain, right to three digits (relative error below 0.001) and the same at every call.

    >>> round(calibrate_gain(lambda z: 5.0 * z), 6)
    0.2
    """
    z = np.linspace(-10.0, 10.0, 20_001)
    density = np.exp(-(z**2) / 2.0)
    second_moment = np.sum(f(z) ** 2 * density) / np.sum(density)
    return float(1.0 / np.sqrt(second_moment))


# E4.6


def lsuv_init(
    Ws: list[np.ndarray], X: np.ndarray, act: Callable[[np.ndarray], np.ndarray], tol: float = 0.02, max_iter: int = 10
) -> list[np.ndarray]:
    """Let the data set the scale: layer after layer, bring the pre-activations on real
    samples to standard deviation 1.

    Args:
        Ws: random weights of the L layers; `Ws[l]` has shape (D_l, D_{l+1}), and layer l computes
            `act(h @ Ws[l])`.
        X: samples (N, D_0); they need not be centred.
        act: the activation, entry by entry.
        tol: how close to 1 the standard deviation, over all entries of `h @ W`, must come.
        max_iter: largest number of attempts for a layer. A layer whose pre-activations are all 0 is dead: it
            cannot be scaled, keeps its orthonormal weights, and the work goes on.

    Returns:
        New list of L new arrays. Each is a matrix with orthonormal columns (orthonormal rows, if it has more
        columns than rows), made from the matrix in `Ws`, times one number.

    Source: Mishkin & Matas (2016), arXiv:1511.06422.

    >>> X = np.array([[3.0], [-3.0]])
    >>> [abs(W).round(6).tolist() for W in lsuv_init([np.array([[0.2]]), np.array([[7.0]])], X, lambda z: 2.0 * z)]
    [[[0.333333]], [[0.5]]]
    """
    scaled, h = [], X
    for W in Ws:
        U, _, Vt = np.linalg.svd(W, full_matrices=False)
        W = U @ Vt
        for _ in range(max_iter):
            spread = np.std(h @ W)
            if spread == 0.0 or abs(spread - 1.0) <= tol:
                break
            W = W / spread
        scaled.append(W)
        h = act(h @ W)
    return scaled


# E4.7


def init_output_bias(counts: np.ndarray) -> np.ndarray:
    """Biases for the last layer of a classifier that knows, before its first
    update, how common each class is.

    Args:
        counts: number of training samples of each class (C,). A class without any counts as half a sample.

    Returns:
        Array (C,): with scores equal to these biases, softmax gives every class its share of the counts. Of
        the many biases that do this, those whose exponentials add up to 1.

    >>> np.exp(init_output_bias(np.array([30, 10]))).round(6).tolist()
    [0.75, 0.25]
    """
    seen = np.maximum(counts, 0.5)
    return np.log(seen / seen.sum())


def initial_loss(logits_scale: float, C: int) -> float:
    r"""What the first cross-entropy loss of a classifier should be, to second
    order in the size of its scores.

    Args:
        logits_scale: standard deviation $s$ of the scores, which are random, independent of the labels and of
            each other; up to about 1.
        C: number of classes, all equally common.

    Returns:
        The expected loss, in nats.

    >>> round(initial_loss(0.0, 7), 6)
    1.94591
    """
    return math.log(C) + logits_scale**2 / 2 * (1 - 1 / C)


# E4.8


def init_model(
    model: nn.Module,
    nonlinearity: str,
    *,
    slope: float = 0.01,
    last_std: float = 0.01,
    generator: torch.Generator | None = None,
) -> None:
    """Initialise a torch model in place, ready for its first update.

    The last layer with weights, in the order of `model.modules()`, is the output layer; all other layers with
    weights are hidden. Layers with weights are `nn.Linear`, `nn.Conv1d`, `nn.Conv2d` and `nn.Conv3d`, however
    deeply they are nested.

    Args:
        model: hidden layers get normal weights of standard deviation gain/√fan_in, the output layer normal
            weights of standard deviation `last_std`; their biases, where there are any, become 0. Whatever
            else has parameters, such as a normalisation layer, keeps them. Parameters stay the objects that
            they are: an optimizer that was given them must go on training them.
        nonlinearity: a name that `nn.init.calculate_gain` knows, such as "relu", "leaky_relu" or "tanh".
        slope: of the leaky ReLU on its negative side; ignored for other activations.
        last_std: see above.
        generator: source of randomness; None for torch's own.

    >>> layer = nn.Linear(3, 2)
    >>> init_model(layer, "relu", last_std=0.0)
    >>> layer.weight.tolist(), layer.bias.tolist()
    ([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [0.0, 0.0])
    """
    layers = [part for part in model.modules() if isinstance(part, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d))]
    gain = nn.init.calculate_gain(nonlinearity, slope)  # type: ignore[arg-type]
    with torch.no_grad():
        for layer in layers:
            fan_in = layer.weight[0].numel()
            std = last_std if layer is layers[-1] else gain / math.sqrt(fan_in)
            layer.weight.normal_(0.0, std, generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()


vanished_step = "C"  # Q4.2: Var(x) in place of E[x²] needs E[x] = 0, and a ReLU puts out nothing negative
he_std = (2 / 512) ** 0.5  # Q4.1
xavier_bound = (6 / (300 + 100)) ** 0.5  # Q4.4
random_biases = "B"  # Q4.6: the bias outvotes the data, and what it was meant to do the weights do already
large_tanh = "D"  # Q4.3: nearly all slopes are tiny, the few steep ones times weights of size 1 make the gradient explode
scale_with_batchnorm = "B"  # Q4.5: forgiven over a wide range, not without limit
