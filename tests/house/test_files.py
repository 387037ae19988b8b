"""What every file of the package keeps to."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import warnings

import pytest

from autograd_cnn import nn

from .public import MODULES
from .source import FILES, PACKAGE, module_of, name_of, tree_of

HARD, SOFT = 600, 450


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_length(path):
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= HARD, f"{name_of(path)} has {count} lines: split it (the aim is 400)"


def test_long_files_are_few():
    long = [name_of(p) for p in FILES if len(p.read_text(encoding="utf-8").splitlines()) > SOFT]
    assert len(long) <= 12, f"over {SOFT} lines: {', '.join(long)}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_assert(path):
    """A user's mistake gets an exception with words, also under `python -O`."""
    lines = [n.lineno for n in ast.walk(tree_of(path)) if isinstance(n, ast.Assert)]
    assert not lines, f"{name_of(path)}: assert in line {', '.join(map(str, lines))}; raise an exception that says what was expected"


def _defined(body: list[ast.stmt], prefix: str = ""):
    """(name, node) of the functions and classes without an underscore, methods included."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            decorators = {ast.unparse(d) for d in getattr(node, "decorator_list", ())}
            if "overload" in decorators or any(d.endswith((".setter", ".deleter")) for d in decorators):
                continue
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _defined(node.body, f"{prefix}{node.name}.")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_docstrings(path):
    """Every file, class and function says what it is. (Methods: see below.)"""
    tree = tree_of(path)
    missing = [] if ast.get_docstring(tree) or not tree.body else ["the file itself"]
    missing += [name for name, node in _defined(tree.body) if "." not in name and not ast.get_docstring(node)]
    assert not missing, f"{name_of(path)}: no docstring: {', '.join(missing)}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_errors_are_listed_in_one_way(path):
    """`Raises:`, then a line an exception."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            other = re.search(r"\n\s*(Errors:|Raises [A-Z]).*", ast.get_docstring(node) or "")  # but for one that is all of it
            assert other is None, f"{name_of(path)}: {other and other[0].strip()!r}; list them under `Raises:`"


def _public_names(module) -> list[str]:
    return [n for n in getattr(module, "__all__", None) or dir(module) if not n.startswith("_")]


@pytest.mark.parametrize("name", MODULES)
def test_public_docstrings(name):
    """What users reach is explained, methods and properties of classes too; `forward` is explained by its class."""
    module, missing = importlib.import_module(f"autograd_cnn.{name}".rstrip(".")), []
    for name in _public_names(module):
        value = getattr(module, name)
        if not getattr(value, "__module__", "").startswith("autograd_cnn") or not callable(value):
            continue
        if not inspect.getdoc(value):
            missing.append(name)
        for attribute, member in vars(value).items() if inspect.isclass(value) else ():
            if attribute.startswith("_") or attribute == "forward" or not (callable(member) or isinstance(member, property)):
                continue
            if not inspect.getdoc(getattr(value, attribute)):
                missing.append(f"{name}.{attribute}")
    assert not missing, f"{module.__name__}: no docstring: {', '.join(missing)}"


def test_every_layer_is_exported():
    for path in (PACKAGE / "nn" / "layers").glob("*.py"):
        names = getattr(importlib.import_module(module_of(path)), "__all__", [])
        assert not set(names) - set(nn.__all__), f"{name_of(path)}: nn/__init__.py does not import `*` from it"


def test_sources_are_plain():
    """No merge marks, tabs, windows line ends, nor work left over."""
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^(<<<<<<<|>>>>>>>)|\t|\r|\b(TODO|FIXME|XXX)\b", text, re.M), name_of(path)


def test_sources_compile_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in FILES:
            compile(path.read_text(encoding="utf-8"), str(path), "exec")
