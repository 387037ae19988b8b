"""The tool that plants mistakes: each is what it says, the lines stay where they are, and what runs is the planted text."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .areas import AREAS
from .child import Child
from .equivalent import EQUIVALENT, SPEED, reason
from .mistakes import Source, mistakes
from .planted import plan, plant

TOY = '''"""Words."""
LARGE = 4096
_live = {}

def owner(raw, strict=True):
    """More words."""
    while raw.base is not None:
        raw = raw.base
    return raw

def keep(values, n=1):
    if n < 0 or not values:
        raise ValueError(f"expected {n + 1}")
    try:
        for v in list(_live):
            if v is None:
                continue
            _live[v] = (values[0] -
                        n)
        note(values)
    finally:
        _live.clear()
    return len(values) > LARGE and values.copy()

repr(owner)
'''


def _toy() -> list[Any]:
    source = Source("toy.py", TOY.encode())
    return list(source.mistakes(frozenset(), {"toy.py": source}))


@pytest.mark.parametrize(
    "expected",
    [
        ("threshold", 2, "4096", "(4096 * 1000)"),
        ("flag", 5, "True", "(False)"),
        ("one step only", 7, "while", "if"),
        ("comparison", 7, "raw.base is not None", "(raw.base is None)"),
        ("no guard", 12, "n < 0 or not values", "False"),
        ("half a condition", 12, "n < 0 or not values", "(n < 0)"),
        ("comparison", 12, "n < 0", "(n <= 0)"),
        ("no copy", 15, "list(_live)", "(_live)"),
        ("no continue", 17, "continue", "pass"),
        ("swapped operands", 18, "values[0] -\n                        n", "(n - values[0])"),
        ("call left out", 20, "note(values)", "pass"),
        ("no finally", 14, "_live.clear()", "pass"),
        ("no copy", 23, "values.copy()", "(values)"),
        ("half a condition", 23, "len(values) > LARGE and values.copy()", "(values.copy())"),
    ],
)
def test_the_mistakes_of_a_text(expected: tuple[str, int, str, str]) -> None:
    assert expected in [(m.kind, m.line, m.before, m.after) for m in _toy()]


def test_each_is_another_program_of_as_many_lines() -> None:
    texts = [m.text() for m in _toy()]
    assert len({ast.dump(ast.parse(text)) for text in [*texts, TOY]}) == len(texts) + 1
    assert {text.count("\n") for text in texts} == {TOY.count("\n")}
    assert not any("words" in m.before.lower() or "expected" in m.before for m in _toy())


def test_which_lines_a_mistake_needs() -> None:
    reached = {(m.before, m.kind): m.reached for m in _toy()}
    assert reached["values[0] -\n                        n", "sign"] == {("toy.py", 18)}
    assert reached["4096", "threshold"] == {("toy.py", 23)}  # where the name is read
    assert reached["True", "flag"] == {("toy.py", 7)}  # a default: the body
    assert reached["repr(owner)", "call left out"] >= {("toy.py", 7), ("toy.py", 9)}  # what is registered


def test_what_is_planted_runs_here_and_in_new_interpreters(tmp_path: Path) -> None:
    (tmp_path / "toy_module.py").write_text("def f():\n    return 1\n")
    (tmp_path / "planted.txt").write_text("def f():\n    return 2\n")

    def work(home: Path) -> list[int]:
        sys.path.insert(0, str(tmp_path))
        os.environ["PYTHONPATH"] = str(tmp_path)
        plan(home / "site", {"toy_module": {"source": str(tmp_path / "planted.txt")}})
        plant()
        import toy_module  # type: ignore[import-not-found]

        there = subprocess.run(
            [sys.executable, "-c", "import toy_module; print(toy_module.f())"], capture_output=True, text=True, check=True
        )
        return [toy_module.f(), int(there.stdout)]

    assert Child(work, 60).result() == [2, 2]


def test_modules_tell_which_lines_ran(tmp_path: Path) -> None:
    (tmp_path / "toy_module.py").write_text(TOY)
    (tmp_path / "hits").write_bytes(bytes(40))

    def work(home: Path) -> list[int]:
        sys.path.insert(0, str(tmp_path))
        plan(home / "site", {"toy_module": {"first": 10}}, str(tmp_path / "hits"))
        hits = plant()
        assert hits is not None
        import toy_module

        assert toy_module.owner.__doc__ == "More words."
        toy_module._live[None] = 0
        toy_module.note = lambda values: None
        toy_module.keep([1])
        return [i - 10 for i, hit in enumerate(hits[:]) if hit]

    assert Child(work, 60).result() == [2, 3, 12, 14, 15, 16, 17, 20, 22, 23, 25]


def test_what_does_not_end_is_ended() -> None:
    def work(home: Path) -> None:
        while True:
            pass

    child = Child(work, 0.2)
    assert child.result() is None and child.late and not child.home.exists()


def test_the_table_names_what_there_is() -> None:
    for area in AREAS.values():
        assert area.files() and list(area.tests())


@pytest.mark.slow
def test_the_equivalent_ones_are_still_there() -> None:
    every = mistakes(dict.fromkeys(sorted({entry[0] for entry in EQUIVALENT}), frozenset()))
    found = {reason(m) for m in every}
    assert [entry for entry in EQUIVALENT if entry[-1] not in found] == []


def test_sizes_that_choose_between_kernels_are_there_and_so_are_their_tests() -> None:
    every = mistakes(dict.fromkeys(sorted({file for file, _ in SPEED}), frozenset()))
    for judge in SPEED.values():
        file, _, name = judge.partition("::")
        assert f"def {name}(" in (Path(__file__).parents[1] / file).read_text(), judge
        assert any(judge in (reason(m) or "") for m in every), judge


def test_what_an_import_does_is_reached_by_it() -> None:
    text = b"import os\nif hasattr(os, 'fork'):\n    os.nice(0)\nprint(len('a'))\nLARGE = 9\n"
    found = {(m.before, m.kind): m.reached for m in Source("toy.py", text).mistakes(frozenset(), {})}
    assert found["os.nice(0)", "call left out"] == found["hasattr(os, 'fork')", "condition turned"] == {("toy.py", 2)}
    assert found["print(len('a'))", "call left out"] == {("toy.py", 4)}
    assert found["9", "off by one"] == {("toy.py", 5)}  # nobody reads it


def test_what_is_made_of_a_constant_is_followed() -> None:
    text = b"SIZE = 9\nTABLE = (SIZE, 1)\nMORE = TABLE\n\ndef f():\n    return MORE\n"
    source = Source("toy.py", text)
    found = {(m.before, m.line): m.reached for m in source.mistakes(frozenset(), {"toy.py": source})}
    assert found["9", 1] == found["1", 2] == {("toy.py", 6)}
