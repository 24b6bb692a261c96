"""Small torch trainings on the digits: data, patients with a planted defect, and instruments that watch somebody else's training.

Needs torch; import it as `from autograder.lab import training`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook

from autograder.lab import plots
from autograder.lab.data import digits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASSES = 10
GUESSING = float(np.log(CLASSES))
"""Cross-entropy of a net that gives every digit the same probability."""


def digits_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The digits as float32 tensors, three quarters to train on and one quarter to validate.

    Args:
        seed: decides which digit goes where.

    Returns:
        `X_train (1347, 64), y_train, X_val (450, 64), y_val`, standardised with the statistics of the training part.
    """
    X, y = digits(standardise=False)
    order = np.random.default_rng(seed).permutation(len(X))
    train, val = np.split(order, [3 * len(X) // 4])
    mean, spread = X[train].mean(axis=0), X[train].std(axis=0)
    X = (X - mean) / np.where(spread > 0, spread, 1.0)
    parts = [(torch.tensor(X[rows], dtype=torch.float32), torch.tensor(y[rows])) for rows in (train, val)]
    return *parts[0], *parts[1]


def base_net() -> nn.Sequential:
    """The net of the base recipe: 64-64-64-10, ReLU, torch's own initial weights."""
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES))


# patients for unit 8


class _Cut(nn.Module):
    """Lets values through, and no gradient."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same numbers without their history."""
        return x.detach()


