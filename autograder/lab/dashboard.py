"""A training on one page: drawn from the records of a run, which are plain rows that also fit into a file of JSON lines.

Needs torch for `run` alone; import it as `from autograder.lab import dashboard`.

A row is a dict. All it must have is a `step`; whatever else it holds is drawn:

- `loss`: of the step's batch;
- `activations`: for each layer a dict with `std` and `zero`, the share of exact zeros;
- `ratios`: for each layer the length of the update as a share of that of the weights;
- `weights`, `biases`: for each layer a histogram, a dict of `edges` and `counts`;
- `fixed`: the probability of the right class for each sample of one batch that never changes;
- `truth`, `guesses`: classes of the validation samples, and what the net takes them for;
- `mistakes`: dicts of `picture` (its grey values), `truth`, `guess` and `sure`, the probability of the guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.lab import images, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
LAYERS = ("1", "2", "3")
"""What the records of `run` call the layers of the base net; the third is the last."""

_MARKS = "os^Dv"
_WALL = 24
_NAMES = {"ratios": "update ratios", "guesses": "predictions"}


def run(optimizer: str, rate: float, steps: int = 400, seed: int = 0, *, every: int = 4) -> list[dict[str, Any]]:
    """Train the base net on the digits with batches of 32, and write everything down.

    Args:
        optimizer: "sgd" or "adam".
        rate: its learning rate.
        steps: number of updates.
        seed: of the split, the weights and the batches.
        every: of how many steps one gets more than its loss.

    Returns:
        A row for every step, and one after the last. Histograms stand in the first row and the last, everything about validation
        samples but `fixed`, which has 40 of them, in the last.
    """
    from autograder.lab.recording import record

    return record(optimizer, rate, steps, seed, every)


def accuracy(records: Sequence[Row]) -> float:
    """Share of the validation samples that are right in the last row that knows them."""
    row = _last(records, "guesses")
    return float(np.mean(np.array(row["truth"]) == np.array(row["guesses"])))


def _last(records: Sequence[Row], key: str) -> Row:
    return next(row for row in reversed(records) if key in row)


def _series(records: Sequence[Row], key: str) -> tuple[np.ndarray, list[Any]]:
    rows = [row for row in records if key in row]
    return np.array([row["step"] for row in rows]), [row[key] for row in rows]


def draw(records: Sequence[Row], title: str = "") -> Figure:
    """The dashboard of a run: six panels, of which those stay empty that the records say nothing about.

    Args:
        records: rows as in the head of this module, in the order of their steps.
        title: stands above the first panel; "training loss" unless given.
    """
    figure, axes = plots.panels(2, 3, size=(3.5, 2.6))
    panels = (_loss, _activations, _ratios, _weights, _biases, _predictions)
    for axis, panel, needs in zip(
        axes.flat, panels, ("loss", "activations", "ratios", "weights", "biases", "guesses"), strict=True
    ):
        if any(needs in row for row in records):
            panel(axis, records)
        else:
            axis.set_axis_off()
            axis.text(0.5, 0.5, f"no {_NAMES.get(needs, needs)}\nin the records", ha="center", va="center", color=plots.GREY)
    if title:
        axes[0, 0].set_title(title)
    return figure


def _loss(axis: Axes, records: Sequence[Row]) -> None:
    steps, losses = _series(records, "loss")
    axis.semilogy(steps, losses, color=plots.SKY, linewidth=0.8, label="each batch")
    width = min(20, len(losses))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    axis.semilogy(steps[width - 1 :], smooth, color=plots.BLUE, label=f"mean of the last {width}")
    plots.reference(axis, y=float(np.log(10)), text="guessing")
    plots.label(axis, "step", "loss", "training loss")
    axis.legend(loc="lower left")


def _lines(axis: Axes, records: Sequence[Row], key: str, take: Any) -> None:
    steps, rows = _series(records, key)
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
    steps, rows = _series(records, "activations")
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
    axis.legend(loc="upper right")


def _histogram(axis: Axes, records: Sequence[Row], key: str) -> None:
    first, last = next(row for row in records if key in row)[key], _last(records, key)[key]
    for layer, colour in zip(last, plots.COLOURS, strict=False):
        for seen, style, width in ((first, ":", 0.9), (last, "-", 1.5)):
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
    row = _last(records, "guesses")
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


def wall(records: Sequence[Row]) -> Figure:
    """The digits that the net got wrong at the end, the surest mistakes first, up to 24 of them."""
    mistakes = sorted(_last(records, "mistakes")["mistakes"], key=lambda mistake: -mistake["sure"])[:_WALL]
    rows = max(1, -(-len(mistakes) // 8))
    figure, axes = plots.panels(rows, 8, size=(1.3, 1.45), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, mistake in zip(axes.flat, mistakes, strict=False):
        side = round(len(mistake["picture"]) ** 0.5)
        axis.set_axis_on()
        images.show(axis, np.array(mistake["picture"]).reshape(side, side))
        axis.set_title(f"{mistake['truth']}, not {mistake['guess']}\n({100 * mistake['sure']:.0f} % sure)", fontsize=8)
    return figure


def dynamics(runs: Mapping[str, Sequence[Row]]) -> tuple[Figure, list[int]]:
    """How sure a net is, step by step, of the right class of each sample of a batch that never changes.

    Args:
        runs: by their titles, the records of runs with `fixed` in some rows.

    Returns:
        The picture, and for each run how often a sample changed sides, from above one half to below or back.
    """
    figure, axes = plots.panels(1, len(runs), size=(3.3, 3), sharey=True, squeeze=False)
    crossings = []
    for axis, (title, records) in zip(axes.flat, runs.items(), strict=True):
        steps, rows = _series(records, "fixed")
        sure = np.array(rows).T
        picture = axis.imshow(
            sure, aspect="auto", vmin=0, vmax=1, interpolation="nearest", extent=(steps[0], steps[-1], len(sure), 0)
        )
        axis.grid(False)
        plots.label(axis, "step", "sample" if axis is axes[0, 0] else "", title)
        crossings.append(int(np.sum(np.abs(np.diff(sure > 0.5, axis=1)))))
    figure.colorbar(picture, ax=axes, label="probability of the right class", pad=0.01)
    return figure, crossings
