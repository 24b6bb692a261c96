"""Unit 7, dropout and regularisation.

The NumPy functions take and return float64 arrays, return new ones and write to none that they were given. Where chance is
needed, it comes in as an argument: `u` holds numbers drawn uniformly from [0, 1), one for each entry of `x`. How likely a unit is
to stay is always called `keep_prob`, how likely it is to go `drop_prob`.
"""

# mypy: disable-error-code=no-any-return
# (NumPy's stubs give arithmetic between arrays the type Any.)

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import nn

# E7.1


def l1(arrays: list[np.ndarray], biases: bool = False) -> tuple[float, list[np.ndarray]]:
    r"""The sum of the absolute weights, $\sum |w|$, and its gradient.

    Args:
        arrays: the parameters of a network, weight matrices (two or more axes) and
            biases (one axis) in any order.
        biases: do arrays with fewer than two axes count as well?

    Returns:
        `(value, gradients)`: a float, and a list of new arrays of the shapes of `arrays`; zeros for what does
        not count. By convention the slope of $|w|$ at exactly 0 is 0.

    >>> value, gradients = l1([np.array([[1.0, -3.0, 0.0]]), np.array([5.0])])
    >>> value, gradients[0].tolist(), gradients[1].tolist()
    (4.0, [[1.0, -1.0, 0.0]], [0.0])
    """
    value, gradients = 0.0, []
    for w in arrays:
        counts = biases or w.ndim >= 2
        value += float(np.sum(np.abs(w))) if counts else 0.0
        gradients.append(np.sign(w) if counts else np.zeros_like(w))
    return value, gradients


def l2(arrays: list[np.ndarray], biases: bool = False) -> tuple[float, list[np.ndarray]]:
    r"""The sum of the squared weights, $\sum w^2$, and its gradient. Convention: no factor one half.

    Args:
        arrays: the parameters of a network, weight matrices (two or more axes) and
            biases (one axis) in any order.
        biases: do arrays with fewer than two axes count as well?

    Returns:
        `(value, gradients)`: a float, and a list of new arrays of the shapes of `arrays`;
        zeros for what does not count.

    >>> value, gradients = l2([np.array([[1.0, -3.0, 0.0]]), np.array([5.0])])
    >>> value, gradients[0].tolist(), gradients[1].tolist()
    (10.0, [[2.0, -6.0, 0.0]], [0.0])
    """
    value, gradients = 0.0, []
    for w in arrays:
        counts = biases or w.ndim >= 2
        value += float(np.sum(w**2)) if counts else 0.0
        gradients.append(2.0 * w if counts else np.zeros_like(w))
    return value, gradients


def elastic(arrays: list[np.ndarray], a: float, b: float, biases: bool = False) -> tuple[float, list[np.ndarray]]:
    r"""The elastic net, $a \sum w^2 + b \sum |w|$, and its gradient.

    Args:
        arrays: the parameters of a network, weight matrices (two or more axes) and
            biases (one axis) in any order.
        a: weight of the squares, not negative.
        b: weight of the absolute values, not negative.
        biases: do arrays with fewer than two axes count as well?

    Returns:
        `(value, gradients)`, as in `l1` and `l2`.

    Source: Zou & Hastie (2005).

    >>> value, gradients = elastic([np.array([[1.0, -3.0]])], a=0.5, b=10.0)
    >>> value, gradients[0].tolist()
    (45.0, [[11.0, -13.0]])
    """
    square, of_square = l2(arrays, biases)
    size, of_size = l1(arrays, biases)
    return a * square + b * size, [a * g + b * h for g, h in zip(of_square, of_size, strict=True)]


def soft_threshold(w: np.ndarray, t: float) -> np.ndarray:
    r"""Move every weight by `t` towards 0, and no further than 0.

    This is the exact solution of $\min_v \tfrac12 (v - w)^2 + t|v|$ for every entry: the step that goes with
    an L1 penalty.

    Args:
        w: any shape.
        t: how far, not negative; unit of `w`.

    Returns:
        New array of the shape of `w`.

    >>> soft_threshold(np.array([3.0, -0.5, -2.0]), 1.0).tolist()
    [2.0, -0.0, -1.0]
    """
    return np.sign(w) * np.maximum(np.abs(w) - t, 0.0)


