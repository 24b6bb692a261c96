"""Unit 6, learning-rate schedules and hyper-parameters.

A schedule is a pure function of the step: `t` counts from 0, and the rate that is returned is the one used for that step. Wherever
trials are compared, `val` is a validation loss or error: smaller is better, and nan means that the trial failed.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

# E6.1


def step_decay(t: int | np.ndarray, lr0: float, factor: float, every: int) -> float | np.ndarray:
    r"""A staircase: every so often the rate is multiplied by a factor.

    Args:
        t: step (or epoch), counted from 0; an int, or an array of ints of any shape.
        lr0: rate at the start.
        factor: by which the rate is multiplied, between 0 and 1.
        every: length of a stair; unit of `t`. The first drop happens *at* `t = every`.

    Returns:
        The rate for step `t`, of the shape of `t`. The same `t` gives the same
        rate, whatever was asked before.

    Source: He et al. (2016), arXiv:1512.03385, drop the rate of 0.1 by a factor of 10 twice.

    >>> step_decay(np.array([0, 29, 30, 60]), 0.8, factor=0.5, every=30).tolist()
    [0.8, 0.8, 0.4, 0.2]
    """
    return lr0 * factor ** (t // every)


def exponential_decay(t: int | np.ndarray, lr0: float, gamma: float) -> float | np.ndarray:
    r"""The same percentage off at every step.

    Args:
        t: step, counted from 0; an int, or an array of ints of any shape.
        lr0: rate at the start.
        gamma: what is left of the rate after one step, between 0 and 1.

    Returns:
        The rate for step `t`, of the shape of `t`.

    >>> float(exponential_decay(2, 0.1, gamma=0.5))
    0.025
    """
    return lr0 * gamma**t


def inverse_time_decay(t: int | np.ndarray, lr0: float, k: float) -> float | np.ndarray:
    r"""A decay that is quick at first and gets ever slower: the *denominator* grows by `k` at every step.

    Args:
        t: step, counted from 0; an int, or an array of ints of any shape.
        lr0: rate at the start.
        k: speed of the decay; unit [1/step].

    Returns:
        The rate for step `t`, of the shape of `t`.

    >>> float(inverse_time_decay(3, 0.1, k=1.0))
    0.025
    """
    return lr0 / (1 + k * t)


def inv_sqrt_epoch(t: int | np.ndarray, lr0: float) -> float | np.ndarray:
    r"""One over the square root of the number of epochs begun so far, the current one included.

    Args:
        t: epoch, counted from 0; an int, or an array of ints of any shape.
        lr0: rate of the first epoch.

    Returns:
        The rate for epoch `t`, of the shape of `t`; finite for every `t` from 0 on.

    >>> float(inv_sqrt_epoch(24, 0.5))
    0.1
    """
    return lr0 / np.sqrt(t + 1)


def manual_schedule(t: int | np.ndarray, milestones: Sequence[int], values: Sequence[float]) -> float | np.ndarray:
    r"""A staircase built by hand, with stairs of any length and height.

    Args:
        t: step, counted from 0; an int, or an array of ints of any shape.
        milestones: M steps in increasing order, maybe none; *at* each of them the next value begins.
        values: the M + 1 rates, the first one before the first milestone.

    Returns:
        The rate for step `t`, of the shape of `t`.

    Raises:
        ValueError: there is not one more value than there are milestones.

    >>> manual_schedule(np.array([0, 9, 10, 11]), [10], [0.5, 0.1]).tolist()
    [0.5, 0.5, 0.1, 0.1]
    """
    if len(values) != len(milestones) + 1:
        raise ValueError(f"manual_schedule: {len(milestones)} milestones need one value more; got {len(values)} values")
    ### BEGIN SOLUTION
    milestones_reached = np.searchsorted(milestones, t, side="right")
    return np.asarray(values)[milestones_reached]
    ### END SOLUTION


# E6.2


def linear_decay(t: int | np.ndarray, T: int, lr0: float, lr_min: float) -> float | np.ndarray:
    r"""A straight line from `lr0` at step 0 to `lr_min` at step `T`, and flat from there.

    Args:
        t: step, counted from 0; an int, or an array of ints of any shape.
        T: length of the decay in steps.
        lr0: rate at the start.
        lr_min: rate at step `T` and ever after.

    Returns:
        The rate for step `t`, of the shape of `t`.

    >>> linear_decay(np.array([0, 5, 10, 99]), 10, 1.0, 0.5).tolist()
    [1.0, 0.75, 0.5, 0.5]
    """
    return lr0 + (lr_min - lr0) * np.minimum(t, T) / T


def cosine_decay(t: int | np.ndarray, T: int, lr0: float, lr_min: float) -> float | np.ndarray:
    r"""Half a period of a cosine from `lr0` at step 0 to `lr_min` at step `T`, and flat from there.

    Args:
        t: step, counted from 0; an int, or an array of ints of any shape.
        T: length of the decay in steps.
        lr0: rate at the start.
        lr_min: rate at step `T` and ever after.

    Returns:
        The rate for step `t`, of the shape of `t`.

    Source: Loshchilov & Hutter (2017), arXiv:1608.03983, equation (5).

    >>> cosine_decay(np.array([0, 5, 10, 99]), 10, 1.0, 0.5).round(9).tolist()
    [1.0, 0.75, 0.5, 0.5]
    """
    return lr_min + (lr0 - lr_min) * (1 + np.cos(np.pi * np.minimum(t, T) / T)) / 2


def cosine_restarts(t: int | np.ndarray, T0: int, mult: int, lr0: float, lr_min: float) -> float | np.ndarray:
    r"""One cosine decay after another, each `mult` times as long as the one before.

    Args:
        t: step, counted from 0; an int, or an array of ints of any shape.
        T0: length of the first cycle in steps; the following have T0·mult, T0·mult², …
        mult: 1 or more.
        lr0: rate at the beginning of every cycle: at steps 0, T0, T0 + T0·mult, …
        lr_min: what each cycle falls towards. The step that would reach it is the first of the next cycle.

    Returns:
        The rate for step `t`, of the shape of `t`; exact for any number of cycles.

    Source: Loshchilov & Hutter (2017), arXiv:1608.03983 (SGDR).

    >>> cosine_restarts(np.array([0, 5, 10, 20, 30]), 10, 2, 1.0, 0.5).round(9).tolist()
    [1.0, 0.75, 1.0, 0.75, 1.0]
    """
    starts = [0]
    while starts[-1] <= np.max(t, initial=0):
        starts.append(starts[-1] + T0 * mult ** (len(starts) - 1))
    begun = np.searchsorted(starts, t, side="right")  # cycles begun so far, the current one included
    start, end = np.asarray(starts)[begun - 1], np.asarray(starts)[begun]
    return lr_min + (lr0 - lr_min) * (1 + np.cos(np.pi * (t - start) / (end - start))) / 2


# E6.3


def inverse_sqrt(t: int | np.ndarray, lr0: float, t0: float) -> float | np.ndarray:
    r"""One over the square root of time, where time is measured in units of `t0` and starts at one unit.

    Args:
        t: step, counted from 0; an int, or an array of ints of any shape.
        lr0: rate at the start.
        t0: positive; the rate has fallen to a half when `t = 3 t0`.

    Returns:
        The rate for step `t`, of the shape of `t`.

    >>> float(inverse_sqrt(300, 0.5, t0=100))
    0.25
    """
    return lr0 / np.sqrt(1 + t / t0)


def noam(step: int | np.ndarray, d_model: int, warmup: int) -> float | np.ndarray:
    r"""The schedule of the Transformer: linear warm-up, then one over the square root of the step.

    Args:
        step: counted from **1**, as in the paper; an int, or an array of ints of any shape. Step 0 gets the
            rate of step 1.
        d_model: width of the model.
        warmup: length of the warm-up in steps, 1 or more; the rate is largest at `step = warmup`.

    Returns:
        The rate for `step`, of its shape; never 0, and without any division by 0.

    Source: Vaswani et al. (2017), arXiv:1706.03762, equation (3).

    >>> noam(np.array([5, 25, 100]), d_model=100, warmup=25).round(9).tolist()
    [0.004, 0.02, 0.01]
    """
    step = np.maximum(step, 1)
    return d_model**-0.5 * np.minimum(step**-0.5, step * warmup**-1.5)


def with_warmup(schedule: Callable[[Any], Any], n: int, start: float = 0.0) -> Callable[[Any], Any]:
    r"""Put a linear warm-up in front of any schedule.

    Args:
        schedule: a function of the step `t = 0, 1, …`; for an array it returns an array. It is never asked
            for a negative step.
        n: length of the warm-up in steps; with 0 there is none.
        start: where the climb begins; unit of the rate. This is what step -1 would get: step 0 is already one
            n-th of the way up.

    Returns:
        A new schedule. Its step n - 1 is the last of the warm-up and has the rate `schedule(0)`; at step n
        the given schedule takes over, at *its* step 0.

    Source: Goyal et al. (2017), arXiv:1706.02677, section 2.2.

    >>> warm = with_warmup(lambda t: 0.8 * 0.5**t, n=4)
    >>> [round(float(warm(t)), 3) for t in range(7)]
    [0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.2]
    """

    ### BEGIN SOLUTION
    def warmed(t: Any) -> Any:
        ramp = start + (schedule(0) - start) * (t + 1) / max(n, 1)
        return np.where(t < n, ramp, schedule(np.maximum(t - n, 0)))

    return warmed
    ### END SOLUTION


# E6.4


def make_scheduler(opt: torch.optim.Optimizer, total: int, warmup: int) -> torch.optim.lr_scheduler.LambdaLR:
    r"""Linear warm-up, then a cosine down to 0, as a scheduler for any optimizer of torch.

    Args:
        opt: its parameter groups may have different rates: each is the peak that its group reaches.
        total: number of optimizer steps in the whole training; from step `total` on the rate is 0.
        warmup: number of steps of the warm-up. At step t < warmup every group has (t + 1) / warmup of its
            peak; at step `warmup` the cosine begins, at the peak.

    Returns:
        A `LambdaLR`. After `load_state_dict` of a saved one it goes on where that one had stopped.

    Raises:
        ValueError: not 0 <= warmup < total.

    >>> opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.8)
    >>> sched = make_scheduler(opt, total=6, warmup=2)
    >>> sched.get_last_lr(), sched.state_dict()["last_epoch"]
    ([0.4], 0)
    """
    if not 0 <= warmup < total:
        raise ValueError(f"make_scheduler: warmup must lie in [0, total); got warmup={warmup}, total={total}")

    ### BEGIN SOLUTION
    def factor(t: int) -> float:
        if t < warmup:
            return (t + 1) / warmup
        done = min((t - warmup) / (total - warmup), 1.0)
        return (1 + math.cos(math.pi * done)) / 2

    return torch.optim.lr_scheduler.LambdaLR(opt, factor)
    ### END SOLUTION


def train_epoch(
    model: torch.nn.Module,
    loader: Iterable[tuple[torch.Tensor, torch.Tensor]],
    opt: torch.optim.Optimizer,
    sched: torch.optim.lr_scheduler.LRScheduler,
) -> list[float]:
    r"""One pass through the data, with a new learning rate for every batch.

    Args:
        model: a classifier; it is put into training mode.
        loader: gives batches `(x, y)`: inputs, and labels (n,) for `F.cross_entropy`.
        opt: an optimizer of the model's parameters. Gradients left from before play no part.
        sched: its scheduler; one step of it for every batch.

    Returns:
        For each batch the rate, of the first parameter group, with which its step was made.

    >>> model = torch.nn.Linear(3, 2)
    >>> opt = torch.optim.SGD(model.parameters(), lr=1.0)
    >>> sched = torch.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5)
    >>> train_epoch(model, [(torch.ones(4, 3), torch.tensor([0, 1, 1, 0]))] * 5, opt, sched)
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    model.train()
    rates = []
    for x, y in loader:
        opt.zero_grad()
        F.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        sched.step()
    return rates


