"""The pictures of the capstone: walls of digits, the family tree of a change log, a search in its spaces, error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.lab import plots
from autograder.lab.log_of_search import best
from autograder.lab.log_questions import rounds
from autograder.lab.run_rows import Row, changed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def wall(pictures: np.ndarray, titles: Sequence[str], columns: int = 12, reds: Sequence[bool] = ()) -> Figure:
    """Digits side by side, each with a word above it.

    Args:
        pictures: grey values (N, 64).
        titles: a word for each.
        columns: pictures in a row.
        reds: for which of them the word is red, and in bold.
    """
    rows = -(-len(pictures) // columns)
    figure, axes = plots.panels(rows, columns, size=(0.78, 0.95))
    for place, axis in enumerate(np.ravel(axes)):
        axis.axis("off")
        if place < len(pictures):
            axis.imshow(pictures[place].reshape(8, 8), cmap="gray_r", vmin=-8, vmax=22)
            red = bool(reds[place]) if len(reds) else False
            axis.set_title(
                titles[place],
                fontsize=8,
                loc="center",
                color=plots.RED if red else plots.INK,
                fontweight="bold" if red else "normal",
            )
    return figure


def family(rows: Sequence[Row]) -> Figure:
    """A change log as a tree: runs from left to right, the validation accuracy upwards, each tied to the run that it came from."""
    figure, axis = plots.panels(size=(8.6, 3.9))
    for row in rows:
        height = row["accuracy"]
        words = "start"
        if row["parent"] is not None:
            parent = next(other for other in rows if other["run"] == row["parent"])
            axis.plot([parent["run"], row["run"]], [parent["accuracy"], height], color=plots.GREY, linewidth=1)
            words = "\n".join(f"{name} {short(row['config'].get(name, row['seed']))}" for name in changed(row, rows))
        side: dict[str, Any] = {"xytext": (0, -7), "va": "top"} if row["run"] % 2 else {"xytext": (0, 6), "va": "bottom"}
        axis.annotate(words, (row["run"], height), textcoords="offset points", fontsize=7, ha="center", **side)
    axis.plot([row["run"] for row in rows], [row["accuracy"] for row in rows], "o", color=plots.BLUE)
    plots.reference(axis, y=0.1, text="guessing")
    plots.label(axis, "run", "validation accuracy", "Each run, and the one setting that tells it from its parent")
    axis.set_ylim(-0.06, 1)
    axis.margins(x=0.08)
    axis.xaxis.get_major_locator().set_params(integer=True)
    return figure


def short(value: Any) -> str:
    """The value of a setting in as few letters as possible."""
    if isinstance(value, list):
        return f"{value[0]} x {len(value)}" if len(set(value)) == 1 else " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def log_table(rows: Sequence[Row]) -> Any:
    """A change log as a table."""

    def number(value: float | None, form: str = ".2f") -> str:
        return "blown up" if value is None else format(value, form)

    lines = []
    for row in rows:
        changes = (
            ""
            if row["parent"] is None
            else ", ".join(f"{name} → {short(row['config'].get(name, row['seed']))}" for name in changed(row, rows))
        )
        numbers = (number(row["initial_loss"]), number(row["loss"]), number(row["train_accuracy"]), number(row["accuracy"], ".3f"))
        lines.append([row["run"], "" if row["parent"] is None else row["parent"], changes, *numbers, row["note"]])
    return plots.table(["run", "parent", "change", "initial loss", "last loss", "train", "validation", "why"], lines)


def hunt(rows: Sequence[Row], across: str = "lr", up: str | None = None) -> Figure:
    """A search in two of its settings: one panel a round, the space as a frame, the best trial of all marked.

    Args:
        rows: of a log of trials.
        across: the setting on the horizontal axis.
        up: that on the vertical one; the first other one of the space unless given.
    """
    groups = rounds(rows)
    up = up or next((name for name in groups[0][0]["space"] if name != across), across)
    figure, axes = plots.panels(1, len(groups), size=(max(2.4, 8.6 / len(groups)), 3.4), sharey=True, squeeze=False)
    scores = [row["accuracy"] or 0.0 for row in rows]
    winner, seen = best(rows), []
    for axis, group in zip(axes[0], groups, strict=True):
        seen += group
        own = [row["run"] in {other["run"] for other in group} for row in seen]
        dots = axis.scatter(
            [row["config"][across] for row in seen],
            [row["config"][up] for row in seen],
            c=[row["accuracy"] or 0.0 for row in seen],
            s=[70 if new else 22 for new in own],
            vmin=max(min(scores), max(scores) - 0.2),
            vmax=max(scores),
            edgecolors=[plots.INK if new else "none" for new in own],
            linewidths=0.7,
            zorder=3,
        )
        _frame(axis, group[0]["space"][across], group[0]["space"].get(up))
        if winner in group:
            axis.plot(winner["config"][across], winner["config"][up], "*", color=plots.RED, markersize=17, zorder=4)
        axis.set_xscale("log")
        axis.set_yscale("log")
        plots.label(axis, across, up if axis is axes[0][0] else "", group[0]["group"])
    figure.colorbar(dots, ax=list(axes[0]), label="validation accuracy")
    return figure


def _frame(axis: Axes, x: Sequence[float], y: Sequence[float] | None) -> None:
    low, high = y if y else axis.get_ylim()
    axis.plot([x[0], x[1], x[1], x[0], x[0]], [low, low, high, high, low], color=plots.GREY, linestyle=(0, (4, 3)), linewidth=1.1)


def error_bars(table: Mapping[str, tuple[float, float]], rows: Sequence[Row] = ()) -> Figure:
    """Means with their standard errors, and every single run as a small dot where the rows are given."""
    figure, axis = plots.panels(size=(6.6, 0.45 * len(table) + 1.7))
    for place, (name, (mean, error)) in enumerate(table.items()):
        runs = [row["accuracy"] for row in rows if row["group"] == name]
        axis.plot(runs, [place + 0.22] * len(runs), "|", color=plots.GREY, markersize=8)
        axis.errorbar(mean, place, xerr=error, fmt="o", color=plots.BLUE, capsize=4)
    if "none" in table:
        plots.reference(axis, x=table["none"][0])
    axis.set_yticks(range(len(table)), list(table))
    axis.invert_yaxis()
    plots.label(axis, "validation accuracy: mean, its standard error, single runs", "")
    return figure
