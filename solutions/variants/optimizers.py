"""Unit 5: what a fair grader accepts, and the misconceptions that it names."""

import numpy as np
import torch

from solutions.variants import Variants, edit

variants = Variants()

# E5.1 numeric_jacobian, numeric_hessian


def jacobian_by_rows(f, x):
    x = np.array(x, dtype=float)
    h = 1e-5

    def slopes(output):
        return [(np.ravel(f(x + h * e))[output] - np.ravel(f(x - h * e))[output]) / (2 * h) for e in np.identity(len(x))]

    return np.array([slopes(output) for output in range(np.size(f(x)))])


def hessian_by_gradients(f, x):
    x, h = np.array(x, dtype=float), 2e-4
    unit = np.identity(len(x))

    def gradient(point):
        return np.array([(f(point + h * e) - f(point - h * e)) / (2 * h) for e in unit])

    H = np.array([(gradient(x + h * e) - gradient(x - h * e)) / (2 * h) for e in unit])
    return (H + H.T) / 2


def jacobian_four_points(f, x):
    x, h = np.array(x, dtype=float), 1e-3
    value = lambda point: np.ravel(np.array(f(point)))  # noqa: E731
    columns = []
    for e in h * np.identity(len(x)):
        columns.append((8 * (value(x + e) - value(x - e)) - value(x + 2 * e) + value(x - 2 * e)) / (12 * h))
    return np.column_stack(columns)


def hessian_three_values(f, x):
    x, n, h = np.array(x, dtype=float), len(x), 3e-4
    H, here, unit = np.zeros((n, n)), f(x), h * np.identity(n)
    for i in range(n):
        H[i, i] = (f(x + unit[i]) - 2 * here + f(x - unit[i])) / h**2
    for i in range(n):
        for j in range(n):
            if i != j:
                both = unit[i] + unit[j]
                H[i, j] = (f(x + both) - 2 * here + f(x - both)) / (2 * h**2) - (H[i, i] + H[j, j]) / 2
    return H


variants.right("jh.by_rows", numeric_jacobian=jacobian_by_rows, numeric_hessian=hessian_by_gradients)
variants.right("jh.four_points", numeric_jacobian=jacobian_four_points, numeric_hessian=hessian_three_values)

variants.wrong(
    "jh.T",
    says="you return the transpose: a row of the Jacobian belongs to an output, a column to an input",
    hint="a function with 3 inputs and 2 outputs has a Jacobian of shape (2, 3)",
    numeric_jacobian=edit("np.stack(columns, axis=1)", "np.stack(columns)"),
)
variants.wrong(
    "jh.scalar_first",
    says="you differentiate the first output only: every output has a row of its own",
    hint="f(x + step) - f(x - step) is an array with an entry for each output; keep all of it",
    numeric_jacobian=edit("np.atleast_1d(ahead - behind)", "np.atleast_1d(ahead - behind)[:1]"),
)
variants.wrong(
    "jh.summed",
    says="you add the outputs up before you differentiate: that is one gradient, where a row for each output is asked for",
    hint="leave the sum out; the difference of two outputs is an array",
    numeric_jacobian=edit("np.atleast_1d(ahead - behind)", "np.atleast_1d(np.sum(ahead - behind))"),
)
variants.wrong(
    "jh.one_sided",
    says="you look to one side only: the bend of f then costs half of your digits",
    hint="look at x + h and at x - h, and divide by the distance between the two",
    numeric_jacobian=edit("np.array(f(x - step))", "np.array(f(x))", "(2 * h)", "h"),
)
variants.wrong(
    "jh.distance",
    says="you divide by h, but your two places lie 2h apart: every entry is twice too large",
    hint="how far is it from x - h to x + h?",
    numeric_jacobian=edit("(2 * h)", "h"),
)
variants.wrong(
    "jh.buffer",
    says="you keep the array that f returned: an f that writes into the same array every time has overwritten it",
    hint="copy the first result before you call f again",
    numeric_jacobian=edit("np.array(f(x + step)), np.array(f(x - step))", "f(x + step), f(x - step)"),
)


def jacobian_that_moves(f, x):
    columns, h = [], 1e-5
    for i in range(len(x)):
        x[i] += h
        ahead = np.array(f(x))
        x[i] -= 2 * h
        columns.append(np.atleast_1d(ahead - f(x)) / (2 * h))
    return np.stack(columns, axis=1)


variants.wrong(
    "jh.moves_x",
    says="you move the caller's own x, and do not even put it back",
    hint="work on a copy: x = np.array(x, dtype=float)",
    numeric_jacobian=jacobian_that_moves,
)
variants.wrong(
    "jh.h_small",
    says="your step is too short for second differences: you divide rounding errors by h², and 1e-5 squared is 1e-10",
    hint="the error of rounding is about 1e-16 |f| / h², that of the bend about h²: which h makes them equal?",
    numeric_hessian=edit("np.finfo(np.float64).eps ** (1 / 4)", "1e-5"),
)
variants.wrong(
    "jh.diag_only",
    says="you fill the diagonal only: how the slope along one weight changes with another one is missing",
    hint="H[0, 1] needs f at four places, with both entries moved",
    numeric_hessian=edit("np.empty(", "np.zeros(", "enumerate(steps[: i + 1])", "[(i, a)]"),
)
variants.wrong(
    "jh.lower",
    says="you fill one half of the matrix: it is symmetric, so the other half has the same numbers",
    hint="set H[i, j] and H[j, i]",
    numeric_hessian=edit("np.empty(", "np.zeros(", "H[i, j] = H[j, i] =", "H[i, j] ="),
)
variants.wrong(
    "jh.four",
    says="you divide by h²: with four places around x both of their distances are 2h, so all entries are four times too large",
    hint="try it on x² by hand: (f(x + 2h) - 2 f(x) + f(x - 2h)) is 8 h²",
    numeric_hessian=edit("(4 * h**2)", "h**2"),
)
variants.wrong(
    "jh.diagonal_walk",
    says="you take the bend along the line on which both entries grow: that mixes H[i, i] and H[j, j] into H[i, j]",
    hint="four places: ++, +-, -+ and --, with the signs +, -, -, +",
    numeric_hessian=edit("f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)", "f(x + a + b) - 2 * f(x) + f(x - a - b)"),
)

# E5.2 classify_critical_point, condition_number


def classify_by_counting(H, tol=1e-8):
    n = len(H)
    eigenvalues = np.linalg.eigvals(0.5 * H + 0.5 * H.T).real
    positive = sum(value > tol for value in eigenvalues)
    negative = sum(value < -tol for value in eigenvalues)
    if positive > 0 and negative > 0:
        return "saddle"
    return {(n, 0): "minimum", (0, n): "maximum"}.get((positive, negative), "degenerate")


def condition_number_by_svd(H):
    lengths = np.linalg.svd((H + H.T) / 2, compute_uv=False)
    return np.inf if lengths[-1] == 0 else lengths[0] / lengths[-1]


def classify_by_extremes(H, tol=1e-8):
    low, *_, high = np.linalg.eigh((H + H.T) / 2).eigenvalues.repeat(2)
    if low < -tol and high > tol:
        return "saddle"
    return "minimum" if low > tol else "maximum" if high < -tol else "degenerate"


def condition_number_by_solving(H):
    H = (H + H.T) / 2
    with np.errstate(divide="ignore"):
        return float(np.linalg.cond(H))


variants.right("cc.by_counting", classify_critical_point=classify_by_counting, condition_number=condition_number_by_svd)
variants.right("cc.by_extremes", classify_critical_point=classify_by_extremes, condition_number=condition_number_by_solving)


def classify_by_determinant(H, tol=1e-8):
    H = (H + H.T) / 2
    determinant = np.linalg.det(H)
    if abs(determinant) <= tol:
        return "degenerate"
    if determinant < 0:
        return "saddle"
    return "minimum" if H[0, 0] > 0 else "maximum"


variants.wrong(
    "cc.det",
    says="you go by the sign of the determinant, which works for two weights only: of three curvatures two can be negative, "
    "and their product is positive",
    hint="print(np.linalg.eigvalsh(H)): every single sign counts",
    classify_critical_point=classify_by_determinant,
)
variants.wrong(
    "cc.diag",
    says="you read the curvatures off the diagonal: those are the ones along the axes, and the steepest directions may lie between",
    hint="the curvatures that count are the eigenvalues",
    classify_critical_point=edit("np.linalg.eigvalsh((H + H.T) / 2)", "np.diag(H)"),
)
variants.wrong(
    "cc.no_tol",
    says="you ignore tol: a measured curvature of 1e-9 is noise around 0, not a direction",
    hint="compare with tol and with -tol, not with 0",
    classify_critical_point=edit("> tol", "> 0", "< -tol", "< 0"),
)
variants.wrong(
    "cc.flat_first",
    says="you stop at the first flat direction: a place that curves up in one direction and down in another is a saddle anyway",
    hint="ask for both signs first",
    classify_critical_point=edit(
        "if up.any() and down.any():", 'if not (up | down).all():\n        return "degenerate"\n    if up.any() and down.any():'
    ),
)
variants.wrong(
    "cc.swapped",
    says="minimum and maximum have changed places: where all curvatures are positive, every way leads up",
    hint="which of the two is a bowl?",
    classify_critical_point=edit(
        'if up.all():\n        return "minimum"\n    return "maximum" if down.all()',
        'if up.all():\n        return "maximum"\n    return "minimum" if down.all()',
    ),
)
variants.wrong(
    "cc.half",
    says="eigvalsh reads one half of the matrix and trusts the other to be the same: make a measured Hessian symmetric first",
    hint="what counts is (H + H.T) / 2",
    classify_critical_point=edit("np.linalg.eigvalsh((H + H.T) / 2)", "np.linalg.eigvalsh(H)"),
    condition_number=edit("np.linalg.eigvalsh((H + H.T) / 2)", "np.linalg.eigvalsh(H)"),
)


def condition_number_with_signs(H):
    curvatures = np.linalg.eigvalsh((H + H.T) / 2)
    return float(curvatures[-1] / curvatures[0]) if curvatures[0] != 0 else float("inf")


variants.wrong(
    "cn.signed",
    says="your eigenvalues keep their signs: at a saddle the result is negative, and says nothing about how long the ravine is",
    hint="compare sizes: absolute values first, then the largest and the smallest",
    condition_number=condition_number_with_signs,
)
variants.wrong(
    "cn.inverse",
    says="you divide the smallest by the largest: a condition number starts at 1 and goes up",
    hint="a round bowl has 1, a ravine more",
    condition_number=edit("curvatures.max() / least", "least / curvatures.max()"),
)
variants.wrong(
    "cn.squared",
    says="that is the square of the condition number, as the eigenvalues of H.T @ H would give it",
    hint="the ratio of curvatures, without a square",
    condition_number=edit("curvatures.max() / least)", "(curvatures.max() / least) ** 2)"),
)
variants.wrong(
    "cn.diag",
    says="you take the ratio of diagonal entries: they are the curvatures along the axes, and the ravine may run askew",
    hint="np.linalg.eigvalsh",
    condition_number=edit("np.linalg.eigvalsh((H + H.T) / 2)", "np.diag(H)"),
)

