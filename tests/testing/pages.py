"""The pages of docs/testing and docs/guides: `python -m tests.testing.pages` writes below each example what it prints now.

Python runs in one namespace, commands (`sh`) in a shell, both in a folder of the page's own. Python with a title is a file there.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import settings

import autograd_cnn as ac

ROOT = Path(__file__).parents[2]
FOLDER, GUIDES = ROOT / "docs" / "testing", ROOT / "docs" / "guides"
PAGES = [*sorted(FOLDER.glob("*.md")), *sorted(GUIDES.glob("*.md"))]
_EXAMPLE = re.compile(r'^```(python|sh)(?: title="([^"]+)")?\n(.*?)^```\n(?:\n```text\n.*?^```\n)?', re.M | re.S)


def written(path: Path) -> str:
    """The page with the examples run, in order, and what they print below them."""
    namespace: dict[str, object] = {"__name__": "page"}
    before = settings._current_profile
    settings.load_profile("ci")  # hypothesis draws the same in every run

    def run(example: re.Match[str]) -> str:
        kind, title, code = example.groups()
        printed = ""
        if title:
            Path(title).write_text(code, encoding="utf-8")
        elif kind == "sh":
            printed = _shell(code)
        else:
            ac.manual_seed(0)
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(code, path.name, "exec"), namespace)
            printed = out.getvalue()
        head = f' title="{title}"' if title else ""
        return f"```{kind}{head}\n{code}```\n" + (f"\n```text\n{printed}```\n" if printed else "")

    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            return _EXAMPLE.sub(run, path.read_text(encoding="utf-8"))
    finally:
        settings.load_profile(before)


def _shell(commands: str) -> str:
    """What commands print; the first that fails is an error."""
    here = f'set -e\npython() {{ "{sys.executable}" "$@"; }}\nautograd-cnn() {{ python -m autograd_cnn "$@"; }}\n'
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(["bash", "-c", here + commands], capture_output=True, text=True, env=env)
    assert done.returncode == 0, f"{commands}{done.stderr}"
    return done.stdout


if __name__ == "__main__":
    import tests.conftest  # noqa: F401  # registers the profiles

    for page in PAGES:
        if not sys.argv[1:] or page.stem in sys.argv[1:]:
            page.write_text(written(page), encoding="utf-8")
