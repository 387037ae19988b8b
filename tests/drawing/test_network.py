"""Perceptrons as units and edges: the numbers are the model's, δ is the chain rule's, the picture is sound."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing import Drawing, draw
from autograd_cnn.drawing.canvas.scene import Group, Path, Scene, Text
from autograd_cnn.vision.models import get_model

from .fitting_table import on_screen
from .sound import check, texts


def perceptron() -> nn.Module:
    ac.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


class Bare(nn.Module):
    """Weights of one's own, multiplied from the right."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(ac.tensor([[1.0, -2.0], [0.5, 3.0], [0.0, 1.0]]))
        self.b = nn.Parameter(ac.tensor([0.1, 0.2]))

    def forward(self, x: Any) -> Any:
        return (x @ self.w + self.b).relu()


X = [0.5, -1.2, 2.0]


def loss(y: Any) -> Any:
    return ((y - ac.tensor([[1.0, 0.0]])) ** 2).sum()


def groups(scene: Scene, kind: str) -> list[Group]:
    return [g for g in scene.groups() if g.kind == kind]


PICTURES: dict[str, Any] = {
    "weights": lambda **o: draw.network(perceptron(), **o),
    "passes": lambda **o: draw.network(perceptron(), X, loss, **o),
    "large numbers": lambda **o: draw.network(perceptron(), [5e4, 1e7, -3e-6], loss, **o),
    "many units": lambda **o: draw.network(get_model("mlp", image_size=28), **o),
    "deep": lambda **o: draw.network(nn.Sequential(*(m for _ in range(5) for m in (nn.Linear(3, 3), nn.LeakyReLU()))), X, **o),
    "one": lambda **o: draw.network(nn.Linear(1, 1), [2.0], **o),
    "dropout": lambda **o: draw.network(dropping().train(), X, loss, **o),
    "credit": lambda **o: draw.network(perceptron(), X, loss, widths="credit", precision=3, **o),
    "bare": lambda **o: draw.network(Bare(), X, loss, **o),
}


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_picture_is_sound(name: str, lang: str) -> None:
    drawing = PICTURES[name](lang=lang)
    check(drawing.scene)
    if name not in ("weights", "many units"):
        for scene in drawing.frames.scenes:
            check(scene)


def test_units_hold_the_activations_and_deltas() -> None:
    model = perceptron()
    w1, b1, w2, b2 = (np.asarray(p.detach(), np.float64) for p in model.parameters())
    x = np.array(X)
    h = np.tanh(w1 @ x + b1)
    y = w2 @ h + b2
    d2 = 2 * (y - [1, 0])
    d1 = (w2.T @ d2) * (1 - h**2)
    told = [g.title or "" for g in groups(draw.network(model, X, loss).scene, "unit")]
    numbers = [[float(part.split(" = ")[1].replace("−", "-")) for part in t.split(", ")] for t in told]
    assert np.array([n[0] for n in numbers]) == pytest.approx([*x, *h, *y], rel=1e-5)
    assert np.array([n[1] for n in numbers[3:]]) == pytest.approx([*d1, *d2], rel=1e-5)


def test_frames_lead_forward_and_back() -> None:
    frames = draw.network(perceptron(), X, loss).frames
    back = ["∂E/∂W_2 = δ_2 h_1ᵀ", "δ_1 = W_2ᵀ δ_2 · tanh′(z_1)", "∂E/∂W_1 = δ_1 xᵀ"]
    assert frames.captions == ["the input", "h_1 = tanh(W_1 x + b_1)", "y = W_2 h_1 + b_2", "δ_2 = ∂E/∂z_2", *back]
    shown = [sum(" = " in (g.title or "") for g in groups(s, "unit")) for s in frames.scenes]
    deltas = [sum("δ = " in (g.title or "") for g in groups(s, "unit")) for s in frames.scenes]
    assert shown == [3, 7, 9, 9, 9, 9, 9]
    assert deltas == [0, 0, 0, 2, 2, 6, 6]


def test_edges_tell_size_and_sign_of_weights() -> None:
    edges = groups(draw.network(Bare(), X).scene, "edge")
    lines = {g.title: g.items[0] for g in edges}
    assert all(isinstance(line, Path) for line in lines.values())
    assert (lines["w[1, 0] = −2"].dash, lines["w[1, 1] = 3"].dash) == ("5 3", None)
    assert lines["w[1, 1] = 3"].line > lines["w[1, 0] = −2"].line > lines["w[0, 1] = 0.5"].line


def test_of_many_units_the_first_and_last_are_drawn() -> None:
    scene = PICTURES["many units"]().scene
    assert len(groups(scene, "unit")) == 7 + 7 + 10
    assert {"784 units", "128 units", "10 units"} <= set(texts(scene))
    assert "units 784 – 128 – 10, 101,770 parameters" in texts(scene)


def numbers_on_edges(drawing: Drawing) -> list[float]:
    return [float((g.title or "").split(" = ")[1].replace("−", "-")) for g in groups(drawing.scene, "edge")]


