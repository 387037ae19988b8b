"""The transformer: encoder and decoder, and the layers they repeat."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ...tensors import creation
from ...tensors.tensor import Tensor
from ...types.promotion import get_default_dtype
from .. import functional as F
from .. import init
from ..containers import ModuleList
from ..module.module import Module
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .norm import LayerNorm

__all__ = ["Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"]

Activation = str | Callable[[Tensor], Tensor]


def _activation(given: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(given, str):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    return F.relu if given == "relu" else F.gelu


class _Layer(Module):
    """What both layers have: the feed-forward part, and a sum with what went in around each part."""

    self_attn: MultiheadAttention

    def _feed_forward(self, x: Tensor, after: Dropout) -> Any:
        return after(self.linear2(self.dropout(self.activation(self.linear1(x)))))

    def _attend(
        self, attention: MultiheadAttention, x: Tensor, memory: Tensor, mask: Tensor | None, padding: Tensor | None, after: Dropout
    ) -> Any:
        return after(attention(x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False)[0])

    def _around(self, x: Tensor, norm: LayerNorm, part: Callable[[Tensor], Tensor]) -> Tensor:
        """norm(x + part(x)), or with `norm_first` x + part(norm(x))."""
        out: Tensor = x + part(norm(x)) if self.norm_first else norm(x + part(x))
        return out


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, and a network of two linear layers at each place: x = LN(x + attention(x)), x = LN(x + FFN(x)).

    (S, N, E) → (S, N, E); the batch first with `batch_first`.

    Args:
        d_model, nhead: E, and the number of heads. dim_feedforward: the width between the two linear layers.
        activation: "relu", "gelu", or a function. norm_first: normalise what goes into each part, not the sum.

    >>> import autograd_cnn as ac
    >>> ac.nn.TransformerEncoderLayer(8, 2, 16)(ac.ones(5, 3, 8)).shape
    torch.Size([5, 3, 8])

    Source: Vaswani et al., "Attention is all you need", 2017.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:
        """`src_mask` (S, S) and `src_key_padding_mask` (N, S): see `MultiheadAttention`. `is_causal` only says what `src_mask` is."""
        x = self._around(src, self.norm1, lambda y: self._attend(self.self_attn, y, y, src_mask, src_key_padding_mask, self.dropout1))
        return self._around(x, self.norm2, lambda y: self._feed_forward(y, self.dropout2))


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, then to the encoder's output, then a network of two linear layers at each place.

    (T, N, E), (S, N, E) → (T, N, E). The arguments are those of `TransformerEncoderLayer`.

    >>> import autograd_cnn as ac
    >>> ac.nn.TransformerDecoderLayer(8, 2, 16)(ac.ones(4, 3, 8), ac.ones(5, 3, 8)).shape
    torch.Size([4, 3, 8])

    Source: Vaswani et al., "Attention is all you need", 2017.
    """

    multihead_attn: MultiheadAttention

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        for n in (1, 2, 3):
            setattr(self, f"norm{n}", LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype))
        for n in (1, 2, 3):
            setattr(self, f"dropout{n}", Dropout(dropout))
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The masks of the sequence itself, and of the encoder's output: see `MultiheadAttention`."""
        x = self._around(tgt, self.norm1, lambda y: self._attend(self.self_attn, y, y, tgt_mask, tgt_key_padding_mask, self.dropout1))
        x = self._around(
            x, self.norm2, lambda y: self._attend(self.multihead_attn, y, memory, memory_mask, memory_key_padding_mask, self.dropout2)
        )
        return self._around(x, self.norm3, lambda y: self._feed_forward(y, self.dropout3))


class TransformerEncoder(Module):
    """`num_layers` copies of a layer, one after the other, then `norm`. The copies begin with the same weights, as PyTorch's do.

    >>> import autograd_cnn as ac
    >>> ac.nn.TransformerEncoder(ac.nn.TransformerEncoderLayer(8, 2, 16), 2)(ac.ones(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None, enable_nested_tensor: bool = True, mask_check: bool = True
    ) -> None:
        """`enable_nested_tensor` and `mask_check` are accepted; they choose between PyTorch's kernels."""
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool | None = None
    ) -> Tensor:
        """The masks go to every layer."""
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """`num_layers` copies of a layer, one after the other, then `norm`."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The masks go to every layer."""
        for layer in self.layers:
            tgt = layer(
                tgt,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
            )
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """Encoder and decoder.   (S, N, E), (T, N, E) → (T, N, E); the batch first with `batch_first`

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Transformer(8, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=16)
    >>> net(ac.ones(5, 3, 8), ac.ones(4, 3, 8)).shape
    torch.Size([4, 3, 8])

    Source: Vaswani et al., "Attention is all you need", 2017.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        given = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype)

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        self.encoder = custom_encoder or TransformerEncoder(TransformerEncoderLayer(*given), num_encoder_layers, norm())
        self.decoder = custom_decoder or TransformerDecoder(TransformerDecoderLayer(*given), num_decoder_layers, norm())
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def _reset_parameters(self) -> None:
        for p in self.parameters():
            if p.dim() > 1:
                init.xavier_uniform_(p)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The masks: see `MultiheadAttention`.

        Raises:
            RuntimeError: batches of two sizes, or features that are not `d_model`.
        """
        batch = 0 if self.batch_first else 1
        if src.dim() == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(
                f"the batch number of src and tgt must be equal: got {src.shape[batch]} and {tgt.shape[batch]} in Transformer"
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                f"the feature number of src and tgt must be equal to d_model {self.d_model}: got {src.shape[-1]} and "
                f"{tgt.shape[-1]} in Transformer"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask)
        out: Tensor = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
        )
        return out

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """(sz, sz): −∞ where a place would see a later one, 0 elsewhere.

        >>> Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        full = creation.full((sz, sz), float("-inf"), dtype=dtype or get_default_dtype(), device=device)
        return full.triu(1)
