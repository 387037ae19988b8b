"""What every figure must be: all of it on the page, no text on another, each part named, the source valid."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from autograd_cnn.drawing.canvas.geometry import inside, overlap
from autograd_cnn.drawing.canvas.scene import Box, Circle, Image, Path, Rect, Scene, Text
from autograd_cnn.drawing.canvas.svg import write
from autograd_cnn.drawing.canvas.theme import colour, contrast


def texts(scene: Scene) -> list[str]:
    return [t.string for _, t in scene.walk() if isinstance(t, Text)]


def check(scene: Scene, papers: bool = True) -> None:
    """Everything on the page, no text on another, readable, titled, valid XML with ids of its own."""
    page: Box = (0.0, 0.0, scene.width, scene.height)
    written = [(g, t) for g, t in scene.walk() if isinstance(t, Text) and t.string.strip()]
    boxes = [t.box() for _, t in written]
    for i, (g, t) in enumerate(written):
        box = boxes[i]
        assert inside(box, page), f"{t.string!r} leaves the page: {box} in {page}"
        if g.box is not None:
            assert inside(box, g.box, 0.5), f"{t.string!r} leaves {g.id}"
        for (h, other), taken in zip(written[:i], boxes, strict=False):
            if g.kind == h.kind == "points":
                continue  # marks stand where the data are
            assert not overlap(box, taken, -0.5), f"{t.string!r} on {other.string!r}"
    for _, item in scene.walk():
        if isinstance(item, Rect | Image):
            assert inside((item.x, item.y, item.width, item.height), page, 0.5), item
        elif isinstance(item, Circle):
            assert inside((item.x - item.radius, item.y - item.radius, 2 * item.radius, 2 * item.radius), page, 0.5), item
        elif isinstance(item, Path):
            for x, y in item.points():
                assert inside((x, y, 0, 0), page, 0.5), item
    assert scene.title
    assert len(scene.desc) > 30
    if papers:
        _contrast(scene)
    root = ElementTree.fromstring(write(scene, "auto", "p-"))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))


def _contrast(scene: Scene) -> None:
    """Every text is readable on the rectangle it stands on."""
    papers: list[tuple[Box, str]] = [((0, 0, scene.width, scene.height), "paper")]
    for _, item in scene.walk():
        if isinstance(item, Rect) and item.fill:
            papers.append(((item.x, item.y, item.width, item.height), item.fill))
        elif isinstance(item, Text):
            x, y, w, h = item.box()
            under = [fill for box, fill in papers if inside((x + w / 2, y + h / 2, 0, 0), box)][-1]
            for run in item.runs:
                for theme in ("light", "dark", "print"):
                    paper = under if under.startswith("#") else colour(under, theme)
                    ink = run.ink if run.ink.startswith("#") else colour(run.ink, theme)
                    assert contrast(ink, paper) >= 4.5, f"{run.text!r}: {run.ink} on {under} in {theme}"
