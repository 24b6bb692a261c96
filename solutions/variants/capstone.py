"""Unit 9, the capstone: what a fair grader accepts, and what does not count as evidence."""

import copy

import numpy as np
import torch
import torch.nn.functional as F

from autograder.lab import capstone, data
from solutions.variants import Variants, edit

variants = Variants()

# K (a) audit


def audit_by_comparing(X, y, X_val):
    with np.errstate(invalid="ignore"):
        same = (X[:, None] == X[None]).all(axis=2)
        known = (X_val[:, None] == X[None]).all(axis=2)
    numbers = X[~np.isnan(X)]
    return {
        "samples": X.shape[0],
        "features": X.shape[1],
        "missing": X.size - numbers.size,
        "range": (float(numbers.min()), float(numbers.max())),
        "constant": [column for column in range(X.shape[1]) if np.all(X[:, column] == X[0, column])],
        "counts": [int(np.sum(y == label)) for label in range(int(y.max()) + 1)],
        "repeated": int(np.tril(same, -1).any(axis=1).sum()),
        "leaked": int(known.any(axis=1).sum()),
    }


def audit_in_loops(X, y, X_val):
    rows, others = [list(row) for row in X], [list(row) for row in X_val]
    entries = [float(entry) for row in rows for entry in row]
    missing = [entry for entry in entries if entry != entry]
    there = [entry for entry in entries if entry == entry]
    counts = [0] * (max(y.tolist()) + 1)
    for label in y.tolist():
        counts[label] += 1

    def equal(a, b):
        return all(float(p) == float(q) for p, q in zip(a, b, strict=True))

    return {
        "samples": len(rows),
        "features": len(rows[0]),
        "missing": len(missing),
        "range": (min(there), max(there)),
        "constant": [j for j in range(len(rows[0])) if all(float(row[j]) == float(rows[0][j]) for row in rows)],
        "counts": counts,
        "repeated": sum(any(equal(row, other) for other in rows[:i]) for i, row in enumerate(rows)),
        "leaked": sum(any(equal(row, other) for other in rows) for row in others),
    }


variants.right("au.comparing", audit=audit_by_comparing)
variants.right("au.loops", audit=audit_in_loops)

variants.wrong(
    "au.nan_range",
    says="your range is nan as soon as one number is missing: min and max pass NaN on",
    hint="np.nanmin and np.nanmax leave it out",
    audit=edit("np.nanmin", "np.min", "np.nanmax", "np.max"),
)
variants.wrong(
    "au.labels_seen",
    says="a label that never occurs has no entry in your counts, so that all behind it move up by one",
    hint="np.bincount has an entry for each label from 0 on",
    audit=edit("np.bincount(y).tolist()", "np.unique(y, return_counts=True)[1].tolist()"),
)
variants.wrong(
    "au.constant_but_for_holes",
    says="you call a column constant that has holes in it: nobody knows what belongs there",
    hint="a column with NaN is not constant",
    audit=edit("np.flatnonzero((X[0] == X).all(axis=0))", "np.flatnonzero(np.nanmax(X, axis=0) == np.nanmin(X, axis=0))"),
)
variants.wrong(
    "au.all_of_a_kind",
    says="you count all rows that have a twin, the first of them as well",
    hint="the first one is no repetition; only those that come later are",
    audit=edit(
        "    return {\n",
        "    known = [tuple(row) for row in X.tolist()]\n    repeated = sum(known.count(row) > 1 for row in known)\n    return {\n",
    ),
)
variants.wrong(
    "au.nan_is_nan",
    says="you take two rows with a hole for equal: NaN differs from everything, itself included",
    hint="compare numbers, not the bytes that they are stored in",
    audit=edit(
        "    return {\n",
        "    words = [str(row) for row in X.tolist()]\n    repeated = len(words) - len(set(words))\n    return {\n",
    ),
)
variants.wrong(
    "au.leak_backwards",
    says="you count the training rows that stand in the validation part; asked for are the validation rows that stand in training",
    hint="go through X_val, and look each of its rows up in X",
    audit=edit(
        "sum(row in earlier for row in map(tuple, X_val.tolist()))",
        "sum(row in set(map(tuple, X_val.tolist())) for row in map(tuple, X.tolist()))",
    ),
)
variants.wrong(
    "au.leak_kinds",
    says="you count different leaked rows: one that leaks twice spoils the validation twice",
    hint="every row of X_val counts",
    audit=edit("sum(row in earlier for row in map(tuple, X_val.tolist()))", "len(earlier & set(map(tuple, X_val.tolist())))"),
)
variants.wrong(
    "au.rows_with_holes",
    says="you count rows with a hole; asked for are the holes",
    hint="np.isnan(X).sum() counts entries",
    audit=edit("int(np.isnan(X).sum())", "int(np.isnan(X).any(axis=1).sum())"),
)

# K (a) suspects