# E7.2


def dropout_train(x: np.ndarray, keep_prob: float, u: np.ndarray) -> np.ndarray:
    """Dropout as it was first published, in training: switch units off at random.

    Args:
        x: activations, any shape.
        keep_prob: probability with which an entry stays, in (0, 1].
        u: numbers drawn uniformly from [0, 1), of the shape of `x`. An entry stays where its number is
            smaller than `keep_prob`.

    Returns:
        New array of the shape of `x`: entries that stay are as they were, the others 0.

    Source: Srivastava et al. (2014), JMLR 15, section 4.

    >>> dropout_train(np.array([4.0, 5.0, 6.0]), 0.7, np.array([0.1, 0.9, 0.7])).tolist()
    [4.0, 0.0, 0.0]
    """
    return np.where(u < keep_prob, x, 0.0)


def dropout_test(x: np.ndarray, keep_prob: float) -> np.ndarray:
    """The same layer when the network is used: nothing is random, and the average is that of training.

    Args:
        x: activations, any shape.
        keep_prob: the probability that `dropout_train` was given.

    Returns:
        New array of the shape of `x`: what `dropout_train` gives on average over all `u`.

    >>> dropout_test(np.array([4.0, 6.0]), 0.75).tolist()
    [3.0, 4.5]
    """
    return x * keep_prob


# E7.3


def inverted_dropout(x: np.ndarray, keep_prob: float, mode: str, u: np.ndarray) -> tuple[np.ndarray, Any]:
    """Dropout as every library has it: the scaling is done in training, so that
    eval mode does nothing at all.

    Args:
        x: activations, any shape.
        keep_prob: probability with which an entry stays, in (0, 1].
        mode: "train" or "eval".
        u: numbers drawn uniformly from [0, 1), of the shape of `x`. In training an entry stays where its
            number is smaller than `keep_prob`; in eval mode they play no role.

    Returns:
        `(out, cache)`: an array of the shape of `x`, and whatever `dropout_backward` needs. The caller may
        overwrite `x` and `u` afterwards; the cache must not notice.

    Raises:
        ValueError: `keep_prob` lies outside of (0, 1], or `mode` is neither of the two.

    >>> out, cache = inverted_dropout(np.array([4.0, 5.0]), 0.8, "train", np.array([0.1, 0.9]))
    >>> out.tolist()
    [5.0, 0.0]
    """
    if not 0.0 < keep_prob <= 1.0:
        raise ValueError(f"inverted_dropout: keep_prob must lie in (0, 1]; got {keep_prob}")
    if mode not in ("train", "eval"):
        raise ValueError(f'inverted_dropout: mode must be "train" or "eval"; got {mode!r}')
    ### BEGIN SOLUTION
    if mode == "eval":
        return x.copy(), None
    factor = (u < keep_prob) / keep_prob
    return x * factor, factor
    ### END SOLUTION


def dropout_backward(dout: np.ndarray, cache: Any) -> np.ndarray:
    """Backward pass of `inverted_dropout`, for the very mask that the forward pass used.

    Args:
        dout: gradient of the loss with respect to the output.
        cache: what `inverted_dropout` returned.

    Returns:
        Gradient of the loss with respect to `x`, same shape.

    >>> out, cache = inverted_dropout(np.array([4.0, 5.0]), 0.8, "train", np.array([0.1, 0.9]))
    >>> dropout_backward(np.array([4.0, 4.0]), cache).tolist()
    [5.0, 0.0]
    """
    return dout.copy() if cache is None else dout * cache


# E7.4


