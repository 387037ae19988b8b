"""copy.deepcopy of a tensor."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..kernels.layouts import to_plain


def deep_copy(x: Any, memo: dict[int, Any], with_grad: bool) -> Any:
    """copy.deepcopy of a leaf: its own memory, its flags, its gradient, its attributes."""
    if id(x) in memo:
        return memo[id(x)]
    if not x.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment. "
            "Use x.detach().clone()."
        )
    made = object.__new__(type(x))
    made.value = np.array(to_plain(x.value))
    made.node = None
    memo[id(x)] = made
    if x.requires_grad:
        made.requires_grad_(True)
    if x.grad is not None and with_grad:
        made.grad = copy.deepcopy(x.grad, memo)
    skip = {"_view", "_views", "_retired", "_retained"}
    made.__dict__.update({k: copy.deepcopy(v, memo) for k, v in x.__dict__.items() if k not in skip})
    return made
