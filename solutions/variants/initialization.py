"""Unit 4: what a fair grader accepts, and the misconceptions that it names."""

import math

import numpy as np
import torch
from torch import nn

from solutions.variants import Variants, edit

variants = Variants()

# E4.1 variance_scaling and its family


def compute_fans_reversed(shape):
    if len(shape) < 2:
        raise ValueError("a bias")
    if len(shape) == 2:
        return shape
    receptive = 1
    for length in shape[2:]:
        receptive *= length
    return receptive * shape[1], receptive * shape[0]


def random_normal_transposed(shape, std, rng):
    return std * rng.standard_normal(shape[::-1]).T


def random_uniform_from_unit(shape, limit, rng):
    return limit * (1 - 2 * rng.random(shape))


def truncated_normal_by_quantiles(shape, std, rng):
    from scipy.special import ndtr, ndtri

    share = rng.uniform(ndtr(-2.0), ndtr(2.0), size=shape)
    return ndtri(share) * std / 0.87962566103423978


def truncated_normal_one_by_one(shape, std, rng):
    out = np.empty(shape)
    wide = std / 0.87962566103423978
    pool = []
    for i in np.ndindex(out.shape):
        while not pool:
            pool = [w for w in rng.normal(size=4096).tolist() if abs(w) <= 2]
        out[i] = wide * pool.pop()
    return out


def random_normal_torch(shape, std, rng):
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    return std * torch.randn(*shape, generator=generator, dtype=torch.float64).numpy()


def variance_scaling_long(shape, scale, mode, distribution, rng):
    if len(shape) == 2:
        fans = {"fan_in": shape[0], "fan_out": shape[1]}
    else:
        fans = {"fan_in": np.prod(shape[1:]), "fan_out": np.prod(shape) / shape[1]}
    fans["fan_avg"] = 0.5 * (fans["fan_in"] + fans["fan_out"])
    if mode not in fans:
        raise ValueError("no such mode")
    std = (scale / fans[mode]) ** 0.5
    if distribution == "normal":
        return rng.normal(size=shape) * std
    if distribution == "uniform":
        return rng.uniform(-1, 1, size=shape) * std * 3**0.5
    if distribution == "truncated":
        W = rng.normal(size=shape)
        far = np.abs(W) > 2
        while np.any(far):
            W = np.where(far, rng.normal(size=shape), W)
            far = np.abs(W) > 2
        return W * std / 0.87962566103423978
    raise ValueError("no such distribution")


def glorot_uniform_direct(shape, rng):
    limit = (6 / sum(compute_fans(shape))) ** 0.5  # noqa: F821  # the student's own function
    return rng.uniform(-limit, limit, size=shape)


def he_uniform_direct(shape, rng):
    limit = np.sqrt(6 / compute_fans(shape)[0])  # noqa: F821
    return rng.uniform(-limit, limit, size=shape)


def lecun_normal_direct(shape, rng):
    return rng.normal(size=shape) / np.sqrt(compute_fans(shape)[0])  # noqa: F821


def identity_loop(shape, gain=1.0):
    if len(shape) != 2:
        raise ValueError("not dense")
    W = np.zeros(shape)
    for i in range(min(shape)):
        W[i, i] = gain
    return W


variants.right(
    "vs.another_order",
    compute_fans=compute_fans_reversed,
    random_normal=random_normal_transposed,
    random_uniform=random_uniform_from_unit,
    truncated_normal=truncated_normal_by_quantiles,
    identity=identity_loop,
)
variants.right(
    "vs.written_out",
    variance_scaling=variance_scaling_long,
    glorot_uniform=glorot_uniform_direct,
    he_uniform=he_uniform_direct,
    lecun_normal=lecun_normal_direct,
)
variants.right("vs.torch", random_normal=random_normal_torch, truncated_normal=truncated_normal_one_by_one)

