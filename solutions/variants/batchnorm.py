"""Unit 3: what a fair grader accepts, and the misconceptions that it names."""

import numpy as np
import torch
from torch import nn

from solutions.variants import Variants, edit

variants = Variants()

# E3.1 bn_forward_train


def bn_forward_train_var(x, gamma, beta, eps=1e-5):
    if x.shape[0] == 1:
        raise ValueError("one sample has no spread")
    mu, var = np.mean(x, axis=0), np.var(x, axis=0)
    std = (var + eps) ** 0.5
    x_hat = (x - mu) * (1 / std)
    return x_hat * gamma[None, :] + beta, {"gamma": gamma.copy(), "x_hat": x_hat, "std": std, "centred": x - mu}


def bn_forward_train_columns(x, gamma, beta, eps=1e-5):
    if len(x) < 2:
        raise ValueError("one sample has no spread")
    centred, x_hat, out, std = np.empty(x.shape), np.empty(x.shape), np.empty(x.shape), np.empty(x.shape[1])
    for j in range(x.shape[1]):
        centred[:, j] = x[:, j] - x[:, j].sum() / len(x)
        std[j] = np.sqrt(np.dot(centred[:, j], centred[:, j]) / len(x) + eps)
        x_hat[:, j] = centred[:, j] / std[j]
        out[:, j] = gamma[j] * x_hat[:, j] + beta[j]
    return out, {"centred": centred, "std": std, "x_hat": x_hat, "gamma": gamma}


variants.right("bn.var", bn_forward_train=bn_forward_train_var)
variants.right("bn.columns", bn_forward_train=bn_forward_train_columns)

STD = "np.sqrt((centred**2).mean(axis=0) + eps)"

variants.wrong(
    "bn.unbiased",
    says="you normalise with the unbiased variance, 1/(N-1): then the spread of the output is not gamma but a little less",
    hint="normalise the two samples -1 and 1 with eps = 0: they are normalised already",
    bn_forward_train=edit(STD, "np.sqrt((centred**2).sum(axis=0) / (len(x) - 1) + eps)"),
)
variants.wrong(
    "bn.eps_out",
    says="you add eps to the standard deviation; in this course it is added to the variance, inside the root",
    hint="print both for eps = 0.1 and a variance of 4: 2.1 is one of them, 2.0248 the other",
    bn_forward_train=edit(STD, "np.sqrt((centred**2).mean(axis=0)) + eps"),
)
variants.wrong(
    "bn.no_eps",
    says="your output does not depend on eps: a feature that is constant in the batch will give 0/0",
    hint="try a column of equal numbers",
    bn_forward_train=edit(STD, "np.sqrt((centred**2).mean(axis=0))"),
)
variants.wrong(
    "bn.axis1",
    says="you average over the features of each sample: that is LayerNorm; BatchNorm averages each feature over the samples",
    hint="print the shape of your mean: it has one entry for each feature",
    bn_forward_train=edit(
        "x - x.mean(axis=0)",
        "x - x.mean(axis=1, keepdims=True)",
        "(centred**2).mean(axis=0)",
        "(centred**2).mean(axis=1, keepdims=True)",
    ),
)
variants.wrong(
    "bn.var_not_std",
    says="you divide by the variance: a feature that is 10 times as large would come out 10 times as small",
    hint="which unit has the variance of a length, and which unit should x_hat have?",
    bn_forward_train=edit(STD, "((centred**2).mean(axis=0) + eps)"),
)
variants.wrong(
    "bn.gamma_beta_order",
    says="you shift first and scale then; the scale comes first, and the shift last",
    hint="with gamma = 0 the output must be beta",
    bn_forward_train=edit("gamma * x_hat + beta", "gamma * (x_hat + beta)"),
)
variants.wrong(
    "bn.inplace_x",
    says="you subtract the mean from x itself: the array belongs to the caller, who still needs it",
    hint="x -= … writes into x; x - … makes a new array",
    bn_forward_train=edit("centred = x - x.mean(axis=0)", "x -= x.mean(axis=0)\n    centred = x"),
)

# E3.2 bn_update, bn_forward_eval, bn_population


def bn_update_towards(running_mean, running_var, mu, var, n, momentum=0.1):
    unbiased = var / (1 - 1 / n)
    return running_mean + momentum * (mu - running_mean), running_var + momentum * (unbiased - running_var)


def bn_forward_eval_affine(x, gamma, beta, rm, rv, eps=1e-5):
    slope = gamma / np.sqrt(rv + eps)
    return x * slope + (beta - rm * slope)


def bn_population_sums(batches):
    batches = list(batches)
    n = sum(len(batch) for batch in batches)
    mean = sum(batch.sum(axis=0) for batch in batches) / n
    return mean, sum(((batch - mean) ** 2).sum(axis=0) for batch in batches) / (n - 1)


variants.right("br.towards", bn_update=bn_update_towards, bn_population=bn_population_sums)
variants.right("be.affine", bn_forward_eval=bn_forward_eval_affine)

