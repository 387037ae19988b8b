"""Programs as people write them, each with something that a drawing can get wrong. Every function gives a recorded loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.autograd import Function
from autograd_cnn.nn import functional as F

PROGRAMS: dict[str, Callable[[], Any]] = {}


def program(make: Callable[[], Any]) -> Callable[[], Any]:
    """Register a program under its name; it is run from seed 0."""

    def run() -> Any:
        ac.manual_seed(0)
        return make()

    PROGRAMS[make.__name__] = run
    return run


class Double(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


@program
def shared_weights() -> Any:
    """One layer called twice: its calls are told apart, its weights counted once."""
    layer, x = nn.Linear(4, 4), ac.randn(2, 4)
    return nn.Sequential(layer, nn.Tanh(), layer)(x).sum()


@program
def tied_embedding() -> Any:
    """The weight of the first layer is that of the last."""
    embed = nn.Embedding(10, 6)
    h = embed(ac.randint(0, 10, (3, 5))).tanh()
    return F.cross_entropy((h @ embed.weight.T).reshape(15, 10), ac.randint(0, 10, (15,)))


@program
def control_flow() -> Any:
    """What Python decides is no node: only what ran is there."""
    x = ac.randn(3, 3, requires_grad=True)
    y = x
    for k in range(4):
        y = y.relu() if k % 2 else (y @ x if float(y.sum()) > -1e9 else y - 1)
    return y.sum()


@program
def used_many_times() -> Any:
    x = ac.randn(4, requires_grad=True)
    h = x.exp()
    return (h * h + h / (1 + h) - h.sqrt() + ac.cat([h, h])[:4]).sum()


@program
def several_outputs() -> Any:
    x = ac.randn(4, 6, requires_grad=True)
    a, b, c = x.tanh().split(2, 1)
    values, _ = (a * b).max(1)
    return values.sum() + c.mean()


@program
def detached() -> Any:
    x, w = ac.randn(4, requires_grad=True), ac.randn(4, requires_grad=True)
    return ((x * w).detach() * w + x.detach().exp() * x).sum()


@program
def in_place() -> Any:
    x = ac.randn(4, 4, requires_grad=True)
    h = x * 2
    h += 1
    h[:, 0] = x[:, 1]
    return h.relu_().sum()


@program
def custom_function() -> Any:
    x = ac.randn(4, requires_grad=True)
    return (Double.apply(x.sin()) * Double.apply(x)).sum()


@program
def recurrent_short() -> Any:
    cell, x = nn.GRUCell(3, 4), ac.randn(2, 5, 3, requires_grad=True)
    h = ac.zeros(2, 4)
    for t in range(5):
        h = cell(x[:, t], h)
    return h.sum()


@program
def recurrent_long() -> Any:
    cell, x = nn.RNNCell(3, 4), ac.randn(2, 40, 3, requires_grad=True)
    h, hs = ac.zeros(2, 4), []
    for t in range(40):
        h = cell(x[:, t], h)
        hs.append(h)
    return ac.stack(hs).mean()


@program
def loop_without_modules() -> Any:
    w, h = ac.randn(4, 4, requires_grad=True), ac.randn(2, 4)
    for _ in range(30):
        h = (h @ w).tanh() * 0.9
    return h.sum()


@program
def attention() -> Any:
    q, k, v = (nn.Linear(8, 8) for _ in range(3))
    x = ac.randn(2, 5, 8)
    scores = (q(x) @ k(x).transpose(1, 2) / 8**0.5).softmax(-1)
    return (scores @ v(x)).pow(2).mean()


@program
def dense_connections() -> Any:
    layers = [nn.Conv2d(2 + 2 * k, 2, 3, padding=1) for k in range(4)]
    features = [ac.randn(1, 2, 6, 6, requires_grad=True)]
    for layer in layers:
        features.append(layer(ac.cat(features, 1)).relu())
    return features[-1].sum()


@program
def encoder_decoder() -> Any:
    """A U: what went down joins what comes up."""
    down, up = [nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 4, 3, padding=1)], nn.ConvTranspose2d(4, 2, 2, stride=2)
    a = down[0](ac.randn(1, 1, 8, 8)).relu()
    b = down[1](F.max_pool2d(a, 2)).relu()
    return nn.Conv2d(4, 1, 1)(ac.cat([a, up(b)], 1)).sigmoid().mean()


@program
def two_models() -> Any:
    """A generator and a discriminator: two outermost modules."""
    make, judge = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3)), nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    return F.softplus(-judge(make(ac.randn(5, 2)))).mean()


@program
def siamese() -> Any:
    twin = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    return F.pairwise_distance(twin(ac.randn(2, 3)), twin(ac.randn(2, 3))).sum()


@program
def mixed_dtypes() -> Any:
    x = ac.randn(3, 4, requires_grad=True)
    return (x.double() * ac.tensor(2.0, dtype=ac.float64)).float().index_select(0, ac.tensor([2, 0])).sum()


@program
def deep_chain() -> Any:
    return nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(50)))(ac.randn(1, 4)).sum()


@program
def frozen_layers() -> Any:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    return model(ac.randn(2, 3, requires_grad=True)).sum()


@program
def stopped() -> Any:
    x, w, v = (ac.randn(3, 3, requires_grad=True) for _ in range(3))
    dead = (x @ w - 100.0).relu()
    return dead.sum() + ((v * 0.0) / (v * 0.0)).sum()
