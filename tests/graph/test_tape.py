"""A recorded tape read as a graph: which values it knows, what a step keeps, and what is left after a backward pass."""

from __future__ import annotations

import numpy as np

import autograd_cnn as ac
from autograd_cnn import Graph, Scalar
from autograd_cnn.engine.node import Leaf, Node
from autograd_cnn.graph.step import Value


def _steps(graph: Graph) -> dict[str, object]:
    return {s.name: s for s in graph.steps}


def test_constants_are_known_by_what_the_rules_keep() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    c = ac.tensor([3.0, 5.0])
    graph = Graph.of((x * c).sum(), names={"c": c})
    mul = _steps(graph)["mul"]
    first, second = (graph.values[i] for i in mul.inputs)
    assert (first.kind, first.data.tolist()) == ("parameter", [1.0, 2.0])
    assert (second.kind, second.name, second.data.tolist()) == ("input", "c", [3.0, 5.0])
    assert not second.requires_grad


def test_one_constant_of_two_steps_is_one_value() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    c, other = ac.tensor([3.0, 5.0]), ac.tensor([3.0, 5.0])
    graph = Graph.of(((x * c) * c * other).sum())
    constants = [graph.values[s.inputs[1]].id for s in graph.steps if s.name == "mul"]
    assert len(constants) == 3 and constants[0] == constants[1] != constants[2]


def test_results_that_a_rule_keeps_come_with_their_data() -> None:
    x = ac.tensor([0.0, 1.0], requires_grad=True)
    e = x.exp()  # its rule keeps the result
    graph = Graph.of((e + 1.0).sum())
    steps = _steps(graph)
    assert graph.values[steps["exp"].outputs[0]].data is e.value
    assert graph.values[steps["add"].outputs[0]].data is None  # which nobody keeps
    assert graph.values[graph.outputs[0]].data == np.float32(e.value.sum() + 2)
    assert (steps["exp"].keeps, steps["exp"].kept_bytes) == (("y",), 8)
    assert (steps["add"].keeps, steps["add"].kept_bytes) == ((), 0)


def test_after_a_backward_pass_the_graph_is_still_read() -> None:
    x = ac.tensor([0.0, 1.0], requires_grad=True)
    loss = (x.exp() * 2.0).sum()
    before = Graph.of(loss)
    loss.backward()
    after = Graph.of(loss)
    assert [s.name for s in after.steps] == [s.name for s in before.steps]
    assert [v.shape for v in after.values if v.kind != "constant"] == [v.shape for v in before.values if v.kind != "constant"]
    assert all(s.kept_bytes == 0 for s in after.steps)
    assert after.parameters[0].grad.tolist() == x.grad.tolist()


def test_scalars_after_a_backward_pass() -> None:
    a = Scalar(2.0, "a")
    loss = a * 3.0 + a
    loss.backward()
    graph = Graph.of(loss)
    assert [s.name for s in graph.steps] == ["mul", "add"]
    assert graph.values[graph.outputs[0]].data == 8.0 and graph.parameters[0].grad == 4.0


def test_scalars_show_every_number() -> None:
    a, b = Scalar(2.0, "a"), Scalar(3.0, "b")
    graph = Graph.of((a * b + a) * 4.0, gradients=True)
    shown = {s.name: ([graph.values[i].data for i in s.inputs], graph.values[s.outputs[0]].data) for s in graph.steps if s.name == "add"}
    assert shown == {"add": ([6.0, 2.0], 8.0)}
    assert [(graph.values[s.outputs[0]].data, graph.values[s.outputs[0]].grad) for s in graph.steps] == [
        (6.0, 4.0),
        (8.0, 4.0),
        (32.0, 1.0),
    ]
    assert {v.name: v.grad for v in graph.values if v.name} == {"a": 16.0, "b": 8.0}
    assert [v.data for v in graph.values if v.kind == "constant"] == [4.0]
    turned = Graph.of((2.0 - a) / 3.0)
    assert [[turned.values[i].data for i in s.inputs] for s in turned.steps] == [[2.0, 2.0], [0.0, 3.0]]
    assert [turned.values[i].kind for s in turned.steps for i in s.inputs] == ["constant", "parameter", "result", "constant"]
    other = Graph.of(5.0 - a)
    assert [other.values[i].data for i in other.steps[0].inputs] == [5.0, 2.0]


def test_numbers_stand_in_the_text_only_where_they_are_constants() -> None:
    a = Scalar(2.0, "a")
    graph = Graph.of((a * 3.0) * (a + 1.0))
    lines = str(graph).split("\n")
    assert [line.split("(")[1].split(")")[0].split(", ")[:2] for line in lines if " = " in line] == [
        ["a", "3"],
        ["a", "1"],
        [f"%{graph.steps[0].outputs[0]}", f"%{graph.steps[1].outputs[0]}"],
    ]


