"""Unit 5, optimizers.

Every rule is a function `step(w, g, state, **settings) -> (w_new, state_new)`. Weights and gradient are float64 arrays of one
shape, the state is a dict, `{}` before the first step. A step returns new arrays and writes to none that it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

# E5.1


def numeric_jacobian(f: Callable[[np.ndarray], np.ndarray | float], x: np.ndarray) -> np.ndarray:
    r"""All first derivatives of a function with several inputs and outputs, by central differences.

    Args:
        f: takes an array (n,), returns an array (m,), or a number, which counts as m = 1. It may return the
            same array every time.
        x: where to differentiate (n,), entries up to about 10 in size. Integers are converted to float.

    Returns:
        The Jacobian (m, n), in float64: row i holds the derivatives of output i, column j those with respect
        to input j. For functions with values and derivatives up to about 10 the error is below $10^{-7}$. `x`
        is as it was.

    >>> numeric_jacobian(lambda x: np.array([x[0] * x[1], 5 * x[0]]), np.array([2.0, 3.0])).round(6).tolist()
    [[3.0, 2.0], [5.0, 0.0]]
    """
    x = np.array(x, dtype=np.float64)
    h = np.finfo(np.float64).eps ** (1 / 3)  # rounding costs eps / h, the bend of f costs h²
    columns = []
    for step in h * np.eye(x.size):
        ahead, behind = np.array(f(x + step)), np.array(f(x - step))
        columns.append(np.atleast_1d(ahead - behind) / (2 * h))
    return np.stack(columns, axis=1)


def numeric_hessian(f: Callable[[np.ndarray], float], x: np.ndarray) -> np.ndarray:
    r"""All second derivatives of a function that returns a number, by differences of its values.

    Args:
        f: takes an array (n,), returns a number.
        x: where to differentiate (n,), entries up to about 10 in size. Integers are converted to float.

    Returns:
        The Hessian (n, n), in float64, symmetric. For functions with values up to about 100 and derivatives
        up to about 10 the error is below $10^{-5}$. `x` is as it was.

    >>> numeric_hessian(lambda x: x[0] ** 2 * x[1], np.array([3.0, 5.0])).round(4).tolist()
    [[10.0, 6.0], [6.0, 0.0]]
    """
    x = np.array(x, dtype=np.float64)
    h = np.finfo(np.float64).eps ** (1 / 4)  # rounding costs eps / h² now, so the best step is longer
    steps = h * np.eye(x.size)
    H = np.empty((x.size, x.size))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps[: i + 1]):
            H[i, j] = H[j, i] = (f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / (4 * h**2)
    return H


# E5.2


def classify_critical_point(H: np.ndarray, tol: float = 1e-8) -> str:
    r"""What kind of place a point without slope is.

    Args:
        H: Hessian of the loss there (n, n). It may lack symmetry, as measured ones do: what counts is
            $(H + H^\top)/2$.
        tol: eigenvalues up to this size count as 0; unit of `H`.

    Returns:
        "saddle" when the loss curves up in some direction and down in another; "minimum" when it curves up in
        all; "maximum" when it curves down in all; "degenerate" otherwise: at least one direction is flat, and
        the others agree.

    >>> classify_critical_point(np.array([[1.0, 3.0], [3.0, 1.0]]))
    'saddle'
    """
    curvatures = np.linalg.eigvalsh((H + H.T) / 2)
    up, down = curvatures > tol, curvatures < -tol
    if up.any() and down.any():
        return "saddle"
    if up.all():
        return "minimum"
    return "maximum" if down.all() else "degenerate"


def condition_number(H: np.ndarray) -> float:
    r"""How many times as curved the loss is in its most curved direction as in its least curved one.

    Args:
        H: Hessian (n, n). It may lack symmetry, as measured ones do: what counts is $(H + H^\top)/2$.

    Returns:
        A number from 1 up, whatever the signs of the curvatures; infinity when a direction is exactly flat.

    >>> condition_number(np.array([[-50.0, 0.0], [0.0, 2.0]]))
    25.0
    """
    curvatures = np.abs(np.linalg.eigvalsh((H + H.T) / 2))
    least = curvatures.min()
    return float(curvatures.max() / least) if least > 0 else float("inf")


# E5.3


def minibatches(
    X: np.ndarray, y: np.ndarray, batch_size: int, rng: np.random.Generator, drop_last: bool = False
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One epoch: every sample once, in a new random order, some at a time.

    Args:
        X: samples (N, …).
        y: their labels (N, …).
        batch_size: samples in a batch, 1 or more; it may exceed N.
        rng: source of randomness.
        drop_last: leave out a last batch that is not full.

    Yields:
        Pairs `(X_batch, y_batch)` whose rows belong together. The last batch may be short. Neither `X` nor
        `y` is changed.

    >>> [len(batch) for batch, _ in minibatches(np.zeros((7, 2)), np.zeros(7), 3, np.random.default_rng(0))]
    [3, 3, 1]
    """
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        chosen = order[start : start + batch_size]
        if drop_last and len(chosen) < batch_size:
            return
        yield X[chosen], y[chosen]


