"""What the patients of the clinic are made of: data, nets, and healthy runs to hold against theirs.

Needs torch; import it as `from autograder.lab import ward`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab.data import digits
from autograder.lab.training import CLASSES, accuracy, base_net, digits_split


def regularised_net() -> nn.Sequential:
    """The net of cases C04 and C05: the base net with BatchNorm, and with dropout of 0.5, in both hidden layers."""
    blocks = [[nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5)] for _ in range(2)]
    return nn.Sequential(*blocks[0], *blocks[1], nn.Linear(64, CLASSES))


def linear_accuracies(seed: int, epochs: int = 15) -> list[float]:
    """What a net without hidden layers makes of the digits: one linear layer, with SGD at rate 0.1 and batches of 32.

    Args:
        seed: of the weights, the split and the batches.
        epochs: how often it sees the training part.

    Returns:
        Its validation accuracy after each epoch.
    """
    X, y, X_val, y_val = digits_split(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Linear(64, CLASSES)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        accuracies = []
        for _ in range(epochs):
            for rows in torch.randperm(len(X)).split(32)[:-1]:
                optimizer.zero_grad()
                F.cross_entropy(net(X[rows]), y[rows]).backward()
                optimizer.step()
            accuracies.append(accuracy(net, X_val, y_val))
    return accuracies


def raw_digits_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The split of `digits_split` with the grey values as they are in the file, 0 … 16."""
    X, y = (torch.from_numpy(part) for part in digits(standardise=False))
    train, val = split_rows(len(X), seed)
    return X[train].float(), y[train], X[val].float(), y[val]


