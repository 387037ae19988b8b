"""What the backward walk lends to rules, and what it never lends: whatever anybody else may still look at."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.graph.graph import Graph
from autograd_cnn.kernels.onednn import eltwise, library
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from autograd_cnn.tensors.tensor import Tensor

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
    seen: list[bool] = []
    adjoint = eltwise.curve_adjoint

    def watched(how: Any, g: Any, y: Any, donated: Any = None) -> Any:
        seen.append(donated is not None)
        return adjoint(how, g, y, donated)

    monkeypatch.setattr(eltwise, "curve_adjoint", watched)
    x = ac.tensor(normal(4, 8, 32, 32), requires_grad=True)

    def back(prepare: Any = lambda y: None) -> bool:
        y = F.relu(x * 2)
        prepare(y)
        (y * 3).sum().backward()
        return seen.pop()

    assert back(), "y · 3 made the gradient, and nobody else has it"
    assert not back(lambda y: y.retain_grad())
    assert not back(lambda y: y.register_hook(lambda g: None))
    y = F.relu(x * 2)
    ac.autograd.grad((y * 3).sum(), [x, y])
    assert not seen.pop(), "the caller gets this gradient"
    F.relu(x * 2).tanh().sum().backward()
    assert seen == [False, True], "the spread of a sum is no memory of its own; what tanh made for its only input is"


# ------------------------------------------------------------------------------------------------- the three places where it lends
class Lent:
    """What the walk offered: to the sums of gradients, to leaves, and to the rules of ReLU."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sums: list[bool] = []
        self.leaves: list[bool] = []
        self.rules: list[bool] = []
        sum_gradients, accumulate, adjoint = Tensor.sum_gradients, Tensor.accumulate, eltwise.curve_adjoint

        def summed(g: Any, other: Any, donated: bool) -> Any:
            self.sums.append(donated)
            return sum_gradients(g, other, donated)

        def accumulated(leaf: Any, g: Any, create_graph: bool, donated: bool) -> None:
            self.leaves.append(donated)
            accumulate(leaf, g, create_graph, donated)

        def through(how: Any, g: Any, y: Any, donated: Any = None) -> Any:
            self.rules.append(donated is not None)
            return adjoint(how, g, y, donated)

        monkeypatch.setattr(Tensor, "sum_gradients", staticmethod(summed))
        monkeypatch.setattr(Tensor, "accumulate", staticmethod(accumulated))
        monkeypatch.setattr(eltwise, "curve_adjoint", through)


def test_what_nobody_else_needs_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    donated = Lent(monkeypatch)
    x = ac.tensor(normal(4, 8, 32, 32), requires_grad=True)
    y = F.relu(x * 2)
    (y * 3 + y * 5 + y * 7).sum().backward()
    assert donated.sums == [True, True]
    assert donated.leaves == [True]
    assert donated.rules == [True]


