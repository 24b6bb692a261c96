"""Planted defects: every one of them is there, and the nets around them work."""

import pytest
import torch

from autograder.lab import defects

KINDS = (*defects.LEAKS, "mirrored", "above one", "last place", "cut")
CONDITIONS = (
    *("healthy", "frozen", "all frozen", "left out", "unused", "dead", "list", "tuple", "nested", "in order"),
    *("tied", "tied left out", "stale", "one of each"),
)


def moved_by_the_first(kind, *, evaluation=False):
    net = defects.suspect(kind, width=6, seed=1).train(not evaluation)
    batch = torch.randn(5, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    nudged = batch.clone()
    nudged[0] += 3
    with torch.no_grad():
        return (net(nudged) != net(batch)).flatten(1).any(dim=1).tolist()


@pytest.mark.parametrize("kind", ["clean", "mirrored", "cut"])
def test_clean_nets_keep_their_samples_apart(kind):
    assert moved_by_the_first(kind) == [True, False, False, False, False]


def test_every_leak_lets_one_sample_reach_another():
    for kind in defects.LEAKS[1:]:
        assert any(moved_by_the_first(kind)[1:]), kind
    assert moved_by_the_first("above one") == [True, True, False, False, False]
    assert moved_by_the_first("last place") == [True, False, False, False, True]


def test_batchnorm_is_clean_in_evaluation_mode():
    assert moved_by_the_first("batchnorm", evaluation=True) == [True, False, False, False, False]


def test_an_unknown_kind_is_an_error():
    with pytest.raises(KeyError):
        defects.suspect("healthy")


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_trainee_takes_a_batch_and_has_an_optimizer_with_two_groups(condition):
    model, optimizer = defects.trainee(condition, seed=2)
    assert model(torch.zeros(4, 5, dtype=torch.float64)).shape == (4, 3)
    assert len(optimizer.param_groups) == 2


def test_a_stale_optimizer_holds_equal_numbers_in_other_tensors():
    model, optimizer = defects.trainee("stale", seed=2)
    held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for mine, theirs in zip(model.parameters(), held, strict=True):
        assert mine is not theirs
        assert torch.equal(mine, theirs)


def test_torchs_own_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    defects.suspect("clean")
    defects.trainee("one of each")
    assert torch.equal(torch.rand(3), expected)
