"""Receptive fields: what is drawn is the support of the gradient."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.scene import Group, Path, Scene
from autograd_cnn.drawing.lessons.input_window import centres, fields
from autograd_cnn.nn import functional as F
from autograd_cnn.vision.models import get_model

from .fitting_table import on_screen
from .sound import check, texts


def positive(model: nn.Module) -> nn.Module:
    """All weights above zero, so that no contributions cancel and no ReLU is shut."""
    for p in model.parameters():
        p.data.copy_(p.detach().abs() + 0.1)
    return model.eval()


def support(model: Any, shape: tuple[int, ...], unit: tuple[int, ...], tries: int = 1) -> Any:
    """Where the gradient of a unit (summed over its channels) is not zero, for any of some inputs."""
    found = np.zeros(shape[2:], bool)
    for seed in range(tries):
        ac.manual_seed(seed)
        x = ac.rand(*shape) + 0.1
        x.requires_grad_()
        y = model(x)
        y[(0, slice(None), *unit)].sum().backward()
        found |= np.asarray(x.grad)[0].any(axis=0)
    return found


def counted(model: Any, shape: tuple[int, ...], unit: tuple[int, ...]) -> Any:
    graph = ac.trace(model, ac.rand(*shape))
    return fields(graph, graph.outputs[0], unit).get(graph.inputs[0], np.zeros(shape[2:], bool))


# ------------------------------------------------------------------------------------------------------- the gradient's word
layer = st.tuples(
    st.sampled_from(["conv", "average", "max", "up", "nearest"]), st.integers(1, 3), st.integers(1, 2), st.integers(0, 1), st.integers(1, 2)
)


def build(specs: list[tuple[str, int, int, int, int]], dims: int) -> nn.Module:
    layers: list[nn.Module] = []
    conv, up = (nn.Conv1d, nn.ConvTranspose1d) if dims == 1 else (nn.Conv2d, nn.ConvTranspose2d)
    average, largest = (nn.AvgPool1d, nn.MaxPool1d) if dims == 1 else (nn.AvgPool2d, nn.MaxPool2d)
    for kind, k, s, p, d in specs:
        p = min(p, k // 2)
        if kind == "conv":
            layers += [conv(2, 2, k, stride=s, padding=p, dilation=d), nn.ReLU()]
        elif kind == "average":
            layers.append(average(k, stride=s, padding=p, ceil_mode=d == 2))
        elif kind == "max":
            layers.append(largest(k, stride=s, padding=p))
        elif kind == "up":
            layers.append(up(2, 2, k, stride=s))
        else:
            layers.append(nn.Upsample(scale_factor=s))
    return positive(nn.Sequential(*layers))


@settings(max_examples=40, deadline=None)
@given(st.lists(layer, min_size=1, max_size=4), st.data())
def test_the_field_is_the_support_of_the_gradient(specs: list[tuple[str, int, int, int, int]], data: st.DataObject) -> None:
    model, shape = build(specs, 1), (1, 2, 17)
    try:
        size = tuple(model(ac.zeros(*shape)).shape)[2:]
    except RuntimeError:
        return  # these windows do not fit
    unit = tuple(data.draw(st.integers(0, n - 1)) for n in size)
    tries = 60 if any(s[0] == "max" for s in specs) else 1  # each maximum passes the gradient to one entry of its window
    seen, said = support(model, shape, unit, tries), counted(model, shape, unit)
    if tries == 1:
        assert np.array_equal(seen, said)
    else:
        assert not (seen & ~said).any()


@pytest.mark.parametrize("unit", [(0, 0), (2, 1)])
def test_maxima_reach_all_of_their_windows(unit: tuple[int, int]) -> None:
    model = positive(nn.Sequential(nn.MaxPool2d(2, padding=1), nn.Conv2d(2, 2, 2)))
    assert np.array_equal(support(model, (1, 2, 8, 6), unit, 200), counted(model, (1, 2, 8, 6), unit))


class Ways(nn.Module):
    """Branches of different reach, a skip, padding, a crop, an adaptive pooling, a resize and a mean."""

    def __init__(self, end: str) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(1, 2, 3, padding=2, dilation=2)
        self.end = end

    def forward(self, x: Any) -> Any:
        y = ac.cat([self.a(x), self.b(x)], 1) + x
        if self.end == "pad":
            return F.pad(y, (2, 0, 1, 1))
        if self.end == "crop":
            return F.avg_pool2d(y[:, :, 1:, :-2], 2)
        if self.end == "adaptive":
            return F.adaptive_avg_pool2d(y, (3, 2))
        if self.end == "linear":
            return F.interpolate(y, size=(5, 12), mode="bilinear")
        if self.end == "mean":
            return y * y.mean((2, 3), keepdim=True)
        if self.end == "flip":
            return y.flip(3)
        return y


@pytest.mark.parametrize("end", ["", "pad", "crop", "adaptive", "linear", "mean", "flip"])
@pytest.mark.parametrize("unit", [(0, 0), (1, 1), (2, 1)])
def test_branches_skips_and_other_operations(end: str, unit: tuple[int, int]) -> None:
    model = positive(Ways(end))
    assert np.array_equal(support(model, (1, 1, 9, 8), unit), counted(model, (1, 1, 9, 8), unit))


@pytest.mark.parametrize(("name", "part"), [("cifar_resnet20", "layer3"), ("squeezenet1_1", "features")])
def test_networks(name: str, part: str) -> None:
    model = get_model(name).eval()
    for p in model.parameters():
        p.data.copy_(p.detach().abs() + 0.01)
    x = (ac.rand(1, 3, 32, 32) + 0.1).requires_grad_()
    outputs: list[Any] = []
    module = dict(model.named_modules())[part]
    module.register_forward_hook(lambda module, args, output: outputs.append(output))
    graph = ac.trace(model, x)
    target = next(s.outputs[0] for s in reversed(graph.steps) if [n.name for n in s.scope[:2]] == ["", part])
    place = graph.values[target].shape[2] // 2  # type: ignore[index]
    outputs[0][0, :, place, 0].sum().backward()
    seen, said = np.asarray(x.grad)[0].any(axis=0), fields(graph, target, (place, 0))[graph.inputs[0]]
    assert not (seen & ~said).any()
    assert seen.sum() > 0.7 * said.sum()  # a maximum passes the gradient to one entry of its window


def test_the_middles_of_cells_along_each_dimension() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 1, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 3)), nn.ReLU(), nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten()
    )
    graph = ac.trace(net, ac.rand(1, 1, 16, 15))  # (8, 12), then (2, 3)
    conv, relu, pool, flat = (s.outputs[0] for s in graph.steps)
    rows, columns = centres(graph, 0), centres(graph, 1)
    assert rows[graph.inputs[0]] == columns[graph.inputs[0]] == (0.0, 1.0)
    assert rows[conv] == rows[relu] == (0.0, 2.0) and columns[conv] == columns[relu] == (1.5, 1.0)
    assert rows[pool] == (0.0 + 1.5 * 2, 8.0) and columns[pool] == (1.5 + 1.5, 4.0)
    assert flat not in rows and graph.inputs[0] not in centres(graph, 2)
    up = ac.trace(nn.ConvTranspose1d(1, 1, 4, stride=2, padding=1), ac.rand(1, 1, 6))
    assert centres(up, 0)[up.outputs[0]] == (-0.25, 0.5)


def test_looking_leaves_the_graph_as_it_is() -> None:
    graph = ac.trace(lambda x: F.pad(x, (1, 2), value=3.0) * 2, ac.rand(1, 1, 5))
    seen = fields(graph, graph.outputs[0], (0,))[graph.inputs[0]]
    assert not seen.any()  # the border's value depends on nothing
    assert fields(graph, graph.outputs[0], (3,))[graph.inputs[0]].tolist() == [False, False, True, False, False]
    assert graph.steps[0].params["value"] == 3.0 and graph(ac.zeros(1, 1, 5)).tolist() == [[[6.0, 0, 0, 0, 0, 0, 6.0, 6.0]]]


def test_counts_of_the_lecture() -> None:
    net = nn.Sequential(
        nn.Conv1d(1, 4, 3), nn.ReLU(), nn.Conv1d(4, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3), nn.Conv1d(4, 4, 3)
    )
    scene = draw.receptive_field(net, 4, (1, 1, 28)).scene
    rows = {g.id: (g.data["seen"], g.data["cells"], g.data["field"]) for g in scene.groups() if g.kind == "layer"}
    assert [rows[f"row-{k}"] for k in range(6)] == [(14, 28, 1), (12, 26, 3), (10, 24, 5), (5, 12, 6), (3, 10, 10), (1, 8, 14)]
    assert {"14 inputs   +4", "5 of 12", "max pool 2 / 2"} <= set(texts(scene))


def test_dilation_widens_and_is_named() -> None:
    net = nn.Sequential(*(nn.Conv1d(1, 1, 3, dilation=2**i) for i in range(5)))
    told = texts(draw.receptive_field(net, None, (1, 1, 80)).scene)
    assert any("(kernel − 1) × dilation × product of the strides" in t for t in told)
    assert {"conv 3", *(f"conv 3, dilation {2**i}" for i in range(1, 5))} <= set(told)
    widths = [1 + sum(2 * 2**i for i in range(n)) for n in range(1, 5)]  # 2, 4, 8, 16, 32 more each time
    assert {f"{w}   +{2 * 2**i}" for i, w in enumerate(widths)} | {"63 inputs   +32"} <= set(told)
    german = texts(draw.receptive_field(net, None, (1, 1, 80), lang="de").scene)
    assert {"Faltung 3, Dehnung 16", "63 Eingaben   +32"} <= set(german)


def test_a_field_with_gaps_is_as_wide_as_it_reaches() -> None:
    net = nn.Sequential(nn.Conv1d(1, 1, 3, dilation=2), nn.Conv1d(1, 1, 3, stride=2, dilation=2))
    told = texts(draw.receptive_field(net, None, (1, 1, 28)).scene)
    assert {"5, with gaps   +4", "9, with gaps   +4", "conv 3 / 2, dilation 2", "5 of 28"} <= set(told)


def test_what_enlarges_does_not_follow_the_rule() -> None:
    net = nn.Sequential(nn.Conv1d(1, 1, 3), nn.ConvTranspose1d(1, 1, 2, stride=2))
    assert not any("kernel − 1" in t for t in texts(draw.receptive_field(net, None, (1, 1, 9)).scene))


def test_cells_stand_at_the_middle_of_what_they_see() -> None:
    net = nn.Sequential(
        nn.Conv1d(1, 1, 3, padding=1), nn.AvgPool1d(2), nn.Conv1d(1, 1, 5, dilation=2), nn.ConvTranspose1d(1, 1, 2, stride=2)
    )
    graph = ac.trace(net, ac.rand(1, 1, 40))
    for step in graph:
        if step.outputs[0] not in centres(graph, 0):
            continue  # something done to a bias
        start, jump = centres(graph, 0)[step.outputs[0]]
        n = (graph.values[step.outputs[0]].shape or ())[2]
        seen = np.flatnonzero(fields(graph, step.outputs[0], (n // 2,))[0])
        middle = start + n // 2 * jump
        assert abs(middle - (seen[0] + seen[-1]) / 2) <= 0.5 * jump


# ------------------------------------------------------------------------------------------------------- pictures
rng = np.random.default_rng(0)
SIGNAL = nn.Sequential(*(nn.Conv1d(1, 1, 2, dilation=2**i) for i in range(4)))
PICTURES: dict[str, Any] = {
    "signal": lambda **o: draw.receptive_field(SIGNAL, 12, (1, 1, 32), **o),
    "long signal": lambda **o: draw.receptive_field(SIGNAL, 500, (1, 1, 2000), **o),
    "edge": lambda **o: draw.receptive_field(nn.Conv1d(1, 1, 3, padding=1), 0, (1, 1, 6), **o),
    "lenet5": lambda **o: draw.receptive_field(get_model("lenet5"), None, (1, 1, 32, 32), **o),
    "section": lambda **o: draw.receptive_field(get_model("lenet5"), None, (1, 1, 32, 32), section="width", layer="pool2", **o),
    "grey picture": lambda **o: draw.receptive_field(get_model("lenet5"), (0, 4), rng.random((1, 1, 32, 32)), **o),
    "colour picture": lambda **o: draw.receptive_field(
        get_model("cifar_resnet20"), None, rng.random((1, 3, 32, 32)), layer="layer2.0.conv1", **o
    ),
    "gaps": lambda **o: draw.receptive_field(nn.Conv2d(1, 1, 3, dilation=3), (4, 4), (1, 1, 16, 12), **o),
    "upwards": lambda **o: draw.receptive_field(
        nn.Sequential(nn.Conv2d(1, 1, 3), nn.ConvTranspose2d(1, 1, 4, stride=2)), None, (1, 1, 8, 8), **o
    ),
}


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_picture_is_sound(name: str, lang: str) -> None:
    check(PICTURES[name](lang=lang).scene)


def groups(scene: Scene, kind: str) -> list[Group]:
    return [g for g in scene.groups() if g.kind == kind]


def test_nested_squares_tell_their_sizes() -> None:
    found = groups(PICTURES["lenet5"]().scene, "field")
    assert [g.data["field"] for g in found] == [[16, 16], [14, 14], [6, 6], [5, 5]]
    gaps = PICTURES["gaps"]().scene
    assert "7 × 7   9 of 192, with gaps" in texts(gaps)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: draw.receptive_field(SIGNAL, 3), TypeError, "draw.receptive_field: expected an input for the model"),
        (
            lambda: draw.receptive_field(SIGNAL, 17, (1, 1, 32)),
            ValueError,
            r"expected unit to be a place within \(17,\), the size of 'Conv1d 3', got 17",
        ),
        (lambda: draw.receptive_field(SIGNAL, (1, 1), (1, 1, 32)), ValueError, r"expected unit to be a place within \(17,\)"),
        (
            lambda: draw.receptive_field(get_model("lenet5"), None, (1, 1, 32, 32), layer="pol2"),
            ValueError,
            r"got 'pol2'\. Did you mean 'pool[12]'",
        ),
        (
            lambda: draw.receptive_field(get_model("lenet5"), None, (1, 1, 32, 32), section="depth"),
            ValueError,
            "'width' or 'height', got 'depth'",
        ),
        (lambda: draw.receptive_field(SIGNAL, None, (1, 1, 32), section="width"), ValueError, "got units with 1 dims"),
        (lambda: draw.receptive_field(nn.Linear(4, 2), None, (1, 4)), ValueError, "expected a model whose input has places"),
    ],
)
def test_wrong_calls_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


# ------------------------------------------------------------------------------------------------------- many layers
def stack(conv: Any, layers: int = 20) -> nn.Module:
    ac.manual_seed(0)
    return nn.Sequential(*(m for _ in range(layers) for m in (conv(1, 1, 3, padding=1), nn.ReLU())))


def test_twenty_layers_are_no_tangle() -> None:
    """Neither the lines to the labels nor the labels cross or meet, and all fits a screen."""
    scene = draw.receptive_field(stack(nn.Conv2d), None, (1, 1, 64, 64)).scene
    check(scene)
    assert on_screen(scene) >= 9.0
    fields_of = [g for g in scene.groups() if g.kind == "field"]
    ways = [next(i.steps for i in g.items if isinstance(i, Path) and len(i.steps) == 4) for g in fields_of]
    assert [g.data["field"][0] for g in fields_of] == list(range(41, 1, -2))  # the rule: 1 + 2 per layer
    for stop in range(4):
        heights = [w[stop][2] for w in ways]
        assert heights == sorted(heights)
        assert min(b - a for a, b in itertools.pairwise(heights)) > (2.9 if stop < 2 else 16.0)
    assert max(abs(w[1][2] - w[2][2]) for w in ways) < 150


@pytest.mark.parametrize("layers", [20, 24])
def test_twenty_rows_of_cells_fit_a_screen(layers: int) -> None:
    scene = draw.receptive_field(stack(nn.Conv1d, layers), None, (1, 1, 60)).scene
    check(scene)
    assert on_screen(scene) >= 9.0


def test_a_wide_field_fits_a_screen() -> None:
    scene = draw.receptive_field(nn.Sequential(nn.Conv1d(1, 1, 100), nn.Conv1d(1, 1, 101)), None, (1, 1, 400)).scene
    assert [g.data["seen"] for g in scene.groups() if g.kind == "layer"] == [200, 101, 1]
    assert on_screen(scene) >= 9.0


class Skipping(nn.Module):
    """A strided 1×1 convolution beside two of 3×3, as in a residual network."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.one, self.two = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 3, padding=1)
        self.beside, self.last = nn.Conv2d(1, 1, 1, 2), nn.Conv2d(1, 1, 3)

    def forward(self, x: Any) -> Any:
        x = self.first(x)
        return self.last(self.two(self.one(x)) + self.beside(x))


