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


def saddle() -> Surface:
    """A pass between two hills: it curves up along weight 1 and down along weight 2, where a minimum lies at either side.

    >>> saddle().gradient(np.array([0.0, 1.0])).tolist()
    [0.0, 0.0]
    """
    return Surface(
        "saddle",
        lambda points: np.asarray((points[..., 0] ** 2 - points[..., 1] ** 2) / 2 + points[..., 1] ** 4 / 4),
        lambda point: np.array([point[0], point[1] ** 3 - point[1]]),
        (-1.4, 0.001),
        (-1.7, 0.9, -0.6, 1.5),
    )


def plateau() -> Surface:
    """A hole in a plain: far from the hole there is hardly any slope. The minimum lies at (0, 0).

    >>> float(plateau().loss(np.array([0.0, 0.0])))
    -1.0
    """

    def loss(points: np.ndarray) -> np.ndarray:
        return np.asarray(-np.exp(-(points**2).sum(axis=-1) / 2))

    return Surface("plateau", loss, lambda point: -point * loss(point), (-3.3, 0.6), (-3.7, 1.4, -1.2, 1.5))


def rosenbrock() -> Surface:
    """Rosenbrock's banana: a curved ravine whose floor hardly slopes. The minimum lies at (1, 1).

    >>> rosenbrock().gradient(np.array([1.0, 1.0])).tolist()
    [0.0, 0.0]
    """
    return Surface(
        "Rosenbrock's banana",
        lambda points: np.asarray((1 - points[..., 0]) ** 2 + 100 * (points[..., 1] - points[..., 0] ** 2) ** 2),
        lambda point: np.array(
            [2 * (point[0] - 1) - 400 * point[0] * (point[1] - point[0] ** 2), 200 * (point[1] - point[0] ** 2)]
        ),
        (-1.2, 1.2),
        (-1.7, 1.5, -0.5, 1.9),
    )


def cliff(steepness: float = 60.0) -> Surface:
    """A gentle slope that ends at a wall; the minimum lies at the foot of the wall, just left of (1, 0).

    Args:
        steepness: slope of the wall.
    """
    width = 0.03

    def loss(points: np.ndarray) -> np.ndarray:
        x, y = points[..., 0], points[..., 1]
        return np.asarray(-0.3 * x + y**2 / 2 + steepness * width * np.logaddexp(0.0, (x - 1) / width))

    def gradient(point: np.ndarray) -> np.ndarray:
        share = np.exp(-np.logaddexp(0.0, -(point[0] - 1) / width))
        return np.array([-0.3 + steepness * share, point[1]])

    return Surface("cliff", loss, gradient, (-0.6, 0.5), (-7.0, 1.6, -0.5, 0.8))


def double_well() -> Surface:
    """Two hollows: a ball that starts in the right one has to cross a ridge to reach the left one, which is deeper.

    >>> left, right = double_well().loss(np.array([[-1.0, 0.0], [1.0, 0.0]]))
    >>> bool(left < right)
    True
    """
    return Surface(
        "double well",
        lambda points: np.asarray((points[..., 0] ** 2 - 1) ** 2 + 0.3 * points[..., 0] + points[..., 1] ** 2),
        lambda point: np.array([4 * point[0] * (point[0] ** 2 - 1) + 0.3, 2 * point[1]]),
        (1.5, 0.6),
        (-1.7, 1.7, -0.8, 0.9),
    )


def path(surface: Surface, rule: str, steps: int, clip: float = np.inf, **settings: float) -> np.ndarray:
    """Where one of torch's optimizers goes.

    Args:
        surface: what it descends.
        rule: name of a class in `torch.optim`, as "SGD" or "Adam".
        steps: number of updates.
        clip: gradients longer than this are shortened to it.
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
        if clip < np.inf:
            torch.nn.utils.clip_grad_norm_([w], clip)
        optimizer.step()
        points.append(w.detach().numpy().copy())
    return np.array(points)


def steps_to(surface: Surface, points: np.ndarray, loss: float) -> int | None:
    """How many steps a path needs until the loss is below `loss`, and stays there; None if it ends before."""
    above = np.flatnonzero(surface.loss(points) >= loss)
    arrival = int(above[-1]) + 1 if above.size else 0
    return arrival if arrival < len(points) else None


def contours(axes: Axes, surface: Surface) -> None:
    """Contour lines of a surface, closer together where it is low, and a star at the lowest place of the window."""
    left, right, bottom, top = surface.window
    across, up = np.linspace(left, right, 201), np.linspace(bottom, top, 201)
    heights = surface.loss(np.stack(np.meshgrid(across, up), axis=-1))
    axes.contour(across, up, np.sqrt(heights - heights.min()), levels=14, colors=[plots.GREY], linewidths=0.6, alpha=0.6)
    row, column = np.unravel_index(heights.argmin(), heights.shape)
    axes.plot(across[column], up[row], "*", color=plots.ORANGE, markersize=12, zorder=4)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.grid(False)


def draw(axes: Axes, surface: Surface, points: np.ndarray, colour: str = plots.BLUE) -> None:
    """Contour lines of a surface, a path on it, and a star at the lowest place of the window."""
    contours(axes, surface)
    axes.plot(*points.T, ".-", color=colour, linewidth=1.0, markersize=3.5)
    left, right, bottom, top = surface.window
    axes.set(xlim=(left, right), ylim=(bottom, top))
