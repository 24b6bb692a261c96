"""Races: eight of torch's optimizers on one loss surface, all by one clock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.lab import films, plots, surfaces

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Rule:
    """One of the racers.

    Attributes:
        name: what the legend calls it.
        optimizer: its class in `torch.optim`.
        settings: handed to that class.
        colour: of its path.
        adaptive: does it give each weight a scale of its own? Then its rate is a length.
    """

    name: str
    optimizer: str
    settings: dict[str, Any]
    colour: str
    adaptive: bool


RULES = (
    Rule("gradient descent", "SGD", {}, plots.INK, False),
    Rule("momentum 0.9", "SGD", {"momentum": 0.9}, plots.BLUE, False),
    Rule("Nesterov 0.9", "SGD", {"momentum": 0.9, "nesterov": True}, plots.SKY, False),
    Rule("AdaGrad", "Adagrad", {}, plots.GREEN, True),
    Rule("RMSProp", "RMSprop", {}, plots.ORANGE, True),
    Rule("Adadelta", "Adadelta", {}, plots.GREY, True),
    Rule("Adam", "Adam", {}, plots.RED, True),
    Rule("NAdam", "NAdam", {}, plots.PURPLE, True),
)


@dataclass(frozen=True)
class Race:
    """A surface, and the rates with which the racers set out.

    Attributes:
        surface: where they run.
        rate: learning rate of the rules that step by the gradient.
        length: learning rate of the rules whose rate is a length; AdaGrad, which slows down, gets four times as much. Adadelta has
            none.
        clip: gradients longer than this are shortened to it.
        steps: how many each of them makes.
    """

    surface: surfaces.Surface
    rate: float
    length: float
    clip: float = np.inf
    steps: int = 160

    @cached_property
    def paths(self) -> dict[str, np.ndarray]:
        """For each rule where it is before the first step and after each, (steps + 1, 2)."""
        return {rule.name: self._path(rule) for rule in RULES}

    def _path(self, rule: Rule) -> np.ndarray:
        lr = {"Adagrad": 4 * self.length, "Adadelta": 1.0}.get(rule.optimizer, self.length if rule.adaptive else self.rate)
        return surfaces.path(self.surface, rule.optimizer, self.steps, self.clip, lr=lr, **rule.settings)


def course() -> dict[str, Race]:
    """Six races, by the name of their surface."""
    races = (
        Race(surfaces.ravine(100), 0.009, 0.03),
        Race(surfaces.saddle(), 0.1, 0.05),
        Race(surfaces.plateau(), 0.1, 0.05),
        Race(surfaces.rosenbrock(), 0.0007, 0.05, steps=400),
        Race(surfaces.cliff(), 0.1, 0.05),
        Race(surfaces.double_well(), 0.04, 0.05),
    )
    return {race.surface.name.split(",")[0]: race for race in races}


def draw(axes: Axes, race: Race, clock: float = 1.0) -> None:
    """Every racer's way so far, and where it is now.

    Args:
        axes: where to draw.
        race: which race.
        clock: the moment, from 0 (the start) to 1 (the last step).
    """
    surfaces.contours(axes, race.surface)
    now = round(clock * race.steps)
    for rule in RULES:
        points = race.paths[rule.name][: now + 1]
        axes.plot(*points.T, color=rule.colour, linewidth=1.1, label=rule.name)
        axes.plot(*points[-1], "o", color=rule.colour, markersize=5, zorder=5)
    left, right, bottom, top = race.surface.window
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])


def picture(races: dict[str, Race], clock: float = 1.0, columns: int = 3) -> Figure:
    """Some races side by side at one moment.

    Args:
        races: by title.
        clock: the moment, from 0 (the start) to 1 (the last step).
        columns: panels in a row.
    """
    rows = -(-len(races) // columns)
    figure, axes = plots.panels(rows, columns, size=(3.5, 2.5), squeeze=False)
    for axis, (title, race) in zip(axes.flat, races.items(), strict=True):
        draw(axis, race, clock)
        plots.label(axis, "weight 1", "weight 2", f"{title}, step {round(clock * race.steps)}")
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper left", ncols=4)
    return figure


def film(races: dict[str, Race], seconds: float = 9.0) -> Any:
    """The same as a film that a notebook plays again and again.

    Args:
        races: by title, side by side.
        seconds: how long one round takes.
    """
    figure, axes = plots.panels(1, len(races), size=(4.6, 3.4), squeeze=False)
    travellers = []
    for axis, (title, race) in zip(axes.flat, races.items(), strict=True):
        surfaces.contours(axis, race.surface)
        axis.set(xticks=[], yticks=[])
        plots.label(axis, "weight 1", "weight 2", f"{title}, {race.steps} steps")
        travellers += [(axis, race.paths[rule.name], rule.colour) for rule in RULES]
    names = [axes[0, 0].plot([], [], "o-", color=rule.colour, linewidth=1.4, markersize=5, label=rule.name)[0] for rule in RULES]
    figure.legend(handles=names, loc="outside upper left", ncols=4)
    return films.film(figure, travellers, seconds)
