"""Difference quotients of the loss against the gradient."""

import torch

from autograder.lab import differences


def test_a_central_difference_beats_a_one_sided_one_and_float64_beats_float32():
    (central,) = differences.errors([1e-4], torch.float64)
    (one_sided,) = differences.errors([1e-4], torch.float64, one_sided=True)
    (single,) = differences.errors([1e-4], torch.float32)
    assert central < 1e-7 < one_sided < 1e-3 < single
