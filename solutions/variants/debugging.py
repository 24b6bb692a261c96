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
