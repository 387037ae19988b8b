"""What a figure of a graph says is so: counts, names, gradients, cuts, of every odd model, against what the model itself gives."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
import autograd_cnn.nn.functional as F
from autograd_cnn import Scalar, draw, nn
from autograd_cnn.drawing import Drawing
from autograd_cnn.drawing.canvas.scene import Text
from autograd_cnn.errors import GraphError
from autograd_cnn.random import default_generator

from . import sound
from .odd import ODD, Two, total


def groups(drawn: Drawing, kind: str) -> list[dict[str, Any]]:
    """The parts of a figure whose kind begins so, from its JSON."""
    return [g for g in json.loads(drawn.json())["groups"] if (g["kind"] or "").startswith(kind)]


def norm(x: Any) -> float:
    return float(np.linalg.norm(np.asarray(x.numpy(), np.float64).ravel()))


def made(name: str) -> tuple[Any, tuple[Any, ...]]:
    ac.manual_seed(3)
    model, inputs = ODD[name].make()
    with ac.no_grad():  # a lazy model has its sizes only after its first pass
        if any("Lazy" in type(m).__name__ for m in model.modules()):
            model(*inputs)
    return model, inputs


def count(model: Any) -> int:
    return sum(p.numel() for p in model.parameters())


# ------------------------------------------------------------------------------------------------------- counts and names
@pytest.mark.parametrize("name", ODD)
def test_a_model_is_drawn_with_its_names_and_counts(name: str) -> None:
    model, inputs = made(name)
    facts = ODD[name]
    drawn = draw(model, *inputs, fit=(4000, 4000))  # room for everything
    sound.check(drawn.scene)
    head = json.loads(drawn.json())
    assert head["held"] == count(model)
    unused = sum(p.numel() for n, p in model.named_parameters() if n.startswith("unused"))
    assert head["parameters"] == count(model) - unused
    assert head["frozen"] == sum(p.numel() for p in model.parameters() if not p.requires_grad) == facts.frozen
    shown = {g["name"] for g in groups(drawn, "tensor input")}
    assert shown == set(facts.inputs)
    ends = {g["name"] for g in groups(drawn, "tensor output") + groups(drawn, "tensor loss")}
    assert set(facts.outputs) <= ends
    cuts = [g for g in groups(drawn, "edge") if g.get("cut")]
    assert bool(cuts) == facts.cut


@pytest.mark.parametrize("name", ODD)
def test_the_gradients_of_a_figure_are_those_of_backward(name: str) -> None:
    """Every parameter's norm, and of each one that is used several times the shares, whose number is that of its uses."""
    model, inputs = made(name)
    drawn = draw(lambda *given: total(model(*given)), *inputs, backward=True, fold="none")
    sound.check(drawn.scene)
    assert all(p.grad is None for p in model.parameters())
    total(model(*inputs)).backward()
    known = dict(model.named_parameters())
    seen = set()
    sums = [t for g, t in drawn.scene.walk() if isinstance(t, Text) and t.string.startswith("Σ") and t.runs[0].ink == "gradient"]
    assert (len(sums) > 1) == ("sum over the branches" in sound.texts(drawn.scene)) == bool(sums)  # the legend's own, and those it explains
    for pill in groups(drawn, "tensor parameter"):
        p = known[pill["name"]]
        seen.add(pill["name"])
        assert bool(pill.get("frozen")) == (not p.requires_grad)
        if p.grad is None:
            assert "gradient" not in pill
        else:
            assert pill["gradient"] == pytest.approx(norm(p.grad), rel=1e-4, abs=1e-7)
    assert seen == {n for n in known if not n.startswith("unused")}
    for lost in ODD[name].loses:
        assert known[lost].grad is None or not known[lost].grad.numpy().any()


@pytest.mark.parametrize("name", ODD)
def test_a_loss_is_drawn_after_its_backward_pass(name: str) -> None:
    """The tape then holds parameters alone, and not what a convolution slid over."""
    model, inputs = made(name)
    loss = total(model(*inputs))
    loss.backward()
    drawn = draw(loss)
    sound.check(drawn.scene)
    assert name == "infinite" or "what was kept is freed" in drawn.svg  # sums keep nothing


