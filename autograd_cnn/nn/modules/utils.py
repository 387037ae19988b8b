"""Small helpers that programs borrow from `torch.nn.modules.utils`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

__all__ = ["consume_prefix_in_state_dict_if_present"]


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """A function that makes n equal entries of one, and a tuple of what is several already."""

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else tuple(repeat(x, n))

    parse.__name__ = name
    return parse


_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(t: tuple[int, ...], n: int) -> tuple[int, ...]:
    """(1, 2) → (2, 2, 1, 1): padding of a convolution as `pad` takes it."""
    return tuple(x for x in reversed(t) for _ in range(n))


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Take `prefix` (of a `DataParallel`, say) off the names in a state dict, in place.

    >>> weights = {"module.w": 1}
    >>> consume_prefix_in_state_dict_if_present(weights, "module.")
    >>> weights
    {'w': 1}
    """
    for name in [n for n in state_dict if n.startswith(prefix)]:
        state_dict[name.removeprefix(prefix)] = state_dict.pop(name)
    metadata = getattr(state_dict, "_metadata", None) or {}
    for name in list(metadata):
        if name and (name == prefix.removesuffix(".") or name.startswith(prefix)):
            metadata[name.removeprefix(prefix) if name.startswith(prefix) else ""] = metadata.pop(name)
