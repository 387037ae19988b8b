"""The refusals of `load`, worded once."""

from __future__ import annotations

import pickle

from ...errors import nearest
from . import safe_globals

_HEAD = "Weights only load failed. A file may bring tensors, numbers, text and plain containers of them, and nothing that runs."


def brief(value: object) -> str:
    """A value from a file, for a message: hostile ones are long, or nested until they cannot be printed."""
    if isinstance(value, (str, bytes)):
        return repr(value[:40])
    if isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 1 << 64):
        return repr(value)
    return f"a value of type {type(value).__name__}"


def refused_global(name: str) -> pickle.UnpicklingError:
    """The error for a name that the file asks for and that nobody allowed."""
    if safe_globals.is_blocked(name):
        return pickle.UnpicklingError(
            f"{_HEAD}\n\tUnsupported global: GLOBAL {name}, whose module {name.split('.')[0]} is blocked and cannot be "
            "allowed: it runs code or acts on the system. Do not trust this file."
        )
    short = name.rsplit(".", 1)[-1]
    return pickle.UnpicklingError(
        f"{_HEAD}\n\tUnsupported global: GLOBAL {name} was not an allowed global by default."
        f"{nearest(name, safe_globals.names())} This library never runs code from files, with weights_only=False neither. "
        "Save model.state_dict() and plain values instead; or, if you know what it does and trust the file, allow it "
        f"with `serialization.add_safe_globals([{short}])` or the `serialization.safe_globals([{short}])` context "
        f"manager (or by name: [({short}, {name!r})]). `get_unsafe_globals_in_checkpoint(file)` lists all that a file "
        "asks for."
    )


def refused(what: str, fix: str) -> pickle.UnpicklingError:
    """The error for something that is known, and not read."""
    return pickle.UnpicklingError(f"Weights only load failed. The file holds {what}, which this library does not read. {fix}")


def damaged(what: str) -> pickle.UnpicklingError:
    """The error for what no writer writes."""
    return pickle.UnpicklingError(f"Weights only load failed. {what}; the file is damaged or hostile.")
