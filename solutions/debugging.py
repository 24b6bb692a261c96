"""Unit 8A, instruments for finding out why a training does not train."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# E8.2


def overfit_one_batch(
    model_fn: Callable[[], nn.Module], batch: tuple[torch.Tensor, torch.Tensor], steps: int = 100, lr: float = 0.1
) -> tuple[list[float], float, bool]:
    r"""Can this model learn one batch by heart? If not, something is broken, and no amount of data will mend it.

    Trains a copy of the model on the whole batch, the same at every step, with `torch.optim.SGD(..., lr=lr, momentum=0.9)` and
    cross-entropy. The copy is in training mode throughout, because that is the mode whose health is in question.

    Args:
        model_fn: returns the model to test, which gives logits (N, C). It may hand out a model that is in use: its weights,
            its mode and its gradients stay as they are.
        batch: inputs (N, ...) and class labels (N,).
        steps: number of updates.
        lr: learning rate.

    Returns:
        `(losses, accuracy, ok)`. `losses` holds `steps + 1` floats, the loss before every update and after the last one.
        `accuracy` is the share of the batch that the model gets right after the last update, and `ok` is True when all of it is
        right *and* the last loss is below 0.05. A small batch asks little: who passes with one sample may still fail with 128.

    >>> def model_fn():
    ...     return nn.Linear(1, 2)
    >>> losses, accuracy, ok = overfit_one_batch(model_fn, (torch.tensor([[-1.0], [1.0]]), torch.tensor([0, 1])), steps=50, lr=0.5)
    >>> len(losses), accuracy, ok
    (51, 1.0, True)
    """
    X, y = batch
    model = copy.deepcopy(model_fn()).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        logits = model(X)
    losses.append(F.cross_entropy(logits, y).item())
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return losses, accuracy, accuracy == 1.0 and losses[-1] < 0.05


# E8.7


def dependency_chart(model: nn.Module, x: torch.Tensor, probes: int = 20) -> torch.Tensor:
    r"""Which outputs of a batch depend on which of its inputs? A healthy net treats every sample as if it were alone.

    Entry (i, j) is True when some output of sample i has a gradient other than 0 with respect to some input of sample j, at `x` or
    at one of `probes` further batches of standard normal numbers: behind a ReLU a connection may be closed at one place and
    open at another. The gradient is that of a *weighted* sum of the outputs of sample i, with random weights, because
    a plain sum may be constant where the outputs are not (those of a softmax sum to 1).

    Args:
        model: takes a batch (N, ...) and gives a batch (N, ...), each with any number of further axes. It is looked at in the mode
            it is in. Its weights, its buffers and its gradients stay as they are.
        x: inputs (N, ...) in floating point; not changed.
        probes: number of random batches beside `x`.

    Returns:
        Tensor (N, N) of booleans, outputs down, inputs across. A model whose outputs do not hang on its inputs at all gives False
        everywhere.

    Source: Karpathy (2019), "A recipe for training neural networks", where the sum has no weights.

    >>> dependency_chart(nn.Softmax(dim=0), torch.tensor([[0.5, 2.0], [1.0, -1.0]])).tolist()
    [[True, True], [True, True]]
    """
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(0)
    chart = torch.zeros(len(x), len(x), dtype=torch.bool)
    for probe in range(probes + 1):
        batch = x.detach().clone() if probe == 0 else torch.randn(x.shape, generator=generator, dtype=x.dtype)
        outputs = model(batch.requires_grad_())
        if not outputs.requires_grad:
            continue
        weights = torch.randn(outputs.shape, generator=generator, dtype=outputs.dtype)
        for i in range(len(x)):
            score = (weights[i] * outputs[i]).sum()
            (gradient,) = torch.autograd.grad(score, batch, retain_graph=True, allow_unused=True)
            if gradient is not None:
                chart[i] |= (gradient != 0).reshape(len(x), -1).any(dim=1)
    return chart


# E8.8


def find_untrained(
    model: nn.Module, opt: torch.optim.Optimizer, loss_fn: Callable[[nn.Module], torch.Tensor]
) -> dict[str, list[str]]:
    r"""Which parts of a model does this optimizer not train, and why?

    Args:
        model: the model that is meant to be trained. Its weights, its buffers and its gradients stay as they are.
        opt: the optimizer that is meant to train it.
        loss_fn: takes a model, `model` itself or a copy, and returns its loss on some batch.

    Returns:
        Five lists of names, each in the order of `model.named_parameters()` or `model.named_modules()`:

        - "frozen": parameters that do not require gradients. The next three lists leave them out.
        - "not_in_optimizer": parameters that are in no group of `opt`. What counts is the object, not its numbers.
        - "no_grad": parameters that the loss does not depend on: there is no gradient.
        - "zero_grad": parameters whose gradient is there and 0 in every entry.
        - "hidden_modules": modules in a plain list, tuple or dict (or one inside another) that is an attribute of the
          model or one of its modules, unless they are registered as well. They are named by the place where they
          stand, as `layers[0]` or `block.more['left'][1]`.

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    >>> model[0].bias.requires_grad = False
    >>> opt = torch.optim.SGD(model[0].parameters(), lr=0.1)
    >>> report = find_untrained(model, opt, lambda model: model(torch.ones(4, 2)).mean())
    >>> report["frozen"], report["not_in_optimizer"]
    (['0.bias'], ['1.weight', '1.bias'])
    """
    twin = copy.deepcopy(model)
    trainable = {name: parameter for name, parameter in twin.named_parameters() if parameter.requires_grad}
    loss = loss_fn(twin)
    gradients: dict[str, torch.Tensor | None] = dict.fromkeys(trainable)
    if trainable and loss.requires_grad:
        gradients = dict(zip(trainable, torch.autograd.grad(loss, list(trainable.values()), allow_unused=True), strict=True))

    updated = {id(parameter) for group in opt.param_groups for parameter in group["params"]}
    registered = {id(module) for module in model.modules()}
    hidden: list[str] = []

    def search(place: str, value: object) -> None:
        if isinstance(value, nn.Module) and id(value) not in registered:
            hidden.append(place)
        elif isinstance(value, (list, tuple, dict)):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                search(f"{place}[{key!r}]", item)

    for owner, module in model.named_modules():
        for attribute, value in vars(module).items():
            search(f"{owner}.{attribute}" if owner else attribute, value)

    return {
        "frozen": [name for name, parameter in model.named_parameters() if not parameter.requires_grad],
        "not_in_optimizer": [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in updated],
        "no_grad": [name for name, gradient in gradients.items() if gradient is None],
        "zero_grad": [name for name, gradient in gradients.items() if gradient is not None and not gradient.any()],
        "hidden_modules": hidden,
    }


# E8.9


def audit_loader(loader: Iterable[tuple[torch.Tensor, torch.Tensor]], C: int) -> dict[str, int | list[int]]:
    r"""Look at the data as the net will get them, before any net does.

    Args:
        loader: gives batches of inputs (n, ...) and integer labels (n,). It is gone through once, to its end: a second pass may
            come in another order, or not at all.
        C: number of classes; labels are to be 0 ... C - 1.

    Returns:
        A dict; "samples" is their number, everything else a list of integers. Samples count from 0 in the order in which they
        come, features in the order of `inputs.reshape(n, -1)`.

        - "counts": how many samples have label 0, 1, ..., C - 1.
        - "bad_labels": samples with any other label.
        - "nonfinite": samples with a nan or an infinity.
        - "constant_features": features that have one and the same value in all samples that are finite.
        - "duplicates": samples whose inputs, rounded to 6 decimals, stood in an earlier sample.
        - "single_label_batches": batches, counted from 0, of more than one sample and one label only.

    >>> batches = [(torch.tensor([[1.0, 5.0], [2.0, 5.0]]), torch.tensor([0, 0])), (torch.tensor([[1.0, 5.0]]), torch.tensor([3]))]
    >>> report = audit_loader(batches, C=3)
    >>> report["counts"], report["bad_labels"], report["duplicates"]
    ([2, 0, 0], [2], [2])
    >>> report["constant_features"], report["single_label_batches"]
    ([1], [0])
    """
    inputs, labels, single = [], [], []
    for number, (X, y) in enumerate(loader):
        inputs.append(X.reshape(len(X), -1).double().numpy())
        labels.append(y.numpy())
        if len(y) > 1 and (y == y[0]).all():
            single.append(number)
    X_all, y_all = np.concatenate(inputs), np.concatenate(labels)
    finite = np.isfinite(X_all).all(axis=1)
    valid = (y_all >= 0) & (y_all < C)
    first: dict[bytes, int] = {}
    rounded = np.round(X_all, 6) + 0.0  # -0.0 + 0.0 is 0.0: the two are equal, but their bytes are not
    return {
        "samples": len(y_all),
        "counts": np.bincount(y_all[valid], minlength=C).tolist(),
        "bad_labels": np.flatnonzero(~valid).tolist(),
        "nonfinite": np.flatnonzero(~finite).tolist(),
        "constant_features": np.flatnonzero(np.ptp(X_all[finite], axis=0) == 0).tolist(),
        "duplicates": [i for i, row in enumerate(rounded) if first.setdefault(row.tobytes(), i) != i],
        "single_label_batches": single,
    }


def overlap(A: np.ndarray, B: np.ndarray, decimals: int = 6) -> np.ndarray:
    r"""Which samples of A stand in B as well? Between training and test data there must be none.

    Args:
        A, B: samples (N, ...) and (M, ...), in any order and of any precision.
        decimals: samples count as equal when all their numbers are, after rounding to so many decimals. A picture that was
            saved in float32, or standardised on the way, comes back with noise in its last digits.

    Returns:
        The indices of these samples in A, rising; an array of integers, empty when there are none.

    >>> overlap(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.000000001]])).tolist()
    [1]
    """
    here, there = (np.round(part.reshape(len(part), -1).astype(np.float64), decimals) + 0.0 for part in (A, B))
    known = {row.tobytes() for row in there}
    return np.array([i for i, row in enumerate(here) if row.tobytes() in known], dtype=np.int64)


def class_weights(counts: np.ndarray) -> np.ndarray:
    r"""Weights for the loss that give every class the same say, whatever its number of samples.

    .. math:: w_c = \frac{n}{C\,n_c}, \qquad n = \sum_c n_c

    Over the *samples* the mean weight is 1, so that the mean loss, and with it the learning rate that suits it, keeps its size.

    Args:
        counts: numbers of samples n_c (C,).

    Returns:
        Weights (C,).

    Raises:
        ValueError: a class has no samples; no weight can mend that.

    Source: King & Zeng (2001), "Logistic regression in rare events data", Political Analysis 9.

    >>> class_weights(np.array([6, 3, 1])).round(4).tolist()
    [0.5556, 1.1111, 3.3333]
    """
    counts = np.asarray(counts)
    if (counts <= 0).any():
        raise ValueError(f"class_weights: every class needs samples; there are none of class {int(np.argmin(counts))}")
    return np.asarray(counts.sum() / (len(counts) * counts))


def balanced_batches(y: np.ndarray, B: int, rng: np.random.Generator) -> list[np.ndarray]:
    r"""One epoch of batches in which all classes are equally frequent.

    There are just as many batches as it takes to show each sample of the largest class at least once. Within a class all samples
    take part equally: how often they appear in the epoch differs by one at most, and which of them appear once more is up to `rng`.

    Args:
        y: labels (N,); every label that occurs is a class.
        B: size of all batches, a multiple of the number of classes.
        rng: source of randomness.

    Returns:
        The batches, each an array of B indices into `y`.

    Raises:
        ValueError: B is not a multiple of the number of classes.

    >>> y = np.array([0, 0, 0, 0, 0, 7])
    >>> [y[rows].tolist().count(7) for rows in balanced_batches(y, 4, np.random.default_rng(0))]
    [2, 2, 2]
    """
    classes, counts = np.unique(y, return_counts=True)
    if B % len(classes):
        raise ValueError(f"balanced_batches: B must be a multiple of the {len(classes)} classes; got {B}")
    share = B // len(classes)
    number = -(-int(counts.max()) // share)
    parts = []
    for label, count in zip(classes, counts, strict=True):
        rows = np.flatnonzero(y == label)
        rounds = -(-number * share // int(count))
        queue = np.concatenate([rng.permutation(rows) for _ in range(rounds)])
        parts.append(queue[: number * share].reshape(number, share))
    return list(np.concatenate(parts, axis=1))


# E8.10


def confusion(y: np.ndarray, yhat: np.ndarray, C: int) -> np.ndarray:
    r"""Who is taken for whom: how many samples of each class got which label.

    Args:
        y: true labels (N,), 0 ... C - 1.
        yhat: predicted labels (N,).
        C: number of classes.

    Returns:
        Array (C, C) of integers, true classes down, predicted ones across.

    >>> confusion(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1]), 2).tolist()
    [[1, 2], [0, 1]]
    """
    return np.bincount(C * np.asarray(y) + np.asarray(yhat), minlength=C * C).reshape(C, C)


def precision_recall_f1(M: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Three numbers for each class that accuracy mixes into one.

    .. math:: \text{precision}_c = \frac{M_{cc}}{\sum_i M_{ic}}, \quad \text{recall}_c = \frac{M_{cc}}{\sum_j M_{cj}}, \quad
        F_1 = \frac{2\,\text{precision}\cdot\text{recall}}{\text{precision}+\text{recall}}

    Args:
        M: a confusion matrix (C, C), true classes down, predicted ones across.

    Returns:
        Precision, recall and F1 of every class, each (C,). What would be 0/0 is 0: the precision of a class that is never
        predicted, the recall of one that never occurs, the F1 where both are 0.

    >>> precision, recall, f1 = precision_recall_f1(np.array([[1, 2], [0, 1]]))
    >>> precision.round(3).tolist(), recall.round(3).tolist(), f1.tolist()
    ([1.0, 0.333], [0.333, 1.0], [0.5, 0.5])
    """
    right, predicted, true = np.diag(M), M.sum(axis=0), M.sum(axis=1)
    precision = right / np.maximum(predicted, 1)
    recall = right / np.maximum(true, 1)
    f1 = 2 * right / np.maximum(predicted + true, 1)
    return precision, recall, f1


