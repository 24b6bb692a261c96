"""The second half of the clinic: data, instruments, and the figures that its prose states."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import observers, training, ward
from solutions import clinic
from solutions.variants.clinic import variants

SEEDS = range(3)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def script(case, variant):
    """A case's functions as a variant has them."""
    (found,) = (item for item in variants.all if item.id == variant)
    names = [name for name in vars(clinic) if name.endswith(f"_{case}") and inspect.isfunction(getattr(clinic, name))]
    namespace = dict(vars(clinic))
    for name in names:
        exec(found.source_of(name, inspect.getsource(getattr(clinic, name))), namespace)
    return namespace[f"train_{case}"]


def last(train, key):
    return [train(seed)[1][-1][key] for seed in SEEDS]


# data


def test_the_raw_split_is_the_split_before_standardising():
    raw, y, _, y_val = ward.raw_digits_split(3)
    X, y_again, _, y_val_again = training.digits_split(3)
    assert torch.equal(y, y_again)
    assert torch.equal(y_val, y_val_again)
    spread = raw.std(dim=0, correction=0)
    assert torch.allclose((raw - raw.mean(dim=0)) / torch.where(spread > 0, spread, 1.0), X, atol=1e-4)


def test_split_rows_deals_every_row_once():
    train, val = ward.split_rows(10, seed=1)
    assert sorted([*train.tolist(), *val.tolist()]) == list(range(10))
    assert len(train) == 7


def test_a_stack_has_the_pictures_behind_each_other():
    stack, y = ward.stacked_digits()
    assert stack.shape == (8, 8, 1797)
    assert stack.flags["C_CONTIGUOUS"]
    rows = clinic.rows_c09(stack)
    assert ward.template_share(rows, y) == pytest.approx(0.905, abs=0.01)
    assert ward.template_share(stack.reshape(-1, 64), y) < 0.15
    assert ward.template_share(np.roll(rows, 1, axis=0), y) < 0.2


def test_the_diabetes_split_is_standardised_by_its_training_part():
    X, y, X_val, y_val = ward.diabetes_split(2)
    assert [tuple(part.shape) for part in (X, y, X_val, y_val)] == [(331, 10), (331,), (111, 10), (111,)]
    assert float(y.mean()) == pytest.approx(0, abs=1e-5)
    assert float(X.std(dim=0, correction=0).max()) == pytest.approx(1, abs=1e-4)


# instruments


def test_rates_are_those_of_every_step():
    def train():
        w = torch.zeros(2, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.4)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
        for _ in range(5):
            optimizer.step()
            scheduler.step()

    assert observers.rates(train) == [0.4, 0.4, 0.2, 0.2, 0.1]


