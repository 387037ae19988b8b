"""Chromium for the tests that open pages. `python -m tests.browser` installs it where it is missing (CI does)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def found() -> str | None:
    """The browser's program: $CHROMIUM, one on the path, or Playwright's own."""
    for name in (os.environ.get("CHROMIUM"), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        return None
    with sync_playwright() as p:
        own = p.chromium.executable_path
    return own if os.path.exists(own) else None


@contextmanager
def chromium() -> Iterator[Any]:
    """An open browser. Where Playwright or Chromium is missing, the test is skipped; under CI it fails."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        _missing('Playwright is not installed: pip install -e ".[browser]"')
    path = found()
    if path is None:
        _missing("there is no Chromium: python -m tests.browser installs one, $CHROMIUM names one")
    with sync_playwright() as p:
        opened = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def install() -> str:
    """The path of the browser, installed by Playwright or else by the system's packages."""
    routes = [[sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]]
    if shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        routes += [[*root, "apt-get", "update", "-q"], [*root, "apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"]]
    said = []
    for route in routes:
        if path := found():
            return path
        run = subprocess.run(route, capture_output=True, text=True)
        said.append(f"{' '.join(route)}: exit {run.returncode}\n{(run.stdout + run.stderr)[-2000:]}")
    if path := found():
        return path
    raise SystemExit("No Chromium could be installed.\n" + "\n".join(said))


if __name__ == "__main__":
    print(install())