# E6.5


def debiased_ema(values: Sequence[float] | np.ndarray, beta: float = 0.9) -> np.ndarray:
    r"""Smooth a curve with an exponential moving average that does not start too low.

    Args:
        values: n numbers.
        beta: weight of the past, in [0, 1).

    Returns:
        Array (n,): for each place the average over everything up to it, in which a value that lies i places
        back has a weight proportional to beta^i. The weights sum to 1 at every place.

    >>> debiased_ema([4.0, 4.0, 1.0], beta=0.5).round(6).tolist()
    [4.0, 4.0, 2.285714]
    """
    average, smooth = 0.0, []
    for count, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        smooth.append(average / (1 - beta**count))
    return np.array(smooth)


def lr_range_test(
    make_model: Callable[[], Callable[[Any, float], float]], batches: Sequence[Any], lrs: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    r"""Train for a moment while the learning rate rises, and write down the loss.

    Args:
        make_model: gives a freshly initialised model. A model is a function `model(batch, lr)`: it computes
            the loss of the batch, makes one step with the rate `lr`, and returns that loss.
        batches: one for each rate; whatever the model takes.
        lrs: the lowest and the highest rate. From one batch to the next the rate grows by a constant factor,
            from the lowest at the first batch to the highest at the last.

    Returns:
        `(rates, losses)`, the rates that were tried and their losses as they came, not smoothed. The test
        ends early after the first batch at which the smoothed loss (`debiased_ema` with beta = 0.9) is not
        finite or more than 4 times its lowest so far; that batch is the last in the arrays. Every call works
        on a model of its own.

    Source: Smith (2017), arXiv:1506.01186, section 3.3; the stopping rule is that of fastai.

    >>> rates, losses = lr_range_test(lambda: lambda batch, lr: batch, [3.0, 2.0, 1.0, 99.0, 0.0], (0.001, 10.0))
    >>> rates.round(6).tolist(), losses.tolist()
    ([0.001, 0.01, 0.1, 1.0], [3.0, 2.0, 1.0, 99.0])
    """
    model = make_model()
    rates = np.geomspace(*lrs, num=len(batches))
    losses: list[float] = []
    for batch, rate in zip(batches, rates, strict=True):
        losses.append(model(batch, float(rate)))
        smooth = debiased_ema(losses)
        if not smooth[-1] <= 4 * smooth.min():  # also for nan, with which every comparison is False
            break
    return rates[: len(losses)], np.array(losses)


def suggest_lr(lrs: np.ndarray, losses: np.ndarray) -> float:
    r"""A learning rate to begin with, from the curve of a range test.

    Args:
        lrs: rates that were tried (n,), rising.
        losses: their losses (n,), not smoothed. Everything from the first loss on
            that is not finite is ignored.

    Returns:
        A tenth of the rate at which the smoothed loss (`debiased_ema` with beta = 0.9) is lowest.

    Raises:
        ValueError: "no decrease": the lowest smoothed loss is not even 5 % below the first loss.

    >>> suggest_lr(np.array([0.1, 1.0, 10.0, 100.0]), np.array([3.0, 1.0, 2.0, np.nan]))
    0.1
    """
    ### BEGIN SOLUTION
    smooth = debiased_ema(losses)
    smooth = smooth[np.isfinite(smooth)]  # an average that has met a nan stays nan
    if not smooth.size or smooth.min() > 0.95 * smooth[0]:
        raise ValueError("suggest_lr: no decrease; try higher rates, more batches, or look for a bug")
    return float(lrs[smooth.argmin()] / 10)
    ### END SOLUTION


# E6.6


def sample_config(space: dict[str, tuple[Any, ...]], rng: np.random.Generator) -> dict[str, Any]:
    r"""Draw one configuration at random, every hyper-parameter on its own.

    Args:
        space: for each name one of
            `("log", a, b)`: a float between a and b whose *logarithm* is uniform;
            `("uniform", a, b)`: a float between a and b, uniform;
            `("int", a, b)`: an int from a to b, **both included**, all equally likely;
            `("choice", [...])`: an element of the list, as it is, all equally likely.
        rng: the only source of randomness; any way of drawing from it will do.

    Returns:
        For each name of `space` a value.

    >>> config = sample_config({"lr": ("log", 1e-4, 1.0), "norm": ("choice", [None])}, np.random.default_rng(0))
    >>> 1e-4 <= config["lr"] <= 1.0, config["norm"]
    (True, None)
    """
    config: dict[str, Any] = {}
    for name, (kind, *limits) in space.items():
        if kind == "log":
            config[name] = math.exp(rng.uniform(math.log(limits[0]), math.log(limits[1])))
        elif kind == "uniform":
            config[name] = rng.uniform(limits[0], limits[1])
        elif kind == "int":
            config[name] = int(rng.integers(limits[0], limits[1], endpoint=True))
        else:
            options = limits[0]
            config[name] = options[rng.integers(len(options))]
    return config


def grid_configs(space: dict[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    r"""All combinations of a space in which every hyper-parameter has finitely many values.

    Args:
        space: as for `sample_config`, with entries of the kinds "choice" and "int" only.

    Returns:
        A list of configurations, in any order, each combination once.

    Raises:
        ValueError: an entry is "log" or "uniform".

    >>> len(grid_configs({"lr": ("choice", [0.1, 0.01, 0.001]), "layers": ("int", 2, 5)}))
    12
    """
    for name, (kind, *_) in space.items():
        if kind not in ("choice", "int"):
            raise ValueError(f"grid_configs: a grid needs a list of values; {name} has the kind {kind!r}")
    ### BEGIN SOLUTION
    values = [entry[1] if entry[0] == "choice" else range(entry[1], entry[2] + 1) for entry in space.values()]
    return [dict(zip(space, combination, strict=True)) for combination in itertools.product(*values)]
    ### END SOLUTION


def random_search(
    objective: Callable[[dict[str, Any]], float], space: dict[str, tuple[Any, ...]], n: int, rng: np.random.Generator
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    r"""Try random configurations and keep the best.

    Args:
        objective: trains with a configuration and returns the validation loss: **smaller is better**, nan
            means that it failed.
        space: as for `sample_config`.
        n: number of trials; `objective` is called once for each.
        rng: source of randomness.

    Returns:
        `(best, trials)`. A trial is a dict `{"config": …, "val": …}`; `trials` are all n of them in the order
        in which they ran.
        `best` is the one with the smallest `val`, the first of them in a tie, never a
        failed one; None when all failed.

    >>> best, trials = random_search(
    ...     lambda config: (config["x"] - 3) ** 2, {"x": ("int", 0, 9)}, 200, np.random.default_rng(0)
    ... )
    >>> best, len(trials)
    ({'config': {'x': 3}, 'val': 0}, 200)
    """
    best: dict[str, Any] | None = None
    trials: list[dict[str, Any]] = []
    for _ in range(n):
        config = sample_config(space, rng)
        trial: dict[str, Any] = {"config": config, "val": objective(config)}
        trials.append(trial)
        if not math.isnan(trial["val"]) and (best is None or trial["val"] < best["val"]):
            best = trial
    return best, trials


# E6.7


def at_boundary(best: dict[str, Any], space: dict[str, tuple[Any, ...]], frac: float = 0.1) -> dict[str, str]:
    r"""Which hyper-parameters of the best trial lie so close to the border of the search
    that the optimum may lie beyond.

    Args:
        best: a trial, `{"config": …, "val": …}`.
        space: where it was searched, as for `sample_config`.
        frac: how much of a range, at either end, counts as its border.

    Returns:
        `"low"` or `"high"` for each name whose value lies in the lowest or highest `frac` of its range; no
        entry for the others. The range of a "log" entry is measured in logarithms, all others as they are.
        "choice" has no border, nor has a range whose two limits are the same.

    >>> at_boundary({"config": {"lr": 0.5}, "val": 0.1}, {"lr": ("log", 1e-4, 1.0)})
    {'lr': 'high'}
    """
    sides = {}
    for name, (kind, *limits) in space.items():
        if kind == "choice" or limits[0] == limits[1]:
            continue
        low, high, value = limits[0], limits[1], best["config"][name]
        if kind == "log":
            low, high, value = math.log(low), math.log(high), math.log(value)
        position = (value - low) / (high - low)
        if position <= frac:
            sides[name] = "low"
        elif position >= 1 - frac:
            sides[name] = "high"
    return sides


def refine_space(
    trials: Sequence[dict[str, Any]], space: dict[str, tuple[Any, ...]], top_k: int, shrink: float
) -> dict[str, tuple[Any, ...]]:
    r"""A smaller space around the best trials, for the next and finer round of a search.

    Args:
        trials: `{"config": …, "val": …}` each, in any order; smaller `val` is better, nan means failed.
        space: where they were searched.
        top_k: how many of the best trials decide; failed ones never do.
        shrink: length of the new ranges, as a share of the old, between 0 and 1.

    Returns:
        The new space, with the same names, entry by entry:
        `"log"`: a range around the geometric mean of the top trials, its length in logarithms `shrink` times
        the old one, cut off at the old limits, then stretched, if need be, just so far that it contains the
        best trial. But where `at_boundary(best, space)` names the hyper-parameter, the range lies around the
        best trial's value and is not cut off.
        `"uniform"`: the same without logarithms, so around the arithmetic mean.
        `"choice"`: those options, in their old order, that occur among the top trials.
        `"int"`: as it was.

    >>> trials = [
    ...     {"config": {"lr": 0.01}, "val": 0.2},
    ...     {"config": {"lr": 0.04}, "val": 0.3},
    ...     {"config": {"lr": 1.0}, "val": 9.0},
    ... ]
    >>> kind, low, high = refine_space(trials, {"lr": ("log", 1e-4, 1.0)}, top_k=2, shrink=0.25)["lr"]
    >>> kind, round(low, 6), round(high, 6)
    ('log', 0.006325, 0.063246)
    """
    top = sorted((trial for trial in trials if not math.isnan(trial["val"])), key=lambda trial: trial["val"])[:top_k]
    sides = at_boundary(top[0], space)
    new: dict[str, tuple[Any, ...]] = {}
    for name, (kind, *limits) in space.items():
        values = [trial["config"][name] for trial in top]
        if kind == "choice":
            new[name] = (kind, [option for option in limits[0] if option in values])
        elif kind == "int":
            new[name] = space[name]
        else:
            to_axis, from_axis = (np.log, np.exp) if kind == "log" else (np.array, float)
            low, high = to_axis(limits)
            places = to_axis(values)
            half = shrink * (high - low) / 2
            if name in sides:
                start, end = places[0] - half, places[0] + half
            else:
                start, end = max(places.mean() - half, low), min(places.mean() + half, high)
            new[name] = (kind, float(from_axis(min(start, places[0]))), float(from_axis(max(end, places[0]))))
    return new


# E6.8


def kfold_indices(n: int, k: int, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    r"""Deal n rows into k parts at random; each part is validated once, by a model that has seen the others.

    Args:
        n: number of rows.
        k: number of parts ("folds"); their sizes differ by at most 1.
        rng: source of randomness; any way of shuffling will do.

    Returns:
        k pairs `(train, val)` of index arrays, each in any order: `val` is one part,
        `train` are all the other rows.

    Raises:
        ValueError: not 2 <= k <= n.

    >>> folds = kfold_indices(7, 3, np.random.default_rng(0))
    >>> [(len(train), len(val)) for train, val in folds]
    [(4, 3), (5, 2), (5, 2)]
    """
    if not 2 <= k <= n:
        raise ValueError(f"kfold_indices: k must lie in [2, n]; got k={k}, n={n}")
    ### BEGIN SOLUTION
    parts = np.array_split(rng.permutation(n), k)
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]
    ### END SOLUTION


def cross_validate(
    fit: Callable[[np.ndarray, np.ndarray], Any],
    score: Callable[[Any, np.ndarray, np.ndarray], float],
    X: np.ndarray,
    y: np.ndarray,
    k: int,
    rng: np.random.Generator,
) -> np.ndarray:
    r"""Validate a whole recipe k times, each time on rows that it has not seen in any form.

    Args:
        fit: `fit(X_train, y_train)` returns a model. It is given rows of `X` as they are: whatever is
            estimated from data, a scaler too, is estimated in there.
        score: `score(model, X_val, y_val)` returns a number.
        X: data (N, D).
        y: labels (N,).
        k: number of folds; the rows are dealt as by `kfold_indices`.
        rng: source of randomness.

    Returns:
        The k scores, shape (k,).

    >>> X, y = np.zeros((6, 1)), np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> share = cross_validate(
    ...     lambda X, y: y.mean(), lambda mean, X, y: len(y) / 6, X, y, 3, np.random.default_rng(0)
    ... )
    >>> share.round(6).tolist()
    [0.333333, 0.333333, 0.333333]
    """
    scores = []
    for train, val in kfold_indices(len(X), k, rng):
        model = fit(X[train], y[train])
        scores.append(score(model, X[val], y[val]))
    return np.array(scores)


def pick(trials: Sequence[dict[str, Any]]) -> dict[str, Any]:
    r"""The trial to go on with, chosen by the only number that may choose.

    Args:
        trials: each a dict with `"val"`, the validation error: smaller is better, nan means failed. They may
            hold more, such as `"train"` and `"test"`. At least one has not failed.

    Returns:
        The trial itself; the first of the best in a tie.

    >>> pick([{"name": "a", "val": 0.3}, {"name": "b", "val": 0.2}])["name"]
    'b'
    """
    return min((trial for trial in trials if not math.isnan(trial["val"])), key=lambda trial: trial["val"])


# E6.9


def gradient_noise(per_sample_grads: np.ndarray, B: int) -> float:
    r"""How far the gradient of a random batch lies from the full gradient, squared and on average.

    Args:
        per_sample_grads: the gradients of the N samples, one in each row (N, D); unit [g].
        B: samples in a batch, drawn *with replacement*; it may exceed N.

    Returns:
        The expected squared distance between the mean of a batch and the mean of all rows; unit [g²].

    >>> gradient_noise(np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0], [2.0, -3.0]]), B=5)
    1.0
    """
    deviations = per_sample_grads - per_sample_grads.mean(axis=0)
    trace_of_covariance = np.sum(deviations**2) / len(deviations)
    return float(trace_of_covariance / B)


def scale_lr(lr: float, B_from: int, B_to: int, rule: str) -> float:
    r"""Carry a learning rate over to another batch size.

    Args:
        lr: the rate that works for batches of `B_from`.
        B_from, B_to: the old and the new batch size.
        rule: "linear", for plain SGD and SGD with momentum, or "sqrt", often preferred for Adam.

    Returns:
        The rate to try first for batches of `B_to`.

    Raises:
        ValueError: an unknown rule.

    Warns:
        UserWarning: `rule` is "linear" and the new batch is *more than* 8 times as large: so far the rule
        should not be trusted.

    Source: Goyal et al. (2017), arXiv:1706.02677; Krizhevsky (2014), arXiv:1404.5997, for the root.

    >>> scale_lr(0.1, 64, 16, "linear"), scale_lr(0.1, 64, 16, "sqrt")
    (0.025, 0.05)
    """
    if rule not in ("linear", "sqrt"):
        raise ValueError(f'scale_lr: rule must be "linear" or "sqrt"; got {rule!r}')
    ### BEGIN SOLUTION
    ratio = B_to / B_from
    if rule == "sqrt":
        return lr * math.sqrt(ratio)
    if ratio > 8:
        warnings.warn(f"a batch {ratio:g} times as large: the linear rule is not to be trusted this far", stacklevel=2)
    return lr * ratio
    ### END SOLUTION


karpathy_constant = "C"  # Q6.1: no rate is best for all problems; measured here, 1e-3 and 3e-3 beat 3e-4
roles_in_a_study = "B"  # Q6.2: warm-up scientific, peak rate and decay nuisance, the rest fixed, seeds repeated
scaled_rate = 0.8  # Q6.3: the batch is 8 times as large, and so is the rate
small_difference = "D"  # Q6.4: one seed cannot tell a difference that is smaller than what seeds do
