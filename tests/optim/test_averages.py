"""Averages of models: what they hold after some steps, and what making them leaves as it was."""

from __future__ import annotations

import math

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.optim.swa_utils import SWALR, AveragedModel, update_bn


def _dense(value: float) -> nn.Linear:
    net = nn.Linear(1, 1, bias=False)
    with ac.no_grad():
        net.weight.fill_(value)
    return net


def test_new_statistics_leave_momentum_and_mode_as_they_were() -> None:
    net = nn.Sequential(nn.BatchNorm1d(1, momentum=0.25), nn.BatchNorm1d(1, momentum=None), nn.Dropout(0.5)).eval()
    with ac.no_grad():
        net[0].running_mean.fill_(100.0)
    update_bn([ac.tensor([[1.0], [3.0]]), (ac.tensor([[5.0], [9.0]]), "a label")], net)
    assert [net[0].momentum, net[1].momentum] == [0.25, None]
    assert not net.training and not net[2].training
    assert float(net[0].running_mean) == pytest.approx((2 + 7) / 2)  # every batch counts the same, what was before not at all
    assert float(net[0].running_var) == pytest.approx((2 + 8) / 2)
    assert int(net[0].num_batches_tracked) == 2


def test_an_error_in_the_data_leaves_momentum_and_mode_as_they_were() -> None:
    net = nn.BatchNorm1d(1, momentum=0.25).eval()

    def loader():
        yield ac.tensor([[1.0], [3.0]])
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        update_bn(loader(), net)
    assert net.momentum == 0.25 and not net.training


def test_statistics_are_made_without_a_graph() -> None:
    net = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    recorded = []
    net[0].register_forward_hook(lambda module, args, out: recorded.append(out.requires_grad))
    update_bn([ac.tensor([[1.0], [3.0]])], net)
    assert recorded == [False] and net.training


def test_a_plain_average_of_four() -> None:
    averaged = AveragedModel(_dense(0.0))
    for value in (1.0, 2.0, 6.0, 11.0):  # the first takes the place of what the model was made with
        averaged.update_parameters(_dense(value))
    assert float(averaged.module.weight) == pytest.approx(5.0)
    assert int(averaged.n_averaged) == 4


def _rates(epochs: int, strategy: str, steps: int) -> list[float]:
    optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = SWALR(optimizer, swa_lr=0.2, anneal_epochs=epochs, anneal_strategy=strategy)
    made = [scheduler.get_last_lr()[0]]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        made.append(scheduler.get_last_lr()[0])
    return made


def test_the_way_to_the_constant_rate() -> None:
    assert _rates(4, "linear", 6) == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])
    assert _rates(4, "cos", 6) == pytest.approx([0.2 + 0.4 * (1 + math.cos(math.pi * min(k, 4) / 4)) for k in range(7)])
    assert _rates(1, "linear", 3) == pytest.approx([1.0, 0.2, 0.2, 0.2])
    assert _rates(0, "linear", 3) == pytest.approx([0.2] * 4)  # no way: there at once