def test_the_parts_of_several_results_belong_to_their_own_step() -> None:
    x = ac.tensor([[1.0, 5.0], [7.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = ac.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    a, b, c = x.unbind()
    d, e, f, g = y.unbind()
    graph = Graph.of((a * b * c * (d + e * f * g)).sum())
    shapes = sorted([graph.values[i].shape for i in s.outputs] for s in graph.steps if len(s.outputs) > 1)
    assert shapes == [[(1,)] * 4, [(1, 2)] * 3]
    made = {out: s.index for s in graph.steps for out in s.outputs}
    assert len(made) == sum(len(s.outputs) for s in graph.steps)
    for s in graph.steps:
        assert all(made[i] < s.index for i in s.inputs if i in made)


def test_what_a_trace_says_is_kept_counts_neither_parameters_nor_anything_twice() -> None:
    w, v = ac.nn.Parameter(ac.ones(3)), ac.nn.Parameter(ac.ones(3))
    x = ac.ones(3)
    kept = lambda fn, *args: [s.kept_bytes for s in ac.trace(fn, *args).steps]
    assert kept(lambda x: x * w, x) == [12]  # x; the parameter is there anyway
    assert kept(lambda: w * v) == [0]
    assert kept(lambda x: (x * w) * x, x) == [12, 0]
    assert kept(lambda x: (w * x).exp(), x) == [12, 12]  # x, then the result


def test_every_node_answers_what_any_node_is_asked() -> None:
    x = ac.tensor([1.0], requires_grad=True)
    for node in ((x * 2).grad_fn, x.node, Scalar(1.0).node, ac.nn.Parameter(ac.ones(2)).node):
        for slot in (*Node.__slots__, *(Leaf.__slots__ if isinstance(node, Leaf) else ())):
            if slot != "__weakref__":
                getattr(node, slot)
    leaf = x.node
    assert (leaf.prim, leaf.inputs, leaf.kept, leaf.params, leaf.scope, leaf.extra, leaf.grad) == (None, (), (), (), None, None, None)
    assert leaf.variable is x
    assert Leaf(1.0, 0).variable is None
    del x
    assert leaf.variable is None


def test_the_gradients_are_those_of_the_walk_that_was_asked_for() -> None:
    """Not those that an earlier backward pass has left; which are shown where no walk is asked for."""
    w = ac.tensor([1.0, 2.0], requires_grad=True)
    y = w * 3
    y.retain_grad()
    (y * 5).sum().backward(retain_graph=True)
    loss = (y * y).sum()

    def grads(graph: Graph) -> list[object]:
        values = [graph.values[i] for i in (graph.parameters[0].id, *(s.outputs[0] for s in graph.steps[:2]))]
        return [None if v.grad is None else v.grad.tolist() for v in values]

    assert grads(Graph.of(loss, gradients=True)) == [[18.0, 36.0], [6.0, 12.0], [1.0, 1.0]]
    assert grads(Graph.of(loss)) == [[15.0, 15.0], [5.0, 5.0], None]


def test_shapes_are_not_what_a_step_keeps() -> None:
    w = ac.nn.Parameter(ac.ones(2, 3))
    assert [s.keeps for s in ac.trace(lambda: (w.sum(0) * 2.0).exp()).steps] == [(), ("other",), ("y",)]
    assert all(s.recorded and not s.linked for s in Graph.of((w.sum(0) * 2.0).exp().sum()))  # a tape holds what was recorded


def test_a_graph_is_a_value() -> None:
    """Nobody can change it: it consists of tuples."""
    w = ac.nn.Parameter(ac.ones(3))
    for graph in (ac.trace(lambda x: {"a": [w * x, x.sum()]}, ac.ones(3)), Graph.of((w.exp() * w).sum(), w * 2)):
        for parts in (graph.values, graph.steps, graph.inputs, graph.outputs, graph.parameters):
            assert type(parts) is tuple
        for step in graph:
            assert {type(p) for p in (step.inputs, step.outputs, step.scope, step.keeps, step.absent)} == {tuple}
        assert all(v.shape is None or type(v.shape) is tuple for v in graph.values)


def test_what_is_no_number_is_printed_as_a_value() -> None:
    values = tuple(Value(i, "constant", data=d) for i, d in enumerate((2.5, True, 3, None, [1.0])))
    assert str(Graph(values, (), (), (0, 1, 2, 3, 4))).endswith("return 2.5, 1, 3, %3, %4")


def test_values_are_alike_without_their_nodes() -> None:
    x = ac.tensor([1.0], requires_grad=True)
    one, other = (Value(0, "parameter", shape=(1,), node=n) for n in (x.node, (x * 2).node))
    assert one == other and "Node" not in repr(one) and "node=" not in repr(one)
    graph = ac.trace(lambda x, i: x[i], x, ac.tensor([0]))
    assert "linked=" not in repr(graph.steps[0])


def test_inputs_of_a_tape_are_the_arrays_that_take_no_gradient() -> None:
    w, x, c = ac.tensor([1.0, 2.0], requires_grad=True), ac.tensor([3.0, 4.0]), ac.tensor(2.0)
    graph = Graph.of((w * x * c).sum(), names={"x": x})
    assert [(graph.values[i].kind, graph.values[i].name, graph.values[i].shape) for i in graph.inputs] == [("input", "x", (2,))]
    assert [v.kind for v in graph.values].count("input") == 1
    assert Graph.of((w * 2).sum()).inputs == ()
