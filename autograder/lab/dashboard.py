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
from autograder.lab.dashboard_panels import PANELS
from autograder.lab.dashboard_rows import LAYERS, Row, accuracy, last, series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LAYERS", "accuracy", "draw", "dynamics", "run", "wall"]

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


def draw(records: Sequence[Row], title: str = "") -> Figure:
    """The dashboard of a run: six panels, of which those stay empty that the records say nothing about.

    Args:
        records: rows as in the head of this module, in the order of their steps.
        title: stands above the first panel; "training loss" unless given.
    """
    figure, axes = plots.panels(2, 3, size=(3.5, 2.6))
    for axis, (needs, panel) in zip(axes.flat, PANELS.items(), strict=True):
        if any(needs in row for row in records):
            panel(axis, records)
        else:
            axis.set_axis_off()
            axis.text(0.5, 0.5, f"no {_NAMES.get(needs, needs)}\nin the records", ha="center", va="center", color=plots.GREY)
    if title:
        axes[0, 0].set_title(title)
    return figure


def wall(records: Sequence[Row]) -> Figure:
    """The digits that the net got wrong at the end, the surest mistakes first, up to 24 of them."""
    mistakes = sorted(last(records, "mistakes")["mistakes"], key=lambda mistake: -mistake["sure"])[:_WALL]
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
        steps, rows = series(records, "fixed")
        sure = np.array(rows).T
        picture = axis.imshow(
            sure, aspect="auto", vmin=0, vmax=1, interpolation="nearest", extent=(steps[0], steps[-1], len(sure), 0)
        )
        axis.grid(False)
        plots.label(axis, "step", "sample" if axis is axes[0, 0] else "", title)
        crossings.append(int(np.sum(np.abs(np.diff(sure > 0.5, axis=1)))))
    figure.colorbar(picture, ax=axes, label="probability of the right class", pad=0.01)
    return figure, crossings
