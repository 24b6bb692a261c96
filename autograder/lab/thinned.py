"""Networks with units switched off: how they look, and what many of them say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograder.lab import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(axes: Axes, widths: tuple[int, ...], on: list[np.ndarray]) -> None:
    """Draw a network from left to right: circles for units, lines for the weights between units that are on.

    Args:
        axes: where to draw.
        widths: units of each layer.
        on: for each layer a mask, which of its units are on.
    """
    places = [np.arange(width) - (width - 1) / 2 for width in widths]
    for layer in range(len(widths) - 1):
        for i, start in enumerate(places[layer]):
            for j, end in enumerate(places[layer + 1]):
                alive = on[layer][i] and on[layer + 1][j]
                colour, width, order = (plots.BLUE, 0.8, 2) if alive else ("#DDDDD8", 0.4, 1)
                axes.plot([layer, layer + 1], [start, end], color=colour, linewidth=width, zorder=order)
    for layer, heights in enumerate(places):
        colours = [plots.BLUE if active else plots.CARD for active in on[layer]]
        edges = [plots.BLUE if active else "#BBBBB5" for active in on[layer]]
        axes.scatter(np.full(len(heights), layer), heights, s=70, c=colours, edgecolors=edges, zorder=3)
    axes.set(xlim=(-0.3, len(widths) - 0.7), ylim=(-max(widths) / 2, max(widths) / 2), xticks=[], yticks=[])
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)


def ask_many(
    h: np.ndarray, W: np.ndarray, keep_prob: float, networks: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ask networks that dropout left of a softmax layer, chosen at random, one after the other.

    Args:
        h: activations of the hidden units (n,).
        W: weights of the output layer (n, C).
        keep_prob: probability with which a unit stays.
        networks: how many to ask.
        rng: which ones.

    Returns:
        The arithmetic mean of their answers, the geometric mean scaled to sum 1, and the answer of the single network that has all
        units with its activations times `keep_prob`; all (C,).
    """
    import torch

    survivors = torch.from_numpy(rng.binomial(1, keep_prob, size=(networks, len(h))) * h)
    scores = survivors @ torch.from_numpy(W)
    arithmetic = torch.softmax(scores, dim=1).mean(dim=0)
    geometric = torch.softmax(torch.log_softmax(scores, dim=1).mean(dim=0), dim=0)
    single = torch.softmax(torch.from_numpy(keep_prob * h @ W), dim=0)
    return arithmetic.numpy(), geometric.numpy(), single.numpy()
