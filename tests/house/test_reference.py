"""The API reference has every public name, with a text, and every option of every figure."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import sys
from functools import cache

import pytest

import autograd_cnn as ac
from autograd_cnn import nn, optim
from autograd_cnn.nn import init
from autograd_cnn.ops.registry.expose import FUNCTIONAL, FUNCTIONS, INPLACE, METHODS
from autograd_cnn.optim import lr_scheduler
from autograd_cnn.utils import data
from docs.reference import drawings, entries
from docs.reference.markdown import docstring, plain, signature
from docs.reference.pages import page, pages

from .test_docs import FLAGS, examples_of

PAGES = pages()
NAMES = {name for p in PAGES for e in p.entries for name in e.names}


def _missing(wanted):
    return sorted(n for n in wanted if n not in NAMES)


def test_every_operation_is_there():
    assert not _missing(n for n in FUNCTIONS if not n.startswith("_"))
    assert not _missing(f"Tensor.{n}" for n in METHODS if not n.startswith("_"))
    assert not _missing(f"Tensor.{n}_" for n in INPLACE if not n.startswith("_"))
    assert not _missing(f"nn.functional.{n}" for n in FUNCTIONAL if not n.startswith("_"))


def test_every_room_is_there():
    for prefix, room in (("nn", nn), ("nn.init", init), ("optim", optim), ("optim.lr_scheduler", lr_scheduler), ("utils.data", data)):
        own = [n for n in entries.public(room) if str(getattr(getattr(room, n), "__module__", "")).startswith("autograd_cnn")]
        assert not _missing(f"{prefix}.{n}" for n in own if callable(getattr(room, n)) and not inspect.ismodule(getattr(room, n)))
    made = [n for n in ac.__all__ if callable(getattr(ac, n)) and str(getattr(getattr(ac, n), "__module__", "")).startswith("autograd_cnn")]
    assert not _missing(made)


INSIDE = (
    "analysis",
    "cli",
    "compat",
    "engine",
    "graph",
    "kernels",
    "onnx.operators",
    "ops",
    "primitives",
    "support",
    "symbolic",
    "tensors",
    "testing.checks",
    "types",
)


def _modules():
    """Every module that says what it offers, but for the rooms that programs do not import from."""
    for found in pkgutil.walk_packages(ac.__path__, "autograd_cnn."):
        dotted = found.name.removeprefix("autograd_cnn.")
        if not {dotted, dotted.split(".")[0]} & {*INSIDE} and not any(part.startswith("_") for part in dotted.split(".")):
            module = importlib.import_module(found.name)
            if getattr(module, "__all__", None):
                yield dotted, module


def test_every_public_module_is_there():
    """What a module offers stands on a page under the module's name, or on that of a room which offers it, too."""
    described = {id(e.value) for p in PAGES for e in p.entries} | {id(drawings.Draw), id(ac.draw)}
    seen = {
        dotted: [n for n in entries.public(m) if id(getattr(m, n)) not in described and f"{dotted}.{n}" not in NAMES]
        for dotted, m in _modules()
    }
    assert {"vision.detection", "optim.surfaces", "nn.utils", "vision.datasets"} <= set(seen)
    assert not {dotted: names for dotted, names in seen.items() if names}, "a line in docs/reference/entries.py gives a module a page"


def test_pages_differ_and_anchors_too():
    assert len({p.path for p in PAGES}) == len(PAGES) and len({(p.section, p.title) for p in PAGES}) == len(PAGES)
    for p in PAGES:
        anchors = [e.anchor for e in p.entries]
        assert len(set(anchors)) == len(anchors), p.path


@pytest.mark.parametrize("p", PAGES, ids=lambda p: p.path)
def test_page(p):
    text = page(p)
    for e in p.entries:
        assert inspect.getdoc(e.value), f"{e.name} has no docstring"
        assert f"{{ #{e.anchor} }}" in text
        assert signature(e.names[0], e.value) in text
    assert text.count("```") % 2 == 0


def _told(p):
    """Each docstring on the page, with the module it comes from."""
    for e in p.entries:
        yield e.name, e.value.__module__, e.value.__doc__
        for name, member in entries.members(e.value) if inspect.isclass(e.value) else ():
            yield f"{e.name}.{name}", e.value.__module__, member.__doc__


@pytest.mark.parametrize("p", PAGES, ids=lambda p: p.path)
def test_examples_that_no_file_shows(p, tmp_path, monkeypatch):
    """Those of functions that functions made; all others run with their files (test_docs)."""
    monkeypatch.chdir(tmp_path)
    failed: list[str] = []
    for name, module, text in _told(p):
        if ">>>" not in (text or "") or module not in sys.modules:
            continue
        home = sys.modules[module]
        if text in _shown(home):
            continue
        ac.manual_seed(0)
        test = doctest.DocTestParser().get_doctest(text, dict(vars(home)), name, home.__file__, 0)
        doctest.DocTestRunner(verbose=False, optionflags=FLAGS).run(test, out=failed.append)
    assert not failed, "".join(failed)


@cache
def _shown(home):
    return {t.docstring for t in examples_of(home)}


def test_text_means_itself():
    assert plain("(*) → (*), a_b and `c_d*`") == r"(\*) → (\*), a\_b and `c_d*`"
    assert docstring("y = x²   (*) → (*)   [Source 1999]") == "y = x²<br>\n*Shape:* (\\*) → (\\*)<br>\n*Source:* \\[Source 1999\\]"
    made = docstring("One.\n\nArgs:\n    a: first\n        and more\n    b: second\n\n>>> 1 + 1\n2")
    assert made == "One.\n\n**Args**\n\n- `a`: first and more\n- `b`: second\n\n```pycon\n>>> 1 + 1\n2\n```"


def test_operations_have_an_example():
    """A function or method without one is a question asked of a tensor, an alias, or explained by the function it names."""
    without = [e.names[0] for p in PAGES if p.section == "Operations" for e in p.entries if ">>>" not in (inspect.getdoc(e.value) or "")]
    share = len(without) / sum(len(p.entries) for p in PAGES if p.section == "Operations")
    assert share < 0.1, f"{share:.0%} of the operations have no example: {', '.join(without)}"


@pytest.mark.parametrize("method", drawings.methods())
def test_each_option_of_a_figure_is_described(method):
    """In its docstring, or in that of the method which it names, or of `draw`."""
    told = drawings.options(method)
    assert set(told) == set(inspect.signature(drawings.methods()[method]).parameters) - {"self"}
    assert not [option for option, text in told.items() if not text or "as for" in text]


def test_every_figure_is_there():
    assert not _missing(f"draw.{name}" for name in dir(ac.draw) if not name.startswith("_"))
    assert not _missing(["draw", "Drawing", "Frames"])


def test_options_that_are_said_elsewhere():
    assert drawings.options("pooling")["kernel"] == drawings.options("unpooling")["kernel"]
    assert drawings.options("confusion")["lang"] == drawings.options("")["lang"] == '"en" or "de", the language of the captions.'
    assert "options" not in drawings.said(drawings.methods()["using"])
    assert "defaults" in drawings.options("using")