def split_rows(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Row numbers 0 … n-1, shuffled and cut into three quarters to train on and one quarter to validate, as `digits_split` does."""
    order = np.random.default_rng(seed).permutation(n)
    train, val = np.split(order, [3 * n // 4])
    return torch.from_numpy(train), torch.from_numpy(val)


def stacked_digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits as some cameras and some programs store them: one picture behind the other.

    Returns:
        `stack (8, 8, 1797)`, row, column and picture, with grey values 0 … 16, and the digits `y (1797,)`.
    """
    X, y = digits(standardise=False)
    return np.ascontiguousarray(np.moveaxis(X.reshape(-1, 8, 8), 0, 2)), y


def diabetes_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """442 patients, ten measurements of each, and how far their diabetes has gone a year later.

    Args:
        seed: decides which patient goes where.

    Returns:
        `X_train (331, 10), y_train (331,), X_val (111, 10), y_val (111,)` in float32, measurements and target standardised with
        the statistics of the training part.
    """
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    order = np.random.default_rng(seed).permutation(len(X))
    train, val = np.split(order, [3 * len(X) // 4])
    X, y = (X - X[train].mean(axis=0)) / X[train].std(axis=0), (y - y[train].mean()) / y[train].std()
    parts = [(torch.tensor(X[rows], dtype=torch.float32), torch.tensor(y[rows], dtype=torch.float32)) for rows in (train, val)]
    return *parts[0], *parts[1]


def regression_net() -> nn.Sequential:
    """The net that learns from `diabetes_split`: 10-32-1, ReLU."""
    return nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))


def regression_score(weights: Mapping[str, torch.Tensor], seed: int) -> tuple[float, float]:
    """How good a trained `regression_net` is on the validation part of a split.

    Args:
        weights: its `state_dict()`.
        seed: of the split.

    Returns:
        R², and the standard deviation of its predictions.
    """
    net = regression_net()
    net.load_state_dict(weights)
    _, _, X, y = diabetes_split(seed)
    with torch.no_grad():
        predictions = net(X).flatten()
    return float(1 - (predictions - y).square().mean() / y.var(correction=0)), float(predictions.std())


def template_share(X: np.ndarray, y: np.ndarray) -> float:
    """Share of pictures that look more like the mean picture of their own digit than like that of any other.

    Args:
        X: grey values (N, 64), line by line, 0 … 16.
        y: the digit that each is said to be (N,).

    Returns:
        About 0.9 for the digits of scikit-learn, and about 0.1 when pictures and labels do not belong together.
    """
    pictures, names = digits(standardise=False)
    means = np.stack([pictures[names == digit].mean(axis=0) for digit in range(CLASSES)])
    distances = np.square(np.asarray(X)[:, None, :] - means).sum(axis=2)
    return float((distances.argmin(axis=1) == np.asarray(y)).mean())


def base_run(seed: int, *, shuffled: bool = True) -> list[float]:
    """Train the base recipe on the digits, and validate after each of the 15 epochs.

    Args:
        seed: of the weights, the split and the batches; torch's own generator is left alone.
        shuffled: draw a new order in every epoch? Otherwise the digits come class after class.

    Returns:
        The validation accuracies.
    """
    X, y, X_val, y_val = digits_split(seed)
    by_class = y.argsort(stable=True)
    X, y = X[by_class], y[by_class]
    found = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = base_net()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(15):
            order = torch.randperm(len(X)) if shuffled else torch.arange(len(X))
            for rows in order.split(32):
                optimizer.zero_grad()
                F.cross_entropy(net(X[rows]), y[rows]).backward()
                optimizer.step()
            found.append(accuracy(net, X_val, y_val))
    return found


def naive_run(rate: float, seed: int = 0, steps: int = 80) -> tuple[list[float], list[float]]:
    """Train the base net by SGD with momentum 0.9 on the logarithm of a softmax, until the loss is no longer finite.

    Args:
        rate: learning rate.
        seed: of the weights, the split and the batches; torch's own generator is left alone.
        steps: at most so many.

    Returns:
        For each step the loss, and by how much the largest logit of the batch leads that of the right class.
    """
    X, y, _, _ = digits_split(seed)
    losses, leads = [], []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = base_net()
        optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
        for _ in range(steps):
            rows = torch.randint(len(X), (32,))
            logits = net(X[rows])
            right = torch.arange(32), y[rows]
            loss = -torch.log(torch.softmax(logits, dim=1)[right]).mean()
            losses.append(loss.item())
            leads.append((logits.max(dim=1).values - logits[right]).max().item())
            if not np.isfinite(losses[-1]):
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses, leads


def company(epochs: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """Train a small convolutional net with BatchNorm on the digits, and validate it in *training* mode, alone and in company.

    Args:
        epochs: how many.
        seed: of the weights, the split and the batches; torch's own generator is left alone.

    Returns:
        The validation accuracies with batches of 1, and with batches of 64; before the first epoch and after each.
    """
    X, y, X_val, y_val = digits_split(seed)
    X, X_val, y_val = X.reshape(-1, 1, 8, 8), X_val[:200].reshape(-1, 1, 8, 8), y_val[:200]
    found: tuple[list[float], list[float]] = ([], [])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Conv2d(1, 16, 7), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
        for epoch in range(epochs + 1):
            if epoch:
                for rows in torch.randperm(len(X)).split(64):
                    optimizer.zero_grad()
                    F.cross_entropy(net(X[rows]), y[rows]).backward()
                    optimizer.step()
            with torch.no_grad():
                for size, scores in zip((1, 64), found, strict=True):
                    guesses = torch.cat([net(pictures).argmax(dim=1) for pictures in X_val.split(size)])
                    scores.append(float((guesses == y_val).double().mean()))
    return found


def merged_digits(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A collection put together from two exports that overlap, with labels that are not all right.

    Args:
        seed: decides on pictures, labels and order.

    Returns:
        `X (850, 64)` in float32, standardised, 500 different pictures, of which 350 stand in it twice; and their labels
        `y (850,)`, the same for both copies. A fifth of the pictures has a label that was drawn at random.
    """
    rng = np.random.default_rng(seed)
    X, y = digits()
    rows = rng.permutation(len(X))[:500]
    pictures, names = X[rows], y[rows]
    names[:100] = rng.integers(CLASSES, size=100)
    order = rng.permutation(np.concatenate([np.arange(500), rng.permutation(500)[:350]]))
    return torch.tensor(pictures[order], dtype=torch.float32), torch.tensor(names[order])


def rare_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The split of `digits_split` as a question of yes or no: is it an 8? Most of the eights are taken out, so that 5 % are left.

    Returns:
        `X_train, y_train, X_val, y_val`, with y 1 for an 8 and 0 for any other digit.
    """
    parts = digits_split(seed)
    found: list[torch.Tensor] = []
    for X, y in (parts[:2], parts[2:]):
        eights, others = torch.nonzero(y == 8).flatten(), torch.nonzero(y != 8).flatten()
        rows = torch.cat([others, eights[: round(len(others) / 19)]]).sort().values
        found += [X[rows], (y[rows] == 8).long()]
    return found[0], found[1], found[2], found[3]


def jostled(X: torch.Tensor) -> torch.Tensor:
    """Pictures (N, 64), each moved by at most a pixel down or up and to a side by torch's generator; edges are repeated."""
    padded = F.pad(X.reshape(-1, 1, 8, 8), (1, 1, 1, 1), mode="replicate")[:, 0]
    down, right = torch.randint(3, (2, len(X)))
    line = torch.arange(8)
    picture = torch.arange(len(X))[:, None, None]
    return padded[picture, (down[:, None] + line)[:, :, None], (right[:, None] + line)[:, None, :]].reshape(-1, 64)


def blank_lines(X: torch.Tensor) -> torch.Tensor:
    """How many of the eight lines of each picture in X (N, 64) are 0 from end to end, (N,); of standardised digits none is."""
    return (X.reshape(-1, 8, 8) == 0).all(dim=2).sum(dim=1)


def few_tumours(seed: int, n: int = 12) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of the 569 tumours of scikit-learn's `breast_cancer`, a few to learn from and the others to validate with, as measured.

    Args:
        seed: decides which tumour goes where.
        n: how many to learn from.

    Returns:
        `X_train (n, 30), y_train, X_val (569 - n, 30), y_val`, the measurements in float32, y 1 for benign and 0 for malignant.
    """
    from sklearn.datasets import load_breast_cancer

    X, y = (torch.from_numpy(part) for part in load_breast_cancer(return_X_y=True))
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(X)))
    train, val = order[:n], order[n:]
    return X[train].float(), y[train], X[val].float(), y[val]


def scaler_gaps(n: int, studies: int = 40) -> tuple[float, np.ndarray]:
    """What it does for the score of a small study that its scaler has seen the validation part.

    Args:
        n: how many tumours a study learns from.
        studies: how many are made, each with a seed of its own; torch's own generator is left alone.

    Returns:
        The mean validation accuracy when means and spreads are fitted on the n alone; and for each study by how much it is higher
        when they are fitted on all tumours, the net, the seed and everything else being the same.
    """
    scores = np.empty((studies, 2))
    for seed in range(studies):
        X, y, X_val, y_val = few_tumours(seed, n)
        for kind, fitted in enumerate((X, torch.cat([X, X_val]))):
            mean, spread = fitted.mean(dim=0), fitted.std(dim=0, correction=0)
            inputs, others = (X - mean) / spread, (X_val - mean) / spread
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                net = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 2))
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for _ in range(40):
                optimizer.zero_grad()
                F.cross_entropy(net(inputs), y).backward()
                optimizer.step()
            scores[seed, kind] = accuracy(net, others, y_val)
    return float(scores[:, 0].mean()), scores[:, 1] - scores[:, 0]


def photographed_digits(seed: int) -> tuple[np.ndarray, torch.Tensor, np.ndarray, torch.Tensor, np.ndarray]:
    """The digits, written in white on a slate that is lit from one corner, and photographed with eight bits for each pixel.

    Args:
        seed: of the noise of the camera, and of the split, which is that of `digits_split`.

    Returns:
        `pictures_train (1347, 64), y_train, pictures_val (450, 64), y_val, slate (64,)`; pictures and `slate`, the slate without
        anything on it, in uint8.
    """
    rng = np.random.default_rng(seed)
    X, y = digits(standardise=False)
    corner = np.arange(8)
    light = (30 + 3 * (corner[:, None] + corner)).reshape(-1)
    pictures = (light + 10 * X + rng.normal(0, 3, size=X.shape)).round().clip(0, 255).astype(np.uint8)
    train, val = split_rows(len(X), seed)
    digit = torch.from_numpy(y)
    return pictures[train], digit[train], pictures[val], digit[val], light.astype(np.uint8)


def pull_of_decay(weights: Mapping[str, torch.Tensor], seed: int, rate: float = 0.1, steps: int = 645) -> float:
    """How strongly a training has pulled the weights of a base net to zero, read off the pixels that never change.

    Such a pixel is 0 in every standardised picture of the training part, so the loss of the answers says nothing about its
    weights, and every step of SGD only shrinks them: by the factor 1 - rate · pull.

    Args:
        weights: `state_dict()` of the trained net, whose initial weights were drawn first after `torch.manual_seed(seed)`.
        seed: of the weights and of the split.
        rate: learning rate of the training.
        steps: how many it has made; 15 epochs of 43 batches are 645.

    Returns:
        The pull: what torch calls `weight_decay`, and twice the λ of a penalty λ · Σ w².
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        start = base_net().state_dict()["0.weight"]
    never = (digits_split(seed)[0] == 0).all(dim=0)
    shrunk = float(weights["0.weight"][:, never].double().norm() / start[:, never].double().norm())
    return float((1 - shrunk ** (1 / steps)) / rate)


@functools.cache
def pretrained_body() -> tuple[nn.Sequential, torch.Tensor, torch.Tensor]:
    """Two layers that have learned to read the digits 0 to 4, and the mean and spread by which their pixels were standardised.

    Returns:
        `(body, mean, spread)`: a frozen net from 64 pixels to 64 features; mean and standard deviation of each pixel (64,), where
        a pixel that never changes has the spread 1.
    """
    X, y = (torch.from_numpy(part) for part in digits(standardise=False))
    X, y = X[y < 5].float(), y[y < 5]
    mean, spread = X.mean(dim=0), X.std(dim=0)
    spread = torch.where(spread > 0, spread, 1.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = base_net()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(8):
            for rows in torch.randperm(len(X)).split(32):
                optimizer.zero_grad()
                F.cross_entropy(net((X[rows] - mean) / spread), y[rows]).backward()
                optimizer.step()
    body = nn.Sequential(*list(net)[:4])
    body.requires_grad_(requires_grad=False)
    return body, mean, spread


def late_digits_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The digits 5 to 9 of `raw_digits_split`, of which `pretrained_body` has never seen any; grey values 0 … 16, y from 0 to 4."""
    X, y, X_val, y_val = raw_digits_split(seed)
    return X[y > 4], y[y > 4] - 5, X_val[y_val > 4], y_val[y_val > 4] - 5
