"""Confusion matrices, loss surfaces, saliency, and activations of a model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.scene import Group, Path, Scene
from autograd_cnn.drawing.plots.contour import level_lines
from autograd_cnn.drawing.plots.saliency import gradient_of
from autograd_cnn.errors import GraphError
from autograd_cnn.vision.models import get_model

from .sound import check, texts

rng = np.random.default_rng(0)
digit = np.add.outer(np.arange(32.0), np.arange(32.0))


def groups(scene: Scene, kind: str) -> list[Group]:
    return [g for g in scene.groups() if g.kind == kind]


def net() -> nn.Module:
    ac.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3), nn.Dropout())


def bowl(x: Any, y: Any) -> Any:
    return x**2 + 4 * y**2


def spiral(turn: float) -> Any:
    t = np.linspace(0, 3, 40)
    return np.stack([np.exp(-t) * np.cos(turn * t) * 2, np.exp(-t) * np.sin(turn * t)], 1)


WAYS = {"SGD": spiral(0.5), "momentum": spiral(3), "RMSprop": spiral(1), "Adam": spiral(-1)}
PICTURES: dict[str, Any] = {
    "confusion": lambda **o: draw.confusion(rng.integers(0, 10, 300), rng.integers(0, 10, 300), **o),
    "confusion with names": lambda **o: draw.confusion(
        [[5, 1, 0], [2, 11, 1], [0, 0, 7]], classes=["airplane", "automobile", "bird of prey"], **o
    ),
    "confusion of shares": lambda **o: draw.confusion([[0.5, 0.25], [0.0, 0.0]], **o),
    "confusion of one": lambda **o: draw.confusion([[123456]], **o),
    "surface": lambda **o: draw.surface(bowl, WAYS, **o),
    "surface alone": lambda **o: draw.surface(lambda x, y: np.sin(x) * np.cos(y), bounds=((-3, 3), (-2, 2)), **o),
    "surface of a place": lambda **o: draw.surface(bowl, [(1.0, 1.0)], names=("w₀", "w₁"), **o),
    "surface that ends": lambda **o: draw.surface(
        lambda x, y: np.log(np.where(x > 0, x, np.nan)) + y, WAYS, bounds=((-1, 1), (-1, 1)), **o
    ),
    "surface from the side": lambda **o: draw.surface(bowl, WAYS, view="3d", **o),
    "surface twice": lambda **o: draw.surface(bowl, {**WAYS, "a": spiral(2), "b": spiral(4)}, names=("w₀", "w₁"), view="both", **o),
    "surface that ends, twice": lambda **o: draw.surface(
        lambda x, y: np.log(np.where(x > 0, x, np.nan)) + y, WAYS, bounds=((-1, 1), (-1, 1)), view="both", **o
    ),
    "flat surface from the side": lambda **o: draw.surface(lambda x, y: 0 * x, bounds=((0, 1), (0, 9)), view="3d", **o),
    "functions": lambda **o: draw.functions(**o),
    "one function": lambda **o: draw.functions(ac.sin, bounds=(-6, 6), **o),
    "four functions": lambda **o: draw.functions([ac.sign, nn.Hardtanh(), ac.tan, lambda x: 1e6 * x**2], bounds=(-2, 3), **o),
    "kernels in colour": lambda **o: draw.filters(rng.normal(size=(20, 3, 5, 5)), **o),
    "kernels in colour and not": lambda **o: draw.filters(
        {"conv1": rng.normal(size=(4, 3, 5, 5)), "conv2": rng.normal(size=(4, 3, 5, 5))}, **o
    ),
    "one kernel in colour": lambda **o: draw.filters(rng.normal(size=(1, 3, 11, 11)), **o),
    "flat surface": lambda **o: draw.surface(lambda x, y: 0 * x, bounds=((0, 1), (0, 9)), **o),
    "saliency": lambda **o: draw.saliency(get_model("lenet5"), digit, **o),
    "saliency in colour": lambda **o: draw.saliency(
        nn.Sequential(nn.Conv2d(3, 4, 5), nn.Flatten(), nn.Linear(4 * 4 * 8, 3)), rng.random((3, 8, 12)), **o
    ),
    "no saliency": lambda **o: draw.saliency(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Threshold(1e9, 0.0), nn.Flatten()), np.ones((4, 4)), **o),
    "activations": lambda **o: draw.activations(get_model("lenet5"), digit, **o),
    "activations of a block": lambda **o: draw.activations(net(), digit[:8, :8], classes=["cat", "dog", "emu"], **o),
}


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_picture_is_sound(name: str, lang: str) -> None:
    check(PICTURES[name](lang=lang).scene)


# ------------------------------------------------------------------------------------------------------- confusion
def test_pairs_are_counted() -> None:
    truth, predicted = [0, 1, 1, 2, 2, 2], [0, 1, 2, 2, 2, 0]
    scene = draw.confusion(truth, predicted).scene
    rows = [g.data["counts"] for g in groups(scene, "row")]
    assert rows == [[1, 0, 0], [0, 1, 1], [1, 0, 2]]
    assert "4 of 6 right, 66.7 %" in texts(scene)
    scores = np.eye(3)[predicted]
    assert draw.confusion(np.array(truth), scores).svg == draw.confusion(truth, predicted).svg
    assert draw.confusion(ac.tensor(truth), ac.tensor(scores)).svg == draw.confusion(rows).svg


def test_classes_that_never_came_up_have_their_row() -> None:
    scene = draw.confusion([0], [0], classes=["a", "b"]).scene
    assert [g.data["counts"] for g in groups(scene, "row")] == [[1, 0], [0, 0]]
    assert {"a", "b", "–"} <= set(texts(scene))


# ------------------------------------------------------------------------------------------------------- surface
def test_level_lines_lie_on_their_level() -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 61), np.linspace(-2, 2, 61))
    lines = level_lines(x**2 + y**2, 1.0)
    assert len(lines) == 1
    assert lines[0][0] == lines[0][-1]  # closed
    radii = [math.hypot(-2 + u / 15, -2 + v / 15) for u, v in lines[0]]
    assert radii == pytest.approx([1.0] * len(radii), abs=0.01)


def test_a_saddle_and_an_edge_leave_open_lines() -> None:
    x, y = np.meshgrid(np.arange(-2.0, 2.5), np.arange(-2.0, 2.5))
    assert len(level_lines(x * y, 0.5)) == 2
    assert level_lines(x, 0.25) == [[(2.25, float(k)) for k in range(5)]]
    saddle = np.array([[1.0, 0.0], [0.0, 1.0]])  # its middle, 0.5, belongs to the high corners or to the low ones
    assert [np.ravel(line).tolist() for line in level_lines(saddle, 0.6)] == [
        pytest.approx([0.4, 0, 0, 0.4]),
        pytest.approx([1, 0.6, 0.6, 1]),
    ]
    assert [np.ravel(line).tolist() for line in level_lines(saddle, 0.4)] == [
        pytest.approx([0.6, 0, 1, 0.4]),
        pytest.approx([0, 0.6, 0.4, 1]),
    ]


def test_ways_differ_by_more_than_colour() -> None:
    ways = groups(draw.surface(bowl, WAYS).scene, "path")
    dashes = [next(i.dash for i in g.items if isinstance(i, Path) and i.stroke and i.stroke.startswith("series")) for g in ways]
    assert len(set(dashes)) == 4
    found = texts(draw.surface(bowl, WAYS).scene)
    assert {"SGD", "momentum", "RMSprop", "Adam"} <= set(found)
    end = WAYS["SGD"][-1]
    assert any(t.startswith("39 steps, ends at") and t.endswith(f"{bowl(*end):.4g}") for t in found)


def test_functions_of_numbers_are_taken() -> None:
    def slow(x: float, y: float) -> float:
        return x * x + y if x > 0 else y

    assert draw.surface(slow, bounds=((-1, 1), (-1, 1))).svg
    w = ac.tensor([2.0, 1.0])
    assert draw.surface(lambda x, y: ((w * ac.tensor([x, y])) ** 2).sum(), bounds=((0, 1), (0, 1))).svg


def test_six_ways_have_six_signs() -> None:
    ways = {str(k): spiral(k) for k in range(6)}
    drawn = groups(draw.surface(bowl, ways).scene, "label")
    signs = [
        (type(g.items[1]).__name__, g.items[1].fill == "paper", len(list(g.items[1].points())) if isinstance(g.items[1], Path) else 0)
        for g in drawn
    ]
    dashes = {g.items[0].dash for g in drawn}
    assert len(dashes) == 6
    assert len(set(signs)) >= 5  # the two triangles stand on different sides
    tips = {g.title: [y for _, y in g.items[1].points()] for g in drawn if signs[drawn.index(g)][2] == 3}
    assert len({min(ys) == ys[0] for ys in tips.values()}) == 2


def test_what_a_surface_hides_is_hidden() -> None:
    """Against the picture itself: a place is hidden if a square nearer to the eye lies over its pixel."""
    from autograd_cnn.drawing.plots.relief import TALL, TILT, TURN, Relief

    x, y = np.meshgrid(np.linspace(-1, 1, 161), np.linspace(-1, 1, 161))
    relief = Relief(np.cos(4 * x) * np.cos(4 * y), ((-1, 1), (-1, 1)), 0.0, 0.0)
    u, v = rng.uniform(-0.95, 0.95, (2, 200))
    found = relief.seen(u, v)
    away = x * math.sin(TURN) + y * math.cos(TURN)
    px, py = relief.project(x, y, relief.height(x, y))
    clear = 0
    for a, b, seen in zip(u, v, found, strict=True):
        (qx, qy), depth = relief.project(a, b, float(relief.height(np.array(a), np.array(b)))), a * math.sin(TURN) + b * math.cos(TURN)
        column = (np.abs(px - qx) < 2) & (away < depth - 0.05)
        below = float(py[column].min()) - qy if column.any() else math.inf  # how far below it the nearer part of the surface ends
        if abs(below) > 4:  # pixels
            assert bool(seen) == (below > 0)
            clear += 1
    assert clear > 120
    assert 20 < found.sum() < 190
    assert TALL > 0 and 0 < TILT < math.pi / 2


def test_heights_are_those_of_the_function() -> None:
    from autograd_cnn.drawing.plots.relief import NET, Relief

    scene = draw.surface(lambda x, y: x + 10 * y, {"way": [(0.2, 0.5), (0.6, 0.5)]}, bounds=((0, 1), (0, 2)), view="3d").scene
    assert sum(s[0] == "M" for path in groups(scene, "relief")[0].items for s in path.steps) == NET**2
    assert {"0", "21", "way"} <= set(texts(scene))
    x, y = np.meshgrid(np.linspace(0, 1, 161), np.linspace(0, 2, 161))
    relief = Relief(x + 10 * y, ((0.0, 1.0), (0.0, 2.0)), 0.0, 0.0)
    assert relief.height(np.array([-1.0, 0.0, 1.0]), np.array([-1.0, 0.5, 1.0])) == pytest.approx([0, 15.5 / 21, 1])


def test_ways_that_cover_one_another_are_told_apart_from_the_side_too() -> None:
    """Two along one line run beside each other by more than a line's width; one by itself lies where it is."""
    way = [(-1.5 + 0.1 * k, 0.4) for k in range(20)]

    def lines(paths: dict[str, Any]) -> list[list[tuple[float, float]]]:
        scene = draw.surface(lambda x, y: x**2 + y**2, paths, bounds=((-2, 2), (-2, 2)), view="3d").scene
        groups = [g for g in scene.groups() if (g.id or "").startswith("lying-")]
        return [[p for i in g.items if isinstance(i, Path) and i.stroke != "paper" and i.line > 1.5 for p in i.points()] for g in groups]

    one, other = lines({"one": way, "other": way})
    (alone,) = lines({"one": way})
    assert min(math.dist(p, q) for p in one[4:-4] for q in other) > 2.5
    middle = [((ax + bx) / 2, (ay + by) / 2) for (ax, ay), (bx, by) in zip(one[4:-4], other[4:-4], strict=True)]
    assert all(min(math.dist(p, q) for q in alone) < 6.0 for p in middle)
    assert lines({"one": way, "far": [(1.5, -1.5), (1.0, -1.0)]})[0] == alone


