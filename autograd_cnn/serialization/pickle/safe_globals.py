"""Which classes of the user's own a file may bring: none, until the user says so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from ..storage.naming import name_of

SafeGlobal = Callable[..., Any] | tuple[Callable[..., Any], str]

# Modules whose functions act on the system or run code. They stay refused even for a user who would allow them.
BLOCKED_MODULES = frozenset(
    {
        "sys",
        "os",
        "posix",
        "nt",
        "posixpath",
        "ntpath",
        "subprocess",
        "shutil",
        "socket",
        "ctypes",
        "importlib",
        "runpy",
        "code",
        "codeop",
        "pty",
        "pickle",
        "_pickle",
        "marshal",
        "builtins",
        "__builtin__",
        "operator",
        "_operator",
        "webbrowser",
        "multiprocessing",
        "threading",
        "asyncio",
        "signal",
    }
)
_allowed: dict[str, Callable[..., Any]] = {}


def _named(entry: SafeGlobal) -> tuple[str, Callable[..., Any]]:
    if isinstance(entry, tuple):
        if len(entry) != 2:
            raise ValueError(f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(entry)}")
        target, name = entry
        if not isinstance(name, str):
            raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(name)}")
        return name, target
    qualified = getattr(entry, "__qualname__", None)
    if not callable(entry) or qualified is None:
        raise TypeError(
            f"add_safe_globals: expected classes or functions, got {type(entry).__name__}. "
            "Pass the class itself, or (class, 'module.Name') for another name in the file."
        )
    return ".".join(name_of(entry, qualified)), entry


def add_safe_globals(safe_globals: Sequence[SafeGlobal]) -> None:
    """Let `load` build instances of these classes, and call these functions, when a file asks for them.

    A file that names one of them decides the arguments and the attributes; allow only what does no harm then. Classes
    of modules that act on the system (os, subprocess, builtins, …) stay refused.

    Args:
        safe_globals: classes or functions, or pairs (class, "full.name.in.the.file").

    Raises:
        TypeError, ValueError: an entry that is neither.

    Example:
        >>> from autograd_cnn import serialization
        >>> class Config:
        ...     pass
        >>> serialization.add_safe_globals([(Config, "my_project.Config")])
        >>> Config in serialization.get_safe_globals()
        True
        >>> serialization.clear_safe_globals()
    """
    for name, target in [_named(entry) for entry in safe_globals]:
        _allowed[name] = target


def get_safe_globals() -> list[Callable[..., Any]]:
    """The classes and functions allowed so far.

    Example:
        >>> from autograd_cnn import serialization
        >>> serialization.get_safe_globals()
        []
    """
    return list(_allowed.values())


def clear_safe_globals() -> None:
    """Forget what was allowed.

    Example:
        >>> from autograd_cnn import serialization
        >>> serialization.clear_safe_globals()
    """
    _allowed.clear()


class safe_globals(contextlib.AbstractContextManager["safe_globals"]):
    """`add_safe_globals` for the length of a block.

    Example:
        >>> from autograd_cnn import serialization
        >>> class Config:
        ...     pass
        >>> with serialization.safe_globals([(Config, "my_project.Config")]):
        ...     len(serialization.get_safe_globals())
        1
        >>> serialization.get_safe_globals()
        []
    """

    def __init__(self, safe_globals: Sequence[SafeGlobal]) -> None:
        self._entries = dict(_named(entry) for entry in safe_globals)
        self._before: dict[str, Callable[..., Any] | None] = {}

    def __enter__(self) -> safe_globals:
        self._before = {name: _allowed.get(name) for name in self._entries}
        _allowed.update(self._entries)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        for name, before in self._before.items():
            if before is None:
                _allowed.pop(name, None)
            else:
                _allowed[name] = before


def lookup(name: str) -> Callable[..., Any] | None:
    """What the user allowed under this full name."""
    return None if is_blocked(name) else _allowed.get(name)


def is_allowed(target: object) -> bool:
    """Is this very object one that the user allowed?"""
    return any(target is known for known in _allowed.values())


def names() -> Iterator[str]:
    """The full names allowed so far."""
    return iter(_allowed)


def is_blocked(name: str) -> bool:
    """Does the name belong to a module that acts on the system?"""
    return name.split(".", 1)[0] in BLOCKED_MODULES
