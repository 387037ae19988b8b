"""What holds for every picture of a graph: nothing overlaps, no text leaves its box, everything can be read, the same bytes."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree
from xml.parsers import expat

import pytest

from autograd_cnn.drawing.canvas.geometry import inside, overlap
from autograd_cnn.drawing.canvas.scene import Box, Group, Path, Rect, Scene, Text
from autograd_cnn.drawing.canvas.svg import write
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.drawing.canvas.theme import colour, contrast
from autograd_cnn.drawing.tensor_graph.cards import Style
from autograd_cnn.drawing.tensor_graph.figure import tensor_figure
from autograd_cnn.drawing.view.builder import view_of
from autograd_cnn.drawing.view.folding import Fold
from autograd_cnn.drawing.view.naming import subtitle_of
from autograd_cnn.graph.graph import Graph

from .corpus import HAND, PROGRAMS, RANDOM, random_program, recorded


def picture(graph: Graph, backward: bool = True, depth: int | str | None = None, engine: str = "auto", lang: str = "en") -> Scene:
    words = Words(lang)
    view = view_of(graph, Fold() if isinstance(depth, str) else Fold(depth, "none"))
    return tensor_figure(view, Style(words, backward), "Net", subtitle_of(view, words, 2), engine)


QUICK = [
    *((name, backward, depth, "auto") for name in HAND for backward in (False, True) for depth in (None, 1)),
    *((name, True, None, "layered") for name in HAND),
    *((seed, True, None, "auto") for seed in list(RANDOM)[::3]),
    *((seed, True, 1, "auto") for seed in list(RANDOM)[::8]),
    *((seed, True, None, "layered") for seed in list(RANDOM)[::8]),
    *((name, True, "folded", "auto") for name in PROGRAMS),
    *((name, True, 1, "layered") for name in list(PROGRAMS)[::2]),
]
EVERY = [
    *((seed, True, None, engine) for seed in RANDOM for engine in ("auto", "layered")),
    *((seed, True, 1, "auto") for seed in list(RANDOM)[::4]),
]
CASES = [*QUICK, *(pytest.param(case, marks=pytest.mark.slow) for case in EVERY if case not in QUICK)]


@pytest.fixture(params=CASES, ids=lambda c: f"{c[0]}-{'backward' if c[1] else 'forward'}-{c[2]}-{c[3]}", scope="module")
def scene(request: pytest.FixtureRequest) -> Scene:
    name, backward, depth, engine = request.param
    graph = HAND[name]() if name in HAND else recorded(name) if name in PROGRAMS else random_program(name)
    return picture(graph, backward, depth, engine)


def boxes(scene: Scene, *kinds: str) -> list[Group]:
    return [g for g in scene.groups() if g.box is not None and g.kind is not None and g.kind.split()[0] in kinds]


def at(g: Group) -> Box:
    assert g.box is not None
    return g.box


def cards(scene: Scene) -> list[Group]:
    return [g for g in boxes(scene, "op", "tensor", "module") if g.kind != "module"]


def texts(scene: Scene) -> list[tuple[Group, Text]]:
    return [(g, t) for g, t in scene.walk() if isinstance(t, Text) and t.string.strip()]


def test_no_text_leaves_its_box(scene: Scene) -> None:
    for group, text in texts(scene):
        if group.box is not None:
            assert inside(text.box(), group.box, 0.5), f"{text.string!r} leaves {group.id}"


def test_everything_lies_on_the_page(scene: Scene) -> None:
    page: Box = (0.0, 0.0, scene.width, scene.height)
    for _, text in texts(scene):
        assert inside(text.box(), page), text.string
    for g in scene.groups():
        assert g.box is None or inside(g.box, page), g.id


def test_cards_do_not_overlap(scene: Scene) -> None:
    found = cards(scene)
    for i, a in enumerate(found):
        for b in found[:i]:
            assert not overlap(at(a), at(b), 4.0), f"{a.id} and {b.id}"


def test_panels_hold_their_cards_and_no_others(scene: Scene) -> None:
    panels = [g for g in boxes(scene, "module") if g.kind == "module"]
    for p in panels:
        for other in [*cards(scene), *panels]:
            if other is p:
                continue
            one, two = at(p), at(other)
            assert not overlap(one, two) or inside(two, one) or inside(one, two), f"{other.id} on the border of {p.id}"


def test_no_text_on_a_card_of_another(scene: Scene) -> None:
    """Numbers beside lanes and the headers of panels stay clear of cards, and of each other."""
    loose = [t for g, t in texts(scene) if g.box is None or g.kind == "module"]
    found = cards(scene)
    for t in loose:
        for c in found:
            assert not overlap(t.box(), at(c)), f"{t.string!r} on {c.id}"
    for i, a in enumerate(loose):
        for b in loose[:i]:
            assert not overlap(a.box(), b.box(), -1.0), f"{a.string!r} on {b.string!r}"


def test_edges_end_at_borders(scene: Scene) -> None:
    """The ends of an edge touch the border of their cards, and no edge runs through a card."""
    by_id = {g.id: g for g in scene.groups() if g.id}
    for g in scene.groups():
        if g.kind != "edge" or "tail" not in g.data:
            continue
        tail, head = at(by_id[g.data["tail"]]), at(by_id[g.data["head"]])
        points = [p for item in g.items if isinstance(item, Path) for p in item.points()]
        top, bottom = min(y for _, y in points), max(y for _, y in points)
        assert top - (tail[1] + tail[3]) == pytest.approx(1.5, abs=0.2)
        assert head[1] - bottom == pytest.approx(1.5, abs=0.2)
        for x in (p[0] for p in points if p[1] == top):
            assert tail[0] + 2 < x < tail[0] + tail[2] - 2
        for x in (p[0] for p in points if p[1] == bottom):
            assert head[0] + 2 < x < head[0] + head[2] - 2


def test_no_edge_crosses_a_card(scene: Scene) -> None:
    found = cards(scene)
    for g in scene.groups():
        if g.kind != "edge" or "tail" not in g.data:
            continue
        own = (g.data["tail"], g.data["head"])
        for item in g.items:
            if not isinstance(item, Path):
                continue
            points = list(item.points())
            for (x0, y0), (x1, y1) in itertools.pairwise(points):
                for k in range(11):
                    x, y = x0 + (x1 - x0) * k / 10, y0 + (y1 - y0) * k / 10
                    for c in found:
                        if c.id not in own:
                            assert not inside((x, y, 0, 0), at(c)), f"{g.id} crosses {c.id}"


def test_everything_has_a_title_and_an_own_id(scene: Scene) -> None:
    ids = [g.id for g in scene.groups() if g.id]
    assert len(ids) == len(set(ids))
    for g in scene.groups():
        if g.kind in ("edge", "op", "tensor", "module", "chip"):
            assert g.title or g.kind == "chip"
    assert scene.title
    assert len(scene.desc) > 40


def test_valid_xml_for_two_parsers(scene: Scene) -> None:
    source = write(scene, "auto", "p-")
    root = ElementTree.fromstring(source)
    assert root.get("role") == "img"
    expat.ParserCreate().Parse(source, True)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(str(i).startswith("p-") for i in ids)
    labelled = (root.get("aria-labelledby") or "").split()
    assert all(i in ids for i in labelled)


def test_readable_contrast(scene: Scene) -> None:
    """Every text on the paper it really stands on: at least 4.5 : 1, in each theme."""
    for theme in ("light", "dark", "print"):
        papers: list[tuple[Box, str]] = [((0, 0, scene.width, scene.height), "paper")]
        for _, item in scene.walk():
            if isinstance(item, Rect) and item.fill and not item.fill.startswith("#"):
                papers.append(((item.x, item.y, item.width, item.height), item.fill))
            elif isinstance(item, Text):
                x, y, w, h = item.box()
                under = [fill for box, fill in papers if inside((x + w / 2, y + h / 2, 0, 0), box)][-1]
                for run in item.runs:
                    ratio = contrast(colour(run.ink, theme), colour(under, theme))
                    assert ratio >= 4.5, f"{run.ink} on {under} in {theme}: {ratio:.2f}"


@pytest.mark.parametrize("name", list(HAND))
def test_same_graph_same_bytes(name: str) -> None:
    assert write(picture(HAND[name]())) == write(picture(HAND[name]()))


def test_the_corpus_is_large() -> None:
    assert len(HAND) + len(PROGRAMS) + len(RANDOM) >= 60


def test_dark_mode_covers_every_ink() -> None:
    source = write(picture(HAND["lenet"]()))
    sheet = source[source.index("<style>") : source.index("</style>")]
    classes = {c for e in ElementTree.fromstring(source).iter() for c in (e.get("class") or "").split()}
    inks = {c for c in classes if c.startswith(("f-", "s-"))}
    assert inks
    assert all(f".{c}{{" in sheet for c in inks)
    body = source[source.index("</style>") :]
    import re

    for tag in re.findall(r"<(?:rect|path|circle|text|tspan)[^>]*>", body):
        for what, kind in (("fill", "f-"), ("stroke", "s-")):
            painted = re.search(rf' {what}="#', tag)
            assert not painted or kind in tag, f"no dark colour for {tag}"


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_fixed_themes_have_no_style_sheet(theme: str) -> None:
    source = write(picture(HAND["mlp"]()), theme)
    assert "<style>" not in source
    assert colour("paper", theme) in source


def test_german_captions() -> None:
    source = write(picture(HAND["lenet"](), lang="de"))
    assert "So liest man das Bild" in source
    assert 'lang="de"' in source
    assert "keeps" not in source[source.index("</desc>") :].replace("; keeps", "").replace("keeps nothing for", "")
