"""The package's source files, read once."""

from __future__ import annotations

import ast
from functools import cache, lru_cache
from pathlib import Path

import autograd_cnn

PACKAGE = Path(autograd_cnn.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """`ops/relu.py` → "ops/relu.py": the path inside the package, as test ids show it."""
    return path.relative_to(PACKAGE).as_posix()


def module_of(path: Path) -> str:
    """The module's dotted name."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=4)  # all of them would be a fifth of a gigabyte
def tree_of(path: Path) -> ast.Module:
    """Its syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def imported(path: Path) -> list[tuple[str, int]]:
    """Every module of this package that the file imports, anywhere in it but for type checkers, with the line."""
    here = module_of(path).split(".")
    if path.name != "__init__.py":
        here = here[:-1]
    hidden = {id(n) for block in _for_checkers(tree_of(path)) for n in ast.walk(block)}
    found: list[tuple[str, int]] = []
    for node in ast.walk(tree_of(path)):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            found += [(a.name, node.lineno) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for a in node.names:
                longer = f"{module}.{a.name}"
                found.append((longer if _exists(longer) else module, node.lineno))
    return found


def _for_checkers(tree: ast.Module) -> list[ast.stmt]:
    """The statements under `if TYPE_CHECKING:`."""
    return [
        s for n in ast.walk(tree) if isinstance(n, ast.If) and isinstance(n.test, ast.Name) and n.test.id == "TYPE_CHECKING" for s in n.body
    ]


@cache
def _exists(module: str) -> bool:
    at = PACKAGE.parent.joinpath(*module.split("."))
    return at.with_suffix(".py").is_file() or (at / "__init__.py").is_file()
