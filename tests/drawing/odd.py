"""Models that a drawing can get wrong: cut graphs, frozen parts, names, states, several losses, calls made of several operations.

`ODD` is a table: for each a function that makes the model (or function) and its inputs, what the figure must call inputs and outputs, and
what of the parameters is frozen. All else that a figure must say (counts, gradients) the tests compute from the model itself.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import autograd_cnn as ac
import autograd_cnn.nn.functional as F
from autograd_cnn import nn
from autograd_cnn.utils.checkpoint import checkpoint


@dataclass(frozen=True)
class Odd:
    """A model with what to call it with. `inputs` are the names of its tensors, `outputs` those of what it returns that bear one.
    `loses`: parameters that no gradient may reach; `cut`: does the figure show a place where a gradient is cut?"""

    make: Callable[[], tuple[Any, tuple[Any, ...]]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    frozen: int = 0
    loses: tuple[str, ...] = ()
    cut: bool = False


ODD: dict[str, Odd] = {}


def odd(*inputs: str, **facts: Any) -> Callable[[Callable[[], tuple[Any, tuple[Any, ...]]]], Any]:
    """Put a model into the table under the function's name."""

    def put(make: Callable[[], tuple[Any, tuple[Any, ...]]]) -> Any:
        ODD[make.__name__] = Odd(make, inputs, **facts)
        return make

    return put


def total(result: Any) -> Any:
    """One number of whatever a model returns: the sum of all that wants a gradient."""
    if isinstance(result, dict):
        result = tuple(result.values())
    if isinstance(result, tuple | list):
        return sum(t for t in map(total, result) if t is not None)
    return result.sum() if result.requires_grad else None