def test_no_gradient_comes_back_from_what_is_cut_off_further_down() -> None:
    """h + (h.round() - h).detach(): h has a gradient, and of its three ways it comes along one."""
    model, inputs = made("straight_through")
    drawn = draw(lambda *given: total(model(*given)), *inputs, backward=True)
    by_id = {g["id"]: g for g in groups(drawn, "op")}
    (h,) = (g["id"] for g in groups(drawn, "op") if g["operation"] == "linear" and g["shape"] == "2×3")
    found = {by_id[e["to"]]["operation"]: e for e in groups(drawn, "edge") if e.get("from") == h}
    assert set(found) == {"round", "sub", "add"}
    assert found["add"]["gradient"] == pytest.approx(norm(h_gradient(model, *inputs)), rel=1e-5)
    for name in ("round", "sub"):
        assert "gradient" not in found[name] and "gradient is missing" in found[name]["title"]


def h_gradient(model: Any, x: Any) -> Any:
    """The gradient of what the encoder gives, as a hook sees it."""
    seen: list[Any] = []

    def note(module: Any, given: Any, h: Any) -> None:
        h.register_hook(seen.append)

    handle = model.encoder.register_forward_hook(note)
    total(model(x)).backward()
    handle.remove()
    return seen[0]


@pytest.mark.parametrize(
    "name", ["frozen_encoder", "detached_on_one_way", "written_in_place", "hooked", "normalisations", "unet", "inception"]
)
def test_the_gradients_on_the_edges_are_those_that_hooks_see(name: str) -> None:
    """A module's card bears ∂E/∂output as a hook on its output sees it, and ∂E/∂parameters as backward() leaves it."""
    model, inputs = made(name)
    seen: dict[str, Any] = {}
    outputs: dict[str, Any] = {}

    def note(child: str, out: Any) -> None:
        outputs[child] = out

    for child, module in model.named_children():
        module.register_forward_hook(lambda m, given, out, child=child: note(child, out))
    drawn = draw(lambda *given: total(model(*given)), *inputs, backward=True, depth=1)
    outputs.clear()
    loss = total(model(*inputs))
    for child, out in outputs.items():
        if out.requires_grad:
            out.register_hook(lambda g, child=child: seen.__setitem__(child, norm(g)))
    loss.backward()
    cards = [g for g in groups(drawn, "module folded") if g["module"] in outputs]
    assert cards
    for card in cards:
        own = [p.grad for p in dict(model.named_children())[card["module"]].parameters() if p.grad is not None]
        if name not in ("written_in_place", "hooked"):  # a hook there stands before the model's own hook, or before the write
            assert card.get("gradient", 0.0) == pytest.approx(seen.get(card["module"], 0.0), rel=1e-4)
        assert card.get("parameter_gradient", 0.0) == pytest.approx(math.hypot(*(norm(g) for g in own)), rel=1e-4)


def test_a_figure_of_a_recorded_loss_says_what_it_does_not_reach() -> None:
    model = Two()
    model.encoder.requires_grad_(False)
    drawn = draw(total(model(ac.rand(2, 4))), backward=True)
    assert "8 of 23 parameters" in drawn.svg
    assert "15 of them frozen" in draw(model, ac.rand(2, 4)).svg


