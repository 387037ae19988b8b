"""The passes of a large graph in a real browser: the camera stays on the operation at work, the whole stands beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import draw, nn
from autograd_cnn.drawing import Frames

from ..browser import chromium

pytestmark = pytest.mark.slow
WINDOW = {"width": 1280, "height": 720}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def deep() -> Frames:
    ac.manual_seed(0)
    net = nn.Sequential(*itertools.chain.from_iterable((nn.Linear(4, 4), nn.Tanh()) for _ in range(12)))
    return draw.steps((net(ac.rand(2, 4)) ** 2).mean())


def shown(browser: Any, frames: Frames, path: Path, said: list[str]) -> Any:
    frames.save(path)
    page = browser.new_page(viewport=WINDOW, reduced_motion="reduce", offline=True)
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    page.goto(f"file://{path}")
    return page


def test_the_camera_follows_the_step(browser: Any, tmp_path: Path) -> None:
    said: list[str] = []
    frames = deep()
    page = shown(browser, frames, tmp_path / "deep.html", said)
    for k in range(1, len(frames)):
        page.keyboard.press("ArrowRight")
        x, y, w, h = (float(v) for v in page.locator("main>svg").get_attribute("viewBox").split())
        box = page.locator("main>svg").bounding_box()
        assert w / box["width"] == pytest.approx(1.0, abs=0.01)  # its own size
        at = frames.scenes[k].data.get("at")
        if at is not None:
            assert x <= at[0] and at[0] + at[2] <= x + w and y <= at[1] and at[1] + at[3] <= y + h
        saying = page.locator("#saying").bounding_box()  # what the step says is on the screen, and readable
        assert saying["y"] + saying["height"] <= 720 and saying["height"] >= 13
        sight = page.locator("#overview rect").bounding_box()
        whole = page.locator("#overview").bounding_box()
        assert whole["y"] - 1 <= sight["y"] and sight["y"] + sight["height"] <= whole["y"] + whole["height"] + 1
    page.locator("#follow").uncheck()
    assert page.locator("main>svg").get_attribute("viewBox").split()[:2] == ["0", "0"]
    assert not page.locator("#overview").is_visible() and not page.locator("#saying").is_visible()
    page.close()
    assert not said


def test_what_fits_the_window_is_shown_whole(browser: Any, tmp_path: Path) -> None:
    said: list[str] = []
    page = shown(browser, draw.steps((ac.ones(3, requires_grad=True) ** 2).sum()), tmp_path / "small.html", said)
    page.keyboard.press("ArrowRight")
    assert not page.locator("#follow").is_visible() and not page.locator("#overview").is_visible()
    assert page.locator("main>svg").get_attribute("viewBox").split()[:2] == ["0", "0"]
    page.close()
    assert not said
