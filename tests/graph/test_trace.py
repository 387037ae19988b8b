"""`trace` and `Graph`: every operation in order, printed, replayed on other inputs; and the tape read as a graph."""

from __future__ import annotations

import pickle
from collections import namedtuple
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import GraphError
from autograd_cnn.graph.graph import Graph
from autograd_cnn.graph.trace import onlooker


def test_it_prints_each_operation_with_shape_and_scope() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    text = str(ac.trace(net, ac.ones(5, 3)))
    assert text.splitlines()[0] == "graph(x0: float32[5, 3]):"
    assert "parameter 0.weight: float32[4, 3]" in text
    assert "linear(x0, 0.weight, 0.bias) : float32[5, 4]   # 0" in text
    assert "relu(" in text
    assert text.splitlines()[-1].startswith("  return %")


def test_replay_takes_other_inputs() -> None:
    graph = ac.trace(lambda x, y: (x @ y).tanh().sum(0), ac.ones(2, 3), ac.ones(3, 4))
    x, y = ac.randn(2, 3), ac.randn(3, 4)
    assert ac.equal(graph(x, y), (x @ y).tanh().sum(0))


def test_replay_records() -> None:
    graph = ac.trace(lambda x: (x * x).sum(), ac.ones(3))
    x = ac.tensor([1.0, 2.0, 3.0], requires_grad=True)
    graph(x).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0, 6.0]


def test_replay_uses_the_live_parameters() -> None:
    layer = nn.Linear(2, 2)
    graph = ac.trace(layer, ac.ones(1, 2))
    with ac.no_grad():
        layer.weight.fill_(2.0)
        layer.bias.fill_(1.0)
    out = graph(ac.ones(1, 2))
    assert out.tolist() == [[5.0, 5.0]]
    out.sum().backward()
    assert layer.weight.grad is not None


def test_nested_results_keep_their_structure() -> None:
    graph = ac.trace(lambda x: {"a": x + 1, "b": (x * 2, [x - 1]), "n": 3}, ac.ones(2))
    got = graph(ac.tensor([5.0, 6.0]))
    assert got["a"].tolist() == [6.0, 7.0]
    assert got["b"][0].tolist() == [10.0, 12.0]
    assert got["b"][1][0].tolist() == [4.0, 5.0]
    assert got["n"] == 3


def test_in_place_writes_are_followed() -> None:
    def fn(x: Any) -> Any:
        h = x * 2
        h.add_(1)
        h[0] = 0.0
        return h * h

    graph = ac.trace(fn, ac.ones(3))
    x = ac.tensor([3.0, 4.0, 5.0])
    assert graph(x).tolist() == fn(x).tolist() == [0.0, 81.0, 121.0]
    assert x.tolist() == [3.0, 4.0, 5.0]


def test_writes_to_views_are_followed() -> None:
    def fn(x: Any) -> Any:
        h = x * 1
        view = h[1:]
        view.mul_(10)
        return h + 0

    graph = ac.trace(fn, ac.ones(3))
    x = ac.tensor([3.0, 4.0, 5.0])
    assert fn(x).tolist() == [3.0, 40.0, 50.0]
    assert graph(x).tolist() == [3.0, 40.0, 50.0]


def test_writes_to_a_base_are_seen_by_its_views() -> None:
    def fn(x: Any) -> Any:
        h = x * 1
        view = h[1:]
        h.mul_(10)
        return view + 0

    graph = ac.trace(fn, ac.ones(3))
    x = ac.tensor([3.0, 4.0, 5.0])
    assert fn(x).tolist() == [40.0, 50.0]
    assert graph(x).tolist() == [40.0, 50.0]


def test_views_split_and_several_outputs() -> None:
    def fn(x: Any) -> Any:
        a, b = x.reshape(2, 3).t().split([1, 2])
        values, indices = b.max(dim=1)
        return a, values, indices

    graph = ac.trace(fn, ac.arange(6.0))
    x = ac.tensor([5.0, 1.0, 2.0, 0.0, 7.0, -1.0])
    for got, want in zip(graph(x), fn(x), strict=True):
        assert ac.equal(got, want)


