"""What the page of a graph is told: every operation, value, parameter and byte, by oracles of their own."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import draw, nn
from autograd_cnn.drawing.explore.page import in_script, program
from autograd_cnn.drawing.view.statistics import BINS, rounded, statistics
from autograd_cnn.errors import GraphError
from autograd_cnn.nn import functional as F
from autograd_cnn.vision import models

from .fitting_table import on_screen
from .sound import check, texts


class Block(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.one = nn.Linear(n, n)
        self.two = nn.Linear(n, n)

    def forward(self, x: Any) -> Any:
        return self.two(self.one(x).relu()) + x


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(4), Block(4))
        self.head = nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.blocks(x))


def told(*args: Any, **options: Any) -> dict[str, Any]:
    """The document as a reader of the file has it."""
    return json.loads(draw.explore(*args, **options).json())


def paths(document: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for n in document["nodes"]:
        before = found[n["in"]] if "in" in n else ""
        found.append(before if n.get("role") == "deck" else ".".join(p for p in (before, n["name"]) if p))
    return found


def test_the_tree_is_that_of_the_calls() -> None:
    found = told(Net(), (2, 4))
    assert paths(found) == [
        "x",
        *("blocks", "blocks", "blocks.0", "blocks.0.one", "blocks.0.relu", "blocks.0.two", "blocks.0.add"),
        *("blocks.1", "blocks.1.one", "blocks.1.relu", "blocks.1.two", "blocks.1.add", "head", "output"),
    ]
    assert [n.get("role", "op") for n in found["nodes"]].count("deck") == 1
    assert found["root"]["kind"] == "Net"
    assert found["subtitle"].startswith("9 operations, 95 parameters, float32")


def test_edges_run_from_who_gives_a_value_to_who_takes_it() -> None:
    """Against the trace: for each step its inputs' producers."""
    net = Net()
    graph = ac.trace(net, ac.zeros(2, 4))
    wanted = {(graph.producer()[i].index, s.index) for s in graph.steps for i in s.inputs if i in graph.producer()}
    found = told(net, (2, 4))
    ops = [n for n in found["nodes"] if "op" in n]
    giver = {v: k for k, n in enumerate(ops) for v in n["gives"]}
    assert {(giver[v], k) for k, n in enumerate(ops) for v in n["takes"] if v in giver} == wanted


@pytest.mark.parametrize(("make", "shape"), [(models.resnet18, (1, 3, 64, 64)), (models.googlenet, (1, 3, 64, 64)), (Net, (1, 4))])
def test_parameters_and_costs_are_those_of_the_model(make: Any, shape: tuple[int, ...]) -> None:
    net = make().eval()
    found = told(net, shape)
    sizes = [math.prod(v["shape"]) for v in found["values"] if v.get("role") == "parameter"]
    used = {v.name for v in ac.trace(net, ac.zeros(*shape)).values if v.kind == "parameter"}
    assert sum(sizes) == sum(p.numel() for name, p in net.named_parameters() if name in used)
    assert sum(n.get("cost", 0) for n in found["nodes"]) == ac.summary(net, shape).multiply_adds


def test_frozen_parameters_are_parameters() -> None:
    net = nn.Sequential(nn.Linear(3, 3).requires_grad_(False), nn.Linear(3, 1))
    for found in (told(net, ac.rand(2, 3)), told(lambda x: net(x).sum(), ac.rand(2, 3), backward=True)):
        held = {v["name"]: v.get("frozen", False) for v in found["values"] if v.get("role") == "parameter"}
        assert held == {"0.weight": True, "0.bias": True, "1.weight": False, "1.bias": False}
        assert not [v for v in found["values"] if v.get("frozen") and "grad" in v]


def test_leaves_that_no_module_holds_are_inputs() -> None:
    x = ac.rand(3, requires_grad=True)
    found = told((x * 2).sum(), names={"x": x}, backward=True)
    assert (found["nodes"][0]["role"], found["nodes"][0]["name"]) == ("input", "x")
    assert found["values"][found["nodes"][0]["gives"][0]]["grad"] == pytest.approx(2 * math.sqrt(3), rel=1e-3)


