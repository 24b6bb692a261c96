"""Unit 9, the capstone: a training is rescued, one change at a time, and then raced."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import capstone, run_log
from autograder.lab.run_log import RunLog
from autograder.lab.vault import TestVault

# K (a)


def audit(X: np.ndarray, y: np.ndarray, X_val: np.ndarray) -> dict[str, Any]:
    r"""What one should know of a data set before anything learns from it.

    Args:
        X: training inputs (N, D), float64; a missing number is NaN.
        y: training labels (N,), whole numbers 0 … C-1, where C - 1 is the largest that occurs.
        X_val: validation inputs (M, D).

    Returns:
        A dict with these entries, in plain ints and floats:

        - `samples`, `features`: N and D;
        - `missing`: how many entries of `X` are NaN;
        - `range`: `(smallest, largest)` entry of `X`, NaN left out;
        - `constant`: the columns of `X` that have the same number in every row,
          as a list of indices in order;
        - `counts`: how often each label occurs, a list of C numbers;
        - `repeated`: how many rows of `X` are equal to an earlier row of `X`;
        - `leaked`: how many rows of `X_val` are equal to some row of `X`.

    `X` has at least one row. A row with NaN is equal to no row, and a column with NaN is not constant.

    >>> report = audit(
    ...     np.array([[1.0, 7.0], [3.0, 7.0], [1.0, 7.0]]), np.array([0, 2, 0]), np.array([[3.0, 7.0], [0.0, 0.0]])
    ... )
    >>> report["constant"], report["counts"], report["repeated"], report["leaked"]
    ([1], [2, 0, 1], 1, 1)
    """
    earlier: set[tuple[float, ...]] = set()
    repeated = 0
    for row in map(tuple, X.tolist()):
        repeated += row in earlier
        earlier.add(row)
    return {
        "samples": len(X),
        "features": X.shape[1],
        "missing": int(np.isnan(X).sum()),
        "range": (float(np.nanmin(X)), float(np.nanmax(X))),
        "constant": np.flatnonzero((X[0] == X).all(axis=0)).tolist(),
        "counts": np.bincount(y).tolist(),
        "repeated": repeated,
        "leaked": sum(row in earlier for row in map(tuple, X_val.tolist())),
    }


def suspects(X: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    r"""The samples whose label is most likely wrong.

    Any method will do that looks at `X` and `y` alone. One that works is to ask each picture's neighbours: a
    label is suspicious when those that look most alike carry another one.

    Args:
        X: inputs (N, D), N at least 100.
        y: labels (N,), whole numbers, some of which are wrong.
        k: how many suspects to name.

    Returns:
        The numbers of `k` different rows, the most suspicious first, as an integer array (k,).

    >>> X = np.repeat([[0.0], [9.0]], 60, axis=0) + np.linspace(0, 1, 120)[:, None]
    >>> y = np.repeat([0, 1], 60)
    >>> y[7] = 1
    >>> suspects(X, y, 1).tolist()
    [7]
    """
    squares = (X**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * X @ X.T
    np.fill_diagonal(distances, np.inf)  # nobody is a witness in their own case
    neighbours = np.argsort(distances, axis=1)[:, :20]
    votes = np.eye(y.max() + 1)[y][neighbours].mean(axis=1)
    own = votes[np.arange(len(y)), y]
    votes[np.arange(len(y)), y] = -1
    return np.argsort(own - votes.max(axis=1), kind="stable")[:k]


# K (b)


def first_evidence(net: nn.Module, X: torch.Tensor, y: torch.Tensor, lr: float, steps: int = 100) -> dict[str, Any]:
    r"""Two numbers that say whether a training is worth starting: the loss before the first step, and one
    batch learned by heart.

    Args:
        net: gives scores (N, C). It is left as it is, mode and weights.
        X: inputs (N, D), as the net wants them.
        y: labels (N,).
        lr: rate of plain `torch.optim.SGD` for the second test.
        steps: its updates.

    Returns:
        A dict with these entries, in plain floats and bools:

        - `expected_loss`: the loss of a net that gives each of its C classes the same probability;
        - `initial_loss`: the mean cross-entropy on all of `X`, in evaluation mode, before any step;
        - `batch_loss`, `batch_accuracy`: loss and accuracy on the first 32 samples after a copy of the net,
          in training mode, was trained on these 32 alone; both measured in
          training mode, after the last update;
        - `ready`: is `initial_loss` within 0.5 of `expected_loss`, *and* `batch_accuracy` 1?

    >>> torch.manual_seed(0).seed() and None
    >>> found = first_evidence(nn.Linear(2, 3), torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 2]), lr=0.5)
    >>> round(found["expected_loss"], 4), found["batch_accuracy"], found["ready"]
    (1.0986, 1.0, True)
    """
    student = copy.deepcopy(net).eval()
    with torch.no_grad():
        scores = student(X)
    expected_loss, initial_loss = float(np.log(scores.shape[1])), F.cross_entropy(scores, y).item()

    student.train()
    optimizer = torch.optim.SGD(student.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(student(X[:32]), y[:32]).backward()
        optimizer.step()
    with torch.no_grad():
        scores = student(X[:32])
    batch_accuracy = (scores.argmax(dim=1) == y[:32]).double().mean().item()
    return {
        "expected_loss": expected_loss,
        "initial_loss": initial_loss,
        "batch_loss": F.cross_entropy(scores, y[:32]).item(),
        "batch_accuracy": batch_accuracy,
        "ready": abs(initial_loss - expected_loss) < 0.5 and batch_accuracy == 1.0,
    }


# K (c)


def rescue(log: RunLog) -> dict[str, Any]:
    r"""From the bad start to a sound baseline, one change at a time.

    Args:
        log: an empty log. `log.start(config, note)` runs a first configuration,
            `log.run(row, note, setting=value)` runs that of an earlier row with a setting changed; both
            return the new row, with `row["initial_loss"]`, `row["loss"]`, `row["train_accuracy"]` and
            `row["accuracy"]` (validation). Everything runs with one seed, which is 0.

    Returns:
        The row of your baseline: a plain net, all regularisers and BatchNorm off, with an initial loss within
        1.5 of log 10 and a validation accuracy of at least 0.78.

    The log begins with `capstone.BAD_START`; every other run differs from its parent in exactly one setting,
    and says in its note, in at least two words, why you try it. Runs that lead nowhere belong in the log as
    much as those that help.
    """
    row = log.start(capstone.BAD_START, "as it was found: accuracy of guessing, loss far above log 10")
    row = log.run(row, "the simplest net that could work: depth divided by 5", hidden=[64, 64])
    row = log.run(row, "initial loss 12 instead of 2.3: weights of spread 1 are too large", init="xavier")
    row = log.run(row, "inputs up to 33 drive tanh to its ends: standardise", inputs="standardised")
    row = log.run(row, "a sum over 32 samples is a gradient 32 times as long", loss="mean")
    row = log.run(row, "now the rate: 1 is still too bold", lr=0.1)
    log.run(row, "perhaps it only needs more time?", epochs=30)
    row = log.run(row, "batches of a single digit: each step forgets the last", order="shuffled")
    log.run(row, "is relu better than tanh here? Not by much", activation="relu")
    log.run(row, "is BatchNorm? Not for a net as shallow as this one", batchnorm=True)
    return row


# K (d)


def find_rate(rates: np.ndarray, losses: np.ndarray) -> float:
    r"""A good constant learning rate, read from a range test.

    Args:
        rates: the learning rates of the test, growing, shape (S,), S at least 50.
        losses: the loss of each update's batch before it, shape (S,); infinite or huge where the training has
            blown up. Noisy: a single low loss means nothing.

    Returns:
        A rate with which training is fast and safe. Rule of thumb: a tenth to a third of the rate at which
        the *smoothed* loss is lowest.

    >>> rates = np.geomspace(1e-4, 10, 101)
    >>> losses = 2.3 - 2 * np.exp(-(np.log10(rates / 0.5) ** 2))
    >>> 0.05 <= find_rate(rates, losses) <= 0.2
    True
    """
    around = 5
    smooth = [losses[max(step - around, 0) : step + around + 1].mean() for step in range(len(losses))]
    return float(rates[int(np.argmin(smooth))]) / 5


def search(log: RunLog, rng: np.random.Generator) -> dict[str, Any]:
    r"""A random search for the learning rate and at least one more setting, in rounds.

    Args:
        log: an empty log. `log.trial(config, "round 1", space=space)` runs a
            configuration and returns its row.
        rng: source of randomness; nothing else is random.

    Returns:
        The row of the best trial of all, by validation accuracy.

    Each trial is `capstone.SOUND`, or a configuration of yours that is the same in all trials, with the
    settings of `space` drawn log-uniformly between their ends. `space` is a dict such as
    `{"lr": (1e-3, 1.0), "weight_decay": (1e-4, 0.1)}`: every setting that varies, the rate among them, with
    both ends positive. In the first round the ends of the rate are at least a factor of 100 apart. All trials
    of a round, five or more, share one space; there are at least 12 trials in at least two rounds. Each new
    round has a new space, learned from the rounds before. The last space has the best trial inside: at least
    a tenth of its length (on the log scale) away from both ends, in every setting. When the best trial lies
    at an edge, another round is due.
    """
    base = capstone.SOUND | {"epochs": 10}
    space = {"lr": (1e-3, 1.0), "weight_decay": (1e-4, 1e-1)}
    for number in range(1, 13):
        for _ in range(8):
            drawn = {name: float(np.exp(rng.uniform(*np.log(ends)))) for name, ends in space.items()}
            log.trial(base | drawn, f"round {number}", space=space)
        best = run_log.best(log.rows)
        at = {name: best["config"][name] for name in space}
        inside = all(0.1 < np.log(at[name] / low) / np.log(high / low) < 0.9 for name, (low, high) in space.items())
        if number > 1 and inside:
            break
        space = {name: (at[name] / 5, at[name] * 5) for name in space}
    return best


# K (e)


def monitors(before: dict[str, np.ndarray], after: dict[str, np.ndarray], outputs: Sequence[np.ndarray]) -> dict[str, Any]:
    r"""The dials of a running training: how far the weights move, and who has gone silent.

    Args:
        before: the net's parameters before an update, name to array.
        after: the same after it.
        outputs: for each hidden layer what its units put out behind the activation, (N, units).

    Returns:
        A dict with these entries:

        - `ratios`: for each weight matrix (arrays of two axes; biases have no say) the length of the update
          divided by the length of the matrix before it, ‖after - before‖ / ‖before‖; name to float;
        - `dead`: for each hidden layer the share of units whose outputs for all N samples lie within 1e-6 of
          each other; a list of floats.

    >>> found = monitors(
    ...     {"W": np.array([[3.0, 4.0]])}, {"W": np.array([[3.0, 4.05]])}, [np.array([[0.0, 1.0], [0.0, 2.0]])]
    ... )
    >>> round(found["ratios"]["W"], 6), found["dead"]
    (0.01, [0.5])
    """
    return {
        "ratios": {
            name: float(np.linalg.norm(after[name] - matrix) / np.linalg.norm(matrix))
            for name, matrix in before.items()
            if matrix.ndim == 2
        },
        "dead": [float(np.mean(np.ptp(layer, axis=0) <= 1e-6)) for layer in outputs],
    }


def watched() -> dict[str, Any]:
    r"""A configuration whose dials stay in the green.

    Returns:
        All settings, such as `capstone.SOUND | {"lr": 0.3}`. In its training, for every weight matrix, the
        median over the epochs of the ratios that `capstone.run(config).ratios` notes lies between 1e-4 and
        1e-2; in no hidden layer more than half of the units are dead; and the
        validation accuracy is at least 0.78.
    """
    return capstone.SOUND | {"lr": 0.02, "epochs": 30}


# K (f)


def compare(log: RunLog) -> dict[str, tuple[float, float]]:
    r"""Regularisers side by side, with error bars.

    Args:
        log: an empty log. `log.trial(config, group, seed=seed)` runs a configuration and returns its row.

    Returns:
        For each group `(mean, error)` of its validation accuracies: the mean over its n seeds, and the
        standard error of that mean, $s/\sqrt n$ with $s$ the standard deviation that divides by n - 1.

    There is a group "none", in which `weight_decay`, `drop_prob`, `input_noise` and `label_smoothing` are 0,
    and for at least three of these four a group that differs from it in this setting alone. Every group runs
    with the same seeds, at least three.
    """
    sides = {"none": {}, "weight decay": {"weight_decay": 0.03}, "dropout": {"drop_prob": 0.3}, "input noise": {"input_noise": 0.7}}
    table = {}
    for name, change in sides.items():
        scores = [log.trial(capstone.SOUND | change, name, seed=seed)["accuracy"] for seed in range(4)]
        table[name] = (float(np.mean(scores)), float(np.std(scores, ddof=1) / np.sqrt(len(scores))))
    return table


# K (g), (i)


def final_model() -> tuple[dict[str, Any], int, dict[str, np.ndarray]]:
    r"""Your car: a configuration, a seed, and the weights that they lead to.

    Returns:
        `(config, seed, weights)`: all settings (start from `capstone.SOUND`), a whole number, and the trained
        net's `state_dict()` as arrays, as `capstone.run(config, seed).weights` gives it. Called again, the
        function returns the same.

    Everything that you know from parts (a) to (f) may go into the settings. Nothing that
    you know of the test part may.
    """
    config = capstone.SOUND | {
        "hidden": [256, 256],
        "inputs": "unit",
        "lr": 0.05,
        "momentum": 0.9,
        "schedule": "cosine",
        "epochs": 40,
        "drop_prob": 0.5,
        "input_noise": 0.3,
        "weight_decay": 0.01,
    }
    return config, 0, capstone.run(config, 0).weights


# K (h)


def open_vault(vault: TestVault, models: Sequence[Callable[[np.ndarray], np.ndarray]], X_val: np.ndarray, y_val: np.ndarray) -> int:
    r"""Choose a model on the validation part, then open the vault, once.

    Args:
        vault: shows pictures, `vault.X` (M, 64), and takes predictions, `vault.submit(digits)`.
        models: each takes pictures (N, 64) and returns digits (N,).
        X_val: pictures of the validation part (N, 64).
        y_val: their digits (N,).

    Returns:
        Which model you chose: the one that is right most often on the validation part, of several the first.
        Its predictions for the vault's pictures, and no others, have been handed in.

    >>> vault = TestVault(np.zeros((2, 64)))
    >>> open_vault(
    ...     vault, [lambda X: np.full(len(X), 3), lambda X: np.full(len(X), 5)], np.zeros((1, 64)), np.array([5])
    ... )
    Noted: 2 predictions. The vault has been opened once.
    1
    """
    accuracies = [np.mean(model(X_val) == y_val) for model in models]
    chosen = int(np.argmax(accuracies))
    vault.submit(models[chosen](vault.X))
    return chosen