OLD, NEW_MEAN, NEW_VAR = "(1 - momentum) * running_mean", "momentum * mu", "momentum * unbiased"
UPDATE = "(1 - momentum) * running_mean + momentum * mu, (1 - momentum) * running_var + momentum * unbiased"

variants.wrong(
    "br.swapped",
    says="you give the old value the weight momentum: with 0.1 your statistics are almost those of the last batch",
    hint="with momentum = 0.1 one batch moves the running mean by a tenth of the way",
    bn_update=edit(UPDATE, "momentum * running_mean + (1 - momentum) * mu, momentum * running_var + (1 - momentum) * unbiased"),
)
variants.wrong(
    "br.biased",
    says="your running variance averages biased variances, 1/n: what enters the average is the unbiased one, 1/(n-1)",
    hint="n is an argument for a reason: for n = 2 the two differ by a factor of 2",
    bn_update=edit("unbiased = var * n / (n - 1)", "unbiased = var"),
)
variants.wrong(
    "br.std_avg",
    says="you average standard deviations and square the result; what is averaged is the variance",
    hint="the running variance after variances 0 and 4, half and half, is 2",
    bn_update=edit(
        "(1 - momentum) * running_var + momentum * unbiased",
        "((1 - momentum) * np.sqrt(running_var) + momentum * np.sqrt(unbiased)) ** 2",
    ),
)
variants.wrong(
    "br.never",
    says="your running statistics never move: in evaluation mode the layer would use those it was born with",
    hint="print what bn_update returns after one batch, next to what went in",
    bn_update=edit(UPDATE, "running_mean.copy(), running_var.copy()"),
)
variants.wrong(
    "br.overwrite",
    says="your running statistics are those of the last batch: every batch should move them only a little",
    hint="new = (1 - momentum) * old + momentum * batch",
    bn_update=edit(UPDATE, "mu.copy(), unbiased"),
)
variants.wrong(
    "br.inplace",
    says="you write into the running statistics that you were given: return new arrays",
    hint="a *= … writes into a",
    bn_update=edit(
        "    return " + UPDATE,
        "    running_mean *= 1 - momentum\n    running_mean += momentum * mu\n"
        "    running_var *= 1 - momentum\n    running_var += momentum * unbiased\n    return running_mean, running_var",
    ),
)
variants.wrong(
    "be.batch",
    says="you normalise with the statistics of the batch in evaluation mode too: a single sample would always give beta",
    hint="rm and rv are arguments; x.mean has no place here",
    bn_forward_eval=edit("gamma * (x - rm) / np.sqrt(rv + eps)", "gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)"),
)
variants.wrong(
    "be.update",
    says="you update the running statistics in evaluation mode: looking at the validation data then changes the model",
    hint="print rm before and after the call",
    bn_forward_eval=edit(
        "    out: np.ndarray = ",
        "    rm += 0.1 * (x.mean(axis=0) - rm)\n    rv += 0.1 * (x.var(axis=0) - rv)\n    out: np.ndarray = ",
    ),
)
variants.wrong(
    "be.no_affine",
    says="you leave out scale and shift: they belong to the layer in both modes",
    hint="with gamma = 0 the output must be beta",
    bn_forward_eval=edit("gamma * (x - rm) / np.sqrt(rv + eps) + beta", "(x - rm) / np.sqrt(rv + eps)"),
)
variants.wrong(
    "be.rv_std",
    says="you divide by the running variance; divide by its root",
    hint="try rv = 4: the slope is gamma / 2",
    bn_forward_eval=edit("np.sqrt(rv + eps)", "(rv + eps)"),
)
variants.wrong(
    "bp.mean_of_means",
    says="you give every batch the same weight; every sample should have the same weight, and batches may differ in size",
    hint="try one batch of 2 and one of 1",
    bn_population=edit("samples.mean(axis=0)", "np.mean([batch.mean(axis=0) for batch in batches], axis=0)"),
)
variants.wrong(
    "bp.within",
    says="you average the variances of the batches: that leaves out how far the batches lie from each other",
    hint="two batches, one of zeros and one of tens: is the variance of the data 0?",
    bn_population=edit(
        "samples.var(axis=0, ddof=1)",
        "sum(len(batch) * batch.var(axis=0) for batch in batches) / (len(samples) - 1)",
    ),
)

# E3.3 bn_backward


def bn_backward_two_paths(dout, cache):
    centred, std, gamma = cache["centred"], cache["std"], cache["gamma"]
    dx_hat = gamma * dout
    dvar = -0.5 * np.sum(dx_hat * centred, axis=0) * std**-3.0
    dmu = -dx_hat.sum(axis=0) / std - 2 * dvar * centred.mean(axis=0)
    dx = dx_hat / std + 2 * dvar * centred / len(dout) + dmu / len(dout)
    return dx, np.einsum("nd,nd->d", dout, cache["x_hat"]), np.einsum("nd->d", dout)


