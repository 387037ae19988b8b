"""Attention with several heads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops.shape.join import cat
from ...tensors import creation
from ...tensors.tensor import Parameter, Tensor
from .. import functional as F
from .. import init
from ..module.module import Module
from .linear import Linear, made

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear` under the name that PyTorch prints for an attention's output layer."""


class MultiheadAttention(Module):
    """Attention with several heads: head_i = softmax(Q_i · K_iᵀ / √d) · V_i, their outputs joined and projected.

    (L, N, E), (S, N, kdim), (S, N, vdim) → (L, N, E), and the weights (N, L, S); the batch first with `batch_first`, or no batch at all.

    Args:
        embed_dim, num_heads: E, and how many heads share it (d = E / num_heads).
        dropout: of the attention weights, in training.
        add_bias_kv: a learned key and value are added to each sequence; `add_zero_attn`: zeros are.
        kdim, vdim: the width of keys and values, E by default.

    Calling it: `key_padding_mask` (N, S) marks keys to leave out (True), or is added to the scores; `attn_mask` (L, S) or (N · heads, L, S)
    likewise; `need_weights=False` gives None for the weights, `average_attn_weights=False` those of each head; `is_causal` says that
    `attn_mask` is the causal one.

    >>> import autograd_cnn as ac
    >>> x = ac.ones(5, 2, 8)
    >>> y, weights = ac.nn.MultiheadAttention(8, 2)(x, x, x)
    >>> y.shape, weights.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 5, 5]))

    Source: Vaswani et al., "Attention is all you need", 2017.
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead")
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads: got {embed_dim} and {num_heads} in MultiheadAttention")
        super().__init__()
        self.embed_dim, self.num_heads, self.head_dim, self.dropout = embed_dim, num_heads, embed_dim // num_heads, dropout
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.batch_first, self.add_zero_attn = batch_first, add_zero_attn
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        own = {"q_proj_weight": embed_dim, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        if self._qkv_same_embed_dim:
            self.in_proj_weight = made((3 * embed_dim, embed_dim), dtype, device)
        for name, width in own.items():
            self.register_parameter(name, None if self._qkv_same_embed_dim else made((embed_dim, width), dtype, device))
        if not self._qkv_same_embed_dim:
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", made((3 * embed_dim,), dtype, device) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, made((1, 1, embed_dim), dtype, device) if add_bias_kv else None)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        self._check(query, key, value)
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint (in MultiheadAttention).")
        single = query.dim() == 2
        q, k, v = (x.unsqueeze(0) if single else x if self.batch_first else x.transpose(0, 1) for x in (query, key, value))
        q, k, v = self._projected(q, k, v)  # (N, L, E), (N, S, E), (N, S, E)
        mask = self._mask(key_padding_mask, attn_mask, q, k.shape[1])
        k, v, mask = self._extended(k, v, mask)
        q, k, v = (x.unflatten(2, (self.num_heads, self.head_dim)).transpose(1, 2) for x in (q, k, v))  # (N, heads, L, d)
        scores = (q * (1 / math.sqrt(self.head_dim))) @ k.transpose(2, 3)
        weights = F.softmax(scores if mask is None else scores + mask, -1)
        if self.dropout:
            weights = F.dropout(weights, self.dropout, self.training)
        y = self.out_proj((weights @ v).permute(2, 0, 1, 3).flatten(2))  # (N, heads, L, d) -> (L, N, E): in memory as PyTorch's
        shown = None if not need_weights else weights.mean(1) if average_attn_weights else weights
        if single:
            return y.squeeze(1), None if shown is None else shown.squeeze(0)
        return (y.transpose(0, 1) if self.batch_first else y), shown

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        if query.dim() not in (2, 3) or key.dim() != query.dim() or value.dim() != query.dim():
            raise AssertionError(
                f"query should be unbatched 2D or batched 3D tensor, and key and value alike, but received {query.dim()}-D, "
                f"{key.dim()}-D and {value.dim()}-D tensors (in MultiheadAttention)"
            )
        for name, x, width in (("query", query, self.embed_dim), ("key", key, self.kdim), ("value", value, self.vdim)):
            if x.shape[-1] != width:
                raise (AssertionError if name == "query" else RuntimeError)(
                    f"was expecting embedding dimension of {width}, but got {x.shape[-1]} for {name} in MultiheadAttention"
                )

    def _projected(self, *given: Tensor) -> list[Tensor]:
        """Queries, keys and values."""
        if self.in_proj_weight is not None:
            weights: Any = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases: Any = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        return [F.linear(x, w, b) for x, w, b in zip(given, weights, biases, strict=True)]

    def _mask(self, padding: Tensor | None, attention: Tensor | None, q: Tensor, keys: int) -> Tensor | None:
        """Both masks as one that is added to the scores (N, heads, L, S)."""
        n, length = q.shape[:2]
        total: Tensor | None = None
        if padding is not None:
            total = _added(padding, q.dtype).reshape(n, 1, 1, keys)
        if attention is not None:
            m = _added(attention, q.dtype)
            if tuple(m.shape) == (length, keys):
                m = m.reshape(1, 1, length, keys)
            elif tuple(m.shape) == (n * self.num_heads, length, keys):
                m = m.reshape(n, self.num_heads, length, keys)
            else:
                raise RuntimeError(
                    f"The shape of the attn_mask is {tuple(m.shape)}, but should be {(length, keys)} or "
                    f"{(n * self.num_heads, length, keys)} (in MultiheadAttention)."
                )
            total = m if total is None else total + m
        return total

    def _extended(self, k: Tensor, v: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
        """With the learned, and the zero, key and value that every query may attend to."""
        n, more = k.shape[0], 0
        if self.bias_k is not None and self.bias_v is not None:
            k, v = (cat([x, b.expand(n, 1, self.embed_dim)], 1) for x, b in ((k, self.bias_k), (v, self.bias_v)))
            more += 1
        if self.add_zero_attn:
            k, v = (cat([x, x.new_zeros(n, 1, self.embed_dim)], 1) for x in (k, v))
            more += 1
        return k, v, mask if mask is None or not more else F.pad(mask, (0, more))


def _added(mask: Tensor, dtype: Any) -> Tensor:
    """True → −∞; a mask of numbers is added as it is."""
    if mask.dtype == np.bool_:
        return creation.zeros(*mask.shape, dtype=dtype).masked_fill(mask, -math.inf)
    return mask
