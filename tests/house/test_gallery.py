"""The gallery shows what its snippets draw."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from autograd_cnn import manual_seed
from autograd_cnn.drawing.layout.place import place
from autograd_cnn.drawing.layout.request import Node, Request

from ..drawing import golden

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from docs.gallery import __main__ as gallery  # noqa: E402  # a folder of documents, found from the root alone

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def close(one: str, other: str) -> bool:
    """The same text, numbers a rounding apart: arithmetic differs in its last bit between machines."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= 0.011 for a, b in pairs)


@pytest.mark.parametrize("snippet", gallery.snippets(), ids=lambda p: p.stem)
def test_the_picture_is_what_the_snippet_draws(snippet: Path) -> None:
    if place(Request([Node("a", 1, 1, 1)], [])).engine != "wasm":
        pytest.skip("another layout engine gives other places")
    kept = snippet.with_suffix(".svg").read_text("utf-8")
    drawn = gallery.drawn(snippet)
    manual_seed(0)
    assert drawn == kept or close(drawn, kept), f"python -m docs.gallery {snippet.stem} redraws it"
    assert len(kept) < 80_000


def test_the_page_is_made_of_the_snippets() -> None:
    assert gallery.page() == (ROOT / "docs" / "gallery" / "README.md").read_text("utf-8"), "python -m docs.gallery writes it"
    assert {p.stem for p in (ROOT / "docs" / "gallery").glob("*.svg")} == {p.stem for p in gallery.snippets()}


def test_every_figure_is_in_the_gallery() -> None:
    sources = "\n".join(p.read_text("utf-8") for p in gallery.snippets())
    assert [name for name in sorted(golden.drawing_methods()) if f"draw.{name}(" not in sources] == []


def test_each_snippet_says_what_it_shows() -> None:
    for snippet in gallery.snippets():
        heading, picture, text, *code = gallery.section(snippet).split("\n\n")
        assert heading.startswith("## ")
        assert picture == f"![{heading[3:]}]({snippet.stem}.svg)"
        assert text.endswith(".")
        assert "figure = " in "\n\n".join(code)


def test_a_difference_is_found() -> None:
    assert close('x="1.25" y="3"', 'x="1.26" y="3"')
    assert not close('x="1.25"', 'x="1.35"')
    assert not close('x="1.25"', 'y="1.25"')
