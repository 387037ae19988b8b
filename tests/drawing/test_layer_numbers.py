"""The numbers that volumes show: channels, sizes, counts of operations and parameters, read off small networks by hand."""

from __future__ import annotations

from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.numbers import Numbers
from autograd_cnn.drawing.canvas.symbols import LaneScale
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.drawing.lessons.layers import Layer, caption, layer_maps, layers_of, longest_path, ranks
from autograd_cnn.drawing.lessons.volumes_layout import Volume
from autograd_cnn.drawing.lessons.volumes_ways import _cells
from autograd_cnn.drawing.plots.confusion import counts_of
from autograd_cnn.graph.trace import trace
from autograd_cnn.nn import functional as F

from .sound import texts


def _graph(model: Any, *shape: int) -> Any:
    return ac.trace(model.eval(), ac.zeros(*shape))


@pytest.mark.parametrize(
    ("shape", "channels", "space"),
    [
        ((), 1, ()),
        ((5,), 5, ()),
        ((1, 7), 7, ()),
        ((2, 3, 9), 3, (9,)),
        ((2, 3, 4, 5), 3, (4, 5)),
    ],
)
def test_channels_and_space(shape: tuple[int, ...], channels: int, space: tuple[int, ...]) -> None:
    layer = Layer(0, "other", "", shape=shape)
    assert (layer.channels, layer.space) == (channels, space)


def test_a_run_of_convolutions_tells_what_follows_each() -> None:
    net = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 2, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2))
    made = _graph(net, 1, 2, 8, 8)
    layers = layers_of(made, runs=True)
    assert [(n.kind, n.count, n.parameters, n.followers) for n in layers] == [
        ("input", 1, 0, []),
        ("conv", 2, 76, ["ReLU", "tanh"]),
        ("pool", 1, 0, []),
    ]
    assert [len(n.steps) for n in layers[1:]] == [4, 1]
    assert layers[1].out == layers[2].steps[0].inputs[0]


@pytest.mark.parametrize(
    "second",
    [
        nn.Conv2d(2, 2, 5, padding=2),
        nn.Conv2d(2, 2, 3, padding=1, groups=2),
        nn.Conv2d(2, 3, 3, padding=1),
        nn.Conv2d(2, 2, 3),
        nn.Conv2d(2, 2, 3, padding=2, dilation=2),
        nn.ConvTranspose2d(2, 2, 3, padding=1),
    ],
)
def test_convolutions_that_are_not_alike_stay_apart(second: nn.Module) -> None:
    layers = layers_of(_graph(nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), second), 1, 2, 8, 8), runs=True)
    assert [n.count for n in layers] == [1, 1, 1]


