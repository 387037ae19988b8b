"""The graphs whose programs are kept as golden files, each made anew from seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.autograd import grad
from autograd_cnn.nn import functional as F
from autograd_cnn.vision.models import LeNet5


class Case:
    """A function, what it is called with, and whether its backward pass is written, too."""

    def __init__(self, fn: Callable[..., Any], *args: Any, backward: bool = True) -> None:
        self.fn, self.args, self.backward = fn, args, backward

    def source(self) -> Any:
        """The program."""
        return ac.trace(self.fn, *self.args).source(backward=self.backward)


GRAPHS: dict[str, Callable[[], Case]] = {}


def golden(fn: Callable[[], Case]) -> Callable[[], Case]:
    """A function that gives a case is a golden one."""
    GRAPHS[fn.__name__] = fn
    return fn


@golden
def neuron() -> Case:
    """One neuron of Scalars."""
    x1, x2, w1, w2, b = (ac.Scalar(v, n) for v, n in ((2.0, "x1"), (0.0, "x2"), (-3.0, "w1"), (1.0, "w2"), (6.88, "b")))
    return Case(lambda x1, x2: (w1 * x1 + w2 * x2 + b).tanh(), x1, x2)


@golden
def micrograd() -> Case:
    """A net of two layers of Scalars, as in micrograd, with the hinge loss of one point."""
    w = [[ac.Scalar(v, f"w{i}{j}") for j, v in enumerate(row)] for i, row in enumerate(((0.5, -1.0), (1.5, 0.25), (-0.75, 1.0)))]
    b = [ac.Scalar(v, f"b{i}") for i, v in enumerate((0.1, -0.2, 0.3))]
    v = [ac.Scalar(x, f"v{i}") for i, x in enumerate((1.0, -2.0, 0.5))]

    def loss(x: Any, y: Any, t: Any) -> Any:
        hidden = [(wi[0] * x + wi[1] * y + bi).relu() for wi, bi in zip(w, b, strict=True)]
        score = v[0] * hidden[0] + v[1] * hidden[1] + v[2] * hidden[2]
        return (1 - t * score).relu()

    return Case(loss, ac.Scalar(0.8, "x"), ac.Scalar(0.3, "y"), ac.Scalar(-1.0, "t", requires_grad=False))


class MLP(nn.Module):
    """Two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        """x (N, 4) → (N, 3)"""
        return self.fc2(self.fc1(x).tanh())


@golden
def mlp_mse() -> Case:
    """Two layers and the mean squared error."""
    net = MLP()

    def loss(x: Any, target: Any) -> Any:
        return F.mse_loss(net(x), target)

    return Case(loss, ac.randn(5, 4), ac.randn(5, 3))


@golden
def mlp_by_hand() -> Case:
    """The same from operations alone."""
    W1, b1, W2, b2 = (ac.randn(*s).requires_grad_() for s in ((4, 8), (8,), (8, 3), (3,)))

    def loss(x: Any, target: Any) -> Any:
        h = ac.tanh(x @ W1 + b1)
        return ((h @ W2 + b2 - target) ** 2).mean()

    return Case(loss, ac.randn(5, 4), ac.randn(5, 3))


@golden
def softmax_cross_entropy() -> Case:
    """A linear classifier."""
    fc = nn.Linear(4, 3)

    def loss(x: Any, labels: Any) -> Any:
        return F.cross_entropy(fc(x), labels)

    return Case(loss, ac.randn(5, 4), ac.tensor([0, 2, 1, 1, 0]))


@golden
def softmax_alone() -> Case:
    """Softmax, whose gradient begins with one that is handed in."""
    return Case(lambda x: x.softmax(-1), ac.randn(2, 3))


@golden
def lenet5() -> Case:
    """LeNet-5 and the cross entropy."""
    net = LeNet5()

    def loss(x: Any, labels: Any) -> Any:
        return F.cross_entropy(net(x), labels)

    return Case(loss, ac.randn(2, 1, 32, 32), ac.tensor([3, 7]))


@golden
def lenet5_inference() -> Case:
    """LeNet-5 forward alone."""
    return Case(LeNet5(), ac.randn(1, 1, 32, 32), backward=False)


@golden
def lstm_cell() -> Case:
    """One step of an LSTM."""
    cell = nn.LSTMCell(3, 4)

    def step(x: Any, h: Any, c: Any) -> Any:
        return cell(x, (h, c))

    return Case(step, ac.randn(2, 3), ac.randn(2, 4), ac.randn(2, 4))


