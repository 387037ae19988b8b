"""Kernels, activations and curves."""

from __future__ import annotations

import csv
import io
import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.geometry import inside, overlap
from autograd_cnn.drawing.canvas.scene import Circle, Group, Image, Path, Rect, Scene, Text
from autograd_cnn.drawing.plots.ticks import nice_ticks

rng = np.random.default_rng(0)


def texts(scene: Scene) -> list[str]:
    return [t.string for _, t in scene.walk() if isinstance(t, Text)]


def groups(scene: Scene, kind: str) -> list[Group]:
    return [g for g in scene.groups() if g.kind == kind]


def sound(scene: Scene) -> None:
    """Everything on the page, no text on another, valid XML."""
    page = (0.0, 0.0, scene.width, scene.height)
    written = [t for _, t in scene.walk() if isinstance(t, Text) and t.string.strip()]
    for i, t in enumerate(written):
        assert inside(t.box(), page), t.string
        for other in written[:i]:
            assert not overlap(t.box(), other.box(), -0.5), f"{t.string!r} on {other.string!r}"
    for _, item in scene.walk():
        if isinstance(item, Rect | Image):
            assert inside((item.x, item.y, item.width, item.height), page, 0.5)
    ElementTree.fromstring(draw_source(scene))


def draw_source(scene: Scene) -> str:
    from autograd_cnn.drawing.canvas.svg import write

    return write(scene)


# ------------------------------------------------------------------------------------------------------- filters
@pytest.mark.parametrize(
    "shape", [(6, 1, 5, 5), (16, 6, 5, 5), (64, 3, 7, 7), (1, 1, 3, 3), (4, 8, 3), (10, 84), (3, 64, 1, 1), (128, 96, 3, 3), (6, 1, 2, 9)]
)
def test_kernels_of_any_shape(shape: tuple[int, ...]) -> None:
    scene = draw.filters({"layer": rng.standard_normal(shape)}).scene
    sound(scene)
    assert "×".join(map(str, shape)) in " ".join(texts(scene))


def test_a_tile_for_each_kernel() -> None:
    scene = draw.filters([("conv1", rng.standard_normal((6, 1, 5, 5))), ("conv2", rng.standard_normal((16, 6, 5, 5)))]).scene
    assert len(groups(scene, "kernel")) == 6 + 96
    assert groups(scene, "kernel")[0].title.startswith("conv1[0, 0]: ")  # type: ignore[union-attr]


def test_the_scale_is_symmetric_and_stated() -> None:
    w = np.zeros((2, 1, 2, 2))
    w[0, 0, 0, 0], w[1, 0, 1, 1] = -0.5, 0.25
    scene = draw.filters(w).scene
    assert {"−0.5", "0", "0.5"} <= set(texts(scene))
    cells = [r.fill for g in groups(scene, "kernel") for r in g.items if isinstance(r, Rect) and r.fill]
    assert cells[0] == "#8f2f04"  # the deepest vermilion
    assert cells[1] == cells[2]
    assert cells[1] is not None
    assert all(int(cells[1][i : i + 2], 16) > 250 for i in (1, 3, 5))  # zero is white


def test_more_kernels_than_can_be_shown_are_told() -> None:
    scene = draw.filters(rng.standard_normal((100, 80, 1, 1))).scene
    assert any("the first 4,096 of 8,000 kernels" in t for t in texts(scene))


def test_weights_that_are_not_finite_are_told() -> None:
    w = rng.standard_normal((3, 1, 3, 3))
    w[0, 0, 0, 0] = math.nan
    assert any("1 NaN/∞" in t for t in texts(draw.filters(w).scene))


def test_layers_and_tensors_are_taken() -> None:
    from autograd_cnn import nn

    conv = nn.Conv2d(1, 4, 3)
    assert "4×1×3×3" in " ".join(texts(draw.filters(conv).scene))
    assert draw.filters(conv.weight).svg == draw.filters(np.asarray(conv.weight.detach())).svg


def test_wrong_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a weight of shape \(O, I, KH, KW\).*got \(3,\)"):
        draw.filters(np.zeros(3))
    with pytest.raises(TypeError, match="expected an array or tensor of numbers, got str"):
        draw.filters("conv1")
    with pytest.raises(ValueError, match="got none"):
        draw.filters({})


# ------------------------------------------------------------------------------------------------------- activations
def lenet_rows() -> list[tuple[str, np.ndarray]]:  # type: ignore[type-arg]
    shapes = {"conv1": (6, 28, 28), "pool": (1, 16, 5, 5), "conv3": (120, 1, 1), "fc": (84,), "output": (10,)}
    return [(name, rng.standard_normal(shape)) for name, shape in shapes.items()]


def test_a_row_for_each_layer() -> None:
    scene = draw.activations(lenet_rows(), image=rng.random((28, 28))).scene
    sound(scene)
    assert len(groups(scene, "map")) == 6 + 16
    assert len(groups(scene, "unit")) == 120 + 84 + 10
    assert {"6 maps", "16 maps", "120 units", "84 units", "10 units"} <= set(texts(scene))