# Q5.5

variants.wrong(
    "q.chance.half", says="half is the chance of one single sign to be plus; all hundred have to be", minimum_by_chance='"A"'
)
variants.wrong(
    "q.chance.count",
    says="you take all the counts of pluses from 0 to 100 for equally likely: those near 50 are far more so",
    minimum_by_chance='"B"',
)
variants.wrong(
    "q.chance.both", says="that is the chance of a minimum or a maximum: all plus, or all minus", minimum_by_chance='"D"'
)

# E5.3 minibatches, sgd_step


def minibatches_by_sorting(X, y, batch_size, rng, drop_last=False):
    order = np.argsort(rng.random(len(X)))
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    if drop_last and len(batches[-1]) != batch_size:
        batches.pop()
    yield from ((X[rows], y[rows]) for rows in batches)


def minibatches_by_drawing(X, y, batch_size, rng, drop_last=False):
    left, found = list(range(len(X))), []
    while left and not (drop_last and len(left) < batch_size):
        rows = [left.pop(int(rng.integers(len(left)))) for _ in range(min(batch_size, len(left)))]
        found.append((np.array([X[row] for row in rows]), np.array([y[row] for row in rows])))
    return iter(found)


def sgd_by_loops(w, g, state, *, lr=0.01):
    step = np.zeros(w.shape)
    for one in g:
        step = step + lr * one / len(g)
    return w - step, state


def sgd_by_einsum(w, g, state, *, lr=0.01):
    return w - lr * np.einsum("b...->...", g) / g.shape[0], dict(state)


variants.right("mb.by_sorting", minibatches=minibatches_by_sorting, sgd_step=sgd_by_loops)
variants.right("mb.by_drawing", minibatches=minibatches_by_drawing, sgd_step=sgd_by_einsum)

variants.wrong(
    "mb.lost_tail",
    says="you lose the last, short batch: some samples sit out every epoch, although drop_last is False",
    hint="let the range run to len(X); a slice that reaches beyond the end is no error",
    minibatches=edit("range(0, len(X), batch_size)", "range(0, len(X) - batch_size + 1, batch_size)"),
)
variants.wrong(
    "mb.shuffle_X_only",
    says="you shuffle the samples and leave the labels in place: the network learns from wrong pairs, and its loss stays at log C",
    hint="one order for both: index X and y with the same array",
    minibatches=edit("y[chosen]", "y[start : start + batch_size]"),
)
variants.wrong(
    "mb.same_order",
    says="every epoch of yours has the same order: you make a generator of your own, with a fixed seed, where rng is given",
    hint="rng.permutation; a generator goes on from where it stood",
    minibatches=edit("rng.permutation(len(X))", "np.random.default_rng(0).permutation(len(X))"),
)
variants.wrong(
    "mb.no_shuffle",
    says="you take the samples as they come: data sorted by class would make batches of one label each",
    hint="rng.permutation(len(X)) is the order to take them in",
    minibatches=edit("rng.permutation(len(X))", "np.arange(len(X))"),
)
variants.wrong(
    "mb.replacement",
    says="you draw with replacement: in an epoch some samples come twice, and about a third of them never",
    hint="an order of all samples, not a lottery: rng.permutation",
    minibatches=edit("rng.permutation(len(X))", "rng.integers(len(X), size=len(X))"),
)
variants.wrong(
    "mb.batches_only",
    says="you shuffle the batches and not the samples: whoever shares a batch in the first epoch does so for ever",
    hint="shuffle the samples first, then cut",
    minibatches=edit(
        "order = rng.permutation(len(X))",
        "full = len(X) // batch_size * batch_size\n    blocks = rng.permutation(np.arange(full).reshape(-1, batch_size))\n"
        "    order = np.concatenate([blocks.ravel(), np.arange(full, len(X))])",
    ),
)
variants.wrong(
    "mb.drop_ignored",
    says="you ignore drop_last: the short batch at the end comes all the same",
    hint="when drop_last is True, yield full batches only",
    minibatches=edit("if drop_last and len(chosen) < batch_size:", "if len(chosen) == 0:"),
)
variants.wrong(
    "mb.drop_full",
    says="you drop the last batch even when it is full",
    hint="drop_last is about a batch with fewer than batch_size samples",
    minibatches=edit("len(chosen) < batch_size", "start + batch_size >= len(X)"),
)
variants.wrong(
    "mb.inplace",
    says="you shuffle the caller's own X and y: everyone else who holds them has another order now",
    hint="shuffle an array of indices and leave the data where they are",
    minibatches=edit(
        "order = rng.permutation(len(X))",
        "order = rng.permutation(len(X))\n    X[:], y[:] = X[order], y[order]\n    order = np.arange(len(X))",
    ),
)
variants.wrong(
    "mb.sum",
    says="you add the samples' gradients up: the step then grows with the batch, and a rate that was right for 32 is wrong for 64",
    hint="the mean over the first axis",
    sgd_step=edit("g.mean(axis=0)", "g.sum(axis=0)"),
)
variants.wrong(
    "mb.mean_all",
    says="you take the mean over everything: all weights move by one and the same number",
    hint="mean over the samples only, axis=0",
    sgd_step=edit("g.mean(axis=0)", "g.mean()"),
)
variants.wrong(
    "mb.climb",
    says="you walk up the gradient: it points to where the loss grows",
    hint="minus",
    sgd_step=edit("w - lr", "w + lr"),
)
variants.wrong(
    "mb.first",
    says="you use the first sample of the batch and leave the others out",
    hint="all rows of g count alike",
    sgd_step=edit("g.mean(axis=0)", "g[0]"),
)
variants.wrong(
    "mb.inplace_w",
    says="you move the weights you were given, w -= …: the caller loses the weights before the step",
    hint="return w - …, and leave w alone",
    sgd_step=edit("w_new = w - lr * g.mean(axis=0)", "w -= lr * g.mean(axis=0)\n    w_new = w"),
)

# E5.4 momentum_step, convert


def momentum_by_history(w, g, state, *, lr=0.01, mu=0.9):
    gradients = [*state.get("gradients", []), g.copy()]
    velocity = sum(mu**age * earlier for age, earlier in enumerate(reversed(gradients)))
    return w - lr * velocity, {"gradients": gradients}


def momentum_torch(w, g, state, *, lr=0.01, mu=0.9):
    import torch

    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    parameter.grad = torch.from_numpy(g.copy())
    optimizer = torch.optim.SGD([parameter], lr=lr, momentum=mu)
    if state:
        optimizer.state[parameter]["momentum_buffer"] = torch.from_numpy(state["buffer"].copy())
    optimizer.step()
    buffer = optimizer.state[parameter].get("momentum_buffer", parameter.grad)
    return parameter.detach().numpy(), {"buffer": buffer.numpy()}


def momentum_loops(w, g, state, *, lr=0.01, mu=0.9):
    velocity = np.array(state["velocity"]) if state else np.zeros(w.shape)
    w = w.copy()
    for i in np.ndindex(w.shape):
        velocity[i] = mu * velocity[i] + g[i]
        w[i] -= lr * velocity[i]
    return w, {"velocity": velocity}


def convert_by_table(form, lr, mu):
    return {"cs231n": (lr, mu), "postech": (lr, mu), "ema": (lr - mu * lr, mu), "heavy_ball": (lr, mu)}[form]


variants.right("mo.by_history", momentum_step=momentum_by_history, convert=convert_by_table)
variants.right("mo.torch", momentum_step=momentum_torch)
variants.right("mo.loops", momentum_step=momentum_loops)