# ------------------------------------------------------------------------------------------------------- what is cut
class Two(nn.Module):
    """An encoder and a head; what stands between them is the subclasses' affair."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.head = nn.Linear(4, 3), nn.Linear(3, 2)

    def between(self, h: Any) -> Any:
        return h.tanh()

    def forward(self, x: Any) -> Any:
        return self.head(self.between(self.encoder(x)))


def subclass(between: Callable[..., Any]) -> Any:
    return type("Two", (Two,), {"between": between})()


@odd("x", frozen=15)
def frozen_encoder() -> Any:
    model = Two()
    model.encoder.requires_grad_(False)
    return model, (ac.rand(2, 4),)


@odd("x", frozen=12)
def frozen_in_the_middle() -> Any:
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3), nn.Linear(3, 2))
    net[1].requires_grad_(False)
    return _Named(net), (ac.rand(2, 4),)


@odd("x", loses=("encoder.weight", "encoder.bias"), cut=True)
def detached() -> Any:
    return subclass(lambda self, h: h.detach()), (ac.rand(2, 4),)


@odd("x", cut=True)
def detached_on_one_way() -> Any:
    return subclass(lambda self, h: h * h.detach().sigmoid()), (ac.rand(2, 4),)


@odd("x", loses=("encoder.weight", "encoder.bias"), cut=True)
def without_recording() -> Any:
    class Features(Two):
        def forward(self, x: Any) -> Any:
            with ac.no_grad():
                h = self.encoder(x)
            return self.head(h)

    return Features(), (ac.rand(2, 4),)


@odd("x", cut=True)
def straight_through() -> Any:
    return subclass(lambda self, h: h + (h.round() - h).detach()), (ac.rand(2, 4),)


@odd("x", loses=("encoder.weight", "encoder.bias"), cut=True)
def hard_choice() -> Any:
    return subclass(lambda self, h: F.one_hot(h.argmax(1), 3).float()), (ac.rand(2, 4),)


@odd("x")
def checkpointed() -> Any:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.head = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            return self.head(checkpoint(self.inner, x, use_reentrant=False))

    return Checkpointed(), (ac.rand(2, 4),)


@odd("x")
def written_in_place() -> Any:
    def between(self: Any, h: Any) -> Any:
        h = h * 2.0
        h[:, 0] = 0.0
        h.add_(1.0)
        return h

    return subclass(between), (ac.rand(2, 4),)


@odd("x")
def hooked() -> Any:
    def between(self: Any, h: Any) -> Any:
        h = h.tanh()
        h.register_hook(lambda g: g * 0.5)
        return h

    return subclass(between), (ac.rand(2, 4),)


@odd("x", loses=("encoder.weight", "encoder.bias"))
def hooked_to_zero() -> Any:
    def between(self: Any, h: Any) -> Any:
        h.register_hook(lambda g: g * 0.0)
        return h.tanh()

    return subclass(between), (ac.rand(2, 4),)


# ------------------------------------------------------------------------------------------------------- names, kinds of inputs
@odd("image", "other", outputs=("score", "features"))
def dicts() -> Any:
    class Batched(Two):
        def forward(self, batch: Any) -> Any:
            features = self.encoder(batch["image"])
            return {"score": self.head(features) + self.head(self.encoder(batch["other"])), "features": features}

    return Batched(), ({"image": ac.rand(2, 4), "other": ac.rand(2, 4)},)


@odd("xs.0", "xs.1", "xs.2")
def lists() -> Any:
    class Listed(Two):
        def forward(self, xs: Any) -> Any:
            return self.head(ac.stack([self.encoder(x) for x in xs]).mean(0))

    return Listed(), ([ac.rand(2, 4) for _ in range(3)],)


@odd("left", "right")
def siamese() -> Any:
    class Siamese(Two):
        def forward(self, left: Any, right: Any) -> Any:
            return F.pairwise_distance(self.head(self.encoder(left)), self.head(self.encoder(right)))

    return Siamese(), (ac.rand(2, 4), ac.rand(2, 4))


Answer = namedtuple("Answer", "logits hidden")


@odd("x", outputs=("logits", "hidden"))
def named_tuple() -> Any:
    class Answering(Two):
        def forward(self, x: Any) -> Any:
            hidden = self.encoder(x)
            return Answer(self.head(hidden), hidden)

    return Answering(), (ac.rand(2, 4),)


@odd("tokens")
def tokens() -> Any:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.head = nn.Embedding(10, 4), nn.Linear(4, 2)

        def forward(self, tokens: Any) -> Any:
            return self.head(self.embedding(tokens).mean(1))

    return Words(), (ac.tensor([[1, 2, 3], [4, 5, 6]]),)


@odd("x", "index")
def chosen_rows() -> Any:
    class Chosen(Two):
        def forward(self, x: Any, index: Any) -> Any:
            return self.head(self.encoder(x)[index])

    return Chosen(), (ac.rand(4, 4), ac.tensor([2, 0, 1]))


@odd("x", "mask")
def masked() -> Any:
    class Masked(Two):
        def forward(self, x: Any, mask: Any) -> Any:
            return self.head(self.encoder(x).masked_fill(mask, 0.0))

    return Masked(), (ac.rand(2, 4), ac.tensor([[True, False, False], [False, False, True]]))


@odd("x", "index")
def gathered() -> Any:
    class Gathered(Two):
        def forward(self, x: Any, index: Any) -> Any:
            return self.head(self.encoder(x)).gather(1, index)

    return Gathered(), (ac.rand(2, 4), ac.tensor([[1], [0]]))


# ------------------------------------------------------------------------------------------------------- states and constants
@odd("x")
def conv_lstm() -> Any:
    class ConvLSTM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gates = nn.Conv2d(3, 8, 3, padding=1)

        def forward(self, x: Any) -> Any:
            h = c = ac.zeros(x.shape[0], 2, 4, 4)
            for t in range(x.shape[1]):
                i, f, o, g = self.gates(ac.cat([x[:, t], h], 1)).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
            return h

    return ConvLSTM(), (ac.rand(1, 2, 1, 4, 4),)


@odd("input", "hx.0", "hx.1")
def lstm_with_its_state() -> Any:
    return nn.LSTM(3, 4), (ac.rand(3, 2, 3), (ac.zeros(1, 2, 4), ac.zeros(1, 2, 4)))


@odd("x")
def remembers_its_state() -> Any:
    class Remembering(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.h = nn.RNNCell(4, 3), ac.zeros(2, 3)

        def forward(self, x: Any) -> Any:
            self.h = self.cell(x, self.h.detach())
            return self.h

    return Remembering(), (ac.rand(2, 4),)


@odd("x")
def position_code() -> Any:
    class Positions(Two):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("code", ac.rand(2, 3))

        def between(self, h: Any) -> Any:
            return h + self.code

    return Positions(), (ac.rand(2, 4),)


@odd("x")
def array_constant() -> Any:
    return subclass(lambda self, h: h * ac.tensor([1.0, 2.0, 3.0])), (ac.rand(2, 4),)


@odd("x")
def batch_norm_in_training() -> Any:
    return _Named(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU())), (ac.rand(5, 4),)


@odd("x")
def dropout_in_training() -> Any:
    return _Named(nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 2))), (ac.rand(5, 4),)


class _Named(nn.Module):
    """A net whose input is called x."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Any) -> Any:
        return self.net(x)


# ------------------------------------------------------------------------------------------------------- weights
@odd("x")
def tied_weights() -> Any:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = nn.Linear(4, 3), nn.Linear(3, 4)
            self.up.weight = nn.Parameter(ac.rand(4, 3))

        def forward(self, x: Any) -> Any:
            return F.linear(self.down(x), self.down.weight.t()) + self.up(self.down(x))

    return Tied(), (ac.rand(2, 4),)


@odd("x")
def used_three_times() -> Any:
    class Thrice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.step = nn.Linear(3, 3)

        def forward(self, x: Any) -> Any:
            return self.step(self.step(self.step(x)).tanh())

    return Thrice(), (ac.rand(2, 3),)