def exact_dropout_ensemble(h: np.ndarray, W: np.ndarray, keep_prob: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Average a softmax layer over all the networks that dropout of its inputs can leave.

    Args:
        h: activations of n hidden units (n,), n at most 10; each is kept with probability `keep_prob` or set
            to 0, unscaled.
        W: weights of the output layer (n, C); a network gives the shares `softmax((mask * h) @ W)`.
        keep_prob: probability with which a unit stays, in (0, 1].

    Returns:
        `(arithmetic, geometric)`, both (C,) with sum 1: the mean of the shares over all masks, each weighted
        with its probability; and their weighted geometric mean, divided by its sum. Finite also where single
        shares are too small for a float.

    Source: Srivastava et al. (2014), JMLR 15; Goodfellow, Bengio & Courville (2016), section 7.12.

    >>> arithmetic, geometric = exact_dropout_ensemble(np.array([1.0]), np.log([[3.0, 1.0]]), keep_prob=0.5)
    >>> arithmetic.round(6).tolist(), geometric.round(6).tolist()
    ([0.625, 0.375], [0.633975, 0.366025])
    """
    n = len(h)
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) & 1  # one row for each network, (2^n, n)
    kept = masks.sum(axis=1)
    probability = keep_prob**kept * (1.0 - keep_prob) ** (n - kept)
    scores = (masks * h) @ W
    log_shares = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    arithmetic = probability @ np.exp(log_shares)
    log_geometric = probability @ log_shares
    return arithmetic, np.exp(log_geometric - np.logaddexp.reduce(log_geometric))


# E7.5


class EarlyStopping:
    """Watches one number from epoch to epoch, keeps the best state, and says when to stop.

    Args:
        patience: how many epochs in a row without improvement are enough to stop; 1 or more.
        min_delta: an improvement must be larger than this, not negative; unit of the number.
        mode: "min" when small is good (a loss), "max" when large is good (an accuracy).

    Attributes:
        best: the best number so far; before there is one, infinity ("min") or minus infinity ("max").
        best_state: a deep copy of the state at that epoch, or None.
        best_epoch: the number of that epoch, counted from 0, or None.

    Raises:
        ValueError: `mode` is neither of the two.

    >>> stopper = EarlyStopping(patience=2)
    >>> [stopper.update(loss, {"w": np.array([loss])}) for loss in (0.9, 0.5, 0.7, 0.6)]
    [False, False, False, True]
    >>> stopper.best, stopper.best_epoch, stopper.best_state["w"].tolist()
    (0.5, 1, [0.5])
    """

    def __init__(self, patience: int, min_delta: float = 0.0, mode: str = "min") -> None:
        if mode not in ("min", "max"):
            raise ValueError(f'EarlyStopping: mode must be "min" or "max"; got {mode!r}')
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best = np.inf if mode == "min" else -np.inf
        self.best_state: dict[str, Any] | None = None
        self.best_epoch: int | None = None
        self._epochs = 0
        self._without_improvement = 0

    def update(self, value: float, state: dict[str, Any]) -> bool:
        """Take note of one epoch.

        Args:
            value: the number that is watched. A nan is no improvement, and neither
                is a number equal to the best.
            state: what to go back to, such as the weights by name (arrays, numbers, dicts of them). The
                caller goes on to train with these very arrays.

        Returns:
            True when this was the last of `patience` epochs in a row without
            improvement, or a later one; else False.
        """
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta:
            self.best, self.best_state, self.best_epoch = value, copy.deepcopy(state), self._epochs
            self._without_improvement = 0
        else:
            self._without_improvement += 1
        self._epochs += 1
        return self._without_improvement >= self.patience


# E7.6


def ensemble_predict(probs_list: list[np.ndarray]) -> np.ndarray:
    """What several networks say together: the mean of their shares.

    Args:
        probs_list: for each network its shares (N, C), rows with sum 1.

    Returns:
        Shares (N, C), rows with sum 1.

    >>> ensemble_predict([np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])]).tolist()
    [[0.75, 0.25]]
    """
    return np.mean(probs_list, axis=0)


def average_checkpoints(checkpoints: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """One network whose weights are the mean of those that a single training run went through.

    Args:
        checkpoints: the run's states in order, name to array, all with the same names and shapes. Arrays of
            integers are counters, as BatchNorm's number of batches.

    Returns:
        A new dict of new arrays: the mean of every array of floats; every array of integers as the last
        checkpoint has it, still of integers.

    Raises:
        ValueError: there is no checkpoint, or their names differ.

    Source: Izmailov et al. (2018), arXiv:1803.05407; Polyak & Juditsky (1992).

    >>> average = average_checkpoints(
    ...     [{"w": np.array([1.0]), "n": np.array(10)}, {"w": np.array([4.0]), "n": np.array(13)}]
    ... )
    >>> average["w"].tolist(), average["n"].tolist()
    ([2.5], 13)
    """
    if not checkpoints or any(other.keys() != checkpoints[0].keys() for other in checkpoints):
        raise ValueError("average_checkpoints: there must be at least one checkpoint, and all must have the same names")
    ### BEGIN SOLUTION
    average = {}
    for name, last in checkpoints[-1].items():
        is_counter = np.issubdtype(last.dtype, np.integer)
        average[name] = last.copy() if is_counter else np.mean([state[name] for state in checkpoints], axis=0)
    return average
    ### END SOLUTION


# E7.7


class EMA:
    r"""An exponential moving average of a model's weights, kept beside the
    model while an optimizer trains it.

    After every step of the optimizer
    $\bar\theta \leftarrow d\,\bar\theta + (1-d)\,\theta$, with the decay $d$.

    Args:
        model: the model that is trained. It remains the caller's: only `apply`
            touches it, and only for a while.
        decay: $d$, in [0, 1).

    Attributes:
        shadow: for every name of `model.state_dict()` a tensor with the averaged value, at first a copy of
            the model's. Buffers, such as the statistics of BatchNorm, are not averaged: they are those of the
            last update. No tensor requires gradients.

    >>> model = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(model.weight, 2.0)
    >>> ema = EMA(model, decay=0.75)
    >>> _ = nn.init.constant_(model.weight, 6.0)
    >>> ema.update()
    >>> with ema.apply():
    ...     model.weight.item()
    3.0
    >>> model.weight.item()
    6.0
    """

    def __init__(self, model: nn.Module, decay: float = 0.995) -> None:
        self.model, self.decay = model, decay
        self.shadow = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    def update(self) -> None:
        """Take the model's present weights into the average; to be called after every step of the
        optimizer."""
        buffers = dict(self.model.named_buffers())
        for name, tensor in self.model.state_dict().items():
            if name in buffers:
                self.shadow[name].copy_(tensor)
            else:
                self.shadow[name].mul_(self.decay).add_(tensor, alpha=1.0 - self.decay)

    @contextmanager
    def apply(self) -> Iterator[nn.Module]:
        """Put the averaged weights and the buffers that go with them into the model for the length of a
        `with` block.

        Yields:
            The model. Its parameters are the same objects as before, so an optimizer still knows them.

        At the end of the block, also when it ends with an exception, weights and buffers are exactly what
        they were before.
        """
        kept = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
        self.model.load_state_dict(self.shadow)
        try:
            yield self.model
        finally:
            self.model.load_state_dict(kept)


# E7.8


def error_budget(target: float, train: float, val: float, tolerance: float = 0.01) -> dict[str, Any]:
    """Split a validation error into what the model cannot do and what it cannot carry over.

    Args:
        target: error that can be reached, for instance that of people; errors are shares, as 0.01 for 1 %.
        train: error on the training set.
        val: error on the validation set.
        tolerance: a part that is not larger than this needs no remedy.

    Returns:
        A dict:
        `bias`: the avoidable bias, training error minus target; below 0 when the
        model is better than the target.
        `variance`: validation error minus training error.
        `verdict`: which of the two is larger, "bias" or "variance" ("bias" when they are equal); "good" when
        neither is larger than `tolerance`.
        `remedy`: what to do first: "larger model, longer training" for bias, "more data, regularisation" for
        variance, else "none".

    >>> budget = error_budget(target=0.0, train=0.25, val=0.375)
    >>> budget["bias"], budget["variance"], budget["verdict"], budget["remedy"]
    (0.25, 0.125, 'bias', 'larger model, longer training')
    """
    remedies = {"bias": "larger model, longer training", "variance": "more data, regularisation", "good": "none"}
    ### BEGIN SOLUTION
    bias, variance = train - target, val - train
    verdict = "bias" if bias >= variance else "variance"
    if max(bias, variance) <= tolerance:
        verdict = "good"
    ### END SOLUTION
    return {"bias": bias, "variance": variance, "verdict": verdict, "remedy": remedies[verdict]}


def classify_curves(train: Sequence[float], val: Sequence[float]) -> str:
    r"""Name what a pair of learning curves shows.

    Args:
        train: training loss of every epoch, as logged.
        val: validation loss of every epoch. It may be shorter than `train`, as the log of a run that was cut
            off; only the epochs that both have count. There are at least ten of those.

    Returns:
        One of six labels, the first that fits. S is the first training loss; T and V are the averages of
        training and validation loss over the last fifth of the epochs, P is that of the validation loss over
        the fifth before.
        "unstable": a loss is nan or infinite, or the training loss ever is more than 0.3 S above its lowest
        value before.
        "still_improving": V is more than 0.05 S below P.
        "overfit": V is more than 0.15 S above T.
        "underfit": T is above 0.5 S.
        "val_easier": V is more than 0.1 S below T.
        "good": none of these.

    >>> classify_curves(
    ...     [2.3, 1.5, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4], [2.3, 1.6, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]
    ... )
    'underfit'
    """
    epochs = min(len(train), len(val))
    t, v = np.asarray(train[:epochs], dtype=float), np.asarray(val[:epochs], dtype=float)
    if not (np.isfinite(t).all() and np.isfinite(v).all()):
        return "unstable"
    fifth = epochs // 5
    S, T, V, P = t[0], t[-fifth:].mean(), v[-fifth:].mean(), v[-2 * fifth : -fifth].mean()
    largest_rise = np.max(t - np.minimum.accumulate(t))
    fits = {
        "unstable": largest_rise > 0.3 * S,
        "still_improving": P - V > 0.05 * S,
        "overfit": V - T > 0.15 * S,
        "underfit": T > 0.5 * S,
        "val_easier": T - V > 0.1 * S,
        "good": True,
    }
    return next(label for label, holds in fits.items() if holds)


# E7.9


def decay_groups(model: nn.Module, wd: float) -> list[dict[str, Any]]:
    """Parameter groups for an optimizer: weight decay for the weights, none for biases and the parameters of
    normalisation layers.

    Args:
        model: any model, also one with layers inside layers.
        wd: weight decay of those that decay.

    Returns:
        Two groups as `torch.optim` takes them, dicts with "params" (a list) and "weight_decay" (`wd` in the
        first, 0 in the second). Parameters with two or more axes decay, those with fewer do not. Every
        trainable parameter stands in the groups exactly once, also when two layers share it; parameters that
        are frozen stand in none.

    >>> decays, rest = decay_groups(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), 0.01)
    >>> [tuple(w.shape) for w in decays["params"]], [tuple(w.shape) for w in rest["params"]]
    ([(2, 3)], [(2,), (2,), (2,)])
    """
    trainable = [weight for weight in model.parameters() if weight.requires_grad]
    return [
        {"params": [weight for weight in trainable if weight.ndim >= 2], "weight_decay": wd},
        {"params": [weight for weight in trainable if weight.ndim < 2], "weight_decay": 0.0},
    ]


small_weight_pull = "B"  # Q7.8: L1 pulls with the same force at every size, L2 in proportion to the weight
keep_prob_of_torch = 0.7  # Q7.1: torch's p = 0.3 is the share that goes
active_inputs = 240  # Q7.2: 400 * 0.6
inverted_variance = 4  # Q7.3: x^2 (1 - q) / q = 4 * 0.5 / 0.5
subnetworks = 1024  # Q7.9: 2^10
dropout_before_norm = "C"  # Q7.5: dropout keeps the mean and inflates the variance, in training only
ensemble_loss = "A"  # Q7.10: -log is convex, so Jensen's inequality holds sample by sample
ema_half_life = 693  # Q7.4: ln(1/2) / ln(0.999) = 692.8
train_above_val = "D"  # Q7.7: switched on in training only, averaged over the epoch, easier validation data
variance_remedies = "B"  # Q7.6: data, augmentation, penalties, dropout, stopping early
