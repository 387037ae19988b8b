"""What a graph becomes before it is drawn: panels, pills, folds, hidden values."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_cnn.drawing.tensor_graph.cards import title_runs
from autograd_cnn.drawing.view.builder import view_of
from autograd_cnn.drawing.view.folding import Fold
from autograd_cnn.drawing.view.view import View, gradient_of, number_of, summary
from autograd_cnn.graph.step import Value

from . import graphs
from .graphs import Builder


def titles(view: View) -> list[str]:
    return [u.title for u in view.units]


def test_modules_with_parameters_become_panels() -> None:
    view = view_of(graphs.lenet())
    assert [(p.name, p.kind) for p in view.panels] == [
        ("conv1", "Conv2d"),
        ("conv2", "Conv2d"),
        ("conv3", "Conv2d"),
        ("fc1", "Linear"),
        ("fc2", "Linear"),
    ]
    assert view.root is not None
    assert view.root.kind == "LeNet5"
    assert summary(view)["parameters"] == 61_706


def test_an_operation_alone_in_its_module_needs_no_panel() -> None:
    unit = next(u for u in view_of(graphs.lenet()).units if u.title == "tanh")
    assert unit.panel is None
    assert unit.module is not None
    assert unit.module.name == "act1"


def test_parameters_hang_on_their_operation() -> None:
    conv = next(u for u in view_of(graphs.lenet()).units if u.title.startswith("conv2d"))
    assert [(p.name, p.kind) for p in conv.pills] == [("weight", "parameter"), ("bias", "parameter")]


def test_an_input_that_joins_from_the_side_hangs_too() -> None:
    view = view_of(graphs.mlp())
    loss = next(u for u in view.units if u.title == "cross_entropy")
    assert [(p.name, p.kind) for p in loss.pills] == [("y", "input")]
    assert [u.title for u in view.units if u.kind == "input"] == ["x"]


def test_running_statistics_are_hidden_but_told() -> None:
    view = view_of(graphs.resnet_block())
    norm = next(u for u in view.units if u.title == "batch_norm")
    assert norm.hidden == ["block1.bn1.running_mean", "block1.bn1.running_var"]
    assert len(norm.pills) == 2


def test_shared_weights_are_counted_once() -> None:
    view = view_of(graphs.two_in_two_out())
    pills = [p for u in view.units for p in u.pills if p.value.name == "encoder.weight"]
    assert [p.uses for p in pills] == [2, 2]
    assert summary(view)["parameters"] == 32 * 3 * 49 + 2 * 64 + 2 + 64 + 1


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (1, ["x", "fc1", "relu", "fc2", "cross_entropy", "loss"]),
        (0, ["x", "MLP", "cross_entropy", "loss"]),
        (2, ["x", "matmul", "add", "relu", "matmul", "add", "cross_entropy", "loss"]),
    ],
)
def test_folding_by_depth(depth: int, expected: list[str]) -> None:
    view = view_of(graphs.mlp(), Fold(depth, "none"))
    assert titles(view) == expected
    assert view.folded == (depth < 2)


def test_a_folded_module_tells_its_totals() -> None:
    fc1 = view_of(graphs.mlp(), Fold(1)).units[1]
    assert len(fc1.steps) == 2
    assert fc1.kept_bytes == 502_000
    assert len(fc1.parameters) == 2


def test_edges_know_their_branches() -> None:
    view = view_of(graphs.resnet_block())
    assert {e.branches for e in view.edges} == {1, 2}
    assert len({e.id for e in view.edges}) == len(view.edges)


def test_ids_come_from_module_paths_and_are_stable() -> None:
    ids = [u.id for u in view_of(graphs.lenet()).units]
    assert "op-conv1-conv2d" in ids
    assert ids == [u.id for u in view_of(graphs.lenet()).units]
    twice = [u.id for u in view_of(graphs.two_in_two_out()).units if "encoder" in u.id]
    assert twice == ["op-encoder-conv2d", "op-encoder-conv2d-2"]


def test_numbers_are_arguments_not_nodes() -> None:
    b = Builder()
    x = b.input("x", 4)
    y = b.op("add", [x, b.value("constant", None, data=2.5)], 4)
    view = view_of(b.graph(y))
    assert view.units[1].constants == ["2.5"]
    assert len(view.edges) == 2


def test_leaves_without_names_are_called_x() -> None:
    b = Builder()
    a, c = b.value("input", (4,)), b.value("input", (4,))
    view = view_of(b.graph(b.op("add", [a, c], 4)))
    assert [u.title for u in view.units if u.kind == "input"] == ["x1", "x2"]


def test_a_wrapper_around_one_module_is_joined_with_it() -> None:
    b = Builder()
    b.enter("", "Net")
    b.enter("features", "Sequential")
    y = b.conv(b.input("x", 1, 1, 8, 8), "0", 1, 1, 2, 3, 6)
    b.leave()
    b.leave()
    assert [p.name for p in view_of(b.graph(y)).panels] == ["features.0"]


@pytest.mark.parametrize(
    ("grad", "wanted", "state"),
    [
        (None, False, "none"),
        (None, True, "missing"),
        (np.zeros(3), True, "zero"),
        (np.array([1.0, np.nan]), True, "nan"),
        (np.array([np.inf]), True, "nan"),
        (np.array([3.0, 4.0]), True, "flows"),
        (2.0, True, "flows"),
        (np.full(4, 1e30, np.float32), True, "flows"),
    ],
)
def test_states_of_a_gradient(grad: object, wanted: bool, state: str) -> None:
    found = gradient_of(Value(0, "result", grad=grad, requires_grad=wanted))
    assert found.state == state
    if state == "flows" and isinstance(grad, np.ndarray) and grad.size == 2:
        assert found.norm == 5.0


def test_numbers_of_values() -> None:
    assert number_of(Value(0, "result", shape=(), data=np.float32(1.5))) == 1.5
    assert number_of(Value(0, "result", shape=(2,), data=np.zeros(2))) is None
    assert number_of(Value(0, "result", shape=())) is None
    assert number_of(Value(0, "result", data="x")) is None


TITLES = {
    "avg pool 2×2": [("avg pool", "bold"), (" 2×2", "sans")],
    "flatten (4,)": [("flatten", "bold")],
    "^2": [("x", "italic"), ("2", "serif"), (" power", "sans")],
    "+": [("+", "bold"), (" power", "sans")],
    "cross-entropy": [("cross-entropy", "bold")],
    "einsum ij,jk->ik": [("einsum", "bold"), (" ij,jk->ik", "sans")],
}


@pytest.mark.parametrize(("label", "written"), TITLES.items())
def test_titles_of_cards(label: str, written: list[tuple[str, str]]) -> None:
    b = Builder()
    graphs.P["titled"] = graphs.Fake("power", label=label)
    unit = view_of(b.graph(b.op("titled", [b.input("x", 4)], 4))).units[1]
    assert [(r.text, r.face) for r in title_runs(unit)] == written