def sgd_step(w: np.ndarray, g: np.ndarray, state: dict[str, Any], *, lr: float = 0.01) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One step of gradient descent on a mini-batch.

    Args:
        w: weights, any shape; unit [w].
        g: the gradient of *each* sample's loss at `w`, (B, …) with the axes of `w`
            after the first; unit [loss/w].
        state: `{}`; gradient descent remembers nothing.
        lr: learning rate; unit [w²/loss].

    Returns:
        `(w_new, state_new)`, where `state_new` is `{}`. A batch with every sample
        in it twice gives the same step.

    Raises:
        ValueError: the axes of `g` after the first are not those of `w`.

    >>> w, state = sgd_step(np.array([5.0]), np.array([[2.0], [4.0]]), {}, lr=1.0)
    >>> float(w[0])
    2.0
    """
    if g.shape[1:] != w.shape:
        raise ValueError(f"sgd_step: g must be a row of gradients of the shape {w.shape}; got {g.shape}")
    ### BEGIN SOLUTION
    w_new = w - lr * g.mean(axis=0)
    ### END SOLUTION
    return w_new, {}


# E5.4


def momentum_step(
    w: np.ndarray, g: np.ndarray, state: dict[str, Any], *, lr: float = 0.01, mu: float = 0.9
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One step of gradient descent with momentum, in torch's form: a direction that persists gains speed.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w]. The caller may overwrite it after the step.
        state: `{}` before the first step, afterwards what you returned last time.
        lr: learning rate; unit [w²/loss]. It may differ from step to step.
        mu: share of the velocity that survives a step, in [0, 1).

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: Polyak (1964); the form of `torch.optim.SGD`, equations (1) and (2) of the notebook.

    >>> w, state = momentum_step(np.array([8.0]), np.array([4.0]), {}, lr=0.5, mu=0.5)
    >>> w, state = momentum_step(w, np.array([4.0]), state, lr=0.5, mu=0.5)
    >>> float(w[0])
    3.0
    """
    if w.shape != g.shape:
        raise ValueError(f"momentum_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    v = mu * state.get("v", 0.0) + g
    w_new, state_new = w - lr * v, {"v": v}
    ### END SOLUTION
    return w_new, state_new


def convert(form: str, lr: float, mu: float) -> tuple[float, float]:
    """Settings with which torch's form of momentum walks the very path of another form.

    Args:
        form: "cs231n", "postech", "ema" or "heavy_ball", as in the notebook's table.
        lr, mu: the settings of that form, the same at every step.

    Returns:
        `(lr, mu)` for torch's form. Both start at the same weights and at rest.

    Raises:
        ValueError: `form` is none of the four.

    >>> convert("cs231n", 0.25, 0.5)
    (0.25, 0.5)
    """
    if form not in ("cs231n", "postech", "ema", "heavy_ball"):
        raise ValueError(f'convert: form must be "cs231n", "postech", "ema" or "heavy_ball"; got {form!r}')
    ### BEGIN SOLUTION
    if form == "ema":  # the other three only keep lr in another place
        lr = lr * (1 - mu)
    ### END SOLUTION
    return lr, mu


# E5.5


def nesterov_step(
    theta: np.ndarray, grad_fn: Callable[[np.ndarray], np.ndarray], v: np.ndarray, lr: float, mu: float
) -> tuple[np.ndarray, np.ndarray]:
    r"""One step of Nesterov's momentum: first look where the velocity is about to lead, then correct it.

    Args:
        theta: weights, any shape; unit [w].
        grad_fn: takes weights of that shape, returns the gradient of the loss there.
            It is costly: one call a step.
        v: velocity, zeros before the first step; same shape. In this form it is a move; unit [w].
        lr: learning rate; unit [w²/loss].
        mu: share of the velocity that survives a step, in [0, 1).

    Returns:
        `(theta_new, v_new)`, new arrays.

    Source: Nesterov (1983) in the form of Sutskever et al. (2013), equations (1) and (2) of 5.5.

    >>> theta, v = nesterov_step(np.array([2.0]), lambda w: w, np.array([4.0]), lr=0.5, mu=0.5)
    >>> theta.tolist(), v.tolist()
    ([2.0], [0.0])
    """
    v_new = mu * v - lr * grad_fn(theta + mu * v)
    return theta + v_new, v_new


def nesterov_phi_step(phi: np.ndarray, g_at_phi: np.ndarray, v: np.ndarray, lr: float, mu: float) -> tuple[np.ndarray, np.ndarray]:
    r"""The same step for a loop that keeps the place ahead, $\varphi = \theta + \mu v$, as its weights.

    Args:
        phi: the place ahead, any shape; unit [w].
        g_at_phi: gradient of the loss at `phi`, same shape; unit [loss/w].
        v: velocity, zeros before the first step; a move, unit [w].
        lr, mu: as in `nesterov_step`.

    Returns:
        `(phi_new, v_new)`, new arrays: with $\theta$ and $v$ from `nesterov_step`, `phi_new` is
        $\theta + \mu v$ after the step.

    Source: Bengio, Boulanger-Lewandowski & Pascanu (2012), arXiv:1212.0901; the form of torch and Keras.

    >>> phi, v = nesterov_phi_step(np.array([4.0]), np.array([4.0]), np.array([4.0]), lr=0.25, mu=0.5)
    >>> phi.tolist(), v.tolist()
    ([3.5], [1.0])
    """
    v_new = mu * v - lr * g_at_phi
    return phi - mu * v + (1 + mu) * v_new, v_new


# E5.6


def adagrad_step(
    w: np.ndarray, g: np.ndarray, state: dict[str, Any], *, lr: float = 0.01, eps: float = 1e-10
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One AdaGrad update: every weight slows down by the gradients it has seen itself.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr: length of the first step; unit [w].
        eps: added outside the square root; unit of `g`.

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: Duchi, Hazan & Singer (2011), JMLR 12; the diagonal version, as in torch.

    >>> w, state = adagrad_step(np.array([1.0]), np.array([3.0]), {}, lr=0.5, eps=0.0)
    >>> w, state = adagrad_step(w, np.array([4.0]), state, lr=0.5, eps=0.0)
    >>> round(float(w[0]), 6)
    0.1
    """
    if w.shape != g.shape:
        raise ValueError(f"adagrad_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    G = state.get("G", 0.0) + g**2
    w_new, state_new = w - lr * g / (np.sqrt(G) + eps), {"G": G}
    ### END SOLUTION
    return w_new, state_new


def rmsprop_step(
    w: np.ndarray, g: np.ndarray, state: dict[str, Any], *, lr: float = 0.01, rho: float = 0.99, eps: float = 1e-8
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One RMSProp update: AdaGrad with a memory that fades.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr: length of a step when the gradient is steady; unit [w].
        rho: share of the old average that survives a step, in [0, 1).
        eps: added outside the square root; unit of `g`.

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: Tieleman & Hinton (2012), lecture 6.5 of their online course; the form of torch.

    >>> w, state = rmsprop_step(np.array([1.0]), np.array([3.0]), {}, lr=0.125, rho=0.75, eps=0.0)
    >>> float(w[0])
    0.75
    """
    if w.shape != g.shape:
        raise ValueError(f"rmsprop_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    G = rho * state.get("G", 0.0) + (1 - rho) * g**2
    w_new, state_new = w - lr * g / (np.sqrt(G) + eps), {"G": G}
    ### END SOLUTION
    return w_new, state_new


# E5.7


def adam_step(
    w: np.ndarray,
    g: np.ndarray,
    state: dict[str, Any],
    *,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One Adam update: a step whose length does not depend on the scale of the loss.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr: step length; unit [w].
        beta1, beta2: decay rates of the two moving averages, in [0, 1).
        eps: added outside the square root; unit of `g`.

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: Kingma & Ba (2015), arXiv:1412.6980, Algorithm 1. The step count starts at 1.

    >>> w, state = adam_step(np.array([1.0]), np.array([10.0]), {}, lr=0.1, eps=0.0)
    >>> float(w[0])
    0.9
    """
    if w.shape != g.shape:
        raise ValueError(f"adam_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    w_new = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    state_new = {"t": t, "m": m, "v": v}
    ### END SOLUTION
    return w_new, state_new


# E5.8


def adam_l2_step(
    w: np.ndarray,
    g: np.ndarray,
    state: dict[str, Any],
    *,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    wd: float = 0.01,
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One Adam update of a loss with an L2 penalty: the decay goes through the
    averages like any other gradient.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss *without* the penalty at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr, beta1, beta2, eps: those of Adam, 5.7.
        wd: strength of the decay: the penalty's own gradient is `wd * w`; unit [loss/w²].

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: what `torch.optim.Adam(weight_decay=wd)` does; Loshchilov & Hutter (2019),
    Algorithm 2, say why it disappoints.

    >>> w, state = adam_l2_step(np.array([1.0]), np.array([0.0]), {}, lr=0.1, eps=0.0, wd=0.25)
    >>> float(w[0])
    0.9
    """
    if w.shape != g.shape:
        raise ValueError(f"adam_l2_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    g = g + wd * w
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
    step = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    w_new, state_new = w - lr * step, {"t": t, "m": m, "v": v}
    ### END SOLUTION
    return w_new, state_new


def adamw_step(
    w: np.ndarray,
    g: np.ndarray,
    state: dict[str, Any],
    *,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    wd: float = 0.01,
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One AdamW update: Adam's step and the decay, side by side.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr, beta1, beta2, eps: those of Adam, 5.7.
        wd: strength of the decay; without a gradient a step takes the share `lr * wd` off every weight.

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: Loshchilov & Hutter (2019), arXiv:1711.05101, Algorithm 2; the form of `torch.optim.AdamW`.

    >>> w, state = adamw_step(np.array([1.0]), np.array([0.0]), {}, lr=0.5, wd=0.25)
    >>> float(w[0])
    0.875
    """
    if w.shape != g.shape:
        raise ValueError(f"adamw_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
    step = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    w_new, state_new = w - lr * step - lr * wd * w, {"t": t, "m": m, "v": v}
    ### END SOLUTION
    return w_new, state_new


# E5.9


def newton_step(x: np.ndarray, grad: np.ndarray, hess: np.ndarray, damping: float = 0.0) -> np.ndarray:
    r"""One step of Newton's method: jump to where the parabola that fits here has no slope.

    Args:
        x: weights (n,); unit [w].
        grad: gradient of the loss at `x`, (n,); unit [loss/w].
        hess: Hessian of the loss at `x`, (n, n), symmetric; unit [loss/w²].
        damping: added to every curvature before the jump, 0 or more; unit of `hess`.

    Returns:
        The new weights (n,), a new array. It does not form the inverse of a matrix, which would cost digits
        when `hess` is ill-conditioned.

    >>> newton_step(np.array([1.0, 1.0]), np.array([6.0, 8.0]), np.array([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [-2.0, -1.0]
    """
    damped = hess + damping * np.eye(len(x))
    return x - np.linalg.solve(damped, grad)


def taylor2(f0: float, g: np.ndarray, H: np.ndarray, d: np.ndarray) -> float:
    r"""What the loss would be after a move if it were the parabola that fits here.

    Args:
        f0: loss at the place; unit [loss].
        g: gradient there (n,); unit [loss/w].
        H: Hessian there (n, n), symmetric; unit [loss/w²].
        d: the move (n,); unit [w].

    Returns:
        The predicted loss, a float: exact when the loss is a polynomial of degree 2.

    >>> taylor2(1.0, np.array([2.0]), np.array([[6.0]]), np.array([0.5]))
    2.75
    """
    return float(f0 + g @ d + d @ H @ d / 2)


# E5.10


def quadratic_limits(H: np.ndarray, mu: float = 0.9) -> dict[str, Any]:
    r"""Which learning rates work on a quadratic bowl, and how well.

    Args:
        H: Hessian of the bowl (n, n), symmetric with positive eigenvalues; L is the largest, m the smallest.
        mu: momentum, in [0, 1), in torch's form.

    Returns:
        A dict of five entries; rates have the unit [w²/loss].
        `max_lr`: gradient descent shrinks every error below this rate, and makes some error grow above it.
        `best_lr`: the rate at which gradient descent's slowest error shrinks fastest.
        `rate`: the factor by which that error shrinks in a step at `best_lr`.
        `mom_max_lr`: as `max_lr`, with momentum `mu`.
        `best_mom`: the pair `(lr, mu)` at which momentum's slowest error shrinks fastest.

    Source: Polyak (1964); equations (1) to (4) of 5.10.

    >>> limits = quadratic_limits(np.array([[9.0, 0.0], [0.0, 1.0]]), mu=0.8)
    >>> limits["best_lr"], limits["rate"], limits["mom_max_lr"], limits["best_mom"]
    (0.2, 0.8, 0.4, (0.25, 0.25))
    """
    curvatures = np.linalg.eigvalsh(H)
    m, L = float(curvatures[0]), float(curvatures[-1])
    root_m, root_L = m**0.5, L**0.5
    return {
        "max_lr": 2 / L,
        "best_lr": 2 / (L + m),
        "rate": (L - m) / (L + m),
        "mom_max_lr": 2 * (1 + mu) / L,
        "best_mom": (4 / (root_L + root_m) ** 2, ((root_L - root_m) / (root_L + root_m)) ** 2),
    }


# E5.11


def clip_grad_norm(grads: Sequence[np.ndarray], max_norm: float) -> tuple[list[np.ndarray], float]:
    r"""Shorten a gradient that is too long, and leave its direction alone.

    Args:
        grads: the gradient of each parameter, arrays of any shapes; together they are *one* gradient.
        max_norm: the length allowed, positive; unit of the gradients.

    Returns:
        `(clipped, norm)`: new arrays in a list, in the same order, also when nothing had to be shortened; and
        the length of the whole gradient *before* clipping, a float.

    Raises:
        ValueError: the norm is infinite or nan; no scaling can mend that.

    Source: Pascanu, Mikolov & Bengio (2013), arXiv:1211.5063, Algorithm 1.

    >>> clipped, norm = clip_grad_norm([np.array([6.0]), np.array([[8.0]])], max_norm=5.0)
    >>> clipped[0].tolist(), clipped[1].tolist(), norm
    ([3.0], [[4.0]], 10.0)
    """
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads)))
    if not np.isfinite(norm):
        raise ValueError(f"clip_grad_norm: the norm of the gradient is {norm}")
    factor = max_norm / norm if norm > max_norm else 1.0
    return [factor * g for g in grads], norm


# E5.12


def adadelta_step(
    w: np.ndarray, g: np.ndarray, state: dict[str, Any], *, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One Adadelta update: steps are measured by earlier steps, so that no learning rate is needed.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr: a factor for every step, without a unit; the paper has none.
        rho: share of the two old averages that survives a step, in [0, 1).
        eps: added *inside* both roots, here as in the paper.

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: Zeiler (2012), arXiv:1212.5701, Algorithm 1; the form of torch.

    >>> w, state = adadelta_step(np.array([1.0]), np.array([2.0]), {}, rho=0.75, eps=3.0)
    >>> round(float(w[0]), 6)
    -0.732051
    """
    if w.shape != g.shape:
        raise ValueError(f"adadelta_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    squares = rho * state.get("squares", 0.0) + (1 - rho) * g**2
    moves = state.get("moves", 0.0)
    d = np.sqrt(moves + eps) / np.sqrt(squares + eps) * g
    w_new, state_new = w - lr * d, {"squares": squares, "moves": rho * moves + (1 - rho) * d**2}
    ### END SOLUTION
    return w_new, state_new


def adamax_step(
    w: np.ndarray,
    g: np.ndarray,
    state: dict[str, Any],
    *,
    lr: float = 2e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One Adamax update: Adam that divides by the largest gradient of late instead of a root mean square.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr: step length; unit [w].
        beta1, beta2: decay rates of the average and of the largest gradient, in [0, 1).
        eps: added to the size of each new gradient; unit of `g`.

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: Kingma & Ba (2015), arXiv:1412.6980, Algorithm 2; eps as in torch.

    >>> w, state = adamax_step(np.array([1.0]), np.array([4.0]), {}, lr=0.25, beta1=0.5, eps=0.0)
    >>> w, state = adamax_step(w, np.array([1.0]), state, lr=0.25, beta1=0.5, beta2=0.5, eps=0.0)
    >>> float(w[0])
    0.5
    """
    if w.shape != g.shape:
        raise ValueError(f"adamax_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    u = np.maximum(beta2 * state.get("u", 0.0), np.abs(g) + eps)
    w_new, state_new = w - lr / (1 - beta1**t) * m / u, {"t": t, "m": m, "u": u}
    ### END SOLUTION
    return w_new, state_new


def nadam_step(
    w: np.ndarray,
    g: np.ndarray,
    state: dict[str, Any],
    *,
    lr: float = 2e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 4e-3,
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One NAdam update: Adam that looks ahead as Nesterov does, with a momentum that warms up.

    Args:
        w: weights, any shape; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr: step length; unit [w].
        beta1, beta2: decay rates of the two moving averages, in [0, 1).
        eps: added outside the square root; unit of `g`.
        decay: speed at which the momentum rises from about `beta1 / 2` to `beta1`; unit [1/step].

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: Dozat (2016), "Incorporating Nesterov Momentum into Adam"; the form of torch.

    >>> w, state = nadam_step(np.array([1.0]), np.array([2.0]), {}, lr=1.0, beta1=0.5, eps=0.0, decay=0.0)
    >>> round(float(w[0]), 6)
    -0.133333
    """
    if w.shape != g.shape:
        raise ValueError(f"nadam_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (decay * step)) for step in (t, t + 1))
    product = state.get("product", 1.0) * mu
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
    ahead = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
    w_new = w - lr * ahead / (np.sqrt(v / (1 - beta2**t)) + eps)
    state_new = {"t": t, "product": product, "m": m, "v": v}
    ### END SOLUTION
    return w_new, state_new


def ftrl_step(
    w: np.ndarray,
    g: np.ndarray,
    state: dict[str, Any],
    *,
    lr: float = 0.1,
    beta: float = 1.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[np.ndarray, dict[str, Any]]:
    r"""One FTRL-Proximal update: AdaGrad for weights most of which shall be exactly 0.

    Args:
        w: weights, any shape; zeros before the first step, unless `beta`, `l1` and `l2` are all 0; unit [w].
        g: gradient of the loss at `w`, same shape; unit [loss/w].
        state: `{}` before the first step, afterwards what you returned last time.
        lr: the paper's $\alpha$; unit [w].
        beta: slows the first steps; unit of `g`.
        l1: price of a weight's size; what is not worth it is 0. Unit [loss/w].
        l2: price of half its square; unit [loss/w²].

    Returns:
        `(w_new, state_new)`; neither `w`, `g` nor any array in `state` is changed. No weight becomes nan: one
        that has seen no gradient is 0.

    Raises:
        ValueError: `w` and `g` differ in shape.

    Source: McMahan et al. (2013), "Ad Click Prediction: a View from the Trenches", Algorithm 1.

    >>> w, state = ftrl_step(np.zeros(2), np.array([3.0, 1.0]), {}, lr=0.5, beta=0.0, l1=1.5)
    >>> w.tolist()
    [-0.25, 0.0]
    """
    if w.shape != g.shape:
        raise ValueError(f"ftrl_step: w and g must share one shape; got {w.shape} and {g.shape}")
    ### BEGIN SOLUTION
    n = state.get("n", np.zeros_like(w))
    n_new = n + g**2
    sigma = (np.sqrt(n_new) - np.sqrt(n)) / lr
    z = state.get("z", 0.0) + g - sigma * w
    stiffness = (beta + np.sqrt(n_new)) / lr + l2
    worth_it = np.abs(z) > l1
    w_new = np.where(worth_it, -(z - np.sign(z) * l1) / np.where(worth_it, stiffness, 1.0), 0.0)
    state_new = {"n": n_new, "z": z}
    ### END SOLUTION
    return w_new, state_new


# B5.1


class MyAdam(torch.optim.Optimizer):
    r"""Adam as an optimizer of torch, by the rule of 5.7.

    Args:
        params: parameters, or dicts of the form `{"params": […], "lr": 0.1}`, each a
            group with settings of its own.
        lr, betas, eps: Adam's settings, for the groups that do not bring their own.

    What must survive a step stands in `self.state[parameter]`, a dict that is empty at first; then
    `state_dict()` and `load_state_dict()`, which are inherited, carry it along.

    >>> parameter = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    >>> optimizer = MyAdam([parameter], lr=0.5, eps=0.0)
    >>> parameter.grad = torch.tensor([10.0], dtype=torch.float64)
    >>> optimizer.step()
    >>> parameter.tolist()
    [0.5]
    """

    def __init__(self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter of every group in place; a parameter whose `grad` is None stays, and its step
        is not counted.

        Args:
            closure: computes the loss anew and its gradients; called once before the step, if given.

        Returns:
            What `closure` returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        ### BEGIN SOLUTION
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                g, state = parameter.grad, self.state[parameter]
                t = state["t"] = state.get("t", 0) + 1
                m = state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
                v = state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
                step = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + group["eps"])
                parameter.sub_(group["lr"] * step)
        ### END SOLUTION
        return loss


# B5.2


def lbfgs_direction(g: np.ndarray, s_list: Sequence[np.ndarray], y_list: Sequence[np.ndarray]) -> np.ndarray:
    r"""Where L-BFGS would go: nearly Newton's direction, without any matrix.

    Args:
        g: gradient at the current weights (n,).
        s_list: the last moves $x_{k+1} - x_k$, oldest first, each (n,); it may be empty.
        y_list: the change of the gradient over each move, in the same order; every $s^\top y$ is positive.

    Returns:
        The direction (n,), a new array; with no move on record it is `-g`.

    Source: Nocedal (1980); Nocedal & Wright (2006), Algorithm 7.4.

    >>> lbfgs_direction(np.array([4.0]), [np.array([1.0])], [np.array([8.0])]).tolist()
    [-0.5]
    """
    q, pairs, shares = g.copy(), list(zip(s_list, y_list, strict=True)), []
    for s, y in reversed(pairs):
        shares.append((s @ q) / (s @ y))
        q = q - shares[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * (s @ y) / (y @ y)
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        q = q + (share - (y @ q) / (s @ y)) * s
    return -q


minimum_by_chance = "C"  # Q5.5: a hundred independent signs must all be plus
terminal_speed = 1 / (1 - 0.95)  # Q5.2: the geometric series 1 + 0.95 + 0.95² + …
rate_halved = "B"  # Q5.1: where lr stands outside the velocity, it acts at once
first_step_without_correction = (1 - 0.9) / (1 - 0.999) ** 0.5  # Q5.3: m is g / 10, v is g² / 1000
hessian_bytes = 4 * 500_000**2  # Q5.4: one second derivative for every pair of parameters
who_is_who = "D"  # Q5.6: Adadelta; FTRL; Nesterov's look ahead