variants.wrong(
    "vs.std_as_var",
    says="you divide by the root of the fan and then take a root again: 1/√fan is a standard deviation, the variance is 1/fan",
    hint="the same slip stands in print; for 500 inputs it makes weights almost five times too large",
    variance_scaling=edit("scale / fan\n", "scale / math.sqrt(fan)\n"),
)
variants.wrong(
    "vs.variance_as_std",
    says="you hand the variance to a generator that wants a standard deviation: the root is missing",
    hint="print(W.var()) beside scale / fan: one looks like the square of the other",
    variance_scaling=edit("draw(shape, math.sqrt(variance), rng)", "draw(shape, variance, rng)"),
)
variants.wrong(
    "vs.paren",
    says="a bracket is missing: you add fan_out to the quotient in place of the denominator, and the weights come out huge",
    hint="put in 500 and 200 by hand: the standard deviation must be near 0.05",
    glorot_normal=edit(
        'return variance_scaling(shape, 1.0, "fan_avg", "normal", rng)',
        "fan_in, fan_out = compute_fans(shape)\n    return random_normal(shape, math.sqrt(2.0 / fan_in + fan_out), rng)",
    ),
)
variants.wrong(
    "vs.limit_std",
    says="you take the standard deviation for the limit: numbers spread evenly up to L have a standard deviation of only L/√3",
    hint="print(rng.uniform(-1, 1, 10**6).std())",
    variance_scaling=edit("math.sqrt(3.0 * variance)", "math.sqrt(variance)"),
)
variants.wrong(
    "vs.fan_swap",
    says="your two fans are exchanged: fan_in counts what a unit reads",
    hint="a dense layer of shape (300, 100) has 300 inputs",
    compute_fans=edit("return int(fan_in), int(fan_out)", "return int(fan_out), int(fan_in)"),
)
variants.wrong(
    "vs.conv_as_dense",
    says="you read the shape of a convolution like that of a dense layer: there the output channels come first",
    hint="in (32, 16, 3, 3) the inputs have 16 channels",
    compute_fans=edit(
        "fan_in, fan_out = shape[1] * places_in_kernel, shape[0] * places_in_kernel",
        "fan_in, fan_out = shape[0] * places_in_kernel, shape[1] * places_in_kernel",
    ),
)
variants.wrong(
    "vs.conv_no_rf",
    says="a unit of a convolution reads every channel at every place of its kernel; you count the channels only",
    hint="a kernel of 3 × 3 over 16 channels has 144 weights for every unit",
    compute_fans=edit("math.prod(shape[2:])", "1"),
)
variants.wrong(
    "vs.avg_sum",
    says="fan_avg is the mean of the two fans; you take their sum, and the variance comes out at half of what it must be",
    hint="for a square layer all three modes must agree",
    variance_scaling=edit("(fan_in + fan_out) / 2", "fan_in + fan_out"),
)
variants.wrong(
    "vs.glorot_as_lecun",
    says="that is 1/fan_in, LeCun's rule, which some notes print under the name Xavier; Glorot's has the mean of both fans",
    hint="swap the two numbers of the shape: Glorot's variance must not change",
    glorot_uniform=edit('"fan_avg"', '"fan_in"'),
    glorot_normal=edit('"fan_avg"', '"fan_in"'),
)
variants.wrong(
    "vs.he_one",
    says="your He is LeCun: the 2 is missing, with which He makes up for the half that a ReLU takes away",
    hint="what does E[x²] of a ReLU's output say about the scale?",
    he_normal=edit("2.0", "1.0"),
    he_uniform=edit("2.0", "1.0"),
)
variants.wrong(
    "vs.trunc_nocorr",
    says="cutting the tails makes the numbers narrower, by 12 %; you have not made up for it",
    hint="print(W.std()) for an asked 1.0: 0.88 is the number from the text",
    truncated_normal=edit("std_before = std / 0.87962566103423978", "std_before = std"),
)
variants.wrong(
    "vs.trunc_clip",
    says="you push the tails to the edge, where they pile up; they must be drawn again",
    hint="count how many entries are exactly as large as the largest",
    truncated_normal=edit(
        "    while (tails := np.abs(W) > 2.0 * std_before).any():\n"
        "        W[tails] = rng.normal(0.0, std_before, size=tails.sum())\n",
        "    W = np.clip(W, -2.0 * std_before, 2.0 * std_before)\n",
    ),
)
variants.wrong(
    "vs.trunc_once",
    says="you draw the tails again once; some of the new numbers lie beyond the edge too",
    hint="print(np.abs(W).max() / std_before): it must not exceed 2",
    truncated_normal=edit(
        "    while (tails := np.abs(W) > 2.0 * std_before).any():\n        W[tails]",
        "    tails = np.abs(W) > 2.0 * std_before\n    if tails.any():\n        W[tails]",
    ),
)
variants.wrong(
    "vs.seed_each",
    says="you make a new generator with a fixed seed at every call: all layers of one shape get identical weights",
    hint="draw two layers from one rng and compare them",
    random_normal=edit("return rng.normal", "rng = np.random.default_rng(0)\n    return rng.normal"),
    random_uniform=edit("return rng.uniform", "rng = np.random.default_rng(0)\n    return rng.uniform"),
    truncated_normal=edit("W = rng.normal(", "rng = np.random.default_rng(0)\n    W = rng.normal("),
)
variants.wrong(
    "vs.global_rng",
    says="you draw from NumPy's global generator: nobody can repeat the experiment by passing the same rng",
    hint="call it twice with np.random.default_rng(3)",
    random_normal=edit("rng.normal", "np.random.normal"),
    random_uniform=edit("rng.uniform", "np.random.uniform"),
)
variants.wrong(
    "vs.constant_int",
    says="a constant of 4 gives you integers, in which a later update of 0.1 is lost",
    hint="print(constant((2,), 4).dtype)",
    constant=edit(", dtype=np.float64", ""),
)
variants.wrong(
    "vs.identity_square",
    says="your identity is square; a layer from 3 to 5 units hands its three inputs on and leaves two outputs at 0",
    hint="np.eye takes two numbers",
    identity=edit("np.eye(*shape)", "np.eye(shape[0])"),
)


