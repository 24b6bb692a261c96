"""Signals on their way through random layers."""

import numpy as np
import pytest

from autograder.lab.depth import journey


def test_a_journey_has_a_station_before_and_after_every_layer():
    trip = journey("tanh", 0.2, width=20, depth=3, samples=7)
    assert [h.shape for h in trip.activations] == [(7, 20)] * 4
    assert [g.shape for g in trip.gradients] == [(7, 20)] * 4
    assert trip.arriving(3) == 1.0


def test_with_the_right_scale_a_linear_network_keeps_its_signal():
    trip = journey("linear", 400**-0.5, width=400, depth=5, samples=50)
    assert trip.spread(5) == pytest.approx(1, abs=0.1)
    assert trip.arriving() == pytest.approx(1, abs=0.1)


def test_the_gradient_passes_only_where_a_relu_is_on():
    trip = journey("relu", 0.5, width=30, depth=1, samples=80)
    passed = np.where(trip.activations[1] > 0, trip.gradients[1], 0)
    assert np.linalg.matrix_rank(np.hstack([passed, trip.gradients[0]])) == 30  # one is the other times the weights
    assert np.linalg.matrix_rank(np.hstack([trip.gradients[1], trip.gradients[0]])) == 60


def test_the_same_seed_gives_the_same_weights_up_to_their_scale():
    one, other = journey("linear", 0.1, width=9, depth=2, samples=3), journey("linear", 0.2, width=9, depth=2, samples=3)
    assert np.allclose(4 * one.activations[2], other.activations[2])
