"""Unit 8A, instruments for finding out why a training does not train."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import copy
import math
import time
import warnings
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
        kind: "multiclass", cross-entropy over C classes; "binary", cross-entropy of a single yes or no;
            "regression", squared error on targets that are standardised (mean 0, variance 1).
        C: number of classes; only "multiclass" looks at it.
        B: number of samples in the batch; needed for a sum.
        reduction: "mean" or "sum" over the batch.

    Returns:
        The expected loss: in nats for the first two kinds, in squared standard
        deviations of the target for the third.

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

    The model is asked once, in evaluation mode and without gradients. What comes out is compared with three
    numbers, in this order;
    "near" means within 10 % of the number.

    Args:
        model: takes `(X, y)` and returns `(logits, loss)`, logits of shape (B, C). Afterwards its weights,
            its statistics, its gradients and the mode of every one of its parts are what they were.
        X: inputs (B, ...).
        y: labels (B,). B should be several times C.

    Returns:
        "ok": the loss is near log C or below it (labels that are not balanced, and a bias that knows it,
        start lower);
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
    r"""Can this model learn one batch by heart? If not, something is broken, and
    no amount of data will mend it.

    Trains a copy of the model on the whole batch, the same at every step, with
    `torch.optim.SGD(..., lr=lr, momentum=0.9)` and cross-entropy. The copy is in training mode throughout,
    because that is the mode whose health is in question.

    Args:
        model_fn: returns the model to test, which gives logits (N, C). It may hand out a model that is in
            use: its weights, its mode and its gradients stay as they are.
        batch: inputs (N, ...) and class labels (N,).
        steps: number of updates.
        lr: learning rate.

    Returns:
        `(losses, accuracy, ok)`. `losses` holds `steps + 1` floats, the loss before every update and after
        the last one.
        `accuracy` is the share of the batch that the model gets right after the last update, and `ok` is True
        when all of it is right *and* the last loss is below 0.05. A small batch asks little: who passes with
        one sample may still fail with 128.

    >>> def model_fn():
    ...     return nn.Linear(1, 2)
    >>> losses, accuracy, ok = overfit_one_batch(
    ...     model_fn, (torch.tensor([[-1.0], [1.0]]), torch.tensor([0, 1])), steps=50, lr=0.5
    ... )
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

    Autograd calls `forward` on the way up, with `ctx`, a place to leave what the way back needs, and
    `backward` on the way back. Call it as `LeakyReluFn.apply(x, slope)`.

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
    r"""Is what autograd computes the slope of the loss? Looks at some entries of a
    model's parameters, drawn at random.

    For each of them the analytic gradient $a$ is held against the central difference
    $\hat a = \bigl(L(w + h) - L(w - h)\bigr) / 2h$.

    Args:
        model: its parameters are float64. Afterwards the model is what it was, its buffers included.
        loss_fn: takes the model, returns the loss, a scalar. It may draw random numbers, as a model with
            dropout does: every one of its calls is made under the same seed.
        n: how many entries to look at; all of them when there are not more than n. Those that need no
            gradient do not count.
        h: step; unit of a parameter.

    Returns:
        The largest $|a - \hat a| / \max(|a|, |\hat a|, 10^{-4})$: below 1e-6 all is well, above 1e-2
        something is wrong. A parameter that has no gradient counts with $a = 0$.

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
        records: one dict for each call of a watched module, in the order of the calls, all of plain numbers,
            so that nothing of the model is kept alive:
            `name` as in `model.named_modules()`; `mean` and `std` (divided by the number of entries, not by
            one less) of all entries of the output; `zero`, the share of entries that are exactly 0;
            `saturated`, the share whose absolute value is above 0.98, which means something for a tanh;
            `histogram`, how many entries lie in each of 13 bins of width 0.5 around -3, -2.5, ..., 2.5, 3, as
            ints. What lies beyond counts in the first or the last.

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
    r"""Make one step of the optimizer, and say how far each weight matrix has
    moved, as a share of its own size.

    Args:
        model: the model that is trained.
        opt: its optimizer.
        closure: empties the gradients, computes the loss, calls `backward()` and returns the loss, as torch's
            optimizers take it. It is called once.

    Returns:
        For the name of every parameter with two dimensions or more, in the order of
        `model.named_parameters()`, the ratio
        $\lVert w_\text{after} - w_\text{before} \rVert / \lVert w_\text{before} \rVert$, without unit. For a
        matrix that was all zero it is `math.inf` when it has moved, and 0.0 when it has not.

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
    r"""Where does the first number appear that is no number? Sends x through the
    model, and a gradient of ones back.

    Args:
        model: returns a tensor. Afterwards it is what it was: no hooks, no gradients, the same statistics.
        x: its input.

    Returns:
        `(name, kind)` of the first finding, in the order of time, or None when all is finite:
        `("input", kind)` when x is not finite;
        `(name, kind)` for the module, named as in `model.named_modules()`, that is the first to finish with
        an output that is not finite. The kind is "inf" when an infinity is among the numbers, else "nan";
        `(name, "gradient inf")` or `(name, "gradient nan")`, when the way up is clean, for the module without
        submodules that is the first, on the way back, whose *input* or own parameter gets
        a gradient that is not finite.

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
    r"""Cross-entropy of a yes or no, from the score instead of the probability:
    $-y \log\sigma(z) - (1-y)\log(1-\sigma(z))$.

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
        (D,): $\sqrt{\frac1N\sum_i (x_{ij} - \mu_j)^2}$; where all entries of a column are the same number, 1
        instead of 0, and the gradient 0. (What the formula gives for such a column need not be 0: the
        computed mean of six 0.1 is not 0.1.)

    >>> safe_std(torch.tensor([[1.0, 7.0], [5.0, 7.0]]))
    tensor([2., 1.])
    """
    constant = (x == x[0]).all(dim=0)
    variance = ((x - x.mean(dim=0)) ** 2).mean(dim=0)
    return torch.sqrt(torch.where(constant, 1.0, variance))


# E8.7


def dependency_chart(model: nn.Module, x: torch.Tensor, probes: int = 20) -> torch.Tensor:
    r"""Which outputs of a batch depend on which of its inputs? A healthy net treats
    every sample as if it were alone.

    Entry (i, j) is True when some output of sample i has a gradient other than 0 with respect to some input
    of sample j, at `x` or at one of `probes` further batches of standard normal numbers: behind a ReLU a
    connection may be closed at one place and open at another. The gradient is that of a *weighted* sum of the
    outputs of sample i, with random weights, because a plain sum may be constant where the outputs are not
    (those of a softmax sum to 1).

    Args:
        model: takes a batch (N, ...) and gives a batch (N, ...), each with any number of further axes. It is
            looked at in the mode it is in. Its weights, its buffers and its gradients stay as they are.
        x: inputs (N, ...) in floating point; not changed.
        probes: number of random batches beside `x`.

    Returns:
        Tensor (N, N) of booleans, outputs down, inputs across. A model whose outputs do not hang on its
        inputs at all gives False everywhere.

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


