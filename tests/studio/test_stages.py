"""What a page shows of a network, against perturbation and against arithmetic written out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.studio.looking import Look, Subject
from autograd_cnn.studio.stages import maps_of, seen_by, stages_of

GENERATOR = np.random.default_rng(0)


def looked(model: Any, size: tuple[int, int, int]) -> tuple[Look, list[Any], Any]:
    look = Look(Subject(model, size, "net"))
    picture = GENERATOR.random(size).astype(np.float32)
    return look, look.see(picture), picture


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2)
        self.bn = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.short = nn.Conv2d(2, 4, 1, stride=2)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        y = self.relu(self.bn(self.conv1(x)))
        y = self.conv2(y)
        y += self.short(x)
        return self.relu(y)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 2, 3, bias=False)
        self.block = Block()
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(16, 5)

    def forward(self, x: Any) -> Any:
        return self.fc(self.pool(self.block(self.first(x).tanh())).flatten(1))


def test_what_belongs_together_is_one_stage() -> None:
    ac.manual_seed(0)
    look, _, _ = looked(Net(), (1, 10, 10))
    told = [(s.name, s.done, s.shape) for s in look.stages]
    assert told == [
        ("picture", (), (1, 10, 10)),
        ("first", ("conv 3×3", "tanh"), (2, 8, 8)),
        ("block.conv1", ("conv 3×3 / 2", "batch norm (running)", "ReLU"), (4, 4, 4)),
        ("block.short", ("conv 1×1 / 2",), (4, 4, 4)),
        ("block.conv2", ("conv 3×3", "add", "ReLU"), (4, 4, 4)),
        ("pool", ("max pool 2×2",), (4, 2, 2)),
        ("fc", ("linear",), (5, 1, 1)),
    ]
    assert look.stages[4].inputs == (2, 3)
    assert all(i < at for at, s in enumerate(look.stages) for i in s.inputs)


@pytest.mark.parametrize("name", ["lenet5", "lenet5_modern", "cifar_resnet20", "fcn"])
def test_the_last_maps_are_the_models_output(name: str) -> None:
    ac.manual_seed(0)
    model = ac.vision.models.get_model(name)
    size = (1, 32, 32) if name.startswith("lenet") else (3, 32, 32)
    _, maps, picture = looked(model, size)
    model.eval()
    with ac.no_grad():
        np.testing.assert_allclose(maps[-1].reshape(-1), model(ac.tensor(picture[None])).numpy().reshape(-1), rtol=1e-5, atol=1e-6)


def test_a_stage_sees_what_changes_it() -> None:
    """Whatever entry of an earlier stage changes an entry lies in the box that is shown, and the box is no larger than that."""
    ac.manual_seed(1)
    model = Net()
    look, _, _ = looked(model, (1, 10, 10))
    for at in range(1, len(look.stages)):
        for place in {tuple(int(GENERATOR.integers(n)) for n in look.stages[at].shape) for _ in range(3)}:
            box = tuple((i, i) for i in place)
            seen = seen_by(look.stages, at, box)
            x = ac.rand(1, 1, 10, 10, dtype=ac.float64, requires_grad=True)
            slope = _reach(model, at, place, x)
            rows, columns = np.nonzero(slope.any(0))
            region = seen[0] or tuple((0, n - 1) for n in look.stages[0].shape)
            assert rows.min() >= region[1][0] and rows.max() <= region[1][1]
            assert columns.min() >= region[2][0] and columns.max() <= region[2][1]
            field = look.unit(at, place)["field"]
            assert field == [list(region[1]), list(region[2])] or seen[0] is None


def _reach(model: Any, at: int, place: Any, x: Any) -> Any:
    """Which pixels an entry depends on, by gradients of a net with positive weights, in which nothing cancels or is cut."""
    net = Net().double().eval()
    for p in net.parameters():
        p.data = ac.rand(*p.shape, dtype=ac.float64) + 0.1
    net.pool = nn.AvgPool2d(2)  # of a maximum one alone is felt
    block = net.block
    a = net.first(x).tanh()
    b = block.relu(block.bn(block.conv1(a)))
    c = block.short(a)
    d = block.relu(block.conv2(b) + c)
    p = net.pool(d)
    shown = [x, a, b, c, d, p, net.fc(p.flatten(1)).reshape(1, 5, 1, 1)]
    (found,) = ac.autograd.grad(shown[at][(0, *place)], [x])
    return np.abs(found.numpy()[0]) > 0


POOLS = {
    "padding counted": nn.AvgPool2d(3, 2, 1),
    "padding not counted": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "beyond the edge": nn.AvgPool2d(3, 2, ceil_mode=True),
    "a divisor": nn.AvgPool2d(2, divisor_override=3),
    "a maximum at the edge": nn.MaxPool2d(3, 2, 1),
    "dilated": nn.Conv2d(2, 2, 3, dilation=2, padding=2, groups=2),
}


@pytest.mark.parametrize("layer", [None, *POOLS])
def test_arithmetic_written_out_gives_the_entry(layer: str | None) -> None:
    ac.manual_seed(2)
    model = Net() if layer is None else nn.Sequential(nn.Conv2d(1, 2, 3), POOLS[layer])
    look, maps, _ = looked(model, (1, 10, 10))
    for at, stage in enumerate(look.stages[1:], 1):
        for place in np.ndindex(*stage.shape):
            told = look.unit(at, place)
            for (_, first), (does, step) in itertools.pairwise((s["does"], s) for s in told["chain"]):
                assert ("with" in step) == (does == "add")
                if does == "add":
                    assert step["value"] == pytest.approx(first["value"] + step["with"], abs=1e-5)
            assert told["value"] == pytest.approx(float(maps[at][place]), abs=1e-6)
            assert told["chain"][-1]["value"] == pytest.approx(told["value"], abs=1e-6)
            terms = told["terms"]
            products = np.multiply(terms["values"], terms["weights"])
            first = products.max() if terms["kind"] == "max" else products.sum() + terms["bias"]
            assert first == pytest.approx(told["chain"][0]["value"], rel=1e-4, abs=1e-5)
            before = maps[stage.inputs[0]]
            read = [before.reshape(-1)[p[0]] if len(p) == 1 else before[tuple(p)] for p in terms["places"]]
            np.testing.assert_allclose(terms["values"], read, rtol=1e-6)


def test_gradients_are_those_of_the_score() -> None:
    ac.manual_seed(3)
    model = ac.vision.models.lenet5()
    look, maps, picture = looked(model, (1, 32, 32))
    slopes = look.gradients(picture, 4)
    x = ac.tensor(picture[None], requires_grad=True)
    model.eval()(x)[0, 4].backward()
    np.testing.assert_allclose(slopes[0], x.grad.numpy()[0], rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(slopes[-1].reshape(-1), np.eye(10)[4])
    assert [s.shape for s in slopes] == [m.shape for m in maps]


def test_looking_changes_nothing_of_the_model() -> None:
    model = ac.vision.models.lenet5_modern()
    before = {k: v.numpy().copy() for k, v in model.state_dict().items()}
    state = ac.get_rng_state().numpy().copy()
    look = Look(Subject(model, (1, 32, 32), "net"))
    picture = np.zeros((1, 32, 32), np.float32)
    look.see(picture)
    look.gradients(picture, 0)
    look.toward(picture, 3, 0.1)
    assert model.training and all(p.grad is None for p in model.parameters())
    assert all(np.array_equal(before[k], v.numpy()) for k, v in model.state_dict().items())
    assert np.array_equal(ac.get_rng_state().numpy(), state)


def test_a_step_towards_a_class_raises_its_score() -> None:
    ac.manual_seed(4)
    look = Look(Subject(ac.vision.models.lenet5(), (1, 32, 32), "net"))
    picture = np.full((1, 32, 32), 0.5, np.float32)
    before = look.see(picture)[-1][3, 0, 0]
    for _ in range(5):
        picture = look.toward(picture, 3, 0.02)
    assert look.see(picture)[-1][3, 0, 0] > before
    assert picture.min() >= 0 and picture.max() <= 1


def test_too_many_stages_are_folded_by_module() -> None:
    model = ac.vision.models.get_model("cifar_resnet56")
    with ac.no_grad():
        graph = ac.trace(model.eval(), ac.rand(1, 3, 32, 32))
    stages = stages_of(graph, 40)
    assert len(stages) <= 40 and sum(s.folded for s in stages) == len(stages_of(graph, 1000))
    assert stages[-1].shape == (10, 1, 1) and all(i < at for at, s in enumerate(stages) for i in s.inputs)


@pytest.mark.parametrize(
    ("shape", "maps"), [((1, 3, 4, 5), (3, 4, 5)), ((1, 7), (7, 1, 1)), ((1, 2, 9), (2, 1, 9)), ((1, 2, 3, 4, 5), (2, 12, 5))]
)
def test_every_shape_is_maps(shape: tuple[int, ...], maps: tuple[int, int, int]) -> None:
    assert maps_of(shape) == maps


def test_what_is_no_unit_is_refused() -> None:
    look, _, picture = looked(Net(), (1, 10, 10))
    with pytest.raises(ValueError, match="a stage of 0 … 6"):
        look.unit(7, (0, 0, 0))
    with pytest.raises(ValueError, match=r"an entry of fc, which has the shape \[5, 1, 1\]"):
        look.unit(6, (5, 0, 0))
    with pytest.raises(ValueError, match=r"a class of 0 … 4"):
        look.gradients(picture, 5)
    with pytest.raises(ValueError, match="a picture of shape"):
        look.see(picture[:, 1:])