def bn_backward_jacobian(dout, cache):
    x_hat, std, gamma = cache["x_hat"], cache["std"], cache["gamma"]
    N, D = dout.shape
    dx = np.empty((N, D))
    for j in range(D):
        column = x_hat[:, j]
        dx[:, j] = gamma[j] / std[j] * (np.eye(N) - 1 / N - np.outer(column, column) / N) @ dout[:, j]
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


variants.right("bb.two_paths", bn_backward=bn_backward_two_paths)
variants.right("bb.jacobian", bn_backward=bn_backward_jacobian)

variants.wrong(
    "bb.detach",
    says="you treat mean and variance as constants, but every x moves them: dx is more than dout * gamma / std",
    hint="move one x a little: do the other rows of the output stay where they are?",
    bn_backward=edit("dx_hat / std + 2 * centred * dsquared", "dx_hat / std", "dx = dcentred + dmu / len(dout)", "dx = dcentred"),
)
variants.wrong(
    "bb.no_mean",
    says="the path through the mean is missing: x also moves mu, and mu is subtracted from every row",
    hint="print(dx.sum(axis=0)): it must be 0, as shifting a whole column changes nothing",
    bn_backward=edit("dx = dcentred + dmu / len(dout)", "dx = dcentred"),
)
variants.wrong(
    "bb.no_var",
    says="the path through the variance is missing: x also moves the spread that every row is divided by",
    hint="print((dx * x_hat).sum(axis=0)): it must be nearly 0 for a tiny eps",
    bn_backward=edit("dx_hat / std + 2 * centred * dsquared", "dx_hat / std"),
)
variants.wrong(
    "bb.N1",
    says="you divide by N - 1 where the variance is averaged: the forward pass divides by N",
    hint="for N = 2 the two differ by a factor of 2",
    bn_backward=edit("dvar / len(dout)", "dvar / (len(dout) - 1)"),
)
variants.wrong(
    "bb.sum_branch",
    says="centred goes two ways, into the numerator and into the variance, and you kept only the second: gradients of branches add",
    hint="dcentred is the sum of two terms",
    bn_backward=edit("dx_hat / std + 2 * centred * dsquared", "2 * centred * dsquared"),
)
variants.wrong(
    "bb.gamma_missing",
    says="dx does not depend on gamma in your code: the gradient passes the scale before it reaches x_hat",
    hint="with gamma = 0 the output does not depend on x at all: what must dx be?",
    bn_backward=edit("dx_hat = dout * gamma", "dx_hat = dout"),
)
variants.wrong(
    "bb.dgamma_mean",
    says="you average dgamma and dbeta over the batch: one gamma serves all rows, so their gradients add up",
    hint="a layer never divides by N; the loss has done so where it should",
    bn_backward=edit("dout.sum(axis=0)", "dout.mean(axis=0)", "(dout * x_hat).sum(axis=0)", "(dout * x_hat).mean(axis=0)"),
)
variants.wrong(
    "bb.sign",
    says="the derivative of 1/std is negative, and your minus sign got lost",
    hint="a larger std makes x_hat smaller",
    bn_backward=edit("-dinverse / std**2", "dinverse / std**2"),
)

# E3.4 bn_backward_compact


