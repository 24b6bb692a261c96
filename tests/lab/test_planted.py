"""Planted defects are where they are said to be, and traces of an instrument are seen."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import planted


def _net():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).double()


@pytest.mark.parametrize(
    ("what", "touch"),
    [
        ("weights", lambda net: nn.init.zeros_(net[0].weight)),
        ("statistics", lambda net: net[1].running_mean.add_(1)),
        ("modes", lambda net: net[1].eval()),
        ("gradients", lambda net: setattr(net[0].weight, "grad", torch.zeros_like(net[0].weight))),
        ("hooks", lambda net: net[0].register_forward_hook(lambda *_: None)),
        ("hooks", lambda net: net[0].register_forward_pre_hook(lambda *_: None)),
    ],
)
def test_a_trace_is_named(what, touch):
    net = _net()
    before = planted.condition(net)
    assert planted.traces(before, net) == []
    touch(net)
    assert planted.traces(before, net) == [what]


@pytest.mark.parametrize(
    ("defect", "expected"), [("", 2.3), ("summed", 9 * 2.3), ("softmax over the batch", 2.2), ("batchnorm", 2.3)]
)
def test_first_losses(defect, expected):
    X, y = torch.randn(9, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), torch.arange(9)
    logits, loss = planted.starter(defect, seed=0, inputs=5).eval()(X, y)
    assert logits.shape == (9, 10)
    assert loss.item() == pytest.approx(expected, rel=0.05)


def test_a_loud_net_and_one_that_knows_the_shares():
    X = torch.randn(50, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = torch.zeros(50, dtype=torch.long)
    assert planted.starter("loud", seed=0, inputs=5)(X, y)[1] > 4
    assert planted.starter("knows the shares", seed=0, inputs=5)(X, y)[1] < 0.5


@pytest.mark.parametrize("kind", planted.LAYERS)
def test_custom_layers_are_wrong_in_what_they_are_called_after(kind):
    def agrees(start, transposed):
        x = torch.linspace(-2, 2, 6, dtype=torch.float64).reshape(2, 3).add(0.1).requires_grad_()
        layer = planted.CustomLayer(kind, start)

        def function(x, number):
            return torch.func.functional_call(layer, {"number": number}, (x.T if transposed else x,))

        return torch.autograd.gradcheck(function, (x, layer.number), raise_exception=False)

    assert agrees(0.4, False) is (kind != "second argument")
    assert agrees(-0.4, False) is (kind not in ("second argument", "negative slope"))
    assert agrees(0.4, True) is (kind not in ("second argument", "non-contiguous input"))


def test_a_net_with_a_custom_layer_has_67_parameters():
    net = planted.with_custom_layer("leaky", 0.1, True, seed=0)
    assert sum(parameter.numel() for parameter in net.parameters()) == 67
    assert net(torch.ones(4, 5, dtype=torch.float64)).shape == (4, 3)


def test_half_scaled():
    net = planted.HalfScaled(4)
    net(torch.ones(3, 4, dtype=torch.float64)).sum().backward()
    assert torch.allclose(net.tail[0].grad, 1.5 * net.head.weight[0])
    assert [name for name, _ in net.named_parameters()][-1] == "tail.0"


@pytest.mark.parametrize("kind", planted.ILL)
def test_nets_run_out_of_numbers_on_the_way_that_is_said(kind):
    net = planted.runs_out_of_numbers(kind, seed=1)
    out = net(torch.randn(9, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(2)))
    out.sum().backward()
    assert bool(out.isfinite().all()) is (kind in ("healthy", "root", "log behind a mask", "gain"))
    assert all(bool(p.grad.isfinite().all()) for p in net.parameters()) is (kind == "healthy")


def test_nets_to_listen_to_and_to_train():
    X = torch.ones(2, 6, dtype=torch.float64)
    assert [planted.listening_post(kind, 0)(X).shape[0] for kind in ("plain", "in place", "nested")] == [2, 2, 2]
    for kind in ("dense", "convolution", "zeros"):
        loss = F.cross_entropy(planted.trainee(kind, 0)(torch.ones(3, 64, dtype=torch.float64)), torch.arange(3))
        assert loss.requires_grad
    assert not planted.trainee("zeros", 0)[0].weight.requires_grad


def test_kinds_of_values():
    weight = torch.ones((), requires_grad=True)
    assert planted.kinds([{"a": 1.0, "b": "x"}, {"a": weight.detach(), "c": 2 * weight}]) == [
        "Tensor",
        "Tensor with its graph",
        "float",
        "str",
    ]
