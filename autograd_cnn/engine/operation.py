"""What the engine asks of an operation. A `Primitive` answers it, and so does what stands for one on a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol


class Operation(Protocol):
    """An operation as the tape sees it: what it is called with, how it computes, what its rules want kept."""

    name: str
    family: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: tuple[str, ...]
    optional: dict[str, Any]  # inputs that may be left out
    variables: AbstractSet[str]  # inputs that are arrays even where numbers would do
    several: bool  # as many outputs as the call makes
    variadic: bool  # any number of inputs
    view: bool | Callable[..., Any]  # are the outputs views of the first input?
    ours: bool  # its rules keep nothing of what they see or return
    by_value_type: dict[type, Callable[..., Any]]  # the calls written so far
    advice: Callable[[Sequence[str], Sequence[Any]], str] | None

    @property
    def differentiable(self) -> bool:
        """Has it any rule?"""

    @property
    def keep(self) -> tuple[Any, ...]:
        """What the rules want kept."""

    def compute(self, value_type: Any, values: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """The result for raw values."""

    def raw(self, *args: Any, **kwargs: Any) -> Any:
        """The call for arguments that are all raw."""

    def call_for(self, value_type: Any) -> Callable[..., Any]:
        """The call written for one kind of variable."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The public call."""
