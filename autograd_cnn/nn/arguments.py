"""What a layer of this package is given in a tensor's place."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from ..engine.complaints import no_tensor
from ..engine.variable import Variable

_PACKAGE = __name__.rsplit(".", 1)[0]
# What people take for tensors. Arrays would pass through many layers, and come out as arrays that know of no gradient.
FOREIGN = frozenset((list, tuple, np.ndarray, str, dict, np.float32, np.float64, np.int64))


def check_arguments(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """TypeError for an argument that this layer's `forward` wants to be a tensor, and that is none. A user's own layers take what they
    like; so do those of ours that say `Any`."""
    forward = type(layer).forward
    if not (getattr(forward, "__module__", None) or "").startswith(_PACKAGE):  # code run by `exec` may have none
        return
    names, needed = _tensors(forward)
    for at, (name, x) in enumerate([*zip(names, args, strict=False), *kwargs.items()]):
        if name in needed and not isinstance(x, (Variable, int, float)) and not (x is None and not needed[name]):
            raise no_tensor(x, type(layer).__name__, name, at + 1)


@functools.cache
def _tensors(forward: Any) -> tuple[tuple[str, ...], dict[str, bool]]:
    """The names of the arguments, and which of them are tensors: True for those that must be there."""
    parameters = list(inspect.signature(forward).parameters.values())[1:]
    needed = {p.name: p.annotation == "Tensor" for p in parameters if p.annotation in ("Tensor", "Tensor | None")}
    return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD), needed
