"""What `dir()` of a public module shows, and so what a prompt completes."""

from __future__ import annotations

from typing import Any


def listed(space: dict[str, Any]) -> list[str]:
    """The names that a module offers, its `__all__`, and Python's own; not what it is written with.

    >>> listed({"__all__": ["sin"], "__name__": "m", "sin": 1, "np": 2})
    ['__all__', '__name__', 'sin']
    """
    return sorted({*space["__all__"], *(name for name in space if name.startswith("__") and name.endswith("__"))})