def test_a_branch_that_sees_less_than_the_layer_before_it_says_what_it_reads() -> None:
    scene = draw.receptive_field(Skipping(), None, (1, 1, 32, 32)).scene
    sizes = [(str(g.title).split(",")[0], g.data["field"][0]) for g in scene.groups() if g.kind == "field"]
    assert sizes == [("last", 13), ("two", 9), ("one", 5), ("beside", 3), ("first", 3)]  # the largest first
    assert [t.strip() for t in texts(scene) if "a branch" in t] == ["beside   conv 1×1 / 2, a branch, after first"]


def test_an_unknown_layer_is_told_all_there_are() -> None:
    with pytest.raises(ValueError, match=r"expected layer to be one with places \(first, one, two, beside, last\), got 'thr'"):
        draw.receptive_field(Skipping(), None, (1, 1, 32, 32), layer="thr")


# ------------------------------------------------------------------------------------------------------- what it fits
SCREENS = {"slide": (1280.0, 720.0), "page": (794.0, 1123.0), (800, 600): (800.0, 600.0)}


@pytest.mark.parametrize("fit", SCREENS)
@pytest.mark.parametrize(("layers", "dims", "side"), [(5, 1, 40), (40, 1, 120), (5, 2, 32), (28, 2, 60)])
def test_it_fits_what_it_is_read_on(layers: int, dims: int, side: int, fit: Any) -> None:
    scene = draw.receptive_field(stack(nn.Conv1d if dims == 1 else nn.Conv2d, layers), None, (1, 1, *[side] * dims), fit=fit).scene
    assert on_screen(scene, SCREENS[fit]) >= 9.0 - 1e-6
    check(scene)
    drawn = [g for g in scene.groups() if g.kind in ("layer", "field")]
    widest = max(g.data["field"] if dims == 1 else max(g.data["field"]) for g in drawn)
    assert widest == 1 + 2 * layers  # whatever is put together


