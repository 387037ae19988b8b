"""The first engine that works places a request."""

from __future__ import annotations

from collections.abc import Callable

from .graphviz import place_program, place_wasm
from .layered import place_layered
from .request import Placement, Request


def place(request: Request, engine: str = "auto") -> Placement:
    """Lay out with the first engine that works: "wasm", "dot", "layered"; naming one uses only that."""
    engines: dict[str, Callable[[Request], Placement]] = {
        "wasm": place_wasm,
        "dot": place_program,
        "layered": place_layered,
    }
    if not request.nodes:
        return Placement({}, [], [], "none")
    if engine != "auto":
        return engines[engine](request)
    for name in ("wasm", "dot"):
        try:
            return engines[name](request)
        except Exception:  # a missing package or program, a trap, an odd answer: the next engine serves, and none is needed
            continue
    return place_layered(request)
