"""What a public module gathers from its files, and what `dir()` of it shows, so what a prompt completes."""

from __future__ import annotations

from typing import Any


def listed(space: dict[str, Any]) -> list[str]:
    """The names that a module offers, its `__all__`, and Python's own; not what it is written with.

    >>> listed({"__all__": ["sin"], "__name__": "m", "sin": 1, "np": 2})
    ['__all__', '__name__', 'sin']
    """
    return sorted({*space["__all__"], *(name for name in space if name.startswith("__") and name.endswith("__"))})


def defined_in(folder: str, space: dict[str, Any]) -> list[str]:
    """The names in a module's space whose definitions stand in a file of a folder: what `from .file import *` brought from there.

    >>> from autograd_cnn.support.atomic import atomic_write
    >>> defined_in("autograd_cnn.support", {"atomic_write": atomic_write, "listed": listed, "_hidden": listed, "len": len})
    ['atomic_write', 'listed']
    """
    return sorted(n for n, v in space.items() if not n.startswith("_") and f"{getattr(v, '__module__', '')}.".startswith(f"{folder}."))
