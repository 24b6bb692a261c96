"""Unit 8A, instruments for finding out why a training does not train."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# E8.1


def expected_initial_loss(kind: str, C: int, B: int | None = None, reduction: str = "mean") -> float:
    r"""What the loss of a net should be before the first update, when it knows nothing yet and says so.

    Args:
        kind: "multiclass", cross-entropy over C classes; "binary", cross-entropy of a single yes or no; "regression", squared error
            on targets that are standardised (mean 0, variance 1).
        C: number of classes; only "multiclass" looks at it.
        B: number of samples in the batch; needed for a sum.
        reduction: "mean" or "sum" over the batch.

    Returns:
        The expected loss: in nats for the first two kinds, in squared standard deviations of the target for the third.

    Raises:
        ValueError: an unknown kind or reduction, or a sum without B.

    >>> round(expected_initial_loss("multiclass", C=1000), 4)
    6.9078
    """
    if kind not in ("multiclass", "binary", "regression"):
        raise ValueError(f"expected_initial_loss: kind must be multiclass, binary or regression; got {kind!r}")
    if reduction not in ("mean", "sum") or (reduction == "sum" and B is None):
        raise ValueError(f"expected_initial_loss: reduction must be mean, or sum with a batch size B; got {reduction!r} with B={B}")
    ### BEGIN SOLUTION
    per_sample = {"multiclass": math.log(C), "binary": math.log(2), "regression": 1.0}[kind]
    return per_sample * B if reduction == "sum" and B is not None else per_sample
    ### END SOLUTION


def check_initial_loss(model: nn.Module, X: torch.Tensor, y: torch.Tensor) -> str:
    r"""Read the first loss of a classifier, and say what it points to.

    The model is asked once, in evaluation mode and without gradients. What comes out is compared with three numbers, in this order;
    "near" means within 10 % of the number.

    Args:
        model: takes `(X, y)` and returns `(logits, loss)`, logits of shape (B, C). Afterwards its weights, its statistics, its
            gradients and the mode of every one of its parts are what they were.
        X: inputs (B, ...).
        y: labels (B,). B should be several times C.

    Returns:
        "ok": the loss is near log C or below it (labels that are not balanced, and a bias that knows it, start lower);
        "summed": it is near B log C;
        "softmax_over_batch": it is near log B;
        "too_confident": it is none of these.

    >>> class Undecided(nn.Module):
    ...     def forward(self, X, y):
    ...         logits = torch.zeros(len(X), 7)
    ...         return logits, F.cross_entropy(logits, y, reduction="sum")
    >>> check_initial_loss(Undecided(), torch.zeros(30, 2), torch.arange(30) % 7)
    'summed'
    """
    with torch.no_grad():
        logits, loss = copy.deepcopy(model).eval()(X, y)
    B, C = logits.shape
    if loss <= 1.1 * math.log(C):
        return "ok"
    for verdict, expected in (("summed", B * math.log(C)), ("softmax_over_batch", math.log(B))):
        if abs(loss - expected) <= 0.1 * expected:
            return verdict
    return "too_confident"


four_sixteen = "C"  # Q8.4: log 64, the batch size, where log 10 should stand

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


softmax_twice_floor = float(
    np.log(1 + 9 / np.e)
)  # Q8.1: the loss gets probabilities as scores, 1 for the right digit and 0 for nine

# E8.3


class LeakyReluFn(torch.autograd.Function):
    r"""The leaky ReLU with a slope that can be learned: $f(x, s) = x$ where $x > 0$, and $s\,x$ elsewhere.

    Autograd calls `forward` on the way up, with `ctx`, a place to leave what the way back needs, and `backward` on the way back.
    Call it as `LeakyReluFn.apply(x, slope)`.

    >>> x = torch.tensor([2.0, -3.0], requires_grad=True)
    >>> slope = torch.tensor(0.5, requires_grad=True)
    >>> LeakyReluFn.apply(x, slope).sum().backward()
    >>> x.grad, slope.grad
    (tensor([1.0000, 0.5000]), tensor(-3.))
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        """Apply the function.

        Args:
            ctx: keep tensors with `ctx.save_for_backward(...)`.
            x: any shape; not changed.
            slope: one number of either sign, shape ().

        Returns:
            A new tensor of the shape of x.
        """
        ctx.save_for_backward(x, slope)
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pass the gradient on: one for each argument of `forward`, each of the shape of that argument.

        Args:
            ctx: `ctx.saved_tensors` is the tuple that was saved.
            dout: gradient of the loss with respect to the output, of the shape of x.

        Returns:
            `(dx, dslope)`. At x = 0 the derivative with respect to x is the slope.
        """
        x, slope = ctx.saved_tensors
        dx = torch.where(x > 0, dout, slope * dout)
        dslope = torch.where(x > 0, 0.0, x * dout).sum()
        return dx, dslope


def param_gradcheck(model: nn.Module, loss_fn: Callable[[nn.Module], torch.Tensor], n: int = 50, h: float = 1e-5) -> float:
    r"""Is what autograd computes the slope of the loss? Looks at some entries of a model's parameters, drawn at random.

    For each of them the analytic gradient $a$ is held against the central difference
    $\hat a = \bigl(L(w + h) - L(w - h)\bigr) / 2h$.

    Args:
        model: its parameters are float64. Afterwards the model is what it was, its buffers included.
        loss_fn: takes the model, returns the loss, a scalar. It may draw random numbers, as a model with dropout does: every one of
            its calls is made under the same seed.
        n: how many entries to look at; all of them when there are not more than n. Those that need no gradient do not count.
        h: step; unit of a parameter.

    Returns:
        The largest $|a - \hat a| / \max(|a|, |\hat a|, 10^{-4})$: below 1e-6 all is well, above 1e-2 something is wrong.
        A parameter that has no gradient counts with $a = 0$.

    Raises:
        ValueError: a parameter is not float64.

    >>> model = nn.Linear(3, 1).double()
    >>> param_gradcheck(model, lambda model: (model(torch.ones(5, 3).double()) ** 2).mean()) < 1e-6
    True
    """
    if any(parameter.dtype != torch.float64 for parameter in model.parameters()):
        raise ValueError("param_gradcheck: the rounding errors of float32 look like bugs; call model.double() first")
    ### BEGIN SOLUTION
    net = copy.deepcopy(model)
    parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]

    def loss() -> torch.Tensor:
        torch.manual_seed(0)
        return loss_fn(net)

    with torch.random.fork_rng(devices=[]):  # the world outside gets its random numbers back
        point = nn.utils.parameters_to_vector(parameters).detach()
        chosen = torch.randperm(len(point))[:n]
        gradients = torch.autograd.grad(loss(), parameters, allow_unused=True)
        pairs = zip(gradients, parameters, strict=True)
        analytic = torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])
        worst = 0.0
        for index in chosen:
            sides = []
            for step in (h, -h):
                moved = point.clone()
                moved[index] += step
                nn.utils.vector_to_parameters(moved, parameters)
                sides.append(loss().item())
            a, numeric = float(analytic[index]), (sides[0] - sides[1]) / (2 * h)
            worst = max(worst, abs(a - numeric) / max(abs(a), abs(numeric), 1e-4))
    return worst
    ### END SOLUTION


# E8.4


class ActivationMonitor:
    """Writes down, for as long as a `with` block lasts, what comes out of certain layers of a model.

    Args:
        model: whose layers to watch; nothing in it changes.
        types: classes of the modules to watch, such as `(nn.ReLU, nn.Tanh)`. Their outputs are tensors.

    Attributes:
        records: one dict for each call of a watched module, in the order of the calls, all of plain numbers, so that nothing of the
            model is kept alive:
            `name` as in `model.named_modules()`; `mean` and `std` (divided by the number of entries, not by one less) of all
            entries of the output; `zero`, the share of entries that are exactly 0; `saturated`, the share whose absolute value
            is above 0.98, which means something for a tanh; `histogram`, how many entries lie in each of 13 bins of
            width 0.5 around -3, -2.5, ..., 2.5, 3, as ints. What lies beyond counts in the first or the last.

    >>> model = nn.Sequential(nn.Linear(2, 4), nn.ReLU())
    >>> with ActivationMonitor(model, (nn.ReLU,)) as monitor:
    ...     _ = model(torch.zeros(5, 2))
    >>> [record["name"] for record in monitor.records], sum(monitor.records[0]["histogram"])
    (['1'], 20)
    """

    def __init__(self, model: nn.Module, types: tuple[type[nn.Module], ...]) -> None:
        self.records: list[dict[str, Any]] = []
        ### BEGIN SOLUTION
        self._watched = [(name, module) for name, module in model.named_modules() if isinstance(module, types)]
        self._handles: list[Any] = []
        ### END SOLUTION

    def __enter__(self) -> Self:
        """Begin to watch."""
        ### BEGIN SOLUTION
        for name, module in self._watched:
            self._handles.append(module.register_forward_hook(self._hook(name)))
        ### END SOLUTION
        return self

    def __exit__(self, *error: object) -> None:
        """Leave no hook behind, whether or not there was an error, which goes on its way."""
        ### BEGIN SOLUTION
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _hook(self, name: str) -> Callable[[nn.Module, Any, torch.Tensor], None]:
        def record(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
            h = output.detach()
            self.records.append(
                {
                    "name": name,
                    "mean": h.mean().item(),
                    "std": h.std(correction=0).item(),
                    "zero": (h == 0).double().mean().item(),
                    "saturated": (h.abs() > 0.98).double().mean().item(),
                    "histogram": torch.histc(h.clamp(-3.25, 3.25), bins=13, min=-3.25, max=3.25).long().tolist(),
                }
            )

        return record
        ### END SOLUTION


# E8.5


def update_ratios(model: nn.Module, opt: torch.optim.Optimizer, closure: Callable[[], Any]) -> dict[str, float]:
    r"""Make one step of the optimizer, and say how far each weight matrix has moved, as a share of its own size.

    Args:
        model: the model that is trained.
        opt: its optimizer.
        closure: empties the gradients, computes the loss, calls `backward()` and returns the loss, as torch's optimizers take it.
            It is called once.

    Returns:
        For the name of every parameter with two dimensions or more, in the order of `model.named_parameters()`, the ratio
        $\lVert w_\text{after} - w_\text{before} \rVert / \lVert w_\text{before} \rVert$, without unit. For a matrix that was all
        zero it is `math.inf` when it has moved, and 0.0 when it has not.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = nn.init.ones_(model.weight)
    >>> opt = torch.optim.SGD(model.parameters(), lr=0.5)
    >>> def closure():
    ...     opt.zero_grad()
    ...     loss = model(torch.tensor([[0.5, 0.5]])).sum()
    ...     loss.backward()
    ...     return loss
    >>> update_ratios(model, opt, closure)
    {'weight': 0.25}
    """
    matrices = {name: parameter for name, parameter in model.named_parameters() if parameter.ndim >= 2}
    before = {name: parameter.detach().clone() for name, parameter in matrices.items()}
    opt.step(closure)
    ratios = {}
    for name, parameter in matrices.items():
        moved, size = (parameter.detach() - before[name]).norm().item(), before[name].norm().item()
        ratios[name] = moved / size if size > 0 else math.inf if moved > 0 else 0.0
    return ratios


accuracy_up_loss_up = "B"  # Q8.2: two samples come over the line by a hair while the sure ones become less sure

# E8.6


def first_nonfinite(model: nn.Module, x: torch.Tensor) -> tuple[str, str] | None:
    r"""Where does the first number appear that is no number? Sends x through the model, and a gradient of ones back.

    Args:
        model: returns a tensor. Afterwards it is what it was: no hooks, no gradients, the same statistics.
        x: its input.

    Returns:
        `(name, kind)` of the first finding, in the order of time, or None when all is finite:
        `("input", kind)` when x is not finite;
        `(name, kind)` for the module, named as in `model.named_modules()`, that is the first to finish with an output that is not
        finite. The kind is "inf" when an infinity is among the numbers, else "nan";
        `(name, "gradient inf")` or `(name, "gradient nan")`, when the way up is clean, for the module without submodules that is
        the first, on the way back, whose *input* or own parameter gets a gradient that is not finite.

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> _ = nn.init.constant_(model[0].bias, float("inf"))
    >>> first_nonfinite(model, torch.ones(4, 2))
    ('0', 'inf')
    """
    found: list[tuple[str, str]] = []

    def look(tensor: torch.Tensor, name: str, prefix: str = "") -> None:
        if not tensor.isfinite().all():
            found.append((name, prefix + ("inf" if tensor.isinf().any() else "nan")))

    def watch(tensors: Iterable[torch.Tensor], name: str) -> None:
        for tensor in tensors:
            if tensor.requires_grad:
                tensor.register_hook(lambda gradient: look(gradient, name, "gradient "))

    net = copy.deepcopy(model)
    for name, module in net.named_modules():
        module.register_forward_hook(lambda module, inputs, output, name=name: look(output, name))
        if not list(module.children()):
            module.register_forward_pre_hook(lambda module, inputs, name=name: watch(inputs, name))
            watch(module.parameters(), name)
    look(x, "input")
    output = net(x.detach())
    if not found and output.requires_grad:
        output.backward(torch.ones_like(output))
    return found[0] if found else None


def masked_log(x: torch.Tensor) -> torch.Tensor:
    r"""The logarithm where there is one: $\log x$ for $x > 0$, and 0 elsewhere.

    Its gradient is $1/x$ for $x > 0$, and 0 elsewhere.

    >>> x = torch.tensor([1.0, 0.0], requires_grad=True)
    >>> masked_log(x).sum().backward()
    >>> x.grad
    tensor([1., 0.])
    """
    positive = x > 0
    return torch.where(positive, torch.log(torch.where(positive, x, 1.0)), 0.0)


def safe_normalize(x: torch.Tensor) -> torch.Tensor:
    r"""Bring every row to length 1, and leave rows of zeros alone.

    Args:
        x: (N, D).

    Returns:
        (N, D): $x_i / \lVert x_i \rVert$; a row of zeros for a row of zeros, which gets the gradient 0.

    >>> safe_normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    squared = (x**2).sum(dim=1, keepdim=True)
    return x / torch.sqrt(torch.where(squared > 0, squared, 1.0))


