"""Random tensors: torch's streams, so the same seed gives the same numbers as PyTorch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import random
from ..engine.variable import unbox
from ..errors import allocating
from ..ops.random.sampled import sampled
from ..ops.registry.derived import derived
from ..ops.registry.dims import sizes_by_name
from ..random import Generator, default_generator
from ..types.promotion import get_default_dtype
from .creation import _sizes, as_dtype, finish
from .tensor import Tensor, wrap


def manual_seed(seed: int) -> Generator:
    """Seed the default generator: the same seed gives the same weights, masks and shuffles as PyTorch.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.rand(2)
    tensor([0.4963, 0.7682])
    """
    return random.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the system's entropy; returns the seed."""
    return random.seed()


def initial_seed() -> int:
    """The seed the default generator began from."""
    return random.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state, as a tensor of 5,056 bytes in PyTorch's layout."""
    return wrap(random.get_rng_state())


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator into a state that `get_rng_state` gave."""
    random.set_rng_state(unbox(new_state))


@allocating
@sizes_by_name("size")
def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Uniform draws from [0, 1)."""
    g = generator or default_generator
    kind = as_dtype(dtype, "rand") or get_default_dtype()
    return finish(g.uniform(_sizes(size, "rand"), kind), requires_grad, device, "rand")


@allocating
@sizes_by_name("size")
def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Standard normal draws."""
    g = generator or default_generator
    kind = as_dtype(dtype, "randn") or get_default_dtype()
    return finish(g.normal(_sizes(size, "randn"), kind), requires_grad, device, "randn")


@allocating
def randint(
    *bounds: Any,
    low: Any = None,
    high: Any = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Whole numbers from [low, high): `randint(high, size)` begins at 0, else `randint(low, high, size)`.

    Raises:
        TypeError: no upper bound, or no size. RuntimeError: `low` is not below `high`.

    >>> import autograd_cnn as ac
    >>> ac.manual_seed(0) and ac.randint(10, size=(3,))
    tensor([4, 9, 3])
    """
    given = list(bounds)
    if size is None and given:
        size = given.pop()
    if high is None and given:
        high = given.pop()
    if low is None:
        low = given.pop() if given else 0
    if given or high is None or size is None or isinstance(size, int):
        raise TypeError("randint(): expected an upper bound and a size, as in randint(10, (2, 3)) or randint(low=0, high=10, size=(2, 3))")
    g = generator or default_generator
    kind = as_dtype(dtype, "randint") or np.dtype(np.int64)
    return finish(g.integers(_sizes(tuple(size), "randint"), int(low), int(high), kind), requires_grad, device, "randint")


@allocating
def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """0 … n−1 in random order."""
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n} in randperm")
    order = (generator or default_generator).permutation(n)
    kind = as_dtype(dtype, "randperm")
    return finish(order if kind is None else order.astype(kind), requires_grad, device, "randperm")


def _like(x: Tensor, draw: str, dtype: Any, requires_grad: bool, device: Any, generator: Generator | None, *args: Any) -> Tensor:
    array = np.empty_like(np.asarray(x.storage()), dtype=as_dtype(dtype, draw))  # keeps the order of memory, as PyTorch does
    getattr(generator or default_generator, draw)(array, *args)
    return finish(array, requires_grad, device, draw)


def rand_like(
    input: Tensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
    generator: Generator | None = None,
) -> Tensor:
    """Uniform draws of another tensor's shape and dtype."""
    return _like(input, "fill_uniform_", dtype, requires_grad, device, generator)


def randn_like(
    input: Tensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
    generator: Generator | None = None,
) -> Tensor:
    """Standard normal draws of another tensor's shape and dtype."""
    return _like(input, "fill_normal_", dtype, requires_grad, device, generator)


def randint_like(
    input: Tensor,
    low: int,
    high: int | None = None,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Whole numbers from [low, high) in another tensor's shape and dtype."""
    if high is None:
        low, high = 0, low
    return _like(input, "fill_random_", dtype, requires_grad, device, None, low, high)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """0 or 1 for each entry: 1 with the probability that stands there (or `p`). The gradient is 0.   (*) → (*)

    Raises:
        RuntimeError: a probability outside of [0, 1].

    >>> import autograd_cnn as ac
    >>> ac.bernoulli(ac.tensor([0., 1., 1.]))
    tensor([0., 1., 1.])
    """
    g = generator or default_generator
    return sampled(input, values=derived(partial(_bernoulli, g, p), input))  # type: ignore[no-any-return]


def _bernoulli(g: Generator, p: float | None, array: Any) -> Any:
    array = np.asarray(array)
    return (g.bernoulli_from(array) if p is None else g.bernoulli(array.shape, p)).astype(array.dtype)


@allocating
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """Indices drawn with the (unnormalised) probabilities of each row.   (K) or (N, K) → (num_samples) or (N, num_samples)

    Without `replacement` each index comes once at most. Raises RuntimeError for probabilities that are negative, not finite or all 0, or
    more samples than there are.

    >>> import autograd_cnn as ac
    >>> ac.multinomial(ac.tensor([0., 1., 0.]), 2, replacement=True)
    tensor([1, 1])
    """
    return finish(
        derived(partial(_multinomial, generator or default_generator, num_samples, replacement), input), False, None, "multinomial"
    )


def _multinomial(g: Generator, num_samples: int, replacement: bool, probabilities: Any) -> Any:
    return g.multinomial(np.asarray(probabilities), num_samples, replacement)


def _normal(g: Generator, kind: Any, mean: Any, std: Any) -> Any:
    if np.any(np.less(std, 0)):
        raise RuntimeError(f"normal expects all elements of std >= 0.0, but found std {np.min(std)}")
    z = g.normal(np.broadcast_shapes(np.shape(mean), np.shape(std)), kind)
    with np.errstate(all="ignore"):
        return (z * std + mean).astype(kind)


@allocating
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Normal draws: of the given size, or one for each entry of a tensor of means or of deviations, which get the gradient 0.

    Raises:
        RuntimeError: a negative std.
        TypeError: numbers without a size.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.normal(ac.tensor([0., 100.]), 1.)
    tensor([  1.5410,  99.7066])
    """
    g = generator or default_generator
    m, s = unbox(mean), unbox(std)
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError("normal(): expected a size, as in normal(0., 1., (2, 3)), when mean and std are numbers; got none")
        kind = as_dtype(dtype, "normal") or get_default_dtype()
        return finish(g.normal(_sizes(tuple(size), "normal"), kind, float(m), float(s)), requires_grad, device, "normal")
    if np.iscomplexobj(m) or np.iscomplexobj(s):
        raise TypeError(f"normal(): expected a real mean and std, got {mean if np.iscomplexobj(m) else std!r}")
    made = finish(
        derived(partial(_normal, g, m.dtype if isinstance(mean, Tensor) else s.dtype), mean, std), requires_grad, device, "normal"
    )
    if any(isinstance(v, Tensor) and v.requires_grad for v in (mean, std)):
        made = sampled(mean, std, values=made.value)
    return made