# ------------------------------------------------------------------------------------------------------- values that are not finite
def test_a_loss_that_is_not_finite_has_finite_gradients() -> None:
    x = ac.tensor([3e38, 3e38], requires_grad=True)
    drawn = draw(x.sum(), backward=True)
    assert [g["gradient"] for g in groups(drawn, "edge e") + groups(drawn, "tensor loss") if "gradient" in g] in ([], [1.0])
    (pill,) = groups(drawn, "tensor parameter")
    assert pill["gradient"] == pytest.approx(math.sqrt(2))
    assert "NaN" not in drawn.svg
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("build", "wanted"),
    [
        (lambda a: a * 10.0, 10.0),
        (lambda a: a * 10.0 - a * 10.0, 0.0),
        (lambda a: (a * 10.0) * 0.0, 0.0),
        (lambda a: a * 10.0 + a, 11.0),
    ],
)
def test_numbers_that_are_not_finite(build: Callable[[Any], Any], wanted: float) -> None:
    a = Scalar(1e308, "a")
    f = build(a)
    assert not math.isfinite(f.value)
    leaf = next(g for g in draw(f, backward=True).scene.groups() if g.id == "t-a")
    assert f"gradient {wanted:g}" in (leaf.title or "")
    last = next(g for g in draw.steps(f).scenes[-1].groups() if g.id == "t-a")
    assert (last.title or "").endswith(f"{wanted:.2f}")
    f.backward()
    assert a.grad == wanted


def test_the_backward_pass_as_a_graph_begins_with_one() -> None:
    x = ac.tensor([3e38, 3e38], requires_grad=True)
    assert "NaN" not in draw(x.sum(), backward="graph").svg


def test_huge_and_tiny_gradients_have_a_norm() -> None:
    for size in (1e-200, 1e200):
        x = ac.ones(4, dtype=ac.float64, requires_grad=True)
        (pill,) = groups(draw((x * size).sum(), backward=True), "tensor parameter")
        assert pill["gradient"] == pytest.approx(2 * size)


# ------------------------------------------------------------------------------------------------------- several losses
def losses() -> tuple[Any, Any, Any]:
    ac.manual_seed(0)
    model, (z,) = ODD["two_losses"].make()
    out = model(z)
    return model, out["loss_d"], out["loss_g"]


def test_several_losses_each_have_their_gradients() -> None:
    model, loss_d, loss_g = losses()
    drawn = draw([loss_d, loss_g], backward=True, names={"loss_d": loss_d, "loss_g": loss_g})
    sound.check(drawn.scene)
    ends = {g["name"]: g for g in groups(drawn, "tensor loss")}
    assert set(ends) == {"loss_d", "loss_g"}
    assert "gradient of loss_d" in drawn.svg and "gradient of loss_g" in drawn.svg
    for k, loss in enumerate((loss_d, loss_g)):
        model.zero_grad()
        loss.backward(retain_graph=True)
        for name, p in model.named_parameters():
            shares = [g["gradients"][k] for g in groups(drawn, "tensor parameter") if g["name"] == name]
            found = math.hypot(*(s for s in shares if s is not None))  # each is reached on one way only
            assert found == pytest.approx(0.0 if p.grad is None else norm(p.grad), rel=1e-5)


def test_losses_without_a_name_are_numbered_and_more_than_four_refused() -> None:
    x = ac.rand(3, requires_grad=True)
    parts = [(x * k).sum() for k in range(1, 6)]
    drawn = draw(parts[:2], backward=True)
    assert [g["name"] for g in groups(drawn, "tensor loss")] == ["loss1", "loss2"]
    with pytest.raises(ValueError, match="5 losses are more than a figure can tell apart"):
        draw(parts, backward=True)
    with pytest.raises(GraphError, match="expected one output to walk back from, got 2"):
        draw.steps(parts[:2])


def test_several_losses_over_numbers() -> None:
    a, b = Scalar(2.0, "a"), Scalar(3.0, "b")
    drawn = draw([a * b, a + b * b], backward=True)
    sound.check(drawn.scene)
    leaves = {g.id: g for g in drawn.scene.groups() if g.kind == "value leaf"}
    assert (leaves["t-a"].title or "").endswith("gradient 3.001  1.002")
    assert (leaves["t-b"].title or "").endswith("gradient 2.001  6.002")
    inks = [r.ink for _, t in drawn.scene.walk() if getattr(t, "string", "") == "3.001  1.002" for r in t.runs if r.text.strip()]
    assert inks == ["gradient", "gradient", "series-1", "series-1"]