def test_layers_put_together_widen_by_what_all_of_them_do() -> None:
    """40 layers of 3 in a row, each widening by 2; those that stand for several say how many, and all are counted."""
    scene = draw.receptive_field(stack(nn.Conv1d, 40), None, (1, 1, 120), fit=(800, 600)).scene
    rows = sorted((g for g in scene.groups() if g.kind == "layer"), key=lambda g: int(str(g.id).removeprefix("row-")))
    assert len(rows) < 41
    names = [str(g.title).split(":")[0] for g in rows]
    counts = [0, *(int(name.split("×")[1]) if "×" in name else 1 for name in names[1:])]
    assert sum(counts) == 40 and any("×" in name for name in names)
    assert [g.data["field"] for g in rows] == [1 + 2 * n for n in itertools.accumulate(counts)]


def test_what_fits_stays_as_it_was() -> None:
    net = stack(nn.Conv1d, 5)
    assert draw.receptive_field(net, 3, (1, 1, 20)).svg == draw.receptive_field(net, 3, (1, 1, 20), fit=(1e6, 1e6)).svg


def test_a_size_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="expected fit to be 'slide'"):
        draw.receptive_field(stack(nn.Conv1d, 2), None, (1, 1, 20), fit="wide")


def test_what_a_unit_sees_is_found_once_for_all_foldings(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_cnn.drawing.lessons.receptive import squares

    asked: list[tuple[int, tuple[int, ...]]] = []

    def counted(graph: Any, target: int, unit: tuple[int, ...]) -> Any:
        asked.append((target, unit))
        return fields(graph, target, unit)

    fields = squares.fields
    monkeypatch.setattr(squares, "fields", counted)
    net = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1) for _ in range(24)))
    draw.receptive_field(net, input=(1, 1, 16, 16), fit=(300, 300))
    assert len(asked) == len(set(asked)) <= 24
