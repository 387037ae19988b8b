"""What docs/architecture.md says is so: every file is there, every name in it."""

from __future__ import annotations

import re

import pytest

from .source import PACKAGE
from .test_floors import FLOOR

PAGE = PACKAGE.parent / "docs" / "architecture.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILE = re.compile(r"`((?:[\w]+/)*\w+\.py)`")
ROWS = [
    line.strip("|").split("|") for line in TEXT.partition("## Where is")[2].partition("## Words")[0].splitlines() if line.startswith("| ")
][2:]


def path_of(name: str):
    return (PACKAGE.parent if name.startswith(("tests/", "tools/", "docs/")) else PACKAGE) / name


@pytest.mark.parametrize("name", sorted(set(FILE.findall(TEXT))))
def test_every_file_is_there(name):
    assert path_of(name).is_file()


def _defined(name: str, file: str) -> bool:
    return (
        re.search(rf"^\s*(?:def {name}\(|class {name}\b|{name}\b[^=\n]*=)", path_of(file).read_text(encoding="utf-8"), re.MULTILINE)
        is not None
    )


@pytest.mark.parametrize(("name", "file"), re.findall(r"`(\w+)` in\s+`([\w/]+\.py)`", TEXT))
def test_what_stands_in_a_file(name, file):
    assert _defined(name, file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_where_it_is(row):
    """One or two files, and the names that stand there."""
    files = FILE.findall(row[1])
    assert 1 <= len(files) <= 2
    for file, name in re.findall(r"`([\w/]+\.py)`: `(\w+)`", row[1]):
        assert _defined(name, file), f"{name} is not in {file}"


def test_every_file_that_contributing_names_is_there():
    """There a path begins where the sentence is: `canvas/scene.py` for a figure."""
    files = {p.as_posix() for folder in (PACKAGE, *(PACKAGE.parent / n for n in ("tests", "tools", "docs"))) for p in folder.rglob("*.py")}
    named = FILE.findall((PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert not [name for name in named if not any(f.endswith(f"/{name}") for f in files)]
    assert len(named) > 10


def test_at_least_twenty_questions_are_answered():
    assert len(ROWS) >= 20


def test_the_floors_are_those_that_hold():
    said = {room: int(floor) for floor, room in re.findall(r"^\| (\d+) \| `(\w+)` \|", TEXT, re.MULTILINE)}
    real = {room: floor for room, floor in FLOOR.items() if room != "__main__"}
    assert said == real