variants.wrong(
    "mo.double_lr",
    says="lr and a minus stand in both of your lines: every step is multiplied by lr once too often, and it climbs",
    hint="put lr in one of the two lines only; torch's form has it in (2)",
    momentum_step=edit('mu * state.get("v", 0.0) + g', 'mu * state.get("v", 0.0) - lr * g'),
)
variants.wrong(
    "mo.ema",
    says="you average the gradients, with 1 - mu in front of g; torch's form adds them up, which is 1 / (1 - mu) times as fast",
    hint="the first step must be that of plain gradient descent: print((w - w_new) / (lr * g)) at step 1",
    momentum_step=edit('state.get("v", 0.0) + g', 'state.get("v", 0.0) + (1 - mu) * g'),
)
variants.wrong(
    "mo.v_not_stored",
    says="every step of yours starts from rest: the velocity never reaches the next call, so this is plain gradient descent",
    hint="print(state) at the beginning of the second step",
    momentum_step=edit('{"v": v}', "{}"),
)
variants.wrong(
    "mo.sign",
    says="you walk up the gradient: in torch's form the velocity points uphill, and the step subtracts it",
    hint="at the first step w must become w - lr * g",
    momentum_step=edit("w - lr * v", "w + lr * v"),
)
variants.wrong(
    "mo.use_old_v",
    says="you step with the velocity of the last call: every gradient acts one step late, and the first not at all",
    hint="compute the new velocity by (1) first, then use that very one in (2)",
    momentum_step=edit("w - lr * v", 'w - lr * state.get("v", 0.0)'),
)
variants.wrong(
    "mo.mu_on_g",
    says="mu multiplies the new gradient as well: only the old velocity is slowed down",
    hint="with mu = 0 the step must be lr * g, not 0",
    momentum_step=edit('mu * state.get("v", 0.0) + g', 'mu * (state.get("v", 0.0) + g)'),
)
variants.wrong(
    "mo.one_minus_mu",
    says="you keep the share 1 - mu of the velocity where mu of it should survive",
    hint="mu = 0.9 means a long memory: nine tenths of the velocity go on",
    momentum_step=edit('mu * state.get("v", 0.0)', '(1 - mu) * state.get("v", 0.0)'),
)
variants.wrong(
    "mo.nesterov",
    says="that is Nesterov's momentum: you look one step ahead; it has an exercise of its own, 5.5",
    hint="the step is lr times the velocity, nothing added to it",
    momentum_step=edit("w - lr * v", "w - lr * (g + mu * v)"),
)
variants.wrong(
    "mo.lr_inside",
    says="lr is inside your velocity: the same path while lr is constant, but after a change the old lr lives on in it",
    hint="leave lr out of (1); it belongs to (2), so that a new lr acts at once",
    momentum_step=edit('state.get("v", 0.0) + g', 'state.get("v", 0.0) + lr * g', "w - lr * v", "w - v"),
)
variants.wrong(
    "mo.inplace_g",
    says="you add the velocity into the gradient you were given: whoever looks at that gradient next sees another one",
    hint="v = mu * v + g makes a new array, g += mu * v does not",
    momentum_step=edit('v = mu * state.get("v", 0.0) + g', 'v = g\n    v += mu * state.get("v", 0.0)'),
)
variants.wrong(
    "mo.inplace_v",
    says="you update the velocity inside the state you were given: a checkpoint that somebody kept of it changes with every step",
    hint="compute a new array and return it in a new dict",
    momentum_step=edit('v = mu * state.get("v", 0.0) + g', 'v = state.setdefault("v", np.zeros_like(w))\n    v *= mu\n    v += g'),
)
variants.wrong(
    "mo.inplace_w",
    says="you move the weights you were given, w -= …: the caller loses the weights before the step",
    hint="return w - …, and leave w alone",
    momentum_step=edit('w_new, state_new = w - lr * v, {"v": v}', 'w -= lr * v\n    w_new, state_new = w, {"v": v}'),
)
variants.wrong(
    "mo.alias_g",
    says="your first velocity is the gradient array itself: when the next gradient is written into it, the velocity is lost",
    hint="at the first step store g.copy(), or compute 0 * v + g",
    momentum_step=edit('mu * state.get("v", 0.0) + g', 'mu * state["v"] + g if state else g'),
)
variants.wrong(
    "cv.ema_lr",
    says="an average is 1 - mu times as large as a sum: for the averaging form the rate has to make up for that",
    hint="write the first step of both forms from v = 0, and compare",
    convert=edit("lr = lr * (1 - mu)", "pass"),
)
variants.wrong(
    "cv.ema_inverse",
    says="wrong direction: the averaging form has the smaller velocity, so torch's form needs the smaller rate",
    hint="write the first step of both forms from v = 0, and compare",
    convert=edit("lr = lr * (1 - mu)", "lr = lr / (1 - mu)"),
)
variants.wrong(
    "cv.ema_mu",
    says="you exchange the roles of mu and 1 - mu: in all five forms mu stands in front of the old velocity",
    hint="which number multiplies the old velocity in the row of the averaging form?",
    convert=edit("lr = lr * (1 - mu)", "lr, mu = lr * (1 - mu), 1 - mu"),
)
variants.wrong(
    "cv.sign",
    says="CS231n adds a velocity that points downhill, torch subtracts one that points uphill: the rate stays positive",
    hint="put v = -lr * (torch's v) into both lines of CS231n's form",
    convert=edit("return lr, mu", 'return -lr if form == "cs231n" else lr, mu'),
)
variants.wrong(
    "cv.lr_inside",
    says="lr inside the velocity does not add up more than lr outside does: take it out of the sum as a common factor",
    hint="put v = lr * (torch's v) into both lines of that form",
    convert=edit("return lr, mu", 'return lr / (1 - mu) if form in ("cs231n", "postech") else lr, mu'),
)
variants.wrong(
    "cv.heavy_ball",
    says="the last move of the heavy ball is a whole step, which holds lr already: mu needs no correction",
    hint="in torch's form, what is the last move? Put it in for w - w_before",
    convert=edit("return lr, mu", 'return lr, lr * mu if form == "heavy_ball" else mu'),
)

# Q5.2

variants.wrong(
    "q.speed.19", says="that counts the old velocity only: the gradient of the step itself comes on top", terminal_speed="19"
)
variants.wrong("q.speed.10", says="that is the factor at mu = 0.9", terminal_speed="10")
variants.wrong("q.speed.two_steps", says="that is the velocity after two steps: it goes on growing", terminal_speed="1.95")
variants.wrong(
    "q.speed.one",
    says="that holds for the form that averages, whose v stays as large as g; torch's form adds up",
    terminal_speed="1",
)
variants.wrong(
    "q.speed.inverse", says="that is its inverse: momentum makes a steady descent faster, not slower", terminal_speed="0.05"
)

# Q5.1

variants.wrong(
    "q.halved.all",
    says="the five forms walk the same path while lr stays as it is; where lr is inside the velocity, the old rate lives on in it",
    rate_halved='"A"',
)
variants.wrong(
    "q.halved.inside",
    says="just the other way round: those two carry lr inside the velocity, and nine tenths of the old velocity go on",
    rate_halved='"C"',
)
variants.wrong(
    "q.halved.none",
    says="the velocity is slow to change, but where lr multiplies it from outside the step need not wait for it",
    rate_halved='"D"',
)

# E5.5 nesterov_step, nesterov_phi_step


def nesterov_stepwise(theta, grad_fn, v, lr, mu):
    drift = mu * v
    ahead = theta + drift
    correction = lr * grad_fn(ahead)
    return ahead - correction, drift - correction


def nesterov_phi_by_theta(phi, g_at_phi, v, lr, mu):
    theta = phi - mu * v
    v = mu * v - lr * g_at_phi
    theta = theta + v
    return theta + mu * v, v


def nesterov_by_torch_velocity(theta, grad_fn, v, lr, mu):
    uphill = mu * (-v / lr) + grad_fn(theta + mu * v)
    return theta - lr * uphill, -lr * uphill


def nesterov_phi_torch(phi, g_at_phi, v, lr, mu):
    parameter = torch.nn.Parameter(torch.from_numpy(phi.copy()))
    parameter.grad = torch.from_numpy(g_at_phi.copy())
    optimizer = torch.optim.SGD([parameter], lr=lr, momentum=mu, nesterov=mu > 0)
    optimizer.state[parameter]["momentum_buffer"] = torch.from_numpy(-v / lr)
    optimizer.step()
    return parameter.detach().numpy(), mu * v - lr * g_at_phi


variants.right("ne.stepwise", nesterov_step=nesterov_stepwise, nesterov_phi_step=nesterov_phi_by_theta)
variants.right("ne.torch", nesterov_step=nesterov_by_torch_velocity, nesterov_phi_step=nesterov_phi_torch)

variants.wrong(
    "ne.minus_look",
    says="you look behind the ball: the place ahead is theta + mu * v (some lecture notes print a minus)",
    hint="v points to where the ball is going; go that way to look",
    nesterov_step=edit("theta + mu * v)", "theta - mu * v)"),
)
variants.wrong(
    "ne.at_theta",
    says="you ask for the gradient where you stand: that is ordinary momentum",
    hint="print what you hand to grad_fn: it is not theta",
    nesterov_step=edit("grad_fn(theta + mu * v)", "grad_fn(theta)"),
)
variants.wrong(
    "ne.vnew_look",
    says="you look ahead along a velocity that has the new gradient in it already, which takes a second call of grad_fn",
    hint="only the old velocity, slowed down by mu, leads to the place where you look",
    nesterov_step=edit(
        "v_new = mu * v - lr * grad_fn(theta + mu * v)",
        "v_new = mu * v - lr * grad_fn(theta)\n    v_new = mu * v - lr * grad_fn(theta + mu * v_new)",
    ),
)
variants.wrong(
    "ne.full_look",
    says="you look a whole velocity ahead: friction takes its share first, so the ball gets no further than mu * v",
    hint="the place ahead is where the ball would be without a gradient",
    nesterov_step=edit("theta + mu * v)", "theta + v)"),
)
variants.wrong(
    "ne.phi_report",
    says="you return the place ahead of the new theta: that is phi, and has a function of its own",
    hint="the new theta is the old one plus the new velocity",
    nesterov_step=edit("return theta + v_new, v_new", "return theta + v_new + mu * v_new, v_new"),
)
variants.wrong(
    "ne.from_look",
    says="you start the move from the place where you looked: the look ahead is only a look, mu * v gets counted twice",
    hint="add the new velocity to theta, not to the place ahead",
    nesterov_step=edit("return theta + v_new, v_new", "return theta + mu * v + v_new, v_new"),
)
variants.wrong(
    "ne.uphill",
    says="your velocity is torch's, uphill and without lr: in this section v is the move itself",
    hint="theta grows by v, and v holds -lr times the gradient",
    nesterov_step=edit("mu * v - lr * grad_fn", "mu * v + grad_fn", "theta + v_new, v_new", "theta - lr * v_new, v_new"),
)
variants.wrong(
    "ne.climb",
    says="you add the gradient to the velocity: it points uphill",
    hint="minus lr times the gradient",
    nesterov_step=edit("- lr * grad_fn", "+ lr * grad_fn"),
)
variants.wrong(
    "ne.inplace_v",
    says="you update the velocity inside the array you were given: the caller loses the old one",
    hint="mu * v - … makes a new array; v *= mu does not",
    nesterov_step=edit(
        "v_new = mu * v - lr * grad_fn(theta + mu * v)",
        "g = grad_fn(theta + mu * v)\n    v *= mu\n    v -= lr * g\n    v_new = v",
    ),
)
variants.wrong(
    "ne.plus_prev",
    says="you add the share of the old velocity: it has to come off, as phi was that far ahead already (some notes lack the minus)",
    hint="theta = phi - mu * v; then one step; then ahead again",
    nesterov_phi_step=edit("phi - mu * v", "phi + mu * v"),
)
variants.wrong(
    "ne.no_prev",
    says="you forget to take the old look ahead back: phi runs away from theta by mu * v at every step",
    hint="theta = phi - mu * v; then one step; then ahead again",
    nesterov_phi_step=edit("phi - mu * v + (1 + mu)", "phi + (1 + mu)"),
)
variants.wrong(
    "ne.phi_plain",
    says="you move phi by the new velocity alone: that is ordinary momentum, with no look ahead in it",
    hint="the new phi lies mu * v_new beyond the new theta",
    nesterov_phi_step=edit("phi - mu * v + (1 + mu) * v_new", "phi + v_new"),
)
variants.wrong(
    "ne.theta_report",
    says="you return the new theta: this function keeps the place ahead of it",
    hint="phi_new is theta_new + mu * v_new",
    nesterov_phi_step=edit("(1 + mu) * v_new", "v_new"),
)

# E5.6 adagrad_step, rmsprop_step


def adagrad_by_history(w, g, state, *, lr=0.01, eps=1e-10):
    seen = [*state.get("seen", []), g.copy()]
    length = np.sqrt(np.sum(np.square(seen), axis=0))
    return w - lr * g / (length + eps), {"seen": seen}


def rmsprop_by_lerp(w, g, state, *, lr=0.01, rho=0.99, eps=1e-8):
    average = state["average"] if state else np.zeros(w.shape)
    average = average + (1 - rho) * (g * g - average)
    return w - lr / (average**0.5 + eps) * g, {"average": average}


def adagrad_torch(w, g, state, *, lr=0.01, eps=1e-10):
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    parameter.grad = torch.from_numpy(g.copy())
    optimizer = torch.optim.Adagrad([parameter], lr=lr, eps=eps)
    if state:
        optimizer.state[parameter]["sum"] = torch.from_numpy(state["sum"].copy())
    optimizer.step()
    return parameter.detach().numpy(), {"sum": optimizer.state[parameter]["sum"].numpy()}


