"""Modules that are not what stands in their files: one with a mistake in it, or some that tell which of their lines ran.

Planted by an import hook, so nothing is written into the tree. This file stands alone: a copy of it named `sitecustomize` plants the same
in the interpreters that tests start, and an environment variable tells it what.
"""

from __future__ import annotations

import ast
import builtins
import importlib.machinery
import json
import mmap
import os
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PLAN = "AUTOGRAD_CNN_PLANTED"
HITS = "__lines_that_ran__"


def plan(home: Path, modules: dict[str, dict[str, Any]], hits: str = "") -> None:
    """Write down what this process (`plant`) and those it starts shall plant: {name: {"source": a file} or {"first": number of its first
    line in `hits`, a file of one byte a line}}."""
    home.mkdir()
    (home / "sitecustomize.py").write_bytes(Path(__file__).read_bytes())
    os.environ[PLAN] = json.dumps({"modules": modules, "hits": hits})
    os.environ["PYTHONPATH"] = os.pathsep.join([str(home), *filter(None, [os.environ.get("PYTHONPATH")])])


def plant() -> mmap.mmap | None:
    """From here on, imports give what was planned. Returns the bytes of the lines, if there are any: they are shared with all processes."""
    wanted = json.loads(os.environ[PLAN])
    memory = None
    if wanted["hits"]:
        with open(wanted["hits"], "r+b") as file:
            memory = mmap.mmap(file.fileno(), 0)
        setattr(builtins, HITS, memory)
    sys.meta_path.insert(0, _Finder(wanted["modules"]))
    return memory


class _Finder:
    def __init__(self, modules: dict[str, dict[str, Any]]) -> None:
        self.modules = modules

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name not in self.modules:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin, **self.modules[name])
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, source: str = "", first: int | None = None) -> None:
        super().__init__(name, path)
        self._source = source or path
        self._first = first

    def get_code(self, fullname: str) -> types.CodeType:
        """Compiled anew, and kept nowhere. Its lines are numbered as those of the file are."""
        tree = ast.parse(Path(self._source).read_text(encoding="utf-8"))
        if self._first is not None:
            tree = ast.fix_missing_locations(_Telling(self._first).visit(tree))
        code: types.CodeType = compile(tree, self.path, "exec", dont_inherit=True)
        return code


UNTOLD = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class _Telling(ast.NodeTransformer):
    """Before each statement of a function, and each that an import runs, stands another that says: this line ran."""

    def __init__(self, first: int) -> None:
        self.first = first

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.generic_visit(node)
        node.body = [new for old in node.body for new in ([old] if isinstance(old, UNTOLD) else self._told(old))]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        for inner in list(ast.walk(node)):
            for field in ("body", "orelse", "finalbody"):
                block = getattr(inner, field, None)
                if isinstance(block, list) and not isinstance(inner, ast.ClassDef):
                    setattr(inner, field, [new for old in block for new in self._told(old)])
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def _told(self, statement: ast.stmt) -> list[ast.stmt]:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return [statement]  # a docstring stays the first
        here = ast.parse(f"{HITS}[{self.first + statement.lineno}] = 1").body[0]
        for node in ast.walk(here):
            if isinstance(node, ast.expr | ast.stmt):
                ast.copy_location(node, statement)
        return [here, statement]


if PLAN in os.environ and __name__ == "sitecustomize":
    plant()