# E4.2 orthogonal


def orthogonal_svd(shape, gain, rng):
    flat = (shape[0], int(np.prod(shape[1:])))
    U, _, Vt = np.linalg.svd(rng.normal(size=flat), full_matrices=False)
    return gain * (U @ Vt).reshape(shape)


def orthogonal_gram_schmidt(shape, gain, rng):
    rows, columns = shape[0], int(np.prod(shape[1:]))
    basis = []
    for _ in range(min(rows, columns)):
        v = rng.normal(size=max(rows, columns))
        for _ in range(2):
            for b in basis:
                v = v - (v @ b) * b
        basis.append(v / np.linalg.norm(v))
    W = np.array(basis)
    return gain * (W if rows <= columns else W.T).reshape(shape)


def orthogonal_cut_from_square(shape, gain, rng):
    rows, columns = shape[0], int(np.prod(shape[1:]))
    size = max(rows, columns)
    Q, R = np.linalg.qr(rng.standard_normal((size, size)))
    Q = Q @ np.diag(np.where(np.diag(R) < 0, -1.0, 1.0))
    return gain * Q[:rows, :columns].reshape(shape)


variants.right("or.svd", orthogonal=orthogonal_svd)
variants.right("or.gram_schmidt", orthogonal=orthogonal_gram_schmidt)
variants.right("or.cut_from_square", orthogonal=orthogonal_cut_from_square)


def orthogonal_unit_columns(shape, gain, rng):
    rows, columns = shape[0], int(np.prod(shape[1:]))
    W = rng.normal(size=(rows, columns))
    W = W / np.linalg.norm(W, axis=0 if rows >= columns else 1, keepdims=True)
    return gain * W.reshape(shape)


variants.wrong(
    "or.nosign",
    says="the signs of Q are those that LAPACK happens to choose: you only ever draw a part of all orthogonal matrices",
    hint="print np.linalg.det of ten square ones: both signs must occur",
    orthogonal=edit("    Q = Q * np.sign(np.diag(R))", "    "),
)
variants.wrong(
    "or.wide",
    says="a wide matrix has more columns than there can be perpendicular ones: decompose the tall one and turn it over",
    hint="print(np.linalg.qr(rng.normal(size=(3, 8)))[0].shape)",
    orthogonal=edit(
        "size=(max(rows, columns), min(rows, columns))", "size=(rows, columns)", "W = Q if rows >= columns else Q.T", "W = Q"
    ),
)
variants.wrong(
    "or.gain_sq",
    says="you multiply with the gain twice: the columns have the length gain²",
    hint="for gain 1.5 the diagonal of W.T @ W must be 2.25",
    orthogonal=edit("return gain * W", "return gain**2 * W"),
)
variants.wrong(
    "or.no_gain",
    says="your columns have length 1 whatever the gain is",
    hint="for gain 1.5 the diagonal of W.T @ W must be 2.25",
    orthogonal=edit("return gain * W", "return W"),
)
variants.wrong(
    "or.unit_columns",
    says="your columns have the right length, but they are not perpendicular to each other",
    hint="print (W.T @ W).round(2): off the diagonal there must be zeros",
    orthogonal=orthogonal_unit_columns,
)


# E4.3 hidden_gradients, distinct_units


def hidden_gradients_loops(W1, b1, W2, X, y):
    total = np.zeros_like(W1)
    for x, right in zip(X, y, strict=True):
        h = np.tanh(x @ W1 + b1)
        scores = h @ W2
        log_shares = scores - np.logaddexp.reduce(scores)
        blame = np.exp(log_shares)
        blame[right] -= 1.0
        total += np.outer(x, (W2 @ blame) * (1.0 - h * h))
    return total / len(X)


def hidden_gradients_torch(W1, b1, W2, X, y):
    weights = torch.tensor(np.array(W1), requires_grad=True)
    hidden = torch.tanh(torch.tensor(np.array(X)) @ weights + torch.tensor(np.array(b1)))
    loss = nn.functional.cross_entropy(hidden @ torch.tensor(np.array(W2)), torch.tensor(np.array(y)).long())
    loss.backward()
    return weights.grad.numpy()


def distinct_units_pairs(W, tol=1e-8):
    apart = np.abs(W[:, :, None] - W[:, None, :]).max(axis=0)
    has_a_twin_before = np.tril(apart <= tol, -1).any(axis=1)
    return int(np.sum(~has_a_twin_before))


def distinct_units_groups(W, tol=1e-8):
    left, groups = list(range(W.shape[1])), 0
    while left:
        first = W[:, left[0]]
        left = [j for j in left if np.max(np.abs(W[:, j] - first)) > tol]
        groups += 1
    return groups


