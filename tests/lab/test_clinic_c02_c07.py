"""The instruments of cases C02 to C07, each on a net with the defect that it is for, and what the illnesses cost."""

import inspect
import math
import statistics

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import training
from solutions import clinic
from solutions.variants.clinic import variants


@pytest.fixture(autouse=True)
def _one_thread():
    """As in the notebooks; several threads on such small nets only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


X = torch.linspace(-2, 3, 7 * 4).sin().reshape(7, 4)
Y = torch.tensor([0, 2, 1, 1, 0, 2, 2])


def make_net(*layers):
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 5), *layers, nn.Linear(5, 3))


def run(loss_of, net=None, optimizer=None, epochs=2, validate=None):
    """A training of three steps an epoch."""
    net = net or make_net()
    optimizer = optimizer or torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(epochs):
        for _ in range(3):
            optimizer.zero_grad()
            loss_of(net(X)).backward()
            optimizer.step()
        if validate:
            validate(net)


LOSSES = {
    "healthy": lambda scores: F.cross_entropy(scores, Y),
    "in two steps": lambda scores: F.nll_loss(F.log_softmax(scores, dim=1), Y),
    "idempotent": lambda scores: F.cross_entropy(F.log_softmax(scores, dim=1), Y),
    "softmax twice": lambda scores: F.cross_entropy(F.softmax(scores, dim=1), Y),
    "over the batch": lambda scores: F.nll_loss(F.log_softmax(scores, dim=0), Y),
    "over both": lambda scores: F.cross_entropy(F.log_softmax(scores, dim=0), Y),
    "summed": lambda scores: F.cross_entropy(scores, Y, reduction="sum"),
    "constant": lambda scores: scores.sum() * 0,
}


@pytest.mark.parametrize(
    ("loss", "low", "high"),
    [
        ("healthy", 0, 1e-6),
        ("in two steps", 0, 1e-6),
        ("idempotent", 0, 1e-5),
        ("softmax twice", 0.5, 0.9),
        ("over the batch", 0.05, 1.5),
        ("over both", 0.05, 1.5),
        ("summed", 5.9, 6.1),  # 7 times the right gradient
        ("constant", 0.9, 1.6),  # the true class cannot be told from no gradient
    ],
)
def test_lessons_hold_the_gradient_against_that_of_cross_entropy(loss, low, high):
    readings = training.lessons(lambda: run(LOSSES[loss]), steps=4)
    assert len(readings) == 4
    assert all(low <= reading["error"] <= high for reading in readings)
    assert readings[0]["loss"] == pytest.approx(LOSSES[loss](make_net()(X)).item(), rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "pairs"),
    [("healthy", 0), ("in two steps", 0), ("softmax twice", 0), ("summed", 0), ("over the batch", 42), ("over both", 42)],
)
def test_only_a_softmax_over_the_batch_entangles_the_samples(loss, pairs):
    assert training.entangled(lambda: run(LOSSES[loss])) == pairs


def test_a_training_that_ends_early_gives_fewer_readings_and_all_hooks_go_away():
    backward = torch.autograd.backward
    assert len(training.lessons(lambda: run(LOSSES["healthy"], epochs=1), steps=5)) == 3
    assert len(training.bookkeeping(lambda: run(LOSSES["healthy"], epochs=1), steps=5)) == 3
    for watch in (
        lambda train: training.lessons(train, 2),
        lambda train: training.modes(train, 1),
        lambda t: training.bookkeeping(t, 1),
    ):
        with pytest.raises(ZeroDivisionError):
            watch(lambda: 1 / 0)
    assert torch.autograd.backward is backward
    seen = []
    run(lambda scores: seen.append(scores) or F.cross_entropy(scores, Y))
    assert len(seen) == 6  # nobody stops it any more


def passes(mode_after, mode_before=None):
    """A validation that sets modes before and after its pass."""

    def validate(net):
        if mode_before is not None:
            net.train(mode_before)
        with torch.no_grad():
            net(X)
        if mode_after is not None:
            net.train(mode_after)

    return validate


@pytest.mark.parametrize(
    ("validate", "learning", "validating"),
    [
        (passes(True, False), [1, 1, 1], [0, 0, 0]),
        (passes(None, False), [1, 0, 0], [0, 0, 0]),
        (passes(None, None), [1, 1, 1], [1, 1, 1]),
    ],
)
def test_modes_are_told_epoch_by_epoch(validate, learning, validating):
    def train():
        run(LOSSES["healthy"], make_net(nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.3)), epochs=3, validate=validate)

    epochs = training.modes(train, epochs=3, steps=3)
    assert [epoch["learning"] for epoch in epochs] == [
        dict.fromkeys(("net", "BatchNorm1d", "Dropout"), share) for share in learning
    ]
    assert [epoch["validating"] for epoch in epochs] == [dict.fromkeys(("net", "BatchNorm1d", "Dropout"), s) for s in validating]


def test_modes_tell_the_layers_apart():
    net = make_net(nn.BatchNorm1d(5), nn.Dropout(0.3))
    net[2].eval()
    net.training = False
    (epoch,) = training.modes(lambda: run(LOSSES["healthy"], net), epochs=1, steps=3)
    assert epoch == {"learning": {"net": 0, "BatchNorm1d": 1, "Dropout": 0}, "validating": {}}


@pytest.mark.parametrize(
    ("held", "books"),
    [
        (lambda net: net.parameters(), (4, 0, 0)),
        (lambda net: net[1].parameters(), (2, 2, 0)),
        (lambda net: make_net().parameters(), (0, 4, 4)),
        (lambda net: [*net.parameters(), *make_net()[0].parameters()], (4, 0, 2)),
    ],
)
def test_the_books_compare_what_is_used_with_what_is_known(held, books):
    net = make_net()
    optimizer = torch.optim.SGD(held(net), lr=0.1)
    found = training.bookkeeping(lambda: run(LOSSES["healthy"], net, optimizer), steps=2)
    assert [tuple(step.values()) for step in found] == [books, books]


@pytest.mark.parametrize(("cut", "counts"), [(0, [4, 4]), (1, [2, 4]), (2, [0, 4])])
def test_parameters_below_a_cut_are_not_fed(cut, counts):
    net = make_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    lower, upper = net[:cut], net[cut:]

    def train():
        for _ in range(2):
            optimizer.zero_grad()
            scores = upper(lower(X).detach())
            loss = F.cross_entropy(scores, Y)
            (loss if cut < 2 else loss.requires_grad_()).backward()
            optimizer.step()

    assert training.fed(train, steps=2) == [counts, counts]


def test_a_net_without_hidden_layers_reads_most_digits():
    accuracies = training.linear_accuracies(seed=7)
    assert len(accuracies) == 15
    assert accuracies[-1] > 0.9


def case(name, variant=None):
    """The script of a case, healed or as a variant has it."""
    names = [function for function in (f"Reader{name.upper()}", f"train_{name}") if hasattr(clinic, function)]
    namespace = {"torch": torch, "F": F, "nn": nn, "training": training}
    (chosen,) = [other for other in variants.all if other.id == variant] if variant else [None]
    for function in names:
        source = inspect.getsource(getattr(clinic, function))
        exec(chosen.source_of(function, source) if chosen else source, namespace)
    return namespace[f"train_{name}"]


def accuracies(train, seeds=(1, 2)):
    return [train(seed)[1][-1]["accuracy"] for seed in seeds]


@pytest.mark.parametrize(
    ("name", "patient", "low", "high"),
    [
        ("c02", "c02.softmax_twice", 0.65, 0.89),
        ("c03", "c03.over_the_batch", 0.65, 0.90),
        ("c04", "c04.stuck", 0.94, 1.0),  # its accuracy is that of a healthy net, or better
        ("c05", "c05.in_train_mode", 0.65, 0.89),
        ("c06", "c06.plain_list", 0.6, 0.85),
        ("c07", "c07.stale", 0.0, 0.2),
    ],
)
def test_what_the_illness_costs_and_the_repair_brings(name, patient, low, high):
    healed, ill = accuracies(case(name)), accuracies(case(name, patient))
    assert min(healed) > 0.94
    assert low < min(ill)
    assert max(ill) < high or high == 1.0
    if name == "c04":
        assert abs(statistics.mean(ill) - statistics.mean(healed)) < 0.02


def test_the_repair_of_c04_lets_batchnorm_count_again():
    assert [net[1].num_batches_tracked.item() for net, _ in (case("c04")(1), case("c04", "c04.stuck")(1))] == [630, 42]


def test_the_losses_that_the_charts_are_read_by():
    first = training.lessons(lambda: case("c03", "c03.over_the_batch")(7), 1)[0]["loss"]
    assert first == pytest.approx(math.log(32), abs=0.1)
    history = case("c03", "c03.over_the_batch")(7)[1]
    gaps = [row["validation_loss"] - row["loss"] for row in history]
    assert all(2 < gap < 3.2 for gap in gaps)
    assert case("c02", "c02.softmax_twice")(7)[1][-1]["loss"] > math.log(1 + 9 / math.e)
