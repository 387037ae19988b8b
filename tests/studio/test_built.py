"""The page that is served is the page as it was built, from what stands beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from autograd_cnn.studio.server import part
from autograd_cnn.studio.trained import digits_subject

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="the page is built by npm, which is not here")
def test_the_script_is_built_again_to_the_byte(tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json", "build.mjs"):
        (tmp_path / "tools" / "page").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tools" / "page" / name, tmp_path / "tools" / "page" / name)
    shutil.copytree(ROOT / "autograd_cnn" / "studio", tmp_path / "autograd_cnn" / "studio")
    folder = tmp_path / "tools" / "page"
    fetched = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, timeout=300)
    if fetched.returncode:
        pytest.skip(f"npm reaches no packages here: {fetched.stderr[-200:]}")
    checked = subprocess.run(["npm", "run", "build", "--", "--check"], cwd=folder, capture_output=True, text=True, timeout=100)
    assert checked.returncode == 0, checked.stderr


def test_every_library_in_the_script_has_its_licence() -> None:
    wanted = json.loads((ROOT / "tools" / "page" / "package.json").read_text())["devDependencies"].keys() - {"esbuild"}
    said = part("built/licences.txt").decode()
    assert all(f"{name} " in said for name in wanted) and "Permission is hereby granted" in said


def test_nothing_in_the_page_comes_from_elsewhere() -> None:
    page = part("page/index.html").decode()
    assert "http" not in page and "style=" not in page and "onclick" not in page


def test_the_network_that_comes_along() -> None:
    subject = digits_subject()
    assert sum(p.numel() for p in subject.model.parameters()) == 61_706  # type: ignore[attr-defined]
    assert subject.classes == tuple("0123456789") and 0 < subject.mean[0] < subject.std[0] < 1
