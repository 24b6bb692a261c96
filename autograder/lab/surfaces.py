"""Loss surfaces over two weights, and the paths that torch's optimizers take across them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autograder.lab import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Surface:
    """A loss that depends on two weights.

    Attributes:
        name: what it is called.
        loss: takes points (…, 2), returns the loss at each.
        gradient: takes one point (2,), returns the gradient there.
        start: where paths begin.
        window: the part that is drawn: left, right, bottom, top.
    """

    name: str
    loss: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    start: tuple[float, float]
    window: tuple[float, float, float, float]


def ravine(condition: float = 100.0) -> Surface:
    """A valley whose walls are `condition` times as curved as its floor; the minimum lies at (0, 0).

    Args:
        condition: curvature across over curvature along; the curvature along is 1.

    >>> float(ravine(100).loss(np.array([1.0, 1.0])))
    50.5
    """
    curvature = np.array([1.0, condition])
    return Surface(
        f"ravine, walls {condition:g} times as curved as the floor",
        lambda points: np.asarray((curvature * points**2).sum(axis=-1) / 2),
        lambda point: curvature * point,
        (-1.0, 0.1),
        (-1.15, 0.6, -0.13, 0.13),
    )


def path(surface: Surface, rule: str, steps: int, **settings: float) -> np.ndarray:
    """Where one of torch's optimizers goes.

    Args:
        surface: what it descends.
        rule: name of a class in `torch.optim`, as "SGD" or "Adam".
        steps: number of updates.
        settings: handed to the optimizer, as `lr=0.1, momentum=0.9`.

    Returns:
        The weights before the first step and after each, (steps + 1, 2).

    >>> path(ravine(4), "SGD", 1, lr=0.25).tolist()
    [[-1.0, 0.1], [-0.75, 0.0]]
    """
    import torch

    w = torch.nn.Parameter(torch.tensor(surface.start, dtype=torch.float64))
    optimizer: torch.optim.Optimizer = getattr(torch.optim, rule)([w], **settings)
    points = [w.detach().numpy().copy()]
    for _ in range(steps):
        w.grad = torch.from_numpy(surface.gradient(points[-1]))
        optimizer.step()
        points.append(w.detach().numpy().copy())
    return np.array(points)


def steps_to(surface: Surface, points: np.ndarray, loss: float) -> int | None:
    """How many steps a path needs until the loss is below `loss`, and stays there; None if it ends before."""
    above = np.flatnonzero(surface.loss(points) >= loss)
    arrival = int(above[-1]) + 1 if above.size else 0
    return arrival if arrival < len(points) else None


def draw(axes: Axes, surface: Surface, points: np.ndarray, colour: str = plots.BLUE) -> None:
    """Contour lines of a surface, a path on it, and a star at the lowest place of the window."""
    left, right, bottom, top = surface.window
    across, up = np.linspace(left, right, 201), np.linspace(bottom, top, 201)
    heights = surface.loss(np.stack(np.meshgrid(across, up), axis=-1))
    axes.contour(across, up, np.sqrt(heights - heights.min()), levels=14, colors=[plots.GREY], linewidths=0.6, alpha=0.6)
    row, column = np.unravel_index(heights.argmin(), heights.shape)
    axes.plot(across[column], up[row], "*", color=plots.ORANGE, markersize=12, zorder=4)
    axes.plot(*points.T, ".-", color=colour, linewidth=1.0, markersize=3.5)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.grid(False)
