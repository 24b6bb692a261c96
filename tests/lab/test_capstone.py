"""The capstone's data, trainer, log and vault, and the numbers that its prose states."""

import json

import numpy as np
import pytest
import torch

from autograder.lab import bad_start, capstone, capstone_training, data, noisy_digits, run_log, vault
from autograder.lab.run_log import NONE, RunLog
from solutions import capstone as reference
from solutions import capstone_data

# data


def test_what_ships_is_what_the_author_side_makes_and_has_no_test_labels():
    with np.load(noisy_digits.FILE) as shipped:
        made = capstone_data.make()[0]
        assert sorted(shipped.files) == sorted(made) == ["X", "X_test", "X_val", "y", "y_val"]
        for name in made:
            np.testing.assert_array_equal(shipped[name], made[name])


def test_one_label_in_twenty_of_the_training_part_is_wrong_and_no_other():
    clean, digits = data.digits()[1], noisy_digits.load()
    train, val, _ = np.split(np.random.default_rng(capstone_data.SEED).permutation(1797), [1000, 1350])
    np.testing.assert_array_equal(np.flatnonzero(digits["y"] != clean[train]), capstone_data.wrong_labels())
    assert len(capstone_data.wrong_labels()) == 50
    np.testing.assert_array_equal(digits["y_val"], clean[val])


def test_contrast_and_noise_are_as_stated():
    X, _ = data.digits(standardise=False)
    spoilt = capstone_data.spoil(np.repeat(X[:1], 4000, axis=0), np.random.default_rng(0))
    blank = spoilt[:, X[0] == 0]
    assert abs(blank.std() - 3.5) < 0.05
    ink = spoilt[:, X[0] > 12].mean(axis=1) / X[0, X[0] > 12].mean()
    assert abs(ink.mean() - 0.9) < 0.02


def test_pixels_survive_the_way_into_bytes():
    X = noisy_digits.load()["X_test"]
    np.testing.assert_array_equal(noisy_digits.decode(noisy_digits.encode(X)), X)


def test_the_standard_digits_come_in_three_parts_that_share_no_digit():
    (X, _), (X_val, _), locked = data.digits_split(seed=3)
    everything = np.concatenate([X, X_val, locked.X])
    assert len(np.unique(everything, axis=0)) == len(np.unique(data.digits(standardise=False)[0], axis=0))
    assert not np.array_equal(data.digits_split(seed=4)[0][0], X)


# the vault


def test_the_vault_counts_across_sessions_and_tells_no_score(tmp_path, capsys):
    _, _, locked = data.noisy_digits(tmp_path)
    locked.submit(np.zeros(447, dtype=int))
    assert capsys.readouterr().out == "Noted: 447 predictions. The vault has been opened once.\n"
    _, _, again = data.noisy_digits(tmp_path)
    again.submit(capstone_data.test_labels())
    assert capsys.readouterr().out == "Noted: 447 predictions. The vault has been opened twice.\n"
    assert (locked.opened, again.opened) == (1, 2)
    assert again.predictions[1] == capstone_data.test_labels().tolist()


def test_who_studies_alone_sees_the_score(tmp_path, capsys):
    capstone_data.main(["--self-study", str(tmp_path)])
    _, _, locked = data.noisy_digits(tmp_path)
    locked.submit(capstone_data.test_labels())
    assert capsys.readouterr().out.endswith("Accuracy on the test part: 1.000.\n")
    assert str(capstone_data.test_labels()[:20].tolist())[1:-1] not in (tmp_path / noisy_digits.KEY).read_text()


@pytest.mark.parametrize("wrong", [[1, 2], np.zeros((3, 1), dtype=int), [0.0, 1.0, 2.0], [1, 2, 10], [-1, 2, 3], None])
def test_the_vault_stays_closed_for_what_are_no_predictions(wrong):
    locked = vault.TestVault(np.zeros((3, 64)))
    with pytest.raises(ValueError, match="the vault takes 3 whole numbers from 0 to 9; got shape"):
        locked.submit(wrong)
    assert locked.opened == 0


def test_the_vaults_pictures_cannot_be_written_to():
    locked = vault.TestVault(np.zeros((3, 64)))
    locked.X[:] = 1
    assert not locked.X.any()


# the trainer


def test_the_same_settings_and_seed_give_the_same_run():
    config = capstone.SOUND | {"epochs": 2, "drop_prob": 0.3, "input_noise": 0.2}
    first = capstone.run(config, 5)
    capstone_training._run.cache_clear()
    torch.rand(3)
    second = capstone.run(config, 5)
    assert first is not second
    assert (first.losses, first.accuracies) == (second.losses, second.accuracies)
    for name, array in first.weights.items():
        np.testing.assert_array_equal(array, second.weights[name])
    assert capstone.run(config, 6).losses != first.losses


def test_training_leaves_torchs_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    capstone.run(capstone.SOUND | {"epochs": 1}, 77)
    torch.testing.assert_close(torch.rand(2), expected)


