"""Attention: each query an average of values, weighted by how well its key fits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, shape_of
from ...errors import expected
from ...types.promotion import Array
from ..index.masked import masked_fill
from ..linalg.matrix_products import matmul
from ..random.dropout import dropout
from ..registry.derived import derived, sure
from ..registry.expose import expose
from ..shape.shape import transpose
from .softmax import softmax


@expose("functional")
def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    attn_mask: Array | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Array:
    """softmax(Q · Kᵀ · scale + mask) · V, scale = 1/√E by default.   (*, L, E), (*, S, E), (*, S, V) → (*, L, V)

    Args:
        attn_mask: boolean (True: attend) or added to the scores; broadcasts to (*, L, S).
        dropout_p: dropout of the weights, whenever it is above zero.
        is_causal: query i attends to keys 0 … i only; not together with a mask.
        enable_gqa: the heads (dim −3) of keys and values repeat to be as many as the queries'.

    Raises:
        RuntimeError: a mask together with `is_causal`, or shapes that do not fit.

    >>> import autograd_cnn as ac
    >>> x = ac.ones(1, 2, 4)
    >>> ac.nn.functional.scaled_dot_product_attention(x, x, x).shape
    torch.Size([1, 2, 4])

    Source: Vaswani et al., "Attention is all you need", 2017.
    """
    if min(len(shape_of(v)) for v in (query, key, value)) < 2:
        raise RuntimeError(expected("scaled_dot_product_attention", "query, key and value with at least 2 dims (*, L, E)", "fewer"))
    if is_causal and attn_mask is not None:
        raise RuntimeError("scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        key, value = _repeated(key, query), _repeated(value, query)
    size = shape_of(query)[-1]
    factor = 1 / math.sqrt(size) if scale is None else scale
    scores = matmul(query * factor, transpose(key, -2, -1))  # (*, L, E) · (*, E, S)
    if is_causal:
        attn_mask = np.tril(np.ones(shape_of(scores)[-2:], bool))
    nothing = None
    if attn_mask is not None:
        boolean = dtype_of(attn_mask) == np.bool_
        scores = masked_fill(scores, derived(np.logical_not, attn_mask), -math.inf) if boolean else scores + attn_mask
        nothing = derived(_nothing, attn_mask)
        if sure(_none, nothing):
            nothing = None
    if nothing is not None:  # a query that may attend to nothing gets zeros, and hands none back
        scores = masked_fill(scores, nothing, 0.0)
    weights = softmax(scores, -1)
    if nothing is not None:
        weights = masked_fill(weights, nothing, 0.0)
    return matmul(dropout(weights, dropout_p) if dropout_p > 0 else weights, value)


def _nothing(mask: Array) -> Any:
    """Which queries may attend to nothing?"""
    return ~mask.any(-1, keepdims=True) if mask.dtype == bool else (mask == -math.inf).all(-1, keepdims=True)


def _none(x: Array) -> bool:
    return not x.any()


def _repeated(x: Any, query: Any) -> Any:
    from ..shape.arrange import repeat_interleave

    have, want = shape_of(x)[-3], shape_of(query)[-3]
    if want % have:
        raise RuntimeError(expected("scaled_dot_product_attention", f"query heads ({want}) to be a multiple of key and value heads", have))
    return x if want == have else repeat_interleave(x, want // have, -3)
