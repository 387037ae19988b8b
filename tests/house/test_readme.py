"""The snippets of README and CONTRIBUTING run, one after the other, and print what stands below them."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from pathlib import Path

import pytest

import autograd_cnn as ac
from autograd_cnn.primitives.primitive import REGISTRY
from autograd_cnn.testing import check_primitive

from ..exposed import forgotten

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "neuron.svg"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def snippets(name: str) -> list[tuple[str, str | None]]:
    """(code, what it prints) of the Python blocks; None where no block of text follows."""
    blocks = _BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
    out: list[tuple[str, str | None]] = []
    for (kind, text), (after, printed) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "python":
            out.append((text, printed if after == "text" else None))
    return out


def run(name: str) -> list[tuple[str, str | None]]:
    """(what it printed, what it should print) of each snippet, run in one namespace in the current folder."""
    namespace: dict[str, object] = {"__name__": "__readme__"}
    found = []
    for code, expected in snippets(name):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, name, "exec"), namespace)
        found.append((out.getvalue(), expected))
    return found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in; what the snippets define is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    with forgotten():
        yield tmp_path
    ac.manual_seed(0)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/guides/drawings.md"])
def test_snippets(name, folder):
    for printed, expected in run(name):
        if expected is not None:
            assert printed == expected


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_example_operations_can_be_run_again(name, folder):
    """As the cells of a notebook are; the new definition is the one that counts."""
    definition = next(code for code, _ in snippets(name) if "@primitive" in code).replace("print(bool(check_primitive(swish)))\n", "")
    space: dict[str, object] = {"__name__": "__readme__", "ac": ac}
    made = []
    for _ in range(2):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(definition, name, "exec"), space)
        made.append(space["swish" if name == "README.md" else "sine"])
    assert made[0] is not made[1]
    assert REGISTRY[made[1].name] is made[1]
    assert check_primitive(made[1].name, examples=5)


def test_the_example_operation_is_right(folder):
    run("CONTRIBUTING.md")
    assert check_primitive("sine")


def test_the_picture_is_what_the_snippet_draws(folder):
    run("README.md")
    assert (folder / "neuron.svg").read_bytes() == PICTURE.read_bytes(), "python -m tests.house.test_readme redraws it"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_readme_has_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 'pip install -e ".[all]" && autograd-cnn demo\n' in text
    assert 'pip install -e ".[all,test]" && pytest -n 2\n' in text
    assert 'pip install -q -e ".[all,test]" && pytest -n 2' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


if __name__ == "__main__":  # redraw the picture
    with tempfile.TemporaryDirectory() as made:
        os.chdir(made)
        run("README.md")
        PICTURE.write_bytes((Path(made) / "neuron.svg").read_bytes())
