"""Operations as functions without parameters of their own, as `torch.nn.functional` has them.

The operations say themselves that they belong here (`ops/registry/expose.py`); this module finds them under their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ops as _ops  # noqa: F401  # the operations register themselves
from ..errors import nearest as _nearest
from ..ops.registry.expose import FUNCTIONAL as _FUNCTIONAL
from ..ops.registry.expose import FUNCTIONS as _FUNCTIONS
from ..ops.registry.expose import watch as _watch

# names torch.nn.functional shares with torch
_SHARED = (
    "sigmoid",
    "tanh",
    "relu",
    "relu_",
    "celu",
    "celu_",
    "selu",
    "selu_",
    "rrelu",
    "rrelu_",
    "prelu",
    "dropout",
    "dropout_",
    "softmax",
    "log_softmax",
    "cosine_similarity",
    "pairwise_distance",
    "pixel_shuffle",
    "pixel_unshuffle",
    "channel_shuffle",
    "bilinear",
    "conv1d",
    "conv2d",
    "conv3d",
    "batch_norm",
    "layer_norm",
    "group_norm",
    "instance_norm",
    "embedding",
    "one_hot",
)


if TYPE_CHECKING:
    from ._functional import *  # noqa: F403  # what `__getattr__` finds, for editors and type checkers
else:

    def __getattr__(name: str) -> Any:
        op = _FUNCTIONAL.get(name)
        if op is None and name in _SHARED:
            op = _FUNCTIONS.get(name)
        if op is None:
            raise AttributeError(f"module 'autograd_cnn.nn.functional' has no attribute {name!r}.{_nearest(name, _FUNCTIONAL)}")
        found = getattr(op, "call", op)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*_FUNCTIONAL, *(n for n in _SHARED if n in _FUNCTIONS)})


__all__ = __dir__()  # the operations have registered themselves by being imported above: `_ops`


def _exposed(name: str, op: Any) -> None:
    """A user's operation takes its place, or that of its former definition."""
    globals().pop(name, None)
    if name not in __all__:
        __all__.append(name)


_watch("functional", _exposed)
