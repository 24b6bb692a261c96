"""Nets with a planted defect, for trying instruments on, and a look at what an instrument leaves behind.

Needs torch; import it as `from autograder.lab import planted`.
"""

from autograder.lab.condition import condition, kinds, traces
from autograder.lab.planted_layers import LAYERS, CustomLayer, HalfScaled, with_custom_layer
from autograder.lab.planted_losses import Starter, starter
from autograder.lab.planted_nets import listening_post, trainee
from autograder.lab.planted_numbers import ILL, runs_out_of_numbers

__all__ = [
    "ILL",
    "LAYERS",
    "CustomLayer",
    "HalfScaled",
    "Starter",
    "condition",
    "kinds",
    "listening_post",
    "runs_out_of_numbers",
    "starter",
    "traces",
    "trainee",
    "with_custom_layer",
]
