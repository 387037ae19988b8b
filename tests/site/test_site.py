"""The site as it is built: whole, linked, without the net."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.gallery.__main__ import snippets
from docs.reference import drawings, pages
from tests.browser import chromium
from tools import notebooks

from . import crawl

ROOT = Path(__file__).parents[2]
NOTEBOOKS = notebooks.names()
LECTURES = [n for n in NOTEBOOKS if n[0].isdigit()]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("material", "latex2mathml"))), reason='without what pip install -e ".[docs]" brings'
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once."""
    folder = tmp_path_factory.mktemp("site")
    began = time.perf_counter()
    run = subprocess.run([sys.executable, "-m", "docs.site", str(folder)], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert str(folder / "index.html") in run.stdout
    print(f"built in {time.perf_counter() - began:.0f} s")
    return folder


def shown(site: Path, page: str) -> str:
    """A page's HTML."""
    return (site / page).read_text(encoding="utf-8")


def drawn(html: str) -> int:
    """How many drawings are on it."""
    return len(re.findall(r'<(?:figure|span) class="drawing[^>]*>(?:(?!</figure>|</span>).)*?<svg ', html, re.S))


def test_every_link_and_picture_leads_somewhere_and_nothing_is_fetched(site: Path) -> None:
    assert not list(crawl.faults(site))


def test_scripts_fetch_nothing_unless_asked(site: Path) -> None:
    """The theme's script loads Mermaid and a repository's numbers from the net, where a page has a place for them; none has."""
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert not re.search(r'class="[^"]*\bmermaid\b|data-md-component="source"|fonts\.googleapis|data-part=', html), page


def test_start_and_tour(site: Path) -> None:
    assert drawn(shown(site, "index.html")) == 1
    tour = shown(site, "tour.html")
    assert drawn(tour) >= 2 + 4  # what its snippets save, and four of the gallery
    assert "SwishBackward0" in tour


def test_the_gallery_has_every_picture(site: Path) -> None:
    assert drawn(shown(site, "gallery.html")) == len(snippets())


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook(site: Path, name: str) -> None:
    html = shown(site, f"lectures/{name}.html")
    cells = notebooks.read(name)["cells"]
    outputs = [o.get("data", {}) for c in cells if c["cell_type"] == "code" for o in c["outputs"]]
    films = [d for d in outputs if "<svg" in "".join(d.get("text/html", ""))]
    assert html.count('class="drawing film"') == len(films)
    assert drawn(html) == sum("image/svg+xml" in d for d in outputs)
    seen = crawl.read(site / "lectures" / f"{name}.html")
    assert len(seen.text) > sum(len(notebooks.source(c)) for c in cells) / 2
    assert "$" not in re.sub(r"<(pre|code|script)[ >].*?</\1>", "", html, flags=re.S), "a formula that was not set"
    for film in films:
        frames = len(re.findall(r'<input type="radio"', "".join(film["text/html"])))
        assert html.count('type="radio" name="p') >= frames > 1
    if name in LECTURES:
        assert f"{name}.ipynb" in seen.links
        assert (site / "lectures" / f"{name}.ipynb").read_bytes() == (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()


@pytest.mark.parametrize("method", drawings.methods())
def test_every_figure_has_a_picture_and_its_options(site: Path, method: str) -> None:
    name = drawings.called(method)
    at = next(p for p in pages.pages() if p.section == drawings.SECTION and name in [e.name for e in p.entries])
    html = shown(site, f"reference/{Path(at.path).with_suffix('.html')}")
    part = html[html.index(f'<h2 id="{name}"') :].split("<h2 ", 2)[1]
    assert "<svg " in part or "<math " in part
    assert all(f"<code>{option}</code>" in part or f"*{option}</code>" in part for option in drawings.options(method))


def test_every_entry_of_the_reference(site: Path) -> None:
    for p in pages.pages():
        found = set(re.findall(r'<h2 id="([^"]+)"', shown(site, f"reference/{Path(p.path).with_suffix('.html')}")))
        assert {e.anchor for e in p.entries} <= found, p.path


def test_the_search_index(site: Path) -> None:
    text = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    found = json.loads(text.removeprefix("var __index = "))["docs"]
    for term, page in (
        ("Rückmeldung", "lectures/02_backpropagation.html"),
        ("draw.saliency", "reference/drawings/plots.html#draw.saliency"),
        ("save_checkpoint", "guides/checkpoints.html"),
        ("Unpooling with switches", "gallery.html"),
        ("nn.functional.conv2d", "reference/operations/"),
    ):
        assert any(term in d["text"] + d["title"] and d["location"].startswith(page) for d in found), term
    assert len(text) < 5_000_000
    assert "×0.37" not in text, "labels of figures are no words to search for"


@pytest.fixture
def browser() -> Iterator[object]:
    """Chromium, where there is one."""
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_in_a_browser_from_the_disk(site: Path, browser, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else wrong.append(r.url))
    page.on("pageerror", lambda e: wrong.append(str(e)))
    for at in ("index.html", "tour.html", "gallery.html", "lectures/01_computational_graphs.html", "reference/drawings/plots.html"):
        page.goto((site / at).as_uri())
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{at} is wider than the screen"
        paper = page.locator(".drawing svg .f-paper").first
        assert paper.evaluate("e => getComputedStyle(e).fill") == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(17, 22, 28)")

    page.goto((site / "lectures" / "01_computational_graphs.html").as_uri())
    film = page.locator(".film").first
    visible = "gs => gs.filter(g => getComputedStyle(g).visibility == 'visible').map(g => g.id.split('frame-')[1])"
    assert film.locator("g.frame").evaluate_all(visible) == ["1"]
    film.locator("input").nth(2).click()
    assert film.locator("g.frame").evaluate_all(visible) == ["3"]

    figure = page.locator(".drawing.shrunk").first
    figure.click(position={"x": 5, "y": 5})
    drawn, natural = figure.locator("svg").evaluate("e => [e.getBoundingClientRect().width, e.width.baseVal.value]")
    assert drawn == pytest.approx(natural)
    page.keyboard.press("Escape")
    assert figure.locator("svg").evaluate("e => e.getBoundingClientRect().width") < natural

    if width > 1000:
        page.locator("input.md-search__input").click()
        page.keyboard.type("saliency")
        page.wait_for_selector(".md-search-result__item", timeout=10_000)
        assert "Kernels, activations, curves" in page.inner_text(".md-search-result__list")
    assert not wrong