def test_a_surface_brings_its_bounds() -> None:
    from autograd_cnn.optim import surfaces

    assert draw.surface(surfaces.beale).svg == draw.surface(surfaces.beale, bounds=surfaces.beale.bounds).svg


# ------------------------------------------------------------------------------------------------------- functions
def test_values_and_slopes_are_the_functions() -> None:
    from autograd_cnn.drawing.plots.functions import DEFAULTS, sampled

    erf = np.vectorize(math.erf)
    known: dict[str, Any] = {
        "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
        "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
        "relu": (lambda x: np.maximum(x, 0), lambda x: 1.0 * (x > 0)),
        "leaky_relu 0.1": (lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.1)),
        "elu": (lambda x: np.where(x > 0, x, np.expm1(x)), lambda x: np.where(x > 0, 1, np.exp(x))),
        "gelu": (
            lambda x: x * (1 + erf(x / 2**0.5)) / 2,
            lambda x: (1 + erf(x / 2**0.5)) / 2 + x * np.exp(-(x**2) / 2) / (2 * math.pi) ** 0.5,
        ),
    }
    assert list(known) == list(DEFAULTS)
    for name, (value, slope) in known.items():
        f = sampled(name, DEFAULTS[name], (-4.0, 4.0))
        assert f.value == pytest.approx(value(f.x), abs=1e-7), name
        assert f.slope == pytest.approx(slope(f.x), abs=1e-7), name
        assert (len(f.jumps[0]), len(f.jumps[1])) == (0, 1 if "relu" in name else 0), name