variants.right("hg.loops", hidden_gradients=hidden_gradients_loops, distinct_units=distinct_units_pairs)
variants.right("hg.torch", hidden_gradients=hidden_gradients_torch, distinct_units=distinct_units_groups)

variants.wrong(
    "hg.zero_claim",
    says="you return zeros for every constant start; the gradient there is the same for all units, but it is not 0",
    hint="only weights of 0 in W2 let nothing through",
    hidden_gradients=edit(
        "    h = np.tanh(X @ W1 + b1)\n",
        "    if np.ptp(W1) == 0:\n        return np.zeros_like(W1)\n    h = np.tanh(X @ W1 + b1)\n",
    ),
)
variants.wrong(
    "hg.batch_sum",
    says="you add over the samples where the loss is their mean",
    hint="the same data twice over must give the same gradient",
    hidden_gradients=edit(" / len(y)", ""),
)
variants.wrong(
    "hg.no_slope",
    says="the slope of tanh is missing on the way back through the hidden units",
    hint="with large W1 all units are saturated, and the gradient must nearly vanish",
    hidden_gradients=edit(" * (1.0 - h**2)", ""),
)
variants.wrong(
    "hg.unstable",
    says="you exponentiate the scores as they come: for scores of several hundred that overflows",
    hint="subtract the largest score of every row first",
    hidden_gradients=edit("np.exp(scores - scores.max(axis=1, keepdims=True))", "np.exp(scores)"),
)
variants.wrong(
    "du.rows",
    says="you count rows: the units of a layer are the columns of its weights",
    hint="the shape is (inputs, units)",
    distinct_units=edit("for unit in W.T:", "for unit in W:"),
)
variants.wrong(
    "du.float_eq",
    says="you ask for exact equality: units that differ in the last bit of a float count as different",
    hint="rounding errors of 1e-16 must not make new units",
    distinct_units=edit("np.abs(unit - other).max() > tol", "(unit != other).any()"),
)
variants.wrong(
    "du.rounded",
    says="rounding puts a border between numbers that are close: 4.9 and 5.1 differ by 0.2, yet round(·/10) keeps them apart",
    hint="compare the distance of two units with tol",
    distinct_units=edit("for unit in W.T:", "for unit in np.round(W / tol).T:", "> tol", "> 0"),
)
variants.wrong(
    "du.any",
    says="you call two units different only when all their weights differ; one weight is enough",
    hint="the units (1, 3) and (1, 0) are different",
    distinct_units=edit(".max() > tol", ".min() > tol"),
)


# E4.4 forward_profile, backward_profile


def forward_profile_widths(act, weight_std, depth, width, X, rng):
    widths = [X.shape[1]] + [width] * depth
    Ws = [weight_std(a) * rng.standard_normal((a, width)) for a in widths[:-1]]
    outputs = [X]
    for W in Ws:
        outputs.append(act[0](np.einsum("nd,dh->nh", outputs[-1], W)))
    return np.column_stack([[np.std(h) for h in outputs], [np.mean(np.square(h)) for h in outputs]])


def backward_profile_recursive(act, weight_std, depth, width, X, dout, rng):
    spread = np.empty(depth + 1)

    def through(h, layer):
        if layer == depth:
            spread[layer] = np.std(dout)
            return dout
        W = (rng.standard_normal((width, h.shape[1])) * weight_std(h.shape[1])).T
        z = np.dot(h, W)
        below = np.dot(through(act[0](z), layer + 1) * act[1](z), W.T)
        spread[layer] = np.std(below)
        return below

    through(X, 0)
    return spread


def forward_profile_torch(act, weight_std, depth, width, X, rng):
    h, rows = np.array(X), []
    rows.append([h.std(), (h * h).mean()])
    while len(rows) <= depth:
        seed = int(rng.integers(2**31))
        W = torch.randn(h.shape[1], width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).numpy()
        h = act[0](h @ (W * weight_std(h.shape[1])))
        rows.append([h.std(), (h * h).mean()])
    return np.array(rows)


variants.right("fp.widths", forward_profile=forward_profile_widths, backward_profile=backward_profile_recursive)
variants.right("fp.torch", forward_profile=forward_profile_torch)

