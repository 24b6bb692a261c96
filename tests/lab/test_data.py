import numpy as np
import pytest

from autograder.lab import data


@pytest.mark.parametrize("n", [0, 1, 2, 7, 300])
def test_moons_have_two_classes_of_almost_equal_size(n):
    X, y = data.two_moons(n, 0.1, np.random.default_rng(0))
    assert X.shape == (n, 2)
    assert y.tolist() == sorted(y.tolist())
    assert int(y.sum()) == n // 2


def test_moons_without_noise_are_half_circles():
    X, y = data.two_moons(50, 0.0, np.random.default_rng(1))
    centres = np.where(y[:, None] == 0, [-0.5, -0.25], [0.5, 0.25])
    np.testing.assert_allclose(np.linalg.norm(X - centres, axis=1), 1.0)
    assert (X[y == 0, 1] > -0.26).all()
    assert (X[y == 1, 1] < 0.26).all()


def test_moons_depend_on_the_generator_alone():
    first, second = (data.two_moons(20, 0.2, np.random.default_rng(3))[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_digits_are_standardised_and_constant_pixels_stay_finite():
    X, y = data.digits()
    raw, _ = data.digits(standardise=False)
    constant = raw.std(axis=0) == 0
    assert X.shape == (1797, 64)
    assert X.dtype == np.float64
    assert constant.sum() == 3
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X.std(axis=0), np.where(constant, 0, 1), atol=1e-12)
    assert sorted(set(y.tolist())) == list(range(10))
    assert raw.min() == 0
    assert raw.max() == 16