def test_the_script_that_was_found_is_the_bad_start():
    torch.set_num_threads(1)
    net = capstone.build(capstone.BAD_START, 0)
    assert bad_start.train(seed=0, epochs=1)[0] < 0.3
    torch.manual_seed(0)
    layers = [torch.nn.Linear(64, 64) for _ in range(10)] + [torch.nn.Linear(64, 10)]
    for layer in layers:
        torch.nn.init.normal_(layer.weight)
    theirs = [module.weight for module in net if isinstance(module, torch.nn.Linear)]
    assert all(torch.equal(mine.weight, other) for mine, other in zip(layers, theirs, strict=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 1e9}, "lr must be a number from 1e-07 to 100, got 1000000000.0"),
        ({"lr": float("nan")}, "lr must be a number"),
        ({"epochs": 2.5}, "epochs must be whole, got 2.5"),
        ({"batch": True}, "batch must be a number from 8 to 1000, got True"),
        ({"init": "he"}, "init must be one of"),
        ({"hidden": [300]}, "hidden must be a list of up to 12 widths"),
        ({"hidden": [64] * 13}, "hidden must be a list of up to 12 widths"),
        ({"epochs": 60, "batch": 8}, "at most 2600 updates"),
        ({"colour": 1}, r"unknown: \['colour'\]"),
    ],
)
def test_a_setting_out_of_range_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        capstone.run(capstone.SOUND | change)


def test_weights_of_another_net_are_refused():
    weights = capstone.run(capstone.SOUND | {"epochs": 1}).weights
    with pytest.raises(ValueError, match="names or shapes differ"):
        capstone.predict(capstone.SOUND | {"hidden": [32]}, weights, np.zeros((1, 64)))


def test_a_range_test_ends_in_infinities_when_it_blows_up():
    rates, losses = capstone.range_test(capstone.BAD_START | {"activation": "relu"}, high=1e6)
    assert rates.shape == losses.shape == (120,)
    assert np.isinf(losses[-1])
    assert np.isfinite(losses[0])


# the log


def test_a_log_is_written_line_by_line_and_read_again(tmp_path):
    log = RunLog(tmp_path / "run_log.jsonl", trainer=run_log.stand_in(0.1))
    row = log.start(capstone.SOUND, "the beginning of it")
    log.run(row, "a smaller rate", lr=0.05)
    assert run_log.read(tmp_path / "run_log.jsonl") == log.rows == json.loads(json.dumps(log.rows))
    assert run_log.changed(log.rows[1], log.rows) == ["lr"]
    assert [run_log.in_form(log.rows), run_log.one_change_each(log.rows), run_log.all_explained(log.rows)] == [(NONE, "")] * 3


@pytest.mark.parametrize("rows", [[], None, "rows", [1], [{}], [{"run": 0}]])
def test_what_is_no_log_is_called_so(rows):
    assert run_log.in_form(rows)[0] in ("the log is empty", "a row is not complete")


def test_a_row_that_was_made_up_does_not_come_out_again():
    log = RunLog()
    row = log.start(capstone.SOUND | {"epochs": 1}, "one epoch")
    assert run_log.reproduced([row]) == (NONE, "")
    assert run_log.reproduced([row | {"accuracy": row["accuracy"] + 0.021}])[0] == "a logged number does not come out again"
    assert run_log.reproduced([row | {"loss": None}])[0] == "a logged number does not come out again"


def test_the_search_of_the_reference_follows_wherever_the_best_rate_lies():
    for seed, peak in enumerate((3e-5, 1e-3, 0.1, 2.0, 12.0)):
        log = RunLog(trainer=run_log.stand_in(peak))
        row = reference.search(log, np.random.default_rng(seed))
        assert run_log.searched(log.rows) == run_log.at_boundary(log.rows) == (NONE, "")
        assert 0.1 < row["config"]["lr"] / peak < 10


# numbers that the notebook states

STATED = {
    "linear": ({"hidden": []}, 0.81),
    "plain": ({}, 0.815),
    "batchnorm": ({"batchnorm": True}, 0.78),
    "weight decay": ({"weight_decay": 0.03}, 0.827),
    "dropout": ({"hidden": [256, 256], "drop_prob": 0.5}, 0.832),
    "label smoothing": ({"label_smoothing": 0.3}, 0.832),
}


def test_hes_weights_on_the_last_layer_cost_a_half_to_one():
    losses = [capstone.run(capstone.SOUND | {"init": "kaiming", "epochs": 1}, seed).initial_loss for seed in range(6)]
    assert 0.5 < np.mean(losses) - np.log(10) < 1.0


@pytest.mark.parametrize("name", STATED)
def test_the_basis_of_the_tiers(name):
    change, stated = STATED[name]
    config = capstone.SOUND | change
    scores = [capstone_data.score(config, s, capstone.run(config, s).weights, np.random.default_rng(s)) for s in range(3)]
    assert abs(np.mean(scores) - stated) < 0.02


def test_every_tier_can_be_reached_with_room_to_spare():
    config, _, _ = reference.final_model()
    scores = [capstone_data.score(config, s, capstone.run(config, s).weights, np.random.default_rng(s)) for s in range(2)]
    assert min(scores) > 0.855


def test_weights_from_elsewhere_do_not_count():
    config, seed, weights = reference.final_model()
    slow = config | {"epochs": 1, "lr": 1e-5}
    assert capstone_data.score(slow, seed, weights, np.random.default_rng(0)) < 0.5
    assert capstone_data.about(slow, seed, weights) == "several ideas, unlike a run"
    assert capstone_data.about(config, seed + 1, weights) == "several ideas, near a run"
    assert capstone_data.about(config, seed, weights) == "several ideas, of a run"
