"""Architectures as volumes: the layers are the graph's, the picture is sound."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.scene import Group, Image, Path, Rect, Scene, Text
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.drawing.lessons.layer_folds import focused
from autograd_cnn.drawing.lessons.layers import caption, folding_within, layers_of, longest_path
from autograd_cnn.drawing.view.arguments import fitting_input
from autograd_cnn.graph.graph import Graph
from autograd_cnn.vision import models

from .odd import ODD
from .sound import check, texts


class AutoEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(4, 8, 3, stride=2, padding=1))
        self.decoder = nn.Sequential(nn.ConvTranspose2d(8, 4, 2, stride=2), nn.ReLU(), nn.ConvTranspose2d(4, 1, 2, stride=2))

    def forward(self, x: Any) -> Any:
        return self.decoder(self.encoder(x))


class Branches(nn.Module):
    """Three ways into one concatenation, and a skip over all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.pool, self.out = nn.MaxPool2d(3, 1, 1), nn.Conv2d(6, 2, 1)

    def forward(self, x: Any) -> Any:
        return self.out(ac.cat([self.a(x), self.c(self.b(x).relu()), self.pool(x)], 1)) + x


class Two(nn.Module):
    """Two inputs, two outputs, one module used twice, one result that leads nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x: Any, y: Any) -> Any:
        a, b = self.conv(x), self.conv(y)
        a.sigmoid()
        return a + b, a * b


@functools.cache
def get_model(name: str, **config: Any) -> Any:
    """Each network is made once."""
    return models.get_model(name, **config)


def graph(model: Any, *shapes: tuple[int, ...]) -> Graph:
    return ac.trace(model.eval(), *(ac.zeros(*s) for s in shapes))


def groups(scene: Scene, kind: str) -> list[Group]:
    return [g for g in scene.groups() if g.kind and g.kind.split()[0] == kind]


ac.manual_seed(0)
digit = np.add.outer(np.arange(32.0), np.arange(32.0))[None, None]
PICTURES: dict[str, Any] = {
    "lenet5": lambda **o: draw.volumes(get_model("lenet5"), digit, **o),
    "alexnet": lambda **o: draw.volumes(get_model("squeezenet1_1"), (1, 3, 64, 64), **o),
    "resnet18": lambda **o: draw.volumes(get_model("resnet18"), (1, 3, 64, 64), **o),
    "resnet block": lambda **o: draw.volumes(get_model("resnet18"), (1, 3, 64, 64), focus="layer2", **o),
    "resnet whole": lambda **o: draw.volumes(get_model("cifar_resnet20"), (1, 3, 32, 32), depth=4, **o),
    "fire": lambda **o: draw.volumes(get_model("squeezenet1_1"), (1, 3, 64, 64), focus="features.3", **o),
    "autoencoder": lambda **o: draw.volumes(AutoEncoder(), (1, 1, 28, 28), **o),
    "branches": lambda **o: draw.volumes(Branches(), (1, 2, 6, 9), **o),
    "two": lambda **o: draw.volumes(Two(), [np.zeros((1, 1, 8, 8)), np.zeros((1, 1, 8, 8))], **o),
    "signal": lambda **o: draw.volumes(
        nn.Sequential(nn.Conv1d(2, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(96, 4)), (1, 2, 28), **o
    ),
    "mlp": lambda **o: draw.volumes(get_model("mlp", image_size=8), (1, 1, 8, 8), **o),
    "one": lambda **o: draw.volumes(lambda x: x.relu(), (1, 3, 4, 4), **o),
}


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_picture_is_sound(name: str, lang: str) -> None:
    scene = PICTURES[name](lang=lang).scene
    check(scene)
    volumes = [g for g in groups(scene, "volume") if "join" not in (g.kind or "")]
    assert len(volumes) >= 1
    faces = [_face(g) for g in volumes]
    for i, a in enumerate(faces):  # the front faces stay clear of each other
        for b in faces[:i]:
            assert a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]


def _face(g: Group) -> tuple[float, float, float, float]:
    r = next(item for item in g.items if isinstance(item, Rect))
    return r.x, r.y, r.width, r.height


def test_layers_of_lenet() -> None:
    layers = layers_of(graph(get_model("lenet5"), (1, 1, 32, 32)))
    assert [n.kind for n in layers] == ["input", "conv", "pool", "conv", "pool", "conv", "dense", "dense"]
    assert [n.shape[1:] for n in layers][:4] == [(1, 32, 32), (6, 28, 28), (6, 14, 14), (16, 10, 10)]
    assert [n.parameters for n in layers] == [0, 156, 0, 2416, 0, 48120, 10164, 850]
    assert caption(layers[2], Words()) == ("avg pool 2×2", ["stride 2", "tanh"])
    assert [n.sources for n in layers] == [[], [0], [1], [2], [3], [4], [5], [6]]


@pytest.mark.parametrize(
    ("name", "total"), [("densenet121", None), ("resnet18", 11_689_512), ("googlenet", None), ("mobilenet_v2", 3_504_872)]
)
@pytest.mark.parametrize("depth", [None, 1, 2])
def test_no_parameter_is_lost_by_folding(name: str, total: int | None, depth: int | None) -> None:
    model = get_model(name, init_weights=False) if name == "googlenet" else get_model(name)
    layers = layers_of(graph(model, (1, 3, 64, 64)), depth)
    named = sum(p.numel() for n, p in model.named_parameters() if not n.startswith("aux"))
    assert sum(n.parameters for n in layers) == named
    assert total in (None, named)


def test_blocks_are_counted() -> None:
    layers = layers_of(graph(get_model("resnet50"), (1, 3, 64, 64)), 1)
    assert [caption(n, Words())[0] for n in layers if n.kind == "block"] == [
        "3 × Bottleneck",
        "4 × Bottleneck",
        "6 × Bottleneck",
        "3 × Bottleneck",
    ]
    assert folding_within(graph(get_model("resnet50"), (1, 3, 64, 64)), 24) == (2, False)
    assert longest_path(layers) == 9


def test_convolutions_alike_in_a_row_are_one_layer() -> None:
    net = nn.Sequential(*(m for _ in range(30) for m in (nn.Conv2d(2, 2, 3, padding=1), nn.ReLU())), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3))
    made = graph(net, (1, 2, 8, 8))
    assert folding_within(made, 24) == (None, True)
    layers = layers_of(made, runs=True)
    assert [(n.kind, n.count, n.parameters) for n in layers] == [("input", 1, 0), ("conv", 30, 30 * 38), ("pool", 1, 0), ("conv", 1, 38)]
    assert caption(layers[1], Words()) == ("30 × conv 3×3", ["ReLU"])
    assert [n.sources for n in layers] == [[], [0], [1], [2]]
    assert any("62 operations drawn as 4 volumes" in t for t in texts(draw.volumes(made).scene))


def test_a_padding_belongs_to_its_convolution() -> None:
    plain = layers_of(graph(nn.Conv2d(1, 1, 3, padding=1), (1, 1, 6, 6)))[1].window
    for pad in (nn.ReflectionPad2d(1), nn.ZeroPad2d(1), nn.ReplicationPad2d(1)):
        layers = layers_of(graph(nn.Sequential(pad, nn.Conv2d(1, 1, 3)), (1, 1, 6, 6)))
        assert [n.kind for n in layers] == ["input", "conv"], pad
        assert layers[1].window == plain


def test_a_shared_module_is_counted_once_and_dead_ends_are_left_out() -> None:
    layers = layers_of(graph(Two(), (1, 1, 8, 8), (1, 1, 8, 8)))
    assert [n.kind for n in layers] == ["input", "input", "conv", "conv", "join", "join"]
    assert sum(n.parameters for n in layers) == 20
    assert layers[4].sources == layers[5].sources == [2, 3]
    assert layers[2].followers == []


def test_skips_and_branches_become_lanes() -> None:
    scene = PICTURES["branches"]().scene
    lanes = [g.title for g in groups(scene, "lane")]
    assert len(lanes) == 3
    assert "input → + " not in lanes
    boxes = {g.data["layer"]: _face(g) for g in groups(scene, "volume") if "layer" in g.data and "join" not in (g.kind or "")}
    assert boxes["a"][1] + boxes["a"][3] < boxes["b"][1]  # above the axis
    assert boxes["b"][1] + boxes["b"][3] / 2 == pytest.approx(boxes["c"][1] + boxes["c"][3] / 2)  # both on it


def test_skips_one_after_the_other_are_of_one_height() -> None:
    scene = draw.volumes(get_model("cifar_resnet20"), (1, 3, 32, 32), focus="layer1").scene
    tops = [min(y for item in g.items if isinstance(item, Path) for _, y in item.points()) for g in groups(scene, "lane")]
    assert len(tops) == 3
    assert max(tops) - min(tops) < 1


def test_faces_are_to_scale() -> None:
    scene = PICTURES["branches"]().scene
    widths = {g.data["layer"]: _face(g)[2:] for g in groups(scene, "volume") if g.data.get("layer")}
    assert all(w / h == pytest.approx(9 / 6) for w, h in widths.values())
    lenet = {g.data["layer"]: _face(g)[2] for g in groups(PICTURES["lenet5"]().scene, "volume")}
    assert lenet["conv1"] / lenet["pool1"] == pytest.approx(28 / 14)


def test_maps_stand_on_the_faces_of_a_real_picture() -> None:
    def pictures(**o: Any) -> int:
        return sum(isinstance(i, Image) for _, i in draw.volumes(get_model("lenet5"), digit, **o).scene.walk())

    assert pictures() == 5  # the input, two convolutions, two poolings
    assert pictures(maps=False) == 0
    assert not [i for _, i in draw.volumes(get_model("lenet5"), (1, 1, 32, 32)).scene.walk() if isinstance(i, Image)]


def test_the_captions_tell_operation_shape_and_parameters() -> None:
    found = texts(PICTURES["lenet5"]().scene)
    assert {"conv 5×5", "6 × 28 × 28", "156", "conv1", "input"} <= set(found)
    assert "Bars: share of the parameters.  conv3 holds 78 %." in found
    assert "61,706 parameters.  Front face: height × width, to scale.  Depth: channels, one slice each up to 16." in found
    folded = texts(PICTURES["resnet18"]().scene)
    assert any("69 operations drawn as 13 volumes" in t for t in folded)


def test_the_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout())
    model[1].eval()
    before = np.asarray(model[1].running_mean).copy()
    draw.volumes(model, (1, 1, 8, 8))
    assert [m.training for m in model.modules()] == [True, True, False, True]
    assert np.array_equal(np.asarray(model[1].running_mean), before)


def test_focus_gives_the_part_of_a_module() -> None:
    whole = graph(get_model("resnet18"), (1, 3, 64, 64))
    part = focused(whole, "layer2.0")
    assert [s.name for s in part if s.name in ("conv", "add")] == ["conv", "conv", "conv", "add"]
    assert [part.values[i].shape for i in part.inputs] == [(1, 64, 16, 16)]
    assert [part.values[i].shape for i in part.outputs] == [(1, 128, 8, 8)]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: draw.volumes(get_model("lenet5")),
            TypeError,
            r"draw.volumes: expected an input for the model: a tensor, an array, or its shape",
        ),
        (lambda: draw.volumes(3, (1, 1)), TypeError, "draw.volumes: expected a model with its input, or a Graph, got int"),
        (
            lambda: draw.volumes(get_model("resnet18"), (1, 3, 64, 64), focus="layer5"),
            ValueError,
            r"got 'layer5'\. Did you mean 'layer[1-4]'",
        ),
        (
            lambda: draw.volumes(get_model("lenet5"), (1, 1, 32, 32), depth=-1),
            ValueError,
            "expected depth to be an integer of at least 0, got -1",
        ),
        (
            lambda: draw.volumes(graph(get_model("lenet5"), (1, 1, 32, 32)), (1,)),
            TypeError,
            "a Graph knows its inputs already; expected none, got tuple",
        ),
        (lambda: draw.volumes(get_model("lenet5"), "digit"), TypeError, "draw.volumes: expected an array or tensor of numbers, got str"),
    ],
)
def test_wrong_calls_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


# ------------------------------------------------------------------------------------------------------- every parameter
SMALL = (
    "autoencoder",
    "cifar_resnet20",
    "dcgan_generator",
    "deconvnet",
    "googlenet",
    "lenet5",
    "lenet5_modern",
    "mlp",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "tcn",
    "text_cnn",
    "wavenet",
)


@pytest.fixture
def quick_init(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights as memory comes: only their number is looked at."""
    for name in ("kaiming_normal_", "kaiming_uniform_", "xavier_uniform_", "xavier_normal_", "normal_", "uniform_", "trunc_normal_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **kwargs: tensor)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in SMALL else pytest.mark.slow) for n in models.list_models() if n != "cifar_resnet1202"]
)
def test_the_volumes_of_every_network_hold_all_its_parameters(name: str, quick_init: None) -> None:
    """Each volume says how many it holds; what none holds, because it takes no part in evaluation, the figure says, too."""
    model = models.get_model(name)
    drawn = draw.volumes(model, fitting_input(model))
    volumes = [g.data["parameters"] for g in drawn.scene.groups() if (g.kind or "").startswith("volume")]
    resting = sum(p.numel() for n, p in model.named_parameters() if n.split(".")[0] in ("aux1", "aux2", "AuxLogits", "aux_logits"))
    unused = drawn.scene.data["unused"]
    assert sum(volumes) == drawn.scene.data["parameters"]
    assert sum(volumes) + unused == sum(p.numel() for p in model.parameters())
    assert unused == (1_056 if name == "wavenet" else resting)  # whose last block's way on leads nowhere