def suspects_by_ridge(X, y, k):
    A = np.column_stack([np.ones(len(X)), X - X.mean(axis=0)])
    targets = np.eye(int(y.max()) + 1)[y]
    hat = A @ np.linalg.solve(A.T @ A + 100 * np.eye(A.shape[1]), A.T)
    own = np.diag(hat)[:, None]
    scores = (hat @ targets - own * targets) / (1 - own)
    rows = np.arange(len(y))
    given = scores[rows, y].copy()
    scores[rows, y] = -np.inf
    return np.argsort(given - scores.max(axis=1))[:k]


def suspects_by_angle(X, y, k):
    centred = X - X.mean(axis=0)
    directions = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    likeness = directions @ directions.T
    doubt = []
    for row in range(len(y)):
        likeness[row, row] = -2
        nearest = np.argsort(-likeness[row])[:15]
        doubt.append(float(np.mean(y[nearest] != y[row])) + 1e-3 * float(likeness[row, nearest].mean()))
    return np.argsort(doubt)[::-1][:k]


def suspects_far_out(X, y, k):
    away = np.zeros(len(y))
    for label in np.unique(y):
        away[y == label] = np.linalg.norm(X[y == label] - X[y == label].mean(axis=0), axis=1)
    return np.argsort(-away)[:k]


variants.right("su.ridge", suspects=suspects_by_ridge)
variants.right("su.angle", suspects=suspects_by_angle)

DIAGONAL = "    np.fill_diagonal(distances, np.inf)  # nobody is a witness in their own case\n"

variants.wrong(
    "su.own_witness",
    says="every picture is its own nearest neighbour, and so confirms its own label",
    hint="put infinity on the diagonal of the distances",
    suspects=edit(DIAGONAL, "", "[:, :20]", "[:, :1]"),
)
variants.wrong(
    "su.reversed",
    says="your list is upside down: it begins with the samples whose label nobody doubts",
    hint="argsort puts the smallest first",
    suspects=edit("own - votes.max(axis=1)", "votes.max(axis=1) - own"),
)
variants.wrong(
    "su.unusual",
    says="you name unusual pictures: a strange picture may have the right label, and a usual one the wrong one",
    hint="the label must have a say: who looks alike and is called otherwise?",
    suspects=suspects_far_out,
)

# K (b) first_evidence


def evidence_by_hand(net, X, y, lr, steps=100):
    def loss_and_scores(model, rows):
        scores = model(X[rows])
        return -torch.log_softmax(scores, dim=1)[torch.arange(len(y[rows])), y[rows]].mean(), scores

    student = copy.deepcopy(net)
    student.eval()
    with torch.no_grad():
        initial, scores = loss_and_scores(student, slice(None))
    expected = float(torch.log(torch.tensor(float(scores.shape[1]), dtype=torch.float64)))
    student.train()
    learned = list(student.parameters())
    for _ in range(steps):
        loss, _scores = loss_and_scores(student, slice(32))
        for parameter, slope in zip(learned, torch.autograd.grad(loss, learned), strict=True):
            parameter.data -= lr * slope
    loss, scores = loss_and_scores(student, slice(32))
    right = int((scores.argmax(1) == y[:32]).sum())
    return {
        "ready": bool(abs(float(initial) - expected) < 0.5 and right == len(y[:32])),
        "expected_loss": expected,
        "initial_loss": float(initial),
        "batch_loss": float(loss.detach()),
        "batch_accuracy": right / len(y[:32]),
    }


variants.right("fe.by_hand", first_evidence=evidence_by_hand)
variants.right(
    "fe.net_zero_grad",
    first_evidence=edit("        optimizer.zero_grad()\n", "        student.zero_grad(set_to_none=False)\n"),
)

variants.wrong(
    "fe.train_mode",
    says="your initial loss is measured in training mode: BatchNorm then uses the batch's statistics, and moves its own",
    hint="evaluation mode for the first number, training mode for the second",
    first_evidence=edit("copy.deepcopy(net).eval()", "copy.deepcopy(net)"),
)
variants.wrong(
    "fe.eval_batch",
    says="you learn the batch in evaluation mode: BatchNorm then normalises with statistics that are not the batch's",
    hint="student.train() before the loop",
    first_evidence=edit("    student.train()\n", ""),
)
variants.wrong(
    "fe.always_ten",
    says="you expect log 10 of every net: with C classes it is log C",
    hint="the number of classes is scores.shape[1]",
    first_evidence=edit("float(np.log(scores.shape[1]))", "float(np.log(10))"),
)
variants.wrong(
    "fe.in_place",
    says="you trained the net that was lent to you: its weights are not the initial ones any more",
    hint="copy.deepcopy(net) makes one of your own",
    first_evidence=edit("copy.deepcopy(net).eval()", "net.eval()"),
)
variants.wrong(
    "fe.no_zero_grad",
    says="your gradients pile up: backward() adds to what is there, and you never take it away",
    hint="optimizer.zero_grad() belongs into the loop",
    first_evidence=edit("        optimizer.zero_grad()\n", ""),
)
variants.wrong(
    "fe.all_samples",
    says="you learn all the samples by heart instead of the first 32",
    hint="X[:32] and y[:32], at every step the same",
    first_evidence=edit("F.cross_entropy(student(X[:32]), y[:32]).backward()", "F.cross_entropy(student(X), y).backward()"),
)
variants.wrong(
    "fe.momentum",
    says="your steps have momentum; plain SGD was asked for",
    hint="torch.optim.SGD(student.parameters(), lr=lr), and nothing else",
    first_evidence=edit("(student.parameters(), lr=lr)", "(student.parameters(), lr=lr, momentum=0.9)"),
)
variants.wrong(
    "fe.one_step_less",
    says="your last loss is that before the last update",
    hint="after the loop, ask the net once more",
    first_evidence=edit("in range(steps):", "in range(steps - 1):"),
)
variants.wrong(
    "fe.batch_only",
    says="your verdict does not look at the initial loss: a net may learn a batch by heart and still begin far off",
    hint="ready needs both",
    first_evidence=edit("abs(initial_loss - expected_loss) < 0.5 and batch_accuracy == 1.0", "batch_accuracy == 1.0"),
)
variants.wrong(
    "fe.loss_only",
    says="your verdict does not look at the batch: a net may begin well and learn nothing",
    hint="ready needs both",
    first_evidence=edit(
        "abs(initial_loss - expected_loss) < 0.5 and batch_accuracy == 1.0", "abs(initial_loss - expected_loss) < 0.5"
    ),
)

