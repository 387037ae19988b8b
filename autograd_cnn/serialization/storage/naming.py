"""Under which name a class or function is written into a file, and found again."""

from __future__ import annotations

import sys
from typing import Any

_PACKAGE = __name__.partition(".")[0]
_PUBLIC = (_PACKAGE, f"{_PACKAGE}.nn", f"{_PACKAGE}.nn.functional", f"{_PACKAGE}.optim")


def find(module: str, qualified: str) -> Any:
    """What this name leads to in the modules that are loaded, or None."""
    found: Any = sys.modules.get(module)
    for part in qualified.split("."):
        found = getattr(found, part, None)
    return found


def name_of(value: Any, qualified: str) -> tuple[str, str]:
    """(module, name within it). This library's own names are the public ones, which stay when files move."""
    module = getattr(value, "__module__", None) or "builtins"
    if module.partition(".")[0] == _PACKAGE:
        module = next((public for public in _PUBLIC if find(public, qualified) is value), module)
    return module, qualified