def test_random_operations_draw_anew() -> None:
    drop = nn.Dropout(0.5)
    graph = ac.trace(drop, ac.ones(200))
    ac.manual_seed(1)
    first = graph(ac.ones(200))
    second = graph(ac.ones(200))
    assert not ac.equal(first, second)
    ac.manual_seed(1)
    assert ac.equal(first, drop(ac.ones(200)))


def test_python_numbers_and_constants_stand_in_the_text() -> None:
    text = str(ac.trace(lambda x: x * 2 + ac.ones(3), ac.ones(3)))
    assert "mul(x0, 2)" in text


def test_what_cannot_be_traced() -> None:
    with pytest.raises(GraphError, match="expected a function that returns tensors"):
        ac.trace(lambda x: 3, ac.ones(2))
    with pytest.raises(TypeError, match="a function or module"):
        ac.trace(3, ac.ones(2))
    with pytest.raises(TypeError, match="expected 1 arguments, got 2"):
        ac.trace(lambda x: x + 1, ac.ones(2))(ac.ones(2), ac.ones(2))


def test_tracing_ends_with_an_exception() -> None:
    def fails(x: Any) -> Any:
        raise KeyError("no")

    with pytest.raises(KeyError):
        ac.trace(fails, ac.ones(2))
    assert len(ac.trace(lambda x: x + 1, ac.ones(2))) == 1