@odd("x")
def own_parameters() -> Any:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.rest = nn.Parameter(ac.ones(4)), nn.ParameterList([nn.Parameter(ac.rand(4)) for _ in range(2)])

        def forward(self, x: Any) -> Any:
            return (x * self.scale + self.rest[0]) * self.rest[1]

    return Own(), (ac.rand(2, 4),)


@odd("x", cut=True)
def normalised_weights() -> Any:
    return _Named(nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 3)), nn.Tanh(), nn.utils.spectral_norm(nn.Linear(3, 2)))), (
        ac.rand(2, 4),
    )


@odd("x", loses=("unused.weight", "unused.bias"))
def unused_head() -> Any:
    class Aux(Two):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Linear(3, 5)

    return Aux(), (ac.rand(2, 4),)


@odd("x")
def lazy() -> Any:
    return _Named(nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(2))), (ac.rand(2, 4),)


@odd("x")
def mixed_types() -> Any:
    class Mixed(Two):
        def between(self, h: Any) -> Any:
            return h.double().tanh().float()

    return Mixed(), (ac.rand(2, 4),)


# ------------------------------------------------------------------------------------------------------- calls made of several operations
@odd("x")
def upwards() -> Any:
    return _Named(nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ConvTranspose2d(4, 2, 2, 2))), (ac.rand(1, 1, 6, 6),)


@odd("x")
def normalisations() -> Any:
    layers = (nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.PReLU(), nn.InstanceNorm2d(4, affine=True), nn.Flatten(), nn.LayerNorm(64))
    return _Named(nn.Sequential(*layers)), (ac.rand(2, 2, 6, 6),)


@odd("query", "key", "value")
def attention() -> Any:
    return nn.MultiheadAttention(4, 2), (ac.rand(3, 2, 4), ac.rand(3, 2, 4), ac.rand(3, 2, 4))


@odd("src")
def transformer_layer() -> Any:
    return nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0), (ac.rand(3, 2, 4),)


@odd("x")
def clamped() -> Any:
    return subclass(lambda self, h: h.clamp(min=0) / (h.std() + 1.0)), (ac.rand(2, 4),)


@odd("x")
def own_function() -> Any:
    class Square(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 2 * x * g

    return subclass(lambda self, h: Square.apply(h)), (ac.rand(2, 4),)


# ------------------------------------------------------------------------------------------------------- shapes of graphs
@odd("x")
def inception() -> Any:
    class Inception(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.three, self.five = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 3, 3, padding=1), nn.Conv2d(4, 1, 5, padding=2)
            self.pooled = nn.Conv2d(4, 2, 1)

        def forward(self, x: Any) -> Any:
            pooled = self.pooled(F.max_pool2d(x, 3, 1, 1))
            return ac.cat([self.one(x), self.three(x), self.five(x), pooled], 1)

    return Inception(), (ac.rand(1, 4, 6, 6),)


@odd("x")
def unet() -> Any:
    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.deep = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 4, 3, padding=1)
            self.up, self.out = nn.ConvTranspose2d(4, 2, 2, 2), nn.Conv2d(4, 1, 3, padding=1)

        def forward(self, x: Any) -> Any:
            top = self.down(x).relu()
            deep = self.deep(F.max_pool2d(top, 2)).relu()
            return self.out(ac.cat([top, self.up(deep)], 1))

    return UNet(), (ac.rand(1, 1, 8, 8),)


@odd("x", loses=("unused.weight", "unused.bias"))
def computes_more_than_it_returns() -> Any:
    class Wasteful(Two):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Linear(3, 5)

        def between(self, h: Any) -> Any:
            self.unused(h).exp()
            return h.tanh()

    return Wasteful(), (ac.rand(2, 4),)


@odd("x")
def many_parts() -> Any:
    def between(self: Any, h: Any) -> Any:
        a, b, _ = h.unbind(1)
        return ac.stack([a * b, b, a], 1)

    return subclass(between), (ac.rand(2, 4),)


@odd("x")
def a_loop() -> Any:
    def between(self: Any, h: Any) -> Any:
        for k in range(4):
            h = h.tanh() if k % 2 else h * h
        return h

    return subclass(between), (ac.rand(2, 4),)


@odd("z", outputs=("loss_g", "loss_d"), cut=True)
def two_losses() -> Any:
    class GAN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gen, self.disc = nn.Linear(3, 4), nn.Linear(4, 1)

        def forward(self, z: Any) -> Any:
            fake = self.gen(z)
            return {"loss_g": F.softplus(-self.disc(fake)).mean(), "loss_d": F.softplus(self.disc(fake.detach())).mean()}

    return GAN(), (ac.rand(2, 3),)


@odd("x")
def infinite() -> Any:
    class Infinite(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(ac.full((2,), 3e38))

        def forward(self, x: Any) -> Any:
            return (x + self.w).sum()

    return Infinite(), (ac.zeros(2),)