variants.wrong(
    "fp.preact",
    says="you note the pre-activations; what the next layer reads is what the activation makes of them",
    hint="with weights of 0 and f(z) = z - 2 every output is -2",
    forward_profile=edit(
        "        h = f(h @ W)\n        profile.append((h.std(), np.mean(h**2)))",
        "        z = h @ W\n        h = f(z)\n        profile.append((z.std(), np.mean(z**2)))",
    ),
)
variants.wrong(
    "fp.reuse_W",
    says="all layers above the first share one matrix: their products do not behave like those of independent ones",
    hint="draw W inside the loop",
    forward_profile=edit(
        "    for _ in range(depth):\n",
        "    shared = rng.normal(0.0, weight_std(width), size=(width, width))\n    for layer in range(depth):\n",
        "        h = f(h @ W)\n",
        "        h = f(h @ (W if layer == 0 else shared))\n",
    ),
    backward_profile=edit(
        "    for _ in range(depth):\n",
        "    shared = rng.normal(0.0, weight_std(width), size=(width, width))\n    for layer in range(depth):\n",
        "        z = h @ W\n",
        "        W = W if layer == 0 else shared\n        z = h @ W\n",
    ),
)
variants.wrong(
    "fp.fan",
    says="you ask for the standard deviation once, with the number of inputs of the network; every layer has a fan_in of its own",
    hint="the layers above the first read `width` numbers",
    forward_profile=edit("weight_std(fan_in)", "weight_std(X.shape[1])"),
    backward_profile=edit("weight_std(fan_in)", "weight_std(X.shape[1])"),
)
variants.wrong(
    "fp.meanabs",
    says="you note the mean absolute value in place of the standard deviation",
    hint="outputs that are all -2 have a standard deviation of 0",
    forward_profile=edit(
        "profile = [(h.std(), np.mean(h**2))]",
        "profile = [(np.abs(h).mean(), np.mean(h**2))]",
        "profile.append((h.std(), np.mean(h**2)))",
        "profile.append((np.abs(h).mean(), np.mean(h**2)))",
    ),
)
variants.wrong(
    "fp.variance_twice",
    says="your second number is the variance; the mean square does not subtract the mean",
    hint="outputs that are all -2 have a mean square of 4",
    forward_profile=edit(
        "profile = [(h.std(), np.mean(h**2))]",
        "profile = [(h.std(), h.var())]",
        "profile.append((h.std(), np.mean(h**2)))",
        "profile.append((h.std(), h.var()))",
    ),
)
variants.wrong(
    "fp.no_input",
    says="your profile begins after the first layer; the input is its first entry",
    hint="for depth L there are L + 1 rows",
    forward_profile=edit("return np.array(profile)", "return np.array(profile[1:])"),
)
variants.wrong(
    "bp.slope_at_output",
    says="you take the slope at the output of the activation; the derivative belongs to its input z",
    hint="keep z, not f(z), for the way back",
    backward_profile=edit("layers.append((W, z))", "layers.append((W, h))"),
)
variants.wrong(
    "bp.no_slope",
    says="the gradient passes your activation unchanged: the slope is missing",
    hint="where the slope is 0 nothing may get through",
    backward_profile=edit("(gradient * slope(z)) @ W.T", "gradient @ W.T"),
)
variants.wrong(
    "bp.order",
    says="your profile is back to front: the gradient at the input comes first, dout last",
    hint="you collect from the output; turn the list round",
    backward_profile=edit("profile[::-1]", "profile"),
)


# E4.5 calibrate_gain


def calibrate_gain_hermite(f):
    nodes, weights = np.polynomial.hermite_e.hermegauss(201)
    return float((np.dot(weights, f(nodes) ** 2) / weights.sum()) ** -0.5)


def calibrate_gain_quantiles(f):
    from scipy.special import ndtri

    places = (np.arange(200_000) + 0.5) / 200_000
    return 1 / math.sqrt(np.mean(f(ndtri(places)) ** 2))


def calibrate_gain_simpson(f):
    from scipy.integrate import simpson

    z = np.linspace(-12, 12, 48_001)
    return float(simpson(f(z) ** 2 * np.exp(-z * z / 2), x=z) / np.sqrt(2 * np.pi)) ** -0.5


variants.right("cg.hermite", calibrate_gain=calibrate_gain_hermite)
variants.right("cg.quantiles", calibrate_gain=calibrate_gain_quantiles)
variants.right("cg.simpson", calibrate_gain=calibrate_gain_simpson)


def calibrate_gain_five_nodes(f):
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    return float(1.0 / np.sqrt(np.sum(weights * f(nodes) ** 2) / np.sum(weights)))


variants.wrong(
    "cg.var",
    says="you divide by the standard deviation of f(z): what the next layer needs is the mean square, the mean not subtracted",
    hint="for ReLU the mean square is 1/2, the variance only 0.34",
    calibrate_gain=edit(
        "np.sum(f(z) ** 2 * density) / np.sum(density)",
        "np.sum(f(z) ** 2 * density) / np.sum(density) - (np.sum(f(z) * density) / np.sum(density)) ** 2",
    ),
)
variants.wrong(
    "cg.inv",
    says="you return the root of the mean square; the gain makes up for it, so it is one over that",
    hint="what shrinks the signal needs a gain above 1",
    calibrate_gain=edit("1.0 / np.sqrt(second_moment)", "np.sqrt(second_moment)"),
)
variants.wrong(
    "cg.no_root",
    says="the root is missing: that is the factor for the variance of the weights, not for their standard deviation",
    hint="for ReLU it must be √2",
    calibrate_gain=edit("1.0 / np.sqrt(second_moment)", "1.0 / second_moment"),
)
variants.wrong(
    "cg.grid",
    says="too few places: five nodes are exact for polynomials, but not for a curve with a corner or a bend",
    hint="double the number of places: the gain must not move in the third digit",
    calibrate_gain=calibrate_gain_five_nodes,
)
variants.wrong(
    "cg.uniform",
    says="you give all z the same weight; standard normal numbers are rarely far from 0",
    hint="multiply with the bell curve before you add up",
    calibrate_gain=edit("np.linspace(-10.0, 10.0", "np.linspace(-3.0, 3.0", "np.exp(-(z**2) / 2.0)", "np.ones_like(z)"),
)