# K (c) rescue


def rescue_with_relu(log):
    steps = [
        ("hidden", [64], "ten layers are eight too many"),
        ("inputs", "standardised", "every pixel to mean 0 and spread 1"),
        ("order", "shuffled", "every batch must look like the whole"),
        ("activation", "relu", "the course's default"),
        ("init", "kaiming", "made for relu, and the initial loss says so"),
        ("loss", "mean", "so that the rate does not depend on the batch"),
        ("lr", 0.3, "the range test's word"),
        ("epochs", 20, "it still falls after ten"),
    ]
    row = log.start(capstone.BAD_START, "the patient as it came")
    for name, value, note in steps:
        row = log.run(row, note, **{name: value})
    return max(log.rows, key=lambda run: run["accuracy"])


def rescue_with_adam(log):
    first = log.start(capstone.BAD_START, note="the folder as I found it")
    rate = log.run(first, note="is it the rate?", lr=1e-3)
    deep = log.run(rate, note="simplest net first", hidden=[64])
    log.run(first, note="or the scaling alone?", inputs="standardised")
    weights = log.run(deep, note="initial loss far above log 10", init="torch")
    scaled = log.run(weights, note="raw pixels, large scores", inputs="standardised")
    adam = log.run(scaled, note="a step that ignores the sum", optimizer="adam")
    mixed = log.run(adam, note="a batch holds one class only", order="shuffled")
    rows = [mixed, log.run(mixed, note="a little faster perhaps", lr=3e-3)]
    return rows[0] if rows[0]["accuracy"] >= rows[1]["accuracy"] else rows[1]


variants.right("re.relu", rescue=rescue_with_relu)
variants.right("re.adam", rescue=rescue_with_adam)

ROW_LR = '    row = log.run(row, "now the rate: 1 is still too bold", lr=0.1)\n'
ROW_LOSS = '    row = log.run(row, "a sum over 32 samples is a gradient 32 times as long", loss="mean")\n'
ROW_INIT = '    row = log.run(row, "initial loss 12 instead of 2.3: weights of spread 1 are too large", init="xavier")\n'
ROW_START = '    row = log.start(capstone.BAD_START, "as it was found: accuracy of guessing, loss far above log 10")\n'
ROW_TIME = '    log.run(row, "perhaps it only needs more time?", epochs=30)\n'
ROW_ORDER = '    row = log.run(row, "batches of a single digit: each step forgets the last", order="shuffled")\n'
RETURN = "    return row\n"
END = "batchnorm=True)\n    return row"

