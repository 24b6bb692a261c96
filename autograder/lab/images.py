"""Pictures that need no network, and what the course does with them beside the exercises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = ("temple", "flower")
"""What the two photographs show: the classes of this course's smallest image data set."""


def photographs(shrink: int = 3) -> np.ndarray:
    """The two photographs that come with scikit-learn: a Chinese temple and a flower.

    Args:
        shrink: every block of `shrink` x `shrink` pixels becomes one, its mean. The originals have 427 x 640.

    Returns:
        Pictures (2, 3, H, W) of dtype uint8, red, green and blue; 142 x 213 pixels unless `shrink` says otherwise.

    >>> photographs(4).shape, photographs(4).dtype
    ((2, 3, 106, 160), dtype('uint8'))
    """
    from sklearn.datasets import load_sample_image

    both = np.stack([load_sample_image(name) for name in ("china.jpg", "flower.jpg")]).transpose(0, 3, 1, 2)
    N, C, H, W = both.shape
    H, W = H // shrink, W // shrink
    blocks = both[..., : H * shrink, : W * shrink].reshape(N, C, H, shrink, W, shrink)
    return np.asarray(np.round(blocks.mean(axis=(3, 5))), dtype=np.uint8)


def show(axes: Axes, picture: np.ndarray, title: str = "") -> None:
    """Draw one picture, without ticks.

    Args:
        axes: where to draw.
        picture: (3, H, W) with values from 0 to 255, or (H, W), which is drawn in grey over its own range.
        title: one or two lines above it.
    """
    if picture.ndim == 3:
        axes.imshow(np.clip(np.round(picture), 0, 255).astype(np.uint8).transpose(1, 2, 0))
    else:
        axes.imshow(picture, cmap="gray_r")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title(title)


def label_bar(axes: Axes, shares: Sequence[float], names: Sequence[str] = NAMES) -> None:
    """A label under its picture: one bar, divided between the classes.

    Args:
        axes: that of the picture; the bar is drawn along its lower edge.
        shares: of every class; they sum to 1.
        names: of the classes.
    """
    from autograder.lab.plots import BLUE, CARD, GREEN, INK, ORANGE, PURPLE

    bar = axes.inset_axes((0.0, -0.16, 1.0, 0.12))
    bar.set_axis_off()
    bar.set_xlim(0, 1)
    start = 0.0
    for share, name, colour in zip(shares, names, (BLUE, ORANGE, GREEN, PURPLE), strict=False):
        bar.barh(0, share, left=start, color=colour, height=1.0)
        if share > 0.3:
            ink = CARD if colour == BLUE else INK  # the other colours are too light for white letters
            bar.text(start + share / 2, 0, f"{name} {share:.2f}", ha="center", va="center", fontsize=7, color=ink)
        start += share


def look_up(pictures: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The values of pictures between their pixels, by weighing the four neighbours; 0 outside.

    Args:
        pictures: (..., H, W); pixel (row i, column j) lies at y = i, x = j.
        x, y: the places to look at, (H', W') for all pictures, or of any shape that lines up with (..., H', W').

    Returns:
        Array (..., H', W') in float64.

    >>> look_up(np.array([[0.0, 10.0], [20.0, 30.0]]), np.array([[0.5]]), np.array([[1.0]])).tolist()
    [[25.0]]
    """
    H, W = pictures.shape[-2:]
    lead = np.broadcast_shapes(pictures.shape[:-2], x.shape[:-2])
    x, y = np.broadcast_to(x, lead + x.shape[-2:]), np.broadcast_to(y, lead + y.shape[-2:])
    framed = np.pad(pictures, [(0, 0)] * (pictures.ndim - 2) + [(1, 1), (1, 1)])
    flat = np.broadcast_to(framed, lead + framed.shape[-2:]).reshape(*lead, -1)
    column, row = np.floor(x), np.floor(y)
    total: Any = 0.0
    for right in (0, 1):
        for down in (0, 1):
            weight = np.abs(1 - right - (x - column)) * np.abs(1 - down - (y - row))
            j = np.clip(column + right + 1, 0, W + 1).astype(int)
            i = np.clip(row + down + 1, 0, H + 1).astype(int)
            neighbour = np.take_along_axis(flat, (i * (W + 2) + j).reshape(*lead, -1), axis=-1)
            total = total + weight * neighbour.reshape(x.shape)
    return np.asarray(total)


def turn(pictures: np.ndarray, angles: np.ndarray | float) -> np.ndarray:
    """Pictures turned about their middle, counter-clockwise as you look at them; what comes in from outside is 0.

    Args:
        pictures: (N, H, W) or (C, H, W).
        angles: in degrees, one for all or one for each of the first axis.

    Returns:
        Array of the shape of `pictures`, in float64.
    """
    H, W = pictures.shape[-2:]
    rows, columns = np.mgrid[:H, :W]
    middle = complex((W - 1) / 2, (H - 1) / 2)
    angle = np.deg2rad(np.broadcast_to(np.asarray(angles, dtype=float), pictures.shape[:1]))
    source = (columns + 1j * rows - middle) * np.exp(1j * angle)[:, None, None] + middle
    return look_up(pictures, source.real, source.imag)


def warp(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """A picture seen through an affine map: what was at (x, y) is afterwards at `matrix @ (x, y, 1)`.

    Args:
        picture: (C, H, W) or (H, W); pixel (row i, column j) lies at y = i, x = j.
        matrix: of shape (2, 3).

    Returns:
        Array of the shape of `picture`, in float64; what comes in from outside is 0.
    """
    H, W = picture.shape[-2:]
    rows, columns = np.mgrid[:H, :W]
    there = np.stack([columns, rows]).reshape(2, -1) - matrix[:, 2:]
    x, y = np.linalg.solve(matrix[:, :2], there).reshape(2, H, W)  # for every pixel of the result, the place it comes from
    return look_up(picture, x, y)


def cow_mask(H: int, W: int, share: float, spots: float, rng: np.random.Generator) -> np.ndarray:
    """A mask with the irregular spots of a cow: noise, smoothed, and cut at the height that gives the wanted share.

    Args:
        H, W: height and width, in pixels.
        share: of the pixels that are 1.
        spots: how large the spots are, in pixels; standard deviation of the smoothing.
        rng: source of randomness.

    Returns:
        Array (H, W) of zeros and ones.

    Source: French, Oliver & Salimans (2020), arXiv:2003.12022.

    >>> float(cow_mask(20, 30, 0.25, 3.0, np.random.default_rng(0)).mean())
    0.25
    """
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(rng.normal(size=(H, W)), spots)
    ones = np.argsort(smooth, axis=None)[H * W - round(share * H * W) :]
    mask = np.zeros(H * W)
    mask[ones] = 1.0
    return mask.reshape(H, W)
