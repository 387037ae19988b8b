"""A backward pass within a traced function: its operations are steps as any others, so a replay on other inputs has their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import Scalar, nn
from autograd_cnn.errors import GraphError
from autograd_cnn.nn import functional as F
from autograd_cnn.utils.checkpoint import checkpoint

W = nn.Parameter(ac.tensor([1.0, 2.0]))


def slope(y: ac.Tensor, **options: Any) -> ac.Tensor:
    """The gradient of y by W."""
    return ac.autograd.grad(y, W, **options)[0]  # type: ignore[no-any-return]


def by_backward(x: ac.Tensor) -> ac.Tensor:
    W.grad = None
    (W * x).exp().sum().backward()
    (W * x * x).sum().backward()
    return W.grad * 1  # type: ignore[no-any-return, operator]


def kept_gradient(x: ac.Tensor) -> ac.Tensor:
    y = W * x
    y.retain_grad()
    (y * y * x).sum().backward()
    return y.grad * 1  # type: ignore[no-any-return, operator]


def through_a_hook(x: ac.Tensor) -> ac.Tensor:
    y = W * x
    y.register_hook(lambda g: g * x)
    return slope((y * y * x).sum())


def overwritten(x: ac.Tensor) -> ac.Tensor:
    v = W * 1
    u = v[:1]
    v.mul_(x)
    v[0] = v[1] * 2
    return slope((u * v * v).sum(), create_graph=True)


def of_outputs(x: ac.Tensor) -> ac.Tensor:
    a, b = (W * x).split(1)
    sorted_, _ = (W * x).sort()
    return slope(((a * b).exp() * sorted_ * x).sum() + (W * x).var(), create_graph=True)


def of_weights_alike(x: ac.Tensor) -> ac.Tensor:
    a, b = nn.Parameter(ac.ones(2)), nn.Parameter(ac.ones(2))
    first, second = ac.autograd.grad(((a + b) * x).sum(), (a, b))  # one array is the gradient of both
    return ac.stack([first, second * 2])


BACKWARD: dict[str, Callable[[Any], Any]] = {
    "by a parameter": lambda x: slope((W * x).exp().sum(), create_graph=True),
    "without a graph": lambda x: slope((W * x).exp().sum()),
    "from a gradient": lambda x: slope((W * W).exp(), grad_outputs=x * 2),
    "twice": lambda x: slope(slope((W * x).exp().sum(), create_graph=True).sum()),
    "backward, twice": by_backward,
    "a gradient that is kept": kept_gradient,
    "through a hook": through_a_hook,
    "after writes": overwritten,
    "of several outputs, of indices": of_outputs,
    "one gradient for two": of_weights_alike,
    "checkpoint": lambda x: slope(checkpoint(lambda w, x: (w * x).exp().sum(), W, x, use_reentrant=False) ** 2),
    "by the input": lambda x: ac.autograd.grad((leaf := x.detach().requires_grad_()).exp().sum(), leaf)[0],
    "joined": lambda x: slope(ac.cat([W * x, W]).prod()),
}


@pytest.mark.parametrize("name", BACKWARD)
def test_a_replay_has_the_gradients_of_its_inputs(name: str) -> None:
    fn = BACKWARD[name]
    graph = ac.trace(fn, ac.tensor([1.0, 2.0]))
    other = ac.tensor([0.3, -0.4])
    assert np.allclose(graph(other).detach(), fn(other).detach(), rtol=1e-6)
    assert not np.allclose(graph(other).detach(), fn(ac.tensor([1.0, 2.0])).detach())


def test_an_input_that_takes_a_gradient_is_the_input_in_its_backward_pass() -> None:
    def fn(x: ac.Tensor) -> ac.Tensor:
        return ac.autograd.grad((x * x * x).sum(), x, create_graph=True)[0]  # type: ignore[no-any-return]

    graph = ac.trace(fn, ac.tensor([1.0, 2.0], requires_grad=True))
    assert graph.parameters == ()
    x = ac.tensor([3.0, 4.0], requires_grad=True)
    y = graph(x)
    assert y.tolist() == [27.0, 48.0]
    assert ac.autograd.grad(y.sum(), x)[0].tolist() == [18.0, 24.0]


def test_a_penalty_on_gradients_of_layers() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3), nn.LayerNorm(3)
    )  # fmt: skip
    weights = list(net.parameters())

    def penalty(x: ac.Tensor, target: ac.Tensor) -> ac.Tensor:
        loss = F.cross_entropy(net(x), target)
        return sum(g.square().sum() for g in ac.autograd.grad(loss, weights, create_graph=True))  # type: ignore[return-value]

    graph = ac.trace(penalty, ac.randn(3, 1, 6, 6), ac.tensor([0, 1, 2]))
    given = ac.randn(3, 1, 6, 6), ac.tensor([2, 2, 1])
    assert np.allclose(graph(*given).item(), penalty(*given).item(), rtol=1e-5)
    got, expected = (ac.autograd.grad(f(*given), weights[0])[0] for f in (graph, penalty))
    assert np.allclose(got, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("recorded", [True, False])
def test_numbers(recorded: bool) -> None:
    def fn(a: Any, b: Any) -> Any:
        ((a * b).exp() * a + b).backward(create_graph=recorded)
        return a.grad * b * 1.0

    graph = ac.trace(fn, Scalar(1.0), Scalar(1.0, requires_grad=False))
    a, b = Scalar(0.3), Scalar(0.5, requires_grad=False)
    assert graph(a, b).value == pytest.approx(np.exp(0.15) * (1 + 0.15) * 0.5)
    assert (graph(a, b).node is not None) == recorded


def test_a_replay_cuts_where_the_function_did() -> None:
    def fn(x: ac.Tensor) -> Any:
        with ac.no_grad():
            a = W * x
        return a * W, slope((W * W * x).sum())

    y, g = ac.trace(fn, ac.tensor([1.0, 2.0]))(ac.tensor([3.0, 4.0]))
    assert slope(y.sum()).tolist() == [3.0, 8.0]
    assert g.tolist() == [6.0, 16.0] and not g.requires_grad
    with ac.no_grad():
        assert not ac.trace(lambda x: W * x, ac.ones(2))(ac.ones(2)).requires_grad


def test_a_gradient_that_is_looked_at_is_no_step() -> None:
    def fn(x: ac.Tensor) -> ac.Tensor:
        y = (W * x).sum()
        assert ac.Graph.of(y, gradients=True).parameters[0].grad.tolist() == [1.0, 2.0]
        return y

    assert [s.name for s in ac.trace(fn, ac.tensor([1.0, 2.0]))] == ["mul", "sum"]


class Square(ac.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * ctx.saved_tensors[0] * g


class Held(ac.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.x = x
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * ctx.x * g


class Once(ac.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    @ac.autograd.function.once_differentiable
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


class Twice(ac.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


@pytest.mark.parametrize("function", [Square, Held, Once])
@pytest.mark.parametrize("create_graph", [True, False])
def test_a_rule_that_no_trace_can_follow_is_refused(function: Any, create_graph: bool) -> None:
    with pytest.raises(GraphError, match=f"through {function.__name__}"):
        ac.trace(lambda x: slope((function.apply(W) * x).sum(), create_graph=create_graph), ac.ones(2))
    before = (function.apply(W) * 3).sum()  # what is older than the trace is a constant of it
    assert ac.trace(lambda x: slope(before) * x, ac.ones(2))(ac.ones(2)).shape == (2,)


def test_a_rule_that_keeps_nothing_is_followed() -> None:
    assert ac.trace(lambda x: slope((Twice.apply(W) * x).sum()), ac.ones(2))(ac.tensor([3.0, 4.0])).tolist() == [6.0, 8.0]


INDEX: dict[str, Callable[[Any, Any], Any]] = {
    "an index": lambda x, i: x[i],
    "two": lambda x, i: x[i, i],
    "a mask": lambda x, i: x[x > i[0]].sum(),
    "a written place": lambda x, i: (y := x.clone(), y.__setitem__(i[:1], 0.0))[0],
    "an index that was written": lambda x, i: x[(j := i.clone()).mul_(1), j],
    "the largest": lambda x, i: x[x.argmax(1)],
}


@pytest.mark.filterwarnings("ignore:graph. a result of select_copy")  # a mask of another size
@pytest.mark.parametrize("name", INDEX)
def test_an_index_is_a_value_of_the_graph(name: str) -> None:
    x, other = ac.arange(4.0).reshape(2, 2) + 1, ac.tensor([[7.0, 1.0], [0.0, 3.0]])
    graph = ac.trace(INDEX[name], x, ac.tensor([0, 1]))
    assert graph(other, ac.tensor([1, 0])).tolist() == INDEX[name](other, ac.tensor([1, 0])).tolist()
    assert graph(x, ac.tensor([0, 1])).tolist() == INDEX[name](x, ac.tensor([0, 1])).tolist()


def test_an_index_is_printed_as_the_value_that_it_is() -> None:
    graph = ac.trace(lambda x, i: x[i], ac.ones(3), ac.tensor([0, 1]))
    assert "select_copy(x0, at=(x1,)) : float32[2]" in str(graph)
