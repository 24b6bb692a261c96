"""One look for every picture of the course.

The colours are those of Okabe and Ito, which colour-blind readers can tell apart; pictures stand on a light card of their own, so
that they read the same in print, in a light notebook and in a dark one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, GREY = "#CC79A7", "#56B4E9", "#F0E442", "#7A7A7A"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY)
CARD, INK, SOFT = "#FCFCFA", "#222222", "#555555"

_LOOK: dict[str, Any] = {
    "figure.dpi": 100,
    "figure.facecolor": CARD,
    "savefig.facecolor": CARD,
    "axes.facecolor": CARD,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E0",
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "image.cmap": "cividis",
    "figure.constrained_layout.use": True,
}


def panels(rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (4.2, 2.9), **options: Any) -> tuple[Figure, Any]:
    """An empty figure in the course's look.

    Args:
        rows: rows of panels.
        columns: columns of panels.
        size: width and height of one panel, in inches.
        options: handed on to `matplotlib.pyplot.subplots`, such as `sharey=True`.

    Returns:
        The figure, and its axes as `matplotlib.pyplot.subplots` gives them: one, or an array of them.
    """
    import matplotlib.pyplot as plt
    from cycler import cycler

    look: Any = _LOOK | {"axes.prop_cycle": cycler(color=COLOURS)}
    plt.rcParams.update(look)
    return plt.subplots(rows, columns, figsize=(columns * size[0], rows * size[1]), **options)


def label(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Name both axes, with units where there are any, and say in the title what the panel shows."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if title:
        axes.set_title(title)


def caption(figure: Figure, text: str) -> None:
    """One or two sentences under the picture: what to look at."""
    letters = int(figure.get_figwidth() * 15)
    figure.supxlabel(textwrap.fill(text, letters), x=0.01, ha="left", fontsize=9, color=SOFT, style="italic")


def reference(axes: Axes, *, x: float | None = None, y: float | None = None, text: str = "") -> None:
    """A dashed line to compare with, and what it stands for."""
    style: dict[str, Any] = {"color": GREY, "linestyle": (0, (4, 3)), "linewidth": 1.1, "zorder": 1}
    words: dict[str, Any] = {"color": SOFT, "fontsize": 8, "textcoords": "offset points"}
    if x is not None:
        axes.axvline(x, **style)
        axes.annotate(text, (x, 1), xycoords=("data", "axes fraction"), xytext=(4, -4), va="top", **words)
    if y is not None:
        axes.axhline(y, **style)
        axes.annotate(text, (1, y), xycoords=("axes fraction", "data"), xytext=(-4, 3), ha="right", **words)


def classes(axes: Axes, X: np.ndarray, y: np.ndarray) -> None:
    """The points `X (N, 2)` of two or more classes, told apart by colour and by shape."""
    for kind, marker, colour in zip(np.unique(y), "os^Dv", COLOURS, strict=False):
        across, up = X[y == kind].T
        axes.plot(across, up, marker, color=colour, markersize=4, markeredgecolor=CARD, markeredgewidth=0.4, label=f"class {kind}")


def territory(axes: Axes, decide: Callable[[np.ndarray], np.ndarray], reach: float = 2.2) -> None:
    """Which class a classifier gives to each place of the plane.

    Args:
        axes: where to draw.
        decide: takes points `(M, 2)`, returns the class of each, 0 or 1.
        reach: the square drawn goes from -reach to +reach.
    """
    ticks = np.linspace(-reach, reach, 161)
    places = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    verdict = np.asarray(decide(places), dtype=float).reshape(ticks.size, ticks.size)
    axes.contourf(ticks, ticks, verdict, levels=[-0.5, 0.5, 1.5], colors=[BLUE, ORANGE], alpha=0.22)
    axes.contour(ticks, ticks, verdict, levels=[0.5], colors=[INK], linewidths=1.2)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Any:
    """A table that a notebook shows as such, and a terminal as plain text."""
    from IPython.display import Markdown

    lines = [header, ["---"] * len(header), *rows]
    return Markdown("\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines))


def knob(draw: Callable[[Any], Figure], name: str, values: Sequence[Any], start: Any) -> None:
    """A slider under a picture, which draws it again for other values; silent where no notebook is there to turn it.

    The pictures that carry the lesson stand still above it: a page on GitHub or on paper loses nothing but the knob.

    Args:
        draw: makes the figure for a value.
        name: what the slider sets.
        values: what it can be set to.
        start: the value of the picture above, where the slider stands at first.
    """
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
        from ipywidgets import Image, SelectionSlider, VBox
    except ImportError:
        return
    if getattr(get_ipython(), "kernel", None) is None:
        return
    # An image of our own rather than ipywidgets.interact, whose captured output makes nbclient wait for minutes now and then.
    slider = SelectionSlider(options=values, value=start, description=name, continuous_update=False)
    picture = Image(format="png", layout={"display": "none"})

    def turned(change: dict[str, Any]) -> None:
        picture.value = _png(draw(change["new"]))
        picture.layout.display = ""

    slider.observe(turned, "value")
    display(VBox([slider, picture]))


def _png(figure: Figure) -> bytes:
    """The figure as a file, and closed, so that the notebook does not show it a second time."""
    import io

    import matplotlib.pyplot as plt

    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    plt.close(figure)
    return file.getvalue()
