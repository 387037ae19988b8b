"""Every graph can be read on the screen it is drawn for: its size, what overlaps, what leaves its box; and how that is reached."""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import Scalar, draw, nn
from autograd_cnn.drawing.canvas.metrics import shorten_middle, text_width
from autograd_cnn.drawing.canvas.scene import Group, Scene, Text
from autograd_cnn.drawing.canvas.symbols import LaneScale
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.drawing.layout.fit import Arrangement, Fit
from autograd_cnn.drawing.tensor_graph.cards import Card
from autograd_cnn.drawing.tensor_graph.figure import DOWN, Figure
from autograd_cnn.drawing.tensor_graph.wrapped import columns_of
from autograd_cnn.drawing.view.builder import view_of
from autograd_cnn.drawing.view.folding import Fold
from autograd_cnn.drawing.view.style import Style
from autograd_cnn.drawing.view.view import View
from autograd_cnn.graph.graph import Graph

from . import corpus, sound
from .crossings import crossings
from .fitting_models import MODELS, VOLUMES
from .fitting_table import drawn, on_screen
from .programs import PROGRAMS

LEAST = 9.0 - 1e-6
# Of the many, those that take long, and most of the random ones, are looked at in the long run.
LONG = {"vgg", "complete_graph", "lstm_two_layers", "german", "vgg_backward", "scalars_series", "scalars_neuron_modules", "resnet_18"}
LONG |= {"unet_flat", "linear_30_unlike", "unet_forward", "long_names", "autoencoder"}


def sooner(names: Any, later: Any) -> list[Any]:
    return [pytest.param(n, marks=pytest.mark.slow) if n in later else n for n in names]


@functools.cache
def scene_of(name: str) -> Scene:
    """Each is drawn once, for all tests."""
    return drawn(name).scene


def group(scene: Scene, kind: str) -> list[Group]:
    return [g for g in scene.groups() if kind in (g.kind or "").split()]


# ------------------------------------------------------------------------------------------------- all of them
@pytest.mark.parametrize("name", sooner([*MODELS, *VOLUMES], LONG))
def test_a_model_fits_the_screen_and_nothing_overlaps(name: str) -> None:
    scene = scene_of(name)
    assert on_screen(scene) >= LEAST
    sound.check(scene)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_fits_the_screen_and_nothing_overlaps(name: str) -> None:
    scene = draw(corpus.recorded(name), backward=True).scene
    assert on_screen(scene) >= LEAST
    sound.check(scene)


@pytest.mark.parametrize("seed", sooner(corpus.RANDOM, [*set(corpus.RANDOM) - {*corpus.RANDOM[::5]}]))
def test_a_random_program_fits_the_screen_and_nothing_overlaps(seed: int) -> None:
    scene = draw(corpus.random_program(seed), backward=True).scene
    assert on_screen(scene) >= LEAST
    sound.check(scene)


@pytest.mark.parametrize(
    "name", sooner(["unet", "vgg_backward", "gru_by_hand", "scalars_172", "vgg_volumes"], ["unet", "vgg_backward", "scalars_172"])
)
@pytest.mark.parametrize("fit", ["page", (800, 600)])
def test_other_sizes_are_fitted_too(name: str, fit: Any) -> None:
    scene = drawn(name, fit=fit).scene
    assert on_screen(scene, {"page": (794.0, 1123.0)}.get(fit, fit)) >= LEAST


def test_at_least_a_hundred_graphs_are_looked_at() -> None:
    assert len(MODELS) + len(VOLUMES) + len(PROGRAMS) + len(corpus.RANDOM) >= 100


# ------------------------------------------------------------------------------------------------- what the caller says
def test_what_fits_is_drawn_as_it_was() -> None:
    """The plain picture, whatever it is to fit, if it fits."""
    x = ac.randn(2, 3, requires_grad=True)
    assert draw(x.tanh().sum(), backward=True).svg == draw(x.tanh().sum(), backward=True, fit=(1e6, 1e6)).svg


def test_fold_and_direction_are_obeyed() -> None:
    net, x = nn.Sequential(*(nn.Linear(3, 3) for _ in range(30))), ac.randn(1, 3)
    whole = draw(net(x).sum(), fold="none").scene
    assert len(group(whole, "op")) == 31
    for direction, axis in (("down", 1), ("right", 0)):
        cards = group(draw(net(x).sum(), fold="none", direction=direction, fit=(1e6, 1e6)).scene, "op")
        places = [g.box[axis] for g in cards if g.box]
        assert places == sorted(places) and places[-1] - places[0] > 1000


@pytest.mark.parametrize("fit", ["screen", (0, 10), (100,), (math.inf, 3), 7, None])
def test_a_size_that_is_none_is_refused(fit: Any) -> None:
    with pytest.raises(ValueError, match="expected fit to be 'slide'"):
        draw(Scalar(1.0, "x") * 2.0, fit=fit)


def test_a_direction_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="expected direction to be 'down' or 'right', got 'left'"):
        draw(Scalar(1.0, "x") * 2.0, direction="left")


