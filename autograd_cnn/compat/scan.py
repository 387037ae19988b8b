"""`run --scan`: which names of PyTorch a program uses, read from its source and from the files beside it that it imports."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from . import module_map
from .finder import standing
from .shim_module import Missing, message


def names_of(source: str, filename: str = "<program>") -> tuple[dict[str, int], list[str]]:
    """({full name of PyTorch's: line of its first use}, other modules imported).

    >>> names_of("import torch.nn as nn\\nlayer = nn.Linear(1, 2)")[0]
    {'torch.nn': 1, 'torch.nn.Linear': 2}
    """
    tree = ast.parse(source, filename)
    bound: dict[str, str] = {}
    used: dict[str, int] = {}
    others: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                if a.name.partition(".")[0] in module_map.ROOTS:
                    bound[a.asname or a.name.partition(".")[0]] = a.name if a.asname else a.name.partition(".")[0]
                    used.setdefault(a.name, node.lineno)
                else:
                    others.append(a.name)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if not node.level and module.partition(".")[0] in module_map.ROOTS:
                for a in node.names:
                    if a.name != "*":
                        bound[a.asname or a.name] = f"{module}.{a.name}"
                        used.setdefault(f"{module}.{a.name}", node.lineno)
            else:
                others += [module, *(f"{module}.{a.name}" if module else a.name for a in node.names)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            full = _dotted(node, bound)
            if full is not None:
                used[full] = min(used.get(full, node.lineno), node.lineno)
    return used, others


def _dotted(node: ast.expr, bound: dict[str, str]) -> str | None:
    """`nn.init.normal_` → "torch.nn.init.normal_", if `nn` was imported as such."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in bound:
        return None
    return ".".join([bound[node.id], *reversed(parts)])


def first_missing(name: str) -> str | None:
    """The shortest beginning of a dotted name that is missing; None if all of it exists."""
    parts = name.split(".")
    value: Any = importlib.import_module(parts[0])
    for n, part in enumerate(parts[1:], 2):
        full = ".".join(parts[:n])
        try:
            value = getattr(value, part)
        except (AttributeError, ImportError):
            module = full if module_map.sources(full) is not None else full.rpartition(".")[0]
            if module_map.sources(module) is None:
                return full
            value = importlib.import_module(module)  # `torch.nn.utils.weight_norm` is a function, and a module, too
            if module != full and not hasattr(value, part):
                return full
            value = value if module == full else getattr(value, part)
        if isinstance(value, Missing):
            return full
    return None


def files_of(program: Path) -> list[Path]:
    """The program and the files that it imports from its own folder, each once."""
    found, waiting = [], [program]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.append(path)
        for module in names_of(path.read_text(encoding="utf-8", errors="replace"), str(path))[1]:
            for base in {program.parent, path.parent}:
                at = base.joinpath(*module.split("."))
                waiting += [p for p in (at.with_suffix(".py"), at / "__init__.py") if module and p.is_file()]
    return found


def report(script: str, as_module: bool = False) -> int:
    """Print what the program needs. 0: everything exists; 1: something is missing."""
    if as_module:
        spec = importlib.util.find_spec(script)
        if spec is None or spec.origin is None:
            raise ImportError(f"-m {script}: expected a module on the path, found none.")
        script = spec.origin
    path = Path(script)
    if not path.is_file():
        raise FileNotFoundError(f"{script}: expected a Python program, there is no such file.")
    places: dict[str, str] = {}
    for file in files_of(path):
        for name, line in names_of(file.read_text(encoding="utf-8", errors="replace"), str(file))[0].items():
            places.setdefault(name, f"{file}:{line}")
    with standing():
        missing = {lost: places[name] for name in places if (lost := first_missing(name)) is not None}
        print(f"{len(places)} names of PyTorch, {len(places) - len(missing)} of them here.")
        for name, where in sorted(missing.items()):
            print(f"  {where}: {message(name)}")
    sys.stdout.flush()
    return 1 if missing else 0