def test_many_inputs_alike_are_one_node() -> None:
    found = told(lambda *xs: ac.cat(xs, 0), *(ac.rand(2, 2) for _ in range(60)))
    assert [n["name"] for n in found["nodes"]] == ["xs.0 … xs.59", "cat", "output"]
    assert len(found["nodes"][0]["gives"]) == found["nodes"][0]["copies"] == 60


def test_a_call_of_the_library_is_one_part_that_opens() -> None:
    found = told(lambda x: F.normalize(x) * 2, ac.rand(2, 3), open=5)
    (at,) = (i for i, n in enumerate(found["nodes"]) if n.get("role") == "call")
    call, inner = found["nodes"][at], [n for n in found["nodes"] if n.get("in") == at]
    assert call["name"] == "normalize"
    assert "open" not in call
    assert len(inner) == len(ac.trace(F.normalize, ac.rand(2, 3)).steps) > 1
    whole = told(lambda *xs: nn.Sequential(nn.LayerNorm(3), nn.ReLU())(*xs), ac.rand(2, 3))
    assert not [n for n in whole["nodes"] if n.get("role") == "call"]  # the layer frames its operations itself


def test_what_is_kept_is_counted_once_and_says_who_holds_it() -> None:
    x = ac.rand(3, 4)
    net = nn.Sequential(nn.Linear(4, 4), nn.Sigmoid(), nn.Linear(4, 4))
    found = told(net, x)
    nodes = found["nodes"]
    total = sum(bytes_ for n in nodes for _, bytes_, *by in n.get("keeps", ()) if not by)
    assert total == 2 * 3 * 4 * 4  # the input, and the sigmoid's result, which the second layer shares
    last = next(n for n in nodes if n["name"] == "2")
    shared = {found["texts"][name]: nodes[by[0]]["name"] if by[0] >= 0 else "parameter" for name, _, *by in last["keeps"]}
    assert shared == {"input": "1", "weight": "parameter"}


def test_gradients_are_those_of_the_backward_pass() -> None:
    net, x = Net(), ac.rand(5, 4)
    found = told(lambda x: net(x).square().sum(), x, backward=True)
    loss = net(x).square().sum()
    loss.backward()
    wanted = {name: float(np.linalg.norm(p.grad.numpy())) for name, p in net.named_parameters()}
    shown = {v["name"]: v["grad"] for v in found["values"] if v.get("role") == "parameter"}
    assert shown == pytest.approx(wanted, rel=1e-3)
    assert found["backward"]


def test_it_only_looks() -> None:
    net, x = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)), ac.rand(8, 4)
    before, state = {k: v.clone() for k, v in net.state_dict().items()}, ac.get_rng_state()
    draw.explore(net, x)
    draw(net, x)
    draw.explore(net, x, backward=False, time=True)
    assert ac.equal(ac.get_rng_state(), state)
    assert all(ac.equal(v, before[k]) for k, v in net.state_dict().items())
    draw.explore(nn.Sequential(net, Sum()), x, backward=True)
    assert all(p.grad is None for p in net.parameters())
    assert all(ac.equal(v, before[k]) for k, v in net.state_dict().items())
    assert net.training