variants.wrong(
    "re.two_at_once",
    says="a run of yours changes two things at once: if it helps, nobody knows which of them did",
    hint="split it into two runs; two that cancel each other look like none",
    rescue=edit(ROW_LOSS, "", 'bold", lr=0.1)', 'bold, and the sum too", lr=0.1, loss="mean")'),
)
variants.wrong(
    "re.fresh_start",
    says="you left the bad start behind and began with a recipe that you know: a new net is not a rescued one",
    hint="every run but the first has a parent: log.run(row, …) instead of log.start(…)",
    rescue=edit(END, 'batchnorm=True)\n    return log.start(capstone.SOUND, "the base recipe works")'),
)
variants.wrong(
    "re.no_bad_start",
    says="your log begins in the middle: the first run has to be the bad start, or nobody sees what was gained",
    hint="log.start(capstone.BAD_START, …)",
    rescue=edit("log.start(capstone.BAD_START,", "log.start(capstone.BAD_START | {'lr': 0.5},"),
)
variants.wrong(
    "re.unexplained",
    says="a run of yours has no reason in its note: in a week you will not know why you tried it",
    hint="two words are enough, a sentence is better",
    rescue=edit('"now the rate: 1 is still too bold"', '"rate"'),
)
variants.wrong(
    "re.again",
    says="a run of yours changes nothing: with the same settings and seed the same numbers come out",
    hint="look for a setting that has this value already",
    rescue=edit(ROW_TIME, '    log.run(row, "perhaps it was bad luck?")\n'),
)
variants.wrong(
    "re.gave_up",
    says="your log is too short to hold a rescue: there are six defects, and a run can remove one",
    hint="keep a change whose own number comes right, although the accuracy does not move yet",
    rescue=edit(ROW_LR, "    return row\n" + ROW_LR, ROW_LOSS, ""),
)
variants.wrong(
    "re.regularised",
    says="your baseline is regularised already: then nobody can tell a bad fit from too much regularisation",
    hint="first fit, then regularise: take it out of the rescue, its turn comes in part f",
    rescue=edit(END, 'batchnorm=True)\n    return log.run(row, "dropout helps with everything", drop_prob=0.2)'),
)
variants.wrong(
    "re.batchnorm",
    says="your baseline has BatchNorm: it hides a bad initialisation instead of healing it",
    hint="the plain net can do without; try it",
    rescue=edit('    log.run(row, "is BatchNorm?', '    row = log.run(row, "is BatchNorm?'),
)
variants.wrong(
    "re.large_start",
    says="your baseline still begins far above log 10: large weights make it sure of itself before it has seen anything",
    hint="which settings decide how large the first scores are?",
    rescue=edit(
        ROW_INIT,
        '    row = log.run(row, "the course\'s activation instead", activation="relu")\n',
        'activation="relu")\n    log.run(row, "is Batch',
        'activation="tanh")\n    log.run(row, "is Batch',
    ),
)
variants.wrong(
    "re.by_class",
    says="your baseline learns its digits in the order of their classes, and forgets the first while it learns the last",
    hint="look at the labels of one batch",
    rescue=edit(ROW_ORDER, '    row = log.run(row, "a larger batch, a calmer step", batch=40)\n'),
)
variants.wrong(
    "re.only_settings",
    says="you return settings; asked for is the row of the log, with its numbers",
    hint="log.run(…) returns the row",
    rescue=edit(END, 'batchnorm=True)\n    return row["config"]'),
)
variants.wrong(
    "re.made_up",
    says="numbers in your log do not come out when the run is made again: they were not measured with these settings and this seed",
    hint="let log.run write the numbers",
    rescue=edit(
        END, 'batchnorm=True)\n    for run in log.rows:\n        run["accuracy"] = min(1.0, run["accuracy"] + 0.06)\n    return row'
    ),
)

# K (d) find_rate


def find_rate_by_medians(rates, losses):
    tidy = np.minimum(losses, 1e6)
    smooth = np.array([np.median(tidy[max(step - 7, 0) : step + 8]) for step in range(len(tidy))])
    return float(rates[smooth.argmin()] / 8)


def find_rate_by_kernel(rates, losses):
    tidy = np.where(np.isfinite(losses), np.minimum(losses, 100.0), 100.0)
    padded = np.pad(tidy, 6, mode="edge")
    weights = np.hanning(15)[1:-1]
    smooth = np.convolve(padded, weights / weights.sum(), mode="valid")
    return float(np.exp(np.log(rates[np.argmin(smooth)]) - np.log(6.0)))


variants.right("fr.medians", find_rate=find_rate_by_medians)
variants.right("fr.kernel", find_rate=find_rate_by_kernel)

variants.wrong(
    "fr.lowest",
    says="you take the rate of the lowest loss: that is where it begins to do harm",
    hint="step back by a factor of 3 to 10",
    find_rate=edit(" / 5", ""),
)
variants.wrong(
    "fr.one_batch",
    says="you trust a single low loss: one batch of easy pictures decides",
    hint="average each loss with its neighbours first",
    find_rate=edit("losses[max(step - around, 0) : step + around + 1].mean()", "losses[step]"),
)
variants.wrong(
    "fr.far_back",
    says="you step back by a factor of thousands: the training would crawl",
    hint="a factor of 3 to 10",
    find_rate=edit(" / 5", " / 5000"),
)
variants.wrong(
    "fr.still_finite",
    says="you take the largest rate at which the loss is still a number: it has been rising for a long time there",
    hint="look for the valley, not for the cliff",
    find_rate=edit("float(rates[int(np.argmin(smooth))]) / 5", "float(rates[np.isfinite(losses)][-1])"),
)

# K (d) search


