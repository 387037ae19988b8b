"""Random numbers from the package's streams, so that `manual_seed` repeats a file's numbers, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...random import Generator
from ...tensors.sampling import multinomial, rand, randn
from ...tensors.tensor import wrap
from ..dims import OnnxError
from .formats import format_of
from .table import Node, bounded, operator


def _generator(n: Node) -> Generator | None:
    """Of a node's own seed, which is a float32; None: that of all."""
    seed = n.get("seed")
    return None if seed is None else Generator().manual_seed(int(np.float32(seed).view(np.uint32)))


def _drawn(n: Node, shape: Sequence[int], like: Any) -> Any:
    kind = like if n.get("dtype") is None else format_of(n, n.get("dtype"))
    if np.dtype(kind).kind != "f":
        raise OnnxError(f"onnx: {n.operator}: expected a floating-point data type, got {np.dtype(kind)}.")
    generator, sizes = _generator(n), bounded(shape)
    if n.operator.startswith("RandomNormal"):
        y = randn(*sizes, generator=generator, dtype=np.float64 if kind == np.float64 else np.float32)
        return (y * n.get("scale", 1.0) + n.get("mean", 0.0)).to(kind)
    low, high = n.get("low", 0.0), n.get("high", 1.0)
    y = rand(*sizes, generator=generator, dtype=np.float64 if kind == np.float64 else np.float32)
    return (y * (high - low) + low).to(kind)


@operator("RandomUniform", "RandomNormal")
def _(n: Node) -> Any:
    return _drawn(n, n.get("shape"), np.dtype(np.float32))


@operator("RandomUniformLike", "RandomNormalLike")
def _(n: Node, x: Any) -> Any:
    return _drawn(n, x.shape, x.dtype)


@operator("Multinomial", takes="arrays")
def _(n: Node, x: Any) -> Any:
    """Classes drawn by unnormalised logarithms of their probabilities."""
    count, kind = n.get("sample_size", 1), format_of(n, n.get("dtype", 6))
    if x.ndim != 2 or not x.size or count < 1 or kind.kind != "i":
        raise OnnxError(
            f"onnx: Multinomial: expected logarithms (N, classes), samples from 1 and whole numbers, got {x.shape}, {count} and {kind}."
        )
    bounded([x.shape[0], count])
    chances = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    return np.asarray(multinomial(wrap(chances), count, True, generator=_generator(n)).numpy()).astype(kind)