def test_jumps_are_found_and_poles_interrupt() -> None:
    from autograd_cnn.drawing.plots.functions import sampled

    f = sampled("step", lambda x: (x > 0.123) * 1.0 + x * x, (-1.0, 1.0))
    (at,) = f.jumps[0]
    assert f.x[at] <= 0.123 <= f.x[at + 1]
    assert f.x[at + 1] - f.x[at] < 1e-12
    assert f.jumps[1] == []
    steep = sampled("steep", lambda x: ac.tanh(400 * x), (-1.0, 1.0))
    assert steep.jumps == ([], [])
    pole = sampled("1/x", lambda x: 1 / (x - 0.001), (-1.0, 1.0))
    (at,) = pole.jumps[0]
    assert pole.x[at] < 0.001 < pole.x[at + 1]
    assert np.abs(pole.value).max() < 1e4


def test_functions_are_named() -> None:
    found = texts(draw.functions([ac.relu, nn.Tanh(), lambda x: 2 * x]).scene)
    assert {"relu", "Tanh", "f"} <= set(found)
    layer = nn.Dropout()
    draw.functions({"dropout in evaluation": layer})
    assert layer.training


# ------------------------------------------------------------------------------------------------------- kernels and maps
def pixels(png: bytes) -> Any:
    """A picture of this package's writer, by Pillow."""
    import io

    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_kernels_of_a_colour_picture_have_its_colours() -> None:
    w = np.zeros((2, 3, 2, 2))
    w[0, 0, 0, 0], w[0, 1, 0, 1], w[1, 2, 1, 1] = 2.0, -2.0, 1.0
    tiles = [pixels(g.items[0].png) for g in groups(draw.filters(w).scene, "kernel")]
    assert [t.shape for t in tiles] == [(2, 2, 3)] * 2
    assert tiles[0][0].tolist() == [[255, 128, 128], [128, 0, 128]]
    assert tiles[1].tolist() == [[[128, 128, 128]] * 2, [[128, 128, 128], [128, 128, 191]]]
    assert len(groups(draw.filters(w, rgb=False).scene, "kernel")) == 6
    assert len(groups(draw.filters(w[..., :1, :1]).scene, "kernel")) == 6  # 1×1: no picture
    assert len(groups(draw.filters({"a": w, "b": w}).scene, "kernel")) == 2 + 6
    assert len(groups(draw.filters({"a": w, "b": w}, rgb=True).scene, "kernel")) == 2 + 2
    for wrong in (np.ones((2, 1, 3, 3)), np.ones((3, 3)), np.ones((2, 3, 5))):
        with pytest.raises(ValueError, match=r"expected a weight of shape \(O, 3, KH, KW\) for rgb=True, got"):
            draw.filters(wrong, rgb=True)