class Sum(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.sum()


def test_statistics() -> None:
    a = np.array([[0.0, -2.0, 4.0], [np.nan, np.inf, 0.0]], np.float32)
    s = statistics(a)
    assert s is not None
    assert (s.least, s.most, s.mean) == (-2.0, 4.0, 0.5)
    assert s.deviation == pytest.approx(np.std([0, -2, 4, 0]))
    assert (s.zeros, s.nan, s.infinite) == pytest.approx((2 / 6, 1 / 6, 1 / 6))
    assert math.isnan(s.norm)
    assert len(s.bars) == BINS
    assert statistics(np.array([3e38, -3e38], np.float32)).norm == pytest.approx(3e38 * math.sqrt(2), rel=1e-6)  # no square overflows
    assert statistics(np.zeros(0)) is None
    assert statistics(np.array(["a"])) is None
    dead = np.ones((2, 4, 3))
    dead[:, 1] = 0
    dead[0, 2] = 0
    assert statistics(dead).dead == 0.25


def test_a_histogram_shows_where_the_numbers_are() -> None:
    bars = statistics(np.array([0.0] * 90 + [1.0] * 9 + [0.5])).bars
    assert (bars[0], bars[-1]) == ("z", "4")  # 35 for the tallest, 9/90 of it for the last
    assert bars[BINS // 2] == "1"
    assert set(bars[1 : BINS // 2]) == {"0"}


def test_rounding() -> None:
    assert [rounded(v) for v in (0.123456, 123456.7, 0.0, 5.0, math.nan, math.inf, None, -1e-12)] == [
        *(0.1235, 123500, 0, 5, None, None, None, -1e-12),
    ]


def test_numbers_of_made_up_inputs_are_not_shown() -> None:
    assert not [v for v in told(Net(), (1, 4))["values"] if "stats" in v and v.get("role") != "parameter"]
    assert [v for v in told(Net(), ac.rand(1, 4))["values"] if "stats" in v and "role" not in v]


def test_every_operation_says_its_line() -> None:
    found = told(Net(), (1, 4))
    lines = {found["places"][n["place"]][2] for n in found["nodes"] if "place" in n}
    assert lines == {"return self.two(self.one(x).relu()) + x", "return self.head(self.blocks(x))"}
    assert all(file.endswith("tests/drawing/test_explore.py") for file, _, _ in found["places"])


def test_callbacks() -> None:
    found = told(
        Net(),
        (1, 4),
        open=lambda part: part.path == "blocks",
        label=lambda part: f"{part.parameters}!" if part.kind == "Linear" else None,
        color_by=lambda part: part.kind if part.role == "op" else part.parameters,
    )
    by_path = dict(zip(paths(found), found["nodes"], strict=True))
    opened = [(p, n.get("role")) for p, n in zip(paths(found), found["nodes"], strict=True) if n.get("open")]
    assert opened == [("blocks", "module"), ("blocks", "deck")]  # which has the path of what it stands in
    assert by_path["head"]["label"] == "15!"
    assert by_path["blocks.0"]["color"] == 40
    assert by_path["head"]["color"] == "Linear"
    assert found["color"] == "own"
    assert [n["name"] for n in told(Net(), (1, 4), open=1)["nodes"] if n.get("open")] == ["blocks"]
    assert not [n for n in told(Net(), (1, 4), open=0)["nodes"] if n.get("open")]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"color_by": "tme"}, ValueError, "Did you mean 'time'"),
        ({"open": -1}, ValueError, "expected open to be an integer of at least 0"),
        ({"theme": "dusk"}, ValueError, "expected theme to be one of"),
        ({"lang": "fr"}, ValueError, "expected lang"),
        ({"backward": True}, GraphError, "single number"),
    ],
)
def test_refusals(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        draw.explore(Net(), ac.rand(2, 4), **options)


def test_keyword_arguments_of_forward() -> None:
    class Scaled(nn.Module):
        def forward(self, x: Any, *, scale: Any) -> Any:
            return x * scale

    found = told(Scaled(), ac.ones(2), kwargs={"scale": ac.full((2,), 3.0)})
    assert [n["name"] for n in found["nodes"]] == ["x", "scale", "mul", "output"]
    assert "scale" in draw(Scaled(), ac.ones(2), kwargs={"scale": ac.full((2,), 3.0)}).svg
    with pytest.raises(TypeError, match="kwargs for a model or function"):
        draw.explore(ac.ones(2, requires_grad=True) * 2, kwargs={"a": 1})


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    net, x = Net(), ac.rand(2, 4)
    assert draw.explore(net, x).html() == draw.explore(net, x).html()


def test_files(tmp_path: Path) -> None:
    explorer = draw.explore(Net(), (1, 4))
    for suffix, begin in (
        (".html", "<!DOCTYPE html>"),
        (".json", '{"scheme":"autograd_cnn.explore/1"'),
        (".svg", "<svg"),
        (".dot", "digraph"),
    ):
        assert Path(explorer.save(tmp_path / f"a{suffix}")).read_text("utf-8").startswith(begin)
    with pytest.raises(ValueError, match=r"expected a path ending in .*\.html.*got '\.gif'"):
        explorer.save(tmp_path / "a.gif")
    assert repr(explorer) == "<Explorer 'Net', 15 nodes>"


def test_in_a_notebook_it_stands_in_a_frame_of_its_own() -> None:
    explorer = draw.explore(Net(), (1, 4))
    shown = explorer._repr_html_()
    assert shown.startswith("<iframe ")
    assert 'sandbox="allow-scripts allow-downloads"' in shown
    assert "<script" not in shown  # all of the page is the attribute's text
    assert explorer._repr_svg_().startswith("<svg")


def test_drawings_have_a_page_too(tmp_path: Path) -> None:
    net, x = Net(), ac.rand(2, 4)
    page = draw(net(x).sum(), backward=True).html()
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["backward"]
    assert [n["name"] for n in data["nodes"]][-1] == "loss"
    text = str(draw(net, x))
    assert "\n" not in text
    assert text.startswith("<Drawing 'Net'")


def test_hostile_names_stay_text() -> None:
    text = in_script({"a": "</script><script>alert(1)</script><!--", "b": "\u2028 & '\""})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><script>alert(1)</script><!--", "b": "\u2028 & '\""}
    class_ = type("</script>\u202e'\"&", (nn.Sequential,), {})
    page = draw.explore(class_(nn.Linear(2, 2), nn.Linear(2, 2)), (1, 2), title="\ud800<b>\x00").html()
    assert page.count("</script>") == 3
    page.encode()


@pytest.mark.slow
def test_a_large_network_is_a_small_file() -> None:
    page = draw.explore(models.resnet152().eval(), ac.rand(1, 3, 32, 32)).html()
    assert len(page.encode()) < 300_000


def test_the_program_asks_for_nothing() -> None:
    text = program()
    for word in ("fetch(", "XMLHttpRequest", "import(", "http://", "https://", "WebSocket", "eval(", "new Function", "localStorage"):
        assert word not in text.replace("http://www.w3.org/2000/svg", ""), word


# ------------------------------------------------------------------------------------------------- a forward pass that fails
class Wrong(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(10, 2))

    def forward(self, x: Any) -> Any:
        return self.head(self.features(x))


def test_a_failed_forward_is_drawn_as_far_as_it_came() -> None:
    drawn = draw(Wrong(), ac.rand(1, 3, 8, 8))
    assert isinstance(drawn.error, RuntimeError)
    assert drawn.error.drawing is drawn
    for text in ("head.1", "expected: an input whose last size is in_features=10", "got: shape [1, 144]", "conv2d", "flatten"):
        assert text in drawn.svg, text
    assert "return self.head(self.features(x))" in drawn.svg
    assert "erwartet: " in draw(Wrong(), ac.rand(1, 3, 8, 8), lang="de").svg
    assert repr(drawn).endswith("failed: ShapeError>")
    assert draw(lambda x: Wrong()(x).sum(), ac.rand(1, 3, 8, 8), backward=True).error is not None


def test_and_explored() -> None:
    found = told(Wrong(), ac.rand(1, 3, 8, 8))
    failed = found["nodes"][-1]
    assert failed["role"] == "failure"
    assert (failed["name"], failed["kind"]) == ("1", "Linear")
    assert found["nodes"][failed["in"]]["name"] == "head"
    assert (failed["expected"], failed["came"]) == ("an input whose last size is in_features=10", "shape [1, 144]")
    assert failed["hint"] == "Flatten it, or make the layer with in_features=144."
    assert [found["values"][v]["shape"] for v in failed["takes"]] == [[1, 144]]
    assert found["places"][failed["place"]][2] == "return self.head(self.features(x))"
    assert not [n for n in found["nodes"] if n.get("role") == "output"]


def test_what_fails_at_once_shows_its_input() -> None:
    drawn = draw(models.resnet18(), ac.rand(1, 4, 32, 32))
    assert "conv1" in drawn.svg
    assert "1×4×32×32" in drawn.svg
    assert drawn.scene.title == "ResNet"
    assert '"role":"failure"' in drawn.html()


def test_any_error_is_carried() -> None:
    def work(x: Any) -> Any:
        x.exp()
        raise KeyError("no such thing")

    drawn = draw(work, ac.ones(3))
    assert isinstance(drawn.error, KeyError)
    assert "no such thing" in drawn.svg
    with pytest.raises(ZeroDivisionError):  # nothing was computed of any tensor: there is nothing to show
        draw(lambda: 1 / 0)


# ------------------------------------------------------------------------------------------------- two models
def changes(document: dict[str, Any]) -> dict[str, str]:
    return {p: n["change"]["status"] for p, n in zip(paths(document), document["nodes"], strict=True) if n.get("change", {}).get("status")}


def row(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers)


def test_what_was_added_removed_and_changed() -> None:
    one = row(nn.Linear(4, 8), nn.Tanh(), row(nn.Linear(8, 8), nn.ReLU()), nn.Linear(8, 2))
    other = row(nn.Linear(4, 8), row(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.5)), nn.Softplus(), nn.Linear(8, 3))
    found = draw.compare(one, other, ac.rand(5, 4)).document
    assert changes(found) == {"1": "removed", "1.2": "added", "2": "added", "3": "changed", "output": "changed"} | {
        p: s for p, s in changes(found).items() if s == "inside"
    }
    assert found["compared"] == {"added": 2, "removed": 1, "changed": 2}
    last = found["nodes"][-2]
    assert last["change"]["was"] == {"args": "in_features=8, out_features=2, bias=True", "shape": "5×2", "parameters": 18}
    assert found["subtitle"] == "2 added, 1 removed, 2 changed"
    assert "2 hinzugekommen" in draw.compare(one, other, ac.rand(5, 4), lang="de").document["subtitle"]


