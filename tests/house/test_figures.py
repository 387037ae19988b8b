"""A figure is one file: its function, which is a method of `draw`, and its words; whatever else there is of it comes from there."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from autograd_cnn.drawing import Draw, draw
from autograd_cnn.drawing.canvas import captions
from autograd_cnn.drawing.canvas.figures import figure, figures
from docs.reference import drawings
from tools import stubs

from ..drawing import golden, sound
from ..exposed import forgotten
from . import public
from .source import FILES, imported, module_of, name_of, tree_of
from .test_readme import snippets

ROOM = "autograd_cnn.drawing"
DRAWING = {module_of(p): p for p in FILES if f"{module_of(p)}.".startswith(f"{ROOM}.")}
OF_DRAW_ITSELF = {"using"}
TEXTS = {"dot", "formula", "sentence", "explore", "compare"}  # and pages


def written() -> dict[str, list[str]]:
    """The functions under `@figure`, and the files in which they stand, as these are written."""
    found: dict[str, list[str]] = {}
    for module, path in DRAWING.items():
        for node in tree_of(path).body:
            if isinstance(node, ast.FunctionDef) and "figure" in map(ast.unparse, node.decorator_list):
                found.setdefault(node.name, []).append(module)
    return found


def test_each_method_of_draw_is_a_function_in_the_file_of_its_figure():
    assert {name: [method.__module__] for name, method in figures().items()} == written()
    assert {name for name in dir(draw) if not name.startswith("_")} == figures().keys() | OF_DRAW_ITSELF
    assert [name for name, method in figures().items() if getattr(Draw, name) is not method] == []


def test_each_figure_has_a_golden_case():
    assert figures().keys() - golden.drawing_methods() == TEXTS, "what gives a drawing or frames says so in its signature"
    by_hand = {method for group in golden.GROUPS for method in golden.calls(tree_of(Path(golden.__file__).parent / f"{group}.py"))}
    assert golden.drawing_methods() <= by_hand | golden.load().keys()


# ------------------------------------------------------------------------------------------------------- words
@cache
def said(path: Path) -> set[str]:
    """The keys of the words that a file asks for by name."""
    calls = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call) and re.fullmatch(r"(\w+\.)*words", ast.unparse(n.func))]
    return {c.args[0].value for c in calls if c.args and isinstance(c.args[0], ast.Constant)}


@cache
def declared(path: Path) -> set[str]:
    """The keys of the words that a file declares."""
    calls = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "declare"]
    return {key.value for c in calls if isinstance(c.args[0], ast.Dict) for key in c.args[0].keys if isinstance(key, ast.Constant)}


def needed(module: str) -> set[str]:
    """The files of the room that a file imports, and those that these import, and itself."""
    found, left = set(), [module]
    while left:
        now = left.pop()
        if now in DRAWING and now not in found:
            found.add(now)
            left += [other for other, _ in imported(DRAWING[now])]
    return found


def test_a_file_declares_its_words():
    """Itself or a file that it imports, or they are words of several figures: so a figure can be moved, or go, with its words."""
    common = captions.graphs.CAPTIONS.keys() | captions.steps.CAPTIONS.keys() | captions.shared.CAPTIONS.keys()
    missing = {}
    for module, path in DRAWING.items():
        there = common.union(*(declared(DRAWING[m]) for m in needed(module))) if said(path) else set()
        if said(path) - there:
            missing[name_of(path)] = sorted(said(path) - there)
    assert sum(map(bool, map(said, DRAWING.values()))) > 30
    assert not missing, f"declare them there, or, of several figures, in {ROOM}.canvas.captions"


# ------------------------------------------------------------------------------------------------------- one file
@pytest.fixture
def trial(tmp_path: Path) -> Iterator[ModuleType]:
    """The figure of CONTRIBUTING in a file of its own, as if it stood among the plots; forgotten afterwards."""
    name = f"{ROOM}.plots.bars"
    path = tmp_path / "bars.py"
    path.write_text(next(code for code, _ in snippets("CONTRIBUTING.md") if "@figure" in code), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    with forgotten():
        sys.modules[name] = made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        yield made
    del sys.modules[name]
    assert not hasattr(draw, "bars")


def test_one_file_is_enough(trial: ModuleType):
    drawn = draw.bars([3, 5])
    assert drawn.scene.desc == "Counts: 2 bars, from the first to the last."
    case = golden.load()["bars"]()
    assert case.svg == draw.bars([1, 4, 2]).svg  # the last call of its example
    for lang, title in (("en", "Counts"), ("de", "Anzahlen")):
        with golden.speaking(lang):
            told = golden.load()["bars"]().scene
        sound.check(told)
        assert told.title == title
    assert re.search(r"^    def bars\(self, counts: Sequence\[int\], \*, .* -> Drawing: ", stubs.figures(), re.MULTILINE)
    line = f"autograd_cnn.draw.bars{public.signature(trial.bars)}"
    assert line in public.lines()
    page = next(p for p in drawings.drawings() if any(e.name == "draw.bars" for e in p.entries))
    assert page.path == "drawings/plots.md"
    assert set(drawings.options("bars")) == set(inspect.signature(trial.bars).parameters)


def test_the_reference_on_the_site_shows_it(trial: ModuleType):
    pytest.importorskip("pymdownx")
    from docs.site.parts import Parts
    from docs.site.pictures import Pictures

    parts = Parts()
    assert ">Counts</text>" in parts.filled(Pictures(parts).of("bars"))


def test_two_figures_of_one_name_are_refused(trial: ModuleType):
    def confusion() -> None:
        """Another."""

    with pytest.raises(ValueError, match=r"@figure: draw\.confusion is drawn in autograd_cnn\.drawing\.plots\.confusion already"):
        figure(confusion)
    assert figures()["confusion"].__module__ == f"{ROOM}.plots.confusion"