def bn_backward_compact_means(dout, cache):
    x_hat = cache["x_hat"]
    g = dout * cache["gamma"]
    dx = (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / cache["std"]
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def bn_backward_compact_einsum(dout, cache):
    x_hat = cache["x_hat"]
    dgamma, dbeta = np.einsum("ij,ij->j", dout, x_hat), np.ones(len(dout)) @ dout
    return cache["gamma"] / cache["std"] * (dout - (dbeta + x_hat * dgamma) / dout.shape[0]), dgamma, dbeta


variants.right("bc.means", bn_backward_compact=bn_backward_compact_means)
variants.right("bc.einsum", bn_backward_compact=bn_backward_compact_einsum)

variants.wrong(
    "bc.gamma_twice",
    says="gamma is in your dx twice: once in front, and once in dout already",
    hint="double gamma: dx must double, not grow fourfold",
    bn_backward_compact=edit(
        "dx = gamma / (N * std) * (N * dout",
        "dout = dout * gamma\n    dx = gamma / (N * std) * (N * dout",
        "- dbeta -",
        "- dbeta * gamma -",
        "x_hat * dgamma)",
        "x_hat * dgamma * gamma)",
    ),
)
variants.wrong(
    "bc.no_N",
    says="your dx is N times too large: the two sums are means in disguise",
    hint="the factor in front has an N in its denominator",
    bn_backward_compact=edit("gamma / (N * std)", "gamma / std"),
)
variants.wrong(
    "bc.half_N",
    says="you subtract sums from a single dout: either all three terms are divided by N, or dout is multiplied by it",
    hint="print(dx.sum(axis=0)): it must be 0",
    bn_backward_compact=edit("gamma / (N * std) * (N * dout", "gamma / std * (dout"),
)
variants.wrong(
    "bc.xhat_affine",
    says="you use the scaled batch, gamma * x_hat, where the formula wants x_hat, the batch before scale and shift",
    hint="the cache holds x_hat; scale and shift are not part of the bracket",
    bn_backward_compact=edit("- x_hat * dgamma", "- gamma * x_hat * dgamma"),
)
variants.wrong(
    "bc.order",
    says="you sum over the features of each sample; BatchNorm shares statistics among samples, so the sums go over the rows",
    hint="dbeta has one entry for each feature",
    bn_backward_compact=edit(
        "N * dout - dbeta - x_hat * dgamma",
        "N * dout - dout.sum(axis=1, keepdims=True) - x_hat * (dout * x_hat).sum(axis=1, keepdims=True)",
    ),
)
variants.wrong(
    "bc.loop",
    says="right, but you loop over rows or columns: the formula works on whole arrays",
    hint="sums with axis=0 do the loop for you",
    bn_backward_compact=bn_backward_jacobian,
)

# E3.5 ln_forward, ln_backward


def ln_forward_var(x, gamma, beta, eps):
    mean, var = x.mean(axis=1)[:, None], x.var(axis=1)[:, None]
    x_hat = (x - mean) * (var + eps) ** -0.5
    return x_hat * gamma + beta, (x_hat, var, gamma, eps)


def ln_backward_var(dout, cache):
    x_hat, var, gamma, eps = cache
    D = dout.shape[1]
    g = gamma * dout
    bracket = D * g - np.sum(g, axis=1, keepdims=True) - x_hat * np.sum(g * x_hat, axis=1, keepdims=True)
    return bracket / (D * np.sqrt(var + eps)), np.einsum("nd,nd->d", dout, x_hat), np.einsum("nd->d", dout)


def ln_forward_transposed(x, gamma, beta, eps):
    columns = x.T
    std = np.sqrt(columns.var(axis=0) + eps)
    x_hat = ((columns - columns.mean(axis=0)) / std).T
    return gamma * x_hat + beta, {"x_hat": x_hat, "std": std, "gamma": gamma}


def ln_backward_transposed(dout, cache):
    x_hat, std, gamma = cache["x_hat"], cache["std"], cache["gamma"]
    g, h = (dout * gamma).T, x_hat.T
    dx = (g - g.mean(axis=0) - h * (g * h).mean(axis=0)) / std
    return dx.T.copy(), (dout * x_hat).sum(axis=0), dout.sum(axis=0)


variants.right("ln.var", ln_forward=ln_forward_var, ln_backward=ln_backward_var)
variants.right("ln.transposed", ln_forward=ln_forward_transposed, ln_backward=ln_backward_transposed)

variants.wrong(
    "ln.axis0",
    says="you average over the samples: that is BatchNorm; LayerNorm normalises every row by itself",
    hint="give it a single row: your output must not be beta",
    ln_forward=edit(
        "x.mean(axis=1, keepdims=True)",
        "x.mean(axis=0, keepdims=True)",
        "(centred**2).mean(axis=1, keepdims=True)",
        "(centred**2).mean(axis=0, keepdims=True)",
    ),
)
variants.wrong(
    "ln.dgamma_axis",
    says="you sum dgamma over the features: statistics go along rows here, but gamma still has one entry for each feature",
    hint="dgamma has the shape of gamma",
    ln_backward=edit("(dout * x_hat).sum(axis=0), dout.sum(axis=0)", "(dout * x_hat).sum(axis=1), dout.sum(axis=1)"),
)
variants.wrong(
    "ln.reuse_bn_T",
    says="you transpose x and reuse BatchNorm, scale and all: there the features are rows, and gamma lies along columns",
    hint="apply gamma and beta after you have transposed back",
    ln_forward=edit("gamma * x_hat + beta", "(gamma * x_hat.T + beta).T"),
)
variants.wrong(
    "ln.keepdims",
    says="your mean has shape (N,), and NumPy lines it up with the columns of x",
    hint="keepdims=True keeps it a column of shape (N, 1)",
    ln_forward=edit("x.mean(axis=1, keepdims=True)", "x.mean(axis=1)"),
)
variants.wrong(
    "ln.detach",
    says="you treat mean and spread of a row as constants, but every x of the row moves them",
    hint="the compact formula of BatchNorm, along the other axis",
    ln_backward=edit("(dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * along) / std", "dx_hat / std"),
)
variants.wrong(
    "ln.gamma_outside",
    says="you multiply by gamma at the end, as in BatchNorm's formula; here gamma varies along the row that is averaged",
    hint="gamma goes into dx_hat first, and only then come the means",
    ln_backward=edit("dx_hat = dout * gamma", "dx_hat = dout", "* along) / std", "* along) / std * gamma"),
)
variants.wrong(
    "ln.unbiased",
    says="you normalise with the unbiased variance, 1/(D-1); LayerNorm divides by D",
    hint="the row (-1, 1) is normalised already",
    ln_forward=edit("(centred**2).mean(axis=1, keepdims=True)", "(centred**2).sum(axis=1, keepdims=True) / (x.shape[1] - 1)"),
)
variants.wrong(
    "ln.eps_out",
    says="you add eps to the standard deviation; here it is added to the variance, inside the root",
    hint="compare np.sqrt(var + eps) with np.sqrt(var) + eps for eps = 0.1",
    ln_forward=edit(
        "np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)", "np.sqrt((centred**2).mean(axis=1, keepdims=True)) + eps"
    ),
)

# E3.6 norm_nchw


def norm_nchw_axes(x, kind, gamma, beta, eps, groups=None):
    N, C, H, W = x.shape
    if kind not in ("batch", "layer", "instance", "group") or (kind == "group" and (groups is None or C % groups != 0)):
        raise ValueError(kind)
    if kind == "group":
        cube = x.reshape(N, groups, C // groups, H, W)
        x_hat = (cube - cube.mean((2, 3, 4), keepdims=True)) / np.sqrt(cube.var((2, 3, 4), keepdims=True) + eps)
        x_hat = x_hat.reshape(N, C, H, W)
    else:
        axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3)}[kind]
        x_hat = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)
    return x_hat * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1)


