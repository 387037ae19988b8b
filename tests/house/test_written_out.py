"""Every public function is a `def` of its own name, found by one search: `grep -rn "def conv2d" autograd_cnn`."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

from .public import FILE
from .source import FILES

UNWRITTEN = Path(__file__).with_name("unwritten.txt")
TEXT = "\n".join(p.read_text(encoding="utf-8") for p in FILES)
DEFS = set(re.findall(r"^ *def (\w+)\(", TEXT, re.MULTILINE))
# A class is a value, which another name (an older one, or a published one) may stand for, and an enumeration is a table of values.
CLASSES = set(re.findall(r"^class (\w+)|^(?:from .* import .* as )?(\w+)(?: = [A-Z]\w+| = weights_of\(.*)?$", TEXT, re.MULTILINE))
CLASSES = {name for pair in CLASSES for name in pair}


def found(path: str) -> tuple[Any, str]:
    """What a line of the table names, and its last name."""
    module, _, name = path.rpartition(".")
    try:
        return inspect.getattr_static(importlib.import_module(module), name, None) or getattr(importlib.import_module(module), name), name
    except ModuleNotFoundError:
        return inspect.getattr_static(found(module)[0], name), name


def unwritten() -> list[str]:
    """The public functions, methods, operators, properties and classes that no file of the package defines under their names."""
    missing = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        path, rest = re.fullmatch(r"([\w.]+)(.*)", line).groups()  # type: ignore[union-attr]  # each line begins with a name
        if rest.startswith(":") or rest == " (module)":
            continue
        value, name = found(path)
        if not (getattr(value, "__module__", None) or "autograd_cnn").startswith("autograd_cnn"):
            continue  # another package's class
        if inspect.isclass(value) and name.islower():
            continue  # an attribute whose value is a class
        if name not in (CLASSES if inspect.isclass(value) else DEFS):
            missing.append(path)
    return missing


def test_every_public_name_has_a_def() -> None:
    missing = set(unwritten())
    known = set(UNWRITTEN.read_text(encoding="utf-8").split()) if UNWRITTEN.exists() else set()
    assert not missing - known, f"no `def` of this name in any file: {sorted(missing - known)[:10]}"
    assert not known - missing, f"written out by now, so no longer for {UNWRITTEN.name}: {sorted(known - missing)[:10]}"
