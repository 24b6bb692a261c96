"""Nets with a planted defect, for trying instruments on, and a look at what an instrument leaves behind.

Needs torch; import it as `from autograder.lab import planted`.
"""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

# what an instrument leaves behind


def condition(model: nn.Module) -> dict[str, Any]:
    """Everything about a model that an instrument could change, copied.

    Args:
        model: a model of any kind.

    Returns:
        By what it is: its weights, its statistics (the buffers), its modes, its gradients and the number of its hooks.
    """
    modules = list(model.modules())
    return {
        "weights": [parameter.detach().clone() for parameter in model.parameters()],
        "statistics": [buffer.clone() for buffer in model.buffers()],
        "modes": [module.training for module in modules],
        "gradients": [None if parameter.grad is None else parameter.grad.clone() for parameter in model.parameters()],
        "hooks": [
            sum(len(value) for key, value in vars(module).items() if key.endswith("_hooks") and hasattr(value, "__len__"))
            for module in modules
        ],
    }


def traces(before: dict[str, Any], model: nn.Module) -> list[str]:
    """What an instrument has changed.

    Args:
        before: the model's `condition` before it was used.
        model: the model afterwards.

    Returns:
        Those keys of `condition` under which something differs.

    >>> net = nn.Linear(2, 1)
    >>> before = condition(net)
    >>> _ = net.eval()
    >>> traces(before, net)
    ['modes']
    """
    after = condition(model)
    return [
        key
        for key in before
        if len(before[key]) != len(after[key]) or not all(_same(*pair) for pair in zip(before[key], after[key], strict=True))
    ]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return bool(torch.equal(one, other))
    return type(one) is type(other) and bool(one == other)


# first losses


class Starter(nn.Module):
    """A classifier that is given its labels as well, and returns `(logits, loss)`.

    Args:
        body: gives the logits.
        defect: "" for none; "summed", a loss that is not divided by the batch size; "softmax over the batch"; "loud", scores 30
            times as large as the body's.
    """

    def __init__(self, body: nn.Module, defect: str = "") -> None:
        super().__init__()
        self.body, self.defect = body, defect

    def forward(self, X: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The scores (B, C) and the loss of a batch."""
        logits = self.body(X) * (30.0 if self.defect == "loud" else 1.0)
        if self.defect == "softmax over the batch":
            return logits, F.nll_loss(F.log_softmax(logits, dim=0), y)
        return logits, F.cross_entropy(logits, y, reduction="sum" if self.defect == "summed" else "mean")


def starter(defect: str, seed: int, inputs: int = 64, classes: int = 10) -> Starter:
    """A net in float64 that nobody has trained: inputs-64-64-classes, ReLU, torch's own initial weights.

    Args:
        defect: as for `Starter`; or "batchnorm", healthy, with such a layer after the first; or "knows the shares", healthy, with
            a last bias that expects nine of ten samples to be of class 0.
        seed: of the weights; torch's own generator is left alone.
        inputs: number of features.
        classes: number of classes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        norm: nn.Module = nn.BatchNorm1d(64) if defect == "batchnorm" else nn.Identity()
        last = nn.Linear(64, classes)
        body = nn.Sequential(nn.Linear(inputs, 64), norm, nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), last)
    if defect == "knows the shares":
        shares = torch.full((classes,), 0.1 / (classes - 1))
        shares[0] = 0.9
        with torch.no_grad():
            last.bias.copy_(torch.log(shares))
    return Starter(body, defect).double()


# layers with a backward pass of their own


class _Leaky(torch.autograd.Function):
    """A leaky ReLU with a learned slope; `wrong` says what its backward pass gets wrong."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, slope: torch.Tensor, wrong: str) -> torch.Tensor:
        out = torch.where(x > 0, x, slope * x)
        ctx.save_for_backward(x, slope, out)
        ctx.wrong = wrong
        return out

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        x, slope, out = ctx.saved_tensors
        on = x > 0
        if ctx.wrong == "negative slope":
            on = out > 0
        if ctx.wrong == "non-contiguous input":
            on = x.as_strided(x.shape, torch.empty(x.shape).stride()) > 0  # in the order of the memory
        dslope = x * dout if ctx.wrong == "second argument" else torch.where(on, 0.0, x * dout)
        return torch.where(on, dout, slope * dout), dslope.sum(), None


class _Gate(torch.autograd.Function):
    """x tanh(s), with a right backward pass."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, strength)
        return x * torch.tanh(strength)

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, strength = ctx.saved_tensors
        gate = torch.tanh(strength)
        return dout * gate, (dout * x).sum() * (1 - gate**2)


LAYERS = ("leaky", "gate", "non-contiguous input", "negative slope", "second argument")
"""Layers with a backward pass of their own: the first two are right, the others are wrong in what they are called after."""


class CustomLayer(nn.Module):
    """One of `LAYERS`, with the number that it learns.

    Args:
        kind: its name.
        start: initial value of the number.
    """

    def __init__(self, kind: str, start: float) -> None:
        super().__init__()
        self.kind = kind
        self.number = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the layer to x of any shape."""
        out: torch.Tensor = _Gate.apply(x, self.number) if self.kind == "gate" else _Leaky.apply(x, self.number, self.kind)
        return out


class _Transposed(nn.Module):
    """Lets a layer see its input as a transposed view."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layer(x.T).T
        return out