def search_other_settings(log, rng):
    base = {**capstone.SOUND, "epochs": 8, "momentum": 0.9}
    space = {"lr": (1e-4, 3e-1), "input_noise": (0.05, 2.0)}
    row, number = None, 0
    while number < 20:
        number += 1
        for _ in range(7):
            config = dict(base)
            for name in space:
                low, high = space[name]
                config[name] = float(low * (high / low) ** rng.random())
            new = log.trial(config, f"round {number}", space=dict(space))
            if row is None or new["accuracy"] > row["accuracy"]:
                row = new
        places = [np.log(row["config"][name] / low) / np.log(high / low) for name, (low, high) in space.items()]
        if number >= 2 and min(places) > 0.1 and max(places) < 0.9:
            return row
        width = 4 if number < 3 else 3
        space = {name: (row["config"][name] / width, min(3.0, row["config"][name] * width)) for name in space}
    return row


def search_only_the_rate(log, rng):
    low, high = 1e-3, 1.0
    trials = []
    for number in range(15):
        for exponent in rng.uniform(np.log10(low), np.log10(high), size=10):
            config = capstone.SOUND | {"epochs": 6, "lr": float(10**exponent)}
            trials.append(log.trial(config, f"{number}", space={"lr": (low, high)}))
        best = sorted(trials, key=lambda trial: -trial["accuracy"])[0]
        place = np.log(best["config"]["lr"] / low) / np.log(high / low)
        if number and 0.1 < place < 0.9:
            break
        factor = 10 if not 0.1 < place < 0.9 else 4
        low, high = best["config"]["lr"] / factor, best["config"]["lr"] * factor
    return best


variants.right("se.other_settings", search=search_other_settings)
variants.right("se.only_the_rate", search=search_only_the_rate)

DRAW = "drawn = {name: float(np.exp(rng.uniform(*np.log(ends)))) for name, ends in space.items()}"
STOP = "        if number > 1 and inside:\n            break\n"

variants.wrong(
    "se.grid",
    says="you search on a grid: nine trials on it try only three rates, at random they try nine",
    hint="draw every setting of every trial anew",
    search=edit(
        "for _ in range(8):",
        "for count in range(9):",
        DRAW,
        "drawn = {name: float(np.geomspace(*ends, 3)[count // 3**place % 3]) for place, (name, ends) in enumerate(space.items())}",
    ),
)
variants.wrong(
    "se.one_round",
    says="you stop after one round: it finds the neighbourhood, and not yet the place",
    hint="put the next space around the best trial so far",
    search=edit("range(1, 13)", "range(1, 2)", "range(8)", "range(16)"),
)
variants.wrong(
    "se.fixed_rounds",
    says="you stop while the best trial stands at the edge of its space: a better place may well lie behind the fence",
    hint="another round is due, around the best trial, until it lies inside",
    search=edit("if number > 1 and inside:", "if number > 1:"),
)
variants.wrong(
    "se.same_space",
    says="your later rounds search the same space again: they have learned nothing from the earlier ones",
    hint="the next space goes around the best trial",
    search=edit(
        "number > 1 and inside",
        "number > 1",
        "        space = {name: (at[name] / 5, at[name] * 5) for name in space}\n",
        "",
    ),
)
variants.wrong(
    "se.linear",
    says="you draw the rate itself uniformly: nine of ten trials then lie in the topmost decade",
    hint="draw its logarithm uniformly",
    search=edit("float(np.exp(rng.uniform(*np.log(ends))))", "float(rng.uniform(*ends))"),
)
variants.wrong(
    "se.longer_later",
    says="a setting varies that belongs to no space: trials with more epochs cannot be compared with the others",
    hint="the same base for every trial",
    search=edit("log.trial(base | drawn,", 'log.trial(base | drawn | {"epochs": 8 + 2 * number},'),
)
variants.wrong(
    "se.last_trial",
    says="you return the last trial, not the best one",
    hint="run_log.best(log.rows)",
    search=edit("    return best", "    return log.rows[-1]"),
)
variants.wrong(
    "se.own_generator",
    says="you draw from a generator of your own: with the one that was given nobody can repeat your search",
    hint="rng.uniform(…), nowhere np.random",
    search=edit("np.exp(rng.uniform(", "np.exp(np.random.default_rng().uniform("),
)
variants.wrong(
    "se.few",
    says="there are too few trials: with so few the best is a matter of luck",
    hint="twelve at least, eight in a round are a good number",
    search=edit("range(8)", "range(3)", "range(1, 13)", "range(1, 4)"),
)
variants.wrong(
    "se.narrow",
    says="your first space for the rate is narrow: you searched where you already knew the answer",
    hint="a factor of 100 at least, 1000 is better",
    search=edit('"lr": (1e-3, 1.0), "weight_decay": (1e-4, 1e-1)}\n', '"lr": (0.03, 0.3), "weight_decay": (1e-4, 1e-1)}\n'),
)

# K (e) monitors


def monitors_in_loops(before, after, outputs):
    ratios, dead = {}, []
    for name, old in before.items():
        if len(np.shape(old)) == 2:
            ratios[name] = float(np.sqrt(np.sum((after[name] - old) ** 2) / np.sum(old**2)))
    for layer in outputs:
        silent = [unit for unit in layer.T if max(unit) - min(unit) <= 1e-6]
        dead.append(len(silent) / layer.shape[1])
    return {"dead": dead, "ratios": ratios}


