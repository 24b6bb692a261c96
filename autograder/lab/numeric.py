"""Small numerical tools: slopes without calculus, and the error function that NumPy lacks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

_erf = np.vectorize(math.erf, otypes=[float])


def erf(x: np.ndarray) -> np.ndarray:
    """The error function of every entry of `x`; the normal distribution function is `(1 + erf(x / sqrt(2))) / 2`.

    >>> erf(np.array([0.0, 0.5])).round(6).tolist()
    [0.0, 0.5205]
    """
    return np.asarray(_erf(x))


def slope(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """Slope of an elementwise function at every entry of `x`, by nudging all entries at once.

    Args:
        f: a function that treats each entry on its own.
        x: where, any shape.
        h: length of the nudge to either side.

    Returns:
        The slopes, of the shape of `x`; good to about nine digits where `f` is smooth.

    >>> slope(np.sin, np.array([0.0])).round(6).tolist()
    [1.0]
    """
    ahead, behind = f(x + h), f(x - h)
    return np.asarray((ahead - behind) / (2 * h))
