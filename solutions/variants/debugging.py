"""Unit 8A: what a fair grader accepts, and the misconceptions that it names."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

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

# Q8.3

for option, says in {
    "A": "with all your own parts in place a failure by heart tells you no more than you know already: something is broken",
    "C": "switching parts off and on from a state that does not work gives no comparison: start from one that does",
    "D": "with parts put back before anything has worked, nobody can say which of them is at fault",
}.items():
    variants.wrong(f"q.order.{option}", says=says, emergency_order=f'"{option}"')
