"""Numbers that the prose states on its own, without a cell beside them that computes them, are right.

Each entry holds the words as they stand in the notebook, so that a changed sentence brings its author here.
"""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, truncnorm
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from autograder.lab.data import digits
from autograder.lab.regression import descend

ROOT = Path(__file__).resolve().parents[1]
X = np.linspace(-8, 8, 160_001)
GELU = X * norm.cdf(X)


WINES = load_wine().data
CONDITIONS = [descend(wines, load_wine().target).condition for wines in (WINES, WINES - WINES.mean(axis=0))]
AREA = load_breast_cancer().data[:, list(load_breast_cancer().feature_names).index("worst area")]
LARGE = (AREA - AREA.mean()) / AREA.std() > 3

UNEQUAL = np.array([int(170 * 0.62**digit) for digit in range(10)])
"""How many of each digit the loss ledger of unit 4 has."""


def rms_of_relu():
    return math.sqrt(quad(lambda z: z**2 * norm.pdf(z), 0, 10)[0])


def radius(kappa):
    return (kappa - 1) / (kappa + 1)


NUMBERS = {
    # unit, words: (stated, recomputed, absolute tolerance)
    ("activations", "| gelu off by less than 0.001 | the tanh approximation |"): (
        0.0005,
        np.abs(GELU - 0.5 * X * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)))).max(),
        0.0005,
    ),
    ("activations", "| gelu off by up to 0.02 | the approximation with 1.702 |"): (
        0.02,
        np.abs(GELU - X / (1 + np.exp(-1.702 * X))).max(),
        0.005,
    ),
    ("activations", "| hard sigmoid off by up to 0.08 | the slope of old Keras |"): (
        0.08,
        np.abs(np.clip((X + 3) / 6, 0, 1) - np.clip(0.2 * X + 0.5, 0, 1)).max(),
        0.005,
    ),
    ("activations", "at $x = -10^{-12}$ only four or five are left"): (
        4.5,
        -math.log10(abs((math.exp(-1e-12) - 1) / -1e-12 - 1)),
        0.5,
    ),
    ("activations", "the core exercises alone take a little over two"): (120, 20 + 15 + 8 + 20 + 12 + 25 + 12 + 25, 20),
    ("activations", "$e^{-1000}$ is 0 to 434 decimal places"): (434, math.floor(1000 / math.log(10)), 0),
    ("preprocessing", "for 178 wines that is a difference of 0.3 %"): (0.3, 100 * (math.sqrt(178 / 177) - 1), 0.05),
    ("preprocessing", "| spreads of 0.997 instead of 1 | N−1 under the root |"): (0.997, math.sqrt(177 / 178), 0.0005),
    ("preprocessing", "For a normal distribution the rule strikes 0.27 % of the numbers."): (0.27, 200 * norm.sf(3), 0.005),
    ("preprocessing", "Centring alone removes\na factor of about 40"): (40, CONDITIONS[0] / CONDITIONS[1], 5),
    ("preprocessing", "finds a spread of $10^{-17}$."): (1e-17, np.full((10, 2), 0.1).std(axis=0)[0], 0.5e-17),
    ("preprocessing", "tumours beyond the line are malignant"): (0, load_breast_cancer().target[LARGE].max(), 0),
    ("preprocessing", "the phenols and the flavanoids of a wine rise and fall\ntogether"): (
        0.86,
        np.corrcoef(WINES[:, 5], WINES[:, 6])[0, 1],
        0.005,
    ),
    ("preprocessing", "the core exercises alone take two."): (120, 20 + 20 + 12 + 35 + 25 + 10, 10),
    ("preprocessing", "Here are 178 wines, 13 measurements of each"): (178 * 13, load_wine().data.size, 0),
    ("preprocessing", "A table of 569 tumours has 30\nmeasurements in each row."): (569 * 30, load_breast_cancer().data.size, 0),
    ("preprocessing", "the digits have three pixels that never change"): (
        3,
        (digits(standardise=False)[0].std(axis=0) == 0).sum(),
        0,
    ),
    ("batchnorm", "Six layers with a factor of four\nmake the numbers 4096 times as large"): (4096, 4**6, 0),
    ("batchnorm", "the core exercises alone take two hours and forty minutes"): (160, 20 + 25 + 40 + 30 + 20 + 25, 0),
    ("batchnorm", "He's choice, $\\sqrt{2/64} \\approx 0.18$"): (0.18, math.sqrt(2 / 64), 0.005),
    ("initialization", "by the factor 0.87963"): (0.87963, truncnorm(-2, 2).std(), 5e-6),
    ("initialization", "439 digits of very unequal frequency"): (439, UNEQUAL.sum(), 0),
    ("initialization", "(170 zeros, 2 nines,"): (170 + 2, UNEQUAL[0] + UNEQUAL[9], 0),
    ("initialization", "entropy of the labels 1.68)"): (
        1.68,
        -sum(share * math.log(share) for share in UNEQUAL / UNEQUAL.sum()),
        0.005,
    ),
    ("initialization", "| 1.71 for ReLU | the variance, which leaves out the mean"): (
        1.71,
        1 / math.sqrt(rms_of_relu() ** 2 - norm.pdf(0) ** 2),
        0.005,
    ),
    ("initialization", "| 0.71 for ReLU | the root, not one over the root |"): (0.71, rms_of_relu(), 0.005),
    ("initialization", "| 0.24 for ReLU | a plain mean over −10 to 10"): (
        0.24,
        1 / math.sqrt(np.mean(np.maximum(np.linspace(-10, 10, 20_001), 0) ** 2)),
        0.005,
    ),
    ("initialization", "for 300 outputs it gives weights of about 17"): (17, math.sqrt(2 / 500 + 300), 0.5),
    ("initialization", "330 training samples"): (330, UNEQUAL.sum() - UNEQUAL.sum() // 4, 0),
    ("initialization", "$\\log C$: 2.30 for ten classes"): (2.30, math.log(10), 0.005),
    ("initialization", "| 3.32 for ten classes | a logarithm to base 2 |"): (3.32, math.log2(10), 0.005),
    ("optimizers", "$\\kappa = 3 + 2\\sqrt2 \\approx 5.83$"): (
        5.83,
        np.linalg.cond(np.array([[2.0, -1, 0], [-1, 2, -1], [0, -1, 2]])),
        0.005,
    ),
    ("optimizers", "For $\\kappa = 100$: 0.82 in place of 0.98."): (0.82, radius(math.sqrt(100)), 0.005),
    ("optimizers", "Draw mini-batches of B samples from 442 patients"): (442, len(load_diabetes().data), 0),
    ("optimizers", "$2^{-100}$, less than one in $10^{30}$"): (0, 2.0**-100, 1e-30),
    ("optimizers", "It has 8,970 dimensions here"): (8970, 64 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10, 0),
    ("schedules", "five of them with five values each is 3125 trainings"): (3125, 5**5, 0),
    ("schedules", "nine rates in ten come out between 0.01 and 0.1"): (0.9, (0.1 - 0.01) / (0.1 - 0.0001), 0.005),
    ("schedules", "is down to a third\nof its peak after a tenth of the training"): (1 / 3, (1 + 20 * 0.1) ** -1, 0.005),
    ("instruments", "| 3.3219 instead of 2.3026 | a logarithm to base 2 |"): (3.3219, math.log2(10), 0.00005),
    ("instruments", "a loss of 4.16 when the batch has 64 pictures"): (4.16, math.log(64), 0.005),
    ("instruments", "and with 3.47 when it has 32."): (3.47, math.log(32), 0.005),
    ("dropout", "at 0.995 it is 138."): (138, round(math.log(0.5) / math.log(0.995)), 0),
}


@pytest.mark.parametrize(("unit", "words"), NUMBERS, ids=[f"{unit}-{number}" for number, (unit, _) in enumerate(NUMBERS)])
def test_a_number_in_the_prose_is_what_it_is_said_to_be(unit, words):
    stated, recomputed, tolerance = NUMBERS[unit, words]
    text = next((ROOT / "source").glob(f"*/{unit}.md")).read_text(encoding="utf-8")
    assert words in text
    assert recomputed == pytest.approx(stated, abs=tolerance)
