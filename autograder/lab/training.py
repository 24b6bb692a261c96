"""Small torch trainings on the digits: data, patients with a planted defect, and instruments that watch somebody else's training.

Needs torch; import it as `from autograder.lab import training`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
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


def validation_score(weights: Mapping[str, torch.Tensor], seed: int, net: nn.Module | None = None) -> tuple[float, float]:
    """How good a trained net is on the validation part of a split.

    Args:
        weights: its `state_dict()`.
        seed: of the split.
        net: of which kind it is; the base net unless given. Takes the weights on, and is used in evaluation mode.

    Returns:
        Accuracy and mean cross-entropy.
    """
    net = (net or base_net()).eval()
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


# instruments for the clinic: C02 to C07


def regularised_net() -> nn.Sequential:
    """The net of cases C04 and C05: the base net with BatchNorm, and with dropout of 0.5, in both hidden layers."""
    blocks = [[nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5)] for _ in range(2)]
    return nn.Sequential(*blocks[0], *blocks[1], nn.Linear(64, CLASSES))


def lessons(train: Callable[[], object], steps: int) -> list[dict[str, float]]:
    """What a loss teaches the last layer of a classifier, in the first steps of a training.

    The gradient of the mean cross-entropy at the scores of one sample is `softmax(scores)` minus 1 for the true class, divided by
    the size of the batch. The true class is taken to be the one whose score the gradient lifts most.

    Args:
        train: runs a training whose last linear layer gives the scores (N, C); it is stopped when enough has been seen.
        steps: how many backward passes to watch.

    Returns:
        For each of them the `loss`, and the `error`: length of the difference between the gradient at the scores and that of the
        mean cross-entropy, as a share of the latter. 0 is healthy; near 1, hardly anything is left of the gradient.
    """
    readings = []

    def look(loss: torch.Tensor, scores: torch.Tensor) -> None:
        (gradient,) = torch.autograd.grad(loss, scores, retain_graph=True, allow_unused=True, materialize_grads=True)
        given = gradient * len(scores)
        right = torch.softmax(scores.detach(), dim=1) - F.one_hot(given.argmin(dim=1), scores.shape[1])
        readings.append({"loss": float(loss.detach()), "error": float((given - right).norm() / right.norm())})
        if len(readings) == steps:
            raise _Enough

    _at_backward(train, look)
    return readings


def entangled(train: Callable[[], object]) -> int:
    """How many ordered pairs of samples in the first batch of a training have a hand in each other's gradient.

    Args:
        train: runs a training whose last linear layer gives the scores (N, C); it is stopped after its first backward pass.

    Returns:
        The number of pairs (i, j) with i not j, for which the gradient of the loss at the scores of sample i depends on the scores
        of sample j: 0 when each sample is judged by itself, N (N - 1) when all of them hang together.
    """
    found = [0]

    def look(loss: torch.Tensor, scores: torch.Tensor) -> None:
        (gradient,) = torch.autograd.grad(loss, scores, create_graph=True)
        weights = torch.linspace(0.5, 1.5, scores.shape[1])  # an even sum of a softmax's gradients would be 0
        for i in range(len(scores)):
            (share,) = torch.autograd.grad(
                gradient[i] @ weights, scores, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            share[i] = 0
            found[0] += int((share.abs().amax(dim=1) > 1e-9).sum())
        raise _Enough

    _at_backward(train, look)
    return found[0]


def _at_backward(train: Callable[[], object], look: Callable[[torch.Tensor, torch.Tensor], None]) -> None:
    """Run a training; before each backward pass look at its loss, and at what the last linear layer has given."""
    scores: list[torch.Tensor] = []
    backward = torch.autograd.backward

    def after_forward(module: nn.Module, _: object, output: Any) -> None:
        if isinstance(module, nn.Linear) and torch.is_grad_enabled():
            scores[:] = [output]

    def before_backward(loss: Any, *arguments: Any, **options: Any) -> None:
        look(loss, *scores)
        backward(loss, *arguments, **options)

    watched: Any = before_backward
    hook = register_module_forward_hook(after_forward)
    torch.autograd.backward = watched
    try:
        train()
    except _Enough:
        pass
    finally:
        torch.autograd.backward = backward
        hook.remove()


def modes(train: Callable[[], object], epochs: int, steps: int = 42) -> list[dict[str, dict[str, float]]]:
    """In which mode a net is while it learns, and while it is validated.

    Args:
        train: runs a training with an optimizer of torch, which validates without gradients; it is stopped when enough has been
            seen.
        epochs: how many epochs to watch.
        steps: how many steps make an epoch.

    Returns:
        For each epoch `{"learning": shares, "validating": shares}`, where forward passes with gradients are learning. `shares` says
        for the net as a whole, for its BatchNorm and for its dropout layers which share of the passes was in training mode. While
        learning, 1 is healthy, while validating, 0.
    """
    done = [0]
    passes: list[tuple[int, str, str, bool]] = []

    def after_forward(module: nn.Module, _: object, __: object) -> None:
        learns = torch.is_grad_enabled()
        knows_modes = isinstance(module, nn.BatchNorm1d | nn.Dropout)
        if knows_modes or any(module.children()):
            name = type(module).__name__ if knows_modes else "net"
            epoch = (done[0] if learns else done[0] - 1) // steps
            passes.append((epoch, "learning" if learns else "validating", name, module.training))

    def before_step(*_: object) -> None:
        if done[0] == epochs * steps:
            raise _Enough
        done[0] += 1

    _with_hooks(train, after_forward, before_step)
    readings: list[dict[str, dict[str, float]]] = [{"learning": {}, "validating": {}} for _ in range(epochs)]
    for epoch, phase, name in {entry[:3] for entry in passes if entry[0] < epochs}:
        flags = [entry[3] for entry in passes if entry[:3] == (epoch, phase, name)]
        readings[epoch][phase][name] = sum(flags) / len(flags)
    return readings


def bookkeeping(train: Callable[[], object], steps: int) -> list[dict[str, int]]:
    """Does the optimizer update the weights that the net computes with?

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch.

    Returns:
        For each step three counts of parameters (a linear layer has two: weights and biases): "used and known", in the forward
        passes since the last step and to the optimizer; "used, not known"; "known, not used".
    """
    used: set[nn.Parameter] = set()
    counts: list[dict[str, int]] = []

    def after_forward(module: nn.Module, _: object, __: object) -> None:
        if torch.is_grad_enabled():
            used.update(module.parameters(recurse=False))

    def before_step(optimizer: torch.optim.Optimizer, *_: object) -> None:
        known = {parameter for group in optimizer.param_groups for parameter in group["params"]}
        counts.append(
            {"used and known": len(used & known), "used, not known": len(used - known), "known, not used": len(known - used)}
        )
        used.clear()
        if len(counts) == steps:
            raise _Enough

    _with_hooks(train, after_forward, before_step)
    return counts


def _with_hooks(train: Callable[[], object], after_forward: Callable[..., None], before_step: Callable[..., None]) -> None:
    """Run a training until it ends, or until a hook has seen enough."""
    hooks = [register_module_forward_hook(after_forward), register_optimizer_step_pre_hook(before_step)]
    try:
        train()
    except _Enough:
        pass
    finally:
        for hook in hooks:
            hook.remove()


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
            accuracies.append(_accuracy(net, X_val, y_val))
    return accuracies


def fed(train: Callable[[], object], steps: int) -> list[list[int]]:
    """How many of an optimizer's parameters have a gradient that is not zero, step by step.

    Args:
        train: runs a training with an optimizer of torch; it is stopped when enough has been seen.
        steps: how many steps to watch.

    Returns:
        For each step two counts of parameters: those that have such a gradient, and all that the optimizer holds.
    """
    counts: list[list[int]] = []

    def before_step(optimizer: torch.optim.Optimizer, *_: object) -> None:
        held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        counts.append([sum(p.grad is not None and bool(p.grad.any()) for p in held), len(held)])
        if len(counts) == steps:
            raise _Enough

    _with_hooks(train, lambda *_: None, before_step)
    return counts
