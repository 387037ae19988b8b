"""What the backward walk lends to rules, and what it never lends: whatever anybody else may still look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.kernels.onednn import eltwise, library

F = nn.functional
needs_onednn = pytest.mark.skipif(library.library() is None, reason=library.reason())


@pytest.fixture(autouse=True, params=["numpy", pytest.param("onednn", marks=needs_onednn)])
def backend(request: Any) -> Iterator[str]:
    with ac.use_backend(request.param):
        yield request.param


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


class Block(nn.Module):
    """conv, batch norm, ReLU: the gradient at the norm's output is what a ReLU's rule writes and the norm's rule may write over."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16)

    def forward(self, x: Any) -> Any:
        self.between = self.norm(self.conv(x))
        return F.relu(self.between)


def slope_of_relu(block: Block, weights: Any) -> Any:
    return np.where(block.between.detach().numpy() > 0, weights, 0)


@pytest.mark.parametrize("way", ["retain_grad", "hook", "grad"])
def test_the_gradient_at_a_norms_output_is_what_arrived_there(way: str) -> None:
    ac.manual_seed(0)
    net, kept = nn.Sequential(Block()), []
    block: Any = net[0]
    for step in range(4):
        x, weights = ac.tensor(normal(2, 3, 24, 24, seed=step)), normal(2, 16, 24, 24, seed=100 + step)
        loss = (net(x) * ac.tensor(weights)).sum()
        if way == "retain_grad":
            block.between.retain_grad()
            loss.backward()
            found = block.between.grad
        elif way == "hook":
            kept.clear()
            block.between.register_hook(kept.append)
            loss.backward()
            found = kept[0]
        else:
            found, _ = ac.autograd.grad(loss, [block.between, block.conv.weight])
        np.testing.assert_allclose(found.numpy(), slope_of_relu(block, weights), rtol=1e-6)


@pytest.mark.parametrize("look", [F.relu, F.sigmoid, F.tanh, F.leaky_relu, lambda g: F.softmax(g, 0)])
def test_a_function_of_the_users_finds_its_gradient_unchanged(look: Any) -> None:
    class Looks(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            before = g.numpy().copy()
            look(g)
            np.testing.assert_array_equal(g.numpy(), before)
            return g

    weights = normal(20_000)
    x = ac.tensor(normal(20_000, seed=1), requires_grad=True)
    (Looks.apply(x) * ac.tensor(weights)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), weights)


def test_what_a_function_of_the_users_gives_is_not_written_over() -> None:
    mine = normal(4, 8, 32, 32)

    class Constant(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return ac.from_numpy(mine)

    before = mine.copy()
    x = ac.tensor(normal(4, 8, 32, 32, seed=1), requires_grad=True)
    y = F.relu(x * 2)
    (Constant.apply(y) + Constant.apply(y)).sum().backward()
    np.testing.assert_array_equal(mine, before)
    np.testing.assert_allclose(x.grad.numpy(), np.where(x.detach().numpy() > 0, 4 * mine, 0), rtol=1e-6)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_stays_lent_after_an_exception(error: type[BaseException]) -> None:
    class Fails(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            raise error("on the way back")

    for attempt in range(5):
        x = ac.ones(20_000, requires_grad=True)
        with pytest.raises(error, match="on the way back"):
            (Fails.apply(F.relu(x)) * 2).sum().backward()
        held = []
        for k in range(40):
            z = ac.tensor(normal(20_000, seed=100 * attempt + k))
            before = z.numpy().copy()
            F.relu(z)
            np.testing.assert_array_equal(z.numpy(), before)
            held.append(z)


def test_the_users_seed_is_not_written_over() -> None:
    seed = ac.tensor(normal(4, 8, 32, 32))
    before = seed.numpy().copy()
    x = ac.tensor(normal(4, 8, 32, 32, seed=1), requires_grad=True)
    F.relu(x).backward(seed)
    F.relu(x).backward(seed)
    np.testing.assert_array_equal(seed.numpy(), before)
    assert not np.shares_memory(x.grad.numpy(), seed.numpy())
    np.testing.assert_array_equal(x.grad.numpy(), np.where(x.detach().numpy() > 0, 2 * before, 0))


def test_gradients_of_two_leaves_never_share_memory() -> None:
    x, y = (ac.tensor(normal(4, 8, 32, 32, seed=s), requires_grad=True) for s in (0, 1))
    (x + y).relu().sum().backward()
    assert not np.shares_memory(x.grad.numpy(), y.grad.numpy())


@needs_onednn
def test_a_gradient_of_the_walks_own_is_lent(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    if backend == "numpy":
        pytest.skip("NumPy's rules borrow nothing")
    lent: list[bool] = []
    adjoint = eltwise.curve_adjoint

    def watched(how: Any, g: Any, y: Any, spare: Any = None) -> Any:
        lent.append(spare is not None)
        return adjoint(how, g, y, spare)

    monkeypatch.setattr(eltwise, "curve_adjoint", watched)
    x = ac.tensor(normal(4, 8, 32, 32), requires_grad=True)

    def back(prepare: Any = lambda y: None) -> bool:
        y = F.relu(x * 2)
        prepare(y)
        (y * 3).sum().backward()
        return lent.pop()

    assert back(), "y · 3 made the gradient, and nobody else has it"
    assert not back(lambda y: y.retain_grad())
    assert not back(lambda y: y.register_hook(lambda g: None))
    y = F.relu(x * 2)
    ac.autograd.grad((y * 3).sum(), [x, y])
    assert not lent.pop(), "the caller gets this gradient"
