"""The first engine that works places a request."""

from __future__ import annotations

from collections.abc import Callable

from .graphviz import place_program, place_wasm
from .layered import place_layered
from .request import Placement, Request

MOST_PASSED = 6000


def passed_ranks(request: Request) -> int:
    """How many ranks all links pass together, where each node stands below those that lead to it."""
    below: dict[str, list[str]] = {n.id: [] for n in request.nodes}
    waiting = dict.fromkeys(below, 0)
    for link in request.links:
        below[link.tail].append(link.head)
        waiting[link.head] += 1
    rank = dict.fromkeys(below, 0)
    ready = [n for n, count in waiting.items() if not count]
    for node in ready:  # grows while it is walked
        for head in below[node]:
            rank[head] = max(rank[head], rank[node] + 1)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return sum(rank[link.head] - rank[link.tail] - 1 for link in request.links)


def place(request: Request, engine: str = "auto") -> Placement:
    """Lay out with the first engine that works: "wasm", "dot", "layered"; naming one uses only that. Where links pass many ranks, Graphviz
    takes minutes (its network simplex has a node for each), so there "layered" is the first."""
    engines: dict[str, Callable[[Request], Placement]] = {
        "wasm": place_wasm,
        "dot": place_program,
        "layered": place_layered,
    }
    if not request.nodes:
        return Placement({}, [], [], "none")
    if engine != "auto":
        return engines[engine](request)
    for name in ("wasm", "dot") if passed_ranks(request) <= MOST_PASSED else ():
        try:
            return engines[name](request)
        except Exception:  # a missing package or program, a trap, an odd answer: the next engine serves, and none is needed
            continue
    return place_layered(request)