def test_widths_are_the_gradients_of_the_weights_or_what_goes_back() -> None:
    model = perceptron()
    first, _, second, _ = model.parameters()
    y = model(ac.tensor([X]))
    loss(y).backward()
    gradients = np.concatenate([np.asarray(p.grad).ravel() for p in (first, second)])
    assert numbers_on_edges(draw.network(model, X, loss, widths="gradient")) == pytest.approx(gradients.tolist(), rel=1e-4)
    drawing = draw.network(model, X, loss, widths="credit", lang="de")
    shares = np.asarray(second.detach()) * (2 * (np.asarray(y.detach())[0] - [1, 0]))[:, None]
    german = [float((g.title or "").split(" = ")[1].replace("−", "-").replace(",", ".")) for g in groups(drawing.scene, "edge")]
    assert german[12:] == pytest.approx(shares.ravel().tolist(), rel=1e-4)
    assert any("|w·δ|" in t and "Credit Assignment" in t for t in texts(drawing.scene))


def test_a_small_network_has_its_weights_on_the_edges() -> None:
    scene = draw.network(Bare(), X).scene
    assert {"1.00", "−2.00", "0.50", "3.00", "0.00"} <= set(texts(scene))  # the weights
    assert {"0.10", "0.20"} <= set(texts(scene))  # the biases
    assert not any(g.items for g in groups(PICTURES["many units"]().scene, "numbers"))


def test_one_precision_for_all_numbers() -> None:
    found = texts(draw.network(perceptron(), X, loss, precision=3).scene)
    decimals = {len(t.partition(".")[2]) for t in found if t.replace("−", "").replace(".", "").isdecimal() and "." in t}
    assert decimals == {3}


def dropping() -> nn.Sequential:
    ac.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 2))


def test_dropout_crosses_out_what_the_next_pass_drops() -> None:
    model = dropping().train()
    ac.manual_seed(7)
    training = draw.network(model, X, loss)
    hidden = groups(training.scene, "unit")[3:8]
    crossed = [", dropped" in (g.title or "") for g in hidden]
    kept = np.asarray(model[2](model[1](model[0](ac.tensor([X])))).detach())[0] != 0  # the stream stands where it stood
    assert crossed == (~kept).tolist()
    assert 0 < sum(crossed) < 5
    dead = [g.items[0] for g in groups(training.scene, "edge") if isinstance(g.items[0], Path) and g.items[0].stroke == "hair"]
    assert len(dead) == sum(crossed) * (3 + 2)
    assert training.frames.captions[1] == "h_1 = 2 · m_1 · tanh(W_1 x + b_1)"
    assert training.frames.captions[5] == "δ_1 = W_2ᵀ δ_2 · 2 · m_1 · tanh′(z_1)"
    inference = draw.network(model.eval(), X, loss)
    assert inference.svg != training.svg
    assert not any("dropped" in (g.title or "") for g in groups(inference.scene, "unit"))
    assert "at inference: no unit is dropped" in texts(inference.scene)
    assert inference.frames.captions[1] == "h_1 = tanh(W_1 x + b_1)"


def test_what_a_dropped_unit_hands_back_is_zero() -> None:
    model = dropping().train()
    deltas = [g.title or "" for g in groups(draw.network(model, X, loss).scene, "unit")][3:8]
    assert all(t.endswith("δ = 0") == (", dropped" in t) for t in deltas)


def test_the_classic_kind_and_dropout_of_the_input() -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2), nn.Tanh(), nn.ClassicDropout(0.25), nn.Linear(2, 1))
    assert draw.network(model.eval(), X).frames.captions[1] == "h_1 = 0.75 · tanh(W_1 x + b_1)"
    assert draw.network(model.train(), X).frames.captions[1] == "h_1 = m_1 · tanh(W_1 x + b_1)"
    assert any(
        ", dropped" in (g.title or "") for s in range(8) if ac.manual_seed(s) for g in groups(draw.network(model, X).scene, "unit")[:3]
    )


def test_the_model_stays_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1)).train()
    before, state = ac.get_rng_state().numpy().copy(), {k: v.numpy().copy() for k, v in model.state_dict().items()}
    draw.network(model, X)
    draw.network(model.eval(), X)
    assert not any(m.training for m in model.modules())
    assert (ac.get_rng_state().numpy() == before).all()
    assert all((v.numpy() == state[k]).all() for k, v in model.state_dict().items())


