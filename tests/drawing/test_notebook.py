"""What a notebook shows of drawings: run by a kernel, written as HTML as JupyterLab and VS Code show it, opened in a real browser."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..browser import chromium

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
CELLS = (
    "import autograd_cnn as ac\nfrom autograd_cnn import draw, nn\nac.manual_seed(0)\nnet, x = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), ac.rand(2, 4)",
    "draw((net(x) ** 2).sum(), backward=True)",
    "draw.steps((net(x) ** 2).sum())",
    "draw.explore(net, x)",
    "draw.surface(lambda x, y: x**2 + y**2, bounds=((-1, 1), (-1, 1)))",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def notebook() -> Any:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    known = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), known])
    try:
        return nbclient.NotebookClient(made, timeout=240).execute()
    finally:
        os.environ["PYTHONPATH"] = known


def written(notebook: Any, tmp_path: Path, **options: Any) -> Path:
    exporter = pytest.importorskip("nbconvert").HTMLExporter(**options)
    path = tmp_path / "notebook.html"
    path.write_text(exporter.from_notebook_node(notebook)[0], "utf-8")
    return path


def opened(browser: Any, path: Path, said: list[str]) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, offline=True)
    page.on("pageerror", lambda e: said.append(str(e)))
    page.goto(f"file://{path}", wait_until="domcontentloaded")
    return page


def test_each_drawing_shows_itself(browser: Any, notebook: Any, tmp_path: Path) -> None:
    said: list[str] = []
    page = opened(browser, written(notebook, tmp_path), said)
    outputs = page.locator(".jp-OutputArea-output")
    drawn = outputs.locator("svg").first
    assert drawn.is_visible()
    page.locator("iframe").scroll_into_view_if_needed()  # it is loaded when it is seen
    frame = page.frame_locator("iframe")
    frame.locator(".node").first.wait_for()
    assert frame.locator(".node").count() >= 4
    buttons = page.locator(".jp-OutputArea-output input[type=radio]")  # of the steps: their frames, without a script
    shown = page.locator(".jp-OutputArea-output g.frame")
    assert buttons.count() > 4 and shown.nth(0).evaluate("g => getComputedStyle(g).visibility") == "hidden"  # the second stands first
    buttons.nth(1).check()
    assert shown.nth(0).evaluate("g => getComputedStyle(g).visibility") == "visible"
    page.close()
    assert not [s for s in said if "explorer" in s or "draw" in s]


def test_a_picture_stands_alone(browser: Any, notebook: Any, tmp_path: Path) -> None:
    """JupyterLab shows an SVG through <img>: no style of the page and no script reaches it, and a fault in its XML leaves nothing."""
    pictures = [o["data"]["image/svg+xml"] for c in notebook.cells for o in c.outputs if "image/svg+xml" in o.get("data", {})]
    assert len(pictures) == 4  # the explorer has one too, for where no page is shown
    sources = ["data:image/svg+xml;base64," + base64.b64encode("".join(p).encode()).decode() for p in pictures]
    path = tmp_path / "pictures.html"
    path.write_text("<!DOCTYPE html><body>" + "".join(f'<img src="{s}">' for s in sources) + "</body>", "utf-8")
    page = opened(browser, path, [])
    sizes = page.evaluate("Promise.all([...document.images].map(i => i.decode().then(() => [i.naturalWidth, i.naturalHeight])))")
    assert all(w > 200 and h > 200 for w, h in sizes)
    page.close()


def test_what_a_notebook_that_is_not_trusted_leaves(notebook: Any, tmp_path: Path) -> None:
    """Without scripts and frames the still figure is there for every drawing, and its words are."""
    for cell in notebook.cells[1:]:
        (output,) = [o for o in cell.outputs if "data" in o]
        assert "".join(output["data"]["image/svg+xml"]).count("<text") > 5
        assert output["data"]["text/plain"].startswith("<")
