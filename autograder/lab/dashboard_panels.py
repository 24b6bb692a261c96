"""The six panels of the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.lab import plots
from autograder.lab.dashboard_rows import Row, accuracy, last, series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS = "os^Dv"


def _loss(axis: Axes, records: Sequence[Row]) -> None:
    steps, losses = series(records, "loss")
    axis.semilogy(steps, losses, color=plots.SKY, linewidth=0.8, label="each batch")
    width = min(20, len(losses))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    axis.semilogy(steps[width - 1 :], smooth, color=plots.BLUE, label=f"mean of the last {width}")
    plots.reference(axis, y=float(np.log(10)))
    # In the middle: early losses start at this line, and those of a rate that is too high come back to it in the end.
    middle: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "center"}
    axis.annotate("guessing", (0.5, float(np.log(10))), xytext=(0, 3), fontsize=8, color=plots.SOFT, **middle)
    plots.label(axis, "step", "loss", "training loss")
    axis.legend(loc="lower left")


def _lines(axis: Axes, records: Sequence[Row], key: str, take: Any) -> None:
    steps, rows = series(records, key)
    for layer, colour, mark in zip(rows[0], plots.COLOURS, _MARKS, strict=False):
        axis.plot(
            steps,
            [take(row[layer]) for row in rows],
            mark + "-",
            color=colour,
            markevery=0.25,
            markersize=4,
            linewidth=1.2,
            label=f"layer {layer}",
        )


def _activations(axis: Axes, records: Sequence[Row]) -> None:
    _lines(axis, records, "activations", lambda seen: seen["std"])
    steps, rows = series(records, "activations")
    for layer, colour in zip(rows[0], plots.COLOURS, strict=False):
        axis.plot(steps, [row[layer]["zero"] for row in rows], ":", color=colour, linewidth=1.2)
    plots.label(axis, "step", "std (lines), zeros (dots)", "activations of the hidden layers")
    axis.set_ylim(bottom=0)
    axis.legend(loc="upper left")


def _ratios(axis: Axes, records: Sequence[Row]) -> None:
    _lines(axis, records, "ratios", lambda ratio: max(ratio, 1e-9))
    axis.set_yscale("log")
    plots.reference(axis, y=1e-3)
    plots.label(axis, "step", "update / weights", "update ratios (dashed: 0.001)")
    low, high = axis.get_ylim()
    axis.set_ylim(low, high * (high / low) ** 0.2)  # room for the legend, which would hide the last steps
    axis.legend(loc="upper center", ncol=len(axis.get_legend_handles_labels()[1]), handlelength=1.2, columnspacing=0.9)


def _histogram(axis: Axes, records: Sequence[Row], key: str) -> None:
    first, final = next(row for row in records if key in row)[key], last(records, key)[key]
    for layer, colour in zip(final, plots.COLOURS, strict=False):
        for seen, style, width in ((first, ":", 0.9), (final, "-", 1.5)):
            edges, counts = np.array(seen[layer]["edges"]), np.array(seen[layer]["counts"], dtype=float)
            density = counts / max(counts.sum(), 1) / np.diff(edges)
            axis.stairs(
                density, edges, color=colour, linestyle=style, linewidth=width, label=f"layer {layer}" if style == "-" else None
            )
    plots.label(axis, "value", "density", f"{key}: first (dots), last (lines)")
    axis.legend(loc="upper left")


def _weights(axis: Axes, records: Sequence[Row]) -> None:
    _histogram(axis, records, "weights")


def _biases(axis: Axes, records: Sequence[Row]) -> None:
    _histogram(axis, records, "biases")


def _predictions(axis: Axes, records: Sequence[Row]) -> None:
    row = last(records, "guesses")
    kinds = sorted({*row["truth"], *row["guesses"]})
    place = {kind: index for index, kind in enumerate(kinds)}
    counts = np.zeros((len(kinds), len(kinds)))
    for pair in zip(row["truth"], row["guesses"], strict=True):
        counts[place[pair[0]], place[pair[1]]] += 1
    wrong = counts - np.diag(np.diag(counts))
    darkest = max(6, wrong.max())
    axis.imshow(wrong, cmap="Oranges", vmin=0, vmax=1.3 * darkest)
    for (up, across), count in np.ndenumerate(counts):
        if count:
            axis.text(
                across,
                up,
                f"{count:g}",
                ha="center",
                va="center",
                fontsize=6,
                color=plots.CARD if wrong[up, across] > 0.8 * darkest else plots.INK,
            )
    axis.set_xticks(range(len(kinds)), [str(kind) for kind in kinds])
    axis.set_yticks(range(len(kinds)), [str(kind) for kind in kinds])
    axis.grid(False)
    plots.label(axis, "prediction", "truth", f"validation accuracy {accuracy(records):.3f}")


PANELS: dict[str, Callable[[Axes, Sequence[Row]], None]] = {
    "loss": _loss,
    "activations": _activations,
    "ratios": _ratios,
    "weights": _weights,
    "biases": _biases,
    "guesses": _predictions,
}
"""What a panel needs in the records, and what draws it."""
