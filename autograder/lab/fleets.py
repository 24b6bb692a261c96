"""Fleets: several small networks that learn the digits side by side, in one go, so that a picture can show more than one run."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.lab.data import digits
from autograder.lab.threads import one_thread

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Split:
    """Digits to learn from and digits to be judged by; pixels from 0 to 1, rows are samples.

    Attributes:
        X: training inputs (N, 64).
        y: their labels (N,), some of which may be wrong on purpose.
        X_val: validation inputs (450, 64).
        y_val: their labels, all right.
    """

    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray


def split(n: int = 1347, wrong: float = 0.0, noise: float = 0.0, seed: int = 0) -> Split:
    """Split the digits, always with the same 450 for validation.

    Args:
        n: size of the training set, at most 1347.
        wrong: share of the training labels that is replaced by a random digit (which one time in ten is the right one).
        noise: standard deviation of the noise added to every pixel, in units of the pixels' own spread.
        seed: of the choice of the training set, the labels and the noise.
    """
    X, y = digits(standardise=False)
    rng = np.random.default_rng(seed)
    order = np.random.default_rng(1797).permutation(len(X))
    validation, training = order[:450], rng.permutation(order[450:])[:n]
    X = X / 16 + noise * (X / 16).std() * rng.normal(size=X.shape)
    labels = y[training]
    swapped = rng.random(n) < wrong
    labels[swapped] = rng.integers(0, 10, size=int(swapped.sum()))
    return Split(X[training], labels, X[validation], y[validation])


@dataclass(frozen=True)
class Recipe:
    """How a fleet is trained: plain SGD on the cross-entropy of a ReLU network.

    Attributes:
        hidden: widths of the hidden layers.
        lr: learning rate.
        batch: samples in a batch.
        epochs: passes through the training set.
        l2: the penalty l2 * sum(w**2) on the weight matrices.
        l1: the penalty l1 * sum(|w|) on the weight matrices, as a proximal step after each update.
        drop_prob: share of hidden units that every update drops (inverted dropout).
        wobble: augmentation: images are moved by up to this many pixels and turned by up to a quarter of it, in radians.
        ema: decay of a moving average of the weights; 0 for none.
    """

    hidden: tuple[int, ...] = (64, 64)
    lr: float = 0.1
    batch: int = 32
    epochs: int = 15
    l2: float = 0.0
    l1: float = 0.0
    drop_prob: float = 0.0
    wobble: float = 0.0
    ema: float = 0.0


@dataclass
class Log:
    """What a fleet wrote down; every array has one row for each epoch and one column for each network.

    Attributes:
        logged_loss: training loss as most programs log it: averaged over the batches of the epoch, dropout and wobble on.
        train_loss: training loss at the end of the epoch, everything switched off.
        val_loss: validation loss at the end of the epoch.
        accuracy: validation accuracy at the end of the epoch.
        ema_accuracy: that of the averaged weights.
        weights: the weights of every network at the end of every epoch, as `weights[epoch][network]`: name to array.
        shares: softmax outputs of the last epoch for the validation set (networks, 450, 10).
    """

    logged_loss: np.ndarray
    train_loss: np.ndarray
    val_loss: np.ndarray
    accuracy: np.ndarray
    ema_accuracy: np.ndarray
    weights: list[list[dict[str, np.ndarray]]] = field(repr=False)
    shares: np.ndarray = field(repr=False)


def train(data: Split, recipe: Recipe, networks: int = 1, seed: int = 0) -> Log:
    """Train a fleet; each network has its own initial weights, batches and dropout masks, and none knows of the others.

    Args:
        data: what to learn.
        recipe: how.
        networks: size of the fleet.
        seed: of everything random.
    """
    with one_thread():
        return _Fleet(data, recipe, networks, seed).run()


def accuracy(weights: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray) -> float:
    """Accuracy of the network that has the given weights, as they stand in `Log.weights`."""
    h = X
    for layer in range(len(weights) // 2):
        h = (np.maximum(h, 0) if layer else h) @ weights[f"{layer}.weight"] + weights[f"{layer}.bias"]
    return float(np.mean(h.argmax(axis=1) == y))


class _Fleet:
    """Weights are stacked, (networks, D_in, D_out), so that one matrix product serves all networks."""

    def __init__(self, data: Split, recipe: Recipe, networks: int, seed: int) -> None:
        import torch

        self.recipe, self.networks = recipe, networks
        self.rng = np.random.default_rng(seed)
        self.X, self.X_val = (torch.tensor((X - 0.3) / 0.38, dtype=torch.float32) for X in (data.X, data.X_val))
        self.y, self.y_val = torch.tensor(data.y), torch.tensor(data.y_val)
        widths = (64, *recipe.hidden, 10)
        self.layers = len(widths) - 1
        shapes = [*itertools.pairwise(widths), *((1, width) for width in widths[1:])]
        fan_in = [*widths[:-1], *widths[:-1]]
        self.parameters = [
            torch.tensor(self.rng.uniform(-1, 1, size=(networks, *shape)) / np.sqrt(fan), dtype=torch.float32).requires_grad_()
            for shape, fan in zip(shapes, fan_in, strict=True)
        ]
        self.average = [weight.detach().clone() for weight in self.parameters]

    def run(self) -> Log:
        rows, weights = [], []
        for _ in range(self.recipe.epochs):
            logged = self._epoch()
            train_loss, _, _ = self._judge(self.parameters, self.X, self.y)
            val_loss, accuracy, shares = self._judge(self.parameters, self.X_val, self.y_val)
            ema_accuracy = self._judge(self.average, self.X_val, self.y_val)[1] if self.recipe.ema else accuracy
            rows.append((logged, train_loss, val_loss, accuracy, ema_accuracy))
            weights.append([self._weights(number) for number in range(self.networks)])
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        return Log(columns[0], columns[1], columns[2], columns[3], columns[4], weights, shares)

    def _epoch(self) -> np.ndarray:
        import torch

        n, batch = len(self.X), min(self.recipe.batch, len(self.X))
        orders = torch.tensor(np.array([self.rng.permutation(n) for _ in range(self.networks)]))
        losses = []
        for start in range(0, n - batch + 1, batch):
            chosen = orders[:, start : start + batch]
            inputs = self._wobbled(self.X[chosen]) if self.recipe.wobble else self.X[chosen]
            loss = self._losses(self._forward(self.parameters, inputs, training=True), self.y[chosen])
            # The networks share no weight, so the gradient of the sum is that of each one's own loss.
            gradients = torch.autograd.grad(loss.sum(), self.parameters)
            with torch.no_grad():
                self._update(gradients)
            losses.append(loss.detach().numpy())
        return np.asarray(np.mean(losses, axis=0))

    def _update(self, gradients: tuple[torch.Tensor, ...]) -> None:
        import torch

        recipe = self.recipe
        for number, (weight, gradient) in enumerate(zip(self.parameters, gradients, strict=True)):
            matrix = number < self.layers
            weight.sub_(recipe.lr * (gradient + 2 * recipe.l2 * weight if matrix and recipe.l2 else gradient))
            if matrix and recipe.l1:
                weight.copy_(torch.nn.functional.softshrink(weight, recipe.lr * recipe.l1))
        if recipe.ema:
            for average, weight in zip(self.average, self.parameters, strict=True):
                average.lerp_(weight, 1 - recipe.ema)

    def _forward(self, parameters: list[torch.Tensor], h: torch.Tensor, training: bool) -> torch.Tensor:
        import torch

        kept = 1 - self.recipe.drop_prob
        for layer in range(self.layers):
            if layer:
                h = torch.relu(h)
                if training and kept < 1:
                    h = h * torch.from_numpy((self.rng.random(h.shape, dtype=np.float32) < kept).astype(np.float32) / kept)
            h = torch.baddbmm(parameters[self.layers + layer], h, parameters[layer])
        return h

    def _losses(self, scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        import torch

        entries = torch.nn.functional.cross_entropy(scores.reshape(-1, 10), y.reshape(-1), reduction="none")
        return entries.reshape(self.networks, -1).mean(dim=1)

    def _judge(self, parameters: list[torch.Tensor], X: torch.Tensor, y: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import torch

        with torch.no_grad():
            scores = self._forward(parameters, X.expand(self.networks, -1, -1), training=False)
            right = (scores.argmax(dim=-1) == y).double().mean(dim=1)
            loss = self._losses(scores, y.expand(self.networks, -1))
            return loss.numpy(), right.numpy(), scores.double().softmax(dim=-1).numpy()

    def _wobbled(self, images: torch.Tensor) -> torch.Tensor:
        import torch

        count, reach = images.shape[0] * images.shape[1], self.recipe.wobble
        angle = self.rng.uniform(-reach / 4, reach / 4, count)
        there = np.zeros((count, 2, 3), dtype=np.float32)
        there[:, 0, 0] = there[:, 1, 1] = np.cos(angle)
        there[:, 1, 0], there[:, 0, 1] = np.sin(angle), -np.sin(angle)
        there[:, :, 2] = self.rng.uniform(-reach, reach, (count, 2)) / 4  # the image is 2 wide in these units, and 8 pixels
        pictures = images.reshape(count, 1, 8, 8)
        grid = torch.nn.functional.affine_grid(torch.from_numpy(there), list(pictures.shape), align_corners=False)
        moved = torch.nn.functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
        return moved.reshape(images.shape)

    def _weights(self, network: int) -> dict[str, np.ndarray]:
        found: dict[str, Any] = {}
        for layer in range(self.layers):
            W, b = (self.parameters[place][network].detach().double().numpy() for place in (layer, self.layers + layer))
            # What the network computes from standardised pixels, as a function of pixels from 0 to 1.
            found[f"{layer}.weight"] = W / 0.38 if layer == 0 else W.copy()
            found[f"{layer}.bias"] = b[0] - 0.3 / 0.38 * W.sum(axis=0) if layer == 0 else b[0].copy()
        return found