def bce_with_logits(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    r"""Cross-entropy of a yes or no, from the score instead of the probability: $-y \log\sigma(z) - (1-y)\log(1-\sigma(z))$.

    Args:
        z: scores (N,), any size.
        y: 1 for yes, 0 for no, or a probability between; (N,), of the dtype of z.

    Returns:
        The mean over the samples, a scalar. Its gradient is $(\sigma(z) - y)/N$ for every z, 0 included.

    >>> round(bce_with_logits(torch.tensor([0.0, 1000.0]), torch.tensor([1.0, 0.0])).item(), 4)
    500.3466
    """
    return -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean()


def safe_std(x: torch.Tensor) -> torch.Tensor:
    r"""The standard deviation of every column, fit to divide by.

    Args:
        x: (N, D).

    Returns:
        (D,): $\sqrt{\frac1N\sum_i (x_{ij} - \mu_j)^2}$; where all entries of a column are the same number, 1 instead of 0, and
        the gradient 0. (What the formula gives for such a column need not be 0: the computed mean of six 0.1 is not 0.1.)

    >>> safe_std(torch.tensor([[1.0, 7.0], [5.0, 7.0]]))
    tensor([2., 1.])
    """
    constant = (x == x[0]).all(dim=0)
    variance = ((x - x.mean(dim=0)) ** 2).mean(dim=0)
    return torch.sqrt(torch.where(constant, 1.0, variance))