def norm_nchw_loops(x, kind, gamma, beta, eps, groups=None):
    N, C = x.shape[:2]
    sizes = {"batch": 1, "instance": 1, "layer": C}
    if kind == "group":
        if not groups or C % groups:
            raise ValueError("groups")
        size = C // groups
    elif kind in sizes:
        size = sizes[kind]
    else:
        raise ValueError("kind")
    x_hat = np.empty(x.shape)
    for start in range(0, C, size):
        for images in [slice(None)] if kind == "batch" else [slice(i, i + 1) for i in range(N)]:
            block = x[images, start : start + size]
            x_hat[images, start : start + size] = (block - block.mean()) / np.sqrt(block.var() + eps)
    return np.moveaxis(np.moveaxis(x_hat, 1, -1) * gamma + beta, -1, 1)


variants.right("nn.axes", norm_nchw=norm_nchw_axes)
variants.right("nn.loops", norm_nchw=norm_nchw_loops)

NORMALISE = "x_hat = ((parts - mean) / np.sqrt(var + eps)).reshape(x.shape)"

variants.wrong(
    "nn.reshape_no_T",
    says="you reshape to (N·H·W, C) without moving the channel axis to the end first: your columns mix the channels",
    hint="x.transpose(0, 2, 3, 1) before the reshape; compare a column with x[:, c].ravel()",
    norm_nchw=edit(
        NORMALISE,
        NORMALISE
        + '\n    if kind == "batch":\n        flat = x.reshape(-1, C)\n'
        + "        x_hat = ((flat - flat.mean(axis=0)) / np.sqrt(flat.var(axis=0) + eps)).reshape(x.shape)",
    ),
)
variants.wrong(
    "nn.axes_hw",
    says='for "batch" you average over height and width only: that is InstanceNorm; BatchNorm averages over the images as well',
    hint="there is one mean for each channel, not one for each channel of each image",
    norm_nchw=edit("(0, 2, 3, 4) if", "(2, 3, 4) if"),
)
variants.wrong(
    "nn.group_interleave",
    says="your groups take every G-th channel; a group is made of neighbouring channels",
    hint="with 6 channels and 2 groups, channels 0, 1, 2 are the first group",
    norm_nchw=edit(
        NORMALISE,
        NORMALISE
        + '\n    if kind == "group":\n        cube = x.reshape(N, C // G, G, *x.shape[2:])\n'
        + "        mean, var = cube.mean(axis=(1, 3, 4), keepdims=True), cube.var(axis=(1, 3, 4), keepdims=True)\n"
        + "        x_hat = ((cube - mean) / np.sqrt(var + eps)).reshape(x.shape)",
    ),
)
variants.wrong(
    "nn.affine_axis",
    says="your gamma lies along the width of the image: NumPy lines up the last axes",
    hint="gamma needs shape (C, 1, 1)",
    norm_nchw=edit("gamma[:, None, None] * x_hat + beta[:, None, None]", "gamma * x_hat + beta"),
)
variants.wrong(
    "nn.layer_instance",
    says='you exchanged "layer" and "instance": layer takes a whole image, instance one channel of it',
    hint="count the means: N for layer, N times C for instance",
    norm_nchw=edit('"layer": 1, "instance": C', '"layer": C, "instance": 1'),
)
variants.wrong(
    "nn.groups_size",
    says="you read groups as the number of channels in a group; it is the number of groups",
    hint="with groups = 1 you must get the layer's result",
    norm_nchw=edit('"group": groups or 1', '"group": C // (groups or 1)'),
)

# E3.7 fuse_bn


def fuse_bn_unit_vectors(W, b, gamma, beta, rm, rv, eps=1e-5):
    std = np.sqrt(rv + eps)
    bias = np.zeros(len(rm)) if b is None else b
    shape = (1, -1) if W.ndim == 2 else (-1, 1, 1, 1)
    return W * (gamma / std).reshape(shape), gamma * (bias - rm) / std + beta


