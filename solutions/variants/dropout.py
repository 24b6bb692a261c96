"""Unit 7: what a fair grader accepts, and the misconceptions that it names."""

import copy
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from solutions.variants import Variants, edit

variants = Variants()

# E7.1 l1, l2, elastic, soft_threshold


def l1_comprehension(arrays, biases=False):
    counted = [w if biases or w.ndim > 1 else 0 * w for w in arrays]
    return sum(float(abs(w).sum()) for w in counted), [(w > 0) * 1.0 - (w < 0) for w in counted]


def l2_dot(arrays, biases=False):
    used = [float(biases or np.ndim(w) > 1) for w in arrays]
    value = sum(c * float(np.vdot(w, w)) for c, w in zip(used, arrays, strict=True))
    return value, tuple(2 * c * w for c, w in zip(used, arrays, strict=True))


def elastic_direct(arrays, a, b, biases=False):
    total, slopes = 0.0, []
    for w in arrays:
        if w.ndim < 2 and not biases:
            slopes.append(np.zeros(w.shape))
            continue
        total += float((a * w * w + b * np.abs(w)).sum())
        slopes.append(2 * a * w + b * np.sign(w))
    return total, slopes


def soft_threshold_two_sides(w, t):
    return np.maximum(w - t, 0.0) - np.maximum(-w - t, 0.0)


def soft_threshold_clip(w, t):
    return w - np.clip(w, -t, t)


def soft_threshold_torch(w, t):
    import torch

    return torch.nn.functional.softshrink(torch.from_numpy(np.array(w)), float(t)).numpy()


variants.right("rg.comprehension", l1=l1_comprehension, l2=l2_dot, soft_threshold=soft_threshold_two_sides)
variants.right("rg.direct", elastic=elastic_direct, soft_threshold=soft_threshold_clip)
variants.right("rg.torch", soft_threshold=soft_threshold_torch)

variants.wrong(
    "rg.half",
    says="you compute half of the sum of squares; by this unit's convention there is no factor one half",
    hint="print(l2([np.array([[3.0]])])): the value is 9, the gradient 6",
    l2=edit("np.sum(w**2)", "np.sum(w**2) / 2", "2.0 * w", "w.copy()"),
)
variants.wrong(
    "rg.grad_no_2",
    says="your value is the sum of squares, but your gradient belongs to half of it: the derivative of w² is 2w",
    hint="move one weight by 0.001 and see how the value changes",
    l2=edit("2.0 * w", "w.copy()"),
)
variants.wrong(
    "rg.mean",
    says="you take the mean over the weights, not the sum: the same strength would press less on a larger layer",
    hint="print(l1([np.array([[1.0, -3.0]])])[0]): it must be 4",
    l1=edit("np.sum(np.abs(w))", "np.mean(np.abs(w))", "np.sign(w)", "np.sign(w) / w.size"),
    l2=edit("np.sum(w**2)", "np.mean(w**2)", "2.0 * w", "2.0 * w / w.size"),
)
variants.wrong(
    "rg.bias_in",
    says="you penalise the biases, although the flag says not to",
    hint="arrays with fewer than two axes count only when biases is True",
    l1=edit("counts = biases or w.ndim >= 2", "counts = True"),
    l2=edit("counts = biases or w.ndim >= 2", "counts = True"),
)
variants.wrong(
    "rg.bias_never",
    says="you leave the biases out whatever the flag says",
    hint="print(l2([np.array([2.0])], biases=True)): the value is 4",
    l1=edit("counts = biases or w.ndim >= 2", "counts = w.ndim >= 2"),
    l2=edit("counts = biases or w.ndim >= 2", "counts = w.ndim >= 2"),
)
variants.wrong(
    "rg.l1_sqrt",
    says="your slope of |w| is w divided by |w|, and for a weight that is exactly 0 this is 0/0; by convention it is 0",
    hint="print your gradient for a weight of 0, where L1 leaves most of them",
    l1=edit("np.sign(w) if counts", "w / np.sqrt(w**2) if counts"),
)
variants.wrong(
    "rg.l1_square",
    says="your gradient of |w| is w: it shrinks with the weight, but the slope of |w| is 1 or -1 at every size",
    hint="how steep is the V of |w| at 0.1, and how steep at 10?",
    l1=edit("np.sign(w) if counts", "w.copy() if counts"),
)
variants.wrong(
    "rg.swap",
    says="you have exchanged the two strengths: a belongs to the squares, b to the absolute values",
    hint="with b = 0 the elastic net is a times l2",
    elastic=edit("a * square + b * size", "b * square + a * size", "a * g + b * h", "b * g + a * h"),
)
variants.wrong(
    "rg.in_place",
    says="you write the gradient into the weights that you were given",
    hint="print the weights before and after the call",
    l2=edit(
        "gradients.append(2.0 * w if counts else np.zeros_like(w))", "w *= 2.0 if counts else 0.0\n        gradients.append(w)"
    ),
)
variants.wrong(
    "st.one_side",
    says="you shrink positive weights only: negative ones all end at 0",
    hint="print(soft_threshold(np.array([-3.0]), 1.0)): it must be -2",
    soft_threshold=edit("np.sign(w) * np.maximum(np.abs(w) - t, 0.0)", "np.maximum(w - t, 0.0)"),
)
variants.wrong(
    "st.shrink_sign",
    says="you push small weights past 0 to the other side; those closer to 0 than t must stop there",
    hint="print(soft_threshold(np.array([0.25]), 1.0)): it must be 0",
    soft_threshold=edit("np.maximum(np.abs(w) - t, 0.0)", "(np.abs(w) - t)"),
)
variants.wrong(
    "st.hard",
    says="you set small weights to 0 and leave the large ones alone; all that survive must lose t as well",
    hint="print(soft_threshold(np.array([3.0]), 1.0)): it must be 2",
    soft_threshold=edit("np.sign(w) * np.maximum(np.abs(w) - t, 0.0)", "np.where(np.abs(w) > t, w, 0.0)"),
)


# E7.2 dropout_train, dropout_test


def dropout_train_product(x, keep_prob, u):
    return x * np.less(u, keep_prob)


def dropout_test_product(x, keep_prob):
    return keep_prob * np.array(x)


def dropout_train_loops(x, keep_prob, u):
    out = np.zeros(np.shape(x))
    for i in np.ndindex(out.shape):
        if not u[i] >= keep_prob:
            out[i] = x[i]
    return out


variants.right("dv.product", dropout_train=dropout_train_product, dropout_test=dropout_test_product)
variants.right("dv.loops", dropout_train=dropout_train_loops)

