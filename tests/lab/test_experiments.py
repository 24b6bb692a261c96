import numpy as np
import pytest

from autograder.lab import data, experiments


@pytest.mark.parametrize("rate", [0.1, 1.0])
def test_a_moderate_rate_leaves_the_units_awake(rate):
    (frame,) = experiments.relu_film(rate, (30,))
    assert frame.asleep.shape == (64,)
    assert frame.asleep.mean() < 0.05


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_high_rate_sends_most_units_to_sleep(seed):
    first, *_, last = experiments.relu_film(3.0, (1, 10, 20), seed)
    assert first.step == 1
    assert first.z.shape == (300, 64)
    assert first.asleep.mean() < 0.3
    assert last.asleep.mean() > 0.5


def test_a_film_ends_when_the_weights_are_no_longer_finite():
    assert [frame.step for frame in experiments.relu_film(1e6, (1, 2, 40))] != [1, 2, 40]


def test_only_a_bend_separates_the_moons():
    X, y = data.two_moons(300, 0.15, np.random.default_rng(0))
    found = {
        hidden: experiments.fit_moons(X, y, hidden, activation)
        for hidden, activation in (((), "identity"), ((8, 8, 8, 8), "identity"), ((16,), "relu"))
    }
    assert found[()][1] == pytest.approx(found[(8, 8, 8, 8)][1], abs=0.01)
    assert found[()][1] < 0.9
    assert found[(16,)][1] > 0.97
    assert found[(16,)][0](X).shape == (300,)
