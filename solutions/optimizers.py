"""Unit 5, optimizers.

Every rule is a function `step(w, g, state, **settings) -> (w_new, state_new)`. Weights and gradient are float64 arrays of one
shape, the state is a dict, `{}` before the first step. A step returns new arrays and writes to none that it was given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

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


terminal_speed = 1 / (1 - 0.95)  # Q5.2: the geometric series 1 + 0.95 + 0.95² + …
first_step_without_correction = (1 - 0.9) / (1 - 0.999) ** 0.5  # Q5.3: m is g / 10, v is g² / 1000
