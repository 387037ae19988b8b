"""What the modules that were called hold: the names of parameters and buffers, and how many numbers all their parameters are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..engine.node import Scope


class Holdings:
    """What the outermost modules of these scopes hold, known by the nodes of parameters (frozen ones and buffers by their raw values)."""

    def __init__(self, scopes: Iterable[Any]) -> None:
        roots: dict[int, Any] = {}
        for scope in scopes:
            top = scope
            while isinstance(top, Scope) and isinstance(top.parent, Scope):
                top = top.parent
            if isinstance(top, Scope):
                roots[id(top.module)] = top.module
        self.known: dict[int, tuple[str, str]] = {}
        self.count = 0  # of the numbers in all parameters
        for root in roots.values():
            for kind in ("parameter", "buffer"):
                for name, x in getattr(root, f"named_{kind}s", lambda: ())():
                    raw = getattr(x, "value", x)
                    key = id(raw if getattr(x, "node", None) is None else x.node)
                    if key not in self.known:
                        self.known[key] = kind, name
                        self.count += math.prod(getattr(raw, "shape", ())) if kind == "parameter" else 0

    def of(self, x: Any) -> tuple[str, str | None]:
        """What it is (a node or a raw value) to a module, "parameter" or "buffer", and its name; ("", None) if it is nobody's."""
        return self.known.get(id(x), ("", None))