def test_a_function_is_traced_as_one_step() -> None:
    class Twice(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    graph = ac.trace(Twice.apply, ac.ones(3))
    assert [s.name for s in graph] == ["Twice"]
    assert graph(ac.tensor([1.0, 2.0, 3.0])).tolist() == [2.0, 4.0, 6.0]


def test_the_tape_as_a_graph() -> None:
    w = ac.tensor([1.0, 2.0], requires_grad=True)
    x = ac.tensor([3.0, 4.0])
    loss = (w * x).tanh().sum()
    graph = ac.Graph.of(loss, gradients=True, names={"w": w, "x": x})
    assert [s.name for s in graph] == ["mul", "tanh", "sum"]
    assert [v.name for v in graph.parameters] == ["w"]
    assert w.grad is None
    loss.backward()
    assert w.grad is not None
    assert np.allclose(graph.parameters[0].grad, w.grad.numpy())
    assert "w: float32[2]" in str(graph)
    with pytest.raises(GraphError, match="trace"):
        graph(x)


def test_the_backward_pass_is_a_graph_aligned_with_the_forward() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    y = x.sin().sum()
    serial = {s.name: s.serial for s in ac.Graph.of(y)}
    (g,) = ac.autograd.grad(y, x, create_graph=True)
    origins = {s.name: s.origin for s in ac.Graph.of(g) if s.origin is not None}
    assert origins
    assert set(origins.values()) <= set(serial.values())


def test_graphs_of_what_has_none() -> None:
    with pytest.raises(GraphError, match="requires_grad=True"):
        ac.Graph.of(ac.ones(2))
    with pytest.raises(GraphError, match="single number"):
        ac.Graph.of(ac.ones(2, requires_grad=True) * 2, gradients=True)


def test_a_trace_of_convolution_layers_replays() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    x = ac.randn(2, 1, 4, 4)
    graph = ac.trace(net, ac.zeros(2, 1, 4, 4))
    assert ac.allclose(graph(x), net(x))
    assert "# 0" in str(graph)


def test_results_can_be_noted_before_they_are_overwritten():
    from autograd_cnn.graph.trace import trace

    def fn(x):
        y = x * 2
        y.add_(1)
        return y.exp()

    graph = trace(fn, ac.zeros(2), note=lambda raw: raw.copy())
    noted = [graph.values[step.outputs[0]].data for step in graph]
    assert [n.tolist() for n in noted[:2]] == [[0, 0], [1, 1]]
    plain = trace(fn, ac.zeros(2))
    assert all(plain.values[i].data is None for step in plain for i in step.outputs)


def test_an_argument_that_is_a_parameter_is_replaced_on_replay():
    w, x = ac.nn.Parameter(ac.tensor([1.0, 2.0])), ac.tensor([3.0, 4.0])
    graph = ac.trace(lambda w, x: w * x + w, w, x)
    assert graph(w, x).tolist() == [4.0, 10.0]
    assert graph(ac.tensor([5.0, 6.0]), x).tolist() == [20.0, 30.0]
    assert graph(w, ac.tensor([0.0, 1.0])).tolist() == [1.0, 4.0]


@pytest.mark.parametrize(
    "cut", [lambda x: x.detach(), lambda x: x.data, lambda x: x.detach().clone().detach()], ids=["detach", "data", "twice"]
)
def test_what_is_detached_is_computed_anew(cut: Any) -> None:
    graph = ac.trace(lambda x: (x * 2 * cut(x * x)).sum(), ac.ones(3))
    x = ac.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = graph(x)
    y.backward()
    assert y.item() == 2 * (1 + 8 + 27)
    assert x.grad is not None and x.grad.tolist() == [2.0, 8.0, 18.0]  # 2x², no gradient through what is cut


def test_which_values_take_a_gradient() -> None:
    w, frozen = ac.nn.Parameter(ac.ones(2)), ac.ones(2)
    graph = ac.trace(lambda x: (x * w + frozen, x * 2), ac.ones(2))
    told = {i: graph.values[i].requires_grad for s in graph for i in (*s.inputs, *s.outputs)}
    mul, add, double = graph.steps
    x, w_at = mul.inputs
    assert (told[x], told[w_at], told[mul.outputs[0]]) == (False, True, True)
    assert (told[add.inputs[1]], told[add.outputs[0]], told[double.outputs[0]]) == (False, True, False)
    kinds = [graph.values[i].kind for i in (x, w_at, mul.outputs[0], add.inputs[1])]
    assert kinds == ["input", "parameter", "result", "constant"]
    assert graph.values[add.inputs[1]].data is frozen.value and graph.values[w_at].data is w.value
    assert graph.values[w_at].node is w.node and graph.values[x].node is None and graph.values[mul.outputs[0]].node is None
    assert [graph.values[i].dtype for i in (x, double.inputs[1])] == ["float32", None]


def test_arrays_among_parameters_are_values_however_nested() -> None:
    from autograd_cnn.graph.step import exchanged, leaves_of
    from autograd_cnn.primitives.primitive import primitive

    @primitive(family="user")
    def _taken(x: Any, *, at: Any) -> Any:
        return x[at[0][1]] + at[1]

    graph = ac.trace(lambda x, i: _taken(x, at=[("rows", i.value), 2.0]), ac.ones(3), ac.tensor([0, 1]))
    assert "at=[('rows', x1), 2.0]" in str(graph)
    assert graph(ac.tensor([5.0, 6.0, 7.0]), ac.tensor([2, 0])).tolist() == [9.0, 7.0]
    assert list(leaves_of([1, (2, [3, ()]), "ab"])) == [1, 2, 3, "ab"]
    known = np.ones(2)
    assert exchanged([1, (known, 3)], {id(known): 7}, lambda at: -at) == [1, (-7, 3)]
    assert exchanged(known, {}, lambda at: at) is known


def test_arrays_and_numbers_among_the_arguments() -> None:
    array = np.ones(2, np.float32)
    graph = ac.trace(lambda x: x * array + 2.5, ac.ones(2))
    told = [(v.kind, v.shape, v.dtype) for v in graph.values]
    assert told[:2] == [("input", (2,), "float32"), ("constant", (2,), "float32")] and ("constant", None, None) in told
    assert "mul(x0, %1)" in str(graph) and "add(%2, 2.5)" in str(graph)
    assert graph(ac.tensor([2.0, 3.0])).tolist() == [4.5, 5.5]


def test_results_may_hold_nothing() -> None:
    graph = ac.trace(lambda x: {"a": x * 2, "b": (), "c": [], "d": ("constant", x), "e": ("constant", "word")}, ac.ones(1))
    got = graph(ac.tensor([3.0]))
    assert (got["a"].tolist(), got["b"], got["c"]) == ([6.0], (), ())
    assert (got["d"][0], got["d"][1].tolist(), got["e"]) == ("constant", [3.0], ("constant", "word"))


def test_a_pickled_graph_knows_its_indices() -> None:
    """They are known by identity, which a pickle does not keep."""
    graph = pickle.loads(pickle.dumps(ac.trace(lambda x, i: x[i] * 2, ac.tensor([1.0, 2.0, 3.0]), ac.tensor([0, 2]))))
    assert graph(ac.tensor([5.0, 6.0, 7.0]), ac.tensor([1, 1])).tolist() == [12.0, 12.0]


# ------------------------------------------------------------------------------------------------------- what an onlooker sees
Pair = namedtuple("Pair", "first second")


def test_a_named_tuple_comes_back_as_one() -> None:
    graph = ac.trace(lambda x: Pair(x * 2, x + 1), ac.ones(2))
    again = graph(ac.tensor([1.0, 2.0]))
    assert type(again) is Pair and again.first.tolist() == [2.0, 4.0] and again.second.tolist() == [2.0, 3.0]


def test_a_graph_that_an_earlier_version_pickled_has_no_count_of_parameters() -> None:
    graph = ac.trace(lambda x: x * 2, ac.ones(2))
    state = [getattr(graph, f.name) for f in fields(graph)][:-1]
    made = object.__new__(Graph)
    made.__setstate__(state)
    assert made.held == 0 and str(made) == str(graph)
    assert str(pickle.loads(pickle.dumps(graph))) == str(graph)


def test_an_onlooker_sees_nodes_calls_names_and_only_what_leads_to_the_result() -> None:
    layer = ac.nn.LayerNorm(3)

    def f(batch: dict[str, Any], scale: Any = 2.0) -> Any:
        batch["b"].exp()
        return layer(batch["a"]).sum() * scale

    a = ac.ones(2, 3, requires_grad=True)
    graph = onlooker(f, ({"a": a, "b": ac.ones(2)},), {"scale": 3.0}, gradients=True)
    assert [graph.values[i].name for i in graph.inputs] == ["a", "b"]
    assert [s.name for s in graph.steps][-2:] == ["sum", "mul"] and "exp" not in [s.name for s in graph.steps]
    (call,) = {s.call for s in graph.steps[:-2]}
    assert call is not None and call[0] == "LayerNorm"
    assert graph.held == 6 and not graph.replayable
    assert graph.values[graph.steps[-1].inputs[0]].grad.tolist() == 3.0
    with pytest.raises(TypeError, match="expected the function to return a tensor to walk back from, got int"):
        onlooker(lambda x: 1, (a,), {}, gradients=True)
    with pytest.raises(GraphError, match="expected an output with a graph to walk back from"):
        onlooker(lambda x: x.detach().sum(), (a,), {}, gradients=True)


def test_the_gradients_of_several_outputs_are_those_of_their_sum_and_of_each() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    graph = Graph.of((x * x).sum(), (3 * x).sum(), gradients=True)
    leaf = graph.parameters[0]
    assert leaf.grad.tolist() == [5.0, 7.0]
    assert [g.tolist() for g in leaf.shares] == [[2.0, 4.0], [3.0, 3.0]]
    assert Graph.of((x * x).sum(), gradients=True).parameters[0].shares == ()