LAYERS = {
    "transposed": (nn.ConvTranspose2d(4, 8, 2, 2), (1, 4, 3, 3), 136),
    "group norm": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4)), (1, 3, 8, 8), 112 + 8),
    "instance norm": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.InstanceNorm2d(4, affine=True)), (1, 3, 8, 8), 112 + 8),
    "layer norm": (nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5)), (1, 4), 25 + 10),
    "PReLU": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.PReLU(4)), (1, 3, 8, 8), 112 + 4),
    "weight norm": (nn.Sequential(nn.utils.weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU()), (1, 3, 8, 8), 112 + 4),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_holds_all_its_parameters(name: str) -> None:
    layer, shape, wanted = LAYERS[name]
    assert wanted == sum(p.numel() for p in layer.parameters())
    for p in layer.parameters():
        p.requires_grad_(False)  # frozen ones are parameters, too
    drawn = draw.volumes(layer, shape)
    assert [g.data["parameters"] for g in drawn.scene.groups() if (g.kind or "").startswith("volume")] == [0, wanted]
    assert f"{wanted} parameters" in drawn.svg


def test_attention_holds_its_projections() -> None:
    layer = nn.MultiheadAttention(4, 2)
    drawn = draw.volumes(layer, [ac.rand(3, 1, 4)] * 3)
    assert drawn.scene.data == {"parameters": 80, "unused": 0}


def test_branches_carry_their_counts() -> None:
    ac.manual_seed(0)
    model, (x,) = ODD["inception"].make()
    drawn = draw.volumes(model, x)
    written = {t.string for _, t in drawn.scene.walk() if isinstance(t, Text)}
    for part in (model.one, model.three, model.five, model.pooled):
        assert str(sum(p.numel() for p in part.parameters())) in written
    check(drawn.scene)


def test_what_takes_no_part_is_told() -> None:
    model, (x,) = ODD["unused_head"].make()
    svg = draw.volumes(model, x).svg
    assert "23 of 43 parameters" in svg
    assert "23 of 43 parameters" in draw(model, x).svg
