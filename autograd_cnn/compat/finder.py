"""The import hook: while it is in place, `import torch` gives this library."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from multiprocessing import spawn
from typing import Any

from ..tensors.tensor import Parameter, Tensor
from . import module_map
from .shim_module import ShimModule, guarded, message, note


class _Loader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return ShimModule(spec.name, module_map.sources(spec.name) or ())

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is executed: names are found when they are asked for. The models' are entered now, for `models.__dict__`."""
        if module.__name__ == "torchvision.models":
            for name in dir(module):
                getattr(module, name, None)


class Finder(importlib.abc.MetaPathFinder):
    """Finds `torch`, `torchvision` and what is below them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in module_map.ROOTS:
            return None
        if module_map.sources(fullname) is None and not _import_statement(fullname):
            raise ModuleNotFoundError(message(fullname), name=fullname)
        return importlib.machinery.ModuleSpec(fullname, _Loader(), is_package=True)


def _import_statement(fullname: str) -> bool:
    """May a module that is not here be imported all the same, because nothing says that the program counts with its absence?
    Its names are missing then, each at its use."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        if frame.f_code.co_name == "_handle_fromlist":  # `from torch.nn import Foo` tries whether Foo is a module
            return False
        frame = frame.f_back
    if frame is None or guarded(frame):
        return False
    note(fullname, frame)
    return True


# By their class's name other packages know a tensor: `"torch" in str(type(x))`.
_SPOKEN: dict[type, str] = {Tensor: "torch", Parameter: "torch.nn.parameter"}


class _Standing(str):
    """A process's name. Whoever unpickles it has `torch` stand for this library, before it imports the program."""

    def __reduce__(self) -> Any:
        return _stand, (str(self),)


def _stand(name: str) -> str:
    standing().__enter__()
    return name


class standing:
    """While the block runs, `torch` and `torchvision` are this library, in processes that are started in it, too; afterwards everything is
    as before.

    >>> with standing():
    ...     import torch
    ...     torch.ones(2)
    tensor([1., 1.])
    """

    def __enter__(self) -> standing:
        self._finder = Finder()
        self._modules = {kind: kind.__module__ for kind in _SPOKEN}
        for kind, name in _SPOKEN.items():
            kind.__module__ = name
        self._before = {name: sys.modules.pop(name) for name in _stood()}
        sys.meta_path.insert(0, self._finder)
        self._prepare = spawn.get_preparation_data
        spawn.get_preparation_data = self._prepared
        return self

    def _prepared(self, name: str) -> dict[str, Any]:
        """What a process that is spawned meanwhile hears first of all: that `torch` is this library there, too."""
        data = self._prepare(name)
        return {**data, "name": _Standing(data["name"])}

    def __exit__(self, *_: Any) -> None:
        spawn.get_preparation_data = self._prepare
        sys.meta_path.remove(self._finder)
        for kind, name in self._modules.items():
            kind.__module__ = name
        for name in _stood():
            del sys.modules[name]
        sys.modules.update(self._before)


def _stood() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] in module_map.ROOTS]
