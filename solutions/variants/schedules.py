"""Unit 6: what a fair grader accepts, and the misconceptions that it names."""

import numpy as np

from solutions.variants import Variants, edit

variants = Variants()

# E6.1 step_decay, exponential_decay, inverse_time_decay, inv_sqrt_epoch, manual_schedule


def step_decay_floor(t, lr0, factor, every):
    return lr0 * np.power(float(factor), np.floor(np.asarray(t) / every))


def exponential_decay_exp(t, lr0, gamma):
    return lr0 * np.exp(np.log(gamma) * t)


def inverse_time_decay_power(t, lr0, k):
    return lr0 * (1 + k * np.asarray(t, dtype=float)) ** -1


def inv_sqrt_epoch_power(t, lr0):
    return lr0 * (1.0 + t) ** -0.5


def manual_schedule_counting(t, milestones, values):
    if len(values) - len(milestones) != 1:
        raise ValueError("one value more than milestones")
    rate = np.full(np.shape(t), float(values[0]))
    for milestone, value in zip(milestones, values[1:], strict=True):
        rate = np.where(np.asarray(t) >= milestone, value, rate)
    return rate


def step_decay_loops(t, lr0, factor, every):
    rates = []
    for step in np.ravel(t):
        rate = lr0
        for _ in range(step // every):
            rate *= factor
        rates.append(rate)
    return np.array(rates).reshape(np.shape(t))


def manual_schedule_loops(t, milestones, values):
    if len(values) != len(milestones) + 1:
        raise ValueError("one value more than milestones")
    rates = [values[sum(step >= milestone for milestone in milestones)] for step in np.ravel(t)]
    return np.array(rates).reshape(np.shape(t))


def step_decay_remembering(t, lr0, factor, every):
    memory = step_decay_remembering.__dict__.setdefault("memory", {})
    rates = []
    for step in np.ravel(t):
        if step > 0 and step % every == 0:
            memory[lr0, factor, every] = memory.get((lr0, factor, every), lr0) * factor
        rates.append(memory.get((lr0, factor, every), lr0))
    return np.array(rates).reshape(np.shape(t))


variants.right(
    "sd.numpy",
    step_decay=step_decay_floor,
    exponential_decay=exponential_decay_exp,
    inverse_time_decay=inverse_time_decay_power,
    inv_sqrt_epoch=inv_sqrt_epoch_power,
    manual_schedule=manual_schedule_counting,
)
variants.right("sd.loops", step_decay=step_decay_loops, manual_schedule=manual_schedule_loops)

variants.wrong(
    "sd.off1",
    says="your stairs come one step late: with every = 30 the rate drops at t = 30, not at 31, because the first step is number 0",
    hint="print(step_decay(np.arange(5), 1.0, 0.5, 2)): it must be 1, 1, 0.5, 0.5, 0.25",
    step_decay=edit("t // every", "np.maximum(np.asarray(t) - 1, 0) // every"),
)
variants.wrong(
    "sd.cumulative",
    says="you keep the rate from call to call and multiply it again: asked twice for one step, your schedule gives two answers",
    hint="compute the rate from t alone: call it for step 60, then for step 3, then for 60 again",
    step_decay=step_decay_remembering,
)
variants.wrong(
    "sd.intdiv",
    says="you divide where the staircase counts whole stairs: your rate falls a little at every step, an exponential decay",
    hint="print(7 / 3, 7 // 3)",
    step_decay=edit("t // every", "t / every"),
)
variants.wrong(
    "ed.exp",
    says="you compute lr0 · exp(-gamma·t); by the convention of this course gamma is what is left after one step: lr0 · gamma^t",
    hint="print(exponential_decay(1, 1.0, 0.9)): it must be 0.9",
    exponential_decay=edit("gamma**t", "np.exp(-gamma * t)"),
)
variants.wrong(
    "it.pow",
    says="you divide by a power, (1 + k)^t, which is an exponential decay; here the denominator grows by k at every step",
    hint="with k = 1 the denominators are 1, 2, 3, 4, not 1, 2, 4, 8",
    inverse_time_decay=edit("(1 + k * t)", "(1 + k) ** t"),
)
variants.wrong(
    "it.rate_only",
    says="you divide by k·t alone, which is 0 at the first step",
    hint="what must the rate be at t = 0?",
    inverse_time_decay=edit("(1 + k * t)", "np.asarray(k * t, dtype=float)"),
)
variants.wrong(
    "is.zero",
    says="you divide by the square root of t, which is 0 in the first epoch: epochs count from 0, so epoch t is the (t + 1)-th",
    hint="print(inv_sqrt_epoch(0, 0.5)): it must be 0.5",
    inv_sqrt_epoch=edit("np.sqrt(t + 1)", "np.sqrt(t)"),
)
variants.wrong(
    "ms.side",
    says="you give the milestone itself to the value before it, as Keras does; here the new value begins at the milestone",
    hint="print(manual_schedule(10, [10], [0.5, 0.1])): it must be 0.1",
    manual_schedule=edit('side="right"', 'side="left"'),
)


# E6.2 linear_decay, cosine_decay, cosine_restarts


def linear_decay_interp(t, T, lr0, lr_min):
    return np.interp(t, [0, T], [lr0, lr_min])


def cosine_decay_square(t, T, lr0, lr_min):
    phase = np.clip(np.asarray(t) / T, 0, 1)
    return lr_min + (lr0 - lr_min) * np.cos(np.pi / 2 * phase) ** 2


def cosine_restarts_loops(t, T0, mult, lr0, lr_min):
    rates = []
    for step in np.ravel(t):
        length = T0
        while step >= length:
            step, length = step - length, length * mult
        rates.append(lr_min + 0.5 * (lr0 - lr_min) * (1 + np.cos(np.pi * step / length)))
    return np.array(rates).reshape(np.shape(t))


def cosine_decay_where(t, T, lr0, lr_min):
    falling = lr_min + (lr0 - lr_min) / 2 * (1 + np.cos(np.pi * t / T))
    return np.where(np.asarray(t) >= T, lr_min, falling)


def cosine_restarts_masks(t, T0, mult, lr0, lr_min):
    left, length = np.array(t), np.full(np.shape(t), T0)
    while np.any(left >= length):
        over = left >= length
        left, length = np.where(over, left - length, left), np.where(over, length * mult, length)
    return lr_min + (lr0 - lr_min) * (1 + np.cos(np.pi * left / length)) / 2


def cosine_restarts_accumulated(t, T0, mult, lr0, lr_min):
    done, length, fractions = 0.0, T0, []
    for _ in range(int(np.max(t)) + 1):
        fractions.append(done)
        done += 1 / length
        if done >= 1:
            done, length = 0.0, length * mult
    return lr_min + (lr0 - lr_min) * (1 + np.cos(np.pi * np.array(fractions)[t])) / 2


def cosine_restarts_logarithm(t, T0, mult, lr0, lr_min):
    if mult == 1:
        start, length = np.asarray(t) // T0 * T0, T0
    else:
        cycle = np.floor(np.log(1 + np.asarray(t) * (mult - 1) / T0) / np.log(mult))
        start, length = T0 * (mult**cycle - 1) / (mult - 1), T0 * mult**cycle
    return lr_min + (lr0 - lr_min) * (1 + np.cos(np.pi * (t - start) / length)) / 2


variants.right(
    "co.other_formulas",
    linear_decay=linear_decay_interp,
    cosine_decay=cosine_decay_square,
    cosine_restarts=cosine_restarts_loops,
)
variants.right("co.where", cosine_decay=cosine_decay_where, cosine_restarts=cosine_restarts_masks)

variants.wrong(
    "li.beyond",
    says="your line goes on after step T: the rate falls below lr_min, and in the end below 0, where training climbs",
    hint="print(linear_decay(20, 10, 1.0, 0.0))",
    linear_decay=edit("np.minimum(t, T)", "t"),
)
variants.wrong(
    "co.2pi",
    says="your cosine goes through a whole period by step T: after half of the time the rate climbs back to lr0",
    hint="print(cosine_decay(10, 10, 1.0, 0.0)): it must be 0",
    cosine_decay=edit("np.cos(np.pi *", "np.cos(2 * np.pi *"),
)
variants.wrong(
    "co.deg",
    says="you give the cosine degrees; NumPy's takes radians",
    hint="print(np.cos(180), np.cos(np.pi))",
    cosine_decay=edit("np.cos(np.pi *", "np.cos(180 *"),
)
variants.wrong(
    "co.no_min",
    says="your rate falls to 0, not to lr_min",
    hint="print(cosine_decay(10, 10, 1.0, 0.5)): it must be 0.5",
    cosine_decay=edit("lr_min + (lr0 - lr_min) *", "lr0 *"),
)
variants.wrong(
    "co.floor_added",
    says="you add lr_min to a curve that starts at lr0: the first rate is then lr0 + lr_min",
    hint="print(cosine_decay(0, 10, 1.0, 0.5)): it must be 1",
    cosine_decay=edit("(lr0 - lr_min)", "lr0"),
)
variants.wrong(
    "co.beyond",
    says="after step T your rate climbs again, since a cosine goes up and down for ever; it must stay at lr_min",
    hint="print(cosine_decay(20, 10, 1.0, 0.0)): it must be 0",
    cosine_decay=edit("np.minimum(t, T)", "t"),
)
variants.wrong(
    "cr.mod_only",
    says="all your cycles have length T0: mult has no effect",
    hint="with T0 = 10 and mult = 2 the cycles begin at 0, 10, 30, 70",
    cosine_restarts=edit("T0 * mult ** (len(starts) - 1)", "T0"),
)
variants.wrong(
    "cr.accum",
    says="you add up fractions of a cycle, and rounding adds up with them: ten times 0.1 is not 1, and the restart comes late",
    hint="print(np.cumsum([0.1] * 10)[-1] >= 1), and count whole steps instead",
    cosine_restarts=cosine_restarts_accumulated,
)
variants.wrong(
    "cr.log",
    says="you find the cycle with a logarithm, and rounding sometimes puts the first step of a cycle at the end of the one before",
    hint="print(np.log(243) / np.log(3)): it should be 5; count in whole steps instead",
    cosine_restarts=cosine_restarts_logarithm,
)


# E6.3 inverse_sqrt, noam, with_warmup


def inverse_sqrt_ratio(t, lr0, t0):
    return lr0 * np.sqrt(t0 / (t0 + np.asarray(t, dtype=float)))


def noam_where(step, d_model, warmup):
    step = np.where(np.asarray(step) < 1, 1, step)
    factor = np.where(step < warmup, step / warmup**1.5, 1 / np.sqrt(step))
    return factor / np.sqrt(d_model)


def with_warmup_loops(schedule, n, start=0.0):
    def rate(step):
        if step >= n:
            return float(schedule(int(step) - n))
        share = (step + 1) / n
        return (1 - share) * start + share * float(schedule(0))

    return lambda t: np.array([rate(step) for step in np.ravel(t)]).reshape(np.shape(t))


def with_warmup_no_branch(schedule, n, start=0.0):
    if n == 0:
        return schedule

    def warmed(t):
        t = np.asarray(t)
        share = np.minimum(t + 1, n) / n
        return start * (1 - share) + schedule(np.clip(t - n, 0, None)) * share

    return warmed


variants.right("wu.loops", inverse_sqrt=inverse_sqrt_ratio, noam=noam_where, with_warmup=with_warmup_loops)
variants.right("wu.no_branch", with_warmup=with_warmup_no_branch)

variants.wrong(
    "iv.no_scale",
    says="you forget t0: your rate halves within three steps, whatever the unit of time",
    hint="print(inverse_sqrt(300, 0.5, t0=100)): it must be 0.25",
    inverse_sqrt=edit("t / t0", "t"),
)
variants.wrong(
    "iv.flat",
    says="you keep the rate at lr0 until t0, as some libraries do; here it falls from the first step on",
    hint="print(inverse_sqrt(100, 0.5, t0=100) / 0.5): it must be 0.707",
    inverse_sqrt=edit("np.sqrt(1 + t / t0)", "np.sqrt(np.maximum(t / t0, 1))"),
)
variants.wrong(
    "no.min_max",
    says="you take the larger of the two curves where the schedule takes the smaller: yours is never below the other one",
    hint="draw both arguments of the minimum for steps 1 to 4 warmup",
    noam=edit("np.minimum(step**-0.5", "np.maximum(step**-0.5"),
)
variants.wrong(
    "no.exp",
    says="the power -1.5 belongs to the warm-up length, and the step stands beside it to the power 1; you have exchanged the two",
    hint="during the warm-up the rate must rise in proportion to the step",
    noam=edit("step * warmup**-1.5", "warmup * step**-1.5"),
)
variants.wrong(
    "no.zero",
    says="at step 0 you raise 0 to a negative power; step 0 gets the rate of step 1",
    hint="print(noam(0, 64, 25) == noam(1, 64, 25))",
    noam=edit("step = np.maximum(step, 1)\n", "step = np.asarray(step, dtype=float)\n"),
)
variants.wrong(
    "wu.zero_first",
    says="your warm-up begins with a rate of exactly `start`: with start = 0 the first batch is computed for nothing",
    hint="the first of n steps is already one n-th of the way up",
    with_warmup=edit("(t + 1) / max(n, 1)", "t / max(n, 1)"),
)
variants.wrong(
    "wu.jump",
    says="your ramp climbs to the wrong height: it must arrive at the rate with which the schedule begins, its rate at 0",
    hint="print the rates of steps n - 1 and n: they must be the same",
    with_warmup=edit("(schedule(0) - start)", "(schedule(n) - start)"),
)
variants.wrong(
    "wu.overshoot",
    says="with a start above 0 your ramp climbs too high: start is the foot of the ramp, not something to add to the top",
    hint="print the rates of steps n - 1 and n: they must be the same",
    with_warmup=edit("(schedule(0) - start)", "schedule(0)"),
)
variants.wrong(
    "wu.inner_t",
    says="after the warm-up you go on with the schedule at step n; it has not begun yet, so its own time starts at 0",
    hint="which rate does a decay have at the end of the warm-up: its first, or its n-th?",
    with_warmup=edit("schedule(np.maximum(t - n, 0))", "schedule(t)"),
)
variants.wrong(
    "wu.negative",
    says="during the warm-up you ask the schedule for steps before its 0, and throw the answer away; a square root, say, has none",
    hint="np.where computes both sides for every step: give the schedule a step that exists",
    with_warmup=edit("schedule(np.maximum(t - n, 0))", "schedule(t - n)"),
)


# E6.4 make_scheduler, train_epoch


def make_scheduler_clipped(opt, total, warmup):
    if warmup < 0 or warmup >= total:
        raise ValueError("warmup must be shorter than the training")
    ramp = [(t + 1) / warmup for t in range(warmup)]
    fall = [np.cos(np.pi / 2 * t / (total - warmup)) ** 2 for t in range(total - warmup)]
    table = [float(value) for value in (*ramp, *fall, 0.0)]
    return torch.optim.lr_scheduler.LambdaLR(opt, lambda t: table[min(t, total)])  # noqa: F821


def train_epoch_last_lr(model, loader, opt, sched):
    rates = []
    model.train(True)
    for inputs, labels in loader:
        rates.append(sched.get_last_lr()[0])
        model.zero_grad()
        loss = -torch.log_softmax(model(inputs), dim=1)[torch.arange(len(labels)), labels].mean()  # noqa: F821
        loss.backward()
        opt.step()
        sched.step()
    return rates


def make_scheduler_per_group(opt, total, warmup):
    if not 0 <= warmup < total:
        raise ValueError(f"{warmup} does not fit into {total}")

    class Factor:
        def __call__(self, t):
            if t < warmup:
                return (t + 1) / warmup
            return (1 + math.cos(math.pi * min((t - warmup) / (total - warmup), 1))) / 2  # noqa: F821

    return torch.optim.lr_scheduler.LambdaLR(opt, [Factor() for _ in opt.param_groups])  # noqa: F821


def make_scheduler_counting(opt, total, warmup):
    if not 0 <= warmup < total:
        raise ValueError(f"make_scheduler: warmup must lie in [0, total); got warmup={warmup}, total={total}")
    calls = itertools.count()  # noqa: F821

    def factor(_):
        t = next(calls)
        if t < warmup:
            return (t + 1) / warmup
        done = min((t - warmup) / (total - warmup), 1.0)
        return (1 + math.cos(math.pi * done)) / 2  # noqa: F821

    return torch.optim.lr_scheduler.LambdaLR(opt, factor)  # noqa: F821


variants.right("ts.table", make_scheduler=make_scheduler_clipped, train_epoch=train_epoch_last_lr)
variants.right("ts.per_group", make_scheduler=make_scheduler_per_group)

variants.wrong(
    "ts.abs_lr",
    says="your function returns a rate; LambdaLR multiplies the base rate with what it returns, so it comes in twice",
    hint="at the peak your function must return 1",
    make_scheduler=edit("LambdaLR(opt, factor)", 'LambdaLR(opt, lambda t, peak=opt.param_groups[0]["lr"]: peak * factor(t))'),
)
variants.wrong(
    "ts.no_state",
    says="you count the calls yourself: the count is not saved, so a training that is resumed begins its warm-up again",
    hint="use the step that LambdaLR hands to your function: that one is saved and loaded",
    make_scheduler=make_scheduler_counting,
)
variants.wrong(
    "ts.zero_first",
    says="your warm-up begins with the factor 0: the first batch is computed for nothing",
    hint="step 0 has 1 / warmup of the peak",
    make_scheduler=edit("return (t + 1) / warmup", "return t / warmup"),
)
variants.wrong(
    "ts.order",
    says="you step the scheduler before the optimizer: the first rate of the schedule is never used (torch warns about it)",
    hint="within a batch: backward, then the optimizer's step, then the scheduler's",
    train_epoch=edit(
        "        opt.step()\n        sched.step()",
        "        sched.step()\n        opt.step()",
    ),
)
variants.wrong(
    "ts.per_epoch",
    says="you step the scheduler once an epoch; this schedule counts batches, so its warm-up would last hundreds of epochs",
    hint="the scheduler's step belongs inside the loop",
    train_epoch=edit("        sched.step()\n", "    sched.step()\n"),
)
variants.wrong(
    "te.no_zero",
    says="you never clear the gradients: backward adds to what is there, so every step repeats the gradients of all batches before",
    hint="before a backward pass: opt.zero_grad()",
    train_epoch=edit("        opt.zero_grad()\n", ""),
)
variants.wrong(
    "te.no_train",
    says="you leave the model in the mode you found it in: after a validation, dropout and BatchNorm would stay in evaluation mode",
    hint="begin the epoch with model.train()",
    train_epoch=edit("    model.train()\n", ""),
)
variants.wrong(
    "te.rate_after",
    says="you note the rate after the scheduler has moved on: that is the rate of the next batch",
    hint="note the rate before the two steps",
    train_epoch=edit(
        '        rates.append(opt.param_groups[0]["lr"])\n        opt.step()\n        sched.step()\n',
        '        opt.step()\n        sched.step()\n        rates.append(opt.param_groups[0]["lr"])\n',
    ),
)


# E6.5 debiased_ema, lr_range_test, suggest_lr


def debiased_ema_weights(values, beta=0.9):
    values = np.asarray(values, dtype=float)
    smooth = []
    for n in range(1, len(values) + 1):
        weights = beta ** np.arange(n - 1, -1, -1.0)
        smooth.append(np.sum(weights * values[:n]) / np.sum(weights))
    return np.array(smooth)


def lr_range_test_powers(make_model, batches, lrs):
    low, high = lrs
    growth = (high / low) ** (1 / (len(batches) - 1))
    model, tried, losses = make_model(), [], []
    average, lowest = 0.0, np.inf
    for i, batch in enumerate(batches):
        tried.append(low * growth**i)
        losses.append(model(batch, tried[-1]))
        average = 0.9 * average + 0.1 * losses[-1]
        smooth = average / (1 - 0.9 ** (i + 1))
        lowest = min(lowest, smooth)
        if not np.isfinite(smooth) or smooth > 4 * lowest:
            break
    return np.array(tried), np.array(losses)


def suggest_lr_loops(lrs, losses):
    average, smooth = 0.0, []
    for i, loss in enumerate(losses):
        if not np.isfinite(loss):
            break
        average = 0.9 * average + 0.1 * loss
        smooth.append(average / (1 - 0.9 ** (i + 1)))
    if not smooth or min(smooth) > 0.95 * losses[0]:
        raise ValueError("no decrease")
    return lrs[smooth.index(min(smooth))] / 10


def debiased_ema_recursive(values, beta=0.9):
    smooth, weight = [], 0.0
    for value in values:
        weight = beta * weight + 1
        before = smooth[-1] if smooth else 0.0
        smooth.append(before + (value - before) / weight)
    return np.array(smooth)


def lr_range_test_logspace(make_model, batches, lrs):
    rates = np.exp(np.linspace(np.log(lrs[0]), np.log(lrs[1]), len(batches)))
    losses, step = [], make_model()
    for i in range(len(batches)):
        losses.append(step(batches[i], rates[i]))
        smooth = debiased_ema(losses)  # noqa: F821
        if np.isnan(smooth[-1]) or np.isinf(smooth[-1]) or smooth[-1] > 4 * np.min(smooth):
            return rates[: i + 1], np.array(losses)
    return rates, np.array(losses)


def lr_range_test_same_model(make_model, batches, lrs):
    models = lr_range_test_same_model.__dict__.setdefault("models", {})
    model = models.setdefault((*lrs, len(batches)), make_model())
    rates = np.geomspace(*lrs, num=len(batches))
    losses = []
    for batch, rate in zip(batches, rates, strict=True):
        losses.append(model(batch, float(rate)))
        smooth = debiased_ema(losses)  # noqa: F821
        if not smooth[-1] <= 4 * smooth.min():
            break
    return rates[: len(losses)], np.array(losses)


variants.right("lr.weights", debiased_ema=debiased_ema_weights, lr_range_test=lr_range_test_powers, suggest_lr=suggest_lr_loops)
variants.right("lr.recursive", debiased_ema=debiased_ema_recursive, lr_range_test=lr_range_test_logspace)

variants.wrong(
    "lr.bias",
    says="your average starts at 0 and is not corrected for it: the first losses look far too low",
    hint="smooth a constant curve: it must stay constant",
    debiased_ema=edit("average / (1 - beta**count)", "average"),
)
variants.wrong(
    "lr.swapped",
    says="you give the weight beta to the new value: the average forgets at once and smooths nothing",
    hint="with beta = 0.9 a single outlier may move the average by a tenth of its size",
    debiased_ema=edit("beta * average + (1 - beta) * value", "(1 - beta) * average + beta * value"),
)
variants.wrong(
    "lr.linear_grid",
    says="your rates grow by the same amount at every step: nearly all of them then lie in the highest decade",
    hint="from 1e-4 to 1 the middle rate must be 1e-2",
    lr_range_test=edit("np.geomspace(", "np.linspace("),
)
variants.wrong(
    "lr.no_stop",
    says="you go on after the loss has exploded: whatever comes then is the loss of a wreck, and one nan ends all smoothing",
    hint="compare the last smoothed loss with the lowest so far; every comparison with nan is False",
    lr_range_test=edit("            break\n", "            pass\n"),
)
variants.wrong(
    "lr.nan_goes_on",
    says="a nan does not end your test: a comparison with nan is False, whichever way round you write it",
    hint="print(np.nan > 4, np.nan <= 4)",
    lr_range_test=edit("if not smooth[-1] <= 4 * smooth.min():", "if smooth[-1] > 4 * smooth.min():"),
)
variants.wrong(
    "lr.same_model",
    says="your second test goes on with the model that the first one wrecked: every test begins with make_model()",
    hint="run the test twice: the two curves must begin alike",
    lr_range_test=lr_range_test_same_model,
)
variants.wrong(
    "lr.argmin_raw",
    says="you look for the lowest raw loss: one lucky batch decides, and it may lie at the edge of the cliff",
    hint="smooth first, then look for the lowest",
    suggest_lr=edit("smooth = debiased_ema(losses)", "smooth = np.asarray(losses, dtype=float)"),
)
variants.wrong(
    "lr.no_tenth",
    says="you return the rate at the lowest point itself; there the loss is about to explode, so take a tenth of it",
    hint="the lowest point is where the climb begins",
    suggest_lr=edit("/ 10", "/ 1"),
)
variants.wrong(
    "lr.nan_tail",
    says="you do not cut off the tail: np.argmin takes a nan for the lowest of all",
    hint="print(np.argmin([3.0, 1.0, np.nan]))",
    suggest_lr=edit("    smooth = smooth[np.isfinite(smooth)]  # an average that has met a nan stays nan\n", ""),
)
variants.wrong(
    "lr.no_raise",
    says="on a curve that never falls there is nothing to suggest, and your function suggests something all the same",
    hint="compare the lowest smoothed loss with the first",
    suggest_lr=edit("smooth.min() > 0.95 * smooth[0]", "False"),
)


# E6.6 sample_config, grid_configs, random_search


def sample_config_decades(space, rng):
    def draw(kind, *limits):
        match kind:
            case "log":
                return float(limits[0] * (limits[1] / limits[0]) ** rng.random())
            case "uniform":
                return limits[0] + (limits[1] - limits[0]) * rng.random()
            case "int":
                return int(np.floor(limits[0] + (limits[1] - limits[0] + 1) * rng.random()))
            case _:
                return limits[0][int(rng.random() * len(limits[0]))]

    return {name: draw(*entry) for name, entry in reversed(list(space.items()))}


def grid_configs_loops(space):
    configs = [{}]
    for name, (kind, *limits) in space.items():
        if kind in ("log", "uniform"):
            raise ValueError(f"{name} has no finite list of values")
        values = limits[0] if kind == "choice" else np.arange(limits[0], limits[1] + 1).tolist()
        configs = [{**config, name: value} for value in values for config in configs]
    return configs


def random_search_sorted(objective, space, n, rng):
    trials = [{"config": config, "val": objective(config)} for config in (sample_config(space, rng) for _ in range(n))]  # noqa: F821
    finished = [trial for trial in trials if trial["val"] == trial["val"]]
    return (min(finished, key=lambda trial: trial["val"]) if finished else None), trials


def random_search_infinite(objective, space, n, rng):
    best, lowest, trials = None, np.inf, []
    for _ in range(n):
        config = sample_config(space, rng)  # noqa: F821
        val = objective(config)
        trials.append({"config": config, "val": val})
        if val < lowest:
            best, lowest = trials[-1], val
    return best, trials


variants.right(
    "se.decades", sample_config=sample_config_decades, grid_configs=grid_configs_loops, random_search=random_search_sorted
)
variants.right("se.infinite", random_search=random_search_infinite)

variants.wrong(
    "se.uniform_lr",
    says='you draw "log" entries uniformly: nine draws out of ten then fall into the highest decade',
    hint="draw the logarithm uniformly, then undo it",
    sample_config=edit("math.exp(rng.uniform(math.log(limits[0]), math.log(limits[1])))", "rng.uniform(limits[0], limits[1])"),
)
variants.wrong(
    "se.int_excl",
    says="your integers never reach the upper limit; here both ends are included",
    hint="print({int(rng.integers(2, 4)) for _ in range(99)}), and look for an option of rng.integers",
    sample_config=edit(", endpoint=True", ""),
)
variants.wrong(
    "se.global_rng",
    says="you draw from NumPy's global generator, not from the one you are given: nobody can repeat your search",
    hint="the same seed must give the same configuration",
    sample_config=edit(
        "rng.uniform(math.log",
        "np.random.uniform(math.log",
    ),
)
variants.wrong(
    "se.grid_zip",
    says="you pair the values up, first with first and second with second; a grid is every value with every other",
    hint="three rates and two depths make 6 configurations",
    grid_configs=edit("itertools.product(*values)", "zip(*values)"),
)
variants.wrong(
    "se.falsy_best",
    says="a validation loss of 0.0 counts as no result in your code, because 0.0 is as good as False; the perfect trial gets lost",
    hint="ask `best is None`, not `not best`",
    random_search=edit("best is None or trial", 'best is None or not best["val"] or trial'),
)
variants.wrong(
    "se.nan_best",
    says="a failed trial can become your best: every comparison with nan is False, so `not val >= best` is True",
    hint="ask with math.isnan before you compare",
    random_search=edit(
        'if not math.isnan(trial["val"]) and (best is None or trial["val"] < best["val"])',
        'if best is None or not trial["val"] >= best["val"]',
    ),
)
variants.wrong(
    "se.maximise",
    says="you keep the largest validation loss; smaller is better here",
    hint="which way does a loss point?",
    random_search=edit('trial["val"] < best["val"]', 'trial["val"] > best["val"]'),
)
variants.wrong(
    "se.last_tie",
    says="in a tie you keep the last of the best trials; the first has priority",
    hint="when is a new trial better than the best?",
    random_search=edit('trial["val"] < best["val"]', 'trial["val"] <= best["val"]'),
)


# E6.7 refine_space, at_boundary


def at_boundary_loops(best, space, frac=0.1):
    found = {}
    for name in space:
        kind, limits = space[name][0], space[name][1:]
        if kind == "choice" or limits[1] == limits[0]:
            continue
        scale = np.log10 if kind == "log" else np.asarray
        low, high, here = scale(limits[0]), scale(limits[1]), scale(best["config"][name])
        margin = frac * (high - low)
        if here <= low + margin:
            found[name] = "low"
        if here >= high - margin:
            found[name] = "high"
    return found


def refine_space_loops(trials, space, top_k, shrink):
    ranked = sorted([trial for trial in trials if trial["val"] == trial["val"]], key=lambda trial: trial["val"])
    best, top = ranked[0], ranked[:top_k]
    at_the_border = at_boundary(best, space)  # noqa: F821
    refined = {}
    for name, entry in space.items():
        if entry[0] == "choice":
            kept = [trial["config"][name] for trial in top]
            refined[name] = ("choice", [option for option in entry[1] if option in kept])
        elif entry[0] == "int":
            refined[name] = entry
        elif entry[0] == "log":
            middle = best["config"][name]
            if name not in at_the_border:
                middle = np.prod([trial["config"][name] for trial in top]) ** (1 / len(top))
            width = (entry[2] / entry[1]) ** (shrink / 2)
            low, high = middle / width, middle * width
            if name not in at_the_border:
                low, high = max(low, entry[1]), min(high, entry[2])
            refined[name] = ("log", min(low, best["config"][name]), max(high, best["config"][name]))
        else:
            middle = best["config"][name]
            if name not in at_the_border:
                middle = sum(trial["config"][name] for trial in top) / len(top)
            low, high = middle - shrink * (entry[2] - entry[1]) / 2, middle + shrink * (entry[2] - entry[1]) / 2
            if name not in at_the_border:
                low, high = max(low, entry[1]), min(high, entry[2])
            refined[name] = ("uniform", min(low, best["config"][name]), max(high, best["config"][name]))
    return refined


def at_boundary_position(best, space, frac=0.1):
    sides = {}
    for name, (kind, *limits) in space.items():
        if kind != "choice" and limits[0] < limits[1]:
            position = (best["config"][name] - limits[0]) / (limits[1] - limits[0])
            if kind == "log":
                position = np.log(best["config"][name] / limits[0]) / np.log(limits[1] / limits[0])
            side = {-1: "low", 1: "high"}.get(int(position >= 1 - frac) - int(position <= frac))
            if side:
                sides[name] = side
    return sides


variants.right("rf.loops", refine_space=refine_space_loops, at_boundary=at_boundary_loops)
variants.right("rf.position", at_boundary=at_boundary_position)

variants.wrong(
    "rf.linear_mid",
    says="you take the arithmetic mean of the top rates, which the largest of them rules; take the geometric one",
    hint="the middle of 0.001 and 0.1 is 0.01",
    refine_space=edit(
        "places.mean() - half",
        "to_axis(np.mean(values)) - half",
        "places.mean() + half",
        "to_axis(np.mean(values)) + half",
    ),
)
variants.wrong(
    "rf.excludes_best",
    says="your new range may leave out the best trial itself, when the others of the top lie elsewhere",
    hint="stretch the range until it holds the best value",
    refine_space=edit("min(start, places[0])", "start", "max(end, places[0])", "end"),
)
variants.wrong(
    "rf.no_extend",
    says="you never leave the old limits, not even when the best trial lies at one of them: the optimum beyond stays out of reach",
    hint="what does a best trial at the border tell you about where to look next?",
    refine_space=edit("if name in sides:", "if False:"),
)
variants.wrong(
    "rf.clipped_extension",
    says="you look around the best trial at the border, but then cut the range off at the old limits: nothing new comes in",
    hint="print the new limits beside the old ones",
    refine_space=edit(
        "start, end = places[0] - half, places[0] + half",
        "start, end = max(places[0] - half, low), min(places[0] + half, high)",
    ),
)
variants.wrong(
    "rf.nan_top",
    says="a failed trial is among your top trials: nan sorts anywhere",
    hint="leave out the failed trials before you sort",
    refine_space=edit('(trial for trial in trials if not math.isnan(trial["val"]))', "trials"),
)
variants.wrong(
    "rf.reversed",
    says="you refine around the worst trials; smaller is better here",
    hint="print the `val` of the trials you keep",
    refine_space=edit('key=lambda trial: trial["val"]', 'key=lambda trial: -trial["val"]'),
)
variants.wrong(
    "bd.linear",
    says="you measure a log range with a straight ruler: on it, everything but the highest decade lies at the lower border",
    hint="0.05 lies well inside the range from 1e-4 to 1: take logarithms of all three numbers",
    at_boundary=edit("low, high, value = math.log(low), math.log(high), math.log(value)", "pass"),
)
variants.wrong(
    "bd.frac_ignored",
    says="you look at a fixed tenth of the range, whatever frac says",
    hint="with frac = 0.3 a value in the lowest third must be found",
    at_boundary=edit("position <= frac", "position <= 0.1", "position >= 1 - frac", "position >= 1 - 0.1"),
)


# E6.8 kfold_indices, cross_validate, pick


def kfold_indices_labels(n, k, rng):
    if k < 2 or k > n:
        raise ValueError("impossible number of folds")
    fold_of = np.arange(n) % k
    rng.shuffle(fold_of)
    return [(np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in range(k)]


def cross_validate_masks(fit, score, X, y, k, rng):
    scores = np.empty(k)
    for fold, (_, val) in enumerate(kfold_indices(len(y), k, rng)):  # noqa: F821
        seen = np.ones(len(y), dtype=bool)
        seen[val] = False
        scores[fold] = score(fit(X[seen], y[seen]), X[~seen], y[~seen])
    return scores


def pick_loops(trials):
    best = None
    for trial in trials:
        if trial["val"] == trial["val"] and (best is None or trial["val"] < best["val"]):
            best = trial
    return best


def kfold_indices_dealing(n, k, rng):
    if not 2 <= k <= n:
        raise ValueError("impossible number of folds")
    order = np.argsort(rng.random(n))
    return [(np.array([row for row in range(n) if row not in set(order[i::k].tolist())]), order[i::k]) for i in range(k)]


variants.right("kf.labels", kfold_indices=kfold_indices_labels, cross_validate=cross_validate_masks, pick=pick_loops)
variants.right("kf.dealing", kfold_indices=kfold_indices_dealing)

variants.wrong(
    "kf.noshuffle",
    says="you cut the rows into blocks as they lie: in a file sorted by class every fold holds a single class",
    hint="shuffle the row numbers with rng before you cut",
    kfold_indices=edit("rng.permutation(n)", "np.arange(n)"),
)
variants.wrong(
    "kf.val_in_train",
    says="the rows of a fold are among those that its model was trained on: it is asked what it has just learned",
    hint="for every fold, look at np.intersect1d(train, val)",
    kfold_indices=edit("np.concatenate(parts[:i] + parts[i + 1 :])", "np.concatenate(parts)"),
)
variants.wrong(
    "kf.drop_rest",
    says="your folds all have n // k rows, so the rest is never validated: sizes may differ by one",
    hint="print(len(np.concatenate([val for _, val in folds])), n)",
    kfold_indices=edit("np.array_split(rng.permutation(n), k)", "np.split(rng.permutation(n)[: n // k * k], k)"),
)
variants.wrong(
    "kf.long_last",
    says="your last fold takes the whole rest: sizes may differ by one at most",
    hint="with n = 11 and k = 4 the sizes are 3, 3, 3, 2",
    kfold_indices=edit(
        "np.array_split(rng.permutation(n), k)", "np.split(rng.permutation(n), [i * (n // k) for i in range(1, k)])"
    ),
)
variants.wrong(
    "kf.leak_scaler",
    says="you scale all of X before you split it: the validation rows have had a say in the mean and the spread",
    hint="give fit the rows of X as they are; scaling belongs inside it",
    cross_validate=edit("    scores = []\n", "    scores = []\n    X = (X - X.mean(axis=0)) / X.std(axis=0)\n"),
)
variants.wrong(
    "kf.score_on_train",
    says="you score a model on the rows it was fitted to: that is its training score",
    hint="which of the two index arrays has the model not seen?",
    cross_validate=edit("X[val], y[val]", "X[train], y[train]"),
)
variants.wrong(
    "kf.mean",
    says="you average the scores; their spread, which tells how far to trust the mean, is lost",
    hint="return all k numbers",
    cross_validate=edit("return np.array(scores)", "return np.mean(scores)"),
)
variants.wrong(
    "pk.train",
    says="you choose by the training error: the model that learns by heart always wins",
    hint="which number tells how it does on data it has not seen?",
    pick=edit('key=lambda trial: trial["val"]', 'key=lambda trial: trial.get("train", trial["val"])'),
)
variants.wrong(
    "pk.test",
    says="you choose by the test error: after that there is no data left that could tell you how good the choice is",
    hint="the test set is looked at once, after everything is chosen",
    pick=edit('key=lambda trial: trial["val"]', 'key=lambda trial: trial.get("test", trial["val"])'),
)
variants.wrong(
    "pk.worst",
    says="you pick the largest validation error; smaller is better here",
    hint="an error is something to have little of",
    pick=edit("min((", "max(("),
)
variants.wrong(
    "pk.nan",
    says="a failed trial can win: nan is neither smaller nor larger than anything, so the order of the list decides",
    hint="leave out the trials whose val is nan",
    pick=edit('(trial for trial in trials if not math.isnan(trial["val"]))', "trials"),
)


# E6.9 gradient_noise, scale_lr


def gradient_noise_cov(per_sample_grads, B):
    return np.trace(np.atleast_2d(np.cov(per_sample_grads, rowvar=False, bias=True))) / B


def scale_lr_power(lr, B_from, B_to, rule):
    powers = {"linear": 1.0, "sqrt": 0.5}
    if rule not in powers:
        raise ValueError(f"no rule {rule}")
    if rule == "linear" and B_to > 8 * B_from:
        warnings.warn("too far", UserWarning, stacklevel=1)  # noqa: F821
    return lr * (B_to / B_from) ** powers[rule]


def gradient_noise_var(per_sample_grads, B):
    return float(np.var(per_sample_grads, axis=0).sum()) / B


variants.right("gn.cov", gradient_noise=gradient_noise_cov, scale_lr=scale_lr_power)
variants.right("gn.var", gradient_noise=gradient_noise_var)

variants.wrong(
    "gn.B2",
    says="you divide by the square of the batch size; the variance of a mean of B draws falls like 1/B",
    hint="for B = 1 all is well; what does one more sample change?",
    gradient_noise=edit("trace_of_covariance / B", "trace_of_covariance / B**2"),
)
variants.wrong(
    "gn.std",
    says="you return the distance itself; asked for is its square, on average",
    hint="look at the unit in the docstring",
    gradient_noise=edit("float(trace_of_covariance / B)", "float(np.sqrt(trace_of_covariance / B))"),
)
variants.wrong(
    "gn.unbiased",
    says="you divide by N - 1, as if the N rows were a sample of something larger; here the batch is drawn from exactly these rows",
    hint="all N rows are known: divide by N",
    gradient_noise=edit("/ len(deviations)", "/ (len(deviations) - 1)"),
)
variants.wrong(
    "gn.not_centred",
    says="you add up the squares of the gradients themselves; noise is how far they lie from their mean",
    hint="when all rows are the same there is no noise",
    gradient_noise=edit("per_sample_grads - per_sample_grads.mean(axis=0)", "per_sample_grads"),
)
variants.wrong(
    "sl.inverse",
    says="your rate falls when the batch grows; a larger batch has a better gradient, and can afford a longer step",
    hint="scale_lr(0.1, 32, 64, 'linear') must be 0.2",
    scale_lr=edit("ratio = B_to / B_from", "ratio = B_from / B_to"),
)
variants.wrong(
    "sl.silent",
    says="your linear rule is followed however far it leads; beyond a factor of 8 it should at least warn",
    hint="warnings.warn(…)",
    scale_lr=edit("ratio > 8", "ratio > 1e9"),
)
variants.wrong(
    "sl.warn_at_8",
    says="you warn at a factor of exactly 8; the warning is for *more* than 8",
    hint="at exactly 8 nothing should be said",
    scale_lr=edit("ratio > 8", "ratio >= 8"),
)


# Questions: one variant for each wrong answer

variants.wrong(
    "q.karpathy_constant.A",
    says="it was a joke by its author; in the figure above two other rates beat it with every seed",
    karpathy_constant='"A"',
)
variants.wrong(
    "q.karpathy_constant.B",
    says="beyond the best rate it gets worse long before it diverges: look at the right end of the figure",
    karpathy_constant='"B"',
)
variants.wrong(
    "q.karpathy_constant.D",
    says="Adam makes the step independent of the scale of the loss, not of the rate: the step is about lr long",
    karpathy_constant='"D"',
)

variants.wrong(
    "q.roles_in_a_study.A",
    says="the question is about warm-up, not about the peak rate; and a single seed may flatter one side",
    roles_in_a_study='"A"',
)
variants.wrong(
    "q.roles_in_a_study.C",
    says="warm-up allows other peak rates: with one rate for both you compare how well that rate happens to suit each",
    roles_in_a_study='"C"',
)
variants.wrong(
    "q.roles_in_a_study.D",
    says="one winner says nothing about warm-up, since everything else differs too; and a lucky seed cannot be taken along",
    roles_in_a_study='"D"',
)

variants.wrong("q.scaled_rate.inverse", says="a larger batch takes a larger rate, not a smaller one", scaled_rate="0.0125")
variants.wrong("q.scaled_rate.sqrt", says="that is the square-root rule", scaled_rate="0.1 * 8**0.5")
variants.wrong("q.scaled_rate.same", says="that is the old rate: the batch has grown eightfold", scaled_rate="0.1")

variants.wrong(
    "q.small_difference.A",
    says="that was measured once, and another seed may well turn it round: look at how far apart the seeds lie",
    small_difference='"A"',
)
variants.wrong(
    "q.small_difference.B",
    says="small differences can be real; whether this one is cannot be told from one seed",
    small_difference='"B"',
)
variants.wrong(
    "q.small_difference.C",
    says="whatever decides is not a test set any more, and one seed there is no better than one seed here",
    small_difference='"C"',
)
