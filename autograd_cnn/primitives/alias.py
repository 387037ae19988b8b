"""A second name of a primitive: `absolute` of `abs`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..engine.variable import Variable

if TYPE_CHECKING:
    from .primitive import Primitive


class Alias:
    """Another name of a primitive, with a definition and a docstring of its own, made by `@primitive.alias`.

    What the definition says is what happens: it calls the primitive. The calls by this name are the primitive's, written under it, so
    that a second name costs nothing.
    """

    def __init__(self, primitive: Primitive, forward: Callable[..., Any]) -> None:
        self.primitive, self.forward = primitive, forward
        self.name = self.__name__ = forward.__name__
        self.__module__, self.__qualname__, self.__doc__ = forward.__module__, forward.__qualname__, forward.__doc__
        self.found_at = (self.__module__, self.__qualname__)
        self.by_value_type: dict[type, Callable[..., Any]] = {}

    @property
    def kernels(self) -> dict[type, Callable[..., Any]]:
        """The primitive's kernels for other raw types."""
        return self.primitive.kernels

    @cached_property
    def call(self) -> Callable[..., Any]:
        """The public call by this name."""
        from .codegen import write_dispatch

        return write_dispatch(self.primitive, self)

    def call_for(self, value_type: type[Variable]) -> Callable[..., Any]:
        """The call by this name, written for one kind of variable."""
        if value_type not in self.by_value_type:
            from .codegen import write_call

            self.by_value_type[value_type] = write_call(self.primitive, value_type, named=self)
        return self.by_value_type[value_type]

    def show_at(self, module: str, name: str) -> None:
        """Users find the call in that module under that name."""
        self.found_at = (module, name)
        self.__dict__.pop("call", None)

    def write_anew(self) -> None:
        """The primitive's definition goes on: what was written is written again at the next call."""
        self.__dict__.pop("call", None)
        self.by_value_type.clear()

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{self.name}, as {self.primitive!r}>"

    def __reduce__(self) -> str:
        return self.__qualname__
