"""Handles of registered hooks, for tensors, modules and optimizers alike."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

_ids = itertools.count().__next__


class RemovableHandle:
    """What `register_…_hook` returns: `remove()` takes the hook away; as a context manager it does so at the end."""

    __slots__ = ("__weakref__", "_hooks", "id")

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.id = _ids()
        self._hooks = _reference(hooks)

    @classmethod
    def on(cls, hooks: dict[int, Any], hook: Callable[..., Any]) -> RemovableHandle:
        """Register `hook` in the dictionary and return its handle."""
        handle = cls(hooks)
        hooks[handle.id] = hook
        return handle

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.remove()


def _reference(hooks: dict[int, Any]) -> Callable[[], dict[int, Any] | None]:
    try:
        return weakref.ref(hooks)
    except TypeError:  # a plain dict cannot be referenced weakly
        return lambda: hooks
