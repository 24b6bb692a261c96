import numpy as np
import pytest

from autograder.lab import curves, erf, slope

INTERVALS = {  # the ranges in the table, as numbers
    "linear": (-np.inf, np.inf),
    "sigmoid": (0, 1),
    "tanh": (-1, 1),
    "hard sigmoid": (0, 1),
    "softsign": (-1, 1),
    "ReLU": (0, np.inf),
    "leaky ReLU (slope 0.1)": (-np.inf, np.inf),
    "PReLU (learned, here 0.4)": (-np.inf, np.inf),
    "ELU (α = 1)": (-1, np.inf),
    "SELU": (-1.7581, np.inf),
    "softplus": (0, np.inf),
    "exponential": (0, np.inf),
    "swish (SiLU)": (-0.2785, np.inf),
    "GELU": (-0.17, np.inf),
    "maxout (two pieces)": (-np.inf, np.inf),
    "softmax (of z and 0)": (0, 1),
}
Z = np.linspace(-curves.REACH, curves.REACH, 1201)


def test_there_are_sixteen_curves_with_names_for_keras():
    assert list(curves.CURVES) == list(INTERVALS)
    named = " ".join(curve.keras for curve in curves.CURVES.values())
    hidden = ["elu", "exponential", "gelu", "hard_sigmoid", "linear", "relu", "selu", "softplus", "softsign", "swish", "tanh"]
    for name in [*hidden, "sigmoid", "softmax"]:
        assert f'"{name}"' in named


@pytest.mark.parametrize("name", list(INTERVALS))
def test_a_curve_stays_in_its_range_and_is_not_written_to(name):
    z = Z.copy()
    value = curves.CURVES[name].draw(z)
    low, high = INTERVALS[name]
    assert value.shape == z.shape
    assert (value >= low).all()
    assert (value <= high).all()
    np.testing.assert_array_equal(z, Z)


@pytest.mark.parametrize(
    ("name", "z", "value"),
    [
        ("hard sigmoid", 1.0, 4 / 6),
        ("leaky ReLU (slope 0.1)", -2.0, -0.2),
        ("ReLU", 5.5, 5.5),
        ("softsign", 1.0, 0.5),
        ("GELU", 1.0, 0.841345),
    ],
)
def test_known_values(name, z, value):
    assert curves.CURVES[name].draw(np.array([z]))[0] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "mean"), [("linear", 0), ("sigmoid", 0.5), ("tanh", 0), ("ReLU", 1 / np.sqrt(2 * np.pi)), ("SELU", 0)]
)
def test_mean_output_for_standard_normal_inputs(name, mean):
    found = curves.mean_output(curves.CURVES[name])
    assert found == pytest.approx(mean, abs=1e-3)
    assert not f"{found:.2f}".startswith("-0.00")


def test_slope_of_a_smooth_function():
    np.testing.assert_allclose(slope(np.sin, Z), np.cos(Z), atol=1e-9)


def test_erf_works_on_arrays_of_any_shape():
    for shape in ((), (0,), (3,), (2, 1, 2)):
        assert erf(np.full(shape, 0.5)).shape == shape
    assert float(erf(np.array(0.5))) == pytest.approx(0.5204998778)
