"""The passes as frames: the right order, the right arithmetic, nothing moves, and every form in which they are saved."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import Scalar, nn
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.animation import common
from autograd_cnn.drawing.canvas.frames import Frames
from autograd_cnn.drawing.canvas.geometry import overlap
from autograd_cnn.drawing.canvas.scene import Group, Rect, Scene, Text
from autograd_cnn.errors import GraphError
from autograd_cnn.graph.graph import Graph

from . import sound
from .test_circuit import CASES, neuron


@pytest.fixture(scope="module")
def frames() -> Frames:
    return draw.steps(neuron())


def group(scene: Scene, id: str) -> Group:
    return next(g for g in scene.groups() if g.id == id)


def numbers(scene: Scene, id: str) -> list[str]:
    return [t.string for t in group(scene, id).items if isinstance(t, Text) and t.string]


# ------------------------------------------------------------------------------------------------------- what happens
def test_the_lecture_s_arithmetic(frames: Frames) -> None:
    assert frames.captions == [
        "Before the forward pass: only the inputs are known",
        "Forward step 1 of 8: 2.00 × (−1.00) = −2.00",
        "Forward step 2 of 8: −3.00 × (−2.00) = 6.00",
        "Forward step 3 of 8: −2.00 + 6.00 = 4.00",
        "Forward step 4 of 8: 4.00 + (−3.00) = 1.00",
        "Forward step 5 of 8: −(1.00) = −1.00",
        "Forward step 6 of 8: exp(−1.00) = 0.37",
        "Forward step 7 of 8: 1.00 + 0.37 = 1.37",
        "Forward step 8 of 8: 1.00 ÷ 1.37 = 0.73",
        "Backward starts: the gradient of f by itself is 1",
        "Backward step 1 of 8: 1.00 × (−0.53) = −0.53",
        "Backward step 2 of 8: −0.53 × 1.00 = −0.53",
        "Backward step 3 of 8: −0.53 × 0.37 = −0.20",
        "Backward step 4 of 8: −0.20 × (−1.00) = 0.20",
        "Backward step 5 of 8: 0.20 × 1.00 = 0.20; ∂f/∂w2 = 0.20 × 1.00 = 0.20",
        "Backward step 6 of 8: 0.20 × 1.00 = 0.20; 0.20 × 1.00 = 0.20",
        "Backward step 7 of 8: ∂f/∂w1 = 0.20 × (−2.00) = −0.39; ∂f/∂x1 = 0.20 × (−3.00) = −0.59",
        "Backward step 8 of 8: ∂f/∂w0 = 0.20 × (−1.00) = −0.20; ∂f/∂x0 = 0.20 × 2.00 = 0.39",
    ]


def test_a_frame_hides_what_comes_later(frames: Frames) -> None:
    assert numbers(frames[0].scene, "t-w0") == ["w0", "2.00"]
    assert "0.37" not in numbers(frames[5].scene, "op-exp")
    assert "0.37" in numbers(frames[6].scene, "op-exp")
    third = frames[12].scene  # exp hands back: its argument has a gradient, nothing further left has
    assert numbers(third, "op-exp")[-1] == "−0.53"
    assert numbers(third, "op-neg")[-1] == "−0.20"
    assert numbers(third, "op-add-2") == ["1.00"]
    assert numbers(frames[-1].scene, "t-w0") == ["w0", "2.00", "−0.20"]


def test_the_order_is_the_engine_s() -> None:
    """Rules run in the order in which the walk visits the nodes: a hook on each tells."""
    x = Scalar(0.5, "x")
    a, b = x.exp(), x.sin()
    f = (a * b + a).tanh()
    seen: list[str] = []
    node = f.node
    stack, nodes = [node], []
    while stack:
        n = stack.pop()
        if n is not None and n not in nodes:
            nodes.append(n)
            stack += n.inputs
    for n in nodes:
        if n.prim is not None:
            n.extended().hooks[0] = lambda g, name=n.prim.name: seen.append(name)
    graph = Graph.of(f, gradients=True)
    frames = draw.steps(graph)
    drawn = [next(r.id for r in s.scene.groups() if r.id and r.id.startswith("op-") and _ringed(r)) for s in frames[7:]]
    assert [d.split("-")[1] for d in drawn] == seen


def _ringed(g: Group) -> bool:
    return any(getattr(i, "stroke", None) == "gradient" and getattr(i, "line", 0) == 1.9 for i in g.items)


def test_branches_add_up_one_by_one() -> None:
    a = Scalar(2.0, "a")
    frames = draw.steps(a * 3.0 + a.exp())
    assert numbers(frames[-2].scene, "t-a")[2] == "7.39 + …"  # exp, the newer operation, hands back first
    assert numbers(frames[-1].scene, "t-a")[2] == "3.00 + 7.39 = 10.39"
    assert frames.captions[-1].endswith("∂f/∂a = 1.00 × 3.00 = 3.00, 7.39 + 3.00 = 10.39")


def test_nothing_moves(frames: Frames) -> None:
    """What stands in two frames stands in the same place."""
    sizes = {(f.scene.width, f.scene.height) for f in frames}
    assert len(sizes) == 1
    places: dict[tuple[str, str, str], set[tuple[float, float]]] = {}
    for f in frames:
        for g, item in f.scene.walk():
            if isinstance(item, Text) and item.string and g.id and g.kind not in ("caption", "formula"):
                places.setdefault((g.id, item.string, item.runs[0].ink), set()).add((item.x, item.y))
    assert all(len(at) == 1 for at in places.values())


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("lang", ["en", "de"])
def test_every_frame_is_sound(name: str, lang: str) -> None:
    for drawing in draw.steps(CASES[name](), lang=lang):
        sound.check(drawing.scene)


def test_forward_alone() -> None:
    frames = draw.steps(neuron(), backward=False)
    assert len(frames) == 9
    assert "gradient" not in frames[-1].svg


def test_names_of_values_between() -> None:
    x = Scalar(1.0, "x")
    q = x * 3.0
    frames = draw.steps(q + 1.0, names={"q": q})
    assert "∂f/∂q = 1.00 × 1.00 = 1.00" in frames.captions[-2]


# ------------------------------------------------------------------------------------------------------- a sequence
def test_frames_are_a_sequence(frames: Frames) -> None:
    assert len(frames) == 18
    assert frames[-1].svg == frames[17].svg
    assert len(frames[2:5]) == 3
    assert frames[2:5].captions == frames.captions[2:5]
    assert repr(frames).startswith("<18 frames of 'Forward and backward, step by step', 1230×")
    with pytest.raises(IndexError, match="expected an index from -18 to 17, got 18"):
        _ = frames[18]


# ------------------------------------------------------------------------------------------------------- what is saved
def test_numbered_files(tmp_path: Path, frames: Frames) -> None:
    assert frames.save(f"{tmp_path}/neuron/") == f"{tmp_path}/neuron/"
    found = sorted(p.name for p in (tmp_path / "neuron").iterdir())
    assert found[0] == "frame-01.svg"
    assert found[-1] == "frame-18.svg"
    assert (tmp_path / "neuron" / "frame-03.svg").read_text() == frames[2].svg
    with pytest.raises(ValueError, match=r"expected a path ending in .svg, .* got '.bmp'"):
        frames.save(f"{tmp_path}/other/", suffix=".bmp")
    assert not (tmp_path / "other").exists()


def ids(root: ElementTree.Element) -> list[str]:
    return [str(e.get("id")) for e in root.iter() if e.get("id")]


@pytest.mark.parametrize("form", ["stepped", "animated"])
def test_one_svg(form: str, frames: Frames) -> None:
    source = frames.svg if form == "stepped" else frames.animated(0.5)
    root = ElementTree.fromstring(source)
    found = ids(root)
    assert len(found) == len(set(found))
    assert {f"frame-{k}" for k in range(1, 19)} <= set(found)
    assert "<script" not in source
    assert len(source) < 18 * len(frames[-1].svg)  # what the frames have in common is written once
    assert all(c in source for c in (c.replace("&", "&amp;") for c in frames.captions))
    if form == "stepped":
        links = re.findall(r'<a class="step" href="#(frame-\d+)"', source)
        assert set(links) <= set(found)
        assert ".frame:target{display:inline}" in source
        assert source.count('display="none"') == 17  # a viewer without styles shows the first frame
    else:
        assert source.count('visibility="hidden"') == 17  # … and of an animation the last
        assert "animation-delay:8.5s" in source
        assert "prefers-reduced-motion" in source


@pytest.mark.parametrize("which", ["frames", "network"])
def test_no_frame_covers_what_the_frames_share(which: str, request: pytest.FixtureRequest) -> None:
    """In the film the shared part is drawn first: what a frame adds must not lie on its writing."""
    animation_of = request.getfixturevalue(which)
    shared, own = common(animation_of.scenes)
    written = [t.box() for g in shared for t in g.items if isinstance(t, Text) and t.string.strip()]
    assert len(written) > 10
    for parts in own:
        for _, item in (pair for g in parts for pair in g.walk()):
            if isinstance(item, Rect) and item.fill:
                box = (item.x, item.y, item.width, item.height)
                assert not any(overlap(box, t, -1.0) for t in written)


def test_a_prefix_goes_before_all_ids(frames: Frames) -> None:
    source = draw.steps(neuron(), prefix="one-").svg
    assert all(i.startswith("one-") for i in ids(ElementTree.fromstring(source)))
    assert 'href="#one-frame-2"' in source


def test_the_page_needs_nothing_else(tmp_path: Path, frames: Frames) -> None:
    frames.save(tmp_path / "neuron.html")
    text = (tmp_path / "neuron.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert not re.search(r'(?:src|href)="(?!#)', text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    for control in ('id="previous"', 'id="next"', 'id="play"', 'type="range" min="1" max="18"', "ArrowRight", "aria-live"):
        assert control in text
    assert "[" + "COUNT]" not in text
    assert "weiter" in draw.steps(neuron(), lang="de").html()


def test_notebooks(frames: Frames) -> None:
    html = frames._repr_html_()
    assert html.count('type="radio"') == 18
    assert "<script" not in html
    assert "<svg" in frames._repr_svg_()
    assert not set(re.findall(r' id="([^"]+)"', html)) & set(re.findall(r' id="([^"]+)"', draw.steps(neuron(), lang="de")._repr_html_()))


def test_gif(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("cairosvg", exc_type=ImportError)
    frames = draw.steps(Scalar(2.0, "x") * 3.0)
    frames.save(tmp_path / "x.gif", seconds=0.25)
    with image.open(tmp_path / "x.gif") as film:
        assert film.n_frames == len(frames)
        assert film.info["duration"] == 250
        assert film.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
    assert frames.gif() == frames.gif()


def test_gif_without_its_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: Frames) -> None:
    for missing in ("PIL", "cairosvg"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, missing, None)
            with pytest.raises(
                ModuleNotFoundError, match=r"writing .gif needs the packages Pillow and CairoSVG .*pip install pillow cairosvg"
            ):
                frames.save(tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("x.mp4", r"expected a folder \(a path that ends in '/'\) or a path ending in .svg, .gif, .html, got '.mp4'"),
        ("x", "got a path without a suffix"),
        ("x.htm", "Did you mean '.html'"),
    ],
)
def test_unknown_forms(tmp_path: Path, frames: Frames, path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        frames.save(tmp_path / path)


def test_paths_that_cannot_be_written(tmp_path: Path, frames: Frames) -> None:
    for path in ("missing/x.svg", "missing/deeper/"):
        with pytest.raises(FileNotFoundError, match=r"the folder '.*missing' does not exist\. Create it with os\.makedirs"):
            frames.save(f"{tmp_path}/{path}")
    with pytest.raises(ValueError, match=r"expected seconds to be a number above 0 .*got 0"):
        frames.save(tmp_path / "x.svg", animated=True, seconds=0)


# ------------------------------------------------------------------------------------------------------- what is said
def test_what_cannot_be_stepped() -> None:
    with pytest.raises(GraphError, match=r"this value has no graph: .* requires_grad=True"):
        draw.steps(ac.ones(3) * 2.0)
    with pytest.raises(GraphError, match="this value has no graph"):
        draw.steps(lambda a: a * 2.0, ac.ones(3))
    y = Scalar(1.0, "x") * 2.0
    for _ in range(130):
        y = y + 1.0
    with pytest.raises(ValueError, match=r"would make 264 frames, and 240 are the limit\. Fold its modules \(depth=1\)"):
        draw.steps(y)


def test_a_freed_graph() -> None:
    x = ac.ones(2, requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"freed .*retain_graph=True"):
        draw.steps(loss)


@pytest.mark.slow
def test_the_same_bytes_in_another_process() -> None:
    code = (
        "from tests.drawing.test_circuit import neuron; from autograd_cnn.drawing import draw; from hashlib import sha256;"
        "f = draw.steps(neuron()); print(sha256((f.svg + f.animated() + f.html()).encode()).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in "12"
    ]
    assert runs[0].stdout == runs[1].stdout


# ------------------------------------------------------------------------------------------------------- tensors
@pytest.fixture(scope="module")
def network() -> Frames:
    ac.manual_seed(0)
    nn = ac.nn
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4))
    return draw.steps(nn.functional.cross_entropy(model(ac.randn(2, 1, 8, 8)), ac.tensor([0, 1])))


def strings(scene: Scene, id: str) -> list[str]:
    return [t.string for t in group(scene, id).items if isinstance(t, Text)]


def test_cards_light_up_in_order(network: Frames) -> None:
    assert network.captions[1] == "Forward step 1 of 6: conv2d: 2×1×8×8,  3×1×3×3,  3 → 2×3×6×6"
    assert network.captions[8].startswith("Backward step 1 of 6: cross-entropy: ‖∂‖ 1.000 hands back linear ")
    assert strings(network[2].scene, "op-0-conv")[:2] == ["conv2d", "2×3×6×6"]
    assert strings(network[2].scene, "op-4-linear") == ["linear"]  # a name and nothing yet
    assert "2×4" in strings(network[5].scene, "op-4-linear")


def test_gradients_arrive_in_order(network: Frames) -> None:
    def norms(k: int) -> set[str]:
        return {g.id for g in network[k].scene.groups() if g.kind == "norm" and g.id and g.items}

    assert norms(6) == set()
    assert norms(7) == {"norm-e-cross_entropy-loss"}
    assert norms(8) == {"norm-e-cross_entropy-loss", "norm-e-4-linear-cross_entropy"}
    before, after = strings(network[8].scene, "p-4.weight"), strings(network[9].scene, "p-4.weight")
    assert "||∂||" not in before
    assert "||∂||" in after
    lanes = [len(group(network[k].scene, "e-4-linear-cross_entropy").items) for k in (7, 8)]
    assert lanes == [2, 3]


def test_the_last_frame_is_the_figure(network: Frames) -> None:
    """Nothing is missing in the end: all that `draw` writes of the backward pass is there."""
    ac.manual_seed(0)
    nn = ac.nn
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4))
    loss = nn.functional.cross_entropy(model(ac.randn(2, 1, 8, 8)), ac.tensor([0, 1]))
    whole = draw(loss, backward=True, fold="none", fit=(1e6, 1e6)).scene
    figure, frame = Counter(sound.texts(whole)), Counter(sound.texts(network[-1].scene))
    missing = figure - frame
    assert all("  " in t and not any(c.isdigit() for c in t.split("  ")[1]) for t in missing)  # a module's name, where there is no room
    assert set(frame - figure) <= _told(network[-1].scene)


def _told(scene: Scene) -> set[str]:
    return {t.string for g in scene.groups() if g.kind == "caption" or g.id == "step" for _, t in g.walk() if isinstance(t, Text)}


def test_every_frame_of_the_network_is_sound(network: Frames) -> None:
    for drawing in network:
        sound.check(drawing.scene)
    assert len({(f.scene.width, f.scene.height) for f in network}) == 1
    root = ElementTree.fromstring(network.svg)
    assert len(ids(root)) == len(set(ids(root)))


def test_a_sum_waits_for_its_branches() -> None:
    x = ac.ones(4, requires_grad=True)
    y = x * 1.0
    frames = draw.steps((y * 3.0).sum() + (y * 4.0).sum())
    sums = [[g for g in f.scene.groups() if g.kind == "norm" and g.items and (g.id or "").startswith("sum-")] for f in frames]
    assert [len(s) for s in sums] == [0] * 12 + [1, 1]


def test_modules_may_be_folded() -> None:
    nn = ac.nn
    model = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), nn.Linear(4, 2))
    loss = model(ac.ones(2, 3)).sum()
    assert len(draw.steps(loss, depth=1)) < len(draw.steps(loss))
    sound.check(draw.steps(loss, depth=1)[-1].scene)


@pytest.mark.parametrize("target", [lambda: neuron(), lambda: (ac.ones(3, requires_grad=True).tanh() ** 2).sum()])
def test_a_frame_says_where_its_step_is(target: Any) -> None:
    """For the page's camera: the box of the operation at work; and from where on the arithmetic stands."""
    for scene in draw.steps(target()).scenes:
        at = scene.data.get("at")
        x, y, w, h = at or (0.0, 0.0, 1.0, 1.0)
        assert x >= 0 and y >= 0 and x + w <= scene.width and y + h <= scene.data["told"] < scene.height
        step = next(g for g in scene.groups() if g.id == "step")
        assert all(t.y > scene.data["told"] for _, t in step.walk() if isinstance(t, Text))
    assert at is not None


