"""Points that move over a still picture: a film of a few kilobytes, which needs neither a kernel nor a script to play."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Traveller = tuple["Axes", np.ndarray, str]


def film(figure: Figure, travellers: Sequence[Traveller], seconds: float = 8.0, samples: int = 160) -> Any:
    """Let points travel over a picture, all by one clock, again and again.

    Args:
        figure: the still picture behind them; it is closed, so that the notebook does not show it a second time.
        travellers: for each point the panel it moves in, its places (T, 2) in the units of that panel, and its colour.
        seconds: how long one round takes.
        samples: number of places that are kept of each way.

    Returns:
        An object that a notebook shows as a moving picture (an SVG with animations of its own).
    """
    import matplotlib.pyplot as plt
    from IPython.display import HTML

    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=figure.dpi)
    plt.close(figure)
    picture = base64.b64encode(file.getvalue()).decode()
    frames = {axes: axes.bbox.extents for axes, _, _ in travellers}
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" style="max-width: 100%" role="img" xmlns="http://www.w3.org/2000/svg">',
        f'<image href="data:image/png;base64,{picture}" width="{width}" height="{height}"/>',
    ]
    for number, (left, bottom, right, top) in enumerate(frames.values()):
        window = f'x="{left:.0f}" y="{height - top:.0f}" width="{right - left:.0f}" height="{top - bottom:.0f}"'
        parts.append(f'<clipPath id="panel{number}-{id(figure)}"><rect {window}/></clipPath>')
    panels = {axes: f"panel{number}-{id(figure)}" for number, axes in enumerate(frames)}
    for axes, places, colour in travellers:
        kept = np.linspace(0, len(places) - 1, samples).round().astype(int)
        pixels = axes.transData.transform(places[kept])
        pixels = np.clip(np.column_stack([pixels[:, 0], height - pixels[:, 1]]), -9999, 9999)
        parts += [f'<g clip-path="url(#{panels[axes]})">', *_traveller(pixels, colour, seconds), "</g>"]
    return HTML("".join([*parts, "</svg>"]))


def _traveller(pixels: np.ndarray, colour: str, seconds: float) -> list[str]:
    """One point and the trail that it leaves; both stand still for the last sixth of a round."""
    so_far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(pixels, axis=0).T))])
    length = so_far[-1] + 1
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in pixels)
    trail = _animate("stroke-dashoffset", length - so_far, seconds)
    x, y = (_animate(name, values, seconds) for name, values in zip(("cx", "cy"), pixels.T, strict=True))
    dash = f'stroke-dasharray="{length:.1f}"'
    return [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.4" {dash}>{trail}</polyline>',
        f'<circle r="4" fill="{colour}" cx="{pixels[-1, 0]:.1f}" cy="{pixels[-1, 1]:.1f}">{x}{y}</circle>',
    ]


def _animate(attribute: str, values: np.ndarray, seconds: float) -> str:
    times = ";".join(f"{time:.4f}" for time in [*np.linspace(0, 5 / 6, len(values)), 1])
    steps = ";".join(f"{value:.1f}" for value in [*values, values[-1]])
    return f'<animate attributeName="{attribute}" values="{steps}" keyTimes="{times}" dur="{seconds:g}s" repeatCount="indefinite"/>'