def test_the_same_figure_every_time() -> None:
    assert drawn("gru_by_hand").svg == drawn("gru_by_hand").svg


# ------------------------------------------------------------------------------------------------- shapes
def test_a_u_net_is_a_u() -> None:
    """What a level hands across runs straight: source and goal are at one height, the levels under one another."""
    boxes = {g.data["module"]: g.box for g in group(scene_of("unet"), "module") if g.box and "folded" in (g.kind or "")}
    middle = {name: y + h / 2 for name, (_, y, _, h) in boxes.items()}
    for down, up in (("inc", "up.3"), ("down.0", "up.2"), ("down.1", "up.1"), ("down.2", "up.0")):
        assert middle[down] == pytest.approx(middle[up])
        assert boxes[down][0] + boxes[down][2] < boxes[up][0]
    assert middle["inc"] < middle["down.0"] < middle["down.1"] < middle["down.2"] < middle["down.3"]


def test_the_volumes_of_a_u_net_are_a_u() -> None:
    fronts = {}
    for g in group(scene_of("unet_volumes"), "volume"):
        front = next(i for i in g.items[::-1] if type(i).__name__ == "Rect")
        fronts[g.data["layer"]] = front.y + front.height / 2
    for down, up in (("inc", "up.3"), ("down.0", "up.2"), ("down.1", "up.1"), ("down.2", "up.0")):
        assert fronts[down] == pytest.approx(fronts[up])
    assert fronts["inc"] < fronts["down.0"] < fronts["down.3"]


@pytest.mark.parametrize("name", ["conv_lstm", "gru_by_hand", "text_lstm", "rnn_without_modules", "lstm_layer"])
def test_a_loop_over_time_is_one_card(name: str) -> None:
    scene = scene_of(name)
    loops = [g for g in group(scene, "deck") if "a loop" in (g.title or "")]
    assert [g.data["copies"] for g in loops] == [12]
    assert "the same weights in each" in sound.texts(scene)


def test_layers_with_weights_of_their_own_are_no_loop() -> None:
    scene = scene_of("linear_30")
    assert [g.data["copies"] for g in group(scene, "deck")] == [30]
    assert not any("loop" in (g.title or "") for g in scene.groups())


def test_like_inputs_are_one_pill() -> None:
    scene = scene_of("cat_200")
    (pill,) = [g for g in group(scene, "parameter") if g.id]
    assert "×200" in "".join(t.string for t in pill.items if isinstance(t, Text))
    assert "200 of them" in (pill.title or "") and "1,200" in [t.string for t in pill.items if isinstance(t, Text)]
    shapes = [g.data["shape"] for g in group(scene_of("stack_mixed"), "parameter") if g.id]
    assert shapes == ["2×3", "4×3", "1×3"]


def test_unused_outputs_make_no_branches() -> None:
    """Of 24 parts two are used: two edges leave the split."""
    scene = scene_of("many_outputs")
    assert len([g for g in group(scene, "edge") if "split" in str(g.data.get("tail"))]) == 2


# ------------------------------------------------------------------------------------------------- lines
@pytest.mark.parametrize("engine", ["auto", "layered"])
@pytest.mark.parametrize("how", [DOWN, Arrangement("right")])
@pytest.mark.parametrize("name", ["concat_16", "inception_8"])
def test_a_fan_has_no_crossings(name: str, how: Arrangement, engine: str) -> None:
    target, _ = MODELS[name]()
    view = view_of(Graph.of(target, gradients=True), Fold(rule="none"))
    assert crossings(Figure(view, Style(Words(), True), "T", "s", engine, how).routes) == 0


def test_a_tiny_gradient_does_not_flatten_the_others() -> None:
    """A bias before a batch norm gets rounding only."""
    norms = [10.0 ** (-k / 10) for k in range(10)]
    scale, without = LaneScale.of([*norms, 1e-12]), LaneScale.of(norms)
    assert scale == without
    assert [scale.beyond(n) for n in (1e-12, *norms, 1e9)] == [-1, *[0] * 10, 1]


def test_a_gradient_beyond_the_scale_is_marked_and_explained() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2))
    scene = draw((net(ac.randn(16, 4)) ** 2).mean(), backward=True).scene
    assert "beyond the scale of widths" in sound.texts(scene)


