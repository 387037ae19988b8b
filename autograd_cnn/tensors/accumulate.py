"""Sums of gradients: at a value where several arrive, and in a leaf's .grad."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.complaints import refuse_complex
from ..engine.node import Leaf
from ..engine.variable import Variable, box
from ..engine.versions import wrote
from ..kernels.layouts import OwnOrder, add_into, to_plain
from ..kernels.memory.allocator import is_whole
from ..ops.elementwise.arithmetic import _add
from .inplace import meets_itself


# ------------------------------------------------------------------------------------------------- gradients
def accumulate(kind: type[Variable], leaf: Leaf, g: Any, create_graph: bool, donated: bool) -> None:
    """leaf.grad += g, a variable of this kind, in place where there is no graph of gradients; never sharing memory with another gradient,
    and in the memory order of the leaf, as in PyTorch.

    `donated`: nobody else needs g, so its memory may become the gradient's.
    """
    refuse_complex(g.dtype, "backward")
    if create_graph:
        leaf.grad = g if leaf.grad is None else leaf.grad + g
        return
    have = leaf.grad
    if have is None:
        made = object.__new__(kind)
        plain = to_plain(g)
        # a pass-through rule hands the same array to several inputs, a view rule a view: those must be copied
        made.value = plain if donated and is_whole(plain) and _ordered_alike(plain, leaf.value) else _copied(plain, leaf.value)
        made.node = None
        leaf.grad = made
    elif have.node is not None:
        leaf.grad = box(have.value + to_plain(g), None)
    else:
        target = have.storage()
        if not target.flags.writeable or meets_itself(target):
            raise RuntimeError(
                "backward: a gradient is added to .grad, but several of its entries lie at one place in memory, or it is read-only: expected "
                "memory of its own for each. Set x.grad to a clone() of it, or to None."
            )
        np.add(target, to_plain(g), out=target)
        wrote(target)


def _ordered_alike(g: Any, x: Any) -> bool:
    return bool(g.strides == x.strides or (g.flags.c_contiguous and x.flags.c_contiguous))


def _copied(g: Any, x: Any) -> Any:
    """g, its dims in memory in the order in which those of x lie."""
    if x.__class__ is not np.ndarray:
        return np.array(g, order="C")
    made = np.empty_like(x, g.dtype)
    made[...] = g
    return made


def sum_gradients(g: Any, other: Any, donated: bool) -> Any:
    """g + other, for two gradients that arrived at one value; `donated`: the sum may be written over g."""
    if donated:
        found = add_into(g, other)
        if found is not NotImplemented:
            return found
    if g.__class__ is OwnOrder or other.__class__ is OwnOrder:
        return _add(g, other)
    return g + other