def patient(condition: str, seed: int = 0) -> nn.Sequential:
    """A net for the digits in float64, healthy or with a defect.

    Args:
        condition: "healthy"; "softmax twice", where the net ends in a softmax and the loss adds its own; "dead body", where no
            gradient gets below the last layer; "batchnorm", healthy, with a BatchNorm after the first layer.
        seed: of the initial weights; torch's own generator is left alone.

    Raises:
        KeyError: an unknown condition.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = base_net()
        body, head = net[:4], net[4:]
        nets = {
            "healthy": net,
            "softmax twice": nn.Sequential(*net.children(), nn.Softmax(dim=1)),
            "dead body": nn.Sequential(body, _Cut(), head),
            "batchnorm": nn.Sequential(net[0], nn.BatchNorm1d(64), net[1:]),
        }
        return nets[condition].double()


def batch(n: int, seed: int = 0, labels: str = "true") -> tuple[torch.Tensor, torch.Tensor]:
    """Some digits to overfit.

    Args:
        n: how many.
        seed: which ones.
        labels: "true"; "random", drawn anew without a look at the picture; "contradictory", where the last picture is the first
            one again, under another label.

    Returns:
        `X (n, 64)` in float64, standardised, and the labels `y (n,)`.
    """
    X, y = digits()
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))[:n]
    pictures, names = X[rows], y[rows]
    if labels == "random":
        names = rng.integers(CLASSES, size=n)
    if labels == "contradictory":
        pictures[-1], names[-1] = pictures[0], (names[0] + 1) % CLASSES
    return torch.from_numpy(pictures), torch.from_numpy(names)


# instruments


class _Enough(Exception):
    """Ends a training that has been watched for long enough."""


def leftovers(train: Callable[[], object], steps: int) -> list[float]:
    """How much of the gradient that an optimizer uses does not come from the backward pass just before.

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch, from the second one on.

    Returns:
        For each of these steps the length of the difference between the gradient that is used and the one that was just computed,
        as a share of the longer of the two: 0 when they are the same, 1 when the step gets no gradient at all. Fewer numbers
        when the training makes fewer steps.
    """
    own: dict[torch.Tensor, torch.Tensor] = {}
    hooks: list[Any] = []
    shares: list[float] = []

    def remember(parameter: torch.Tensor) -> Callable[[torch.Tensor], None]:
        def keep(gradient: torch.Tensor) -> None:
            own[parameter] = own.get(parameter, 0.0) + gradient.detach().clone()

        return keep

    def before_step(optimizer: torch.optim.Optimizer, *_: object) -> None:
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        if hooks:
            nothing = {parameter: torch.zeros_like(parameter) for parameter in parameters}
            used = torch.cat([(nothing[p] if p.grad is None else p.grad).flatten() for p in parameters])
            fresh = torch.cat([own.get(p, nothing[p]).flatten() for p in parameters])
            longer = max(float(used.norm()), float(fresh.norm()))
            shares.append(float((used - fresh).norm()) / longer if longer > 0 else 0.0)
            own.clear()
            if len(shares) == steps:
                raise _Enough
        else:  # the first step: nothing has been watched yet
            hooks.extend(parameter.register_hook(remember(parameter)) for parameter in parameters)

    watcher = register_optimizer_step_pre_hook(before_step)
    try:
        train()
    except _Enough:
        pass
    finally:
        for hook in (watcher, *hooks):
            hook.remove()
    return shares


def validation_score(weights: Mapping[str, torch.Tensor], seed: int) -> tuple[float, float]:
    """How good a trained base net is on the validation part of a split.

    Args:
        weights: its `state_dict()`.
        seed: of the split.

    Returns:
        Accuracy and mean cross-entropy.
    """
    net = base_net()
    net.load_state_dict(weights)
    _, _, X, y = digits_split(seed)
    with torch.no_grad():
        loss = F.cross_entropy(net(X), y)
    return _accuracy(net, X, y), float(loss)


def chart(history: Sequence[Mapping[str, float]]) -> Figure:
    """The log of a training as a picture.

    Args:
        history: for each epoch its `loss` (mean over the training batches) and its `accuracy` on the validation part.
    """
    figure, (left, right) = plots.panels(1, 2, size=(4.4, 2.8))
    epochs = np.arange(1, len(history) + 1)
    left.semilogy(epochs, [row["loss"] for row in history], "o-", markersize=3)
    plots.reference(left, y=GUESSING, text="guessing: log 10")
    plots.label(left, "epoch", "training loss")
    right.plot(epochs, [row["accuracy"] for row in history], "o-", markersize=3, color=plots.GREEN)
    plots.reference(right, y=1 / CLASSES, text="guessing: 0.1")
    plots.label(right, "epoch", "validation accuracy")
    right.set_ylim(0, 1.02)
    return figure


def memorise(n: int, seed: int = 0, labels: str = "true") -> tuple[float, float]:
    """Fit a healthy net to a batch by 150 steps of Adam on the whole batch.

    Args:
        n: size of the batch.
        seed: of the batch and of the initial weights.
        labels: as in `batch`.

    Returns:
        Accuracy on the batch, and on 500 digits with their true labels that are not in it.
    """
    X, y = batch(n, seed, labels)
    X_other, y_other = (part[-500:] for part in batch(1797, seed))
    net = patient("healthy", seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        optimizer.step()
    return _accuracy(net, X, y), _accuracy(net, X_other, y_other)


def _accuracy(net: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    with torch.no_grad():
        return float((net(X).argmax(dim=1) == y).double().mean())


def spread_film(batchnorm: bool, spread: float, *, depth: int = 6, steps: int = 200, seed: int = 0) -> tuple[np.ndarray, float]:
    """Train a deep ReLU net of width 64 on the digits by plain SGD (rate 0.1, batches of 64), and measure its layers at every step.

    Args:
        batchnorm: put a BatchNorm between each hidden layer and its ReLU?
        spread: standard deviation of the initial weights.
        depth: number of hidden layers.
        steps: number of updates.
        seed: of the weights, the split and the batches.

    Returns:
        The standard deviation of what each hidden layer hands on, (steps, depth), and the validation accuracy at the end.
    """
    X, y, X_val, y_val = digits_split(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        norm = nn.BatchNorm1d if batchnorm else nn.Identity
        blocks = [nn.Sequential(nn.Linear(64, 64), norm(64), nn.ReLU()) for _ in range(depth)]
        net = nn.Sequential(*blocks, nn.Linear(64, CLASSES))
        for module in net.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=spread)
                nn.init.zeros_(module.bias)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        film = np.empty((steps, depth))
        for step in range(steps):
            rows = torch.randint(len(X), (64,))
            h = X[rows]
            for level, block in enumerate(blocks):
                h = block(h)
                film[step, level] = float(h.detach().std())
            optimizer.zero_grad()
            F.cross_entropy(net[-1](h), y[rows]).backward()
            optimizer.step()
    net.eval()
    return film, _accuracy(net, X_val, y_val)


# for the cases C08 to C12 of the clinic


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


def rates(train: Callable[[], object]) -> list[float]:
    """The learning rate of every step that an optimizer of torch makes in a training."""
    seen: list[float] = []
    watcher = register_optimizer_step_pre_hook(lambda optimizer, *_: seen.append(float(optimizer.param_groups[0]["lr"])))
    try:
        train()
    finally:
        watcher.remove()
    return seen


@dataclass
class Step:
    """What went in and out of a net in a step of its training.

    Attributes:
        inputs: the batch.
        outputs: what the net made of it.
        gradient: that of the loss with respect to the outputs.
    """

    inputs: torch.Tensor
    outputs: torch.Tensor
    gradient: torch.Tensor


def watch(train: Callable[[], object], steps: int) -> list[Step]:
    """Look on as somebody else trains a net.

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch.

    Returns:
        What the net saw in each step: its last forward pass before the step that had a gradient. Fewer when the training makes
        fewer steps.
    """
    seen: list[Step] = []
    depth = 0
    latest: list[Step] = []

    def enter(module: nn.Module, _: Any) -> None:
        nonlocal depth
        depth += 1

    def leave(module: nn.Module, arguments: tuple[Any, ...], result: Any) -> None:
        nonlocal depth
        depth -= 1
        learns = isinstance(result, torch.Tensor) and result.requires_grad and next(module.parameters(), None) is not None
        if depth == 0 and learns:
            latest[:] = [Step(arguments[0].detach().clone(), result.detach().clone(), torch.zeros_like(result))]
            result.register_hook(keep_for(latest[0]))

    def keep_for(step: Step) -> Callable[[torch.Tensor], None]:
        def keep(gradient: torch.Tensor) -> None:
            step.gradient += gradient.detach()

        return keep

    def before_step(*_: object) -> None:
        seen.extend(latest)
        latest.clear()
        if len(seen) >= steps:
            raise _Enough

    watchers = [
        register_module_forward_pre_hook(enter),
        register_module_forward_hook(leave),
        register_optimizer_step_pre_hook(before_step),
    ]
    try:
        train()
    except _Enough:
        pass
    finally:
        for watcher in watchers:
            watcher.remove()
    return seen[:steps]


def rows_seen(steps: Sequence[Step], X: torch.Tensor) -> list[list[int]]:
    """Which rows of `X` the batches of a training were made of, step by step; -1 for a row that does not stand in it."""
    known = {row.numpy().tobytes(): number for number, row in enumerate(X)}
    return [[known.get(row.numpy().tobytes(), -1) for row in step.inputs] for step in steps]


def missed_targets(steps: Sequence[Step], X: torch.Tensor, y: torch.Tensor) -> list[float]:
    """How far from its own target a mean squared error pulls each prediction, step by step.

    The gradient of the mean of (p - t)² with respect to a prediction p is 2 (p - t) / N. So p minus N / 2 times its gradient is
    the t towards which the prediction is pulled.

    Args:
        steps: a training with this loss, as `watch` saw it; every output is one number.
        X: all inputs (N, D), each row but once.
        y: their targets (N,).

    Returns:
        The root mean square of the distances between where the predictions are pulled and where they belong: 0 for a healthy
        training.
    """
    found = []
    for step, rows in zip(steps, rows_seen(steps, X), strict=True):
        aims = step.outputs.flatten() - len(rows) / 2 * step.gradient.flatten()
        found.append(float((aims - y[rows]).square().mean().sqrt()))
    return found


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
            found.append(_accuracy(net, X_val, y_val))
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


# for the spare patients


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
    return nn.Sequential(*list(net)[:4]).requires_grad_(requires_grad=False), mean, spread


def late_digits_split(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The digits 5 to 9 of `raw_digits_split`, of which `pretrained_body` has never seen any; grey values 0 … 16, y from 0 to 4."""
    X, y, X_val, y_val = raw_digits_split(seed)
    return X[y > 4], y[y > 4] - 5, X_val[y_val > 4], y_val[y_val > 4] - 5
