"""What is folded, how repeats are found, and that nothing is folded silently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import draw, nn
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.drawing.view.blocks import Block
from autograd_cnn.drawing.view.builder import view_of
from autograd_cnn.drawing.view.deck_differences import told
from autograd_cnn.drawing.view.folding import MOST_NODES, Fold
from autograd_cnn.drawing.view.view import Unit, View
from autograd_cnn.graph.graph import Graph
from autograd_cnn.vision import models

from .sound import check, texts

FORWARD: Callable[..., Any] = lambda model, *inputs: Graph.of(model(*inputs).sum())


class Residual(nn.Module):
    def __init__(self, n_in: int, n: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)
        if n_in != n:
            self.skip = nn.Conv2d(n_in, n, 1)
        self.widens = n_in != n

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (self.skip(x) if self.widens else x)).relu()


class Stages(nn.Module):
    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        for k, count in enumerate(sizes):
            blocks = [Residual(4 * (k if i == 0 and k else k + 1), 4 * (k + 1)) for i in range(count)]
            self.add_module(f"layer{k + 1}", nn.Sequential(*blocks))
        self.sizes = sizes
        self.fc = nn.Linear(4 * len(sizes), 3)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        x = self.stem(x).relu()
        for k in range(len(self.sizes)):
            x = getattr(self, f"layer{k + 1}")(x)
        return self.fc(x.mean((2, 3)))


@pytest.fixture(scope="module")
def stages() -> Graph:
    ac.manual_seed(0)
    graph: Graph = FORWARD(Stages(4, 6, 3), ac.randn(2, 1, 6, 6))
    return graph


def decks(view: View) -> list[Unit]:
    return [u for u in view.units if u.kind == "deck"]


def covers(view: View) -> bool:
    """Is every operation in exactly one node?"""
    return sorted(s.index for u in view.units for s in u.steps) == list(range(len(view.graph.steps)))


def test_repeated_blocks_become_decks(stages: Graph) -> None:
    view = view_of(stages, Fold())
    assert covers(view)
    assert [(u.title, len(u.copies), u.copy_kind) for u in decks(view)] == [
        ("layer1", 4, "Residual"),
        ("layer2", 6, "Residual"),
        ("layer3", 3, "Residual"),
    ]
    assert not [p for p in view.panels if p.name.startswith("layer")]  # the deck takes the stage's name


def test_differences_are_told(stages: Graph) -> None:
    first, second, third = decks(view_of(stages, Fold()))
    assert first.differences == []
    for deck in (second, third):
        (difference,) = deck.differences
        assert difference.copies == (0,)
        assert difference.extra == ("skip",)
    said = told(second.differences[0], 6, Words("en"))
    assert said.startswith("in the first also skip")
    assert told(second.differences[0], 6, Words("de")).startswith("im ersten auch skip")


def test_other_settings_are_told() -> None:
    model = nn.Sequential(*(nn.Sequential(nn.Conv2d(2, 2, 3, padding=p, dilation=p), nn.ReLU()) for p in (2, 1, 1, 1)))
    view = view_of(FORWARD(model, ac.randn(1, 2, 9, 9)), Fold(depth=1))
    (deck,) = decks(view)
    assert ("0 dilation", "2", "1") in deck.differences[0].changed


def test_the_subtitle_tells(stages: Graph) -> None:
    texts = draw(stages).svg
    nodes = len(view_of(stages, Fold()).units)
    assert f"{len(stages.steps)} operations drawn as {nodes} nodes" in texts
    assert f"{len(stages.steps)} Operationen, als {nodes} Knoten gezeichnet" in draw(stages, lang="de").svg
    assert "drawn as" not in draw(stages, fold="none").svg


def test_small_graphs_are_left_alone() -> None:
    graph = FORWARD(Stages(2), ac.randn(1, 1, 4, 4))
    assert len(graph.steps) < MOST_NODES
    assert [u.kind for u in view_of(graph, Fold()).units] == [u.kind for u in view_of(graph).units]


def test_the_largest_unfolding_that_fits() -> None:
    """Blocks that are not alike are opened as long as there is room, all of one class together."""
    blocks = [nn.Sequential(nn.Conv2d(k, k + 1, 1), nn.Sequential(*[nn.Tanh() for _ in range(k)])) for k in range(1, 11)]
    graph = FORWARD(nn.Sequential(*blocks), ac.randn(1, 1, 3, 3))
    assert len(graph.steps) == 66
    view = view_of(graph, Fold())
    assert covers(view)
    assert 20 < len(view.units) <= MOST_NODES


def test_none_folds_nothing(stages: Graph) -> None:
    view = view_of(stages, Fold(rule="none"))
    assert all(not u.folded for u in view.units)
    assert covers(view)
    closed = view_of(stages, Fold(2, "none"))
    assert not decks(closed)
    assert sum(u.kind == "module" and u.copy_kind == "" and len(u.steps) > 3 for u in closed.units) == 13


def test_a_predicate_folds(stages: Graph) -> None:
    seen: list[Block] = []

    def conv(b: Block) -> bool:
        seen.append(b)
        return b.kind == "Residual" and b.path.startswith("layer2")

    view = view_of(stages, Fold(rule=conv))
    assert [u.title for u in decks(view)] == ["layer2"]
    assert covers(view)
    assert {b.depth for b in seen} >= {0, 1, 2}
    assert next(b for b in seen if b.path == "layer2.0").operations == 8


def test_focus_opens_one_module_only(stages: Graph) -> None:
    view = view_of(stages, Fold(focus="layer2.3"))
    assert covers(view)
    assert [(u.title, len(u.copies)) for u in decks(view)] == [("0 … 2", 3), ("4 … 5", 2)]
    inside = [u for u in view.units if u.kind == "op" and [s.name for s in u.scopes][1:3] == ["layer2", "3"]]
    assert len(inside) == 7
    assert {u.title for u in view.units if u.kind == "module"} == {"stem", "layer1", "layer3", "fc"}


def test_focus_names_the_nearest(stages: Graph) -> None:
    with pytest.raises(ValueError, match=r"expected focus to name a module that was called.*got 'layer2.33'.*Did you mean 'layer2.3'"):
        draw(stages, focus="layer2.33")
    with pytest.raises(ValueError, match="It holds no module calls"):
        draw(ac.ones(2, requires_grad=True) * 2, focus="x")


def test_an_unknown_fold_is_refused(stages: Graph) -> None:
    with pytest.raises(ValueError, match=r"expected fold to be 'auto', 'none' or a function of a module call, got 'non'.*'none'"):
        draw(stages, fold="non")


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.RNNCell(3, 5)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        h = ac.zeros(x.shape[0], 5)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return h


def test_a_recurrent_loop_is_folded() -> None:
    graph = FORWARD(Recurrent(), ac.randn(2, 28, 3))
    (deck,) = decks(view_of(graph, Fold()))
    assert (deck.title, len(deck.copies), deck.copy_kind) == ("cell", 28, "RNNCell")
    assert len(deck.parameters) == 4  # one set of weights


def test_a_loop_that_indexes_its_input_is_folded() -> None:
    x = ac.randn(2, 28, 3, requires_grad=True)
    (deck,) = decks(view_of(FORWARD(Recurrent(), x), Fold()))
    assert len(deck.copies) == 28
    assert deck.differences == []  # which step an index takes is no difference


def test_a_loop_without_modules_is_folded() -> None:
    w, h = ac.randn(4, 4, requires_grad=True), ac.randn(2, 4)
    for _ in range(30):
        h = (h @ w).tanh() * 0.5
    (deck,) = decks(view_of(Graph.of(h.sum()), Fold()))
    assert len(deck.copies) == 30
    assert "tanh" in deck.copy_kind


def test_equal_blocks_are_told_wherever_they_stand() -> None:
    class Apart(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.between, self.b = Residual(4, 4), nn.Conv2d(4, 4, 1), Residual(4, 4)

        def forward(self, x: ac.Tensor) -> ac.Tensor:
            y: ac.Tensor = self.b(self.between(self.a(x)))
            return y

    view = view_of(FORWARD(Apart(), ac.randn(1, 4, 5, 5)), Fold(1))
    assert [u.like for u in view.units if u.title in ("a", "b")] == ["", "a"]
    assert "7 operations, as a" in draw(view.graph, depth=1).svg


def test_what_many_edges_carry_is_bundled() -> None:
    class All(Recurrent):
        def forward(self, x: ac.Tensor) -> ac.Tensor:
            h, all_h = ac.zeros(x.shape[0], 5), []
            for t in range(x.shape[1]):
                h = self.cell(x[:, t], h)
                all_h.append(h)
            return ac.cat(all_h)

    view = view_of(FORWARD(All(), ac.randn(2, 28, 3)), Fold())
    (edge,) = [e for e in view.edges if e.head.title.startswith("cat")]
    assert len(edge.values) == 28


def test_bars_stand_in_every_deck() -> None:
    ac.manual_seed(0)
    drawn = draw(Stages(4, 6, 3)(ac.randn(2, 1, 6, 6)).sum(), backward=True)
    bars = [g for g in drawn.scene.groups() if g.kind == "bar"]
    assert len(bars) == 13
    assert bars[0].title is not None
    assert bars[0].title.startswith("1 / 4: ‖gradient‖ = ")


def test_running_statistics_take_no_room_of_a_figure():
    """In evaluation a batch norm reads its running statistics: arrays that hang on their layers, however many there are."""
    net = models.cifar_resnet56().eval()
    x = ac.randn(1, 3, 32, 32)
    trained, evaluated = (draw(net.train(mode)(x).sum()) for mode in (True, False))
    assert "drawn as 12 nodes" in trained.svg and "drawn as 12 nodes" in evaluated.svg


# ------------------------------------------------------------------------------------------------- cuts within what is folded
class Stopping(nn.Module):
    """Layers in a row, after some of which no gradient goes back."""

    def __init__(self, layers: int, after: Any) -> None:
        super().__init__()
        self.layers, self.after = nn.ModuleList(nn.Linear(4, 4) for _ in range(layers)), after

    def forward(self, x: Any) -> Any:
        for k, layer in enumerate(self.layers):
            x = layer(x).tanh()
            if k in self.after:
                x = x.detach()
        return x


class MayStop(nn.Module):
    def __init__(self, stops: bool) -> None:
        super().__init__()
        self.a, self.stops = nn.Linear(4, 4), stops

    def forward(self, x: Any) -> Any:
        h = self.a(x).relu()
        return x + (h.detach() if self.stops else h)


@pytest.mark.parametrize("after", [range(19), range(0, 20, 2), (5,)], ids=len)
@pytest.mark.parametrize("backward", [True, False])
def test_a_cut_between_what_is_folded_is_seen(after: Any, backward: bool) -> None:
    """On an edge, or on the card of the deck that it is in; the legend explains the sign."""
    scene = draw(Stopping(20, after), ac.rand(2, 4), backward=False).scene
    if backward:
        scene = draw(lambda x: Stopping(20, after)(x).sum(), ac.rand(2, 4), backward=True).scene
    check(scene)
    decks = [g for g in scene.groups() if "deck" in (g.kind or "")]
    assert decks
    within = [t for t in texts(scene) if t.startswith("no gradient through detach")]
    on_edges = [g for g in scene.groups() if (g.kind or "").startswith("edge") and "no gradient passes back" in (g.title or "")]
    assert within == [f"no gradient through detach ×{len(after)}"] if len(after) > 1 else len(on_edges) == 1
    assert "cut: no gradient passes" in texts(scene)


@pytest.mark.parametrize("stops", [(), (5,), range(12)], ids=len)
def test_a_cut_within_a_copy_is_seen(stops: Any) -> None:
    scene = draw(nn.Sequential(nn.Sequential(*(MayStop(k in stops) for k in range(12))), nn.Linear(4, 2)), ac.rand(2, 4)).scene
    told = [t for t in texts(scene) if t.startswith("no gradient through")]
    assert told == ([] if not stops else ["no gradient through detach"] if len(stops) == 1 else ["no gradient through detach ×12"])
    folded = draw(MayStop(True), ac.rand(2, 4), depth=0).scene
    check(folded)
    assert "no gradient through detach" in texts(folded)


def test_what_a_call_of_the_library_is_made_of_is_no_cut() -> None:
    net = nn.Sequential(nn.LayerNorm(4), nn.MultiheadAttention(4, 2).out_proj, nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Softmax(1))
    assert not [t for t in texts(draw(net, ac.rand(2, 4), depth=0).scene) if t.startswith("no gradient through")]
