"""`torch.jit`: programs that compile a model for speed run it as it is. Saving compiled models is not here."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from ...errors import TraceWarning as TracerWarning
from ...nn import Module

F = TypeVar("F")

__all__ = [
    "Final",
    "ScriptModule",
    "TracerWarning",
    "annotate",
    "export",
    "ignore",
    "is_scripting",
    "is_tracing",
    "script",
    "script_method",
    "trace",
    "unused",
]


class ScriptModule(Module):
    """What PyTorch makes of a module by `script`. Here a module stays what it is, so that only who derives from it is one."""


def annotate(the_type: Any, the_value: F) -> F:
    """The value itself."""
    return the_value


def script(obj: F, *args: Any, **kwargs: Any) -> F:
    """The function or model itself."""
    return obj


def trace(func: F, example_inputs: Any = None, *args: Any, **kwargs: Any) -> F:
    """The function or model itself."""
    return func


def script_method(fn: F) -> F:
    """The method itself."""
    return fn


def export(fn: F) -> F:
    """The method itself."""
    return fn


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """A decorator that leaves the function as it is."""
    return drop if callable(drop) else lambda fn: fn


def unused(fn: F) -> F:
    """The function itself."""
    return fn


def is_scripting() -> bool:
    """Nothing is compiled."""
    return False


is_tracing = is_scripting
