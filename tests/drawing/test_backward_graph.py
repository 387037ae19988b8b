"""The backward pass as the graph it is: its operations, where they stand, what they use; and its picture is sound."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import Scalar, draw, nn
from autograd_cnn.drawing import Drawing
from autograd_cnn.drawing.canvas.geometry import inside, overlap
from autograd_cnn.drawing.canvas.scene import Group, Path, Text
from autograd_cnn.drawing.tensor_graph.backward_walk import Walk, walk_of
from autograd_cnn.drawing.view.builder import view_of
from autograd_cnn.drawing.view.folding import Fold
from autograd_cnn.drawing.view.view import View
from autograd_cnn.errors import GraphError
from autograd_cnn.graph.graph import Graph
from autograd_cnn.nn import functional as F

from . import sound
from .fitting_models import MODELS
from .fitting_table import on_screen


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.skip = nn.Conv2d(2, 2, 1)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        y: ac.Tensor = (self.conv2(self.conv1(x).relu()) + self.skip(x)).relu()
        return y


def perceptron() -> ac.Tensor:
    ac.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    return F.cross_entropy(model(ac.randn(2, 5)), ac.tensor([0, 2]))


def block() -> ac.Tensor:
    ac.manual_seed(0)
    return Block()(ac.randn(1, 2, 4, 4, requires_grad=True)).sum()


def shared() -> ac.Tensor:
    w = ac.ones(3, 3, requires_grad=True)
    return ((ac.ones(2, 3) @ w).tanh() @ w).mean()


def detached() -> ac.Tensor:
    a, b = ac.ones(3, requires_grad=True), ac.ones(3, requires_grad=True)
    return (a * b.detach() + (b * 2).exp()).sum()


def convolutional() -> ac.Tensor:
    ac.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    return F.cross_entropy(model(ac.randn(2, 1, 6, 6)), ac.tensor([0, 2]))


def deep() -> ac.Tensor:
    ac.manual_seed(0)
    return nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(40)))(ac.randn(2, 4)).sum()


def scalars() -> Scalar:
    a, b = Scalar(2.0, "a"), Scalar(-3.0, "b")
    return (a * b + a.tanh()) ** 2


def attention() -> ac.Tensor:
    """Written out in functions: no module says what belongs together."""
    ac.manual_seed(0)
    x = ac.randn(2, 5, 8)
    w = [ac.randn(8, 8, requires_grad=True) for _ in range(4)]
    q, k, v = (x @ m for m in w[:3])
    return ((q @ k.transpose(1, 2) / 8**0.5).softmax(-1) @ v @ w[3]).pow(2).mean()


def attention_with_heads() -> ac.Tensor:
    ac.manual_seed(0)
    x = ac.randn(2, 5, 8)
    w = [ac.randn(8, 8, requires_grad=True) for _ in range(4)]
    q, k, v = ((x @ m).reshape(2, 5, 2, 4).transpose(1, 2) for m in w[:3])
    scores = q @ k.transpose(2, 3) / 4**0.5
    e = (scores - scores.max(-1, keepdim=True)[0]).exp()
    out = (e / e.sum(-1, keepdim=True) @ v).transpose(1, 2).reshape(2, 5, 8) @ w[3]
    return ((out - x) ** 2).mean()


def attention_of_the_library() -> ac.Tensor:
    q, k, v = (ac.rand(1, 2, 3, 4, requires_grad=True) for _ in range(3))
    return F.scaled_dot_product_attention(q, k, v).sum()


PLAIN = (attention, attention_with_heads, attention_of_the_library)
WITH_MODULES = (perceptron, block, shared, detached, convolutional, deep)
MAKE: dict[str, Callable[[], Any]] = {f.__name__: f for f in (*WITH_MODULES, *PLAIN, scalars)}


def walked(value: Any) -> tuple[View, Walk]:
    view = view_of(Graph.of(value, gradients=True), Fold())
    return view, walk_of(view)


def names(walk: Walk, unit: str) -> list[str]:
    return [o.step.name for o in walk.cells.get(unit, [])]


def test_every_rule_stands_at_its_operation() -> None:
    view, walk = walked(perceptron())
    ids = {u.title: u.id for u in view.units}
    assert names(walk, ids["tanh"])  # 1 − y² times what arrives
    assert set(walk.cells[ids["tanh"]][0].uses) == {"y"}
    first = next(u.id for u in view.units if u.kind == "op")
    assert "matmul" in names(walk, first)
    assert not any(o.leaves_cell for o in walk.cells[first])  # the input wants no gradient: nothing goes on from here
    given = sorted(len(o.leaves) for cell in walk.cells.values() for o in cell)
    assert sum(given) == 4  # two weights, two biases, each given once


def test_the_walk_holds_all_operations_of_the_pass() -> None:
    view, walk = walked(block())
    assert sum(len(c) for c in walk.cells.values()) == sum(s.origin in {t.serial for t in view.graph.steps} for s in walk.graph.steps)
    sums = [s for s in walk.graph.steps if s.origin not in {t.serial for t in view.graph.steps}]
    assert [s.name for s in sums] == ["add"]  # both convolutions bring a gradient to the input


def test_shares_of_a_shared_weight() -> None:
    view, walk = walked(shared())
    weight = next(v.id for v in view.graph.values if v.kind == "parameter")
    assert sum(weight in o.leaves for c in walk.cells.values() for o in c) == 2


def test_gradients_are_numbers_of_scalars() -> None:
    drawn = draw(scalars(), backward="graph")
    texts = [t.string for g, t in drawn.scene.walk() if isinstance(t, Text) and g.kind == "op backward"]
    assert any("power" in t for t in texts)
    assert not any("scalar" in t for t in texts)


WHOLE = ("perceptron", "block", "convolutional")  # drawn without folding too, whether it fits or not


@pytest.fixture(params=[*MAKE, *(f"{name} whole" for name in WHOLE)], scope="module")
def drawn(request: pytest.FixtureRequest) -> Drawing:
    name, _, whole = request.param.partition(" ")
    return draw(MAKE[name](), backward="graph", fold="none" if whole else "auto")


def at(g: Group) -> tuple[float, float, float, float]:
    assert g.box is not None
    return g.box


def test_both_pictures_are_aligned(drawn: Drawing) -> None:
    """A cell has the middle of its forward card, one distance to the right for all of them."""
    by_id = {g.id: g for g in drawn.scene.groups() if g.id}
    pairs = [(by_id[g.id[2:]], g) for g in drawn.scene.groups() if g.kind == "cell" and g.id]
    assert pairs
    away = set()
    for front, cell in pairs:
        (x, y, w, h), (bx, by, bw, bh) = at(front), at(cell)
        assert y + h / 2 == pytest.approx(by + bh / 2)
        away.add(round(bx + bw / 2 - x - w / 2, 3))
    assert len(away) == 1


def test_nothing_overlaps_and_no_text_leaves_its_box(drawn: Drawing) -> None:
    scene = drawn.scene
    for group, text in scene.walk():
        if isinstance(text, Text) and text.string.strip():
            assert inside(text.box(), (0.0, 0.0, scene.width, scene.height)), text.string
            assert group.box is None or inside(text.box(), group.box, 0.5), f"{text.string!r} leaves {group.id}"
    solid = [g for g in scene.groups() if g.box and (g.kind or "").split()[0] in ("op", "tensor", "cell", "module") and g.kind != "module"]
    solid = [g for g in solid if g.kind != "op backward"]
    for a, b in itertools.combinations(solid, 2):
        assert not overlap(at(a), at(b), 2.0), f"{a.id} and {b.id}"
    rows = [g for g in scene.groups() if g.kind == "op backward"]
    cells = {g.id: at(g) for g in scene.groups() if g.kind == "cell"}
    for row in rows:
        assert row.id is not None
        assert inside(at(row), cells[row.id.rsplit("-", 1)[0]])


@pytest.mark.parametrize("name", MAKE)
def test_it_fits_a_screen(name: str) -> None:
    assert on_screen(draw(MAKE[name](), backward="graph").scene) >= 9.0 - 1e-6


@pytest.mark.parametrize("name", ["concat_16", "many_losses", "diamond", "complete_graph", "siamese_triplet"])
def test_what_is_wide_or_entangled_fits_too(name: str) -> None:
    *given, _ = MODELS[name]()
    scene = draw(*given, backward="graph").scene
    assert on_screen(scene) >= 9.0 - 1e-6
    sound.check(scene)


def test_rules_are_folded_before_what_nothing_puts_together() -> None:
    """Every operation forward stands alone or with its like; long rules are a card that says of how many operations they are."""
    scene = draw(attention(), backward="graph").scene
    rules = {g.id.removeprefix("b-"): g for g in scene.groups() if g.kind == "cell" and g.id}
    fronts = [g for g in scene.groups() if g.id in rules]
    assert len(fronts) == 8  # three products as one, a permutation, a product, ÷ with the softmax after it, two products, a power, a mean
    assert "∂ matmul: 5 operations" in [g.title for g in rules.values()]
    assert draw(attention(), backward="graph", fold="none").scene.width > 1500  # nothing is folded: not the rules either


def test_numbers_beside_the_gradients_keep_off_the_lines() -> None:
    scene = draw(attention_with_heads(), backward="graph").scene
    numbers = [t.box() for g, t in scene.walk() if isinstance(t, Text) and t.size == 11 and g.kind is None and t.string[:1].isdigit()]
    assert numbers
    for g in scene.groups():
        if g.kind == "edge back":
            for (x0, y0), (x1, y1) in (p for i in g.items if isinstance(i, Path) for p in itertools.pairwise(i.points())):
                line = (min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
                assert not any(overlap(line, box, 0.0) for box in numbers), g.id


def test_folded_operations_are_called_what_they_are() -> None:
    texts = sound.texts(draw(attention_with_heads(), backward="graph").scene)
    assert "folded operations" in texts and "folded module" not in texts


def test_in_two_columns_either_picture_is_whole() -> None:
    """The backward one mirrors the forward one, card for card, with a line from each to the next."""
    ac.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3))
    scene = draw(model(ac.rand(1, 1, 8, 8)).logsumexp(1).mean(), backward="graph").scene
    fronts = {g.id: at(g) for g in scene.groups() if g.box and (g.id or "").startswith(("op-", "m-"))}
    assert len({round(x + w / 2) for x, _, w, _ in fronts.values()}) == 2
    assert {g.id[2:] for g in scene.groups() if g.kind == "cell" and g.id} == fronts.keys()
    assert len([g for g in scene.groups() if g.kind == "edge back"]) == len(fronts) == 7


def test_the_legend_keeps_clear_of_both_pictures() -> None:
    """Where it finds room between them, it stands there."""
    q, k, v = (ac.rand(1, 2, 3, 4, requires_grad=True) for _ in range(3))
    scene = draw(F.scaled_dot_product_attention(q, k, v).sum(), backward="graph", fold="none").scene
    (legend,) = [g for g in scene.groups() if g.kind == "legend"]
    texts = [t.box() for _, t in legend.walk() if isinstance(t, Text)]
    solid = [at(g) for g in scene.groups() if g.box and (g.kind or "").split()[0] in ("op", "tensor", "cell")]
    assert max(x + w for x, _, w, _ in texts) < max(x for x, *_ in solid)
    assert not any(overlap(a, b, 4.0) for a in texts for b in solid)


def test_no_line_crosses_a_foreign_card(drawn: Drawing) -> None:
    solid = {g.id: at(g) for g in drawn.scene.groups() if g.kind == "cell" or (g.kind or "").startswith("op ")}
    for g in drawn.scene.groups():
        if g.kind != "edge back":
            continue
        own = {f"b-{g.data['tail']}", f"b-{g.data['head']}"}
        for item in g.items:
            if isinstance(item, Path):
                for (x0, y0), (x1, y1) in itertools.pairwise(item.points()):
                    for k in range(11):
                        p = (x0 + (x1 - x0) * k / 10, y0 + (y1 - y0) * k / 10, 0.0, 0.0)
                        assert not [i for i, box in solid.items() if i not in own and inside(p, box)], g.id


def test_titles_and_ids(drawn: Drawing) -> None:
    ids = [g.id for g in drawn.scene.groups() if g.id]
    assert len(ids) == len(set(ids))
    assert all(g.title for g in drawn.scene.groups() if g.kind in ("cell", "edge back", "op backward"))
    assert "operations backward" in drawn.svg
    assert "<style>" in drawn.svg
    assert draw(perceptron(), backward="graph").svg == draw(perceptron(), backward="graph").svg


def test_what_needs_no_gradient_has_no_cell() -> None:
    scene = draw(detached(), backward="graph", names={}).scene
    assert len([g for g in scene.groups() if g.kind == "cell"]) == 5


def test_folded_units_tell_their_operations() -> None:
    scene = draw(deep(), backward="graph").scene
    titles = [g.title or "" for g in scene.groups() if g.kind == "cell"]
    assert len(titles) == 2
    assert any(t.startswith("∂ 0 … 39: ") and t.endswith(" operations") for t in titles)


def test_drawing_the_walk_changes_nothing() -> None:
    loss = perceptron()
    draw(loss, backward="graph")
    leaves = [v.node for v in Graph.of(loss).parameters]
    assert all(n is not None and getattr(n, "grad", None) is None for n in leaves)
    loss.backward()  # still whole


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            lambda: draw([ac.ones(1, requires_grad=True) * 2, ac.ones(1, requires_grad=True) * 3], backward="graph"),
            "expected one output to walk back from, got 2",
        ),
        (lambda: draw(ac.ones(3, requires_grad=True) * 2, backward="graph"), r"expected an output of a single number, got shape \[3\]"),
    ],
)
def test_what_cannot_be_walked_back(value: Callable[[], Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        value()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="expected backward to be True, False or 'graph', got 'grap'"):
        draw(perceptron(), backward="grap")
