"""Models that are hard to fit on a screen: deep, wide, recurrent, with many like inputs; each with what `draw` is called with.

python -m tests.drawing.fitting_models [NAME …]      # a table: pixels, scale and smallest text on a screen of 1280×720
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import autograd_cnn as ac
from autograd_cnn import Scalar, nn
from autograd_cnn.nn import functional as F

MODELS: dict[str, Callable[[], tuple[Any, ...]]] = {}
VOLUMES: dict[str, Callable[[], tuple[Any, ...]]] = {}


def model(make: Callable[[], tuple[Any, ...]]) -> Callable[[], tuple[Any, ...]]:
    """Register what `draw` is called with, made from seed 0."""

    def run() -> tuple[Any, ...]:
        ac.manual_seed(0)
        return make()

    MODELS[make.__name__] = run
    return run


# ------------------------------------------------------------------------------------------------- encoders and decoders
class DoubleConv(nn.Module):
    def __init__(self, n_in: int, n: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n_in, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)
        self.conv2, self.bn2 = nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        return self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()


class Up(nn.Module):
    def __init__(self, n_in: int, n: int) -> None:
        super().__init__()
        self.up, self.conv = nn.ConvTranspose2d(n_in, n, 2, stride=2), DoubleConv(2 * n, n)

    def forward(self, x: ac.Tensor, skip: ac.Tensor) -> ac.Tensor:
        out: ac.Tensor = self.conv(ac.cat([skip, self.up(x)], 1))
        return out


class UNet(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (4, 8, 16, 32, 64)) -> None:
        super().__init__()
        self.inc = DoubleConv(1, widths[0])
        self.down = nn.ModuleList(DoubleConv(a, b) for a, b in itertools.pairwise(widths))
        self.up = nn.ModuleList(Up(b, a) for a, b in reversed(list(itertools.pairwise(widths))))
        self.out = nn.Conv2d(widths[0], 2, 1)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        skips = [self.inc(x)]
        for block in self.down:
            skips.append(block(F.max_pool2d(skips[-1], 2)))
        y = skips.pop()
        for block in self.up:
            y = block(y, skips.pop())
        out: ac.Tensor = self.out(y)
        return out


class FlatUNet(nn.Module):
    """The same without modules that hold modules."""

    def __init__(self) -> None:
        super().__init__()
        self.e1, self.e2, self.e3 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.u2, self.d2 = nn.ConvTranspose2d(16, 8, 2, stride=2), nn.Conv2d(16, 8, 3, padding=1)
        self.u1, self.d1 = nn.ConvTranspose2d(8, 4, 2, stride=2), nn.Conv2d(8, 4, 3, padding=1)
        self.out = nn.Conv2d(4, 1, 1)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        a = self.e1(x).relu()
        b = self.e2(F.max_pool2d(a, 2)).relu()
        c = self.e3(F.max_pool2d(b, 2)).relu()
        b = self.d2(ac.cat([b, self.u2(c)], 1)).relu()
        a = self.d1(ac.cat([a, self.u1(b)], 1)).relu()
        out: ac.Tensor = self.out(a)
        return out


@model
def unet() -> tuple[Any, ...]:
    return UNet()(ac.randn(1, 1, 32, 32)).mean(), {"backward": True}


@model
def unet_forward() -> tuple[Any, ...]:
    return UNet(), ac.randn(1, 1, 32, 32), {}


@model
def unet_flat() -> tuple[Any, ...]:
    return FlatUNet()(ac.randn(1, 1, 16, 16)).mean(), {"backward": True}


@model
def autoencoder() -> tuple[Any, ...]:
    down = [m for a, b in [(784, 256), (256, 64), (64, 16), (16, 4)] for m in (nn.Linear(a, b), nn.ReLU())]
    up = [m for a, b in [(4, 16), (16, 64), (64, 256), (256, 784)] for m in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Sequential(*down), nn.Sequential(*up))(ac.randn(2, 784)).pow(2).mean(), {"backward": True}


# ------------------------------------------------------------------------------------------------- loops over time
class TextLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.cell, self.out = nn.Embedding(50, 8), nn.LSTMCell(8, 16), nn.Linear(16, 50)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        e = self.embed(x)
        h = c = ac.zeros(x.shape[0], 16)
        for t in range(x.shape[1]):
            h, c = self.cell(e[:, t], (h, c))
        out: ac.Tensor = self.out(h)
        return out


class GRUByHand(nn.Module):
    """A cell of one's own, stepped over time, its outputs stacked."""

    def __init__(self) -> None:
        super().__init__()
        self.z, self.r, self.n = (nn.Linear(12, 8) for _ in range(3))
        self.out = nn.Linear(8, 3)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        h, hs = ac.zeros(x.shape[0], 8), []
        for t in range(x.shape[1]):
            both = ac.cat([x[:, t], h], 1)
            z, r = self.z(both).sigmoid(), self.r(both).sigmoid()
            n = self.n(ac.cat([x[:, t], r * h], 1)).tanh()
            h = (1 - z) * n + z * h
            hs.append(h)
        out: ac.Tensor = self.out(ac.stack(hs, 1))
        return out


class ConvLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gates, self.head = nn.Conv2d(1 + 4, 16, 3, padding=1), nn.Conv2d(4, 1, 1)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        h = c = ac.zeros(x.shape[0], 4, *x.shape[-2:])
        for t in range(x.shape[1]):
            i, f, o, g = self.gates(ac.cat([x[:, t], h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        out: ac.Tensor = self.head(h)
        return out


@model
def text_lstm() -> tuple[Any, ...]:
    return F.cross_entropy(TextLSTM()(ac.randint(0, 50, (2, 12))), ac.randint(0, 50, (2,))), {"backward": True}


@model
def lstm_layer() -> tuple[Any, ...]:
    return nn.LSTM(8, 16, batch_first=True)(ac.randn(2, 12, 8))[0].mean(), {"backward": True}


@model
def lstm_two_layers() -> tuple[Any, ...]:
    return nn.LSTM(8, 16, 2, bidirectional=True)(ac.randn(12, 2, 8))[0].mean(), {"backward": True}


@model
def gru_by_hand() -> tuple[Any, ...]:
    return GRUByHand()(ac.randn(2, 12, 4)).mean(), {"backward": True}


@model
def conv_lstm() -> tuple[Any, ...]:
    return ConvLSTM()(ac.randn(1, 12, 1, 8, 8)).mean(), {"backward": True}


@model
def rnn_without_modules() -> tuple[Any, ...]:
    w, u, h = ac.randn(4, 4, requires_grad=True), ac.randn(3, 4, requires_grad=True), ac.zeros(2, 4)
    for x in ac.randn(12, 2, 3):
        h = (h @ w + x @ u).tanh()
    return h.sum(), {"backward": True}


class Teacher(nn.Module):
    """A decoder that is told the truth, with a loss at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.GRUCell(5, 8), nn.Linear(8, 5)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        h, loss = ac.zeros(x.shape[0], 8), ac.tensor(0.0)
        for t in range(x.shape[1] - 1):
            h = self.cell(x[:, t], h)
            loss = loss + (self.out(h) - x[:, t + 1]).pow(2).mean()
        return loss


@model
def teacher_forcing() -> tuple[Any, ...]:
    return Teacher()(ac.randn(2, 13, 5)), {"backward": True}


# ------------------------------------------------------------------------------------------------- wide ones
class Branches(nn.Module):
    def __init__(self, n: int, deep: int = 1) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(m for k in range(deep) for m in (nn.Conv2d(8 if k == 0 else 4, 4, 2 * (i % 4) + 1, padding=i % 4), nn.ReLU())))
            for i in range(n)
        )

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        return ac.cat([b(x) for b in self.branches], 1)


@model
def inception_8() -> tuple[Any, ...]:
    return Branches(8, 2)(ac.randn(1, 8, 12, 12, requires_grad=True)).mean(), {"backward": True}


@model
def concat_16() -> tuple[Any, ...]:
    x = ac.randn(1, 8, requires_grad=True)
    return ac.cat([nn.Linear(8, 3 + k)(x) for k in range(16)], 1).sum(), {"backward": True}


@model
def multi_head() -> tuple[Any, ...]:
    x, heads = ac.randn(2, 5, 16), [[nn.Linear(16, 4) for _ in range(3)] for _ in range(8)]
    outs = [(q(x) @ k(x).transpose(1, 2)).softmax(-1) @ v(x) for q, k, v in heads]
    return nn.Linear(32, 16)(ac.cat(outs, -1)).mean(), {"backward": True}


@model
def cat_200() -> tuple[Any, ...]:
    return ac.cat([ac.randn(2, 3, requires_grad=True) for _ in range(200)]).sum(), {"backward": True}


@model
def cat_200_computed() -> tuple[Any, ...]:
    return ac.cat([ac.randn(2, 3, requires_grad=True).tanh() for _ in range(200)]).sum(), {"backward": True}


@model
def stack_mixed() -> tuple[Any, ...]:
    shapes = [(2, 3)] * 40 + [(4, 3)] * 30 + [(1, 3)]
    return ac.cat([ac.randn(*s, requires_grad=True) for s in shapes]).sum(), {"backward": True}


@model
def many_outputs() -> tuple[Any, ...]:
    x = ac.randn(4, 24, requires_grad=True)
    parts = x.tanh().split(1, 1)
    return (parts[0] * parts[23]).sum(), {"backward": True}


@model
def many_losses() -> tuple[Any, ...]:
    body, x = nn.Linear(4, 8), ac.randn(3, 4)
    h = body(x).relu()
    return sum((nn.Linear(8, k + 1)(h).pow(2).mean() for k in range(10)), ac.tensor(0.0)), {"backward": True}


# ------------------------------------------------------------------------------------------------- deep ones
@model
def linear_30() -> tuple[Any, ...]:
    return nn.Sequential(*(nn.Linear(8, 8) for _ in range(30)))(ac.randn(2, 8)).mean(), {"backward": True}


@model
def linear_30_unlike() -> tuple[Any, ...]:
    return nn.Sequential(*(nn.Linear(8 + k, 9 + k) for k in range(30)))(ac.randn(2, 8)).mean(), {"backward": True}


@model
def operations_40() -> tuple[Any, ...]:
    x = ac.randn(3, 3, requires_grad=True)
    for k in range(40):
        x = [x.tanh, x.sigmoid, x.exp, x.cos, x.sin][k % 5]() * (1.0 + k)
    return x.sum(), {"backward": True}


@model
def vgg() -> tuple[Any, ...]:
    return vgg_16(), ac.randn(1, 3, 32, 32), {}


def vgg_16(side: int = 32) -> Any:
    layers: list[Any] = []
    n_in = 3
    for n in (8, 8, 0, 16, 16, 0, 32, 32, 32, 0, 64, 64, 64, 0, 64, 64, 64, 0):
        layers += [nn.MaxPool2d(2)] if n == 0 else [nn.Conv2d(n_in, n, 3, padding=1), nn.ReLU()]
        n_in = n or n_in
    size = 64 * (side // 32) ** 2
    head = [nn.Linear(size, 128), nn.ReLU(), nn.Dropout(), nn.Linear(128, 128), nn.ReLU(), nn.Dropout(), nn.Linear(128, 10)]
    return nn.Sequential(nn.Sequential(*layers), nn.Flatten(), nn.Sequential(*head))


@model
def vgg_backward() -> tuple[Any, ...]:
    net = vgg_16()
    return F.cross_entropy(net(ac.randn(2, 3, 32, 32)), ac.randint(0, 10, (2,))), {"backward": True}


class Block(nn.Module):
    def __init__(self, n_in: int, n: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n_in, n, 3, stride, 1, bias=False), nn.BatchNorm2d(n)
        self.conv2, self.bn2 = nn.Conv2d(n, n, 3, 1, 1, bias=False), nn.BatchNorm2d(n)
        self.skip = nn.Sequential(nn.Conv2d(n_in, n, 1, stride, bias=False), nn.BatchNorm2d(n)) if stride > 1 else nn.Identity()

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        return (self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())) + self.skip(x)).relu()


class ResNet18(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(Block(8, 8, 1), Block(8, 8, 1))
        self.layer2 = nn.Sequential(Block(8, 16, 2), Block(16, 16, 1))
        self.layer3 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1))
        self.layer4 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1))
        self.fc = nn.Linear(64, 10)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        y = self.bn1(self.conv1(x)).relu()
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))
        out: ac.Tensor = self.fc(y.mean((2, 3)))
        return out


@model
def resnet_18() -> tuple[Any, ...]:
    return F.cross_entropy(ResNet18()(ac.randn(2, 3, 16, 16)), ac.randint(0, 10, (2,))), {"backward": True}


class Dense(nn.Module):
    def __init__(self, n: int = 12) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(4 + 2 * k, 2, 3, padding=1) for k in range(n))

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        features = [x]
        for layer in self.layers:
            features.append(layer(ac.cat(features, 1)).relu())
        return ac.cat(features, 1)


@model
def dense_block() -> tuple[Any, ...]:
    return Dense()(ac.randn(1, 4, 6, 6, requires_grad=True)).mean(), {"backward": True}


@model
def transformer() -> tuple[Any, ...]:
    layer = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 4)
    return layer(ac.randn(2, 5, 16)).mean(), {"backward": True}


@model
def long_names() -> tuple[Any, ...]:
    class AVeryLongClassNameOfAModuleThatNobodyReads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.the_projection_from_the_hidden_state_to_the_logits_of_the_vocabulary = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
            self.the_projection_from_the_hidden_state_to_the_logits_of_the_labels = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x: ac.Tensor) -> ac.Tensor:
            a = self.the_projection_from_the_hidden_state_to_the_logits_of_the_vocabulary(x)
            out: ac.Tensor = a + self.the_projection_from_the_hidden_state_to_the_logits_of_the_labels(a)
            return out

    nest = nn.Sequential(*(AVeryLongClassNameOfAModuleThatNobodyReads() for _ in range(2)))
    return nest(ac.randn(2, 4)).sum(), {"backward": True}


# ------------------------------------------------------------------------------------------------- of many kinds
@model
def siamese_triplet() -> tuple[Any, ...]:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    a, b, c = (net(ac.randn(2, 4)) for _ in range(3))
    return ((a - b).pow(2).sum(1) - (a - c).pow(2).sum(1) + 1.0).relu().mean(), {"backward": True}


class SqueezeExcite(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.conv, self.down, self.up = nn.Conv2d(n, n, 3, padding=1), nn.Linear(n, n // 2), nn.Linear(n // 2, n)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        y = self.conv(x)
        scale = self.up(self.down(y.mean((2, 3))).relu()).sigmoid()
        return x + y * scale.reshape(x.shape[0], -1, 1, 1)


@model
def squeeze_excite_4() -> tuple[Any, ...]:
    return nn.Sequential(*(SqueezeExcite(4) for _ in range(4)))(ac.randn(1, 4, 6, 6)).mean(), {"backward": True}


class Seq2Seq(nn.Module):
    """An encoder over time, and a decoder that looks back at all its states."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder, self.out = nn.GRUCell(4, 6), nn.GRUCell(4, 6), nn.Linear(12, 4)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        h, states = ac.zeros(x.shape[0], 6), []
        for t in range(x.shape[1]):
            h = self.encoder(x[:, t], h)
            states.append(h)
        memory, outs = ac.stack(states, 1), []
        for t in range(x.shape[1]):
            h = self.decoder(x[:, t], h)
            weights = (memory @ h.unsqueeze(2)).softmax(1)
            outs.append(self.out(ac.cat([h, (memory * weights).sum(1)], 1)))
        return ac.stack(outs, 1)


@model
def seq2seq() -> tuple[Any, ...]:
    return Seq2Seq()(ac.randn(2, 8, 4)).mean(), {"backward": True}


@model
def gan_losses() -> tuple[Any, ...]:
    make = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    judge = nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    return (F.softplus(-judge(make(ac.randn(4, 2)))) + F.softplus(judge(ac.randn(4, 3)))).mean(), {"backward": True}


@model
def highway() -> tuple[Any, ...]:
    x = ac.randn(2, 6, requires_grad=True)
    for _ in range(7):
        gate = nn.Linear(6, 6)(x).sigmoid()
        x = gate * nn.Linear(6, 6)(x).relu() + (1 - gate) * x
    return x.sum(), {"backward": True}


@model
def diamond() -> tuple[Any, ...]:
    """Rows that widen and narrow, every value used twice."""
    row = [ac.randn(3, requires_grad=True)]
    for _ in range(5):
        row = [row[0].tanh(), *(a + b for a, b in itertools.pairwise(row)), row[-1].cos()]
    while len(row) > 1:
        row = [a * b for a, b in itertools.pairwise(row)]
    return row[0].sum(), {"backward": True}


@model
def complete_graph() -> tuple[Any, ...]:
    """Every value uses all before it."""
    values = [ac.randn(2, requires_grad=True)]
    for _ in range(9):
        values.append(ac.stack(values).sum(0).tanh())
    return values[-1].sum(), {"backward": True}


@model
def inputs_of_many_kinds() -> tuple[Any, ...]:
    words, picture, numbers = nn.Embedding(9, 4), nn.Conv2d(1, 4, 3), nn.Linear(5, 4)
    a = words(ac.randint(0, 9, (2, 3))).mean(1)
    b = picture(ac.randn(2, 1, 6, 6)).mean((2, 3))
    return nn.Linear(12, 2)(ac.cat([a, b, numbers(ac.randn(2, 5))], 1)).sum(), {"backward": True}


@model
def one_operation() -> tuple[Any, ...]:
    return ac.randn(3, requires_grad=True).sum(), {"backward": True}


@model
def german() -> tuple[Any, ...]:
    return UNet((2, 4, 8, 16))(ac.randn(1, 1, 16, 16)).mean(), {"backward": True, "lang": "de"}


@model
def scalars_neuron_modules() -> tuple[Any, ...]:
    """Functions of numbers used again and again."""
    x, y = Scalar(0.3, "x"), Scalar(-0.2, "y")
    for k in range(12):
        x, y = (x * y + 0.1 * k).tanh(), (x - y).exp() / 3.0
    return x + y, {"backward": True}


@model
def scalars_wide() -> tuple[Any, ...]:
    xs = [Scalar(0.1 * k, f"x{k}") for k in range(1, 31)]
    return sum((v * v for v in xs), Scalar(0.0)), {"backward": True}


# ------------------------------------------------------------------------------------------------- plain numbers
@model
def scalars_172() -> tuple[Any, ...]:
    """A perceptron of plain numbers: 4 inputs, 6 and 6 hidden units, one output."""
    weights = iter(range(1000))
    x = [Scalar(0.1 * (k + 1), f"x{k + 1}") for k in range(4)]
    for n in (6, 6, 1):
        units = []
        for _ in range(n):
            total = Scalar(0.1, f"b{next(weights)}")
            for v in x:
                total = total + v * Scalar(0.05, f"w{next(weights)}")
            units.append(total.tanh())
        x = units
    return x[0] ** 2, {"backward": True}


@model
def scalars_recurrence() -> tuple[Any, ...]:
    w, b, h = Scalar(0.5, "w"), Scalar(0.1, "b"), Scalar(0.3, "h")
    for _ in range(25):
        h = (w * h + b).tanh()
    return h, {"backward": True}


@model
def scalars_series() -> tuple[Any, ...]:
    x = Scalar(0.5, "x")
    term, total = Scalar(1.0), Scalar(0.0)
    for k in range(1, 20):
        term = term * x / k
        total = total + term
    return total, {"backward": True}


def volume(make: Callable[[], tuple[Any, ...]]) -> Callable[[], tuple[Any, ...]]:
    """The same for `draw.volumes`."""

    def run() -> tuple[Any, ...]:
        ac.manual_seed(0)
        return make()

    VOLUMES[make.__name__] = run
    return run


@volume
def vgg_volumes() -> tuple[Any, ...]:
    return vgg_16(64), (1, 3, 64, 64)


@volume
def unet_volumes() -> tuple[Any, ...]:
    return UNet(), (1, 1, 32, 32)


@volume
def resnet_volumes() -> tuple[Any, ...]:
    return ResNet18(), (1, 3, 32, 32)


@volume
def inception_volumes() -> tuple[Any, ...]:
    return Branches(8, 2), (1, 8, 12, 12)