def one_layer(X, y, loss_of, steps=3):
    """A training that goes through the rows of `X` in pairs."""
    net = nn.Linear(X.shape[1], 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(steps):
        rows = [step, step + 1]
        optimizer.zero_grad()
        loss_of(net(X[rows]), y[rows]).backward()
        optimizer.step()
        with torch.no_grad():
            net(X)
    net(X)


@pytest.fixture
def five_rows():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(5, 3, generator=generator), torch.randn(5, generator=generator)


def test_a_watched_training_shows_its_batches(five_rows):
    X, y = five_rows
    steps = observers.watch(lambda: one_layer(X, y, lambda p, t: F.mse_loss(p[:, 0], t)), steps=10)
    assert observers.rows_seen(steps, X) == [[0, 1], [1, 2], [2, 3]]
    assert observers.rows_seen(steps, X[1:])[0] == [-1, 0]
    assert observers.missed_targets(steps, X, y) == pytest.approx([0, 0, 0], abs=1e-5)


def test_a_loss_that_is_a_module_is_not_taken_for_the_net(five_rows):
    X, y = five_rows
    loss = nn.MSELoss()
    steps = observers.watch(lambda: one_layer(X, y, lambda p, t: loss(p, t[:, None])), steps=2)
    assert observers.rows_seen(steps, X) == [[0, 1], [1, 2]]
    assert observers.missed_targets(steps, X, y) == pytest.approx([0, 0], abs=1e-5)


def test_a_broadcast_loss_pulls_everybody_to_the_mean(five_rows):
    X, y = five_rows
    steps = observers.watch(lambda: one_layer(X, y, lambda p, t: (p - t).square().mean()), steps=2)
    halves = [float(abs(y[0] - y[1])) / 2, float(abs(y[1] - y[2])) / 2]
    assert observers.missed_targets(steps, X, y) == pytest.approx(halves, rel=1e-4)


def test_a_watch_leaves_no_hook_behind(five_rows):
    X, y = five_rows
    seen = observers.watch(lambda: one_layer(X, y, lambda p, t: F.mse_loss(p[:, 0], t)), steps=1)
    one_layer(X, y, lambda p, t: F.mse_loss(p[:, 0], t))
    assert len(seen) == 1
    with pytest.raises(ZeroDivisionError):
        observers.watch(lambda: 1 / 0, steps=1)
    assert len(observers.watch(lambda: one_layer(X, y, lambda p, t: F.mse_loss(p[:, 0], t)), steps=9)) == 3


# what the prose says of the patients, and thresholds with room to spare


@pytest.mark.parametrize("case", ["c08", "c09", "c10", "c11"])
def test_healed_patients_are_well_above_the_threshold(case):
    assert min(last(getattr(clinic, f"train_{case}"), "accuracy")) > 0.94


@pytest.mark.parametrize(("case", "variant"), [("c08", "c08.per_batch"), ("c09", "c09.reshape"), ("c11", "c11.nan")])
def test_sick_patients_are_far_below_the_threshold(case, variant):
    assert max(last(script(case, variant), "accuracy")) < 0.3


def test_after_the_first_epoch_the_patient_of_c08_has_no_pulse():
    train = script("c08", "c08.per_batch")
    history = train(7)[1]
    assert len({row["accuracy"] for row in history[1:]}) == 1
    assert len(set(observers.rates(lambda: train(7))[:43])) == 15


def test_the_comb_ends_as_well_as_the_healthy_net_and_begins_far_worse():
    sick = script("c10", "c10.not_shuffled")
    assert min(last(sick, "accuracy")) > 0.92
    first = [[train(seed)[1][1]["accuracy"] for seed in SEEDS] for train in (sick, clinic.train_c10)]
    assert np.median(first[0]) < 0.6 < 0.8 < np.median(first[1])


def test_the_broadcast_explains_nothing_and_its_predictions_collapse():
    sick = script("c12", "c12.broadcast")
    assert max(last(sick, "r2")) < 0.1
    assert max(last(sick, "spread")) < 0.12
    assert min(last(clinic.train_c12, "r2")) > 0.3
    assert min(last(clinic.train_c12, "spread")) > 0.6
    assert sick(7)[1][0]["spread"] > sick(7)[1][-1]["spread"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_regression_is_scored_as_the_case_scores_it(seed):
    net, history = clinic.train_c12(seed)
    r2, spread = ward.regression_score(net.state_dict(), seed)
    assert r2 == pytest.approx(history[-1]["r2"], abs=1e-4)
    assert spread == pytest.approx(history[-1]["spread"], abs=1e-4)


def test_a_few_dead_pixels_make_every_output_nan():
    X, _, _, _ = ward.raw_digits_split(7)
    dead = X.std(dim=0) == 0
    assert 3 <= int(dead.sum()) <= 6
    assert torch.isnan(nn.Linear(64, 64)((X - X.mean(dim=0)) / X.std(dim=0))).all()


# pictures for the questions


def test_a_naive_loss_ends_in_an_iteration_that_is_not_finite():
    losses, leads = ward.naive_run(rate=0.3, seed=8)
    assert 30 < len(losses) == len(leads) < 45
    assert np.isfinite(losses[:-1]).all()
    assert not np.isfinite(losses[-1])
    assert leads[-1] > 103


def test_training_mode_opens_a_gap_between_alone_and_in_company():
    before = torch.random.get_rng_state()
    alone, together = ward.company(epochs=4)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert len(alone) == 5
    assert abs(alone[0] - together[0]) < 0.1 < together[-1] - alone[-1]


def test_the_order_of_the_samples_is_the_only_difference_of_two_base_runs():
    mixed, in_order = ward.base_run(0), ward.base_run(0, shuffled=False)
    assert len(mixed) == len(in_order) == 15
    assert min(mixed[-1], in_order[-1]) > 0.92
    assert mixed[0] > in_order[0] + 0.2


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([2.0, 0.5, 0.01], "log"), ([2.27, 2.26, 2.28], "linear"), ([float("nan")] * 3, "linear"), ([7000.0, 75.0, 74.0], "log")],
)
def test_a_chart_has_room_for_what_a_loss_is_compared_with(losses, scale):
    figure = training.chart([{"loss": loss, "accuracy": 0.1} for loss in losses], classes=5)
    left, right = figure.axes
    assert left.get_yscale() == scale
    assert left.get_xlim()[1] == right.get_xlim()[1] == pytest.approx(1.4 * len(losses))
    assert set(left.get_xticks()) <= {1, 2, 3}
    assert [axis.texts[0].get_text() for axis in (left, right)] == ["guessing: log 5", "guessing: 0.2"]
    plt.close(figure)


