"""Dropout layers. They act in training mode and pass everything in evaluation mode."""

from __future__ import annotations

from ...tensors.tensor import Tensor
from .. import functional as F
from ..module.module import Module

__all__ = ["AlphaDropout", "ClassicDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class ClassicDropout(Module):
    """Dropout as the lectures introduce it: drops in training without scaling; at inference multiplies by 1 − p.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.ClassicDropout(0.25).eval()(ac.ones(2))
    tensor([0.7500, 0.7500])
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        return F.classic_dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout(_Dropout):
    """Drops each entry with probability p and scales the others by 1/(1 − p).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.Dropout(0.5).eval()(ac.ones(1, 2)).sum().item()
    2.0
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Drops whole channels with probability p, scales the others by 1/(1 − p).   (N, C, L) → (N, C, L)

    >>> import autograd_cnn as ac
    >>> ac.nn.Dropout1d(0.5).eval()(ac.ones(1, 2, 1)).sum().item()
    2.0
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Drops whole channels with probability p, scales the others by 1/(1 − p).   (N, C, H, W) → (N, C, H, W)

    >>> import autograd_cnn as ac
    >>> ac.nn.Dropout2d(0.5).eval()(ac.ones(1, 2, 1, 1)).sum().item()
    2.0
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Drops whole channels with probability p, scales the others by 1/(1 − p).   (N, C, D, H, W) → same

    >>> import autograd_cnn as ac
    >>> ac.nn.Dropout3d(0.5).eval()(ac.ones(1, 2, 1, 1, 1)).sum().item()
    2.0
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Alpha dropout: keeps mean and variance of SELU networks.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.AlphaDropout(0.5).eval()(ac.ones(1, 2)).sum().item()
    2.0
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """Alpha dropout of whole channels.   (N, C, *) → (N, C, *)

    >>> import autograd_cnn as ac
    >>> ac.nn.FeatureAlphaDropout(0.5).eval()(ac.ones(1, 2, 1, 1)).sum().item()
    2.0
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