# ------------------------------------------------------------------------------------------------- larger than a screen
def long_chain() -> ac.Tensor:
    ac.manual_seed(0)
    layers = [m for _ in range(9) for m in (nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU())]
    return nn.Sequential(*layers)(ac.rand(2, 2, 8, 8)).pow(2).mean()


def long_circuit() -> Scalar:
    a, b = Scalar(1.0, "a"), Scalar(2.0, "b")
    y = a
    for _ in range(25):
        y = (y * b).tanh() + a
    return y


@pytest.mark.parametrize("make", [long_chain, long_circuit])
def test_the_operation_at_work_is_readable_in_every_frame(make: Callable[[], Any]) -> None:
    """Also where the graph is larger than a screen: it stands enlarged below, beside what is told of it."""
    frames = draw.steps(make())
    assert len({(s.width, s.height) for s in frames.scenes}) == 1
    for scene in frames.scenes:
        per_pixel = min(1.0, 1280.0 / scene.width, 720.0 / scene.height)
        (told,) = [g for g in scene.groups() if g.kind == "caption"]
        assert min(t.size for _, t in told.walk() if isinstance(t, Text)) * per_pixel >= 9.0
    for scene in (frames.scenes[5], frames.scenes[-5]):
        per_pixel = min(1.0, 1280.0 / scene.width, 720.0 / scene.height)
        large = next(g for g in scene.groups() if (g.id or "").startswith("enlarged-"))
        twin = next(g for g in scene.groups() if g.id == (large.id or "").removeprefix("enlarged-"))
        texts = [t for t in large.items if isinstance(t, Text)]
        assert [t.string for t in texts] == [t.string for t in twin.items if isinstance(t, Text)]
        assert min(t.size for t in texts if t.string.strip()) * per_pixel >= 8.9
        assert all(t.box()[0] >= 0 and t.box()[0] + t.box()[2] <= scene.width and t.box()[1] + t.box()[3] <= scene.height for t in texts)


def test_a_page_s_frames_are_not_enlarged() -> None:
    """Its camera stays on the operation at work."""
    frames = draw.steps(long_chain())
    assert "enlarged-" in frames[7].svg and "enlarged-" in frames.svg and "enlarged-" in frames.animated()
    assert "enlarged-" not in frames.html()
    small = draw.steps((Scalar(2.0, "x") * 3.0).tanh())
    assert "enlarged-" not in small.svg


def test_a_long_chain_is_laid_out_in_columns() -> None:
    scene = draw.steps(long_chain()).scenes[-1]
    assert scene.width > scene.height
    assert min(1280.0 / scene.width, 720.0 / scene.height) > 2.5 * 720.0 / 3906.0  # as high as it would be in one column
