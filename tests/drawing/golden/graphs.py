"""Computational graphs."""

from __future__ import annotations

from typing import Any

import autograd_cnn as ac
from autograd_cnn import Scalar, draw, nn
from autograd_cnn.autograd import Function
from autograd_cnn.drawing import Drawing
from autograd_cnn.nn import functional as F

from . import figure


class Residual(nn.Module):
    """A basic block; the skip path has a convolution of its own where the number of channels grows."""

    def __init__(self, n_in: int, n: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)
        self.downsample = nn.Conv2d(n_in, n, 1, bias=False) if n_in != n else None

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class Stages(nn.Module):
    """A small residual network: a stem and three stages of 3, 9 and 24 blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.layer1 = nn.Sequential(*(Residual(4, 4) for _ in range(3)))
        self.layer2 = nn.Sequential(Residual(4, 8), *(Residual(8, 8) for _ in range(8)))
        self.layer3 = nn.Sequential(Residual(8, 16), *(Residual(16, 16) for _ in range(23)))
        self.fc = nn.Linear(16, 10)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        y = self.layer2(F.max_pool2d(self.layer1(self.stem(x).relu()), 2))
        y = self.layer3(F.max_pool2d(y, 2))
        out: ac.Tensor = self.fc(y.mean((2, 3)))
        return out


class Inception(nn.Module):
    """Four branches, put together."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(8, 4, 1)
        self.b = nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU(), nn.Conv2d(4, 6, 3, padding=1))
        self.c = nn.Sequential(nn.Conv2d(8, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 5, padding=2))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(8, 2, 1))

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        return ac.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.RNNCell(28, 32), nn.Linear(32, 10)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        h = ac.zeros(x.shape[0], 32)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        y: ac.Tensor = self.out(h)
        return y


class Cube(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g


def perceptron_loss() -> tuple[ac.Tensor, dict[str, ac.Tensor]]:
    ac.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    x, y = ac.randn(32, 784), ac.randint(0, 10, (32,))
    return F.cross_entropy(model(x), y), {"x": x, "y": y}


def stages_loss() -> tuple[ac.Tensor, dict[str, ac.Tensor]]:
    ac.manual_seed(0)
    x, y = ac.randn(2, 3, 12, 12), ac.randint(0, 10, (2,))
    return F.cross_entropy(Stages()(x), y), {"x": x, "y": y}


@figure
def two_nodes() -> Drawing:
    x = Scalar(3.0, "x")
    return draw(x * 2.0, backward=True)


@figure
def sigmoid_neuron() -> Drawing:
    w0, x0, w1, x1, w2 = (Scalar(v, n) for n, v in (("w0", 2.0), ("x0", -1.0), ("w1", -3.0), ("x1", -2.0), ("w2", -3.0)))
    return draw(1.0 / (1.0 + (-(w0 * x0 + w1 * x1 + w2)).exp()), backward=True)


@figure
def perceptron() -> Drawing:
    loss, names = perceptron_loss()
    return draw(loss, backward=True, names=names, title="Two-layer perceptron")


@figure
def perceptron_passes() -> Drawing:
    loss, names = perceptron_loss()
    return draw(loss, backward="graph", names=names, title="Two-layer perceptron")


@figure
def scalar_passes() -> Drawing:
    a, b = Scalar(2.0, "a"), Scalar(-3.0, "b")
    return draw((a * b + a.tanh()) ** 2, backward="graph")


@figure
def residual_passes() -> Drawing:
    ac.manual_seed(0)
    x = ac.randn(2, 4, 8, 8, requires_grad=True)
    return draw(Residual(4, 8)(x).sum(), backward="graph", names={"x": x}, depth=3)


@figure
def lenet() -> Drawing:
    ac.manual_seed(0)
    layers = [nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(256, 10))
    x, y = ac.randn(4, 1, 28, 28), ac.randint(0, 10, (4,))
    return draw(F.cross_entropy(model(x), y), backward=True, names={"x": x, "y": y}, title="LeNet")


@figure
def inception() -> Drawing:
    ac.manual_seed(0)
    x = ac.randn(1, 8, 14, 14, requires_grad=True)
    return draw(Inception()(x).mean(), backward=True, names={"x": x})


@figure
def stages_folded() -> Drawing:
    loss, names = stages_loss()
    return draw(loss, backward=True, names=names, title="Residual network")


@figure
def stages_folded_german() -> Drawing:
    loss, names = stages_loss()
    return draw(loss, backward=True, names=names, depth=1, lang="de", title="Residuales Netz")


@figure
def stages_focus() -> Drawing:
    loss, names = stages_loss()
    return draw(loss, backward=True, names=names, focus="layer2.4", title="Residual network")


@figure
def stages_passes() -> Drawing:
    loss, names = stages_loss()
    return draw(loss, backward="graph", names=names, depth=1, title="Residual network")


@figure
def recurrent() -> Drawing:
    ac.manual_seed(0)
    x, y = ac.randn(4, 28, 28), ac.randint(0, 10, (4,))
    return draw(F.cross_entropy(Recurrent()(x), y), backward=True, names={"x": x, "y": y})


@figure
def stopped_gradients() -> Drawing:
    """Where does a gradient stop? At a dead unit (0), a division by zero (NaN), a detached value, a leaf that was forgotten."""
    ac.manual_seed(0)
    x, w, v, u = (ac.randn(4, 4, requires_grad=True) for _ in range(4))
    dead = F.relu(x @ w - 100.0)
    broken = ((v * 0.0) / (v * 0.0)).sum()
    total = (dead * u.detach()).sum() + broken + (u * 1.0).sum()
    return draw(total, backward=True, fold="none", names={"x": x, "w": w, "v": v, "u": u})


@figure
def control_flow() -> Drawing:
    """A value used many times, an in-place operation, an own function; two results."""
    ac.manual_seed(0)
    x = ac.randn(4, 4, requires_grad=True)
    h = x * 2.0
    h.add_(1.0)
    for k in range(3):
        h = h @ x if k % 2 else Cube.apply(h)
    return draw([h.sum(), h.max()], names={"x": x})
