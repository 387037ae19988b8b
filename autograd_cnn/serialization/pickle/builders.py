"""The table of inert builders: all that a file can ask for by name.

Each builder takes the world (for its budget and its map_location) and the arguments the file gives, checks them, and
makes a plain value. None of them imports, opens, calls or evaluates anything from the file. `tensor_builders`,
`plain_builders` and `numpy_pickle` fill the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..storage.dtypes import Element

if TYPE_CHECKING:
    from .loading_context import LoadingContext

Builder = Callable[["LoadingContext", tuple[Any, ...]], Any]


class Global:
    """A name that a file may use, with its builder. Not callable itself, and never part of a result."""

    __slots__ = ("build", "name")

    def __init__(self, name: str, build: Builder | None = None) -> None:
        self.name = name
        self.build = build

    def __repr__(self) -> str:
        return f"<{self.name}>"


class StorageType(Global):
    """The name of a storage class: the element type of a storage, None for an untyped one."""

    __slots__ = ("element",)

    def __init__(self, name: str, element: Element | None) -> None:
        super().__init__(name)
        self.element = element


TABLE: dict[str, Any] = {}  # full name -> Global, or a dtype, which is its own value


def builds(*names: str) -> Callable[[Builder], Builder]:
    """Enter a builder into the table, under these names."""

    def note(build: Builder) -> Builder:
        for name in names:
            TABLE[name] = Global(name, build)
        return build

    return note
