"""Trainings that differ in their start alone."""

import numpy as np
import pytest

from autograder.lab.starts import Start, film, train


@pytest.fixture
def three_blobs():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, size=120)
    return np.eye(3)[y] * 3 + rng.normal(size=(120, 3)), y


def test_a_start_at_zero_has_the_loss_of_a_guess(three_blobs):
    (outcome,) = train([Start("zero", lambda fan_in: 0.0)], *three_blobs, updates=5)
    assert outcome.first == pytest.approx(np.log(3), abs=1e-6)
    assert outcome.losses.shape == (5,)


def test_networks_trained_side_by_side_do_not_disturb_each_other(three_blobs):
    he = Start("He", lambda fan_in: (2 / fan_in) ** 0.5)
    huge = Start("huge", lambda fan_in: 100.0)
    (alone,) = train([he], *three_blobs, updates=60)
    beside = train([huge, he], *three_blobs, updates=60)[1]
    assert beside.last == pytest.approx(alone.last, rel=1e-3)
    assert alone.accuracy > 0.8


def test_output_biases_are_used(three_blobs):
    share = np.bincount(three_blobs[1]) / 120
    start = Start("informed", lambda fan_in: 0.0, output_bias=np.log(share))
    (outcome,) = train([start], *three_blobs, updates=1)
    assert outcome.first == pytest.approx(-np.sum(share * np.log(share)), abs=0.05)


def test_copies_stay_copies():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 2))
    shown = film(np.full((2, 3), 0.5), np.full((3, 2), 0.5), X, (X[:, 0] > 0).astype(int), updates=50)
    assert shown.weights.shape == (51, 2, 3)
    assert np.ptp(shown.weights[-1], axis=1).max() < 1e-9
    assert shown.accuracy > 0.9
