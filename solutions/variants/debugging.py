"""Unit 8A: what a fair grader accepts, and the misconceptions that it names."""

import copy
import time
import warnings

import numpy as np
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
    says="your average begins at 0 and is not corrected: the first value is (1 - w) times too small",
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
