"""The sixteen activations of the lecture notes as curves to look at.

They are drawn for |z| ≤ 6 and for nothing else: broken lines are given by their corners, smooth curves by the formula in the book,
which overflows or loses digits where a network would use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autograder.lab.numeric import erf

REACH = 6.0
"""The curves are drawn from -REACH to +REACH."""

_FAR = 1000.0


@dataclass(frozen=True)
class Curve:
    """One activation, for pictures.

    Attributes:
        name: as in the lecture notes.
        draw: its values for an array of places within ±`REACH`.
        keras: what Keras calls it.
        range: the values it can take.
        cost: the work for one number.
    """

    name: str
    draw: Callable[[np.ndarray], np.ndarray]
    keras: str
    range: str
    cost: str


def _broken_line(left: float, corners: list[tuple[float, float]], right: float) -> Callable[[np.ndarray], np.ndarray]:
    """The function whose graph comes in with slope `left`, runs straight from corner to corner, and leaves with slope `right`."""
    (x_first, y_first), (x_last, y_last) = corners[0], corners[-1]
    ends = [(x_first - _FAR, y_first - left * _FAR)], [(x_last + _FAR, y_last + right * _FAR)]
    places, heights = np.array([*ends[0], *corners, *ends[1]], dtype=float).T
    return lambda z: np.interp(z, places, heights)


def _logistic(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-z)))


def _exponential_arm(z: np.ndarray, scale: float, alpha: float) -> np.ndarray:
    return np.asarray(scale * np.where(z > 0, z, alpha * (np.exp(z) - 1)))


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

CURVES: dict[str, Curve] = {
    curve.name: curve
    for curve in (
        Curve("linear", _broken_line(1, [(0, 0)], 1), '"linear"', "all numbers", "nothing"),
        Curve("sigmoid", _logistic, '"sigmoid"', "(0, 1)", "exp, division"),
        Curve("tanh", np.tanh, '"tanh"', "(−1, 1)", "exp, division"),
        Curve("hard sigmoid", _broken_line(0, [(-3, 0), (3, 1)], 0), '"hard_sigmoid"', "[0, 1]", "two comparisons"),
        Curve("softsign", lambda z: np.asarray(z / (1 + abs(z))), '"softsign"', "(−1, 1)", "division"),
        Curve("ReLU", _broken_line(0, [(0, 0)], 1), '"relu"', "[0, ∞)", "comparison"),
        Curve("leaky ReLU (slope 0.1)", _broken_line(0.1, [(0, 0)], 1), "LeakyReLU", "all numbers", "comparison"),
        Curve("PReLU (learned, here 0.4)", _broken_line(0.4, [(0, 0)], 1), "PReLU", "all numbers", "comparison"),
        Curve("ELU (α = 1)", lambda z: _exponential_arm(z, 1.0, 1.0), '"elu"', "(−1, ∞)", "exp"),
        Curve("SELU", lambda z: _exponential_arm(z, _SELU_SCALE, _SELU_ALPHA), '"selu"', "(−1.758, ∞)", "exp"),
        Curve("softplus", lambda z: np.asarray(np.log(1 + np.exp(z))), '"softplus"', "(0, ∞)", "exp, log"),
        Curve("exponential", np.exp, '"exponential"', "(0, ∞)", "exp"),
        Curve("swish (SiLU)", lambda z: np.asarray(z * _logistic(z)), '"swish", "silu"', "[−0.278, ∞)", "exp, division"),
        Curve("GELU", lambda z: np.asarray(z * (1 + erf(z / np.sqrt(2))) / 2), '"gelu"', "[−0.170, ∞)", "erf"),
        Curve("maxout (two pieces)", _broken_line(-0.4, [(-1, 0.4)], 0.7), "none", "all numbers", "two dense layers"),
        Curve("softmax (of z and 0)", _logistic, '"softmax"', "(0, 1), sum 1", "exp, division"),
    )
}
"""By name, the sixteen curves of the gallery."""


def mean_output(curve: Curve, spread: float = 1.0) -> float:
    """What the unit puts out on average when its input is normal with mean 0.

    Args:
        curve: which activation.
        spread: standard deviation of the input.

    >>> round(mean_output(CURVES["ReLU"]), 3)
    0.399
    """
    z = np.linspace(-REACH, REACH, 24001)
    weight = np.exp(-((z / spread) ** 2) / 2)
    mean = float(np.sum(curve.draw(z) * weight) / np.sum(weight))
    return round(mean, 12) + 0.0  # no "-0.0" where it is zero up to rounding
