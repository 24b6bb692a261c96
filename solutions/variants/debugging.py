"""Unit 8A: what a fair grader accepts, and the misconceptions that it names."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F

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