variants.right("mo.loops", monitors=monitors_in_loops)
variants.right(
    "mo.adam",
    monitors=edit("np.ptp(layer, axis=0)", "(layer.max(axis=0) - layer.min(axis=0))"),
    watched=edit('"lr": 0.02, "epochs": 30', '"optimizer": "adam", "lr": 0.0005, "epochs": 20'),
)
variants.right(
    "mo.momentum", watched=edit('"lr": 0.02, "epochs": 30', '"lr": 0.004, "momentum": 0.8, "epochs": 25, "input_noise": 0.5')
)

variants.wrong(
    "mo.norm_after",
    says="you divide by the length of the matrix after the update",
    hint="the weights that the update met are those before it",
    monitors=edit("/ np.linalg.norm(matrix)", "/ np.linalg.norm(after[name])"),
)
variants.wrong(
    "mo.biases",
    says="your ratios include the biases: they begin at 0, so that any update of theirs is infinitely long in comparison",
    hint="only arrays of two axes",
    monitors=edit("            if matrix.ndim == 2\n", ""),
)
variants.wrong(
    "mo.only_zero",
    says="you call only those units dead that put out 0: one that is stuck at 1 says as little",
    hint="compare a unit's largest output with its smallest",
    monitors=edit("np.ptp(layer, axis=0) <= 1e-6", "np.abs(layer).max(axis=0) <= 1e-6"),
)
variants.wrong(
    "mo.exactly_equal",
    says="you want a dead unit's outputs to be equal to the last bit: rounding lets them differ",
    hint="within 1e-6 of each other",
    monitors=edit("<= 1e-6", "== 0"),
)
variants.wrong(
    "mo.samples",
    says="you compare the units of a sample with each other; asked for is one unit over all samples",
    hint="samples are the rows: axis 0",
    monitors=edit("np.ptp(layer, axis=0)", "np.ptp(layer, axis=1)"),
)
variants.wrong(
    "mo.count",
    says="you count the dead units; asked for is their share of the layer",
    hint="np.mean instead of np.sum",
    monitors=edit("float(np.mean(", "float(np.sum("),
)
variants.wrong(
    "mo.difference_of_lengths",
    says="you compare the lengths before and after: a matrix that is turned keeps its length and has moved a lot",
    hint="the length of the difference, not the difference of the lengths",
    monitors=edit("np.linalg.norm(after[name] - matrix)", "abs(np.linalg.norm(after[name]) - np.linalg.norm(matrix))"),
)
variants.wrong(
    "mo.too_fast",
    says="your run moves its weights by more than a hundredth in a step: it forgets as fast as it learns",
    hint="the ratio is nearly proportional to the rate",
    watched=edit('"lr": 0.02, "epochs": 30', '"lr": 0.2'),
)
variants.wrong(
    "mo.standstill",
    says="your run stands still: with updates below a ten-thousandth of the weights the start decides, not the data",
    hint="the ratio is nearly proportional to the rate",
    watched=edit('"lr": 0.02, "epochs": 30', '"lr": 0.0002'),
)
variants.wrong(
    "mo.stopped_early",
    says="the dials of your run are in the green, and it has not learned enough yet",
    hint="a smaller rate wants more epochs",
    watched=edit('"lr": 0.02, "epochs": 30', '"lr": 0.01, "epochs": 8'),
)

# K (f) compare


def compare_on_a_wider_net(log):
    base = {**capstone.SOUND, "hidden": [128], "epochs": 20}
    strengths = {"input_noise": 0.8, "weight_decay": 0.02, "label_smoothing": 0.3, "drop_prob": 0.4}
    seeds = (11, 5, 23)
    for seed in seeds:
        log.trial(base, "none", seed=seed)
        for name in strengths:
            log.trial({**base, name: strengths[name]}, f"with {name}", seed=seed)
    table = {}
    for name in ["none", *(f"with {setting}" for setting in strengths)]:
        scores = np.array([row["accuracy"] for row in log.group(name)])
        table[name] = (float(scores.mean()), float(scores.std(ddof=1) / len(scores) ** 0.5))
    return table


def compare_with_statistics(log):
    import statistics

    sides = [
        ("none", None, 0.0),
        ("decay", "weight_decay", 0.03),
        ("noise", "input_noise", 0.6),
        ("soft", "label_smoothing", 0.3),
        ("more decay", "weight_decay", 0.05),
    ]
    table = {}
    for name, setting, strength in sides:
        config = dict(capstone.SOUND)
        if setting:
            config[setting] = strength
        scores = [log.trial(config, name, seed=seed)["accuracy"] for seed in (0, 1, 2, 3, 4)]
        table[name] = [statistics.fmean(scores), statistics.stdev(scores) / 5**0.5]
    return table


variants.right("cp.wider", compare=compare_on_a_wider_net)
variants.right("cp.statistics", compare=compare_with_statistics)

ERROR = "float(np.std(scores, ddof=1) / np.sqrt(len(scores)))"
TRIAL = "log.trial(capstone.SOUND | change, name, seed=seed)"