# ------------------------------------------------------------------------------------------------------- one mark, one quantity
def test_norms_on_folded_modules_are_of_one_kind() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(3)), nn.Sequential(nn.Linear(4, 2), nn.Tanh()))
    x = ac.rand(2, 4)

    def loss(x: Any) -> Any:
        return net(x).sum()

    found = {kind: draw(loss, x, backward=True, depth=1, norms=kind) for kind in ("outputs", "parameters")}
    (deck,) = groups(found["outputs"], "module deck")
    ends: list[Any] = []
    for block in net[:3]:
        block.register_forward_hook(lambda m, given, out: ends.append(out))
    last = net(x).sum()
    for out in ends:
        out.retain_grad()
    last.backward()
    assert deck["gradients"] == pytest.approx([norm(out.grad) for out in ends], rel=1e-5)
    assert deck["parameter_gradients"] == pytest.approx([math.hypot(*(norm(p.grad) for p in b.parameters())) for b in net[:3]], rel=1e-5)
    words = found["outputs"].scene.lang and {k: d.svg for k, d in found.items()}
    assert "‖∂E/∂output‖ of each copy" in words["outputs"] and "‖∂E/∂parameters‖ of each copy" in words["parameters"]
    assert "‖∂E/∂parameters‖ of each copy" not in words["outputs"]
    with pytest.raises(ValueError, match="expected norms to be 'outputs' or 'parameters', got 'weights'"):
        draw(loss, x, backward=True, norms="weights")


def test_a_weight_used_three_times_shows_shares_and_the_sum() -> None:
    ac.manual_seed(0)
    w, x = ac.rand(3, 3, requires_grad=True), ac.rand(2, 3)
    drawn = draw((((x @ w) @ w) @ w).sum(), backward=True, names={"w": w})
    uses = [ac.tensor(w.detach().numpy().copy(), requires_grad=True) for _ in range(3)]
    (((x @ uses[0]) @ uses[1]) @ uses[2]).sum().backward()
    pills = groups(drawn, "tensor parameter")
    assert [p["share"] for p in pills] == pytest.approx([norm(u.grad) for u in uses], rel=1e-5)
    whole = norm(ac.tensor(sum(u.grad.numpy() for u in uses)))
    assert [p["gradient"] for p in pills] == pytest.approx([whole] * 3, rel=1e-5)


# ------------------------------------------------------------------------------------------------------- what is cut
def test_a_detached_value_is_shown_cut_from_a_tape_and_from_a_run() -> None:
    def f(x: Any) -> Any:
        h = x.tanh()
        return (h * h.detach()).sum()

    x = ac.rand(3, requires_grad=True)
    for drawn in (draw(f(x), backward=True), draw(f, x, backward=True), draw(f, x)):
        assert sum(bool(g.get("cut")) for g in groups(drawn, "edge")) == 1
        assert "cut: no gradient passes" in drawn.svg


def test_dot_source_tells_sums_and_cuts() -> None:
    h = ac.zeros(3, requires_grad=True).exp()
    lines = draw((h * h.detach() + h).sum(), backward=True).dot.splitlines()
    edges = [line for line in lines if "-> " in line and 'class="edge"' in line]
    assert sum("style=dashed" in line and "label" not in line for line in edges) == 1
    assert sum('label="Σ 3.464"' in line for line in edges) == 2  # ‖(2, 2, 2)‖ at h, on both its ways


def test_what_an_operation_does_besides_is_on_its_card() -> None:
    def notes(drawn: Drawing) -> list[str]:
        return [n for g in groups(drawn, "op") for n in g.get("notes", ())]

    cards = {name: notes(draw(ODD[name].make()[0], *ODD[name].make()[1])) for name in ("checkpointed", "written_in_place", "hooked")}
    assert "computed again in the backward pass" in cards["checkpointed"]
    assert cards["written_in_place"].count("in place") == 2
    writes, given = ODD["written_in_place"].make()
    assert notes(draw(total(writes(*given)), backward=True)).count("in place") == 2
    assert "a hook on its gradient" in cards["hooked"]
    model, inputs = ODD["checkpointed"].make()
    assert "computed again in the backward pass" in notes(draw(total(model(*inputs)), backward=True))
    assert "3×3" in notes(draw(ODD["upwards"].make()[0], *ODD["upwards"].make()[1]))


