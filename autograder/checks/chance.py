"""Claims about randomness: how far right code may be from a probability or a mean."""

from __future__ import annotations

import math

FALSE_ALARM = 1e-8
"""Largest probability with which a claim about randomness rejects right code."""

DEVIATIONS = 5.75
"""Standard deviations that a normal variable leaves, to either side, less often than `FALSE_ALARM`."""


def agrees(share: float, trials: int, probability: float) -> bool:
    """Does a share of so many trials agree with a probability? By Chernoff's bound."""
    return 0 <= share <= 1 and trials * _relative_entropy(share, probability) <= math.log(2 / FALSE_ALARM)


def allowed_error(std: float, n: int) -> float:
    """How far the mean of `n` draws may be from their law's mean. By the normal law."""
    return DEVIATIONS * std / math.sqrt(n)


def _relative_entropy(share: float, probability: float) -> float:
    """Relative entropy of two coins, in nats; the exponent of Chernoff's bound."""
    total = 0.0
    for p, q in ((share, probability), (1 - share, 1 - probability)):
        if p > 0:
            total += math.inf if q == 0 else p * math.log(p / q)
    return total
