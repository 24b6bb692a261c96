"""Unit 5: what a fair grader accepts, and the misconceptions that it names."""

import numpy as np

from solutions.variants import Variants, edit

variants = Variants()

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
    says="lr and a minus stand in both of your lines: the step is lr times too short, and it climbs",
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
