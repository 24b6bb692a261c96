"""Instruments that look on while somebody else trains a net: what reaches the loss, the weights and the optimizer.

Needs torch; import it as `from autograder.lab import observers`.
"""

from autograder.lab.observed_batches import Step, missed_targets, rows_seen, watch
from autograder.lab.observed_gradients import entangled, leftovers, lessons
from autograder.lab.observed_graphs import graphs_kept
from autograder.lab.observed_steps import bookkeeping, fed, modes, rates

__all__ = [
    "Step",
    "bookkeeping",
    "entangled",
    "fed",
    "graphs_kept",
    "leftovers",
    "lessons",
    "missed_targets",
    "modes",
    "rates",
    "rows_seen",
    "watch",
]
