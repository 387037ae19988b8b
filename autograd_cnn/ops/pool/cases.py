"""Windows that fit, for the cases of pooling."""

from __future__ import annotations

from typing import Any

from ...primitives.cases import Draw
from ..shape.shape import Shape


def windows(draw: Draw) -> tuple[Shape, dict[str, Any]]:
    """Sizes that fit together."""
    dims = draw.integer(1, 2)
    kernel = tuple(draw.integer(1, 3) for _ in range(dims))
    padding = tuple(draw.integer(0, k // 2) for k in kernel)
    size = tuple(draw.integer(max(k - 2 * p, 1), 5) for k, p in zip(kernel, padding, strict=True))
    stride = tuple(draw.integer(1, 3) for _ in range(dims))
    return (draw.integer(1, 2), draw.integer(1, 2), *size), {
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "ceil_mode": draw.boolean(),
    }
