"""A replay and what was there before the traced function ran: it is found as it is now, written to as the function writes, or refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import GraphError, InplaceError

T = ac.tensor


# ------------------------------------------------------------------------------------------------- what it writes
class Counting(nn.Module):
    """Statistics by hand, in buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", ac.zeros(()))
        self.register_buffer("mean", ac.zeros(4))
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        self.count += 1
        self.mean.mul_(0.9).add_(x.detach().mean(0))
        self.mean[1:].mul_(0.5)
        return self.linear(x - self.mean) / self.count


class Shrinking(nn.Module):
    """Its weight is overwritten in each forward pass, in two ways."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        with ac.no_grad():
            self.linear.weight.mul_(0.5)
        self.linear.bias.data.clamp_(-0.1, 0.1)
        return self.linear(x)


WRITING: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "batch norm": (lambda: nn.BatchNorm1d(4), (5, 4)),
    "batch norm within a net": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), (2, 3, 5, 5)),
    "instance norm": (lambda: nn.InstanceNorm2d(4, track_running_stats=True), (2, 4, 3, 3)),
    "spectral norm": (lambda: nn.utils.spectral_norm(nn.Linear(4, 3)), (5, 4)),
    "by hand": (Counting, (5, 4)),
    "weights": (Shrinking, (5, 4)),
}


@pytest.mark.parametrize("backend", ["numpy", "auto"])
@pytest.mark.parametrize("name", WRITING)
def test_a_replay_writes_what_the_function_writes(name: str, backend: str) -> None:
    make, shape = WRITING[name]
    ac.manual_seed(0)
    net = make()
    twin, first, others = copy.deepcopy(net), ac.randn(*shape), [ac.randn(*shape) for _ in range(2)]
    with ac.use_backend(backend):
        graph = ac.trace(net, first)
        twin(first)
        for x in others:
            y, want = graph(x), twin(x)
            assert ac.allclose(y, want, atol=1e-6)
            for a, b in zip(net.state_dict().values(), twin.state_dict().values(), strict=True):
                assert ac.allclose(a.double(), b.double(), atol=1e-6)
            if y.requires_grad:
                pulled = ac.autograd.grad((y * y).sum(), [*net.parameters()])
                for g, w in zip(pulled, ac.autograd.grad((want * want).sum(), [*twin.parameters()]), strict=True):
                    assert ac.allclose(g, w, atol=1e-5)


def test_what_is_written_into_an_argument_is_seen_by_the_caller() -> None:
    def fn(x: Any) -> Any:
        x[0] = 5
        x[1:].mul_(2)
        return x.sum()

    graph, given = ac.trace(fn, ac.zeros(3)), T([1.0, 2.0, 3.0])
    assert graph(given).item() == 15.0 and given.tolist() == [5.0, 4.0, 6.0]
    w = T([1.0, 2.0, 3.0], requires_grad=True)
    x = w * 1
    assert ac.autograd.grad(graph(x), w)[0].tolist() == [0.0, 2.0, 2.0] and x.tolist() == [5.0, 4.0, 6.0]
    with pytest.raises(InplaceError, match="a leaf Variable that requires grad would be overwritten"):
        graph(w)


def test_embedding_renormalises_in_a_replay() -> None:
    table = nn.Embedding(3, 2, max_norm=1.0)
    table.weight.data = T([[3.0, 4.0], [0.0, 5.0], [6.0, 8.0]])
    graph = ac.trace(table, T([0]))
    graph(T([2]))
    assert ac.allclose(table.weight.detach(), T([[0.6, 0.8], [0.0, 5.0], [0.6, 0.8]]), atol=1e-5)


# ------------------------------------------------------------------------------------------------- memory that two names share
def through_detach(x: Any) -> Any:
    y = x * 2
    y.detach().mul_(3)
    return y


def through_data(x: Any) -> Any:
    y = x * 2
    y.data.mul_(3)
    return y + x


def detached_before(x: Any) -> Any:
    y = x * 2
    d = y.detach()
    y.mul_(3)
    return d + y


def detached_of_a_written_view(x: Any) -> Any:
    y = x * 2
    v = y[1:]
    v.mul_(3)
    v.detach().add_(1)
    return y + v.sum()


def view_after_its_base_was_detached(x: Any) -> Any:
    y = x * 2
    v = y[1:]
    v.mul_(3)
    y.detach().add_(1)
    return v * y.sum()


def without_recording(x: Any) -> Any:
    y = x * 2
    v = y[1:]
    with ac.no_grad():
        v.mul_(3)
    return y.sum() * v


def given_other_data(x: Any) -> Any:
    y = x * 2
    y.data = x * 3
    return y * y.detach()


def given_other_data_beside_its_views(x: Any) -> Any:
    y = x * 2
    v = y[1:]
    w = v[:1]
    y.data = x.detach() * 3
    w.add_(1)
    return y.sum() * v


@pytest.mark.parametrize(
    "fn",
    [
        given_other_data_beside_its_views,
        through_detach,
        through_data,
        detached_before,
        detached_of_a_written_view,
        view_after_its_base_was_detached,
        without_recording,
        given_other_data,
    ],
)
def test_writes_reach_whatever_shares_the_memory(fn: Callable[[Any], Any]) -> None:
    graph = ac.trace(fn, T([1.0, 2.0, 3.0], requires_grad=True))
    for given in ([3.0, -1.0, 0.5], [1.0, 2.0, 3.0]):
        mine, other = T(given, requires_grad=True), T(given, requires_grad=True)
        y, want = graph(mine), fn(other)
        assert y.tolist() == want.tolist()
        assert ac.autograd.grad(y.sum(), mine)[0].tolist() == ac.autograd.grad(want.sum(), other)[0].tolist()


# ------------------------------------------------------------------------------------------------- what it finds
def test_a_tensor_from_outside_is_found_as_it_is_now() -> None:
    net = nn.Linear(2, 1)
    net.bias.requires_grad_(False)
    graph, x = ac.trace(net, ac.ones(2)), T([1.0, 2.0])
    net.weight.data = T([[3.0, 4.0]])
    net.bias.data = T([5.0])
    assert graph(x).tolist() == [16.0]
    net.bias.requires_grad_()
    net.weight.requires_grad_(False)
    assert ac.autograd.grad(graph(x).sum(), [net.bias])[0].tolist() == [1.0]
    w = T([2.0, 3.0], requires_grad=True)
    outside = w * 2
    graph = ac.trace(lambda v: v * outside, x)
    assert ac.autograd.grad(graph(x).sum(), w)[0].tolist() == [2.0, 4.0]


def test_the_graph_of_a_net_is_pickled_with_its_parameters() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    x = ac.randn(3, 2)
    graph = pickle.loads(pickle.dumps(ac.trace(net, x)))
    (graph(x) ** 3).sum().backward()
    (net(x) ** 3).sum().backward()
    for value in graph.parameters:
        assert ac.allclose(value.of.grad, net.get_parameter(value.name).grad, atol=1e-6)


def replaced(net: Any) -> None:
    net.weight = nn.Parameter(net.weight.detach() * 2)


def loaded(net: Any) -> None:
    net.load_state_dict({k: v * 2 for k, v in net.state_dict().items()}, assign=True)


@pytest.mark.parametrize("change", [replaced, loaded])
def test_another_tensor_in_its_place_is_refused(change: Callable[[Any], None]) -> None:
    net = nn.Linear(2, 1)
    graph = ac.trace(net, ac.ones(2))
    change(net)
    with pytest.raises(GraphError, match=r"Linear\.weight is another tensor than when the function was traced"):
        graph(ac.ones(2))


# ------------------------------------------------------------------------------------------------- what no replay could do
W = T([1.0, 2.0], requires_grad=True)


def with_a_step(x: Any) -> Any:
    net = nn.Linear(2, 1)
    loss = net(x).sum()
    loss.backward()
    ac.optim.SGD(net.parameters(), lr=0.1).step()
    return net(x)


def with_a_hook(x: Any) -> Any:
    y = W * x
    y.register_hook(lambda g: g * 2)
    return y * y


def with_init(x: Any) -> Any:
    w = ac.empty(2)
    nn.init.normal_(w)
    return w * x


def with_a_cumulative_average(x: Any) -> Any:
    return nn.BatchNorm1d(1, momentum=None)(x[:, None])


OUTSIDE = ac.zeros(2)


def with_other_memory(x: Any) -> Any:
    OUTSIDE.data = x * 2
    return OUTSIDE + x


@pytest.mark.parametrize("fn", [with_a_step, with_a_hook, with_init, with_a_cumulative_average, with_other_memory])
def test_a_replay_says_what_it_could_not_do(fn: Callable[[Any], Any]) -> None:
    graph = ac.trace(fn, ac.ones(2))
    assert str(graph).startswith("graph(x0")  # it may be looked at
    with pytest.raises(GraphError, match="No replay would do what the function does"):
        graph(ac.ones(2))


# ------------------------------------------------------------------------------------------------- arguments
def test_arguments_are_of_the_shapes_and_dtypes_of_the_traced_run() -> None:
    graph = ac.trace(lambda x: x.float().sum() / x.numel(), ac.ones(3))
    with pytest.raises(GraphError, match=r"x0 was float32\[3\] when it was traced, and is float32\[6\] now"):
        graph(ac.ones(6))
    with pytest.raises(GraphError, match=r"and is float64\[3\] now"):
        graph(ac.ones(3, dtype=ac.float64))
    with pytest.raises(TypeError, match="expected a tensor as x0, got list"):
        graph([1.0, 2.0, 3.0])


def test_one_tensor_for_two_arguments() -> None:
    x, y = T([1.0, 2.0]), T([3.0, 4.0])
    graph = ac.trace(lambda a, b: a * 2 + b * 3, x, x)
    assert graph(y, y).tolist() == [15.0, 20.0]
    with pytest.raises(GraphError, match="expected one tensor in all of them"):
        graph(x, y)


# ------------------------------------------------------------------------------------------------- tensors made from values
MADE: dict[str, Callable[[Any], Any]] = {
    "full": lambda x: ac.full((2,), x[0]),
    "full_like": lambda x: ac.full_like(x, x[1]),
    "tensor": lambda x: ac.tensor(x) * 2,
    "arange": lambda x: ac.arange(x[0], x[0] + 2),
    "new_full": lambda x: x.new_full((2,), x[0]),
    "new_tensor": lambda x: x.new_tensor(x),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.filterwarnings("ignore:To copy construct")
def test_what_is_made_from_values_is_made_from_those_of_the_replay(name: str) -> None:
    graph = ac.trace(MADE[name], T([1.0, 2.0]))
    given = T([5.0, 7.0])
    assert graph(given).tolist() == MADE[name](given).tolist()
