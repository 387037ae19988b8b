"""The pages of docs/testing and the guides say what their examples print, and there is a page for each strategy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd_cnn.primitives.primitive import REGISTRY
from autograd_cnn.testing import strategies

from .pages import FOLDER, PAGES, written

_ROUNDING = re.compile(r"[\d.e+-]+× the tolerance")  # how near a right rule comes depends on the machine


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Operations made on a page are gone after it."""
    before = dict(REGISTRY)
    yield
    for name in set(REGISTRY) - set(before):
        del REGISTRY[name]


@pytest.mark.slow  # a minute: each example as the page shows it
@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_page(page: Path) -> None:
    now, then = (_ROUNDING.sub("… the tolerance", text) for text in (written(page), page.read_text(encoding="utf-8")))
    assert now == then, f"{page.name}: run `python -m tests.testing.pages` and look at what changed"


def test_each_strategy_has_its_page() -> None:
    public = {n for n in strategies.__all__ if n.islower()}
    assert {p.stem for p in FOLDER.glob("*.md")} - {"README"} == public
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"({n}.md)" in index for n in public)
