"""The guide's picture of the studio: `python -m docs.studio_picture`, with the extras studio and browser."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "guides" / "studio.png"
SEVEN = [(0.3 + 0.4 * i / 14, 0.25) for i in range(15)] + [(0.7 - 0.25 * i / 19, 0.25 + 0.55 * i / 19) for i in range(20)]


def main() -> None:
    """Draw a seven, choose a unit, and keep what is seen."""
    from playwright.sync_api import sync_playwright

    from tests.browser import found

    server = subprocess.Popen(
        [sys.executable, "-m", "autograd_cnn", "studio", "--no-browser", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    address = re.search(r"http://\S+", server.stdout.readline())
    assert address is not None
    try:
        with sync_playwright() as p:
            browser = p.chromium.launch(executable_path=found(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address[0])
            _until(page, "!!(window.studio && studio.seen && studio.space)")
            box = page.locator("#pad").bounding_box()
            assert box is not None
            for i, (u, v) in enumerate(SEVEN):
                page.mouse.move(box["x"] + u * box["width"], box["y"] + v * box["height"])
                if not i:
                    page.mouse.down()
            page.mouse.up()
            _until(page, "!studio.waiting && !studio.stale")
            page.evaluate("studio.choose(3, [5, 4, 6])")
            _until(page, "studio.told?.stage === 3")
            time.sleep(0.5)
            page.screenshot(path=TARGET)
            browser.close()
    finally:
        server.terminate()
        server.communicate()
    print(f"Written: {TARGET}")


def _until(page: Any, condition: str) -> None:
    end = time.monotonic() + 20
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise RuntimeError(f"the page was not so in time: {condition}")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
