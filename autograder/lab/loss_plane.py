"""The loss of a network on a plane through three of its states: a slice of a landscape with thousands of dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autograder.lab import plots
from autograder.lab.threads import one_thread

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Plane:
    """A slice of the loss of the base net.

    Attributes:
        across, up: coordinates of the slice, in units of the weights.
        loss: cross-entropy on the training digits at each place, (up, across).
        paths: for each training where it was after every epoch, seen from above, (epochs + 1, 2).
        seen: for each training how much of its distance from the start lies in the plane after every epoch, (epochs,).
    """

    across: np.ndarray
    up: np.ndarray
    loss: np.ndarray
    paths: list[np.ndarray]
    seen: list[np.ndarray]


def through(first: np.ndarray, second: np.ndarray, places: int = 25) -> Plane:
    """The plane through the common start of two trainings and their two ends.

    Args:
        first, second: all weights in a row, before the first epoch and after each, (epochs + 1, W); as in `contest.Log.path`.
        places: along each side of the slice.
    """
    start = first[0]
    along = first[-1] - start
    along = along / np.linalg.norm(along)
    aside = second[-1] - start
    aside = aside - (aside @ along) * along
    axes = np.column_stack([along, aside / np.linalg.norm(aside)])
    ways = [way - start for way in (first, second)]
    paths = [way @ axes for way in ways]
    seen = [np.linalg.norm(path[1:], axis=1) / np.linalg.norm(way[1:], axis=1) for path, way in zip(paths, ways, strict=True)]
    low, high = np.min(np.vstack(paths), axis=0), np.max(np.vstack(paths), axis=0)
    margin = 0.35 * (high - low).max()
    across, up = (np.linspace(a - margin, b + margin, places) for a, b in zip(low, high, strict=True))
    spots = start + np.stack(np.meshgrid(across, up), axis=-1) @ axes.T
    return Plane(across, up, _losses(spots), paths, seen)


def around(weights: np.ndarray, seed: int = 0, places: int = 25) -> Plane:
    """The plane around one state in two random directions, each as long in every matrix and bias as that matrix or bias itself.

    Args:
        weights: all weights in a row (W,).
        seed: of the two directions.
        places: along each side of the slice, which reaches from -1 to +1 of those lengths.
    """
    from autograder.lab.training import base_net

    rng = np.random.default_rng(seed)
    ends = np.cumsum([parameter.numel() for parameter in base_net().parameters()])
    axes = rng.normal(size=(2, len(weights)))
    for part in np.split(np.arange(len(weights)), ends[:-1]):
        axes[:, part] *= np.linalg.norm(weights[part]) / np.linalg.norm(axes[:, part], axis=1, keepdims=True)
    ticks = np.linspace(-1, 1, places)
    spots = weights + np.stack(np.meshgrid(ticks, ticks), axis=-1) @ axes
    return Plane(ticks, ticks, _losses(spots), [np.zeros((1, 2))], [])


def draw(axes: Axes, plane: Plane) -> None:
    """Contour lines of a slice, each at a loss half as large as that of the next."""
    low, high = np.floor(np.log2(plane.loss.min())), np.ceil(np.log2(plane.loss.max()))
    levels = 2.0 ** np.arange(low, high + 1)
    drawn = axes.contour(plane.across, plane.up, plane.loss, levels=levels, colors=[plots.GREY], linewidths=0.7)
    axes.clabel(drawn, fmt="%.2g", fontsize=7)
    axes.grid(False)


def _losses(spots: np.ndarray) -> np.ndarray:
    import torch
    import torch.nn.functional as F

    from autograder.lab.training import base_net, digits_split

    X, y, _, _ = digits_split(0)
    X, y, net = X[:400], y[:400], base_net()
    loss = np.empty(spots.shape[:2])
    with one_thread(), torch.no_grad():
        for place in np.ndindex(loss.shape):
            torch.nn.utils.vector_to_parameters(torch.tensor(spots[place], dtype=torch.float32), net.parameters())
            loss[place] = float(F.cross_entropy(net(X), y))
    return loss