# the spare patients


def test_a_merged_collection_holds_pictures_twice_with_one_label():
    X, y = ward.merged_digits(4)
    assert X.shape == (850, 64)
    different, kind = torch.unique(X, dim=0, return_inverse=True)
    assert len(different) == 500
    assert len(torch.unique(torch.stack([kind, y]), dim=1)[0]) == 500


def test_of_the_rare_one_in_twenty_is_left():
    _, y, _, y_val = ward.rare_split(2)
    for part in (y, y_val):
        assert set(part.tolist()) == {0, 1}
        assert float(part.double().mean()) == pytest.approx(0.05, abs=0.005)


def test_a_jostled_picture_is_moved_by_a_pixel_at_most():
    torch.manual_seed(0)
    X = torch.arange(64.0).repeat(500, 1)
    moved = ward.jostled(X)
    inner = (moved - X).reshape(-1, 8, 8)[:, 1:-1, 1:-1]
    assert set(inner.flatten().tolist()) == {-9, -8, -7, -1, 0, 1, 7, 8, 9}
    assert torch.equal(inner.amax(dim=(1, 2)), inner.amin(dim=(1, 2)))


def test_a_pretrained_body_reads_what_it_was_trained_on():
    body, mean, spread = ward.pretrained_body()
    assert not any(parameter.requires_grad for parameter in body.parameters())
    assert float(spread.min()) > 0
    _, y, X_val, _ = ward.late_digits_split(1)
    assert set(y.tolist()) == {0, 1, 2, 3, 4}
    assert body((X_val - mean) / spread).shape == (len(X_val), 64)


def test_no_line_of_a_standardised_digit_is_blank_before_it_is_wiped():
    X = training.digits_split(5)[0]
    assert int(ward.blank_lines(X).sum()) == 0
    assert ward.blank_lines(clinic.augmented_sp04(X)).tolist() == [1] * len(X)


def test_a_few_tumours_are_dealt_once():
    X, y, X_val, y_val = ward.few_tumours(3)
    assert [tuple(part.shape) for part in (X, y, X_val, y_val)] == [(12, 30), (12,), (557, 30), (557,)]
    assert set(y_val.tolist()) == {0, 1}
    assert 0.3 < float(1 - torch.cat([y, y_val]).double().mean()) < 0.4
    assert len(torch.unique(torch.cat([X, X_val]), dim=0)) == 569


def test_photographs_are_those_of_the_split_and_their_noise_goes_both_ways():
    pictures, y, pictures_val, y_val, slate = ward.photographed_digits(3)
    assert pictures.dtype == pictures_val.dtype == slate.dtype == np.uint8
    assert [pictures.shape, pictures_val.shape, slate.shape] == [(1347, 64), (450, 64), (64,)]
    assert torch.equal(y, training.digits_split(3)[1])
    assert torch.equal(y_val, training.digits_split(3)[3])
    raw = ward.raw_digits_split(3)[0].numpy()
    off = pictures.astype(float) - slate - 10 * raw
    assert np.abs(off).max() < 20
    assert 0.4 < (off < 0).mean() < 0.5
    assert pictures.max() < 255


def test_graphs_are_counted_as_long_as_somebody_reaches_them():
    def train(keep):
        torch.manual_seed(0)
        net = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        kept = []
        for _ in range(6):
            loss = net(torch.ones(2, 3)).square().mean()
            loss.backward()
            optimizer.step()
            kept = keep(kept, loss)

    assert observers.graphs_kept(lambda: train(lambda kept, loss: [*kept, loss.item()]), steps=4) == [0, 0, 0, 0]
    assert observers.graphs_kept(lambda: train(lambda kept, loss: [*kept, loss]), steps=4) == [0, 1, 2, 3]
    assert observers.graphs_kept(lambda: train(lambda kept, loss: [*kept[-1:], loss]), steps=9) == [0, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("decay", [0.0, 0.02, 0.06])
def test_the_pull_of_a_decay_is_read_off_pixels_that_never_change(decay):
    X, y, _, _ = training.digits_split(4)
    torch.manual_seed(4)
    net = training.base_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2, weight_decay=decay)
    for _ in range(50):
        optimizer.zero_grad()
        F.cross_entropy(net(X[:40]), y[:40]).backward()
        optimizer.step()
    before = torch.random.get_rng_state()
    assert ward.pull_of_decay(net.state_dict(), 4, rate=0.2, steps=50) == pytest.approx(decay, abs=1e-5)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_leak_reaches_what_nobody_can_reach_honestly():
    assert np.median(last(script("sp06", "sp06.rows"), "accuracy")) > 0.84
    assert max(last(clinic.train_sp06, "accuracy")) < 0.8