# E4.6 lsuv_init


def lsuv_init_qr(Ws, X, act, tol=0.02, max_iter=10):
    done = []
    for W in Ws:
        h = X
        for below in done:
            h = act(h @ below)
        Q = np.linalg.qr(W)[0] if W.shape[0] >= W.shape[1] else np.linalg.qr(W.T)[0].T
        spread = np.std(h @ Q)
        done.append(Q / spread if spread > 0 else np.array(Q))
    return done


def lsuv_init_variance(Ws, X, act, tol=0.02, max_iter=10):
    h, out = np.array(X), []
    for W in Ws:
        if W.shape[0] >= W.shape[1]:
            values, vectors = np.linalg.eigh(W.T @ W)
            new = W @ vectors @ np.diag(values**-0.5) @ vectors.T
        else:
            values, vectors = np.linalg.eigh(W @ W.T)
            new = vectors @ np.diag(values**-0.5) @ vectors.T @ W
        for _ in range(max_iter):
            variance = (h @ new).var()
            if variance < 1e-300 or abs(variance - 1) < tol / 2:
                break
            new = new / np.sqrt(variance)
        out.append(new)
        h = act(h @ new)
    return out


variants.right("ls.qr", lsuv_init=lsuv_init_qr)
variants.right("ls.variance", lsuv_init=lsuv_init_variance)


def lsuv_init_global(Ws, X, act, tol=0.02, max_iter=10):
    start, h, spreads = [], X, []
    for W in Ws:
        U, _, Vt = np.linalg.svd(W, full_matrices=False)
        start.append(U @ Vt)
        spreads.append(np.std(h @ start[-1]))
        h = act(h @ start[-1])
    factor = float(np.mean(spreads)) or 1.0
    return [W / factor for W in start]


variants.wrong(
    "ls.all_at_once",
    says="you measure every layer with the old weights below it; once those are scaled, it sees other numbers",
    hint="go on with act(h @ W) of the new W",
    lsuv_init=edit(
        "        for _ in range(max_iter):",
        "        start = W\n        for _ in range(max_iter):",
        "h = act(h @ W)",
        "h = act(h @ start)",
    ),
)
variants.wrong(
    "ls.mult",
    says="you multiply with the standard deviation: what is too large becomes larger still",
    hint="which of W * 3 and W / 3 makes a spread of 3 a spread of 1?",
    lsuv_init=edit("W = W / spread", "W = W * spread", "range(max_iter)", "range(1)"),
)
variants.wrong(
    "ls.post",
    says="you bring the output of the activation to 1; it is the pre-activations that are to have standard deviation 1",
    hint="measure h @ W, before act",
    lsuv_init=edit("spread = np.std(h @ W)", "spread = np.std(act(h @ W))"),
)
variants.wrong(
    "ls.rms",
    says="you use the root of the mean square; on data that are not centred that is more than the standard deviation",
    hint="np.std subtracts the mean",
    lsuv_init=edit("np.std(h @ W)", "np.sqrt(np.mean((h @ W) ** 2))"),
)
variants.wrong(
    "ls.global",
    says="you scale all layers by one number; every layer needs its own",
    hint="finish one layer before you look at the next",
    lsuv_init=lsuv_init_global,
)
variants.wrong(
    "ls.no_orthonormal",
    says="you scale the weights as they were given; LSUV starts from orthonormal ones",
    hint="print (W.T @ W).round(2) for a tall W: off the diagonal there must be zeros",
    lsuv_init=edit("        U, _, Vt = np.linalg.svd(W, full_matrices=False)\n        W = U @ Vt\n", ""),
)
variants.wrong(
    "ls.dead",
    says="you divide by a standard deviation of 0: a layer without signal cannot be scaled, only passed",
    hint="try an activation that always gives 0",
    lsuv_init=edit("spread == 0.0 or ", ""),
)


# E4.7 init_output_bias, initial_loss


def init_output_bias_difference(counts):
    counts = np.where(np.asarray(counts) == 0, 0.5, counts).astype(float)
    return np.log(counts) - np.log(np.sum(counts))


def init_output_bias_loop(counts):
    seen = [max(float(count), 0.5) for count in counts]
    return np.array([math.log(count / sum(seen)) for count in seen])


def initial_loss_share(logits_scale, C):
    share = 1 / C
    return float(-np.log(share) + 0.5 * (1 - share) * logits_scale * logits_scale)