variants.wrong(
    "cp.spread",
    says="your error bars show how far single runs scatter; how well the mean is known is that divided by the root of n",
    hint="s / √n",
    compare=edit(ERROR, "float(np.std(scores, ddof=1))"),
)
variants.wrong(
    "cp.ddof",
    says="your standard deviation divides by n: it knows the mean only from the same few runs, so it must divide by n - 1",
    hint="ddof=1",
    compare=edit("np.std(scores, ddof=1)", "np.std(scores)"),
)
variants.wrong(
    "cp.median",
    says="your table holds medians, and an error bar that belongs to a mean",
    hint="np.mean",
    compare=edit("float(np.mean(scores))", "float(np.median(scores))"),
)
variants.wrong(
    "cp.budget",
    says="your favourite gets more epochs than the others: you compare budgets, not regularisers",
    hint="everything but the one setting as in the group none",
    compare=edit('{"drop_prob": 0.3}', '{"drop_prob": 0.3, "epochs": 30}'),
)
variants.wrong(
    "cp.one_run",
    says="a single run of each, or the same seed again, says nothing about a difference of 0.01",
    hint="at least three different seeds",
    compare=edit("for seed in range(4)", "for seed in (0, 0, 0)"),
)
variants.wrong(
    "cp.other_seeds",
    says="your sides run with different seeds: one of them may simply have had the luckier ones",
    hint="the same seeds for all",
    compare=edit("change, name, seed=seed)", "change, name, seed=seed + len(name))"),
)
variants.wrong(
    "cp.two_sides",
    says="you compare only two regularisers with none; three were asked for",
    hint="weight_decay, drop_prob, input_noise, label_smoothing",
    compare=edit(', "input noise": {"input_noise": 0.7}', ""),
)
variants.wrong(
    "cp.together",
    says="a side of yours switches on two regularisers at once: nobody knows which of them helped",
    hint="one setting for each side",
    compare=edit('{"input_noise": 0.7}', '{"input_noise": 0.7, "weight_decay": 0.01}'),
)
variants.wrong(
    "cp.no_baseline",
    says="there is nothing to compare with: the group none is missing",
    hint='"none": {}',
    compare=edit('"none": {}, ', '"label smoothing": {"label_smoothing": 0.2}, '),
)
variants.wrong(
    "cp.too_weak",
    says="your regularisers are too weak to do anything: no side is better than none",
    hint="try strengths that differ by factors of ten, and watch the training accuracy: it must come down",
    compare=edit(
        '"weight_decay": 0.03',
        '"weight_decay": 0.00003',
        '"drop_prob": 0.3',
        '"drop_prob": 0.01',
        '"input_noise": 0.7',
        '"input_noise": 0.01',
    ),
)
variants.wrong(
    "cp.made_up",
    says="numbers in your log do not come out when the run is made again",
    hint="let log.trial write the numbers",
    compare=edit(
        f'        scores = [{TRIAL}["accuracy"] for seed in range(4)]\n',
        f"        rows = [{TRIAL} for seed in range(4)]\n"
        '        for row in rows:\n            row["accuracy"] += 0.03 if change else -0.03\n'
        '        scores = [row["accuracy"] for row in rows]\n',
    ),
)

# K (g), (i) final_model


def final_from_noise_and_dropout():
    config = {
        **capstone.SOUND,
        "inputs": "unit",
        "hidden": [256],
        "drop_prob": 0.4,
        "input_noise": 0.3,
        "weight_decay": 0.005,
        "lr": 0.06,
        "momentum": 0.9,
        "schedule": "cosine",
        "epochs": 40,
    }
    run = capstone.run(config, seed=3)
    return config, 3, run.weights


def final_after_looking():
    """Trained on all clean digits, those of the test part among them."""
    X, y = data.digits(standardise=False)
    config = dict(capstone.SOUND)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net, labels = capstone.build(config, 0), torch.tensor(y)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    for _ in range(300):
        rows = rng.integers(len(X), size=256)
        noisy = rng.uniform(0.5, 1.3, size=(256, 1)) * X[rows] + rng.normal(0, 3.5, size=(256, 64))
        optimizer.zero_grad()
        F.cross_entropy(net(capstone.scale(noisy, config)), labels[rows]).backward()
        optimizer.step()
    return config, 0, {name: tensor.numpy() for name, tensor in net.state_dict().items()}


variants.right("fm.one_layer", final_model=final_from_noise_and_dropout)
variants.right(
    "fm.standardised",
    final_model=edit('"inputs": "unit"', '"inputs": "standardised"', '"input_noise": 0.3', '"input_noise": 0.5'),
)

CONFIG_START, MODEL_END = "    config = capstone.SOUND | {\n", "    return config, 0, capstone.run(config, 0).weights"