def rmsprop_by_loops(w, g, state, *, lr=0.01, rho=0.99, eps=1e-8):
    average, new = np.zeros(w.shape), w.copy()
    for i in np.ndindex(w.shape):
        average[i] = rho * (state["average"][i] if state else 0.0) + (1 - rho) * g[i] * g[i]
        new[i] -= lr * g[i] / (average[i] ** 0.5 + eps)
    return new, {"average": average}


variants.right("ag.by_history", adagrad_step=adagrad_by_history, rmsprop_step=rmsprop_by_lerp)
variants.right("ag.torch", adagrad_step=adagrad_torch, rmsprop_step=rmsprop_by_loops)

variants.wrong(
    "ag.mean",
    says="you average the squares, as some lecture notes have it, where AdaGrad adds them up: your steps do not shrink",
    hint="with a gradient of 1 at every step, G is 1, 2, 3, …",
    adagrad_step=edit(
        'G = state.get("G", 0.0) + g**2',
        't = state.get("t", 0) + 1\n    G = ((t - 1) * state.get("G", 0.0) + g**2) / t',
        '{"G": G}',
        '{"G": G, "t": t}',
    ),
)
variants.wrong(
    "ag.eps_in",
    says="eps is inside your root: the convention of this course has it outside, where it is compared with g, not with its square",
    hint="take the root first, then add eps",
    adagrad_step=edit("np.sqrt(G) + eps", "np.sqrt(G + eps)"),
)
variants.wrong(
    "ag.g2_after",
    says="you divide before you add: the first step divides by eps alone, and is huge",
    hint="the sum includes the square of the gradient you are about to use",
    adagrad_step=edit("np.sqrt(G)", "np.sqrt(G - g**2)"),
)
variants.wrong(
    "ag.sqrt_missing",
    says="you divide by the sum of squares itself: without the root a large gradient makes a small step",
    hint="multiply all gradients by 1000: the path must not notice",
    adagrad_step=edit("np.sqrt(G)", "G"),
)
variants.wrong(
    "ag.no_square",
    says="you add up the sizes of the gradients, where (1) adds up their squares",
    hint="g**2",
    adagrad_step=edit("+ g**2", "+ np.abs(g)"),
)
variants.wrong(
    "ag.forgets",
    says="your sum never reaches the next call: every step is as long as the first",
    hint="return it in the new state",
    adagrad_step=edit('{"G": G}', "{}"),
)
variants.wrong(
    "ag.global",
    says="all your weights share one sum: each has to have its own",
    hint="print(G.shape): it must be that of w",
    adagrad_step=edit("+ g**2", "+ np.sum(g**2)"),
)
variants.wrong(
    "ag.inplace_G",
    says="you add into the array of the old state: a state that you returned earlier changes afterwards",
    hint="G + g**2 makes a new array; G += g**2 does not",
    adagrad_step=edit('G = state.get("G", 0.0) + g**2', 'G = state.get("G", np.zeros_like(w))\n    G += g**2'),
)
variants.wrong(
    "rp.rho_swap",
    says="rho and 1 - rho have changed places: rho is the share of the old average",
    hint="rho = 0.9 keeps nine tenths of the old average",
    rmsprop_step=edit('rho * state.get("G", 0.0) + (1 - rho) * g**2', '(1 - rho) * state.get("G", 0.0) + rho * g**2'),
)
variants.wrong(
    "rp.sum",
    says="you still add the squares up, as AdaGrad does: nothing fades, and the steps die out",
    hint="old average times rho, new square times 1 - rho",
    rmsprop_step=edit('rho * state.get("G", 0.0) + (1 - rho) * g**2', 'state.get("G", 0.0) + g**2'),
)
variants.wrong(
    "rp.global_norm",
    says="you divide by the length of the whole gradient: steep and flat weights then move as unequally as before",
    hint="print(G.shape): it must be that of w",
    rmsprop_step=edit("(1 - rho) * g**2", "(1 - rho) * np.sum(g**2)"),
)
variants.wrong(
    "rp.no_weight",
    says="the new square lacks its 1 - rho: your average is 1 / (1 - rho) times too large",
    hint="with a constant gradient the average must settle at its square",
    rmsprop_step=edit("(1 - rho) * g**2", "g**2"),
)
variants.wrong(
    "rp.eps_in",
    says="eps is inside your root: the convention of this course has it outside",
    hint="take the root first, then add eps",
    rmsprop_step=edit("np.sqrt(G) + eps", "np.sqrt(G + eps)"),
)
variants.wrong(
    "rp.sqrt_missing",
    says="you divide by the average of the squares itself: the root is missing",
    hint="multiply all gradients by 1000: the path must not notice",
    rmsprop_step=edit("np.sqrt(G)", "G"),
)
variants.wrong(
    "rp.corrected",
    says="you correct the average for having started at 0, as Adam does: RMSProp leaves that alone",
    hint="(2) and (3) have no t in them",
    rmsprop_step=edit(
        'G = rho * state.get("G", 0.0)',
        't = state.get("t", 0) + 1\n    G = rho * state.get("G", 0.0)',
        "np.sqrt(G)",
        "np.sqrt(G / (1 - rho**t))",
        '{"G": G}',
        '{"G": G, "t": t}',
    ),
)
variants.wrong(
    "rp.forgets",
    says="your average never reaches the next call",
    hint="return it in the new state",
    rmsprop_step=edit('{"G": G}', "{}"),
)
variants.wrong(
    "rp.inplace_G",
    says="you update the average inside the array of the old state: a state that you returned earlier changes afterwards",
    hint="rho * G + … makes a new array; G *= rho does not",
    rmsprop_step=edit(
        'G = rho * state.get("G", 0.0) + (1 - rho) * g**2',
        'G = state.get("G", np.zeros_like(w))\n    G *= rho\n    G += (1 - rho) * g**2',
    ),
)

# E5.7 adam_step