def test_gradients_of_the_model_are_left_alone() -> None:
    model = perceptron()
    draw.network(model, X, loss)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: draw.network(nn.Sequential(nn.Flatten(), nn.Linear(2, 2)), X), RuntimeError, "in_features=2"),
        (lambda: draw.network(perceptron(), [X, X]), ValueError, r"expected one sample, \(F,\) or \(1, F\), got \(2, 3\)"),
        (lambda: draw.network(perceptron(), None, loss), TypeError, "a loss needs an input"),
        (lambda: draw.network(perceptron(), X, widths="credit"), TypeError, "needs a loss to walk back from"),
        (lambda: draw.network(perceptron(), X, loss, widths="gradients"), ValueError, "Did you mean 'gradient'"),
        (lambda: draw.network(perceptron()).frames, ValueError, "frames show activations, so they need an input"),
        (lambda: draw.network(nn.ReLU()), ValueError, "begins with a fully connected layer .* got no weight"),
        (lambda: draw.network(get_model("lenet5")), ValueError, r"got a first weight of shape \(6, 1, 5, 5\)"),
        (lambda: draw.network(nn.ReLU(), X), ValueError, "layers of units that are fully connected, but 'relu' is a ReLU"),
        (
            lambda: draw.network(nn.Sequential(nn.Linear(4, 4), nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 1, 2))),
            ValueError,
            r"'Conv1d 2' is a conv1d\. Use",
        ),
        (
            lambda: draw.network(nn.Sequential(nn.Linear(4, 4), nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 1, 2)), theme="dim"),
            ValueError,
            "got 'dim'",
        ),
    ],
)
def test_wrong_calls_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


# ------------------------------------------------------------------------------------------------------- what it fits
def deep(*sizes: int) -> nn.Sequential:
    ac.manual_seed(0)
    return nn.Sequential(*itertools.chain.from_iterable((nn.Linear(a, b), nn.Tanh()) for a, b in itertools.pairwise(sizes)))


@pytest.mark.parametrize("sizes", [(784, 128, 10), (2, *[4] * 7, 1), (2, *[8] * 12, 1), (3, *[5] * 30)], ids=len)
def test_it_fits_a_screen(sizes: tuple[int, ...]) -> None:
    """With its activations and gradients; and so do its frames, all in one layout."""
    drawing = draw.network(deep(*sizes), [0.3] * sizes[0], lambda y: (y**2).sum())
    assert on_screen(drawing.scene) >= 9.0 - 1e-6
    check(drawing.scene)
    frames = drawing.frames.scenes
    places = [
        [next(t.x for _, t in g.walk() if isinstance(t, Text)) for g in scene.groups() if g.kind == "layer"]
        for scene in (frames[0], frames[-1])
    ]
    assert places[0] == places[1]
    assert min(map(on_screen, frames)) >= 9.0 - 1e-6  # two more lines stand under them


@pytest.mark.parametrize("sizes", [(3, *[5] * 100), (784, *[256] * 40, 10)], ids=len)
def test_a_hundred_layers_are_put_together_in_the_middle(sizes: tuple[int, ...]) -> None:
    """What is drawn and what is said to be put together are all layers there are."""
    drawing = draw.network(deep(*sizes), [0.3] * sizes[0], lambda y: (y**2).sum())
    for scene in (drawing.scene, drawing.frames.scenes[len(sizes) // 2]):
        assert on_screen(scene) >= 9.0 - 1e-6
        check(scene)
        (fold,) = [g for g in scene.groups() if g.kind == "layers folded"]
        shown = [g for g in scene.groups() if g.kind == "layer"]
        assert len(shown) + fold.data["copies"] == len(sizes)
        assert f"×{fold.data['copies']}" in [t.string for t in fold.items if isinstance(t, Text)]
        assert (fold.title or "").count(";") == fold.data["copies"] - 1
        assert fold.box is not None
        x, _, w, _ = fold.box
        ends = [p for g in scene.groups() if g.kind == "edge" for i in g.items if isinstance(i, Path) for p in i.points()]
        assert not any(x < px < x + w for px, _ in ends)


def test_numbers_of_layers_are_subscripts_whole() -> None:
    captions = draw.network(deep(3, *[5] * 12), [0.3] * 3, lambda y: (y**2).sum()).frames.captions
    assert "h_{11} = tanh(W_{11} h_{10} + b_{11})" in captions and "δ_9 = W_{10}ᵀ δ_{10} · tanh′(z_9)" in captions


def test_a_row_begins_with_the_layer_that_ended_the_one_before() -> None:
    scene = draw.network(deep(2, *[8] * 12, 1), [0.3, 0.3], lambda y: (y**2).sum()).scene
    again = [g for g in scene.groups() if g.kind == "layer again"]
    layers = {g.id: g for g in scene.groups() if g.kind == "layer"}
    assert len(layers) == 14 and len(again) == 1
    twin = layers[again[0].id.removesuffix("-again")]
    assert [t.string for _, t in twin.walk() if isinstance(t, Text)] == [t.string for _, t in again[0].walk() if isinstance(t, Text)]
    edges = [i.steps for g in scene.groups() if g.kind == "edge" for i in g.items if isinstance(i, Path)]
    assert edges
    assert all(0 < end[1] - start[1] < 200 for start, end in edges)  # no edge leads back across the page


def test_what_fits_stays_as_it_was() -> None:
    net = deep(2, 3, 1)
    assert draw.network(net).svg == draw.network(net, fit=(1e6, 1e6)).svg


def test_a_size_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="expected fit to be 'slide'"):
        draw.network(deep(2, 1), fit="wide")