def test_an_index_comes_from_where_it_is_made() -> None:
    model, inputs = ODD["chosen_rows"].make()
    drawn = draw(model, *inputs)
    assert "index" in {g["name"] for g in groups(drawn, "tensor input")}
    table = ac.rand(4, 3, requires_grad=True)
    of_tape = draw(table[ac.tensor([2, 0])].sum(), backward=True)
    assert [(g["name"], g["shape"]) for g in groups(of_tape, "tensor input")] == [("index", "2 int64")]


# ------------------------------------------------------------------------------------------------------- what the user wrote
@pytest.mark.parametrize(
    ("layer", "shape", "title"),
    [
        (nn.ConvTranspose2d(4, 8, 2, 2), (1, 4, 3, 3), "conv_transpose2d"),
        (nn.LayerNorm(4), (2, 4), "layer norm"),
        (nn.GroupNorm(2, 4), (1, 4, 3, 3), "group norm"),
        (nn.Conv2d(4, 8, 3, stride=2, padding=1), (1, 4, 9, 9), "conv2d"),
    ],
)
def test_a_layer_is_one_card(layer: Any, shape: tuple[int, ...], title: str) -> None:
    x = ac.rand(*shape, requires_grad=True)
    for drawn in (draw(layer, x), draw(layer(x).sum(), backward=True)):
        cards = [g for g in groups(drawn, "op") if g["operation"] != "sum"]
        assert len(cards) == 1 and cards[0]["title"].startswith(title)
        assert {g["name"] for g in groups(drawn, "tensor parameter")} == {"weight", "bias"}
    every = draw(layer, x, fold="none")
    assert len(groups(every, "op")) == len(ac.trace(layer, x))


@pytest.mark.parametrize(
    ("function", "title"),
    [
        (lambda x: F.layer_norm(x, (4,), ac.ones(4), ac.zeros(4)), "layer norm"),
        (lambda x: x.std(), "std"),
        (lambda x: F.conv_transpose1d(x[None], ac.ones(2, 3, 2), ac.ones(3)), "conv_transpose1d"),
        (lambda x: x.clamp(min=0), "clamp [0, ∞]"),
        (lambda x: x.clamp(max=1.5), "clamp [−∞, 1.5]"),
        (lambda x: F.normalize(x), "normalize"),
        (lambda x: F.grid_sample(x[None, None], ac.zeros(1, 3, 3, 2), align_corners=False), "grid sample"),
        (lambda x: F.pad(x[None], (1, 1), mode="reflect"), "pad"),
        (lambda x: ac.stack([x, x]), "stack"),
        (lambda x: x.chunk(2, 1), "chunk"),
        (lambda x: x.t(), "t"),
        (lambda x: F.scaled_dot_product_attention(*[x[None]] * 3), "scaled dot product attention"),
    ],
)
def test_a_function_is_one_card(function: Callable[[Any], Any], title: str) -> None:
    drawn = draw(function, ac.rand(2, 4, requires_grad=True))
    cards = [g for g in groups(drawn, "op") if g["operation"] not in ("getitem", "index")]
    assert len([c for c in cards if c["title"].startswith(title)]) == 1
    assert len(cards) <= 2


def test_stride_and_padding_are_on_the_card() -> None:
    drawn = draw(nn.Conv2d(4, 8, (3, 5), stride=2, padding=(1, 2), dilation=2, groups=2), ac.rand(1, 4, 19, 19))
    (card,) = groups(drawn, "op")
    assert card["notes"] == ["3×5", "stride 2", "dilation 2", "padding 1×2", "2 groups"]
    assert "3×5, stride 2, dilation 2, padding 1×2, 2 groups" in drawn.svg
    german = draw(nn.MaxPool2d(3, 2, 1), ac.rand(1, 4, 9, 9), lang="de").svg
    assert "Schrittweite 2; Rand 1" in german