def test_a_run_begins_where_one_is_alike() -> None:
    kernels = (3, 3), (5, 5), (3, 3), (3, 3), (1, 1)
    net = nn.Sequential(*(nn.Conv2d(2, 2, k, padding=(k[0] // 2, k[1] // 2)) for k in kernels))
    layers = layers_of(_graph(net, 1, 2, 8, 8), runs=True)
    assert [(n.count, n.window.kernel) for n in layers[1:]] == [(1, (3, 3)), (1, (5, 5)), (2, (3, 3)), (1, (1, 1))]
    assert [n.index for n in layers] == [0, 1, 2, 3, 4] and [n.sources for n in layers] == [[], [0], [1], [2], [3]]
    strided = nn.Sequential(*(nn.Conv2d(2, 2, 3, padding=1, stride=s) for s in (2, 1, 2)))  # only the first of a row may step
    assert [(n.count, n.window.stride) for n in layers_of(_graph(strided, 1, 2, 8, 8), runs=True)[1:]] == [(2, (2, 2)), (1, (2, 2))]


def test_a_padding_belongs_to_its_convolution_among_others() -> None:
    mirrored = nn.Sequential(nn.ReflectionPad2d((2, 2, 1, 1)), nn.Conv2d(2, 2, 3))
    net = nn.Sequential(nn.Conv2d(2, 2, 3), mirrored, nn.ZeroPad2d(1), nn.Conv2d(2, 2, 3))
    layers = layers_of(_graph(net, 1, 2, 8, 8))
    assert [(n.kind, [(a.before, a.after) for a in n.window.along]) for n in layers[1:]] == [
        ("conv", [(0, 0)] * 2),
        ("conv", [(1, 1), (2, 2)]),
        ("conv", [(1, 1)] * 2),
    ]


def test_inputs_that_lead_to_nothing_are_no_layers() -> None:
    graph = ac.trace(lambda a, b, c, d: (a * c).tanh() @ d, ac.ones(2, 3), ac.ones(2, 3), ac.tensor(2.0), ac.ones(3, 2))
    layers = layers_of(graph)
    assert [(n.kind, n.shape) for n in layers[:2]] == [("input", (2, 3)), ("input", (3, 2))]
    assert all(n.kind != "input" for n in layers[2:]) and layers[-1].sources == [2, 1]
    assert ranks(layers)[:3] == [0, 0, 1] and longest_path(layers) == ranks(layers)[-1] + 1 == 3
    assert ranks([]) == [] and longest_path([]) == 0


def test_maps_of_layers_by_their_names() -> None:
    class Skip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.pool = nn.Conv2d(1, 1, 3, padding=1, stride=1), nn.MaxPool2d(2)

        def forward(self, x: Any) -> Any:
            return self.pool(self.conv(x).relu() + x)

    made = trace(Skip(), ac.ones(1, 1, 4, 4), note=lambda raw: raw.copy())
    maps = layer_maps(made, Words("en"))
    assert [(name, a.shape[1:]) for name, a in maps] == [
        ("conv conv 3×3, ReLU", (1, 4, 4)),
        ("+", (1, 4, 4)),
        ("pool max pool 2×2", (1, 2, 2)),
    ]
    assert [name for name, _ in layer_maps(made, Words("en"), ["pool"])] == ["pool max pool 2×2"]
    for wrong in ("", "x0", "pol"):
        with pytest.raises(ValueError, match=f"names of layers, got '{wrong}'"):
            layer_maps(made, Words("en"), [wrong])
    assert layer_maps(ac.trace(Skip(), ac.ones(1, 1, 4, 4)), Words("en")) == []  # nothing was noted


def test_a_result_that_is_read_twice_ends_a_run() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = (nn.Conv2d(2, 2, 3, padding=1) for _ in range(3))

        def forward(self, x: Any) -> Any:
            y = self.b(self.a(x))
            return self.c(y) + y

    layers = layers_of(_graph(Net(), 1, 2, 8, 8), runs=True)
    assert [(n.kind, n.count) for n in layers] == [("input", 1), ("conv", 2), ("conv", 1), ("join", 1)]
    assert [n.sources for n in layers] == [[], [0], [1], [2, 1]]


def test_a_row_of_blocks_tells_how_many_and_of_which_class() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 1)

        def forward(self, x: Any) -> Any:
            return self.b(self.a(x))

    row = nn.Sequential(
        nn.Conv2d(1, 2, 1),
        nn.Sequential(Pair(), Pair(), Pair()),
        nn.Sequential(nn.Conv2d(2, 2, 1), nn.Tanh(), nn.Conv2d(2, 1, 1)),
        nn.Sequential(nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)),
    )
    layers = layers_of(_graph(row, 1, 1, 4, 4), 1)
    pair, mixed = 38 + 6, 6 + 3
    assert [(n.kind, n.count, n.inside or n.inner, n.parameters) for n in layers] == [
        ("input", 1, "", 0),
        ("conv", 1, "", 4),
        ("block", 3, "Pair", 3 * pair),
        ("block", 1, 2, mixed),
        ("block", 1, 2, 4),
    ]


def test_captions_of_folded_modules_and_of_windows() -> None:
    def head(
        *modules: nn.Module, depth: int | None = None, runs: bool = False, shape: tuple[int, ...] = (1, 4, 8, 8)
    ) -> tuple[str, list[str]]:
        return caption(layers_of(_graph(nn.Sequential(*modules), *shape), depth, runs)[1], Words("en"))

    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

        def forward(self, x: Any) -> Any:
            return self.b(self.a(x))

    assert head(nn.Sequential(Pair(), Pair()), depth=1) == ("2 × Pair", [])
    assert head(nn.Sequential(Pair()), depth=1) == ("2 layers", [])  # one is no row
    assert head(nn.Sequential(Pair(), nn.Sequential(nn.Conv2d(4, 4, 1), nn.Tanh())), depth=1) == ("3 layers", [])
    assert head(Pair(), depth=1) == ("Pair", [])
    assert head(nn.Sequential(nn.Conv2d(4, 4, 1), nn.MaxPool2d(2)), depth=1) == ("Sequential", [])
    assert head(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)) == ("conv 3×3", [])
    assert head(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), runs=True) == ("2 × conv 3×3", [])
    assert head(nn.Conv2d(4, 8, (1, 3), stride=(1, 2), dilation=2, groups=2), nn.ReLU()) == (
        "conv 1×3, ×2 groups",
        ["stride 1×2", "dilation 2", "ReLU"],
    )
    assert head(nn.Conv2d(4, 4, 3, groups=4, stride=2)) == ("depthwise 3×3", ["stride 2"])
    assert head(nn.ConvTranspose2d(4, 2, 2, stride=2)) == ("conv transposed 2×2", ["stride 2"])
    assert head(nn.AvgPool2d(2)) == ("avg pool 2×2", ["stride 2"]) and head(nn.MaxPool2d(2, 1)) == ("max pool 2×2", [])
    assert head(nn.AdaptiveAvgPool2d(1))[0] == "global avg pool" and head(nn.AdaptiveAvgPool2d(2))[0] == "adaptive avg pool 2×2"
    assert head(nn.Linear(8, 3)) == ("dense", []) and head(nn.Sigmoid())[0] == "σ"
    assert caption(layers_of(_graph(nn.ReLU(), 1, 2))[0], Words("en")) == ("", [])