def test_edges_of_what_was_removed_lead_on() -> None:
    one, other = row(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)), row(nn.Linear(4, 4), nn.Linear(4, 4))
    nodes = draw.compare(one, other, (1, 4)).document["nodes"]
    removed = next(n for n in nodes if n.get("change", {}).get("status") == "removed")
    assert removed["kind"] == "Tanh"
    assert removed["takes"] == next(n for n in nodes if n["name"] == "0")["gives"]
    assert next(n for n in nodes if "before" in n)["before"] == removed["gives"]
    assert all(kept[2] < len(nodes) for n in nodes for kept in n.get("keeps", ()) if len(kept) > 2)


def test_the_same_is_the_same() -> None:
    net, x = Net(), ac.rand(3, 4)
    found = draw.compare(net, net, x).document
    assert not changes(found)
    assert all(r == 1 for n in found["nodes"] for r in n.get("change", {}).get("ratios", {}).values())


def test_one_model_at_two_moments() -> None:
    net, x = row(nn.Linear(4, 3), nn.Linear(3, 1)), ac.rand(6, 4)
    loss = lambda x: net(x).square().mean()
    before = draw.explore(loss, x, backward=True)
    first = {n: p.detach().clone() for n, p in net.named_parameters()}
    with ac.no_grad():
        for p in net.parameters():
            p.mul_(3.0)
    after = draw.explore(loss, x, backward=True)
    found = draw.compare(before, after).document
    assert found["compared"] == {"added": 0, "removed": 0, "changed": 0}
    layer = next(n for n in found["nodes"] if n["name"] == "0")
    assert layer["change"]["ratios"]["weights"] == pytest.approx(3.0, rel=1e-3)

    def gradient() -> float:
        net.zero_grad()
        loss(x).backward()
        return float(np.sqrt(sum((p.grad.numpy() ** 2).sum() for p in net[0].parameters())))

    now = gradient()
    with ac.no_grad():
        for n, p in net.named_parameters():
            p.copy_(first[n])
    assert layer["change"]["ratios"]["weights' gradient"] == pytest.approx(now / gradient(), rel=2e-3)
    with pytest.raises(TypeError, match="explored already; expected no inputs"):
        draw.compare(before, after, x)