variants.right("ob.difference", init_output_bias=init_output_bias_difference, initial_loss=initial_loss_share)
variants.right("ob.loop", init_output_bias=init_output_bias_loop)

variants.wrong(
    "ob.p",
    says="you use the shares themselves as biases; softmax takes exponentials, so what it needs is their logarithm",
    hint="which number has 0.3 as its exponential?",
    init_output_bias=edit("return np.log(seen / seen.sum())", "return seen / seen.sum()"),
)
variants.wrong(
    "ob.logodds",
    says="log(p / (1 - p)) is right for a single sigmoid; softmax over C scores wants log p",
    hint="print the softmax of your biases",
    init_output_bias=edit("np.log(seen / seen.sum())", "np.log(seen / (seen.sum() - seen))"),
)
variants.wrong(
    "ob.base2",
    says="you take logarithms to base 2; the loss, and softmax, are made with e",
    hint="for ten classes the loss is 2.30, not 3.32",
    init_output_bias=edit("np.log(seen", "np.log2(seen"),
    initial_loss=edit("math.log(C)", "math.log2(C)"),
)
variants.wrong(
    "ob.neg",
    says="a sign is turned: common classes get low scores",
    hint="a share below 1 has a negative logarithm",
    init_output_bias=edit("return np.log", "return -np.log"),
)
variants.wrong(
    "ob.zero",
    says="a class without samples gets a bias of minus infinity: one such sample later, and the loss is infinite",
    hint="count it as half a sample",
    init_output_bias=edit("np.maximum(counts, 0.5)", "np.asarray(counts)"),
)
variants.wrong(
    "ob.add_half",
    says="you add half a sample to every class; only classes without any are to get one",
    hint="for counts of 30 and 10 the shares must be 0.75 and 0.25",
    init_output_bias=edit("np.maximum(counts, 0.5)", "counts + 0.5"),
)
variants.wrong(
    "il.no_share",
    says="your second term lacks the factor 1 - 1/C: the right class is one of those whose scores are random",
    hint="with a single class the loss is 0 whatever the scores are",
    initial_loss=edit(" * (1 - 1 / C)", ""),
)
variants.wrong(
    "il.linear",
    says="your second term grows with s, not with s²: scores of both signs cancel to first order",
    hint="the term has the variance of the scores in it",
    initial_loss=edit("logits_scale**2", "logits_scale"),
)


# E4.8 init_model


def init_model_kaiming(model, nonlinearity, *, slope=0.01, last_std=0.01, generator=None):
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    last = None
    for part in model.modules():
        if isinstance(part, kinds):
            nn.init.kaiming_normal_(part.weight, a=slope, mode="fan_in", nonlinearity=nonlinearity, generator=generator)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
            last = part
    nn.init.normal_(last.weight, std=last_std, generator=generator)


def init_model_data(model, nonlinearity, *, slope=0.01, last_std=0.01, generator=None):
    layers = []

    def collect(part):
        if type(part) in (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d):
            layers.append(part)

    for part in model.modules():
        collect(part)
    gain = nn.init.calculate_gain(nonlinearity, slope)
    for number, layer in enumerate(layers, start=1):
        std = gain * layer.weight.flatten(1).shape[1] ** -0.5
        std = last_std if number == len(layers) else std
        numbers = torch.empty(layer.weight.shape).normal_(generator=generator)
        layer.weight.data.copy_(std * numbers)
        if layer.bias is not None:
            layer.bias.data.fill_(0.0)


variants.right("im.kaiming", init_model=init_model_kaiming)
variants.right("im.data", init_model=init_model_data)


def init_model_named_weight(model, nonlinearity, *, slope=0.01, last_std=0.01, generator=None):
    gain = nn.init.calculate_gain(nonlinearity, slope)
    named = [(name, parameter) for name, parameter in model.named_parameters() if "weight" in name]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "weight" in name:
                std = gain / math.sqrt(parameter[0].numel())
                parameter.normal_(0.0, last_std if name == named[-1][0] else std, generator=generator)
            else:
                parameter.zero_()