class Before(nn.Module):
    """Something, then a convolution."""

    def __init__(self, first: Any) -> None:
        super().__init__()
        self.first, self.conv = first, nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x: Any) -> Any:
        return self.conv(self.first(x))


@pytest.mark.parametrize(
    ("widths", "rows", "columns"),
    [
        ((1, 1, 1, 1), (2, 2), (2, 2)),
        ((2, 1, 0, 1), (1, 2), (3, 2)),
        ((0, 0, 3, 0), (4, 1), (1, 1)),
        ((1, 0, 0, 0), (1, 1), (2, 1)),
    ],
)
def test_a_padding_grows_the_window_on_its_own_side(widths: Any, rows: Any, columns: Any) -> None:
    layers = layers_of(_graph(Before(lambda x: F.pad(x, widths)), 1, 2, 6, 8))
    assert [n.kind for n in layers] == ["input", "conv"]
    assert [(a.before, a.after, a.size) for a in layers[1].window.along] == [(*rows, 6), (*columns, 8)]


@pytest.mark.parametrize(
    "first",
    [
        lambda x: x * 2,
        lambda x: x.flip(3),
        lambda x: x[:, :, 1:-1, 1:-1],
        lambda x: F.pad(x, (2, 0, -1, 0)),
        lambda x: x.cumsum(2),
        lambda x: F.pad(x[:, :1], (1, 1, 1, 1, 0, 1)),
    ],
)
def test_what_does_not_pad_is_a_layer_of_its_own(first: Any) -> None:
    layers = layers_of(_graph(Before(first), 1, 2, 6, 8))
    assert layers[-2].kind == "other" and [(a.before, a.after) for a in layers[-1].window.along] == [(1, 1), (1, 1)]


def test_pooling_is_a_layer_of_its_own_though_it_keeps_the_size() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 1, 1), nn.AvgPool2d(3, 1, 1), nn.MaxPool2d(3, 1, 1))
    for runs in (False, True):
        layers = layers_of(_graph(net, 1, 1, 8, 8), runs=runs)
        assert [(n.kind, n.count, len(n.steps)) for n in layers] == [("input", 1, 0), ("conv", 1, 2), *[("pool", 1, 1)] * 3]


def test_how_many_operations_one_folded_module_stands_for() -> None:
    net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3), nn.ReLU()))
    made = _graph(net, 1, 1, 8, 8)
    assert [(n.kind, n.count, n.parameters) for n in layers_of(made, 0)] == [("input", 1, 0), ("block", 1, 20 + 38)]
    found = texts(draw.volumes(made, depth=0).scene)
    assert any("58 parameters.  4 operations drawn as 2 volumes." in t for t in found)
    assert {"input", "1 × 8 × 8", "2 × 4 × 4", "58"} <= set(found)
    assert not any("drawn as" in t for t in texts(draw.volumes(made).scene))


def test_numbers_at_the_edges_of_their_forms() -> None:
    inf, en = float("inf"), Numbers("en")
    assert [en.value(v) for v in (inf, -inf, float("nan"), -0.0, 0.005, 0.00499, 999.994, 1000.4, 999_999.4, 1e6)] == [
        "∞",
        "−∞",
        "NaN",
        "0.00",
        "0.01",
        "5.0e−3",
        "999.99",
        "1000.40",
        "999999.40",
        "1.00e6",
    ]
    assert [en.figure(v) for v in (1e-4, 0.99e-4, 9999.4, 9999.6, -12_345.0, 99_999.0, 1e5, -2.0, -inf)] == [
        "0.0001",
        "9.9e−5",
        "9999.4",
        "9999.6",
        "−12345",
        "99999",
        "100000",
        "−2",
        "−∞",
    ]
    assert [en.norm(v) for v in (0.01, 0.0099, 9.9996, 10.0, 999.9, 1000.0, 99_999.0, 1e5, inf)] == [
        "0.010",
        "9.9e−3",
        "10.000",
        "10.0",
        "999.9",
        "1000",
        "99999",
        "1.0e5",
        "∞",
    ]
    assert [en.memory(n) for n in (0, 999, 1000, 999_499, 10**6, 10**9)] == ["0 B", "999 B", "1 kB", "999 kB", "1.0 MB", "1.0 GB"]


