"""What every file of the package keeps to."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograd_cnn import nn

from .public import MODULES
from .source import FILES, PACKAGE, module_of, name_of, tree_of

HARD, SOFT = 600, 450


def too_long(path: Path) -> Iterator[str]:
    count = len(path.read_text(encoding="utf-8").splitlines())
    if count > HARD:
        yield f"{count} lines: split it (the aim is 400)"


def asserts(path: Path) -> Iterator[str]:
    """A user's mistake gets an exception with words, also under `python -O`."""
    for n in ast.walk(tree_of(path)):
        if isinstance(n, ast.Assert):
            yield f"assert in line {n.lineno}; raise an exception that says what was expected"


def _defined(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """(name, node) of the functions and classes without an underscore, methods included."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            decorators = {ast.unparse(d) for d in getattr(node, "decorator_list", ())}
            if "overload" in decorators or any(d.endswith((".setter", ".deleter")) for d in decorators):
                continue
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _defined(node.body, f"{prefix}{node.name}.")


def undocumented(path: Path) -> Iterator[str]:
    """Every file, class and function says what it is. (Methods: see below.)"""
    tree = tree_of(path)
    if tree.body and not ast.get_docstring(tree):
        yield "no docstring of the file itself"
    for name, node in _defined(tree.body):
        if "." not in name and not ast.get_docstring(node):
            yield f"no docstring: {name}"


def errors_listed_otherwise(path: Path) -> Iterator[str]:
    """`Raises:`, then a line an exception."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            other = re.search(r"\n\s*(Errors:|Raises [A-Z]).*", ast.get_docstring(node) or "")  # but for one that is all of it
            if other is not None:
                yield f"{other[0].strip()!r}; list them under `Raises:`"


def marked(path: Path) -> Iterator[str]:
    """No merge marks, tabs, windows line ends, nor work left over."""
    if re.search(r"^(<<<<<<<|>>>>>>>)|\t|\r|\b(TODO|FIXME|XXX)\b", path.read_text(encoding="utf-8"), re.M):
        yield "marks, tabs or work left over"


RULES = (too_long, asserts, undocumented, errors_listed_otherwise, marked)


def test_every_file_keeps_to_the_rules() -> None:
    """Of all files in one go: each is read and parsed once."""
    found = [f"{name_of(path)}: {said}" for path in FILES for rule in RULES for said in rule(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (too_long, "# one\n" * 601),
        (asserts, '"""File."""\nassert True\n'),
        (undocumented, "import ast\n"),
        (undocumented, '"""File."""\n\ndef f():\n    pass\n'),
        (errors_listed_otherwise, '"""File.\n\nErrors: many\n"""\n'),
        (marked, "<<<<<<< one\n"),
    ],
)
def test_the_rules_find_what_they_look_for(rule: Callable[[Path], Iterator[str]], source: str, tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text(source, encoding="utf-8")
    assert len(list(rule(path))) == 1


def test_long_files_are_few() -> None:
    long = [name_of(p) for p in FILES if len(p.read_text(encoding="utf-8").splitlines()) > SOFT]
    assert len(long) <= 12, f"over {SOFT} lines: {', '.join(long)}"


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


def test_sources_compile_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in FILES:
            compile(path.read_text(encoding="utf-8"), str(path), "exec")