def adam_efficient(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = state.get("moments", (np.zeros_like(w), np.zeros_like(w), 0))
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    t = t + 1
    root = np.sqrt(1 - beta2**t)
    rate = lr * root / (1 - beta1**t)
    return w - rate * m / (np.sqrt(v) + eps * root), {"moments": (m, v, t)}


def adam_by_history(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    history = np.concatenate([state["history"], g[None]]) if state else g[None].copy()
    age = np.arange(len(history))[::-1]

    def mean(values, beta):
        weights = beta**age / np.sum(beta**age)
        return np.tensordot(weights, values, axes=1)

    return w - lr * mean(history, beta1) / (np.sqrt(mean(history**2, beta2)) + eps), {"history": history}


def adam_powers(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    power1, power2 = state.get("power1", 1.0) * beta1, state.get("power2", 1.0) * beta2
    m = state.get("m", np.zeros(w.shape)).copy()
    v = state.get("v", np.zeros(w.shape)).copy()
    new = w.copy()
    for i in np.ndindex(w.shape):
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
        new[i] -= lr * (m[i] / (1 - power1)) / ((v[i] / (1 - power2)) ** 0.5 + eps)
    return new, {"power1": power1, "power2": power2, "m": m, "v": v}


def adam_torch(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    import torch

    gradient = torch.from_numpy(g.copy())
    t = state.get("step", 0) + 1
    m = torch.lerp(torch.from_numpy(state.get("m", np.zeros_like(w))), gradient, 1 - beta1)
    v = torch.lerp(torch.from_numpy(state.get("v", np.zeros_like(w))), gradient**2, 1 - beta2)
    step = lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return (torch.from_numpy(w.copy()) - step).numpy(), {"step": t, "m": m.numpy(), "v": v.numpy()}


variants.right("ad.efficient", adam_step=adam_efficient)
variants.right("ad.by_history", adam_step=adam_by_history)
variants.right("ad.powers", adam_step=adam_powers)
variants.right("ad.torch", adam_step=adam_torch)

variants.wrong(
    "ad.t0",
    says="you use the step count before you raise it: at the first step t is 0, and the correction divides 0 by 0",
    hint="raise t first, then use it: the first update has t = 1",
    adam_step=edit('t = state.get("t", 0) + 1', 't = state.get("t", 0)', '{"t": t,', '{"t": t + 1,'),
)
variants.wrong(
    "ad.t_lost",
    says="t does not survive the call: every step is corrected as if it were the first",
    hint="print(t) in each step: it must count 1, 2, 3, …; what has to be in the state for that?",
    adam_step=edit('{"t": t, ', "{"),
)
variants.wrong(
    "ad.t_twice",
    says="t counts two for every step: you raise it when you read it and once more when you store it",
    hint="print(t) in each step: it must count 1, 2, 3, …",
    adam_step=edit('{"t": t,', '{"t": t + 1,'),
)
variants.wrong(
    "ad.t_late",
    says="your t is one ahead: the first update must use t = 1",
    hint="at t = 1, print m_hat / g: by (3) it is 1",
    adam_step=edit("m / (1 - beta1**t), v / (1 - beta2**t)", "m / (1 - beta1 ** (t + 1)), v / (1 - beta2 ** (t + 1))"),
)
variants.wrong(
    "ad.vh_b1",
    says="you correct v with beta1: each average has its own bias, and v's is that of beta2 (some lecture notes print it so)",
    hint="at t = 1, print v_hat / g**2: by (3) it is 1",
    adam_step=edit("v / (1 - beta2**t)", "v / (1 - beta1**t)"),
)
variants.wrong(
    "ad.no_bias",
    says="your numbers are exactly those of Adam without bias correction, equation (3)",
    hint="print(m_hat / g) at t = 1: it must be 1",
    adam_step=edit("m / (1 - beta1**t), v / (1 - beta2**t)", "m, v"),
)
variants.wrong(
    "ad.no_m_hat",
    says="you correct v and leave m as it is: m started at zero too",
    hint="print(m_hat / g) at t = 1: it must be 1",
    adam_step=edit("m / (1 - beta1**t)", "m"),
)
variants.wrong(
    "ad.no_v_hat",
    says="you correct m and leave v as it is: v started at zero too",
    hint="print(v_hat / g**2) at t = 1: it must be 1",
    adam_step=edit("v / (1 - beta2**t)", "v"),
)
variants.wrong(
    "ad.store_hat",
    says="you store the corrected averages, so from step 2 on they are corrected again: the division must not be written back",
    hint="m and v go into the state as (1) and (2) leave them; the corrected ones live for this step only",
    adam_step=edit('"m": m, "v": v', '"m": m_hat, "v": v_hat'),
)
variants.wrong(
    "ad.eps_in",
    says="your eps stands inside the root; here it stands outside (convention: Algorithm 1 of the paper, torch and Keras)",
    hint="compare np.sqrt(1e-12 + 1e-3) with np.sqrt(1e-12) + 1e-3",
    adam_step=edit("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat + eps)"),
)
variants.wrong(
    "ad.eps_uncorr",
    says="you add eps to the root of v before the correction: it is then scaled as well, and too large in the first steps",
    hint="in (4), eps is added to the root of the corrected v",
    adam_step=edit("(np.sqrt(v_hat) + eps)", "((np.sqrt(v) + eps) / np.sqrt(1 - beta2**t))"),
)
variants.wrong(
    "ad.no_eps",
    says="your eps is missing: a weight whose gradient is 0 gets 0/0",
    hint="try a gradient of zeros",
    adam_step=edit("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat)"),
)
variants.wrong(
    "ad.abs_v",
    says="you average the size of the gradient where (2) averages its square",
    hint="print(v_hat / g**2) at t = 1: it must be 1, also for g = -4",
    adam_step=edit("(1 - beta2) * g**2", "(1 - beta2) * np.abs(g)"),
)
variants.wrong(
    "ad.no_sqrt",
    says="you divide by v itself: without the root the step shrinks when the loss is multiplied by 1000",
    hint="multiply g by 1000: the first step must not notice",
    adam_step=edit("np.sqrt(v_hat)", "v_hat"),
)
variants.wrong(
    "ad.sign_m",
    says="you walk uphill: the average takes g with a plus, the step has the minus (in some lecture notes both are minus)",
    hint="at the first step, w must move against the sign of g",
    adam_step=edit('state.get("m", 0.0) + (1 - beta1) * g', 'state.get("m", 0.0) - (1 - beta1) * g'),
)
variants.wrong(
    "ad.betas_swapped",
    says="beta1 and beta2 have changed places: m follows quickly (beta1), v slowly (beta2)",
    hint="which of the two belongs to the average of the squares?",
    adam_step=edit(
        'm = beta1 * state.get("m", 0.0) + (1 - beta1) * g',
        'beta1, beta2 = beta2, beta1\n    m = beta1 * state.get("m", 0.0) + (1 - beta1) * g',
    ),
)
variants.wrong(
    "ad.weights_swapped",
    says="beta and 1 - beta have changed places in your averages: beta is the share of the old value",
    hint="beta1 = 0.9 keeps nine tenths of m and takes one tenth of g",
    adam_step=edit(
        'm = beta1 * state.get("m", 0.0) + (1 - beta1) * g',
        'm = (1 - beta1) * state.get("m", 0.0) + beta1 * g',
        'v = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2',
        'v = (1 - beta2) * state.get("v", 0.0) + beta2 * g**2',
    ),
)
variants.wrong(
    "ad.sum_v",
    says="you add the squares up as AdaGrad does: Adam averages them, with 1 - beta2 in front",
    hint="print(v_hat / g**2) at t = 1: it must be 1",
    adam_step=edit("(1 - beta2) * g**2", "g**2"),
)
variants.wrong(
    "ad.v_of_m",
    says="you average the square of m where (2) has the square of g",
    hint="print(v_hat / g**2) at t = 1: it must be 1",
    adam_step=edit("(1 - beta2) * g**2", "(1 - beta2) * m**2"),
)
variants.wrong(
    "ad.v_centred",
    says="you average the squared distance of g from m: that is the variance, and the rule is called AdaBelief",
    hint="(2) has the square of g alone",
    adam_step=edit("(1 - beta2) * g**2", "(1 - beta2) * (g - m) ** 2"),
)
variants.wrong(
    "ad.one_scale",
    says="all your weights share one scale, that of the whole gradient: Adam's is elementwise",
    hint="print(v.shape): it must be that of w",
    adam_step=edit("(1 - beta2) * g**2", "(1 - beta2) * np.mean(g**2)"),
)
variants.wrong(
    "ad.max_v",
    says="you keep the largest v so far: that rule is called AMSGrad; Adam's v may shrink again",
    hint="(2) has no maximum in it",
    adam_step=edit(
        'v = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2',
        'v = np.maximum(state.get("v", 0.0), beta2 * state.get("v", 0.0) + (1 - beta2) * g**2)',
    ),
)
variants.wrong(
    "ad.lr_sqrt_t",
    says="you divide lr by the root of t: that is a schedule (the paper uses it in its proof), not part of the rule",
    hint="(4) has lr alone",
    adam_step=edit("w - lr * m_hat", "w - lr / np.sqrt(t) * m_hat"),
)
variants.wrong(
    "ad.nadam",
    says="you look ahead with the new gradient, as NAdam does",
    hint="the numerator of (4) is the corrected m alone",
    adam_step=edit("lr * m_hat /", "lr * (beta1 * m_hat + (1 - beta1) * g / (1 - beta1**t)) /"),
)
variants.wrong(
    "ad.old_m",
    says="you step with the averages of the last call: every gradient acts one step late, and the first step goes nowhere",
    hint="(1) and (2) come first; (3) uses what they give",
    adam_step=edit(
        "m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)",
        'm_hat, v_hat = state.get("m", 0 * g) / (1 - beta1**t), state.get("v", 0 * g) / (1 - beta2**t)',
    ),
)
variants.wrong(
    "ad.shared_state",
    says="you write into the dict you were given: two weights that start from one empty dict then share their averages",
    hint='return a new dict {"t": …, "m": …, "v": …}',
    adam_step=edit('state_new = {"t": t, "m": m, "v": v}', "state.update(t=t, m=m, v=v)\n    state_new = state"),
)
variants.wrong(
    "ad.inplace_m",
    says="you update m inside the array of the old state: a state that you returned earlier changes afterwards",
    hint="m = beta1 * m + … makes a new array; m *= beta1 does not",
    adam_step=edit(
        'm = beta1 * state.get("m", 0.0) + (1 - beta1) * g',
        'm = state.get("m", np.zeros_like(w))\n    m *= beta1\n    m += (1 - beta1) * g',
    ),
)
variants.wrong(
    "ad.inplace_w",
    says="you move the weights you were given, w -= …: the caller loses the weights before the step",
    hint="return w - …, and leave w alone",
    adam_step=edit("w_new = w - lr * m_hat / (np.sqrt(v_hat) + eps)", "w -= lr * m_hat / (np.sqrt(v_hat) + eps)\n    w_new = w"),
)
variants.wrong(
    "ad.inplace_g",
    says="you square the gradient in place: the array that the caller still needs now holds the squares",
    hint="g**2 makes a new array; g *= g does not",
    adam_step=edit("v = beta2", "g *= g\n    v = beta2", "(1 - beta2) * g**2", "(1 - beta2) * g"),
)


def adam_with_memory(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, memory={}):
    if not state:
        memory.clear()
    t = memory.get("t", 0) + 1
    m = beta1 * memory.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * memory.get("v", 0.0) + (1 - beta2) * g**2
    memory.update(t=t, m=m, v=v)
    step = lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w - step, {"t": t}


variants.wrong(
    "ad.memory",
    says="you keep the averages in a place of your own, outside of the state: two weights that are updated in turn share them",
    hint="whatever must survive the call travels in the state, and nowhere else",
    adam_step=adam_with_memory,
)

# Q5.3

variants.wrong("q.first_step.corrected", says="that is the step with the correction", first_step_without_correction="1")
variants.wrong(
    "q.first_step.b1",
    says="that is the step when v is corrected with beta1 by mistake",
    first_step_without_correction="10",
)
variants.wrong(
    "q.first_step.m_only",
    says="that is m over g: you still have to divide by the root of v, which is too small as well",
    first_step_without_correction="0.1",
)
variants.wrong(
    "q.first_step.no_root",
    says="you divided a tenth by a thousandth: the step divides by the root of v",
    first_step_without_correction="100",
)
variants.wrong(
    "q.first_step.inverse",
    says="that is its inverse: m is too small by a factor of 10, the root of v by even more",
    first_step_without_correction="0.31622776601683794",
)

# E5.8 adam_l2_step, adamw_step


def adam_l2_by_history(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, wd=0.01):
    history = [*state.get("history", []), g + wd * w]

    def mean(values, beta):
        weights = [beta**age for age in range(len(values))][::-1]
        return sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)

    step = mean(history, beta1) / (np.sqrt(mean([h**2 for h in history], beta2)) + eps)
    return w - lr * step, {"history": history}


def adamw_shrink_first(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, wd=0.01):
    m, v, t = state.get("moments", (np.zeros_like(w), np.zeros_like(w), 0))
    m, v, t = m + (1 - beta1) * (g - m), v + (1 - beta2) * (g * g - v), t + 1
    root = np.sqrt(1 - beta2**t)
    shrunk = (1 - lr * wd) * w
    return shrunk - lr * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), {"moments": (m, v, t)}


def adam_l2_torch(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, wd=0.01):
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    parameter.grad = torch.from_numpy(g.copy())
    optimizer = torch.optim.Adam([parameter], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=wd)
    if state:
        kept = {"step": torch.tensor(float(state["t"])), "exp_avg": state["m"], "exp_avg_sq": state["v"]}
        for name, value in kept.items():
            optimizer.state[parameter][name] = torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value
    optimizer.step()
    after = optimizer.state[parameter]
    return parameter.detach().numpy(), {
        "t": int(after["step"]),
        "m": after["exp_avg"].numpy(),
        "v": after["exp_avg_sq"].numpy(),
    }


def adamw_torch(w, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, wd=0.01):
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    parameter.grad = torch.from_numpy(g.copy())
    optimizer = torch.optim.AdamW([parameter], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=wd)
    if state:
        kept = {"step": torch.tensor(float(state["t"])), "exp_avg": state["m"], "exp_avg_sq": state["v"]}
        for name, value in kept.items():
            optimizer.state[parameter][name] = torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value
    optimizer.step()
    after = optimizer.state[parameter]
    return parameter.detach().numpy(), {
        "t": int(after["step"]),
        "m": after["exp_avg"].numpy(),
        "v": after["exp_avg_sq"].numpy(),
    }


variants.right("aw.by_history", adam_l2_step=adam_l2_by_history, adamw_step=adamw_shrink_first)
variants.right("aw.torch", adam_l2_step=adam_l2_torch, adamw_step=adamw_torch)

variants.wrong(
    "aw.sign",
    says="your decay makes the weights grow: 1 + lr * wd instead of 1 - lr * wd",
    hint="with g = 0 every weight must come closer to 0",
    adamw_step=edit("- lr * wd * w", "+ lr * wd * w"),
)
variants.wrong(
    "aw.updated_w",
    says="you let the weights decay after Adam has moved them: it is the old w that decays, by Algorithm 2 of the paper",
    hint="put the w of before the step into lr * wd * w",
    adamw_step=edit("w - lr * step - lr * wd * w", "(1 - lr * wd) * (w - lr * step)"),
)
variants.wrong(
    "aw.coupled",
    says="you put the decay into the gradient: then Adam divides it away again, and that is the other function",
    hint="m and v get g alone; the decay comes off the weights directly",
    adamw_step=edit('t = state.get("t", 0) + 1', 'g = g + wd * w\n    t = state.get("t", 0) + 1', " - lr * wd * w", ""),
)
variants.wrong(
    "aw.no_lr",
    says="your decay lacks lr: with wd = 0.01 every weight would lose a hundredth at every step, whatever the rate",
    hint="the factor is 1 - lr * wd, as in torch",
    adamw_step=edit("- lr * wd * w", "- wd * w"),
)
variants.wrong(
    "aw.none",
    says="there is no decay in your step: this is plain Adam",
    hint="with g = 0 every weight must shrink",
    adamw_step=edit(" - lr * wd * w", ""),
)
variants.wrong(
    "aw.squared_lr",
    says="lr stands in your decay twice",
    hint="with g = 0 the factor is 1 - lr * wd",
    adamw_step=edit("- lr * wd * w", "- lr**2 * wd * w"),
)
variants.wrong(
    "aw.inplace_w",
    says="you let the caller's own weights decay, w *= …",
    hint="compute a new array",
    adamw_step=edit('t = state.get("t", 0) + 1', 'w *= 1 - lr * wd\n    t = state.get("t", 0) + 1', " - lr * wd * w", ""),
)
variants.wrong(
    "al.after",
    says="only your m knows of the decay: v has to take the square of the same gradient, penalty included",
    hint="put wd * w into g before both averages",
    adam_l2_step=edit("g = g + wd * w", "penalised = g + wd * w", "(1 - beta1) * g", "(1 - beta1) * penalised"),
)
variants.wrong(
    "al.decoupled",
    says="you take the decay off the weights directly: that is AdamW, the other function",
    hint="here the penalty's gradient is part of g, and goes through m and v",
    adam_l2_step=edit("g = g + wd * w", "decay = lr * wd * w", "w - lr * step", "w - lr * step - decay"),
)
variants.wrong(
    "al.sign",
    says="your penalty pushes the weights away from 0",
    hint="the gradient of wd / 2 * w**2 is + wd * w",
    adam_l2_step=edit("g + wd * w", "g - wd * w"),
)
variants.wrong(
    "al.two",
    says="you have the factor 2 of a penalty without ½: torch's convention is wd * w",
    hint="the docstring says what the penalty's own gradient is",
    adam_l2_step=edit("g + wd * w", "g + 2 * wd * w"),
)
variants.wrong(
    "al.none",
    says="there is no decay in your step: this is plain Adam",
    hint="add the penalty's gradient to g, first of all",
    adam_l2_step=edit("g = g + wd * w", "pass"),
)
variants.wrong(
    "al.inplace_g",
    says="you add the decay into the gradient you were given: whoever looks at that gradient next sees another one",
    hint="g = g + wd * w makes a new array; g += wd * w does not",
    adam_l2_step=edit("g = g + wd * w", "g += wd * w"),
)

# E5.9 newton_step, taylor2


def newton_by_eigenvectors(x, grad, hess, damping=0.0):
    curvatures, directions = np.linalg.eigh(hess)
    return x - directions @ ((directions.T @ grad) / (curvatures + damping))


def taylor2_by_loops(f0, g, H, d):
    value = f0 + sum(slope * move for slope, move in zip(g, d, strict=True))
    for i in range(len(d)):
        for j in range(len(d)):
            value += 0.5 * d[i] * H[i, j] * d[j]
    return float(value)


def newton_least_squares(x, grad, hess, damping=0.0):
    damped = hess.copy()
    damped[np.diag_indices_from(damped)] += damping
    return x + np.linalg.lstsq(damped, -grad, rcond=None)[0]


def taylor2_nested(f0, g, H, d):
    return f0 + np.dot(d, g + np.dot(H, d) / 2)


variants.right("nw.by_eigenvectors", newton_step=newton_by_eigenvectors, taylor2=taylor2_by_loops)
variants.right("nw.least_squares", newton_step=newton_least_squares, taylor2=taylor2_nested)

variants.wrong(
    "nw.plus",
    says="you jump away from the bottom of the parabola: the step is minus H⁻¹ g",
    hint="where is the slope g + H d equal to 0?",
    newton_step=edit("x - np.linalg", "x + np.linalg"),
)
variants.wrong(
    "nw.lr",
    says="you multiply the jump by a learning rate: Newton's step knows its own length, and needs none",
    hint="on a parabola one step is enough",
    newton_step=edit("x - np.linalg", "x - 0.1 * np.linalg"),
)
variants.wrong(
    "nw.diag",
    says="you divide by the diagonal: that treats every weight as if the others stood still",
    hint="solve H d = -g as a whole",
    newton_step=edit("np.linalg.solve(damped, grad)", "grad / np.diag(damped)"),
)
variants.wrong(
    "nw.inv",
    says="you form the inverse: right on paper, but with curvatures from 1 to 1e8 it costs you half of your digits",
    hint="np.linalg.solve",
    newton_step=edit("np.linalg.solve(damped, grad)", "np.linalg.inv(damped) @ grad"),
)
variants.wrong(
    "nw.no_damping",
    says="you ignore the damping",
    hint="add it to every curvature: to the diagonal of the Hessian",
    newton_step=edit("hess + damping * np.eye(len(x))", "hess"),
)
variants.wrong(
    "nw.damp_all",
    says="you add the damping to every entry of the Hessian: only the diagonal shifts all curvatures by the same amount",
    hint="damping times the identity",
    newton_step=edit("damping * np.eye(len(x))", "damping"),
)
variants.wrong(
    "nw.damp_scale",
    says="you stretch the curvatures instead of shifting them: a negative one stays negative that way",
    hint="the damping is added",
    newton_step=edit("hess + damping * np.eye(len(x))", "hess * (1 + damping)"),
)
variants.wrong(
    "nw.times",
    says="you multiply by the Hessian where you have to divide by it: steep directions need the shorter step",
    hint="H d = -g, solved for d",
    newton_step=edit("np.linalg.solve(damped, grad)", "damped @ grad"),
)
variants.wrong(
    "ty.half",
    says="your parabola lacks the ½: its bottom lies only half as far away as Newton's jump goes",
    hint="the second derivative of x² is 2",
    taylor2=edit("d @ H @ d / 2", "d @ H @ d"),
)
variants.wrong(
    "ty.minus",
    says="you subtract the curvature: where the loss curves up it grows faster than its slope says",
    hint="all three terms have a plus",
    taylor2=edit("+ d @ H", "- d @ H"),
)
variants.wrong(
    "ty.first",
    says="that is the straight line: the curvature is missing",
    hint="the third term of (1)",
    taylor2=edit(" + d @ H @ d / 2", ""),
)
variants.wrong(
    "ty.no_f0",
    says="you return the change of the loss, not the loss",
    hint="begin with f0",
    taylor2=edit("f0 + g @ d", "g @ d"),
)
variants.wrong(
    "ty.diag",
    says="you use the diagonal of the Hessian only: the products of different entries of d are missing",
    hint="d @ H @ d",
    taylor2=edit("d @ H @ d", "np.diag(H) @ d**2"),
)

# Q5.4

variants.wrong(
    "q.hessian.numbers", says="that is how many numbers there are; a float32 takes four bytes", hessian_bytes="500_000**2"
)
variants.wrong("q.hessian.float64", says="that would be float64, with eight bytes a number", hessian_bytes="8 * 500_000**2")
variants.wrong(
    "q.hessian.gradient",
    says="that is the memory of the gradient: the Hessian has a number for every pair of parameters",
    hessian_bytes="4 * 500_000",
)
variants.wrong(
    "q.hessian.half",
    says="the matrix is symmetric, so half of it would do; asked is the memory of the whole",
    hessian_bytes="4 * 500_000 * 500_001 / 2",
)
variants.wrong("q.hessian.bits", says="that counts bits; a byte has eight of them", hessian_bytes="32 * 500_000**2")

# E5.10 quadratic_limits


def limits_by_condition(H, mu=0.9):
    size = np.linalg.svd(H, compute_uv=False)
    L, kappa = size[0], size[0] / size[-1]
    root = np.sqrt(kappa)
    return {
        "max_lr": 2 / L,
        "best_lr": 2 / (L * (1 + 1 / kappa)),
        "rate": 1 - 2 / (kappa + 1),
        "mom_max_lr": (2 + 2 * mu) / L,
        "best_mom": ((2 / (1 + 1 / root)) ** 2 / L, (1 - 2 / (root + 1)) ** 2),
    }


def limits_by_eigvals(H, mu=0.9):
    eigenvalues = np.sort(np.linalg.eigvals(H).real)
    m, L = eigenvalues[0], eigenvalues[-1]
    lr = 4 / (np.sqrt(L) + np.sqrt(m)) ** 2
    best = 2 / (L + m)
    return {
        "best_mom": (lr, (1 - np.sqrt(lr * m)) ** 2),
        "mom_max_lr": 2 * (1 + mu) / L,
        "rate": 1 - best * m,
        "best_lr": best,
        "max_lr": 2 / L,
    }


variants.right("ql.by_condition", quadratic_limits=limits_by_condition)
variants.right("ql.by_eigvals", quadratic_limits=limits_by_eigvals)

variants.wrong(
    "ql.1overL",
    says="1/L is the rate that removes the steepest error in one step; the limit is twice as far",
    hint="the error along the steepest direction is multiplied by 1 - lr * L: when is that -1?",
    quadratic_limits=edit('"max_lr": 2 / L', '"max_lr": 1 / L'),
)
variants.wrong(
    "ql.trace",
    says="you take the trace, the sum of all curvatures, where only the largest one sets the limit",
    hint="np.linalg.eigvalsh(H)[-1]",
    quadratic_limits=edit("float(curvatures[-1])", "float(np.trace(H))"),
)
variants.wrong(
    "ql.diag",
    says="you read the curvatures off the diagonal: turn the bowl, and they are no longer there",
    hint="np.linalg.eigvalsh",
    quadratic_limits=edit("np.linalg.eigvalsh(H)", "np.sort(np.diag(H))"),
)
variants.wrong(
    "ql.sqrtk",
    says="the roots are missing in your best momentum: it is the *root* of the condition number that it depends on",
    hint="the second number of (4) has square roots in it",
    quadratic_limits=edit("((root_L - root_m) / (root_L + root_m)) ** 2", "((L - m) / (L + m)) ** 2"),
)
variants.wrong(
    "ql.mu_ignored",
    says="you ignore mu: momentum allows rates up to 1 + mu times as high",
    hint="(3)",
    quadratic_limits=edit("2 * (1 + mu) / L", "2 / L"),
)
variants.wrong(
    "ql.mu_minus",
    says="you have 1 - mu where 1 + mu belongs: momentum raises the limit",
    hint="(3)",
    quadratic_limits=edit("(1 + mu)", "(1 - mu)"),
)
variants.wrong(
    "ql.mu_root",
    says="your best momentum lacks its square",
    hint="for the curvatures 9 and 1 it is ((3 - 1) / (3 + 1))²",
    quadratic_limits=edit("((root_L - root_m) / (root_L + root_m)) ** 2", "(root_L - root_m) / (root_L + root_m)"),
)
variants.wrong(
    "ql.best_middle",
    says="you take the middle between 0 and the limit: that spoils the steepest direction and leaves the flattest one slow",
    hint="the best rate makes 1 - lr * m and lr * L - 1 equal",
    quadratic_limits=edit("2 / (L + m)", "1 / L"),
)
variants.wrong(
    "ql.rate_momentum",
    says="that is the factor with the best momentum; asked is the one of gradient descent",
    hint="put the best rate into 1 - lr * m",
    quadratic_limits=edit("(L - m) / (L + m),", "(root_L - root_m) / (root_L + root_m),"),
)
variants.wrong(
    "ql.smallest",
    says="you go by the least curved direction: it is the most curved one that explodes first",
    hint="L is the largest eigenvalue",
    quadratic_limits=edit('"max_lr": 2 / L', '"max_lr": 2 / m', "(1 + mu) / L", "(1 + mu) / m"),
)

# E5.11 clip_grad_norm


def clip_in_one_row(grads, max_norm):
    row = np.concatenate([np.ravel(g) for g in grads]) if grads else np.zeros(0)
    norm = float(np.linalg.norm(row))
    if norm != norm or norm == np.inf:
        raise ValueError("the gradient is not finite")
    if norm <= max_norm:
        return [g.copy() for g in grads], norm
    return [g * (max_norm / norm) for g in grads], norm


def clip_by_minimum(grads, max_norm):
    norm = np.sqrt(np.sum([np.linalg.norm(g) ** 2 for g in grads]))
    if not np.isfinite(norm):
        raise ValueError(f"norm {norm}")
    scale = 1.0 if norm == 0 else min(1.0, max_norm / norm)
    return [np.array(g) * scale for g in grads], norm


variants.right("cl.in_one_row", clip_grad_norm=clip_in_one_row)
variants.right("cl.by_minimum", clip_grad_norm=clip_by_minimum)


def clip_each(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads)))
    if not np.isfinite(norm):
        raise ValueError(f"norm {norm}")
    return [g * min(1.0, max_norm / (np.linalg.norm(g) or 1.0)) for g in grads], norm


