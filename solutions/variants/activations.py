"""Unit 1: what a fair grader accepts, and the misconceptions that it names."""

import numpy as np

from solutions.variants import Variants, edit

variants = Variants()

# E1.1 numeric_gradient, rel_error


def numeric_gradient_flat(f, x, dout=None, h=1e-5):
    point = np.asarray(x).astype(float).ravel()
    gradient = []
    for i in range(point.size):
        ahead, behind = point.copy(), point.copy()
        ahead[i] += h
        behind[i] -= h
        right, left = np.copy(f(ahead.reshape(np.shape(x)))), np.copy(f(behind.reshape(np.shape(x))))
        change = right - left
        gradient.append(float(change if dout is None else np.vdot(dout, change)) / (2 * h))
    return np.array(gradient).reshape(np.shape(x))


def rel_error_loops(a, b, floor=1e-8):
    if np.shape(a) != np.shape(b):
        raise ValueError("two shapes")
    errors = [abs(p - q) / max(floor, abs(p) + abs(q)) for p, q in zip(np.ravel(a), np.ravel(b), strict=True)]
    return float(np.max([0.0, *errors]))


def numeric_gradient_in_place(f, x, dout=None, h=1e-5):
    point = x if x.dtype == np.float64 else x.astype(np.float64)
    gradient = np.zeros(point.shape)
    walk = np.nditer(point, flags=["multi_index"])
    while not walk.finished:
        i = walk.multi_index
        before = float(point[i])
        losses = []
        for sign in (1, -1):
            point[i] = before + sign * h
            out = np.array(f(point), copy=True)
            losses.append(out)
        point[i] = before
        weights = 1 if dout is None else dout
        gradient[i] = (np.sum(losses[0] * weights) - np.sum(losses[1] * weights)) / (2 * h)
        walk.iternext()
    return gradient


variants.right("ng.flat", numeric_gradient=numeric_gradient_flat, rel_error=rel_error_loops)
variants.right("ng.in_place_restored", numeric_gradient=numeric_gradient_in_place)

variants.wrong(
    "ng.forward",
    says="you step to one side only: your error shrinks like h, not like h²",
    hint="print f(x + h) - f(x - h): the two points lie on either side of x",
    numeric_gradient=edit("x[i] = kept - h", "x[i] = kept", "/ (2 * h)", "/ h"),
)
variants.wrong(
    "ng.h_only",
    says="your gradient is twice too large: the two points lie 2h apart, and you divide by h",
    hint="try f(x) = x at x = 1: the answer must be 1",
    numeric_gradient=edit("/ (2 * h)", "/ h"),
)
variants.wrong(
    "ng.int",
    says="your array of integers cut off the small step: x + h became x again",
    hint="print(x.dtype, x[0]) inside the loop, right after you have moved the first entry of np.array([1, 2])",
    numeric_gradient=edit("np.array(x, dtype=np.float64)", "np.array(x)", "np.empty_like(x)", "np.zeros(x.shape)"),
)
variants.wrong(
    "ng.no_restore",
    says="you leave each entry moved when you go on to the next: the first entry of your gradient is right, the later ones drift",
    hint="print(x) after the loop: it must be what it was before",
    numeric_gradient=edit("        x[i] = kept\n", ""),
)
variants.wrong(
    "ng.alias",
    says="you keep what f returned without copying it, and the second call of f overwrites it: your difference is 0",
    hint="try f = lambda z: z with a dout: f returns the very array that you then move",
    numeric_gradient=edit("ahead = np.array(f(x))", "ahead = f(x)", "behind = np.array(f(x))", "behind = f(x)"),
)
variants.wrong(
    "ng.no_dout",
    says="you add up the outputs of f without weighing them with dout",
    hint="a second dout, twice as large, must double your gradient",
    numeric_gradient=edit("1.0 if dout is None else dout", "1.0"),
)
variants.wrong(
    "ng.writes_x",
    says="you move x itself and bring it back by arithmetic: x + h - 2h + h is not x in floating point",
    hint="remember the entry, or move a copy",
    numeric_gradient=edit(
        "x = np.array(x, dtype=np.float64)",
        "x = np.asarray(x, dtype=np.float64)",
        "x[i] = kept + h",
        "x[i] += h",
        "x[i] = kept - h",
        "x[i] -= 2 * h",
        "x[i] = kept\n",
        "x[i] += h\n",
    ),
)
variants.wrong(
    "re.nofloor",
    says="two gradients that are both 0 give 0/0 in your code: the denominator must not fall below the floor",
    hint="print(rel_error(np.zeros(2), np.zeros(2)))",
    rel_error=edit("np.maximum(floor, np.abs(a) + np.abs(b))", "np.abs(a) + np.abs(b)"),
)
variants.wrong(
    "re.mean",
    says="you average over the entries: one wrong entry among thousands then looks like rounding",
    hint="one wrong entry in a million must be enough to fail",
    rel_error=edit("np.max(np.abs(a - b) / scale, initial=0.0)", "np.mean(np.abs(a - b) / scale)"),
)
variants.wrong(
    "re.whole",
    says="you divide the largest difference by the largest entry of the whole array: a wrong tiny entry hides behind a large one",
    hint="divide entry by entry, then take the largest",
    rel_error=edit("np.max(np.abs(a - b) / scale, initial=0.0)", "np.max(np.abs(a - b)) / np.max(scale)"),
)
variants.wrong(
    "re.nan_hidden",
    says="a nan in a gradient disappears in your largest error: the check would pass",
    hint="print(max(0.0, float('nan'))), then the same with np.max",
    rel_error=edit("np.max(np.abs(a - b) / scale, initial=0.0)", "np.nanmax(np.abs(a - b) / scale)"),
)