def with_custom_layer(kind: str, start: float, transposed: bool, seed: int) -> nn.Sequential:
    """A small net in float64, 5-7-3, with one of `LAYERS` in its middle: 67 numbers that can be learned.

    Args:
        kind: which layer.
        start: initial value of its number.
        transposed: does the layer get a view that is not contiguous?
        seed: of the other weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer: nn.Module = CustomLayer(kind, start)
        return nn.Sequential(nn.Linear(5, 7), _Transposed(layer) if transposed else layer, nn.Linear(7, 3)).double()


class _HalfScale(torch.autograd.Function):
    """x times a weight for each feature; the gradient of the weights is half of what it should be."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, scale)
        return x * scale

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, scale = ctx.saved_tensors
        return dout * scale, (x * dout).sum(dim=0) / 2


class HalfScaled(nn.Module):
    """A linear net in float64 whose second half of parameters gets half of its gradient.

    Args:
        inputs: number of features: the first `inputs + 1` parameters are well, the last `inputs` are not.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.head = nn.Linear(inputs, 1, dtype=torch.float64)
        self.tail = nn.ParameterList([torch.linspace(1, 2, inputs, dtype=torch.float64)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs) to (N, 1)."""
        out: torch.Tensor = self.head(_HalfScale.apply(x, self.tail[0]))
        return out


# nets to listen to, and to train


def kinds(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the types of all values of some records, sorted; a tensor that belongs to a graph is called so."""

    def kind(value: Any) -> str:
        held = isinstance(value, torch.Tensor) and value.requires_grad
        return f"{type(value).__name__} with its graph" if held else type(value).__name__

    return sorted({kind(value) for record in records for value in record.values()})


class _TwiceTanh(nn.Module):
    """A body of two linear layers that share one tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.act = nn.Linear(6, 5), nn.Linear(5, 4), nn.Tanh()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.act(self.second(self.act(self.first(x))))
        return out


def listening_post(kind: str, seed: int) -> nn.Sequential:
    """A small net in float64 that takes (N, 6), with larger weights than usual so that something saturates.

    Args:
        kind: "plain", of Linear, ReLU, Linear, Tanh; "in place", whose ReLUs overwrite their inputs; "nested", with a body that
            uses one tanh twice.
        seed: of the weights.

    Raises:
        KeyError: an unknown kind.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        nets = {
            "plain": nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh()),
            "in place": nn.Sequential(nn.Linear(6, 5), nn.ReLU(inplace=True), nn.Linear(5, 4), nn.ReLU(inplace=True)),
            "nested": nn.Sequential(_TwiceTanh(), nn.Linear(4, 3)),
        }
    net = nets[kind].double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(3)
    return net


def trainee(kind: str, seed: int) -> nn.Sequential:
    """A net in float64 for digits (N, 64), ready to be trained.

    Args:
        kind: "dense"; "convolution", with BatchNorm; "zeros", whose last matrix starts at zero, and whose first is zero and frozen.
        seed: of the weights.

    Raises:
        KeyError: an unknown kind.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        image = [nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 10)]
        nets = {
            "dense": nn.Sequential(nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10)),
            "convolution": nn.Sequential(*image),
            "zeros": nn.Sequential(nn.Linear(64, 12), nn.Tanh(), nn.Linear(12, 11), nn.Tanh(), nn.Linear(11, 10)),
        }
    net = nets[kind].double()
    if kind == "zeros":
        for name, parameter in net.named_parameters():
            if name in ("0.weight", "4.weight"):
                nn.init.zeros_(parameter)
            parameter.requires_grad_(name != "0.weight")
    return net


# nets that run out of numbers


class _Apply(nn.Module):
    """A module around a function."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


class _RootGain(nn.Module):
    """Multiplies by the root of a number that it learns, and that starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.number = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sqrt(self.number)


class _LogAtTheEnd(nn.Module):
    """A body, and a logarithm that no module stands for."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.log(torch.relu(self.body(x)))


_CULPRITS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "log of zero": torch.log,
    "exp": lambda x: torch.exp(20000 * x),
    "naive softmax": lambda x: torch.exp(20000 * x) / torch.exp(20000 * x).sum(dim=1, keepdim=True),
    "standardise": lambda x: (x - x.mean(dim=0)) / x.std(dim=0, correction=0),
    "divide": lambda x: x / x[:, :1],
    "root": torch.sqrt,
    "log behind a mask": lambda x: torch.where(x > 0, torch.log(x), 0.0),
}
ILL = ("healthy", *_CULPRITS, "gain", "no module")
"""What `runs_out_of_numbers` can be asked for."""


def runs_out_of_numbers(kind: str, seed: int) -> nn.Sequential:
    """A net in float64 for (N, 6), with BatchNorm at its beginning and a culprit in its middle.

    Args:
        kind: one of `ILL`: "log of zero" and "exp" put out infinities, "naive softmax" and "standardise" nan, "divide" both; "root"
            and "log behind a mask" are finite on the way up and not on the way back; "gain" is finite but for the gradient of its
            own parameter; in "no module" the logarithm stands in a forward method.
        seed: of the weights; it also decides where in the body the culprit stands.

    Raises:
        KeyError: an unknown kind.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, second, last = nn.Linear(6, 8), nn.Linear(8, 7), nn.Linear(7, 3)
    with torch.no_grad():
        second.weight[0] = 0.0
        second.bias[0] = 0.0  # the first unit is 0 for every sample
    if kind == "no module":
        return nn.Sequential(nn.BatchNorm1d(6), nn.Sequential(first, nn.Tanh()), _LogAtTheEnd(second), last).double()
    if kind == "gain":
        culprit: nn.Module = _RootGain()
    else:
        culprit = nn.Identity() if kind == "healthy" else _Apply(_CULPRITS[kind])
    more = [nn.Tanh() for _ in range(seed % 3)]
    body = nn.Sequential(*more, first, nn.Tanh(), second, _Apply(torch.abs), culprit)
    return nn.Sequential(nn.BatchNorm1d(6), body, last).double()