def test_a_comparison_saves_both_figures(tmp_path: Path) -> None:
    compared = draw.compare(row(nn.Linear(2, 2)), row(nn.Linear(2, 3)), (1, 2))
    svg = Path(compared.save(tmp_path / "a.svg")).read_text("utf-8")
    assert svg.count('class="figure"') == 2
    assert json.loads(compared.json())["color"] == "change"


# ------------------------------------------------------------------------------------------------- entry by entry
def test_small_arrays_are_told_entry_by_entry_with_their_gradients() -> None:
    ac.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(3, 2), nn.Tanh()), ac.rand(4, 3)
    found = told(lambda x: (net(x) ** 2).sum(), x, backward=True)
    (net(x) ** 2).sum().backward()
    by_name = {v["name"]: v for v in found["values"] if v.get("role") == "parameter"}
    for name, p in net.named_parameters():
        known = by_name[name]
        assert known["entries"] == pytest.approx(p.detach().numpy().reshape(-1).tolist(), rel=6e-3)
        assert known["grads"] == pytest.approx(p.grad.numpy().reshape(-1).tolist(), rel=6e-3)
    (linear,) = [n for n in found["nodes"] if n.get("op") == "linear"]
    result = found["values"][linear["gives"][0]]
    assert result["entries"] == pytest.approx(net[0](x).detach().numpy().reshape(-1).tolist(), rel=6e-3)
    y = net[0](x)
    assert found["texts"][linear["sum"]] == draw.formula(y, numbers=False).text.splitlines()[0]