# E1.2 sigmoid, sigmoid_backward, tanh_backward


def sigmoid_by_tanh(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def sigmoid_backward_expanded(dout, s):
    return dout * (s - s * s)


def tanh_backward_factored(dout, t):
    return dout * (1 + t) * (1 - t)


def sigmoid_masked(x):
    x = np.asarray(x)
    out = np.empty(x.shape, dtype=x.dtype)
    positive = x >= 0
    out[positive] = 1 / (1 + np.exp(-x[positive]))
    e = np.exp(x[~positive])
    out[~positive] = e / (1 + e)
    return out


def sigmoid_torch(x):
    import torch

    return torch.sigmoid(torch.from_numpy(np.array(x))).numpy()


variants.right(
    "sig.by_tanh", sigmoid=sigmoid_by_tanh, sigmoid_backward=sigmoid_backward_expanded, tanh_backward=tanh_backward_factored
)
variants.right("sig.masked", sigmoid=sigmoid_masked)
variants.right("sig.torch", sigmoid=sigmoid_torch)

variants.wrong(
    "sig.naive",
    says="your exponential grows without bound for very negative x and overflows, though the sigmoid itself is harmless there",
    hint="print(np.exp(1000.0)): for which sign of x does your code compute that?",
    sigmoid=edit("np.where(x >= 0, 1.0, small) / (1.0 + small)", "1.0 / (1.0 + np.exp(-x))"),
)
variants.wrong(
    "sig.where",
    says="np.where computes both branches for every entry before it chooses, so the one you wanted to avoid still overflows",
    hint="make the argument of exp harmless for both signs before you choose",
    sigmoid=edit(
        "np.where(x >= 0, 1.0, small) / (1.0 + small)", "np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))"
    ),
)
variants.wrong(
    "sig.bwd_x",
    says="you squash s once more: sigmoid_backward is given the output of the sigmoid, not its input",
    hint="sigmoid_backward(1, 0.5) must be 0.25",
    sigmoid_backward=edit("return dout * s", "s = 1.0 / (1.0 + np.exp(-s))\n    return dout * s"),
)
variants.wrong(
    "sig.nodout",
    says="you return the local slope alone: the chain rule multiplies it with dout, what comes from above",
    hint="twice the dout must give twice the gradient",
    sigmoid_backward=edit("dout * s * (1.0 - s)", "s * (1.0 - s)"),
)
variants.wrong(
    "tanh.1mt",
    says="your slope of tanh lacks the square: it is not even symmetric in x",
    hint="tanh_backward must give the same for t = 0.5 and t = -0.5",
    tanh_backward=edit("1.0 - t**2", "1.0 - t"),
)
variants.wrong(
    "tanh.as_sigmoid",
    says="you use the sigmoid's slope for tanh: at 0 tanh is four times as steep",
    hint="tanh_backward(1, 0) must be 1",
    tanh_backward=edit("dout * (1.0 - t**2)", "dout * t * (1.0 - t)"),
)


# E1.3 relu, relu_backward


def relu_where(x):
    return np.where(x < 0, 0.0, x)


def relu_backward_product(dout, x):
    return dout * (x > 0)


def relu_loops(x):
    out = np.array(x, dtype=float)
    for i in np.ndindex(out.shape):
        if out[i] < 0:
            out[i] = 0.0
    return out


variants.right("relu.where", relu=relu_where, relu_backward=relu_backward_product)
variants.right("relu.loops", relu=relu_loops)

variants.wrong(
    "relu.geq",
    says="you let the gradient through at exactly 0; by this course's convention the slope there is 0",
    hint="print(relu_backward(np.ones(1), np.zeros(1)))",
    relu_backward=edit("x > 0", "x >= 0"),
)
variants.wrong(
    "relu.inplace",
    says="you write the zeros into the array you were given: the layer before has lost its output, which it still needs",
    hint="print(x) before and after relu(x)",
    relu=edit("return np.maximum(x, 0.0)", "x[x < 0] = 0.0\n    return x"),
)
variants.wrong(
    "relu.mul",
    says="minus infinity times 0 is nan, not 0: you multiply by a mask where you should choose",
    hint="print(-np.inf * 0)",
    relu=edit("np.maximum(x, 0.0)", "x * (x > 0)"),
)
variants.wrong(
    "relu.out",
    says="you look at the sign of dout: what decides is where x was, not where the gradient points",
    hint="turn the sign of dout: the same entries must stay 0",
    relu_backward=edit("x > 0", "dout > 0"),
)
variants.wrong(
    "relu.nanmask",
    says="your code turns nan into 0: the bug that made the nan upstream is now invisible",
    hint="print(np.nan > 0): which branch does nan take?",
    relu=edit("np.maximum(x, 0.0)", "np.where(x > 0, x, 0.0)"),
)
variants.wrong(
    "relu.slope_only",
    says="you return the slope alone, 0 or 1: it has yet to be multiplied with dout",
    hint="twice the dout must give twice the gradient",
    relu_backward=edit("np.where(x > 0, dout, 0.0)", "np.where(x > 0, 1.0, 0.0)"),
)


# E1.4 prelu, prelu_backward


def prelu_two_parts(x, a):
    return np.maximum(x, 0) + a * np.minimum(x, 0)


def prelu_backward_loops(dout, x, a):
    slopes = np.broadcast_to(a, x.shape)
    dx, per_entry = np.zeros(x.shape), np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        if x[i] > 0:
            dx[i] = dout[i]
        else:
            dx[i], per_entry[i] = dout[i] * slopes[i], dout[i] * x[i]
    if np.ndim(a) == 0:
        return dx, per_entry.sum()
    return dx, per_entry.reshape(-1, len(a)).sum(axis=0)


def prelu_torch(x, a):
    import torch

    weight = torch.from_numpy(np.atleast_1d(np.array(a, dtype=float)))
    rows = torch.from_numpy(np.array(x)).reshape(-1, x.shape[-1])
    return torch.nn.functional.prelu(rows, weight).numpy().reshape(x.shape)


def prelu_backward_torch(dout, x, a):
    import torch

    inputs = torch.tensor(x, requires_grad=True)
    weight = torch.tensor(np.array(a, dtype=float), requires_grad=True)
    rows = torch.nn.functional.prelu(inputs.reshape(-1, x.shape[-1]), weight.reshape(-1))
    rows.reshape(x.shape).backward(torch.from_numpy(np.array(dout)))
    return inputs.grad.numpy(), weight.grad.numpy()


variants.right("prelu.two_parts", prelu=prelu_two_parts, prelu_backward=prelu_backward_loops)
variants.right("prelu.torch", prelu=prelu_torch, prelu_backward=prelu_backward_torch)

variants.wrong(
    "prelu.max",
    says="the larger of x and a·x is the right branch only while a is below 1; a learned slope may pass 1",
    hint="print(prelu(np.array([-1.0]), 3.0)): it must be -3",
    prelu=edit("np.where(x > 0, x, a * x)", "np.maximum(a * x, x)"),
)
variants.wrong(
    "prelu.da_pos",
    says="your da collects the entries on the positive side, where the slope a has no part in the output",
    hint="for x all positive, da must be 0",
    prelu_backward=edit("np.minimum(x, 0.0)", "np.maximum(x, 0.0)"),
)
variants.wrong(
    "prelu.da_all",
    says="your da adds up dout·x over all entries; only those that went through the slope count",
    hint="for x all positive, da must be 0",
    prelu_backward=edit("dout * np.minimum(x, 0.0)", "dout * x"),
)
variants.wrong(
    "prelu.da_shape",
    says="your da has one entry for every input; a shared slope collects the gradient of all the entries that it served",
    hint="print(np.shape(da), np.shape(a)): they must agree",
    prelu_backward=edit("np.sum(dout * np.minimum(x, 0.0), axis=axes_without_a)", "dout * np.minimum(x, 0.0)"),
)
variants.wrong(
    "prelu.da_scalar",
    says="your da adds up over the channels too; each channel has a slope of its own",
    hint="print(np.shape(da), np.shape(a)): they must agree",
    prelu_backward=edit(", axis=axes_without_a", ""),
)
variants.wrong(
    "prelu.da_mean",
    says="you average over the samples where the chain rule adds up; dividing by N is the loss's business",
    hint="the same data twice over must give twice the da",
    prelu_backward=edit("np.sum(dout * np.minimum(x, 0.0)", "np.mean(dout * np.minimum(x, 0.0)"),
)
variants.wrong(
    "prelu.a_ignored_bwd",
    says="your dx is that of the plain ReLU: on the negative side the output moves with a·x",
    hint="for a = 1 the layer is the identity, so dx must be dout",
    prelu_backward=edit("np.where(x > 0, dout, a * dout)", "np.where(x > 0, dout, 0.0)"),
)


# E1.5 elu, elu_backward


def elu_masked(x, alpha=1.0):
    out = np.array(x, dtype=float)
    left = out <= 0
    out[left] = alpha * np.expm1(out[left])
    return out


def elu_backward_masked(dout, x, alpha=1.0):
    dx = np.array(dout, dtype=float)
    left = x <= 0
    dx[left] *= alpha * np.exp(x[left])
    return dx


def elu_two_parts(x, alpha=1.0):
    return np.maximum(x, 0.0) + alpha * np.expm1(np.minimum(x, 0.0))


variants.right("elu.masked", elu=elu_masked, elu_backward=elu_backward_masked)
variants.right("elu.two_parts", elu=elu_two_parts)

variants.wrong(
    "elu.exp_all",
    says="you take the exponential of every entry, also of large positive ones where you do not use it: it overflows there",
    hint="print(np.exp(1000.0)), then cap the argument on the side you do not need",
    elu=edit("np.expm1(np.minimum(x, 0.0))", "np.expm1(x)"),
)
variants.wrong(
    "elu.exp_all_bwd",
    says="your backward pass takes the exponential of large positive entries, where the slope is simply 1: it overflows there",
    hint="print(np.exp(1000.0)), then cap the argument on the side you do not need",
    elu_backward=edit("np.exp(np.minimum(x, 0.0))", "np.exp(x)"),
)
variants.wrong(
    "elu.alpha_missing",
    says="your curve flattens at -1 whatever alpha is",
    hint="print(elu(np.array([-50.0]), alpha=3.0)): it must be -3",
    elu=edit("alpha * np.expm1", "np.expm1"),
)
variants.wrong(
    "elu.alpha_missing_bwd",
    says="your forward pass knows alpha, your backward pass does not",
    hint="twice the alpha must double the slope on the left",
    elu_backward=edit("alpha * np.exp", "np.exp"),
)
variants.wrong(
    "elu.bwd_y",
    says="the shortcut slope = output + alpha holds on the left only; on the right you add alpha to a slope that is 1",
    hint="print the slope at x = 2: it must be 1",
    elu_backward=edit(
        "np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))",
        "(np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))) + alpha)",
    ),
)
variants.wrong(
    "elu.exp_minus1",
    says="you subtract 1 from a number that is almost 1: close to 0 only four or five digits are left",
    hint="print(np.exp(-1e-12) - 1); NumPy has a function that does both steps without the loss",
    elu=edit("np.expm1(np.minimum(x, 0.0))", "(np.exp(np.minimum(x, 0.0)) - 1.0)"),
)


# E1.6 maxout, maxout_backward


def maxout_loops(x, W, b):
    pieces = np.stack([x @ W[j] + b[j] for j in range(len(W))])
    winner = np.argmax(pieces, axis=0)
    y = np.take_along_axis(pieces, winner[None], axis=0)[0]
    return y, (np.array(x), np.array(W), winner)


def maxout_backward_loops(dout, cache):
    x, W, winner = cache
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros((W.shape[0], W.shape[2]))
    for n in range(dout.shape[0]):
        for h in range(dout.shape[1]):
            j = winner[n, h]
            dx[n] += dout[n, h] * W[j, :, h]
            dW[j, :, h] += dout[n, h] * x[n]
            db[j, h] += dout[n, h]
    return dx, dW, db


def maxout_einsum(x, W, b):
    pieces = np.einsum("nd,kdh->nkh", x, W) + b
    best = np.argmax(pieces, axis=1)
    chosen = np.eye(len(W))[best]
    return pieces.max(axis=1), (x.copy(), W.copy(), chosen)


def maxout_backward_einsum(dout, cache):
    x, W, chosen = cache
    passed = dout[:, :, None] * chosen
    return np.einsum("nhk,kdh->nd", passed, W), np.einsum("nd,nhk->kdh", x, passed), np.einsum("nhk->kh", passed)


variants.right("mo.loops", maxout=maxout_loops, maxout_backward=maxout_backward_loops)
variants.right("mo.einsum", maxout=maxout_einsum, maxout_backward=maxout_backward_einsum)

variants.wrong(
    "mo.tie_split",
    says="where two pieces tie you send the whole gradient through both of them: it is counted twice",
    hint="the sum of db over the pieces must be the sum of dout over the samples",
    maxout=edit("winner = pieces.argmax(axis=0)", "winner = pieces == pieces.max(axis=0)"),
    maxout_backward=edit(
        "    number_of_each_piece = np.arange(len(W))[:, None, None]\n", "", "winner == number_of_each_piece", "winner"
    ),
)
variants.wrong(
    "mo.sum",
    says="you add the pieces up: the sum of affine maps is affine, and the layer has lost its bend",
    hint="with k = 2 and the second piece all zero, the output must be a ReLU",
    maxout=edit("return pieces.max(axis=0)", "return pieces.sum(axis=0)"),
)
variants.wrong(
    "mo.onlybest_dx",
    says="you compute dx with the weights of piece 0, whichever piece won",
    hint="each entry of dout goes back through the weights of the piece that won there",
    maxout_backward=edit("(dpieces @ W.transpose(0, 2, 1)).sum(axis=0)", "(dpieces @ W[0].T).sum(axis=0)"),
)
variants.wrong(
    "mo.axis",
    says="you take the largest of the units instead of the largest of the pieces",
    hint="print(pieces.shape) and ask which axis counts the pieces",
    maxout=edit("pieces.argmax(axis=0)", "pieces.argmax(axis=2)", "pieces.max(axis=0)", "pieces.max(axis=2)"),
)
variants.wrong(
    "mo.cache_x",
    says="your cache holds the caller's own arrays: when they are overwritten, your backward pass computes with the new numbers",
    hint="change x after maxout and before maxout_backward: the gradient must not notice",
    maxout=edit("(x.copy(), W.copy(), winner)", "(x, W, winner)"),
)
variants.wrong(
    "mo.db_all",
    says="you give every piece the whole bias gradient; only the winner of a sample moves the output",
    hint="the sum of db over the pieces must be the sum of dout over the samples",
    maxout_backward=edit("dpieces.sum(axis=1)", "np.tile(dout.sum(axis=0), (len(W), 1))"),
)


# E1.7 softmax, log_softmax, softmax_backward


def softmax_from_log(z, axis=-1):
    top = np.max(z, axis=axis, keepdims=True)
    return np.exp(z - top - np.log(np.sum(np.exp(z - top), axis=axis, keepdims=True)))


def log_softmax_logaddexp(z, axis=-1):
    return z - np.logaddexp.reduce(z, axis=axis, keepdims=True)


def softmax_backward_jacobian(dout, s, axis=-1):
    shares, weights = np.moveaxis(s, axis, -1), np.moveaxis(dout, axis, -1)
    out = np.empty(shares.shape)
    for i in np.ndindex(shares.shape[:-1]):
        jacobian = np.diag(shares[i]) - np.outer(shares[i], shares[i])
        out[i] = jacobian @ weights[i]
    return np.moveaxis(out, -1, axis)


def softmax_rows(z, axis=-1):
    def one(row):
        e = np.exp(row - row.max())
        return e / e.sum()

    return np.apply_along_axis(one, axis, z)


def log_softmax_torch(z, axis=-1):
    import torch

    return torch.log_softmax(torch.from_numpy(np.array(z)), dim=axis).numpy()


variants.right(
    "sm.from_log", softmax=softmax_from_log, log_softmax=log_softmax_logaddexp, softmax_backward=softmax_backward_jacobian
)
variants.right("sm.rows", softmax=softmax_rows, log_softmax=log_softmax_torch)

variants.wrong(
    "sm.noshift",
    says="you exponentiate the scores as they come: exp(1000) is infinite, and infinite by infinite is nan",
    hint="softmax(z + c) equals softmax(z) for every c: which c makes exp harmless?",
    softmax=edit("np.exp(z - z.max(axis=axis, keepdims=True))", "np.exp(z)"),
)
variants.wrong(
    "sm.globalmax",
    says="you subtract the largest score of the whole array: a row far below it becomes all zeros, and 0/0 is nan",
    hint="each row has a largest score of its own",
    softmax=edit("z.max(axis=axis, keepdims=True)", "z.max()"),
)
variants.wrong(
    "sm.axis0",
    says="your shares sum to 1 down the columns: you normalise over the samples, not over the scores of each",
    hint="print(softmax(z).sum(axis=-1))",
    softmax=edit("z.max(axis=axis", "z.max(axis=0", "e.sum(axis=axis", "e.sum(axis=0"),
)
variants.wrong(
    "sm.axis_fixed",
    says="you normalise along the last axis whatever axis is asked for",
    hint="print(softmax(z, axis=0).sum(axis=0))",
    softmax=edit("z.max(axis=axis", "z.max(axis=-1", "e.sum(axis=axis", "e.sum(axis=-1"),
)
variants.wrong(
    "sm.keepdims",
    says="your sums have lost an axis, so that NumPy lines them up with the columns instead of the rows",
    hint="print(e.shape, e.sum(axis=axis).shape, e.sum(axis=axis, keepdims=True).shape)",
    softmax=edit("e.sum(axis=axis, keepdims=True)", "e.sum(axis=axis)"),
)
variants.wrong(
    "lsm.logofsm",
    says="you take the logarithm of a share that has already become 0: the answer is finite, your way to it is not",
    hint="write log(e^a / S) as a difference before you compute anything",
    log_softmax=edit(
        "shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))",
        "np.log(np.exp(shifted) / np.exp(shifted).sum(axis=axis, keepdims=True))",
    ),
)
variants.wrong(
    "lsm.shift_lost",
    says="you shift the scores inside the logarithm but not outside: your result is off by the largest score of each row",
    hint="the exponentials of your result must sum to 1",
    log_softmax=edit("return shifted - np.log", "return z - np.log"),
)
variants.wrong(
    "smb.diag",
    says="you use only the diagonal of the Jacobian: raising one score also lowers all other shares",
    hint="the entries of every row of your gradient must sum to 0",
    softmax_backward=edit("s * (dout - (dout * s).sum(axis=axis, keepdims=True))", "dout * s * (1.0 - s)"),
)
variants.wrong(
    "smb.axis_fixed",
    says="your backward pass sums along the last axis whatever axis is asked for",
    hint="print(softmax_backward(dout, s, axis=0).sum(axis=0)): it must be 0",
    softmax_backward=edit("sum(axis=axis", "sum(axis=-1"),
)


# E1.8 the zoo


def softplus_split(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_slope_split(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def swish_split(x):
    e = np.exp(-np.abs(x))
    return x * np.where(x >= 0, 1.0, e) / (1 + e)


def swish_slope_split(x):
    e = np.exp(-np.abs(x))
    s = np.where(x >= 0, 1.0, e) / (1 + e)
    return x * s + s * (1 - x * s)


def hard_sigmoid_relu6(x):
    return np.minimum(np.maximum(x + 3, 0), 6) / 6


def hard_sigmoid_slope_between(x):
    return ((x > -3) & (x < 3)) / 6


def softsign_of_sign(x):
    return x / (1 + np.sign(x) * x)


def softplus_torch(x):
    import torch

    return torch.nn.functional.softplus(torch.from_numpy(np.array(x, dtype=float)), threshold=50).numpy()


def softplus_slope_torch(x):
    import torch

    return torch.sigmoid(torch.from_numpy(np.array(x, dtype=float))).numpy()


def gelu_by_erfc(x):
    import math

    return x * np.array([0.5 * math.erfc(-z / math.sqrt(2)) for z in np.ravel(x)]).reshape(np.shape(x))


variants.right(
    "zoo.split",
    softplus=softplus_split,
    softplus_slope=softplus_slope_split,
    swish=swish_split,
    swish_slope=swish_slope_split,
    hard_sigmoid=hard_sigmoid_relu6,
    hard_sigmoid_slope=hard_sigmoid_slope_between,
    softsign=softsign_of_sign,
)
variants.right("zoo.torch", softplus=softplus_torch, softplus_slope=softplus_slope_torch, gelu=gelu_by_erfc)

variants.wrong(
    "sp.naive",
    says="you exponentiate x itself: for x = 1000 that is infinite, though softplus(1000) is 1000",
    hint="which of e^x and e^(-x) stays small for large x? NumPy's logaddexp thinks about this for you",
    softplus=edit("np.logaddexp(0.0, x)", "np.log(1.0 + np.exp(x))"),
)
variants.wrong(
    "sp.slope",
    says="you return the slope of the sigmoid; the slope of softplus is the sigmoid itself",
    hint="far to the right softplus is as steep as the identity",
    softplus_slope=edit("np.exp(-np.logaddexp(0.0, -x))", "np.exp(-np.logaddexp(0.0, -x) - np.logaddexp(0.0, x))"),
)
variants.wrong(
    "gelu.tanh",
    says="your numbers are those of the tanh approximation of GELU: close, but the exact form has the error function",
    hint="print(gelu(np.array([1.0])) - 0.8413447460685429)",
    gelu=edit("erf(x / np.sqrt(2.0))", "np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3))"),
    gelu_slope=edit(
        "    probability = (1.0 + erf(x / np.sqrt(2.0))) / 2.0\n    density = np.exp(-(x**2) / 2.0) / np.sqrt(2.0 * np.pi)\n",
        "    k = np.sqrt(2.0 / np.pi)\n"
        "    t = np.tanh(k * (x + 0.044715 * x**3))\n"
        "    probability = (1.0 + t) / 2.0\n"
        "    density = (1.0 - t**2) * k * (1.0 + 3 * 0.044715 * x**2) / 2.0\n",
    ),
)
variants.wrong(
    "gelu.1702",
    says="your numbers are those of the sigmoid approximation of GELU with its factor 1.702: off by up to 0.02",
    hint="print(gelu(np.array([1.0])) - 0.8413447460685429)",
    gelu=edit("x * (1.0 + erf(x / np.sqrt(2.0))) / 2.0", "x / (1.0 + np.exp(-1.702 * x))"),
    gelu_slope=edit(
        "    probability = (1.0 + erf(x / np.sqrt(2.0))) / 2.0\n    density = np.exp(-(x**2) / 2.0) / np.sqrt(2.0 * np.pi)\n",
        "    probability = 1.0 / (1.0 + np.exp(-1.702 * x))\n    density = 1.702 * probability * (1.0 - probability)\n",
    ),
)
variants.wrong(
    "gelu.bwd",
    says="your slope of GELU is the probability alone: the product rule has a second term",
    hint="the slope of GELU at 1 exceeds 1",
    gelu_slope=edit("probability + x * density", "probability"),
)
variants.wrong(
    "hs.keras2",
    says="your hard sigmoid is the one of old Keras, which reaches 0 and 1 at ±2.5; here it does so at ±3",
    hint="print(hard_sigmoid(np.array([-2.75])))",
    hard_sigmoid=edit("(x + 3.0) / 6.0", "0.2 * x + 0.5"),
    hard_sigmoid_slope=edit("np.abs(x) < 3.0, 1.0 / 6.0", "np.abs(x) < 2.5, 0.2"),
)
variants.wrong(
    "ss.bwd",
    says="your slope of softsign lacks the square: the quotient rule squares the denominator",
    hint="print the slope at x = 1: it must be 0.25",
    softsign_slope=edit("1.0 / (1.0 + np.abs(x)) ** 2", "1.0 / (1.0 + np.abs(x))"),
)
variants.wrong(
    "selu.swap",
    says="you have exchanged the two constants of SELU: the one outside the bracket must be the smaller",
    hint="far to the right the slope of SELU is 1.0507",
    selu=edit("1.0507009873554805, 1.6732632423543772", "1.6732632423543772, 1.0507009873554805"),
    selu_slope=edit("1.0507009873554805, 1.6732632423543772", "1.6732632423543772, 1.0507009873554805"),
)
variants.wrong(
    "selu.scale_left",
    says="you scale only the left side of SELU; the scale stands outside the bracket and belongs to both sides",
    hint="far to the right the slope of SELU is 1.0507",
    selu=edit("scale * np.where(x > 0, x, alpha", "np.where(x > 0, x, scale * alpha"),
    selu_slope=edit("scale * np.where(x > 0, 1.0, alpha", "np.where(x > 0, 1.0, scale * alpha"),
)
variants.wrong(
    "sw.bwd",
    says="your slope of swish is its sigmoid factor alone: the product rule has a second term, which makes the curve dip",
    hint="left of -1.28 the slope of swish is negative",
    swish_slope=edit("s * (1.0 + x * (1.0 - s))", "s"),
)
variants.wrong(
    "exp.bwd_one",
    says="your slope of the exponential is 1 everywhere, as that of the linear unit",
    hint="print the slope at x = 1",
    exponential_slope=edit("np.exp(x)", "np.ones_like(x)"),
)
variants.wrong(
    "lin.slope_x",
    says="your linear unit returns x as its slope",
    hint="how steep is the line y = x at x = 5?",
    linear_slope=edit("np.ones_like(x)", "x.copy()"),
)


# E1.9 collapse_linear


def collapse_linear_from_the_end(Ws, bs):
    W, b = np.eye(Ws[-1].shape[1]), np.zeros(Ws[-1].shape[1])
    for W_before, b_before in zip(reversed(Ws), reversed(bs), strict=True):
        b = b + b_before @ W
        W = W_before @ W
    return W, b


def collapse_linear_homogeneous(Ws, bs):
    product = None
    for W, b in zip(Ws, bs, strict=True):
        block = np.zeros((W.shape[0] + 1, W.shape[1] + 1))
        block[:-1, :-1], block[-1, :-1], block[-1, -1] = W, b, 1.0
        product = block if product is None else product @ block
    return product[:-1, :-1], product[-1, :-1]


variants.right("cl.from_the_end", collapse_linear=collapse_linear_from_the_end)
variants.right("cl.homogeneous", collapse_linear=collapse_linear_homogeneous)

variants.wrong(
    "cl.order",
    says="you multiply the matrices in the wrong order: rows are samples here, so the first layer stands on the left",
    hint="print the shapes: x (N, 5) times W1 (5, 3) times W2 (3, 3)",
    collapse_linear=edit("np.eye(len(Ws[0]))", "np.eye(Ws[0].shape[1])", "W @ W_next", "W_next @ W"),
)
variants.wrong(
    "cl.bias_sum",
    says="you add the biases up as they are: an early bias also passes through all the layers that follow",
    hint="what comes out for x = 0?",
    collapse_linear=edit("np.zeros(len(Ws[0]))", "0.0", "b @ W_next + b_next", "b + b_next"),
)
variants.wrong(
    "cl.first_bias_lost",
    says="only the last bias is left in your result: the earlier ones got lost on the way",
    hint="what comes out for x = 0?",
    collapse_linear=edit("b @ W_next + b_next", "b_next"),
)


# E1.10 gradient_profile


def gradient_profile_einsum(act, Ws, X, dout):
    outputs, slopes = [X], []
    for W in Ws:
        z = np.einsum("ni,ij->nj", outputs[-1], W)
        outputs.append(act[0](z))
        slopes.append(act[1](z))
    numbers, g = [], dout
    for layer in range(len(Ws) - 1, -1, -1):
        numbers.insert(0, float(np.sqrt(np.mean((g - g.mean()) ** 2))))
        g = np.einsum("nj,ij->ni", g * slopes[layer], Ws[layer])
    return [float(np.std(g)), *numbers]


def gradient_profile_recursive(act, Ws, X, dout):
    def below(h, layer):
        if layer == len(Ws):
            return dout, [np.std(dout)]
        z = h @ Ws[layer]
        g, found = below(act[0](z), layer + 1)
        g = (act[1](z) * g) @ Ws[layer].T
        return g, [np.std(g), *found]

    return [float(number) for number in below(X, 0)[1]]


variants.right("gp.einsum", gradient_profile=gradient_profile_einsum)
variants.right("gp.recursive", gradient_profile=gradient_profile_recursive)

variants.wrong(
    "gp.noact",
    says="your gradient passes the weights but not the activations: that is the profile of a linear network",
    hint="with an activation whose slope is 0 everywhere, all gradients but the last must be 0",
    gradient_profile=edit("(gradient * slope(z)) @ W.T", "gradient @ W.T"),
)
variants.wrong(
    "gp.post",
    says="you evaluate the slope at the activation's output; it belongs to the pre-activation z = h @ W",
    hint="keep z from the forward pass, not f(z)",
    gradient_profile=edit("slope(z)", "slope(f(z))"),
)
variants.wrong(
    "gp.W",
    says="you send the gradient back through W; the way back needs its transpose",
    hint="print the shapes: a gradient (N, D_out) must become (N, D_in)",
    gradient_profile=edit("@ W.T", "@ W"),
)
variants.wrong(
    "gp.order",
    says="your list runs from the output to the input; the input comes first",
    hint="the last number is the standard deviation of dout",
    gradient_profile=edit("spread[::-1]", "spread"),
)
variants.wrong(
    "gp.mean",
    says="you report the mean of the gradient, where positive and negative entries cancel, not its spread",
    hint="a mean near 0 says nothing about the size of the entries",
    gradient_profile=edit(
        "[float(gradient.std())]", "[float(gradient.mean())]", "append(float(gradient.std()))", "append(float(gradient.mean()))"
    ),
)
variants.wrong(
    "gp.slope_late",
    says="you multiply with the slope after the weights: on the way back the activation comes first",
    hint="the slope has the shape of z (N, D_out): it meets the gradient before W.T does",
    gradient_profile=edit("(gradient * slope(z)) @ W.T", "gradient @ W.T * slope(z @ W.T)"),
)


# E1.11 activation_report


def activation_report_loops(H, kind, tol=0.02):
    if kind not in ("relu", "sigmoid", "tanh"):
        raise ValueError("unknown kind")
    samples, units = H.shape
    dead = sum(1 for j in range(units) if not np.any(H[:, j])) / units if kind == "relu" else 0.0
    near = 0
    for value in H.ravel().tolist():
        if (kind == "sigmoid" and min(abs(value), abs(1 - value)) <= tol) or (kind == "tanh" and 1 - abs(value) <= tol):
            near += 1
    mixed = sum(1 for row in H if row.min() < 0 < row.max())
    return {"dead": dead, "saturated": near / H.size, "mean": float(np.sum(H) / H.size), "same_sign": 1 - mixed / samples}


def activation_report_counting(H, kind, tol=0.02):
    limits = {"relu": (), "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
    if kind not in limits:
        raise ValueError(f"no such kind: {kind}")
    close = np.zeros(H.shape, dtype=bool)
    for limit in limits[kind]:
        close |= np.abs(H - limit) <= tol
    silent = np.count_nonzero(H, axis=0) == 0
    signs = np.sign(H)
    return {
        "dead": float(np.mean(silent)) if kind == "relu" else 0.0,
        "saturated": float(np.mean(close)),
        "mean": float(np.mean(H)),
        "same_sign": float(np.mean(np.ptp(signs, axis=1) < 2)),
    }


variants.right("ar.loops", activation_report=activation_report_loops)
variants.right("ar.counting", activation_report=activation_report_counting)

variants.wrong(
    "ar.entry",
    says="you count zero entries, not dead units: in a healthy ReLU layer half of the entries are 0 and no unit is dead",
    hint="a unit is a column; it is dead when all of its column is 0",
    activation_report=edit("(H == 0).all(axis=0).mean()", "(H == 0).mean()"),
)
variants.wrong(
    "ar.any",
    says="you call a unit dead when it is silent for any one sample; it is dead when it is silent for all of them",
    hint="a unit that is off for half of the data is doing its job",
    activation_report=edit("(H == 0).all(axis=0)", "(H == 0).any(axis=0)"),
)
variants.wrong(
    "ar.axis",
    says="you look for samples without any active unit: rows are samples, columns are units",
    hint="print(H.shape): which axis must disappear?",
    activation_report=edit("(H == 0).all(axis=0)", "(H == 0).all(axis=1)"),
)
variants.wrong(
    "ar.tanh_pos",
    says="you count tanh as saturated near +1 only; it is just as stuck near -1",
    hint="activation_report(H, 'tanh') and activation_report(-H, 'tanh') must agree on saturated",
    activation_report=edit('floor = 0.0 if kind == "sigmoid" else -1.0', 'floor = 0.0 if kind == "sigmoid" else -1e9'),
)
variants.wrong(
    "ar.floor_zero",
    says="you take 0 for the lower asymptote of tanh: there tanh is at its steepest",
    hint="where is tanh flat?",
    activation_report=edit(
        'floor = 0.0 if kind == "sigmoid" else -1.0',
        "floor = 0.0",
        "np.minimum(H - floor, 1.0 - H)",
        "np.minimum(np.abs(H - floor), 1.0 - H)",
    ),
)
variants.wrong(
    "ar.float_eq",
    says="you count as dead the tanh units whose output is 0: there tanh is at its steepest, and only a ReLU dies at 0",
    hint="for kind 'tanh' and 'sigmoid', dead is 0",
    activation_report=edit(
        '    if kind == "relu":\n        dead =', '    dead = (H == 0).all(axis=0).mean()\n    if kind == "relu":\n        dead ='
    ),
)
variants.wrong(
    "ar.no_tol",
    says="you count only entries that equal an asymptote exactly, which floats rarely do: tol has no effect",
    hint="compare with tol, not with ==",
    activation_report=edit("to_asymptote <= tol", "to_asymptote == 0"),
)
variants.wrong(
    "ar.sign_positive",
    says="you count only rows of which all entries are positive; a row of negative ones zig-zags just as well",
    hint="activation_report(H, 'tanh') and activation_report(-H, 'tanh') must agree on same_sign",
    activation_report=edit("(H >= 0).all(axis=1) | (H <= 0).all(axis=1)", "(H >= 0).all(axis=1)"),
)
variants.wrong(
    "ar.sign_axis",
    says="you look at the signs of a unit over the samples; the zig-zag comes from the signs of one sample's units",
    hint="print(H.shape): same_sign is a share of the rows",
    activation_report=edit("(H >= 0).all(axis=1) | (H <= 0).all(axis=1)", "(H >= 0).all(axis=0) | (H <= 0).all(axis=0)"),
)


# Questions: one variant for each wrong answer

variants.wrong("q.gradient_bound.one", says="that is the bound for one sigmoid; here are ten in a row", gradient_bound="0.25")
variants.wrong("q.gradient_bound.value", says="½ is the sigmoid's value at 0; its slope there is smaller", gradient_bound="0.5**10")
variants.wrong(
    "q.gradient_bound.divided",
    says="factors of a chain multiply: ten of them make a power, not a quotient",
    gradient_bound="0.25 / 10",
)
variants.wrong(
    "q.gradient_bound.nine", says="that is one factor short: every one of the ten layers has a sigmoid", gradient_bound="0.25**9"
)

variants.wrong(
    "q.relu_subgradient.A",
    says="0 is one of them, and the libraries' choice, but lines with other slopes also stay below the corner",
    relu_subgradient='"A"',
)
variants.wrong(
    "q.relu_subgradient.B", says="a line of slope ½ through the corner also stays below the curve", relu_subgradient='"B"'
)
variants.wrong(
    "q.relu_subgradient.D",
    says="a corner has no slope, but a subgradient asks for less: a line that stays below",
    relu_subgradient='"D"',
)

variants.wrong(
    "q.dead_relu_revival.A",
    says="its gradient is exactly 0 for every sample, and any learning rate times 0 is 0: its weights have no way to recover",
    dead_relu_revival='"A"',
)
variants.wrong(
    "q.dead_relu_revival.C", says="whatever comes from above is multiplied by its slope, which is 0", dead_relu_revival='"C"'
)
variants.wrong(
    "q.dead_relu_revival.D",
    says="it cannot wake itself, but its inputs are made by other layers, which go on learning",
    dead_relu_revival='"D"',
)

variants.wrong(
    "q.output_layer.A",
    says="single sigmoids need not sum to 1, tanh cannot say 20 °C, and a ReLU can end up at 0 with no gradient",
    output_layer='"A"',
)
variants.wrong("q.output_layer.B", says="a ReLU knows no frost, and a sigmoid cannot count beyond 1", output_layer='"B"')
variants.wrong(
    "q.output_layer.C",
    says="linear scores are no probabilities, softmax over one temperature is always 1, and a linear count can be negative",
    output_layer='"C"',
)

variants.wrong(
    "q.parameter_count.no_bias",
    says="those are the weights; every unit and every filter has a bias as well",
    parameter_count="(10**9, 1728)",
)
variants.wrong(
    "q.parameter_count.one_channel",
    says="a filter looks at all three colours: it has three layers of 3 × 3 weights",
    parameter_count="(1_000_001_000, 640)",
)
variants.wrong(
    "q.parameter_count.bias_each_weight",
    says="there is one bias for each filter, not one for each filter and colour",
    parameter_count="(1_000_001_000, 1920)",
)

variants.wrong(
    "q.linear_stack.B", says="layers of width 50 let rank 50 through, and 10 outputs never need more than 10", linear_stack='"B"'
)
variants.wrong(
    "q.linear_stack.C",
    says="more weights describe the same maps in more ways: a product of matrices is a matrix",
    linear_stack='"C"',
)
variants.wrong(
    "q.linear_stack.D",
    says="with layers of width 50 you can first compute the 10 numbers you want and then hand them on unchanged",
    linear_stack='"D"',
)

variants.wrong(
    "q.architecture_choice.A",
    says="that cuts the reviews off, learns the same tumour anew at every place, and looks for neighbours in a table that has none",
    architecture_choice='"A"',
)
variants.wrong(
    "q.architecture_choice.C",
    says="a table has no order to step through, and pixels in a queue lose their neighbours",
    architecture_choice='"C"',
)
variants.wrong(
    "q.architecture_choice.D",
    says="what is not assumed must be learned from data, and a dense layer cannot even take texts of different lengths",
    architecture_choice='"D"',
)

variants.wrong(
    "q.weight_directions.A", says="the inputs cannot change the sign of any entry: they are all positive", weight_directions='"A"'
)
variants.wrong(
    "q.weight_directions.B", says="one number decides all three signs at once, and a number has two signs", weight_directions='"B"'
)
variants.wrong("q.weight_directions.D", says="delta can be negative, and then all three gradients are", weight_directions='"D"')