variants.wrong(
    "cl.per_array",
    says="you shorten every array on its own: their proportions change, and so does the direction of the step",
    hint="one norm over all arrays, one factor for all of them",
    clip_grad_norm=clip_each,
)
variants.wrong(
    "cl.value",
    says="you cut off single entries: that bends the gradient towards the diagonal",
    hint="multiply all entries by the same factor",
    clip_grad_norm=edit("[factor * g for g in grads]", "[np.clip(g, -max_norm, max_norm) for g in grads]"),
)
variants.wrong(
    "cl.always",
    says="you bring every gradient to max_norm, short ones too: near the minimum they would be blown up",
    hint="below the limit the factor is 1",
    clip_grad_norm=edit("max_norm / norm if norm > max_norm else 1.0", "max_norm / (norm or 1.0)"),
)
variants.wrong(
    "cl.sq",
    says="you compare the square of the norm with the limit",
    hint="take the root before you compare",
    clip_grad_norm=edit("if norm > max_norm", "if norm**2 > max_norm"),
)
variants.wrong(
    "cl.no_root",
    says="that is the square of the norm: the root is missing",
    hint="the gradient (3, 4) has the length 5",
    clip_grad_norm=edit("float(np.sqrt(sum(np.sum(g**2) for g in grads)))", "float(sum(np.sum(g**2) for g in grads))"),
)
variants.wrong(
    "cl.l1",
    says="you add up sizes: the length of a gradient is the root of the sum of squares",
    hint="the gradient (3, 4) has the length 5, not 7",
    clip_grad_norm=edit("np.sqrt(sum(np.sum(g**2) for g in grads))", "sum(np.sum(np.abs(g)) for g in grads)"),
)
variants.wrong(
    "cl.after",
    says="you return the norm after clipping, which is max_norm nearly always: a log wants to know how long the gradient was",
    hint="the second value is the norm you computed first",
    clip_grad_norm=edit("[factor * g for g in grads], norm", "[factor * g for g in grads], factor * norm"),
)
variants.wrong(
    "cl.silent",
    says="you let an infinite or undefined norm pass: the step that follows makes every weight nan",
    hint="if not np.isfinite(norm): raise ValueError(…)",
    clip_grad_norm=edit("if not np.isfinite(norm):", "if False:"),
)
variants.wrong(
    "cl.inplace",
    says="you shorten the arrays you were given: whoever looks at that gradient next sees another one",
    hint="factor * g makes a new array; g *= factor does not",
    clip_grad_norm=edit(
        "return [factor * g for g in grads], norm", "for g in grads:\n        g *= factor\n    return list(grads), norm"
    ),
)
variants.wrong(
    "cl.alias",
    says="when nothing has to be shortened you hand back the arrays you were given: who writes into one writes into both",
    hint="copies, or 1.0 * g",
    clip_grad_norm=edit("[factor * g for g in grads]", "[factor * g if factor < 1 else g for g in grads]"),
)

