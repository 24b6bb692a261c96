"""A rare class and its scores."""

import numpy as np

from autograder.lab.thresholds import eights


def test_eights_are_rare_and_the_scores_have_ties():
    y, s = eights()
    assert y.shape == s.shape == (899,)
    assert 0.08 < y.mean() < 0.12
    assert 0 <= s.min() < s.max() <= 1
    assert len(np.unique(s)) < len(s)


def test_the_scores_know_something_but_not_everything():
    y, s = eights()
    assert 2 * s[y == 0].mean() < s[y == 1].mean() < 0.9


def test_the_same_seed_gives_the_same_scores():
    assert np.array_equal(eights(seed=3)[1], eights(seed=3)[1])