def test_entries_that_are_no_numbers_are_words_and_many_are_left_out() -> None:
    found = told(lambda x: x / ac.zeros(3), ac.tensor([1.0, 0.0, -1.0]))
    assert [v["entries"] for v in found["values"] if v.get("role") is None] == [["∞", "NaN", "−∞"]]
    assert not any("entries" in v or "grads" in v for v in told(lambda x: x.exp(), ac.rand(37))["values"])


# ------------------------------------------------------------------------------------------------- what changed, in the still figures
def marks(scene: Any) -> list[str]:
    return [str(g.title).split(": ", 1)[1] for g in scene.groups() if g.kind == "measure"]


def test_the_still_figures_of_a_comparison_say_what_changed() -> None:
    one = nn.Sequential(nn.Linear(4, 8), nn.Sigmoid(), nn.Linear(8, 2))
    other = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2), nn.Tanh())
    drawn = draw.compare(one, other, (1, 4)).drawing
    check(drawn.scene)
    left, right = [g for g in drawn.scene.groups() if g.kind == "figure"]
    assert (marks(left), marks(right)) == (["≠ changed"], ["≠ changed", "+ added"])
    back = draw.compare(other, one, (1, 4)).drawing
    left, right = [g for g in back.scene.groups() if g.kind == "figure"]
    assert (marks(left), marks(right)) == (["≠ changed", "− removed"], ["≠ changed"])
    assert not marks(draw.compare(one, one, (1, 4)).drawing.scene)


def test_the_still_figure_of_a_later_moment_says_how_gradients_differ() -> None:
    """f = w·x twice over: a gradient at the input of a layer is as many times as large as its weight."""
    net, x = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False)), ac.ones(1, 2)
    before = draw.explore(lambda x: net(x).sum(), x, backward=True)
    net[1].weight.data.copy_(net[1].weight.detach() * 3.0)
    drawn = draw.compare(before, draw.explore(lambda x: net(x).sum(), x, backward=True)).drawing
    left, right = [g for g in drawn.scene.groups() if g.kind == "figure"]
    assert marks(left) == []
    assert marks(right) == ["×3", "×1", "×1"]
    assert "×1 … ×3" in texts(drawn.scene)


SCREENS = {"slide": (1280.0, 720.0), "page": (794.0, 1123.0), (800, 600): (800.0, 600.0)}


@pytest.mark.parametrize("fit", SCREENS)
def test_the_still_figures_of_a_comparison_fit_what_they_are_read_on(fit: Any) -> None:
    def deep(activation: type[nn.Module]) -> nn.Module:
        return nn.Sequential(*(m for k in range(7) for m in (nn.Linear(4 + k, 5 + k), activation())))

    drawn = draw.compare(deep(nn.ReLU), deep(nn.Tanh), (1, 4), fit=fit).drawing
    assert on_screen(drawn.scene, SCREENS[fit]) >= 9.0 - 1e-6
    check(drawn.scene)
    assert len([g for g in drawn.scene.groups() if g.kind == "figure"]) == 2


def test_a_comparison_refuses_a_size_that_is_none() -> None:
    with pytest.raises(ValueError, match="expected fit to be 'slide'"):
        draw.compare(nn.Linear(2, 2), nn.Linear(2, 2), (1, 2), fit="wide")