# E5.12 adadelta_step, adamax_step, nadam_step, ftrl_step


def adadelta_torch(w, g, state, *, lr=1.0, rho=0.9, eps=1e-6):
    gradient = torch.from_numpy(g.copy())
    squares = rho * torch.from_numpy(state.get("squares", np.zeros_like(w))) + (1 - rho) * gradient**2
    moves = torch.from_numpy(state.get("moves", np.zeros_like(w)))
    d = gradient * ((moves + eps) / (squares + eps)).sqrt()
    return w - lr * d.numpy(), {"squares": squares.numpy(), "moves": (moves + (1 - rho) * (d**2 - moves)).numpy()}


def adamax_by_loops(w, g, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, u, power = (
        (state[name].copy() for name in ("m", "u", "power")) if state else (np.zeros(w.shape), np.zeros(w.shape), np.ones(1))
    )
    power, new = power * beta1, w.copy()
    for i in np.ndindex(w.shape):
        m[i] += (1 - beta1) * (g[i] - m[i])
        u[i] = max(beta2 * u[i], abs(g[i]) + eps)
        new[i] -= lr * m[i] / ((1 - power[0]) * u[i])
    return new, {"m": m, "u": u, "power": power}


def nadam_stepwise(w, g, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=4e-3):
    def momentum(step):
        return beta1 * (1 - 0.96 ** (step * decay) / 2)

    t = 1 + state.get("t", 0)
    product = np.prod([momentum(step) for step in range(1, t + 1)])
    m = state.get("m", np.zeros_like(w)) * beta1 + g * (1 - beta1)
    v = state.get("v", np.zeros_like(w)) * beta2 + g * g * (1 - beta2)
    scale = np.sqrt(v / (1 - beta2**t)) + eps
    now = lr * (1 - momentum(t)) / (1 - product)
    then = lr * momentum(t + 1) / (1 - product * momentum(t + 1))
    return w - now * g / scale - then * m / scale, {"t": t, "m": m, "v": v}


def ftrl_by_loops(w, g, state, *, lr=0.1, beta=1.0, l1=0.0, l2=0.0):
    n, z = (state[name].copy() for name in ("n", "z")) if state else (np.zeros(w.shape), np.zeros(w.shape))
    new = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        before = n[i] ** 0.5
        n[i] += g[i] ** 2
        z[i] += g[i] - (n[i] ** 0.5 - before) / lr * w[i]
        if z[i] > l1:
            new[i] = (l1 - z[i]) / ((beta + n[i] ** 0.5) / lr + l2)
        elif z[i] < -l1:
            new[i] = (-l1 - z[i]) / ((beta + n[i] ** 0.5) / lr + l2)
    return new, {"n": n, "z": z}


variants.right("dd.torch", adadelta_step=adadelta_torch, adamax_step=adamax_by_loops)
variants.right("dd.stepwise", nadam_step=nadam_stepwise, ftrl_step=ftrl_by_loops)

variants.wrong(
    "dd.eps_place",
    says="eps is outside your roots: for this one rule the paper and torch have it inside, and the very first step hangs on it",
    hint="sqrt(… + eps), in numerator and denominator",
    adadelta_step=edit("np.sqrt(moves + eps) / np.sqrt(squares + eps)", "(np.sqrt(moves) + eps) / (np.sqrt(squares) + eps)"),
)
variants.wrong(
    "dd.no_acc_dx",
    says="you forget how long your moves were: the numerator stays at the root of eps, and the rule hardly gets anywhere",
    hint="what else has to go into the state?",
    adadelta_step=edit('"moves": rho * moves + (1 - rho) * d**2', '"moves": 0.0'),
)
variants.wrong(
    "dd.moves_first",
    says="you put the new move into its own yardstick: (1) uses the average of the earlier moves",
    hint="compute d first, then update the average of moves",
    adadelta_step=edit(
        "    w_new, state_new = w - lr * d",
        "    d = np.sqrt(rho * moves + (1 - rho) * d**2 + eps) / np.sqrt(squares + eps) * g\n    w_new, state_new = w - lr * d",
    ),
)
variants.wrong(
    "dd.lr_in_moves",
    says="lr is in your average of moves: the yardstick then shrinks with itself",
    hint="the average is over d, before lr",
    adadelta_step=edit("(1 - rho) * d**2", "(1 - rho) * (lr * d) ** 2"),
)
variants.wrong(
    "dd.sum",
    says="you add the squares up, as AdaGrad does: Adadelta averages them",
    hint="rho in front of the old value, 1 - rho in front of the new",
    adadelta_step=edit('rho * state.get("squares", 0.0) + (1 - rho) * g**2', 'state.get("squares", 0.0) + g**2'),
)
variants.wrong(
    "am.max_before_decay",
    says="you take the maximum first and let it decay afterwards: the new gradient must count in full",
    hint="only the old maximum is multiplied by beta2",
    adamax_step=edit(
        'np.maximum(beta2 * state.get("u", 0.0), np.abs(g) + eps)', 'beta2 * np.maximum(state.get("u", 0.0), np.abs(g) + eps)'
    ),
)
variants.wrong(
    "am.no_decay",
    says="your largest gradient never fades: one outlier at the start would slow this weight down for ever",
    hint="beta2 times the old maximum",
    adamax_step=edit('beta2 * state.get("u", 0.0)', 'state.get("u", 0.0)'),
)
variants.wrong(
    "am.no_correction",
    says="m started at 0, and you do not make up for it",
    hint="lr / (1 - beta1**t)",
    adamax_step=edit("lr / (1 - beta1**t)", "lr"),
)
variants.wrong(
    "am.u_corrected",
    says="you correct the maximum as if it were an average: it did not start too small",
    hint="only m is corrected",
    adamax_step=edit("* m / u", "* m / u * (1 - beta2**t)"),
)
variants.wrong(
    "am.rms",
    says="that is Adam: the root mean square where Adamax has the largest",
    hint="np.maximum",
    adamax_step=edit(
        'np.maximum(beta2 * state.get("u", 0.0), np.abs(g) + eps)',
        'np.sqrt(beta2 * state.get("u", 0.0) ** 2 + (1 - beta2) * g**2) + eps',
    ),
)
variants.wrong(
    "nd.plain_mu",
    says="your momentum is beta1 from the start: in torch's NAdam it warms up from about half of that",
    hint="mu at step t is beta1 * (1 - 0.5 * 0.96**(t * decay))",
    nadam_step=edit("(beta1 * (1 - 0.5 * 0.96 ** (decay * step)) for step in (t, t + 1))", "(beta1, beta1)"),
)
variants.wrong(
    "nd.adam",
    says="that is Adam: the look ahead is missing",
    hint="the numerator is a mixture of m and of the new gradient",
    nadam_step=edit("mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)", "m / (1 - beta1**t)"),
)
variants.wrong(
    "nd.one_mu",
    says="you use the momentum of this step for m as well: m is for the step after, so it gets the next one",
    hint="two momenta: for t in front of g, for t + 1 in front of m",
    nadam_step=edit("for step in (t, t + 1)", "for step in (t, t)"),
)
variants.wrong(
    "nd.power",
    says="you correct with a power of this step's momentum: the momenta differ from step to step, so their product has to be kept",
    hint="store the product in the state",
    nadam_step=edit('state.get("product", 1.0) * mu', "mu**t"),
)
variants.wrong(
    "nd.t0",
    says="your count starts at 0: the momentum of the first step is that of t = 1",
    hint="raise t first, then use it",
    nadam_step=edit("for step in (t, t + 1)", "for step in (t - 1, t)"),
)
variants.wrong(
    "ft.sign",
    says="your weights have the wrong sign: z collects gradients, so the weights point the other way",
    hint="there is a minus in front of the bracket",
    ftrl_step=edit("-(z - np.sign(z) * l1)", "(z - np.sign(z) * l1)"),
)
variants.wrong(
    "ft.sigma",
    says="your z collects the gradients alone: the term with sigma, which remembers where each of them was measured, is missing",
    hint="z grows by g - sigma * w",
    ftrl_step=edit("+ g - sigma * w", "+ g"),
)
variants.wrong(
    "ft.sigma_whole",
    says="your sigma is the whole root: it is by how much the root has grown in this step",
    hint="new root minus old root, over lr",
    ftrl_step=edit("(np.sqrt(n_new) - np.sqrt(n)) / lr", "np.sqrt(n_new) / lr"),
)
variants.wrong(
    "ft.hard",
    says="you cut small weights off and leave the others as they are: l1 has to come off every weight that survives",
    hint="z - sign(z) * l1",
    ftrl_step=edit("z - np.sign(z) * l1", "z"),
)
variants.wrong(
    "ft.no_l1",
    says="you ignore l1: no weight of yours is ever exactly 0",
    hint="where |z| is at most l1, the weight is 0",
    ftrl_step=edit("np.abs(z) > l1", "np.abs(z) > 0", "z - np.sign(z) * l1", "z"),
)
variants.wrong(
    "ft.no_l2",
    says="you ignore l2",
    hint="it is added to the denominator",
    ftrl_step=edit("/ lr + l2", "/ lr"),
)
variants.wrong(
    "ft.old_n",
    says="you divide by the old root: the new gradient has to count",
    hint="n first, then everything else",
    ftrl_step=edit("(beta + np.sqrt(n_new)) / lr", "(beta + np.sqrt(n)) / lr"),
)

# Q5.6

variants.wrong(
    "q.who.adam",
    says="Adam needs a rate, the length of its steps; and Adamax divides by the largest gradient, which makes nothing sparse",
    who_is_who='"A"',
)
variants.wrong(
    "q.who.rmsprop",
    says="RMSProp has a rate; it was Adadelta that grew out of the wish to be rid of it",
    who_is_who='"B"',
)
variants.wrong(
    "q.who.adagrad",
    says="AdaGrad likes sparse gradients, but makes no weight exactly 0, and it has a rate; and the decay of weights is AdamW's",
    who_is_who='"C"',
)

# B5.1 MyAdam


class AdamInPlace(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def step(self, closure=None):
        loss = closure() if closure else None
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self._move(p, self.state[p], **{key: group[key] for key in ("lr", "betas", "eps")})
        return loss

    def _move(self, p, state, lr, betas, eps):
        if not state:
            state.update(step=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
        state["step"] += 1
        state["m"].mul_(betas[0]).add_(p.grad, alpha=1 - betas[0])
        state["v"].mul_(betas[1]).addcmul_(p.grad, p.grad, value=1 - betas[1])
        root = (1 - betas[1] ** state["step"]) ** 0.5
        p.addcdiv_(state["m"], state["v"].sqrt() + eps * root, value=-lr * root / (1 - betas[0] ** state["step"]))


class AdamWithTensorCount(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in filter(lambda p: p.grad is not None, group["params"]):
                state, g = self.state[p], p.grad.detach()
                state["count"] = state.get("count", torch.zeros((), dtype=torch.float64)) + 1
                state["average"] = torch.lerp(state.get("average", torch.zeros_like(g)), g, 1 - b1)
                state["square"] = torch.lerp(state.get("square", torch.zeros_like(g)), g * g, 1 - b2)
                t = state["count"].item()
                p.data = p.data - group["lr"] * state["average"] / (1 - b1**t) / (
                    (state["square"] / (1 - b2**t)) ** 0.5 + group["eps"]
                )
        return loss


variants.right("ma.in_place", MyAdam=AdamInPlace)
variants.right("ma.tensor_count", MyAdam=AdamWithTensorCount)

variants.wrong(
    "ma.default_lr",
    says="you take lr from the defaults: a group's own rate counts for nothing, nor does a schedule, which writes into the groups",
    hint='group["lr"]',
    MyAdam=edit('group["lr"]', 'self.defaults["lr"]'),
)
variants.wrong(
    "ma.none",
    says="you trip over a parameter that has no gradient, as a frozen one has none",
    hint="if parameter.grad is None: continue",
    MyAdam=edit("parameter.grad is None", "False"),
)
variants.wrong(
    "ma.none_zero",
    says="you take a missing gradient for one of zeros: the averages fade and the count goes on, where nothing should happen",
    hint="if parameter.grad is None: continue",
    MyAdam=edit(
        "parameter.grad is None",
        "False",
        "parameter.grad, self",
        "0 * parameter if parameter.grad is None else parameter.grad, self",
    ),
)
variants.wrong(
    "ma.own_memory",
    says="you keep the averages in a place of your own: state_dict() does not know it, so a resumed training starts from nothing",
    hint="self.state[parameter] is a dict that torch saves for you",
    MyAdam=edit("self.state[parameter]\n", 'self.__dict__.setdefault("memory", {}).setdefault(parameter, {})\n'),
)
variants.wrong(
    "ma.one_count",
    says="all your parameters share one count, which goes up once for each of them",
    hint="t belongs to the parameter, beside m and v",
    MyAdam=edit('t = state["t"] = state.get("t", 0) + 1', 't = group["t"] = group.get("t", 0) + 1'),
)
variants.wrong(
    "ma.no_bias",
    says="your numbers are exactly those of Adam without bias correction, equation (3) of 5.7",
    hint="the rule is that of 5.7, hats included",
    MyAdam=edit("m / (1 - beta1**t)", "m", "v / (1 - beta2**t)", "v"),
)
variants.wrong(
    "ma.first_group",
    says="you move the first group only",
    hint="for group in self.param_groups",
    MyAdam=edit("in self.param_groups:", "in self.param_groups[:1]:"),
)
variants.wrong(
    "ma.clears_grad",
    says="you empty the gradient after the step: whoever wants to log it finds zeros; emptying is zero_grad's business",
    hint="a step reads the gradient and leaves it alone",
    MyAdam=edit('parameter.sub_(group["lr"] * step)', 'parameter.sub_(group["lr"] * step)\n                g.zero_()'),
)

# B5.2 lbfgs_direction


def lbfgs_by_matrix(g, s_list, y_list):
    n = len(g)
    if not len(s_list):
        return -g
    inverse = np.eye(n) * (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1])
    for s, y in zip(s_list, y_list, strict=True):
        rho = 1 / (s @ y)
        left = np.eye(n) - rho * np.outer(s, y)
        inverse = left @ inverse @ left.T + rho * np.outer(s, s)
    return -inverse @ g


def lbfgs_by_recursion(g, s_list, y_list):
    def inverse_times(v, k):
        if k < 0:
            return v if not s_list else v * (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1])
        s, y = s_list[k], y_list[k]
        share = (s @ v) / (s @ y)
        w = inverse_times(v - share * y, k - 1)
        return w + (share - (y @ w) / (s @ y)) * s

    return -inverse_times(g, len(s_list) - 1)


variants.right("lb.by_matrix", lbfgs_direction=lbfgs_by_matrix)
variants.right("lb.by_recursion", lbfgs_direction=lbfgs_by_recursion)

variants.wrong(
    "lb.order",
    says="your first loop begins with the oldest move: it has to go back in time, from the newest",
    hint="first loop backwards, second loop forwards",
    lbfgs_direction=edit("in reversed(pairs)", "in pairs", "pairs, reversed(shares)", "reversed(pairs), reversed(shares)"),
)
variants.wrong(
    "lb.no_scale",
    says="you start from the identity: the scale of the last move, sᵀy / yᵀy, is missing between the loops",
    hint="q * (s @ y) / (y @ y) with the newest pair",
    lbfgs_direction=edit("q * (s @ y) / (y @ y)", "q"),
)
variants.wrong(
    "lb.oldest_scale",
    says="you take the scale from the oldest move: the newest knows best how curved the surface is here",
    hint="the last entries of the lists are the newest",
    lbfgs_direction=edit("pairs[-1]", "pairs[0]"),
)
variants.wrong(
    "lb.uphill",
    says="you return the way up: a minus is missing",
    hint="with no moves on record the direction is -g",
    lbfgs_direction=edit("return -q", "return q"),
)
variants.wrong(
    "lb.one_loop",
    says="you stop after the first loop",
    hint="the second loop puts back, along s, what the first took off along y",
    lbfgs_direction=edit("q = q + (share - (y @ q) / (s @ y)) * s", "pass"),
)
variants.wrong(
    "lb.shares",
    says="in the second loop your shares come newest first, as you computed them, but the moves oldest first",
    hint="turn one of the two round",
    lbfgs_direction=edit("reversed(shares)", "shares"),
)
