"""The settings of a run of the capstone: which there are, what they may be, and two sets of them to begin with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]

CHOICES: dict[str, tuple[Any, ...]] = {
    "activation": ("relu", "tanh"),
    "init": ("torch", "xavier", "kaiming", "normal 1", "normal 0.01"),
    "inputs": ("raw", "unit", "standardised"),
    "order": ("shuffled", "by class"),
    "loss": ("mean", "sum"),
    "optimizer": ("sgd", "adam"),
    "schedule": ("constant", "cosine"),
    "batchnorm": (False, True),
}
"""Settings that are one of a few words."""

RANGES: dict[str, tuple[float, float]] = {
    "lr": (1e-7, 100.0),
    "momentum": (0.0, 0.99),
    "batch": (8, 1000),
    "epochs": (1, 60),
    "weight_decay": (0.0, 1.0),
    "drop_prob": (0.0, 0.9),
    "input_noise": (0.0, 3.0),
    "label_smoothing": (0.0, 0.9),
}
"""Settings that are numbers, and how far they go. `hidden`, a list of up to 12 widths from 1 to 256, is the one besides."""

REGULARISERS: Config = {"weight_decay": 0.0, "drop_prob": 0.0, "input_noise": 0.0, "label_smoothing": 0.0}
"""The settings that regularise, switched off."""

BAD_START: Config = {
    "hidden": [64] * 10,
    "activation": "tanh",
    "init": "normal 1",
    "inputs": "raw",
    "order": "by class",
    "loss": "sum",
    "optimizer": "sgd",
    "lr": 1.0,
    "momentum": 0.0,
    "schedule": "constant",
    "batch": 32,
    "epochs": 10,
    "batchnorm": False,
    **REGULARISERS,
}
"""`bad_start.py` as a dictionary."""

SOUND: Config = (
    BAD_START
    | {"hidden": [64, 64], "init": "torch", "inputs": "standardised", "order": "shuffled", "loss": "mean"}
    | {
        "activation": "relu",
        "lr": 0.1,
        "epochs": 15,
    }
)
"""The base recipe of the course. Parts that need a sound start begin here, so that nobody has to finish the rescue first."""


MOST_UPDATES = 2600


def checked(config: Mapping[str, Any]) -> Config:
    """A copy of a configuration in which everything is known and in range.

    Raises:
        ValueError: a setting is missing, unknown or out of range; the message says which, and what it may be.
    """
    missing, unknown = sorted(BAD_START.keys() - config.keys()), sorted(config.keys() - BAD_START.keys())
    if missing or unknown:
        raise ValueError(f"a configuration has exactly the settings of BAD_START; missing: {missing}, unknown: {unknown}")
    for name, words in CHOICES.items():
        if config[name] not in words:
            raise ValueError(f"{name} must be one of {words}, got {config[name]!r}")
    for name, (low, high) in RANGES.items():
        value = config[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")
        if name in ("batch", "epochs") and value != int(value):
            raise ValueError(f"{name} must be whole, got {value!r}")
    hidden = list(config["hidden"])
    if sum(hidden) > 1024 or not all(type(width) is int and 1 <= width <= 256 for width in hidden) or len(hidden) > 12:
        raise ValueError(f"hidden must be a list of up to 12 widths from 1 to 256, 1024 in all; got {hidden}")
    if config["epochs"] * math.ceil(1000 / config["batch"]) > MOST_UPDATES:
        raise ValueError(f"epochs and batch must make at most {MOST_UPDATES} updates: the clock of the race")
    return {**config, "hidden": hidden}


def ideas(config: Mapping[str, Any]) -> str:
    """What a configuration does against overfitting, in a word: "batchnorm", "several ideas", "one idea", "none" …"""
    count = sum(bool(config[name]) for name in REGULARISERS)
    if count:
        return "several ideas" if count > 1 else "one idea"
    return "batchnorm" if config["batchnorm"] else "none" if config["hidden"] else "linear"