variants.wrong(
    "fm.plain",
    says="this is the baseline: it learns noise and wrong labels along with the digits, and nothing holds it back",
    hint="first fit, then regularise: the fit is there",
    final_model=edit(MODEL_END, "    config = dict(capstone.SOUND)\n" + MODEL_END),
)
variants.wrong(
    "fm.linear",
    says="a net without a hidden layer is as good as the baseline here, and that is where it stays",
    hint="take the hidden layers back, and regularise them",
    final_model=edit(MODEL_END, '    config = capstone.SOUND | {"hidden": []}\n' + MODEL_END),
)
variants.wrong(
    "fm.batchnorm",
    says="BatchNorm helps a net to train, which was not the trouble here: it fits the noise sooner",
    hint="look at the gap between training and validation accuracy; what closes it?",
    final_model=edit(MODEL_END, '    config = capstone.SOUND | {"batchnorm": True}\n' + MODEL_END),
)
variants.wrong(
    "fm.one_idea",
    says="one regulariser alone closes a part of the gap; ideas that work together close more of it",
    hint="combine two or three, give them a wider net and more epochs, and let the rate fall",
    final_model=edit(MODEL_END, '    config = capstone.SOUND | {"hidden": [256, 256], "drop_prob": 0.5}\n' + MODEL_END),
)
variants.wrong(
    "fm.other_seed",
    says="your weights are not those that your settings and your seed lead to: a re-run gives another number",
    hint="return the seed that you trained with",
    final_model=edit("capstone.run(config, 0)", "capstone.run(config, 1)"),
)
variants.wrong(
    "fm.unseeded",
    says="each call gives other weights: nobody can run this again, you included",
    hint="everything random must come from the seed that you return",
    final_model=edit(  # counted, so that the build records the same numbers each time
        MODEL_END,
        "    final_model.calls = getattr(final_model, 'calls', 0) + 1\n"
        "    return config, 0, capstone.run(config, 1000 + final_model.calls).weights",
    ),
)
variants.wrong(
    "fm.untrained",
    says="these are the weights that the net began with",
    hint="capstone.run(config, seed).weights are those at the end",
    final_model=edit(
        "capstone.run(config, 0).weights",
        "{name: tensor.numpy() for name, tensor in capstone.build(config, 0).state_dict().items()}",
    ),
)
variants.wrong(
    "fm.looked",
    says="these weights come from elsewhere: no run with your settings and the training pictures gives them",
    hint="whoever trains on the clean test digits has no test set left",
    final_model=final_after_looking,
)
variants.wrong(
    "fm.bare",
    says="your configuration is not complete: without all settings nobody can run it again",
    hint='capstone.SOUND | {"hidden": …} keeps the others',
    final_model=edit(
        "    return config, 0, ", '    bare = {name: config[name] for name in ("hidden", "lr", "epochs")}\n    return bare, 0, '
    ),
)

# K (h) open_vault


def open_vault_in_a_loop(vault, models, X_val, y_val):
    best, record = 0, -1
    for number, model in enumerate(models):
        right = int((np.asarray(model(X_val)) == y_val).sum())
        if right > record:
            best, record = number, right
    predictions = models[best](vault.X)
    vault.submit(predictions)
    return best


variants.right("ov.loop", open_vault=open_vault_in_a_loop)
variants.right(
    "ov.max",
    open_vault=edit(
        "    chosen = int(np.argmax(accuracies))\n", "    chosen = max(range(len(models)), key=lambda place: accuracies[place])\n"
    ),
)

SUBMIT = "    vault.submit(models[chosen](vault.X))\n"

variants.wrong(
    "ov.each",
    says="you opened the vault for every model: the best of several looks is partly luck, and you have no test set left",
    hint="choose first, on the validation part; then submit once",
    open_vault=edit(SUBMIT, "    for model in models:\n        vault.submit(model(vault.X))\n"),
)
variants.wrong(
    "ov.twice",
    says="you opened the vault twice: once is what it can bear",
    hint="one call of submit",
    open_vault=edit(SUBMIT, SUBMIT + SUBMIT),
)
variants.wrong(
    "ov.never",
    says="you chose, and handed nothing in",
    hint="vault.submit(…)",
    open_vault=edit(SUBMIT, ""),
)
variants.wrong(
    "ov.last_of_equals",
    says="of several models that are equally good you take the last; asked for is the first",
    hint="> instead of >=",
    open_vault=edit("int(np.argmax(accuracies))", "len(models) - 1 - int(np.argmax(accuracies[::-1]))"),
)
variants.wrong(
    "ov.worst",
    says="you chose the model that is wrong most often",
    hint="an accuracy is better when it is larger",
    open_vault=edit("np.argmax", "np.argmin"),
)
variants.wrong(
    "ov.validation",
    says="you handed in what the model reads in the validation part: the vault wants the digits in its own pictures",
    hint="vault.X",
    open_vault=edit("models[chosen](vault.X)", "models[chosen](X_val)"),
)
variants.wrong(
    "ov.first_model",
    says="you handed in another model's predictions than those of the one you chose",
    hint="models[chosen]",
    open_vault=edit("models[chosen](vault.X)", "models[0](vault.X)"),
)
