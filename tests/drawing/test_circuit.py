"""The circuit of a graph over numbers: the right numbers at the right places, and nothing on top of anything."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from autograd_cnn import Scalar
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.geometry import inside, overlap
from autograd_cnn.drawing.canvas.scene import Scene, Text
from autograd_cnn.graph.graph import Graph

from . import graphs


def neuron() -> Graph:
    """The sigmoid neuron of every lecture on backpropagation."""
    w0, x0, w1, x1, w2 = (Scalar(v, n) for n, v in (("w0", 2.0), ("x0", -1.0), ("w1", -3.0), ("x1", -2.0), ("w2", -3.0)))
    return Graph.of(1 / (1 + (-(w0 * x0 + w1 * x1 + w2)).exp()), gradients=True)


def shared() -> Graph:
    """A value used by five operations, one used twice by one, and constants on both sides."""
    a, b = Scalar(0.5, "a"), Scalar(-1.5, "b")
    q = (a * b + a.tanh() + 3 / a - a) ** 2
    return Graph.of(q * q + b, gradients=True)


def long_name() -> Graph:
    return Graph.of(Scalar(1e-9, "a_rather_long_name") * Scalar(123456.0, "weight") + 1.0, gradients=True)


CASES = {
    "neuron": neuron,
    "shared": shared,
    "long names": long_name,
    "by hand": graphs.sigmoid_neuron,
    "branching": graphs.branching_scalars,
    "two nodes": lambda: Graph.of(Scalar(2.0, "x") * 3.0, gradients=True),
}


@pytest.fixture(params=[(n, b) for n in CASES for b in (False, True)], ids=str)
def scene(request: pytest.FixtureRequest) -> Scene:
    name, backward = request.param
    return draw(CASES[name](), backward=backward).scene


def numbers(scene: Scene, id: str) -> list[str]:
    group = next(g for g in scene.groups() if g.id == id)
    return [t.string for t in group.items if isinstance(t, Text)]


def test_the_lecture_s_neuron() -> None:
    scene = draw(neuron(), backward=True).scene
    assert numbers(scene, "t-w0") == ["w0", "2.00", "−0.20"]
    assert numbers(scene, "t-x0") == ["x0", "−1.00", "0.39"]
    assert numbers(scene, "t-w1") == ["w1", "−3.00", "−0.39"]
    assert numbers(scene, "t-x1") == ["x1", "−2.00", "−0.59"]
    assert numbers(scene, "t-w2") == ["w2", "−3.00", "0.20"]
    chips = [t.string for g in scene.groups() if g.kind == "chip" for t in g.items if isinstance(t, Text)]
    assert sorted(chips) == sorted(["×−1.00", "×2.00", "×−2.00", "×−3.00", *["×1.00"] * 5, "×−1.00", "×0.37", "×−0.53"])
    words = [t.string for _, t in scene.walk() if isinstance(t, Text)]
    assert "∂ = ex" in words  # eˣ
    assert any(t.startswith("∂f / ∂w0  =  0.20 × (−1.00)  =  −0.20") for t in words)


def test_forward_shows_no_gradients() -> None:
    scene = draw(neuron()).scene
    assert numbers(scene, "t-w0") == ["w0", "2.00"]
    assert not [g for g in scene.groups() if g.kind == "chip"]


def test_branches_add_up() -> None:
    scene = draw(graphs.branching_scalars(), backward=True).scene
    assert numbers(scene, "t-a")[2] == "0.14 + (−0.08) = 0.07"
    a = Scalar(3.0, "a")
    many = draw(Graph.of(a * a + a * 2.0 + a.exp() + a, gradients=True), backward=True).scene
    assert numbers(many, "t-a")[2].startswith("Σ ")


def test_constants_stand_in_the_operation() -> None:
    x = Scalar(2.0, "x")
    for value, sign in (
        (x + 1.0, "+ 1"),
        (x * -1.0, "× −1"),
        (1.0 / x, "1/x"),
        (x / 4.0, "÷ 4"),
        (3.0 - x, "3 − x"),
        (x**3, "x3"),
        (-x, "−x"),
    ):
        scene = draw(value).scene
        found = [t.string for g, t in scene.walk() if isinstance(t, Text) and g.kind == "value op"]
        assert sign in found, (sign, found)
        assert len([g for g in scene.groups() if g.kind == "value leaf"]) == 1


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        (lambda a, b: a * b + 1.0, "y = ab + 1"),
        (lambda a, b: (a + b) * 2.0, "y = (a + b) · 2"),
        (lambda a, b: a - (b - a), "y = a − (b − a)"),
        (lambda a, b: (a + b) ** 2, "y = (a + b)2"),
        (lambda a, b: (a * b).exp(), "y = eab"),
        (lambda a, b: a.tanh() * b, "y = tanh(a)b"),
        (lambda a, b: -(a + b), "y = −(a + b)"),
        (lambda a, b: a / (b + 1.0), "y = ab + 1"),  # a fraction: read from top to bottom
    ],
)
def test_the_formula(expression: object, written: str) -> None:
    y = expression(Scalar(1.0, "a"), Scalar(2.0, "b"))  # type: ignore[operator]
    scene = draw(y, names={"y": y}).scene
    heading = next(g for g in scene.groups() if g.kind == "formula")
    assert "".join(t.string for _, t in heading.walk() if isinstance(t, Text)) == written


def test_a_title_takes_the_formula_s_place() -> None:
    scene = draw(neuron(), title="A neuron").scene
    assert not [g for g in scene.groups() if g.kind == "formula"]
    assert next(t.string for t in scene.items if isinstance(t, Text)) == "A neuron"


def test_nothing_overlaps(scene: Scene) -> None:
    """Numbers, names, circles and chips keep clear of each other."""
    formula = {id(t) for g in scene.groups() if g.kind == "formula" for _, t in g.walk()}
    boxes = [
        (t.string, t.box())
        for g, t in scene.walk()
        if isinstance(t, Text) and t.string.strip() and id(t) not in formula and g.kind != "chip"
    ]
    boxes += [("chip", g.box) for g in scene.groups() if g.kind == "chip" and g.box]
    for i, (a, box) in enumerate(boxes):
        for b, other in boxes[:i]:
            assert not overlap(box, other, -1.5), f"{a!r} on {b!r}"


def test_everything_lies_on_the_page(scene: Scene) -> None:
    page = (0.0, 0.0, scene.width, scene.height)
    for _, t in scene.walk():
        if isinstance(t, Text):
            assert inside(t.box(), page), t.string


def test_titles_and_valid_xml(scene: Scene) -> None:
    ids = [g.id for g in scene.groups() if g.id]
    assert len(ids) == len(set(ids))
    assert all(g.title for g in scene.groups() if g.kind and g.kind.split()[0] in ("value", "edge", "module"))
    from autograd_cnn.drawing.canvas.svg import write

    ElementTree.fromstring(write(scene))


def test_no_gradient_is_a_sign_not_a_number() -> None:
    from dataclasses import replace

    graph = graphs.sigmoid_neuron()
    values = tuple(replace(v, grad=None) if v.name == "w0" else v for v in graph.values)
    scene = draw(replace(graph, values=values), backward=True).scene
    assert numbers(scene, "t-w0") == ["w0", "2.00"]