def roc_curve(y: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""False alarms against hits, for every threshold that a score could be cut at.

    A sample is called positive when its score is at least the threshold. The threshold falls from above all scores, where
    nothing is called positive, through every *distinct* score: samples that share a score can only change sides together.

    .. math:: \text{FPR} = \frac{\text{false positives}}{\text{all negatives}}, \qquad
        \text{TPR} = \frac{\text{true positives}}{\text{all positives}}

    Args:
        y: true labels (N,), 1 for positive and 0 for negative.
        s: scores (N,), higher for "more likely positive".

    Returns:
        `(fpr, tpr)`, each with one entry more than there are distinct scores. The first point is (0, 0), the last (1, 1).

    Raises:
        ValueError: one of the two classes is missing.

    Source: Fawcett (2006), "An introduction to ROC analysis", Pattern Recognition Letters 27, Algorithm 1.

    >>> fpr, tpr = roc_curve(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
    >>> fpr.tolist(), tpr.tolist()
    ([0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    positive = np.asarray(y) == 1
    if positive.all() or not positive.any():
        raise ValueError("roc_curve: y must hold positives and negatives; got only one of the two")
    order = np.argsort(-s)
    last_of_tie = np.append(np.diff(s[order]) != 0, True)
    hits = np.cumsum(positive[order])[last_of_tie]
    alarms = np.cumsum(~positive[order])[last_of_tie]
    return np.append(0.0, alarms / alarms[-1]), np.append(0.0, hits / hits[-1])


def pr_curve(y: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Precision against recall, for the same thresholds as those of a ROC curve.

    .. math:: \text{precision} = \frac{\text{true positives}}{\text{all that are called positive}}, \qquad
        \text{recall} = \frac{\text{true positives}}{\text{all positives}}

    Args:
        y: true labels (N,), 1 for positive and 0 for negative.
        s: scores (N,), higher for "more likely positive".

    Returns:
        `(recall, precision)`, what goes across first, each with one entry more than there are distinct scores. At the first
        point nothing is called positive: the recall is 0, and the precision, which would be 0/0, is 1 by convention.

    Raises:
        ValueError: there are no positives.

    Source: Davis & Goadrich (2006), "The relationship between precision-recall and ROC curves", ICML.

    >>> recall, precision = pr_curve(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
    >>> recall.tolist(), precision.round(3).tolist()
    ([0.0, 0.5, 1.0, 1.0], [1.0, 1.0, 0.667, 0.5])
    """
    positive = np.asarray(y) == 1
    if not positive.any():
        raise ValueError("pr_curve: y must hold positives")
    order = np.argsort(-s)
    last_of_tie = np.append(np.diff(s[order]) != 0, True)
    hits = np.cumsum(positive[order])[last_of_tie]
    called = np.arange(1, len(s) + 1)[last_of_tie]
    return np.append(0.0, hits / hits[-1]), np.append(1.0, hits / called)


def auc(x: np.ndarray, y: np.ndarray) -> float:
    r"""The area under a curve that is given by points, with straight lines between them (trapezoids).

    Args:
        x: places across (P,), rising or falling all the way; neighbours may be equal, where the curve goes straight up or down.
        y: heights (P,).

    Returns:
        The area; the same for a curve and for its points in reverse order.

    Raises:
        ValueError: x goes up and down.

    >>> auc(np.array([0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.5, 1.0, 1.0]))
    0.875
    """
    widths = np.diff(x)
    if (widths < 0).any() and (widths > 0).any():
        raise ValueError("auc: x must rise or fall all the way")
    return abs(float(np.sum(widths * (y[1:] + y[:-1]) / 2)))


# E8.11


def tb_smooth(v: np.ndarray, w: float) -> np.ndarray:
    r"""A curve smoothed as TensorBoard does it: an exponential average without the bias of its start at 0.

    .. math:: a_t = w\,a_{t-1} + (1-w)\,v_t, \qquad \text{smoothed}_t = \frac{a_t}{1 - w^t}, \qquad a_0 = 0

    Args:
        v: the curve (T,). Where it is nan or infinite the result is the same, and average and count t go on as if there were
            no such value.
        w: the weight of the past, in [0, 1); 0 leaves the curve as it is.

    Returns:
        The smoothed curve (T,), in float64; v is not changed.

    Raises:
        ValueError: w is outside of [0, 1).

    Source: the scalar charts of TensorBoard; the correction is that of Kingma & Ba (2015), arXiv:1412.6980, section 3.

    >>> tb_smooth(np.array([4.0, 4.0, 0.0, 0.0]), 0.5).round(4).tolist()
    [4.0, 4.0, 1.7143, 0.8]
    """
    if not 0 <= w < 1:
        raise ValueError(f"tb_smooth: w must be in [0, 1); got {w}")
    smoothed = np.array(v, dtype=np.float64)
    average, t = 0.0, 0
    for i, value in enumerate(smoothed.tolist()):
        if np.isfinite(value):
            average, t = w * average + (1 - w) * value, t + 1
            smoothed[i] = average / (1 - w**t)
    return smoothed


def save_ckpt(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    epoch: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    r"""Everything that a training needs to go on as if it had never stopped.

    Args:
        model, optimizer, scheduler: the training's parts, as they are now.
        epoch: number of epochs done.
        rng: draws the order of the samples. Dropout draws from torch's own generator, whose state belongs in here too.

    Returns:
        A dict with the keys "model", "optimizer", "scheduler", "epoch", "rng" (of NumPy's generator) and "torch_rng". It is a
        snapshot: no training that goes on changes it. `torch.save` can write it to a file, and `torch.load` read it again.

    >>> model = nn.Linear(1, 1)
    >>> opt = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> sched = torch.optim.lr_scheduler.StepLR(opt, 2)
    >>> sorted(save_ckpt(model, opt, sched, 5, np.random.default_rng(0)))
    ['epoch', 'model', 'optimizer', 'rng', 'scheduler', 'torch_rng']
    """
    return copy.deepcopy(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "epoch": epoch,
            "rng": rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
        }
    )


def load_ckpt(
    ckpt: dict[str, Any],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    rng: np.random.Generator,
) -> int:
    r"""Put a training back to where it was saved.

    Args:
        ckpt: what `save_ckpt` returned, or what came back from a file. It can be loaded again afterwards, any number of times:
            nothing that is trained later may reach into it.
        model, optimizer, scheduler, rng: freshly made parts of the same kind, which get the saved state; torch's own
            generator gets its state back as well.

    Returns:
        The number of epochs done.

    >>> model, rng = nn.Linear(1, 1), np.random.default_rng(0)
    >>> opt = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> sched = torch.optim.lr_scheduler.StepLR(opt, 2)
    >>> ckpt = save_ckpt(model, opt, sched, 5, rng)
    >>> first = rng.random()
    >>> load_ckpt(ckpt, model, opt, sched, rng), rng.random() == first
    (5, True)
    """
    ckpt = copy.deepcopy(ckpt)
    model.load_state_dict(ckpt["model"])
    optimizer.load_state_dict(ckpt["optimizer"])
    scheduler.load_state_dict(ckpt["scheduler"])
    rng.bit_generator.state = ckpt["rng"]
    torch.set_rng_state(ckpt["torch_rng"])
    epoch: int = ckpt["epoch"]
    return epoch


def time_steps(
    fn: Callable[[], object], n: int, warmup: int = 3, total: int = 10_000, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, float]:
    r"""How long does a step take, and how long will the whole training take?

    Args:
        fn: makes one step; it is called `warmup + n` times.
        n: number of steps that count.
        warmup: number of steps before them that do not: the first ones build caches, start workers and choose algorithms.
        total: number of steps of the whole training.
        clock: gives the time in seconds.

    Returns:
        `(median, total_estimate)` in seconds: the median of the n steps' durations, and `total` times as much.

    Warns:
        UserWarning: the median is above 0.5 s: something beside the computation is slow, more often than not the loader.

    >>> now = [0.0]
    >>> def step():
    ...     now[0] += 0.25
    >>> time_steps(step, n=3, total=100, clock=lambda: now[0])
    (0.25, 25.0)
    """
    durations = []
    for step in range(warmup + n):
        start = clock() if step >= warmup else 0.0
        fn()
        if step >= warmup:
            durations.append(clock() - start)
    median = float(np.median(durations))
    if median > 0.5:
        warnings.warn(f"time_steps: a step takes {1000 * median:.0f} ms, more than 500: look for the bottleneck", stacklevel=2)
    return median, median * total


softmax_twice_floor = float(
    np.log(1 + 9 / np.e)
)  # Q8.1: the loss gets probabilities as scores, 1 for the right digit and 0 for nine
emergency_order = "B"  # Q8.3: a known model without extras, then the data, then one batch by heart, then grow and add back
fine_tuning_at_chance = "C"  # Q8.5: weights of a pretrained net expect the inputs that they were trained on
slow_iteration = "A"  # Q8.6: 700 of 800 ms are spent in the loader
