"""The reference kernels under the names of their operations, as a program calls that was written from a graph (`graph.source()`).

`kernels.NAME` is the kernel of any operation; those with a window stand here with the defaults of every day.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

from ..errors import nearest
from ..primitives.primitive import REGISTRY
from .reference import averaging, pooling
from .reference.convolution import conv_forward, conv_input_adjoint, conv_weight_adjoint

_PACKAGE = __name__.partition(".")[0]
Sizes = int | Sequence[int]
Sides = int | Sequence[int] | Sequence[Sequence[int]]


def _each(n: Sizes, dims: int) -> tuple[int, ...]:
    return (n,) * dims if isinstance(n, int) else tuple(n)


def _pairs(padding: Sides, dims: int) -> tuple[tuple[int, int], ...]:
    given = (padding,) * dims if isinstance(padding, int) else padding
    return tuple((p, p) if isinstance(p, int) else (p[0], p[1]) for p in given)


def conv(x: Any, weight: Any, bias: Any = None, stride: Sizes = 1, padding: Sides = 0, dilation: Sizes = 1, groups: int = 1) -> Any:
    """y[n,o,p] = b[o] + Σ_{c,k} w[o,c,k] · x[n,c,p·stride + k·dilation].   (N, C, *S), (O, C/G, *K), (O) → (N, O, *P)

    >>> import numpy as np
    >>> conv(np.ones((1, 1, 4)), np.ones((1, 1, 3)), padding=1)
    array([[[2., 3., 3., 2.]]])
    """
    d = weight.ndim - 2
    return conv_forward(x, weight, _each(stride, d), _pairs(padding, d), _each(dilation, d), groups, bias)


def conv_input(
    g: Any, weight: Any, shape: Sequence[int], stride: Sizes = 1, padding: Sides = 0, dilation: Sizes = 1, groups: int = 1
) -> Any:
    """The gradient of `conv` by its input, of this shape, from that of its output: each entry spreads over the window it came from.

    >>> import numpy as np
    >>> conv_input(np.ones((1, 1, 2)), np.ones((1, 1, 3)), (1, 1, 4))
    array([[[1., 2., 2., 1.]]])
    """
    d = weight.ndim - 2
    return conv_input_adjoint(g, weight, tuple(shape), _each(stride, d), _pairs(padding, d), _each(dilation, d), groups)


def conv_weight(g: Any, x: Any, shape: Sequence[int], stride: Sizes = 1, padding: Sides = 0, dilation: Sizes = 1, groups: int = 1) -> Any:
    """The gradient of `conv` by its weight, of this shape: Σ_{n,p} g[n,o,p] · x[n,c,p·stride + k·dilation].

    >>> import numpy as np
    >>> conv_weight(np.ones((1, 1, 2)), np.arange(4.).reshape(1, 1, 4), (1, 1, 3))
    array([[[1., 3., 5.]]])
    """
    d = len(shape) - 2
    return conv_weight_adjoint(g, x, tuple(shape), _each(stride, d), _pairs(padding, d), _each(dilation, d), groups)


def max_pool(
    x: Any, kernel: Sizes, stride: Sizes | None = None, padding: Sizes = 0, dilation: Sizes = 1, ceil_mode: bool = False
) -> tuple[Any, Any]:
    """The largest entry of each window, and where it stands.   (N, C, *S) → (N, C, *P), (N, C, *P)

    >>> import numpy as np
    >>> max_pool(np.array([[[1., 3., 2., 0.]]]), 2)[0]
    array([[[3., 2.]]])
    """
    d = x.ndim - 2
    by = kernel if stride is None else stride
    return pooling.max_pool_forward(x, _each(kernel, d), _each(by, d), _pairs(padding, d), _each(dilation, d), ceil_mode)


def max_pool_input(g: Any, at: Any, shape: Sequence[int]) -> Any:
    """The gradient of `max_pool` by its input, of this shape: each entry goes to where its window's largest entry stood.

    >>> import numpy as np
    >>> max_pool_input(np.array([[[2., 4.]]]), np.array([[[1, 2]]]), (1, 1, 4))
    array([[[0., 2., 4., 0.]]])
    """
    return pooling.max_pool_adjoint(g, at, tuple(shape))


def avg_pool(x: Any, kernel: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Any:
    """The average of each window, zeros of the padding counted.   (N, C, *S) → (N, C, *P)

    >>> import numpy as np
    >>> avg_pool(np.array([[[1., 3., 2., 0.]]]), 2)
    array([[[2., 1.]]])
    """
    d = x.ndim - 2
    by = kernel if stride is None else stride
    return averaging.sum_pool_forward(x, _each(kernel, d), _each(by, d), _pairs(padding, d), False) / x.dtype.type(
        math.prod(_each(kernel, d))
    )


def avg_pool_input(g: Any, shape: Sequence[int], kernel: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Any:
    """The gradient of `avg_pool` by its input, of this shape: each entry is shared out over its window.

    >>> import numpy as np
    >>> avg_pool_input(np.array([[[2., 4.]]]), (1, 1, 4), 2)
    array([[[1., 1., 2., 2.]]])
    """
    d = g.ndim - 2
    by = kernel if stride is None else stride
    over = g.dtype.type(math.prod(_each(kernel, d)))
    return averaging.sum_pool_adjoint(g / over, tuple(shape), _each(kernel, d), _each(by, d), _pairs(padding, d), False)


def part(where: str) -> Any:
    """A function of the library that operations compute with beside their kernels, by its place: what a program has no other name for.

    >>> part("ops.index.index._mask").__name__
    '_mask'
    """
    module, _, name = where.rpartition(".")
    return getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)


_HERE = {f.__name__: f for f in (avg_pool, avg_pool_input, conv, conv_input, conv_weight, max_pool, max_pool_input, part)}


def of(name: str) -> Any:
    """What a program calls `kernels.NAME`: the reference kernel of an operation, by its name with `_` for spaces; arrays in, arrays out.

    >>> import numpy as np
    >>> of("gelu")(np.zeros(2))
    array([0., 0.])
    """
    found = _HERE.get(name)
    if found is None:
        prim = REGISTRY.get(name) or next((p for n, p in REGISTRY.items() if n.replace(" ", "_") == name), None)
        if prim is None:
            raise AttributeError(f"kernels has no {name!r}: expected the name of an operation.{nearest(name, [*REGISTRY])}")
        found = prim.forward
    return found
