"""Central differences, and when two gradients agree."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograder.checks.claims import Check
from autograder.checks.collecting import UNKNOWN, Collector
from autograder.checks.compare import CONTRACT
from autograder.checks.gradients import GRADIENT, gradient_difference, numeric_gradients
from tests.strategies import floats

POINTS = st.tuples(st.integers(1, 3), st.integers(1, 4)).flatmap(lambda shape: floats(shape, -2, 2))
OWN_FORWARD = "your backward pass is the right gradient of your own forward pass: look for the mistake in the forward pass"


def claimed(got, forward, at, upstream=None, recorded=None, **more):
    """What the claim finds; held against the numeric gradient unless a recorded one is given."""
    collector = Collector("unit/f")
    Check(collector).gradient(got, forward, at, upstream, "the gradient", **more)
    (claim,) = collector.claims
    return claim.judge(UNKNOWN if recorded is None else recorded)


@given(POINTS, st.lists(st.floats(-3, 3), min_size=1, max_size=5), st.data())
def test_the_numeric_gradient_of_a_polynomial_is_its_derivative(x, coefficients, data):
    upstream = data.draw(floats(x.shape, -2, 2))
    polynomial = np.polynomial.Polynomial(coefficients)
    right = polynomial.deriv()(x) * upstream
    assume(np.abs(right).max() > 0.3)  # below, rounding of the values shows in their differences
    assert gradient_difference(numeric_gradients(polynomial, (x,), (0,), upstream)[0], right, ()) is None


@given(st.data())
def test_the_numeric_gradients_of_a_bilinear_form_are_its_two_factors(data):
    rows, inner, columns = (data.draw(st.integers(1, 4)) for _ in range(3))
    a, b = data.draw(floats((rows, inner), -2, 2)), data.draw(floats((inner, columns), -2, 2))
    upstream = data.draw(floats((rows, columns), -2, 2))
    numeric = numeric_gradients(lambda scale, a, b: scale * (a @ b), (2.0, a, b), (1, 2, 0), upstream)
    right = (2 * upstream @ b.T, 2 * a.T @ upstream, float(np.sum(a @ b * upstream)))
    assert gradient_difference(numeric, right, ("da", "db", "dscale")) is None
    assert [gradient.shape for gradient in numeric] == [a.shape, b.shape, ()]


@given(POINTS)
def test_the_point_is_not_written_to_and_need_not_be_of_floats(x):
    kept = x.copy()
    scale, whole = 3.0, np.arange(6).reshape(2, 3)
    numeric_gradients(lambda x, scale: float(np.sum(x) * scale), (x, scale), (0, 1), None)
    assert np.array_equal(x, kept)
    assert gradient_difference(numeric_gradients(lambda x: x**2, (whole,), (0,), np.ones((2, 3)))[0], 2.0 * whole, ()) is None


@given(POINTS.filter(lambda right: np.abs(right).max() > 1e-3), st.data())
def test_a_wrong_entry_of_a_gradient_is_found(right, data):
    index = np.unravel_index(np.abs(right).argmax(), right.shape)
    wrong = right.copy()
    wrong[index] *= 1 + data.draw(st.sampled_from([3e-6, -3e-6, 0.1, -2.0]))
    found = gradient_difference(wrong, right, ())
    assert found.stage == GRADIENT
    assert found.text.startswith(f"first at [{', '.join(str(int(i)) for i in index)}]: expected ")
    assert found.text.endswith("(tolerance 1e-06)")


@given(POINTS, st.floats(-1e-9, 1e-9))
def test_rounding_in_a_tiny_entry_beside_a_large_one_is_no_mistake(right, rounding):
    right.ravel()[0] = 100.0
    assert gradient_difference(right + rounding, right, ()) is None


def test_a_small_part_is_not_measured_against_a_large_one():
    right = (np.full(3, 1e6), np.array([1e-3, 2e-3]))
    found = gradient_difference((right[0], 2 * right[1]), right, ("dW", "db"))
    assert found.stage == GRADIENT
    assert found.text == "first at db[0]: expected 0.001, got 0.002, 2 of 2 entries differ   (tolerance 1e-06)"


@pytest.mark.parametrize(
    ("got", "text"),
    [
        (None, "expected 2 values (dW, db), got None (is a `return` missing?)"),
        ((np.zeros(3),), "expected 2 values, got a tuple of 1 values"),
        ((np.zeros(3), np.zeros(3)), "db: expected an array of shape (2,), got an array of shape (3,)"),
        ((np.zeros(3), None), "db: expected an array of shape (2,), got None (is a `return` missing?)"),
    ],
    ids=["none", "one", "shape", "part"],
)
def test_the_shapes_of_gradients_are_told_before_their_values(got, text):
    found = gradient_difference(got, (np.ones(3), np.ones(2)), ("dW", "db"))
    assert (found.stage, found.text) == (CONTRACT, text)


@given(POINTS, st.data())
def test_a_right_gradient_passes_whether_or_not_somebody_recorded_it(x, data):
    upstream = data.draw(floats(x.shape, -2, 2))
    right = np.cos(x) * upstream
    assert claimed(right, np.sin, x, upstream) is None
    assert claimed(right, np.sin, x, upstream, recorded=right) is None
    assert claimed((right,), np.sin, (x,), upstream, wrt=(0,)) is None


def test_a_right_backward_of_a_wrong_forward_is_told_to_look_at_the_forward():
    x, upstream = np.array([0.5, -1.25, 2.0]), np.array([1.0, -2.0, 0.5])
    right = 2 * x * upstream  # of x**2, which the reference computes
    found = claimed(3 * x**2 * upstream, lambda x: x**3, x, upstream, recorded=right)
    assert (found.stage, found.likely) == (GRADIENT, OWN_FORWARD)
    assert found.text == "first at [0]: expected 1, got 0.75, 3 of 3 entries differ   (tolerance 1e-06)"


def test_a_backward_that_fits_neither_forward_is_not_told_to_look_at_the_forward():
    x, upstream = np.array([0.5, -1.25, 2.0]), np.array([1.0, -2.0, 0.5])
    assert claimed(x, lambda x: x**3, x, upstream, recorded=2 * x * upstream).likely == ""


def test_a_forward_that_raises_does_not_hide_that_the_gradient_is_wrong():
    def forward(x):
        raise ValueError

    x = np.array([0.5, -1.25])
    assert claimed(x, forward, x, np.ones(2), recorded=2 * x).text.startswith("first at [0]: expected 1, got 0.5")


def test_a_write_of_the_student_into_the_point_does_not_move_it():
    x, upstream = np.array([0.5, -1.25]), np.ones(2)
    collector = Collector("unit/f")
    Check(collector).gradient(2 * x, np.square, x, upstream, "the gradient")
    x[:], upstream[:] = 9.0, 7.0
    assert collector.claims[0].judge(UNKNOWN) is None
