"""Unit 8A: what a fair grader accepts, and the misconceptions that it names."""

import copy
import math
import time
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from solutions.variants import Variants, edit

variants = Variants()

# E8.1 expected_initial_loss, check_initial_loss


def expected_step_by_step(kind, C, B=None, reduction="mean"):
    loss = 1.0
    if kind == "multiclass":
        loss = float(np.log(C))
    elif kind == "binary":
        loss = -math.log(0.5)
    if reduction == "sum":
        loss *= B
    return loss


def initial_loss_without_a_copy(model, X, y):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.inference_mode():
            logits, loss = model(X, y)
    finally:
        for module, mode in modes.items():
            module.training = mode
    loss, (B, C) = loss.item(), logits.size()
    if loss < 1.1 * np.log(C):
        return "ok"
    if 0.9 * B * np.log(C) < loss < 1.1 * B * np.log(C):
        return "summed"
    return "softmax_over_batch" if 0.9 < loss / np.log(B) < 1.1 else "too_confident"


variants.right("il.step_by_step", expected_initial_loss=expected_step_by_step)
variants.right("il.without_a_copy", check_initial_loss=initial_loss_without_a_copy)

PER_SAMPLE = '{"multiclass": math.log(C), "binary": math.log(2), "regression": 1.0}[kind]'
ASKED = "logits, loss = copy.deepcopy(model).eval()(X, y)"
FINE = "loss <= 1.1 * math.log(C)"

variants.wrong(
    "il.log2",
    says="you count in bits: cross-entropy is in nats, with the natural logarithm",
    hint="math.log, not math.log2",
    expected_initial_loss=edit(PER_SAMPLE, '{"multiclass": math.log2(C), "binary": math.log2(2), "regression": 1.0}[kind]'),
)
variants.wrong(
    "il.share",
    says="1 - 1/C is the error rate of guessing; the loss is minus the logarithm of the probability 1/C",
    hint="-log(1/C)",
    expected_initial_loss=edit('"multiclass": math.log(C)', '"multiclass": 1 - 1 / C'),
)
variants.wrong(
    "il.no_sum",
    says="you leave the reduction out: a sum over the batch is B times as large as a mean",
    hint="what does a batch of 2 cost, when nobody divides?",
    expected_initial_loss=edit('per_sample * B if reduction == "sum" and B is not None else per_sample', "per_sample"),
)
variants.wrong(
    "il.sum_inside",
    says="log(B C) is log B + log C: the batch size belongs in front of the logarithm, one log C for each sample",
    hint="every sample pays log C; add them up",
    expected_initial_loss=edit(
        'per_sample * B if reduction == "sum" and B is not None else per_sample',
        'per_sample + math.log(B) if reduction == "sum" and B is not None else per_sample',
    ),
)
variants.wrong(
    "il.always_sum",
    says="you multiply by the batch size whenever you know it: a mean does not depend on it",
    hint="look at reduction, not at B",
    expected_initial_loss=edit('if reduction == "sum" and B is not None', "if B is not None"),
)
variants.wrong(
    "il.binary_by_c",
    says="a yes or no has two outcomes, although its net has one output: log 2, whatever C is",
    hint="for kind = binary do not look at C",
    expected_initial_loss=edit('"binary": math.log(2)', '"binary": math.log(C)'),
)
variants.wrong(
    "il.half_mse",
    says="you halve the squared error; here it is the plain mean, as in F.mse_loss",
    hint="the mean of the squares of standardised targets is their variance",
    expected_initial_loss=edit('"regression": 1.0', '"regression": 0.5'),
)
variants.wrong(
    "il.mse_zero",
    says="a net that knows nothing is not right: it predicts the mean, and its squared error is the variance",
    hint="the variance of a standardised target is 1",
    expected_initial_loss=edit('"regression": 1.0', '"regression": 0.0'),
)
variants.wrong(
    "il.abs_tol",
    says="you call a loss below log C ill: with unbalanced classes and a bias that knows it, that is where a healthy net starts",
    hint="ok is a bound from above only",
    check_initial_loss=edit(FINE, "abs(loss - math.log(C)) <= 0.2"),
)
variants.wrong(
    "il.train_mode",
    says="you ask the model in training mode: its BatchNorm has taken your batch into its statistics",
    hint="a copy in evaluation mode leaves the original alone",
    check_initial_loss=edit(ASKED, "logits, loss = model(X, y)"),
)
variants.wrong(
    "il.left_in_eval",
    says="you leave the model in evaluation mode: its owner goes on to train it",
    hint="switch a copy, or put every mode back",
    check_initial_loss=edit(ASKED, "logits, loss = model.eval()(X, y)"),
)
variants.wrong(
    "il.wakes_the_frozen",
    says="you put one mode back for the whole model: parts that were frozen in evaluation mode are awake now",
    hint="every module has its own flag; a copy needs none of this",
    check_initial_loss=edit(ASKED, "was = model.training\n        logits, loss = model.eval()(X, y)\n        model.train(was)"),
)
variants.wrong(
    "il.zeroes_gradients",
    says="you empty the model's gradients: they belong to its owner, who may be in the middle of a step",
    hint="without gradients there is nothing to clean up",
    check_initial_loss=edit(ASKED, ASKED + "\n        model.zero_grad()"),
)
variants.wrong(
    "il.swapped",
    says="your two defects are swapped: a sum gives B log C, a softmax over the batch gives log B",
    hint="which of the two numbers does not depend on C?",
    check_initial_loss=edit(
        '(("summed", B * math.log(C)), ("softmax_over_batch", math.log(B)))',
        '(("softmax_over_batch", B * math.log(C)), ("summed", math.log(B)))',
    ),
)
variants.wrong(
    "il.any_other",
    says="you call every large loss a sum: that is one number, B log C, and not everything above log C",
    hint="near means within 10 % of the number",
    check_initial_loss=edit("abs(loss - expected) <= 0.1 * expected", 'verdict == "summed" or loss <= 0'),
)
variants.wrong(
    "il.absolute",
    says="near means within 10 % of the number, not within 0.1: a sum of 147 is off by more than that in any healthy run",
    hint="compare the difference with 0.1 times the expected number",
    check_initial_loss=edit("abs(loss - expected) <= 0.1 * expected", "abs(loss - expected) <= 0.1"),
)

# Q8.4

variants.wrong("q.first.loud", says="scores that are too large would give the same loss for every batch size", four_sixteen='"A"')
variants.wrong("q.first.summed", says="a sum would be 64 log 10 = 147, and half of that for 32 pictures", four_sixteen='"B"')
variants.wrong(
    "q.first.labels",
    says="a net that knows nothing has the loss log 10 for any labels: wrong ones show later, when it does not learn",
    four_sixteen='"D"',
)

# E8.2 overfit_one_batch


def overfit_in_one_loop(model_fn, batch, steps=100, lr=0.1):
    net = copy.deepcopy(model_fn())
    net.train(True)
    optimizer = torch.optim.SGD(net.parameters(), lr, momentum=0.9)
    losses = []
    for step in range(steps + 1):
        scores = net(batch[0])
        loss = F.nll_loss(F.log_softmax(scores, dim=-1), batch[1])
        losses.append(float(loss.detach()))
        if step < steps:
            net.zero_grad()
            loss.backward()
            optimizer.step()
    right = int((scores.max(1).indices == batch[1]).sum())
    return losses, right / len(batch[1]), right == len(batch[1]) and losses[-1] < 0.05


def overfit_by_hand(model_fn, batch, steps=100, lr=0.1):
    inputs, targets = batch
    model = copy.deepcopy(model_fn())
    model.train()
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    velocity = [torch.zeros_like(parameter) for parameter in learned]
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(inputs), targets)
        gradients = torch.autograd.grad(loss, learned, allow_unused=True)
        with torch.no_grad():
            for parameter, v, gradient in zip(learned, velocity, gradients, strict=True):
                if gradient is not None:
                    v.mul_(0.9).add_(gradient)
                    parameter.sub_(lr * v)
        losses.append(loss.item())
    logits = model(inputs).detach()
    losses.append(F.cross_entropy(logits, targets).item())
    accuracy = torch.mean((logits.argmax(1) == targets).double()).item()
    return losses, accuracy, bool(accuracy == 1 and losses[-1] < 0.05)


variants.right("ov.one_loop", overfit_one_batch=overfit_in_one_loop)
variants.right("ov.by_hand", overfit_one_batch=overfit_by_hand)

LOOP, LOSS = "for _ in range(steps):", "loss = F.cross_entropy(model(X), y)"

variants.wrong(
    "ov.resample",
    says="your steps do not all see the same batch: then this is training, and it says nothing about learning by heart",
    hint="print(X[:2]) in every step: it must never change",
    overfit_one_batch=edit(
        LOOP,
        "for step in range(steps):\n        rows = torch.arange(step, step + (len(X) + 1) // 2) % len(X)",
        LOSS,
        "loss = F.cross_entropy(model(X[rows]), y[rows])",
    ),
)
variants.wrong(
    "ov.tiny",
    says="you only ever look at the first sample of the batch: a net with a dead body passes that test",
    hint="print(X.shape) inside the loop",
    overfit_one_batch=edit("X, y = batch", "X, y = batch[0][:1], batch[1][:1]"),
)
variants.wrong(
    "ov.eval_mode",
    says="you test the model in evaluation mode: BatchNorm then normalises with statistics that are not the batch's",
    hint="print(model.training) inside the loop",
    overfit_one_batch=edit(".train()", ".eval()"),
)
variants.wrong(
    "ov.eval_at_end",
    says="you switch to evaluation mode for the last loss: training mode is what is being tested, to the end",
    hint="compare the last two losses of a net with BatchNorm: they should be close",
    overfit_one_batch=edit("    with torch.no_grad():", "    model.eval()\n    with torch.no_grad():"),
)
variants.wrong(
    "ov.loss_only",
    says="your verdict looks at the loss alone: a single wrong answer among many hardly moves the mean",
    hint="ok needs both: accuracy 1, and a loss below 0.05",
    overfit_one_batch=edit("accuracy == 1.0 and losses[-1] < 0.05", "losses[-1] < 0.05"),
)
variants.wrong(
    "ov.accuracy_only",
    says="your verdict looks at the accuracy alone: a net whose loss is stuck at 1.5 may still name every label",
    hint="ok needs both: accuracy 1, and a loss below 0.05",
    overfit_one_batch=edit("accuracy == 1.0 and losses[-1] < 0.05", "accuracy == 1.0"),
)
variants.wrong(
    "ov.no_zero_grad",
    says="your gradients pile up: backward() adds to what is there, and you never take it away",
    hint="print the gradient's norm in every step",
    overfit_one_batch=edit("        optimizer.zero_grad()\n", ""),
)
variants.wrong(
    "ov.no_momentum",
    says="your numbers are those of plain SGD: momentum=0.9 is missing",
    hint="read the docstring's second paragraph once more",
    overfit_one_batch=edit("(model.parameters(), lr=lr, momentum=0.9)", "(model.parameters(), lr=lr)"),
)
variants.wrong(
    "ov.no_last_loss",
    says="the loss after the last update is missing: your verdict is about the model before it",
    hint="len(losses) must be steps + 1",
    overfit_one_batch=edit("    losses.append(F.cross_entropy(logits, y).item())\n", ""),
)
variants.wrong(
    "ov.sum",
    says="you add the losses of the samples up: the rate then grows with the batch",
    hint='cross-entropy is a mean, unless you ask for reduction="sum"',
    overfit_one_batch=edit(LOSS, 'loss = F.cross_entropy(model(X), y, reduction="sum")'),
)
variants.wrong(
    "ov.callers_model",
    says="you train the very model that you were handed: a test must leave its patient as it was",
    hint="copy.deepcopy(model) makes an independent one",
    overfit_one_batch=edit("copy.deepcopy(model_fn())", "model_fn()"),
)
variants.wrong(
    "ov.graph",
    says="you keep the losses as tensors: each of them keeps the whole graph of its step in memory",
    hint="loss.item() is the number alone",
    overfit_one_batch=edit("losses.append(loss.item())", "losses.append(loss)"),
)

