"""How the site's pages are made: links, formulas, figures, outputs of notebooks."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest

if importlib.util.find_spec("latex2mathml") is None:
    pytest.skip('without what pip install -e ".[docs]" brings', allow_module_level=True)

from autograd_cnn import Scalar, draw
from autograd_cnn.drawing.canvas.theme import ROLES
from docs.site import lectures, pictures, sources
from docs.site.formulas import mathml
from docs.site.parts import Parts, colours

from . import crawl

pytestmark = pytest.mark.slow  # they run where the site can be built


def test_links_lead_to_pages() -> None:
    text = "[a](docs/architecture.md#words), [b](https://x.org), `[c](no.md)`, [d](notebooks/03_convolution.ipynb)\n\n```python\n[e](no.md)\n```\n"
    made = sources.rewritten(text, "README.md", "tour.md", Parts())
    assert "[a](architecture/index.md#words), [b](https://x.org), `[c](no.md)`, [d](lectures/03_convolution.md)" in made
    assert "[e](no.md)" in made
    there = sources.rewritten("[x](../../README.md)", "docs/testing/README.md", "guides/testing/index.md", Parts())
    assert there == "[x](../../index.md)"
    with pytest.raises(ValueError, match=r"a link to no\.md, which is on no page"):
        sources.rewritten("[x](no.md)", "README.md", "index.md", Parts())


def test_pictures_stand_in_the_page() -> None:
    parts = Parts()
    made = sources.rewritten("[![A neuron](docs/neuron.svg)](docs/gallery/README.md#x)", "README.md", "index.md", parts)
    assert made == '[<span data-part="0"></span>](gallery.md#x)'
    assert parts.filled(made).count("<svg ") == 1


def test_a_list_after_a_line() -> None:
    assert sources.spaced("One:\n- a\n- b\n  more\n- c\n\n```\nx\n- y\n```\n") == "One:\n\n- a\n- b\n  more\n- c\n\n```\nx\n- y\n```\n"


def test_two_figures_share_no_ids(tmp_path: Path) -> None:
    x = Scalar(2.0, "x")
    drawing, frames, parts = draw(x * 3.0), draw.steps(x * 3.0), Parts()
    placed = [parts.figure(drawing.svg), parts.figure(drawing.svg), parts.figure(drawing._repr_svg_()), parts.figure(drawing._repr_svg_())]
    placed += [parts.film(frames._repr_html_()), parts.film(frames._repr_html_()), parts.figure(frames.svg), parts.figure(frames.svg)]
    (tmp_path / "page.html").write_text(parts.filled("\n".join(placed)), encoding="utf-8")
    assert not list(crawl.faults(tmp_path))
    seen = crawl.read(tmp_path / "page.html")
    assert len(seen.ids) > 40
    assert "prefers-color-scheme" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_faults_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="x"><p id="x"><a href="b.html"></a><a href="#y"></a><img src="https://x.org/a.png"><img src="no.png">'
        '<style>@import "//x.org/s.css"; p{background:url(no.svg)}</style><a href="https://x.org">read</a><a href="#x"></a>'
    )
    assert list(crawl.faults(tmp_path)) == [
        "a.html: ids that two things have: ['x']",
        "a.html: b.html leads nowhere",
        "a.html: #y: no such place on that page",
        "a.html: loads https://x.org/a.png",
        "a.html: no.png leads nowhere",
        "a.html: loads //x.org/s.css",
        "a.html: no.svg leads nowhere",
    ]


def test_every_ink_has_two_colours() -> None:
    sheet = colours()
    light, dark, *rules = sheet.splitlines()
    assert all(f"--ink-{role}:{inks[0]};" in light and f"--ink-{role}:{inks[1]};" in dark for role, inks in ROLES.items())
    assert len(rules) == 2 * len(ROLES)
    own = re.compile(r"\.[fs]-[\w-]+\{(fill|stroke):var\(--ink-[\w-]+\)\}")
    assert all(map(own.fullmatch, rules)), "a rule that looks at what stands around an element does not reach what `<use>` shows"


def test_formulas() -> None:
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in mathml("x^2")
    assert '<mrow><mi>w</mi><mo lspace="0" rspace="0">′</mo></mrow>' in mathml("w'")
    assert '<mo>=</mo><mo form="prefix">−</mo>' in mathml("y = -4")
    assert "<mi>x</mi><mo>−</mo><mi>y</mi>" in mathml("x - y")
    with pytest.raises(ValueError, match=r"\\nosuch"):
        mathml(r"\nosuch x")


def test_dollars_in_code_are_none() -> None:
    parts = Parts()
    made = parts.with_math("`$HOME` costs $5 \\cdot x$, $|a|$\n\n```sh\n$ ls $HOME\n```\n\n$$y = 1$$")
    assert made.startswith('`$HOME` costs <span data-part="0"></span>, <span data-part="1"></span>\n\n```sh\n$ ls $HOME\n```')
    assert '<div data-part="2"></div>' in made
    assert 'display="block"' in parts.filled(made)


def test_outputs_of_a_cell() -> None:
    parts = Parts()
    made = lectures.shown(
        [
            {"output_type": "stream", "name": "stdout", "text": ["a\n"]},
            {"output_type": "stream", "name": "stdout", "text": ["b\n"]},
            {"output_type": "execute_result", "data": {"text/plain": "3"}},
            {"output_type": "display_data", "data": {"text/plain": "<f>", "text/latex": "$x^2$"}},
            {"output_type": "display_data", "data": {"text/plain": "<t>", "text/html": "<table></table>"}},
            {"output_type": "display_data", "data": {"text/plain": "<d>", "image/svg+xml": draw(Scalar(1.0) * 2).svg}},
        ],
        parts,
    )
    assert made[0] == "``` { .text .output }\na\nb\n```"
    assert made[1] == "``` { .text .output }\n3\n```"
    assert "<msup>" in parts.filled(made[2])
    assert "<table>" in parts.filled(made[3])
    assert "<svg " in parts.filled(made[4])
    with pytest.raises(ValueError, match="'error'"):
        lectures.shown([{"output_type": "error"}], parts)


def test_a_method_finds_its_picture() -> None:
    assert set(pictures.calls(ast.parse("draw.beside(draw.pooling(x, 2)[0], draw(y))"))) == {"beside", "pooling", ""}
    found = pictures.Pictures(Parts())
    assert "From the gallery" in found.of("confusion")
    assert "unpooling-with-switches" in found.of("unpooling")
    with pytest.raises(LookupError, match=r"draw\.nothing: no picture"):
        found.of("nothing")


def test_sections_and_blocks() -> None:
    text = "# T\nx\n## A\n```sh\n## no\n```\n## B\nb\n"
    assert sources.sections(text) == [("", "# T\nx\n"), ("A", "## A\n```sh\n## no\n```\n"), ("B", "## B\nb\n")]
    assert [kind for kind, _ in sources.blocks(text)] == ["", "sh", ""]


def test_a_folder_of_somebody_else_is_not_emptied(tmp_path: Path) -> None:
    from docs.site.build import build, check_folder

    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    for taken in (tmp_path, tmp_path / "mine"):
        with pytest.raises(FileExistsError, match="expected"):
            build(taken)
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"
    check_folder(tmp_path / "new")
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "search_index.json").write_text("{}", encoding="utf-8")
    check_folder(tmp_path)
