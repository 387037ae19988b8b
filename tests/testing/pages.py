"""The pages of docs/testing: `python -m tests.testing.pages` writes below each example what it prints now."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

from hypothesis import settings

import autograd_cnn as ac

FOLDER = Path(__file__).parents[2] / "docs" / "testing"
PAGES = sorted(FOLDER.glob("*.md"))
_EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n.*?^```\n)?", re.M | re.S)


def written(path: Path) -> str:
    """The page with the examples run, in order and in one namespace, and what they print below them."""
    namespace: dict[str, object] = {"__name__": "page"}
    before = settings._current_profile
    settings.load_profile("ci")  # hypothesis draws the same in every run

    def run(example: re.Match[str]) -> str:
        ac.manual_seed(0)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(example[1], path.name, "exec"), namespace)
        printed = out.getvalue()
        return f"```python\n{example[1]}```\n" + (f"\n```text\n{printed}```\n" if printed else "")

    try:
        return _EXAMPLE.sub(run, path.read_text(encoding="utf-8"))
    finally:
        settings.load_profile(before)


if __name__ == "__main__":
    import tests.conftest  # noqa: F401  # registers the profiles

    for page in PAGES:
        page.write_text(written(page), encoding="utf-8")