def fuse_bn_matrix(W, b, gamma, beta, rm, rv, eps=1e-5):
    scale = gamma * (rv + eps) ** -0.5
    if b is None:
        b = 0 * rm
    W2 = W @ np.diag(scale) if len(W.shape) == 2 else np.einsum("ockl,o->ockl", W, scale)
    return W2, b * scale + (beta - rm * scale)


variants.right("fu.shape", fuse_bn=fuse_bn_unit_vectors)
variants.right("fu.matrix", fuse_bn=fuse_bn_matrix)

variants.wrong(
    "fu.rows",
    says="you scale the rows of W, its inputs; BatchNorm scales the outputs of the layer, the columns",
    hint="in x @ W, which axis of W counts the outputs?",
    fuse_bn=edit("scale if W.ndim == 2", "np.resize(scale, len(W))[:, None] if W.ndim == 2"),
)
variants.wrong(
    "fu.b_unscaled",
    says="you leave the layer's bias as it was: BatchNorm divides the bias along with everything else",
    hint="feed x = 0 through both layers: what comes out?",
    fuse_bn=edit("W2, offset * scale + beta", "W2, (0 if b is None else b) - rm * scale + beta"),
)
variants.wrong(
    "fu.rm_sign",
    says="you add the running mean; BatchNorm subtracts it",
    hint="feed x = 0 through both layers: what comes out?",
    fuse_bn=edit("-rm if b is None else b - rm", "rm if b is None else b + rm"),
)
variants.wrong(
    "fu.batch_stats",
    says="you computed statistics of what is at hand; what is folded in are the running statistics, rm and rv",
    hint="no mean and no variance is to be computed here",
    fuse_bn=edit(
        "    scale = gamma",
        "    axes = 0 if W.ndim == 2 else (1, 2, 3)\n    rm, rv = W.mean(axis=axes), W.var(axis=axes)\n    scale = gamma",
    ),
)
variants.wrong(
    "fu.beta_scaled",
    says="you scale beta as well: it is added last, after the division",
    hint="with gamma = 0 the new bias must be beta",
    fuse_bn=edit("offset * scale + beta", "(offset + beta) * scale"),
)
variants.wrong(
    "fu.no_root",
    says="you divide by the running variance; divide by its root",
    hint="try rv = 4 and gamma = 1: the weights must be halved",
    fuse_bn=edit("np.sqrt(rv + eps)", "(rv + eps)"),
)

# E3.8 combine_batch_stats


def combine_batch_stats_merging(means, variances, counts):
    n, mean, squares = counts[0], means[0], counts[0] * variances[0]
    for m, v, k in zip(means[1:], variances[1:], counts[1:], strict=True):
        delta = m - mean
        squares = squares + k * v + delta**2 * n * k / (n + k)
        mean = mean + delta * k / (n + k)
        n = n + k
    return mean.copy(), squares / n


def combine_batch_stats_average(means, variances, counts):
    mean = means[0] + np.average(means - means[0], axis=0, weights=counts)
    return mean, np.average(variances + np.square(means - mean), axis=0, weights=counts)


variants.right("sy.merging", combine_batch_stats=combine_batch_stats_merging)
variants.right("sy.average", combine_batch_stats=combine_batch_stats_average)

VAR = "(share * (variances + (means - mean) ** 2)).sum(axis=0)"

variants.wrong(
    "sy.avg_var",
    says="you average the variances: that leaves out how far the devices' means lie from each other",
    hint="two devices, one with zeros and one with tens: is the variance of all 0?",
    combine_batch_stats=edit(VAR, "(share * variances).sum(axis=0)"),
)
variants.wrong(
    "sy.unweighted",
    says="you give every device the same weight; every sample should have the same weight",
    hint="a device with 3 samples counts three times as much as one with 1",
    combine_batch_stats=edit("(counts / np.sum(counts))[:, None]", "np.full((len(counts), 1), 1 / len(counts))"),
)
variants.wrong(
    "sy.cancel",
    says="you subtract two huge squares: with means near 1e8 nothing of the variance is left, and it may even be negative",
    hint="square the differences from the common mean instead",
    combine_batch_stats=edit(VAR, "(share * (variances + means**2)).sum(axis=0) - mean**2"),
)
variants.wrong(
    "sy.only_between",
    says="you have the distances between the devices only; the spread within each device belongs to it too",
    hint="with one device, the variance must be that device's",
    combine_batch_stats=edit(VAR, "(share * (means - mean) ** 2).sum(axis=0)"),
)
variants.wrong(
    "sy.no_square",
    says="you add the distance of the means, not its square",
    hint="a variance has the unit of x squared",
    combine_batch_stats=edit("(means - mean) ** 2", "np.abs(means - mean)"),
)

# E3.9 MyBatchNorm1d