def test_zero_is_white_where_maps_have_both_signs() -> None:
    scene = draw.activations({"signed": np.array([[[-1.0, 0.0], [0.5, 4.0]]]), "positive": np.array([[[0.0, 0.5], [0.5, 4.0]]])}).scene
    signed, positive = (pixels(g.items[0].png) for g in groups(scene, "map"))
    assert signed[0, 1].min() >= 250  # 0
    assert signed[0, 0, 0] > signed[0, 0, 2] + 20  # −1 is vermilion
    assert signed[1, 1, 2] > signed[1, 1, 0] + 20  # 4 is blue
    assert positive[0, 0].tolist() == [0xF7, 0xFA, 0xFC]
    assert texts(scene).count("−4") == texts(scene).count("0") - 1 == 1
    units = [g.items[0].fill for g in groups(draw.activations({"tanh": np.linspace(-1, 0.5, 31)}).scene, "unit")]
    assert units[0] == "#8f2f04"
    assert units[20] == "#fefeff"  # of 256 colours two share the middle


# ------------------------------------------------------------------------------------------------------- saliency
def test_the_gradient_is_that_of_the_score() -> None:
    model = net().eval()
    x = ac.rand(1, 1, 8, 8)
    before = [p.grad for p in model.parameters()]
    _, g, target, score = gradient_of(model, np.asarray(x)[0, 0], 1)
    y = x.clone().requires_grad_()
    model(y)[0, 1].backward()
    assert (target, score) == (1, pytest.approx(model(x)[0, 1].item()))
    assert g == pytest.approx(np.asarray(y.grad)[0], abs=1e-7)
    assert all(b is None for b in before)
    assert gradient_of(model, np.asarray(x), None)[2] == int(model(x).argmax())


