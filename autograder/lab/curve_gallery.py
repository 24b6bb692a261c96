"""Six runs on the digits whose learning curves look like the six textbook cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograder.lab.fleets import Recipe, split, train


@dataclass(frozen=True)
class Curves:
    """The log of one run.

    Attributes:
        story: how it was trained.
        label: which textbook case it is.
        train: training loss of every epoch as logged, with everything switched on that training switches on.
        val: validation loss of every epoch.
    """

    story: str
    label: str
    train: np.ndarray
    val: np.ndarray


def hang() -> list[Curves]:
    """Train the six; takes a few seconds."""
    plain = split()
    runs = [
        (
            "200 digits, every fifth label random, 256 + 256 units",
            "overfit",
            split(200, wrong=0.2),
            Recipe((256, 256), 0.1, 20, 60),
        ),
        ("all digits, 64 + 64 units, dropout of 70 %", "val_easier", plain, Recipe(lr=0.1, epochs=40, drop_prob=0.7)),
        ("all digits, one hidden layer of a single unit", "underfit", plain, Recipe((1,), 0.05, 32, 40)),
        ("all digits, learning rate 1.2", "unstable", plain, Recipe(lr=1.2, epochs=40)),
        ("all digits, 64 + 64 units, some L2", "good", plain, Recipe(lr=0.05, epochs=40, l2=2e-3)),
        ("all digits, learning rate 0.004", "still_improving", plain, Recipe(lr=0.004, epochs=20)),
    ]
    found = []
    for story, label, data, recipe in runs:
        log = train(data, recipe)
        found.append(Curves(story, label, log.logged_loss[:, 0].astype(float), log.val_loss[:, 0].astype(float)))
    return found
