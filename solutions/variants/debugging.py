"""Unit 8A: what a fair grader accepts, and the misconceptions that it names."""

import copy

import torch
import torch.nn.functional as F

from solutions.variants import Variants, edit

variants = Variants()

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