emergency_order = "B"  # Q8.3: a known model without extras, then the data, then one batch by heart, then grow and add back

# E8.8


def find_untrained(
    model: nn.Module, opt: torch.optim.Optimizer, loss_fn: Callable[[nn.Module], torch.Tensor]
) -> dict[str, list[str]]:
    r"""Which parts of a model does this optimizer not train, and why?

    Args:
        model: the model that is meant to be trained. Its weights, its buffers and
            its gradients stay as they are.
        opt: the optimizer that is meant to train it.
        loss_fn: takes a model, `model` itself or a copy, and returns its loss on some batch.

    Returns:
        Five lists of names, each in the order of `model.named_parameters()` or `model.named_modules()`:

        - "frozen": parameters that do not require gradients. The next three lists leave them out.
        - "not_in_optimizer": parameters that are in no group of `opt`. What counts
          is the object, not its numbers.
        - "no_grad": parameters that the loss does not depend on: there is no gradient.
        - "zero_grad": parameters whose gradient is there and 0 in every entry.
        - "hidden_modules": modules in a plain list, tuple or dict (or one inside another) that is an
          attribute of the model or one of its modules, unless they are registered as well. They are named by
          the place where they stand, as `layers[0]` or `block.more['left'][1]`.

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
        loader: gives batches of inputs (n, ...) and integer labels (n,). It is gone through once, to its end:
            a second pass may come in another order, or not at all.
        C: number of classes; labels are to be 0 ... C - 1.

    Returns:
        A dict; "samples" is their number, everything else a list of integers. Samples count from 0 in the
        order in which they come, features in the order of `inputs.reshape(n, -1)`.

        - "counts": how many samples have label 0, 1, ..., C - 1.
        - "bad_labels": samples with any other label.
        - "nonfinite": samples with a nan or an infinity.
        - "constant_features": features that have one and the same value in all samples that are finite.
        - "duplicates": samples whose inputs, rounded to 6 decimals, stood in an earlier sample.
        - "single_label_batches": batches, counted from 0, of more than one sample and one label only.

    >>> batches = [
    ...     (torch.tensor([[1.0, 5.0], [2.0, 5.0]]), torch.tensor([0, 0])),
    ...     (torch.tensor([[1.0, 5.0]]), torch.tensor([3])),
    ... ]
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
        decimals: samples count as equal when all their numbers are, after rounding to so many decimals. A
            picture that was saved in float32, or standardised on the way, comes back
            with noise in its last digits.

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

    Over the *samples* the mean weight is 1, so that the mean loss, and with it the learning rate that suits
    it, keeps its size.

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

    There are just as many batches as it takes to show each sample of the largest class at least once. Within
    a class all samples take part equally: how often they appear in the epoch differs by one at most, and
    which of them appear once more is up to `rng`.

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


fine_tuning_at_chance = "C"  # Q8.5: weights of a pretrained net expect the inputs that they were trained on

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
        Precision, recall and F1 of every class, each (C,). What would be 0/0 is 0: the precision of a class
        that is never predicted, the recall of one that never occurs, the F1 where both are 0.

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

    A sample is called positive when its score is at least the threshold. The threshold falls from above all
    scores, where nothing is called positive, through every *distinct* score: samples that share a score can
    only change sides together.

    .. math:: \text{FPR} = \frac{\text{false positives}}{\text{all negatives}}, \qquad
        \text{TPR} = \frac{\text{true positives}}{\text{all positives}}

    Args:
        y: true labels (N,), 1 for positive and 0 for negative.
        s: scores (N,), higher for "more likely positive".

    Returns:
        `(fpr, tpr)`, each with one entry more than there are distinct scores. The first
        point is (0, 0), the last (1, 1).

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
        `(recall, precision)`, what goes across first, each with one entry more than there are distinct
        scores. At the first point nothing is called positive: the recall is 0, and the precision, which would
        be 0/0, is 1 by convention.

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
        x: places across (P,), rising or falling all the way; neighbours may be equal, where the curve goes
            straight up or down.
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
        v: the curve (T,). Where it is nan or infinite the result is the same, and average and count t go on
            as if there were no such value.
        w: the weight of the past, in [0, 1); 0 leaves the curve as it is.

    Returns:
        The smoothed curve (T,), in float64; v is not changed.

    Raises:
        ValueError: w is outside of [0, 1).

    Source: the scalar charts of TensorBoard; the correction is that of Kingma & Ba
    (2015), arXiv:1412.6980, section 3.

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
        rng: draws the order of the samples. Dropout draws from torch's own generator,
            whose state belongs in here too.

    Returns:
        A dict with the keys "model", "optimizer", "scheduler", "epoch", "rng" (of NumPy's generator) and
        "torch_rng". It is a snapshot: no training that goes on changes it. `torch.save` can write it to a
        file, and `torch.load` read it again.

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
        ckpt: what `save_ckpt` returned, or what came back from a file. It can be loaded again afterwards, any
            number of times: nothing that is trained later may reach into it.
        model, optimizer, scheduler, rng: freshly made parts of the same kind, which get the saved state;
            torch's own generator gets its state back as well.

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
        warmup: number of steps before them that do not: the first ones build caches, start
            workers and choose algorithms.
        total: number of steps of the whole training.
        clock: gives the time in seconds.

    Returns:
        `(median, total_estimate)` in seconds: the median of the n steps'
        durations, and `total` times as much.

    Warns:
        UserWarning: the median is above 0.5 s. With a small net something beside the computation is slow,
        most likely the loader.

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


slow_iteration = "A"  # Q8.6: 700 of 800 ms are spent in the loader