variants.wrong(
    "im.replace",
    says="you give the layer a new Parameter; an optimizer that was made before goes on training the old one, which nobody uses",
    hint="fill the tensor that is there: its methods and nn.init's functions end in _",
    init_model=edit(
        "layer.weight.normal_(0.0, std, generator=generator)",
        "layer.weight = nn.Parameter(std * torch.randn(layer.weight.shape, generator=generator))",
    ),
)
variants.wrong(
    "im.bn_gamma0",
    says="you draw the scales of the norm layers at random near 0: they multiply their outputs, which are now next to nothing",
    hint="a norm layer starts with scale 1 and shift 0; leave it alone",
    init_model=edit(
        "    with torch.no_grad():\n",
        "    with torch.no_grad():\n"
        "        for part in model.modules():\n"
        "            if part not in layers and isinstance(getattr(part, 'weight', None), nn.Parameter):\n"
        "                part.weight.normal_(0.0, last_std, generator=generator)\n",
    ),
)
variants.wrong(
    "im.named_weight",
    says="you pick parameters by the word weight in their name; the scale of a norm layer bears it too, and is now a random number",
    hint="ask for the class of the layer: isinstance",
    init_model=init_model_named_weight,
)
variants.wrong(
    "im.fan_out_t",
    says="you read torch's weights as (in, out); it stores (out, in), so that what you divide by is fan_out",
    hint="print(nn.Linear(1024, 400).weight.shape)",
    init_model=edit("layer.weight[0].numel()", "layer.weight[:, 0].numel()"),
)
variants.wrong(
    "im.last_forgotten",
    says="the last layer is as large as the hidden ones: the first loss will not be log C",
    hint="the last of the layers with weights gets last_std",
    init_model=edit("last_std if layer is layers[-1] else ", ""),
)
variants.wrong(
    "im.slope_ignored",
    says="the slope of the leaky ReLU does not reach the gain, which falls back to that of 0.01",
    hint="nn.init.calculate_gain takes a second argument",
    init_model=edit("calculate_gain(nonlinearity, slope)", "calculate_gain(nonlinearity)"),
)
variants.wrong(
    "im.bias_left",
    says="the biases are still the random numbers that torch gave them",
    hint="print(layer.bias)",
    init_model=edit("layer.bias.zero_()", "pass"),
)
variants.wrong(
    "im.top_level",
    says="you look at the model's direct children only; layers inside of blocks keep what they were born with",
    hint="model.modules() walks through all levels",
    init_model=edit("for part in model.modules()", "for part in model.children()", "layers[-1]", "(layers or [None])[-1]"),
)
variants.wrong(
    "im.grad",
    says="you change a parameter while torch records: initialising belongs under torch.no_grad()",
    hint="with torch.no_grad(): around the loop, or the functions of nn.init",
    init_model=edit("with torch.no_grad():", "if True:"),
)


# Questions

variants.wrong(
    "q.vanished_step.A",
    says="line (3) needs no independence of the inputs: the mixed terms vanish because the weights are independent with mean 0",
    vanished_step='"A"',
)
variants.wrong(
    "q.vanished_step.B", says="the rule is about the first forward pass, and there the weights do have mean 0", vanished_step='"B"'
)
variants.wrong(
    "q.vanished_step.D",
    says="He's 2 stands in the forward pass already: the mean square of a ReLU's output is half of the variance before it",
    vanished_step='"D"',
)

variants.wrong("q.he_std.variance", says="that is the variance; a standard deviation was asked for", he_std="2 / 512")
variants.wrong("q.he_std.lecun", says="that is 1/√512: the 2 that makes up for the ReLU is missing", he_std="512**-0.5")
variants.wrong(
    "q.he_std.misprint",
    says="you took 2/√512 for the variance, as one set of slides prints it; it is 2/512",
    he_std="(2 / 512**0.5) ** 0.5",
)

variants.wrong(
    "q.xavier_bound.std",
    says="that is the standard deviation; a uniform distribution reaches √3 times as far",
    xavier_bound="(2 / 400) ** 0.5",
)
variants.wrong(
    "q.xavier_bound.fan_in",
    says="that limit is LeCun's, with fan_in alone; Glorot takes both fans",
    xavier_bound="(3 / 300) ** 0.5",
)
variants.wrong(
    "q.xavier_bound.he", says="that limit is He's; Glorot has the sum of both fans below the 6", xavier_bound="(6 / 300) ** 0.5"
)

variants.wrong("q.random_biases.A", says="random numbers make units differ, not alike", random_biases='"A"')
variants.wrong(
    "q.random_biases.C",
    says="a bias gets the sum of what comes back to its unit, which is not 0 as long as the unit is awake",
    random_biases='"C"',
)
variants.wrong("q.random_biases.D", says="a bias may have either sign", random_biases='"D"')

variants.wrong(
    "q.large_tanh.A",
    says="look at the picture: the gradient at the input is several hundred thousand times that at the output",
    large_tanh='"A"',
)
variants.wrong(
    "q.large_tanh.B", says="hardly any pre-activation is close to 0 here: their standard deviation is above 20", large_tanh='"B"'
)
variants.wrong(
    "q.large_tanh.C",
    says="it is the sizes that add up, not the weights: 512 terms of size 1 and random sign make a sum of size 22",
    large_tanh='"C"',
)

variants.wrong(
    "q.scale_with_batchnorm.A",
    says="the outputs do not change with the scale, but the gradient does, and a step is small compared with weights of size 3",
    scale_with_batchnorm='"A"',
)
variants.wrong(
    "q.scale_with_batchnorm.C",
    says="BatchNorm stands after every layer, so that nothing piles up from layer to layer",
    scale_with_batchnorm='"C"',
)
variants.wrong(
    "q.scale_with_batchnorm.D",
    says="the rules do not compete: what the weights make too large or too small is divided out before the next layer",
    scale_with_batchnorm='"D"',
)