# ------------------------------------------------------------------------------------------------- columns and stretches
def chain(heights: Sequence[float]) -> tuple[View, dict[str, Card]]:
    """Operations one after another, and cards of these heights for them."""
    x = ac.ones(2, requires_grad=True)
    for _ in heights:
        x = x.tanh()
    view = view_of(Graph.of(x), Fold(rule="none"))
    units = view.units[-1 - len(heights) : -1]
    view = replace(view, units=units, edges=[e for e in view.edges if e.tail in units and e.head in units], panels=[])
    return view, {u.id: Card(u, 100.0, h) for u, h in zip(units, heights, strict=True)}


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize(
    "heights", [(40, 40, 300, 40, 40, 40), (300, 40, 40, 40, 40, 40, 40), (60,) * 9, (40,) * 8 + (500,), (90, 30, 30, 200, 30, 30)]
)
def test_columns_are_balanced(heights: tuple[float, ...], count: int) -> None:
    """Of all ways to cut a chain: none with fewer columns of a single card, of those none lower, of those none more even."""
    gap = 10.0

    def worth(parts: Sequence[Sequence[float]]) -> tuple[int, float, float]:
        sizes = [sum(h + gap for h in part) for part in parts]
        return sum(len(part) == 1 for part in parts), max(sizes), sum(s * s for s in sizes)

    every = []
    for stops in itertools.combinations(range(1, len(heights)), count - 1):
        every.append([heights[a:b] for a, b in itertools.pairwise((0, *stops, len(heights)))])
    view, cards = chain(heights)
    found = columns_of(view, cards, count, gap, False)
    assert found is not None
    assert worth([[cards[u.id].height for u in column] for column in found]) == pytest.approx(min(map(worth, every)))


def test_the_loss_does_not_stand_alone_in_a_column() -> None:
    net = nn.Sequential(*(m for k in range(5) for m in (nn.Conv2d(3 + k, 4 + k, 3, padding=1), nn.BatchNorm2d(4 + k), nn.ReLU())))
    target = net(ac.randn(1, 3, 8, 8)).pow(2).mean()
    for how in (Arrangement("down", n) for n in (2, 3, 4, 5)):
        figure = Figure(view_of(Graph.of(target, gradients=True), Fold(rule="none")), Style(Words(), True), "T", "s", "auto", how)
        middles = Counter(round(c.x / 100) for c in figure.cards.values())
        lonely = {round(c.x / 100) for c in figure.cards.values() if c.unit.kind == "loss"}
        assert all(middles[k] > 1 for k in lonely)


def test_stretches_end_where_the_fewest_values_pass() -> None:
    """Between two expressions a single value passes; a cut into halves would go through the first of them."""
    x = ac.ones(4, requires_grad=True)
    e = x.exp()
    x = e / (e.sin() + e.cos() + e.sqrt() + e.sum() + 1.0)
    x = x.sigmoid().tanh()
    graph = Graph.of(x.sum(), gradients=True)

    def pass_at(k: int) -> int:
        return len({o for s in graph.steps[:k] for o in s.outputs} & {i for s in graph.steps[k:] for i in s.inputs})

    assert pass_at(len(graph.steps) // 2) > 1
    view = view_of(graph, Fold(tight=True, loose=True, stretches=2))
    first, second = [u for u in view.units if u.works]
    assert pass_at(len(first.steps)) == 1 and len(second.steps) > 1


# ------------------------------------------------------------------------------------------------- circuits
def test_a_folded_expression_hands_back_what_all_its_operations_do() -> None:
    """tanh(w·h + b), 25 times: the chip of w is the derivative along all ways."""
    h = 0.3
    through = 0.0
    for _ in range(25):
        slope = 1 - math.tanh(0.5 * h + 0.1) ** 2
        through = slope * (h + 0.5 * through)
        h = math.tanh(0.5 * h + 0.1)
    scene = scene_of("scalars_recurrence")
    (edge,) = [g for g in group(scene, "edge") if (g.title or "").startswith("w →")]
    assert float((edge.title or "").split("derivative ")[1].split(";")[0]) == pytest.approx(through, rel=1e-5)
    assert "  ×25" in "".join(sound.texts(scene))


def test_chips_never_hide_one_another_or_a_number() -> None:
    for name in ("scalars_172", "scalars_recurrence", "scalars_series"):
        chips = [g.box for g in group(scene_of(name), "chip") if g.box]
        for (x, y, w, h), (p, q, r, s) in itertools.combinations(chips, 2):
            assert x + w <= p or p + r <= x or y + h <= q or q + s <= y


# ------------------------------------------------------------------------------------------------- words
def test_names_are_shortened_in_their_middle() -> None:
    name = "the_projection_from_the_hidden_state_to_the_logits"
    short = shorten_middle(name, 120, 13, "bold")
    front, back = short.split("…")
    assert name.startswith(front) and name.endswith(back) and abs(len(front) - len(back)) <= 1
    assert text_width(short, 13, "bold") <= 120
    assert shorten_middle("conv1", 120, 13) == "conv1"


@pytest.mark.parametrize("title", ["損失関数", "الشبكة العصبية", "Сеть"])
def test_text_of_estimated_width_is_not_stretched(title: str) -> None:
    svg = draw(Scalar(2.0, "x") * 3.0, title=title).svg
    line = next(line for line in svg.splitlines() if line.startswith("<text") and f">{title}<" in line)
    assert "textLength" not in line


def test_fit_says_how_large_the_smallest_text_is() -> None:
    assert Fit(100.0, 100.0).text(200.0, 50.0, 10.0) == 5.0
    assert Fit(100.0, 100.0).text(50.0, 50.0, 10.0) == 10.0
