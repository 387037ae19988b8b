"""The golden figures look as they did; the contact sheet shows them all."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from autograd_cnn.drawing.canvas.svg import write
from autograd_cnn.drawing.layout.place import place
from autograd_cnn.drawing.layout.request import Node, Request

from . import contact_sheet, sound
from .golden import OUTLINES, drawn, load, outline

PARTS = re.compile(r"^( *(?:\[.*\]|image)? ?)((?:-?\d+(?: |$)){0,4})(.*)$")  # what it is, its place, what is written


def has_graphviz() -> bool:
    return place(Request([Node("a", 1, 1, 1)], [])).engine == "wasm"


def same(ours: str, golden: str) -> bool:
    """Equal but for places a pixel or so apart: arithmetic differs in its last bit between machines. What is written must be the same."""
    (names, places, words), (names2, places2, words2) = PARTS.match(ours).groups(), PARTS.match(golden).groups()  # type: ignore[union-attr]
    near = [abs(int(a) - int(b)) <= 2 for a, b in zip(places.split(), places2.split(), strict=False)]
    return (names, words, len(places.split())) == (names2, words2, len(places2.split())) and all(near)


@pytest.mark.parametrize("name", list(load()))
def test_golden_figure(name: str) -> None:
    figure = load()[name]()
    sound.check(figure.scene)
    if not has_graphviz():
        pytest.skip("another layout engine gives other places")
    path = OUTLINES / f"{name}.txt"
    assert path.exists(), f"no outline of {name}: python -m tests.drawing.contact_sheet --write {name}"
    for ours, golden in itertools.zip_longest(outline(figure.scene).splitlines(), path.read_text("utf-8").splitlines(), fillvalue=""):
        assert same(ours, golden), f"{name} changed; if that is meant: python -m tests.drawing.contact_sheet --write {name}"
    for theme in ("auto", "light", "dark", "print"):
        ElementTree.fromstring(write(figure.scene, theme))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(load()))
def test_golden_figure_is_sound_in_german(name: str) -> None:
    sound.check(drawn(name, "de").scene)


def test_no_outline_without_its_figure() -> None:
    assert {p.stem for p in OUTLINES.glob("*.txt")} == set(load())


def test_the_contact_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "sheet.html"
    contact_sheet.main(["two_nodes", "training_curves", "-o", str(target)])
    page = target.read_text("utf-8")
    assert page.count("<svg") == 4
    assert "2 figures" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        contact_sheet.main(["nothing"])