def test_the_largest_output_is_marked() -> None:
    scene = draw.activations([("softmax", np.array([0.1, 0.7, 0.2]))], classes=["cat", "dog", "emu"]).scene
    bold = [t.string for _, t in scene.walk() if isinstance(t, Text) and t.runs[0].face == "bold"]
    assert "dog" in bold
    assert "cat" not in bold


@pytest.mark.parametrize("image", [np.zeros((8, 8)), rng.random((1, 8, 8)), rng.random((3, 8, 12))])
def test_images_in_grey_and_colour(image: object) -> None:
    scene = draw.activations({"a": np.ones(3)}, image=image).scene
    sound(scene)
    assert any(isinstance(i, Image) for _, i in scene.walk())


@pytest.mark.parametrize(
    "data", [np.zeros((2, 4, 4)), np.full(5, np.nan), np.array([np.inf, 1.0, -1.0]), np.zeros((300, 2, 2)), np.array([5.0])]
)
def test_odd_activations(data: object) -> None:
    sound(draw.activations([("layer", data)]).scene)


def test_wrong_activations_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected 'conv' to be of shape \(C, H, W\) or \(F,\), got \(2, 3, 4, 4\). Pass one sample"):
        draw.activations([("conv", np.zeros((2, 3, 4, 4)))])
    with pytest.raises(ValueError, match="expected one class name for each unit of the last layer, got 2 names"):
        draw.activations([("out", np.zeros(3))], classes=["a", "b"])
    with pytest.raises(ValueError, match=r"expected an image of shape \(H, W\)"):
        draw.activations([("out", np.zeros(3))], image=np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match="got none"):
        draw.activations([])


# ------------------------------------------------------------------------------------------------------- curves
HISTORY = {
    "epoch": [1, 2, 3],
    "train_loss": [2.0, 0.5, 0.1],
    "test_loss": [2.1, 0.7, 0.3],
    "train_acc": [0.3, 0.8, 0.99],
    "test_acc": [0.2, 0.7, 0.95],
}


def test_two_panels_with_named_series() -> None:
    scene = draw.curves(HISTORY).scene
    sound(scene)
    assert [g.title for g in groups(scene, "panel")] == ["loss", "accuracy"]
    assert {"train  0.1", "test  0.3", "train  99.0 %", "test  95.0 %"} <= set(texts(scene))


def test_series_differ_in_more_than_colour() -> None:
    scene = draw.curves(HISTORY).scene
    first, second = groups(scene, "series")[:2]
    dashes = [[p.dash for p in g.items if isinstance(p, Path) and p.stroke] for g in (first, second)]
    assert dashes == [[None], ["7 4"]]
    assert {type(i) for i in first.items} != {type(i) for i in second.items}
    assert len([i for i in first.items if isinstance(i, Circle)]) == 3


def test_rows_of_a_csv_file() -> None:
    text = "epoch,train_loss,note\n1,2.0,start\n2,0.5,\n3,0.1,end\n"
    scene = draw.curves(list(csv.DictReader(io.StringIO(text)))).scene
    assert [g.data["series"] for g in groups(scene, "panel")] == [["train"]]


def test_columns_and_rows_give_the_same() -> None:
    rows = [dict(zip(HISTORY, values, strict=True)) for values in zip(*HISTORY.values(), strict=True)]
    assert draw.curves(rows).svg == draw.curves(HISTORY).svg


def test_missing_values_interrupt_a_line() -> None:
    scene = draw.curves({"loss": [3.0, 2.0, None, math.nan, 1.0, 0.5]}).scene
    lines = [p for p in groups(scene, "series")[0].items if isinstance(p, Path)]
    assert len(lines) == 2


@pytest.mark.parametrize(
    "metrics",
    [
        {"loss": [1.0]},
        {"loss": [1.0, 1.0, 1.0]},
        {"loss": [-5.0, -7.0]},
        {"loss": [1e-9, 1e9]},
        {"acc": [1.0, 1.0]},
        {"acc": [20.0, 90.0]},
        {"step": [0, 1000, 2000], "loss": [3, 2, 1], "lr": [1e-3, 5e-4, 1e-4]},
        {f"loss_{i}": [1.0, 0.5] for i in range(6)},
        {"train_loss": [1.0] * 300, "test_loss": [1.0001] * 300},
    ],
)
def test_odd_histories(metrics: dict[str, list[float]]) -> None:
    sound(draw.curves(metrics).scene)


def test_wrong_metrics_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one column of numbers"):
        draw.curves({"epoch": [1, 2]})
    with pytest.raises(ValueError, match="expected numbers in column 'loss', got 'high'"):
        draw.curves({"loss": [1.0, "high"]})
    with pytest.raises(TypeError, match="a mapping of names to lists"):
        draw.curves({"loss": 1.0})
    with pytest.raises(TypeError, match="rows that are mappings, got list"):
        draw.curves([1, 2])


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_span_the_range(low: float, width: float) -> None:
    ticks = nice_ticks(low, low + width)
    slack = 1e-6 * width + 2 * math.ulp(abs(low) + width)  # a range may be as narrow as the numbers' own spacing
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + width - slack
    assert 2 <= len(ticks) <= 12