# ------------------------------------------------------------------------------------------------------- observing
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("name", [*ODD])
def test_a_drawing_leaves_the_model_as_it_was(name: str, backward: bool) -> None:
    model, inputs = made(name)
    for p in model.parameters():
        if p.requires_grad and p.is_leaf:
            p.grad = ac.ones(*p.shape)

    def state() -> Any:
        tensors = {n: (id(t), np.array(t.detach().numpy())) for n, t in [*model.named_parameters(), *model.named_buffers()]}
        grads = {n: None if p.grad is None else p.grad.numpy().tobytes() for n, p in model.named_parameters()}
        attributes = {n: {k: id(v) for k, v in m.__dict__.items() if k[0] != "_"} for n, m in model.named_modules()}
        modes = [m.training for m in model.modules()]
        return {n: (i, a.tobytes()) for n, (i, a) in tensors.items()}, grads, attributes, modes, default_generator.get_state().tobytes()

    before = state()
    if backward:
        draw(lambda *given: total(model(*given)), *inputs, backward=True)
    else:
        draw(model, *inputs)
    assert state() == before


def test_a_function_that_walks_back_leaves_the_gradients_as_they_were() -> None:
    model, x = Two(), ac.rand(2, 4)
    model.head.weight.grad = held = ac.ones(2, 3)

    def penalty(x: Any) -> Any:
        y = total(model(x))
        y.backward(retain_graph=True)
        (g,) = ac.autograd.grad(y, model.encoder.weight, create_graph=True)
        return y + (g * g).sum()

    sound.check(draw(penalty, x, backward=True).scene)
    assert model.head.weight.grad is held and held.tolist() == [[1.0] * 3] * 2
    assert model.encoder.weight.grad is None and model.head.bias.grad is None


NORM = nn.BatchNorm1d(4)


def of_a_global(x: Any) -> Any:
    return NORM(x).sum()


class Trainer:
    def __init__(self) -> None:
        self.net = NORM

    def loss(self, x: Any) -> Any:
        return self.net(x).sum()


def reaching() -> dict[str, Callable[[Any], Any]]:
    trainer, net = Trainer(), [NORM]
    return {
        "a global": of_a_global,
        "a method": trainer.loss,
        "an object": lambda x: trainer.loss(x),
        "a list": lambda x: net[0](x).sum(),
        "a default": lambda x, net=NORM: net(x).sum(),
        "a partial": functools.partial(lambda net, x: net(x).sum(), NORM),
        "a function of its own": lambda x: of_a_global(x) * 2,
    }


@pytest.mark.parametrize("way", reaching())
def test_a_function_s_modules_are_found_where_it_reaches_them(way: str) -> None:
    ac.manual_seed(0)
    NORM.reset_running_stats()
    draw(reaching()[way], ac.rand(5, 4), backward=True)
    assert NORM.running_mean.tolist() == [0.0] * 4 and NORM.num_batches_tracked.item() == 0


@pytest.mark.parametrize("figure", [draw.volumes, draw.activations, draw.saliency, draw.network])
def test_other_figures_leave_the_model_as_it_was(figure: Any) -> None:
    class Remembering(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.out, self.calls = nn.Linear(4, 3), nn.Linear(3, 2), 0
            self.register_buffer("seen", ac.zeros(1))

        def forward(self, x: Any) -> Any:
            self.calls += 1
            self.seen.add_(1.0)
            return self.out(F.dropout(self.fc(x.reshape(-1, 4)), 0.5))

    model, x = Remembering(), ac.rand(1, 1, 2, 2) if figure in (draw.saliency, draw.activations) else ac.rand(1, 4)
    before = default_generator.get_state().tobytes()
    figure(model, x)
    assert model.calls == 0 and model.seen.tolist() == [0.0] and model.training
    assert default_generator.get_state().tobytes() == before


def test_a_second_figure_says_what_is_no_longer_there() -> None:
    model = Two()
    loss = total(model(ac.rand(2, 4)))
    loss.backward()
    svg = draw(loss, backward=True).svg
    assert "what was kept is freed" in svg and "only the leaves" in svg.replace("&#39;", "'")