class BatchNormReassigned(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.register_parameter("bias", nn.Parameter(torch.zeros(num_features)))
        self.register_parameter("weight", nn.Parameter(torch.ones(num_features)))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.long))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))

    def forward(self, x):
        if not self.training:
            scale = self.weight * torch.rsqrt(self.running_var + self.eps)
            return x * scale + (self.bias - self.running_mean * scale)
        if x.shape[0] == 1:
            raise ValueError("one sample has no variance")
        mean = x.sum(0) / x.shape[0]
        centred = x - mean
        var = (centred**2).sum(0) / x.shape[0]
        old, new = 1 - self.momentum, self.momentum
        self.running_mean = old * self.running_mean + new * mean.detach()
        self.running_var = old * self.running_var + new * x.detach().var(0)
        self.num_batches_tracked = self.num_batches_tracked + 1
        return self.weight * centred * (var + self.eps) ** -0.5 + self.bias


class BatchNormFunctional(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        if self.training:
            self.num_batches_tracked.add_(1)
        return nn.functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )


variants.right("mb.reassigned", MyBatchNorm1d=BatchNormReassigned)
variants.right("mb.functional", MyBatchNorm1d=BatchNormFunctional)

MEAN = 'self.register_buffer("running_mean", torch.zeros(num_features))'
VAR = 'self.register_buffer("running_var", torch.ones(num_features))'

variants.wrong(
    "mb.param_buffers",
    says="your running statistics are parameters: the optimizer will train them, and weight decay will shrink them",
    hint="what the layer keeps but nobody learns is a buffer: self.register_buffer(name, tensor)",
    MyBatchNorm1d=edit(
        MEAN,
        "self.running_mean = nn.Parameter(torch.zeros(num_features))",
        VAR,
        "self.running_var = nn.Parameter(torch.ones(num_features))",
    ),
)
variants.wrong(
    "mb.plain_attr",
    says="your running statistics are plain attributes: state_dict() loses them, and .double() or .to(device) leave them behind",
    hint="what the layer keeps but nobody learns is a buffer: self.register_buffer(name, tensor)",
    MyBatchNorm1d=edit(MEAN, "self.running_mean = torch.zeros(num_features)", VAR, "self.running_var = torch.ones(num_features)"),
)
variants.wrong(
    "mb.graph_leak",
    says="your running statistics drag the graph of every batch along: memory grows, and a backward pass through them fails",
    hint="update them inside `with torch.no_grad():`, or from mean.detach()",
    MyBatchNorm1d=edit("with torch.no_grad():", "if True:"),
)
variants.wrong(
    "mb.self_train_flag",
    says="you keep a training flag of your own: .eval() on the net sets self.training in every layer, and knows nothing of yours",
    hint="nn.Module brings self.training along; read that",
    MyBatchNorm1d=edit(
        "self.eps, self.momentum = eps, momentum",
        "self.eps, self.momentum = eps, momentum\n        self.is_training = True",
        "if self.training:",
        "if self.is_training:",
    ),
)
variants.wrong(
    "mb.biased",
    says="your running variance averages biased variances, 1/N: that one normalises the batch, the average wants 1/(N-1)",
    hint="for a batch of 2 the two differ by a factor of 2: look at layer.running_var after one",
    MyBatchNorm1d=edit("unbiased = var * len(x) / (len(x) - 1)", "unbiased = var"),
)
variants.wrong(
    "mb.unbiased_norm",
    says="you normalise with the unbiased variance: 1/(N-1) belongs in the running average only",
    hint="normalise a batch of 2 with eps = 0: the outputs must be -1 and 1",
    MyBatchNorm1d=edit(
        "x.var(dim=0, correction=0)", "x.var(dim=0, correction=1)", "unbiased = var * len(x) / (len(x) - 1)", "unbiased = var"
    ),
)
variants.wrong(
    "mb.swapped",
    says="you give the old value the weight momentum; here (as in torch) momentum is the weight of the new one",
    hint="with momentum = 0.1, one batch moves the running mean by a tenth of the way",
    MyBatchNorm1d=edit(
        "lerp_(mean, self.momentum)",
        "lerp_(mean, 1 - self.momentum)",
        "lerp_(unbiased, self.momentum)",
        "lerp_(unbiased, 1 - self.momentum)",
    ),
)
variants.wrong(
    "mb.overwrite",
    says="your running statistics are those of the last batch: they should move only a little with every batch",
    hint="new running mean = (1 - momentum) * old + momentum * batch mean",
    MyBatchNorm1d=edit("lerp_(mean, self.momentum)", "copy_(mean)", "lerp_(unbiased, self.momentum)", "copy_(unbiased)"),
)
variants.wrong(
    "mb.eps_out",
    says="you add eps to the standard deviation; here it is added to the variance, inside the root",
    hint="compare torch.sqrt(var + eps) with torch.sqrt(var) + eps for eps = 0.1",
    MyBatchNorm1d=edit("torch.sqrt(var + self.eps)", "(torch.sqrt(var) + self.eps)"),
)
variants.wrong(
    "mb.var_not_std",
    says="you divide by the variance: a feature that is 10 times as large would come out 10 times as small",
    hint="divide by the root",
    MyBatchNorm1d=edit("torch.sqrt(var + self.eps)", "(var + self.eps)"),
)
variants.wrong(
    "mb.no_affine",
    says="your scale and shift are there, but the output does not use them",
    hint="set layer.weight to 3: the outputs must be three times as large",
    MyBatchNorm1d=edit("normalised * self.weight + self.bias", "normalised + 0 * (self.weight + self.bias)"),
)
variants.wrong(
    "mb.order",
    says="you shift first and scale then: the shift comes last",
    hint="with weight = 0 the output must be the bias",
    MyBatchNorm1d=edit("normalised * self.weight + self.bias", "(normalised + self.bias) * self.weight"),
)
variants.wrong(
    "mb.batch_in_eval",
    says="you normalise with the batch in evaluation mode as well: a prediction must not depend on who else is in the batch",
    hint="in evaluation mode, feed one sample alone and then among others: the same output",
    MyBatchNorm1d=edit("mean, var = self.running_mean, self.running_var", "mean, var = x.mean(dim=0), x.var(dim=0, correction=0)"),
)
variants.wrong(
    "mb.update_in_eval",
    says="you update the running statistics in evaluation mode as well: looking at the validation data then changes the model",
    hint="print(layer.running_mean) before and after a batch in evaluation mode",
    MyBatchNorm1d=edit(
        "mean, var = self.running_mean, self.running_var",
        "self.running_mean.lerp_(x.detach().mean(dim=0), self.momentum)\n"
        "            mean, var = self.running_mean, self.running_var",
    ),
)
variants.wrong(
    "mb.detach",
    says="the values are right, the gradients are not: you treat the batch's statistics as constants, but every x moves them",
    hint="no detach() and no no_grad() around the mean and variance that you normalise with",
    MyBatchNorm1d=edit("x.mean(dim=0), x.var(dim=0, correction=0)", "x.detach().mean(dim=0), x.detach().var(dim=0, correction=0)"),
)
variants.wrong(
    "mb.no_count",
    says="num_batches_tracked stays 0: it counts the batches seen in training mode",
    hint="raise it by 1 where you update the running statistics",
    MyBatchNorm1d=edit("                self.num_batches_tracked += 1\n", ""),
)