def test_a_sum_is_the_walks_own_though_its_parts_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ones(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return ac.ones(4, 8, 32, 32)

    donated = Lent(monkeypatch)
    x = ac.tensor(normal(4, 8, 32, 32), requires_grad=True)
    (x * 5 + Ones.apply(x)).sum().backward()
    assert donated.sums == [False]
    assert donated.leaves == [True]
    np.testing.assert_allclose(x.grad.numpy(), np.full(x.shape, 6.0))


def _noted(z: Any) -> None:
    z.grad_fn.metadata["a note"] = 1


@pytest.mark.parametrize(("prepare", "lends"), [(_noted, True), (lambda z: z.grad_fn.register_hook(lambda *_: None), False)])
def test_what_a_hook_of_the_node_saw_is_not(prepare: Any, lends: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    donated = Lent(monkeypatch)
    x = ac.tensor(normal(4, 8, 32, 32), requires_grad=True)
    z = x * 3
    prepare(z)
    z.sum().backward()
    assert donated.leaves == [lends]


@pytest.mark.parametrize("where", ["leaf", "sum", "rule"])
def test_what_a_users_rule_knows_by_a_weak_reference_is_not_written_over(where: str) -> None:
    """A rule may find again what it gave before, if it is still there: then it must be as it was."""
    given: dict[str, Any] = {}

    class Sevens(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            sevens = ac.full((4, 8, 32, 32), 7.0)
            given["array"] = weakref.ref(sevens.value)
            return sevens

    x = ac.tensor(np.abs(normal(4, 8, 32, 32)) - 0.5, requires_grad=True)

    if where == "leaf":
        Sevens.apply(x).sum().backward()
        x.grad.mul_(2)
        want: Any = 14.0
    elif where == "sum":
        older = x * 5
        (Sevens.apply(x) + older).sum().backward()
        want = 12.0
    else:
        Sevens.apply(F.relu(x)).sum().backward()
        want = np.where(x.detach().numpy() > 0, 7.0, 0.0)
    array = given["array"]()
    assert array is None or (array == 7.0).all()
    np.testing.assert_allclose(x.grad.numpy(), np.broadcast_to(want, x.shape))


def test_a_gradient_that_two_values_wait_for_is_not_written_over() -> None:
    """An addition hands the same array to both; the older use of one of them must not change the other's."""
    weights = normal(4, 8, 32, 32)
    a, b = (ac.tensor(normal(4, 8, 32, 32, seed=s), requires_grad=True) for s in (1, 2))
    older = (a * 5).sum(), (b * 3).sum()
    ((a + b) * ac.tensor(weights)).sum().add(older[0]).add(older[1]).backward()
    np.testing.assert_allclose(a.grad.numpy(), weights + 5, rtol=1e-6)
    np.testing.assert_allclose(b.grad.numpy(), weights + 3, rtol=1e-6)


def test_a_gradient_whose_entries_lie_at_one_place_is_not_written_over() -> None:
    """That of a sum is one number, shown in many places."""
    x = ac.tensor(normal(4, 8, 32, 32), requires_grad=True)
    older = x * 5
    (x.sum() + older.sum() + x.mean() * 0 + x.sum(0).sum()).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full(x.shape, 7.0), rtol=1e-6)
    assert x.grad.numpy().flags.writeable


def test_the_seeds_of_one_tensor_given_twice_stay_as_they_are() -> None:
    seeds = [ac.tensor(normal(4, 8, 32, 32, seed=s)) for s in range(3)]
    before = [s.numpy().copy() for s in seeds]
    x = ac.tensor(normal(4, 8, 32, 32, seed=9), requires_grad=True)
    y = F.relu(x)
    ac.autograd.backward([y, y, x], seeds)
    for seed, array in zip(seeds, before, strict=True):
        np.testing.assert_array_equal(seed.numpy(), array)
    slope = x.detach().numpy() > 0
    np.testing.assert_allclose(x.grad.numpy(), np.where(slope, before[0] + before[1], 0) + before[2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3, 24, 24), (1500, 3, 1, 1)])  # where there is one place, both orders are one
def test_gradients_that_are_looked_at_are_those_of_numpy(shape: tuple[int, ...]) -> None:
    """With `Graph.of(gradients=True)` all of them are kept: none is lent to the rule or the sum that comes next."""
    ac.manual_seed(0)
    net = nn.Sequential(Block(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())

    def gradients() -> list[Any]:
        h = net[0](ac.tensor(normal(*shape)))
        loss = ((net[2](net[1](h)) + h) * ac.tensor(normal(*h.shape, seed=3))).sum()
        return [v.grad for v in Graph.of(loss, gradients=True).values if v.grad is not None]

    found = gradients()
    with ac.use_backend("numpy"):
        want = gradients()
    assert len(found) == len(want) > 8
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-3, atol=1e-3)


def test_a_rule_that_comes_later_may_ask_for_what_is_lent() -> None:
    @primitive(name="later")
    def op(a: Any, b: Any) -> Any:
        return a + b

    op.vjp("a")(lambda: 0)
    assert not op.takes_donation  # read before the definition is complete
    op.vjp("b")(lambda g, donated: g)
    assert op.takes_donation
    del REGISTRY["later"]
