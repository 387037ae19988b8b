"""Attention with all that its operator knows: heads that share keys, caches, caps, masks, windows.   [Vaswani et al. 2017]"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...nn import functional as F
from ..dims import OnnxError
from .elementwise import ac
from .formats import format_of
from .table import HELD, Node, Unsupported, bounded, constant, operator, settled


def _headed(n: Node, x: Any, heads: Any) -> Any:
    """(N, steps, heads · size) → (N, heads, steps, size)"""
    if x.ndim == 4:
        return x
    if x.ndim != 3 or not heads or heads < 1 or x.shape[2] % heads:
        raise OnnxError(
            f"onnx: {n.operator}: expected 4 dims, or 3 of which the last is a multiple of the heads, got {list(x.shape)} for {heads}."
        )
    return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def _shared(x: Any, heads: int, n: Node) -> Any:
    """Each head of the keys for as many of the queries."""
    own = x.shape[1]
    if own == heads:
        return x
    if own < 1 or heads % own:
        raise OnnxError(f"onnx: {n.operator}: expected the heads of queries to be a multiple of those of keys, got {heads} and {own}.")
    b, _, s, d = x.shape
    return x.unsqueeze(2).expand(b, own, heads // own, s, d).reshape(b, heads, s, d)


def _visible(n: Node, batch: int, steps: int, keys: int, past: int, lengths: Any) -> Any:
    """Which keys each query may see by its place, (N or 1, 1, steps, keys); None if all."""
    left, right = n.get("left_window_size", -1), n.get("right_window_size", -1)
    causal = bool(n.get("is_causal"))
    if lengths is None and not causal and left < 0 and right < 0:
        return None
    bounded([batch, steps, keys])
    key, seen = np.arange(keys)[None, None], np.ones((1, steps, keys), bool)
    offset = np.full((1, 1, 1), past)
    if lengths is not None:
        valid = settled(lengths, "a length").reshape(-1, 1, 1).astype(np.int64)
        if len(valid) != batch:
            raise OnnxError(f"onnx: {n.operator}: expected a length for each of {batch}, got {len(valid)}.")
        seen, offset = key < valid, valid - steps
    place = offset + np.arange(steps)[None, :, None]
    seen = seen & (key <= place) if causal else seen
    seen = seen & (key >= place - left) if left >= 0 else seen
    seen = seen & (key <= place + right) if right >= 0 else seen
    return np.broadcast_to(seen, (seen.shape[0], steps, keys))[:, None]


def _softmax(x: Any) -> Any:
    """Of the last axis; a query that sees nothing gets nothing, and no gradient."""
    blind = ac.eq(ac.amax(x.detach(), -1, keepdim=True), -math.inf)
    return ac.where(blind, 0.0, F.softmax(ac.where(blind, 0.0, x), -1)).to(x.dtype)


@operator("Attention")
def _(n: Node, q: Any, k: Any, v: Any, mask: Any = None, past_k: Any = None, past_v: Any = None, lengths: Any = None) -> Any:
    flat = q.ndim == 3
    q, k, v = _headed(n, q, n.get("q_num_heads")), _headed(n, k, n.get("kv_num_heads")), _headed(n, v, n.get("kv_num_heads"))
    past = 0 if past_k is None else past_k.shape[2]
    if past_k is not None:
        k, v = ac.cat([past_k, k], 2), ac.cat([past_v, v], 2)
    present = (k, v)
    batch, heads, steps, size = q.shape
    keys, cap, mode = k.shape[2], n.get("softcap", 0.0), n.get("qk_matmul_output_mode", 0)
    scale = n.get("scale") or 1 / math.sqrt(max(size, 1))
    if scale < 0 or mode not in (0, 1, 2, 3):
        raise OnnxError(f"onnx: Attention: expected a scale above 0 and qk_matmul_output_mode from 0 to 3, got {scale} and {mode}.")
    root = math.sqrt(scale)
    k, v = _shared(k, heads, n), _shared(v, heads, n)
    scores = (q * root).to(q.dtype) @ (k * root).to(k.dtype).transpose(2, 3)
    said = {0: scores}
    scores = cap * ac.tanh(scores / cap) if cap > 0 else scores
    said[1] = scores
    if mask is not None:
        bias = mask if mask.dtype != np.bool_ else ac.where(mask, constant(0, q.dtype), constant(-math.inf, q.dtype))
        scores = scores + (F.pad(bias, (0, keys - bias.shape[-1]), value=-math.inf) if bias.shape[-1] < keys else bias)
    seen = _visible(n, batch, steps, keys, past, lengths)
    scores = scores if seen is None else ac.where(constant(seen), scores, constant(-math.inf, scores.dtype))
    said[2] = scores
    kind = format_of(n, n.get("softmax_precision")) if n.get("softmax_precision") else scores.dtype
    if kind not in HELD:
        raise Unsupported
    masked = mask is not None or seen is not None
    weights = (_softmax(scores.to(kind)) if masked else F.softmax(scores.to(kind), -1)).to(q.dtype)
    said[3] = weights
    y = weights.to(v.dtype) @ v
    y = y.transpose(1, 2).reshape(batch, steps, -1) if flat else y
    return (y, *present, said[mode])[: max(n.outs, 1)]
