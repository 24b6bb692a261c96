"""Two weights under a penalty: where the minimum goes as the penalty grows, and the shape that holds it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograder.lab import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CENTRE = np.array([0.4, 1.4])
"""Where the loss alone has its minimum."""

_CURVATURE = np.array([[1.6, -0.5], [-0.5, 1.0]])
_TICKS = np.arange(-320, 721) / 400
_GRID = np.stack(np.meshgrid(_TICKS, _TICKS), axis=-1)
_DISTANCE = _GRID - CENTRE
_LOSS = np.einsum("...i,ij,...j->...", _DISTANCE, _CURVATURE, _DISTANCE) / 2
_PENALTIES = {"L1": np.linalg.norm(_GRID, ord=1, axis=-1), "L2": np.linalg.norm(_GRID, axis=-1) ** 2}


def minimum(penalty: str, strength: float) -> np.ndarray:
    """Where loss + strength * penalty is lowest, found by looking everywhere; good to 0.0025.

    Args:
        penalty: "L1" or "L2".
        strength: not negative.
    """
    row, column = np.unravel_index(np.argmin(_LOSS + strength * _PENALTIES[penalty]), _LOSS.shape)
    return np.array([_TICKS[column], _TICKS[row]])


def draw(axes: Axes, penalty: str, strength: float) -> None:
    """Contours of the loss, the path of the minimum for all strengths up to this one, and the set of equal penalty there."""
    path = np.array([minimum(penalty, s) for s in np.linspace(0, strength, 16)])
    axes.contour(_TICKS, _TICKS, _LOSS, levels=[0.02, 0.1, 0.25, 0.5, 0.9, 1.4, 2.0], colors=[plots.GREY], linewidths=0.7)
    here = path[-1]
    row, column = np.abs(_TICKS - here[1]).argmin(), np.abs(_TICKS - here[0]).argmin()
    height = float(_PENALTIES[penalty][row, column])
    axes.contourf(_TICKS, _TICKS, _PENALTIES[penalty], levels=[-1.0, max(height, 1e-4)], colors=[plots.SKY], alpha=0.4)
    axes.plot(*path.T, color=plots.RED, linewidth=1.6, zorder=3)
    axes.plot(*CENTRE, "x", color=plots.GREY, markersize=7, zorder=3)
    axes.plot(*here, "*", color=plots.RED, markersize=13, zorder=4)
    plots.reference(axes, x=0)
    plots.reference(axes, y=0)
    axes.set(xlim=(-0.8, 1.3), ylim=(-0.8, 1.8), aspect="equal")
    axes.grid(False)
