"""The studio in a real browser: a seven drawn by mouse is read, a unit says what the engine says."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd_cnn.studio.looking import Look
from autograd_cnn.studio.server import part
from autograd_cnn.studio.trained import digit_examples, digits_subject

from ..browser import chromium

pytestmark = pytest.mark.slow
pytest.importorskip("tornado", reason="the extra studio is not installed")


def started(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd_cnn", "studio", "--no-browser", "--port", "0", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, re.search(r"http://\S+", process.stdout.readline())[0]  # type: ignore[index]


def ended(process: subprocess.Popen[str]) -> None:
    """Ctrl-C ends it at once, and well."""
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def studio() -> Iterator[str]:
    process, address = started()
    yield address
    ended(process)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def until(page: Any, condition: str, seconds: float = 20) -> None:
    """The page's policy forbids what Playwright's own waiting does."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"{condition} was not so: {page.inner_text('#status')}"
        time.sleep(0.03)


@pytest.fixture
def visit(browser: Any, studio: str) -> Iterator[Callable[..., Any]]:
    said: list[str] = []
    left: list[str] = []
    contexts = []

    def opened(address: str = studio, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: said.append(str(e)))
        page.on("request", lambda r: left.append(r.url) if not re.match(r"(blob:)?http://localhost:|data:", r.url) else None)
        page.goto(address)
        until(page, "!!(window.studio && studio.seen && studio.view)")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not said and not left


def draw_seven(page: Any) -> None:
    box = page.locator("#pad").bounding_box()

    def at(u: float, v: float) -> tuple[float, float]:
        return box["x"] + u * box["width"], box["y"] + v * box["height"]

    page.mouse.move(*at(0.3, 0.25))
    page.mouse.down()
    for i in range(12):
        page.mouse.move(*at(0.3 + 0.4 * i / 11, 0.25))
    for i in range(12):
        page.mouse.move(*at(0.7 - 0.25 * i / 11, 0.25 + 0.55 * i / 11))
    page.mouse.up()
    until(page, "studio.seen > 3 && !studio.waiting && !studio.stale")


def sent(page: Any) -> Any:
    return np.array(page.evaluate("[...studio.pad.numbersNow]"), np.float32).reshape(1, 32, 32)


def test_a_seven_is_read_and_a_unit_is_the_engines(visit: Callable[..., Any]) -> None:
    page = visit()
    draw_seven(page)
    assert page.evaluate("studio.best") == 7
    assert page.locator("#output .first").inner_text().startswith("7")
    until(page, "studio.view === 'space'")
    look = Look(digits_subject())
    maps = look.see(sent(page))
    x, y = page.evaluate("studio.space.onScreen(3, [5, 4, 6])")
    page.mouse.click(x, y)
    until(page, "studio.told?.stage === 3")
    assert page.evaluate("studio.told.place") == [5, 4, 6]
    told = page.evaluate("studio.told")
    assert told["value"] == pytest.approx(float(maps[3][5, 4, 6]), abs=1e-6)
    assert np.dot(told["terms"]["values"], told["terms"]["weights"]) + told["terms"]["bias"] == pytest.approx(told["value"], abs=1e-4)
    assert page.inner_text("#unit-title") == "conv2, map 5, row 4, column 6"
    shown = page.locator("#unit table.chain tr").last.locator("td").last.inner_text().replace("−", "-")
    assert float(shown) == pytest.approx(told["value"], abs=1e-3)


def test_turning_moves_the_net_and_asks_nothing(visit: Callable[..., Any]) -> None:
    page = visit()
    until(page, "studio.view === 'space' && studio.space.frames > 0")
    before = page.evaluate("studio.space.onScreen(1, [0, 0, 0])")
    box = page.locator("#space").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] + 330, steps=5)
    page.mouse.up()
    until(page, f"Math.abs(studio.space.onScreen(1, [0, 0, 0])[0] - {before[0]}) > 5")
    assert page.evaluate("studio.chosen") is None


def test_by_keys_alone(visit: Callable[..., Any]) -> None:
    page = visit()
    page.click("#flat")
    page.click("#examples button:nth-child(4)")
    until(page, "studio.pad.given !== null && !studio.waiting")
    figure = page.locator("#maps figure div").nth(1)
    figure.focus()
    page.keyboard.press("ArrowRight")
    until(page, "studio.told?.stage === 1")
    assert page.evaluate("studio.told.place") == [3, 14, 15]
    page.keyboard.press("PageUp")
    until(page, "studio.told?.stage === 2")
    assert page.evaluate("studio.told.place") == [3, 13, 13]
    assert page.locator(".panel").get_attribute("aria-live") == "polite"


def test_flat_shows_the_bytes_of_the_maps(visit: Callable[..., Any]) -> None:
    page = visit()
    page.click("#flat")
    page.click("#examples button:nth-child(9)")
    until(page, "studio.pad.given !== null && studio.seen > 1 && !studio.waiting")
    maps = Look(digits_subject()).see(sent(page))
    shown = np.array(page.evaluate("[...studio.maps[1].values]")).reshape(maps[1].shape)
    low, high = maps[1].min(), maps[1].max()
    assert np.abs(shown - (maps[1] - low) / (high - low) * 255).max() < 1