# Q8.1

variants.wrong(
    "q.floor.zero",
    says="the loss takes a softmax of what it gets, and what it gets is never larger than 1",
    softmax_twice_floor="0.0",
)
variants.wrong(
    "q.floor.guessing",
    says="that is the loss of guessing, log 10: it is where the net starts",
    softmax_twice_floor="2.302585092994046",
)
variants.wrong(
    "q.floor.two_classes",
    says="you forgot most of the wrong digits: there are nine of them, each with exp(0) = 1",
    softmax_twice_floor="0.31326168751822286",
)
variants.wrong(
    "q.floor.nine_classes",
    says="you counted ten wrong digits, or the right one twice: there are nine",
    softmax_twice_floor="1.5430404724093345",
)
variants.wrong(
    "q.floor.probability",
    says="that is the probability; the loss is minus its logarithm",
    softmax_twice_floor="0.23196931668407395",
)

# E8.3 LeakyReluFn, param_gradcheck


class LeakyReluByMask(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        factor = torch.ones_like(x)
        factor[x <= 0] = slope
        ctx.save_for_backward(x, factor)
        return x * factor

    @staticmethod
    def backward(ctx, dout):
        x, factor = ctx.saved_tensors
        return dout * factor, (dout * x.clamp(max=0)).sum()


def gradcheck_in_place(model, loss_fn, n=50, h=1e-5):
    if any(parameter.dtype != torch.float64 for parameter in model.parameters()):
        raise ValueError("float64 please")
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(loss_fn(model), parameters, allow_unused=True)
    places = [(which, place) for which, parameter in enumerate(parameters) for place in range(parameter.numel())]
    worst = 0.0
    with torch.no_grad():
        for chosen in np.random.default_rng().permutation(len(places))[:n]:
            which, place = places[chosen]
            entry = parameters[which].reshape(-1)[place : place + 1]
            before = entry.clone()
            entry.copy_(before + h)
            up = loss_fn(model).item()
            entry.copy_(before - h)
            down = loss_fn(model).item()
            entry.copy_(before)
            a = 0.0 if gradients[which] is None else gradients[which].reshape(-1)[place].item()
            b = (up - down) / (2 * h)
            worst = max(worst, abs(a - b) / max(abs(a), abs(b), 1e-4))
    for module, mode in modes:
        module.training = mode
    return worst


SAVED, SLOPE = "ctx.save_for_backward(x, slope)", "dslope = torch.where(x > 0, 0.0, x * dout).sum()"

variants.right("cf.by_mask", LeakyReluFn=LeakyReluByMask)
variants.right("cf.summed_by_autograd", LeakyReluFn=edit(SLOPE, "dslope = torch.where(x > 0, 0.0, x * dout)"))
variants.right("pg.in_place", param_gradcheck=gradcheck_in_place)


variants.wrong(
    "cf.save_output",
    says="you tell from the output which entries of x were positive: with a negative slope every output is",
    hint="save x itself",
    LeakyReluFn=edit(
        SAVED,
        "out = torch.where(x > 0, x, slope * x)\n        ctx.save_for_backward(out, slope)",
        "x, slope = ctx.saved_tensors",
        "out, slope = ctx.saved_tensors\n        x = torch.where(out > 0, out, out / slope)",
    ),
)
variants.wrong(
    "cf.no_needs_grad",
    says="you return no gradient for the slope: None means that it needs none, and it will never be learned",
    hint="one gradient for each argument of forward",
    LeakyReluFn=edit("return dx, dslope", "return dx, None"),
)
variants.wrong(
    "cf.mean",
    says="you average the slope's gradient over the entries: a gradient of a sum is a sum, nothing is divided in a layer",
    hint="compare your dslope with torch's: what is the factor?",
    LeakyReluFn=edit(SLOPE, SLOPE.replace("sum()", "mean()")),
)
variants.wrong(
    "cf.whole_sum",
    says="you count entries with x > 0 towards the slope's gradient: there the slope has had no part in the output",
    hint="where x > 0, d f / d s is 0",
    LeakyReluFn=edit(SLOPE, "dslope = (x * dout).sum()"),
)
variants.wrong(
    "cf.no_upstream_for_slope",
    says="you forget the upstream gradient in that of the slope: your numbers are those for a loss that is the sum of the outputs",
    hint="try an upstream gradient that is not 1 everywhere",
    LeakyReluFn=edit(SLOPE, SLOPE.replace("x * dout", "x")),
)
variants.wrong(
    "cf.no_upstream",
    says="you return the derivative of the layer alone: the chain rule multiplies it by dout",
    hint="try an upstream gradient that is not 1 everywhere",
    LeakyReluFn=edit("torch.where(x > 0, dout, slope * dout)", "torch.where(x > 0, 1.0, slope)"),
)
variants.wrong(
    "cf.plain_relu",
    says="that is the gradient of the plain ReLU: below 0 the slope still lets something through",
    hint="at x < 0, dx is slope * dout",
    LeakyReluFn=edit("torch.where(x > 0, dout, slope * dout)", "torch.where(x > 0, dout, 0.0)"),
)
variants.wrong(
    "cf.in_place",
    says="you write into x: whoever gave it to you still needs it",
    hint="torch.where makes a new tensor",
    LeakyReluFn=edit(
        "        return torch.where(x > 0, x, slope * x)",
        "        with torch.no_grad():\n            x.copy_(torch.where(x > 0, x, slope * x))\n        return x.clone()",
        SAVED,
        "ctx.save_for_backward(x.clone(), slope)",
    ),
)

WORST = "max(abs(a), abs(numeric), 1e-4)"
DIFFERENCE = "(sides[0] - sides[1]) / (2 * h)"

variants.wrong(
    "pg.float32",
    says="you measure in float32: its rounding errors are as large as a bug, so every verdict is worthless",
    hint="float64 is asked for: raise a ValueError for anything else",
    param_gradcheck=edit("if any(parameter.dtype != torch.float64 for parameter in model.parameters()):", "if False:"),
)
variants.wrong(
    "pg.dropout_on",
    says="you compare two losses under two dropout masks: what you see is the masks, not the weight",
    hint="torch.manual_seed(0) before every loss",
    param_gradcheck=edit("        torch.manual_seed(0)\n", ""),
)
variants.wrong(
    "pg.not_restored",
    says="you move the weights of the model itself, and its statistics: it must be afterwards what it was before",
    hint="copy.deepcopy(model)",
    param_gradcheck=edit("net = copy.deepcopy(model)", "net = model"),
)
variants.wrong(
    "pg.one_sided",
    says="your difference looks to one side only: its error is so large that it cannot tell right from nearly right",
    hint="(L(w + h) - L(w - h)) / 2h",
    param_gradcheck=edit("(h, -h)", "(h, 0.0)", DIFFERENCE, "(sides[0] - sides[1]) / h"),
)
variants.wrong(
    "pg.h_once",
    says="from w - h to w + h it is two steps: divide by 2h",
    hint="all your numeric slopes are twice as large as the gradient",
    param_gradcheck=edit(DIFFERENCE, "(sides[0] - sides[1]) / h"),
)
variants.wrong(
    "pg.absolute",
    says="your error is an absolute one: it says nothing until one knows how large the gradient is",
    hint="divide by the larger of the two, but at least by 1e-4",
    param_gradcheck=edit(f"abs(a - numeric) / {WORST}", "abs(a - numeric)"),
)
variants.wrong(
    "pg.mean",
    says="you average the errors: one wrong parameter among many healthy ones then hardly shows",
    hint="the largest error is asked for",
    param_gradcheck=edit(f"worst = max(worst, abs(a - numeric) / {WORST})", f"worst += abs(a - numeric) / {WORST} / len(chosen)"),
)
variants.wrong(
    "pg.sum_below",
    says="you divide by the sum of the two, as unit 1 does; here it is the larger of the two",
    hint="equation (3)",
    param_gradcheck=edit(WORST, "max(abs(a) + abs(numeric), 1e-4)"),
)
variants.wrong(
    "pg.first_n",
    says="you look at the first n entries: they all lie in the first layer, and what comes later is never seen",
    hint="torch.randperm(len(point))[:n]",
    param_gradcheck=edit("torch.randperm(len(point))[:n]", "torch.arange(len(point))[:n]"),
)
variants.wrong(
    "pg.all",
    says="you look at every parameter, whatever n is: a net of a million would take two million forward passes",
    hint="only n entries, drawn at random",
    param_gradcheck=edit("torch.randperm(len(point))[:n]", "torch.randperm(len(point))"),
)

# E8.4 ActivationMonitor


class MonitorFromTheStart:
    def __init__(self, model, types):
        self.records = []
        self.handles = []
        for name, module in model.named_modules():
            if isinstance(module, types):
                self.handles.append(module.register_forward_hook(self.listener(name)))

    def listener(self, name):
        def listen(module, inputs, output):
            h = output.detach().numpy()
            middles = np.arange(-3, 3.1, 0.5)
            nearest = np.argmin(np.abs(h.reshape(-1, 1) - middles), axis=1)
            counts = np.bincount(nearest, minlength=13).tolist()
            self.records.append(
                {
                    "name": name,
                    "mean": float(np.mean(h)),
                    "std": float(np.std(h)),
                    "zero": float(np.mean(h == 0)),
                    "saturated": float(np.mean(np.abs(h) > 0.98)),
                    "histogram": counts,
                }
            )

        return listen

    def __enter__(self):
        return self

    def __exit__(self, *error):
        while self.handles:
            self.handles.pop().remove()


variants.right("am.from_the_start", ActivationMonitor=MonitorFromTheStart)
variants.right(
    "am.partial",
    ActivationMonitor=edit(
        "self._hook(name))",
        "lambda module, inputs, output, name=name: self._hook(name)(module, inputs, output))",
        "h.std(correction=0).item()",
        "float((h**2).mean() - h.mean() ** 2) ** 0.5",
    ),
)


class MonitorAtTheEnd:
    def __init__(self, model, types):
        self.records = []
        self.model, self.types = model, types
        self.handles, self.outputs = [], []

    def __enter__(self):
        for name, module in self.model.named_modules():
            if isinstance(module, self.types):
                self.handles.append(
                    module.register_forward_hook(
                        lambda module, inputs, output, name=name: self.outputs.append((name, output.detach()))
                    )
                )
        return self

    def __exit__(self, *error):
        for handle in self.handles:
            handle.remove()
        for name, h in self.outputs:
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


REMOVE = "        for handle in self._handles:\n            handle.remove()\n        self._handles.clear()"
APPEND = "            self.records.append("

variants.wrong(
    "am.keep_graph",
    says="you keep tensors with their history: every record holds the graph of its whole pass in memory",
    hint=".item() makes a plain number of a tensor with one entry",
    ActivationMonitor=edit(
        "h = output.detach()", "h = output", "h.mean().item()", "h.mean()", "h.std(correction=0).item()", "h.std(correction=0)"
    ),
)
variants.wrong(
    "am.tensors",
    says="your numbers are tensors: without a history, but still not what one can write into a file",
    hint=".item() makes a plain number of a tensor with one entry",
    ActivationMonitor=edit("h.mean().item()", "h.mean()"),
)
variants.wrong(
    "am.hoards",
    says="you keep the outputs themselves as well: after a hundred steps a hundred of them are in memory, with their graphs",
    hint="keep the numbers alone",
    ActivationMonitor=edit(
        "h = output.detach()", "self.__dict__.setdefault('outputs', []).append(output)\n            h = output.detach()"
    ),
)
variants.wrong(
    "am.no_remove",
    says="your hooks stay on the model: with every run of the cell it gets slower, and records more",
    hint="register_forward_hook returns a handle: call its remove() in __exit__",
    ActivationMonitor=edit(REMOVE, "        self._handles.clear()"),
)
variants.wrong(
    "am.no_remove_on_error",
    says="after an exception your hooks stay on the model",
    hint="__exit__ is called in either case; remove them whatever its arguments are",
    ActivationMonitor=edit(
        REMOVE, "        if error[0] is None:\n            for handle in self._handles:\n                handle.remove()"
    ),
)
variants.wrong(
    "am.swallows",
    says="your __exit__ returns something true: that makes every exception inside the block vanish",
    hint="return nothing",
    ActivationMonitor=edit("        self._handles.clear()", "        self._handles.clear()\n        return True"),
)
variants.wrong(
    "am.inplace_act",
    says="you measure at the end: by then an activation that works in place has overwritten the output",
    hint="compute the numbers in the hook",
    ActivationMonitor=MonitorAtTheEnd,
)
variants.wrong(
    "am.last_only",
    says="you keep one record for each name: a module that is used twice leaves only its last output",
    hint="a list remembers every call, a dict only the last",
    ActivationMonitor=edit(
        APPEND, "            self.records[:] = [kept for kept in self.records if kept['name'] != name]\n" + APPEND
    ),
)
variants.wrong(
    "am.late_binding",
    says="all your hooks look up the same variable, which holds the last name by the time they are called",
    hint="make the hook in a function that takes the name",
    ActivationMonitor=edit("self._hook(name))", "lambda module, inputs, output: self._hook(name)(module, inputs, output))"),
)
variants.wrong(
    "am.children",
    says="you look at the model's own children only: modules inside of modules are not heard",
    hint="named_modules() goes all the way down and gives qualified names",
    ActivationMonitor=edit("in model.named_modules() if", "in model.named_children() if"),
)
variants.wrong(
    "am.class_names",
    says="you name a record after the module's class: which of three tanhs was it?",
    hint="named_modules() gives the name that the module has in this model",
    ActivationMonitor=edit('"name": name,', '"name": type(module).__name__,'),
)
variants.wrong(
    "am.last_part",
    says="you give the last part of the name only: in a large net there are dozens of modules called act",
    hint="the qualified name, as in body.act",
    ActivationMonitor=edit('"name": name,', '"name": name.rpartition(".")[2],'),
)
variants.wrong(
    "am.unbiased",
    says="your std divides by n - 1, torch's default; here it is n",
    hint="h.std(correction=0)",
    ActivationMonitor=edit("h.std(correction=0)", "h.std()"),
)
variants.wrong(
    "am.std_of_means",
    says="your std is that of one sample's units, or of the means: here it goes over all entries at once",
    hint="h.std(correction=0), without a dimension",
    ActivationMonitor=edit("h.std(correction=0)", "h.mean(dim=0).std(correction=0)"),
)
variants.wrong(
    "am.no_tails",
    says="your histogram drops what lies outside -3 to 3: its counts must add up to the number of entries",
    hint="clamp first",
    ActivationMonitor=edit("h.clamp(-3.25, 3.25)", "h"),
)
variants.wrong(
    "am.one_sided",
    says="you see only one end of the tanh: -1 is as flat as +1",
    hint="take the absolute value first",
    ActivationMonitor=edit("h.abs() > 0.98", "h > 0.98"),
)
variants.wrong(
    "am.not_positive",
    says="you count negative numbers as zeros: right for a ReLU, and for nothing else",
    hint="exactly zero",
    ActivationMonitor=edit("(h == 0)", "(h <= 0)"),
)
variants.wrong(
    "am.inputs",
    says="you measure what goes into the module, not what comes out",
    hint="a forward hook gets the module, its inputs and its output, in this order",
    ActivationMonitor=edit("h = output.detach()", "h = inputs[0].detach()"),
)
variants.wrong(
    "am.returns",
    says="your hook returns something: that takes the place of the output, here without a history, so nothing below it learns",
    hint="a hook that only listens returns nothing",
    ActivationMonitor=edit(
        "        def record(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:",
        "        def record(module, inputs, output):",
        "                }\n            )\n",
        "                }\n            )\n            return h\n",
    ),
)

# E8.5 update_ratios


def ratios_by_hand(model, opt, closure):
    names = [name for name, p in model.named_parameters() if p.dim() > 1]
    weights = [p for p in model.parameters() if p.dim() > 1]
    old = copy.deepcopy([p.data for p in weights])
    closure()
    opt.step()
    result = {}
    for name, p, w in zip(names, weights, old, strict=True):
        length, size = torch.sqrt(((p.data - w) ** 2).sum()), torch.sqrt((w**2).sum())
        if size == 0:
            result[name] = math.inf if length > 0 else 0.0
        else:
            result[name] = float(length / size)
    return result


def ratios_from_numpy(model, opt, closure):
    def state():
        return {name: np.array(p.detach()) for name, p in model.named_parameters() if p.ndim >= 2}

    before = state()
    opt.step(closure)
    after = state()
    with np.errstate(all="ignore"):
        ratios = {
            name: np.linalg.norm((after[name] - before[name]).ravel()) / np.linalg.norm(before[name].ravel()) for name in before
        }
    return {name: 0.0 if np.isnan(ratio) else float(ratio) for name, ratio in ratios.items()}


variants.right("ur.by_hand", update_ratios=ratios_by_hand)
variants.right("ur.from_numpy", update_ratios=ratios_from_numpy)

STEP = "    opt.step(closure)\n"
RATIO = "moved / size if size > 0 else math.inf if moved > 0 else 0.0"
LENGTHS = "moved, size = (parameter.detach() - before[name]).norm().item(), before[name].norm().item()"

variants.wrong(
    "ur.grad",
    says="you recompute the step as lr times the gradient: that is plain SGD, and neither Adam nor momentum nor weight decay",
    hint="measure the weights before and after",
    update_ratios=edit(
        LENGTHS,
        "g = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad\n"
        "        moved, size = opt.param_groups[0]['lr'] * g.norm().item(), before[name].norm().item()",
    ),
)
variants.wrong(
    "ur.absolute",
    says="that is how far the weights have moved, not by what share of their size",
    hint="divide by the norm of the weights before the step",
    update_ratios=edit(RATIO, "moved"),
)
variants.wrong(
    "ur.alias",
    says="your weights before the step are the weights after it: without a copy both names mean the same memory",
    hint="detach().clone()",
    update_ratios=edit("parameter.detach().clone()", "parameter.data"),
)
variants.wrong(
    "ur.after",
    says="you divide by the size after the step; here it is the one before",
    hint="before[name].norm()",
    update_ratios=edit("before[name].norm().item()", "parameter.detach().norm().item()"),
)
variants.wrong(
    "ur.std",
    says="that is a ratio of standard deviations: it does not see what moves all the weights the same way",
    hint="norms, not spreads",
    update_ratios=edit(LENGTHS, "moved, size = (parameter.detach() - before[name]).std().item(), before[name].std().item()"),
)
variants.wrong(
    "ur.squared",
    says="that is a ratio of sums of squares: the root is missing",
    hint="print the ratio and its square root",
    update_ratios=edit(LENGTHS, LENGTHS.replace(".norm().item()", ".square().sum().item()")),
)
variants.wrong(
    "ur.mean_of_ratios",
    says="you average the ratios of single weights: one weight near 0 then decides all",
    hint="first the norms, then one division",
    update_ratios=edit(LENGTHS, "moved, size = ((parameter.detach() - before[name]) / before[name]).abs().mean().item(), 1.0"),
)
variants.wrong(
    "ur.biases",
    says="you report biases as well: they start near 0, so their ratios say little",
    hint="parameters with two dimensions or more",
    update_ratios=edit("model.named_parameters() if parameter.ndim >= 2", "model.named_parameters()"),
)
variants.wrong(
    "ur.only_two",
    says="you leave the kernels of convolutions out: they have four dimensions",
    hint="two dimensions or more",
    update_ratios=edit("parameter.ndim >= 2", "parameter.ndim == 2"),
)
variants.wrong(
    "ur.restores",
    says="you put the weights back after the step: then nothing is ever learned",
    hint="it is a real step that you watch, not a rehearsal",
    update_ratios=edit(
        "    return ratios",
        "    for name, parameter in matrices.items():\n        parameter.data.copy_(before[name])\n    return ratios",
    ),
)
variants.wrong(
    "ur.twice",
    says="you compute the gradient twice: opt.step(closure) calls the closure itself",
    hint="either opt.step(closure), or closure() and then opt.step()",
    update_ratios=edit(STEP, "    closure()\n" + STEP),
)
variants.wrong(
    "ur.no_closure",
    says="you make the step without having computed a gradient: nobody has called the closure",
    hint="opt.step(closure)",
    update_ratios=edit(STEP, "    opt.step()\n"),
)
variants.wrong(
    "ur.no_zero",
    says="a matrix of zeros has no size to divide by: tell that case apart",
    hint="math.inf when it has moved, 0.0 when not",
    update_ratios=edit(RATIO, "moved / size"),
)
variants.wrong(
    "ur.eps",
    says="you add a small number to the size: a matrix of zeros then gets a ratio of millions that means nothing",
    hint="math.inf when it has moved, 0.0 when not",
    update_ratios=edit(RATIO, "moved / (size + 1e-8)"),
)

# Q8.2

variants.wrong("q.both.better", says="there every sample gets better: the loss falls", accuracy_up_loss_up='"A"')
variants.wrong(
    "q.both.worse", says="there the accuracy stays where it was: 0.48 is still on the wrong side", accuracy_up_loss_up='"C"'
)
variants.wrong(
    "q.both.none",
    says="accuracy asks which class is ahead, cross-entropy by how much: sure samples may lose more than doubtful ones win",
    accuracy_up_loss_up='"D"',
)

# E8.6 first_nonfinite, masked_log, safe_normalize, bce_with_logits, safe_std


def find_by_two_passes(model, x):
    def kind(tensor):
        return "inf" if bool(torch.isinf(tensor).any()) else "nan"

    def finite(tensor):
        return bool(torch.isfinite(tensor).all())

    if not finite(x):
        return "input", kind(x)
    model = copy.deepcopy(model)
    seen, arrived = [], []

    def after(name):
        def hook(module, inputs, output):
            seen.append((name, finite(output), kind(output)))

        return hook

    def leave(name):
        return lambda gradient: arrived.append((name, finite(gradient), "gradient " + kind(gradient)))

    def before(name):
        def hook(module, inputs):
            if inputs[0].requires_grad:
                inputs[0].register_hook(leave(name))

        return hook

    for name, module in model.named_modules():
        module.register_forward_hook(after(name))
        if not len(list(module.children())):
            module.register_forward_pre_hook(before(name))
            for parameter in module.parameters():
                parameter.register_hook(leave(name))
    model(x).sum().backward()
    for name, fine, what in seen:
        if not fine:
            return name, what
    for name, fine, what in arrived:
        if not fine:
            return name, what
    return None


def log_by_index(x):
    out = torch.zeros_like(x)
    out[x > 0] = torch.log(x[x > 0])
    return out


def normalize_by_norm(x):
    length = x.norm(dim=1, keepdim=True)
    return x / torch.where(length == 0, torch.ones_like(length), length)


def std_by_extremes(x):
    deviation = x - x.mean(dim=0)
    fixed = x.amax(dim=0) == x.amin(dim=0)
    squares = (deviation**2).mean(dim=0).masked_fill(fixed, 1.0)
    return squares.sqrt()


LOG = "torch.where(positive, torch.log(torch.where(positive, x, 1.0)), 0.0)"
UNIT = "x / torch.sqrt(torch.where(squared > 0, squared, 1.0))"
ROOT = "torch.sqrt(torch.where(constant, 1.0, variance))"
VARIANCE = "((x - x.mean(dim=0)) ** 2).mean(dim=0)"
LOSSES = "-(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean()"

variants.right(
    "sf.otherwise",
    first_nonfinite=find_by_two_passes,
    masked_log=log_by_index,
    safe_normalize=normalize_by_norm,
    bce_with_logits=edit("-(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean()", "F.binary_cross_entropy_with_logits(z, y)"),
    safe_std=std_by_extremes,
)
variants.right(
    "sf.welford",  # torch's own variance of a constant column is exactly 0
    safe_std=edit(
        "constant = (x == x[0]).all(dim=0)\n    ", "", VARIANCE, "x.var(dim=0, correction=0)\n    constant = variance == 0"
    ),
)
variants.right(
    "sf.softplus",
    bce_with_logits=edit(LOSSES, "(y * F.softplus(-z, threshold=700) + (1 - y) * F.softplus(z, threshold=700)).mean()"),
    safe_std=edit("torch.sqrt(torch.where(constant, 1.0, variance))", "torch.where(constant, 1.0, x.std(dim=0, correction=0))"),
)


variants.wrong(
    "sf.where_outside",
    says="you have walked into the where trap: the logarithm still gets the 0, and on the way back 0 times infinity is nan",
    hint="replace the bad number before the logarithm, not after it",
    masked_log=edit(LOG, "torch.where(positive, torch.log(x), 0.0)"),
)
variants.wrong(
    "sf.eps_inside_log",
    says="you add a small number inside the logarithm: that changes the value wherever it was right",
    hint="replace the numbers that are not positive, and leave the others alone",
    masked_log=edit(LOG, "torch.where(positive, torch.log(x.clamp(min=0) + 1e-8), 0.0)"),
)
variants.wrong(
    "sf.log_clamped",
    says="your clamp gives the logarithm of a tiny number where 0 is asked for",
    hint="0 for x that is not positive",
    masked_log=edit(LOG, "torch.log(x.clamp(min=1e-12))"),
)
variants.wrong(
    "sf.normalize_plain",
    says="you divide a row of zeros by its length, 0: nan",
    hint="replace the length of such a row by 1",
    safe_normalize=edit(UNIT, "x / torch.sqrt(squared)"),
)
variants.wrong(
    "sf.normalize_eps",
    says="you add a small number to the length: that changes every row, and gives a row of zeros a gradient of millions",
    hint="replace the length where it is 0, and leave the others alone",
    safe_normalize=edit(UNIT, "x / (x.norm(dim=1, keepdim=True) + 1e-8)"),
)
variants.wrong(
    "sf.normalize_clamped",
    says="your smallest length is too large: short rows must become as long as all the others",
    hint="only a length of exactly 0 is replaced",
    safe_normalize=edit(UNIT, "x / torch.sqrt(squared.clamp(min=1e-12))"),
)
variants.wrong(
    "sf.normalize_where_outside",
    says="you pick the zeros after the division: on the way back 0 times infinity is nan",
    hint="replace the length before dividing by it",
    safe_normalize=edit(UNIT, "torch.where(squared > 0, x / torch.sqrt(squared), 0.0)"),
)
variants.wrong(
    "sf.normalize_columns",
    says="you bring the columns to length 1: a sample is a row",
    hint="dim=1",
    safe_normalize=edit("sum(dim=1, keepdim=True)", "sum(dim=0, keepdim=True)"),
)
variants.wrong(
    "sf.bce_naive",
    says="you take the logarithm of a rounded probability: at a score of 1000 it is exactly 0 or 1",
    hint="F.logsigmoid stays in logarithms",
    bce_with_logits=edit(LOSSES, "-(y * torch.log(torch.sigmoid(z)) + (1 - y) * torch.log(1 - torch.sigmoid(z))).mean()"),
)
variants.wrong(
    "sf.clamp_kills",
    says="your clamp cuts the gradient off: the surest mistakes, which have most to learn, learn nothing",
    hint="no clamp is needed when you stay in logarithms",
    bce_with_logits=edit(LOSSES, "F.binary_cross_entropy(torch.sigmoid(z).clamp(1e-12, 1 - 1e-12), y)"),
)
variants.wrong(
    "sf.bce_overflow",
    says="e to the power of 1000 is infinite: put only negative numbers into the exponential",
    hint="softplus(z) = log(1 + e^z) has a form that does not overflow: F.softplus, or F.logsigmoid",
    bce_with_logits=edit(LOSSES, "(torch.log(1 + torch.exp(z)) - y * z).mean()"),
)
variants.wrong(
    "sf.bce_kink",
    says="your value is right; at a score of 0 max and absolute value have kinks whose gradients should cancel and do not",
    hint="F.logsigmoid has no kink",
    bce_with_logits=edit(LOSSES, "(z.clamp(min=0) - y * z + torch.log1p(torch.exp(-z.abs()))).mean()"),
)
variants.wrong(
    "sf.bce_sum",
    says="you add the samples up: the mean is asked for",
    hint="divide by N",
    bce_with_logits=edit(LOSSES, LOSSES.replace("mean()", "sum()")),
)
variants.wrong(
    "sf.bce_one_side",
    says="you only count the samples whose answer is yes: a no costs something as well",
    hint="there are two terms",
    bce_with_logits=edit(LOSSES, "-(y * F.logsigmoid(z)).mean()"),
)
variants.wrong(
    "sf.std_where_outside",
    says="you pick after the root: its derivative at 0 is infinite, and 0 times infinity is nan",
    hint="replace the variance before taking the root",
    safe_std=edit(ROOT, "torch.where(constant, 1.0, torch.sqrt(variance))"),
)
variants.wrong(
    "sf.std_eps",
    says="you add a small number to the variance, as BatchNorm does: that changes every column",
    hint="replace it only where the column never changes",
    safe_std=edit(ROOT, "torch.sqrt(variance + 1e-8)"),
)
variants.wrong(
    "sf.std_zero",
    says="you return 0 for a column that never changes: whoever divides by it gets nan",
    hint="1 does no harm to a column of zeros",
    safe_std=edit(ROOT, "torch.where(constant, 0.0, torch.sqrt(torch.where(constant, 1.0, variance)))"),
)
variants.wrong(
    "sf.std_variance_zero",
    says="you ask whether the variance is 0: that of six 0.1s is not, because their computed mean is not quite 0.1",
    hint="ask whether all entries of the column are equal",
    safe_std=edit("constant = (x == x[0]).all(dim=0)\n    ", "", ".mean(dim=0)\n", ".mean(dim=0)\n    constant = variance == 0\n"),
)
variants.wrong(
    "sf.std_unbiased",
    says="you divide by N - 1, torch's default: here it is N",
    hint="correction=0",
    safe_std=edit(VARIANCE, "x.var(dim=0)"),
)
variants.wrong(
    "sf.std_rows",
    says="you take the spread of every row; a feature is a column",
    hint="dim=0",
    safe_std=edit(VARIANCE, "x.var(dim=1, correction=0)[: x.shape[1]]"),
)
variants.wrong(
    "fn.only_output",
    says="you look at the model's output alone: it tells that something has happened, not where",
    hint="a forward hook on every module",
    first_nonfinite=edit("in net.named_modules():", "in [('', net)]:"),
)
variants.wrong(
    "fn.last",
    says="you report the last finding: the first is the culprit, all others are its victims",
    hint="found[0]",
    first_nonfinite=edit("return found[0] if found", "return found[-1] if found"),
)
variants.wrong(
    "fn.nan_only",
    says="you look for nan only: what becomes a nan has often been an infinity before, one or two modules earlier",
    hint="isfinite sees both",
    first_nonfinite=edit("not tensor.isfinite().all()", "tensor.isnan().any()"),
)
variants.wrong(
    "fn.inf_only",
    says="you look for infinities only: 0/0 and the like give nan at once",
    hint="isfinite sees both",
    first_nonfinite=edit("not tensor.isfinite().all()", "tensor.isinf().any()"),
)
variants.wrong(
    "fn.nan_first",
    says="where both are there you say nan; the infinity is usually the older one, and it is what is asked for",
    hint="ask for inf first",
    first_nonfinite=edit('"inf" if tensor.isinf().any() else "nan"', '"nan" if tensor.isnan().any() else "inf"'),
)
variants.wrong(
    "fn.forward_only",
    says="you never go back: a root of 0 is a fine number, and its gradient is not",
    hint="output.backward(torch.ones_like(output)), with hooks on tensors",
    first_nonfinite=edit("if not found and output.requires_grad:", "if False:"),
)
variants.wrong(
    "fn.no_parameters",
    says="you look at the gradients of inputs only: a module's own parameter can get the first one that is not finite",
    hint="register_hook works on parameters too",
    first_nonfinite=edit("            watch(module.parameters(), name)\n", ""),
)
variants.wrong(
    "fn.gradient_of_outputs",
    says="you look at the gradients of outputs: they have not been through the module yet, so you blame the one before",
    hint="what comes out of a module on the way back is the gradient of its input",
    first_nonfinite=edit(
        "module.register_forward_pre_hook(lambda module, inputs, name=name: watch(inputs, name))",
        "module.register_forward_hook(lambda module, inputs, output, name=name: watch([output], name))",
        "            watch(module.parameters(), name)\n",
        "",
    ),
)
variants.wrong(
    "fn.no_input",
    says="you blame the first module for what was wrong with the data: look at x before the model does",
    hint='("input", kind)',
    first_nonfinite=edit('    look(x, "input")\n', ""),
)
variants.wrong(
    "fn.class_names",
    says="you report the class of the module: there may be twenty of it",
    hint="the name in model.named_modules()",
    first_nonfinite=edit("look(output, name))", "look(output, type(module).__name__))"),
)
variants.wrong(
    "fn.no_copy",
    says="you work on the model itself: hooks, gradients and statistics stay behind",
    hint="copy.deepcopy(model)",
    first_nonfinite=edit("net = copy.deepcopy(model)", "net = model"),
)

# E8.7 dependency_chart


def chart_from_jacobian(model, x, probes=20):
    twin = copy.deepcopy(model)
    places = [x, *(torch.randn_like(x) for _ in range(probes))]
    seen = torch.zeros(len(x), len(x), dtype=torch.bool)
    for place in places:
        jacobian = torch.autograd.functional.jacobian(twin, place)
        outputs = jacobian.dim() - x.dim()
        moved = jacobian.ne(0).flatten(outputs + 1).any(dim=-1) if x.dim() > 1 else jacobian.ne(0)
        seen = seen | (moved.flatten(1, outputs - 1).any(dim=1) if outputs > 1 else moved)
    return seen


def chart_with_upstream(model, x, probes=20):
    model, rows = copy.deepcopy(model), []
    batches = [x.detach().clone().requires_grad_()]
    batches += [torch.empty_like(x).normal_().requires_grad_() for _ in range(max(probes, 30))]
    outputs = [model(batch) for batch in batches]
    for i in range(x.shape[0]):
        row = torch.zeros(x.shape[0], dtype=torch.bool)
        for batch, output in zip(batches, outputs, strict=True):
            if output.grad_fn is None:
                continue
            upstream = torch.zeros_like(output)
            upstream[i] = torch.rand(output[i].shape, dtype=output.dtype) + 0.5
            gradient = torch.autograd.grad(output, batch, upstream, retain_graph=True, allow_unused=True)[0]
            if gradient is not None:
                row = row | torch.stack([part.abs().max() > 0 for part in gradient])
        rows.append(row)
    return torch.stack(rows)


variants.right("dc.jacobian", dependency_chart=chart_from_jacobian)
variants.right("dc.upstream", dependency_chart=chart_with_upstream)

SCORE = "score = (weights[i] * outputs[i]).sum()"
CHART_GRADIENT = "(gradient,) = torch.autograd.grad(score, batch, retain_graph=True, allow_unused=True)"

variants.wrong(
    "dc.sum_all",
    says="you differentiate the sum over all samples: then every row is the same, and everybody seems to depend on everybody",
    hint="the score of row i is made of outputs[i] alone",
    dependency_chart=edit(SCORE, "score = (weights * outputs).sum()"),
)
variants.wrong(
    "dc.zero_relu",
    says="you look at x alone: a connection through a ReLU that is closed there does not show",
    hint="look at the random batches as well, and collect with |=",
    dependency_chart=edit("range(probes + 1)", "range(1)"),
)
variants.wrong(
    "dc.last_probe",
    says="your chart is that of the last random batch: what an earlier one showed has been overwritten",
    hint="|= collects, = overwrites",
    dependency_chart=edit("chart[i] |=", "chart[i] ="),
)
variants.wrong(
    "dc.param_grads",
    says="your test leaves gradients behind in the model's parameters: the next step of its training would use them",
    hint="torch.autograd.grad(score, batch) returns the gradient and stores nothing",
    dependency_chart=edit(
        "    model = copy.deepcopy(model)\n",
        "    buffers = copy.deepcopy(dict(model.named_buffers()))\n",
        CHART_GRADIENT,
        "score.backward(retain_graph=True)\n            gradient, batch.grad = batch.grad, None",
        "    return chart",
        "    for name, buffer in model.named_buffers():\n        buffer.copy_(buffers[name])\n    return chart",
    ),
)
variants.wrong(
    "dc.running_stats",
    says="your test runs random batches through the model itself: BatchNorm's running statistics have moved",
    hint="test a copy: copy.deepcopy(model)",
    dependency_chart=edit("    model = copy.deepcopy(model)\n", ""),
)
variants.wrong(
    "dc.plain_sum",
    says="you add the outputs of a sample up without weights: where their sum is constant, nothing seems to depend on anything",
    hint="multiply the outputs by random weights before you sum",
    dependency_chart=edit("(weights[i] * outputs[i])", "outputs[i]"),
)
variants.wrong(
    "dc.first_output",
    says="you look at the first output of each sample only: a leak in another one goes unseen",
    hint="all of outputs[i] belongs into the score",
    dependency_chart=edit("(weights[i] * outputs[i])", "(weights[i] * outputs[i]).flatten()[:1]"),
)
variants.wrong(
    "dc.transposed",
    says="you return the chart with inputs down and outputs across: it is the transpose of what is asked",
    hint="the gradient of output i fills row i",
    dependency_chart=edit("chart[i] |=", "chart[:, i] |="),
)
variants.wrong(
    "dc.eval_mode",
    says="you switch the model to evaluation mode: BatchNorm then looks clean, whatever it does in training",
    hint="look at the model in the mode it is in",
    dependency_chart=edit("copy.deepcopy(model)", "copy.deepcopy(model).eval()"),
)
variants.wrong(
    "dc.cut",
    says="you raise an error where no gradient gets through: that is the finding which the chart is there to show",
    hint="allow_unused=True gives None in that case: treat it as 0",
    dependency_chart=edit(", allow_unused=True", ""),
)


def chart_by_nudging(model, x, probes=20):
    model = copy.deepcopy(model)
    chart = torch.zeros(len(x), len(x), dtype=torch.bool)
    with torch.no_grad():
        for probe in range(probes + 1):
            batch = x.clone() if probe == 0 else torch.randn_like(x)
            outputs = model(batch)
            for j in range(len(x)):
                nudged = batch.clone()
                nudged[j] += 0.01 * torch.randn_like(batch[j])
                chart[:, j] |= (model(nudged) != outputs).reshape(len(x), -1).any(dim=1)
    return chart


variants.wrong(
    "dc.nudge",
    says="you nudge the inputs and watch the values: they get through where no gradient does, and it is gradients that train",
    hint="torch.autograd.grad(score, batch) sees what training sees",
    dependency_chart=chart_by_nudging,
)

# E8.8 find_untrained


def untrained_in_place(model, opt, loss_fn):
    held = [parameter for group in opt.param_groups for parameter in group["params"]]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    report = {key: [] for key in ("frozen", "not_in_optimizer", "no_grad", "zero_grad", "hidden_modules")}
    loss = loss_fn(model)
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            report["frozen"].append(name)
            continue
        if not any(parameter is other for other in held):
            report["not_in_optimizer"].append(name)
        gradient = torch.autograd.grad(loss, parameter, retain_graph=True, allow_unused=True)[0] if loss.requires_grad else None
        if gradient is None:
            report["no_grad"].append(name)
        elif torch.count_nonzero(gradient) == 0:
            report["zero_grad"].append(name)
    with torch.no_grad():
        for buffer, kept in buffers:
            buffer.copy_(kept)
    known = set(model.modules())
    for owner, module in model.named_modules():
        waiting = [((owner + "." if owner else "") + name, value) for name, value in module.__dict__.items()]
        while waiting:
            place, value = waiting.pop(0)
            if isinstance(value, nn.Module):
                if value not in known:
                    report["hidden_modules"].append(place)
            elif isinstance(value, dict):
                waiting = [(f"{place}[{key!r}]", item) for key, item in value.items()] + waiting
            elif isinstance(value, (tuple, list)):
                waiting = [(f"{place}[{index}]", item) for index, item in enumerate(value)] + waiting
    return report


def untrained_by_backward(model, opt, loss_fn):
    twin = copy.deepcopy(model)
    twin.zero_grad(set_to_none=True)
    loss = loss_fn(twin)
    if loss.grad_fn is not None:
        loss.backward()
    addresses = {parameter.data_ptr() for group in opt.param_groups for parameter in group["params"]}
    frozen, missing, without, zero = [], [], [], []
    for (name, original), copied in zip(model.named_parameters(), twin.parameters(), strict=True):
        if original.requires_grad:
            if original.data_ptr() not in addresses:
                missing.append(name)
            if copied.grad is None:
                without.append(name)
            elif float(copied.grad.abs().max()) == 0:
                zero.append(name)
        else:
            frozen.append(name)
    registered = [id(module) for module in model.modules()]

    def places(place, value):
        if isinstance(value, nn.Module):
            return [] if id(value) in registered else [place]
        if isinstance(value, dict):
            return [found for key in value for found in places(f"{place}[{key!r}]", value[key])]
        if isinstance(value, (list, tuple)):
            return [found for index in range(len(value)) for found in places(f"{place}[{index}]", value[index])]
        return []

    hidden = []
    for prefix, module in model.named_modules():
        for attribute in vars(module):
            hidden += places(".".join(filter(None, (prefix, attribute))), getattr(module, attribute))
    return {"frozen": frozen, "not_in_optimizer": missing, "no_grad": without, "zero_grad": zero, "hidden_modules": hidden}


variants.right("fu.in_place", find_untrained=untrained_in_place)
variants.right("fu.backward", find_untrained=untrained_by_backward)

HELD = 'updated = {id(parameter) for group in opt.param_groups for parameter in group["params"]}'
MISSING = "[name for name, p in model.named_parameters() if p.requires_grad and id(p) not in updated]"
NONE = "[name for name, gradient in gradients.items() if gradient is None]"
ZEROS = "[name for name, gradient in gradients.items() if gradient is not None and not gradient.any()]"
CONTAINERS = "elif isinstance(value, (list, tuple, dict)):"

variants.wrong(
    "fu.requires_only",
    says="you only ask for requires_grad: a parameter that the optimizer has never heard of has it as well",
    hint="a parameter must be in a group of the optimizer, and get a gradient, to be trained",
    find_untrained=edit(MISSING, "[]", NONE, "[]", ZEROS, "[]"),
)
variants.wrong(
    "fu.by_value",
    says="you compare tensors by their numbers: a net made anew with the same seed looks like the old one, and is not",
    hint="compare objects: `is`, or id(...)",
    find_untrained=edit(
        HELD,
        'updated = [parameter for group in opt.param_groups for parameter in group["params"]]',
        "id(p) not in updated",
        "not any(p.shape == q.shape and torch.equal(p, q) for q in updated)",
    ),
)
variants.wrong(
    "fu.by_ambiguous_value",
    says="`in` asks each tensor of the list whether it equals this one, entry by entry: that is neither identity nor a truth value",
    hint="compare objects: `is`, or id(...)",
    find_untrained=edit(
        HELD,
        'updated = [parameter for group in opt.param_groups for parameter in group["params"]]',
        "id(p) not in updated",
        "p not in updated",
    ),
)
variants.wrong(
    "fu.first_group",
    says="you look at the optimizer's first group only: the others hold parameters too",
    hint="opt.param_groups is a list, with one dict for each group",
    find_untrained=edit("for group in opt.param_groups for", "for group in opt.param_groups[:1] for"),
)
variants.wrong(
    "fu.grad_none_zero",
    says="you put a gradient of None and one of zeros into one list: the first parameter is never used, the second is dead",
    hint="None means that the loss does not depend on the parameter",
    find_untrained=edit(
        NONE, "[]", ZEROS, "[name for name, gradient in gradients.items() if gradient is None or not gradient.any()]"
    ),
)
variants.wrong(
    "fu.none_too",
    says="you count a gradient of zeros as no gradient as well: then the two lists cannot be told apart",
    hint="no_grad is for None alone",
    find_untrained=edit(NONE, "[name for name, gradient in gradients.items() if gradient is None or not gradient.any()]"),
)
variants.wrong(
    "fu.frozen_everywhere",
    says="you list frozen parameters under other headings too: whoever froze them knows that they get no gradient",
    hint="the three lists after the first leave frozen parameters out",
    find_untrained=edit(NONE, "[name for name, p in twin.named_parameters() if not p.requires_grad or gradients[name] is None]"),
)
variants.wrong(
    "fu.tied_twice",
    says="you list a weight that two layers share twice: it is one parameter",
    hint="model.named_parameters() gives it once",
    find_untrained=edit(
        "[name for name, p in model.named_parameters() if p.requires_grad and",
        "[name for name, p in model.named_parameters(remove_duplicate=False) if p.requires_grad and",
    ),
)
variants.wrong(
    "fu.top_level",
    says="you search the model's own attributes only: a module inside it may keep a list of layers too",
    hint="model.named_modules() gives all of them, with their names",
    find_untrained=edit("in model.named_modules():", 'in [("", model)]:'),
)
variants.wrong(
    "fu.flat",
    says="you look into a container, but not into the containers in it",
    hint="let the search call itself",
    find_untrained=edit(
        '    search(f"{place}[{key!r}]", item)',
        '    if isinstance(item, nn.Module):\n                    search(f"{place}[{key!r}]", item)',
    ),
)
variants.wrong(
    "fu.no_tuples",
    says="you look into lists and dicts, but not into tuples",
    hint="isinstance takes several types: (list, tuple, dict)",
    find_untrained=edit(CONTAINERS, "elif isinstance(value, (list, dict)):"),
)
variants.wrong(
    "fu.registered_too",
    says="you report layers that are registered: a second list of them hides nothing",
    hint="leave out what is among model.modules()",
    find_untrained=edit(
        " and id(value) not in registered",
        ' and not place.endswith("]") or isinstance(value, nn.Module) and "_modules[" not in place',
    ),
)
variants.wrong(
    "fu.leaves_gradients",
    says="your search leaves gradients behind in the model: the next step of its training would use them",
    hint="work on a copy, or use torch.autograd.grad, which stores nothing",
    find_untrained=edit(
        "    return {\n",
        "    loss_fn(model).backward() if loss.requires_grad else None\n    model.load_state_dict(twin_state)\n    return {\n",
        "    twin = copy.deepcopy(model)\n",
        "    twin = copy.deepcopy(model)\n    twin_state = copy.deepcopy(model.state_dict())\n",
    ),
)
variants.wrong(
    "fu.running_stats",
    says="your search runs a batch through the model itself: BatchNorm's running statistics have moved",
    hint="work on a copy",
    find_untrained=edit("twin = copy.deepcopy(model)", "twin = model"),
)
variants.wrong(
    "fu.all_frozen",
    says="you ask for gradients of a loss that has none: when everything is frozen, that is the finding, not an error",
    hint="look at loss.requires_grad first",
    find_untrained=edit("if trainable and loss.requires_grad:", "if True:"),
)

# E8.9 audit_loader, overlap, class_weights, balanced_batches


def audit_sample_by_sample(loader, C):
    seen, position = {}, 0
    report = {
        "samples": 0,
        "counts": [0] * C,
        "bad_labels": [],
        "nonfinite": [],
        "constant_features": [],
        "duplicates": [],
        "single_label_batches": [],
    }
    low = high = None
    for number, (inputs, labels) in enumerate(loader):
        if len(labels) > 1 and len(set(labels.tolist())) == 1:
            report["single_label_batches"].append(number)
        for sample, label in zip(inputs.flatten(1).to(torch.float64), labels.tolist(), strict=True):
            if 0 <= label < C:
                report["counts"][label] += 1
            else:
                report["bad_labels"].append(position)
            if bool(torch.isfinite(sample).all()):
                low = sample if low is None else torch.minimum(low, sample)
                high = sample if high is None else torch.maximum(high, sample)
            else:
                report["nonfinite"].append(position)
            key = tuple(round(value, 6) if np.isfinite(value) else str(value) for value in sample.tolist())
            if key in seen:
                report["duplicates"].append(position)
            seen[key] = True
            position += 1
    report["samples"] = position
    report["constant_features"] = [index for index, (a, b) in enumerate(zip(low, high, strict=True)) if a == b]
    return report


def overlap_by_distance(A, B, decimals=6):
    A, B = np.reshape(A, (len(A), -1)), np.reshape(B, (len(B), -1))
    rounded = np.round(B.astype(float), decimals)
    return np.flatnonzero([(np.abs(rounded - np.round(a.astype(float), decimals)).max(axis=1) < 1e-12).any() for a in A])


def weights_by_mean(counts):
    if min(counts) == 0:
        raise ValueError("empty class")
    return np.mean(counts) / counts


def balanced_with_deques(y, B, rng):
    labels = sorted(set(y.tolist()))
    each, left = divmod(B, len(labels))
    if left:
        raise ValueError("B")
    longest = max(int((y == label).sum()) for label in labels)
    queues, batches = {label: [] for label in labels}, []
    for _ in range((longest + each - 1) // each):
        batch = []
        for label in labels:
            for _ in range(each):
                if not queues[label]:
                    queues[label] = np.nonzero(y == label)[0].tolist()
                    rng.shuffle(queues[label])
                batch.append(queues[label].pop())
        batches.append(rng.permutation(batch))
    return batches


variants.right(
    "al.one_by_one",
    audit_loader=audit_sample_by_sample,
    overlap=overlap_by_distance,
    class_weights=weights_by_mean,
    balanced_batches=balanced_with_deques,
)
variants.right(
    "al.uniques",
    audit_loader=edit(
        "(y == y[0]).all()",
        "len(torch.unique(y)) == 1",
        "np.ptp(X_all[finite], axis=0) == 0",
        "X_all[finite].max(axis=0) == X_all[finite].min(axis=0)",
    ),
    overlap=edit("known = {row.tobytes() for row in there}", "known = set(map(bytes, there))"),
    class_weights=edit("counts.sum() / (len(counts) * counts)", "1 / (counts / counts.sum() * len(counts))"),
    balanced_batches=edit(
        "return list(np.concatenate(parts, axis=1))", "return [np.concatenate(rows) for rows in zip(*parts, strict=True)]"
    ),
)

variants.wrong(
    "al.first_batch_only",
    says="you look at the first batch only: what is wrong with the data seldom stands right in front",
    hint='report["samples"] should be the number of all samples',
    audit_loader=edit("            single.append(number)\n", "            single.append(number)\n        break\n"),
)
variants.wrong(
    "al.two_passes",
    says="you go through the loader twice: a generator is empty by then, and a loader that shuffles comes in another order",
    hint="collect inputs and labels in one loop",
    audit_loader=edit(
        "        labels.append(y.numpy())\n",
        "",
        "    X_all, y_all =",
        "    labels += [y.numpy() for _, y in loader]\n    X_all, y_all =",
    ),
)
variants.wrong(
    "al.exact_duplicates",
    says="you compare samples to the last digit: one that was saved or scaled on the way comes back with a little noise",
    hint="round to 6 decimals before you compare",
    audit_loader=edit("np.round(X_all, 6) + 0.0", "X_all + 0.0"),
)
variants.wrong(
    "al.minus_zero",
    says="your comparison tells 0.0 from -0.0: the two are equal, but their bytes are not",
    hint="add 0.0 after rounding: -0.0 + 0.0 is 0.0",
    audit_loader=edit("np.round(X_all, 6) + 0.0", "np.round(X_all, 6)"),
)
variants.wrong(
    "al.single_of_one",
    says="you report batches of one sample: of course they have a single label",
    hint="ask for len(y) > 1",
    audit_loader=edit("if len(y) > 1 and (y == y[0]).all():", "if (y == y[0]).all():"),
)
variants.wrong(
    "al.first_label",
    says="you compare only the first and the last label of a batch: what stands between them may differ",
    hint="(y == y[0]).all()",
    audit_loader=edit("(y == y[0]).all()", "y[0] == y[-1]"),
)
variants.wrong(
    "al.nan_constant",
    says="a single nan hides your constant feature: nan is unequal to everything, also to itself",
    hint="look for constant features among the finite samples",
    audit_loader=edit("np.ptp(X_all[finite], axis=0)", "np.ptp(X_all, axis=0)"),
)
variants.wrong(
    "al.nan_only",
    says="you look for nan and forget the infinities, from which the next nan is made",
    hint="np.isfinite is False for both",
    audit_loader=edit("np.isfinite(X_all).all(axis=1)", "~np.isnan(X_all).any(axis=1)"),
)
variants.wrong(
    "al.upper_label",
    says="you check labels at one end only: -1 is out of range too, and indexing with it picks the last class without a word",
    hint="(y >= 0) & (y < C)",
    audit_loader=edit(
        "valid = (y_all >= 0) & (y_all < C)", "valid = y_all < C", "y_all[valid], minlength", "np.abs(y_all[valid]), minlength"
    ),
)
variants.wrong(
    "al.off_by_one",
    says="you take labels for 1 ... C: here they are 0 ... C - 1, and a label C is out of range",
    hint="(y >= 0) & (y < C)",
    audit_loader=edit("(y_all < C)", "(y_all <= C)"),
)
variants.wrong(
    "al.both_copies",
    says="you report the first of two equal samples as a duplicate as well: the first one is the original",
    hint="a sample is a duplicate when it stood in an *earlier* sample",
    audit_loader=edit(
        "[i for i, row in enumerate(rounded) if first.setdefault(row.tobytes(), i) != i]",
        "[i for i, row in enumerate(rounded) if sum(row.tobytes() == other.tobytes() for other in rounded) > 1]",
    ),
)
variants.wrong(
    "ov.order_sensitive",
    says="you compare the first sample with the first and the second with the second: a leak need not stand in the same row",
    hint="every sample of A against all of B",
    overlap=edit(
        "[i for i, row in enumerate(here) if row.tobytes() in known]",
        "[i for i, (row, other) in enumerate(zip(here, there)) if row.tobytes() == other.tobytes()]",
    ),
)
variants.wrong(
    "ov.exact",
    says="you compare to the last digit: a copy in float32, or with noise, gets through",
    hint="round both sides to `decimals`",
    overlap=edit(
        "np.round(part.reshape(len(part), -1).astype(np.float64), decimals)", "part.reshape(len(part), -1).astype(np.float64)"
    ),
)
variants.wrong(
    "ov.minus_zero",
    says="your comparison tells 0.0 from -0.0: the two are equal, but their bytes are not",
    hint="add 0.0 after rounding",
    overlap=edit("decimals) + 0.0", "decimals)"),
)
variants.wrong(
    "ov.of_b",
    says="your indices count in B: what is asked is which samples of A are affected",
    hint="go through A, and ask whether B has the sample",
    overlap=edit("here, there = (", "there, here = ("),
)
variants.wrong(
    "ov.by_entry",
    says="you compare entry by entry: a sample is in B when *one* sample of B has all its numbers",
    hint="a whole row must agree with a whole row",
    overlap=edit(
        "[i for i, row in enumerate(here) if row.tobytes() in known]",
        "[i for i, row in enumerate(here) if len(there) and all((there[:, k] == row[k]).any() for k in range(len(row)))]",
    ),
)
variants.wrong(
    "cw.inverse_unnormalised",
    says="your weights are 1/n_c: their mean over the samples is far below 1, and the effective learning rate with it",
    hint="the weights of all samples must sum to their number n",
    class_weights=edit("counts.sum() / (len(counts) * counts)", "1 / counts"),
)
variants.wrong(
    "cw.inverse_share",
    says="your weights are n/n_c: their mean over the samples is the number of classes, and the learning rate grows by it",
    hint="divide by the number of classes as well",
    class_weights=edit("(len(counts) * counts)", "counts"),
)
variants.wrong(
    "cw.sum_to_one",
    says="your weights sum to 1 over the classes: it is their mean over the samples that must be 1",
    hint="print((weights * counts).sum() / counts.sum())",
    class_weights=edit("counts.sum() / (len(counts) * counts)", "(1 / counts) / (1 / counts).sum()"),
)
variants.wrong(
    "cw.mean_over_classes",
    says="the mean of your weights over the classes is 1: it must be that over the samples",
    hint="print((weights * counts).sum() / counts.sum())",
    class_weights=edit("counts.sum() / (len(counts) * counts)", "(1 / counts) / (1 / counts).mean()"),
)
variants.wrong(
    "cw.proportional",
    says="your weights grow with the class: that makes the large classes larger still",
    hint="rare classes need the large weights",
    class_weights=edit("counts.sum() / (len(counts) * counts)", "len(counts) * counts / counts.sum()"),
)
variants.wrong(
    "cw.empty_class",
    says="a class without samples gets an infinite weight: say that it is empty instead",
    hint="raise ValueError when a count is 0",
    class_weights=edit("if (counts <= 0).any():", "if (counts < 0).any():"),
)
variants.wrong(
    "bb.with_replacement",
    says="you draw with replacement: some samples come often by chance, and others of the same class not at all",
    hint="a class is a queue of permutations: all of its samples, then all of them again",
    balanced_batches=edit(
        "np.concatenate([rng.permutation(rows) for _ in range(rounds)])", "rng.choice(rows, size=rounds * int(count))"
    ),
)
variants.wrong(
    "bb.undersample",
    says="your epoch ends when the smallest class is used up: most samples of the large classes are never shown",
    hint="the largest class decides how many batches there are",
    balanced_batches=edit("number = -(-int(counts.max()) // share)", "number = -(-int(counts.min()) // share)"),
)
variants.wrong(
    "bb.floor",
    says="the last samples of the largest class are never shown: the number of batches is rounded down",
    hint="round up: -(-n // share)",
    balanced_batches=edit("number = -(-int(counts.max()) // share)", "number = int(counts.max()) // share"),
)
variants.wrong(
    "bb.not_shuffled",
    says="you take the samples of a class in the order of the data: every epoch is the same, and repeats the same samples",
    hint="rng.permutation(rows)",
    balanced_batches=edit("rng.permutation(rows) for", "rows for"),
)
variants.wrong(
    "bb.own_generator",
    says="you make a generator of your own: every epoch is the same as the one before",
    hint="draw from the rng that you are given",
    balanced_batches=edit("    classes, counts = np.unique", "    rng = np.random.default_rng(0)\n    classes, counts = np.unique"),
)
variants.wrong(
    "bb.any_size",
    says="you round B down to a multiple of the number of classes: the batches are smaller than asked for, and nobody is told",
    hint="raise ValueError",
    balanced_batches=edit("if B % len(classes):", "if B < len(classes):"),
)

# E8.10 confusion, precision_recall_f1, roc_curve, pr_curve, auc


def confusion_by_counting(y, yhat, C):
    M = np.zeros((C, C), dtype=int)
    np.add.at(M, (y, yhat), 1)
    return M


def rates_by_class(M):
    C = len(M)
    precision, recall, f1 = np.zeros(C), np.zeros(C), np.zeros(C)
    for c in range(C):
        if M[:, c].sum() > 0:
            precision[c] = M[c, c] / M[:, c].sum()
        if M[c].sum() > 0:
            recall[c] = M[c, c] / M[c].sum()
        if M[c, c] > 0:
            f1[c] = 2 * precision[c] * recall[c] / (precision[c] + recall[c])
    return precision, recall, f1


def roc_threshold_by_threshold(y, s):
    positives, negatives = sum(y == 1), sum(y == 0)
    if positives == 0 or negatives == 0:
        raise ValueError("one class only")
    points = [(0.0, 0.0)]
    for threshold in sorted(set(s.tolist()), reverse=True):
        points.append((np.sum((s >= threshold) & (y == 0)) / negatives, np.sum((s >= threshold) & (y == 1)) / positives))
    return np.array([across for across, _ in points]), np.array([up for _, up in points])


def pr_threshold_by_threshold(y, s):
    if not np.any(y == 1):
        raise ValueError("no positives")
    recall, precision = [0.0], [1.0]
    for threshold in np.unique(s)[::-1]:
        chosen = y[s >= threshold] == 1
        recall.append(chosen.sum() / (y == 1).sum())
        precision.append(chosen.mean())
    return np.array(recall), np.array(precision)


def auc_by_trapezoid(x, y):
    steps = np.sign(np.diff(x))
    if steps.min() < 0 < steps.max():
        raise ValueError("x is not sorted")
    return float(np.abs(np.trapezoid(y, x)))


def roc_of_a_library(y, s):
    from sklearn import metrics

    if len(np.unique(y)) < 2:
        raise ValueError("one class only")
    return metrics.roc_curve(y, s, drop_intermediate=False)[:2]


variants.right(
    "cf.by_loop",
    confusion=confusion_by_counting,
    precision_recall_f1=rates_by_class,
    roc_curve=roc_threshold_by_threshold,
    pr_curve=pr_threshold_by_threshold,
    auc=auc_by_trapezoid,
)
variants.right(
    "cf.library",
    roc_curve=roc_of_a_library,
    confusion=edit(
        "np.bincount(C * np.asarray(y) + np.asarray(yhat), minlength=C * C).reshape(C, C)",
        "np.array([[np.sum((y == i) & (yhat == j)) for j in range(C)] for i in range(C)])",
    ),
)

TIE = "last_of_tie = np.append(np.diff(s[order]) != 0, True)"

variants.wrong(
    "cf.T",
    says="your confusion matrix has the predictions down and the truth across: it is the transpose of what is asked",
    hint="row i holds the samples that *are* of class i",
    confusion=edit("C * np.asarray(y) + np.asarray(yhat)", "C * np.asarray(yhat) + np.asarray(y)"),
)
variants.wrong(
    "cf.classes_seen",
    says="your matrix has only as many classes as occur: a class that is missing in this batch still has its row and column",
    hint="the shape is (C, C) whatever y and yhat hold",
    confusion=edit("return np.bincount", "C = int(max(y.max(), yhat.max())) + 1\n    return np.bincount"),
)
variants.wrong(
    "cf.shares",
    says="you return shares instead of counts: how many samples a row stands for is lost",
    hint="counts are integers",
    confusion=edit(".reshape(C, C)", ".reshape(C, C) / len(y)"),
)
variants.wrong(
    "pf.swapped",
    says="you have precision and recall exchanged: precision looks down a column, at all that were called c",
    hint="columns are predictions: M.sum(axis=0)",
    precision_recall_f1=edit("M.sum(axis=0), M.sum(axis=1)", "M.sum(axis=1), M.sum(axis=0)"),
)
variants.wrong(
    "pf.nan",
    says="a class that is never predicted gives 0/0 in your code: here that is 0",
    hint="np.maximum(predicted, 1) does not change a quotient with 0 above the line",
    precision_recall_f1=edit(
        "right / np.maximum(predicted, 1)", "right / predicted", "right / np.maximum(true, 1)", "right / true"
    ),
)
variants.wrong(
    "pf.mean",
    says="your F1 is the plain mean of precision and recall: with that, one of them alone buys a half",
    hint="the harmonic mean is 2PR / (P + R)",
    precision_recall_f1=edit("f1 = 2 * right / np.maximum(predicted + true, 1)", "f1 = (precision + recall) / 2"),
)
variants.wrong(
    "pf.accuracy",
    says="you divide by the number of all samples: precision and recall look at one column and one row",
    hint="M.sum(axis=0) and M.sum(axis=1)",
    precision_recall_f1=edit("M.sum(axis=0), M.sum(axis=1)", "np.full(len(M), M.sum()), np.full(len(M), M.sum())"),
)
variants.wrong(
    "ro.no_tie",
    says="you give samples with the same score thresholds of their own: the curve then depends on the order of the rows",
    hint="keep only the last point of every run of equal scores",
    roc_curve=edit(TIE, "last_of_tie = np.ones(len(s), dtype=bool)"),
)
variants.wrong(
    "ro.fpr_den",
    says="you divide the false positives by those called negative: the rate is a share of all negatives there are",
    hint="the last point must be (1, 1)",
    roc_curve=edit("alarms / alarms[-1]", "alarms / np.maximum(len(s) - hits - alarms, 1)"),
)
variants.wrong(
    "ro.false_discovery",
    says="you divide the false positives by those called positive: that is 1 - precision, not the false positive rate",
    hint="divide by the number of all negatives",
    roc_curve=edit("alarms / alarms[-1]", "alarms / (hits + alarms)"),
)
variants.wrong(
    "ro.no_origin",
    says="your curve lacks its first point, (0, 0): the threshold above all scores",
    hint="np.append(0.0, ...)",
    roc_curve=edit(
        "np.append(0.0, alarms / alarms[-1])", "alarms / alarms[-1]", "np.append(0.0, hits / hits[-1])", "hits / hits[-1]"
    ),
)
variants.wrong(
    "ro.rising",
    says="your threshold rises from the lowest score: a positive has a *high* score, so begin at the top",
    hint="np.argsort(-s)",
    roc_curve=edit("np.argsort(-s)", "np.argsort(s)"),
)
variants.wrong(
    "ro.not_sorted",
    says="you take the samples in the order of the data: thresholds go by score",
    hint="sort by falling score first",
    roc_curve=edit("np.argsort(-s)", "np.arange(len(s))"),
)
variants.wrong(
    "ro.axes",
    says="you return the true positive rate first: what goes across comes first, and that is the false positive rate",
    hint="(fpr, tpr)",
    roc_curve=edit(
        "return np.append(0.0, alarms / alarms[-1]), np.append(0.0, hits / hits[-1])",
        "return np.append(0.0, hits / hits[-1]), np.append(0.0, alarms / alarms[-1])",
    ),
)
variants.wrong(
    "ro.one_class",
    says="with one class missing a rate is 0/0: your curve is nan, and nobody is told",
    hint="raise ValueError",
    roc_curve=edit("if positive.all() or not positive.any():", "if len(positive) == 0:"),
)
variants.wrong(
    "pr.swap",
    says="you return precision first: in a PR curve recall goes across and precision up",
    hint="(recall, precision)",
    pr_curve=edit(
        "return np.append(0.0, hits / hits[-1]), np.append(1.0, hits / called)",
        "return np.append(1.0, hits / called), np.append(0.0, hits / hits[-1])",
    ),
)
variants.wrong(
    "pr.zero_start",
    says="your curve begins at precision 0: where nothing has been called positive, precision is 1 by convention",
    hint="0/0 has no value of its own; at recall 0 it is set to 1",
    pr_curve=edit("np.append(1.0, hits / called)", "np.append(0.0, hits / called)"),
)
variants.wrong(
    "pr.no_start",
    says="your curve lacks its first point, recall 0 and precision 1",
    hint="np.append puts a number in front",
    pr_curve=edit("np.append(0.0, hits / hits[-1])", "hits / hits[-1]", "np.append(1.0, hits / called)", "hits / called"),
)
variants.wrong(
    "pr.no_tie",
    says="you give samples with the same score thresholds of their own: the curve then depends on the order of the rows",
    hint="keep only the last point of every run of equal scores",
    pr_curve=edit(TIE, "last_of_tie = np.ones(len(s), dtype=bool)"),
)
variants.wrong(
    "pr.of_all",
    says="you divide the hits by the number of all samples: precision is a share of those that are called positive",
    hint="at the k-th of the sorted samples k are called positive",
    pr_curve=edit("hits / called)", "hits / len(s))"),
)
variants.wrong(
    "pr.no_positives",
    says="without positives the recall is 0/0: your curve is nan, and nobody is told",
    hint="raise ValueError",
    pr_curve=edit("if not positive.any():", "if len(positive) == 0:"),
)
variants.wrong(
    "au.unsorted",
    says="your area is negative when the curve runs from right to left",
    hint="the sign tells the direction: take it away",
    auc=edit("abs(float(np.sum(widths * (y[1:] + y[:-1]) / 2)))", "float(np.sum(widths * (y[1:] + y[:-1]) / 2))"),
)
variants.wrong(
    "au.sorts",
    says="you sort the points by x: on a vertical piece that turns neighbours round, and hides a curve that goes back and forth",
    hint="leave the points in their order, and look at the signs of np.diff(x)",
    auc=edit(
        "    widths = np.diff(x)\n",
        "    order = np.argsort(x, kind='stable')\n    x, y = x[order], y[order]\n    widths = np.diff(x)\n",
    ),
)
variants.wrong(
    "au.rectangles",
    says="you add rectangles up: between two points the curve is a straight line, so a piece is a trapezoid",
    hint="take the mean of the two heights",
    auc=edit("(y[1:] + y[:-1]) / 2", "y[1:]"),
)
variants.wrong(
    "au.back_and_forth",
    says="you take an x that goes up and down: the pieces then count with both signs, and the sum means nothing",
    hint="raise ValueError",
    auc=edit("if (widths < 0).any() and (widths > 0).any():", "if len(x) != len(y):"),
)

# E8.11 tb_smooth, save_ckpt, load_ckpt, time_steps


def smooth_with_weights(v, w):
    if w < 0 or w >= 1:
        raise ValueError("w")
    result, past = [], []
    for value in np.asarray(v, dtype=float):
        if not np.isfinite(value):
            result.append(value)
            continue
        past.append(value)
        weights = np.power(float(w), np.arange(len(past))[::-1])
        result.append(np.dot(weights, past) / weights.sum())
    return np.array(result, dtype=float)


def saved_through_a_file(model, optimizer, scheduler, epoch, rng):
    import io

    file = io.BytesIO()
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    states = {name: part.state_dict() for name, part in parts.items()}
    torch.save(states | {"epoch": epoch, "rng": rng.bit_generator.state, "torch_rng": torch.random.get_rng_state()}, file)
    file.seek(0)
    return torch.load(file)


def loaded_from_copies(ckpt, model, optimizer, scheduler, rng):
    for part, name in ((model, "model"), (optimizer, "optimizer"), (scheduler, "scheduler")):
        part.load_state_dict(copy.deepcopy(ckpt[name]))
    rng.bit_generator.state = ckpt["rng"]
    torch.random.set_rng_state(ckpt["torch_rng"].clone())
    return ckpt["epoch"]


def timed_between_looks(fn, n, warmup=3, total=10_000, clock=time.perf_counter):
    for _ in range(warmup):
        fn()
    looks = [clock()]
    for _ in range(n):
        fn()
        looks.append(clock())
    steps = sorted(np.diff(looks).tolist())
    median = (steps[(n - 1) // 2] + steps[n // 2]) / 2
    if median > 0.5:
        warnings.warn("slow", UserWarning, stacklevel=1)
    return median, total * median


variants.right(
    "tb.weights",
    tb_smooth=smooth_with_weights,
    save_ckpt=saved_through_a_file,
    load_ckpt=loaded_from_copies,
    time_steps=timed_between_looks,
)
variants.right(
    "tb.bias",
    tb_smooth=edit(
        "average, t = 0.0, 0",
        "average, bias = 0.0, 0.0",
        "average, t = w * average + (1 - w) * value, t + 1",
        "average, bias = w * average + (1 - w) * value, w * bias + (1 - w)",
        "average / (1 - w**t)",
        "average / bias",
    ),
    time_steps=edit("float(np.median(durations))", "float(np.quantile(durations, 0.5))"),
)

variants.wrong(
    "tb.no_debias",
    says="your average begins at 0 and is not corrected: its first value is only 1 - w of what it should be",
    hint="divide by 1 - w**t, as Adam does",
    tb_smooth=edit("average / (1 - w**t)", "average"),
)
variants.wrong(
    "tb.first_value",
    says="your average begins at the first value: that one then has far more weight than those after it",
    hint="begin at 0, and divide by 1 - w**t",
    tb_smooth=edit(
        "average, t = w * average + (1 - w) * value, t + 1",
        "average, t = w * average + (1 - w) * value if t else value, t + 1",
        "average / (1 - w**t)",
        "average",
    ),
)
variants.wrong(
    "tb.exchanged",
    says="you have the weights exchanged: w belongs to the past",
    hint="w = 0 must leave the curve as it is",
    tb_smooth=edit("w * average + (1 - w) * value", "(1 - w) * average + w * value", "(1 - w**t)", "max(1 - (1 - w) ** t, 1e-300)"),
)
variants.wrong(
    "tb.t_from_zero",
    says="your count is one behind: at the first value t is 1",
    hint="count before you divide",
    tb_smooth=edit("average / (1 - w**t)", "average / max(1 - w ** (t - 1), 1 - w)"),
)
variants.wrong(
    "tb.nan_poisons",
    says="a nan gets into your average and stays there: everything after it is nan",
    hint="skip values that are not finite, in the average and in the count",
    tb_smooth=edit("if np.isfinite(value):", "if True:"),
)
variants.wrong(
    "tb.nan_only",
    says="you skip nan and take infinities in: after one of them the average is infinite",
    hint="np.isfinite is False for both",
    tb_smooth=edit("np.isfinite(value)", "not np.isnan(value)"),
)
variants.wrong(
    "tb.nan_counts",
    says="a nan is left out of your average, but counted: the correction is then one step ahead",
    hint="t counts the values that went into the average",
    tb_smooth=edit(
        "        if np.isfinite(value):\n            average, t = w * average + (1 - w) * value, t + 1\n",
        "        t += 1\n        if np.isfinite(value):\n            average = w * average + (1 - w) * value\n",
    ),
)
variants.wrong(
    "tb.nan_hidden",
    says="you put the old average where the curve is nan: a run that broke down looks as if nothing had happened",
    hint="the result is nan where the curve is",
    tb_smooth=edit(
        "        if np.isfinite(value):\n",
        "        if not np.isfinite(value):\n            smoothed[i] = average / (1 - w**t) if t else value\n        else:\n",
    ),
)
variants.wrong(
    "tb.in_place",
    says="you smooth the caller's own array: the raw curve is lost",
    hint="make a copy first",
    tb_smooth=edit("np.array(v, dtype=np.float64)", "np.asarray(v, dtype=np.float64)"),
)
variants.wrong(
    "tb.any_w",
    says="you accept w = 1, with which every value is 0/0",
    hint="raise ValueError outside of [0, 1)",
    tb_smooth=edit("if not 0 <= w < 1:", "if not 0 <= w <= 1:", "average / (1 - w**t)", "average / max(1 - w**t, 1e-300)"),
)

LOAD_OPTIMIZER = '    optimizer.load_state_dict(ckpt["optimizer"])\n'
LOAD_SCHEDULER = '    scheduler.load_state_dict(ckpt["scheduler"])\n'
LOAD_RNG = '    rng.bit_generator.state = ckpt["rng"]\n'
LOAD_TORCH_RNG = '    torch.set_rng_state(ckpt["torch_rng"])\n'

variants.wrong(
    "ck.model_only",
    says="you load the weights and nothing else: Adam restarts, the schedule begins anew, and the curve jumps",
    hint="the optimizer, the scheduler and both generators have a state too",
    load_ckpt=edit(LOAD_OPTIMIZER, "", LOAD_SCHEDULER, "", LOAD_RNG, "", LOAD_TORCH_RNG, ""),
)
variants.wrong(
    "ck.no_optimizer",
    says="Adam's averages do not come back: the optimizer starts from nothing at a place where it had learned a lot",
    hint='optimizer.load_state_dict(ckpt["optimizer"])',
    load_ckpt=edit(LOAD_OPTIMIZER, ""),
)
variants.wrong(
    "ck.no_scheduler",
    says="the scheduler does not know how far it has come: its next steps are those of the first epochs",
    hint='scheduler.load_state_dict(ckpt["scheduler"])',
    load_ckpt=edit(LOAD_SCHEDULER, ""),
)
variants.wrong(
    "ck.rng",
    says="NumPy's generator does not come back: the batches are other ones from here on",
    hint="rng.bit_generator.state can be set",
    load_ckpt=edit(LOAD_RNG, ""),
)
variants.wrong(
    "ck.torch_rng",
    says="torch's own generator does not come back: the dropout masks are other ones from here on",
    hint="torch.set_rng_state",
    load_ckpt=edit(LOAD_TORCH_RNG, ""),
)
variants.wrong(
    "ck.alias",
    says="your checkpoint holds the tensors of the model itself: whoever trains on changes what was saved",
    hint="copy.deepcopy of the whole dict",
    save_ckpt=edit("return copy.deepcopy(\n        {", "return dict(\n        {"),
)
variants.wrong(
    "ck.load_alias",
    says="the optimizer goes on with the checkpoint's own tensors: after one restart the checkpoint is another one",
    hint="load from a deep copy",
    load_ckpt=edit("    ckpt = copy.deepcopy(ckpt)\n", ""),
)
variants.wrong(
    "ck.no_epoch",
    says="you do not say how many epochs are done: the loop would start counting at 0",
    hint='return ckpt["epoch"]',
    load_ckpt=edit('epoch: int = ckpt["epoch"]', "epoch = 0"),
)
variants.wrong(
    "ti.mean_first",
    says="you take the mean, and take it over the warm-up as well: a slow first step counts in full",
    hint="leave the first steps out, and take the median of the others",
    time_steps=edit(
        "if step >= warmup:",
        "if True:",
        "clock() if step >= warmup else 0.0",
        "clock()",
        "np.median(durations)",
        "np.mean(durations)",
    ),
)
variants.wrong(
    "ti.warmup_counts",
    says="the steps of the warm-up are among those that you measure",
    hint="measure only from step number `warmup` on",
    time_steps=edit("if step >= warmup:", "if True:", "clock() if step >= warmup else 0.0", "clock()"),
)
variants.wrong(
    "ti.mean",
    says="you take the mean of the steps: a single one that was slow by accident moves it",
    hint="np.median",
    time_steps=edit("np.median(durations)", "np.mean(durations)"),
)
variants.wrong(
    "ti.fewer",
    says="you make n steps in all: the warm-up comes on top of them",
    hint="fn is called warmup + n times",
    time_steps=edit("range(warmup + n)", "range(n)", "np.median(durations)", "np.median(durations or [0.0])"),
)
variants.wrong(
    "ti.of_n",
    says="your estimate is for n steps: those are the sample, the training has `total`",
    hint="median * total",
    time_steps=edit("median * total", "median * n"),
)
variants.wrong(
    "ti.no_warning",
    says="a step of more than half a second passes without a word",
    hint="warnings.warn when the median is above 0.5",
    time_steps=edit("if median > 0.5:", "if False:"),
)
variants.wrong(
    "ti.slowest",
    says="you warn because of the slowest step: one slow step among many is no news, look at the median",
    hint="the warning is about the median",
    time_steps=edit("if median > 0.5:", "if max(durations) > 0.5:"),
)
variants.wrong(
    "ti.milliseconds",
    says="you return milliseconds: both numbers are to be in seconds",
    hint="leave the clock's unit as it is",
    time_steps=edit("return median, median * total", "return 1000 * median, 1000 * median * total"),
)
variants.wrong(
    "ti.own_clock",
    says="you look at your own clock instead of the one that you are given",
    hint="call clock() before and after fn()",
    time_steps=edit(
        "start = clock() if",
        "start = time.perf_counter() if",
        "durations.append(clock() - start)",
        "durations.append(time.perf_counter() - start)",
    ),
)

# Q8.3

for option, says in {
    "A": "with all your own parts in place a failure by heart tells you no more than you know already: something is broken",
    "C": "switching parts off and on from a state that does not work gives no comparison: start from one that does",
    "D": "with parts put back before anything has worked, nobody can say which of them is at fault",
}.items():
    variants.wrong(f"q.order.{option}", says=says, emergency_order=f'"{option}"')

# Q8.5

for option, says in {
    "A": "the old net with its old layer guesses too, and no rate has ever touched that",
    "B": "dogs and cats fail as well, and those it has learned from a million pictures",
    "D": "the old last layer fails as well, and its weights are trained: what both layers share lies before them",
}.items():
    variants.wrong(f"q.borrowed.{option}", says=says, fine_tuning_at_chance=f'"{option}"')

# Q8.6

for option, says in {
    "B": "half of 100 ms is saved out of 800: the net waits for its data as before",
    "C": "even a net that costs nothing leaves 700 ms: it is not the net that is slow",
    "D": "a batch twice as large takes the loader twice as long: per sample nothing is won but a little of the 100 ms",
}.items():
    variants.wrong(f"q.slow.{option}", says=says, slow_iteration=f'"{option}"')