def test_looking_changes_nothing() -> None:
    model = net()
    kept = {k: np.asarray(v).copy() for k, v in model.state_dict().items()}
    draw.saliency(model, np.ones((8, 8)))
    draw.activations(model, np.ones((8, 8)))
    assert all(m.training for m in model.modules())
    assert all(np.array_equal(kept[k], np.asarray(v)) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_activations_are_what_the_layers_gave() -> None:
    model = net().eval()
    x = ac.rand(1, 1, 8, 8)
    rows = {g.data["layer"]: g.data["shape"] for g in groups(draw.activations(model, x).scene, "layer") if "layer" in g.data}
    assert rows == {"Conv2d 0 conv 3×3, batch norm, ReLU": [4, 6, 6], "Linear 4 dense": [3]}
    bars = [g.title for g in groups(draw.activations(model, x).scene, "unit")]
    assert bars == [f"{k} = {v:.6g}".replace("-", "−") for k, v in enumerate(np.asarray(model(x).detach())[0].tolist())]


def test_some_layers_can_be_chosen() -> None:
    scene = draw.activations(get_model("lenet5"), digit, layers=["pool1", "fc2"]).scene
    assert [g.data["layer"] for g in groups(scene, "layer") if "layer" in g.data] == ["pool1 avg pool 2×2, tanh", "fc2 dense"]


# ------------------------------------------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: draw.confusion([[1, 2]]),
            ValueError,
            r"expected a square matrix of counts, or true and predicted classes, got shape \(1, 2\)",
        ),
        (lambda: draw.confusion([[-1.0]]), ValueError, "expected counts of at least 0"),
        (lambda: draw.confusion([0, 1], [0]), ValueError, r"as many predictions as true classes, got \(2,\) and \(1,\)"),
        (lambda: draw.confusion([0.5], [0]), ValueError, "expected classes as whole numbers from 0"),
        (lambda: draw.confusion(np.eye(41)), ValueError, "41 classes are too many to be read; at most 40"),
        (lambda: draw.confusion(np.eye(3), classes=["a"]), ValueError, "a name for each of 3 classes, got 1"),
        (lambda: draw.surface(3), TypeError, "expected a function of two numbers, got int"),
        (lambda: draw.surface(bowl), ValueError, r"expected bounds=\(\(x0, x1\), \(y0, y1\)\) where there are no paths"),
        (lambda: draw.surface(bowl, bounds=(0, 1)), ValueError, r"expected bounds=\(\(x0, x1\), \(y0, y1\)\), got \(0, 1\)"),
        (lambda: draw.surface(bowl, bounds=((1, 0), (0, 1))), ValueError, "expected bounds that rise"),
        (lambda: draw.surface(bowl, [1.0, 2.0]), ValueError, r"each path to be places of shape \(T, 2\), got \(2,\)"),
        (
            lambda: draw.surface(bowl, {"Adam": [(0, 0), (math.nan, 1)]}),
            ValueError,
            r"path 'Adam' leaves them at step 1\. Cut it there: path\[:1\]",
        ),
        (lambda: draw.surface(bowl, {str(k): [(0, 0)] for k in range(7)}), ValueError, "at most 6 paths"),
        (
            lambda: draw.surface(bowl, WAYS, view="both sides"),
            ValueError,
            r"expected view to be 'contour', '3d' or 'both', got 'both sides'",
        ),
        (lambda: draw.surface(lambda x, y: x * math.nan, bounds=((0, 1), (0, 1))), ValueError, "the function is finite nowhere"),
        (lambda: draw.functions("sigmoid"), TypeError, "expected functions of one tensor, as ac.sigmoid, got str"),
        (lambda: draw.functions([]), TypeError, "got none"),
        (lambda: draw.functions(ac.relu, bounds=(1, 0)), ValueError, r"expected bounds \(x0, x1\) that rise, got \(1, 0\)"),
        (lambda: draw.functions(lambda x: ac.softmax(x, 0)), ValueError, "expected 'f' to work entry by entry"),
        (lambda: draw.functions(lambda x: x + ac.rand(1, dtype=ac.float64)), ValueError, "the same at each call"),
        (lambda: draw.functions(ac.sum), ValueError, r"expected 'sum' to give a tensor of its input's shape \(241,\), got shape \(\)"),
        (lambda: draw.functions(lambda x: x.detach() * 1), GraphError, "'f' leaves the graph"),
        (lambda: draw.functions(lambda x: ac.log(x - 9)), ValueError, "'f' is finite nowhere from -4.0 to 4.0"),
        (lambda: draw.saliency(net(), np.ones((8, 8)), 3), ValueError, "expected target to be a class from 0 to 2, got 3"),
        (lambda: draw.saliency(net(), np.ones((2, 1, 8, 8))), ValueError, r"expected one picture, .* got shape \(2, 1, 8, 8\)"),
        (lambda: draw.saliency(net(), np.ones(8)), ValueError, r"expected a picture, .* got shape \(1, 8\)"),
        (lambda: draw.saliency(3, np.ones((8, 8))), TypeError, "expected a model and a picture, got int"),
        (lambda: draw.saliency(lambda x: x.detach().flatten(1), np.ones((8, 8))), GraphError, "the score has no graph to the picture"),
        (
            lambda: draw.saliency(lambda x: x.sum(), np.ones((8, 8))),
            ValueError,
            r"expected a model that gives scores of shape \(1, classes\)",
        ),
        (
            lambda: draw.activations(net(), np.ones((8, 8)), layers=["conv1"]),
            ValueError,
            r"expected layers to be names of layers, got 'conv1'",
        ),
        (
            lambda: draw.activations(net(), np.ones((8, 8)), layers="conv1"),
            TypeError,
            r"a list of names, got the text 'conv1'\. Write \['conv1'\]",
        ),
        (lambda: draw.activations({"a": np.ones(3)}, layers=["a"]), TypeError, "layers chooses among those of a model"),
        (lambda: draw.activations(net()), TypeError, r"a model needs an image: draw\.activations\(model, image\)"),
        (
            lambda: draw.activations(net(), np.ones((8, 8)), classes=["a"]),
            ValueError,
            "one class name for each unit of the last layer, got 1",
        ),
    ],
)
def test_wrong_calls_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_ticks_of_a_narrow_range_differ() -> None:
    drawn = texts(draw.curves({"error": [0.5 - 2e-7 * k for k in range(5)]}).scene)
    ticks = [t for t in drawn if t.startswith("0.49") or t == "0.5"]
    assert len(ticks) == len(set(ticks)) >= 3
