"""Circles of imports: files that need one another, whether they say so at their head or inside a function."""

from __future__ import annotations

from pathlib import Path

from .source import FILES, PACKAGE, imported, module_of, name_of


def _file_of(module: str) -> Path | None:
    at = PACKAGE.parent.joinpath(*module.split("."))
    for path in (at.with_suffix(".py"), at / "__init__.py"):
        if path.is_file():
            return path
    return None


def arrows() -> dict[str, set[str]]:
    """File → the files it imports; importing a file of a room runs the room's `__init__` only if that is named."""
    found: dict[str, set[str]] = {}
    for path in FILES:
        targets = {_file_of(module) for module, _ in imported(path) if module.split(".")[0] == "autograd_cnn"}
        found[name_of(path)] = {name_of(t) for t in targets if t is not None and t != path}
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one file, sorted (Tarjan 1972, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on: set[str] = set()
    found: list[list[str]] = []
    for root in sorted(graph):
        if root in index:
            continue
        work = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            at, rest = work[-1]
            for to in rest:
                if to not in index:
                    index[to] = low[to] = len(index)
                    stack.append(to)
                    on.add(to)
                    work.append((to, iter(sorted(graph[to]))))
                    break
                if to in on:
                    low[at] = min(low[at], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[at])
                if low[at] == index[at]:
                    part: list[str] = []
                    while not part or part[-1] != at:
                        part.append(stack.pop())
                        on.discard(part[-1])
                    if len(part) > 1:
                        found.append(sorted(part))
    return sorted(found)


if __name__ == "__main__":
    graph = arrows()
    for circle in circles(graph):
        print(f"{len(circle)} files")
        for name in circle:
            print(f"  {name} → {', '.join(sorted(graph[name] & set(circle)))}")
    print(f"module names: {len([module_of(p) for p in FILES])}")