variants.wrong(
    "dv.drop_p",
    says="you read keep_prob as the probability to go: at 0.3 you keep 70 % of the units instead of 30 %",
    hint="with keep_prob = 1 nothing may be lost",
    dropout_train=edit("u < keep_prob", "u < 1.0 - keep_prob"),
    dropout_test=edit("x * keep_prob", "x * (1.0 - keep_prob)"),
)
variants.wrong(
    "dv.other_side",
    says="your mask is turned round: an entry stays where its number lies below keep_prob",
    hint="for keep_prob = 0.9 the number 0.95 must go",
    dropout_train=edit("u < keep_prob", "u >= keep_prob"),
)
variants.wrong(
    "dv.no_scale",
    says="at test time all units are there, and you do not scale them: the next layer receives more than it ever saw in training",
    hint="print the mean of dropout_train over many u, and beside it dropout_test",
    dropout_test=edit("x * keep_prob", "x.copy()"),
)
variants.wrong(
    "dv.scale_both",
    says="you scale in both places, in training and at test time: the averages disagree again",
    hint="the entries that stay are as they were; the scaling belongs to dropout_test",
    dropout_train=edit("np.where(u < keep_prob, x, 0.0)", "np.where(u < keep_prob, x / keep_prob, 0.0)"),
)
variants.wrong(
    "dv.divide",
    says="at test time you divide by keep_prob where you must multiply: more units than in training call for smaller outputs",
    hint="with keep_prob = 0.5 twice as many units are there as in training",
    dropout_test=edit("x * keep_prob", "x / keep_prob"),
)
variants.wrong(
    "dv.geq",
    says="you keep the entry whose number equals keep_prob exactly; it stays only where the number is smaller",
    hint="for keep_prob = 0 nothing may stay, and u can be exactly 0",
    dropout_train=edit("u < keep_prob", "u <= keep_prob"),
)
variants.wrong(
    "dv.inplace",
    says="you write the zeros into the array that you were given: whoever needs it in the backward pass finds holes",
    hint="print(x) before and after dropout_train",
    dropout_train=edit("return np.where(u < keep_prob, x, 0.0)", "x *= u < keep_prob\n    return x"),
)


# E7.3 inverted_dropout, dropout_backward


def inverted_dropout_where(x, keep_prob, mode, u):
    if keep_prob <= 0 or keep_prob > 1 or mode not in {"train", "eval"}:
        raise ValueError("keep_prob or mode")
    factor = np.where(u < keep_prob, 1 / keep_prob, 0.0) if mode == "train" else np.ones(np.shape(x))
    return factor * x, factor


def dropout_backward_where(dout, cache):
    return cache * dout


def inverted_dropout_tuple(x, keep_prob, mode, u):
    if not (keep_prob > 0 and keep_prob <= 1):
        raise ValueError("keep_prob")
    if mode == "train":
        kept = u < keep_prob
        out = np.zeros_like(x)
        out[kept] = x[kept] / keep_prob
        return out, (mode, kept, keep_prob)
    if mode == "eval":
        return x, (mode, None, keep_prob)
    raise ValueError("mode")


def dropout_backward_tuple(dout, cache):
    mode, kept, keep_prob = cache
    if mode == "eval":
        return dout
    dx = np.zeros_like(dout)
    dx[kept] = dout[kept] / keep_prob
    return dx


variants.right("di.where", inverted_dropout=inverted_dropout_where, dropout_backward=dropout_backward_where)
variants.right("di.tuple", inverted_dropout=inverted_dropout_tuple, dropout_backward=dropout_backward_tuple)

variants.wrong(
    "di.scale_eval",
    says="you scale in eval mode as well; the scaling was already done in training, so that nothing is left to do",
    hint="in eval mode the output must equal x",
    inverted_dropout=edit("return x.copy(), None", "return x * keep_prob, None"),
)
variants.wrong(
    "di.no_scale",
    says="you forgot what makes it inverted: in training the entries that stay are divided by keep_prob",
    hint="print the mean of your output over many u: it must be x",
    inverted_dropout=edit("(u < keep_prob) / keep_prob", "(u < keep_prob) * 1.0"),
)
variants.wrong(
    "di.drop_mask",
    says="you read keep_prob as the probability to go, but scale as if it were the one to stay: right at 0.5 and nowhere else",
    hint="with keep_prob = 0.8 print the share of zeros: it must be near 0.2",
    inverted_dropout=edit("(u < keep_prob) / keep_prob", "(u >= keep_prob) / keep_prob"),
)
variants.wrong(
    "di.drop_p",
    says="you read keep_prob as the probability to go, in the mask and in the scaling",
    hint="with keep_prob = 0.8 print the share of zeros: it must be near 0.2",
    inverted_dropout=edit("(u < keep_prob) / keep_prob", "(u < 1.0 - keep_prob) / max(1.0 - keep_prob, 1e-300)"),
)
variants.wrong(
    "di.bwd_noscale",
    says="your backward pass has the mask but not the scaling: the gradient is too small by the factor keep_prob",
    hint="what is the output divided by x, where it is not 0?",
    dropout_backward=edit("dout * cache", "dout * (cache > 0)"),
)
variants.wrong(
    "di.bwd_new_mask",
    says="your backward pass draws a mask of its own: the gradient flows through units that were off, and misses some that were on",
    hint="keep what the forward pass multiplied with in the cache",
    dropout_backward=edit("dout * cache", "dout * np.random.default_rng(0).permutation(np.ravel(cache)).reshape(np.shape(cache))"),
)
variants.wrong(
    "di.bwd_none",
    says="your backward pass lets the gradient through as it comes: units that were off had no part in the output",
    hint="where the output is 0, the gradient must be 0",
    dropout_backward=edit("dout.copy() if cache is None else dout * cache", "dout.copy()"),
)
variants.wrong(
    "di.row_mask",
    says="you use one mask for the whole batch: each sample must have a mask of its own",
    hint="print where the output is 0, for a batch of ones: are all rows alike?",
    inverted_dropout=edit(
        "factor = (u < keep_prob) / keep_prob", "factor = np.broadcast_to(u[:1] < keep_prob, x.shape) / keep_prob"
    ),
)
variants.wrong(
    "di.sample_mask",
    says="you drop whole samples: every entry of a row decides for itself",
    hint="print where the output is 0, for a batch of ones: are all columns alike?",
    inverted_dropout=edit(
        "factor = (u < keep_prob) / keep_prob", "factor = np.broadcast_to(u[..., :1] < keep_prob, x.shape) / keep_prob"
    ),
)
variants.wrong(
    "di.eval_drops",
    says="you drop in eval mode too: the same question would get another answer every time",
    hint="the output in eval mode must not depend on u",
    inverted_dropout=edit('    if mode == "eval":\n        return x.copy(), None\n', ""),
)
variants.wrong(
    "di.square",
    says="you divide by keep_prob twice: the average is too large by the factor 1/keep_prob",
    hint="print the mean of your output over many u: it must be x",
    inverted_dropout=edit("return x * factor, factor", "return x * factor / keep_prob, factor / keep_prob"),
)
variants.wrong(
    "di.bwd_eval_mask",
    says="in eval mode nothing is dropped on the way forward, but your backward pass still applies a mask",
    hint="in eval mode the gradient must come through as it is",
    inverted_dropout=edit("return x.copy(), None", "return x.copy(), (u < keep_prob) / keep_prob"),
)
variants.wrong(
    "di.cache_u",
    says="your cache holds the array u itself: the caller draws new numbers into it, and your backward pass sees another mask",
    hint="compute the mask once, in the forward pass, and keep that",
    inverted_dropout=edit("return x * factor, factor", "return x * factor, (u, keep_prob)"),
    dropout_backward=edit("dout * cache", "dout * (cache[0] < cache[1]) / cache[1]"),
)
variants.wrong(
    "di.zero_allowed",
    says="with keep_prob = 0 you divide by 0; the docstring asks for a ValueError",
    hint="which values of keep_prob make sense?",
    inverted_dropout=edit("not 0.0 < keep_prob <= 1.0", "not 0.0 <= keep_prob <= 1.0"),
)
variants.wrong(
    "di.inplace",
    says="you write into the x that you were given",
    hint="print(x) before and after inverted_dropout",
    inverted_dropout=edit("return x * factor, factor", "x *= factor\n    return x, factor"),
)


