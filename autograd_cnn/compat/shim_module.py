"""Modules that stand for those of PyTorch, and what happens where one of their names is missing."""

from __future__ import annotations

import dis
import importlib
import sys
import types
from typing import Any, NoReturn

from ..errors import nearest
from . import module_map

# Names that were asked for and are not here, with the place of the first use: what `run` lists at its end.
MISSED: dict[str, str] = {}


class MissingName(AttributeError):
    """A name of PyTorch that this library does not have, at the point where the program uses it."""


def message(name: str) -> str:
    """ "torch.nn.Foo is not available …", with the nearest names that exist."""
    module, _, last = name.rpartition(".")
    known = dir(sys.modules[module]) if isinstance(sys.modules.get(module), ShimModule) else []
    return f"{name} is not available here: autograd_cnn has no such name.{nearest(last, known)}"


def missed(name: str, frame: types.FrameType | None) -> NoReturn:
    """Note a missing name and raise."""
    note(name, frame)
    raise MissingName(message(name), name=name.rpartition(".")[2], obj=sys.modules.get(name.rpartition(".")[0]))


def note(name: str, frame: types.FrameType | None) -> None:
    """Enter a name into the list of those missed."""
    where = "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
    MISSED.setdefault(name, where)


class _MissingKind(type):
    """`isinstance(x, missing)`: nothing can be one. A subclass of something missing cannot be made."""

    def __instancecheck__(cls, instance: object) -> bool:
        return False

    def __subclasscheck__(cls, subclass: type) -> bool:
        return False


class Missing(metaclass=_MissingKind):
    """What `from torch.nn import Foo` gives for a Foo that is not here: the program may go on until it uses it."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        missed(self._name, sys._getframe(1))

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("__") and attribute.endswith("__"):
            raise AttributeError(attribute)
        missed(self.__dict__["_name"], sys._getframe(1))

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        missed(self._name, sys._getframe(1))

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self._name}, which is not available>"


class ShimModule(types.ModuleType):
    """A module named as PyTorch's that finds its names in modules of this library, or in none (then all are missing)."""

    def __init__(self, name: str, sources: tuple[str, ...]) -> None:
        super().__init__(name)
        self.__dict__.update(__path__=[], __package__=name, _sources=sources)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__" and not name.startswith("__version"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = self._find(name)
        if found is not _NOTHING:
            if not name.startswith("__"):
                self.__dict__[name] = found
            return found
        return self._refuse(name, sys._getframe(1))

    def __setattr__(self, name: str, value: Any) -> None:
        """Importing `torch.nn.utils.weight_norm`, a module, must not hide the function of that name."""
        if not (isinstance(value, ShimModule) and self._own(name) is not _NOTHING):
            super().__setattr__(name, value)

    def _own(self, name: str) -> Any:
        for source in self._sources:
            found = _of(importlib.import_module(source), name)
            if found is not _NOTHING:
                return found
        return _NOTHING

    def _find(self, name: str) -> Any:
        if name == "__all__":
            return [n for n in dir(self) if not n.startswith("_")]
        found = self._own(name)
        if found is not _NOTHING:
            return found
        child = f"{self.__name__}.{name}"
        return importlib.import_module(child) if module_map.sources(child) is not None else _NOTHING

    def _refuse(self, name: str, frame: types.FrameType) -> Any:
        """A missing name: an error here, unless the program only imports it, or asks whether it exists."""
        full = f"{self.__name__}.{name}"
        operation = _operation(frame)
        if operation == "IMPORT_FROM":
            if not guarded(frame):
                note(full, frame)
                return Missing(full)
            raise ImportError(message(full), name=self.__name__)
        if operation.startswith(("LOAD_ATTR", "LOAD_METHOD")):
            missed(full, frame)
        raise MissingName(message(full), name=name, obj=self)

    def __dir__(self) -> list[str]:
        names = {*self.__dict__, *module_map.submodules(self.__name__)}
        for source in self._sources:
            names.update(n for n in public(importlib.import_module(source)))
        return sorted(n for n in names if n != "_sources")

    def __repr__(self) -> str:
        return f"<module {self.__name__!r}: autograd_cnn>"


_NOTHING = object()


def _of(module: types.ModuleType, name: str) -> Any:
    """A name of a module of ours; its submodules, and what it imported from elsewhere, are no names of PyTorch's."""
    found = getattr(module, name, _NOTHING)
    return _NOTHING if isinstance(found, types.ModuleType) else found


def public(module: types.ModuleType) -> list[str]:
    """The names a module means to be seen."""
    listed = getattr(module, "__all__", None)
    return [n for n in (dir(module) if listed is None else listed) if not n.startswith("_") and n != "annotations"]


def _operation(frame: types.FrameType) -> str:
    """The bytecode instruction that a frame is at: is a name imported, read as an attribute, or asked for by `hasattr`?"""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] if frame.f_lasti >= 0 else ""


def guarded(frame: types.FrameType) -> bool:
    """Does the frame stand inside a `try` of its own? Then the program expects that a name may be missing."""
    bytecode: Any = dis.Bytecode(frame.f_code)  # its table of handlers is not in the type stubs
    entries = bytecode.exception_entries
    return any(entry.start <= frame.f_lasti < entry.end for entry in entries)