def test_the_detector_that_never_says_yes_is_reported_as_such():
    assert last(script("sp07", "sp07.accuracy"), "report") == pytest.approx([0.95] * len(SEEDS), abs=0.01)
    assert last(clinic.train_sp07, "report") == pytest.approx([0.5] * len(SEEDS), abs=0.05)


def test_six_times_the_epochs_wake_the_detector():
    source = inspect.getsource(clinic.train_sp07)
    assert source.count("0.01, 32, 10") == 1
    namespace = dict(vars(clinic))
    exec(source.replace("0.01, 32, 10", "0.01, 32, 60"), namespace)
    assert min(last(namespace["train_sp07"], "report")) > 0.65


def test_validating_with_moved_pictures_costs_accuracy():
    gaps = np.array(last(clinic.train_sp08, "accuracy")) - last(script("sp08", "sp08.jostled"), "accuracy")
    assert np.median(gaps) > 0.04


def test_a_body_that_gets_the_wrong_scale_is_at_chance():
    assert min(last(clinic.train_sp12, "accuracy")) > 0.65
    assert max(last(script("sp12", "sp12.by_255"), "accuracy")) < 0.45


def test_moths_make_the_loss_rise_and_leave_the_validation_something_to_praise():
    sick = script("sp04", "sp04.in_place")
    for seed in SEEDS:
        losses = [row["loss"] for row in sick(seed)[1]]
        assert losses[3] < 0.8 < 1.2 < losses[-1]
        assert losses[5:] == sorted(losses[5:])
    assert min(last(sick, "accuracy")) > 0.8
    assert max(last(clinic.train_sp04, "loss")) < 0.15
    left = 8 * (7 / 8) ** 15  # "little more than one line of eight"
    assert left == pytest.approx(1.08, abs=0.01)


def test_in_company_a_few_tumours_get_another_answer():
    X, _, X_val, _ = ward.few_tumours(7)
    for variant, low, high in (("sp05.all_of_them", 1, 100), (None, 0, 0)):
        train = script("sp05", variant) if variant else clinic.train_sp05
        scaled = train.__globals__["scaled_sp05"]
        net = train(7)[0]
        company = net(scaled(X, X_val)[1]).argmax(dim=1)
        alone = torch.cat([net(scaled(X, row[None])[1]).argmax(dim=1) for row in X_val])
        assert low <= int((company != alone).sum()) <= high


def test_a_scaler_that_has_seen_all_tumours_is_worth_little():
    few, many = (ward.scaler_gaps(n)[1] for n in (6, 100))
    assert 0 < few.mean() < 2 * few.std() / len(few) ** 0.5
    assert few.min() < -0.1 < 0.1 < few.max()
    assert abs(many.mean()) < 0.003


def test_snow_keeps_a_net_from_reading():
    assert max(last(script("sp09", "sp09.wraps"), "accuracy")) < 0.55
    assert min(last(clinic.train_sp09, "accuracy")) > 0.75
    small = np.array([40, 200], dtype=np.uint8)
    assert (small - np.array([43, 0], dtype=np.uint8)).tolist()[0] == 253
    assert (small + np.array([0, 100], dtype=np.uint8)).tolist()[1] == 44


def test_a_double_dose_dulls_the_net_and_half_of_it_twice_does_not():
    assert max(last(script("sp10", "sp10.twice"), "accuracy")) < 0.85
    assert min(last(clinic.train_sp10, "accuracy")) > 0.88
    assert last(script("sp10", "sp10.half_the_number"), "loss") == pytest.approx(last(clinic.train_sp10, "loss"), rel=0.01)


def test_with_much_more_than_a_double_dose_all_weights_go_to_zero():
    source = inspect.getsource(clinic.train_sp10)
    assert source.count("15, 0.03") == 1
    namespace = dict(vars(clinic))
    exec(source.replace("15, 0.03", "15, 0.09"), namespace)
    net, history = namespace["train_sp10"](0)
    assert history[-1]["accuracy"] < 0.2
    assert max(float(weights.detach().abs().max()) for weights in net.parameters()) < 0.05


def test_a_summed_loss_keeps_about_a_dozen_nodes_of_each_step():
    total = script("sp11", "sp11.summed")(0)[1][0]["loss"]
    nodes, todo = set(), [total.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in nodes:
            nodes.add(node)
            todo += [parent for parent, _ in node.next_functions]
    assert 10 < len(nodes) / 43 < 14
    assert max(last(clinic.train_sp11, "accuracy")) > 0.93
