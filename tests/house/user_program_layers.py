"""More of what a user writes, for the type checker: layers, data, schedules, more operations."""

from __future__ import annotations

from typing import assert_type

import autograd_cnn as ac
from autograd_cnn import Tensor, nn
from autograd_cnn.nn import functional as F
from autograd_cnn.nn import init, utils
from autograd_cnn.optim import AdamW, lr_scheduler
from autograd_cnn.optim.swa_utils import AveragedModel
from autograd_cnn.utils.data import DataLoader, Dataset, TensorDataset, random_split


class Pictures(Dataset[tuple[Tensor, int]]):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return ac.zeros(1, 8, 8), index


def operations() -> None:
    x = ac.rand(3, 4)
    assert_type(ac.cumsum(x, 0), Tensor)
    assert_type(ac.einsum("ij,kj->ik", x, x), Tensor)
    assert_type(ac.searchsorted(ac.arange(4), ac.tensor([1, 2])), Tensor)
    assert_type(x.split(2, 1), tuple[Tensor, ...])
    assert_type(x.unsqueeze(0).expand(2, -1, -1), Tensor)
    assert_type(x.masked_fill(x > 0.5, 0.0), Tensor)
    assert_type(x.scatter(1, ac.zeros(3, 1, dtype=ac.int64), 1.0), Tensor)
    assert_type(x.clamp(min=0.0).sqrt_().neg_(), Tensor)
    assert_type(x.dim(), int)
    assert_type(x.size(0), int)
    assert_type(x.std(dim=0, correction=0), Tensor)
    assert_type(F.interpolate(ac.ones(1, 1, 2, 2), scale_factor=2.0), Tensor)
    assert_type(F.pad(x, (1, 1), mode="constant", value=0.0), Tensor)


def training() -> None:
    net = nn.Sequential(
        nn.LazyConv2d(4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(2)
    )
    init.kaiming_normal_(ac.empty(3, 3), nonlinearity="relu")
    optimizer = AdamW([{"params": net.parameters(), "lr": 1e-3}], weight_decay=0.01)
    schedule = lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=10)
    averaged = AveragedModel(net)
    train, rest = random_split(Pictures(), [3, 1])
    for image, label in DataLoader(train, batch_size=2, shuffle=True):
        loss = F.cross_entropy(net(image), label % 2)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        assert_type(utils.clip_grad_norm_(net.parameters(), 1.0), Tensor)
        optimizer.step()
        schedule.step()
        averaged.update_parameters(net)
    print(len(rest), TensorDataset(ac.zeros(2), ac.ones(2))[0], schedule.get_last_lr())


def wrong() -> None:
    nn.Conv2d(1, 6)  # type: ignore[call-arg]
    nn.Linear("3", 2)  # type: ignore[arg-type]
    ac.ones(1).reshpae(1)  # type: ignore[attr-defined]
    nn.Conv2dd(1, 1, 1)  # type: ignore[attr-defined]