def test_backward_and_what_would_make_it_another(visit: Callable[..., Any]) -> None:
    page = visit()
    draw_seven(page)
    page.click("#backward")
    until(page, "!!studio.slopes")
    slopes = Look(digits_subject()).gradients(sent(page), 7)
    shown = np.array(page.evaluate("[...studio.slopes[0]]")).reshape(32, 32) / 255 * 2 - 1
    assert np.abs(shown - slopes[0][0] / np.abs(slopes[0]).max()).max() < 0.01
    page.select_option("#target", "3")
    page.click("#toward")
    until(page, "studio.best === 3", 30)


def test_a_patch_hides_what_is_under_it(visit: Callable[..., Any]) -> None:
    page = visit()
    draw_seven(page)
    before = sent(page)
    page.check("#occlude")
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 70)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 80)
    page.mouse.up()
    changed = sent(page) != before
    assert 0 < changed.sum() <= 81 and set(sent(page)[changed]) == {0.5}
    page.uncheck("#occlude")
    assert np.array_equal(sent(page), before)


def test_a_file_is_taken(visit: Callable[..., Any], tmp_path: Any) -> None:
    from PIL import Image

    picture = digit_examples((1, 64, 64))(2)[0]
    Image.fromarray((picture * 255).astype(np.uint8)).save(tmp_path / "two.png")
    page = visit()
    page.set_input_files("#file", tmp_path / "two.png")
    until(page, "studio.pad.given !== null && !studio.waiting")
    assert 0.5 < sent(page).max() <= 1
    (tmp_path / "none.png").write_bytes(b"no picture")
    page.set_input_files("#file", tmp_path / "none.png")
    until(page, "document.querySelector('#status').textContent.includes('none.png is no picture')")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_sideways_scrolling(visit: Callable[..., Any], width: int, scheme: Any) -> None:
    page = visit(viewport={"width": width, "height": 800}, color_scheme=scheme)
    draw_seven(page)
    page.evaluate("studio.choose(5, [3, 0, 0])")
    until(page, "studio.told?.stage === 5")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('.panel').scrollWidth <= document.querySelector('.panel').clientWidth")


def test_two_pages_and_one_that_is_reloaded(visit: Callable[..., Any]) -> None:
    first, second = visit(), visit()
    draw_seven(first)
    second.click("#examples button:nth-child(1)")
    until(second, "studio.pad.given !== null && !studio.waiting")
    assert first.evaluate("studio.best") == 7
    first.evaluate("studio.choose(0, [0, 2, 2])")
    until(first, "studio.told?.stage === 0")
    subject = digits_subject()
    assert first.evaluate("studio.told.value") == pytest.approx((sent(first)[0, 2, 2] - subject.mean[0]) / subject.std[0])
    second.reload()
    until(second, "!!(window.studio && studio.seen)")


def test_a_server_that_ends_is_said_and_pages_go_on_when_it_is_back(browser: Any) -> None:
    process, address = started()
    page = browser.new_page()
    page.goto(address)
    until(page, "!!(window.studio && studio.seen)")
    process.kill()
    process.communicate()
    until(page, "document.querySelector('#status').textContent.includes('not there any more')")
    page.close()


def test_without_webgl_the_net_is_flat(browser: Any, studio: str) -> None:
    page = browser.new_page()
    page.add_init_script(
        """const before = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return /webgl/.test(kind) ? null : before.call(this, kind, ...rest); };"""
    )
    page.goto(studio)
    until(page, "!!(window.studio && studio.seen && studio.view)")
    assert page.evaluate("studio.view") == "flat" and page.is_disabled("#in-space")
    page.close()


def test_another_network_with_its_weights(browser: Any, tmp_path: Any) -> None:
    import autograd_cnn as ac
    from autograd_cnn.serialization import save_file

    ac.manual_seed(5)
    model = ac.vision.models.get_model("cifar_resnet20")
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    names = ["<img src=x onerror=alert(1)>", *"bcdefghij"]
    (tmp_path / "classes.txt").write_text("\n".join(names), encoding="utf-8")
    process, address = started(
        "cifar_resnet20",
        "--weights",
        str(tmp_path / "weights.safetensors"),
        "--classes",
        str(tmp_path / "classes.txt"),
        "--mean",
        "0.5",
        "--std",
        "0.25",
    )
    said: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda e: said.append(str(e)))
    page.on("dialog", lambda d: said.append(d.message))
    page.goto(address)
    until(page, "!!(window.studio && studio.seen && studio.view)")
    with ac.no_grad():
        wanted = model.eval()(ac.full((1, 3, 32, 32), -2.0)).numpy()[0]
    np.testing.assert_allclose(page.evaluate("studio.output"), wanted, rtol=1e-3, atol=1e-4)
    assert "<img" in page.inner_text("#output") and not said
    page.close()
    ended(process)


def test_the_page_is_light() -> None:
    import gzip

    assert len(gzip.compress(part("built/studio.js"))) < 170_000