# Q3.1

variants.wrong(
    "q.keras.same",
    says="that number would mean the opposite: Keras's 0.99 is the weight of the old value, torch's is that of the new one",
    keras_momentum_in_torch="0.99",
)
variants.wrong(
    "q.keras.default",
    says="that is torch's default, which forgets ten times as fast: Keras's new value weighs 1 - 0.99",
    keras_momentum_in_torch="0.1",
)
variants.wrong(
    "q.keras.inverse", says="that is 1 / 0.99; the two weights of an average sum to 1", keras_momentum_in_torch="1.0101010101010102"
)

# Q3.2

variants.wrong("q.identity.no_eps", says="nearly: that forgets eps, which stands under the root as well", identity_gamma="2.0")
variants.wrong("q.identity.var", says="that is the variance; BatchNorm divides by a root", identity_gamma="4.00001")
variants.wrong("q.identity.inverse", says="that divides once more: gamma must undo the division", identity_gamma="0.5")
variants.wrong(
    "q.identity.eps_out", says="that has eps outside the root; here it is added to the variance", identity_gamma="2.00001"
)

# Q3.3

variants.wrong(
    "q.bias.A", says="its gradient is not large: it is exactly 0, as the output does not depend on it", useless_bias='"A"'
)
variants.wrong(
    "q.bias.C", says="gamma multiplies what is left after the mean is gone, and the bias went with it", useless_bias='"C"'
)
variants.wrong("q.bias.D", says="the running mean is subtracted, and it contains the bias too: they cancel", useless_bias='"D"')

# Q3.4

variants.wrong(
    "q.symptom.A",
    says="statistics that never move make predictions bad, but the same for every batch size",
    batch_size_symptom='"A"',
)
variants.wrong(
    "q.symptom.B",
    says="that shifts all predictions a little, whatever the batch size of the validation loader",
    batch_size_symptom='"B"',
)
variants.wrong(
    "q.symptom.D",
    says="a large momentum makes statistics noisy, but once training is over they stand still",
    batch_size_symptom='"D"',
)

# Q3.5

variants.wrong(
    "q.place.A",
    says="that is the paper's place, but not a necessity: nets with the other order train as well",
    batchnorm_place='"A"',
)
variants.wrong("q.place.B", says="that order is in use and often as good, but the paper has the other one", batchnorm_place='"B"')
variants.wrong(
    "q.place.C",
    says="they are not the same function: a ReLU after BatchNorm cuts off what BatchNorm centred",
    batchnorm_place='"C"',
)

# Q3.6

variants.wrong(
    "q.shift.A", says="that is the original claim of 2015; experiments in 2018 could not confirm it", covariate_shift_today='"A"'
)
variants.wrong(
    "q.shift.C",
    says="it is in doubt as an explanation; that BatchNorm helps in practice was never in doubt",
    covariate_shift_today='"C"',
)
variants.wrong("q.shift.D", says="BatchNorm does regularise a little, but that is not what was shown", covariate_shift_today='"D"')
