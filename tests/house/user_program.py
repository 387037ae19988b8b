"""What a user writes, for the type checker: every line must be understood, none guessed as Any."""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np

import autograd_cnn as ac
from autograd_cnn import Scalar, Tensor, nn
from autograd_cnn.drawing import Drawing, Frames
from autograd_cnn.nn import functional as F


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5)
        self.norm = nn.BatchNorm2d(6)
        self.fc = nn.Linear(6 * 14 * 14, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
        out: Tensor = self.fc(x.flatten(1))
        return out


def figures() -> None:
    x = ac.randn(2, 3, requires_grad=True)
    assert_type(ac.draw(x.sum(), backward=True), Drawing)
    assert_type(ac.draw.confusion([0, 1], [1, 1], classes=["cat", "dog"]), Drawing)
    assert_type(ac.draw.using(lang="de").steps(x.sum()), Frames)
    assert_type(ac.draw.dot(x.sum()), str)


def operations() -> None:
    x = ac.randn(2, 3, requires_grad=True)
    assert_type(ac.relu(x), Tensor)
    assert_type(ac.cat([x, x], 1), Tensor)
    assert_type(ac.stack((x, x)), Tensor)
    assert_type(ac.where(x > 0, x, 0.0), Tensor)
    assert_type(x * 2 + 1 - x / 3, Tensor)
    assert_type(2 ** (1 - x), Tensor)
    assert_type(x @ x.T, Tensor)
    assert_type(-x[:, 0], Tensor)
    assert_type((x > 0) & (x < 1), Tensor)
    assert_type(x.sum(), Tensor)
    assert_type(x.max(), Tensor)
    assert_type(x.reshape(3, 2).exp().mean(0), Tensor)
    assert_type(x.view(-1), Tensor)
    assert_type(x.to(ac.float64), Tensor)
    assert_type(x.mT.contiguous(), Tensor)
    assert_type(x.is_cuda, bool)
    assert_type(x.itemsize, int)
    kind: np.dtype[Any] = ac.float32
    assert_type(ac.allclose(x, x), bool)
    assert_type(ac.matmul(x, x.t()), Tensor)
    assert_type(F.conv2d(ac.ones(1, 1, 4, 4), ac.ones(1, 1, 3, 3), padding=1), Tensor)
    assert_type(F.cross_entropy(x, ac.zeros(2, dtype=ac.int64)), Tensor)
    assert_type(F.max_pool2d(ac.ones(1, 1, 4, 4), 2), Tensor)
    assert_type(F.max_pool2d(ac.ones(1, 1, 4, 4), 2, return_indices=True), tuple[Tensor, Tensor])
    values, indices = x.max(dim=1)
    x.add_(1).mul_(2.0).zero_()
    x.sum().backward()
    print(x.grad, values, indices, kind)


def scalars() -> None:
    a, b = Scalar(2.0, "a"), Scalar(-3.0, "b")
    assert_type(a * b + 1, Scalar)
    assert_type((2 / a).tanh(), Scalar)
    (a * b).backward()


def wrong() -> None:
    ac.rleu(ac.ones(1))  # type: ignore[attr-defined]
    F.conv2(ac.ones(1))  # type: ignore[attr-defined]
    ac.ones(1).rleu()  # type: ignore[attr-defined]
    ac.relu("1")  # type: ignore[arg-type]
    ac.ones(1).sum(keepdims="yes", dtype=None, foo=1)  # type: ignore[call-arg]


def train() -> None:
    net = Net()
    optimizer = ac.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        loss = F.cross_entropy(net(ac.randn(4, 1, 32, 32)), ac.randint(0, 10, (4,)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with ac.no_grad():
        print(net(ac.randn(1, 1, 32, 32)).argmax(1))
    ac.save(net.state_dict(), "net.pt")
    net.load_state_dict(ac.load("net.pt"))