# E7.4 exact_dropout_ensemble


# `itertools` is not in the notebook's setup, so this one brings it along
def exact_dropout_ensemble_loops(h, W, keep_prob):
    import itertools

    shares, weights = [], []
    for kept in itertools.product((False, True), repeat=len(h)):
        kept = np.array(kept)
        z = (h[kept, None] * W[kept]).sum(axis=0)
        shares.append(z - np.logaddexp.reduce(z))
        weights.append(np.prod(np.where(kept, keep_prob, 1 - keep_prob)))
    arithmetic = np.average(np.exp(shares), axis=0, weights=weights)
    g = np.average(shares, axis=0, weights=weights)
    g = np.exp(g - g.max())
    return arithmetic, g / g.sum()


def exact_dropout_ensemble_recursive(h, W, keep_prob):
    scores, weights = np.zeros((1, W.shape[1])), np.ones(1)
    for activation, row in zip(h, W, strict=True):
        scores = np.concatenate([scores, scores + activation * row])
        weights = np.concatenate([weights * (1 - keep_prob), weights * keep_prob])
    scores = scores - scores.max(axis=1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    g = (weights[:, None] * logs).sum(axis=0)
    g = np.exp(g - g.max())
    return (weights[:, None] * np.exp(logs)).sum(axis=0), g / g.sum()


variants.right("en.loops", exact_dropout_ensemble=exact_dropout_ensemble_loops)
variants.right("en.recursive", exact_dropout_ensemble=exact_dropout_ensemble_recursive)

variants.wrong(
    "en.uniform",
    says="you weigh all masks alike; that is right for keep_prob = 0.5 only, where they are equally likely",
    hint="with keep_prob = 0.9, how likely is the mask that keeps all three units?",
    exact_dropout_ensemble=edit("keep_prob**kept * (1.0 - keep_prob) ** (n - kept)", "np.full(2**n, 0.5**n)"),
)
variants.wrong(
    "en.drop_p",
    says="you have exchanged the probabilities: a unit that stays contributes keep_prob, one that goes 1 - keep_prob",
    hint="with keep_prob = 0.9 the mask that keeps everything must be the most likely",
    exact_dropout_ensemble=edit(
        "keep_prob**kept * (1.0 - keep_prob) ** (n - kept)", "(1.0 - keep_prob) ** kept * keep_prob ** (n - kept)"
    ),
)
variants.wrong(
    "en.no_renorm",
    says="your geometric mean does not sum to 1: it has to be divided by its sum",
    hint="print(geometric.sum())",
    exact_dropout_ensemble=edit("log_geometric - np.logaddexp.reduce(log_geometric)", "log_geometric"),
)
variants.wrong(
    "en.scale_twice",
    says="you divide the units that stay by keep_prob: here they are kept unscaled",
    hint="a network gives softmax((mask * h) @ W), with masks of 0 and 1",
    exact_dropout_ensemble=edit("(masks * h) @ W", "(masks * h / keep_prob) @ W"),
)
variants.wrong(
    "en.logits_avg",
    says="you average the scores and take the softmax once; the arithmetic mean is that of the shares themselves",
    hint="softmax first, then the mean: the order matters",
    exact_dropout_ensemble=edit(
        "arithmetic = probability @ np.exp(log_shares)",
        "mean_scores = probability @ scores\n    arithmetic = np.exp(mean_scores - np.logaddexp.reduce(mean_scores))",
    ),
)
variants.wrong(
    "en.log_of_share",
    says="you take the logarithm of shares that have already become 0, which is minus infinity",
    hint="compute the logarithms of the shares from the scores, without an exponential in between",
    exact_dropout_ensemble=edit(
        "log_geometric = probability @ log_shares",
        "log_geometric = np.where(probability @ np.exp(log_shares) > 0, probability @ np.log(np.exp(log_shares)), 0.0)",
    ),
)
variants.wrong(
    "en.no_empty",
    says="you left out the network that has lost all its units: it counts too, with equal shares for all classes",
    hint="your probabilities must sum to 1: print their sum",
    exact_dropout_ensemble=edit("np.arange(2**n)[:, None]", "np.arange(1, 2**n)[:, None]"),
)


# E7.5 EarlyStopping


class EarlyStoppingSigned:
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.sign = {"min": 1, "max": -1}.get(mode)
        if self.sign is None:
            raise ValueError("mode")
        self.patience, self.min_delta = patience, min_delta
        self.best, self.best_state, self.best_epoch = self.sign * float("inf"), None, None
        self.history = []

    def update(self, value, state):
        self.history.append(value)
        if self.sign * value < self.sign * self.best - self.min_delta:
            self.best = value
            self.best_epoch = len(self.history) - 1
            self.best_state = copy.deepcopy(state)
        last = -1 if self.best_epoch is None else self.best_epoch
        return len(self.history) - 1 - last >= self.patience


class EarlyStoppingByHand:
    def __init__(self, patience, min_delta=0.0, mode="min"):
        if mode != "min" and mode != "max":
            raise ValueError("mode")
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best = float("inf") if mode == "min" else float("-inf")
        self.best_state = self.best_epoch = None
        self.epoch, self.bad = -1, 0

    def frozen(self, thing):
        if isinstance(thing, dict):
            return {key: self.frozen(value) for key, value in thing.items()}
        return np.array(thing) if isinstance(thing, np.ndarray) else copy.deepcopy(thing)

    def update(self, value, state):
        self.epoch += 1
        threshold = self.best - self.min_delta if self.mode == "min" else self.best + self.min_delta
        better = value < threshold if self.mode == "min" else value > threshold
        if better:
            self.best, self.best_epoch, self.bad = value, self.epoch, 0
            self.best_state = self.frozen(state)
            return False
        self.bad += 1
        return bool(self.bad >= self.patience)


variants.right("es.signed", EarlyStopping=EarlyStoppingSigned)
variants.right("es.by_hand", EarlyStopping=EarlyStoppingByHand)

variants.wrong(
    "es.alias",
    says="you keep the state itself, not a copy: training goes on in these very arrays, and your best weights become the last ones",
    hint="change the array after update, then look at best_state",
    EarlyStopping=edit("copy.deepcopy(state)", "state"),
)
variants.wrong(
    "es.shallow",
    says="you copy the dict but not the arrays in it: training goes on in these, and your best weights become the last ones",
    hint="what does dict(state) copy, and what does it not?",
    EarlyStopping=edit("copy.deepcopy(state)", "dict(state)"),
)
variants.wrong(
    "es.off1",
    says="you stop one epoch too late: patience is the number of epochs without improvement that are enough",
    hint="with patience = 1 the first epoch without improvement is the last",
    EarlyStopping=edit(">= self.patience", "> self.patience"),
)
variants.wrong(
    "es.reset_never",
    says="you count all epochs without improvement since the start; an improvement must set the count back to 0",
    hint="patience speaks of epochs in a row",
    EarlyStopping=edit("self._epochs\n            self._without_improvement = 0\n", "self._epochs\n"),
)
variants.wrong(
    "es.train_metric",
    says="you watch the training loss that stands in the state; it still falls when the network has long begun to learn by heart",
    hint="only `value` decides",
    EarlyStopping=edit("        gain =", '        value = state.get("train_loss", value)\n        gain ='),
)
variants.wrong(
    "es.abs",
    says="you take any change for an improvement, also one for the worse",
    hint="print your gain for a loss that has risen",
    EarlyStopping=edit("if gain > self.min_delta:", "if abs(gain) > self.min_delta:"),
)
variants.wrong(
    "es.nan_best",
    says="a nan counts as an improvement in your code: every comparison with nan is False, also the one that you turned round",
    hint="print(not (float('nan') >= 1.0))",
    EarlyStopping=edit("if gain > self.min_delta:", "if not (gain <= self.min_delta):"),
)
variants.wrong(
    "es.equal",
    says="you take a number that equals the best for an improvement: a loss that stands still would never stop",
    hint="feed it the same number over and over",
    EarlyStopping=edit("if gain > self.min_delta:", "if gain >= self.min_delta:"),
)
variants.wrong(
    "es.no_delta",
    says="you count every improvement, however small; it must be larger than min_delta",
    hint="with min_delta = 0.1, is 0.95 after 1.0 an improvement?",
    EarlyStopping=edit("if gain > self.min_delta:", "if gain > 0:"),
)
variants.wrong(
    "es.delta_sign",
    says="you add min_delta where it has to be taken off: a number slightly worse than the best passes for an improvement",
    hint="with min_delta = 0.1 and mode min, what must a number fall below after 1.0?",
    EarlyStopping=edit("if gain > self.min_delta:", "if gain > -self.min_delta:"),
)
variants.wrong(
    "es.mode",
    says="you look for small numbers whatever the mode; with mode max large ones are good",
    hint="watch an accuracy that rises",
    EarlyStopping=edit(
        'self.best - value if self.mode == "min" else value - self.best',
        "self.best - value",
        'np.inf if mode == "min" else -np.inf',
        "np.inf",
    ),
)
variants.wrong(
    "es.last_value",
    says="you compare with the epoch before, not with the best: a loss that falls again after a jump is not yet an improvement",
    hint="try 0.5, 0.9, 0.8: is 0.8 better than the best?",
    EarlyStopping=edit(
        "        self._epochs += 1\n",
        "        self._epochs += 1\n        self._previous = value\n",
        'gain = self.best - value if self.mode == "min" else value - self.best',
        'before = getattr(self, "_previous", self.best)\n        gain = before - value if self.mode == "min" else value - before',
    ),
)
variants.wrong(
    "es.epoch_one",
    says="you count epochs from 1; here the first is number 0",
    hint="after a single update best_epoch is 0",
    EarlyStopping=edit("self._epochs = 0", "self._epochs = 1"),
)


# E7.6 ensemble_predict, average_checkpoints


def ensemble_predict_loops(probs_list):
    total = np.zeros(probs_list[0].shape)
    for probs in probs_list:
        total += probs
    return total / len(probs_list)


def average_checkpoints_loops(checkpoints):
    if len(checkpoints) == 0:
        raise ValueError("none")
    names = list(checkpoints[0])
    average = {}
    for state in checkpoints:
        if sorted(state) != sorted(names):
            raise ValueError("names")
    for name in names:
        arrays = [np.asarray(state[name]) for state in checkpoints]
        average[name] = np.array(arrays[-1]) if arrays[0].dtype.kind in "iu" else sum(arrays) / len(arrays)
    return average


def average_checkpoints_running(checkpoints):
    if not checkpoints:
        raise ValueError("none")
    average = {}
    for count, state in enumerate(checkpoints):
        if count and set(state) != set(average):
            raise ValueError("names")
        for name, array in state.items():
            if array.dtype.kind != "f" or count == 0:
                average[name] = array.copy()
            else:
                average[name] = average[name] + (array - average[name]) / (count + 1)
    return average


def ensemble_predict_stack(probs_list):
    return np.einsum("kij->ij", np.stack(probs_list)) / len(probs_list)


variants.right("ep.loops", ensemble_predict=ensemble_predict_loops, average_checkpoints=average_checkpoints_loops)
variants.right("ep.running", ensemble_predict=ensemble_predict_stack, average_checkpoints=average_checkpoints_running)

variants.wrong(
    "ep.vote",
    says="you count votes: a network that is almost undecided weighs as much as one that is certain",
    hint="two networks with shares (1, 0) and (0.4, 0.6) give (0.7, 0.3)",
    ensemble_predict=edit(
        "np.mean(probs_list, axis=0)", "np.mean([np.eye(q.shape[1])[q.argmax(axis=1)] for q in probs_list], axis=0)"
    ),
)
variants.wrong(
    "ep.logits",
    says="you average logarithms, so a single network that calls something impossible overrules all others; average the shares",
    hint="two networks with shares (1, 0) and (0.4, 0.6) give (0.7, 0.3)",
    ensemble_predict=edit(
        "return np.mean(probs_list, axis=0)",
        "g = np.exp(np.mean(np.log(np.maximum(probs_list, 1e-300)), axis=0))\n    return g / g.sum(axis=1, keepdims=True)",
    ),
)
variants.wrong(
    "ep.sum",
    says="your rows sum to the number of networks: divide by it",
    hint="print(ensemble_predict(shares).sum(axis=1))",
    ensemble_predict=edit("np.mean(probs_list, axis=0)", "np.sum(probs_list, axis=0)"),
)
variants.wrong(
    "ep.axis",
    says="you average over the samples of each network instead of over the networks",
    hint="print(np.stack(probs_list).shape): which axis counts the networks?",
    ensemble_predict=edit("np.mean(probs_list, axis=0)", "np.mean(probs_list, axis=1)"),
)


def average_checkpoints_in_place(checkpoints):
    if not checkpoints or any(other.keys() != checkpoints[0].keys() for other in checkpoints):
        raise ValueError("names")
    average = checkpoints[0]
    for name, array in average.items():
        if np.issubdtype(array.dtype, np.integer):
            array[...] = checkpoints[-1][name]
            continue
        for other in checkpoints[1:]:
            array += other[name]
        array /= len(checkpoints)
    return average


variants.wrong(
    "ac.inplace_first",
    says="you add into the arrays of the first checkpoint: your average is right, but that checkpoint is lost",
    hint="print checkpoints[0] before and after",
    average_checkpoints=average_checkpoints_in_place,
)
variants.wrong(
    "ac.int_buffers",
    says="you average the counters as well and cut off the fraction; a counter has to be copied from the last checkpoint",
    hint="counters of 10 and 13 batches must give 13",
    average_checkpoints=edit(
        "last.copy() if is_counter else np.mean([state[name] for state in checkpoints], axis=0)",
        "np.mean([state[name] for state in checkpoints], axis=0).astype(last.dtype)",
    ),
)
variants.wrong(
    "ac.int_mean",
    says="you average the counters too, and 11.5 batches is no number of batches: copy what is an integer from the last checkpoint",
    hint="print the dtype of every array that you return",
    average_checkpoints=edit("is_counter = np.issubdtype(last.dtype, np.integer)", "is_counter = False"),
)
variants.wrong(
    "ac.int_first",
    says="you copy the counters from the first checkpoint; the average belongs to the end of the run",
    hint="counters of 10 and 13 batches must give 13",
    average_checkpoints=edit("last.copy() if is_counter", "checkpoints[0][name].copy() if is_counter"),
)
variants.wrong(
    "ac.alias",
    says="your counters are the very arrays of the last checkpoint: whoever changes one changes the other",
    hint="np.shares_memory tells whether two arrays are one",
    average_checkpoints=edit("last.copy() if is_counter", "last if is_counter"),
)
variants.wrong(
    "ac.last_only",
    says="you return the last checkpoint: nothing is averaged",
    hint="weights of 1 and 4 must give 2.5",
    average_checkpoints=edit("np.mean([state[name] for state in checkpoints], axis=0)", "last.copy()"),
)
variants.wrong(
    "ac.names_ignored",
    says="you average checkpoints whose names differ, which cannot come from one network; the docstring asks for a ValueError",
    hint="compare the names before you average",
    average_checkpoints=edit(
        "not checkpoints or any(other.keys() != checkpoints[0].keys() for other in checkpoints)", "not checkpoints"
    ),
)


# E7.7 EMA


class EMATwin:
    def __init__(self, model, decay=0.995):
        self.model, self.decay = model, decay
        self.twin = copy.deepcopy(model).requires_grad_(False)

    @property
    def shadow(self):
        return self.twin.state_dict()

    @torch.no_grad()
    def update(self):
        for mine, live in zip(self.twin.parameters(), self.model.parameters(), strict=True):
            mine.lerp_(live, 1 - self.decay)
        for mine, live in zip(self.twin.buffers(), self.model.buffers(), strict=True):
            mine.copy_(live)

    @contextmanager
    def apply(self):
        kept = copy.deepcopy(self.model.state_dict())
        try:
            self.model.load_state_dict(self.twin.state_dict())
            yield self.model
        finally:
            self.model.load_state_dict(kept)


class EMAOwnContext:
    def __init__(self, model, decay=0.995):
        self.model = model
        self.decay = decay
        self.shadow = copy.deepcopy(model.state_dict())

    def tensors(self):
        parameters = list(self.model.named_parameters(remove_duplicate=False))
        return parameters + list(self.model.named_buffers(remove_duplicate=False))

    def update(self):
        with torch.no_grad():
            for name, tensor in self.tensors():
                if isinstance(tensor, nn.Parameter):
                    self.shadow[name] = self.decay * self.shadow[name] + (1 - self.decay) * tensor
                else:
                    self.shadow[name] = tensor.clone()

    def apply(self):
        return self

    def __enter__(self):
        self.kept = [(tensor, tensor.data) for _, tensor in self.tensors()]
        for name, tensor in self.tensors():
            tensor.data = self.shadow[name].clone()
        return self.model

    def __exit__(self, *_):
        for tensor, data in self.kept:
            tensor.data = data


variants.right("em.twin", EMA=EMATwin)
variants.right("em.own_context", EMA=EMAOwnContext)

variants.wrong(
    "em.swapped",
    says="you have exchanged the two shares: the new weights count with 1 - decay, not with decay, so your average is hardly one",
    hint="with decay 0.995 one update may move the average by half a per cent of the way",
    EMA=edit("mul_(self.decay).add_(tensor, alpha=1.0 - self.decay)", "mul_(1.0 - self.decay).add_(tensor, alpha=self.decay)"),
)
variants.wrong(
    "em.alias",
    says="at the start your shadow is the model's own weights, not a copy: it moves with them before it ever averages",
    hint="change a weight right after EMA(model): the shadow must not notice",
    EMA=edit(
        "tensor.detach().clone() for name, tensor in model.state_dict()",
        "tensor.detach() for name, tensor in model.state_dict()",
        "self.shadow[name].copy_(tensor)",
        "self.shadow[name] = tensor.clone()",
        "self.shadow[name].mul_(self.decay).add_(tensor, alpha=1.0 - self.decay)",
        "self.shadow[name] = self.decay * self.shadow[name] + (1.0 - self.decay) * tensor",
    ),
)
variants.wrong(
    "em.no_restore",
    says="you do not put the live weights back: training goes on from the averaged ones",
    hint="print a weight before, inside and after the with block",
    EMA=edit("            self.model.load_state_dict(kept)", "            pass"),
)
variants.wrong(
    "em.no_finally",
    says="when the block ends with an exception, as an interrupted evaluation does, the averaged weights stay in the model",
    hint="what runs after a yield when the with block raises? try and finally",
    EMA=edit(
        "        try:\n            yield self.model\n        finally:\n            self.model.load_state_dict(kept)",
        "        yield self.model\n        self.model.load_state_dict(kept)",
    ),
)
variants.wrong(
    "em.zero_init",
    says="you start the average at zero: for hundreds of steps it is far too small, and the network with it is useless",
    hint="before the first update the shadow is a copy of the model",
    EMA=edit(
        "tensor.detach().clone() for name, tensor in model.state_dict()",
        "torch.zeros_like(tensor) for name, tensor in model.state_dict()",
    ),
)
variants.wrong(
    "em.grad",
    says="your average remembers how it was computed: every update hangs another piece on its graph, and memory grows",
    hint="print(ema.shadow['…'].requires_grad) after an update: it must be False",
    EMA=edit(
        "self.shadow[name].mul_(self.decay).add_(tensor, alpha=1.0 - self.decay)",
        "self.shadow[name] = self.decay * self.shadow[name] + (1.0 - self.decay) * self.model.get_parameter(name)",
    ),
)
variants.wrong(
    "em.buffers_averaged",
    says="you average the buffers too; they are copied, since BatchNorm's statistics are running averages already",
    hint="after an update the shadow's running_mean equals the model's",
    EMA=edit("if name in buffers:", "if not tensor.is_floating_point():"),
)
variants.wrong(
    "em.buffers_forgotten",
    says="your buffers stay as they were at the start: BatchNorm would normalise with the statistics of an untrained network",
    hint="after an update the shadow's running_mean equals the model's",
    EMA=edit("                self.shadow[name].copy_(tensor)", "                pass"),
)
variants.wrong(
    "em.new_objects",
    says="you put new parameters in the place of the old: the optimizer goes on updating objects that the model no longer has",
    hint="compare id(model.weight) before and after the block; change values, not objects",
    EMA=edit(
        "        self.model.load_state_dict(self.shadow)\n",
        "        for name in dict(self.model.named_parameters()):\n"
        '            owner, _, leaf = name.rpartition(".")\n'
        "            setattr(self.model.get_submodule(owner), leaf, nn.Parameter(self.shadow[name].clone()))\n"
        "        self.model.load_state_dict(self.shadow)\n",
    ),
)
variants.wrong(
    "em.first_update_copies",
    says="your first update copies the weights instead of averaging: the start counts too, it is the first value of the average",
    hint="after one update the shadow is decay times the start plus 1 - decay times the new weights",
    EMA=edit(
        "            if name in buffers:",
        '            if name in buffers or name not in self.__dict__.setdefault("_seen", set()):\n'
        "                self._seen.add(name)",
    ),
)


# E7.8 error_budget, classify_curves


def error_budget_branches(target, train, val, tolerance=0.01):
    bias = train - target
    variance = val - train
    if bias <= tolerance and variance <= tolerance:
        verdict, remedy = "good", "none"
    elif variance > bias:
        verdict, remedy = "variance", "more data, regularisation"
    else:
        verdict, remedy = "bias", "larger model, longer training"
    return {"bias": bias, "variance": variance, "verdict": verdict, "remedy": remedy}


def classify_curves_branches(train, val):
    train, val = list(train), list(val)
    n = min(len(train), len(val))
    train, val = train[:n], val[:n]
    lowest, S = train[0], train[0]
    for loss in train:
        if not np.isfinite(loss) or loss > lowest + 0.3 * S:
            return "unstable"
        lowest = min(lowest, loss)
    if not all(np.isfinite(loss) for loss in val):
        return "unstable"
    k = n // 5
    T, V = sum(train[-k:]) / k, sum(val[-k:]) / k
    P = sum(val[n - 2 * k : n - k]) / k
    if V < P - 0.05 * S:
        return "still_improving"
    if V > T + 0.15 * S:
        return "overfit"
    if T > 0.5 * S:
        return "underfit"
    return "val_easier" if V < T - 0.1 * S else "good"


def classify_curves_median(train, val):
    n = min(len(train), len(val))
    t, v = np.array(train[:n]) / train[0], np.array(val[:n]) / train[0]
    if np.isnan(t + v).any() or np.isinf(t + v).any():
        return "unstable"
    if max(t[i] - t[:i].min() for i in range(1, n)) > 0.3:
        return "unstable"
    k = n // 5
    T, V, P = np.median(t[-k:]), np.median(v[-k:]), np.median(v[-2 * k : -k])
    if P - V > 0.05:
        return "still_improving"
    if V - T > 0.15:
        return "overfit"
    if T > 0.5:
        return "underfit"
    if T - V > 0.1:
        return "val_easier"
    return "good"


variants.right("eb.branches", error_budget=error_budget_branches, classify_curves=classify_curves_branches)
variants.right("cc.median", classify_curves=classify_curves_median)

variants.wrong(
    "eb.abs_train",
    says="you take the whole training error for bias; what the target leaves over cannot be avoided by anyone",
    hint="where people err in 10 % of the cases, a training error of 11 % has a bias of 1 %",
    error_budget=edit("train - target, val - train", "train, val - train"),
)
variants.wrong(
    "eb.val_target",
    says="you measure the variance from the target; it is what is lost between training and validation",
    hint="bias and variance must add up to validation error minus target",
    error_budget=edit("val - train", "val - target"),
)
variants.wrong(
    "eb.abs",
    says="you take absolute values: a model better than the target has no bias to remove, and its number is below 0",
    hint="try a training error below the target",
    error_budget=edit("train - target, val - train", "abs(train - target), abs(val - train)"),
)
variants.wrong(
    "eb.smaller",
    says="you begin with the smaller of the two; the larger one has more to give",
    hint="with a bias of 4 and a variance of 3, which comes first?",
    error_budget=edit("bias >= variance", "bias < variance"),
)
variants.wrong(
    "eb.tie",
    says="when both are equal bias comes first: a model that cannot fit its training set gains nothing from a penalty",
    hint="try 0.25, 0.5 and 0.75",
    error_budget=edit("bias >= variance", "bias > variance"),
)
variants.wrong(
    "eb.never_good",
    says="you prescribe a remedy for errors within the tolerance: somewhere work has to end",
    hint="try a bias and a variance of 0.004",
    error_budget=edit("max(bias, variance) <= tolerance", "max(bias, variance) < -1"),
)
variants.wrong(
    "cc.last_point",
    says="you judge by the last epoch alone: one noisy point decides",
    hint="average over the last fifth of the epochs",
    classify_curves=edit("t[-fifth:].mean(), v[-fifth:].mean(), v[-2 * fifth : -fifth].mean()", "t[-1], v[-1], v[-1 - fifth]"),
)
variants.wrong(
    "cc.gap_only",
    says="you look at the gap alone: two curves that lie close together, but high, are underfitting",
    hint="what does a network look like that has learned nothing?",
    classify_curves=edit('"underfit": T > 0.5 * S', '"underfit": False'),
)
variants.wrong(
    "cc.val_lower_is_bug",
    says="you take it for a defect when validation lies below training; with dropout or augmentation that is what one expects",
    hint="in which mode is the training loss measured, in which the validation loss?",
    classify_curves=edit("largest_rise > 0.3 * S", "largest_rise > 0.3 * S or V < T"),
)
variants.wrong(
    "cc.any_below",
    says="you report an easier validation set for the slightest gap; a little below is normal, only more than 0.1 S counts",
    hint="a network with some dropout ends slightly below its training loss, and is good",
    classify_curves=edit("T - V > 0.1 * S", "T - V > 0"),
)
variants.wrong(
    "cc.any_rise",
    says="you call a curve unstable for every rise; mini-batch noise makes every curve rise now and then",
    hint="the rise must exceed 0.3 S",
    classify_curves=edit("largest_rise > 0.3 * S", "largest_rise > 0"),
)
variants.wrong(
    "cc.nan_unseen",
    says="a nan slips through your comparisons, which are all False for it, and the run ends up as good",
    hint="ask np.isfinite first",
    classify_curves=edit("if not (np.isfinite(t).all() and np.isfinite(v).all()):", "if False:"),
)
variants.wrong(
    "cc.no_cut",
    says="where validation is missing at the end, you compare its last epochs with other, later epochs of training",
    hint="cut both curves to the epochs that both have",
    classify_curves=edit("train[:epochs]", "train"),
)
variants.wrong(
    "cc.underfit_first",
    says="you call a run underfit while its validation loss is still falling: it may only need more epochs",
    hint="follow the order of the docstring",
    classify_curves=edit(
        '        "still_improving": P - V > 0.05 * S,\n        "overfit": V - T > 0.15 * S,\n        "underfit": T > 0.5 * S,\n',
        '        "underfit": T > 0.5 * S,\n        "still_improving": P - V > 0.05 * S,\n        "overfit": V - T > 0.15 * S,\n',
    ),
)
variants.wrong(
    "cc.end_to_end",
    says="you look at the end only; a curve that jumps in the middle and comes back is unstable too",
    hint="compare every epoch with the lowest one before it",
    classify_curves=edit("np.max(t - np.minimum.accumulate(t))", "T - np.min(t)"),
)


# E7.9 decay_groups


def decay_groups_loop(model, wd):
    groups = [{"params": [], "weight_decay": wd}, {"params": [], "weight_decay": 0.0}]
    for _, weight in model.named_parameters():
        if weight.requires_grad:
            groups[0 if weight.dim() > 1 else 1]["params"].append(weight)
    return groups


def decay_groups_by_id(model, wd):
    found = {}
    for module in model.modules():
        for weight in module.parameters(recurse=False):
            if weight.requires_grad:
                found[id(weight)] = weight
    vectors = [weight for weight in found.values() if len(weight.shape) <= 1]
    return [
        {"params": [weight for weight in found.values() if len(weight.shape) > 1], "weight_decay": wd},
        {"params": vectors, "weight_decay": 0},
    ]


variants.right("dg.loop", decay_groups=decay_groups_loop)
variants.right("dg.by_id", decay_groups=decay_groups_by_id)

variants.wrong(
    "dg.name",
    says="you go by names: a LayerNorm that is not called bn slips through, and its scale decays",
    hint="names are the author's whim; what do the parameters of all normalisation layers have in common?",
    decay_groups=edit(
        "[weight for weight in model.parameters() if weight.requires_grad]",
        "[(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]",
        "[weight for weight in trainable if weight.ndim >= 2]",
        '[weight for name, weight in trainable if not ("bn" in name or name.endswith("bias"))]',
        "[weight for weight in trainable if weight.ndim < 2]",
        '[weight for name, weight in trainable if "bn" in name or name.endswith("bias")]',
    ),
)
variants.wrong(
    "dg.dup",
    says="your first group holds all parameters, so those without decay stand in both: torch refuses that",
    hint="count: the groups together have as many entries as there are trainable parameters",
    decay_groups=edit("[weight for weight in trainable if weight.ndim >= 2]", "trainable"),
)
variants.wrong(
    "dg.missing",
    says="you collect what is called weight or bias and lose the rest: those are in no group, and silently stay untrained",
    hint="count: the groups together have as many entries as there are trainable parameters",
    decay_groups=edit(
        "[weight for weight in model.parameters() if weight.requires_grad]",
        "[weight for name, weight in model.named_parameters()\n"
        '                 if weight.requires_grad and name.endswith(("weight", "bias"))]',
    ),
)
variants.wrong(
    "dg.ndim1_emb",
    says="you put embeddings among the parameters without decay; a table of embeddings has two axes, and by this rule it decays",
    hint="print(nn.Embedding(7, 3).weight.ndim)",
    decay_groups=edit(
        "    return [",
        "    tables = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Embedding)}\n    return [",
        "if weight.ndim >= 2]",
        "if weight.ndim >= 2 and id(weight) not in tables]",
        "if weight.ndim < 2]",
        "if weight.ndim < 2 or id(weight) in tables]",
    ),
)
variants.wrong(
    "dg.matrices_only",
    says="you let only matrices decay; the filters of a convolution have four axes and are weights as well",
    hint="print(nn.Conv2d(1, 2, 3).weight.ndim)",
    decay_groups=edit("weight.ndim >= 2", "weight.ndim == 2", "weight.ndim < 2", "weight.ndim != 2"),
)
variants.wrong(
    "dg.frozen",
    says="you hand frozen parameters to the optimizer; they stand in no group",
    hint="requires_grad tells",
    decay_groups=edit(" if weight.requires_grad]", "]"),
)
variants.wrong(
    "dg.top_level",
    says="you look only at the layers directly below the model: what lies deeper is in no group, and silently stays untrained",
    hint="model.parameters() walks through all levels",
    decay_groups=edit(
        "for weight in model.parameters() if",
        "for layer in model.children() for weight in layer.parameters(recurse=False) if",
    ),
)
variants.wrong(
    "dg.tied",
    says="a parameter that two layers share stands in your groups twice, and would be updated twice",
    hint="model.parameters() gives each of them once",
    decay_groups=edit(
        "for weight in model.parameters() if", "for layer in model.modules() for weight in layer.parameters(recurse=False) if"
    ),
)
variants.wrong(
    "dg.all",
    says="biases and the parameters of normalisation layers decay in your groups as well",
    hint="print the weight_decay of both groups",
    decay_groups=edit('"weight_decay": 0.0', '"weight_decay": wd'),
)
variants.wrong(
    "dg.swapped",
    says="you have exchanged the groups: the weights do not decay, biases and norms do",
    hint="print the shapes in the group that decays",
    decay_groups=edit("weight.ndim >= 2", "weight.ndim < 2 ", "if weight.ndim < 2]", "if weight.ndim > 1]"),
)


# Questions: one variant for each wrong answer

variants.wrong(
    "q.small_weight_pull.A",
    says="the square is flat near 0: at 0.001 its slope is 0.002, while the slope of |w| is 1 at every size",
    small_weight_pull='"A"',
)
variants.wrong("q.small_weight_pull.C", says="that holds at w = ½ only, where 2w equals 1", small_weight_pull='"C"')
variants.wrong(
    "q.small_weight_pull.D",
    says="L1 does not become weaker near 0: its pull is the same at every size, which is why it gets there",
    small_weight_pull='"D"',
)

variants.wrong(
    "q.keep_prob_of_torch.same", says="torch's number is the share that goes; what stays is the rest", keep_prob_of_torch="0.3"
)
variants.wrong(
    "q.keep_prob_of_torch.scale",
    says="that is the factor by which the survivors are scaled, not their share",
    keep_prob_of_torch="1 / 0.7",
)

variants.wrong("q.active_inputs.dropped", says="that many are switched off; keep_prob is the share that stays", active_inputs="160")
variants.wrong("q.active_inputs.all", says="all 400 are active at test time; in training some are off", active_inputs="400")
variants.wrong(
    "q.active_inputs.inverted",
    says="dividing by keep_prob scales the values; it does not switch any unit on",
    active_inputs="400 / 0.6",
)

variants.wrong(
    "q.inverted_variance.vanilla",
    says="that is the variance without the factor 1/keep_prob on the survivors: it enters squared",
    inverted_variance="1",
)
variants.wrong(
    "q.inverted_variance.second_moment",
    says="that is the mean of the square; the variance is less by the square of the mean",
    inverted_variance="8",
)
variants.wrong("q.inverted_variance.std", says="that is the standard deviation; asked is its square", inverted_variance="2")

variants.wrong("q.subnetworks.twice", says="every unit doubles the number of networks: factors, not summands", subnetworks="20")
variants.wrong(
    "q.subnetworks.squared", says="each of 10 units is on or off: that is 2 to the power of 10, not the reverse", subnetworks="100"
)
variants.wrong(
    "q.subnetworks.no_empty",
    says="the network that has lost all its units counts as well; its probability is small, not 0",
    subnetworks="1023",
)

variants.wrong(
    "q.dropout_before_norm.A",
    says="inverted dropout keeps the mean: that is what the division by keep_prob is for; look at the spread",
    dropout_before_norm='"A"',
)
variants.wrong(
    "q.dropout_before_norm.B",
    says="in eval mode BatchNorm does not look at the batch at all, it uses what it remembers",
    dropout_before_norm='"B"',
)
variants.wrong(
    "q.dropout_before_norm.D",
    says="a unit that is dropped now and then still trains its scale in all the other updates",
    dropout_before_norm='"D"',
)

variants.wrong(
    "q.ensemble_loss.B",
    says="a bad member spoils the mean of the losses even more than the mean of the shares",
    ensemble_loss='"B"',
)
variants.wrong(
    "q.ensemble_loss.C",
    says="the inequality holds for every single sample, whatever set it comes from",
    ensemble_loss='"C"',
)
variants.wrong(
    "q.ensemble_loss.D",
    says="the best single member may well beat the ensemble: the promise is about the average member",
    ensemble_loss='"D"',
)

variants.wrong(
    "q.ema_half_life.500", says="it fades by a factor at each step, so it does not fall in a straight line", ema_half_life="500"
)
variants.wrong(
    "q.ema_half_life.1000",
    says="after 1000 steps it has fallen to 1/e, or 37 %; to one half it falls sooner",
    ema_half_life="1000",
)
variants.wrong("q.ema_half_life.995", says="that is the half-life for a decay of 0.995", ema_half_life="138")

variants.wrong(
    "q.train_above_val.A",
    says="training images that leaked into the validation set are no innocent reason",
    train_above_val='"A"',
)
variants.wrong(
    "q.train_above_val.B",
    says="overfitting and a model that is too large push the training loss below the validation loss, not above",
    train_above_val='"B"',
)
variants.wrong(
    "q.train_above_val.C",
    says="a forgotten model.eval() and swapped curves are bugs, and BatchNorm in the wrong mode is one more",
    train_above_val='"C"',
)

variants.wrong(
    "q.variance_remedies.A",
    says="these help a model that cannot fit its training set; this one fits it too well",
    variance_remedies='"A"',
)
variants.wrong(
    "q.variance_remedies.C",
    says="longer training and less dropout widen the gap that you want to close",
    variance_remedies='"C"',
)
variants.wrong(
    "q.variance_remedies.D",
    says="choosing by the test error uses up the test set, and a smaller validation set only makes the number noisier",
    variance_remedies='"D"',
)
