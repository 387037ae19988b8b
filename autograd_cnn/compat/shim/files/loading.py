"""`torch.load` of a program: with `weights_only=False` the program says that it trusts the file, which may then hold whole networks."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .... import serialization
from ....nn import Module, functional
from ... import module_map

__all__ = ["load"]


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """See `autograd_cnn.load`. `weights_only=False` also builds networks: of this library's layers, and of classes of networks that the
    program has defined or imported. Nothing is imported for a file, and nothing in it is run."""
    given = {"weights_only": weights_only, "mmap": mmap, **pickle_load_args}
    kept = {k: v for k, v in given.items() if v is not None}
    if weights_only is not False:
        return serialization.load(f, map_location, pickle_module, **kept)
    start = f.tell() if hasattr(f, "tell") else None
    names = serialization.get_unsafe_globals_in_checkpoint(f)
    if start is not None:
        f.seek(start)
    known = [(kind, name) for name in names if (kind := _of_networks(name)) is not None]
    with serialization.safe_globals(known):
        return serialization.load(f, map_location, pickle_module, **kept)


def _of_networks(name: str) -> Any:
    """The class of a network, or the activation, that a file means by a full name; None for anything else."""
    module, _, last = name.rpartition(".")
    home = sys.modules.get(module)
    if home is None and module.partition(".")[0] in module_map.ROOTS and module_map.sources(module) is not None:
        home = importlib.import_module(module)
    found = getattr(home, last, None)
    if isinstance(found, type) and issubclass(found, Module):
        return found
    return found if found is not None and getattr(functional, last, None) is found else None
