"""Rules call operations: no kernel, so that what they do can be recorded, and each backend stands behind its operations alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from .source import FILES, PACKAGE, imported, name_of, tree_of

OPERATIONS = [path for path in FILES if path.is_relative_to(PACKAGE / "ops")]
MAY_KNOW_ONEDNN = ("kernels/", "ops/")


def _is_vjp(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "vjp"


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The file's functions that are no operations: what stands in them is as if it stood where they are called."""
    plain = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    return {f.name: f for f in plain if not any("primitive" in ast.unparse(d) for d in f.decorator_list)}


def rules(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """`@operation.vjp(…)` over a function, and `operation.vjp(…)(function)`."""
    functions = _functions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(map(_is_vjp, node.decorator_list)):
            yield node
        elif isinstance(node, ast.Call) and _is_vjp(node.func):
            yield from (functions[a.id] for a in node.args if isinstance(a, ast.Name) and a.id in functions)


def kernels_in(tree: ast.Module) -> set[str]:
    """The names that imports from the kernels' room bind, anywhere in the file."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {a.asname or a.name for a in node.names if "kernels" in [*(node.module or "").split("."), a.name]}
        elif isinstance(node, ast.Import):
            found |= {a.asname or a.name.split(".")[0] for a in node.names if "kernels" in a.name.split(".")}
    return found


def named_by(rule: ast.FunctionDef, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name in a rule and in the functions of its file that it calls, with the line."""
    functions, todo, seen = _functions(tree), [rule], {rule.name}
    while todo:
        for node in ast.walk(todo.pop()):
            if isinstance(node, ast.Name):
                yield node.id, node.lineno
                if node.id in functions and node.id not in seen:
                    seen.add(node.id)
                    todo.append(functions[node.id])


@pytest.mark.parametrize("path", OPERATIONS, ids=name_of)
def test_no_rule_names_a_kernel(path: Path) -> None:
    tree = tree_of(path)
    kernels = kernels_in(tree)
    for rule in rules(tree):
        for name, line in named_by(rule, tree):
            assert name not in kernels, (
                f"{name_of(path)}:{line}: a rule calls {name}, a kernel; make it an operation, with rules of its own"
            )


def test_rules_are_found_in_each_of_their_forms() -> None:
    source = """
from ...kernels.onednn import eltwise as onednn
from ...kernels.reference.sums import add_up

@primitive(label="a")
def a(x):
    return add_up(x)

@a.vjp("x")
def _(g):
    from ...kernels import late
    return a(onednn.relu(late(helper(g))))

def helper(g):
    return add_up(g)

for operation in (a,):
    operation.vjp("x")(helper)
"""
    tree = ast.parse(source)
    assert kernels_in(tree) == {"onednn", "add_up", "late"}
    first, second = rules(tree)
    assert {n for n, _ in named_by(first, tree)} & kernels_in(tree) == {"onednn", "late", "add_up"}
    assert {n for n, _ in named_by(second, tree)} & kernels_in(tree) == {"add_up"}
    assert sum(1 for path in OPERATIONS for _ in rules(tree_of(path))) > 200


def test_only_kernels_and_operations_know_a_backend() -> None:
    others = [p for p in FILES if not name_of(p).startswith(MAY_KNOW_ONEDNN)]
    found = [f"{name_of(p)}:{line} imports {m}" for p in others for m, line in imported(p) if m.startswith("autograd_cnn.kernels.onednn")]
    assert not found, "take what they need from kernels.layouts, or from a file of kernels/:\n" + "\n".join(found)