class Residual(nn.Module):
    """Convolution, batch norm, ReLU, with a way around."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(3)

    def forward(self, x: Any) -> Any:
        """x (N, 3, H, W) → (N, 3, H, W)"""
        return (self.bn(self.conv(x)) + x).relu()


@golden
def residual_block() -> Case:
    """Batch norm in training, whose running statistics move."""
    return Case(Residual(), ac.randn(2, 3, 5, 5))


@golden
def residual_block_eval() -> Case:
    """The same in evaluation."""
    return Case(Residual().eval(), ac.randn(2, 3, 5, 5))


class Dilated(nn.Module):
    """A dilated network over time."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(2, 4, 3, dilation=1, padding=1)
        self.conv2 = nn.Conv1d(4, 4, 3, dilation=2, padding=2)
        self.conv3 = nn.Conv1d(4, 1, 1)

    def forward(self, x: Any) -> Any:
        """x (N, 2, T) → (N, 1, T)"""
        return self.conv3(self.conv2(self.conv1(x).relu()).relu())


@golden
def dilated_1d() -> Case:
    """A dilated network, its mean squared output."""
    net = Dilated()
    return Case(lambda signal: net(signal).square().mean(), ac.randn(2, 2, 12))


@golden
def dropout() -> Case:
    """Dropout between two layers: the mask is an argument."""
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.25), nn.Linear(6, 2))
    return Case(net, ac.randn(3, 4))


@golden
def attention() -> Case:
    """Scaled dot-product attention of two heads."""
    q, k, v = (ac.randn(2, 5, 4).requires_grad_() for _ in range(3))

    def attend(q: Any, k: Any, v: Any) -> Any:
        p = (q @ k.transpose(-2, -1) / 2.0).softmax(-1)
        return p @ v

    return Case(attend, q, k, v)


@golden
def multihead_attention() -> Case:
    """The layer of that name."""
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    return Case(lambda x: layer(x, x, x, need_weights=False)[0], ac.randn(1, 3, 4))


@golden
def second_derivative() -> Case:
    """x ↦ d/dx of the slope of tanh³: the source of a gradient, differentiated once more."""

    def slope(x: Any) -> Any:
        x = x.clone().requires_grad_() if not x.requires_grad else x
        (g,) = grad((x.tanh() ** 3).sum(), x, create_graph=True)
        return g.sum()

    return Case(slope, ac.randn(4).requires_grad_())


@golden
def gradient_penalty() -> Case:
    """The squared norm of a network's gradient by its input, differentiated by its weights."""
    W, v = ac.randn(3, 5).requires_grad_(), ac.randn(5).requires_grad_()

    def penalty(x: Any) -> Any:
        score = ac.tanh(x @ W) @ v
        (g,) = grad(score.sum(), x, create_graph=True)
        return (g**2).sum()

    return Case(penalty, ac.randn(2, 3).requires_grad_())


@golden
def momentum_step() -> Case:
    """One step of gradient descent with momentum."""
    rate, momentum = 0.1, 0.9

    def step(w: Any, velocity: Any, x: Any, target: Any) -> Any:
        (g,) = grad(F.mse_loss(x @ w, target), w)
        velocity = momentum * velocity + g
        return {"w": w - rate * velocity, "velocity": velocity}

    return Case(step, ac.randn(3, 1).requires_grad_(), ac.zeros(3, 1), ac.randn(6, 3), ac.randn(6, 1), backward=False)


@golden
def adam_step() -> Case:
    """One step of Adam for a given gradient."""

    def adam(w: Any, g: Any, m: Any, v: Any, t: Any) -> Any:
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        return w - 0.001 * m_hat / (v_hat.sqrt() + 1e-8), m, v

    return Case(adam, *(ac.randn(4) for _ in range(3)), ac.rand(4), ac.tensor(1.0), backward=False)


@golden
def embedding_bag() -> Case:
    """Words as vectors, their mean, a line through it."""
    table, out = nn.Embedding(10, 4), nn.Linear(4, 1)
    return Case(lambda words: out(table(words).mean(1)), ac.tensor([[1, 5, 2], [7, 7, 0]]))


@golden
def layer_norm_gelu() -> Case:
    """Layer norm and GELU."""
    net = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4), nn.GELU())
    return Case(net, ac.randn(2, 4))


def made(name: str) -> Case:
    """A golden case, from the same seed each time."""
    ac.manual_seed(0)
    return GRAPHS[name]()