def test_numbers_in_german() -> None:
    de = Numbers("de")
    assert [de.value(v) for v in (1.0, -0.25, 1234.5, 1.2e-4, float("nan"))] == ["1,00", "−0,25", "1234,50", "1,2e−4", "NaN"]
    assert [de.count(n) for n in (7, 1000, 61_706, 138_357_544)] == ["7", "1.000", "61.706", "138.357.544"]
    assert [de.figure(v) for v in (2.302585, 0.5, 12345.678)] == ["2,303", "0,5", "12345,68"]
    assert [de.percent(v, d) for v, d in ((0.9725, 1), (0.86, 0))] == ["97,2 %", "86 %"]
    assert (de.digits(-0.51234), de.memory(12_400_000), de.point((0.5, 2))) == ("−0,512", "12,4 MB", "(0,5; 2)")
    assert de.label("dropout p=0.5") == "dropout p=0,5"
    assert de.label("layer1.0.conv") == "layer1.0.conv"  # a module's name is no number


@pytest.mark.parametrize("lang", ["en", "de"])
def test_no_number_of_a_language_can_be_read_as_another(lang: str) -> None:
    """A thousand and one with three decimals are two different texts in each language."""
    numbers = Numbers(lang)
    assert numbers.count(1000) != numbers.value(1.0, 3)
    assert float(numbers.value(1234.5, 4).replace(",", ".")) == 1234.5


def test_the_window_and_its_cell_are_where_the_convolution_puts_them() -> None:
    net = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    before, after = layers_of(_graph(net, 1, 1, 8, 8))
    a = Volume(before, 0, x=100.0, y=50.0, width=80.0, height=80.0)  # ten pixels a cell
    b = Volume(after, 1, x=300.0, y=70.0, width=40.0, height=40.0)
    window, cell = _cells(a, b, after.window)
    # the cell (1, 2) of 4×4 reads rows 1 … 3 and columns 3 … 5 of 8×8
    assert window == pytest.approx((130.0, 60.0, 30.0, 30.0))
    assert cell == pytest.approx((320.0, 80.0, 10.0, 10.0))


def test_a_window_over_the_edge_ends_there_and_small_cells_stay_visible() -> None:
    net = nn.Conv2d(1, 1, 5, padding=2)
    before, after = layers_of(_graph(net, 1, 1, 2, 2))
    a = Volume(before, 0, x=0.0, y=0.0, width=20.0, height=20.0)
    b = Volume(after, 1, x=100.0, y=0.0, width=4.0, height=4.0)
    window, cell = _cells(a, b, after.window)
    assert window == pytest.approx((0.0, 0.0, 20.0, 20.0))
    assert cell == pytest.approx((100.8, 0.0, 3.2, 3.2))  # two pixels would be too small; it stays on its face


def test_the_width_of_a_lane_is_the_place_of_its_norm() -> None:
    scale = LaneScale.of([1e-3, 10.0, 0.0, float("nan"), float("inf")])
    assert (scale.low, scale.high) == (-3.0, 1.0)
    assert [scale.share(v) for v in (1e-3, 0.1, 10.0, 1e-9, 1e9)] == pytest.approx([0, 0.5, 1, 0, 1])
    assert [scale.share(v) for v in (0.0, -1.0, float("nan"), float("inf"), -float("inf"))] == [0.0] * 5
    assert (scale.width(10.0) - scale.width(1e-3), scale.opacity(10.0)) == pytest.approx((5.4, 1.0))
    near = LaneScale.of([1.0, 10.0])
    assert (near.low, near.high) == (-0.5, 1.5)  # two decades at least
    assert LaneScale(-3.0, 1.0).samples() == pytest.approx([5e-3, 0.1, 1.0])
    assert LaneScale(-1.0, 3.0).samples() == pytest.approx([0.5, 10.0, 100.0])


@pytest.mark.parametrize(
    ("truth", "predicted"), [([0, 1], [0, 0.5]), ([0, 1], [0, -1]), ([0, 1.5], [0, 1]), ([-1, 1], [0, 1]), ([0, float("nan")], [0, 1])]
)
def test_classes_are_whole_numbers_from_0(truth: Any, predicted: Any) -> None:
    with pytest.raises(ValueError, match="expected classes as whole numbers from 0"):
        counts_of(truth, predicted)


def test_counts_of_classes() -> None:
    assert counts_of([0, 2, 2, 1], [0, 2, 1, 1]).tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert counts_of([0, 0], [[0.1, 0.2, 0.7], [0.9, 0.0, 0.1]]).tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]
    for bad in ([[1, -1], [0, 0]], [[float("inf"), 1], [0, 0]], [[float("nan"), 1], [0, 0]]):
        with pytest.raises(ValueError, match="expected counts of at least 0"):
            counts_of(bad, None)
