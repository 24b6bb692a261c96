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

# @@MINE@@
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
