"""What is easily drawn wrong: shared weights, control flow, many uses, several outputs, detached parts, in-place operations, own
functions, loops."""

from __future__ import annotations

import autograd_cnn as ac
from autograd_cnn import draw, nn
from autograd_cnn.drawing.canvas.scene import Group
from autograd_cnn.drawing.canvas.theme import family_role
from autograd_cnn.drawing.view.builder import view_of
from autograd_cnn.drawing.view.folding import Fold
from autograd_cnn.drawing.view.view import Edge, Unit, View, size_of
from autograd_cnn.graph.graph import Graph

from .programs import PROGRAMS


def seen(name: str, fold: Fold | None = None) -> View:
    return view_of(Graph.of(PROGRAMS[name](), gradients=True), fold or Fold())


def ops(view: View) -> list[str]:
    return [u.steps[0].name for u in view.units if u.kind == "op"]


def into(view: View, unit: Unit) -> list[Edge]:
    return [e for e in view.edges if e.head is unit]


def test_shared_weights_are_counted_once_and_told_twice() -> None:
    view = seen("shared_weights")
    assert size_of(view.parameters.values()) == 20
    pills = [p for u in view.units for p in u.pills if p.kind == "parameter"]
    assert [p.uses for p in pills] == [2, 2, 2, 2]  # weight and bias, at either call
    assert len({p.id for p in pills}) == 4


def test_a_tied_weight_hangs_on_both_its_users() -> None:
    view = seen("tied_embedding")
    users = [u.steps[0].name for u in view.units for p in u.pills if p.kind == "parameter"]
    assert users == ["embedding", "permute"] or len(users) == 2
    assert size_of(view.parameters.values()) == 60


def test_control_flow_leaves_what_ran() -> None:
    assert ops(seen("control_flow")) == ["matmul", "relu", "matmul", "relu", "sum"]


def test_every_use_of_a_value_is_an_edge() -> None:
    view = seen("used_many_times")
    exp = next(u for u in view.units if u.title.startswith("exp"))
    uses = [e for e in view.edges if e.tail is exp]
    assert len(uses) == 7  # h·h twice, h / (1 + h) twice, the root, and the two halves of cat
    assert {e.branches for e in uses} == {7}


def test_parts_of_one_operation_go_their_own_ways() -> None:
    view = seen("several_outputs")
    split = next(u for u in view.units if u.steps and u.steps[0].name == "split")
    assert len(split.outputs) == 3
    assert len({e.value.id for e in view.edges if e.tail is split}) == 3


def test_no_edge_crosses_a_detach() -> None:
    view = seen("detached")
    assert ops(view).count("mul") == 2  # what was detached is an input: nothing stands before it
    values = [p for u in view.units for p in u.pills if p.kind == "input"] + [u for u in view.units if u.kind == "input"]
    assert values


def test_the_dashed_line_says_that_no_gradient_flows() -> None:
    drawn = draw(PROGRAMS["detached"](), backward=True)
    dashed = [g for g in drawn.scene.groups() if g.kind == "edge" and any(getattr(i, "dash", None) for i in g.items)]
    assert dashed
    assert "forward, no gradient" in drawn.svg


def test_in_place_operations_stand_in_a_row() -> None:
    view = seen("in_place")
    names = ops(view)
    assert names[0] == "mul"
    assert "relu" in names
    last = next(u for u in view.units if u.steps and u.steps[0].name == "sum")
    at = last
    chain = []
    while into(view, at):
        at = into(view, at)[0].tail
        chain.append(at.title)
    assert len(chain) >= 4  # each write is a node that follows on the one before


def test_a_custom_function_tells_what_it_saved() -> None:
    view = seen("custom_function")
    double = [u for u in view.units if u.title == "Double"]
    assert len(double) == 2
    assert double[0].keeps == ("saved",)
    assert double[0].kept_bytes == 16
    assert double[1].kept_bytes == 0  # the leaf is there anyhow


def test_loops_fold() -> None:
    (deck,) = [u for u in seen("recurrent_long").units if (u.kind == "deck" and u.copy_kind == "RNNCell") or "RNNCell" in u.copy_kind]
    assert len(deck.copies) == 40
    (deck,) = [u for u in seen("loop_without_modules").units if u.kind == "deck"]
    assert len(deck.copies) == 30
    assert len([u for u in seen("deep_chain").units if u.kind == "deck"]) == 1


def test_a_short_loop_stands_open_and_each_call_apart() -> None:
    view = seen("recurrent_short", Fold(rule="none"))
    assert len({p.id for p in view.panels if p.kind == "GRUCell"}) == 5 or not view.panels


def test_two_models_are_two_panels() -> None:
    view = seen("two_models")
    assert view.root is None
    assert [u.kind for u in seen("two_models", Fold(0)).units].count("module") == 2


def test_an_input_that_wants_a_gradient_is_no_parameter() -> None:
    view = seen("frozen_layers")
    assert all(p.name in ("2.weight", "2.bias", "weight", "bias") for u in view.units for p in u.pills if p.kind == "parameter")
    assert [u.kind for u in view.units if u.title == "x"] == ["input"]


def test_dtypes_stand_where_they_differ() -> None:
    texts = draw(PROGRAMS["mixed_dtypes"]()).svg
    assert "3×4 float64" in texts
    assert "3×4 float32" not in texts


def test_a_family_has_its_colour_from_the_registration() -> None:
    drawn = draw(PROGRAMS["custom_function"]())
    own = [g for g in drawn.scene.groups() if g.kind == "op custom"]
    assert len(own) == 2
    strips = {item.fill for g in own for item in g.items if getattr(item, "width", 0) == 3.0}
    assert strips == {family_role("custom")}
    assert ">custom</text>" in drawn.svg  # and the legend names it


def test_where_a_gradient_stops() -> None:
    def titles(g: Group) -> list[str]:
        return [x.title or "" for x in g.groups() if x.kind == "edge"]

    drawn = draw(PROGRAMS["stopped"](), backward=True)
    assert any("‖gradient‖ = 0" in t for t in titles(drawn.scene))
    assert any("‖gradient‖ = NaN" in t for t in titles(drawn.scene))
    for sign in ("gradient is zero", "gradient is not finite"):
        assert sign in drawn.svg


def test_drawing_leaves_the_value_as_it_was() -> None:
    model, x = nn.Linear(3, 2), ac.randn(2, 3)
    loss = model(x).sum()
    draw(loss, backward=True)
    assert model.weight.grad is None
    loss.backward()
    before = model.weight.grad.numpy().copy()
    draw(loss, backward=True)
    assert (model.weight.grad.numpy() == before).all()


def test_drawing_retains_no_gradient() -> None:
    x = ac.ones(3, requires_grad=True)
    y = x * 2
    y.retain_grad()
    loss = y.sum()
    draw(loss, backward=True)
    draw(loss, backward="graph")
    assert y.grad is None
    loss.backward()
    assert y.grad is not None
